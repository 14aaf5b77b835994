//! A script: the steps of a scenario, for a device to which nobody can type at a known instant.
//!
//! An emulator in a process of its own cannot be paused at a byte, and what arrives on its standard
//! input arrives whenever the host gets round to it: no run is like the one before. So the steps go
//! into the device's memory before it starts. The board support plays them: it watches what the
//! device sends, waits in device time, and types into the receive path of the console. What it saw
//! and did goes into a log in the same memory, with device instants, and the host replays the log
//! when the run is over.
//!
//! Instants are *ticks of 100 ns since power-on*, resets included. The player's time is logical, so
//! that the host's replay agrees with it to the tick: a delay ends at its beginning plus its
//! length, however late the interrupt was that noticed, and a wait ends at the instant of the byte
//! that completed it.
//!
//! Invariants:
//! 1. What the player does is a function of the script and of the bytes with their instants; how
//!    often it is called between them changes nothing.
//! 2. A byte belongs to the step that is current at its instant: what is due at that very instant
//!    comes after it. What takes no time is over at once.
//! 3. No bytes, as script or as log, make a reader panic.
//!
//! A script is `rule: u8, limit: u64`, then steps `{kind: u8, limit: u64, bytes: u32}` with that
//! many bytes behind each, little-endian and unaligned. A limit is a number of ticks: of the script
//! since power-on, of a step since it began; all ones for none.

mod log;
mod page;
mod player;

pub use log::{LogEntry, LogItem, LogKind, LogReader};
pub use page::{Locator, Page};
pub use player::{Course, Played, Player};

/// Ticks of a script in a second.
pub const SCRIPT_HZ: u32 = 10_000_000;

/// No limit: of a step, none but the script's.
pub const NO_LIMIT: u64 = u64::MAX;
/// The limit of a step that not even the script's limit ends.
pub const UNLIMITED: u64 = u64::MAX - 1;

const HEAD_BYTES: u32 = 9;
const STEP_BYTES: u32 = 13;

/// Which bytes a wait looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitRule {
    /// Those that are sent after its step began.
    AfterBegin,
    /// Those that were sent after the last match.
    AfterMatch,
}

/// What a step does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action<'a> {
    /// Waits until these bytes have been sent.
    Wait(&'a [u8]),
    /// Lets so many ticks go by.
    Delay(u64),
    /// Types these bytes.
    Type(&'a [u8]),
}

const WAIT: u8 = 1;
const DELAY: u8 = 2;
const TYPE: u8 = 3;

/// A step, and where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ScriptStep<'a> {
    pub(crate) action: Action<'a>,
    /// Ticks that it may take.
    pub(crate) limit: u64,
    /// The offset of the step after it.
    pub(crate) next: u32,
}

/// A script in memory.
#[derive(Clone, Copy, Debug)]
pub struct Script<'a> {
    bytes: &'a [u8],
}

impl<'a> Script<'a> {
    /// The offset of the first step.
    pub(crate) const FIRST: u32 = HEAD_BYTES;

    /// The script that these bytes hold; what is cut off or unknown ends it.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    pub(crate) fn rule(self) -> WaitRule {
        match self.bytes.first() {
            Some(1) => WaitRule::AfterMatch,
            _ => WaitRule::AfterBegin,
        }
    }

    /// The tick at which the script ends, done or not.
    pub(crate) fn limit(self) -> u64 {
        self.u64_at(1).unwrap_or(0)
    }

    /// The step at an offset; `None` behind the last.
    pub(crate) fn step(self, at: u32) -> Option<ScriptStep<'a>> {
        let kind = *self.bytes.get(at as usize)?;
        let limit = self.u64_at(at + 1)?;
        let length = self.slice(at + 9, 4)?;
        let length = u32::from_le_bytes(length.try_into().ok()?);
        let bytes = self.slice(at + STEP_BYTES, length)?;
        let action = match kind {
            WAIT => Action::Wait(bytes),
            DELAY => Action::Delay(u64::from_le_bytes(bytes.try_into().ok()?)),
            TYPE => Action::Type(bytes),
            _ => return None,
        };
        Some(ScriptStep { action, limit, next: at + STEP_BYTES + length })
    }

    fn slice(self, at: u32, length: u32) -> Option<&'a [u8]> {
        self.bytes.get(at as usize..(at as usize).checked_add(length as usize)?)
    }

    fn u64_at(self, at: u32) -> Option<u64> {
        Some(u64::from_le_bytes(self.slice(at, 8)?.try_into().ok()?))
    }
}

/// Writes a script.
#[cfg(feature = "std")]
#[derive(Clone, Debug)]
pub struct ScriptWriter {
    bytes: std::vec::Vec<u8>,
}

#[cfg(feature = "std")]
impl ScriptWriter {
    /// A script without steps that ends at this tick.
    #[must_use]
    pub fn new(rule: WaitRule, limit: u64) -> Self {
        let mut bytes = std::vec![u8::from(rule == WaitRule::AfterMatch)];
        bytes.extend(limit.to_le_bytes());
        Self { bytes }
    }

    /// Adds a step that may take so many ticks.
    ///
    /// # Panics
    /// If its bytes are 4 GiB or more.
    pub fn step(&mut self, action: &Action<'_>, limit: u64) {
        let span;
        let (kind, bytes) = match *action {
            Action::Wait(bytes) => (WAIT, bytes),
            Action::Type(bytes) => (TYPE, bytes),
            Action::Delay(ticks) => {
                span = ticks.to_le_bytes();
                (DELAY, &span[..])
            }
        };
        let length = u32::try_from(bytes.len()).expect("a step is shorter than that");
        self.bytes.push(kind);
        self.bytes.extend(limit.to_le_bytes());
        self.bytes.extend(length.to_le_bytes());
        self.bytes.extend(bytes);
    }

    /// The bytes of the script.
    #[must_use]
    pub fn finish(self) -> std::vec::Vec<u8> {
        self.bytes
    }
}
