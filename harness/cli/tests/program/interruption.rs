//! What stays of runs that somebody ends from outside.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::transcripts::Project;

/// A scenario that would take hours, after one that is over at once.
const ENDLESS: &str = "name: endless\nversion: 1\nsteps:\n- wait-serial: \"never said\"\n\
                       ramscope:\n  timeout: 100000s\n";

/// Starts the two and waits until the second has written something.
fn start(project: &Project) -> (Child, PathBuf) {
    std::fs::write(project.path("scenarios/never.yaml"), ENDLESS).unwrap();
    let child = Command::new(env!("CARGO_BIN_EXE_ramscope"))
        .args(["run", "-j1", "--format", "json", "--captures", "kept"])
        .current_dir(project.path(""))
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let part = project.path("kept/endless-1.ramscope.part");
    while !std::fs::metadata(&part).is_ok_and(|file| file.len() > 500) {
        std::thread::yield_now();
    }
    (child, part)
}

/// Sends a signal by its name.
fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill").args(["-s", name, &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
}

fn code_of_replay(project: &Project, capture: &Path) -> (i32, String) {
    let output = project.ramscope(&["replay", capture.to_str().unwrap()]);
    (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap())
}

#[test]
fn what_was_finished_before_an_interruption_is_reported_and_nothing_is_half_written() {
    let project = Project::new("interrupted");
    let (child, part) = start(&project);
    signal(&child, "INT");
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    let report = String::from_utf8(output.stdout).unwrap();
    for outcome in ["\"outcome\": \"pass\"", "\"outcome\": \"interrupted\""] {
        assert!(report.contains(outcome), "{report}");
    }
    assert!(!part.exists());
    let (code, _) = code_of_replay(&project, &project.path("kept/endless-1.ramscope"));
    assert_eq!(code, 130);
}

#[test]
fn what_a_killed_run_leaves_is_judged_as_far_as_it_goes() {
    let project = Project::new("killed");
    let (mut child, part) = start(&project);
    child.kill().unwrap();
    child.wait().unwrap();
    let (code, report) = code_of_replay(&project, &part);
    assert_eq!(code, 5, "{report}");
    assert!(report.contains("the file ends"), "{report}");
    let whole = project.ramscope(&["replay", "kept/endless-1.ramscope"]);
    let said = String::from_utf8(whole.stderr).unwrap();
    assert!(said.contains("endless-1.ramscope.part"), "{said}");
}
