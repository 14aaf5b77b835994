//! What refers to steps: time-outs of single steps, and phases.

use crate::budget::Budget;
use crate::read::problems::Draft;
use crate::read::reader::{Checked, Reader};
use crate::read::traps;
use crate::rule::Rule;
use crate::scenario::Step;
use crate::settings::{Phase, Settings, StepTimeouts};
use crate::yaml::{Entry, NodeId};

impl Reader<'_> {
    pub(super) fn timeouts(&mut self, node: NodeId) -> StepTimeouts {
        let fields = self.fields(node, "timeouts", &["default", "steps"]).unwrap_or_default();
        let mut timeouts = StepTimeouts {
            default: self.positive_time(fields.get("default"), "default"),
            ..StepTimeouts::default()
        };
        let steps = fields.get("steps").and_then(|node| self.any_map(node, "steps"));
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
        timeouts
    }

    pub(super) fn phases(&mut self, node: Option<NodeId>) -> Checked<Phase> {
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

    /// Warns of phases during which the device stands still.
    pub(super) fn warn_of_timeless_phases(
        &mut self,
        node: Option<NodeId>,
        steps: &[Step],
        settings: &Settings,
    ) {
        for entry in node.map_or_else(Vec::new, |node| self.tree.entries(node)) {
            let phase = settings.phase(&entry.key);
            if phase.is_some_and(|phase| !traps::has_time(phase, steps, settings)) {
                let message = format!(
                    "the device stands still from step to step of `{}`, so there is nothing to \
                     measure; end it with a step that waits",
                    entry.key
                );
                self.push(Draft::warning(Rule::TimelessPhase, entry.key_place, message));
            }
        }
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
        let fields = self.fields(entry.value, &name, &["from", "to"])?;
        let names = self.names?;
        if names.count() == 0 {
            let message = format!("phase `{name}` covers no step; the scenario has none");
            self.error(Rule::InvalidPhase, place, message);
            return None;
        }
        let mut step = |key: &str, default: usize| match fields.get(key) {
            Some(node) => names.resolve(self.tree, node, self.problems),
            None => Some(default),
        };
        let from = step("from", 0);
        let to = step("to", names.count() - 1);
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
