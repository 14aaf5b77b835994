//! What the device must say, and what it must never say.
//!
//! Texts are looked for in the lines that the console kept, so a verdict made again from a recording
//! finds the same ones. A line counts for a stretch of the run by the instant at which it began.

use ramscope_scenario::{During, TextPattern, TextSearch};
use ramscope_time::Instant;

use crate::console::Line;
use crate::verdict::judge::Evidence;
use crate::verdict::{Failure, StepResult};

/// What was demanded of a text.
const TO_BE_SAID: &str = "to be said";
const NEVER_TO_BE_SAID: &str = "never to be said";

/// Demands on texts that do not hold.
pub(super) fn failures(evidence: &Evidence<'_>, steps: &[StepResult]) -> Vec<Failure> {
    let settings = evidence.settings();
    let forbidden = settings.fail_on.iter().filter_map(|entry| {
        let found = find(evidence, &entry.pattern, Stretch::WHOLE)?;
        Some(Failure {
            line: Some(entry.line),
            subject: entry.pattern.to_string(),
            expected: NEVER_TO_BE_SAID.to_owned(),
            observed: format!("it was said: {:?}", found.text),
            at: Some(found.at),
        })
    });
    let missing = settings.expect_text.iter().filter_map(|entry| {
        let (stretch, place) = stretch_of(evidence, &entry.during, steps);
        let is_there =
            stretch.is_some_and(|stretch| find(evidence, &entry.pattern, stretch).is_some());
        (!is_there).then(|| Failure {
            line: Some(entry.line),
            subject: entry.pattern.to_string(),
            expected: format!("{TO_BE_SAID}{place}"),
            observed: match stretch {
                Some(_) => "it was not".to_owned(),
                None => "the run did not come that far".to_owned(),
            },
            at: None,
        })
    });
    forbidden.chain(missing).collect()
}

/// Why a text that was not found may have been there.
pub(super) fn doubt(evidence: &Evidence<'_>) -> Option<String> {
    let settings = evidence.settings();
    let asks = !settings.expect_text.is_empty() || !settings.fail_on.is_empty();
    let dropped = evidence.console.dropped();
    (asks && dropped > 0).then(|| {
        format!("the first {dropped} lines of the console are not kept, and texts are looked for")
    })
}

/// A part of the run.
#[derive(Clone, Copy)]
struct Stretch {
    from: Instant,
    to: Instant,
}

impl Stretch {
    const WHOLE: Self = Self { from: Instant::ZERO, to: Instant::from_picos(u64::MAX) };
}

/// The stretch, if the run came to its beginning, and what to call it.
fn stretch_of(
    evidence: &Evidence<'_>,
    during: &During,
    steps: &[StepResult],
) -> (Option<Stretch>, String) {
    let between = |from: usize, to: usize| {
        let from = steps.get(from)?.began?;
        let to = steps.get(to).and_then(|step| step.ended);
        Some(Stretch { from, to: to.unwrap_or(evidence.course.last_at) })
    };
    match during {
        During::Run => (Some(Stretch::WHOLE), String::new()),
        During::Step(step) => {
            let label = steps.get(*step).map_or_else(String::new, |step| step.label.clone());
            (between(*step, *step), format!(" during {label}"))
        }
        During::Phase(name) => {
            let phase = evidence.settings().phase(name);
            (
                phase.and_then(|phase| between(phase.from, phase.to)),
                format!(" during phase `{name}`"),
            )
        }
    }
}

/// The line in which a text stands, or ends.
fn find(evidence: &Evidence<'_>, pattern: &TextPattern, stretch: Stretch) -> Option<Line> {
    let mut search = TextSearch::new(pattern);
    let partial = evidence.console.partial();
    let lines = evidence.console.lines().chain(&partial);
    let inside = |line: &&Line| (stretch.from..=stretch.to).contains(&line.at);
    for line in lines.filter(inside) {
        let text = format!("{}\n", line.text);
        if search.feed(text.as_bytes()).is_some() {
            return Some(line.clone());
        }
    }
    None
}
