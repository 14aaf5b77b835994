//! What a person reads: each `tests/messages/*.yaml` has its problems in a file beside it.
//!
//! `RAMSCOPE_BLESS=1` writes the files anew; look at the difference before committing it.

#![expect(clippy::unwrap_used, reason = "a test may stop at what nobody foresaw")]

use ramscope_scenario::parse;
use std::path::{Path, PathBuf};

#[test]
fn each_mistake_has_its_sentence() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/messages");
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "yaml"));
    files.sort();
    assert!(!files.is_empty());
    for file in files {
        check(&file);
    }
}

fn check(file: &Path) {
    let name = file.file_name().unwrap().to_str().unwrap();
    let parsed = parse(name, &std::fs::read_to_string(file).unwrap());
    let found: String = parsed.problems.iter().map(|problem| format!("{problem}\n")).collect();
    let expected_file = file.with_extension("expected");
    if std::env::var_os("RAMSCOPE_BLESS").is_some() {
        std::fs::write(&expected_file, &found).unwrap();
    }
    let expected = std::fs::read_to_string(&expected_file).unwrap_or_default();
    assert_eq!(found, expected, "{name}");
}
