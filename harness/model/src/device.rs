//! The state of a device, as far as its records tell it, and what has happened to it so far.
//!
//! A screen draws a [`Device`] while it runs, a verdict judges it at the end; both see the same
//! facts because there is only this one way from records to facts. Nothing in here can fail: a
//! record that makes no sense (of a unit that was never announced, say) leaves a trace that reports
//! can show, because telemetry may be lost or damaged at any place.
//!
//! Invariants:
//! 1. The same records at the same instants give the same device.
//! 2. Memory is bounded, whatever the records say: series thin out, lists have a maximum, and what
//!    does not fit is counted in [`Device::forgotten`], which makes verdicts inconclusive.
//! 3. A peak never falls, not even across a reset of the device.

mod apply;
mod boot;
mod chain;
mod collect;
mod heap;
mod history;
mod layout;
mod log;
mod memory;
mod module;
mod object;
mod picture;
mod timer;
mod traced;
mod unit;
mod window;

use ramscope_time::Instant;
use ramscope_wire::{InterruptTimes, ObjectId, OwnerKind, SiteId, UnitId, WindowId};
use std::collections::BTreeMap;

use crate::finding::Finding;
use crate::series::Series;

pub use apply::UnseenOverflow;
pub(crate) use apply::owner_of;
pub use boot::{Boot, HelloFacts, Reset};
pub use chain::{Calls, Certainty, DeepestCalls, Frame, HeldChain, PeakChain};
pub use collect::{Collection, Collections, KeptBlock, ResumedUnit};
pub use heap::{Heap, Owner};
pub use history::{History, Stretch};
pub use layout::{Area, HeapLayout, HeapMap, Mark, Run, Shape, SiteHeld};
pub use log::{Log, LogEntry, What};
pub use memory::{MemoryRegion, Place};
pub use module::{Module, ModulePlace, Pin};
pub use object::{Object, Waiter};
pub use picture::{AreaPicture, Change, MapOwner, Shows, Square};
pub use timer::{Callbacks, Timer};
pub use unit::{Cpu, Ending, Holding, Stack, Suspended, Unit, UnitEnd, UnitKey, basis_points};
pub use window::{
    CollectFigures, CpuFigures, Figures, HeapFigures, HoldingFigures, InterruptFigures,
    LatenessFigures, OwnedFigures, StackFigures, UnitFigures, Window, WindowEnd,
};

/// Everything known about a device.
#[derive(Clone, Debug)]
pub struct Device {
    now: Instant,
    /// The instant of the last record.
    record_at: Instant,
    hello: Option<HelloFacts>,
    boot: Boot,
    resets: Vec<Reset>,
    refused_version: Option<u16>,
    /// Whether a reset has been told from outside and its hello is still to come.
    awaits_hello: bool,
    units: Vec<Unit>,
    /// The units of the current boot.
    by_id: BTreeMap<UnitId, usize>,
    /// The units of the current boot that share a name, in the order of their ids.
    by_name: BTreeMap<String, Vec<UnitId>>,
    running: Option<UnitId>,
    history: History,
    objects: BTreeMap<ObjectId, Object>,
    sites: BTreeMap<SiteId, SourcePlace>,
    regions: Vec<MemoryRegion>,
    heap: Heap,
    layout: HeapLayout,
    owners: BTreeMap<(OwnerKind, UnitId), Owner>,
    interrupts: Interrupts,
    timers: Vec<Timer>,
    callbacks: Callbacks,
    modules: Vec<Module>,
    collections: Collections,
    programs: Vec<ProgramRun>,
    window: WindowId,
    windows: Vec<Window>,
    losses: Losses,
    dropped_this_boot: u32,
    findings: Vec<Finding>,
    unmodelled: Vec<Unmodelled>,
    notes: Vec<String>,
    failed_allocations: Vec<FailedAllocation>,
    log: Log,
    calls: Vec<Calls>,
    deepest: Vec<DeepestCalls>,
    held: Vec<HeldChain>,
    at_peak: Vec<PeakChain>,
    traced: traced::Traced,
    forgotten: u64,
}

/// A place in the source of the firmware.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourcePlace {
    /// The file as the firmware was built with it.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
}

