//! Every report on captures that were recorded once, of every kind: what was printed then is printed
//! now. `RAMSCOPE_BLESS=1 cargo test -p ramscope-report` writes the texts anew.

use ramscope_capture::Capture;
use ramscope_model::{Judged, judge};
use ramscope_report::{
    Entry, Style, annotations, bundle, detail, html, json, junit, markdown, table,
};
use std::fs;
use std::path::{Path, PathBuf};

const TOOL: &str = "ramscope 0.1.0";

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// The captures that the program's tests keep, in the order of their names; those that hold no plan
/// cannot be judged.
fn stored() -> Vec<Judged> {
    let files = fs::read_dir(folder("../cli/tests/project/captures"))
        .expect("the folder is part of the repository");
    let mut paths: Vec<PathBuf> = files.map(|file| file.expect("a file").path()).collect();
    paths.sort();
    let captures = paths.iter().map(|path| fs::read(path).expect("a file"));
    let judged =
        captures.map(|bytes| judge(&Capture::read(&mut bytes.as_slice()).expect("a capture")));
    judged.flatten().collect()
}

#[track_caller]
fn check(name: &str, text: &str) {
    let path = folder("tests/golden/stored").join(name);
    if std::env::var_os("RAMSCOPE_BLESS").is_some() {
        fs::create_dir_all(folder("tests/golden/stored")).expect("it can be made");
        fs::write(&path, text).expect("it can be written");
    }
    let golden = fs::read_to_string(&path).unwrap_or_default();
    assert!(text == golden, "{name} differs; RAMSCOPE_BLESS=1 accepts it");
}

#[test]
fn stored_captures_give_the_reports_that_they_gave_when_they_were_recorded() {
    let judged = stored();
    assert!(judged.len() >= 8, "{} captures", judged.len());
    let details: String = judged.iter().map(|judged| detail(judged, Style::Plain) + "\n").collect();
    let entries: Vec<Entry> = judged.into_iter().map(Entry::from).collect();
    check("table.txt", &table(&entries, Style::Plain));
    check("details.txt", &details);
    check("result.json", &json(&entries, TOOL));
    check("junit.xml", &junit(&entries));
    check("summary.md", &markdown(&entries));
    check("annotations.txt", &annotations(&entries));
    check("index.html", &html(&entries, TOOL));
}

#[test]
fn a_stored_failure_gives_the_same_bundle() {
    let failed = stored().into_iter().find(|judged| !judged.verdict.failures.is_empty()).unwrap();
    let files = bundle(&failed, "target/ramscope/failures/x", "ramscope", TOOL);
    let texts = files.iter().filter(|file| !file.name.ends_with("html"));
    let whole: String =
        texts.map(|file| format!("==> {} <==\n{}\n", file.name, file.text)).collect();
    check("bundle.txt", &whole);
}
