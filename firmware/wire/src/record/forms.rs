//! The forms that records have: of a fixed length, or with texts at their end; and the sum of all.
//!
//! Macros, so that each record is its fields and their meaning and nothing else. The names that they use
//! are those of the module that calls them.

/// A record whose length its kind fixes. Its whole encoding is `const`-sized shifts and stores.
macro_rules! fixed_record {
    ($(
        $(#[$meta:meta])*
        $name:ident = $kind:literal {
            $( $(#[$field_meta:meta])* $field:ident: $type:ty ),* $(,)?
        }
    )*) => {$(
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct $name {
            $( $(#[$field_meta])* pub $field: $type, )*
        }

        impl $name {
            /// The number of this kind of record.
            pub const KIND: u8 = $kind;
            /// Words of payload.
            pub const WORDS: usize = layout::words(Self::SIZES);

            const SIZES: [usize; [$(stringify!($field)),*].len()] =
                [$(<$type as Field>::BYTES),*];

            /// The payload, without header and time difference.
            #[must_use]
            #[inline(always)]
            pub fn words(&self) -> [u32; Self::WORDS] {
                const AT: [usize; $name::SIZES.len()] = layout::offsets($name::SIZES);
                let [$($field),*] = AT;
                let mut words = [0; Self::WORDS];
                $( layout::put(&mut words, $field, self.$field); )*
                words
            }

            pub(crate) fn read(payload: &[u8]) -> Option<Self> {
                const AT: [usize; $name::SIZES.len()] = layout::offsets($name::SIZES);
                let [$($field),*] = AT;
                if payload.len() != Self::WORDS * 4 {
                    return None;
                }
                Some(Self { $( $field: layout::get(payload, $field)?, )* })
            }
        }

        impl Payload for $name {
            #[inline(always)]
            fn kind(&self) -> u8 {
                Self::KIND
            }
            #[inline(always)]
            fn payload_words(&self) -> usize {
                Self::WORDS
            }
            #[inline(always)]
            fn write_payload(&self, sink: &mut impl WordSink) {
                for word in self.words() {
                    sink.push(word);
                }
            }
        }
    )*};
}

/// A record that ends with one or more texts.
macro_rules! text_record {
    ($(
        $(#[$meta:meta])*
        $name:ident = $kind:literal {
            $( $(#[$field_meta:meta])* $field:ident: $type:ty ),* $(,)?
        } texts {
            $( $(#[$text_meta:meta])* $text:ident: $bytes_max:expr ),* $(,)?
        }
    )*) => {$(
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct $name<'a> {
            $( $(#[$field_meta])* pub $field: $type, )*
            $( $(#[$text_meta])* pub $text: &'a str, )*
        }

        impl<'a> $name<'a> {
            /// The number of this kind of record.
            pub const KIND: u8 = $kind;
            /// Words of payload with all texts empty.
            pub const WORDS_MIN: usize = Self::FIXED_WORDS + [$(stringify!($text)),*].len();
            /// Words of payload with all texts as long as they can be.
            pub const WORDS_MAX: usize = Self::FIXED_WORDS $( + text::words_max($bytes_max) )*;

            const FIXED_WORDS: usize = layout::words(Self::SIZES);
            const SIZES: [usize; [$(stringify!($field)),*].len()] =
                [$(<$type as Field>::BYTES),*];

            pub(crate) fn read(payload: &'a [u8]) -> Option<Self> {
                let [$($field),*] = layout::offsets(Self::SIZES);
                let rest = payload.get(Self::FIXED_WORDS * 4..)?;
                $( let ($text, rest) = text::read(rest, $bytes_max)?; )*
                if !rest.is_empty() {
                    return None;
                }
                Some(Self { $( $field: layout::get(payload, $field)?, )* $( $text, )* })
            }
        }

        impl Payload for $name<'_> {
            fn kind(&self) -> u8 {
                Self::KIND
            }
            fn payload_words(&self) -> usize {
                Self::FIXED_WORDS $( + text::words(text::fit(self.$text, $bytes_max)) )*
            }
            fn write_payload(&self, sink: &mut impl WordSink) {
                let [$($field),*] = layout::offsets(Self::SIZES);
                let mut words = [0; layout::words([$(<$type as Field>::BYTES),*])];
                $( layout::put(&mut words, $field, self.$field); )*
                for word in words {
                    sink.push(word);
                }
                $( text::write(text::fit(self.$text, $bytes_max), sink); )*
            }
        }

        const _: () = assert!($name::WORDS_MAX <= RECORD_PAYLOAD_WORDS_MAX);
    )*};
}

/// The sum of all records, from the one list of their names.
macro_rules! any_record {
    (texts: [$($texts:ident),*], fixed: [$($fixed:ident),*]) => {
        /// Any record of a known kind.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[expect(missing_docs, reason = "each variant is the record of its name")]
        pub enum Record<'a> {
            $( $texts($texts<'a>), )*
            $( $fixed($fixed), )*
        }

        impl<'a> Record<'a> {
            /// The names of all known kinds, as [`Record::kind_name`] gives them.
            pub const KIND_NAMES: &'static [&'static str] =
                &[$( stringify!($texts), )* $( stringify!($fixed), )*];

            /// The record that a payload of this kind holds; `None` if the kind is not known or the
            /// payload is not one of it.
            #[must_use]
            pub fn read(kind: u8, payload: &'a [u8]) -> Option<Self> {
                match kind {
                    $( $texts::KIND => $texts::read(payload).map(Self::$texts), )*
                    $( $fixed::KIND => $fixed::read(payload).map(Self::$fixed), )*
                    _ => None,
                }
            }

            /// The fewest and the most words of payload of a kind; `None` if it is not known.
            #[must_use]
            pub const fn payload_words_of(kind: u8) -> Option<(usize, usize)> {
                match kind {
                    $( $texts::KIND => Some(($texts::WORDS_MIN, $texts::WORDS_MAX)), )*
                    $( $fixed::KIND => Some(($fixed::WORDS, $fixed::WORDS)), )*
                    _ => None,
                }
            }

            /// The name of the record's kind, for texts.
            #[must_use]
            pub const fn kind_name(&self) -> &'static str {
                match self {
                    $( Self::$texts(_) => stringify!($texts), )*
                    $( Self::$fixed(_) => stringify!($fixed), )*
                }
            }
        }

        impl Payload for Record<'_> {
            fn kind(&self) -> u8 {
                match self {
                    $( Self::$texts(record) => record.kind(), )*
                    $( Self::$fixed(record) => record.kind(), )*
                }
            }
            fn payload_words(&self) -> usize {
                match self {
                    $( Self::$texts(record) => record.payload_words(), )*
                    $( Self::$fixed(record) => record.payload_words(), )*
                }
            }
            fn write_payload(&self, sink: &mut impl WordSink) {
                match self {
                    $( Self::$texts(record) => record.write_payload(sink), )*
                    $( Self::$fixed(record) => record.write_payload(sink), )*
                }
            }
        }

        $(
            impl<'a> From<$texts<'a>> for Record<'a> {
                fn from(record: $texts<'a>) -> Self {
                    Self::$texts(record)
                }
            }
        )*
        $(
            impl From<$fixed> for Record<'_> {
                fn from(record: $fixed) -> Self {
                    Self::$fixed(record)
                }
            }
        )*
    };
}
