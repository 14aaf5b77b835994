//! A scenario that uses everything means what it says.

use ramscope_scenario::{
    AllocationFault, Artifact, Artifacts, Bound, Capability, Command, Condition, Direction, During,
    Expect, Fault, Keep, Matching, Metric, Moment, PinPlace, ResetExpectation, Scenario, Settings,
    StuckPin, SubjectKind, TargetKind, TextPattern, UartFault, WhichAllocation, parse,
};
use ramscope_time::Span;

fn everything() -> Scenario {
    let parsed = parse("everything.yaml", include_str!("corpus/everything.yaml"));
    assert_eq!(parsed.problems, [], "not even a warning");
    parsed.scenario.expect("no problem, so a scenario")
}

#[test]
fn steps_keep_their_names_lines_and_order() {
    let scenario = everything();
    assert_eq!(scenario.steps.len(), 13);
    let publish = &scenario.steps[1];
    assert_eq!((publish.index, publish.line, publish.column), (1, 7, 5));
    assert_eq!(publish.label(), "step 1 (publish)");
    assert_eq!(publish.command, Command::WriteSerial(b"run pub n=20\n".to_vec()));
    assert_eq!(scenario.steps[2].label(), "step 2 (write-serial)");
    assert_eq!(scenario.steps[12].command, Command::Delay(Span::from_millis(500)));
}

#[test]
fn settings_are_resolved() {
    let settings = everything().settings;
    let kinds: Vec<_> = settings.targets.iter().map(|target| target.kind).collect();
    use TargetKind::{Engine, QemuEsp32c3, Serial, Wokwi};
    assert_eq!(kinds, [Engine, QemuEsp32c3, Wokwi, Serial]);
    assert_eq!(settings.targets[1].options.get("icount").to_string(), "6");
    assert_eq!(settings.targets[3].options.get("port").to_string(), "auto");
    let required = [Capability::Serial, Capability::Pins, Capability::Windows];
    assert_eq!(settings.requires, required);
    assert_eq!(settings.program.unwrap().to_string(), "run pub n=20");
    assert_eq!((settings.repeat, settings.baseline.as_deref()), (3, Some("main")));
    let files = vec![Artifact::Capture, Artifact::Console, Artifact::Html];
    assert_eq!(settings.artifacts, Artifacts { keep: Keep::OnFailure, files });
    assert_eq!(settings.seeds, [1, 2, 16]);
    assert_eq!(settings.timeout, Span::from_seconds(10));
    assert_eq!(settings.matching, Matching::Cursor);
    let settings = everything().settings;
    let timeout = |step| settings.step_timeout(step).unwrap();
    assert_eq!(timeout(0), Span::from_seconds(5));
    assert_eq!(timeout(1), Span::from_seconds(20));
    assert_eq!(timeout(3), Span::from_millis(100));
    let connect = settings.phase("connect").unwrap();
    assert_eq!((connect.from, connect.to), (0, 1));
    let tail = settings.phase("tail").unwrap();
    assert_eq!((tail.from, tail.to), (3, 12));
    assert_eq!(settings.findings.deny, ["*"]);
    assert_eq!(settings.tags, ["net", "slow"]);
}

#[test]
fn an_entry_yields_a_budget_for_each_metric() {
    let settings = everything().settings;
    let ids: Vec<String> = settings.budgets.iter().map(|budget| budget.id().to_string()).collect();
    assert_eq!(
        ids,
        [
            "run/thread:net/stack-peak",
            "run/thread:net/stack-margin-min",
            "run/thread:net/heap-peak",
            "connect/heap:main/largest-free-min",
            "connect/heap:main/peak",
            "run/task:worker#?/switches",
            "run/task:worker#?/cpu-share",
            "run/interrupt:*/stack-peak",
            "run/module:m/heap-used",
            "run/tasklet:t/heap-used",
            "run/thread:main/stack-margin-min",
            "run/thread:main/lateness",
            "run/thread:main/instructions",
            "run/timer:*/lateness",
            "run/heap:main/used",
            "run/heap:main/leak",
            "connect/heap:main/leak",
        ]
    );
    let margin = &settings.budgets[1];
    assert_eq!(
        (margin.metric, margin.bound, margin.limit),
        (Metric::StackMargin, Bound::Lower, 256)
    );
    assert!(margin.holds(256) && !margin.holds(255));
    let late = &settings.budgets[11];
    assert_eq!(late.metric.format(late.limit), "1.500 ms");
    let leak = &settings.budgets[16];
    assert_eq!((leak.limit, leak.repeat), (64, Some(5)));
    let share = &settings.budgets[6];
    assert_eq!(share.metric.format(share.limit), "12.50 %");
    assert!(share.subject.includes(SubjectKind::Task, "worker#2"));
    assert!(!share.subject.includes(SubjectKind::Thread, "worker#2"));
}

