//! What a verdict says of phases, by recordings made by hand.

#[path = "support/recording.rs"]
mod recording;

use ramscope_capture::{HowEnded, StepEventKind, Stimulus, Stream};
use ramscope_model::{Outcome, judge};
use ramscope_wire::{
    CpuSample, HeapSample, ObjectId, OpenWindow, OwnerKind, OwnerSample, SiteId, StackSample,
    TimerMode, TimerNew, TimerSample, UnitId, WindowId, WindowOpened, write_record,
};
use recording::Recording;

const STACK: u32 = 0x3fc8_9000;

/// Three steps: phases `first` and `last` meet, `both` lies over them.
fn scenario(budgets: &str) -> String {
    format!(
        "name: phases\nversion: 1\nsteps:\n- name: boot\n  wait-serial: ready\n- delay: 1s\n- delay: 1s\n\
         ramscope:\n  phases:\n    first: {{from: 1, to: 1}}\n    last: {{from: 2, to: 2}}\n    \
         both: {{from: 1, to: 2}}\n    whole: {{from: 0, to: 2}}\n  findings: {{allow: [telemetry.lost]}}\n  budgets:\n{budgets}"
    )
}

/// The figures of unit 2, `net`, and of the heap in a window.
#[derive(Clone, Copy)]
struct Said {
    peak: u32,
    held: u32,
    used: u32,
    ticks: u64,
}

trait Windows {
    fn asks(&mut self, window: u32) -> &mut Self;
    fn opens(&mut self, window: u32) -> &mut Self;
    fn says(&mut self, window: u32, said: Said) -> &mut Self;
    fn steps(&mut self, index: u32, kind: StepEventKind) -> &mut Self;
}

impl Windows for Recording {
    fn asks(&mut self, window: u32) -> &mut Self {
        let mut words = Vec::new();
        write_record(&OpenWindow { window: WindowId(window) }, 1, 0, &mut words);
        let line = ramscope_capture::Event::encode(&Stimulus::Command(words));
        self.raw(Stream::Stimulus, &line)
    }

    fn opens(&mut self, window: u32) -> &mut Self {
        self.record(WindowOpened { window: WindowId(window) })
    }

    fn says(&mut self, window: u32, said: Said) -> &mut Self {
        let (unit, window) = (UnitId(2), WindowId(window));
        let Said { peak, held, used, ticks } = said;
        self.record(StackSample {
            unit,
            stack_bytes: 2_048,
            used_now: 100,
            peak_boot: peak.max(900),
            peak_window: peak,
            window,
        });
        self.record(OwnerSample {
            kind: OwnerKind::Thread,
            unit,
            current: held,
            peak_boot: 5_000,
            peak_window: held + 100,
            blocks: 1,
            window,
        });
        self.record(CpuSample { unit, switches: 10, ticks, window });
        self.record(HeapSample {
            total: 65_536,
            used,
            free: 65_536 - used,
            peak_boot: 9_000,
            peak_window: used + 50,
            largest_free: 50_000,
            free_blocks: 1,
            used_blocks: 2,
            quarantined: 0,
            window,
        })
    }

    fn steps(&mut self, index: u32, kind: StepEventKind) -> &mut Self {
        self.step(index, kind, "")
    }
}

const BEFORE: Said = Said { peak: 900, held: 2_000, used: 3_000, ticks: 1_000 };
const FIRST: Said = Said { peak: 700, held: 2_400, used: 3_500, ticks: 16_001_000 };
const LAST: Said = Said { peak: 300, held: 2_100, used: 3_200, ticks: 16_002_000 };

/// A run in which every window says what it has to; `disturb` does something in the first phase.
fn recorded(disturb: impl Fn(&mut Recording)) -> Recording {
    use StepEventKind::{Finished, Started};
    let mut device = Recording::new();
    device.thread(1, "main", 0x3fc8_8000, 4_096).thread(2, "net", STACK, 2_048);
    device.at(10).steps(0, Started);
    device.at(1_000).steps(0, Finished).asks(1_000).steps(1, Started);
    device.at(1_001).says(0, BEFORE).opens(1_000);
    device.at(1_500);
    disturb(&mut device);
    device.at(2_000).steps(1, Finished).asks(2_000).steps(2, Started);
    device.at(2_001).says(1_000, FIRST).opens(2_000);
    device.at(3_000).steps(2, Finished).asks(3_000);
    device.at(3_001).says(2_000, LAST).opens(3_000);
    device.at(3_200).ends(&HowEnded::StepsDone);
    device
}

#[track_caller]
fn check(device: &Recording, budgets: &str, outcome: Outcome, sentence: &str) {
    let judged = judge(&device.capture(&scenario(budgets))).expect("the recording has a plan");
    let found = &judged.verdict;
    assert_eq!((found.outcome, found.sentence.as_str()), (outcome, sentence), "{found:#?}");
}

