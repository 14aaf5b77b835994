//! What programs and other modules call, by name.
//!
//! | name | takes | answer |
//! |---|---|---|
//! | `mount` | number of blocks, 0 for all there are; medium: 0 the board's flash, 1 memory | 0 |
//! | `unmount` | | 0; memory is given back |
//! | `ioctl` | operation, argument, as in MicroPython | what it asks for |
//! | `readblocks` | input: block u32, offset u32; output: as many bytes as are wanted | 0 |
//! | `writeblocks` | input: block u32, whole blocks; with an offset u32 and bit 31 of the block set it only programs | 0 |
//! | `wear` | output: erasures of all blocks, u32; the worst block, u32; its erasures, u32 | 0 |
//!
//! A negative answer is that of [`errno`]. The board's flash is what its partition layout leaves to data, the
//! first [`BLOCKS_MAX`] blocks of it at most; what is written there is there after a reset. A board that
//! leaves none answers `ENODEV`. Memory, from the heap, keeps the rules of NOR flash and is given back when
//! it is unmounted. A device over the image's read-only file system is there before anything is mounted:
//! it reads, and refuses the rest.

extern crate alloc;

use alloc::vec::Vec;

use ramscope_module_abi as abi;
use ramscope_module_abi::packed::{Pack, Unpack, errno};
use ramscope_module_abi::{Guarded, Status};

use crate::device::{BLOCK_BYTES, Block, BlockDevice, DeviceError};
use crate::flash::{Flash, FlashFailed};
use crate::wear::WearTable;

/// The most blocks of a medium.
pub const BLOCKS_MAX: usize = 16;
/// Bit of a block's number: program at an offset instead of replacing blocks.
const EXTENDED: u32 = 1 << 31;

type Device = BlockDevice<Medium, BLOCKS_MAX>;

static DEVICE: Guarded<Option<Device>> = Guarded::new(None);

/// Nothing is mounted.
pub(crate) fn init() -> Result<(), Status> {
    Ok(())
}

/// Gives the medium back.
pub(crate) fn deinit() {
    unmount([0; 4]);
}

/// The number of the board's flash among the media.
const CHIP: usize = 0;
/// That of memory.
const MEMORY: usize = 1;

/// Makes a device of so many blocks, instead of the one before. Those in memory are erased.
pub(crate) fn mount([blocks, medium, ..]: [usize; 4]) -> isize {
    guarded(|device| {
        *device = None;
        let opened = match medium {
            CHIP => Medium::chip(blocks),
            MEMORY => Medium::memory(blocks),
            _ => Err(errno::EINVAL),
        };
        let (medium, blocks) = match opened {
            Ok(opened) => opened,
            Err(number) => return -number,
        };
        let made = BlockDevice::new(medium, 0, blocks as u32, WearTable::new());
        made.map_or_else(code, |made| {
            *device = Some(made);
            0
        })
    })
}

/// How many blocks are meant by a number of them, where so many can be had; 0 is all of these.
fn wanted(blocks: usize, most: usize) -> Result<usize, isize> {
    match blocks {
        0 => Ok(most),
        _ if blocks <= most => Ok(blocks),
        _ => Err(errno::EINVAL),
    }
}

/// Gives the device's memory back.
pub(crate) fn unmount(_: [usize; 4]) -> isize {
    guarded(|device| {
        *device = None;
        0
    })
}

/// MicroPython's `ioctl`.
pub(crate) fn ioctl([operation, argument, ..]: [usize; 4]) -> isize {
    with_device(|device| {
        let answer = device.ioctl(operation as u32, argument as u32);
        answer.map(|number| isize::try_from(number).unwrap_or(isize::MAX))
    })
}

/// Reads.
pub(crate) fn readblocks(input: &[u8], output: &mut [u8]) -> isize {
    let mut unpack = Unpack::of(input);
    let (Some(block), Some(offset)) = (unpack.u32(), unpack.u32()) else { return -errno::EINVAL };
    with_device(|device| device.read(Block(block), offset, output).map(|()| 0))
}

