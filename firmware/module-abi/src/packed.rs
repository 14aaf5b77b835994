//! Numbers and texts in the bytes of a `bytes` function, little-endian, one after the other.
//!
//! Invariant: reading and writing never leave the slice; what is not there is `None`.

/// What a function answers that did not do its work: the negative of these, which are those of
/// MicroPython's `errno`.
pub mod errno {
    /// There is no such thing.
    pub const ENOENT: isize = 2;
    /// The device or the medium failed.
    pub const EIO: isize = 5;
    /// No memory.
    pub const ENOMEM: isize = 12;
    /// The board has no such device or pin.
    pub const ENODEV: isize = 19;
    /// The arguments mean nothing.
    pub const EINVAL: isize = 22;
    /// What is to be written does not fit.
    pub const ENOSPC: isize = 28;
    /// It can be read and not written.
    pub const EROFS: isize = 30;
    /// It took too long.
    pub const ETIMEDOUT: isize = 110;
}

/// Takes numbers and texts out of bytes.
#[derive(Clone, Copy, Debug)]
pub struct Unpack<'a> {
    rest: &'a [u8],
}

impl<'a> Unpack<'a> {
    /// Of these bytes.
    #[must_use]
    pub const fn of(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// The next bytes.
    pub fn bytes(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(count)?;
        self.rest = rest;
        Some(taken)
    }

    /// The next bytes as a text, if they are one.
    pub fn text(&mut self, bytes: usize) -> Option<&'a str> {
        self.bytes(bytes).and_then(|bytes| core::str::from_utf8(bytes).ok())
    }

    /// All that is left.
    #[must_use]
    pub const fn rest(self) -> &'a [u8] {
        self.rest
    }

    /// All that is left as a text, if it is one.
    #[must_use]
    pub fn rest_text(self) -> Option<&'a str> {
        core::str::from_utf8(self.rest).ok()
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.bytes(N).and_then(|bytes| bytes.try_into().ok())
    }
}

/// Puts numbers and bytes into a slice.
#[derive(Debug)]
pub struct Pack<'a> {
    room: &'a mut [u8],
    filled: usize,
}

impl<'a> Pack<'a> {
    /// Into these bytes, from the first on.
    #[must_use]
    pub const fn into(room: &'a mut [u8]) -> Self {
        Self { room, filled: 0 }
    }

    /// How many bytes were put.
    #[must_use]
    pub const fn filled(&self) -> usize {
        self.filled
    }

    /// Puts bytes; `None` if they do not fit, and nothing was put.
    pub fn bytes(&mut self, bytes: &[u8]) -> Option<()> {
        let end = self.filled.checked_add(bytes.len())?;
        self.room.get_mut(self.filled..end)?.copy_from_slice(bytes);
        self.filled = end;
        Some(())
    }
}

impl core::fmt::Write for Pack<'_> {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
        self.bytes(text.as_bytes()).ok_or(core::fmt::Error)
    }
}

macro_rules! numbers {
    ($($type:ident)*) => {
        impl Unpack<'_> {
            $(#[doc = concat!("The next `", stringify!($type), "`.")]
            pub fn $type(&mut self) -> Option<$type> {
                self.array().map($type::from_le_bytes)
            })*
        }

        impl Pack<'_> {
            $(#[doc = concat!("Puts a `", stringify!($type), "`; `None` if it does not fit.")]
            pub fn $type(&mut self, number: $type) -> Option<()> {
                self.bytes(&number.to_le_bytes())
            })*
        }
    };
}

numbers! { u8 u16 i16 u32 i32 u64 }

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_is_taken() {
        let mut room = [0; 16];
        let mut pack = Pack::into(&mut room);
        pack.u8(7).unwrap();
        pack.i16(-2).unwrap();
        pack.u64(u64::MAX - 1).unwrap();
        pack.bytes("ä".as_bytes()).unwrap();
        assert_eq!(pack.u32(1), None, "three bytes are left");
        assert_eq!(pack.filled(), 13);
        let mut unpack = Unpack::of(&room[..13]);
        assert_eq!(
            (unpack.u8(), unpack.i16(), unpack.u64()),
            (Some(7), Some(-2), Some(u64::MAX - 1))
        );
        assert_eq!(unpack.rest_text(), Some("ä"));
        assert_eq!(unpack.text(1), None, "half a letter is no text");
    }

    #[test]
    fn what_is_not_there_is_not_taken() {
        let mut unpack = Unpack::of(&[1, 2, 3]);
        assert_eq!(unpack.u32(), None);
        assert_eq!(unpack.u16(), Some(0x0201));
        assert_eq!(unpack.bytes(2), None);
        assert_eq!(unpack.rest(), [3]);
    }
}
