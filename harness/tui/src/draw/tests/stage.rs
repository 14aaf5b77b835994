//! A device made by hand: records in, as the firmware would send them.

use ramscope_capture::Stream;
use ramscope_model::{Device, Feed, Inlined, MachineFacts, NoSymbols, Symbol, Symbols};
use ramscope_time::{Instant, Span};
use ramscope_wire::{
    BlockState, Board, CallbackSample, CpuSample, EndReason, HeapArea, HeapRun, HeapSample,
    HeapShape, Hello, InterruptSample, Level, LockEvent, LockOp, ModuleEnd, ModuleId, ModuleNew,
    ModulePhase, ModulePhaseKind, ModulePin, ModuleSample, ModuleState, Object, ObjectEvent,
    ObjectId, ObjectKind, ObjectOp, Overflow, OverflowHow, OwnerKind, OwnerSample, Panic, PinKind,
    Program, ProgramPhase, Record, SiteId, StackSample, State, TimerMode, TimerNew, TimerSample,
    UnitEnd, UnitId, UnitKind, UnitNew, UnitState, Why, WindowId,
};

use crate::scene::{MachineState, Recording, Scene};

/// Device time that the demo has run for.
pub(super) const LENGTH: Span = Span::from_millis(12_340);
const HZ: u32 = 160_000_000;
const HEAP_BYTES: u32 = 356_984;

/// The names of the worker's functions.
pub(super) struct Working;

impl Symbols for Working {
    fn function_at(&self, pc: u32) -> Option<Symbol> {
        let inlined = Inlined {
            function: "apps::demo::Readings::push".into(),
            place: ("firmware/apps/src/demo/readings.rs".into(), 118),
        };
        let name = ["ramscope_kernel::sched::yield_now", "apps::demo::worker", "apps::demo::run"];
        let name = name.get((pc as usize).checked_sub(1)?)?;
        Some(Symbol {
            function: (*name).into(),
            place: Some(("firmware/apps/src/demo.rs".into(), 60 + pc)),
            inlined: if pc == 2 { vec![inlined] } else { Vec::new() },
        })
    }
}

pub(super) struct Stage {
    pub(super) device: Device,
    pub(super) machine: MachineState,
    pub(super) now: Instant,
    pub(super) recording: Recording,
    target: MachineFacts,
    /// Only its console is of use: records go to the device without their bytes.
    feed: Feed,
    records: u64,
}

impl Stage {
    /// A machine that has just been powered on.
    pub(super) fn new() -> Self {
        Self {
            device: Device::new(),
            machine: MachineState::Able,
            now: Instant::ZERO,
            recording: Recording::On,
            target: MachineFacts {
                name: "engine esp32c3".into(),
                time_model: "one instruction = one CPU cycle, no cache, no wait states".into(),
                clock_hz: Some(HZ),
                instructions: Some(0),
            },
            feed: Feed::new(),
            records: 0,
        }
    }

    /// A demo that has run for a while: threads in many states, one of them tight, one over.
    pub(super) fn demo() -> Self {
        let mut stage = Self::new();
        stage.begin();
        for sample in 1..=123_u32 {
            stage.now = Instant::ZERO + Span::from_millis(100 * u64::from(sample));
            stage.heap(10_000 + 1_040 * (sample % 16) + if sample == 70 { 9_000 } else { 0 });
        }
        stage.threads();
        stage.owner(OwnerKind::Kernel, UnitId::KERNEL, 464, 464);
        for second in 1..=12 {
            stage.now = Instant::ZERO + Span::from_millis(1_000 * second);
            stage.print(&format!("logger: {} readings", 6 * second));
        }
        stage.now = Instant::ZERO + LENGTH;
        stage
    }

    fn begin(&mut self) {
        self.apply(&Record::Hello(Hello {
            version: ramscope_wire::VERSION,
            board: Board::Esp32c3,
            build_id: 1,
            timestamp_hz: HZ,
            ticks: 0,
            boot: 1,
            reset_reason: 1,
            level: Level::Events,
            dropped: 0,
            name: "esp32c3",
        }));
        self.apply(&Record::Program(Program {
            phase: ProgramPhase::Started,
            ok: false,
            name: "demo",
        }));
        self.apply(&Record::Object(Object {
            object: ObjectId(1),
            kind: ObjectKind::Lock,
            owner: UnitId::MAIN,
            name: "readings",
        }));
        self.print("ramscope 0.1.0 on esp32c3: ready");
        self.print("> run demo seconds=3600");
    }

