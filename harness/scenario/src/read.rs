//! The tree to a scenario: the head of the file, then steps, then settings.
//!
//! Everything is looked at even after an error, because a person wants all mistakes at once. A
//! mistake that follows from an earlier one is not reported: a reference to a step is not checked
//! while the steps cannot be read.

mod budgets;
mod commands;
mod parameters;
mod problems;
mod reader;
mod settings;
mod step_names;
mod steps;
mod traps;

use crate::nearest::nearest;
use crate::problem::{Problem, WokwiStage};
use crate::rule::Rule;
use crate::scenario::{Parsed, Scenario, Step};
use crate::settings::Settings;
use crate::value::Value;
use crate::yaml::{Entry, NodeId, Place, Shape, Tree, YamlError};
use problems::{Draft, Problems};
use step_names::StepNames;

/// The key under which everything of ours stands.
const OUR_KEY: &str = "ramscope";

/// See [`parse`](crate::parse).
pub(crate) fn read(path: &str, text: &str) -> Parsed {
    let mut problems = Problems::new(path);
    match Tree::read(text) {
        Ok(tree) => read_tree(path, text, &tree, problems),
        Err(errors) => {
            for error in errors {
                problems.push(yaml_draft(error));
            }
            problems.into_parsed(text, None, Vec::new())
        }
    }
}

/// See [`document`](crate::document).
pub(crate) fn document(path: &str, text: &str) -> Result<Value, Vec<Problem>> {
    let mut problems = Problems::new(path);
    match Tree::read(text) {
        Ok(tree) => {
            let value = problems.value(&tree, tree.root());
            let found = problems.into_parsed(text, None, Vec::new()).problems;
            if found.is_empty() { Ok(value) } else { Err(found) }
        }
        Err(errors) => {
            errors.into_iter().for_each(|error| problems.push(yaml_draft(error)));
            Err(problems.into_parsed(text, None, Vec::new()).problems)
        }
    }
}

fn yaml_draft(error: YamlError) -> Draft {
    let refusal = format!("YAMLParseError: {}", error.message);
    Draft::error(error.rule, error.place, error.message).refused(WokwiStage::Parse, refusal)
}

fn read_tree(path: &str, text: &str, tree: &Tree, mut problems: Problems) -> Parsed {
    let Some(head) = Head::of(tree, &mut problems) else {
        return problems.into_parsed(text, None, Vec::new());
    };
    let name = head.name(tree, &mut problems);
    head.check_version(tree, &mut problems);
    let (steps, names) = head.steps(tree, &mut problems);
    let settings = head.settings(tree, names.as_ref(), &steps, &mut problems);
    // What steps do to each other is known once all of them are.
    if names.is_some_and(|names| names.count() == steps.len()) {
        traps::warn(&steps, &settings, &mut problems);
    }
    let scenario = Scenario { name, path: path.into(), steps: steps.clone(), settings };
    problems.into_parsed(text, Some(scenario), steps)
}

/// The top-level map.
struct Head {
    place: Place,
    entries: Vec<Entry>,
}

impl Head {
    fn of(tree: &Tree, problems: &mut Problems) -> Option<Self> {
        let root = tree.root();
        let place = tree.place(root);
        if matches!(tree.shape(root), Shape::Map) {
            return Some(Self { place, entries: tree.entries(root) });
        }
        let (message, refusal) = match tree.scalar(root) {
            Some(Value::Null) => (
                "the file is empty; a scenario has `name`, `version: 1` and `steps`".into(),
                "TypeError: Cannot read properties of null (reading 'name')",
            ),
            _ => (
                format!(
                    "the file holds {}; a scenario is a map with `name`, `version: 1` and `steps`",
                    tree.type_phrase(root)
                ),
                "Error: Scenario name is missing",
            ),
        };
        let draft = Draft::error(Rule::NotAScenario, place, message);
        problems.push(draft.refused(WokwiStage::Validate, refusal));
        None
    }

    fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.key == key)
    }

    fn name(&self, tree: &Tree, problems: &mut Problems) -> String {
        let value = self.entry("name").and_then(|entry| Some((entry, tree.scalar(entry.value)?)));
        match value {
            Some((_, Value::Text(name))) => return name.clone(),
            Some((_, value)) if !value.is_nullish() => {}
            _ if self.entry("name").is_none() || value.is_some() => {
                let draft = Draft::error(
                    Rule::NameMissing,
                    self.place_of("name"),
                    "the scenario has no `name`",
                );
                problems
                    .push(draft.refused(WokwiStage::Validate, "Error: Scenario name is missing"));
                return String::new();
            }
            _ => {}
        }
        let node = self.entry("name").expect("a missing name was handled above").value;
        let message = format!("the scenario's `name` is {}, not a string", tree.type_phrase(node));
        let quoted = tree.source(node).map(|source| format!("\"{source}\""));
        let draft = Draft::error(Rule::NameNotString, tree.place(node), message).maybe_fix(quoted);
        problems.push(draft.refused(WokwiStage::Validate, "Error: Scenario name must be a string"));
        String::new()
    }

    fn check_version(&self, tree: &Tree, problems: &mut Problems) {
        let node = self.entry("version").map(|entry| entry.value);
        let value = node.map_or(Value::Missing, |node| problems.value(tree, node));
        if value == Value::Number(1.0) {
            return;
        }
        let place = self.place_of("version");
        let draft = match &value {
            Value::Missing => Draft::error(Rule::Version, place, "the scenario has no `version`"),
            Value::Text(text) if text == "1" => Draft::error(
                Rule::StringyVersion,
                place,
                "the version must be the number 1, without quotes",
            ),
            _ => {
                let message = format!("version {value} is not supported; there is only version 1");
                Draft::error(Rule::Version, place, message)
            }
        };
        problems.push(draft.fix("version: 1").refused(
            WokwiStage::Validate,
            format!("Error: Unsupported scenario version: {value}"),
        ));
    }

    fn steps(&self, tree: &Tree, problems: &mut Problems) -> (Vec<Step>, Option<StepNames>) {
        let node = self.entry("steps").map(|entry| entry.value);
        if let Some(node) = node
            && let Shape::List(items) = tree.shape(node)
        {
            let names = StepNames::of(tree, items);
            names.warn_of_duplicates(problems);
            return (steps::read(tree, items, problems), Some(names));
        }
        let message = match node {
            None => "the scenario has no `steps`".into(),
            Some(node) => format!("`steps` must be a list, not {}", tree.type_phrase(node)),
        };
        let draft = Draft::error(Rule::StepsNotList, self.place_of("steps"), message);
        problems
            .push(draft.refused(WokwiStage::Validate, "Error: Scenario steps must be an array"));
        (Vec::new(), None)
    }

    fn settings(
        &self,
        tree: &Tree,
        names: Option<&StepNames>,
        steps: &[Step],
        problems: &mut Problems,
    ) -> Settings {
        self.warn_of_ignored_keys(problems);
        match self.entry(OUR_KEY) {
            Some(entry) => settings::read(tree, entry.value, names, steps, problems),
            None => Settings::default(),
        }
    }

    /// wokwi-cli ignores every other key. That is fine for one that holds anchors, but not for one
    /// that somebody relies on.
    fn warn_of_ignored_keys(&self, problems: &mut Problems) {
        const KNOWN: [&str; 5] = ["name", "version", "author", "steps", OUR_KEY];
        for entry in &self.entries {
            let key = entry.key.as_str();
            if KNOWN.contains(&key) {
                continue;
            }
            let is_ours = Settings::KEYS.contains(&key) && key != "description";
            let (message, fix) = match nearest(key, KNOWN) {
                _ if is_ours => (
                    format!("`{key}` is ignored here; it is a setting under `{OUR_KEY}`"),
                    format!("{OUR_KEY}: {{{key}: ...}}"),
                ),
                Some(known) => {
                    (format!("the key `{key}` is ignored, and everything in it"), known.to_owned())
                }
                None => continue,
            };
            let draft = Draft::warning(Rule::IgnoredKey, entry.key_place, message);
            problems.push(draft.fix(fix));
        }
    }

    /// The key's value if there is one, else the head of the file.
    fn place_of(&self, key: &str) -> Place {
        self.entry(key).map_or(self.place, |entry| entry.key_place)
    }
}

/// A node's value; a value of absurd size is a problem of its own.
impl Problems {
    fn value(&mut self, tree: &Tree, node: NodeId) -> Value {
        tree.value(node).unwrap_or_else(|_| {
            let message = "through its aliases this unfolds to more than any scenario can mean";
            let draft = Draft::error(Rule::YamlTooLarge, tree.place(node), message);
            self.push(draft.refused(WokwiStage::Parse, "ReferenceError: Excessive alias count"));
            Value::Missing
        })
    }
}
