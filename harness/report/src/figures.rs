//! Figures of a device as reports show them.

use ramscope_model::{Ending, FindingKind, Judged, Stack, Standing, Unit, bytes, grouped};
use ramscope_time::Instant;
use ramscope_wire::{EndReason, UnitId};

/// The unit whose stack came nearest to its end, of those that a person can do something about: not
/// the kernel's own, for idle time, which is the same in every run. A stack that overflowed where
/// that is what the run is about would hide all others, so it counts only if its overflow fails the
/// run.
pub(crate) fn nearest_to_its_end(judged: &Judged) -> Option<&Unit> {
    let of_interest = |unit: &&Unit| !has_overflowed(unit, judged) || an_overflow_fails(judged);
    let units = judged.feed.device().units().iter();
    units
        .filter(|unit| unit.key.id != UnitId::KERNEL)
        .filter(|unit| unit.stack.sampled_at.is_some() && unit.stack.bytes > 0)
        .filter(of_interest)
        // The first of equals, so that the order of units decides and nothing else.
        .reduce(nearer)
}

/// The one whose stack came nearer to its end; the first of equals.
pub(crate) fn nearer<'a>(first: &'a Unit, second: &'a Unit) -> &'a Unit {
    match is_nearer(&second.stack, &first.stack) {
        true => second,
        false => first,
    }
}

/// Whether its stack overflowed, as its end or a finding tells. What handlers do on their stack is
/// none of it.
fn has_overflowed(unit: &Unit, judged: &Judged) -> bool {
    let of_stack = |kind: FindingKind| kind.is_overflow() && kind != FindingKind::OverflowHandler;
    let mut findings = judged.feed.device().findings().iter();
    unit.stack.peak > unit.stack.bytes
        || unit.end.is_some_and(|end| end.how == Ending::Ended(EndReason::Overflowed))
        || findings.any(|finding| finding.unit == Some(unit.key) && of_stack(finding.kind()))
}

fn an_overflow_fails(judged: &Judged) -> bool {
    let mut findings = judged.verdict.findings.iter();
    findings.any(|finding| finding.kind.is_overflow() && finding.standing == Standing::Fails)
}

fn is_nearer(a: &Stack, b: &Stack) -> bool {
    u64::from(a.peak) * u64::from(b.bytes) > u64::from(b.peak) * u64::from(a.bytes)
}

/// `812 of 4,096 B (20 %)`, numbers aligned to the right when they stand in a column.
pub(crate) fn used_of(used: u32, total: u32) -> String {
    format!("{} of {}", grouped(used.into()), bytes(total.into()))
}

/// A share in whole per cent; what is not zero is at least one.
pub(crate) fn per_cent(part: u32, whole: u32) -> u64 {
    match (u64::from(part) * 100).checked_div(whole.into()) {
        None => 0,
        Some(0) if part > 0 => 1,
        Some(share) => share,
    }
}

/// A bar of ten cells.
pub(crate) fn bar(part: u32, whole: u32) -> String {
    const CELLS: u64 = 10;
    let filled = match whole {
        0 => 0,
        whole => (u64::from(part) * CELLS).div_ceil(whole.into()).min(CELLS),
    };
    let filled = filled as usize;
    "#".repeat(filled) + &".".repeat(CELLS as usize - filled)
}

/// Hundredths of a per cent as per cent.
pub(crate) fn share(basis_points: u32) -> String {
    format!("{}.{:02} %", basis_points / 100, basis_points % 100)
}

/// Seconds with three decimals, so that a column of instants can be compared at a glance.
pub(crate) fn seconds(at: Instant) -> String {
    let millis = at.as_picos() / 1_000_000_000;
    format!("{}.{:03} s", grouped(millis / 1_000), millis % 1_000)
}

/// A unit's name, with the boot if it is of a later one.
pub(crate) fn unit_name(unit: &Unit) -> String {
    in_boot(unit.name.clone(), unit)
}

/// A name with the boot of a unit, if that is a later one.
pub(crate) fn in_boot(name: String, unit: &Unit) -> String {
    match unit.key.boot {
        0 => name,
        boot => format!("{name} (boot {boot})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_empty_only_at_zero_and_full_only_near_the_end() {
        for (part, text) in [
            (0, ".........."),
            (1, "#........."),
            (500, "#####....."),
            (901, "##########"),
            (2_000, "##########"),
        ] {
            assert_eq!(bar(part, 1_000), text);
        }
        assert_eq!(bar(5, 0), "..........");
    }

    #[test]
    fn seconds_have_three_decimals() {
        assert_eq!(seconds(Instant::from_picos(3_412_345_678_901)), "3.412 s");
        assert_eq!(seconds(Instant::from_picos(45_000_000_000)), "0.045 s");
    }
}
