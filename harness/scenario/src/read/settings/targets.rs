//! `targets` with their options, and `requires`.

use crate::capability::Capability;
use crate::quantity::parse_whole;
use crate::read::reader::Reader;
use crate::rule::Rule;
use crate::settings::{OptionForm, Target, TargetKind, TargetOption};
use crate::value::Value;
use crate::yaml::{Entry, NodeId, Place, Shape};

impl Reader<'_> {
    /// A name, a list of names, or a map from names to options.
    pub(super) fn targets(&mut self, node: NodeId) -> Vec<Target> {
        let tree = self.tree;
        let mut targets: Vec<Target> = Vec::new();
        let named: Vec<(String, Place, Option<NodeId>)> = match tree.shape(node) {
            Shape::Map => {
                let entries = tree.entries(node).into_iter();
                entries.map(|entry| (entry.key, entry.key_place, Some(entry.value))).collect()
            }
            _ => self.text_nodes(node, "targets").into_iter().map(|(t, p)| (t, p, None)).collect(),
        };
        if named.is_empty() && self.items(node).is_empty() {
            let message = "without a target nothing runs; leave `targets` out for the engine";
            self.error(Rule::InvalidSetting, tree.place(node), message.into());
        }
        for (name, place, options) in named {
            let Some(kind) = TargetKind::from_name(&name) else {
                let known = TargetKind::ALL.map(TargetKind::name);
                self.unknown(Rule::UnknownTarget, place, "target", &name, &known);
                continue;
            };
            let options = self.target_options(kind, options);
            if targets.iter().any(|target| target.kind == kind) {
                self.twice(place, "target", kind.name());
            } else {
                targets.push(Target { kind, options });
            }
        }
        targets
    }

    fn target_options(&mut self, kind: TargetKind, node: Option<NodeId>) -> Value {
        let entries = node.and_then(|node| self.any_map(node, kind.name())).unwrap_or_default();
        let options = entries.iter().filter_map(|entry| {
            let option = kind.options().iter().find(|option| option.name == entry.key);
            let Some(option) = option else {
                let known: Vec<&str> = kind.options().iter().map(|option| option.name).collect();
                let what = format!("option of {kind} called");
                self.unknown(Rule::UnknownSetting, entry.key_place, &what, &entry.key, &known);
                return None;
            };
            Some((entry.key.clone(), self.target_option(option, entry)?))
        });
        Value::Map(options.collect())
    }

    fn target_option(&mut self, option: &TargetOption, entry: &Entry) -> Option<Value> {
        let value = self.tree.scalar(entry.value);
        let (fits, wanted) = match option.form {
            OptionForm::Text => {
                (matches!(value, Some(Value::Text(text)) if !text.is_empty()), "a text".to_owned())
            }
            OptionForm::Switch => {
                (matches!(value, Some(Value::Bool(_))), "true or false".to_owned())
            }
            OptionForm::Whole { min, max } => {
                let is_number = matches!(value, Some(Value::Number(_)));
                let source = self.tree.source(entry.value).filter(|_| is_number);
                let whole = source.and_then(parse_whole);
                let fits = whole.is_some_and(|whole| (min..=max).contains(&whole));
                (fits, format!("a whole number from {min} to {max}"))
            }
        };
        if !fits {
            let message = format!("`{}` is {wanted}", entry.key);
            self.error(Rule::InvalidSetting, self.tree.place(entry.value), message);
        }
        value.filter(|_| fits).cloned()
    }

    pub(super) fn requires(&mut self, node: Option<NodeId>) -> Vec<Capability> {
        let Some(node) = node else { return Vec::new() };
        let mut required = Vec::new();
        for (name, place) in self.text_nodes(node, "requires") {
            match Capability::from_name(&name) {
                Some(capability) if required.contains(&capability) => {
                    self.twice(place, "capability", &name);
                }
                Some(capability) => required.push(capability),
                None => {
                    let known: Vec<&str> = Capability::ALL.iter().map(|c| c.name()).collect();
                    self.unknown(Rule::UnknownCapability, place, "capability", &name, &known);
                }
            }
        }
        required
    }
}
