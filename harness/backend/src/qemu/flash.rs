//! What QEMU is given of an image: the bytes of its segments, and where it starts.
//!
//! QEMU's own loader for ELF files also clears what a segment holds beyond its bytes, each time it
//! starts. A chip clears nothing at a reset, so the bytes go in as they are. Layout: System V ABI,
//! "Program Header", for 32 bits.

use ramscope_engine::Chip;

use crate::firmware::Firmware;
use crate::session::BackendError;

const LOAD: u32 = 1;
const HEADER_BYTES: usize = 32;

/// The segments of an image that hold bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Flash {
    pub(super) entry: u32,
    /// Physical addresses and bytes.
    pub(super) segments: Vec<(u32, Vec<u8>)>,
}

impl Flash {
    /// The segments of an image for the virt machine.
    pub(super) fn of(firmware: &Firmware) -> Result<Self, BackendError> {
        let chip = firmware.image.chip();
        let read = match chip {
            Chip::Virt => Self::read(&firmware.elf),
            _ => None,
        };
        read.ok_or_else(|| BackendError::Unavailable {
            target: super::TARGET,
            reason: format!(
                "it runs ELF files for QEMU's virt machine, and this image is for {chip}"
            ),
        })
    }

    fn read(elf: &[u8]) -> Option<Self> {
        let word = |at: usize| Some(u32::from_le_bytes(*elf.get(at..)?.first_chunk()?));
        let half = |at: usize| Some(u16::from_le_bytes(*elf.get(at..)?.first_chunk()?));
        let (entry, table) = (word(24)?, word(28)? as usize);
        let mut segments = Vec::new();
        for index in 0..usize::from(half(44)?) {
            let header = table.checked_add(index * HEADER_BYTES)?;
            let (offset, address, bytes) =
                (word(header + 4)? as usize, word(header + 12)?, word(header + 16)? as usize);
            if word(header)? == LOAD && bytes > 0 {
                segments.push((address, elf.get(offset..offset.checked_add(bytes)?)?.to_vec()));
            }
        }
        Some(Self { entry, segments })
    }
}
