//! One record, one change of the device.

mod collections;
mod events;
mod facts;
mod modules;
mod samples;
mod timers;
mod units;
mod waits;
mod windows;

use ramscope_capture::{HeldBlock, HeldBy};
use ramscope_time::{Instant, Span};
use ramscope_wire::{Hello, ObjectOp, OwnerKind, Record, SiteId, UnitId, WindowId};

use crate::device::boot::ResetCode;
use crate::device::unit::{Ending, UnitEnd, UnitKey};
use crate::device::{
    Boot, Calls, Certainty, DeepestCalls, Device, FailedAllocation, HeldChain, HelloFacts,
    PeakChain, Reset, Unmodelled, What,
};
use crate::finding::{Detail, Finding};

/// An owner in the words of telemetry.
pub(crate) fn owner_of(held: HeldBy) -> (OwnerKind, UnitId) {
    (OwnerKind::from_code(held.kind), UnitId(held.unit))
}

impl Device {
    /// Takes a record of the instant `at`.
    pub fn apply(&mut self, at: Instant, record: &Record<'_>) {
        let at = self.advance_record(at);
        match record {
            Record::Hello(hello) => self.greet(at, hello),
            Record::Clock(_) => {}
            Record::Region(region) => self.add_region(region),
            Record::Site(site) => self.add_site(site),
            Record::Object(object) => self.name_object(object),
            Record::UnitNew(new) => self.announce(at, new),
            Record::UnitState(state) => self.change_state(at, state),
            Record::Switch(switch) => self.switch(at, switch),
            Record::UnitEnd(end) => self.end_unit(at, end),
            Record::StackSample(sample) => self.sample_stack(at, sample),
            Record::HeapSample(sample) => {
                self.heap.sample(at, sample);
                let losses = self.losses.serial();
                self.heap.losses_seen = losses;
                if let Some(window) = self.window_of(at, sample.window) {
                    window.sample_heap(at, losses, sample);
                }
            }
            Record::OwnerSample(sample) => self.sample_owner(at, sample),
            Record::CpuSample(sample) => self.sample_cpu(at, sample),
            Record::InterruptSample(sample) => self.sample_interrupts(at, sample),
            Record::Panic(panic) => self.note_panic(at, panic),
            Record::Overflow(overflow) => self.note_overflow(at, overflow),
            Record::Fault(fault) => self.note_fault(at, fault),
            Record::LockEvent(event) => self.note_lock(at, event),
            Record::ObjectEvent(event) => {
                if let Some(object) = self.object_mut(event.object) {
                    object.apply_event(at, event);
                }
                if event.op == ObjectOp::Leaked {
                    self.note_leak(at, (event.object, event.unit), event.site, false);
                }
            }
            Record::Deadlock(deadlock) => self.note_deadlock(at, deadlock),
            Record::DeadlockLink(link) => self.note_deadlock_link(link),
            Record::Suspension(suspension) => self.note_suspension(at, suspension),
            Record::Race(race) => self.note_race(at, race),
            Record::TimerNew(new) => self.announce_timer(at, new),
            Record::TimerSample(sample) => self.sample_timer(at, sample),
            Record::CallbackSample(sample) => self.callbacks.last = Some((at, *sample)),
            Record::CallbackWait(wait) => self.note_callback_wait(at, wait),
            Record::ClockLateness(sample) => self.sample_clock(at, sample),
            Record::Program(program) => self.note_program(at, program),
            Record::WindowOpened(opened) => self.open_window(at, opened),
            Record::InterruptTimes(sample) => self.sample_interrupt_times(at, sample),
            Record::Losses(losses) => self.note_dropped(at, losses.dropped),
            Record::HeapArea(area) => self.sample_area(area),
            Record::HeapShape(shape) => self.sample_shape(at, shape),
            Record::HeapRun(run) => self.draw_map(at, run),
            Record::HeapRefusal(refusal) => self.note_refusal(at, refusal),
            Record::HeapMark(mark) => self.mark_heap(at, mark),
            Record::SiteHolding(holding) => self.mark_holding(holding),
            Record::CollectBegan(began) => self.begin_collection(at, began),
            Record::CollectEnded(ended) => self.end_collection(at, ended),
            Record::CollectResumed(resumed) => self.note_resumed(at, resumed),
            Record::CollectKept(kept) => self.note_kept(at, kept),
            Record::CollectSample(sample) => self.sample_collections(at, sample),
            // The heap's samples carry the totals; single blocks are for traces.
            Record::Alloc(alloc) => self.traced.alloc(at, alloc),
            Record::AllocCalls(calls) => self.traced.calls(calls),
            Record::Free(free) => self.traced.freed(free),
            Record::ModuleNew(new) => self.announce_module(at, new),
            Record::ModulePhase(phase) => self.end_module_phase(at, phase),
            Record::ModuleSample(sample) => self.sample_module(at, sample),
            Record::ModulePin(pin) => self.note_pin(at, pin),
            Record::ModuleEnd(end) => self.end_module(at, end),
            Record::ModuleRefused(refused) => self.refuse_module(at, refused),
            Record::CommandDone(_) | Record::Steered(_) => {}
            Record::AllocationFailed(failed) => {
                let unit = self.name_of(failed.unit);
                let failed = FailedAllocation { at, unit, bytes: failed.bytes, site: failed.site };
                push_bounded(&mut self.failed_allocations, failed, &mut self.forgotten);
            }
            // These travel the other way.
            Record::OpenWindow(_) | Record::SendSamples(_) | Record::FailAllocation(_) => {}
            Record::FailByChance(_) | Record::Steer(_) => {}
        }
    }

