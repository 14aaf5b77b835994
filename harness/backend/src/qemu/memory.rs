//! The machine's memory as the host prepares and reads it: one file that QEMU maps.
//!
//! The board's 400 KiB come first, then nothing for the device, then the page of script and log.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};

use ramscope_wire::script::{Locator, Page};

use crate::firmware::Firmware;
use crate::session::BackendError;

/// Where RAM begins (QEMU, `hw/riscv/virt.c`).
pub(super) const RAM: u32 = 0x8000_0000;
/// Where the page is.
pub(super) const PAGE: u32 = 0x8100_0000;
/// RAM, page and all. The file is sparse: what nobody touches takes no room.
pub(super) const BYTES: u64 = 128 << 20;
/// Room for the log: seconds of a device that logs without a pause.
const LOG_BYTES: u32 = BYTES as u32 - (PAGE - RAM) - Page::LOG_AT;
const HEAD_BYTES: usize = 32;

/// What goes into the file before the machine starts, and what was read of it.
#[derive(Clone, Debug)]
pub(super) struct Memory {
    locator_at: u64,
    script: Vec<u8>,
    log_read: u32,
}

/// What a boot added to the log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct NewLog {
    pub(super) bytes: Vec<u8>,
    /// Whether something did not fit.
    pub(super) is_full: bool,
}

impl Memory {
    /// Memory with this script; the locator is where the image has it.
    pub(super) fn new(locator: u32, script: &[u8]) -> Result<Self, BackendError> {
        if script.len() > Page::SCRIPT_BYTES_MAX as usize {
            let (bytes, max) = (script.len(), Page::SCRIPT_BYTES_MAX);
            return Err(unavailable(&format!("its steps take {bytes} bytes, and {max} fit")));
        }
        let locator_at = u64::from(locator.wrapping_sub(RAM));
        Ok(Self { locator_at, script: script.to_vec(), log_read: 0 })
    }

    /// Writes the memory as it is before power-on.
    pub(super) fn write(&self, file: &mut File) -> io::Result<()> {
        let page = u64::from(PAGE - RAM);
        let mut put = |at: u64, bytes: &[u8]| {
            file.seek(SeekFrom::Start(at))?;
            file.write_all(bytes)
        };
        put(self.locator_at, &Locator::of(PAGE).to_bytes())?;
        put(page, &Page::head(self.script.len() as u32, LOG_BYTES))?;
        put(page + u64::from(Page::SCRIPT_AT), &self.script)?;
        file.set_len(BYTES)
    }

    /// What was added to the log since the last call.
    pub(super) fn read_log(&mut self, file: &mut File) -> io::Result<NewLog> {
        let page = u64::from(PAGE - RAM);
        let mut head = [0; HEAD_BYTES];
        file.seek(SeekFrom::Start(page))?;
        file.read_exact(&mut head)?;
        let damaged = || io::Error::other("the head of its log is damaged");
        let (used, is_full) = Page::log_state(&head).ok_or_else(damaged)?;
        if used > LOG_BYTES || used < self.log_read {
            return Err(damaged());
        }
        let mut bytes = vec![0; (used - self.log_read) as usize];
        file.seek(SeekFrom::Start(page + u64::from(Page::LOG_AT + self.log_read)))?;
        file.read_exact(&mut bytes)?;
        self.log_read = used;
        Ok(NewLog { bytes, is_full })
    }
}

/// The address at which an image looks for a script.
pub(super) fn locator(firmware: &Firmware) -> Result<u32, BackendError> {
    let symbol = firmware.image.symbol(Locator::SYMBOL);
    symbol.filter(|address| (RAM..PAGE).contains(address)).ok_or_else(|| {
        unavailable(
            "the image plays no scripts, and QEMU has no other repeatable input; \
             `ramscope build --board virt` makes one that does",
        )
    })
}

fn unavailable(reason: &str) -> BackendError {
    BackendError::Unavailable { target: super::TARGET, reason: reason.to_owned() }
}
