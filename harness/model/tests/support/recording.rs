//! Captures made by hand: what a device would have sent, record by record.

#![allow(dead_code, reason = "each test binary uses another part")]

use std::collections::BTreeMap;

use ramscope_capture::{
    Capture, HowEnded, ObserverEvent, Recorder, StepEvent, StepEventKind, Stream,
};
use ramscope_model::{HostFacts, ImageFacts, MachineFacts, SymbolTable};
use ramscope_scenario::{Capabilities, PlanOptions, Run, TargetKind, TargetOffer};
use ramscope_time::Instant;
use ramscope_wire::{
    Board, CpuSample, HeapSample, Hello, Level, OwnerKind, OwnerSample, Payload, Record, Region,
    RegionKind, SiteId, StackSample, UnitId, UnitKind, UnitNew, WindowId, write_record,
};

/// The tick rate of the recorded device, in hertz.
pub(crate) const HZ: u32 = 160_000_000;

/// A capture that grows.
#[derive(Clone)]
pub(crate) struct Recording {
    recorder: Recorder,
    now_ms: u64,
    seq: u16,
    last_ticks: u64,
    pub(crate) boot: u32,
    boot_ms: u64,
    pub(crate) symbols: SymbolTable,
}

impl Recording {
    /// A device that has just said hello at millisecond 1.
    pub(crate) fn new() -> Self {
        let mut recording = Self {
            recorder: Recorder::new(),
            now_ms: 1,
            seq: 0,
            last_ticks: 0,
            boot: 1,
            boot_ms: 0,
            symbols: SymbolTable::default(),
        };
        recording.hello();
        recording.region(0x3fc8_8000, 0x1_0000, RegionKind::HeapArea, "heap");
        recording.region(0x3fc9_8000, 0x1000, RegionKind::Bss, "bss");
        recording
    }

    /// A device that says nothing.
    pub(crate) fn silent() -> Self {
        Self {
            recorder: Recorder::new(),
            now_ms: 1,
            seq: 0,
            last_ticks: 0,
            boot: 1,
            boot_ms: 0,
            symbols: SymbolTable::default(),
        }
    }

    /// Moves on to a millisecond of device time.
    pub(crate) fn at(&mut self, ms: u64) -> &mut Self {
        self.now_ms = ms;
        self
    }

    pub(crate) fn now(&self) -> Instant {
        Instant::from_picos(self.now_ms * 1_000_000_000)
    }

    fn ticks(&self) -> u64 {
        (self.now_ms - self.boot_ms) * u64::from(HZ) / 1_000
    }

