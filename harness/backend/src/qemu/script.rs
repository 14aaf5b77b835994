//! The steps of a run as a script.

use crate::drive::CLOSING;
use ramscope_scenario::{Command, Matching, Run};
use ramscope_time::Span;
use ramscope_wire::script::{Action, NO_LIMIT, SCRIPT_HZ, ScriptWriter, UNLIMITED, WaitRule};

/// Picoseconds of a tick.
const TICK_PS: u64 = 1_000_000_000_000 / SCRIPT_HZ as u64;

/// The script that does what [`drive`](crate::drive) does with the same run: steps that the target
/// skips are left out, and the device runs on for the settle window.
pub(super) fn of(run: &Run) -> Vec<u8> {
    let settings = &run.scenario.settings;
    let rule = match settings.matching {
        Matching::Wokwi => WaitRule::AfterBegin,
        Matching::Cursor => WaitRule::AfterMatch,
    };
    let mut script = ScriptWriter::new(rule, ticks(settings.timeout));
    for step in run.scenario.steps.iter().filter(|step| run.step_skip(step.index).is_none()) {
        let action = match &step.command {
            Command::Delay(span) => Action::Delay(ticks(*span)),
            Command::WaitSerial(bytes) => Action::Wait(bytes),
            Command::WriteSerial(bytes) => Action::Type(bytes),
            _ => continue,
        };
        script.step(&action, settings.step_timeout(step.index).map_or(NO_LIMIT, ticks));
    }
    // Whether or not its windows can be opened, a run with phases goes on until the last is closed.
    let settle =
        if settings.phases.is_empty() { settings.settle } else { settings.settle.max(CLOSING) };
    script.step(&Action::Delay(ticks(settle)), UNLIMITED);
    script.finish()
}

/// Whole ticks; a part of one counts as one, so nothing is cut short.
fn ticks(span: Span) -> u64 {
    span.as_picos().div_ceil(TICK_PS)
}
