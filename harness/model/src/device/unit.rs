//! A thread, task or tasklet as the records describe it.

use core::fmt;
use ramscope_time::Instant;
use ramscope_wire::{EndReason, ObjectId, SiteId, State, UnitId, UnitKind, UnitNew, Why};

use crate::series::Series;

/// Names a unit across boots: its serial number is unique only within one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnitKey {
    /// The boot, counted by us from 0.
    pub boot: u32,
    /// Its number within the boot.
    pub id: UnitId,
}

/// What is known of a unit. Peaks are since boot, as the kernel counts them.
#[derive(Clone, Debug, PartialEq)]
pub struct Unit {
    /// Which unit.
    pub key: UnitKey,
    /// Its name; the second unit of a name within a boot is `name#2`. Until the device has told
    /// the name it is `unit 7`, see [`Unit::announced`].
    pub name: String,
    /// Which unit of its name it is within the boot, from 1.
    pub number: u32,
    /// Whether the device has told name and kind.
    pub announced: bool,
    /// What it is.
    pub kind: UnitKind,
    /// Its priority.
    pub priority: u8,
    /// The unit that made it.
    pub parent: UnitId,
    /// Where it was made.
    pub site: SiteId,
    /// When it was first heard of.
    pub first_seen: Instant,
    /// What it does.
    pub state: State,
    /// Why.
    pub why: Why,
    /// What it waits for, if it waits for an object.
    pub waits_for: ObjectId,
    /// Since when it is in this state.
    pub since: Instant,
    /// Who suspended it, if it is suspended.
    pub suspended: Option<Suspended>,
    /// Its stack.
    pub stack: Stack,
    /// Its share of the heap.
    pub heap: Holding,
    /// Its share of the processor.
    pub cpu: Cpu,
    /// Its end, if it is over.
    pub end: Option<UnitEnd>,
}

/// A stack. `bytes` is zero while nothing is known, or if a unit has none of its own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stack {
    /// The lowest address.
    pub base: u32,
    /// Its size.
    pub bytes: u32,
    /// The size that was asked for.
    pub requested_bytes: u32,
    /// Bytes in use now.
    pub used: u32,
    /// The deepest use.
    pub peak: u32,
    /// When that peak was first told.
    pub peak_at: Instant,
    /// When the last sample came; `None` if none did.
    pub sampled_at: Option<Instant>,
    /// [`Losses::serial`](crate::Losses::serial) at the last sample: whether it is still the last
    /// word.
    pub losses_seen: u64,
    /// The use over time; each sample is the use at its instant.
    pub used_series: Series,
    /// The deepest use over time.
    pub peak_series: Series,
}

/// The heap blocks of one owner, in bytes with their headers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Holding {
    /// Bytes owned now.
    pub current: u32,
    /// The most bytes owned at once.
    pub peak: u32,
    /// When that peak was first told.
    pub peak_at: Instant,
    /// Blocks owned now.
    pub blocks: u32,
    /// Bytes owned over time.
    pub series: Series,
    /// When the last sample came; `None` if none did.
    pub sampled_at: Option<Instant>,
    /// [`Losses::serial`](crate::Losses::serial) at the last sample: whether it is still the last
    /// word.
    pub losses_seen: u64,
}

/// Processor time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cpu {
    /// How often the unit got the processor.
    pub switches: u32,
    /// Ticks for which it had it.
    pub ticks: u64,
    /// Ticks since boot at the last sample, which `ticks` are a part of.
    pub boot_ticks: u64,
    /// Its share of the time since boot at the last sample, in hundredths of a per cent.
    pub share: u32,
    /// Its share of the time between the last two samples, in hundredths of a per cent.
    pub recent_share: u32,
    /// When the last sample came; `None` if none did.
    pub sampled_at: Option<Instant>,
    /// [`Losses::serial`](crate::Losses::serial) at the last sample: whether it is still the last
    /// word.
    pub losses_seen: u64,
}

/// Who suspended a unit. It is lost where events are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suspended {
    /// Since when.
    pub at: Instant,
    /// By whom.
    pub by: String,
    /// Where in the source.
    pub site: SiteId,
}

/// How a unit came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnitEnd {
    /// When.
    pub at: Instant,
    /// How.
    pub how: Ending,
    /// What it returned, or its error's code.
    pub code: u32,
    /// Bytes of it that are kept back because something may still point there.
    pub quarantined_bytes: u32,
    /// [`Losses::serial`](crate::Losses::serial) then.
    pub losses_seen: u64,
}

/// The ways in which a unit ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The kernel said so.
    Ended(EndReason),
    /// The device was reset under it.
    Reset,
}

