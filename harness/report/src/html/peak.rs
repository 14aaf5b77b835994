//! Who held what when most of the heap was in use: a row each, the calls that led to it folded away.

use ramscope_model::{Certainty, Judged, Symbols, bytes, counted, grouped};

use super::text::{bar, text, time};
use crate::held::{Held, at_peak, is_guessed};

/// Chains that are shown; the JSON report has all.
const CHAINS_MAX: usize = 24;

/// All of it; nothing where nobody followed allocations.
pub(super) fn peak(judged: &Judged) -> String {
    let Some((at, chains)) = at_peak(judged.feed.device()) else { return String::new() };
    let known: u64 = chains.iter().map(|held| held.bytes).sum();
    let certainty = match is_guessed(&chains) {
        true => {
            "That is the most that the device told of while it told every allocation; calls are \
             guesses: words on the stack that look like them."
        }
        false => "Calls are exact: the machine saw them.",
    };
    let rows: String =
        chains.iter().take(CHAINS_MAX).map(|held| row(judged, held, known)).collect();
    let more = match chains.len().saturating_sub(CHAINS_MAX) {
        0 => String::new(),
        more => format!(
            "<p class=\"none\">and {} more, all in the JSON report</p>",
            counted(more as u64, "chain")
        ),
    };
    format!(
        "<p class=\"none\">{} in use at {}. {certainty}</p><div class=\"scroll\"><table class=\"peak\">\
         <thead><tr><th class=\"n\">bytes</th><th></th><th class=\"n\">blocks</th><th>owner</th>\
         <th>allocated at, and by which calls</th></tr></thead><tbody>{rows}</tbody></table></div>{more}",
        bytes(known),
        time(at),
    )
}

fn row(judged: &Judged, held: &Held<'_>, all: u64) -> String {
    let narrow = |figure: u64| u32::try_from(figure).unwrap_or(u32::MAX);
    let ran = held
        .ran
        .as_ref()
        .map_or_else(String::new, |ran| format!(" <small>allocated by {}</small>", text(ran)));
    format!(
        "<tr><td class=\"n\">{}</td><td>{}</td><td class=\"n\">{}</td><th scope=\"row\">{}{ran}</th>\
         <td>{}</td></tr>",
        bytes(held.bytes),
        bar(narrow(held.bytes), narrow(all.max(1)), "quiet"),
        grouped(held.blocks),
        text(&held.owner),
        calls(judged, held),
    )
}

/// The calls, innermost first, behind the place of the allocation.
fn calls(judged: &Judged, held: &Held<'_>) -> String {
    let place = held.place.clone().unwrap_or_else(|| "place not told".to_owned());
    let place = format!("<code>{}</code>", text(&place));
    if held.callers.is_empty() {
        return place;
    }
    let lines = held.callers.iter().map(|pc| {
        let symbol = judged.facts.symbols.function_at(*pc);
        let place = symbol.as_ref().and_then(|symbol| symbol.place.as_ref());
        let place = place.map_or_else(String::new, |(file, line)| {
            format!(" <small>{}:{line}</small>", text(file))
        });
        let name = symbol.map_or_else(|| format!("0x{pc:08x}"), |symbol| symbol.function);
        let mark = match held.certainty {
            Certainty::Exact => "",
            Certainty::Guess => "guess: ",
        };
        format!("<li>{mark}<code>{}</code>{place}</li>", text(&name))
    });
    format!(
        "<details><summary>{place}</summary><ol class=\"chain\">{}</ol></details>",
        lines.collect::<String>()
    )
}
