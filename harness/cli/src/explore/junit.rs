//! The account of an exploration as JUnit XML: one test case, whose failure is the smallest failing schedule.

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::account::{Account, Ended};
use super::text::{text, title};

/// The case fails if a schedule does, and is an error if somebody stopped it before.
pub(super) fn junit(account: &Account) -> String {
    let folder = account.path.rsplit_once('/').map_or("scenarios", |(folder, _)| folder);
    let mut case =
        TestCase::new(format!("{}: {}", account.run, title(account.method)), status(account));
    case.set_classname(folder.replace('/', "."));
    case.extra.insert("file".into(), account.path.as_str().into());
    if let Some(line) = account.found.as_ref().and_then(|found| found.line) {
        case.extra.insert("line".into(), line.to_string().into());
    }
    case.add_properties(properties(account));
    case.set_system_out(text(account));
    let mut suite = TestSuite::new(folder);
    suite.add_test_case(case);
    let mut report = Report::new("ramscope explore");
    report.add_test_suite(suite);
    report.to_string().expect("the text is UTF-8 and memory takes everything")
}

fn status(account: &Account) -> TestCaseStatus {
    let (kind, kind_name, message) = match (&account.found, account.ended) {
        (Some(found), _) => (NonSuccessKind::Failure, "fail", found.sentence.as_str()),
        (None, Ended::Interrupted) => {
            (NonSuccessKind::Error, "interrupted", "it was interrupted before all were tried")
        }
        (None, Ended::Done) => return TestCaseStatus::success(),
    };
    let mut status = TestCaseStatus::non_success(kind);
    status.set_type(kind_name).set_message(message);
    if let Some(found) = &account.found {
        status.set_description(format!("again: {}", found.proof.again));
    }
    status
}

fn properties(account: &Account) -> Vec<(String, String)> {
    let mut properties = vec![
        ("runs".to_owned(), account.trials.to_string()),
        ("distinct-schedules".to_owned(), account.distinct.to_string()),
        ("instructions-covered".to_owned(), account.points.to_string()),
        ("complete".to_owned(), account.is_complete().to_string()),
    ];
    if let Some(found) = &account.found {
        properties.extend([
            ("schedule".to_owned(), found.schedule.to_string()),
            ("device-hash".to_owned(), found.proof.hash.clone()),
            ("again".to_owned(), found.proof.again.clone()),
        ]);
    }
    properties
}
