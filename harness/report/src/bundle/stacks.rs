//! Where each unit stood at the end.

use ramscope_model::{Device, Judged, Symbols, Unit, bytes};

use crate::figures::{seconds, unit_name, used_of};
use crate::frames;
use crate::style::clean;

/// Units that are over are many; so many of them are told, the last ones.
const OVER_MAX: usize = 20;

const HOW_TO_READ: &str = "\
Of each unit that lived at the end: the instruction that it would have gone on with, which is certain, and
below it those that may have called it, innermost first. Callers marked with ? are guesses: words on the stack
that follow a call in the image; some may be left over from calls that are long over.
";

/// The stacks of all units.
pub(super) fn stacks(judged: &Judged) -> String {
    let device = judged.feed.device();
    let mut text = HOW_TO_READ.to_owned();
    if device.calls().is_empty() {
        text =
            "This target cannot look at the memory of the device, so there are no calls to show.\n"
                .to_owned();
    }
    let (over, live): (Vec<&Unit>, Vec<&Unit>) =
        device.units().iter().partition(|unit| unit.is_over());
    for unit in live {
        text += &format!("\n{}{}", head(unit), calls(judged, device, unit));
        text += &deepest(judged, device, unit);
    }
    // Without telemetry nobody has told of units, but somebody may have looked.
    for calls in device.calls().iter().filter(|calls| device.unit_by_key(calls.unit).is_none()) {
        text +=
            &format!("\nunit {}\n{}", calls.unit.id, standing(judged, calls.pc, &calls.callers));
    }
    let skipped = over.len().saturating_sub(OVER_MAX);
    for unit in over.iter().skip(skipped) {
        let end = unit
            .end
            .map_or_else(String::new, |end| format!("  {} at {}\n", end.how, seconds(end.at)));
        text += &format!("\n{}{end}", head(unit));
        text += &deepest(judged, device, unit);
    }
    text
}

fn head(unit: &Unit) -> String {
    let stack = &unit.stack;
    let figures = match stack.sampled_at {
        None => "its stack was never sampled".to_owned(),
        Some(_) => format!(
            "peak {}, {} left; {} in use",
            used_of(stack.peak, stack.bytes),
            bytes(stack.margin().into()),
            bytes(stack.used.into())
        ),
    };
    let (name, kind) = (clean(&unit_name(unit)), unit.kind);
    let state = match unit.is_over() {
        true => String::new(),
        false => format!(", {}: {} since {}", unit.state, unit.why, seconds(unit.since)),
    };
    let place = match (stack.base, stack.bytes) {
        (0, _) | (_, 0) => String::new(),
        (_, size) => {
            format!("  stack 0x{:08x} to 0x{:08x}\n", stack.base, stack.base.saturating_add(size))
        }
    };
    format!("{name} ({kind}{state})\n  {figures}\n{place}")
}

fn calls(judged: &Judged, device: &Device, unit: &Unit) -> String {
    match device.calls().iter().find(|calls| calls.unit == unit.key) {
        Some(calls) => standing(judged, calls.pc, &calls.callers),
        None => String::new(),
    }
}

/// The calls when its stack was deepest, where the target saw them.
fn deepest(judged: &Judged, device: &Device, unit: &Unit) -> String {
    let Some(calls) = device.deepest_calls().iter().find(|calls| calls.unit == unit.key) else {
        return String::new();
    };
    let lines = frames::frames(judged, calls).into_iter().map(|frame| {
        let took = frame.took.text();
        let place = frame.place.map_or_else(String::new, |place| format!("  {place}"));
        format!("    {took:>8}  {}{place}\n", frame.function)
    });
    format!("  deepest (exact), with the bytes of each:\n{}", lines.collect::<String>())
}

fn standing(judged: &Judged, pc: u32, callers: &[u32]) -> String {
    let symbols = &judged.facts.symbols;
    let mut text = format!("    {}\n", frame(symbols, pc));
    text.extend(callers.iter().map(|&caller| format!("  ? {}\n", frame(symbols, caller))));
    text
}

fn frame(symbols: &dyn Symbols, pc: u32) -> String {
    match symbols.function_at(pc) {
        None => format!("0x{pc:08x}"),
        Some(symbol) => {
            let place = symbol.place.map(|(file, line)| format!("  {file}:{line}"));
            clean(&format!("0x{pc:08x}  {}{}", symbol.function, place.unwrap_or_default()))
        }
    }
}
