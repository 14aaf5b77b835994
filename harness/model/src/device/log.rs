//! The last things that happened, for people who watch.

use ramscope_time::Instant;
use ramscope_wire::{UnitId, WindowId};
use std::collections::VecDeque;

use crate::device::unit::Ending;

/// A bounded list of what happened; the oldest entries go first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Log {
    entries: VecDeque<LogEntry>,
    total: u64,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogEntry {
    /// When.
    pub at: Instant,
    /// What.
    pub what: What,
}

/// The things that are worth a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// A unit was made.
    UnitStarted {
        /// Its number.
        unit: UnitId,
        /// Its name.
        name: String,
    },
    /// A unit is over.
    UnitEnded {
        /// Its number.
        unit: UnitId,
        /// Its name.
        name: String,
        /// How it ended.
        how: Ending,
    },
    /// A program started.
    ProgramStarted {
        /// Its name.
        name: String,
    },
    /// A program is over.
    ProgramEnded {
        /// Its name.
        name: String,
        /// Whether it ended well.
        ok: bool,
    },
    /// A module was imported.
    ModuleLoaded {
        /// Its name.
        name: String,
        /// Bytes that it has.
        bytes: u32,
    },
    /// A module is gone.
    ModuleGone {
        /// Its name.
        name: String,
        /// Bytes that came back.
        bytes: u32,
    },
    /// The device was reset.
    Reset {
        /// Why.
        reason: String,
    },
    /// A measurement window opened.
    WindowOpened(WindowId),
    /// Something was noticed: an index into [`Device::findings`](crate::Device::findings).
    Found(usize),
    /// A collection gave something back, or told somebody to end.
    Collected {
        /// What it did.
        sentence: String,
    },
    /// Records were lost.
    Lost(u64),
}

impl Log {
    /// The most entries.
    pub const ENTRIES_MAX: usize = 2_048;

    pub(crate) fn push(&mut self, at: Instant, what: What) {
        if self.entries.len() == Self::ENTRIES_MAX {
            self.entries.pop_front();
        }
        self.entries.push_back(LogEntry { at, what });
        self.total += 1;
    }

    /// The entries that are kept, oldest first.
    pub fn entries(&self) -> impl DoubleEndedIterator<Item = &LogEntry> + ExactSizeIterator {
        self.entries.iter()
    }

    /// How many entries there ever were.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.total
    }
}
