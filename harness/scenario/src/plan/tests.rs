use super::*;
use crate::parse;

fn scenario(steps: &str, settings: &str) -> Scenario {
    let text = format!("name: t\nversion: 1\nsteps: {steps}\nramscope: {settings}\n");
    let parsed = parse("t.yaml", &text);
    parsed.scenario.unwrap_or_else(|| panic!("{:?}", parsed.problems))
}

fn able(capabilities: Capabilities) -> PlanOptions {
    let engine = TargetOffer::Available(capabilities);
    PlanOptions { offers: BTreeMap::from([(TargetKind::Engine, engine)]), ..Default::default() }
}

#[test]
fn runs_are_ordered_by_scenario_then_target_then_seed() {
    let scenarios =
        [scenario("[]", "{targets: [wokwi, engine], seeds: [3, 1]}"), scenario("[]", "")];
    let plan = plan(&scenarios, &PlanOptions::default());
    let runs: Vec<_> =
        plan.runs.iter().map(|run| (run.scenario_index, run.target, run.seed)).collect();
    let engine = TargetKind::Engine;
    assert_eq!(runs, [(0, engine, 3), (0, engine, 1), (1, engine, 1)]);
    assert_eq!(plan.skipped.len(), 1);
    assert_eq!(plan.skipped[0].reason, "this version cannot run on wokwi yet");
}

#[test]
fn the_command_line_overrides_targets_and_seeds() {
    let scenarios = [scenario("[]", "{targets: wokwi, seeds: 3}")];
    let options = PlanOptions {
        targets: Some(vec![TargetKind::Engine]),
        seeds: Some(vec![7, 8]),
        ..Default::default()
    };
    let plan = plan(&scenarios, &options);
    assert_eq!(plan.runs.iter().map(|run| run.seed).collect::<Vec<_>>(), [7, 8]);
    assert!(plan.skipped.is_empty());
}

#[test]
fn what_a_target_cannot_do_is_skipped_with_a_reason() {
    let steps = "[{delay: 1ms}, {expect-pin: {part-id: esp, name: D2, value: 1}}]";
    let settings = "{phases: {p: {from: 0}}, budgets: [{thread: a, stack-peak: 1KiB}, \
                    {phase: p, thread: a, stack-peak: 1KiB}]}";
    let scenarios = [scenario(steps, settings)];
    let run = &plan(&scenarios, &PlanOptions::default()).runs[0];
    assert_eq!(run.step_skip(0), None);
    assert_eq!(
        run.step_skip(1),
        Some("expect-pin needs the pins of a diagram, which engine lacks")
    );
    let [whole, phase] = &scenarios[0].settings.budgets[..] else { panic!("two budgets") };
    assert_eq!(run.budget_skip(&whole.id()), None);
    assert!(run.budget_skip(&phase.id()).unwrap().contains("window"));

    let able = able(Capabilities { windows: true, pins: true, ..Default::default() });
    let run = &plan(&scenarios, &able).runs[0];
    assert_eq!((run.skipped_steps.len(), run.skipped_budgets.len()), (0, 0));
}

#[test]
fn a_tag_selects_scenarios() {
    let scenarios = [scenario("[]", "{tags: [slow]}"), scenario("[]", "{tags: [fast, ci]}")];
    let options = PlanOptions { tags: vec!["ci".into()], ..Default::default() };
    let plan = plan(&scenarios, &options);
    assert_eq!(plan.runs.len(), 1);
    assert_eq!(plan.runs[0].scenario_index, 1);
    assert_eq!(plan.skipped[0].reason, "has none of the tags ci");
}

#[test]
fn a_program_that_the_image_lacks_is_a_problem_with_the_nearest_name() {
    let scenarios = [scenario("[{write-serial: \"run cuonter n=3\\n\"}, {delay: 1s}]", "")];
    let programs = Some(vec!["blink".to_string(), "counter".to_string()]);
    let plan = plan(&scenarios, &PlanOptions { programs, ..Default::default() });
    assert_eq!(
        plan.problems[0].to_string(),
        "t.yaml:3:9: error[unknown-program]: the image has no program `cuonter` (fix: counter)"
    );
}

#[test]
fn a_run_survives_serialisation() {
    let steps = "[{delay: 1ms}, {expect-pin: {name: 2, value: .nan}}, {write-serial: [1, 2]}]";
    let settings = "{timeouts: {default: 1s, steps: {0: 2s}}, budgets: [{heap: '*', free-min: 1KiB}], \
                    expect: {fail: ['run/heap:*/free-min'], reset: true}, targets: {engine: }}";
    let scenarios = [scenario(steps, settings)];
    let run = &plan(&scenarios, &PlanOptions::default()).runs[0];
    let text = serde_json::to_string(run).unwrap();
    let again: Run = serde_json::from_str(&text).unwrap();
    assert_eq!(serde_json::to_string(&again).unwrap(), text);
    assert_eq!(again.scenario.settings, run.scenario.settings);
}