    /// Sends a record.
    pub(crate) fn record<'a>(&mut self, record: impl Into<Record<'a>>) -> &mut Self {
        let record = record.into();
        let mut words: Vec<u32> = Vec::with_capacity(2 + record.payload_words());
        let dt = self.ticks() - self.last_ticks;
        self.last_ticks = self.ticks();
        write_record(&record, self.seq, dt as u32, &mut words);
        self.seq = self.seq.wrapping_add(1);
        let bytes: Vec<u8> = words.into_iter().flat_map(u32::to_le_bytes).collect();
        self.recorder.append(Stream::Ring, self.now(), &bytes);
        self
    }

    /// Drops records.
    pub(crate) fn lose(&mut self, records: u16) -> &mut Self {
        self.seq = self.seq.wrapping_add(records);
        self
    }

    pub(crate) fn raw(&mut self, stream: Stream, bytes: &[u8]) -> &mut Self {
        self.recorder.append(stream, self.now(), bytes);
        self
    }

    pub(crate) fn hello(&mut self) -> &mut Self {
        self.last_ticks = self.ticks();
        let hello = Hello {
            version: ramscope_wire::VERSION,
            board: Board::Esp32c3,
            build_id: 0x1234,
            timestamp_hz: HZ,
            ticks: self.ticks(),
            boot: self.boot,
            reset_reason: 3,
            level: Level::Events,
            dropped: 0,
            name: "ramscope-esp32c3",
        };
        self.record(hello)
    }

    pub(crate) fn region(
        &mut self,
        base: u32,
        bytes: u32,
        kind: RegionKind,
        name: &str,
    ) -> &mut Self {
        self.record(Region { base, bytes, kind, name })
    }

    /// The device starts again.
    pub(crate) fn reboot(&mut self) -> &mut Self {
        self.boot += 1;
        self.boot_ms = self.now_ms;
        self.seq = 0;
        self.hello()
    }

    pub(crate) fn thread(&mut self, id: u32, name: &str, base: u32, bytes: u32) -> &mut Self {
        self.record(UnitNew {
            unit: UnitId(id),
            parent: UnitId::MAIN,
            kind: UnitKind::Thread,
            priority: 8,
            site: SiteId::NONE,
            stack_base: base,
            stack_bytes: bytes,
            stack_requested_bytes: bytes,
            name,
        })
    }

    pub(crate) fn stack(&mut self, id: u32, bytes: u32, used: u32, peak: u32) -> &mut Self {
        self.record(StackSample {
            unit: UnitId(id),
            stack_bytes: bytes,
            used_now: used,
            peak_boot: peak,
            peak_window: peak,
            window: WindowId::BOOT,
        })
    }

    pub(crate) fn cpu(&mut self, id: u32, switches: u32, ticks: u64) -> &mut Self {
        self.record(CpuSample { unit: UnitId(id), switches, ticks, window: WindowId::BOOT })
    }

    pub(crate) fn heap(&mut self, used: u32, peak: u32) -> &mut Self {
        let total = 65_536;
        self.record(HeapSample {
            total,
            used,
            free: total - used,
            peak_boot: peak,
            peak_window: peak,
            largest_free: total - peak,
            free_blocks: 1,
            used_blocks: 7,
            quarantined: 0,
            window: WindowId::BOOT,
        })
    }

    pub(crate) fn owner(&mut self, kind: OwnerKind, id: u32, current: u32, peak: u32) -> &mut Self {
        self.record(OwnerSample {
            kind,
            unit: UnitId(id),
            current,
            peak_boot: peak,
            peak_window: peak,
            blocks: 3,
            window: WindowId::BOOT,
        })
    }

    pub(crate) fn step(&mut self, index: u32, kind: StepEventKind, detail: &str) -> &mut Self {
        let instant = self.now();
        let event = StepEvent { index, kind, instant, detail: detail.to_owned() };
        self.recorder.event(instant, &event);
        self
    }

    pub(crate) fn done(&mut self, index: u32, detail: &str) -> &mut Self {
        self.step(index, StepEventKind::Started, "");
        self.now_ms += 100;
        self.step(index, StepEventKind::Finished, detail)
    }

    pub(crate) fn observe(&mut self, event: &ObserverEvent) -> &mut Self {
        let now = self.now();
        self.recorder.event(now, event);
        self
    }

    pub(crate) fn ends(&mut self, how: &HowEnded) -> &mut Self {
        let now = self.now();
        self.recorder.event(now, how);
        self
    }

    /// The capture of a run of the scenario.
    pub(crate) fn capture(&self, scenario: &str) -> Capture {
        let mut recorder = self.recorder.clone();
        recorder.host(facts(scenario, self.symbols.clone()).to_host_part());
        recorder.finish()
    }
}

/// The host part of a run of the scenario.
pub(crate) fn facts(scenario: &str, symbols: SymbolTable) -> HostFacts {
    HostFacts {
        schema: HostFacts::SCHEMA,
        tool: "ramscope 0.1.0".to_owned(),
        run: run(scenario),
        machine: MachineFacts {
            name: "engine esp32c3".to_owned(),
            clock_hz: Some(HZ),
            time_model: "one instruction = one cycle, no cache, no wait states".to_owned(),
            instructions: Some(182_331),
        },
        image: ImageFacts { name: "esp32c3.elf".to_owned(), hash: "0a1b2c3d".to_owned() },
        replay: "cargo run --release -- replay target/ramscope/runs/x.ramscope".to_owned(),
        symbols,
        times: None,
        earlier_attempts: Vec::new(),
        bundle: None,
    }
}

/// The one run of a scenario on the engine.
pub(crate) fn run(scenario: &str) -> Run {
    let parsed = ramscope_scenario::parse("scenarios/x.yaml", scenario);
    let scenario = match parsed.scenario {
        Some(scenario) => scenario,
        None => panic!("{:?}", parsed.problems),
    };
    let able = Capabilities {
        windows: true,
        repeats: true,
        allocation_faults: true,
        uart_faults: true,
        ..Capabilities::default()
    };
    let offers = BTreeMap::from([(TargetKind::Engine, TargetOffer::Available(able))]);
    let options = PlanOptions { offers, ..PlanOptions::default() };
    let mut plan = ramscope_scenario::plan(&[scenario], &options);
    plan.runs.remove(0)
}

/// A scenario of two steps with these settings under `ramscope:`.
pub(crate) fn scenario(settings: &str) -> String {
    let head =
        "name: counting\nversion: 1\nsteps:\n- name: boot\n  wait-serial: ready\n- delay: 1s\n";
    if settings.is_empty() {
        return head.to_owned();
    }
    let indented: Vec<String> = settings.lines().map(|line| format!("  {line}\n")).collect();
    format!("{head}ramscope:\n{}", indented.concat())
}
