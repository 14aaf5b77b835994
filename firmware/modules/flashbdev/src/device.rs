//! The device: blocks over a range of flash.

use crate::flash::{Flash, FlashFailed, PAGE_BYTES};
use crate::wear::WearTable;

/// Bytes of a block: what the flash erases at once.
pub const BLOCK_BYTES: u32 = 4096;

/// How much is looked at in one read while comparing.
const CHUNK_BYTES: usize = 64;
const _: () = assert!(
    (PAGE_BYTES as usize).is_multiple_of(CHUNK_BYTES) && BLOCK_BYTES.is_multiple_of(PAGE_BYTES)
);

/// The number of a block, from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Block(
    /// 0 is the first.
    pub u32,
);

/// Why the device did not do what it was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceError {
    /// There is no such block, or not so many bytes.
    OutOfRange,
    /// Whole blocks are wanted.
    NotWholeBlocks,
    /// `ioctl` has no such operation.
    NoSuchRequest,
    /// A program was to set a bit that is zero: the block must be erased first.
    NotErased(Block),
    /// The chip failed, or the block does not read back what was written.
    Failed(Block),
}

impl DeviceError {
    /// MicroPython's number for it: `EINVAL` or `EIO`.
    #[must_use]
    pub const fn errno(self) -> i32 {
        match self {
            Self::OutOfRange | Self::NotWholeBlocks | Self::NoSuchRequest => 22,
            Self::NotErased(_) | Self::Failed(_) => 5,
        }
    }
}

/// What must happen before a stretch can be programmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Need {
    /// It holds the bytes already.
    Nothing,
    /// Only bits that are one become zero.
    Program,
    /// A bit that is zero must become one.
    Erase,
}

/// A block device over the flash from `base` on, with at most `N` blocks.
#[derive(Debug)]
pub struct BlockDevice<F, const N: usize> {
    flash: F,
    base: u32,
    blocks: u32,
    wear: WearTable<N>,
}

impl<F: Flash, const N: usize> BlockDevice<F, N> {
    /// A device of `blocks` blocks over the flash from `base` on.
    ///
    /// # Errors
    /// If `base` is not the begin of a block, the range leaves the addresses, there are none or more
    /// than `N` blocks.
    pub fn new(flash: F, base: u32, blocks: u32, wear: WearTable<N>) -> Result<Self, DeviceError> {
        let end = blocks.checked_mul(BLOCK_BYTES).and_then(|bytes| base.checked_add(bytes));
        let fits = base.is_multiple_of(BLOCK_BYTES) && end.is_some();
        let is_some = (1..=N).contains(&(blocks as usize));
        match fits && is_some {
            true => Ok(Self { flash, base, blocks, wear }),
            false => Err(DeviceError::OutOfRange),
        }
    }

    /// How many blocks there are.
    #[must_use]
    pub const fn blocks(&self) -> u32 {
        self.blocks
    }

    /// How often each block was erased.
    #[must_use]
    pub const fn wear(&self) -> &WearTable<N> {
        &self.wear
    }

    /// Gives the flash back.
    pub fn release(self) -> (F, WearTable<N>) {
        (self.flash, self.wear)
    }

    /// Reads from `offset` in `block` on, as far as `to` is long, over the ends of blocks.
    ///
    /// # Errors
    /// If that leaves the device, or the chip fails.
    pub fn read(&mut self, block: Block, offset: u32, to: &mut [u8]) -> Result<(), DeviceError> {
        let address = self.address(block, offset, to.len())?;
        self.flash.read(address, to).map_err(|FlashFailed| DeviceError::Failed(block))
    }

    /// Replaces whole blocks from `block` on: those that hold the bytes already are left alone, those
    /// that need only zeros are programmed, the others are erased before.
    ///
    /// # Errors
    /// If these are no whole blocks, they leave the device, or the chip fails. Blocks before the one that
    /// the error names are written.
    pub fn write_blocks(&mut self, block: Block, bytes: &[u8]) -> Result<(), DeviceError> {
        if !bytes.len().is_multiple_of(BLOCK_BYTES as usize) {
            return Err(DeviceError::NotWholeBlocks);
        }
        self.address(block, 0, bytes.len())?;
        for (number, content) in (block.0..).zip(bytes.chunks_exact(BLOCK_BYTES as usize)) {
            let block = Block(number);
            let address = self.address(block, 0, content.len())?;
            let need = self.need(block, address, content)?;
            if need == Need::Erase {
                self.erase(block)?;
            }
            if need != Need::Nothing {
                self.program(block, address, content)?;
            }
        }
        Ok(())
    }

