//! The metrics of a budget and their limits.

use ramscope_time::Span;

use crate::budget::{Bound, Budget, Metric, SubjectKind, Unit};
use crate::nearest::nearest;
use crate::quantity::{parse_share, parse_size, parse_time, parse_whole};
use crate::read::problems::Draft;
use crate::read::reader::Reader;
use crate::rule::Rule;
use crate::settings::Settings;
use crate::value::Value;
use crate::yaml::{Entry, NodeId, Place};

/// What one entry of a budget says.
pub(super) struct Limit {
    pub(super) metric: Metric,
    pub(super) bound: Bound,
    pub(super) value: u64,
    pub(super) repeat: Option<u32>,
}

/// Reads `METRIC: LIMIT` or `METRIC-min: LIMIT`.
pub(super) fn read(
    reader: &mut Reader<'_>,
    entry: &Entry,
    kind: Option<SubjectKind>,
) -> Option<Limit> {
    let (name, bound) = split(&entry.key);
    let Some(metric) = metric_of(kind, name) else {
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
    let is_growth = matches!(metric, Metric::Leak | Metric::LeakBlocks);
    if is_growth && reader.is_map(entry.value) {
        return read_leak(reader, entry.value, metric, bound);
    }
    let value = read_value(reader, entry, metric)?;
    if metric.more_is_better() && bound == Bound::Upper {
        let message = format!("`{name}` without -min allows at most {}", metric.format(value));
        let draft = Draft::warning(Rule::SuspiciousBound, entry.key_place, message);
        reader.push(draft.fix(format!("{name}-min")));
    }
    Some(Limit { metric, bound, value, repeat: None })
}

/// `{repeat: R, max-growth: N}`.
fn read_leak(reader: &mut Reader<'_>, node: NodeId, metric: Metric, bound: Bound) -> Option<Limit> {
    let fields = reader.fields(node, metric.name(), &["repeat", "max-growth"])?;
    let repeat = match fields.get("repeat") {
        Some(node) => Some(reader.whole(node, "repeat", 2..=Settings::REPEAT_MAX.into())?),
        None => None,
    };
    let value = match metric {
        Metric::LeakBlocks => {
            let growth = reader.required(&fields, "max-growth", "how many blocks may remain")?;
            reader.whole(growth, "max-growth", 0..=u32::MAX.into())?
        }
        _ => {
            let growth = reader.required(&fields, "max-growth", "how many bytes may remain")?;
            reader.size(growth, "max-growth")?
        }
    };
    let repeat = repeat.and_then(|repeat| u32::try_from(repeat).ok());
    Some(Limit { metric, bound, value, repeat })
}

/// Only a phase can be repeated: what comes before it, such as the wait for the program to be ready,
/// happens once.
pub(super) fn check_repeat(reader: &mut Reader<'_>, budget: &Budget, place: Place) {
    if budget.repeat.is_some() && budget.phase.is_none() {
        let message = "the whole run cannot be repeated; name the `phase` whose steps are".into();
        reader.error(Rule::InvalidBudget, place, message);
    }
}

fn split(key: &str) -> (&str, Bound) {
    match key.strip_suffix(Bound::Lower.suffix()) {
        Some(name) => (name, Bound::Lower),
        None => (key, Bound::Upper),
    }
}

fn metric_of(kind: Option<SubjectKind>, name: &str) -> Option<Metric> {
    kind.and_then(|kind| kind.metric(name)).or_else(|| Metric::from_name(name)).or_else(|| {
        // Whoever has no subject has been told so; the metric is not a second mistake.
        let kinds = SubjectKind::ALL.into_iter().filter(|_| kind.is_none());
        kinds.into_iter().find_map(|kind| kind.metric(name))
    })
}

/// The id of a budget with the metric's own name in place of another: `run/heap:main/heap-peak` is
/// `run/heap:main/peak`.
pub(super) fn own_names(id: &str) -> String {
    let renamed = || {
        let (before, metric) = id.rsplit_once('/')?;
        let (_, subject) = before.split_once('/')?;
        let kind = SubjectKind::from_name(subject.split_once(':')?.0)?;
        let (name, bound) = split(metric);
        Some(format!("{before}/{}{}", kind.metric(name)?, bound.suffix()))
    };
    renamed().unwrap_or_else(|| id.to_owned())
}

fn refuse_metric(reader: &mut Reader<'_>, entry: &Entry, kind: Option<SubjectKind>) {
    let key = entry.key.as_str();
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
pub(super) fn is_misspelt_subject(key: &str) -> bool {
    let kinds = SubjectKind::ALL.map(SubjectKind::name);
    Metric::from_name(key).is_none() && nearest(key, kinds).is_some()
}

fn read_value(reader: &mut Reader<'_>, entry: &Entry, metric: Metric) -> Option<u64> {
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
        Unit::Picos => parse_time(source)
            .map(Span::as_picos)
            .map_err(|_| format!("`{source}` is no time; times look like 500us or 1.5ms")),
    };
    let place = reader.tree.place(entry.value);
    limit.map_err(|message| reader.error(Rule::InvalidMetric, place, message)).ok()
}