/// Writes whole blocks, or programs at an offset.
pub(crate) fn writeblocks(input: &[u8], _: &mut [u8]) -> isize {
    let mut unpack = Unpack::of(input);
    let Some(block) = unpack.u32() else { return -errno::EINVAL };
    if block & EXTENDED == 0 {
        return with_device(|device| device.write_blocks(Block(block), unpack.rest()).map(|()| 0));
    }
    let Some(offset) = unpack.u32() else { return -errno::EINVAL };
    let block = Block(block & !EXTENDED);
    with_device(|device| device.program_at(block, offset, unpack.rest()).map(|()| 0))
}

/// How often blocks were erased.
pub(crate) fn wear(_: &[u8], output: &mut [u8]) -> isize {
    let mut pack = Pack::into(output);
    with_device(|device| {
        let wear = device.wear().summary(device.blocks());
        let total = u32::try_from(wear.total).unwrap_or(u32::MAX);
        let put = [total, wear.worst.0, wear.worst_erasures].map(|number| pack.u32(number));
        Ok(if put.contains(&None) { -errno::ENOSPC } else { 0 })
    })
}

fn guarded(work: impl FnOnce(&mut Option<Device>) -> isize) -> isize {
    DEVICE.with(crate::ramscope_module::id(), work).unwrap_or(-errno::EIO)
}

/// Works with the device that is mounted, or else with the image's file system.
fn with_device(work: impl FnOnce(&mut Device) -> Result<isize, DeviceError>) -> isize {
    guarded(|device| match device {
        Some(device) => work(device).unwrap_or_else(code),
        None => match image() {
            Some(mut image) => work(&mut image).unwrap_or_else(read_only_code),
            None => -errno::ENODEV,
        },
    })
}

/// The whole blocks of the image's file system, as far as there are counters for them.
fn image() -> Option<Device> {
    let blocks = (abi::storage_bytes() / BLOCK_BYTES).min(BLOCKS_MAX as u32);
    BlockDevice::new(Medium::Image, 0, blocks, WearTable::new()).ok()
}

fn code(error: DeviceError) -> isize {
    -(error.errno() as isize)
}

fn read_only_code(error: DeviceError) -> isize {
    match error {
        DeviceError::Failed(_) | DeviceError::NotErased(_) => -errno::EROFS,
        other => code(other),
    }
}

/// Where the bytes lie.
#[derive(Debug)]
enum Medium {
    /// What the board's flash has for data.
    Chip,
    /// Memory that keeps the rules of NOR flash.
    Memory(Vec<u8>),
    /// The image's storage.
    Image,
}

impl Medium {
    /// The board's flash, and how many blocks of it are meant.
    fn chip(blocks: usize) -> Result<(Self, usize), isize> {
        match abi::flash_bytes() / BLOCK_BYTES {
            0 => Err(errno::ENODEV),
            there => Ok((Self::Chip, wanted(blocks, (there as usize).min(BLOCKS_MAX))?)),
        }
    }

    /// Erased memory.
    fn memory(blocks: usize) -> Result<(Self, usize), isize> {
        let blocks = wanted(blocks, BLOCKS_MAX)?;
        let bytes = blocks * BLOCK_BYTES as usize;
        let mut memory = Vec::new();
        memory.try_reserve_exact(bytes).map_err(|_| errno::ENOMEM)?;
        memory.resize(bytes, 0xFF);
        Ok((Self::Memory(memory), blocks))
    }
}

impl Flash for Medium {
    fn read(&mut self, address: u32, to: &mut [u8]) -> Result<(), FlashFailed> {
        match self {
            Self::Chip => abi::flash_read(address, to).map_err(|_| FlashFailed),
            Self::Memory(bytes) => {
                let from = bytes.get(address as usize..).and_then(|bytes| bytes.get(..to.len()));
                to.copy_from_slice(from.ok_or(FlashFailed)?);
                Ok(())
            }
            Self::Image => abi::storage_read(address, to).map_err(|_| FlashFailed),
        }
    }

