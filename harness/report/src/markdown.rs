//! The report as Markdown, for the summary of a CI job or a comment.
//!
//! First what is wrong, then a table of all runs, then the memory of each run, folded away. GitHub
//! takes a mebibyte; what does not fit is left out whole, the failing runs last, and counted.

use ramscope_model::{
    BudgetResult, BudgetState, Device, Judged, Outcome, bytes, counted, format_value,
};
use ramscope_wire::UnitId;

use crate::entry::{Entry, NotRun};
use crate::figures::{nearest_to_its_end, per_cent, seconds, unit_name, used_of};
use crate::frames::deepest;
use crate::held::{at_peak, line};
use crate::label::Labels;
use crate::layout::{differences, fragmented};
use crate::modules::{HEADINGS, is_figure, others, rows};
use crate::style::{clean, verdict_word};
use crate::table::{doubt_lines, failure_lines, machine_lines, sums};

/// What GitHub takes of a step's summary, with some room for what other tools append.
const BYTES_MAX: usize = 1_000_000;
/// Owners of heap blocks that are named.
const OWNERS_MAX: usize = 8;
/// Stacks of a run whose deepest calls are told, the tightest ones.
const STACKS_MAX: usize = 4;
/// Chains of calls that held the heap at its peak.
const CHAINS_MAX: usize = 8;
/// Functions of such a chain, the innermost ones.
const FUNCTIONS_MAX: usize = 5;
/// Changes between two marks that are listed.
const CHANGES_MAX: usize = 16;
/// Collections of a run that are told.
const COLLECTIONS_MAX: usize = 8;
/// Budgets of a run that are listed.
const BUDGETS_MAX: usize = 64;

/// The report on some runs as Markdown.
#[must_use]
pub fn markdown(entries: &[Entry]) -> String {
    let labels = Labels::of(entries);
    let mut text = format!("## ramscope: {}\n\n", sums(entries).join(", "));
    let (bad, good): (Vec<&Entry>, Vec<&Entry>) =
        entries.iter().partition(|entry| is_bad(entry.outcome()));
    let mut page = Page { text: &mut text, left_out: 0 };
    for entry in &bad {
        page.add(&what_is_wrong(&labels.label(entry), entry));
    }
    page.add(TABLE_HEAD);
    for entry in entries {
        page.add(&row(&labels.label(entry), entry));
    }
    page.add("\n");
    for entry in bad.iter().chain(&good) {
        if let Entry::Ran(judged) = entry {
            page.add(&memory(&labels.label(entry), judged));
        }
    }
    let left_out = page.left_out;
    for line in machine_lines(entries) {
        text += &format!("{}\n", inline(&line));
    }
    if left_out > 0 {
        let parts = counted(left_out, "part");
        text += &format!("\n{parts} of this page did not fit; the JSON report has everything.\n");
    }
    text
}

/// A text that ends where GitHub would cut it.
struct Page<'a> {
    text: &'a mut String,
    left_out: u64,
}

impl Page<'_> {
    fn add(&mut self, part: &str) {
        match self.text.len() + part.len() <= BYTES_MAX {
            true => *self.text += part,
            false => self.left_out += 1,
        }
    }
}

const fn is_bad(outcome: Outcome) -> bool {
    !matches!(outcome, Outcome::Pass | Outcome::Skipped)
}

fn what_is_wrong(label: &str, entry: &Entry) -> String {
    let head = format!("### {}: {}\n\n", inline(label), verdict_word(entry.outcome()));
    match entry {
        Entry::NotRun(not_run) => format!("{head}{}\n\n", inline(&not_run.reason)),
        Entry::Ran(judged) => {
            let mut lines = failure_lines(judged);
            lines.extend(doubt_lines(judged));
            if lines.is_empty() {
                lines.push(clean(&judged.verdict.sentence));
            }
            let list: String = lines.iter().map(|line| format!("- {}\n", inline(line))).collect();
            format!("{head}{list}\n```\n{}\n```\n\n", clean(&judged.facts.replay))
        }
    }
}

const TABLE_HEAD: &str = "\
| scenario | verdict | device time | tightest stack | left | heap peak | largest free, least |
|---|---|--:|---|--:|--:|--:|
";

fn row(label: &str, entry: &Entry) -> String {
    let word = match is_bad(entry.outcome()) {
        true => format!("**{}**", verdict_word(entry.outcome())),
        false => verdict_word(entry.outcome()).to_owned(),
    };
    let figures = match entry {
        Entry::NotRun(NotRun { reason, .. }) => [String::new(), inline(reason)]
            .into_iter()
            .chain([const { String::new() }; 3])
            .collect(),
        Entry::Ran(judged) => figures(judged),
    };
    format!("| {} | {word} | {} |\n", inline(label), figures.join(" | "))
}

