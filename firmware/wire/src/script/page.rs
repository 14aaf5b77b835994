//! Where script, player and log lie: memory beside the device's own, which resets leave alone.
//!
//! The host fills it before the device starts, and reads it after the device has stopped. A word of
//! the firmware's memory, the [`Locator`], says where it is: memory that a person did not prepare
//! holds no locator by accident.

use super::Player;

/// Says where the page is. The firmware reserves it under the name [`Locator::SYMBOL`], in memory
/// that start-up code leaves alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Locator {
    magic: u32,
    /// The page's address.
    address: u32,
    /// The address again, complemented.
    check: u32,
}

impl Locator {
    /// Its name in images.
    pub const SYMBOL: &'static str = "RAMSCOPE_SCRIPT";
    /// How long it is.
    pub const BYTES: usize = 12;
    const MAGIC: u32 = 0x5350_5352;

    /// A locator that leads nowhere.
    #[must_use]
    pub const fn nowhere() -> Self {
        Self { magic: 0, address: 0, check: 0 }
    }

    /// A locator of a page at this address.
    #[must_use]
    pub const fn of(address: u32) -> Self {
        Self { magic: Self::MAGIC, address, check: !address }
    }

    /// Where the page is, if there is one.
    #[must_use]
    pub fn address(self) -> Option<u32> {
        (self.magic == Self::MAGIC && self.check == !self.address).then_some(self.address)
    }

    /// As it lies in memory.
    #[must_use]
    pub fn to_bytes(self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        for (place, word) in bytes.chunks_exact_mut(4).zip([self.magic, self.address, self.check]) {
            place.copy_from_slice(&word.to_le_bytes());
        }
        bytes
    }
}

/// The head of the page. Script and log follow at [`Page::SCRIPT_AT`] and [`Page::LOG_AT`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Page {
    version: u32,
    /// How long the script is. Written by the host.
    pub script_bytes: u32,
    /// Room for the log. Written by the host.
    pub log_bytes_max: u32,
    /// How much of it is used. Written by the device.
    pub log_bytes: u32,
    /// 1: something did not fit into the log. Written by the device.
    pub log_is_full: u32,
    reserved: u32,
    /// Ticks before the last reset. Written by the device.
    pub ticks_before: u64,
    /// Written by the device.
    pub player: Player,
}

impl Page {
    /// The version of script, log and page that this crate knows.
    pub const VERSION: u32 = 1;
    /// Where the script begins.
    pub const SCRIPT_AT: u32 = 0x1000;
    /// How long a script may be.
    pub const SCRIPT_BYTES_MAX: u32 = Self::LOG_AT - Self::SCRIPT_AT;
    /// Where the log begins.
    pub const LOG_AT: u32 = 0x10_0000;

    /// The head of a page for the host to write: the rest is zero.
    #[must_use]
    pub fn head(script_bytes: u32, log_bytes_max: u32) -> [u8; 12] {
        let mut head = [0; 12];
        let words = [Self::VERSION, script_bytes, log_bytes_max];
        for (place, word) in head.chunks_exact_mut(4).zip(words) {
            place.copy_from_slice(&word.to_le_bytes());
        }
        head
    }

    /// Whether this crate knows what is on it.
    #[must_use]
    pub const fn is_known(&self) -> bool {
        self.version == Self::VERSION
    }

    /// How much of the log is used, and whether something did not fit, from the page's first bytes.
    #[must_use]
    pub fn log_state(page: &[u8]) -> Option<(u32, bool)> {
        let word = |index: usize| {
            let bytes = page.get(4 * index..4 * index + 4)?;
            Some(u32::from_le_bytes(bytes.try_into().ok()?))
        };
        Some((word(3)?, word(4)? != 0))
    }
}

const _: () = assert!(core::mem::offset_of!(Page, log_bytes) == 12);
const _: () = assert!(core::mem::offset_of!(Page, log_is_full) == 16);
const _: () = assert!(size_of::<Page>() <= Page::SCRIPT_AT as usize);
