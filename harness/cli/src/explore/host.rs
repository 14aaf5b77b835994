//! `ramscope explore --target host`: schedules of a scenario on the host port.
//!
//! The host port runs the image's programs natively, and ends slices at kernel calls and uses of shared cells.
//! It has no telemetry, no pins and no clock of its own. So of a scenario it plays what stands on its console: it
//! types the lines, and looks whether the texts come that are waited for. A scenario that needs more is refused, and
//! what was not looked at is said.
//!
//! The explorer is a program of its own ([`ramscope_cli::image::host`]); what it answers is shown in the form of the
//! other targets, and nothing is claimed that it does not say.

use std::path::Path;
use std::process::Command;

use ramscope_cli::image::host as image;
use ramscope_cli::workspace::Workspace;
use ramscope_model::{counted, grouped};
use ramscope_report::ExitCode;
use ramscope_scenario::{Command as Step, Scenario, TextPattern};

use super::Method;
use super::text::title;
use crate::args::ExploreOptions;
use crate::columns::table_text;
use crate::evidence::{as_argument, this_program};
use crate::failure::Failure;
use crate::prepare::{self, Named};
use crate::verb::config;

/// Lines of a failing run that are shown.
const TAIL_LINES: usize = 12;

/// What of a scenario the host port can play.
#[derive(Debug, Default, PartialEq, Eq)]
struct Script {
    arguments: Vec<String>,
}

impl Script {
    fn of(scenario: &Scenario) -> Result<Self, String> {
        let mut script = Self::default();
        // Everything is typed at the start: what the program says cannot come in between.
        let (mut has_typed, mut has_waited_since) = (false, false);
        for step in &scenario.steps {
            let name = step.name.clone().unwrap_or_else(|| format!("{}", step.index + 1));
            match &step.command {
                Step::WaitSerial(bytes) => {
                    script.add("--wait", String::from_utf8_lossy(bytes).trim_end_matches('\n'));
                    has_waited_since = has_typed;
                }
                Step::WriteSerial(_) if has_waited_since => {
                    return Err(format!(
                        "step `{name}` types after the program has said something; the host port types \
                         at its start only, the engine whenever you like"
                    ));
                }
                Step::WriteSerial(bytes) => {
                    let text = String::from_utf8_lossy(bytes).into_owned();
                    text.lines().for_each(|line| script.add("--type", line));
                    has_typed = true;
                }
                _ => {
                    return Err(format!(
                        "step `{name}` needs a machine, with pins and a clock; the host port has a console"
                    ));
                }
            }
        }
        for expected in &scenario.settings.expect_text {
            script.add("--expect", literal(&expected.pattern)?);
        }
        for unwanted in &scenario.settings.fail_on {
            script.add("--never", literal(&unwanted.pattern)?);
        }
        match has_typed {
            true => Ok(script),
            false => Err("the scenario types nothing, so no program starts".to_owned()),
        }
    }

    fn add(&mut self, option: &str, value: &str) {
        self.arguments.extend([option.to_owned(), value.to_owned()]);
    }
}

/// The text of a pattern that is one.
fn literal(pattern: &TextPattern) -> Result<&str, String> {
    match pattern {
        TextPattern::Literal(text) => Ok(text),
        TextPattern::Regex(_) => Err("regular expressions are for machines".to_owned()),
    }
}

/// Explores, prints what that came to, and gives the exit code that follows.
pub(crate) fn explore(options: &ExploreOptions) -> Result<ExitCode, Failure> {
    let settings = config::run_settings(&options.settings.without_targets())?;
    let scenarios = prepare::scenarios(&settings, Named::Scenarios)?;
    let [scenario] = &scenarios[..] else {
        let reason = format!("name one scenario, these are {}", scenarios.len());
        return Err(Failure::NoGround { reason });
    };
    let script = Script::of(scenario).map_err(|reason| Failure::NoGround { reason })?;
    let workspace = Workspace::containing(Path::new("."))?;
    let explorer = image::explorer(&workspace)?;
    let mut command = Command::new(explorer);
    command.args(&script.arguments);
    match (&options.schedule, options.method()) {
        (Some(schedule), _) => command.args(["--schedule", schedule]),
        (None, Method::Enumerated) => command.arg("--every"),
        (None, Method::Drawn { seeds, switches }) => {
            command.args(["--seeds", &seeds.to_string(), "--switches", &switches.to_string()])
        }
    };
    let broken = |what: &str| Failure::NoGround { reason: format!("the host's image {what}") };
    let output = command.output().map_err(|error| broken(&format!("does not start: {error}")))?;
    if !output.status.success() {
        return Err(broken(String::from_utf8_lossy(&output.stderr).trim()));
    }
    let answer = Answer::read(&String::from_utf8_lossy(&output.stdout));
    let again = format!(
        "{} explore {} --target host",
        this_program(),
        as_argument(Path::new(&scenario.path))
    );
    print!("{}", text(&scenario.name, options, &answer, &again));
    Ok(if answer.broken.is_some() { ExitCode::Fail } else { ExitCode::Pass })
}

/// What the explorer said.
#[derive(Debug, Default, PartialEq, Eq)]
struct Answer {
    /// Runs, distinct ones, failed ones, points.
    counts: [u64; 4],
    /// Up to so many switches, every schedule was tried.
    complete: Option<u32>,
    /// Number, switches as drawn, and what is left of the smallest schedule that failed.
    found: Option<(u64, usize, String)>,
    /// Point, who gave way, who went on, and where.
    switches: Vec<[String; 4]>,
    broken: Option<String>,
    said: Vec<String>,
}

