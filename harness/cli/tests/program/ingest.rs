//! Serial logs of engine runs, changed as wokwi-cli changes them, tell what the engine told.

use std::fs;

use crate::scratch::{Called, Folder, ramscope};
use crate::whole_path::image;

const SCENARIO: &str = "name: logged\nversion: 1\nsteps:\n- wait-serial: \"ready\"\n\
                        - write-serial: \"telemetry frames\\n\"\n- write-serial: \"run counting\\n\"\n\
                        - wait-serial: \"counting: ended\"\nramscope:\n  budgets:\n  \
                        - {thread: counter, stack-peak: 2KiB}\n  - {thread: main, stack-peak: 4KiB}\n";
const LAST: &[u8] = b"counting: ended";

/// A run on the engine, and its log as wokwi-cli would have left it.
fn run(folder: &Folder) -> (Called, Vec<u8>) {
    let scenario = folder.write("a.yaml", SCENARIO);
    let (log, keep) = (folder.path("engine.log"), folder.path("captures"));
    let fixed = ["run", &scenario, "--elf", image(), "--captures", &keep];
    let called = ramscope(fixed.iter().chain(&["--serial-log-file", &log]));
    assert_eq!(called.code, 0, "{called:?}");
    (called, as_wokwi_cli_leaves_it(&fs::read(log).unwrap()))
}

/// It ends with the last match, and the end of the line after the first one was swallowed.
fn as_wokwi_cli_leaves_it(log: &[u8]) -> Vec<u8> {
    let find = |text: &[u8]| log.windows(text.len()).position(|bytes| bytes == text).unwrap();
    let (first, last) = (find(b"ready\n") + 5, find(LAST) + LAST.len());
    [&log[..first], &log[first + 1..last]].concat()
}

fn ingest(folder: &Folder, log: &[u8]) -> Called {
    let (scenario, keep) = (folder.path("a.yaml"), folder.path("captures"));
    let log = folder.write("wokwi.log", log);
    ramscope(["ingest", &scenario, "--serial-log", &log, "--captures", &keep])
}

/// The observed values of all budgets.
fn observed(called: &Called) -> Vec<String> {
    let lines = called.stdout.lines().filter(|line| line.starts_with(" run/thread:"));
    lines.map(|line| line.split_once("at most").unwrap().0.to_owned()).collect()
}

#[test]
fn a_log_gives_the_budgets_that_the_run_gave_and_its_capture_replays() {
    let folder = Folder::new("ingested");
    let (ran, log) = run(&folder);
    let ingested = ingest(&folder, &log);
    assert_eq!(ingested.code, 0, "{ingested:?}");
    assert_eq!(observed(&ingested).len(), 2, "{ingested:?}");
    assert_eq!(observed(&ingested), observed(&ran));
    let replayed = ramscope(["replay", &folder.path("captures/logged-log.ramscope")]);
    assert_eq!((replayed.stdout, replayed.code), (ingested.stdout, ingested.code));
}

#[test]
fn frames_that_are_missing_in_a_log_are_counted_and_never_a_pass() {
    let folder = Folder::new("ingested-losses");
    let (_, log) = run(&folder);
    let begin = log.windows(2).rposition(|bytes| bytes == b"\0\xff").unwrap();
    let begin = log[..begin].windows(2).rposition(|bytes| bytes == b"\0\xff").unwrap();
    let end = begin + 2 + log[begin + 2..].iter().position(|&byte| byte == 0).unwrap();
    let without = [&log[..begin], &log[end + 1..]].concat();
    let ingested = ingest(&folder, &without);
    assert_eq!(ingested.code, 5, "{ingested:?}");
    assert!(ingested.stdout.contains("telemetry.lost"), "{ingested:?}");
}