fn nothing(_: &mut Recording) {}

#[test]
fn a_peak_counts_for_the_phase_in_which_it_was() {
    check(
        &recorded(nothing),
        "  - {phase: last, thread: net, stack-peak: 300}\n  - {phase: first, thread: net, stack-peak: 700}\n  \
         - {phase: whole, thread: net, stack-peak: 900}",
        Outcome::Pass,
        "3 budgets held",
    );
    check(
        &recorded(nothing),
        "  - {phase: first, thread: net, stack-peak: 600}",
        Outcome::Fail,
        "failed: first/thread:net/stack-peak: at most 600 B, was 700 B (at 2.001 s)",
    );
}

/// A timer that is set up in the first phase, and is gone when the last one begins.
fn early_timer(device: &mut Recording) {
    let (timer, window) = (ObjectId(5), WindowId(1_000));
    device.record(TimerNew {
        timer,
        id: u16::MAX,
        mode: TimerMode::OneShot,
        unit: UnitId(2),
        site: SiteId::NONE,
        period_ns: 1_000_000,
        name: "early",
    });
    device.record(TimerSample {
        timer,
        fired: 1,
        delivered: 1,
        coalesced: 0,
        dropped: 0,
        late: 0,
        last_ns: 2_000_000,
        worst_ns: 2_000_000,
        worst_window_ns: 2_000_000,
        window,
    });
}

#[test]
fn a_timer_counts_only_for_the_phases_that_it_lived_in() {
    let device = recorded(early_timer);
    check(
        &device,
        "  - {phase: first, timer: \"*\", lateness: 3ms}\n  - {phase: both, timer: early, lateness: 3ms}",
        Outcome::Pass,
        "2 budgets held",
    );
    check(
        &device,
        "  - {phase: last, timer: early, lateness: 3ms}",
        Outcome::Fail,
        "failed: last/timer:early/lateness: at most 3.000 ms, but no timer `early` ever appeared, and no other \
         timer did",
    );
    // Where something was lost, nobody knows whether it lived on.
    let lossy = recorded(|device| {
        early_timer(device);
        device.lose(3);
    });
    check(
        &lossy,
        "  - {phase: last, timer: early, lateness: 3ms}",
        Outcome::Inconclusive,
        "inconclusive: last/timer:early/lateness: no sample of it arrived",
    );
}

#[test]
fn phases_that_overlap_are_made_of_the_same_windows() {
    check(
        &recorded(nothing),
        "  - {phase: both, thread: net, stack-peak: 700, stack-margin-min: 1348, heap-peak: 2500, \
         heap-used: 2100, leak: 100}\n  - {phase: both, heap: main, used: 3200, peak: 3550, leak: 200}",
        Outcome::Pass,
        "8 budgets held",
    );
}

#[test]
fn processor_time_of_a_phase_is_the_difference_of_its_ends() {
    // 16,000,000 ticks of 160 MHz in a second are a tenth.
    check(
        &recorded(nothing),
        "  - {phase: first, thread: net, cpu-share: 10%}\n  - {phase: last, thread: net, cpu-share: 0.01%}",
        Outcome::Pass,
        "2 budgets held",
    );
}

#[test]
fn a_loss_in_a_phase_leaves_open_what_it_could_have_changed() {
    let lossy = recorded(|device| {
        device.says(1_000, FIRST).lose(3);
    });
    // What was sampled after the loss is the last word again.
    check(
        &lossy,
        "  - {phase: first, thread: net, stack-peak: 700}",
        Outcome::Pass,
        "1 budget held",
    );
}

#[test]
fn a_window_of_which_nobody_heard_makes_its_phases_inconclusive() {
    use StepEventKind::{Finished, Started};
    let mut device = Recording::new();
    device.thread(1, "main", 0x3fc8_8000, 4_096).thread(2, "net", STACK, 2_048);
    device.at(10).steps(0, Started);
    device.at(1_000).steps(0, Finished).asks(1_000).steps(1, Started);
    device.at(1_001).says(0, BEFORE).lose(1);
    device.at(2_000).steps(1, Finished).asks(2_000).steps(2, Started);
    device.at(2_001).says(1_000, FIRST).lose(1);
    device.at(3_000).steps(2, Finished).asks(3_000);
    device.at(3_001).says(2_000, LAST).opens(3_000);
    device.ends(&HowEnded::StepsDone);
    check(
        &device,
        "  - {phase: first, thread: net, stack-peak: 2000}",
        Outcome::Inconclusive,
        "inconclusive: first/thread:net/stack-peak: telemetry was lost after its last sample",
    );
    check(
        &device,
        "  - {phase: first, thread: net, stack-peak: 600}",
        Outcome::Fail,
        "failed: first/thread:net/stack-peak: at most 600 B, was 700 B (at 2.001 s)",
    );
}