    /// Programs bytes from `offset` in `block` on, as far as they are many, without erasing.
    ///
    /// # Errors
    /// If that leaves the device, a bit would have to become one, or the chip fails. If it needs an
    /// erasure nothing is written.
    pub fn program_at(
        &mut self,
        block: Block,
        offset: u32,
        bytes: &[u8],
    ) -> Result<(), DeviceError> {
        let address = self.address(block, offset, bytes.len())?;
        match self.need(block, address, bytes)? {
            Need::Nothing => Ok(()),
            Need::Program => self.program(block, address, bytes),
            Need::Erase => Err(DeviceError::NotErased(block)),
        }
    }

    /// Erases a block.
    ///
    /// # Errors
    /// If there is no such block, or it does not read back erased.
    pub fn erase(&mut self, block: Block) -> Result<(), DeviceError> {
        let address = self.address(block, 0, BLOCK_BYTES as usize)?;
        self.wear.count(block);
        let failed = |FlashFailed| DeviceError::Failed(block);
        self.flash.erase(address).map_err(failed)?;
        let mut chunk = [0; CHUNK_BYTES];
        for at in (address..address + BLOCK_BYTES).step_by(CHUNK_BYTES) {
            self.flash.read(at, &mut chunk).map_err(failed)?;
            if chunk != [0xFF; CHUNK_BYTES] {
                return Err(DeviceError::Failed(block));
            }
        }
        Ok(())
    }

    /// The address of a stretch, if the device has it.
    fn address(&self, block: Block, offset: u32, bytes: usize) -> Result<u32, DeviceError> {
        let begin = u64::from(block.0) * u64::from(BLOCK_BYTES) + u64::from(offset);
        let end = begin.checked_add(bytes as u64).ok_or(DeviceError::OutOfRange)?;
        if block.0 >= self.blocks || end > u64::from(self.blocks) * u64::from(BLOCK_BYTES) {
            return Err(DeviceError::OutOfRange);
        }
        // The constructor saw that the whole device has addresses.
        Ok(self.base + begin as u32)
    }

    /// Looks what is there already.
    fn need(&mut self, block: Block, address: u32, bytes: &[u8]) -> Result<Need, DeviceError> {
        let mut need = Need::Nothing;
        let mut buffer = [0; CHUNK_BYTES];
        for (at, wanted) in (address..).step_by(CHUNK_BYTES).zip(bytes.chunks(CHUNK_BYTES)) {
            let there = &mut buffer[..wanted.len()];
            let failed = |FlashFailed| DeviceError::Failed(block);
            self.flash.read(at, there).map_err(failed)?;
            need = need.max(need_of(there, wanted));
            if need == Need::Erase {
                break;
            }
        }
        Ok(need)
    }

    /// Programs page by page and reads back.
    fn program(&mut self, block: Block, address: u32, bytes: &[u8]) -> Result<(), DeviceError> {
        let (mut at, mut rest) = (address, bytes);
        while !rest.is_empty() {
            let in_page = (PAGE_BYTES - at % PAGE_BYTES) as usize;
            let (page, after) = rest.split_at(in_page.min(rest.len()));
            // An erased page that is to stay so needs no program.
            if page.iter().any(|byte| *byte != 0xFF) {
                self.flash.program(at, page).map_err(|FlashFailed| DeviceError::Failed(block))?;
            }
            at += page.len() as u32;
            rest = after;
        }
        match self.need(block, address, bytes)? {
            Need::Nothing => Ok(()),
            Need::Program | Need::Erase => Err(DeviceError::Failed(block)),
        }
    }
}

fn need_of(there: &[u8], wanted: &[u8]) -> Need {
    let need = |(there, wanted): (&u8, &u8)| match (there, wanted) {
        _ if there == wanted => Need::Nothing,
        _ if there & wanted == *wanted => Need::Program,
        _ => Need::Erase,
    };
    there.iter().zip(wanted).map(need).max().unwrap_or(Need::Nothing)
}

#[cfg(test)]
mod tests;
