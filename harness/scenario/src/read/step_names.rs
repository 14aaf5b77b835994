//! References to steps: by name, which must then be unique, or by index from 0.

use crate::nearest::nearest;
use crate::quantity::parse_whole;
use crate::rule::Rule;
use crate::value::Value;
use crate::yaml::{NodeId, Place, Tree};

use super::problems::{Draft, Problems};

/// The name of each step, of those that cannot be read as well.
pub(super) struct StepNames {
    names: Vec<Option<(String, Place)>>,
}

impl StepNames {
    pub(super) fn of(tree: &Tree, steps: &[NodeId]) -> Self {
        Self { names: steps.iter().map(|&step| Self::name_of(tree, step)).collect() }
    }

    /// The step's name as wokwi-cli would print it; what JavaScript takes for false is none.
    pub(super) fn name_of(tree: &Tree, step: NodeId) -> Option<(String, Place)> {
        let entry = tree.entries(step).into_iter().find(|entry| entry.key == "name")?;
        let value = tree.value(entry.value).ok()?;
        value.is_truthy().then(|| (value.to_string(), tree.place(entry.value)))
    }

    /// Whether some step is called that.
    pub(super) fn has(&self, name: &str) -> bool {
        self.names.iter().flatten().any(|(own, _)| own == name)
    }

    pub(super) fn count(&self) -> usize {
        self.names.len()
    }

    /// Two steps of one name are a trap only once somebody refers to them; say it before.
    pub(super) fn warn_of_duplicates(&self, problems: &mut Problems) {
        let mut first_of = std::collections::HashMap::new();
        for (index, name) in self.names.iter().enumerate() {
            let Some((name, place)) = name else { continue };
            if let Some(first) = first_of.get(name.as_str()) {
                let message =
                    format!("step {index} is called `{name}` like step {first}; give it its own");
                problems.push(Draft::warning(Rule::DuplicateStepName, *place, message));
            } else {
                first_of.insert(name.as_str(), index);
            }
        }
    }

    /// The index of the step that `node` refers to.
    pub(super) fn resolve(
        &self,
        tree: &Tree,
        node: NodeId,
        problems: &mut Problems,
    ) -> Option<usize> {
        let answer = match tree.scalar(node) {
            Some(Value::Number(_)) => self.by_index(tree.source(node).unwrap_or_default()),
            Some(Value::Text(name)) => self.by_name(name),
            _ => Err((
                format!("a step is named by its name or index, not by {}", tree.type_phrase(node)),
                None,
            )),
        };
        answer
            .map_err(|(message, fix)| {
                let draft = Draft::error(Rule::UnknownStep, tree.place(node), message);
                problems.push(draft.maybe_fix(fix));
            })
            .ok()
    }

    /// The index of the step that a map's key refers to; keys lose their type, so a text of digits
    /// is an index unless a step is called that.
    pub(super) fn resolve_key(
        &self,
        key: &str,
        place: Place,
        problems: &mut Problems,
    ) -> Option<usize> {
        let by_index = !self.has(key) && parse_whole(key).is_some();
        let answer = if by_index { self.by_index(key) } else { self.by_name(key) };
        answer
            .map_err(|(message, fix)| {
                problems.push(Draft::error(Rule::UnknownStep, place, message).maybe_fix(fix));
            })
            .ok()
    }

    fn by_index(&self, source: &str) -> Result<usize, (String, Option<String>)> {
        let index = parse_whole(source).and_then(|index| usize::try_from(index).ok());
        match (index.filter(|&index| index < self.count()), self.count()) {
            (Some(index), _) => Ok(index),
            (None, 0) => Err((format!("there is no step {source}; the scenario has none"), None)),
            (None, count) => {
                Err((format!("there is no step {source}; the last one is {}", count - 1), None))
            }
        }
    }

    fn by_name(&self, wanted: &str) -> Result<usize, (String, Option<String>)> {
        let mut found = self.names.iter().enumerate().filter_map(|(index, name)| {
            name.as_ref().is_some_and(|(name, _)| name == wanted).then_some(index)
        });
        match (found.next(), found.next()) {
            (Some(index), None) => Ok(index),
            (Some(first), Some(second)) => {
                Err((format!("steps {first} and {second} are both called `{wanted}`"), None))
            }
            (None, _) => {
                let names = self.names.iter().flatten().map(|(name, _)| name.as_str());
                let fix = nearest(wanted, names).map(String::from);
                Err((format!("no step is called `{wanted}`"), fix))
            }
        }
    }
}
