//! The table of rows H, and what is wrong in it.

use super::Subject;
use crate::budgets::{Better, Heap, RATIO_MAX};
use std::collections::BTreeSet;

/// The first of the subjects that are not ours.
const OURS: usize = 2;
/// Peers that were not built into the same program: their figures are from elsewhere.
const NOT_HERE: [&str; 2] = ["heap_4", "buddy_system"];

/// Each row of the budgets, by allocator.
pub(crate) fn table(rows: &[Heap], subjects: &[Subject]) -> String {
    let mut text = format!("{:<15}{:<36}", "id", "heap");
    for subject in subjects {
        text += &format!("{:>10}", short(&subject.name).0);
    }
    text += &format!("{:>10}{:>7}{:>9}\n{:<51}", "best", "ratio", "budget", "");
    for subject in subjects {
        text += &format!("{:>10}", short(&subject.name).1);
    }
    text += "\n";
    for row in rows {
        text += &format!("{:<15}{:<36}", row.id, row.figure);
        for subject in subjects {
            let figure = subject.figures.get(&row.id);
            text +=
                &figure.map_or_else(|| format!("{:>10}", ""), |figure| format!("{figure:>10.1}"));
        }
        let (best, ratio) = match (best(row, subjects), ours(row, subjects)) {
            (Some(best), Some(ours)) => {
                (format!("{best:.1}"), format!("{:.2}", worse_by(row, ours, best)))
            }
            _ => Default::default(),
        };
        text += &format!("{best:>10}{ratio:>7}{:>9.1}\n", row.budget);
    }
    text + &agreement(rows, subjects)
}

/// A name in two short lines.
fn short(name: &str) -> (&str, &str) {
    match name {
        "ramscope" => ("ramscope", "accounted"),
        "ramscope, accounts off" => ("ramscope", "without"),
        _ if name.starts_with("rlsf") => ("rlsf", "0.2.3"),
        _ if name.starts_with("talc") => ("talc", "4.4.3"),
        _ if name.ends_with("tlsf") => ("embedded", "tlsf 0.6"),
        _ if name.ends_with("llff") => ("embedded", "llff 0.6"),
        _ => ("linked", "list 0.10"),
    }
}

/// What the peer's own figures, measured elsewhere, are to those of here.
fn agreement(rows: &[Heap], subjects: &[Subject]) -> String {
    let mut widest = (0.0_f64, String::new());
    let mut compared = 0;
    for row in rows {
        for (name, known) in &row.known {
            let Some(figure) = measured(row, subjects, name) else { continue };
            compared += 1;
            let apart = (figure / known - 1.0) * 100.0;
            if *known > 0.0 && apart.abs() > widest.0.abs() {
                widest =
                    (apart, format!("{name} in {}: {figure:.1} here, {known:.1} there", row.id));
            }
        }
    }
    format!(
        "peers: {compared} figures known from QEMU agree within {:.1} % ({})\n",
        widest.0.abs(),
        widest.1
    )
}

fn measured(row: &Heap, subjects: &[Subject], name: &str) -> Option<f64> {
    let subject =
        subjects[OURS.min(subjects.len())..].iter().find(|it| it.name.starts_with(name))?;
    subject.figures.get(&row.id).copied()
}

fn ours(row: &Heap, subjects: &[Subject]) -> Option<f64> {
    subjects.first()?.figures.get(&row.id).copied()
}

/// The best figure of any peer, measured here or known from elsewhere.
fn best(row: &Heap, subjects: &[Subject]) -> Option<f64> {
    let here = subjects.iter().skip(OURS).filter_map(|it| it.figures.get(&row.id).copied());
    let elsewhere = row.known.iter().filter(|(name, _)| NOT_HERE.contains(&name.as_str()));
    let all = here.chain(elsewhere.map(|(_, known)| *known));
    match row.better {
        Better::Less => all.min_by(f64::total_cmp),
        Better::More => all.max_by(f64::total_cmp),
    }
}

/// How many times worse ours is; below one it is better.
fn worse_by(row: &Heap, ours: f64, best: f64) -> f64 {
    match row.better {
        _ if ours == best => 1.0,
        Better::Less => ours / best,
        Better::More => best / ours,
    }
}

/// What breaks an invariant of this program, or a budget.
pub(crate) fn problems(rows: &[Heap], subjects: &[Subject]) -> Vec<String> {
    let mut problems = Vec::new();
    for row in rows {
        let Some(ours) = ours(row, subjects) else {
            problems.push(format!("{}: not measured", row.id));
            continue;
        };
        let beyond = match row.better {
            Better::Less => ours > row.budget,
            Better::More => ours < row.budget,
        };
        if beyond {
            problems.push(format!("{}: {ours:.1}, the budget is {:.1}", row.id, row.budget));
        }
        let best = best(row, subjects);
        let worse = best.is_some_and(|best| worse_by(row, ours, best) > RATIO_MAX);
        if worse && row.reason.is_empty() {
            problems
                .push(format!("{}: worse than the best peer by more than half, no reason", row.id));
        }
    }
    let known: BTreeSet<&String> = rows.iter().map(|row| &row.id).collect();
    let figures = subjects.iter().take(1).flat_map(|it| it.figures.keys());
    problems
        .extend(figures.filter(|id| !known.contains(id)).map(|id| format!("{id}: has no budget")));
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(line: &str) -> Vec<Heap> {
        let text = format!("id = 'A.alloc'\nfigure = 'f'\n{line}");
        vec![toml::from_str(&text).expect("a row")]
    }

    fn subjects(figures: [f64; 3]) -> Vec<Subject> {
        let names = ["ramscope", "ramscope, accounts off", "rlsf 0.2.3"];
        let subject = |(name, figure): (&str, f64)| Subject {
            name: name.to_owned(),
            figures: [("A.alloc".to_owned(), figure)].into(),
        };
        names.into_iter().zip(figures).map(subject).collect()
    }

    #[test]
    fn a_figure_is_held_to_its_budget_and_to_the_best_peer() {
        let subjects = subjects([160.0, 140.0, 100.0]);
        assert_eq!(problems(&row("budget = 150.0\nreason = 'known'"), &subjects).len(), 1);
        assert_eq!(problems(&row("budget = 170.0"), &subjects).len(), 1);
        assert!(problems(&row("budget = 170.0\nreason = 'known'"), &subjects).is_empty());
    }

    #[test]
    fn where_more_is_better_the_budget_is_a_lower_bound() {
        let subjects = subjects([90.0, 90.0, 88.0]);
        assert_eq!(problems(&row("budget = 91.0\nbetter = 'more'"), &subjects).len(), 1);
        assert!(problems(&row("budget = 89.0\nbetter = 'more'"), &subjects).is_empty());
    }

    #[test]
    fn a_known_figure_that_differs_is_told() {
        let text =
            table(&row("budget = 200.0\nknown = {rlsf = 80.0}"), &subjects([90.0, 80.0, 100.0]));
        assert!(
            text.contains("agree within 25.0 % (rlsf in A.alloc: 100.0 here, 80.0 there)"),
            "{text}"
        );
    }
}
