//! What became of a schedule, read from the capture of its run.

use ramscope_capture::{Capture, ObserverEvent, Stream};
use ramscope_wire::{Item, RawDecoder, Record, Steered, UnitId};

/// A slice that was ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SwitchMade {
    /// After how many instructions since power-on it was asked for.
    pub after: u64,
    /// The instruction before which the unit was interrupted.
    pub pc: u32,
    /// Whose slice it was.
    pub from: UnitId,
    /// Who went on; `None`: nobody else of the same priority was ready, or not whom the schedule named.
    pub to: Option<UnitId>,
    /// Ready units of the same priority.
    pub choices: u32,
}

/// What the device answered to each switch of a schedule, in order.
///
/// The machine saw where, and the firmware says who; both tell once for each command.
#[must_use]
pub fn switches_made(capture: &Capture) -> Vec<SwitchMade> {
    let seen = capture.events::<ObserverEvent>().filter_map(|event| match event.ok()?.event {
        ObserverEvent::Steered { after, pc } => Some((after, pc)),
        _ => None,
    });
    let made = seen.zip(answers(capture)).map(|((after, pc), answer)| SwitchMade {
        after,
        pc,
        from: answer.from,
        to: (answer.to != UnitId::KERNEL).then_some(answer.to),
        choices: answer.choices,
    });
    made.collect()
}

fn answers(capture: &Capture) -> Vec<Steered> {
    let mut decoder = RawDecoder::new();
    capture.stream(Stream::Ring).for_each(|chunk| decoder.feed(&chunk.bytes));
    decoder.finish();
    let mut answers = Vec::new();
    while let Some(item) = decoder.next() {
        if let Item::Record { record: Record::Steered(steered), .. } = item {
            answers.push(steered);
        }
    }
    answers
}