/// What interrupt handlers use.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Interrupts {
    /// Their stack; `used` is not sampled.
    pub stack: Stack,
    /// Interrupts taken since boot.
    pub entries: u32,
    /// That count over time.
    pub entries_series: Series,
    /// How long handlers kept the processor, where the device tells, and when it told last.
    pub times: Option<(Instant, InterruptTimes)>,
    /// Their share of the time since boot, in hundredths of a per cent.
    pub share: u32,
    /// [`Losses::serial`](crate::Losses::serial) at that time.
    pub times_losses_seen: u64,
    /// How late the clock's interrupts were served since boot.
    pub clock: Figures<LatenessFigures>,
}

/// A program that ran, or runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProgramRun {
    /// Its name.
    pub name: String,
    /// When it started.
    pub started: Instant,
    /// When it was over and whether it ended well; a reset ends it badly.
    pub ended: Option<(Instant, bool)>,
}

/// Telemetry that did not arrive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Losses {
    /// Records that are missing by their sequence numbers.
    pub records: u64,
    /// Records that the device says it dropped, over all boots; mostly the same ones.
    pub dropped: u64,
    /// Bytes that are no telemetry and no text.
    pub damaged_bytes: u64,
    /// When the last loss was noticed.
    pub last_at: Option<Instant>,
}

/// An allocation that failed because the scenario asked for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailedAllocation {
    /// When.
    pub at: Instant,
    /// The name of the unit that asked for memory.
    pub unit: String,
    /// How much it asked for.
    pub bytes: u32,
    /// Where in the source.
    pub site: SiteId,
}

/// A register of the machine that firmware used and the machine does not model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unmodelled {
    /// Its address.
    pub address: u32,
    /// The instruction of the first access.
    pub pc: u32,
}

impl Losses {
    /// Whether anything is missing.
    #[must_use]
    pub const fn any(&self) -> bool {
        self.records > 0 || self.dropped > 0 || self.damaged_bytes > 0
    }

    /// Grows with each loss whose place in the stream is known. If a figure was sampled, and
    /// nothing was lost between the sample and the end of what it is about, the sample is the last
    /// word about it.
    #[must_use]
    pub const fn serial(&self) -> u64 {
        self.records.saturating_add(self.damaged_bytes)
    }

    /// How many records are missing at least.
    #[must_use]
    pub fn records_lost(&self) -> u64 {
        self.records.max(self.dropped)
    }
}

impl Device {
    /// The most units that are kept, over all boots.
    pub const UNITS_MAX: usize = 65_536;
    /// Units past the first so many lose their series when they end.
    pub const UNITS_WITH_SERIES_MAX: usize = 256;
    /// The most objects, sites, regions, owners, program runs, resets and findings, each.
    pub const LIST_MAX: usize = 4_096;

    /// A device at power-on, of which nothing is known.
    #[must_use]
    pub fn new() -> Self {
        Self {
            now: Instant::ZERO,
            record_at: Instant::ZERO,
            hello: None,
            boot: Boot { index: 0, from: Instant::ZERO },
            resets: Vec::new(),
            refused_version: None,
            awaits_hello: false,
            units: Vec::new(),
            by_id: BTreeMap::new(),
            by_name: BTreeMap::new(),
            running: None,
            history: History::default(),
            objects: BTreeMap::new(),
            sites: BTreeMap::new(),
            regions: Vec::new(),
            heap: Heap::default(),
            layout: HeapLayout::default(),
            owners: BTreeMap::new(),
            interrupts: Interrupts::default(),
            timers: Vec::new(),
            callbacks: Callbacks::default(),
            modules: Vec::new(),
            collections: Collections::default(),
            programs: Vec::new(),
            window: WindowId::BOOT,
            windows: vec![Window::new(0, WindowId::BOOT, Instant::ZERO)],
            losses: Losses::default(),
            dropped_this_boot: 0,
            findings: Vec::new(),
            unmodelled: Vec::new(),
            notes: Vec::new(),
            failed_allocations: Vec::new(),
            log: Log::default(),
            calls: Vec::new(),
            deepest: Vec::new(),
            held: Vec::new(),
            at_peak: Vec::new(),
            traced: traced::Traced::default(),
            forgotten: 0,
        }
    }

    /// The latest instant that anything was told of.
    #[must_use]
    pub const fn now(&self) -> Instant {
        self.now
    }

    /// What the device said about itself; `None` until its first hello.
    #[must_use]
    pub const fn hello(&self) -> Option<&HelloFacts> {
        self.hello.as_ref()
    }

