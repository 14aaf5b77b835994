//! Where the fields of a record lie: one rule instead of thirty tables.
//!
//! Fields stand in the order of their declaration, each aligned to its own size, but to no more
//! than a word; the rest of a word is padding, written as zero and ignored by readers. All of it
//! is computed at compile time, so that encoding a record comes down to its shifts and stores.

/// A value that can be a field of a record.
pub(crate) trait Field: Copy {
    /// Its size on the wire: 1, 2, 4 or 8.
    const BYTES: usize;
    /// The value in the low bits.
    fn to_bits(self) -> u64;
    /// The value of the low bits; a field never refuses any.
    fn from_bits(bits: u64) -> Self;
}

macro_rules! integer_field {
    ($($integer:ty),*) => {$(
        impl Field for $integer {
            const BYTES: usize = size_of::<$integer>();
            #[inline(always)]
            fn to_bits(self) -> u64 {
                self.into()
            }
            #[inline(always)]
            fn from_bits(bits: u64) -> Self {
                bits as $integer
            }
        }
    )*};
}

integer_field!(u8, u16, u32, u64);

impl Field for bool {
    const BYTES: usize = 1;
    #[inline(always)]
    fn to_bits(self) -> u64 {
        self.into()
    }
    #[inline(always)]
    fn from_bits(bits: u64) -> Self {
        bits as u8 != 0
    }
}

/// Four small counts in two words, the first one lowest.
impl Field for [u16; 4] {
    const BYTES: usize = 8;
    #[inline(always)]
    fn to_bits(self) -> u64 {
        self.iter().rev().fold(0, |bits, count| bits << 16 | u64::from(*count))
    }
    #[inline(always)]
    fn from_bits(bits: u64) -> Self {
        [0, 16, 32, 48].map(|shift| (bits >> shift) as u16)
    }
}

macro_rules! id_field {
    ($($id:ident: $integer:ty),*) => {$(
        impl Field for crate::id::$id {
            const BYTES: usize = size_of::<$integer>();
            #[inline(always)]
            fn to_bits(self) -> u64 {
                self.0.into()
            }
            #[inline(always)]
            fn from_bits(bits: u64) -> Self {
                Self(bits as $integer)
            }
        }
    )*};
}

id_field!(UnitId: u32, ObjectId: u32, SiteId: u16, WindowId: u32, ModuleId: u32);

/// The offset of each field, from the sizes of all of them.
pub(crate) const fn offsets<const N: usize>(sizes: [usize; N]) -> [usize; N] {
    let mut offsets = [0; N];
    let mut end: usize = 0;
    let mut index = 0;
    while index < N {
        let align = if sizes[index] > 4 { 4 } else { sizes[index] };
        offsets[index] = end.next_multiple_of(align);
        end = offsets[index] + sizes[index];
        index += 1;
    }
    offsets
}

/// The words that fields of these sizes take.
pub(crate) const fn words<const N: usize>(sizes: [usize; N]) -> usize {
    if N == 0 { 0 } else { (offsets(sizes)[N - 1] + sizes[N - 1]).div_ceil(4) }
}

/// Puts a field at its offset into words that are zero there.
#[inline(always)]
pub(crate) fn put<F: Field, const WORDS: usize>(words: &mut [u32; WORDS], offset: usize, field: F) {
    let bits = field.to_bits();
    words[offset / 4] |= (bits as u32) << (8 * (offset % 4));
    if F::BYTES == 8 {
        words[offset / 4 + 1] = (bits >> 32) as u32;
    }
}

/// The field at an offset of a payload; `None` if it ends earlier.
pub(crate) fn get<F: Field>(payload: &[u8], offset: usize) -> Option<F> {
    let field = payload.get(offset..offset + F::BYTES)?;
    let mut bits = [0; 8];
    bits[..F::BYTES].copy_from_slice(field);
    Some(F::from_bits(u64::from_le_bytes(bits)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_counts_come_back_in_their_order() {
        let counts = [1, 0xFFFF, 0, 4];
        assert_eq!(<[u16; 4]>::from_bits(counts.to_bits()), counts);
        assert_eq!(counts.to_bits() & 0xFFFF, 1);
    }

    #[test]
    fn small_fields_share_a_word_and_long_ones_need_no_gap() {
        assert_eq!(offsets([4, 1, 1, 2, 8, 1, 4]), [0, 4, 5, 6, 8, 16, 20]);
        assert_eq!(words([4, 1, 1, 2, 8, 1, 4]), 6);
        assert_eq!(words([4, 1]), 2);
    }
}
