//! What every part of `ramscope:` reads itself with: maps of known keys, lists of texts, times.

use ramscope_time::Span;

use crate::nearest::nearest;
use crate::problem::Rule;
use crate::quantity::parse_time;
use crate::value::Value;
use crate::yaml::{Entry, NodeId, Place, Shape, Tree};

use super::parameters::phrase;
use super::problems::{Draft, Problems};
use super::step_names::StepNames;

/// Keys that the design has and this version does not; better said than guessed at.
const KEYS_TO_COME: [&str; 6] = ["requires", "inject", "baseline", "repeat", "program", "fail-on"];

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

    /// The entries of a map whose keys are all known; others are refused and left out. Nothing
    /// after the colon is an empty map.
    pub(super) fn map(&mut self, node: NodeId, name: &str, known: &[&str]) -> Option<Vec<Entry>> {
        let mut entries = self.any_map(node, name)?;
        entries.retain(|entry| {
            if known.contains(&entry.key.as_str()) {
                return true;
            }
            if name == "ramscope" && KEYS_TO_COME.contains(&entry.key.as_str()) {
                let message = format!("`{}` is not supported by this version yet", entry.key);
                self.error(Rule::UnsupportedSetting, entry.key_place, message);
            } else {
                let what = format!("key in `{name}:` called");
                self.unknown(Rule::UnknownSetting, entry.key_place, &what, &entry.key, known);
            }
            false
        });
        Some(entries)
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
