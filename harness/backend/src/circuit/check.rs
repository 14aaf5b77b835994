//! Checking a scenario's pins and controls against the diagram, before anything is launched.
//!
//! A name that the diagram does not hold is the scenario's mistake. A part that the diagram does
//! hold, and this version cannot simulate, is not: its steps are skipped with a reason.

use ramscope_scenario::{
    Command, ExpectPin, Fault, PinPlace, Problem, Rule, Scenario, SetControl, Severity,
    SkippedStep, Step, StuckPin, Touch, nearest,
};

use super::part::{Control, Range};
use super::{Circuit, Kind, Part, Terminal};

/// What a scenario's steps are against a diagram.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checked {
    /// Mistakes in the scenario; all are errors.
    pub problems: Vec<Problem>,
    /// Steps that this version cannot perform, with reasons.
    pub skipped: Vec<SkippedStep>,
}

/// A problem with the pin of a fault.
fn about_fault(
    scenario: &Scenario,
    line: u32,
    (rule, message, fix): (Rule, String, Option<String>),
) -> Problem {
    Problem {
        severity: Severity::Error,
        rule,
        message,
        path: scenario.path.clone(),
        line,
        column: 1,
        length: 0,
        fix,
        wokwi: None,
    }
}

/// What keeps a step from running.
enum Obstacle {
    Mistake { rule: Rule, message: String, fix: Option<String> },
    Lack(String),
}

impl Circuit {
    /// Checks the steps that read pins and move controls.
    #[must_use]
    pub fn check(&self, scenario: &Scenario) -> Checked {
        let mut checked = Checked::default();
        for step in &scenario.steps {
            match self.check_step(step) {
                Ok(()) => {}
                Err(Obstacle::Lack(reason)) => {
                    checked.skipped.push(SkippedStep { step: step.index, reason });
                }
                Err(Obstacle::Mistake { rule, message, fix }) => {
                    let problem = Problem::about_step(scenario, step, rule, &message, fix);
                    checked.problems.push(problem);
                }
            }
        }
        for injection in &scenario.settings.inject {
            if let Fault::Pin(StuckPin { pin: PinPlace::Part { part, pin }, .. }) = &injection.fault
            {
                let terminal = Terminal { part: part.clone(), pin: pin.clone() };
                let rule_and_text = match self.check_pin(&terminal) {
                    Ok(()) => continue,
                    Err(Obstacle::Lack(reason)) => (Rule::UnknownPart, reason, None),
                    Err(Obstacle::Mistake { rule, message, fix }) => (rule, message, fix),
                };
                checked.problems.push(about_fault(scenario, injection.line, rule_and_text));
            }
        }
        checked
    }

    fn check_step(&self, step: &Step) -> Result<(), Obstacle> {
        match &step.command {
            Command::ExpectPin(expected) => self.check_pin(&terminal(expected)),
            Command::SetControl(control) => self.check_control(control),
            Command::TakeScreenshot(shot) => self.check_screen(&shot.part_id.to_string()),
            Command::Touch(Touch { point, .. })
            | Command::TouchPress(point)
            | Command::TouchMove(point) => self.check_touch(&point.part_id.to_string()),
            Command::TouchRelease { part_id } => self.check_touch(&part_id.to_string()),
            _ => Ok(()),
        }
    }

    fn check_pin(&self, terminal: &Terminal) -> Result<(), Obstacle> {
        let (part, kind) = self.simulated(&terminal.part)?;
        if kind.inside(&terminal.pin).is_none() {
            let known = kind.pins();
            let names = known.iter().map(String::as_str);
            let what =
                format!("`{}`, a {}, has no pin `{}`", part.id, part.type_name, terminal.pin);
            return Err(mistake(Rule::UnknownPin, what, &terminal.pin, names));
        }
        Ok(())
    }

