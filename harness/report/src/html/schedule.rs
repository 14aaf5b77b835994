//! Which unit had the processor when, and what the others waited for.

use ramscope_model::{Device, Stretch, Unit, UnitKey, counted};
use ramscope_time::Instant;
use ramscope_wire::{State, UnitId, Why};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use super::scale::Scale;
use super::text::text;
use crate::figures::share;

/// Rows of the chart; units past them share the last one.
const ROWS_MAX: usize = 24;
/// Height of a row in the chart's own units.
const ROW: u64 = 20;

/// The chart of a schedule.
pub(super) struct ScheduleChart {
    /// The chart itself.
    pub(super) chart: String,
    /// A line for each row, to stand beside the chart.
    pub(super) labels: String,
    pub(super) rows: usize,
    /// Which colour is what.
    pub(super) legend: String,
    /// What it shows, in a sentence.
    pub(super) sentence: String,
}

/// Units of one name.
struct Row<'a> {
    name: String,
    units: Vec<&'a Unit>,
}

/// What a unit did in a stretch of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Doing {
    Waits,
    WaitsForLock,
    Ready,
    Idles,
    Runs,
}

/// Nothing, if no switch was traced. Of the stretches only the last `stretches_max` are drawn.
pub(super) fn chart(device: &Device, scale: Scale, stretches_max: usize) -> Option<ScheduleChart> {
    let history = device.history();
    let skipped = history.stretches().len().saturating_sub(stretches_max);
    let mut stretches: Vec<Stretch> = history.stretches().skip(skipped).copied().collect();
    if let Some((unit, from)) = history.going_on() {
        stretches.push(Stretch { unit, from, to: device.now(), then: None });
    }
    let from = stretches.first()?.from;
    let rows = rows(device, &stretches);
    let row_of: BTreeMap<UnitKey, usize> = rows
        .iter()
        .enumerate()
        .flat_map(|(index, row)| row.units.iter().map(move |unit| (unit.key, index)))
        .collect();
    let strokes = strokes(device, &stretches, &row_of);
    let left_out = history.forgotten() + skipped as u64;
    Some(ScheduleChart {
        chart: svg(&strokes, rows.len(), scale),
        labels: rows.iter().map(label).collect(),
        rows: rows.len(),
        legend: legend(&strokes),
        sentence: sentence(stretches.len(), left_out, from),
    })
}

fn sentence(shown: usize, left_out: u64, from: Instant) -> String {
    let shown = counted(shown as u64, "stretch").replace("stretchs", "stretches");
    match left_out {
        0 => format!("{shown} of processor time, each drawn."),
        more => format!(
            "The last {shown} of processor time, from {} on; {more} earlier ones are not drawn.",
            crate::figures::seconds(from)
        ),
    }
}

/// The units that ever had the processor, those of a name together; the kernel's idle time last.
fn rows<'a>(device: &'a Device, stretches: &[Stretch]) -> Vec<Row<'a>> {
    let ran: BTreeSet<UnitKey> = stretches.iter().map(|s| s.unit).collect();
    let mut rows: Vec<Row<'a>> = Vec::new();
    let mut by_name: BTreeMap<&str, usize> = BTreeMap::new();
    let (kernel, others): (Vec<&Unit>, Vec<&Unit>) = device
        .units()
        .iter()
        .filter(|unit| ran.contains(&unit.key))
        .partition(|unit| unit.key.id == UnitId::KERNEL);
    for unit in others {
        let index = *by_name.entry(unit.base_name()).or_insert(rows.len());
        match rows.get_mut(index) {
            Some(row) => row.units.push(unit),
            None => rows.push(Row { name: unit.base_name().to_owned(), units: vec![unit] }),
        }
    }
    if rows.len() > ROWS_MAX {
        let rest = rows.split_off(ROWS_MAX - 1);
        let name = format!("{} other names", rest.len());
        rows.push(Row { name, units: rest.into_iter().flat_map(|row| row.units).collect() });
    }
    if !kernel.is_empty() {
        rows.push(Row { name: "kernel, idle".to_owned(), units: kernel });
    }
    rows
}

fn label(row: &Row<'_>) -> String {
    let count = match row.units.len() {
        1 => String::new(),
        n => format!(" <small>({n})</small>"),
    };
    let cpu: u32 = row.units.iter().map(|unit| unit.cpu.share).fold(0, u32::saturating_add);
    let name = text(&row.name);
    format!("<span title=\"{name}: {} of the processor\">{name}{count}</span>", share(cpu))
}

/// Stretches of time by row and by what was done in them.
type Strokes = BTreeMap<(Doing, usize), Vec<(Instant, Instant)>>;