impl Unit {
    pub(crate) fn unannounced(key: UnitKey, at: Instant) -> Self {
        Self {
            key,
            name: format!("unit {}", key.id),
            number: 1,
            announced: false,
            kind: UnitKind::Thread,
            priority: 0,
            parent: UnitId::KERNEL,
            site: SiteId::NONE,
            first_seen: at,
            state: State::Ready,
            why: Why::None,
            waits_for: ObjectId::NONE,
            since: at,
            suspended: None,
            stack: Stack::default(),
            heap: Holding::default(),
            cpu: Cpu::default(),
            end: None,
        }
    }

    /// Takes over everything of an announcement but the name, which depends on other units.
    pub(crate) fn announce(&mut self, new: &UnitNew<'_>) {
        self.announced = true;
        self.kind = new.kind;
        self.priority = new.priority;
        self.parent = new.parent;
        self.site = new.site;
        self.stack.base = new.stack_base;
        self.stack.bytes = new.stack_bytes;
        self.stack.requested_bytes = new.stack_requested_bytes;
    }

    pub(crate) fn enter(&mut self, at: Instant, state: State, why: Why, object: ObjectId) {
        if (self.state, self.why, self.waits_for) != (state, why, object) {
            (self.state, self.why, self.waits_for) = (state, why, object);
            self.since = at;
        }
        if !matches!(state, State::Suspended | State::Blocked) {
            self.suspended = None;
        }
    }

    /// The name that the firmware gave it: `worker` of `worker#2`.
    #[must_use]
    pub fn base_name(&self) -> &str {
        match self.name.rsplit_once('#') {
            Some((base, _)) if self.number > 1 => base,
            _ => &self.name,
        }
    }

    /// Whether it is over.
    #[must_use]
    pub const fn is_over(&self) -> bool {
        self.end.is_some()
    }
}

impl Stack {
    pub(crate) fn sample(&mut self, at: Instant, bytes: u32, used: u32, peak: u32) {
        self.bytes = bytes;
        self.used = used;
        self.raise_peak(at, peak.max(used));
        self.sampled_at = Some(at);
        self.used_series.push(at, used);
        self.peak_series.push(at, self.peak);
    }

    /// The whole stack was not enough: the peak is beyond its end by so much.
    pub(crate) fn overflow(&mut self, at: Instant, by_bytes: u32) {
        if self.bytes > 0 && by_bytes > 0 {
            self.raise_peak(at, self.bytes.saturating_add(by_bytes));
            self.sampled_at = Some(at);
        }
    }

    fn raise_peak(&mut self, at: Instant, peak: u32) {
        if peak > self.peak || self.sampled_at.is_none() {
            self.peak = peak;
            self.peak_at = at;
        }
    }

    /// What the deepest use left.
    #[must_use]
    pub const fn margin(&self) -> u32 {
        self.bytes.saturating_sub(self.peak)
    }

    /// Whether `address` lies in it.
    #[must_use]
    pub const fn contains(&self, address: u32) -> bool {
        address.wrapping_sub(self.base) < self.bytes
    }
}

impl Holding {
    pub(crate) fn sample(&mut self, at: Instant, current: u32, peak: u32, blocks: u32) {
        let peak = peak.max(current);
        if peak > self.peak || self.sampled_at.is_none() {
            self.peak = peak;
            self.peak_at = at;
        }
        self.current = current;
        self.blocks = blocks;
        self.series.push(at, current);
        self.sampled_at = Some(at);
    }
}

impl Cpu {
    /// Takes a sample; `elapsed` is the time since boot in ticks of the same clock.
    pub(crate) fn sample(&mut self, at: Instant, switches: u32, ticks: u64, elapsed: Elapsed) {
        self.recent_share = basis_points(ticks.saturating_sub(self.ticks), elapsed.since_sample);
        self.share = basis_points(ticks, elapsed.since_boot);
        self.switches = switches;
        self.ticks = ticks;
        self.boot_ticks = elapsed.since_boot;
        self.sampled_at = Some(at);
    }
}

/// The ticks over which a sample of processor time counts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Elapsed {
    pub(crate) since_boot: u64,
    pub(crate) since_sample: u64,
}

/// A share of processor time in hundredths of a per cent; zero if there was no time.
#[must_use]
pub fn basis_points(part: u64, whole: u64) -> u32 {
    if whole == 0 {
        return 0;
    }
    let share = u128::from(part) * 10_000 / u128::from(whole);
    share.min(10_000) as u32
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ended(reason) => fmt::Display::fmt(reason, f),
            Self::Reset => f.pad("reset"),
        }
    }
}
