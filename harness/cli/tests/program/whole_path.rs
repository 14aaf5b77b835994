//! From a scenario file to a verdict, with the real image on the built-in machine.

use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use ramscope_capture::Capture;
use ramscope_cli::image;
use ramscope_cli::workspace::Workspace;

use crate::scratch::{Called, Folder, ramscope};

/// The workspace's image, built once.
pub(crate) fn image() -> &'static str {
    static ELF: OnceLock<String> = OnceLock::new();
    ELF.get_or_init(|| {
        let workspace = Workspace::containing(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap();
        let image = image::build(&workspace, image::Board::Esp32c3, &mut |_| {}).unwrap();
        image.elf.to_str().unwrap().to_owned()
    })
}

/// A scenario that starts a program, waits for a text and has these settings.
fn scenario(name: &str, program: &str, until: &str, settings: &str) -> String {
    format!(
        "name: {name}\nversion: 1\nsteps:\n- wait-serial: \"ready\"\n\
         - write-serial: \"run {program}\\n\"\n- wait-serial: \"{until}\"\n\
         ramscope:\n  schema: 1\n{settings}"
    )
}

fn counting(settings: &str) -> String {
    scenario("counting", "counting", "counter: ", settings)
}

/// Runs the scenarios of a folder, and keeps the captures there.
fn run(folder: &Folder, more: &[&str]) -> Called {
    let (scenarios, keep) = (folder.path("scenarios"), folder.path("captures"));
    let fixed = ["run", &scenarios, "--elf", image(), "--captures", &keep];
    ramscope(fixed.iter().chain(more))
}

fn check(name: &str, text: &str, code: i32, words: &str) {
    let folder = Folder::new(name);
    folder.write("scenarios/a.yaml", text);
    let called = run(&folder, &[]);
    assert_eq!(called.code, code, "{called:?}");
    let all = format!("{}{}", called.stdout, called.stderr);
    assert!(all.contains(words), "{words}: {called:?}");
}

#[test]
fn a_budget_that_holds_is_a_pass() {
    let budget = "  budgets:\n  - {thread: counter, stack-peak: 2KiB}\n";
    check("holds", &counting(budget), 0, "pass");
}

#[test]
fn a_thread_that_grew_since_the_baseline_is_a_fail_that_says_by_how_much() {
    let folder = Folder::new("baseline");
    folder.write("scenarios/a.yaml", counting("  baseline: a.json\n"));
    let report = format!("json={}", folder.path("scenarios/a.json"));
    let first = run(&folder, &["--report", &report]);
    assert_eq!(first.code, 0, "{first:?}");
    assert!(first.stderr.contains("has no baseline"), "{first:?}");
    assert_eq!(run(&folder, &[]).code, 0, "nothing has grown");

    let stored = fs::read_to_string(folder.path("scenarios/a.json")).unwrap();
    let mut stored: serde_json::Value = serde_json::from_str(&stored).unwrap();
    let figures = stored["runs"][0]["figures"].as_array_mut().unwrap();
    let is_it = |figure: &&mut serde_json::Value| figure["id"] == "run/thread:counter/stack-peak";
    let figure = figures.iter_mut().find(is_it).unwrap();
    figure["bytes"] = (figure["bytes"].as_u64().unwrap() - 400).into();
    folder.write("scenarios/a.json", stored.to_string());
    let grown = run(&folder, &[]);
    assert_eq!(grown.code, 1, "{grown:?}");
    assert!(grown.stdout.contains("thread `counter` grew by 400 bytes"), "{grown:?}");

    folder.write("scenarios/a.json", "{\"runs\": []}");
    assert_eq!(run(&folder, &[]).code, 2, "a baseline of something else is a mistake");
}

#[test]
fn a_scenario_names_the_files_that_its_run_leaves() {
    let folder = Folder::new("artifacts");
    folder.write("scenarios/a.yaml", counting("  artifacts: [console, json, html]\n"));
    assert_eq!(run(&folder, &[]).code, 0);
    let left = |ending: &str| fs::read_to_string(folder.path(&format!("captures/{ending}")));
    assert!(left("counting-1.log").unwrap().contains("counter: "));
    assert!(left("counting-1.json").unwrap().contains("\"deepest\""));
    assert!(left("counting-1.html").unwrap().contains("Deepest calls"));
    assert!(left("counting-1.ramscope").is_err(), "the capture was not asked for");
}

#[test]
fn a_budget_that_is_exceeded_is_a_fail_with_its_id() {
    let budget = "  budgets:\n  - {thread: counter, stack-peak: 16}\n";
    check("exceeded", &counting(budget), 1, "run/thread:counter/stack-peak");
}

#[test]
fn a_debugger_looks_into_one_run() {
    let folder = Folder::new("many-to-debug");
    folder.write("scenarios/a.yaml", counting(""));
    folder.write("scenarios/b.yaml", counting(""));
    let called = run(&folder, &["--gdb", "0"]);
    assert_eq!(called.code, 2, "{called:?}");
    assert!(called.stderr.contains("error: a debugger looks into one run"), "{called:?}");
}

#[test]
fn a_failure_that_is_expected_is_a_pass() {
    let settings = "  budgets:\n  - {thread: counter, stack-peak: 16}\n  \
                    expect: {fail: [\"run/thread:counter/stack-peak\"]}\n";
    check("expected", &counting(settings), 0, "pass");
}

