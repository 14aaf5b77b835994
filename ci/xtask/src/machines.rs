//! The same scenarios pass on three machines: the built-in ESP32-C3, the built-in virt, and QEMU.
//!
//! A scenario counts if it passed on all three. One that a machine cannot run is skipped there with a
//! reason, and does not count; so that skipping cannot hollow the check out, at least
//! [`SCENARIOS_MIN`] have to count. All is run twice, with captures in one folder, and has to give the
//! same verdicts and device hashes.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde::Deserialize;

use crate::failure::Failure;
use crate::workspace::{Profile, Workspace, failed, run};

/// The machines, as `--target` names them.
const MACHINES: [&str; 3] = ["engine", "engine-virt", "qemu-virt"];
/// How many scenarios have to pass on all of them. Raise it as scenarios come.
const SCENARIOS_MIN: usize = 55;

#[derive(Deserialize)]
struct Report {
    runs: Vec<Run>,
}

#[derive(Deserialize, PartialEq)]
struct Run {
    scenario: String,
    path: String,
    target: Option<String>,
    outcome: String,
    #[serde(default)]
    sentence: Option<String>,
    #[serde(default)]
    device_hash: Option<String>,
}

/// Runs all scenarios on all machines, twice.
pub(crate) fn check(workspace: &Workspace) -> Result<String, Failure> {
    let program = workspace.ramscope(Profile::Release)?;
    let captures = workspace.scratch("machines");
    let mut reports = Vec::new();
    for _ in 0..2 {
        workspace.make_empty(&captures)?;
        let mut command = Command::new(&program);
        command.current_dir(&workspace.root).args(["run", "scenarios", "--format", "json"]);
        command.args(MACHINES.iter().flat_map(|name| ["--target", name]));
        command.arg("--captures").arg(&captures);
        let output = run(&mut command)?;
        let report = serde_json::from_slice::<Report>(&output.stdout);
        reports.push(report.map_err(|_| failed(&command, &output))?);
    }
    let [first, second] = &reports[..] else { unreachable!("two were made") };
    let (passed, mut problems) = judge(first);
    problems.extend(differences(first, second));
    Failure::unless_empty(problems)?;
    Ok(format!("{passed} scenarios pass on {}, the same twice", MACHINES.join(", ")))
}

/// What came out otherwise the second time.
fn differences(first: &Report, second: &Report) -> Vec<String> {
    if first.runs.len() != second.runs.len() {
        return vec!["the second time other scenarios ran".to_owned()];
    }
    let pairs = first.runs.iter().zip(&second.runs).filter(|(first, second)| first != second);
    pairs.map(|(_, second)| format!("differs the second time: {}", sentence(second))).collect()
}

/// How many scenarios passed on every machine, and what is wrong.
fn judge(report: &Report) -> (usize, Vec<String>) {
    let is_fine = |run: &&Run| matches!(run.outcome.as_str(), "pass" | "skipped");
    let wrong = report.runs.iter().filter(|run| !is_fine(run));
    let mut problems: Vec<String> = wrong.map(sentence).collect();
    let mut passed: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for run in report.runs.iter().filter(|run| run.outcome == "pass") {
        passed.entry(&run.path).or_default().extend(run.target.as_deref());
    }
    let everywhere = |on: &&BTreeSet<&str>| MACHINES.iter().all(|machine| on.contains(machine));
    let count = passed.values().filter(everywhere).count();
    if count < SCENARIOS_MIN {
        let all = MACHINES.len();
        problems.push(format!("{count} scenarios passed on all {all}, not {SCENARIOS_MIN}"));
    }
    (count, problems)
}

fn sentence(run: &Run) -> String {
    let Run { scenario, target, outcome, sentence, .. } = run;
    let target = target.as_deref().unwrap_or("every machine");
    format!("{scenario} on {target}: {outcome}: {}", sentence.as_deref().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(number: usize, target: &str, outcome: &str) -> Run {
        Run {
            scenario: format!("s{number}"),
            path: format!("{number}.yaml"),
            target: Some(target.to_owned()),
            outcome: outcome.to_owned(),
            sentence: Some("it is so".to_owned()),
            device_hash: Some(format!("{number}")),
        }
    }

    fn everywhere(count: usize) -> Vec<Run> {
        let on = |number| MACHINES.map(|machine| run(number, machine, "pass"));
        (0..count).flat_map(on).collect()
    }

    #[test]
    fn enough_scenarios_that_pass_everywhere_are_a_pass() {
        let report = Report { runs: everywhere(SCENARIOS_MIN) };
        assert_eq!(judge(&report), (SCENARIOS_MIN, Vec::new()));
    }

    #[test]
    fn what_is_skipped_on_one_machine_does_not_count() {
        let mut runs = everywhere(SCENARIOS_MIN - 1);
        runs.extend(["engine", "engine-virt"].map(|machine| run(99, machine, "pass")));
        runs.push(run(99, "qemu-virt", "skipped"));
        let (count, problems) = judge(&Report { runs });
        assert_eq!((count, problems.len()), (SCENARIOS_MIN - 1, 1));
    }

    #[test]
    fn another_hash_the_second_time_is_named() {
        let mut again = everywhere(2);
        again[4].device_hash = None;
        let (first, second) = (Report { runs: everywhere(2) }, Report { runs: again });
        assert_eq!(differences(&first, &first).len(), 0);
        let expected = ["differs the second time: s1 on engine-virt: pass: it is so"];
        assert_eq!(differences(&first, &second), expected);
    }

    #[test]
    fn a_run_that_fails_is_named() {
        let mut runs = everywhere(SCENARIOS_MIN);
        runs.push(run(99, "qemu-virt", "fail"));
        let (_, problems) = judge(&Report { runs });
        assert_eq!(problems, ["s99 on qemu-virt: fail: it is so"]);
    }
}
