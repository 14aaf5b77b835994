//! Schedules of the real image on the built-in machine.

use std::path::Path;

use serde_json::Value;

use crate::scratch::{Called, Folder, ramscope};
use crate::whole_path::image;

fn scenario(name: &str) -> String {
    format!("{}/../../scenarios/locks/{name}.yaml", env!("CARGO_MANIFEST_DIR"))
}

/// Explores a scenario of the workspace, and keeps captures in a folder.
fn explore(folder: &Folder, name: &str, more: &[&str]) -> Called {
    let (scenario, keep) = (scenario(name), folder.path("captures"));
    let fixed = ["explore", &scenario, "--elf", image(), "--captures", &keep, "--seeds", "60"];
    ramscope(fixed.iter().chain(more))
}

fn read(called: &Called) -> Value {
    serde_json::from_str(&called.stdout).unwrap_or_else(|_| panic!("{called:?}"))
}

#[test]
fn x08_a_lost_update_is_found_shrunk_to_one_switch_and_lost_again() {
    let folder = Folder::new("lost-update");
    let explored = explore(&folder, "lost-update", &["--format", "json"]);
    assert_eq!(explored.code, 1, "{explored:?}");
    let account = read(&explored);
    let smallest = &account["smallest"];
    let [switch] = &smallest["switches"].as_array().unwrap()[..] else { panic!("{smallest}") };
    assert_eq!(switch["to"], "right", "{switch}");
    let schedule = smallest["schedule"].as_str().unwrap();
    assert_eq!(schedule, format!("{}:right", switch["after"]), "a unit goes by its name");
    assert_eq!(account["complete"], false);

    // The one line that it ends with, and the capture that it leaves, fail in the same way.
    let path = scenario("lost-update");
    let keep = folder.path("again");
    let again = ["run", &path, "--elf", image(), "--captures", &keep, "--schedule", schedule];
    let again = ramscope(again.iter().chain(&["--format", "json"]));
    assert_eq!(again.code, 1, "{again:?}");
    let hash = smallest["device_hash"].as_str().unwrap();
    assert!(again.stdout.contains(hash), "{hash}: {again:?}");
    let capture =
        Path::new(&folder.path("captures")).join("lost-update-explored-1-steered.ramscope");
    let replayed = ramscope(["replay", capture.to_str().unwrap()]);
    assert_eq!(replayed.code, 1, "{replayed:?}");
    assert!(replayed.stdout.contains("0 were lost"), "{replayed:?}");
}

#[test]
fn an_exploration_ends_with_the_one_line_that_shows_the_failure_again() {
    let folder = Folder::new("one-line");
    let explored = explore(&folder, "lost-update", &[]);
    let last = explored.stdout.lines().last().unwrap();
    assert!(last.contains(" run ") && last.contains("--schedule "), "{last}");
    assert!(explored.stdout.contains("firmware/apps/src/race.rs:"), "{}", explored.stdout);
}

#[test]
fn x09_with_a_lock_no_schedule_loses_an_update_and_no_proof_is_claimed() {
    let folder = Folder::new("no-lost-update");
    let explored = explore(&folder, "no-lost-update", &[]);
    assert_eq!(explored.code, 0, "{explored:?}");
    assert!(explored.stdout.contains("0 failed, 60 passed"), "{explored:?}");
    assert!(explored.stdout.contains("That is no proof"), "{explored:?}");
}

#[test]
fn how_many_trials_go_on_at_once_changes_nothing() {
    let folder = Folder::new("jobs");
    let jobs = |jobs| explore(&folder, "lost-update", &["--format", "json", "--jobs", jobs]).stdout;
    assert_eq!(jobs("1"), jobs("3"));
}

#[test]
fn a_schedule_is_for_one_run() {
    let folder = Folder::new("many-to-steer");
    let many = explore(&folder, "lost-update", &["--seed", "1-2"]);
    assert_eq!(many.code, 2, "{many:?}");
    assert!(many.stderr.contains("error: a schedule belongs to one run"), "{many:?}");
    let path = scenario("lost-update");
    let wrong = ramscope(["run", &path, "--schedule", "12:4left"]);
    assert_eq!(wrong.code, 2, "{wrong:?}");
    assert!(wrong.stderr.contains("`12:4left` is no switch of a schedule"), "{wrong:?}");
}

#[test]
fn a_schedule_that_is_not_kept_is_warned_of() {
    let folder = Folder::new("not-kept");
    let (path, keep) = (scenario("no-lost-update"), folder.path("captures"));
    let fixed = ["run", &path, "--elf", image(), "--captures", &keep];
    let called = ramscope(fixed.iter().chain(&["--schedule", "200000:77"]));
    assert_eq!(called.code, 0, "{called:?}");
    let warning = "warning: 0 of 1 switches of the schedule came about";
    assert!(called.stderr.contains(warning), "{called:?}");
}

#[test]
fn nearly_every_schedule_that_is_drawn_switches_to_somebody() {
    let folder = Folder::new("switches");
    let account = read(&explore(&folder, "no-lost-update", &["--format", "json"]));
    assert_eq!((&account["runs"], &account["runs_without_switch"]), (&60.into(), &0.into()));
    let covered = &account["covered"];
    let count = |what: &str| covered[what].as_u64().unwrap();
    assert!(count("instructions") < count("interruptible"), "{covered}");
}

#[test]
fn what_was_found_is_told_in_the_forms_that_ci_reads() {
    let folder = Folder::new("forms");
    let (junit, markdown) = (folder.path("explored.xml"), folder.path("explored.md"));
    let reports = [format!("junit={junit}"), format!("markdown={markdown}")];
    let more = ["--report", &reports[0], "--report", &reports[1], "--format", "github"];
    let explored = explore(&folder, "lost-update", &more);
    assert_eq!(explored.code, 1, "{explored:?}");
    let annotation = explored.stdout.trim_end();
    assert!(annotation.starts_with("::error file="), "{annotation}");
    assert!(annotation.contains("lost-update.yaml,line=") && !annotation.contains('\n'));
    let junit = std::fs::read_to_string(junit).unwrap();
    assert!(junit.contains(r#"tests="1" "#) && junit.contains(r#"failures="1""#), "{junit}");
    assert!(junit.contains(r#"<property name="schedule" value=""#), "{junit}");
    let markdown = std::fs::read_to_string(markdown).unwrap();
    assert!(markdown.contains("| after | from | to | interrupted before |"), "{markdown}");
    assert!(markdown.trim_end().ends_with("```"), "{markdown}");

    let page = explore(&folder, "lost-update", &["--report", "html=page.html"]);
    assert_eq!(page.code, 2, "{page:?}");
    assert!(page.stderr.contains("an exploration has no html"), "{page:?}");
}
