//! The programs that import the modules of the image, with these linked statically.

use ramscope_apps::PROGRAMS;
use ramscope_board_host::run_with_modules;
use ramscope_kernel::module_abi::Linked;

static MODULES: [&Linked; 6] = [
    &ramscope_module_bot::ramscope_module::LINKED,
    &ramscope_module_sysfont::ramscope_module::LINKED,
    &ramscope_module_hcsr04::ramscope_module::LINKED,
    &ramscope_module_flashbdev::ramscope_module::LINKED,
    &ramscope_module_ini_parser::ramscope_module::LINKED,
    &ramscope_module_ST7735::ramscope_module::LINKED,
];

/// Runs commands, and claims that these lines come in this order.
fn check(commands: &[&str], expected: &[&str]) {
    let text = run_with_modules(PROGRAMS, &MODULES, commands, 60).text;
    let mut rest = text.as_str();
    for line in expected {
        let found = rest.find(line);
        assert!(found.is_some(), "`{line}` is missing or in another place:\n{text}");
        rest = &rest[found.expect("asserted above")..];
    }
}

// One test: the modules of a process have one set of variables.
#[test]
fn modules_do_their_job_where_they_are_linked_statically_too() {
    check(
        &["run memory", "run memory"],
        &[
            "bot: Hello, I am Bot.",
            "bot: Press A to select program",
            "memory: sysfont stays, ",
            "importer ST7735",
            "memory: del bot",
            "memory: everything came back",
            "bot: Hello, I am Bot.",
            "memory: everything came back",
        ],
    );
    check(&["run memory forget=name", "modules"], &["B: name main", "held"]);
    check(
        &["run errands"],
        &[
            "errands: #...#..###....#.....#....###..",
            "errands: speed = 75",
            "errands: line 2 of another file is refused",
            "errands: block 1 reads back, erased 1 time",
            "errands: the board has no pins for a display",
            "errands: 0 B stayed",
        ],
    );
    check(
        &["run store text=kept", "run store", "run store block=16"],
        &[
            "store: 16 blocks of 4096 B",
            "store: block 3 is written",
            "store: ended",
            "store: block 3 has \"kept\"",
            "store: block 16 is not read (-22)",
        ],
    );
    check(
        &["run robot seconds=4 do=say_hello+turn_90"],
        &["robot: Off I go.", "bot: hello", "bot: Done.", "robot: bot gave", "robot: ended"],
    );
}