#[test]
fn repetitions_follow_their_seed_and_have_seeds_of_their_own() {
    let scenarios = [scenario("[]", "{seeds: [1, 2], repeat: 3}")];
    let runs = plan(&scenarios, &PlanOptions::default()).runs;
    let repetitions: Vec<_> = runs.iter().map(|run| run.repetition).collect();
    assert_eq!(repetitions, [0, 1, 2, 0, 1, 2]);
    assert_eq!((runs[0].seed, runs[3].seed), (1, 2));
    let mut seeds: Vec<_> = runs.iter().map(|run| run.seed).collect();
    assert!(seeds.iter().all(|&seed| seed <= u64::from(u32::MAX)));
    seeds.sort_unstable();
    seeds.dedup();
    assert_eq!(seeds.len(), 6, "no two runs are the same");
    let again = plan(&scenarios, &PlanOptions::default()).runs;
    assert_eq!(again, runs, "and they are the same tomorrow");
    let once = PlanOptions { repeat: Some(1), ..Default::default() };
    assert_eq!(plan(&scenarios, &once).runs.len(), 2);
}

#[test]
fn a_target_that_lacks_what_is_required_is_skipped() {
    let scenarios = [
        scenario("[]", "{requires: [serial, pins]}"),
        scenario("[{delay: 1s}]", "{inject: [{at: 0, allocation: {nth: 2}}]}"),
    ];
    let lacking = plan(&scenarios, &PlanOptions::default());
    assert!(lacking.runs.is_empty());
    let reasons: Vec<_> = lacking.skipped.iter().map(|skip| skip.reason.as_str()).collect();
    assert_eq!(
        reasons,
        [
            "it requires pins, which engine lacks",
            "it injects a fault (allocation 2 fails), which needs allocation-faults, and engine \
             lacks that",
        ]
    );
    let able = Capabilities { pins: true, allocation_faults: true, ..Default::default() };
    let plan = plan(&scenarios, &self::able(able));
    assert_eq!((plan.runs.len(), plan.skipped.len()), (2, 0));
}

#[test]
fn a_target_that_cannot_measure_what_has_to_fail_is_skipped() {
    let settings = "{phases: {p: {from: 0}}, expect: {fail: [p/thread:a/stack-peak]}, \
                    budgets: [{phase: p, thread: a, stack-peak: 1KiB}]}";
    let scenarios = [scenario("[{delay: 1ms}]", settings)];
    let planned = plan(&scenarios, &able(Capabilities::default()));
    assert_eq!(
        planned.skipped[0].reason,
        "it expects p/thread:a/stack-peak to fail, and engine cannot be told to open a measurement window for a phase"
    );
    let with_windows = able(Capabilities { windows: true, ..Default::default() });
    assert_eq!(plan(&scenarios, &with_windows).runs.len(), 1);
}

#[test]
fn waits_and_budgets_that_a_target_cannot_follow_are_left_out() {
    let settings = "{waits: [{after: 0, until: {text: ready}}, \
                    {after: 0, until: {thread: w, state: blocked}}], \
                    phases: {p: {from: 0}}, budgets: [{thread: w, instructions: 5}, \
                    {phase: p, heap: main, leak: {repeat: 2, max-growth: 0}}]}";
    let scenarios = [scenario("[{delay: 1s}]", settings)];
    let run = &plan(&scenarios, &PlanOptions::default()).runs[0];
    assert_eq!(run.wait_skip(0), None);
    assert_eq!(
        run.wait_skip(1),
        Some("engine does not follow telemetry live, and `thread:w is blocked` needs that")
    );
    assert_eq!(run.skipped_budgets.len(), 2);
    let some = Capabilities { windows: true, conditions: true, ..Default::default() };
    let run = &plan(&scenarios, &able(some)).runs[0];
    assert_eq!(run.skipped_waits, []);
    let id = &run.skipped_budgets[1].id;
    assert_eq!(id.as_str(), "p/heap:main/leak");
    assert_eq!(run.budget_skip(id), Some("engine cannot carry out the steps of a phase again"));
}

/// The plan of a capture that an earlier version wrote, before there were waits and faults.
#[test]
fn plans_of_old_captures_are_read() {
    let run: Run = serde_json::from_str(include_str!("tests/old-run.json")).unwrap();
    assert_eq!((run.repetition, run.scenario.settings.repeat), (0, 1));
    assert_eq!(run.scenario.settings.waits, []);
    assert_eq!(run.scenario.settings.artifacts, crate::Artifacts::default());
    assert_eq!(run.scenario.settings.budgets[0].id().as_str(), "run/thread:main/stack-peak");
    assert!(run.capabilities.pins && !run.capabilities.clone);
}

#[test]
fn a_wait_beside_the_steps_needs_somebody_who_listens_meanwhile() {
    let settings = "{targets: [engine, qemu-virt], waits: [{after: 0, until: {text: x}}]}";
    let available = TargetOffer::Available(Capabilities::default());
    let offers = [TargetKind::Engine, TargetKind::QemuVirt].map(|kind| (kind, available.clone()));
    let options = PlanOptions { offers: BTreeMap::from(offers), ..Default::default() };
    let plan = plan(&[scenario("[{delay: 1ms}]", settings)], &options);
    assert_eq!((plan.runs.len(), plan.skipped.len()), (1, 1));
    assert!(plan.skipped[0].reason.contains("on qemu-virt only steps can wait"));
}
