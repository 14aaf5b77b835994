//! `ramscope lint` as a person, an editor and a code scanning service see it.
//!
//! `RAMSCOPE_BLESS=1` writes the golden files anew; look at the difference before committing it.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::scratch::{Called, ramscope, ramscope_in};

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/lint")
}

fn lint(options: &[&str]) -> Called {
    let files = ["mistakes.yaml", "good one.yaml", "warned.yaml"];
    ramscope_in(&golden(), ["lint"].iter().chain(options).chain(&files))
}

/// Holds an output against its golden file.
fn check(file: &str, output: &str) {
    let path = golden().join(file);
    if std::env::var_os("RAMSCOPE_BLESS").is_some() {
        std::fs::write(&path, output).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(output, expected, "{file}");
}

#[test]
fn people_read_a_line_for_each_problem_and_a_sum() {
    let called = lint(&[]);
    assert_eq!(called.code, 2);
    check("problems.txt", &called.stdout);
    assert_eq!(
        called.stderr,
        "3 scenario files: 4 errors, 6 warnings; `ramscope lint --explain stringy-version` says \
         more\n"
    );
}

#[test]
fn programs_read_json() {
    let called = lint(&["--format", "json"]);
    assert_eq!(called.code, 2);
    check("problems.json", &called.stdout);
}

#[test]
fn code_scanning_reads_sarif() {
    let called = lint(&["--format", "sarif"]);
    assert_eq!(called.code, 2);
    check("problems.sarif", &without_rules(&called.stdout));
}

/// The list of rules grows with every rule, and this is not its test.
fn without_rules(sarif: &str) -> String {
    let mut sarif: Value = serde_json::from_str(sarif).unwrap();
    sarif["runs"][0]["tool"]["driver"]["rules"] = Value::Null;
    for result in sarif["runs"][0]["results"].as_array_mut().unwrap() {
        result["ruleIndex"] = Value::Null;
    }
    format!("{sarif:#}\n")
}

/// What SARIF 2.1.0 requires (3.13, 3.14, 3.19, 3.27, 3.30, 3.49), as far as it is used.
#[test]
fn sarif_has_what_its_standard_requires() {
    let sarif: Value = serde_json::from_str(&lint(&["--format", "sarif"]).stdout).unwrap();
    assert_eq!(sarif["version"], "2.1.0");
    let run = &sarif["runs"][0];
    let driver = &run["tool"]["driver"];
    assert!(driver["name"].is_string());
    let rules = driver["rules"].as_array().unwrap();
    for rule in rules {
        for text in ["shortDescription", "fullDescription", "help"] {
            assert!(!rule[text]["text"].as_str().unwrap().is_empty(), "{rule}");
        }
    }
    let results = run["results"].as_array().unwrap();
    assert_eq!(results.len(), 10);
    for result in results {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[index]["id"], result["ruleId"]);
        assert!(["error", "warning"].contains(&result["level"].as_str().unwrap()));
        assert!(result["message"]["text"].is_string());
        let place = &result["locations"][0]["physicalLocation"];
        assert!(!place["artifactLocation"]["uri"].as_str().unwrap().contains(' '));
        let number = |key: &str| place["region"][key].as_u64().unwrap();
        assert!(number("startLine") >= 1 && number("startColumn") >= 1);
        assert_eq!(number("endLine"), number("startLine"));
        assert!(number("endColumn") > number("startColumn"), "{place}");
    }
}

#[test]
fn warnings_fail_only_on_request() {
    let warned = |options: &[&str]| {
        ramscope_in(&golden(), ["lint", "warned.yaml"].iter().chain(options)).code
    };
    assert_eq!(warned(&[]), 0);
    assert_eq!(warned(&["--deny-warnings"]), 2);
}

#[test]
fn a_rule_is_explained_with_an_example() {
    let called = ramscope(["lint", "--explain", "multi-command-step"]);
    assert_eq!((called.code, called.stderr.as_str()), (0, ""));
    check("explained.txt", &called.stdout);
    let called = ramscope(["lint", "--explain", "multi-comand-step"]);
    assert_eq!(called.code, 2);
    assert!(called.stderr.contains("did you mean `multi-command-step`?"), "{called:?}");
}

#[test]
fn all_rules_are_listed() {
    let called = ramscope(["lint", "--rules"]);
    assert_eq!(called.code, 0);
    for &rule in ramscope_scenario::Rule::ALL {
        assert!(called.stdout.contains(rule.id()), "{rule}");
    }
}

#[test]
fn the_scenarios_of_the_project_are_clean() {
    let called = ramscope(["lint", "--deny-warnings", "../../scenarios"]);
    assert_eq!((called.code, called.stdout.as_str()), (0, ""), "{called:?}");
}

#[test]
fn the_schema_of_scenarios_is_printed() {
    let called = ramscope(["schema"]);
    assert_eq!((called.code, called.stdout.as_str()), (0, ramscope_scenario::SCENARIO_SCHEMA));
}