fn figures(judged: &Judged) -> Vec<String> {
    let device = judged.feed.device();
    let (stack, left) = match nearest_to_its_end(judged) {
        None => (String::new(), String::new()),
        Some(unit) => {
            let (peak, size) = (unit.stack.peak, unit.stack.bytes);
            let share = per_cent(peak, size);
            let stack = format!("{} {} ({share} %)", inline(&unit_name(unit)), used_of(peak, size));
            (stack, bytes(unit.stack.margin().into()))
        }
    };
    let heap = device.heap();
    let (peak, free) = match heap.sampled_at {
        None => (String::new(), String::new()),
        Some(_) => (used_of(heap.peak, heap.total_max), bytes(heap.largest_free_min.into())),
    };
    vec![seconds(judged.verdict.ended_at), stack, left, peak, free]
}

/// Budgets with their margins and the top owners of the heap, folded away.
fn memory(label: &str, judged: &Judged) -> String {
    let device = judged.feed.device();
    let parts = [
        budgets(&judged.verdict.budgets),
        deepest_calls(judged),
        owners(device),
        peak(judged),
        layout(device),
        marks(device),
        modules(device),
        collections(device),
    ];
    match parts.iter().all(String::is_empty) {
        true => String::new(),
        false => format!(
            "<details><summary>Memory of {}</summary>\n\n{}</details>\n\n",
            inline(label),
            parts.concat()
        ),
    }
}

fn budgets(results: &[BudgetResult]) -> String {
    if results.is_empty() {
        return String::new();
    }
    let mut text =
        "| budget | subject | observed | demand | headroom | |\n|---|---|--:|--:|--:|---|\n"
            .to_owned();
    for result in results.iter().take(BUDGETS_MAX) {
        let headroom = result.headroom();
        let headroom = headroom.map_or_else(String::new, |left| format_value(result.metric, left));
        let state = match result.state {
            BudgetState::Met => "met".to_owned(),
            _ if result.expected_to_fail => "fails as expected".to_owned(),
            _ => format!("**{}**", result.state.name()),
        };
        let cells = [result.id.as_str(), &result.name, &result.observation(), &result.demand()];
        let cells: Vec<String> = cells.into_iter().map(inline).collect();
        text += &format!("| {} | {headroom} | {state} |\n", cells.join(" | "));
    }
    let more = results.len().saturating_sub(BUDGETS_MAX) as u64;
    if more > 0 {
        text += &format!("\nand {}\n", counted(more, "other budget"));
    }
    text + "\n"
}

/// The functions of the tightest stacks.
fn deepest_calls(judged: &Judged) -> String {
    let all = deepest(judged.feed.device()).into_iter().filter(|it| it.has_names(judged));
    let tables = all.take(STACKS_MAX).map(|it| {
        let rows = it.frames(judged).into_iter().map(|frame| {
            let place = frame.place.unwrap_or_default();
            format!(
                "| {} | {} | {} |\n",
                frame.took.text(),
                inline(&frame.function),
                inline(&place)
            )
        });
        let (name, figures) = (inline(&it.name), it.figures());
        format!(
            "| stack | deepest calls of {name}: {figures} | |\n|--:|---|---|\n{}\n",
            rows.collect::<String>()
        )
    });
    tables.collect()
}

/// Who held the heap when most of it was in use, and by which calls.
fn peak(judged: &Judged) -> String {
    let Some((at, chains)) = at_peak(judged.feed.device()) else { return String::new() };
    let rows = chains.iter().take(CHAINS_MAX).map(|held| {
        let ran = held.ran.as_ref().map_or_else(String::new, |ran| format!(" (by {ran})"));
        format!(
            "| {} | {} | {} | {} |\n",
            bytes(held.bytes),
            inline(&format!("{}{ran}", held.owner)),
            inline(held.place.as_deref().unwrap_or_default()),
            inline(&line(judged, held, FUNCTIONS_MAX)),
        )
    });
    let rows: String = rows.collect();
    let at = seconds(at);
    format!(
        "| heap at its peak, {at} | owner | allocated at | calls, innermost first |\n|--:|---|---|---|\n{rows}\n"
    )
}

/// What changed from mark to mark.
fn marks(device: &Device) -> String {
    let parts = differences(device).into_iter().map(|difference| {
        let sentence = inline(&difference.sentence);
        let shown = difference.rows.iter().take(CHANGES_MAX);
        let rows: String = shown
            .map(|row| {
                let cells: Vec<String> = row.iter().map(|cell| inline(cell)).collect();
                format!("| {} |\n", cells.join(" | "))
            })
            .collect();
        let more = difference.rows.len().saturating_sub(CHANGES_MAX) as u64;
        let more = match more {
            0 => String::new(),
            more => format!("\nand {}\n", counted(more, "other change")),
        };
        match rows.is_empty() {
            true => format!("{sentence}: nothing else\n\n"),
            false => format!(
                "{sentence}\n\n| owner | allocated at | bytes | blocks |\n|---|---|--:|--:|\n{rows}{more}\n"
            ),
        }
    });
    parts.collect()
}