    /// The version of the device's telemetry, if it is one that we do not know.
    #[must_use]
    pub const fn refused_version(&self) -> Option<u16> {
        self.refused_version
    }

    /// The current boot.
    #[must_use]
    pub const fn boot(&self) -> &Boot {
        &self.boot
    }

    /// The resets of the run, in order.
    #[must_use]
    pub fn resets(&self) -> &[Reset] {
        &self.resets
    }

    /// All units of all boots, in the order in which they were first heard of.
    #[must_use]
    pub fn units(&self) -> &[Unit] {
        &self.units
    }

    /// The units of the current boot that are not over, in the order of their numbers.
    pub fn live_units(&self) -> impl Iterator<Item = &Unit> {
        self.by_id.values().map(|&index| &self.units[index]).filter(|unit| !unit.is_over())
    }

    /// The unit of the current boot with this number.
    #[must_use]
    pub fn unit(&self, id: UnitId) -> Option<&Unit> {
        self.by_id.get(&id).map(|&index| &self.units[index])
    }

    /// The unit of any boot.
    #[must_use]
    pub fn unit_by_key(&self, key: UnitKey) -> Option<&Unit> {
        self.units.iter().find(|unit| unit.key == key)
    }

    /// The name of a unit of the current boot; `kernel` and `unit 7` where none is known.
    #[must_use]
    pub fn name_of(&self, id: UnitId) -> String {
        match self.unit(id) {
            Some(unit) => unit.name.clone(),
            None if id == UnitId::KERNEL => "kernel".to_owned(),
            None => format!("unit {id}"),
        }
    }

    /// The unit that has the processor, where switches are traced.
    #[must_use]
    pub const fn running(&self) -> Option<UnitId> {
        self.running
    }

    /// Who had the processor when, where switches are traced.
    #[must_use]
    pub const fn history(&self) -> &History {
        &self.history
    }

    /// The objects of the current boot, in the order of their numbers.
    pub fn objects(&self) -> impl Iterator<Item = &Object> {
        self.objects.values()
    }

    /// An object of the current boot.
    #[must_use]
    pub fn object(&self, id: ObjectId) -> Option<&Object> {
        self.objects.get(&id)
    }

    /// A place in the source.
    #[must_use]
    pub fn site(&self, id: SiteId) -> Option<&SourcePlace> {
        self.sites.get(&id)
    }

    /// The regions of memory, in the order of their addresses.
    #[must_use]
    pub fn regions(&self) -> &[MemoryRegion] {
        &self.regions
    }

    /// The heap.
    #[must_use]
    pub const fn heap(&self) -> &Heap {
        &self.heap
    }

    /// How the heap's memory is divided.
    #[must_use]
    pub const fn heap_layout(&self) -> &HeapLayout {
        &self.layout
    }

    /// What owners that are no units hold of the heap.
    pub fn owners(&self) -> impl Iterator<Item = &Owner> {
        self.owners.values()
    }

    /// The interrupt handlers.
    #[must_use]
    pub const fn interrupts(&self) -> &Interrupts {
        &self.interrupts
    }

    /// All timers of all boots, in the order in which they were first heard of.
    #[must_use]
    pub fn timers(&self) -> &[Timer] {
        &self.timers
    }

    /// The timer of this number, of the present boot.
    #[must_use]
    pub fn timer(&self, object: ObjectId) -> Option<&Timer> {
        let boot = self.boot.index;
        self.timers.iter().rev().find(|timer| (timer.boot, timer.object) == (boot, object))
    }

    /// What a timer holds of the heap: its closure, and what its callbacks allocated. `None` if it has no
    /// account of its own, or is of an earlier boot.
    #[must_use]
    pub fn timer_heap(&self, timer: &Timer) -> Option<&Holding> {
        let key = (OwnerKind::Timer, UnitId(timer.object.0));
        let owner = self.owners.get(&key).filter(|_| timer.boot == self.boot.index)?;
        Some(&owner.heap)
    }

    /// What collections gave back.
    #[must_use]
    pub const fn collections(&self) -> &Collections {
        &self.collections
    }

    /// What went through the queue of callbacks.
    #[must_use]
    pub const fn callbacks(&self) -> &Callbacks {
        &self.callbacks
    }

    /// All modules of all boots, in the order in which they were first heard of.
    #[must_use]
    pub fn modules(&self) -> &[Module] {
        &self.modules
    }

