//! The two tables, and what is wrong in them.

use crate::budgets::{Budgets, MASKED_AIM, RATIO_MAX};
use crate::names::Names;
use crate::run::Measured;
use crate::watch::By;
use std::collections::BTreeSet;

/// Rows in which traps belong to the operation.
const WITH_TRAPS: [&str; 3] = ["T6", "T7", "L9"];

/// Instructions by operation.
pub(crate) fn costs(budgets: &Budgets, measured: &Measured) -> String {
    let mut text = format!(
        "{:<5}{:<44}{:>10}{:>10}  {:<12}{:>6}{:>11}\n",
        "id", "instructions for", "ours", "best", "peer", "ratio", "budget"
    );
    for row in &budgets.costs {
        let Some(cost) = measured.costs.get(&row.id) else { continue };
        let best = row.best.map_or(String::new(), |best| format!("{best:.1}"));
        let ratio = ratio(cost.each, row.best).map_or(String::new(), |it| format!("{it:.2}"));
        text += &format!(
            "{:<5}{:<44}{:>10.1}{best:>10}  {:<12}{ratio:>6}{:>11.1}\n",
            row.id, row.operation, cost.each, row.peer, row.budget
        );
    }
    for row in &budgets.absent {
        text += &format!("{:<5}{}\n", row.id, row.reason);
    }
    text
}

/// Bytes by what takes them.
pub(crate) fn memory(budgets: &Budgets, measured: &Measured) -> String {
    let mut text = format!(
        "{:<5}{:<52}{:>8}{:>8}  {:<12}{:>6}{:>9}\n",
        "id", "bytes of", "ours", "best", "peer", "ratio", "budget"
    );
    for row in &budgets.memory {
        let Some(bytes) = measured.memory.get(&row.id) else { continue };
        let best = row.best.map_or(String::new(), |best| format!("{best:.0}"));
        let ratio = ratio(*bytes, row.best).map_or(String::new(), |it| format!("{it:.2}"));
        text += &format!(
            "{:<5}{:<52}{bytes:>8.0}{best:>8}  {:<12}{ratio:>6}{:>9.0}\n",
            row.id, row.operation, row.peer, row.budget
        );
    }
    text
}

/// The longest stretches of each scene: with interrupts masked, and with the kernel held.
pub(crate) fn masked(budgets: &Budgets, measured: &Measured, names: &Names) -> String {
    let mut text = format!(
        "{:<5}{:<44}{:>8}{:>8}{:>8}{:>8}  {}\n",
        "id",
        "longest stretch: interrupts masked, kernel held",
        "masked",
        "budget",
        "held",
        "budget",
        "held by"
    );
    for row in &budgets.masked {
        let Some(scene) = measured.masked.get(&row.id) else { continue };
        let Some(held) = scene.longest_held else { continue };
        let masked = scene.longest.map_or(0, |stretch| stretch.instructions);
        let by = match held.by {
            By::Code => names.operation(held.from, held.caller),
            By::Trap(cause) => handler(cause),
        };
        text += &format!(
            "{:<5}{:<44}{masked:>8}{:>8}{:>8}{:>8}  {by}\n",
            row.id, scene.what, row.budget, held.instructions, row.held
        );
    }
    text
}

/// Which of the board's handlers a trap with this `mcause` enters.
fn handler(cause: u32) -> String {
    const INTERRUPT: u32 = 1 << 31;
    let kind = match cause ^ INTERRUPT {
        2 => "the clock",
        3 => "the UART",
        4 => "what software raised",
        _ => return "the handler of exceptions".to_owned(),
    };
    format!("the handler of {kind}")
}

fn ratio(ours: f64, best: Option<f64>) -> Option<f64> {
    best.filter(|best| *best > 0.0).map(|best| ours / best)
}

/// What breaks an invariant of this program, or a budget.
pub(crate) fn problems(budgets: &Budgets, measured: &Measured) -> Vec<String> {
    let mut problems = Vec::new();
    for row in &budgets.costs {
        let Some(cost) = measured.costs.get(&row.id) else {
            problems.push(format!("{}: not measured", row.id));
            continue;
        };
        if cost.each > row.budget {
            problems.push(format!("{}: {:.1}, the budget is {:.1}", row.id, cost.each, row.budget));
        }
        let worse = ratio(cost.each, row.best).is_some_and(|ratio| ratio > RATIO_MAX);
        if worse && row.reason.is_empty() {
            problems
                .push(format!("{}: worse than {} by more than half, no reason", row.id, row.peer));
        }
        if cost.traps > cost.slices && !WITH_TRAPS.iter().any(|id| row.id.starts_with(id)) {
            problems.push(format!("{}: {} traps came between", row.id, cost.traps));
        }
    }
    problems.extend(memory_problems(budgets, measured));
    problems.extend(masked_problems(budgets, measured));
    problems.extend(strangers(budgets, measured));
    problems
}

