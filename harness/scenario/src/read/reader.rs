//! What every part of `ramscope:` reads itself with: maps of known keys, lists of texts, times.

use core::ops::RangeInclusive;
use ramscope_time::Span;

use crate::budget::Budget;
use crate::nearest::nearest;
use crate::quantity::{parse_size, parse_time, parse_whole};
use crate::rule::Rule;
use crate::settings::Phase;
use crate::value::Value;
use crate::yaml::{Entry, NodeId, Place, Shape, Tree};

use super::parameters::phrase;
use super::problems::{Draft, Problems};
use super::step_names::StepNames;

/// How many words are listed to somebody who nearly wrote one of them.
const WORDS_LISTED_MAX: usize = 5;

/// What every part of the settings needs to read itself.
pub(super) struct Reader<'a> {
    pub(super) tree: &'a Tree,
    /// `None` while the steps cannot be read, so that references to them cannot be judged.
    pub(super) names: Option<&'a StepNames>,
    pub(super) problems: &'a mut Problems,
}

/// Definitions that others refer to. A reference to a bad one is not a second mistake.
pub(super) struct Checked<T> {
    pub(super) good: Vec<T>,
    /// The names of definitions that were refused.
    pub(super) bad: Vec<String>,
    /// Some definitions could not even be named.
    pub(super) unreadable: bool,
}

/// The fields of a map.
#[derive(Default)]
pub(super) struct Fields {
    /// Where the map begins.
    pub(super) place: Place,
    pub(super) entries: Vec<Entry>,
}

impl Fields {
    pub(super) fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.key == key)
    }

    pub(super) fn get(&self, key: &str) -> Option<NodeId> {
        self.entry(key).map(|entry| entry.value)
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|entry| entry.key.as_str())
    }
}

