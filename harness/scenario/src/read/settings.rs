//! The `ramscope:` key. Here every unknown key is an error: nobody else reads it, so a typo would
//! silently switch off what its author relies on.

use crate::budget::Budget;
use crate::problem::Rule;
use crate::quantity::parse_whole;
use crate::settings::{
    Expect, FindingRules, Matching, Phase, ResetExpectation, Settings, StepTimeouts, Target,
    TargetKind,
};
use crate::value::Value;
use crate::yaml::{Entry, NodeId, Place, Shape, Tree};

use super::budgets;
use super::problems::{Draft, Problems};
use super::reader::{Checked, Reader};
use super::step_names::StepNames;

/// The keys of `ramscope:`.
const KEYS: [&str; 12] = [
    "schema", "targets", "seeds", "timeout", "timeouts", "settle", "phases", "budgets", "findings",
    "expect", "match", "tags",
];

/// Reads the value of the `ramscope:` key.
pub(super) fn read(
    tree: &Tree,
    node: NodeId,
    names: Option<&StepNames>,
    problems: &mut Problems,
) -> Settings {
    let mut reader = Reader { tree, names, problems };
    let Some(entries) = reader.map(node, "ramscope", &KEYS) else {
        return Settings::default();
    };
    reader.settings(&entries)
}

