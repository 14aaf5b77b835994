//! The functions on each stack when it was deepest, folded away: a row each, with its bytes as a bar.

use ramscope_model::{Judged, ShownFrame, Took, bytes, counted};

use super::text::{bar, text};
use crate::frames::{Deepest, deepest};

/// Stacks that are shown, the tightest ones; the JSON report has all.
const STACKS_MAX: usize = 24;

/// All of it; nothing where nobody followed calls.
pub(super) fn deepest_calls(judged: &Judged) -> String {
    let all = deepest(judged.feed.device()).into_iter().filter(|it| it.has_names(judged));
    let all: Vec<Deepest<'_>> = all.collect();
    if all.is_empty() {
        return String::new();
    }
    let stacks: String = all.iter().take(STACKS_MAX).map(|it| stack(judged, it)).collect();
    let more = match all.len().saturating_sub(STACKS_MAX) {
        0 => String::new(),
        more => format!("<p class=\"none\">and {more} more, all in the JSON report</p>"),
    };
    format!(
        "<p class=\"none\">Who had called whom when each stack was deepest, as the machine saw it: \
         exact, innermost first.</p>{stacks}{more}"
    )
}

fn stack(judged: &Judged, it: &Deepest<'_>) -> String {
    let frames = it.frames(judged);
    let most = frames.iter().map(bytes_of).max().unwrap_or(0);
    let rows: String = frames.iter().map(|frame| row(frame, most)).collect();
    let called = frames.iter().filter(|frame| frame.took != Took::Inlined).count();
    format!(
        "<details class=\"calls\"><summary><b>{}</b> {} <small>in {}</small></summary>\
         <div class=\"scroll\"><table><thead><tr><th class=\"n\">stack</th><th></th>\
         <th>function</th><th>at</th></tr></thead><tbody>{rows}</tbody></table></div></details>",
        text(&it.name),
        it.figures(),
        counted(called as u64, "function"),
    )
}

const fn bytes_of(frame: &ShownFrame) -> u32 {
    match frame.took {
        Took::Bytes(count) => count,
        Took::Inlined | Took::Unknown => 0,
    }
}

fn row(frame: &ShownFrame, most: u32) -> String {
    let (figure, drawn, class) = match frame.took {
        Took::Bytes(count) => (bytes(count.into()), bar(count, most.max(1), "quiet"), ""),
        Took::Inlined => ("inlined".to_owned(), String::new(), " class=\"quiet\""),
        Took::Unknown => ("–".to_owned(), String::new(), ""),
    };
    let place = frame.place.as_ref().map_or_else(String::new, |place| text(place).to_string());
    format!(
        "<tr{class}><td class=\"n\">{figure}</td><td>{drawn}</td><td><code>{}</code></td>\
         <td><code>{place}</code></td></tr>",
        text(&frame.function),
    )
}
