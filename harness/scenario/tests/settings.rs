//! A scenario that uses everything means what it says.

use ramscope_scenario::{
    Bound, Command, Expect, Matching, Metric, ResetExpectation, Scenario, Settings, SubjectKind,
    TargetKind, parse,
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
    assert_eq!(kinds, [TargetKind::Engine, TargetKind::QemuEsp32c3, TargetKind::Wokwi]);
    assert_eq!(settings.targets[1].options.get("icount").to_string(), "6");
    assert_eq!(settings.seeds, [1, 2, 16]);
    assert_eq!(settings.timeout, Span::from_seconds(10));
    assert_eq!(settings.matching, Matching::Cursor);
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
        ]
    );
    let margin = &settings.budgets[1];
    assert_eq!(
        (margin.metric, margin.bound, margin.limit),
        (Metric::StackMargin, Bound::Lower, 256)
    );
    assert!(margin.holds(256) && !margin.holds(255));
    let share = &settings.budgets[6];
    assert_eq!(share.metric.format(share.limit), "12.50 %");
    assert!(share.subject.includes(SubjectKind::Task, "worker#2"));
    assert!(!share.subject.includes(SubjectKind::Thread, "worker#2"));
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
