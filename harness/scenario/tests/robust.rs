//! No text makes the reader panic, and whatever it says about a text it says about a place in it.

#![expect(clippy::unwrap_used, reason = "a test may stop at what nobody foresaw")]

use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use ramscope_scenario::{Parsed, PlanOptions, Severity, parse, plan};
use std::path::PathBuf;

/// Reads a text and checks what holds for any text.
fn check(text: &str) -> Parsed {
    let parsed = parse("any.yaml", text);
    let lines = text.split(['\n', '\r']).count() + 1;
    for problem in &parsed.problems {
        assert!(problem.line >= 1 && problem.column >= 1, "{problem}");
        assert!(problem.line as usize <= lines, "{problem} is below the text's {lines} lines");
        assert!(!problem.to_string().contains(char::is_control), "{problem:?}");
    }
    let failed = parsed.problems.iter().any(|problem| problem.severity == Severity::Error);
    assert_eq!(parsed.scenario.is_none(), failed);
    let places = parsed.problems.iter().map(|problem| (problem.line, problem.column));
    assert!(places.is_sorted());
    if let Some(scenario) = &parsed.scenario {
        let steps = scenario.steps.len();
        for (index, step) in scenario.steps.iter().enumerate() {
            assert_eq!(step.index, index);
        }
        for phase in &scenario.settings.phases {
            assert!(phase.from <= phase.to && phase.to < steps.max(1));
        }
        for id in &scenario.settings.expect.fail {
            assert!(scenario.settings.budgets.iter().any(|budget| budget.id() == *id));
        }
        let _ = plan(std::slice::from_ref(scenario), &PlanOptions::default());
    }
    assert_eq!(parse("any.yaml", text), parsed, "the same text gives the same answer");
    parsed
}

fn corpus() -> Vec<(String, String)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let named = |path: PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        (name, std::fs::read_to_string(&path).unwrap())
    };
    files.into_iter().map(named).collect()
}

#[test]
fn the_stored_corpus_is_read_without_panic() {
    for (name, text) in corpus() {
        let parsed = check(&text);
        let works = ["everything.yaml", "aliases.yaml", "bom-crlf.yaml", "tags.yaml"];
        let expected = works.contains(&name.as_str());
        assert_eq!(parsed.scenario.is_some(), expected, "{name}: {:#?}", parsed.problems);
    }
}

#[test]
fn every_beginning_of_the_corpus_is_read_without_panic() {
    for (_, text) in corpus().into_iter().filter(|(_, text)| text.len() < 4096) {
        for (end, _) in text.char_indices() {
            check(&text[..end]);
        }
    }
}

/// A text, a place in it and what to write there.
fn damaged() -> impl Strategy<Value = String> {
    let texts: Vec<String> =
        corpus().into_iter().map(|(_, text)| text).filter(|text| text.len() < 4096).collect();
    let edit = (
        any::<prop::sample::Index>(),
        0usize..6,
        "[ \t\n:,&*!|>'\"%@`#?abc01~<.\\\\{}\\[\\]-]{0,3}",
    );
    (prop::sample::select(texts), prop::collection::vec(edit, 1..5)).prop_map(|(text, edits)| {
        let mut chars: Vec<char> = text.chars().collect();
        for (at, dropped, inserted) in edits {
            let at = at.index(chars.len() + 1);
            let end = (at + dropped).min(chars.len());
            chars.splice(at..end, inserted.chars());
        }
        chars.into_iter().collect()
    })
}

proptest! {
    // A fixed seed: a new failure comes with a change, not with a day.
    #![proptest_config(ProptestConfig {
        cases: 400,
        rng_seed: RngSeed::Fixed(20261120),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn a_damaged_scenario_is_read_without_panic(text in damaged()) {
        check(&text);
    }

    #[test]
    fn any_text_is_read_without_panic(text in any::<String>()) {
        check(&text);
    }

    #[test]
    fn any_indicators_are_read_without_panic(text in "[ \t\n:,&*!|>'\"%@#?a1~<{}\\[\\]-]{0,60}") {
        check(&text);
    }
}
