//! Traps that only show where steps are seen together: wokwi-cli lets all of them through.

use ramscope_time::Span;

use crate::rule::Rule;
use crate::scenario::{Command, Step};
use crate::settings::{Phase, Settings};
use crate::yaml::Place;

use super::problems::{Draft, Problems};

/// Warns of what the steps do to each other, and to the time that they have.
pub(super) fn warn(steps: &[Step], settings: &Settings, problems: &mut Problems) {
    for (step, next) in steps.iter().zip(steps.iter().skip(1)) {
        warn_of_echo(step, next, problems);
    }
    for (index, step) in steps.iter().enumerate() {
        warn_of_unfinished_line(step, steps.get(index + 1), problems);
        warn_of_torn_pattern(step, problems);
    }
    warn_of_trailing_input(steps, problems);
    warn_of_delays(steps, settings, problems);
}

/// Whether the device runs for any time during the phase.
pub(super) fn has_time(phase: &Phase, steps: &[Step], settings: &Settings) -> bool {
    let steps = &steps[phase.from..=phase.to];
    steps.iter().any(|step| {
        lets_the_device_run(&step.command) || settings.waits_after(step.index).next().is_some()
    })
}

fn place(step: &Step) -> Place {
    Place { line: step.line, column: step.column, length: 0 }
}

/// On Wokwi the device stands still between steps: input after the last step that lets it run
/// never reaches the program.
fn warn_of_trailing_input(steps: &[Step], problems: &mut Problems) {
    let mut standing_still =
        steps.iter().rev().take_while(|step| !lets_the_device_run(&step.command));
    let Some(step) = standing_still.find(|step| is_input(&step.command)) else {
        return;
    };
    let message = format!(
        "no later step lets the device run, so on Wokwi its program never sees this `{}`",
        step.command.keyword()
    );
    let draft = Draft::warning(Rule::TrailingInputStep, place(step), message);
    problems.push(draft.fix("add `- delay: 500ms` at the end"));
}

/// What was just sent comes back as an echo, or not at all.
fn warn_of_echo(step: &Step, next: &Step, problems: &mut Problems) {
    let (Command::WriteSerial(sent), Command::WaitSerial(awaited)) = (&step.command, &next.command)
    else {
        return;
    };
    let is_part = !awaited.is_empty() && sent.windows(awaited.len()).any(|part| part == awaited);
    if is_part {
        let message = format!(
            "step {} has just sent this text, so an echo would match; with telemetry frames on \
             there is none",
            step.index
        );
        problems.push(Draft::warning(Rule::WaitForEcho, place(next), message));
    }
}

/// Our console reads lines. Of other programs nobody knows, so only its one command is looked at.
fn warn_of_unfinished_line(step: &Step, next: Option<&Step>, problems: &mut Problems) {
    let Command::WriteSerial(sent) = &step.command else { return };
    let goes_on = next.is_some_and(|next| matches!(next.command, Command::WriteSerial(_)));
    let is_finished = sent.iter().any(|byte| matches!(byte, b'\n' | b'\r' | b'\\'));
    if sent.starts_with(b"run ") && !is_finished && !goes_on {
        let message = "nothing ends this line, so the console goes on waiting for the rest of it";
        let fix = format!("\"{}\\n\"", String::from_utf8_lossy(sent));
        problems.push(Draft::warning(Rule::UnfinishedLine, place(step), message).fix(fix));
    }
}

fn warn_of_torn_pattern(step: &Step, problems: &mut Problems) {
    let Command::WaitSerial(pattern) = &step.command else { return };
    let newline = pattern.iter().position(|&byte| byte == b'\n');
    if newline.is_some_and(|at| at + 1 < pattern.len()) {
        let message = "this text goes over the end of a line, and with telemetry frames on \
                       something may stand there; wait for one line after the other";
        problems.push(Draft::warning(Rule::PatternAcrossLines, place(step), message));
    }
}

/// The first delay that cannot come to its end.
fn warn_of_delays(steps: &[Step], settings: &Settings, problems: &mut Problems) {
    let mut total = Span::ZERO;
    for step in steps {
        let Command::Delay(span) = step.command else { continue };
        total = Span::from_picos(total.as_picos().saturating_add(span.as_picos()));
        let own = settings.step_timeout(step.index).filter(|limit| span > *limit);
        let message = match own {
            Some(limit) => format!("the step is given up after {limit}, before this delay is over"),
            None if total > settings.timeout => format!(
                "up to here the delays alone take {total}, and the run is given up after {}",
                settings.timeout
            ),
            None => continue,
        };
        problems.push(Draft::warning(Rule::DelayBeyondTimeout, place(step), message));
        return;
    }
}

const fn lets_the_device_run(command: &Command) -> bool {
    match command {
        Command::Delay(_) | Command::WaitSerial(_) | Command::ExpectChipOutput(_) => true,
        Command::Touch(touch) => touch.wait,
        _ => false,
    }
}

const fn is_input(command: &Command) -> bool {
    matches!(
        command,
        Command::WriteSerial(_)
            | Command::SetControl(_)
            | Command::Touch(_)
            | Command::TouchPress(_)
            | Command::TouchRelease { .. }
            | Command::TouchMove(_)
    )
}
