//! Checking `run NAME` lines against the image's list of programs, before anything is launched.

use crate::nearest::nearest;
use crate::problem::Problem;
use crate::rule::Rule;
use crate::scenario::{Command, Scenario, Step};

/// A problem for each `run NAME` that a scenario sends and the image cannot run.
pub(super) fn unknown(scenario: &Scenario, programs: Option<&[String]>) -> Vec<Problem> {
    let Some(programs) = programs else {
        return Vec::new();
    };
    let names = scenario
        .steps
        .iter()
        .flat_map(|step| programs_started(&step.command).into_iter().map(move |name| (step, name)));
    names
        .filter(|(_, name)| !programs.contains(name))
        .map(|(step, name)| problem(scenario, step, &name, programs))
        .collect()
}

/// The names in lines `run NAME ...` of what a step sends.
fn programs_started(command: &Command) -> Vec<String> {
    let Command::WriteSerial(bytes) = command else {
        return Vec::new();
    };
    let text = String::from_utf8_lossy(bytes);
    let names = text.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        (words.next() == Some("run")).then(|| words.next()).flatten()
    });
    names.map(String::from).collect()
}

fn problem(scenario: &Scenario, step: &Step, name: &str, programs: &[String]) -> Problem {
    let fix = nearest(name, programs.iter().map(String::as_str)).map(String::from);
    let message = match fix {
        Some(_) => format!("the image has no program `{name}`"),
        None => format!("the image has no program `{name}`; it has {}", programs.join(", ")),
    };
    Problem::about_step(scenario, step, Rule::UnknownProgram, &message, fix)
}
