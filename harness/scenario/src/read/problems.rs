//! Collecting problems: drafts on the way in, sorted by place on the way out.

use crate::problem::{Problem, Severity, WokwiRefusal, WokwiStage, one_line};
use crate::rule::Rule;
use crate::scenario::{Parsed, Scenario, Step};
use crate::yaml::Place;

/// A problem in the making.
#[must_use]
pub(super) struct Draft {
    severity: Severity,
    rule: Rule,
    place: Place,
    message: String,
    fix: Option<String>,
    wokwi: Option<WokwiRefusal>,
}

/// The problems so far, in the order in which wokwi-cli would come across them.
pub(super) struct Problems {
    path: String,
    found: Vec<Problem>,
}

impl Draft {
    pub(super) fn error(rule: Rule, place: Place, message: impl Into<String>) -> Self {
        Self::new(Severity::Error, rule, place, message.into())
    }

    pub(super) fn warning(rule: Rule, place: Place, message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, rule, place, message.into())
    }

    fn new(severity: Severity, rule: Rule, place: Place, message: String) -> Self {
        Self { severity, rule, place, message, fix: None, wokwi: None }
    }

    pub(super) fn fix(self, fix: impl Into<String>) -> Self {
        self.maybe_fix(Some(fix.into()))
    }

    pub(super) fn maybe_fix(mut self, fix: Option<String>) -> Self {
        self.fix = fix;
        self
    }

    /// Says that wokwi-cli refuses it too, when, and in what words.
    pub(super) fn refused(mut self, stage: WokwiStage, text: impl Into<String>) -> Self {
        self.wokwi = Some(WokwiRefusal { stage, text: text.into() });
        self
    }
}

impl Problems {
    pub(super) fn new(path: &str) -> Self {
        Self { path: path.into(), found: Vec::new() }
    }

    pub(super) fn push(&mut self, draft: Draft) {
        self.found.push(Problem {
            severity: draft.severity,
            rule: draft.rule,
            message: one_line(&draft.message),
            path: self.path.clone(),
            line: draft.place.line,
            column: draft.place.column,
            length: draft.place.length,
            fix: draft.fix.as_deref().map(one_line),
            wokwi: draft.wokwi,
        });
    }

    /// What wokwi-cli would stop at: it parses, then validates in order, then runs step by step.
    fn first_refusal(&self) -> Option<WokwiRefusal> {
        let refusals = self.found.iter().filter_map(|problem| problem.wokwi.as_ref());
        // `min_by_key` keeps the first of equals.
        refusals
            .min_by_key(|refusal| match refusal.stage {
                WokwiStage::Parse => (0, 0),
                WokwiStage::Validate => (1, 0),
                WokwiStage::Run { step } => (2, step),
            })
            .cloned()
    }

    /// Gives every problem without a length that of the rest of its line.
    fn measure(&mut self, text: &str) {
        let lines: Vec<&str> = if self.found.is_empty() { Vec::new() } else { lines(text) };
        for problem in self.found.iter_mut().filter(|problem| problem.length == 0) {
            let line = usize::try_from(problem.line).ok().and_then(|line| lines.get(line - 1));
            let characters = line.map_or(0, |line| line.trim_end().chars().count());
            let characters = u32::try_from(characters).unwrap_or(u32::MAX - 1);
            problem.length = (characters + 1).saturating_sub(problem.column);
        }
    }

    /// Ends the reading. An error anywhere means that there is no scenario.
    pub(super) fn into_parsed(
        mut self,
        text: &str,
        scenario: Option<Scenario>,
        steps: Vec<Step>,
    ) -> Parsed {
        self.measure(text);
        let wokwi = self.first_refusal();
        self.found.sort_by_key(|problem| (problem.line, problem.column));
        let failed = self.found.iter().any(|problem| problem.severity == Severity::Error);
        Parsed {
            scenario: scenario.filter(|_| !failed),
            problems: self.found,
            readable_steps: steps,
            wokwi,
        }
    }
}

/// Lines as YAML ends them: by LF, CR or both.
fn lines(text: &str) -> Vec<&str> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    text.split('\n').flat_map(|line| line.strip_suffix('\r').unwrap_or(line).split('\r')).collect()
}
