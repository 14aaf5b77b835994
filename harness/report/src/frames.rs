//! The units whose deepest calls are known.

use ramscope_model::{DeepestCalls, Device, Judged, ShownFrame, Unit, bytes, shown_frames};
use ramscope_wire::UnitId;

use crate::detail::units::{name_of, rows};
use crate::figures::{nearer, used_of};
use crate::style::clean;

/// A row of the table of units, and the functions of the one whose stack came nearest to its end.
pub(crate) struct Deepest<'a> {
    pub(crate) name: String,
    pub(crate) unit: &'a Unit,
    pub(crate) calls: &'a DeepestCalls,
}

/// The rows of units whose deepest calls are known, the tightest stack first.
pub(crate) fn deepest(device: &Device) -> Vec<Deepest<'_>> {
    let of_row = |row: Vec<&'_ Unit>| {
        let unit = row.iter().copied().reduce(nearer)?;
        let calls = device.deepest_calls().iter().find(|calls| calls.unit == unit.key)?;
        Some((clean(&name_of(&row)), unit.key, calls))
    };
    let known = rows(device).into_iter().filter_map(of_row);
    let mut all: Vec<Deepest<'_>> = known
        .filter_map(|(name, key, calls)| {
            let unit = device.unit_by_key(key)?;
            Some(Deepest { name, unit, calls })
        })
        .filter(|Deepest { unit, .. }| unit.stack.bytes > 0 && unit.key.id != UnitId::KERNEL)
        .collect();
    all.sort_by_key(|Deepest { unit, .. }| unit.stack.margin());
    all
}

impl Deepest<'_> {
    /// `1,204 of 2,048 B, 844 B left`.
    pub(crate) fn figures(&self) -> String {
        let stack = &self.unit.stack;
        let left = match stack.peak.checked_sub(stack.bytes).filter(|over| *over > 0) {
            Some(over) => format!("{} too many", bytes(over.into())),
            None => format!("{} left", bytes(stack.margin().into())),
        };
        format!("{}, {left}", used_of(stack.peak, stack.bytes))
    }

    /// Whether any of its functions has a name: these are looked up only where a run needs them.
    pub(crate) fn has_names(&self, judged: &Judged) -> bool {
        self.calls.has_names(&judged.facts.symbols)
    }

    /// Its functions, innermost first.
    pub(crate) fn frames(&self, judged: &Judged) -> Vec<ShownFrame> {
        frames(judged, self.calls)
    }
}

/// The functions of a chain, innermost first, without characters that a terminal obeys.
pub(crate) fn frames(judged: &Judged, calls: &DeepestCalls) -> Vec<ShownFrame> {
    let mut frames = shown_frames(&judged.facts.symbols, calls);
    for frame in &mut frames {
        frame.function = clean(&frame.function);
        frame.place = frame.place.as_deref().map(clean);
    }
    frames
}
