//! How the heap's memory is divided: areas, free blocks by size, the map by owner, and marks.
//!
//! A map is text, letters on the colours of their owners: it can be read without colours, copied,
//! and read aloud, and it follows the page's dark mode as all other text does.

use ramscope_model::{Device, HeapMap, Shape, Shows, Square, bytes, grouped};
use std::fmt::Write;

use super::text::{bar, prose, text};
use crate::figures::seconds;
use crate::layout::{
    LINE_LETTERS, LINES_MAX, differences, drawn_as, fragmented, letter, size_of_class,
};

/// Owners with a colour of their own; the others share the last one.
const COLOURS: usize = 7;
/// Changes between two marks that are listed.
const CHANGES_MAX: usize = 24;

/// All of it; nothing if the device told nothing.
pub(super) fn layout(device: &Device) -> String {
    let layout = device.heap_layout();
    let shape = layout.shape().map_or_else(String::new, |shape| shape_of(device, shape));
    let map = layout.map().map_or_else(String::new, |map| map_of(device, map));
    shape + &map + &marks(device)
}

fn shape_of(device: &Device, shape: &Shape) -> String {
    let sentence = format!("<p>{}</p>", text(&fragmented(device, shape)));
    format!("{sentence}<div class=\"pair\">{}{}</div>", areas(device), histogram(shape))
}

fn areas(device: &Device) -> String {
    let rows = device.heap_layout().areas().iter().map(|area| {
        format!(
            "<tr><th scope=\"row\">{}</th><td><code>0x{:08x}</code></td><td>{}</td>\
             <td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td>\
             <td class=\"n\">{}</td></tr>",
            text(&area.name),
            area.base,
            bar(area.used, area.bytes, "quiet"),
            bytes(area.used.into()),
            bytes(area.bytes.into()),
            bytes(area.largest_free.into()),
            grouped(area.free_blocks.into()),
        )
    });
    let rows: String = rows.collect();
    match rows.is_empty() {
        true => rows,
        false => table(
            "<th>area</th><th>from</th><th>in use</th><th class=\"n\">used</th>\
             <th class=\"n\">size</th><th class=\"n\">largest free</th>\
             <th class=\"n\">free blocks</th>",
            &rows,
        ),
    }
}

/// Free blocks by size, from the smallest to the largest size that there is.
fn histogram(shape: &Shape) -> String {
    let sizes = &shape.free_by_size;
    let (Some(first), Some(last)) =
        (sizes.iter().position(|count| *count > 0), sizes.iter().rposition(|count| *count > 0))
    else {
        return String::new();
    };
    let most = sizes.iter().copied().max().unwrap_or(1);
    let rows = (first..=last).map(|class| {
        let count = sizes[class];
        format!(
            "<tr><th scope=\"row\" class=\"n\">{}</th><td>{}</td><td class=\"n\">{}</td></tr>",
            size_of_class(class),
            bar(count.into(), most.into(), "quiet"),
            grouped(count.into()),
        )
    });
    table(
        "<th class=\"n\">free blocks of at least</th><th></th><th class=\"n\">count</th>",
        &rows.collect::<String>(),
    )
}

