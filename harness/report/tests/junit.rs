//! The dialect of JUnit that Jenkins and nextest share: which elements stand where, with which
//! attributes, that the sums are right, and that no character is one that XML 1.0 forbids.

#[path = "../../model/tests/support/recording.rs"]
mod recording;
#[path = "support/runs.rs"]
mod runs;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use ramscope_capture::{HowEnded, Stream};
use ramscope_model::judge;
use ramscope_report::{Entry, junit};
use std::collections::BTreeMap;

/// Parent, element, attributes that it may have, attributes that it must have.
const DIALECT: &[(&str, &str, &str, &str)] = &[
    ("", "testsuites", "name tests failures errors skipped time", "tests failures errors"),
    ("testsuites", "testsuite", "name tests failures errors skipped time", "name tests"),
    ("testsuite", "testcase", "name classname time file line", "name classname"),
    ("testcase", "properties", "", ""),
    ("properties", "property", "name value", "name value"),
    ("testcase", "failure", "message type", "message type"),
    ("testcase", "error", "message type", "message type"),
    ("testcase", "skipped", "message", "message"),
    ("testcase", "flakyError", "message type", "message type"),
    ("testcase", "system-out", "", ""),
];

/// Checks a text and counts its elements.
fn check(text: &str) -> BTreeMap<String, usize> {
    let forbidden = |c: char| c.is_control() && !matches!(c, '\t' | '\n' | '\r');
    assert!(!text.contains(forbidden), "{text:?}");
    let mut reader = Reader::from_str(text);
    let (mut open, mut counts, mut sums) = (Vec::new(), BTreeMap::new(), BTreeMap::new());
    loop {
        match reader.read_event().expect("the text is well-formed") {
            Event::Start(element) => {
                open.push(enter(&element, open.last(), &mut counts, &mut sums));
            }
            Event::Empty(element) => {
                enter(&element, open.last(), &mut counts, &mut sums);
            }
            Event::End(_) => drop(open.pop()),
            Event::Eof => break,
            _ => {}
        }
    }
    let of = |name: &str| counts.get(name).copied().unwrap_or_default();
    let expected = [("tests", "testcase"), ("failures", "failure"), ("errors", "error")];
    for (sum, element) in expected {
        assert_eq!(sums.get(sum), Some(&of(element)), "{sum}");
    }
    counts
}

/// The name of an element that may stand in its parent.
fn enter(
    element: &BytesStart<'_>,
    parent: Option<&String>,
    counts: &mut BTreeMap<String, usize>,
    sums: &mut BTreeMap<String, usize>,
) -> String {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("UTF-8");
    let name = text(element.name().as_ref());
    let parent = parent.map_or("", String::as_str);
    let rule = DIALECT.iter().find(|rule| (rule.0, rule.1) == (parent, name.as_str()));
    let (_, _, may, must) = rule.unwrap_or_else(|| panic!("<{name}> in <{parent}>"));
    let attributes: BTreeMap<String, String> = element
        .attributes()
        .map(|attribute| attribute.expect("attributes are well-formed"))
        .map(|attribute| (text(attribute.key.as_ref()), text(&attribute.value)))
        .collect();
    for key in attributes.keys() {
        assert!(may.split(' ').any(|known| known == key), "{key} of <{name}>");
    }
    assert!(must.split(' ').all(|key| key.is_empty() || attributes.contains_key(key)), "<{name}>");
    if name == "testsuites" {
        sums.extend(attributes.iter().filter_map(|(key, value)| {
            Some((key.clone(), value.parse().ok()?)).filter(|_| key != "time")
        }));
    }
    *counts.entry(name.clone()).or_insert(0) += 1;
    name
}

#[test]
fn every_planned_run_is_a_test_case_with_its_outcome() {
    let entries = runs::all();
    let counts = check(&junit(&entries));
    assert_eq!(counts["testcase"], entries.len());
    assert_eq!((counts["failure"], counts["error"], counts["skipped"]), (2, 1, 1));
}

#[test]
fn no_run_at_all_is_a_report_too() {
    check(&junit(&[]));
}

#[test]
fn control_characters_of_the_serial_line_are_left_out() {
    let mut device = runs::two_threads();
    device.raw(Stream::Uart0, b"\x1b[31mred\x00\x08 ]]> & <b>\r\nlast \xff\n");
    let entries = [runs::judged(&mut device, runs::BUDGETS).into()];
    let text = junit(&entries);
    assert_eq!(check(&text)["system-out"], 1);
    assert!(text.contains("]]&gt; &amp; &lt;b&gt;"), "{text}");
}

#[test]
fn a_pass_after_a_target_that_failed_is_flaky() {
    let mut device = runs::two_threads();
    device.ends(&HowEnded::StepsDone);
    let mut judged = judge(&device.capture(&recording::scenario(runs::BUDGETS))).unwrap();
    judged.facts.earlier_attempts.push("the port was busy".to_owned());
    let entries: [Entry; 1] = [judged.into()];
    assert_eq!(check(&junit(&entries))["flakyError"], 1);
}
