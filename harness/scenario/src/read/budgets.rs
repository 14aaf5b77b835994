//! The `budgets:` list and the ids that `expect: fail:` refers to.

use std::collections::HashMap;

use crate::budget::{Bound, Budget, BudgetId, Metric, Subject, SubjectKind, Unit};
use crate::nearest::nearest;
use crate::problem::Rule;
use crate::quantity::{parse_share, parse_size, parse_whole};
use crate::settings::Phase;
use crate::value::Value;
use crate::yaml::{Entry, NodeId, Place, Shape};

use super::problems::Draft;
use super::reader::{Checked, Reader};

/// Metrics that the design has and this version does not.
const METRICS_TO_COME: [&str; 4] = ["leak", "lateness", "instructions", "margin"];

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
    let phase = phase_of(reader, &entries, phases);
    let subject = subject_of(reader, &entries, place);
    let metrics = entries
        .iter()
        .filter(|entry| entry.key != "phase" && SubjectKind::from_name(&entry.key).is_none());
    let mut readable = Some(());
    let mut metric_count = 0;
    for entry in metrics {
        metric_count += 1;
        let kind = subject.as_ref().map(|subject| subject.kind);
        let bound = read_bound(reader, entry, kind);
        let (Some((metric, bound, limit)), Some(phase), Some(subject)) = (bound, &phase, &subject)
        else {
            readable = None;
            continue;
        };
        let line = entry.key_place.line;
        let (phase, subject) = (phase.clone(), subject.clone());
        add(reader, Budget { phase, subject, metric, bound, limit, line }, entry.key_place);
    }
    if metric_count == 0 {
        let message = "this budget bounds nothing; add a metric such as `stack-peak: 2KiB`".into();
        reader.error(Rule::InvalidBudget, place, message);
        return None;
    }
    readable
}

/// The phase that an entry names. The outer `None` says that there is no such phase.
#[expect(clippy::option_option, reason = "no phase is the whole run, a wrong one is a mistake")]
fn phase_of(
    reader: &mut Reader<'_>,
    entries: &[Entry],
    phases: &Checked<Phase>,
) -> Option<Option<String>> {
    let Some(entry) = entries.iter().find(|entry| entry.key == "phase") else {
        return Some(None);
    };
    let place = reader.tree.place(entry.value);
    let name = reader.tree.source(entry.value).unwrap_or_default().to_owned();
    if name == Budget::WHOLE_RUN {
        return Some(None);
    }
    if phases.good.iter().any(|phase| phase.name == name) {
        return Some(Some(name));
    }
    if !phases.unreadable && !phases.bad.contains(&name) {
        let good = phases.good.iter().map(|phase| phase.name.as_str());
        let known: Vec<&str> = good.chain(phases.bad.iter().map(String::as_str)).collect();
        reader.unknown(Rule::InvalidPhase, place, "phase", &name, &known);
    }
    None
}

fn subject_of(reader: &mut Reader<'_>, entries: &[Entry], place: Place) -> Option<Subject> {
    let mut subjects = entries
        .iter()
        .filter_map(|entry| SubjectKind::from_name(&entry.key).map(|kind| (kind, entry)));
    let Some((kind, entry)) = subjects.next() else {
        if entries.iter().any(|entry| is_misspelt_subject(&entry.key)) {
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

/// Reads `METRIC: LIMIT` or `METRIC-min: LIMIT`.
fn read_bound(
    reader: &mut Reader<'_>,
    entry: &Entry,
    kind: Option<SubjectKind>,
) -> Option<(Metric, Bound, u64)> {
    let key = entry.key.as_str();
    let (name, bound) = match key.strip_suffix(Bound::Lower.suffix()) {
        Some(name) => (name, Bound::Lower),
        None => (key, Bound::Upper),
    };
    let Some(metric) = Metric::from_name(name) else {
        refuse_metric(reader, entry, kind);
        return None;
    };
    if let Some(kind) = kind.filter(|kind| !kind.metrics().contains(&metric)) {
        let known =
            kind.metrics().iter().map(|metric| metric.name()).collect::<Vec<_>>().join(", ");
        let message = format!("a {kind} has no `{metric}`; it has {known}");
        reader.error(Rule::InvalidMetric, entry.key_place, message);
        return None;
    }
    let limit = read_limit(reader, entry, metric)?;
    if metric.more_is_better() && bound == Bound::Upper {
        let message = format!("`{metric}` without -min allows at most {}", metric.format(limit));
        let draft = Draft::warning(Rule::SuspiciousBound, entry.key_place, message);
        reader.push(draft.fix(format!("{metric}-min")));
    }
    Some((metric, bound, limit))
}

fn refuse_metric(reader: &mut Reader<'_>, entry: &Entry, kind: Option<SubjectKind>) {
    let key = entry.key.as_str();
    if METRICS_TO_COME.contains(&key.strip_suffix("-min").unwrap_or(key)) {
        let message = format!("the metric `{key}` is not supported by this version yet");
        reader.error(Rule::UnsupportedSetting, entry.key_place, message);
        return;
    }
    let kinds = SubjectKind::ALL.map(SubjectKind::name);
    if kind.is_none() && is_misspelt_subject(key) {
        reader.unknown(Rule::InvalidBudget, entry.key_place, "subject", key, &kinds);
        return;
    }
    let metrics = kind.map_or(&Metric::ALL[..], SubjectKind::metrics);
    let known: Vec<&str> = metrics.iter().map(|metric| metric.name()).collect();
    let lower: Vec<String> = known.iter().map(|name| format!("{name}-min")).collect();
    let all: Vec<&str> = known.iter().copied().chain(lower.iter().map(String::as_str)).collect();
    let listed = if nearest(key, all.iter().copied()).is_some() { &all } else { &known };
    reader.unknown(Rule::InvalidMetric, entry.key_place, "metric", key, listed);
}

/// Whether a key is no metric but nearly the name of a kind of subject.
fn is_misspelt_subject(key: &str) -> bool {
    let kinds = SubjectKind::ALL.map(SubjectKind::name);
    Metric::from_name(key).is_none() && nearest(key, kinds).is_some()
}

fn read_limit(reader: &mut Reader<'_>, entry: &Entry, metric: Metric) -> Option<u64> {
    let source = reader.tree.source(entry.value).unwrap_or_default();
    let is_number = matches!(reader.tree.scalar(entry.value), Some(Value::Number(_)));
    let limit = match metric.unit() {
        Unit::Bytes if is_number => parse_whole(source)
            .ok_or_else(|| format!("`{source}` is no size; sizes look like 512, 512B or 4KiB")),
        Unit::Bytes => parse_size(source),
        Unit::Count => {
            parse_whole(source).ok_or_else(|| format!("`{metric}` is bounded by a whole number"))
        }
        Unit::BasisPoints => parse_share(source),
    };
    let place = reader.tree.place(entry.value);
    limit.map_err(|message| reader.error(Rule::InvalidMetric, place, message)).ok()
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
        let id = BudgetId::new(text.as_str());
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
