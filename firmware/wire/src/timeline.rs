//! Absolute time from time differences.

use crate::raw::Item;
use crate::record::Record;

/// Adds up the time differences of a stream; hellos and clocks set it right again.
///
/// A time difference counts from the last record that was *written*, so records that the device
/// dropped do no harm. Damage does, until the next record that carries its own time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timeline {
    ticks: u64,
    hz: Option<u32>,
    is_exact: bool,
}

impl Timeline {
    /// A timeline that knows nothing yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { ticks: 0, hz: None, is_exact: false }
    }

    /// Takes the next item of the stream and gives its time in ticks since boot.
    pub fn advance(&mut self, item: &Item<'_>) -> u64 {
        match item {
            Item::Record { record: Record::Hello(hello), .. } => {
                self.hz = Some(hello.timestamp_hz);
                self.rebase(hello.ticks);
            }
            Item::Record { record: Record::Clock(clock), .. } => self.rebase(clock.ticks),
            Item::Record { stamp, .. }
            | Item::Unknown { stamp, .. }
            | Item::OtherVersion { stamp, .. } => {
                self.ticks = self.ticks.saturating_add(stamp.dt.into());
            }
            Item::Lost { .. } => {}
            Item::Damaged { .. } | Item::Rejoined => self.note_damage(),
        }
        self.ticks
    }

    /// Notes that records which had been written are missing, as when a frame was lost.
    pub const fn note_damage(&mut self) {
        self.is_exact = false;
    }

    /// Ticks since boot of the last record.
    #[must_use]
    pub const fn ticks(&self) -> u64 {
        self.ticks
    }

    /// Ticks in a second, once a hello has told.
    #[must_use]
    pub const fn hz(&self) -> Option<u32> {
        self.hz
    }

    /// Whether the time is right; false before the first record that carries its own, and from
    /// damage on until the next.
    #[must_use]
    pub const fn is_exact(&self) -> bool {
        self.is_exact
    }

    const fn rebase(&mut self, ticks: u64) {
        self.ticks = ticks;
        self.is_exact = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::UnitId;
    use crate::raw::Stamp;
    use crate::record::{Clock, Switch};
    use crate::vocabulary::{State, Why};

    fn clock(ticks: u64) -> Item<'static> {
        Item::Record { stamp: Stamp { seq: 0, dt: 9 }, record: Clock { ticks }.into() }
    }

    fn switch(dt: u32) -> Item<'static> {
        let switch = Switch { to: UnitId::MAIN, state_left: State::Ready, why: Why::Yielded };
        Item::Record { stamp: Stamp { seq: 0, dt }, record: switch.into() }
    }

    #[test]
    fn a_clock_sets_right_what_damage_made_late() {
        let mut timeline = Timeline::new();
        assert!(!timeline.is_exact());
        assert_eq!(timeline.advance(&clock(100)), 100);
        assert_eq!(timeline.advance(&switch(5)), 105);
        assert_eq!(timeline.advance(&Item::Lost { records: 3 }), 105);
        assert!(timeline.is_exact());
        assert_eq!(timeline.advance(&Item::Damaged { bytes: 12 }), 105);
        assert!(!timeline.is_exact());
        assert_eq!(timeline.advance(&switch(5)), 110);
        assert_eq!(timeline.advance(&clock(1_000)), 1_000);
        assert!(timeline.is_exact());
    }

    #[test]
    fn no_difference_overflows_the_time() {
        let mut timeline = Timeline::new();
        timeline.advance(&clock(u64::MAX));
        assert_eq!(timeline.advance(&switch(1)), u64::MAX);
    }
}
