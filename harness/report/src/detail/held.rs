//! Where the blocks come from by which a budget is exceeded.

use ramscope_model::{Judged, bytes, counted};

use super::heading;
use crate::held::{Held, Origin, functions, is_told_before, origin};
use crate::style::{Style, clean};

/// So many chains of a budget are shown; JSON has all of them.
const CHAINS_MAX: usize = 8;
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
            Origin::Exact(chains) => {
                text.extend(chains.iter().take(CHAINS_MAX).map(|held| lines(judged, held)));
                if let more @ 1.. = chains.len().saturating_sub(CHAINS_MAX) {
                    text += &format!("     and {} more\n", counted(more as u64, "chain"));
                }
            }
        }
    }
    match text.is_empty() {
        true => text,
        false => heading("blocks that stayed, and who had called whom: exact", style) + &text,
    }
}

fn lines(judged: &Judged, held: &Held<'_>) -> String {
    let place = held.place.as_ref().map_or_else(String::new, |place| format!(", at {place}"));
    let head = format!(
        "     {} in {}, allocated by {}{place}\n",
        bytes(held.bytes),
        counted(held.blocks, "block"),
        held.unit,
    );
    let mut names = functions(judged, held.callers);
    let more = names.len().saturating_sub(FUNCTIONS_MAX);
    names.truncate(FUNCTIONS_MAX);
    if more > 0 {
        names.push(format!("{more} more"));
    }
    let chain = match (names.is_empty(), held.callers.is_empty()) {
        (false, _) => names.join(" < "),
        (true, true) => "in a handler of interrupts".to_owned(),
        (true, false) => {
            let all = held.callers.iter().map(|pc| format!("0x{pc:08x}"));
            all.take(FUNCTIONS_MAX).collect::<Vec<_>>().join(" < ")
        }
    };
    clean(head.trim_end()) + "\n       " + &clean(&chain) + "\n"
}
