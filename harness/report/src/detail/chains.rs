//! Who called whom when the tightest stacks were deepest, a line each.

use ramscope_model::{Calls, Judged, Symbols, Unit};
use ramscope_wire::UnitId;

use super::heading;
use crate::figures::unit_name;
use crate::style::{Style, clean};

/// So many units have a line, those with the least margin.
const UNITS_MAX: usize = 4;
/// So many functions stand on a line, the innermost ones.
const FUNCTIONS_MAX: usize = 6;

pub(super) fn chains(judged: &Judged, style: Style) -> String {
    let device = judged.feed.device();
    let mut units: Vec<(&Unit, &Calls)> = device
        .deepest_calls()
        .iter()
        .filter_map(|calls| Some((device.unit_by_key(calls.unit)?, calls)))
        .filter(|(unit, _)| unit.stack.bytes > 0 && unit.key.id != UnitId::KERNEL)
        .collect();
    units.sort_by_key(|(unit, _)| unit.stack.margin());
    let lines: Vec<String> = units
        .into_iter()
        .filter_map(|(unit, calls)| Some((unit, chain(&judged.facts.symbols, calls)?)))
        .take(UNITS_MAX)
        .map(|(unit, chain)| format!("   {}: {chain}\n", clean(&unit_name(unit))))
        .collect();
    match lines.is_empty() {
        true => String::new(),
        false => heading("deepest calls, innermost first", style) + &lines.concat(),
    }
}

/// Nothing where no function has a name: names are looked up only where a run needs them.
fn chain(symbols: &dyn Symbols, calls: &Calls) -> Option<String> {
    let all = std::iter::once(&calls.pc).chain(&calls.callers);
    let mut names: Vec<String> =
        all.filter_map(|&pc| Some(clean(&symbols.function_at(pc)?.function))).collect();
    names.dedup();
    let more = names.len().saturating_sub(FUNCTIONS_MAX);
    names.truncate(FUNCTIONS_MAX);
    if more > 0 {
        names.push(format!("{more} more"));
    }
    (!names.is_empty()).then(|| names.join(" < "))
}
