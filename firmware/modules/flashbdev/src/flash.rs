//! What the device needs of a flash chip.

/// Bytes that one program writes at most; it does not cross a multiple of them.
pub const PAGE_BYTES: u32 = 256;

/// The chip did not do what it was asked: it is busy, protected, worn, or not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FlashFailed;

/// A NOR flash chip, addressed by bytes from its begin.
pub trait Flash {
    /// Reads.
    ///
    /// # Errors
    /// If the chip fails or there are not so many bytes.
    fn read(&mut self, address: u32, to: &mut [u8]) -> Result<(), FlashFailed>;

    /// Clears the bits that are zero in `bytes`, within one page. Bits that are one stay as they are.
    ///
    /// # Errors
    /// If the chip fails. A part of the bytes may be there.
    fn program(&mut self, address: u32, bytes: &[u8]) -> Result<(), FlashFailed>;

    /// Sets all bits of the 4096 bytes from `address` on, which is a multiple of that.
    ///
    /// # Errors
    /// If the chip fails. A part of the sector may be erased.
    fn erase(&mut self, address: u32) -> Result<(), FlashFailed>;
}
