//! MicroPython's `ioctl` by its numbers.

use crate::device::{BLOCK_BYTES, Block, BlockDevice, DeviceError};
use crate::flash::Flash;

/// What a file system asks of a device besides reading and writing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request {
    /// 1: get ready.
    Initialise,
    /// 2: nothing will come any more.
    ShutDown,
    /// 3: what was written must be on the medium.
    Synchronise,
    /// 4: how many blocks there are.
    BlockCount,
    /// 5: how many bytes a block has.
    BlockBytes,
    /// 6: erase a block.
    Erase(Block),
}

impl Request {
    /// The request of a number and its argument.
    #[must_use]
    pub const fn of(operation: u32, argument: u32) -> Option<Self> {
        match operation {
            1 => Some(Self::Initialise),
            2 => Some(Self::ShutDown),
            3 => Some(Self::Synchronise),
            4 => Some(Self::BlockCount),
            5 => Some(Self::BlockBytes),
            6 => Some(Self::Erase(Block(argument))),
            _ => None,
        }
    }
}

impl<F: Flash, const N: usize> BlockDevice<F, N> {
    /// Does what `ioctl(operation, argument)` asks for; 0 where it answers nothing.
    ///
    /// Nothing is held back from the medium, so 1 to 3 have nothing to do.
    ///
    /// # Errors
    /// If the operation is none, or erasing fails.
    pub fn ioctl(&mut self, operation: u32, argument: u32) -> Result<u32, DeviceError> {
        match Request::of(operation, argument).ok_or(DeviceError::NoSuchRequest)? {
            Request::Initialise | Request::ShutDown | Request::Synchronise => Ok(0),
            Request::BlockCount => Ok(self.blocks()),
            Request::BlockBytes => Ok(BLOCK_BYTES),
            Request::Erase(block) => self.erase(block).map(|()| 0),
        }
    }
}
