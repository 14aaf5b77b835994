//! The `ramscope:` key. Here every unknown key is an error: nobody else reads it, so a typo would
//! silently switch off what its author relies on.

mod conditions;
mod course;
mod injections;
mod program;
mod runs;
mod targets;

use crate::budget::Budget;
use crate::finding_id::FINDING_IDS;
use crate::glob::glob_matches;
use crate::rule::Rule;
use crate::scenario::Step;
use crate::settings::{
    Artifact, Artifacts, Expect, FindingRules, Keep, Matching, ResetExpectation, Settings,
    StepTimeouts,
};
use crate::value::Value;
use crate::yaml::{NodeId, Place, Tree};

use super::budgets;
use super::problems::{Draft, Problems};
use super::reader::{Checked, Fields, Reader};
use super::step_names::StepNames;

/// Reads the value of the `ramscope:` key. `steps` are those that could be read; `names` is `None`
/// if the list of steps itself could not.
pub(super) fn read(
    tree: &Tree,
    node: NodeId,
    names: Option<&StepNames>,
    steps: &[Step],
    problems: &mut Problems,
) -> Settings {
    let mut reader = Reader { tree, names, problems };
    match reader.fields(node, "ramscope", &Settings::KEYS) {
        Some(fields) => reader.settings(&fields, steps),
        None => Settings::default(),
    }
}

impl Reader<'_> {
    fn settings(&mut self, fields: &Fields, steps: &[Step]) -> Settings {
        let node = |key: &str| fields.get(key);
        let defaults = Settings::default();
        let phases = self.phases(node("phases"));
        let budgets = budgets::read(self, node("budgets"), &phases);
        self.description(node("description"));
        let settings = Settings {
            schema: node("schema").map_or(Settings::SCHEMA, |node| self.schema(node)),
            targets: node("targets").map_or(defaults.targets, |node| self.targets(node)),
            requires: self.requires(node("requires")),
            program: self.program(fields, steps),
            seeds: node("seeds").map_or(defaults.seeds, |node| self.seeds(node)),
            repeat: node("repeat").map_or(defaults.repeat, |node| self.repeat(node)),
            timeout: self.positive_time(node("timeout"), "timeout").unwrap_or(Settings::TIMEOUT),
            timeouts: node("timeouts").map_or_else(StepTimeouts::default, |n| self.timeouts(n)),
            settle: node("settle")
                .and_then(|node| self.time(node, "settle"))
                .unwrap_or(Settings::SETTLE),
            findings: node("findings").map_or_else(FindingRules::default, |n| self.findings(n)),
            waits: self.waits(node("waits")),
            expect_text: self.expect_text(node("expect-text"), &phases),
            fail_on: self.fail_on(node("fail-on")),
            inject: self.inject(node("inject")),
            expect: node("expect").map_or_else(Expect::default, |n| self.expect(n, &budgets)),
            baseline: self.baseline(node("baseline")),
            artifacts: node("artifacts").map_or_else(Artifacts::default, |n| self.artifacts(n)),
            matching: node("match").map_or(Matching::Wokwi, |node| self.matching(node)),
            tags: self.texts(node("tags"), "tags"),
            phases: phases.good,
            budgets: budgets.good,
        };
        if self.names.is_some_and(|names| names.count() == steps.len()) {
            self.warn_of_timeless_phases(node("phases"), steps, &settings);
        }
        settings
    }

    fn schema(&mut self, node: NodeId) -> u32 {
        if self.tree.scalar(node) != Some(&Value::Number(f64::from(Settings::SCHEMA))) {
            let message = format!("this version knows only schema {}", Settings::SCHEMA);
            let draft = Draft::error(Rule::UnknownSchema, self.tree.place(node), message);
            self.problems.push(draft.fix(format!("schema: {}", Settings::SCHEMA)));
        }
        Settings::SCHEMA
    }

    /// For people; nothing depends on it, but it must be a text like any other.
    fn description(&mut self, node: Option<NodeId>) {
        if let Some(node) = node {
            let _ = self.text(node, "description");
        }
    }

    fn findings(&mut self, node: NodeId) -> FindingRules {
        let fields = self.fields(node, "findings", &["allow", "deny"]).unwrap_or_default();
        FindingRules {
            allow: self.finding_ids(fields.get("allow"), "allow"),
            deny: self.finding_ids(fields.get("deny"), "deny"),
        }
    }

    /// Ids of findings, or patterns that some of them fit.
    fn finding_ids(&mut self, node: Option<NodeId>, name: &str) -> Vec<String> {
        let mut patterns = node.map_or_else(Vec::new, |node| self.text_nodes(node, name));
        patterns.retain(|(pattern, place)| {
            let is_known = FINDING_IDS.iter().any(|id| glob_matches(pattern, id));
            if !is_known {
                self.unknown(Rule::UnknownFinding, *place, "finding", pattern, FINDING_IDS);
            }
            is_known
        });
        patterns.into_iter().map(|(pattern, _)| pattern).collect()
    }

    fn expect(&mut self, node: NodeId, budgets: &Checked<Budget>) -> Expect {
        let known = ["fail", "findings", "reset"];
        let fields = self.fields(node, "expect", &known).unwrap_or_default();
        let node = |key: &str| fields.get(key);
        Expect {
            fail: node("fail").map_or_else(Vec::new, |n| budgets::read_ids(self, n, budgets)),
            findings: self.finding_ids(node("findings"), "findings"),
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
        match self.word(node, "match", &["wokwi", "cursor"]) {
            Some("cursor") => Matching::Cursor,
            _ => Matching::Wokwi,
        }
    }

    fn baseline(&mut self, node: Option<NodeId>) -> Option<String> {
        let baseline = self.text(node?, "baseline")?;
        Some(baseline)
    }

    /// A list of files, or a map that also says when.
    fn artifacts(&mut self, node: NodeId) -> Artifacts {
        if !self.is_map(node) {
            return Artifacts { keep: Keep::Always, files: self.artifact_files(node) };
        }
        let fields = self.fields(node, "artifacts", &["keep", "files"]).unwrap_or_default();
        let keep = fields.get("keep").and_then(|node| {
            let word = self.word(node, "keep", &Keep::ALL.map(Keep::name))?;
            Keep::ALL.into_iter().find(|keep| keep.name() == word)
        });
        let files = fields.get("files").map(|node| self.artifact_files(node));
        Artifacts {
            keep: keep.unwrap_or_default(),
            files: files.unwrap_or_else(|| Artifacts::default().files),
        }
    }

    fn artifact_files(&mut self, node: NodeId) -> Vec<Artifact> {
        let mut files = Vec::new();
        for (name, place) in self.text_nodes(node, "artifacts") {
            match Artifact::ALL.into_iter().find(|artifact| artifact.name() == name) {
                Some(artifact) if files.contains(&artifact) => self.twice(place, "file", &name),
                Some(artifact) => files.push(artifact),
                None => {
                    let known = Artifact::ALL.map(Artifact::name);
                    self.unknown(Rule::InvalidSetting, place, "file to keep called", &name, &known);
                }
            }
        }
        files
    }

    pub(super) fn twice(&mut self, place: Place, what: &str, name: &str) {
        self.error(Rule::InvalidSetting, place, format!("the {what} {name} stands twice"));
    }
}