fn collections(device: &Device) -> String {
    let list = &device.collections().list;
    let last = list.iter().skip(list.len().saturating_sub(COLLECTIONS_MAX));
    let lines: String = last.map(|it| format!("- {}\n", inline(&it.sentence()))).collect();
    if lines.is_empty() { lines } else { lines + "\n" }
}

fn owners(device: &Device) -> String {
    let units = device.units().iter().filter(|unit| unit.heap.sampled_at.is_some());
    let mut owners: Vec<(u32, u32, String)> = units
        .filter(|unit| unit.key.id != UnitId::KERNEL)
        .map(|unit| (unit.heap.peak, unit.heap.current, unit_name(unit)))
        .chain(device.owners().map(|owner| {
            let number = match owner.unit {
                UnitId::KERNEL => String::new(),
                number => format!(" {number}"),
            };
            (owner.heap.peak, owner.heap.current, format!("{}{number}", owner.kind))
        }))
        .collect();
    if owners.is_empty() {
        return String::new();
    }
    // The order of equals is that of the device, so that the text is a function of it.
    owners.sort_by_key(|owner| std::cmp::Reverse(owner.0));
    let rows = owners.iter().take(OWNERS_MAX).map(|(peak, now, name)| {
        format!("| {} | {} | {} |\n", inline(name), bytes((*peak).into()), bytes((*now).into()))
    });
    format!("| top owners of the heap | peak | at the end |\n|---|--:|--:|\n{}\n", {
        rows.collect::<String>()
    })
}

/// The areas, and how scattered is what is free.
fn layout(device: &Device) -> String {
    let Some(shape) = device.heap_layout().shape() else { return String::new() };
    let rows = device.heap_layout().areas().iter().map(|area| {
        format!(
            "| {} | {} | {} | {} | {} |\n",
            inline(&area.name),
            bytes(area.bytes.into()),
            bytes(area.used.into()),
            bytes(area.free.into()),
            bytes(area.largest_free.into()),
        )
    });
    let rows: String = rows.collect();
    let sentence = inline(&fragmented(device, shape));
    format!(
        "| area of the heap | size | used | free | largest free |\n|---|--:|--:|--:|--:|\n{rows}\n\
         {sentence}\n\n"
    )
}

fn modules(device: &Device) -> String {
    if device.modules().is_empty() {
        return String::new();
    }
    let sides = (0..HEADINGS.len()).map(|column| if is_figure(column) { "--:" } else { "---" });
    let sides: Vec<&str> = sides.collect();
    let rows = rows(device).into_iter().map(|row| {
        let cells: Vec<String> = row.iter().map(|cell| inline(cell)).collect();
        format!("| {} |\n", cells.join(" | "))
    });
    let rows: String = rows.collect();
    let others = others(device).map(|others| format!("\n{others}\n")).unwrap_or_default();
    format!("| {} |\n|{}|\n{rows}{others}\n", HEADINGS.join(" | "), sides.join("|"))
}

/// Text within a line or a cell, in which nothing is markup.
fn inline(text: &str) -> String {
    let text = clean(text);
    let has_code = text.matches('`').count().is_multiple_of(2);
    let mut in_code = false;
    let mut inline = String::new();
    for character in text.chars() {
        match character {
            '`' if has_code => in_code = !in_code,
            // A cell ends with it even in code.
            '|' => inline.push('\\'),
            '<' | '>' | '&' if !in_code => {
                inline += match character {
                    '<' => "&lt;",
                    '>' => "&gt;",
                    _ => "&amp;",
                };
                continue;
            }
            '`' | '*' | '_' | '[' | ']' | '#' | '~' | '\\' if !in_code => inline.push('\\'),
            _ => {}
        }
        inline.push(character);
    }
    inline
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_name_is_markup() {
        assert_eq!(inline("`a_b|c` d_e"), "`a_b\\|c` d\\_e");
        assert_eq!(inline("`a_b"), "\\`a\\_b");
        assert_eq!(inline("a|b <i> *x*\u{1b}"), "a\\|b &lt;i&gt; \\*x\\*\u{fffd}");
    }

    #[test]
    fn what_does_not_fit_is_left_out_whole_and_counted() {
        let mut text = "x".repeat(BYTES_MAX - 3);
        let mut page = Page { text: &mut text, left_out: 0 };
        page.add("four");
        page.add("two");
        assert_eq!((page.left_out, text.len()), (1, BYTES_MAX));
    }
}