fn strokes(device: &Device, stretches: &[Stretch], row_of: &BTreeMap<UnitKey, usize>) -> Strokes {
    let mut strokes = Strokes::new();
    let mut left: BTreeMap<UnitKey, &Stretch> = BTreeMap::new();
    let mut add = |unit: UnitKey, doing: Doing, from: Instant, to: Instant| {
        // What the machine saw and what the device told may cross: of that nothing is drawn.
        if let Some(&row) = row_of.get(&unit).filter(|_| from <= to) {
            strokes.entry((doing, row)).or_default().push((from, to));
        }
    };
    for stretch in stretches {
        if let Some(before) = left.insert(stretch.unit, stretch)
            && let Some(doing) = after(before)
        {
            add(stretch.unit, doing, before.to, stretch.from);
        }
        let doing = match stretch.unit.id {
            UnitId::KERNEL => Doing::Idles,
            _ => Doing::Runs,
        };
        add(stretch.unit, doing, stretch.from, stretch.to);
    }
    for (key, last) in left {
        let end = device.unit_by_key(key).and_then(|unit| unit.end).map(|end| end.at);
        if let Some(doing) = after(last) {
            add(key, doing, last.to, end.unwrap_or(device.now()));
        }
    }
    strokes
}

/// What a unit does after a stretch, if that is known; nothing, once it is over.
fn after(stretch: &Stretch) -> Option<Doing> {
    match stretch.then? {
        (State::Ended, _) => None,
        (State::Blocked, Why::Lock) => Some(Doing::WaitsForLock),
        (State::Blocked | State::Suspended, _) => Some(Doing::Waits),
        _ => Some(Doing::Ready),
    }
}

/// One path for each thing that is done. A row is a few units high, so no number has a fraction.
fn svg(strokes: &Strokes, rows: usize, scale: Scale) -> String {
    let mut paths: BTreeMap<Doing, String> = BTreeMap::new();
    for ((doing, row), stretches) in strokes {
        let (top, height) = doing.place();
        let top = *row as u64 * ROW + top;
        let path = paths.entry(*doing).or_default();
        for (from, to) in merged(stretches, scale) {
            let width = to - from;
            let _ = write!(path, "M{from} {top}h{width}v{height}h-{width}z");
        }
    }
    let paths: String = paths
        .iter()
        .map(|(doing, path)| format!("<path class=\"{}\" d=\"{path}\"/>", doing.class()))
        .collect();
    format!(
        "<svg class=\"x\" viewBox=\"0 0 {} {}\" preserveAspectRatio=\"none\" \
         aria-hidden=\"true\">{paths}</svg>",
        scale.width,
        rows as u64 * ROW
    )
}

/// In units of the chart; those that touch are one.
fn merged(stretches: &[(Instant, Instant)], scale: Scale) -> Vec<(u64, u64)> {
    let mut merged: Vec<(u64, u64)> = Vec::new();
    for &(from, to) in stretches {
        let (from, to) = (scale.x(from), scale.x(to));
        match merged.last_mut() {
            Some(last) if last.1 >= from => last.1 = last.1.max(to),
            _ => merged.push((from, to)),
        }
    }
    merged
}

/// What is there to be seen.
fn legend(strokes: &Strokes) -> String {
    let seen: BTreeSet<Doing> = strokes.keys().map(|(doing, _)| *doing).collect();
    let items = seen
        .iter()
        .rev()
        .map(|doing| format!("<li><i class=\"key {}\"></i>{}</li>", doing.class(), doing.words()));
    format!("<ul class=\"legend\">{}</ul>", items.collect::<String>())
}

impl Doing {
    /// Top and height within a row.
    const fn place(self) -> (u64, u64) {
        match self {
            Self::Runs | Self::Idles => (3, 14),
            Self::Ready => (8, 4),
            Self::Waits | Self::WaitsForLock => (9, 2),
        }
    }

    const fn words(self) -> &'static str {
        match self {
            Self::Runs => "runs",
            Self::Idles => "nothing to do",
            Self::Ready => "ready, but another runs",
            Self::Waits => "waits for time, input or another unit",
            Self::WaitsForLock => "waits for a lock",
        }
    }

    const fn class(self) -> &'static str {
        match self {
            Self::Runs => "runs",
            Self::Idles => "idles",
            Self::Ready => "ready",
            Self::Waits => "waits",
            Self::WaitsForLock => "locked",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stretches_that_touch_in_the_chart_are_one() {
        let at = |us: u64| Instant::from_picos(us * 1_000_000);
        let scale = Scale::of(at(100));
        let stretches = [(at(1), at(5)), (at(5), at(7)), (at(9), at(9))];
        assert_eq!(merged(&stretches, scale), [(1, 7), (9, 9)]);
    }

    #[test]
    fn a_unit_that_is_over_waits_for_nothing() {
        let unit = UnitKey { boot: 0, id: UnitId(2) };
        let at = Instant::from_picos(1);
        let stretch = |then, why| Stretch { unit, from: at, to: at, then: Some((then, why)) };
        assert_eq!(after(&stretch(State::Ended, Why::Ended)), None);
        assert_eq!(after(&stretch(State::Blocked, Why::Lock)), Some(Doing::WaitsForLock));
        assert_eq!(after(&stretch(State::Ready, Why::Preempted)), Some(Doing::Ready));
    }
}