#[test]
fn a_budget_on_a_thread_that_never_was_fails_with_the_names_that_were() {
    let budget = "  budgets:\n  - {thread: countre, stack-peak: 2KiB}\n";
    check("never", &counting(budget), 1, "counter");
}

#[test]
fn a_program_that_does_not_exist_is_refused_with_the_nearest_name() {
    check("program", &scenario("a", "countign", "x", ""), 2, "counting");
}

#[test]
fn an_image_that_was_cut_is_refused_wherever_it_was_cut() {
    let folder = Folder::new("cut");
    folder.write("scenarios/a.yaml", counting(""));
    let whole = fs::read(image()).unwrap();
    for part in [1, 10, 50, 99] {
        let cut = folder.write("cut.elf", &whole[..whole.len() / 100 * part]);
        let called = ramscope(["run", &folder.path("scenarios"), "--elf", &cut]);
        assert_eq!((called.code, called.stdout.as_str()), (2, ""), "{part} %: {called:?}");
        assert_eq!(called.stderr.lines().count(), 1, "{part} %: {called:?}");
    }
}

#[test]
fn a_wait_in_vain_is_a_time_out_of_device_time() {
    let text = scenario("late", "blink", "never said", "  timeout: 2s\n");
    check("late", &text, 42, "never said");
}

#[test]
fn a_scenario_that_no_filter_lets_through_is_nothing() {
    let folder = Folder::new("filter");
    folder.write("scenarios/a.yaml", counting(""));
    assert_eq!(run(&folder, &["--tag", "other"]).code, 4);
}

/// Three scenarios, one of them failing, with two seeds each.
fn several(name: &str) -> Folder {
    let folder = Folder::new(name);
    let seeds = "  seeds: [1, 2]\n";
    let failing = format!("{seeds}  budgets:\n  - {{thread: counter, stack-peak: 16}}\n");
    folder.write("scenarios/a.yaml", scenario("caught", "caught", "ended", seeds));
    folder.write("scenarios/b.yaml", counting(&failing));
    folder.write("scenarios/c.yaml", scenario("shared", "shared", "ended", seeds));
    folder
}

fn captures(folder: &Folder) -> Vec<(String, Vec<u8>)> {
    let files = fs::read_dir(folder.path("captures")).unwrap();
    let mut files: Vec<_> = files
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file())
        .map(|path| (path.to_str().unwrap().to_owned(), fs::read(&path).unwrap()))
        .collect();
    files.sort();
    files
}

#[test]
fn any_number_of_jobs_gives_the_same_report_and_the_same_device_parts() {
    let folder = several("jobs");
    let [one, two] = ["1", "2"].map(|jobs| {
        let called = run(&folder, &["--jobs", jobs]);
        assert_eq!(called.code, 1, "{called:?}");
        (called.stdout, captures(&folder))
    });
    assert_eq!(one.1.len(), 6);
    assert_eq!(one.0, two.0);
    for ((path, one), (_, two)) in one.1.iter().zip(&two.1) {
        let device = |file: &Vec<u8>| Capture::read(&mut file.as_slice()).unwrap().device;
        assert!(device(one) == device(two), "{path} differs");
    }
}

#[test]
fn a_replay_prints_what_the_run_printed() {
    for format in ["text", "json", "junit", "markdown", "github"] {
        let folder = several(&format!("replay-{format}"));
        let ran = run(&folder, &["--format", format]);
        let files = captures(&folder).into_iter().map(|(path, _)| path);
        let arguments = ["replay", "--format", format].map(str::to_owned);
        let replayed = ramscope(arguments.into_iter().chain(files));
        assert_eq!(replayed.stdout, ran.stdout);
        assert_eq!(replayed.code, ran.code);
    }
}

#[test]
fn the_seed_of_the_command_line_wins() {
    let folder = several("seed");
    assert_eq!(run(&folder, &["--seed", "9"]).code, 1);
    let files = captures(&folder);
    assert_eq!(files.len(), 3);
    assert!(files.iter().all(|(path, _)| path.ends_with("-9.ramscope")), "{files:?}");
}

#[test]
fn the_console_of_a_capture_can_be_shown() {
    let folder = Folder::new("show");
    folder.write("scenarios/a.yaml", counting(""));
    assert_eq!(run(&folder, &[]).code, 0);
    let capture = folder.path("captures/counting-1.ramscope");
    let console = ramscope(["show", "--console", &capture]);
    assert!(
        console.stdout.contains("Main thread is running: 0\r\n")
            || console.stdout.contains("Main thread is running: 0\n")
    );
    let whole = ramscope(["show", &capture]);
    assert!(whole.stdout.contains("ended StepsDone"), "{whole:?}");
}

#[test]
fn quiet_says_nothing_of_what_passed() {
    let folder = Folder::new("quiet");
    folder.write("scenarios/a.yaml", counting(""));
    let called = run(&folder, &["-q"]);
    assert_eq!((called.code, called.stdout.as_str()), (0, ""));
    assert_eq!(called.stderr, "");
}

#[test]
fn list_runs_nothing() {
    let folder = several("plan");
    let called = run(&folder, &["--list"]);
    assert_eq!(called.code, 0);
    assert_eq!(called.stdout.lines().count(), 7);
    assert!(!Path::new(&folder.path("captures")).exists());
}
