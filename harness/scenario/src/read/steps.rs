//! Steps: which key is a command, and which of several commands runs.

use crate::nearest::nearest;
use crate::problem::WokwiStage;
use crate::rule::Rule;
use crate::scenario::Step;
use crate::value::Value;
use crate::yaml::{Entry, NodeId, Place, Shape, Tree};

use super::commands::{self, KEYWORDS, Site};
use super::problems::{Draft, Problems};
use super::step_names::StepNames;

/// What wokwi-cli prints for a step without a command, when it gets there.
const NO_COMMAND: &str = "Unknown key in step";

/// Reads all steps; those that wokwi-cli could not perform are left out.
pub(super) fn read(tree: &Tree, items: &[NodeId], problems: &mut Problems) -> Vec<Step> {
    let items = items.iter().enumerate();
    items.filter_map(|(index, &node)| read_step(tree, index, node, problems)).collect()
}

fn read_step(tree: &Tree, index: usize, node: NodeId, problems: &mut Problems) -> Option<Step> {
    let Shape::Map = tree.shape(node) else {
        refuse_shape(tree, index, node, problems);
        return None;
    };
    let entries = tree.entries(node);
    let runs = KEYWORDS.iter().find(|keyword| entries.iter().any(|e| e.key == **keyword)).copied();
    let mut command = None;
    for entry in &entries {
        match KEYWORDS.iter().find(|keyword| **keyword == entry.key) {
            Some(&keyword) => {
                let site =
                    Site { tree, node: entry.value, step: index, runs: runs == Some(keyword) };
                let read = commands::read(keyword, &site, problems);
                if runs == Some(keyword) {
                    command = read;
                } else if let Some(winner) = runs {
                    warn_of_dropped(entry, winner, problems);
                }
            }
            None if entry.key == "name" => {}
            None => refuse_key(entry, problems),
        }
    }
    let place = tree.place(node);
    if runs.is_none() {
        refuse_idle(index, place, &entries, problems);
    }
    let name = StepNames::name_of(tree, node).map(|(name, _)| name);
    Some(Step { index, name, line: place.line, column: place.column, command: command? })
}

/// A step that is no map.
fn refuse_shape(tree: &Tree, index: usize, node: NodeId, problems: &mut Problems) {
    let (stage, refusal) = match tree.shape(node) {
        Shape::Scalar(Value::Null) => {
            (WokwiStage::Validate, "TypeError: Cannot convert undefined or null to object")
        }
        Shape::List([]) => (WokwiStage::Run { step: index }, NO_COMMAND),
        Shape::List(_) => (WokwiStage::Validate, "Error: Invalid scenario step key: 0"),
        _ => (WokwiStage::Validate, "Error: Scenario step must be an object"),
    };
    let message = match tree.shape(node) {
        Shape::Scalar(Value::Null) => format!("step {index} is empty"),
        _ => format!(
            "step {index} must be a map such as `delay: 500ms`, not {}",
            tree.type_phrase(node)
        ),
    };
    problems
        .push(Draft::error(Rule::StepNotMap, tree.place(node), message).refused(stage, refusal));
}

/// A key that is neither `name` nor a command.
fn refuse_key(entry: &Entry, problems: &mut Problems) {
    let key = entry.key.as_str();
    let mut rule = Rule::UnknownStepKey;
    let mut fix = None;
    let message = match key {
        "<<" => {
            rule = Rule::MergeKey;
            "Wokwi's YAML has no merge keys; repeat the command, or use an alias for all of the step"
                .into()
        }
        "timeout" => {
            "a step has no `timeout` of its own; bound it under `ramscope: timeouts: steps:`".into()
        }
        _ => {
            fix = nearest(key, KEYWORDS.into_iter().chain(["name"])).map(String::from);
            format!("`{key}` is no command of a step")
        }
    };
    let draft = Draft::error(rule, entry.key_place, message).maybe_fix(fix);
    let refusal = format!("Error: Invalid scenario step key: {key}");
    problems.push(draft.refused(WokwiStage::Validate, refusal));
}

/// A step without a command; if a key of it was refused already, that says enough.
fn refuse_idle(index: usize, place: Place, entries: &[Entry], problems: &mut Problems) {
    if entries.iter().all(|entry| entry.key == "name") {
        let message =
            format!("step {index} has no command, and wokwi-cli stops when it gets there");
        let draft = Draft::error(Rule::StepWithoutCommand, place, message);
        problems.push(draft.refused(WokwiStage::Run { step: index }, NO_COMMAND));
    }
}

fn warn_of_dropped(entry: &Entry, winner: &str, problems: &mut Problems) {
    let message =
        format!("only `{winner}` of this step runs, and `{}` is silently dropped", entry.key);
    let draft = Draft::warning(Rule::MultiCommandStep, entry.key_place, message);
    problems.push(draft.fix("make it a step of its own"));
}