#[test]
fn waits_follow_their_steps() {
    let settings = everything().settings;
    let shown: Vec<_> =
        settings.waits.iter().map(|wait| (wait.after, wait.until.to_string())).collect();
    assert_eq!(shown[0], (1, "thread:worker* is blocked (lock)".into()));
    assert_eq!(shown[1], (3, "UnitEnd of worker".into()));
    assert_eq!(shown[2], (0, r"/^ready in \d+ ms$/".into()));
    assert_eq!(settings.waits[0].within, Some(Span::from_seconds(2)));
    assert!(matches!(settings.waits[0].until, Condition::State { .. }));
    assert_eq!(settings.waits_after(3).map(|(place, _)| place).collect::<Vec<_>>(), [1]);
}

#[test]
fn texts_are_expected_and_forbidden() {
    let settings = everything().settings;
    let during: Vec<_> = settings.expect_text.iter().map(|text| text.during.clone()).collect();
    assert_eq!(during, [During::Run, During::Phase("connect".into()), During::Step(1)]);
    assert_eq!(settings.expect_text[0].pattern, TextPattern::Literal("plain".into()));
    assert_eq!(settings.fail_on[1].pattern, TextPattern::Regex(r"E \(\d+\)".into()));
}

#[test]
fn faults_have_their_moments() {
    let inject = everything().settings.inject;
    let owner = Some("net".to_owned());
    let third = AllocationFault { which: WhichAllocation::Nth(3), owner, bytes_min: Some(64) };
    assert_eq!((inject[0].at, &inject[0].fault), (Moment::Step(1), &Fault::Allocation(third)));
    let noise = UartFault { noise_ppm: 1000, loss_ppm: 10_000, direction: Direction::Receive };
    assert_eq!(inject[1].at, Moment::Instant(Span::from_millis(500)));
    assert_eq!(inject[1].until, Some(Moment::Instant(Span::from_seconds(1))));
    assert_eq!(inject[1].fault, Fault::Uart(noise));
    let stuck = StuckPin { pin: PinPlace::Gpio(9), high: false };
    assert_eq!(inject[2].fault, Fault::Pin(stuck));
    assert_eq!(inject[3].fault.to_string(), "btn1:1.l stuck at 1");
}

#[test]
fn seeds_can_be_a_range() {
    let text = "name: t\nversion: 1\nsteps: []\nramscope: {seeds: {from: 7, count: 3}}\n";
    assert_eq!(parse("t.yaml", text).scenario.unwrap().settings.seeds, [7, 8, 9]);
}

#[test]
fn expectations_name_existing_budgets() {
    let Expect { fail, findings, reset } = everything().settings.expect;
    assert_eq!(fail[1].as_str(), "connect/heap:main/peak");
    assert_eq!(findings, ["overflow.unseen"]);
    assert_eq!(reset, ResetExpectation::Reason("watchdog".into()));
}

#[test]
fn without_our_key_the_defaults_hold() {
    for ending in ["", "ramscope:\n", "ramscope: {}\n"] {
        let text = format!("name: t\nversion: 1\nsteps: []\n{ending}");
        assert_eq!(parse("t.yaml", &text).scenario.unwrap().settings, Settings::default());
    }
}

#[test]
fn a_mistake_that_follows_from_another_is_not_reported() {
    let text = "name: t\nversion: 1\nsteps: 5\nramscope:\n  phases: {p: {from: a, to: 9}}\n  \
                budgets: [{phase: p, thread: net, stack-peak: 1KiB}]\n  \
                expect: {fail: [p/thread:net/stack-peak]}\n";
    let parsed = parse("t.yaml", text);
    assert_eq!(parsed.problems.len(), 1, "{:#?}", parsed.problems);
}
