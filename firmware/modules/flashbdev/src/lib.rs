//! A block device over NOR flash, with MicroPython's protocol.
//!
//! The problem: a file system wants blocks that it can write again and again; NOR flash has sectors that
//! are erased as a whole to ones, bits that a program only clears, pages that a program does not leave,
//! and a number of erasures after which a sector is worn. This module is what stands between: it
//! offers MicroPython's `readblocks`, `writeblocks` and `ioctl` over a range of flash, erases only where a
//! bit must become one again, and counts.
//!
//! Two ways to write, as `vfs.AbstractBlockDev` has them: the *simple* one replaces whole blocks and
//! erases when it must; the *extended* one, with an offset, only programs: its caller (littlefs) erases
//! with `ioctl`.
//!
//! Sources: MicroPython's documentation, library `vfs`, "Block devices" (operations, numbers, the two
//! interfaces; `flashbdev` on ESP32 has blocks of 4096 bytes); W25Q32 and GD25Q32 data sheets (sector
//! erase of 4 KiB, pages of 256 bytes, 100,000 erasures a sector).
//!
//! Invariants:
//! 1. Nothing outside of the device's range of flash is ever read, programmed or erased.
//! 2. A program stays within its page and is asked only for bits that are ones or stay zeros.
//! 3. After a write that returned without an error the flash reads back what was written; what does not
//!    is reported and not hidden.
//! 4. Every erasure is counted, also one that failed.
#![cfg_attr(not(test), no_std)]

pub mod device;
pub mod exports;
pub mod flash;
pub mod ioctl;
pub mod wear;

pub use device::{BLOCK_BYTES, Block, BlockDevice, DeviceError};
pub use flash::{Flash, FlashFailed};
pub use ioctl::Request;
pub use wear::{Wear, WearTable};

ramscope_module_abi::module! {
    name: "flashbdev",
    version: (1, 1, 0),
    dependencies: [],
    exports: [
        numbers "ioctl" => exports::ioctl,
        bytes "readblocks" => exports::readblocks,
        bytes "writeblocks" => exports::writeblocks,
        numbers "mount" => exports::mount,
        numbers "unmount" => exports::unmount,
        bytes "wear" => exports::wear,
    ],
    init: exports::init,
    deinit: exports::deinit,
}

#[cfg(test)]
mod fake;
