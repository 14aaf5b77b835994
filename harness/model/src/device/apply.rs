//! One record, one change of the device.

use ramscope_time::Instant;
use ramscope_wire::{
    CpuSample, EndReason, Fault, Hello, InterruptSample, LockEvent, LockOp, Object as ObjectRecord,
    ObjectId, ObjectKind, Overflow, OwnerSample, Panic, Program, ProgramPhase, Record, Region,
    Site, StackSample, State, Switch, UnitEnd as UnitEndRecord, UnitId, UnitKind, UnitNew,
    UnitState, Why,
};

use crate::device::boot::ResetCode;
use crate::device::unit::{Elapsed, Ending, Unit, UnitEnd, UnitKey};
use crate::device::{
    Boot, Device, HelloFacts, MemoryRegion, Object, Owner, ProgramRun, Reset, SourcePlace,
    Unmodelled, What,
};
use crate::finding::{Detail, Finding};
use crate::series::Series;

impl Device {
    /// Takes a record of the instant `at`.
    pub fn apply(&mut self, at: Instant, record: &Record<'_>) {
        let at = self.advance(at);
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
                self.heap.losses_seen = self.losses.serial();
            }
            Record::OwnerSample(sample) => self.sample_owner(at, sample),
            Record::CpuSample(sample) => self.sample_cpu(at, sample),
            Record::InterruptSample(sample) => self.sample_interrupts(at, sample),
            Record::Panic(panic) => self.note_panic(at, panic),
            Record::Overflow(overflow) => self.note_overflow(at, overflow),
            Record::Fault(fault) => self.note_fault(at, fault),
            Record::LockEvent(event) => self.note_lock(at, event),
            Record::Program(program) => self.note_program(at, program),
            Record::WindowOpened(opened) => {
                self.window = opened.window;
                self.log.push(at, What::WindowOpened(opened.window));
            }
            Record::Losses(losses) => self.note_dropped(at, losses.dropped),
            // The heap's samples carry the totals; single blocks are for traces.
            Record::Alloc(_) | Record::Free(_) => {}
        }
    }

    /// Moves the present on; it never goes back.
    pub fn advance(&mut self, at: Instant) -> Instant {
        self.now = self.now.max(at);
        self.now
    }

    /// Says that the device was reset, as somebody outside saw it.
    pub fn reset(&mut self, at: Instant, reason: &str) {
        let at = self.advance(at);
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
        self.end_all_units(at);
        let index = self.boot().index.saturating_add(1);
        self.by_id.clear();
        self.by_name.clear();
        self.objects.clear();
        self.sites.clear();
        self.regions.clear();
        self.running = None;
        self.dropped_this_boot = 0;
        self.boot = Boot { index, from: at };
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

    fn add_region(&mut self, region: &Region<'_>) {
        let known = |other: &MemoryRegion| {
            (other.base, other.bytes, other.kind) == (region.base, region.bytes, region.kind)
        };
        if self.regions.iter().any(known) {
            return;
        }
        let region = MemoryRegion {
            base: region.base,
            bytes: region.bytes,
            kind: region.kind,
            name: region.name.to_owned(),
        };
        push_bounded(&mut self.regions, region, &mut self.forgotten);
        self.regions.sort_by_key(|region| (region.base, region.bytes));
    }

    fn add_site(&mut self, site: &Site<'_>) {
        if self.sites.len() == Self::LIST_MAX && !self.sites.contains_key(&site.id) {
            self.forgotten += 1;
            return;
        }
        let place = SourcePlace { file: site.file.to_owned(), line: site.line };
        self.sites.insert(site.id, place);
    }

    fn name_object(&mut self, record: &ObjectRecord<'_>) {
        if let Some(object) = self.object_mut(record.object) {
            object.name = record.name.to_owned();
            object.kind = record.kind;
            object.owner = record.owner;
        }
    }

    fn object_mut(&mut self, id: ObjectId) -> Option<&mut Object> {
        if id == ObjectId::NONE {
            return None;
        }
        if self.objects.len() == Self::LIST_MAX && !self.objects.contains_key(&id) {
            self.forgotten += 1;
            return None;
        }
        let object = self.objects.entry(id);
        Some(object.or_insert_with(|| Object::unannounced(id)))
    }

    /// The unit, made up if it has never been heard of; `None` if there is no room.
    fn unit_mut(&mut self, at: Instant, id: UnitId) -> Option<&mut Unit> {
        if let Some(&index) = self.by_id.get(&id) {
            return Some(&mut self.units[index]);
        }
        if self.units.len() == Self::UNITS_MAX {
            self.forgotten += 1;
            return None;
        }
        let key = UnitKey { boot: self.boot.index, id };
        self.by_id.insert(id, self.units.len());
        self.units.push(Unit::unannounced(key, at));
        self.units.last_mut()
    }

    fn announce(&mut self, at: Instant, new: &UnitNew<'_>) {
        let Some(unit) = self.unit_mut(at, new.unit) else {
            return;
        };
        let first_time = !unit.announced;
        unit.announce(new);
        if first_time {
            self.name_unit(new.unit, new.name);
            let name = self.name_of(new.unit);
            let unit = new.unit;
            self.log.push(at, What::UnitStarted { unit, name });
        }
    }

    /// Gives a unit its name, and units of the same name that came later their number. Ids are
    /// serial, so the order of ids is the order of making, even if announcements were lost. What
    /// comes out of order is rare, so there is a bound on the work for it.
    fn name_unit(&mut self, id: UnitId, name: &str) {
        let namesakes = self.by_name.entry(name.to_owned()).or_default();
        let position = namesakes.partition_point(|&other| other < id);
        namesakes.insert(position, id);
        let later = namesakes.iter().enumerate().skip(position);
        for (index, other) in later.take(RENUMBERED_MAX) {
            self.units[self.by_id[other]].name = match index {
                0 => name.to_owned(),
                index => format!("{name}#{}", index + 1),
            };
        }
    }

    fn change_state(&mut self, at: Instant, change: &UnitState) {
        if change.state == State::Running {
            self.running = Some(change.unit);
        }
        if let Some(unit) = self.unit_mut(at, change.unit)
            && !unit.is_over()
        {
            unit.enter(at, change.state, change.why, change.object);
        }
    }

    fn switch(&mut self, at: Instant, switch: &Switch) {
        if let Some(left) = self.running.filter(|&left| left != switch.to)
            && let Some(unit) = self.unit_mut(at, left)
            && !unit.is_over()
        {
            unit.enter(at, switch.state_left, switch.why, unit.waits_for);
        }
        self.running = Some(switch.to);
        if let Some(unit) = self.unit_mut(at, switch.to) {
            unit.enter(at, State::Running, Why::None, ObjectId::NONE);
        }
    }

    fn end_unit(&mut self, at: Instant, record: &UnitEndRecord) {
        let losses_seen = self.losses.serial();
        let with_series = self.units.len() <= Self::UNITS_WITH_SERIES_MAX;
        let Some(unit) = self.unit_mut(at, record.unit) else {
            return;
        };
        if unit.is_over() {
            return;
        }
        let how = Ending::Ended(record.reason);
        unit.enter(at, State::Ended, Why::Ended, ObjectId::NONE);
        unit.end = Some(UnitEnd {
            at,
            how,
            code: record.code,
            quarantined_bytes: record.quarantined_bytes,
            losses_seen,
        });
        unit.stack.used = 0;
        unit.heap.current = record.quarantined_bytes;
        if !with_series {
            unit.stack.used_series = Series::new();
            unit.stack.peak_series = Series::new();
        }
        let name = unit.name.clone();
        for object in self.objects.values_mut() {
            object.forget_waiter(record.unit);
        }
        let (unit, code) = (record.unit, record.code);
        self.log.push(at, What::UnitEnded { unit, name, how });
        match record.reason {
            EndReason::Failed => self.find(at, Some(unit), Detail::Failed { code }),
            EndReason::Refused => self.find(at, Some(unit), Detail::Refused),
            _ => {}
        }
    }

    fn sample_stack(&mut self, at: Instant, sample: &StackSample) {
        let losses_seen = self.losses.serial();
        if let Some(unit) = self.unit_mut(at, sample.unit) {
            let used = if unit.is_over() { 0 } else { sample.used_now };
            let stack = &mut unit.stack;
            stack.sample(at, sample.stack_bytes, used, sample.peak_boot);
            stack.losses_seen = losses_seen;
        }
    }

    fn sample_owner(&mut self, at: Instant, sample: &OwnerSample) {
        let (current, peak, blocks) = (sample.current, sample.peak_boot, sample.blocks);
        let is_unit = matches!(
            sample.kind,
            ramscope_wire::OwnerKind::Thread
                | ramscope_wire::OwnerKind::Task
                | ramscope_wire::OwnerKind::Tasklet
        );
        let losses_seen = self.losses.serial();
        if is_unit {
            if let Some(unit) = self.unit_mut(at, sample.unit) {
                unit.heap.sample(at, current, peak, blocks);
                unit.heap.losses_seen = losses_seen;
            }
            return;
        }
        let key = (sample.kind, sample.unit);
        if self.owners.len() == Self::LIST_MAX && !self.owners.contains_key(&key) {
            self.forgotten += 1;
            return;
        }
        let owner = self.owners.entry(key).or_insert_with(|| Owner {
            kind: sample.kind,
            unit: sample.unit,
            heap: Default::default(),
        });
        owner.heap.sample(at, current, peak, blocks);
        owner.heap.losses_seen = losses_seen;
    }

    fn sample_cpu(&mut self, at: Instant, sample: &CpuSample) {
        let from = self.boot.from;
        let hello = self.hello.clone();
        let ticks_since =
            |since: Instant| hello.as_ref().map_or(0, |hello| hello.ticks_in(at.since(since)));
        let boot_ticks = ticks_since(from);
        let losses_seen = self.losses.serial();
        if let Some(unit) = self.unit_mut(at, sample.unit) {
            let elapsed = Elapsed {
                since_boot: boot_ticks,
                since_sample: ticks_since(unit.cpu.sampled_at.unwrap_or(from)),
            };
            unit.cpu.sample(at, sample.switches, sample.ticks, elapsed);
            unit.cpu.losses_seen = losses_seen;
            if sample.unit == UnitId::KERNEL && !unit.announced {
                unit.kind = UnitKind::Kernel;
                unit.name = "kernel".to_owned();
            }
        }
    }

    fn sample_interrupts(&mut self, at: Instant, sample: &InterruptSample) {
        let stack = &mut self.interrupts.stack;
        stack.sample(at, sample.stack_bytes, 0, sample.peak_boot);
        stack.losses_seen = self.losses.serial();
        self.interrupts.entries = sample.entries;
    }

    fn note_panic(&mut self, at: Instant, panic: &Panic<'_>) {
        let detail = Detail::Panic {
            file: panic.file.to_owned(),
            line: panic.line,
            message: panic.message.to_owned(),
        };
        self.find(at, Some(panic.unit), detail);
    }

    fn note_overflow(&mut self, at: Instant, overflow: &Overflow) {
        let stack_bytes = match overflow.in_handler {
            true => self.interrupts.stack.bytes,
            false => self.unit(overflow.unit).map_or(0, |unit| unit.stack.bytes),
        };
        let detail = Detail::Overflow {
            how: overflow.how,
            in_handler: overflow.in_handler,
            pc: overflow.pc,
            address: overflow.address,
            by_bytes: overflow.by_bytes,
            stack_bytes,
            wrote_into: None,
        };
        let losses_seen = self.losses.serial();
        if !overflow.in_handler
            && let Some(unit) = self.unit_mut(at, overflow.unit)
        {
            unit.stack.overflow(at, overflow.by_bytes);
            unit.stack.losses_seen = losses_seen;
        }
        self.find(at, Some(overflow.unit), detail);
    }

    fn note_fault(&mut self, at: Instant, fault: &Fault) {
        let detail = Detail::Fault {
            cause: fault.cause,
            pc: fault.pc,
            ra: fault.ra,
            address: fault.address,
            place: self.place_of(fault.address),
        };
        self.find(at, Some(fault.unit), detail);
    }

    fn note_lock(&mut self, at: Instant, event: &LockEvent) {
        let Some(object) = self.object_mut(event.lock) else {
            return;
        };
        object.kind = match object.name.is_empty() {
            true => ObjectKind::Lock,
            false => object.kind,
        };
        object.apply(at, event);
        if event.op == LockOp::Poisoned {
            let lock = object.name.clone();
            self.find(at, Some(event.unit), Detail::LockPoisoned { lock });
        }
    }

    fn note_program(&mut self, at: Instant, program: &Program<'_>) {
        let name = program.name.to_owned();
        match program.phase {
            ProgramPhase::Started => {
                let run = ProgramRun { name: name.clone(), started: at, ended: None };
                push_bounded(&mut self.programs, run, &mut self.forgotten);
                self.log.push(at, What::ProgramStarted { name });
            }
            ProgramPhase::Ended => {
                let ok = program.ok;
                let open = self.programs.iter_mut().rev();
                if let Some(run) =
                    open.filter(|run| run.ended.is_none()).find(|run| run.name == program.name)
                {
                    run.ended = Some((at, ok));
                }
                self.log.push(at, What::ProgramEnded { name, ok });
            }
            ProgramPhase::Unknown(_) => {}
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

/// The most units that get a new number because an earlier one of their name was told late.
const RENUMBERED_MAX: usize = 1_024;

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
