//! `waits`, `expect-text` and `fail-on`.

use ramscope_wire::{Record, Why};

use crate::budget::{Subject, SubjectKind};
use crate::read::problems::Draft;
use crate::read::reader::{Checked, Fields, Reader};
use crate::rule::Rule;
use crate::settings::{Condition, During, FailOn, Phase, StepWait, TextExpectation};
use crate::text::TextPattern;
use crate::yaml::NodeId;

/// The states of a unit, as [`ramscope_wire::State`] spells them.
pub(crate) const STATES: [&str; 5] = ["ready", "running", "blocked", "ended", "suspended"];
/// The kinds of things that have a state.
pub(crate) const UNITS: [SubjectKind; 3] =
    [SubjectKind::Thread, SubjectKind::Task, SubjectKind::Tasklet];

impl Reader<'_> {
    pub(super) fn waits(&mut self, node: Option<NodeId>) -> Vec<StepWait> {
        let items = node.map_or_else(Vec::new, |node| self.items(node));
        items.into_iter().filter_map(|item| self.wait(item)).collect()
    }

    fn wait(&mut self, node: NodeId) -> Option<StepWait> {
        let fields = self.fields(node, "waits", &["after", "until", "within"])?;
        let after = self.required(&fields, "after", "the step that it follows");
        let until = self.required(&fields, "until", "what it waits for");
        let after = after.and_then(|node| self.step(node));
        let until = until.and_then(|node| self.condition(node));
        let within = self.positive_time(fields.get("within"), "within");
        Some(StepWait { after: after?, until: until?, within, line: fields.place.line })
    }

    fn condition(&mut self, node: NodeId) -> Option<Condition> {
        let known =
            ["thread", "task", "tasklet", "state", "why", "record", "name", "text", "regex"];
        let fields = self.fields(node, "until", &known)?;
        let is_unit = |key: &str| UNITS.iter().any(|kind| kind.name() == key);
        let heads: Vec<&str> = fields
            .keys()
            .filter(|key| is_unit(key) || ["record", "text", "regex"].contains(key))
            .collect();
        let [head] = heads[..] else {
            let message = "a wait is for one thing: a `thread`, `task` or `tasklet` with its \
                           `state`, a `record`, a `text` or a `regex`";
            self.error(Rule::InvalidSetting, fields.place, message.into());
            return None;
        };
        let fitting: &[&str] = match head {
            "record" => &["record", "name"],
            "text" | "regex" => &["text", "regex"],
            _ => &[head, "state", "why"],
        };
        for entry in fields.entries.iter().filter(|entry| !fitting.contains(&entry.key.as_str())) {
            let message = format!("`{}` says nothing beside `{head}`", entry.key);
            self.error(Rule::InvalidSetting, entry.key_place, message);
        }
        match head {
            "record" => self.record_condition(&fields),
            "text" | "regex" => self.pattern_of(&fields).map(Condition::Text),
            unit => self.state_condition(SubjectKind::from_name(unit)?, &fields),
        }
    }

    fn state_condition(&mut self, kind: SubjectKind, fields: &Fields) -> Option<Condition> {
        let glob = fields.get(kind.name()).and_then(|node| self.text(node, kind.name()));
        let state = self.required(fields, "state", "ready, running, blocked or ended");
        let state = state.and_then(|node| self.word(node, "state", &STATES));
        let why = match fields.get("why") {
            Some(node) => {
                let known = reasons();
                let known: Vec<&str> = known.iter().map(String::as_str).collect();
                Some(self.word(node, "why", &known)?.to_owned())
            }
            None => None,
        };
        Some(Condition::State { unit: Subject { kind, glob: glob? }, state: state?.into(), why })
    }

    fn record_condition(&mut self, fields: &Fields) -> Option<Condition> {
        let kinds: Vec<String> = Record::KIND_NAMES.iter().map(|name| kebab_case(name)).collect();
        let known: Vec<&str> = kinds.iter().map(String::as_str).collect();
        let word = fields.get("record").and_then(|node| self.word(node, "record", &known));
        let index = word.and_then(|word| known.iter().position(|kind| *kind == word));
        let name = fields.get("name").map(|node| self.text(node, "name"));
        let name = match name {
            Some(name) => Some(name?),
            None => None,
        };
        Some(Condition::Record { kind: Record::KIND_NAMES[index?].to_owned(), name })
    }

    pub(super) fn expect_text(
        &mut self,
        node: Option<NodeId>,
        phases: &Checked<Phase>,
    ) -> Vec<TextExpectation> {
        let items = node.map_or_else(Vec::new, |node| self.items(node));
        let mut expectations = Vec::new();
        for item in items {
            let fields = match self.is_map(item) {
                true => self.fields(item, "expect-text", &["text", "regex", "phase", "step"]),
                false => None,
            };
            let pattern = self.pattern(item, "expect-text", fields.as_ref());
            let during = fields.map_or(Some(During::Run), |fields| self.during(&fields, phases));
            let line = self.tree.place(item).line;
            if let (Some(pattern), Some(during)) = (pattern, during) {
                expectations.push(TextExpectation { pattern, during, line });
            }
        }
        expectations
    }

    fn during(&mut self, fields: &Fields, phases: &Checked<Phase>) -> Option<During> {
        match (fields.entry("phase"), fields.entry("step")) {
            (Some(_), Some(step)) => {
                let message = "it is said during a `phase` or a `step`, not both".into();
                self.error(Rule::InvalidSetting, step.key_place, message);
                None
            }
            (Some(phase), None) => {
                let phase = self.phase_name(phase.value, phases)?;
                Some(phase.map_or(During::Run, During::Phase))
            }
            (None, Some(step)) => self.step(step.value).map(During::Step),
            (None, None) => Some(During::Run),
        }
    }

    pub(super) fn fail_on(&mut self, node: Option<NodeId>) -> Vec<FailOn> {
        let items = node.map_or_else(Vec::new, |node| self.items(node));
        let mut patterns = Vec::new();
        for item in items {
            let fields = match self.is_map(item) {
                true => self.fields(item, "fail-on", &["text", "regex"]),
                false => None,
            };
            let line = self.tree.place(item).line;
            let pattern = self.pattern(item, "fail-on", fields.as_ref());
            patterns.extend(pattern.map(|pattern| FailOn { pattern, line }));
        }
        patterns
    }

    /// A text, or a map with `text` or `regex`.
    fn pattern(
        &mut self,
        node: NodeId,
        name: &str,
        fields: Option<&Fields>,
    ) -> Option<TextPattern> {
        match fields {
            Some(fields) => self.pattern_of(fields),
            None if self.is_map(node) => None,
            None => self.literal(node, name),
        }
    }

    /// A plain text. People give the same text to wokwi-cli's options, which know only ASCII.
    fn literal(&mut self, node: NodeId, name: &str) -> Option<TextPattern> {
        let text = self.text(node, name)?;
        if !text.is_ascii() {
            let message = "wokwi-cli's `--expect-text` and `--fail-text` match ASCII only; given to \
                           them, this text never matches";
            let place = self.tree.place(node);
            self.push(Draft::warning(Rule::NonAsciiExpectText, place, message));
        }
        Some(TextPattern::Literal(text))
    }

    fn pattern_of(&mut self, fields: &Fields) -> Option<TextPattern> {
        match (fields.get("text"), fields.get("regex")) {
            (Some(node), None) => self.literal(node, "text"),
            (None, Some(node)) => {
                let expression = self.text(node, "regex")?;
                let place = self.tree.place(node);
                let refuse = |error| {
                    let message = format!("this is no regular expression: {error}");
                    self.error(Rule::InvalidRegex, place, message);
                };
                TextPattern::regex(&expression).map_err(refuse).ok()
            }
            (given, _) => {
                let message = match given {
                    Some(_) => "it is a `text` or a `regex`, not both",
                    None => "it needs a `text` or a `regex`",
                };
                self.error(Rule::InvalidSetting, fields.place, message.into());
                None
            }
        }
    }
}