    fn threads(&mut self) {
        self.thread(UnitId::MAIN, "main", 8, 8192, 688);
        self.state(UnitId::MAIN, State::Blocked, Why::Join);
        self.thread(UnitId(2), "console", 12, 2560, 1136);
        self.state(UnitId(2), State::Running, Why::None);
        self.thread(UnitId(3), "sampler", 8, 2048, 352);
        self.state(UnitId(3), State::Blocked, Why::Sleep);
        self.thread(UnitId(4), "worker", 7, 3072, 2800);
        self.state(UnitId(4), State::Ready, Why::Preempted);
        self.thread(UnitId(5), "logger", 8, 2048, 496);
        self.state(UnitId(5), State::Blocked, Why::Lock);
        self.thread(UnitId(6), "visitor", 8, 1024, 176);
        self.end(UnitId(6), EndReason::Returned);
        self.thread(UnitId(7), "visitor", 8, 1024, 176);
        self.state(UnitId(7), State::Blocked, Why::Sleep);
        self.cpu(UnitId::KERNEL, 9_000);
        self.apply(&Record::StackSample(stack(UnitId::KERNEL, 256, 128)));
        self.apply(&Record::InterruptSample(InterruptSample {
            stack_bytes: 1024,
            peak_boot: 512,
            peak_window: 512,
            entries: 1_244,
            window: WindowId::BOOT,
        }));
    }

    /// A thread, announced and sampled.
    pub(super) fn thread(&mut self, unit: UnitId, name: &str, priority: u8, bytes: u32, peak: u32) {
        self.apply(&Record::UnitNew(UnitNew {
            unit,
            parent: UnitId::MAIN,
            kind: UnitKind::Thread,
            priority,
            site: SiteId::NONE,
            stack_base: 0x3fc9_0000,
            stack_bytes: bytes,
            stack_requested_bytes: bytes,
            name,
        }));
        self.apply(&Record::StackSample(stack(unit, bytes, peak)));
        self.owner(OwnerKind::Thread, unit, bytes + 88, bytes + 10 * peak);
        self.cpu(unit, 25);
    }

    fn state(&mut self, unit: UnitId, state: State, why: Why) {
        let object = match why {
            Why::Lock => ObjectId(1),
            _ => ObjectId::NONE,
        };
        self.apply(&Record::UnitState(UnitState { unit, state, why, object }));
    }

    pub(super) fn end(&mut self, unit: UnitId, reason: EndReason) {
        self.apply(&Record::UnitEnd(UnitEnd {
            unit,
            reason,
            quarantined: false,
            code: 0,
            quarantined_bytes: 0,
        }));
    }

    pub(super) fn panic(&mut self, unit: UnitId, file: &str, line: u32, message: &str) {
        self.apply(&Record::Panic(Panic { unit, line, file, message }));
    }

    pub(super) fn overflow(&mut self, unit: UnitId, how: OverflowHow, by_bytes: u32) {
        self.apply(&Record::Overflow(Overflow {
            unit,
            how,
            in_handler: false,
            pc: 0x4200_1234,
            sp: 0x3fc8_ff6c,
            limit: 0x3fc9_0000,
            address: 0x3fc8_ff6c,
            by_bytes,
        }));
    }

    fn heap(&mut self, used: u32) {
        let peak = self.device.heap().peak.max(used);
        self.apply(&Record::HeapSample(HeapSample {
            total: HEAP_BYTES,
            used,
            free: HEAP_BYTES - used,
            peak_boot: peak,
            peak_window: peak,
            largest_free: 290_800,
            free_blocks: 5,
            used_blocks: 20,
            quarantined: 0,
            window: WindowId::BOOT,
        }));
    }

    fn owner(&mut self, kind: OwnerKind, unit: UnitId, current: u32, peak: u32) {
        self.apply(&Record::OwnerSample(OwnerSample {
            kind,
            unit,
            current,
            peak_boot: peak,
            peak_window: peak,
            blocks: 3,
            window: WindowId::BOOT,
        }));
    }