impl Reader<'_> {
    pub(super) fn error(&mut self, rule: Rule, place: Place, message: String) {
        self.problems.push(Draft::error(rule, place, message));
    }

    pub(super) fn push(&mut self, draft: Draft) {
        self.problems.push(draft);
    }

    /// Refuses a name with the nearest known one, or all known ones if none is near.
    pub(super) fn unknown(
        &mut self,
        rule: Rule,
        place: Place,
        what: &str,
        name: &str,
        known: &[&str],
    ) {
        let fix = nearest(name, known.iter().copied()).map(String::from);
        let message = match (&fix, known) {
            (Some(_), _) | (None, []) => format!("there is no {what} `{name}`"),
            (None, _) => format!("there is no {what} `{name}`; there are {}", known.join(", ")),
        };
        self.problems.push(Draft::error(rule, place, message).maybe_fix(fix));
    }

    /// The fields of a map whose keys are all known; others are refused and left out. Nothing after
    /// the colon is an empty map.
    pub(super) fn fields(&mut self, node: NodeId, name: &str, known: &[&str]) -> Option<Fields> {
        let mut entries = self.any_map(node, name)?;
        entries.retain(|entry| {
            let is_known = known.contains(&entry.key.as_str());
            if !is_known {
                let what = format!("key in `{name}:` called");
                self.unknown(Rule::UnknownSetting, entry.key_place, &what, &entry.key, known);
            }
            is_known
        });
        Some(Fields { place: self.tree.place(node), entries })
    }

    /// The value of a field that must be there.
    pub(super) fn required(&mut self, fields: &Fields, key: &str, what: &str) -> Option<NodeId> {
        let node = fields.get(key);
        if node.is_none() {
            let message = format!("`{key}` is missing: {what}");
            self.error(Rule::InvalidSetting, fields.place, message);
        }
        node
    }

    pub(super) fn is_map(&self, node: NodeId) -> bool {
        matches!(self.tree.shape(node), Shape::Map)
    }

    pub(super) fn any_map(&mut self, node: NodeId, name: &str) -> Option<Vec<Entry>> {
        match self.tree.shape(node) {
            Shape::Map => Some(self.tree.entries(node)),
            Shape::Scalar(Value::Null) => Some(Vec::new()),
            _ => {
                let message =
                    format!("`{name}` must be a map, not {}", self.tree.type_phrase(node));
                self.error(Rule::InvalidSetting, self.tree.place(node), message);
                None
            }
        }
    }

    /// The items of a list; one value without a list is a list of one, nothing an empty list.
    pub(super) fn items(&self, node: NodeId) -> Vec<NodeId> {
        match self.tree.shape(node) {
            Shape::List(items) => items.to_vec(),
            Shape::Scalar(Value::Null) => Vec::new(),
            _ => vec![node],
        }
    }

    /// A list of texts with their places; anything else in it is refused.
    pub(super) fn text_nodes(&mut self, node: NodeId, name: &str) -> Vec<(String, Place)> {
        let mut texts = Vec::new();
        for item in self.items(node) {
            let place = self.tree.place(item);
            match self.tree.scalar(item) {
                Some(Value::Text(text)) if !text.is_empty() => texts.push((text.clone(), place)),
                _ => {
                    let found = self.problems.value(self.tree, item);
                    let message = format!("`{name}` lists texts, and this is {}", phrase(&found));
                    self.error(Rule::InvalidSetting, place, message);
                }
            }
        }
        texts
    }

    pub(super) fn texts(&mut self, node: Option<NodeId>, name: &str) -> Vec<String> {
        let texts = node.map_or_else(Vec::new, |node| self.text_nodes(node, name));
        texts.into_iter().map(|(text, _)| text).collect()
    }

    /// A text that is not empty.
    pub(super) fn text(&mut self, node: NodeId, name: &str) -> Option<String> {
        match self.tree.scalar(node) {
            Some(Value::Text(text)) if !text.is_empty() => Some(text.clone()),
            _ => {
                let found = self.problems.value(self.tree, node);
                let message = format!("`{name}` is a text, and this is {}", phrase(&found));
                let quoted = match found {
                    Value::Number(_) | Value::Bool(_) => self.tree.source(node),
                    _ => None,
                };
                let fix = quoted.map(|source| format!("\"{source}\""));
                let draft = Draft::error(Rule::InvalidSetting, self.tree.place(node), message);
                self.push(draft.maybe_fix(fix));
                None
            }
        }
    }

    /// One of some words.
    pub(super) fn word<'word>(
        &mut self,
        node: NodeId,
        name: &str,
        known: &[&'word str],
    ) -> Option<&'word str> {
        let found = self.tree.source(node).unwrap_or_default();
        if let Some(word) = known.iter().find(|word| **word == found) {
            return Some(word);
        }
        let fix = nearest(found, known.iter().copied()).map(String::from);
        let message = match known.split_last() {
            Some(_) if fix.is_some() && known.len() > WORDS_LISTED_MAX => {
                format!("`{name}` cannot be `{found}`")
            }
            Some((last, [])) => format!("`{name}` is {last}"),
            Some((last, others)) => format!("`{name}` is {} or {last}", others.join(", ")),
            None => format!("`{name}` cannot be anything"),
        };
        let draft = Draft::error(Rule::InvalidSetting, self.tree.place(node), message);
        self.push(draft.maybe_fix(fix));
        None
    }

    /// The whole number that a node is, if it is one.
    pub(super) fn whole_source(&self, node: NodeId) -> Option<u64> {
        let is_number = matches!(self.tree.scalar(node), Some(Value::Number(_)));
        self.tree.source(node).filter(|_| is_number).and_then(parse_whole)
    }

    /// A whole number of a range.
    pub(super) fn whole(
        &mut self,
        node: NodeId,
        name: &str,
        range: RangeInclusive<u64>,
    ) -> Option<u64> {
        let whole = self.whole_source(node).filter(|whole| range.contains(whole));
        if whole.is_none() {
            let (least, most) = range.into_inner();
            let message = match most {
                u64::MAX => format!("`{name}` is a whole number of at least {least}"),
                _ => format!("`{name}` is a whole number from {least} to {most}"),
            };
            self.error(Rule::InvalidSetting, self.tree.place(node), message);
        }
        whole
    }

    /// A number of bytes.
    pub(super) fn size(&mut self, node: NodeId, name: &str) -> Option<u64> {
        let is_number = matches!(self.tree.scalar(node), Some(Value::Number(_)));
        let source = self.tree.source(node).unwrap_or_default();
        let size = match (is_number, parse_whole(source)) {
            (true, Some(size)) => Ok(size),
            _ => parse_size(source),
        };
        let place = self.tree.place(node);
        let refuse = |error| self.error(Rule::InvalidSetting, place, format!("`{name}`: {error}"));
        size.map_err(refuse).ok()
    }

    /// The index of a step that is referred to.
    pub(super) fn step(&mut self, node: NodeId) -> Option<usize> {
        self.names?.resolve(self.tree, node, self.problems)
    }

    /// The phase of this name; the inner `None` is the whole run. A phase that was refused is not
    /// a second mistake.
    #[expect(clippy::option_option, reason = "no phase is the whole run, a wrong one is a mistake")]
    pub(super) fn phase_name(
        &mut self,
        node: NodeId,
        phases: &Checked<Phase>,
    ) -> Option<Option<String>> {
        let place = self.tree.place(node);
        let name = self.tree.source(node).unwrap_or_default().to_owned();
        if name == Budget::WHOLE_RUN {
            return Some(None);
        }
        if phases.good.iter().any(|phase| phase.name == name) {
            return Some(Some(name));
        }
        if !phases.unreadable && !phases.bad.contains(&name) {
            let good = phases.good.iter().map(|phase| phase.name.as_str());
            let known: Vec<&str> = good.chain(phases.bad.iter().map(String::as_str)).collect();
            self.unknown(Rule::InvalidPhase, place, "phase", &name, &known);
        }
        None
    }

    /// A span in Wokwi's grammar, so that a scenario knows only one way to write times.
    pub(super) fn time(&mut self, node: NodeId, name: &str) -> Option<Span> {
        let source = self.tree.source(node).unwrap_or_default();
        if let Some(Value::Text(text)) = self.tree.scalar(node)
            && let Ok(span) = parse_time(text)
        {
            return Some(span);
        }
        let place = self.tree.place(node);
        let draft = match self.tree.scalar(node) {
            Some(Value::Number(_)) => {
                let message = format!("`{name}` needs a unit, and {source} has none");
                Draft::error(Rule::InvalidSetting, place, message).fix(format!("{source}ms"))
            }
            _ => {
                let message = format!("`{name}` is a time such as 500ms or 1.5s");
                Draft::error(Rule::InvalidSetting, place, message)
            }
        };
        self.problems.push(draft);
        None
    }

    pub(super) fn positive_time(&mut self, node: Option<NodeId>, name: &str) -> Option<Span> {
        let node = node?;
        let span = self.time(node, name)?;
        if span == Span::ZERO {
            let message = format!("a `{name}` of nothing would never let anything run");
            self.error(Rule::InvalidSetting, self.tree.place(node), message);
            return None;
        }
        Some(span)
    }
}