impl Reader<'_> {
    fn settings(&mut self, entries: &[Entry]) -> Settings {
        let node = |key: &str| entries.iter().find(|entry| entry.key == key).map(|e| e.value);
        let defaults = Settings::default();
        let phases = self.phases(node("phases"));
        let budgets = budgets::read(self, node("budgets"), &phases);
        Settings {
            schema: node("schema").map_or(Settings::SCHEMA, |node| self.schema(node)),
            targets: node("targets").map_or(defaults.targets, |node| self.targets(node)),
            seeds: node("seeds").map_or(defaults.seeds, |node| self.seeds(node)),
            timeout: self.positive_time(node("timeout"), "timeout").unwrap_or(Settings::TIMEOUT),
            timeouts: node("timeouts").map_or_else(StepTimeouts::default, |n| self.timeouts(n)),
            settle: node("settle")
                .and_then(|node| self.time(node, "settle"))
                .unwrap_or(Settings::SETTLE),
            findings: node("findings").map_or_else(FindingRules::default, |n| self.findings(n)),
            expect: node("expect").map_or_else(Expect::default, |n| self.expect(n, &budgets)),
            matching: node("match").map_or(Matching::Wokwi, |node| self.matching(node)),
            tags: self.texts(node("tags"), "tags"),
            phases: phases.good,
            budgets: budgets.good,
        }
    }

    fn schema(&mut self, node: NodeId) -> u32 {
        if self.tree.scalar(node) != Some(&Value::Number(f64::from(Settings::SCHEMA))) {
            let message = format!("this version knows only schema {}", Settings::SCHEMA);
            let draft = Draft::error(Rule::UnknownSchema, self.tree.place(node), message);
            self.problems.push(draft.fix(format!("schema: {}", Settings::SCHEMA)));
        }
        Settings::SCHEMA
    }

    /// A name, a list of names, or a map from names to options.
    fn targets(&mut self, node: NodeId) -> Vec<Target> {
        let tree = self.tree;
        let mut targets: Vec<Target> = Vec::new();
        let named: Vec<(String, Place, Option<NodeId>)> = match tree.shape(node) {
            Shape::Map => {
                let entries = tree.entries(node).into_iter();
                entries.map(|entry| (entry.key, entry.key_place, Some(entry.value))).collect()
            }
            _ => self.text_nodes(node, "targets").into_iter().map(|(t, p)| (t, p, None)).collect(),
        };
        for (name, place, options) in named {
            let Some(kind) = TargetKind::from_name(&name) else {
                let known = TargetKind::ALL.map(TargetKind::name);
                self.unknown(Rule::UnknownTarget, place, "target", &name, &known);
                continue;
            };
            let options = self.target_options(kind, options);
            if targets.iter().any(|target| target.kind == kind) {
                self.error(Rule::InvalidSetting, place, format!("the target {kind} stands twice"));
            } else {
                targets.push(Target { kind, options });
            }
        }
        targets
    }

    fn target_options(&mut self, kind: TargetKind, node: Option<NodeId>) -> Value {
        let none = Value::Map(Vec::new());
        let Some(node) = node else { return none };
        let place = self.tree.place(node);
        match self.problems.value(self.tree, node) {
            Value::Null | Value::Missing => none,
            Value::Map(options) => {
                if kind == TargetKind::Engine
                    && let Some(entry) = self.tree.entries(node).first()
                {
                    let message = format!("the engine has no option `{}`", entry.key);
                    self.error(Rule::UnknownSetting, entry.key_place, message);
                }
                Value::Map(options)
            }
            value => {
                let message =
                    format!("the options of {kind} are a map, not {}", value.type_phrase());
                self.error(Rule::InvalidSetting, place, message);
                none
            }
        }
    }

    fn seeds(&mut self, node: NodeId) -> Vec<u64> {
        let mut seeds = Vec::new();
        for item in self.items(node) {
            let place = self.tree.place(item);
            let number = matches!(self.tree.scalar(item), Some(Value::Number(_)));
            match self.tree.source(item).filter(|_| number).and_then(parse_whole) {
                Some(seed) if seeds.contains(&seed) => {
                    self.error(
                        Rule::InvalidSetting,
                        place,
                        format!("the seed {seed} stands twice"),
                    );
                }
                Some(seed) => seeds.push(seed),
                None => {
                    let message = "a seed is a whole number from 0 to 2^64 - 1".into();
                    self.error(Rule::InvalidSetting, place, message);
                }
            }
        }
        if self.items(node).is_empty() {
            let message = "without a seed nothing runs; leave `seeds` out for the seed 1".into();
            self.error(Rule::InvalidSetting, self.tree.place(node), message);
        }
        seeds
    }

    fn timeouts(&mut self, node: NodeId) -> StepTimeouts {
        let mut timeouts = StepTimeouts::default();
        let entries = self.map(node, "timeouts", &["default", "steps"]).unwrap_or_default();
        for entry in &entries {
            if entry.key == "default" {
                timeouts.default = self.positive_time(Some(entry.value), "default");
            }
            let steps =
                if entry.key == "steps" { self.any_map(entry.value, "steps") } else { None };
            for step in steps.unwrap_or_default() {
                let span = self.positive_time(Some(step.value), &step.key);
                let Some(names) = self.names else { continue };
                let index = names.resolve_key(&step.key, step.key_place, self.problems);
                if let (Some(index), Some(span)) = (index, span)
                    && timeouts.steps.insert(index, span).is_some()
                {
                    let message = format!("step {index} has a time-out already");
                    self.error(Rule::InvalidSetting, step.key_place, message);
                }
            }
        }
        timeouts
    }

    fn findings(&mut self, node: NodeId) -> FindingRules {
        let entries = self.map(node, "findings", &["allow", "deny"]).unwrap_or_default();
        let node = |key: &str| entries.iter().find(|entry| entry.key == key).map(|e| e.value);
        FindingRules {
            allow: self.texts(node("allow"), "allow"),
            deny: self.texts(node("deny"), "deny"),
        }
    }

    fn expect(&mut self, node: NodeId, budgets: &Checked<Budget>) -> Expect {
        let entries = self.map(node, "expect", &["fail", "findings", "reset"]).unwrap_or_default();
        let node = |key: &str| entries.iter().find(|entry| entry.key == key).map(|e| e.value);
        Expect {
            fail: node("fail").map_or_else(Vec::new, |n| budgets::read_ids(self, n, budgets)),
            findings: self.texts(node("findings"), "findings"),
            reset: node("reset").map_or(ResetExpectation::Never, |node| self.reset(node)),
        }
    }

    fn reset(&mut self, node: NodeId) -> ResetExpectation {
        match self.tree.scalar(node) {
            Some(Value::Bool(false)) => ResetExpectation::Never,
            Some(Value::Bool(true)) => ResetExpectation::Any,
            Some(Value::Text(reason)) if !reason.is_empty() => {
                ResetExpectation::Reason(reason.clone())
            }
            _ => {
                let message = "`reset` is true, false or the reason of the reset".into();
                self.error(Rule::InvalidSetting, self.tree.place(node), message);
                ResetExpectation::Never
            }
        }
    }

    fn matching(&mut self, node: NodeId) -> Matching {
        match self.tree.source(node) {
            Some("wokwi") => Matching::Wokwi,
            Some("cursor") => Matching::Cursor,
            _ => {
                let message = "`match` is wokwi or cursor".into();
                self.error(Rule::InvalidSetting, self.tree.place(node), message);
                Matching::Wokwi
            }
        }
    }

    fn phases(&mut self, node: Option<NodeId>) -> Checked<Phase> {
        let mut phases = Checked { good: Vec::new(), bad: Vec::new(), unreadable: false };
        let Some(node) = node else { return phases };
        let Some(entries) = self.any_map(node, "phases") else {
            phases.unreadable = true;
            return phases;
        };
        for entry in entries {
            match self.phase(&entry) {
                Some(phase) => phases.good.push(phase),
                None => phases.bad.push(entry.key),
            }
        }
        phases
    }

    fn phase(&mut self, entry: &Entry) -> Option<Phase> {
        let (name, place) = (entry.key.clone(), entry.key_place);
        if name == Budget::WHOLE_RUN || name.is_empty() || name.contains('/') {
            let message = match name.as_str() {
                Budget::WHOLE_RUN => "`run` is the whole run; give the phase another name".into(),
                _ => format!("`{name}` cannot name a phase: a name is not empty and has no `/`"),
            };
            self.error(Rule::InvalidPhase, place, message);
            return None;
        }
        let entries = self.map(entry.value, &name, &["from", "to"])?;
        let names = self.names?;
        let mut step =
            |key: &str, default: usize| match entries.iter().find(|entry| entry.key == key) {
                Some(entry) => names.resolve(self.tree, entry.value, self.problems),
                None => Some(default),
            };
        let from = step("from", 0);
        let to = step("to", names.count().saturating_sub(1));
        let (from, to) = (from?, to?);
        if from > to {
            let message =
                format!("phase `{name}` ends with step {to} before it begins with step {from}");
            self.error(Rule::InvalidPhase, place, message);
            return None;
        }
        Some(Phase { name, from, to, line: place.line })
    }
}
