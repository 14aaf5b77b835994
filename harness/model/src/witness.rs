//! Following a run while it goes on, to say when something has come to pass.
//!
//! A scenario can wait for a state of a unit, or for a record. Both are in the telemetry, so whoever
//! carries out the steps asks here. It is the same way from bytes to facts as a verdict's, so
//! what was waited for is also what a replay sees.
//!
//! Invariant: what is asked about a condition depends on what was recorded only, never on how often
//! it was asked.

use ramscope_capture::Capture;
use ramscope_scenario::{Condition, Subject, SubjectKind};
use ramscope_wire::UnitKind;

use crate::device::{Device, Unit};
use crate::feed::Feed;

/// Follows a recording that grows.
#[derive(Clone, Debug, Default)]
pub struct LiveView {
    feed: Feed,
    /// Chunks that were taken whole, and bytes of the next one.
    taken: (usize, usize),
    condition: Option<Condition>,
}

impl LiveView {
    /// A view that has seen nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A wait for this condition begins; what the recording holds came before it.
    pub fn begin(&mut self, condition: &Condition, recording: &Capture) {
        self.follow(recording);
        if let Condition::Record { kind, name } = condition {
            self.feed.count_records(kind, name.as_deref());
        }
        self.condition = Some(condition.clone());
    }

    /// Whether the condition has come to pass, by what the recording holds now.
    pub fn has_come(&mut self, recording: &Capture) -> bool {
        self.follow(recording);
        match &self.condition {
            Some(Condition::State { unit, state, why }) => {
                let mut units = units_of(unit, self.feed.device());
                units.any(|unit| is_in_state(unit, state, why.as_deref()))
            }
            Some(Condition::Record { .. }) => self.feed.records_counted() > 0,
            // Texts are looked for where they are received.
            Some(Condition::Text(_)) | None => false,
        }
    }

    /// What is the case instead, for a message.
    #[must_use]
    pub fn instead(&self) -> String {
        let device = self.feed.device();
        match &self.condition {
            Some(Condition::State { unit, .. }) => {
                let states: Vec<String> = units_of(unit, device)
                    .map(|unit| format!("`{}` is {} ({})", unit.name, unit.state, unit.why))
                    .collect();
                match states.is_empty() {
                    true => format!("no {unit} is there"),
                    false => states.join(", "),
                }
            }
            Some(Condition::Record { kind, .. }) => format!(
                "no such {kind} among {} records in all",
                crate::number::grouped(self.feed.records())
            ),
            _ => String::new(),
        }
    }

    /// Takes what is new.
    fn follow(&mut self, recording: &Capture) {
        let (mut index, mut bytes) = self.taken;
        while let Some(chunk) = recording.device.get(index) {
            self.feed.push(chunk.stream, chunk.instant, &chunk.bytes[bytes..]);
            // The last chunk may grow.
            (index, bytes) = match index + 1 < recording.device.len() {
                true => (index + 1, 0),
                false => {
                    self.taken = (index, chunk.bytes.len());
                    return;
                }
            };
        }
        self.taken = (index, bytes);
    }
}

/// The units of the present boot that a pattern means.
fn units_of<'a>(subject: &'a Subject, device: &'a Device) -> impl Iterator<Item = &'a Unit> {
    let boot = device.boot().index;
    device.units().iter().filter(move |unit| {
        let is_kind = match subject.kind {
            SubjectKind::Task => unit.kind == UnitKind::Task,
            SubjectKind::Tasklet => unit.kind == UnitKind::Tasklet,
            _ => matches!(unit.kind, UnitKind::Thread | UnitKind::Callbacks),
        };
        let names = [unit.name.as_str(), unit.base_name()];
        unit.key.boot == boot
            && is_kind
            && names.iter().any(|name| subject.includes(subject.kind, name))
    })
}

fn is_in_state(unit: &Unit, state: &str, why: Option<&str>) -> bool {
    unit.state.to_string() == state && why.is_none_or(|why| unit.why.to_string() == why)
}
