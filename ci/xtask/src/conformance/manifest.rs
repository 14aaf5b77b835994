//! The list of rows, as it is committed.

use std::collections::BTreeMap;

use serde::Deserialize;

/// How many rows each letter has. The list is the contract, so a row can neither go nor come
/// without a change here.
const COUNTS: [(char, usize); 11] = [
    ('T', 33),
    ('C', 10),
    ('A', 33),
    ('M', 34),
    ('I', 14),
    ('K', 73),
    ('H', 57),
    ('S', 37),
    ('Q', 10),
    ('G', 36),
    ('X', 47),
];

/// One thing that the kernel must do.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Row {
    /// A letter and two digits.
    pub(crate) id: String,
    /// The subject under which it is counted.
    pub(crate) group: String,
    /// The test of MicroPython or of the scheduler that it comes from, or `own`.
    pub(crate) upstream: String,
    /// What must hold.
    pub(crate) title: String,
    /// Why no native kernel can express it.
    pub(crate) not_applicable: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    row: Vec<Row>,
}

/// Reads the rows in the order of the file.
pub(crate) fn read(text: &str) -> Result<Vec<Row>, toml::de::Error> {
    toml::from_str::<File>(text).map(|file| file.row)
}

/// What is wrong with the list itself.
pub(crate) fn problems(rows: &[Row]) -> Vec<String> {
    let mut problems = Vec::new();
    let mut counts = BTreeMap::new();
    let mut seen = BTreeMap::new();
    for row in rows {
        match letter(&row.id) {
            Some(letter) => *counts.entry(letter).or_insert(0) += 1,
            None => problems.push(format!("{} is no id: a letter and two digits", row.id)),
        }
        if seen.insert(&row.id, ()).is_some() {
            problems.push(format!("{} stands there twice", row.id));
        }
    }
    for (letter, expected) in COUNTS {
        let found = counts.remove(&letter).unwrap_or(0);
        if found != expected {
            problems.push(format!("{letter} has {found} rows, and must have {expected}"));
        }
    }
    problems.extend(counts.keys().map(|letter| format!("{letter} is no group of rows")));
    problems
}

/// The letter of a well-formed id.
fn letter(id: &str) -> Option<char> {
    let (letter, number) = id.split_at_checked(1)?;
    let digits = number.len() == 2 && number.bytes().all(|byte| byte.is_ascii_digit());
    letter.chars().next().filter(|letter| letter.is_ascii_uppercase() && digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMITTED: &str = include_str!("../../../conformance.toml");

    #[test]
    fn the_committed_list_is_whole() {
        let rows = read(COMMITTED).unwrap();
        assert_eq!(problems(&rows), Vec::<String>::new());
        assert_eq!(rows.len(), 384);
    }

    #[test]
    fn a_row_cannot_disappear_or_stand_twice() {
        let mut rows = read(COMMITTED).unwrap();
        rows[0] = rows[1].clone();
        assert_eq!(problems(&rows), ["T02 stands there twice"]);
        rows.remove(0);
        assert_eq!(problems(&rows), ["T has 32 rows, and must have 33"]);
    }

    #[test]
    fn an_unknown_key_is_refused() {
        assert!(read("[[row]]\nid = 'T01'\nskipped = true").is_err());
    }
}
