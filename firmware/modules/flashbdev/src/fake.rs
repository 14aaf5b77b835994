//! A flash chip in memory that keeps the rules of NOR flash and complains about who does not.

use crate::device::BLOCK_BYTES;
use crate::flash::{Flash, FlashFailed, PAGE_BYTES};

/// What the fake is to do wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    None,
    /// The n-th program or erasure from now does half of its work; nothing happens after.
    PowerFails(u32),
    /// A bit of this address does not become one again.
    WornAt(u32),
    /// Nothing answers.
    Absent,
}

#[derive(Clone, Debug)]
pub(crate) struct Fake {
    pub(crate) bytes: Vec<u8>,
    pub(crate) trouble: Trouble,
    pub(crate) programs: u32,
    pub(crate) erasures: u32,
}

impl Fake {
    pub(crate) fn erased(blocks: u32) -> Self {
        let bytes = vec![0xFF; (blocks * BLOCK_BYTES) as usize];
        Self { bytes, trouble: Trouble::None, programs: 0, erasures: 0 }
    }

    /// How much of a change happens before the power fails.
    fn powered(&mut self, bytes: usize) -> usize {
        match &mut self.trouble {
            Trouble::PowerFails(0) => 0,
            Trouble::PowerFails(left) => {
                *left -= 1;
                if *left == 0 { bytes / 2 } else { bytes }
            }
            Trouble::Absent => 0,
            Trouble::None | Trouble::WornAt(_) => bytes,
        }
    }
}

impl Flash for Fake {
    fn read(&mut self, address: u32, to: &mut [u8]) -> Result<(), FlashFailed> {
        let dead = matches!(self.trouble, Trouble::Absent | Trouble::PowerFails(0));
        let from = self.bytes[address as usize..].get(..to.len()).filter(|_| !dead);
        to.copy_from_slice(from.ok_or(FlashFailed)?);
        Ok(())
    }

    fn program(&mut self, address: u32, bytes: &[u8]) -> Result<(), FlashFailed> {
        assert!(!bytes.is_empty(), "a program of nothing");
        let last = address + bytes.len() as u32 - 1;
        assert_eq!(address / PAGE_BYTES, last / PAGE_BYTES, "a program left its page");
        let count = self.powered(bytes.len());
        for (there, byte) in self.bytes[address as usize..].iter_mut().zip(&bytes[..count]) {
            assert_eq!(*there & byte, *byte, "a bit cannot become one without erasing");
            *there &= byte;
        }
        self.programs += 1;
        if count == bytes.len() { Ok(()) } else { Err(FlashFailed) }
    }

    fn erase(&mut self, address: u32) -> Result<(), FlashFailed> {
        assert_eq!(address % BLOCK_BYTES, 0, "an erasure begins where a sector does");
        let count = self.powered(BLOCK_BYTES as usize);
        self.bytes[address as usize..][..count].fill(0xFF);
        if let Trouble::WornAt(worn) = self.trouble {
            self.bytes[worn as usize] &= 0xFE;
        }
        self.erasures += 1;
        if count == BLOCK_BYTES as usize { Ok(()) } else { Err(FlashFailed) }
    }
}
