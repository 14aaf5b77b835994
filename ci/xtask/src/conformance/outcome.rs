//! What the test programs said of each row.
//!
//! A test belongs to the row whose id its name begins with: `locks::t20_the_whole_protocol` to T20.
//! A row has passed if at least one of its tests ran and none failed.

use std::collections::BTreeMap;

use super::manifest::Row;

/// What is known of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome<'a> {
    /// Its tests passed.
    Passed,
    /// One of its tests failed.
    Failed,
    /// It cannot be expressed.
    NotApplicable(&'a str),
    /// It has no test yet.
    Open,
}

/// The results of tests by row: the names of those that failed, of all that ran.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Results {
    rows: BTreeMap<String, Counts>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counts {
    passed: usize,
    failed: usize,
}

impl Results {
    /// Takes what a test program printed, a line a test: `test NAME ... ok`.
    pub(crate) fn read(&mut self, output: &str) {
        for line in output.lines() {
            let Some((name, result)) =
                line.strip_prefix("test ").and_then(|it| it.split_once(" ... "))
            else {
                continue;
            };
            let Some(id) = row_of(name) else { continue };
            let counts = self.rows.entry(id).or_default();
            match result.trim() {
                "ok" => counts.passed += 1,
                result if result.starts_with("ignored") => {}
                _ => counts.failed += 1,
            }
        }
    }

    /// What is known of `row`.
    pub(crate) fn outcome<'a>(&self, row: &'a Row) -> Outcome<'a> {
        match (self.rows.get(&row.id), &row.not_applicable) {
            (Some(counts), _) if counts.failed > 0 => Outcome::Failed,
            (Some(counts), _) if counts.passed > 0 => Outcome::Passed,
            (_, Some(reason)) => Outcome::NotApplicable(reason),
            _ => Outcome::Open,
        }
    }

    /// Tests that are named after a row that does not exist, or one that cannot be expressed.
    pub(crate) fn strangers(&self, rows: &[Row]) -> Vec<String> {
        let expressible: Vec<&str> = rows
            .iter()
            .filter(|row| row.not_applicable.is_none())
            .map(|row| row.id.as_str())
            .collect();
        let strangers = self.rows.keys().filter(|id| !expressible.contains(&id.as_str()));
        strangers
            .map(|id| format!("a test is named after {id}, which is no row to be tested"))
            .collect()
    }
}

/// The row that a test is named after.
fn row_of(test: &str) -> Option<String> {
    let name = test.rsplit("::").next()?;
    let (id, claim) = name.split_once('_')?;
    let bytes = id.as_bytes();
    let is_id = matches!(bytes, [letter, tens, ones]
        if letter.is_ascii_lowercase() && tens.is_ascii_digit() && ones.is_ascii_digit());
    (is_id && !claim.is_empty()).then(|| id.to_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(id: &str, not_applicable: Option<&str>) -> Row {
        let reason = not_applicable.map(|it| format!("not-applicable = '{it}'\n"));
        let text = format!(
            "[[row]]\nid = '{id}'\ngroup = 'g'\nupstream = 'u'\ntitle = 't'\n{}",
            reason.unwrap_or_default()
        );
        super::super::manifest::read(&text).unwrap().remove(0)
    }

    fn results(output: &str) -> Results {
        let mut results = Results::default();
        results.read(output);
        results
    }

    #[test]
    fn one_failed_test_fails_its_row() {
        let results = results(
            "running 3 tests\ntest locks::t20_a ... ok\ntest t20_b ... FAILED\ntest other ... ok\n",
        );
        assert_eq!(results.outcome(&row("T20", None)), Outcome::Failed);
        assert_eq!(results.outcome(&row("T21", None)), Outcome::Open);
    }

    #[test]
    fn an_ignored_test_proves_nothing() {
        let results = results("test t20_a ... ignored, too long\n");
        assert_eq!(results.outcome(&row("T20", None)), Outcome::Open);
    }

    #[test]
    fn a_test_of_a_row_that_does_not_exist_is_named() {
        let results = results("test t99_a ... ok\ntest t25_b ... ok\n");
        let rows = [row("T20", None), row("T25", Some("reason"))];
        assert_eq!(results.strangers(&rows).len(), 2);
    }

    #[test]
    fn only_a_letter_and_two_digits_name_a_row() {
        assert_eq!(row_of("a::x04_self_deadlock"), Some("X04".to_owned()));
        assert_eq!(row_of("u32_wraps"), Some("U32".to_owned()));
        assert_eq!(row_of("uart_rows"), None);
        assert_eq!(row_of("t20_"), None);
    }
}