#[test]
fn a_phase_that_the_run_did_not_finish_says_so() {
    use StepEventKind::{Finished, Started};
    let mut device = Recording::new();
    device.at(10).steps(0, Started);
    device.at(1_000).steps(0, Finished).asks(1_000).steps(1, Started);
    device.at(1_001).opens(1_000).ends(&HowEnded::StepsDone);
    check(
        &device,
        "  - {phase: first, heap: main, peak: 600}",
        Outcome::Inconclusive,
        "inconclusive: first/heap:main/peak: the run ended before phase `first` was over",
    );
}

#[test]
fn firmware_that_was_told_of_no_phase_skips_its_budgets() {
    use StepEventKind::{Finished, Started};
    let mut device = Recording::new();
    for (step, at) in [(0, 10), (1, 1_000), (2, 2_000)] {
        device.at(at).steps(step, Started).at(at + 500).steps(step, Finished);
    }
    device.ends(&HowEnded::StepsDone);
    check(
        &device,
        "  - {phase: first, heap: main, peak: 600}",
        Outcome::Pass,
        "0 budgets held, 1 skipped",
    );
}

#[test]
fn a_repeated_phase_leaks_what_later_times_add_to_the_first() {
    use StepEventKind::{Finished, Started};
    let mut device = Recording::new();
    device.thread(1, "main", 0x3fc8_8000, 4_096).thread(2, "net", STACK, 2_048);
    device.at(10).steps(0, Started);
    device.at(1_000).steps(0, Finished).asks(1_000).steps(1, Started);
    device.at(1_001).says(0, BEFORE).opens(1_000);
    for time in 1..=3_u32 {
        let at = 1_000 + u64::from(time) * 1_000;
        let window = time * 1_000;
        device.at(at).steps(1, Finished).asks(window + 1_000);
        device.steps(if time < 3 { 1 } else { 2 }, Started);
        let said = Said { used: 4_000 + 10 * time, ..FIRST };
        device.at(at + 1).says(window, said).opens(window + 1_000);
    }
    device.at(5_000).steps(2, Finished).asks(5_000);
    device.at(5_001).opens(5_000).ends(&HowEnded::StepsDone);
    check(
        &device,
        "  - {phase: first, heap: main, leak: {repeat: 3, max-growth: 19}}",
        Outcome::Fail,
        "failed: first/heap:main/leak: at most 19 B, was 20 B (at 4.001 s)",
    );
}

/// A module that is imported in the first phase; in the last one nothing is told of it any more.
fn early_module(device: &mut Recording) {
    use ramscope_wire::{ModuleId, ModuleNew, ModulePhase, ModulePhaseKind};
    let module = ModuleId(1);
    let phases = [
        (ModulePhaseKind::Find, 192, 192),
        (ModulePhaseKind::Read, 0, 192),
        (ModulePhaseKind::Parse, 0, 192),
        (ModulePhaseKind::Link, 1_808, 2_050),
    ];
    let mut held = 0;
    for (phase, taken, peak) in phases {
        held += taken;
        device.record(ModulePhase { module, phase, ok: true, taken, given_back: 0, held, peak });
    }
    device.record(ModuleNew {
        module,
        code_base: 0,
        code_bytes: 0,
        data_base: 0,
        data_bytes: 0,
        checksum: 0,
        major: 1,
        minor: 0,
        patch: 0,
        name: "bot",
    });
    let phase = ModulePhaseKind::Initialise;
    device.record(ModulePhase {
        module,
        phase,
        ok: true,
        taken: 0,
        given_back: 0,
        held,
        peak: held,
    });
    device.record(OwnerSample {
        kind: OwnerKind::Module,
        unit: UnitId(1),
        current: held,
        peak_boot: 2_050,
        peak_window: 2_050,
        blocks: 2,
        window: WindowId(1_000),
    });
}

#[test]
fn a_module_has_figures_in_each_phase_and_its_import_in_one() {
    let device = recorded(early_module);
    check(
        &device,
        "  - {phase: first, module: bot, import-peak: 2050, resident: 2000}\n  \
         - {phase: first, module: bot, heap-peak: 2050, heap-used: 2000}\n  \
         - {phase: both, module: bot, heap-peak: 2050, heap-used: 0}\n  \
         - {phase: last, module: bot, heap-used: 0}",
        Outcome::Pass,
        "7 budgets held",
    );
    check(
        &device,
        "  - {phase: first, module: bot, heap-peak: 2049}",
        Outcome::Fail,
        "failed: first/module:bot/heap-peak: at most 2,049 B, was 2,050 B (at 2.001 s)",
    );
    // It was not imported in this phase: there is no such figure.
    check(
        &device,
        "  - {phase: last, module: bot, resident: 5000}",
        Outcome::Pass,
        "0 budgets held, 1 skipped",
    );
}