fn memory_problems(budgets: &Budgets, measured: &Measured) -> Vec<String> {
    let mut problems = Vec::new();
    for row in &budgets.memory {
        let Some(&bytes) = measured.memory.get(&row.id) else {
            problems.push(format!("{}: not measured", row.id));
            continue;
        };
        if bytes > row.budget {
            problems.push(format!("{}: {bytes} B, the budget is {} B", row.id, row.budget));
        }
        let worse = ratio(bytes, row.best).is_some_and(|ratio| ratio > RATIO_MAX);
        if worse && row.reason.is_empty() {
            problems
                .push(format!("{}: worse than {} by more than half, no reason", row.id, row.peer));
        }
    }
    problems
}

fn masked_problems(budgets: &Budgets, measured: &Measured) -> Vec<String> {
    let mut problems = Vec::new();
    for row in &budgets.masked {
        let Some((scene, held)) =
            measured.masked.get(&row.id).and_then(|scene| Some((scene, scene.longest_held?)))
        else {
            problems.push(format!("{}: not measured", row.id));
            continue;
        };
        let masked = scene.longest.map_or(0, |stretch| stretch.instructions);
        let figures = [("masked", masked, row.budget), ("held", held.instructions, row.held)];
        for (what, instructions, budget) in
            figures.into_iter().filter(|(_, it, budget)| it > budget)
        {
            problems.push(format!("{}: {what} for {instructions}, the budget is {budget}", row.id));
        }
        if row.budget.max(row.held) > MASKED_AIM && row.reason.is_empty() {
            problems.push(format!("{}: a budget above {MASKED_AIM} without a reason", row.id));
        }
    }
    problems
}

/// Rows that were measured and have no budget.
fn strangers(budgets: &Budgets, measured: &Measured) -> Vec<String> {
    let costs = budgets.costs.iter().map(|row| &row.id);
    let others = budgets.masked.iter().map(|row| &row.id);
    let others = others.chain(budgets.memory.iter().map(|row| &row.id));
    let known: BTreeSet<&String> = costs.chain(others).collect();
    let sizes = measured.memory.keys();
    let measured = measured.costs.keys().chain(measured.masked.keys()).chain(sizes);
    measured.filter(|id| !known.contains(id)).map(|id| format!("{id}: has no budget")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::Cost;

    fn check(each: f64, line: &str) -> Vec<String> {
        let text = format!("masked = []\n[[cost]]\nid = 'T1'\noperation = 'o'\n{line}");
        let budgets: Budgets = toml::from_str(&text).unwrap();
        let costs = [("T1".to_owned(), Cost { each, traps: 0, slices: 0 })].into();
        problems(&budgets, &Measured { costs, masked: [].into(), memory: [].into() })
    }

    #[test]
    fn a_figure_above_its_budget_is_named() {
        assert_eq!(check(21.0, "budget = 20.0"), ["T1: 21.0, the budget is 20.0"]);
        assert!(check(20.0, "budget = 20.0").is_empty());
    }

    #[test]
    fn a_figure_far_above_the_best_peer_needs_a_reason() {
        assert_eq!(check(31.0, "budget = 40.0\nbest = 20.0\npeer = 'P'").len(), 1);
        assert!(check(30.0, "budget = 40.0\nbest = 20.0\npeer = 'P'").is_empty());
        assert!(check(31.0, "budget = 40.0\nbest = 20.0\nreason = 'known'").is_empty());
    }

    #[test]
    fn no_row_may_be_missing_on_either_side() {
        let budgets: Budgets = toml::from_str("cost = []\nmasked = []").unwrap();
        let costs = [("T9".to_owned(), Cost { each: 1.0, traps: 0, slices: 0 })].into();
        let measured = Measured { costs, masked: [].into(), memory: [].into() };
        assert_eq!(problems(&budgets, &measured), ["T9: has no budget"]);
        let none = Measured { costs: [].into(), masked: [].into(), memory: [].into() };
        let text = "cost = []\n[[masked]]\nid = 'I1'\nbudget = 150\nheld = 200";
        assert_eq!(problems(&toml::from_str(text).unwrap(), &none), ["I1: not measured"]);
    }
}
