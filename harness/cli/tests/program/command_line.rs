//! The program as a person calls it: what it prints where, and its exit codes. Nothing here needs an
//! image.

use crate::scratch::{Called, Folder, ramscope, ramscope_in};

/// Says that it failed with this code and one sentence that has `words` in it.
fn check_refusal(called: &Called, code: i32, words: &str) {
    assert_eq!(called.code, code, "{called:?}");
    assert_eq!(called.stdout, "", "{called:?}");
    let errors: Vec<_> = called.stderr.lines().filter(|line| line.starts_with("error: ")).collect();
    assert_eq!(errors.len(), 1, "{called:?}");
    assert!(errors[0].contains(words), "{called:?}");
}

#[test]
fn a_verb_that_does_not_exist_is_a_usage_error_with_the_nearest_one() {
    let called = ramscope(["repaly"]);
    assert_eq!(called.code, 2);
    assert!(called.stderr.contains("'replay'"), "{called:?}");
}

#[test]
fn help_documents_every_exit_code() {
    let called = ramscope(["--help"]);
    assert_eq!(called.code, 0);
    for code in ramscope_report::ExitCode::ALL {
        let code = format!("{} ", code.code());
        assert!(called.stdout.contains(&code), "{code} in {}", called.stdout);
    }
}

#[test]
fn lint_says_every_problem_with_its_place_and_rule() {
    let folder = Folder::new("lint");
    let text = "name: bad\nversion: 1\nsteps:\n- delay: 500\n- wait-serail: \"x\"\n";
    let path = folder.write("bad.yaml", text);
    let called = ramscope(["lint", &path]);
    assert_eq!(called.code, 2);
    let lines: Vec<_> = called.stdout.lines().collect();
    assert_eq!(lines.len(), 2, "{called:?}");
    for (line, place) in lines.iter().zip(["bad.yaml:4:", "bad.yaml:5:"]) {
        assert!(line.contains(place) && line.contains(": error["), "{line}");
    }
}

#[test]
fn a_scenario_with_errors_is_not_run() {
    let folder = Folder::new("errors");
    folder.write("good.yaml", "name: good\nversion: 1\nsteps: []\n");
    folder.write("bad.yaml", "name: bad\nversion: 2\nsteps: []\n");
    let called = ramscope(["run", &folder.path("")]);
    check_refusal(&called, 2, "nothing was run");
    assert!(called.stderr.contains("bad.yaml:2:"), "{called:?}");
}

#[test]
fn a_path_that_does_not_exist_is_named() {
    check_refusal(&ramscope(["run", "no-such-folder"]), 2, "no-such-folder cannot be read");
}

#[test]
fn an_image_for_another_machine_or_a_damaged_one_is_refused_in_one_sentence() {
    let folder = Folder::new("images");
    let scenario = folder.write("a.yaml", "name: a\nversion: 1\nsteps: []\n");
    let own = std::fs::read(env!("CARGO_BIN_EXE_ramscope")).unwrap();
    let mut cut = own[..40].to_vec();
    cut[4] = 1; // 32 bits
    cut[18] = 243; // RISC-V
    let images = [
        ("x86.elf", &own[..], "x86-64"),
        ("text.elf", b"not an image at all", "neither an ELF file"),
        ("empty.elf", b"", "neither an ELF file"),
        ("cut.elf", &cut, "cut"),
    ];
    for (name, bytes, words) in images {
        let image = folder.write(name, bytes);
        let keep = folder.path("captures");
        let called = ramscope(["run", &scenario, "--elf", &image, "--captures", &keep]);
        check_refusal(&called, 2, name);
        assert!(called.stderr.contains(words), "{words}: {called:?}");
        assert!(!std::path::Path::new(&keep).exists(), "nothing half-written stays");
    }
}

#[test]
fn a_file_that_is_no_capture_cannot_be_replayed() {
    let folder = Folder::new("captures");
    let text = folder.write("text.ramscope", "hello");
    check_refusal(&ramscope(["replay", &text]), 2, "not a ramscope capture");
    check_refusal(&ramscope(["show", &text]), 2, "not a ramscope capture");
    check_refusal(&ramscope(["replay", "nowhere.ramscope"]), 2, "nowhere.ramscope cannot be read");
}

#[test]
fn an_empty_folder_runs_nothing() {
    let folder = Folder::new("empty");
    assert_eq!(ramscope(["lint", &folder.path("")]).code, 4);
}

#[test]
fn outside_of_a_workspace_the_way_out_is_named() {
    let folder = Folder::new("outside");
    let scenario = folder.write("a.yaml", "name: a\nversion: 1\nsteps: []\n");
    let outside = std::env::temp_dir();
    let called = ramscope_in(&outside, ["run", &scenario, "--no-build"]);
    check_refusal(&called, 2, "--elf FILE");
}

#[test]
fn list_names_each_scenario() {
    let folder = Folder::new("list");
    folder.write("b.yaml", "name: second\nversion: 1\nsteps: []\n");
    folder.write("a.yml", "name: first\nversion: 1\nsteps: []\nramscope: {tags: [quick]}\n");
    folder.write("notes.txt", "no scenario");
    let called = ramscope(["list", &folder.path("")]);
    assert_eq!(called.code, 0);
    let names = called.stdout.lines().skip(1).map(|line| line.split_whitespace().next().unwrap());
    assert_eq!(names.collect::<Vec<_>>(), ["first", "second"]);
    assert!(called.stdout.contains("quick"));
}

#[test]
fn doctor_knows_the_engine_and_what_is_missing_elsewhere() {
    let called = ramscope(["doctor"]);
    assert!(called.stdout.contains("exact-stacks"), "{called:?}");
    assert!(called.stdout.contains("target wokwi"), "{called:?}");
}

#[test]
fn completions_exist_for_a_shell() {
    let called = ramscope(["completions", "bash"]);
    assert_eq!(called.code, 0);
    assert!(called.stdout.contains("replay"), "{called:?}");
}
