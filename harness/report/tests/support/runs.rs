//! Runs of every outcome, made of recordings.

use ramscope_capture::{HeldBy, HowEnded, ObserverEvent, StepEventKind};
use ramscope_model::{Inlined, Judged, Outcome, Symbol, SymbolTable, Symbols, judge};
use ramscope_report::{Entry, NotRun};
use ramscope_time::Instant;
use ramscope_wire::{
    EndReason, Overflow, OverflowHow, OwnerKind, Program, ProgramPhase, State, UnitEnd, UnitId,
    UnitState, Why,
};

use crate::recording::{Recording, scenario};

const STACK: u32 = 0x3fc8_9000;

pub(crate) fn two_threads() -> Recording {
    let mut device = Recording::new();
    device.thread(1, "main", 0x3fc8_8000, 4_096);
    device.thread(2, "counter", STACK, 2_048);
    device.at(100).done(0, "`ready`");
    device.record(Program { phase: ProgramPhase::Started, ok: false, name: "counting" });
    device.step(1, StepEventKind::Started, "");
    device.at(1_000);
    device.stack(1, 4_096, 300, 812).stack(2, 2_048, 200, 1_204);
    device.owner(OwnerKind::Thread, 1, 4_200, 4_200);
    device.owner(OwnerKind::Thread, 2, 2_056, 3_000);
    device.owner(OwnerKind::Kernel, 0, 1_000, 1_000);
    device.cpu(1, 10, 16_000_000).cpu(2, 1_234, 80_000_000);
    device.heap(7_256, 9_120);
    device.record(UnitState {
        unit: UnitId(2),
        state: State::Blocked,
        why: Why::Sleep,
        object: ramscope_wire::ObjectId::NONE,
    });
    device.at(1_200).step(1, StepEventKind::Finished, "1.000 s");
    device.observe(&ObserverEvent::Unmodelled { address: 0x6000_8034, pc: 0x4200_0100 });
    device
}

pub(crate) const BUDGETS: &str =
    "budgets:\n- {thread: counter, stack-peak: 2048}\n- {heap: main, peak: 16KiB}";
pub(crate) const TOO_SMALL: &str = "budgets:\n- {thread: counter, stack-peak: 512}\n\
                         expect: {fail: ['run/thread:counter/stack-peak']}";

pub(crate) fn judged(device: &mut Recording, settings: &str) -> Judged {
    device.ends(&HowEnded::StepsDone);
    judge(&device.capture(&scenario(settings))).expect("the recording has a plan")
}

pub(crate) fn passing() -> Judged {
    let mut device = two_threads();
    device.observe(&ObserverEvent::Deepest {
        unit: 2,
        sp: STACK + 844,
        pc: 0x4200_0200,
        callers: vec![0x4200_0300, 0x4200_0400],
        sps: vec![STACK + 940, STACK + 1_984],
    });
    let peak = |unit, owner: Option<HeldBy>, callers: &[u32], bytes| ObserverEvent::HeldAtPeak {
        at: Instant::from_picos(900_000_000_000),
        unit,
        site: 0,
        callers: callers.to_vec(),
        owner,
        bytes,
        blocks: 2,
    };
    device.observe(&peak(1, Some(HeldBy { kind: 2, unit: 2 }), &[0x4200_0300], 4_096));
    device.observe(&peak(1, None, &[0x4200_0200, 0x4200_0300], 1_024));
    device.observe(&peak(0, Some(HeldBy { kind: 0, unit: 0 }), &[], 64));
    device.symbols = SymbolTable::of([0x4200_0200, 0x4200_0300], &Counting);
    judged(&mut device, BUDGETS)
}

struct Counting;

impl Symbols for Counting {
    fn function_at(&self, pc: u32) -> Option<Symbol> {
        let inlined = Inlined {
            function: "<apps::counting::Step as core::ops::Add>::add".into(),
            place: ("firmware/apps/src/counting.rs".into(), 58),
        };
        let is_innermost = pc == 0x4200_0200;
        Some(Symbol {
            function: if is_innermost { "apps::counting::count" } else { "apps::counting::run" }
                .into(),
            place: Some(("firmware/apps/src/counting.rs".into(), 31)),
            inlined: if is_innermost { vec![inlined] } else { Vec::new() },
        })
    }
}

struct Deep;

impl Symbols for Deep {
    fn function_at(&self, _pc: u32) -> Option<Symbol> {
        Some(Symbol {
            function: "apps::overflow::deep".into(),
            place: Some(("firmware/apps/src/overflow.rs".into(), 31)),
            ..Symbol::default()
        })
    }
}

pub(crate) fn overflowing() -> Judged {
    let mut device = two_threads();
    device.symbols = SymbolTable::of([0x4200_1234], &Deep);
    device.record(Overflow {
        unit: UnitId(2),
        how: OverflowHow::Guard,
        in_handler: false,
        pc: 0x4200_1234,
        sp: STACK - 128,
        limit: STACK,
        address: STACK - 132,
        by_bytes: 132,
    });
    device.record(UnitEnd {
        unit: UnitId(2),
        reason: EndReason::Overflowed,
        quarantined: true,
        code: 0,
        quarantined_bytes: 2_056,
    });
    let settings = "budgets:\n- {thread: counter, stack-peak: 512}\n\
                    - {thread: nobody, heap-peak: 1KiB}\n- {interrupt: '*', stack-peak: 1KiB}";
    judged(&mut device, settings)
}

pub(crate) fn lossy() -> Judged {
    let mut device = two_threads();
    device.lose(2).hello().hello().hello();
    judged(&mut device, BUDGETS)
}

pub(crate) fn timed_out() -> Judged {
    let mut device = Recording::new();
    device.at(10).step(0, StepEventKind::Started, "");
    device.at(5_010).step(
        0,
        StepEventKind::TimedOut,
        "waited 5.000 s; received `\u{1b}[31mrready`",
    );
    device.ends(&HowEnded::TimedOut { step: Some(0) });
    judge(&device.capture(&scenario(BUDGETS))).expect("the recording has a plan")
}

pub(crate) fn all() -> Vec<Entry> {
    vec![
        passing().into(),
        judged(&mut two_threads(), TOO_SMALL).into(),
        overflowing().into(),
        lossy().into(),
        timed_out().into(),
        Entry::NotRun(NotRun {
            scenario: "pins".into(),
            path: "scenarios/pins.yaml".into(),
            target: Some("wokwi".into()),
            outcome: Outcome::Skipped,
            reason: "target wokwi is not part of this version".into(),
        }),
    ]
}