fn table(head: &str, rows: &str) -> String {
    format!(
        "<div class=\"scroll\"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )
}

fn map_of(device: &Device, map: &HeapMap) -> String {
    let square_bytes = device.heap_layout().square_bytes(LINE_LETTERS * LINES_MAX);
    let lines: String =
        map.picture(square_bytes).iter().map(|area| lines(area, square_bytes)).collect();
    let rows = map.owners().into_iter().enumerate().map(|(index, (owner, held))| {
        format!(
            "<tr><td><b class=\"cell o{}\">{}</b></td><th scope=\"row\">{}</th>\
             <td class=\"n\">{}</td></tr>",
            colour(index),
            letter(index),
            text(&device.owner_name(owner)),
            bytes(held),
        )
    });
    let legend = table(
        "<th>letter</th><th>owner</th><th class=\"n\">holds</th>",
        &(rows.collect::<String>()
            + "<tr><td><b class=\"cell\">.</b></td><th scope=\"row\">free</th><td></td></tr>\
               <tr><td><b class=\"cell kept\">!</b></td><th scope=\"row\">in quarantine</th>\
               <td></td></tr>"),
    );
    format!(
        "<h3>Map at {}</h3><p class=\"none\">A letter is {}: the owner of the longest piece in it, \
         small where a part of it is free.</p><div class=\"pair\">\
         <pre class=\"map\" tabindex=\"0\" aria-label=\"map of the heap by owner\">{lines}</pre>\
         {legend}</div>",
        seconds(map.at),
        bytes(square_bytes.into()),
    )
}

fn lines(area: &ramscope_model::AreaPicture, square_bytes: u32) -> String {
    let line_bytes = square_bytes * LINE_LETTERS;
    let is_free = |line: &[Square]| line.iter().all(|square| square.shows == Shows::Free);
    let all: Vec<&[Square]> = area.squares.chunks(LINE_LETTERS as usize).collect();
    let mut html = String::new();
    let mut address = area.start;
    for same in all.chunk_by(|a, b| is_free(a) && is_free(b)) {
        match same {
            [line] => {
                let _ = writeln!(html, "<small>0x{address:08x}</small> {}", cells(line));
            }
            lines => {
                let _ = writeln!(html, "           <small>{} lines all free</small>", lines.len());
            }
        }
        address += line_bytes * same.len() as u32;
    }
    html
}

/// Neighbours that show the same are one element.
fn cells(line: &[Square]) -> String {
    let same = line.chunk_by(|a, b| a.shows == b.shows);
    let cells = same.map(|squares| {
        let letters: String = squares.iter().copied().map(drawn_as).collect();
        match squares[0].shows {
            Shows::Free => letters,
            Shows::Quarantined => format!("<b class=\"cell kept\">{letters}</b>"),
            Shows::Owner(index) => format!("<b class=\"cell o{}\">{letters}</b>", colour(index)),
        }
    });
    cells.collect()
}

fn colour(owner: usize) -> usize {
    owner.min(COLOURS - 1)
}

fn marks(device: &Device) -> String {
    let differences = differences(device);
    let parts = differences.iter().map(|difference| {
        let sentence = prose(&difference.sentence);
        let rows = difference.rows.iter().take(CHANGES_MAX).map(|[owner, place, bytes, blocks]| {
            format!(
                "<tr><th scope=\"row\">{}</th><td><code>{}</code></td><td class=\"n\">{bytes}</td>\
                 <td class=\"n\">{blocks}</td></tr>",
                text(owner),
                text(place),
            )
        });
        let rows: String = rows.collect();
        let more = difference.rows.len().saturating_sub(CHANGES_MAX);
        let more = match more {
            0 => String::new(),
            more => format!("<p class=\"none\">and {more} other changes</p>"),
        };
        match rows.is_empty() {
            true => format!("<p>{sentence}: nothing else</p>"),
            false => format!(
                "<p>{sentence}</p>{}{more}",
                table(
                    "<th>owner</th><th>allocated at</th><th class=\"n\">bytes</th>\
                     <th class=\"n\">blocks</th>",
                    &rows
                )
            ),
        }
    });
    let parts: String = parts.collect();
    if parts.is_empty() { parts } else { format!("<h3>Between marks</h3>{parts}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_of_one_owner_are_one_cell_and_owners_beyond_the_colours_share_one() {
        let square = |shows, has_free| Square { shows, has_free };
        let line = [
            square(Shows::Owner(0), false),
            square(Shows::Owner(0), true),
            square(Shows::Free, true),
            square(Shows::Owner(9), false),
        ];
        assert_eq!(cells(&line), "<b class=\"cell o0\">Aa</b>.<b class=\"cell o6\">J</b>");
    }
}