    /// A share of the processor since boot, in hundredths of a per cent.
    fn cpu(&mut self, unit: UnitId, share: u64) {
        let millis = self.now.since(Instant::ZERO).as_millis();
        self.apply(&Record::CpuSample(CpuSample {
            unit,
            switches: 100,
            ticks: millis * u64::from(HZ / 1_000) * share / 10_000,
            window: WindowId::BOOT,
        }));
    }

    /// Two timers, one in trouble, and two locks of which one is wanted.
    pub(super) fn busy(mut self) -> Self {
        self.timer(2, "sensor", TimerMode::Periodic, 20, [617, 617, 0, 0, 0, 41_300]);
        self.timer(3, "publisher", TimerMode::OneShot, 1_500, [1, 0, 0, 1, 0, 0]);
        self.apply(&Record::CallbackSample(CallbackSample {
            queued: 625,
            delivered: 624,
            refused: 2,
            dropped: 1,
            failed: 0,
            waiting_peak: 8,
            longest_wait_ns: 45_000,
            longest_run_ns: 12_345_600,
            window: WindowId::BOOT,
        }));
        self.object(4, ObjectKind::Queue, "commands");
        for unit in [3, 4] {
            self.lock(1, unit, LockOp::Acquired);
        }
        self.lock(1, 5, LockOp::Waiting);
        self.now += Span::from_millis(1_500);
        self.lock(1, 7, LockOp::Waiting);
        let op = ObjectOp::Waiting;
        let (object, unit, site) = (ObjectId(4), UnitId::MAIN, SiteId::NONE);
        self.apply(&Record::ObjectEvent(ObjectEvent { object, unit, op, site, value: 0 }));
        self
    }

    /// A module that is loaded, one that something keeps, and one that is gone.
    pub(super) fn modules(mut self) -> Self {
        for (number, name, file, block) in
            [(1, "sysfont", 17_896, 14_808), (2, "bot", 52_112, 28_904), (3, "hello", 9_824, 7_048)]
        {
            self.module(number, name, file, block);
        }
        let module = ModuleId(2);
        for (kind, holder, bytes) in [(PinKind::Name, 1, 0), (PinKind::Unit, 3, 2_128)] {
            self.apply(&Record::ModulePin(ModulePin { module, kind, holder, bytes }));
        }
        self.module_sample(2, ModuleState::Held, 2, 29_064);
        let module = ModuleId(3);
        let end = ModuleEnd { module, freed: 7_176, leftover: 64, leftover_blocks: 2 };
        self.apply(&Record::ModuleEnd(end));
        self
    }

    /// A heap of two areas that has told its map.
    pub(super) fn divided(mut self) -> Self {
        for (area, name, base, bytes, used) in
            [(0, "main", 0x3FC9_0000, 262_144, 45_056), (1, "bootloader", 0x3FCD_0000, 65_536, 0)]
        {
            self.apply(&Record::HeapArea(HeapArea {
                area,
                base,
                bytes,
                used,
                free: bytes - used,
                largest_free: bytes - used - used / 4,
                used_blocks: used / 1024,
                free_blocks: 3,
                name,
            }));
        }
        self.apply(&Record::HeapShape(HeapShape {
            free: 282_624,
            fragmented: 11_264,
            max_new_split: 0,
            free_of_16: [0, 2, 0, 1],
            free_of_256: [0, 0, 0, 1],
            free_of_4096: [0, 0, 0, 0],
            free_of_65536: [1, 1, 0, 0],
        }));
        self.map();
        self
    }

    fn map(&mut self) {
        let (used, free) = (BlockState::Used, BlockState::Free);
        let pieces = [
            (0x3FC9_0000, 16_384, used, OwnerKind::Kernel, 0),
            (0x3FC9_4000, 11_264, free, OwnerKind::Kernel, 0),
            (0x3FC9_6C00, 21_504, used, OwnerKind::Thread, 3),
            (0x3FC9_C000, 7_168, BlockState::Quarantined, OwnerKind::Thread, 5),
            (0x3FC9_DC00, 205_824, free, OwnerKind::Kernel, 0),
            (0x3FCD_0100, 65_280, free, OwnerKind::Kernel, 0),
        ];
        for (index, (start, bytes, state, owner_kind, unit)) in pieces.into_iter().enumerate() {
            self.apply(&Record::HeapRun(HeapRun {
                map: 1,
                index: index as u16,
                is_last: index + 1 == pieces.len(),
                start,
                bytes,
                blocks: 1,
                state,
                owner_kind,
                owner: UnitId(unit),
                site: SiteId(0),
            }));
        }
    }

