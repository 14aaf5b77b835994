//! Timers, and the queue that their callbacks go through.

use ramscope_time::{Instant, Span};
use ramscope_wire::{CallbackSample, ObjectId, SiteId, TimerMode, TimerNew, TimerSample, UnitId};

/// A timer. Counts are since it was made, as the kernel counts them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timer {
    /// The boot, counted by us from 0.
    pub boot: u32,
    /// Its number within the boot.
    pub object: ObjectId,
    /// Its name; the second timer of a name within a boot is `name#2`. Until the device has told
    /// the name it is `timer 7`.
    pub name: String,
    /// Its name without a number.
    pub base_name: String,
    /// Its number as the program knows it, if it has one.
    pub id: Option<u16>,
    /// Whether it repeats.
    pub mode: TimerMode,
    /// The unit that set it up.
    pub unit: UnitId,
    /// Where it was set up.
    pub site: SiteId,
    /// Its period.
    pub period: Span,
    /// When the device first told of it.
    pub first_seen: Instant,
    /// What became of its ticks; `None` while no sample has come.
    pub last: Option<TimerSample>,
    /// When that was told.
    pub sampled_at: Option<Instant>,
    /// When its worst lateness was first told.
    pub worst_at: Instant,
    /// [`Losses::serial`](crate::Losses::serial) at the last sample.
    pub losses_seen: u64,
}

impl Timer {
    /// What the device says for a timer without a number.
    const NO_ID: u16 = u16::MAX;

    pub(crate) fn unannounced(boot: u32, object: ObjectId, at: Instant) -> Self {
        let name = format!("timer {object}");
        Self {
            boot,
            object,
            base_name: name.clone(),
            name,
            id: None,
            mode: TimerMode::Periodic,
            unit: UnitId::KERNEL,
            site: SiteId::NONE,
            period: Span::ZERO,
            first_seen: at,
            last: None,
            sampled_at: None,
            worst_at: at,
            losses_seen: 0,
        }
    }

    pub(crate) fn announce(&mut self, new: &TimerNew<'_>) {
        self.id = (new.id != Self::NO_ID).then_some(new.id);
        self.mode = new.mode;
        self.unit = new.unit;
        self.site = new.site;
        self.period = Span::from_picos(new.period_ns.saturating_mul(1_000));
    }

    pub(crate) fn sample(&mut self, at: Instant, losses_seen: u64, sample: &TimerSample) {
        if self.last.is_none_or(|last| last.worst_ns < sample.worst_ns) {
            self.worst_at = at;
        }
        self.last = Some(*sample);
        self.sampled_at = Some(at);
        self.losses_seen = losses_seen;
    }
}

/// What went through the queue of callbacks, and how late the clock was served.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Callbacks {
    /// The last sample, and when it came; `None` while nothing has gone through.
    pub last: Option<(Instant, CallbackSample)>,
}