    /// The module of the current boot whose instruction stands at this address.
    #[must_use]
    pub fn module_at(&self, pc: u32) -> Option<&Module> {
        let boot = self.boot.index;
        let has = |module: &&Module| {
            let place = module.place.filter(|_| module.end.is_none());
            module.boot == boot && place.is_some_and(|place| place.has_code(pc))
        };
        self.modules.iter().rfind(has)
    }

    /// The programs that ran, in order.
    #[must_use]
    pub fn programs(&self) -> &[ProgramRun] {
        &self.programs
    }

    /// The window that is open.
    #[must_use]
    pub const fn window(&self) -> WindowId {
        self.window
    }

    /// Every window of every boot, in the order of time; the last one is open.
    #[must_use]
    pub fn windows(&self) -> &[Window] {
        &self.windows
    }

    /// The telemetry that did not arrive.
    #[must_use]
    pub const fn losses(&self) -> Losses {
        self.losses
    }

    /// What was noticed, in order. A verdict adds what can only be said at the end.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// Registers that firmware used and the machine does not model.
    #[must_use]
    pub fn unmodelled(&self) -> &[Unmodelled] {
        &self.unmodelled
    }

    /// Allocations that failed because the scenario asked for it.
    #[must_use]
    pub fn failed_allocations(&self) -> &[FailedAllocation] {
        &self.failed_allocations
    }

    /// What observers of the machine noted.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Who had called whom when each unit's stack was deepest, where the target sees calls: exact.
    #[must_use]
    pub fn deepest_calls(&self) -> &[DeepestCalls] {
        &self.deepest
    }

    /// Which calls led to the blocks in use when the run ended, where somebody asked: exact.
    #[must_use]
    pub fn held_chains(&self) -> &[HeldChain] {
        &self.held
    }

    /// Which calls led to what was in use when most of the heap was, where somebody followed them.
    #[must_use]
    pub fn peak_chains(&self) -> &[PeakChain] {
        &self.at_peak
    }

    /// Where each unit stood when the run ended, where somebody looked.
    #[must_use]
    pub fn calls(&self) -> &[Calls] {
        &self.calls
    }

    /// The last things that happened.
    #[must_use]
    pub const fn log(&self) -> &Log {
        &self.log
    }

    /// How many facts did not fit into the bounds of this model.
    #[must_use]
    pub const fn forgotten(&self) -> u64 {
        self.forgotten
    }

    /// Units that wait for each other in a circle through locks, if any do; in the order of the
    /// circle, beginning with the lowest number. It is certain only if no event was lost.
    #[must_use]
    pub fn lock_cycle(&self) -> Option<Vec<UnitId>> {
        let waits_for: BTreeMap<UnitId, UnitId> = self
            .objects
            .values()
            .filter_map(|object| Some((object, object.holder?)))
            .flat_map(|(object, holder)| object.waiters.iter().map(move |w| (w.unit, holder)))
            .collect();
        first_cycle(&waits_for)
    }
}

/// The first cycle in a graph in which each node has at most one successor; takes each node once.
fn first_cycle(next_of: &BTreeMap<UnitId, UnitId>) -> Option<Vec<UnitId>> {
    let mut walk_of: BTreeMap<UnitId, UnitId> = BTreeMap::new();
    for &start in next_of.keys() {
        let mut at = start;
        while !walk_of.contains_key(&at) {
            walk_of.insert(at, start);
            match next_of.get(&at) {
                Some(&next) => at = next,
                None => break,
            }
        }
        let closed = next_of.contains_key(&at) && walk_of.get(&at) == Some(&start);
        if closed {
            return Some(cycle_through(at, next_of));
        }
    }
    None
}

/// The cycle that `on_cycle` lies on, from its lowest number on.
fn cycle_through(on_cycle: UnitId, next_of: &BTreeMap<UnitId, UnitId>) -> Vec<UnitId> {
    let successors = core::iter::successors(next_of.get(&on_cycle), |at| next_of.get(at));
    let mut cycle: Vec<UnitId> = core::iter::once(on_cycle)
        .chain(successors.copied().take_while(|&at| at != on_cycle))
        .collect();
    let lowest = (0..cycle.len()).min_by_key(|&index| cycle[index]);
    cycle.rotate_left(lowest.unwrap_or(0));
    cycle
}

impl Default for Device {
    fn default() -> Self {
        Self::new()
    }
}
