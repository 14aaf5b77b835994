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