    fn module(&mut self, number: u32, name: &str, file: u32, block: u32) {
        let module = ModuleId(number);
        let mut phase = |phase, taken, given_back, held: u32| {
            let peak = held.max(held + given_back);
            let record = ModulePhase { module, phase, ok: true, taken, given_back, held, peak };
            self.apply(&Record::ModulePhase(record));
        };
        phase(ModulePhaseKind::Find, 160, 0, 160);
        phase(ModulePhaseKind::Read, file, 0, 160 + file);
        phase(ModulePhaseKind::Parse, 0, 0, 160 + file);
        phase(ModulePhaseKind::Link, block, file, 160 + block);
        phase(ModulePhaseKind::Initialise, 0, 0, 160 + block);
        self.apply(&Record::ModuleNew(ModuleNew {
            module,
            code_base: 0x4039_0000,
            code_bytes: block / 2,
            data_base: 0x3FC9_0000 + block / 2,
            data_bytes: block / 2,
            checksum: number,
            major: 1,
            minor: 0,
            patch: 0,
            name,
        }));
        self.module_sample(number, ModuleState::Loaded, 2, 160 + block);
    }

    fn module_sample(&mut self, number: u32, state: ModuleState, pins: u8, current: u32) {
        let module = ModuleId(number);
        self.apply(&Record::ModuleSample(ModuleSample {
            module,
            state,
            pins,
            current,
            import_peak: current,
            peak_boot: current,
            peak_window: current,
            window: WindowId::BOOT,
        }));
    }

    /// So many timers more.
    pub(super) fn timers(mut self, count: u32) -> Self {
        for object in 100..100 + count {
            self.timer(object, "many", TimerMode::Periodic, 100, [0; 6]);
        }
        self
    }

    fn timer(&mut self, object: u32, name: &str, mode: TimerMode, millis: u64, counts: [u32; 6]) {
        let timer = ObjectId(object);
        let (unit, site, period_ns) = (UnitId::MAIN, SiteId::NONE, millis * 1_000_000);
        let new = TimerNew { timer, id: u16::MAX, mode, unit, site, period_ns, name };
        self.apply(&Record::TimerNew(new));
        let [fired, delivered, coalesced, dropped, late, worst_ns] = counts;
        self.apply(&Record::TimerSample(TimerSample {
            timer,
            fired,
            delivered,
            coalesced,
            dropped,
            late,
            last_ns: worst_ns / 2,
            worst_ns,
            worst_window_ns: worst_ns,
            window: WindowId::BOOT,
        }));
    }

    pub(super) fn object(&mut self, object: u32, kind: ObjectKind, name: &str) {
        let (object, owner) = (ObjectId(object), UnitId::MAIN);
        self.apply(&Record::Object(Object { object, kind, owner, name }));
    }

    pub(super) fn lock(&mut self, lock: u32, unit: u32, op: LockOp) {
        let (lock, unit, site) = (ObjectId(lock), UnitId(unit), SiteId::NONE);
        self.apply(&Record::LockEvent(LockEvent { lock, unit, op, site }));
    }

    /// Prints a line on the device's console.
    pub(super) fn print(&mut self, line: &str) {
        let text = format!("{line}\n");
        self.feed.push(Stream::Uart0, self.now, text.as_bytes());
    }

    fn apply(&mut self, record: &Record<'_>) {
        self.device.apply(self.now, record);
        self.records += 1;
    }

    pub(super) fn scene(&self) -> Scene<'_> {
        Scene {
            device: &self.device,
            console: self.feed.console(),
            symbols: &NoSymbols,
            target: &self.target,
            now: self.now,
            records: self.records,
            machine: &self.machine,
            recording: self.recording,
            pictures: &[],
        }
    }
}

fn stack(unit: UnitId, stack_bytes: u32, peak: u32) -> StackSample {
    StackSample {
        unit,
        stack_bytes,
        used_now: peak / 2,
        peak_boot: peak,
        peak_window: peak,
        window: WindowId::BOOT,
    }
}