    fn check_screen(&self, id: &str) -> Result<(), Obstacle> {
        let (part, kind) = self.simulated(id)?;
        match kind.glass() {
            Some(_) => Ok(()),
            None => Err(Obstacle::Mistake {
                rule: Rule::UnknownPart,
                message: format!("`{}`, a {}, has no screen", part.id, part.type_name),
                fix: self.nearest_screen(id),
            }),
        }
    }

    /// The screen that was meant: the only one, or the one that is called most like it.
    fn nearest_screen(&self, id: &str) -> Option<String> {
        let parts = self.plan.parts.iter().filter(|part| part.kind.is_some_and(Kind::is_screen));
        let ids: Vec<&str> = parts.map(|part| part.id.as_str()).collect();
        match ids.as_slice() {
            [only] => Some((*only).to_owned()),
            _ => nearest(id, ids).map(String::from),
        }
    }

    fn check_touch(&self, id: &str) -> Result<(), Obstacle> {
        let (part, _) = self.simulated(id)?;
        let what = format!("`{}` is a {}, which has no touch here", part.id, part.type_name);
        Err(Obstacle::Lack(what))
    }

    fn check_control(&self, step: &SetControl) -> Result<(), Obstacle> {
        let (part, kind) = self.simulated(&step.part_id.to_string())?;
        let name = step.name.to_string();
        let what = format!("`{}`, a {}, has no control `{name}`", part.id, part.type_name);
        match kind.control() {
            None => Err(Obstacle::Mistake {
                rule: Rule::UnknownControl,
                message: format!("`{}`, a {}, has no controls", part.id, part.type_name),
                fix: None,
            }),
            Some(control) if control.name != name => {
                // The only one there is was meant, whatever was written.
                let fix = Some(control.name.to_owned());
                Err(Obstacle::Mistake { rule: Rule::UnknownControl, message: what, fix })
            }
            Some(Control { range, .. }) => match (kind.position(&step.value), range) {
                (Some(position), Range::Switch) if position.is_on().is_none() => {
                    Err(wrong_value(part, step, "0 or 1"))
                }
                (Some(_), _) => Ok(()),
                (None, Range::Switch) => Err(wrong_value(part, step, "0 or 1")),
                (None, Range::UpTo(most)) => {
                    Err(wrong_value(part, step, &format!("from 0 to {most}")))
                }
            },
        }
    }

    /// A part that can be simulated.
    fn simulated(&self, id: &str) -> Result<(&Part, Kind), Obstacle> {
        let Some(part) = self.plan.part(id) else {
            let ids = self.plan.parts.iter().map(|part| part.id.as_str());
            let what = format!("the diagram has no part `{id}`");
            return Err(mistake(Rule::UnknownPart, what, id, ids));
        };
        let lack = || {
            Obstacle::Lack(format!(
                "part `{}` is a {}, which this version does not simulate",
                part.id, part.type_name
            ))
        };
        part.kind.map(|kind| (part, kind)).ok_or_else(lack)
    }
}

/// The pin that a step reads.
pub(crate) fn terminal(step: &ExpectPin) -> Terminal {
    Terminal { part: step.part_id.to_string(), pin: step.name.to_string() }
}

fn wrong_value(part: &Part, step: &SetControl, allowed: &str) -> Obstacle {
    Obstacle::Mistake {
        rule: Rule::InvalidControlValue,
        message: format!("`{}` of `{}` is {allowed}, not `{}`", step.name, part.id, step.value),
        fix: None,
    }
}

/// A name that does not exist: the one that was meant, or else all there are.
fn mistake<'a>(
    rule: Rule,
    what: String,
    name: &str,
    known: impl Iterator<Item = &'a str> + Clone,
) -> Obstacle {
    let fix = nearest(name, known.clone()).map(String::from);
    let message = match fix {
        Some(_) => what,
        None => format!("{what}; it has {}", known.collect::<Vec<_>>().join(", ")),
    };
    Obstacle::Mistake { rule, message, fix }
}