    /// Moves the present on; it never goes back.
    pub fn advance(&mut self, at: Instant) -> Instant {
        self.now = self.now.max(at);
        self.now
    }

    /// Moves the present on to a record. Records come in pieces, which other streams may have
    /// overtaken; they keep their own time all the same, and their own order.
    fn advance_record(&mut self, at: Instant) -> Instant {
        self.advance(at);
        self.record_at = self.record_at.max(at);
        self.record_at
    }

    /// Says that the device was reset, as somebody outside saw it.
    pub fn reset(&mut self, at: Instant, reason: &str) {
        let at = self.advance(at);
        self.record_at = at;
        self.begin_boot(at, reason.to_owned());
        self.awaits_hello = true;
    }

    /// Says that records are missing, as their sequence numbers show.
    pub fn lose_records(&mut self, at: Instant, count: u64) {
        if count == 0 {
            return;
        }
        let at = self.advance(at);
        self.losses.records = self.losses.records.saturating_add(count);
        self.losses.last_at = Some(at);
        self.traced.give_up();
        self.log.push(at, What::Lost(count));
    }

    /// Says that bytes arrived that are no telemetry.
    pub fn damage(&mut self, at: Instant, bytes: u64) {
        if bytes == 0 {
            return;
        }
        let at = self.advance(at);
        self.losses.damaged_bytes = self.losses.damaged_bytes.saturating_add(bytes);
        self.losses.last_at = Some(at);
    }

    /// Says what the machine's observer saw: a store below the stack of `unit` that the device did
    /// not notice.
    pub fn unseen_overflow(&mut self, at: Instant, overflow: UnseenOverflow) {
        let at = self.advance(at);
        let unit = UnitId(overflow.unit);
        let stack_bytes = self.unit(unit).map_or(0, |unit| unit.stack.bytes);
        let detail = Detail::OverflowUnseen {
            pc: overflow.pc,
            address: overflow.address,
            by_bytes: overflow.limit.saturating_sub(overflow.address),
            stack_bytes,
            victim: self.place_of(overflow.address),
        };
        self.find(at, Some(unit), detail);
    }

    /// Says who got the processor when, as the machine's observer saw it. What the device itself
    /// tells of its switches says more, so from then on that counts.
    pub(crate) fn observe_switches(&mut self, from: Instant, gaps: &[u64], units: &[u32]) {
        let boot = self.boot.index;
        let mut at = from;
        let gaps = gaps.iter().copied().chain([0]);
        for (&unit, gap) in units.iter().zip(gaps) {
            self.history.observe(at, UnitKey { boot, id: UnitId(unit) });
            at += Span::from_picos(gap);
        }
    }

    /// Says where a unit stood when the run ended, as the machine's observer saw it.
    pub(crate) fn observe_calls(&mut self, unit: u32, pc: u32, callers: Vec<u32>) {
        let unit = UnitKey { boot: self.boot.index, id: UnitId(unit) };
        push_bounded(&mut self.calls, Calls { unit, pc, callers }, &mut self.forgotten);
    }

    /// Says who had called whom when a unit's stack was deepest, as the machine's observer saw it. Told
    /// again, it takes the place of what was told before. `at` and `calls` hold instructions, then their
    /// stack pointers.
    pub fn observe_deepest(&mut self, unit: u32, at: (u32, u32), calls: (&[u32], &[u32])) {
        let key = UnitKey { boot: self.boot.index, id: UnitId(unit) };
        let stack = self.unit_by_key(key).map(|unit| &unit.stack).filter(|it| it.bytes > 0);
        let end = stack.map(|stack| stack.base.saturating_add(stack.bytes));
        let chain = DeepestCalls::of(key, at, calls, end);
        // What is not told here changes no verdict, so it does not count as forgotten.
        match self.deepest.iter().position(|known| known.unit == key) {
            Some(index) => self.deepest[index] = chain,
            None if self.deepest.len() < Self::LIST_MAX => self.deepest.push(chain),
            None => {}
        }
    }

    /// Says which calls led to blocks in use when the run ended, as the machine's observer saw it.
    pub(crate) fn observe_held(
        &mut self,
        (unit, site): (u32, u16),
        callers: Vec<u32>,
        owner: Option<HeldBy>,
        blocks: &[HeldBlock],
    ) {
        let chain = HeldChain {
            unit: UnitKey { boot: self.boot.index, id: UnitId(unit) },
            owner: owner.map(owner_of),
            site: SiteId(site),
            callers,
            certainty: Certainty::Exact,
            blocks: blocks.iter().map(|block| (block.at, block.bytes)).collect(),
        };
        // What a machine saw takes the place of what the device told. What is not told here changes no
        // verdict, so it does not count as forgotten.
        self.held.retain(|known| known.certainty == Certainty::Exact);
        if self.held.len() < Self::LIST_MAX {
            self.held.push(chain);
        }
    }