impl Answer {
    fn read(text: &str) -> Self {
        let mut answer = Self::default();
        for line in text.lines() {
            let (key, rest) = line.split_once('\t').unwrap_or((line, ""));
            let values: Vec<&str> = rest.split('\t').collect();
            let number =
                |index: usize| values.get(index).and_then(|it| it.parse().ok()).unwrap_or(0);
            let word = |index: usize| values.get(index).copied().unwrap_or("").to_owned();
            match key {
                "runs" => answer.counts = [number(0), number(1), number(2), number(3)],
                "complete" => answer.complete = Some(number(0) as u32),
                "found" => answer.found = Some((number(0), number(1) as usize, word(2))),
                "switch" => answer.switches.push([word(0), word(1), word(2), word(3)]),
                "broken" => answer.broken = Some(rest.to_owned()),
                "said" => answer.said.push(rest.to_owned()),
                _ => {}
            }
        }
        answer
    }
}

/// What is shown; the last line is the command that shows the smallest failing schedule again.
fn text(name: &str, options: &ExploreOptions, answer: &Answer, again: &str) -> String {
    if let Some(schedule) = &options.schedule {
        let mut text = format!("{name} [host]: the schedule {schedule}\n\n");
        text += &tail(answer);
        text += &match &answer.broken {
            Some(reason) => format!("\n  fail: {reason}\n"),
            None => "\n  pass: every text came that the scenario asks for\n".to_owned(),
        };
        return text;
    }
    let method = options.method();
    let [runs, distinct, failed, points] = answer.counts;
    let mut text = format!("{name} [host]: {}\n\n", title(method));
    let facts = [
        ("tried", format!("{}, {}", counted(runs, "run"), counted(distinct, "distinct schedule"))),
        (
            "covered",
            format!(
                "{} at which an equal is ready: kernel calls and uses of shared cells",
                counted(points, "point")
            ),
        ),
        ("outcome", format!("{} failed, {} passed", grouped(failed), grouped(runs - failed))),
        ("judged", "what the console says; budgets and findings need a machine".to_owned()),
    ];
    for (label, words) in facts {
        text += &format!("  {label:<10}{words}\n");
    }
    text += "\n";
    text + &match &answer.found {
        Some(found) => found_text(method, found, answer, again),
        None => nothing_found(answer),
    }
}

fn found_text(
    method: Method,
    (number, drawn, schedule): &(u64, usize, String),
    answer: &Answer,
    again: &str,
) -> String {
    let origin = match method {
        Method::Drawn { .. } => format!("The smallest failing schedule (seed {number})"),
        Method::Enumerated => "The first failing schedule of all with one switch".to_owned(),
    };
    let left = answer.switches.len();
    let shrunk = match *drawn > left {
        true => format!(", shrunk from {drawn} switches to {left}"),
        false => String::new(),
    };
    let rows: Vec<[String; 4]> = answer.switches.clone();
    let table = table_text(["point", "from", "to", "interrupted in"], &rows);
    let mut text = format!("{origin}{shrunk}:\n\n");
    table.lines().for_each(|line| text += &format!("  {line}\n"));
    let reason = answer.broken.as_deref().unwrap_or("it failed");
    text += &format!("\n  {reason}\n\n{}\n{again} --schedule {schedule}\n", tail(answer));
    text
}

fn tail(answer: &Answer) -> String {
    let skipped = answer.said.len().saturating_sub(TAIL_LINES);
    answer.said[skipped..].iter().map(|line| format!("  | {line}\n")).collect()
}

fn nothing_found(answer: &Answer) -> String {
    let [.., points] = answer.counts;
    match (answer.complete, points) {
        (_, 0) => "There is no other schedule: no other thread of the same priority is ready at any point.\n"
            .to_owned(),
        (Some(_), _) => "Complete for one switch at kernel calls and uses of shared cells: nothing fails. Two \
                         switches, or one\nbetween two such points, may still fail.\n"
            .to_owned(),
        (None, _) => "None of these failed. That is no proof: others were not tried. More seeds try more,\nand \
                      `--depth 1` tries all that have one switch.\n"
            .to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAID: &str = "runs\t40\t12\t3\t9\nfound\t7\t2\t4:+0\nswitch\t4\tleft\tright\tadd (race.rs:30)\n\
                        broken\t`40 of 40` did not come\nsaid\tready\nsaid\tended\n";

    #[test]
    fn an_answer_is_read_line_by_line_and_unknown_words_are_left_out() {
        let answer = Answer::read(&format!("{SAID}later\tword\n"));
        assert_eq!(answer.counts, [40, 12, 3, 9]);
        assert_eq!(answer.found, Some((7, 2, "4:+0".to_owned())));
        assert_eq!(answer.switches[0][3], "add (race.rs:30)");
        assert_eq!(answer.said, ["ready", "ended"]);
    }

    #[test]
    fn complete_is_said_only_if_the_explorer_says_so() {
        let said = |answer: &str| nothing_found(&Answer::read(answer));
        assert!(said("runs\t9\t9\t0\t8\ncomplete\t1\n").starts_with("Complete for one switch"));
        assert!(said("runs\t9\t9\t0\t8\n").starts_with("None of these failed. That is no proof"));
        assert!(said("runs\t1\t1\t0\t0\n").starts_with("There is no other schedule"));
    }

    #[test]
    fn the_last_line_replays_the_smallest_schedule() {
        let method = Method::Drawn { seeds: 40, switches: 2 };
        let answer = Answer::read(SAID);
        let found = answer.found.clone().unwrap();
        let text = found_text(method, &found, &answer, "ramscope explore a.yaml --target host");
        assert!(
            text.ends_with("\nramscope explore a.yaml --target host --schedule 4:+0\n"),
            "{text}"
        );
        assert!(
            text.starts_with(
                "The smallest failing schedule (seed 7), shrunk from 2 switches to 1:"
            )
        );
    }
}