/// The reasons of states, as the wire spells them.
pub(crate) fn reasons() -> Vec<String> {
    let codes = (0..=u8::MAX).map(Why::from_code);
    codes.filter(|why| !matches!(why, Why::Unknown(_))).map(|why| why.to_string()).collect()
}

/// `UnitEnd` as files write it: `unit-end`.
pub(crate) fn kebab_case(name: &str) -> String {
    let mut kebab = String::with_capacity(name.len() + 4);
    for (index, character) in name.char_indices() {
        if index > 0 && character.is_ascii_uppercase() {
            kebab.push('-');
        }
        kebab.push(character.to_ascii_lowercase());
    }
    kebab
}

#[cfg(test)]
mod tests {
    use super::*;
    use ramscope_wire::State;

    #[test]
    fn states_are_spelt_as_on_the_wire() {
        let known = (0..=u8::MAX).map(State::from_code);
        let known = known.filter(|state| !matches!(state, State::Unknown(_)));
        assert_eq!(known.map(|state| state.to_string()).collect::<Vec<_>>(), STATES);
    }

    #[test]
    fn kinds_of_records_are_written_in_kebab_case() {
        assert_eq!(kebab_case("UnitEnd"), "unit-end");
        assert_eq!(kebab_case("Hello"), "hello");
        assert!(reasons().contains(&"lock".to_owned()));
    }
}
