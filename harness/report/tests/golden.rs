//! The texts of reports, whole. `RAMSCOPE_BLESS=1 cargo test -p ramscope-report` writes them anew;
//! look at the difference before you commit it.

#[path = "../../model/tests/support/recording.rs"]
mod recording;
#[path = "support/runs.rs"]
mod runs;

use ramscope_capture::{Capture, Event, HowEnded, Stimulus, Stream};
use ramscope_model::judge;
use ramscope_report::{
    Style, annotations, detail, detail_in_full, html, json, json_schema, junit, markdown, table,
};
use recording::scenario;
use runs::{TOO_SMALL, all, judged, lossy, overflowing, passing, timed_out, two_threads};
use std::fs;
use std::path::Path;

#[track_caller]
fn check(name: &str, text: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let path = folder.join(name);
    if std::env::var_os("RAMSCOPE_BLESS").is_some() {
        fs::write(&path, text).expect("the folder is part of the repository");
    }
    let golden = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(text, golden, "{name} differs; RAMSCOPE_BLESS=1 accepts it");
}

#[test]
fn table_shows_each_run_with_what_is_wrong_and_how_to_replay_it() {
    check("table.txt", &table(&all(), Style::Plain));
}

#[test]
fn table_in_colour_is_the_same_text() {
    let colored = table(&all(), Style::Color);
    check("table.ansi", &colored);
    assert_eq!(without_escapes(&colored), table(&all(), Style::Plain));
}

#[test]
fn detail_of_a_passing_run() {
    check("detail-pass.txt", &detail(&passing(), Style::Plain));
}

#[test]
fn detail_in_full_has_every_function_with_its_bytes_and_inlined_ones_by_themselves() {
    check("detail-full.txt", &detail_in_full(&passing(), Style::Plain));
}

#[test]
fn detail_of_a_failing_run() {
    check("detail-fail.txt", &detail(&overflowing(), Style::Plain));
    let colored = detail(&overflowing(), Style::Color);
    assert_eq!(without_escapes(&colored), detail(&overflowing(), Style::Plain));
}

#[test]
fn detail_of_an_inconclusive_run() {
    check("detail-inconclusive.txt", &detail(&lossy(), Style::Plain));
}

#[test]
fn json_has_every_figure() {
    check("report.json", &json(&all(), "ramscope 0.1.0"));
}

#[test]
fn junit_has_every_planned_run() {
    let text = junit(&all());
    check("report.xml", &text);
    assert_eq!(text.matches("<testcase ").count(), all().len());
}

#[test]
fn github_gets_each_failure_on_its_line() {
    check("annotations.txt", &annotations(&all()));
}

#[test]
fn markdown_says_first_what_is_wrong() {
    check("report.md", &markdown(&all()));
}

#[test]
fn a_page_is_whole_in_itself() {
    let pages = [html(&all(), "ramscope 0.1.0"), html(&[overflowing().into()], "ramscope 0.1.0")];
    check("index.html", &pages[0]);
    check("run.html", &pages[1]);
    for page in pages {
        for outside in ["http:", "https:", "src=", "@import", "url(", "fetch("] {
            assert!(!page.contains(outside), "{outside}");
        }
        assert!(!page.contains('\u{1b}'));
    }
}

#[test]
fn the_published_schema_is_that_of_the_report() {
    check("../../result.schema.json", &json_schema());
}

#[test]
fn nothing_that_a_device_prints_reaches_the_terminal_as_an_escape() {
    let texts = [table(&all(), Style::Plain), detail(&timed_out(), Style::Plain)];
    for text in texts {
        assert!(!text.contains('\u{1b}'));
    }
}

fn without_escapes(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, escape)) = rest.split_once('\u{1b}') {
        plain += before;
        rest = escape.split_once('m').map_or("", |(_, after)| after);
    }
    plain + rest
}

#[test]
fn the_page_lists_the_faults_that_were_asked_for_and_what_they_did() {
    let mut device = two_threads();
    let begins = Stimulus::FaultBegins { fault: 0 };
    let detail = "12 of 80 bytes were damaged".to_owned();
    device.at(1_210).raw(Stream::Stimulus, &begins.encode());
    let ends = Stimulus::FaultEnds { fault: 0, detail };
    device.at(1_300).raw(Stream::Stimulus, &ends.encode());
    let settings = "inject:\n- {at: 0, until: 1, uart: {noise: 5%, direction: tx}}\n\
                    - {at: 1, allocation: {nth: 3, owner: worker}}";
    let page = html(&[judged(&mut device, settings).into()], "ramscope 0.1.0");
    let (_, section) = page.split_once("<h2>Faults asked for</h2>").expect("the section is there");
    let (section, _) = section.split_once("</section>").expect("it ends");
    check("faults.html", &section.replace("<tr>", "\n<tr>"));
}

#[test]
fn a_replay_prints_the_same_bytes() {
    let mut device = two_threads();
    device.ends(&HowEnded::StepsDone);
    let capture = device.capture(&scenario(TOO_SMALL));
    let mut file = Vec::new();
    capture.write(&mut file).expect("a Vec takes everything");
    let replayed = Capture::read(&mut file.as_slice()).expect("it was just written");
    let report = |capture: &Capture| {
        let judged = judge(capture).expect("the recording has a plan");
        let text = detail(&judged, Style::Color);
        let entries = [judged.into()];
        let page = html(&entries, "ramscope 0.1.0");
        let others = [junit(&entries), annotations(&entries), markdown(&entries), page];
        text + &json(&entries, "ramscope 0.1.0") + &others.concat()
    };
    assert_eq!(report(&capture), report(&replayed));
}