    fn program(&mut self, address: u32, bytes: &[u8]) -> Result<(), FlashFailed> {
        match self {
            Self::Chip => abi::flash_write(address, bytes).map_err(|_| FlashFailed),
            Self::Memory(there) => {
                let there = there.get_mut(address as usize..).ok_or(FlashFailed)?;
                let there = there.get_mut(..bytes.len()).ok_or(FlashFailed)?;
                // As flash does: what was cleared stays so.
                there.iter_mut().zip(bytes).for_each(|(there, byte)| *there &= byte);
                Ok(())
            }
            Self::Image => Err(FlashFailed),
        }
    }

    fn erase(&mut self, address: u32) -> Result<(), FlashFailed> {
        match self {
            Self::Chip => abi::flash_erase(address).map_err(|_| FlashFailed),
            Self::Memory(there) => {
                let there = there.get_mut(address as usize..).ok_or(FlashFailed)?;
                there.get_mut(..BLOCK_BYTES as usize).ok_or(FlashFailed)?.fill(0xFF);
                Ok(())
            }
            Self::Image => Err(FlashFailed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(block: u32, bytes: &[u8]) -> isize {
        writeblocks(&[&block.to_le_bytes(), bytes].concat(), &mut [])
    }

    fn read(block: u32, offset: u32, output: &mut [u8]) -> isize {
        readblocks(&[block.to_le_bytes(), offset.to_le_bytes()].concat(), output)
    }

    // One test, because the module has one device.
    #[test]
    fn a_device_is_mounted_written_worn_and_unmounted() {
        assert_eq!(ioctl([4, 0, 0, 0]), -errno::ENODEV, "no kernel, no image, nothing mounted");
        for blocks in [BLOCKS_MAX + 1, usize::MAX] {
            assert_eq!(mount([blocks, MEMORY, 0, 0]), -errno::EINVAL);
        }
        assert_eq!(mount([2, 2, 0, 0]), -errno::EINVAL, "there is no third medium");
        assert_eq!(mount([2, CHIP, 0, 0]), -errno::ENODEV, "without a board there is no flash");
        assert_eq!(mount([0, MEMORY, 0, 0]), 0);
        assert_eq!(ioctl([4, 0, 0, 0]), BLOCKS_MAX as isize);
        assert_eq!(mount([2, MEMORY, 0, 0]), 0);
        assert_eq!(ioctl([4, 0, 0, 0]), 2);
        assert_eq!(ioctl([5, 0, 0, 0]), 4096);
        assert_eq!(write(1, &[0x0F; 4096]), 0);
        assert_eq!(write(1, &[0xF0; 4096]), 0);
        let mut back = [0; 4];
        assert_eq!(read(1, 4092, &mut back), 0);
        assert_eq!(back, [0xF0; 4]);
        assert_eq!(read(1, 4093, &mut back), -errno::EINVAL);
        assert_eq!(write(1, &[0; 100]), -errno::EINVAL, "no whole block");
        let extended = |bytes: &[u8]| write(1 << 31, &[&8_u32.to_le_bytes(), bytes].concat());
        assert_eq!(extended(b"abc"), 0);
        assert_eq!(extended(b"xyz"), -errno::EIO, "bits would have to become ones");
        let mut figures = [0; 12];
        assert_eq!(wear(&[], &mut figures), 0);
        assert_eq!(figures, [1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0]);
        assert_eq!(wear(&[], &mut [0; 11]), -errno::ENOSPC);
        assert_eq!(unmount([0; 4]), 0);
        assert_eq!(read(0, 0, &mut back), -errno::ENODEV);
    }
}
