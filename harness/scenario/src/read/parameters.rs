//! The parameters of a command that takes a map.

use crate::nearest::nearest;
use crate::problem::WokwiStage;
use crate::rule::Rule;
use crate::value::Value;
use crate::yaml::{Entry, NodeId, Place, Shape, Tree};

use super::problems::{Draft, Problems};

/// A command's map, its values unfolded.
pub(super) struct Parameters {
    keyword: &'static str,
    place: Place,
    entries: Vec<(Entry, Value)>,
}

impl Parameters {
    /// Reads the map of `keyword`. `first_checked` is the parameter that wokwi-cli looks at first, and
    /// `refusal` what it says if there is none: which is what anything but a map gets.
    pub(super) fn read(
        tree: &Tree,
        node: NodeId,
        keyword: &'static str,
        first_checked: &str,
        refusal: &str,
        problems: &mut Problems,
    ) -> Option<Self> {
        let place = tree.place(node);
        if matches!(tree.shape(node), Shape::Map) {
            let entries = tree.entries(node).into_iter();
            let entries = entries.map(|entry| {
                let value = problems.value(tree, entry.value);
                (entry, value)
            });
            return Some(Self { keyword, place, entries: entries.collect() });
        }
        let refusal = match tree.scalar(node) {
            Some(Value::Null) => {
                format!("TypeError: Cannot read properties of null (reading '{first_checked}')")
            }
            _ => format!("Error: {refusal}"),
        };
        let message =
            format!("`{keyword}` needs a map of parameters, not {}", tree.type_phrase(node));
        let draft = Draft::error(Rule::WrongType, place, message);
        problems.push(draft.refused(WokwiStage::Validate, refusal));
        None
    }

    pub(super) fn get(&self, key: &str) -> &Value {
        const MISSING: &Value = &Value::Missing;
        self.entry(key).map_or(MISSING, |(_, value)| value)
    }

    /// Where the value of `key` is written, or the whole map.
    pub(super) fn place(&self, key: &str) -> Place {
        self.entry(key).map_or(self.place, |(entry, _)| entry.key_place)
    }

    /// `name`, or else its deprecated spelling, by JavaScript's `??`.
    pub(super) fn name_or(&self, deprecated: &str) -> Value {
        let name = self.get("name");
        if name.is_nullish() { self.get(deprecated) } else { name }.clone()
    }

    /// Refuses a command that lacks `key`, which wokwi-cli notices before it runs anything.
    pub(super) fn refuse_missing(&self, key: &str, refusal: &str, problems: &mut Problems) {
        let message = match self.get(key) {
            Value::Missing => format!("`{}` lacks the parameter `{key}`", self.keyword),
            value => format!("`{key}` of `{}` cannot be {}", self.keyword, phrase(value)),
        };
        let draft = Draft::error(Rule::MissingParameter, self.place(key), message);
        problems.push(draft.refused(WokwiStage::Validate, format!("Error: {refusal}")));
    }

    /// Warns of a key that names no part, and of every key that wokwi-cli never reads.
    pub(super) fn warn(&self, known: &[&str], deprecated: Option<&str>, problems: &mut Problems) {
        if self.get("part-id").is_nullish() {
            let message = format!("`{}` does not say which part; add `part-id`", self.keyword);
            problems.push(Draft::warning(Rule::NoPartId, self.place("part-id"), message));
        }
        for (entry, _) in &self.entries {
            let key = entry.key.as_str();
            if Some(key) == deprecated {
                let message = format!("`{key}` is deprecated");
                let draft = Draft::warning(Rule::DeprecatedParameter, entry.key_place, message);
                problems.push(draft.fix("name"));
            } else if key == "<<" {
                let message = "Wokwi's YAML has no merge keys: `<<` is ignored here";
                problems.push(Draft::warning(Rule::MergeKey, entry.key_place, message));
            } else if !known.contains(&key) {
                let message = format!("`{}` ignores `{key}`", self.keyword);
                let fix = nearest(key, known.iter().copied()).map(String::from);
                let draft = Draft::warning(Rule::IgnoredParameter, entry.key_place, message);
                problems.push(draft.maybe_fix(fix));
            }
        }
    }

    fn entry(&self, key: &str) -> Option<&(Entry, Value)> {
        self.entries.iter().find(|(entry, _)| entry.key == key)
    }
}

/// A value in a sentence.
pub(super) fn phrase(value: &Value) -> String {
    match value {
        Value::Text(text) => format!("the string \"{text}\""),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        _ => value.type_phrase().into(),
    }
}