    /// Says which calls led to what was in use when most was. Of a later peak it is another list.
    pub fn observe_peak(&mut self, chain: PeakChain) {
        if self
            .at_peak
            .first()
            .is_some_and(|it| (it.at, it.certainty) != (chain.at, chain.certainty))
        {
            self.at_peak.clear();
        }
        let is_same = |known: &PeakChain| {
            (known.unit, known.owner, known.site) == (chain.unit, chain.owner, chain.site)
                && known.callers == chain.callers
        };
        match self.at_peak.iter().position(is_same) {
            Some(index) => self.at_peak[index] = chain,
            None if self.at_peak.len() < Self::LIST_MAX => self.at_peak.push(chain),
            None => {}
        }
    }

    /// Says that firmware used a register that the machine does not model.
    pub fn unmodelled_access(&mut self, access: Unmodelled) {
        let known = self.unmodelled.iter().any(|known| known.address == access.address);
        if known {
            return;
        }
        push_bounded(&mut self.unmodelled, access, &mut self.forgotten);
    }

    /// Keeps a note of an observer.
    pub fn observer_note(&mut self, note: String) {
        push_bounded(&mut self.notes, note, &mut self.forgotten);
    }

    /// Whether a hello is of another boot than the current one, of which nobody has told yet: the
    /// device counts another boot, or cannot count and its time went back.
    pub(crate) fn is_another_boot(&self, hello: &Hello<'_>) -> bool {
        !self.awaits_hello
            && self
                .hello
                .as_ref()
                .is_some_and(|last| last.boot != hello.boot || last.ticks > hello.ticks)
    }

    /// Says that the device speaks a version of the telemetry that we do not know.
    pub(crate) fn refuse_version(&mut self, version: u16) {
        self.refused_version = Some(version);
    }

    fn greet(&mut self, at: Instant, hello: &Hello<'_>) {
        if self.is_another_boot(hello) {
            self.begin_boot(at, ResetCode(hello.reset_reason).to_string());
        }
        self.awaits_hello = false;
        self.hello = Some(HelloFacts::new(hello));
        self.note_dropped(at, hello.dropped);
    }

    fn begin_boot(&mut self, at: Instant, reason: String) {
        self.traced.device_reset();
        self.end_all_units(at);
        for run in &mut self.programs {
            run.ended.get_or_insert((at, false));
        }
        let index = self.boot().index.saturating_add(1);
        self.by_id.clear();
        self.by_name.clear();
        self.objects.clear();
        self.sites.clear();
        self.regions.clear();
        self.layout.begin_boot();
        self.running = None;
        self.history.stop(at);
        self.dropped_this_boot = 0;
        self.boot = Boot { index, from: at };
        self.enter_window(at, WindowId::BOOT);
        self.log.push(at, What::Reset { reason: reason.clone() });
        let detail = Detail::Reset { reason: reason.clone() };
        self.find(at, None, detail);
        push_bounded(&mut self.resets, Reset { at, reason }, &mut self.forgotten);
    }

    fn end_all_units(&mut self, at: Instant) {
        let losses_seen = self.losses.serial();
        for &index in self.by_id.values() {
            let unit = &mut self.units[index];
            unit.end.get_or_insert(UnitEnd {
                at,
                how: Ending::Reset,
                code: 0,
                quarantined_bytes: 0,
                losses_seen,
            });
        }
    }
    /// The device counts since boot, so the difference to the last count is new.
    fn note_dropped(&mut self, at: Instant, dropped: u32) {
        let new = dropped.saturating_sub(self.dropped_this_boot);
        if new > 0 {
            self.dropped_this_boot = dropped;
            self.losses.dropped = self.losses.dropped.saturating_add(u64::from(new));
            self.losses.last_at = Some(at);
        }
    }

    /// Notes a finding.
    fn find(&mut self, at: Instant, unit: Option<UnitId>, detail: Detail) {
        let boot = self.boot.index;
        let finding = Finding {
            at,
            unit: unit.map(|id| UnitKey { boot, id }),
            unit_name: unit.map(|id| self.name_of(id)),
            detail,
        };
        if push_bounded(&mut self.findings, finding, &mut self.forgotten) {
            self.log.push(at, What::Found(self.findings.len() - 1));
        }
    }
}

/// What the machine's observer knows of a store below a stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnseenOverflow {
    /// Whose stack it is.
    pub unit: u32,
    /// The instruction.
    pub pc: u32,
    /// The lowest address that the stack may use.
    pub limit: u32,
    /// Where the store went.
    pub address: u32,
}

/// Appends if there is room; counts what there is no room for.
fn push_bounded<T>(list: &mut Vec<T>, item: T, forgotten: &mut u64) -> bool {
    let has_room = list.len() < Device::LIST_MAX;
    match has_room {
        true => list.push(item),
        false => *forgotten = forgotten.saturating_add(1),
    }
    has_room
}
