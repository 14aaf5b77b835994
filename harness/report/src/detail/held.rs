//! Where the blocks come from by which a budget is exceeded, and those of the heap's peak.

use ramscope_model::{Judged, bytes, counted};

use super::heading;
use crate::figures::seconds;
use crate::held::{Held, Origin, at_peak, is_guessed, is_told_before, line, origin};
use crate::style::{Style, clean};

/// So many chains of a budget are shown; JSON has all of them.
const CHAINS_MAX: usize = 8;
/// So many chains of the heap's peak are shown.
const PEAK_CHAINS_MAX: usize = 16;
/// So many functions stand on a line, the innermost ones.
const FUNCTIONS_MAX: usize = 6;

pub(super) fn held(judged: &Judged, style: Style) -> String {
    let results = &judged.verdict.budgets;
    let mut text = String::new();
    for result in results.iter().filter(|result| !is_told_before(results, result)) {
        let Some(origin) = origin(judged, result) else { continue };
        text += &format!("   {} of {}\n", clean(result.id.as_str()), clean(&result.name));
        match origin {
            Origin::NotKnown(reason) => text += &format!("     not available: {reason}\n"),
            Origin::Known(chains) => {
                text.extend(chains.iter().take(CHAINS_MAX).map(|held| lines(judged, held)));
                if let more @ 1.. = chains.len().saturating_sub(CHAINS_MAX) {
                    text += &format!("     and {} more\n", counted(more as u64, "chain"));
                }
            }
        }
    }
    match text.is_empty() {
        true => text,
        false => heading("blocks that stayed, and who had called whom", style) + &text,
    }
}

fn lines(judged: &Judged, held: &Held<'_>) -> String {
    format!("     {}\n       {}\n", held.sentence(), line(judged, held, FUNCTIONS_MAX))
}

/// Who held the heap when most of it was in use, where somebody followed that.
pub(super) fn peak(judged: &Judged, style: Style) -> String {
    let Some((at, chains)) = at_peak(judged.feed.device()) else { return String::new() };
    let known: u64 = chains.iter().map(|held| held.bytes).sum();
    let (known, at) = (bytes(known), seconds(at));
    let title = match is_guessed(&chains) {
        true => format!("the most that was traced of the heap, {known} at {at}: calls are guesses"),
        false => format!("heap at its peak, {known} at {at}: exact"),
    };
    let mut text = heading(&title, style);
    text.extend(chains.iter().take(PEAK_CHAINS_MAX).map(|held| lines(judged, held)));
    if let more @ 1.. = chains.len().saturating_sub(PEAK_CHAINS_MAX) {
        text += &format!("     and {} more\n", counted(more as u64, "chain"));
    }
    text
}
