//! The `budgets:` list and the ids that `expect: fail:` refers to.

mod limits;

use std::collections::HashMap;

use crate::budget::{Budget, BudgetId, Subject, SubjectKind};
use crate::rule::Rule;
use crate::settings::Phase;
use crate::value::Value;
use crate::yaml::{Entry, NodeId, Place, Shape};

use super::reader::{Checked, Reader};

/// Reads the list of budgets; an entry yields one budget for each of its metrics.
pub(super) fn read(
    reader: &mut Reader<'_>,
    node: Option<NodeId>,
    phases: &Checked<Phase>,
) -> Checked<Budget> {
    let mut budgets = Checked { good: Vec::new(), bad: Vec::new(), unreadable: false };
    let Some(node) = node else { return budgets };
    let items = match reader.tree.shape(node) {
        Shape::List(items) => items,
        Shape::Scalar(Value::Null) => &[],
        _ => {
            let message =
                format!("`budgets` must be a list, not {}", reader.tree.type_phrase(node));
            reader.error(Rule::InvalidSetting, reader.tree.place(node), message);
            budgets.unreadable = true;
            return budgets;
        }
    };
    let mut line_of = HashMap::new();
    for &item in items {
        let readable = read_entry(reader, item, phases, &mut |reader, budget, place| {
            if let Some(line) = line_of.insert(budget.id(), budget.line) {
                let message = format!("the budget {} stands in line {line} already", budget.id());
                reader.error(Rule::DuplicateBudget, place, message);
            } else {
                budgets.good.push(budget);
            }
        });
        budgets.unreadable |= readable.is_none();
    }
    budgets
}

/// Hands each budget of one entry to `add`; `None` if a part of the entry could not be read.
fn read_entry(
    reader: &mut Reader<'_>,
    node: NodeId,
    phases: &Checked<Phase>,
    add: &mut impl FnMut(&mut Reader<'_>, Budget, Place),
) -> Option<()> {
    let place = reader.tree.place(node);
    if !matches!(reader.tree.shape(node), Shape::Map) {
        let found = reader.tree.type_phrase(node);
        let message =
            format!("a budget is a map such as `{{thread: net, stack-peak: 2KiB}}`, not {found}");
        reader.error(Rule::InvalidBudget, place, message);
        return None;
    }
    let entries = reader.tree.entries(node);
    let phase = match entries.iter().find(|entry| entry.key == "phase") {
        Some(entry) => reader.phase_name(entry.value, phases),
        None => Some(None),
    };
    let subject = subject_of(reader, &entries, place);
    let metrics = entries
        .iter()
        .filter(|entry| entry.key != "phase" && SubjectKind::from_name(&entry.key).is_none());
    let mut readable = Some(());
    let mut metric_count = 0;
    for entry in metrics {
        metric_count += 1;
        let kind = subject.as_ref().map(|subject| subject.kind);
        let limit = limits::read(reader, entry, kind);
        let (Some(limit), Some(phase), Some(subject)) = (limit, &phase, &subject) else {
            readable = None;
            continue;
        };
        let line = entry.key_place.line;
        let budget = Budget {
            phase: phase.clone(),
            subject: subject.clone(),
            metric: limit.metric,
            bound: limit.bound,
            limit: limit.value,
            repeat: limit.repeat,
            line,
        };
        limits::check_repeat(reader, &budget, entry.key_place);
        add(reader, budget, entry.key_place);
    }
    if metric_count == 0 {
        let message = "this budget bounds nothing; add a metric such as `stack-peak: 2KiB`".into();
        reader.error(Rule::InvalidBudget, place, message);
        return None;
    }
    readable
}

fn subject_of(reader: &mut Reader<'_>, entries: &[Entry], place: Place) -> Option<Subject> {
    let mut subjects = entries
        .iter()
        .filter_map(|entry| SubjectKind::from_name(&entry.key).map(|kind| (kind, entry)));
    let Some((kind, entry)) = subjects.next() else {
        if entries.iter().any(|entry| limits::is_misspelt_subject(&entry.key)) {
            return None; // Whoever reads the metrics says so, at the key's place.
        }
        let kinds = SubjectKind::ALL.map(SubjectKind::name).join(", ");
        let message = format!("this budget does not say whose it is; name one of {kinds}");
        reader.error(Rule::InvalidBudget, place, message);
        return None;
    };
    if let Some((second, entry)) = subjects.next() {
        let message = format!("a budget is of one thing, and this one names {kind} and {second}");
        reader.error(Rule::InvalidBudget, entry.key_place, message);
        return None;
    }
    match reader.tree.source(entry.value) {
        Some(glob) if !glob.is_empty() => Some(Subject { kind, glob: glob.into() }),
        _ => {
            let message = format!("`{kind}` is a name or a pattern with * and ?");
            reader.error(Rule::InvalidBudget, reader.tree.place(entry.value), message);
            None
        }
    }
}

/// Reads the ids of budgets that must fail; each must exist.
pub(super) fn read_ids(
    reader: &mut Reader<'_>,
    node: NodeId,
    budgets: &Checked<Budget>,
) -> Vec<BudgetId> {
    let known: Vec<BudgetId> = budgets.good.iter().map(Budget::id).collect();
    let mut ids = Vec::new();
    for (text, place) in reader.text_nodes(node, "fail") {
        let id = BudgetId::new(limits::own_names(&text));
        if ids.contains(&id) {
            reader.error(Rule::UnknownBudget, place, format!("the budget {id} stands twice"));
        } else if known.contains(&id) || budgets.unreadable {
            ids.push(id);
        } else {
            let known: Vec<&str> = known.iter().map(BudgetId::as_str).collect();
            reader.unknown(Rule::UnknownBudget, place, "budget", &text, &known);
        }
    }
    ids
}
