//! The texts of reports, whole. `BLESS=1 cargo test -p ramscope-report` writes them anew; look at the
//! difference before you commit it.

#[path = "../../model/tests/support/recording.rs"]
mod recording;

use ramscope_capture::{Capture, HowEnded, ObserverEvent, StepEventKind};
use ramscope_model::{Judged, Outcome, Symbol, SymbolTable, Symbols, judge};
use ramscope_report::{Entry, NotRun, Style, detail, json, table};
use ramscope_wire::{
    EndReason, Overflow, OverflowHow, OwnerKind, Program, ProgramPhase, State, UnitEnd, UnitId,
    UnitState, Why,
};
use recording::{Recording, scenario};
use std::fs;
use std::path::Path;

const STACK: u32 = 0x3fc8_9000;

fn two_threads() -> Recording {
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

const BUDGETS: &str =
    "budgets:\n- {thread: counter, stack-peak: 2048}\n- {heap: main, peak: 16KiB}";
const TOO_SMALL: &str = "budgets:\n- {thread: counter, stack-peak: 512}\n\
                         expect: {fail: ['run/thread:counter/stack-peak']}";

fn judged(device: &mut Recording, settings: &str) -> Judged {
    device.ends(&HowEnded::StepsDone);
    judge(&device.capture(&scenario(settings))).expect("the recording has a plan")
}

fn passing() -> Judged {
    judged(&mut two_threads(), BUDGETS)
}

struct Deep;

impl Symbols for Deep {
    fn function_at(&self, _pc: u32) -> Option<Symbol> {
        Some(Symbol {
            function: "apps::overflow::deep".into(),
            place: Some(("firmware/apps/src/overflow.rs".into(), 31)),
        })
    }
}

fn overflowing() -> Judged {
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

fn lossy() -> Judged {
    let mut device = two_threads();
    device.lose(2).hello().hello().hello();
    judged(&mut device, BUDGETS)
}

fn timed_out() -> Judged {
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

fn all() -> Vec<Entry> {
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

#[track_caller]
fn check(name: &str, text: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let path = folder.join(name);
    if std::env::var_os("BLESS").is_some() {
        fs::write(&path, text).expect("the folder is part of the repository");
    }
    let golden = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(text, golden, "{name} differs; BLESS=1 accepts it");
}

#[test]
fn table_shows_each_run_with_what_is_wrong_and_how_to_replay_it() {
    check("table.txt", &table(&all(), Style::Plain));
}

#[test]
fn table_in_colour_is_the_same_text() {
    let colored = table(&all(), Style::Color);
    check("table.ansi", &colored);
    assert_eq!(without_escapes(&colored), table(&all(), Style::Plain));
}

#[test]
fn detail_of_a_passing_run() {
    check("detail-pass.txt", &detail(&passing(), Style::Plain));
}

#[test]
fn detail_of_a_failing_run() {
    check("detail-fail.txt", &detail(&overflowing(), Style::Plain));
    let colored = detail(&overflowing(), Style::Color);
    assert_eq!(without_escapes(&colored), detail(&overflowing(), Style::Plain));
}

#[test]
fn detail_of_an_inconclusive_run() {
    check("detail-inconclusive.txt", &detail(&lossy(), Style::Plain));
}

#[test]
fn json_has_every_figure() {
    check("report.json", &json(&all(), "ramscope 0.1.0"));
}

#[test]
fn nothing_that_a_device_prints_reaches_the_terminal_as_an_escape() {
    let texts = [table(&all(), Style::Plain), detail(&timed_out(), Style::Plain)];
    for text in texts {
        assert!(!text.contains('\u{1b}'));
    }
}

fn without_escapes(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, escape)) = rest.split_once('\u{1b}') {
        plain += before;
        rest = escape.split_once('m').map_or("", |(_, after)| after);
    }
    plain + rest
}

#[test]
fn a_replay_prints_the_same_bytes() {
    let mut device = two_threads();
    device.ends(&HowEnded::StepsDone);
    let capture = device.capture(&scenario(TOO_SMALL));
    let mut file = Vec::new();
    capture.write(&mut file).expect("a Vec takes everything");
    let replayed = Capture::read(&mut file.as_slice()).expect("it was just written");
    let report = |capture: &Capture| {
        let judged = judge(capture).expect("the recording has a plan");
        let text = detail(&judged, Style::Color);
        text + &json(&[judged.into()], "ramscope 0.1.0")
    };
    assert_eq!(report(&capture), report(&replayed));
}
