//! No text makes the reader panic, and whatever it says about a text it says about a place in it.

#![expect(clippy::unwrap_used, reason = "a test may stop at what nobody foresaw")]

use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use ramscope_scenario::{Parsed, PlanOptions, Problem, Severity, parse, plan};
use std::path::PathBuf;

/// Reads a text and checks what holds for any text.
fn check(text: &str) -> Parsed {
    let parsed = parse("any.yaml", text);
    let lines = text.split(['\n', '\r']).count() + 1;
    for problem in &parsed.problems {
        assert!(problem.line >= 1 && problem.column >= 1, "{problem}");
        assert!(problem.line as usize <= lines, "{problem} is below the text's {lines} lines");
        assert!(end_is_within(text, problem), "{problem:?} ends beyond its line in {text:?}");
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
    parsed
}

/// Checks a text, and that it gives the same answer again. Values may hold NaN, which equals nothing.
fn check_twice(text: &str) -> Parsed {
    let parsed = check(text);
    assert_eq!(format!("{:?}", parse("any.yaml", text)), format!("{parsed:?}"));
    parsed
}

/// Whether a problem ends at the end of its line, at the latest. A line that YAML ends at a lone CR is
/// refused, so LF alone counts.
fn end_is_within(text: &str, problem: &Problem) -> bool {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let line = text.split('\n').nth(problem.line as usize - 1).unwrap_or_default();
    let end = problem.column as usize - 1 + problem.length as usize;
    problem.length == 0 || end <= line.chars().count()
}

/// Documents that a generator made out of the conformance vectors, among them all on which parsers
/// disagree; one JSON string a line.
fn mutants() -> Vec<String> {
    let text = include_str!("corpus/mutants.jsonl");
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The documents of the conformance vectors.
fn vectors() -> Vec<String> {
    let files = [
        include_str!("vectors/wokwi-scenarios.jsonl"),
        include_str!("vectors/more-scenarios.jsonl"),
    ];
    let document = |line: &str| {
        let vector: serde_json::Value = serde_json::from_str(line).unwrap();
        vector["yaml"].as_str().unwrap().to_owned()
    };
    files.iter().flat_map(|file| file.lines()).map(document).collect()
}

fn corpus() -> Vec<(String, String)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "yaml"));
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
        let parsed = check_twice(&text);
        let works = ["everything.yaml", "aliases.yaml", "bom-crlf.yaml", "tags.yaml"];
        let expected = works.contains(&name.as_str());
        assert_eq!(parsed.scenario.is_some(), expected, "{name}: {:#?}", parsed.problems);
    }
}

#[test]
fn mutants_and_vectors_are_read_without_panic() {
    for text in mutants().iter().chain(&vectors()) {
        check_twice(text);
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
    let corpus = corpus().into_iter().map(|(_, text)| text);
    let texts = corpus.chain(vectors()).chain(mutants());
    let texts: Vec<String> = texts.filter(|text| text.len() < 4096).collect();
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
        cases: 1_000,
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
