//! Scenarios that press buttons and read pins, with the diagram of the workspace or their own.

use crate::scratch::{Called, Folder, ramscope};
use crate::whole_path::image;

fn scenario(steps: &str) -> String {
    format!("name: pins\nversion: 1\nsteps:\n- delay: 5ms\n{steps}- delay: 1ms\n")
}

fn run(folder: &Folder, steps: &str, more: &[&str]) -> Called {
    let file = folder.write("pins.yaml", scenario(steps));
    let keep = folder.path("captures");
    let fixed = ["run", &file, "--elf", image(), "--captures", &keep];
    ramscope(fixed.iter().chain(more))
}

fn check(name: &str, steps: &str, code: i32, words: &str) {
    let folder = Folder::new(name);
    let called = run(&folder, steps, &[]);
    assert_eq!(called.code, code, "{called:?}");
    let all = format!("{}{}", called.stdout, called.stderr);
    assert!(all.contains(words), "{words}: {called:?}");
}

const PRESS: &str = "- set-control: {part-id: btn1, name: pressed, value: 1}\n- delay: 1ms\n";

#[test]
fn a_pressed_button_pulls_its_pin_down() {
    let steps = format!("{PRESS}- expect-pin: {{part-id: btn1, name: 1.r, value: 0}}\n");
    check("pressed", &steps, 0, "pass");
}

#[test]
fn a_wrong_level_is_a_fail_with_its_sentence_and_a_replay_says_the_same() {
    let folder = Folder::new("level");
    let steps = format!("{PRESS}- expect-pin: {{part-id: esp, name: 9, value: 1}}\n");
    let called = run(&folder, &steps, &[]);
    let sentence = "step 3 (expect-pin) was expected to hold, but `esp:9` was 0, not 1";
    assert_eq!(called.code, 1, "{called:?}");
    assert!(called.stdout.contains(sentence), "{called:?}");
    let replayed = ramscope(["replay", &folder.path("captures/pins-1.ramscope")]);
    assert_eq!((replayed.code, replayed.stdout), (1, called.stdout));
}

#[test]
fn a_part_that_does_not_exist_is_refused_with_the_nearest_id() {
    check(
        "part",
        "- set-control: {part-id: bnt1, name: pressed, value: 1}\n",
        2,
        "pins.yaml:5:3: error[unknown-part]: the diagram has no part `bnt1` (fix: btn1)",
    );
}

#[test]
fn a_project_brings_its_own_diagram() {
    let folder = Folder::new("project");
    folder.write("wokwi.toml", "[wokwi]\nversion = 1\n");
    folder.write(
        "diagram.json",
        r#"{ "parts": [{ "type": "board-esp32-c3-devkitm-1", "id": "board" },
            { "type": "wokwi-dht22", "id": "dht1" }], "connections": [] }"#,
    );
    let called = run(&folder, "- expect-pin: {part-id: board, name: 9, value: 1}\n", &[]);
    assert_eq!(called.code, 0, "{called:?}");
    let warning = "warning: part `dht1` is a wokwi-dht22, which this version does not simulate";
    assert!(called.stderr.contains(warning), "{called:?}");
}

#[test]
fn a_diagram_that_was_asked_for_has_to_be_one() {
    let folder = Folder::new("diagram");
    let file = folder.write("other.json", "{ \"parts\": 3 }");
    let called = run(&folder, "", &["--diagram", &file]);
    assert_eq!(called.code, 2, "{called:?}");
    assert!(called.stderr.contains("is no diagram: parts should be a list"), "{called:?}");
}

#[test]
fn what_a_logic_analyzer_saw_lies_beside_the_capture() {
    let folder = Folder::new("analyzer");
    let diagram = folder.write(
        "analyzer.json",
        r#"{ "parts": [{ "type": "board-esp32-c3-devkitm-1", "id": "esp" },
            { "type": "wokwi-pushbutton", "id": "btn1" },
            { "type": "wokwi-logic-analyzer", "id": "la" }],
            "connections": [["esp:9", "btn1:1.l"], ["btn1:2.l", "esp:GND.1"],
            ["la:D0", "esp:9"]] }"#,
    );
    let called = run(&folder, PRESS, &["--diagram", &diagram]);
    assert_eq!(called.code, 0, "{called:?}");
    let dump = std::fs::read_to_string(folder.path("captures/pins-1.vcd")).unwrap();
    assert!(dump.contains("#5000000000\n0!\n"), "{dump}");
    let shown = ramscope(["show", "--vcd", &folder.path("captures/pins-1.ramscope")]);
    assert_eq!(shown.stdout, dump);
}

#[test]
fn lint_knows_the_diagram_too() {
    let folder = Folder::new("lint-diagram");
    folder.write("wokwi.toml", "[wokwi]\nversion = 1\n");
    let diagram = r#"{ "parts": [{ "type": "board-esp32-c3-devkitm-1", "id": "esp" },
        { "type": "wokwi-potentiometer", "id": "pot1" }], "connections": [] }"#;
    folder.write("diagram.json", diagram);
    let turn = |part: &str, to: &str| {
        let steps = format!("- set-control: {{part-id: {part}, name: position, value: {to}}}\n");
        ramscope(["lint", &folder.write("pins.yaml", scenario(&steps))])
    };
    assert_eq!(turn("pot1", "0.5").code, 0);
    let called = turn("pot2", "0.5");
    assert_eq!(called.code, 2, "{called:?}");
    let sentence = "error[unknown-part]: the diagram has no part `pot2` (fix: pot1)";
    assert!(called.stdout.contains(sentence), "{called:?}");
    assert!(turn("pot1", "2").stdout.contains("error[invalid-control-value]"));
}

/// What a module draws.
const HELLO: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../../scenarios/modules/display/hello.png");

/// A board with a display: its diagram, and a step that looks at it.
fn display(folder: &Folder, shot: &str) -> (String, String) {
    let diagram = folder.write(
        "display.json",
        r#"{ "parts": [{ "type": "board-esp32-c3-devkitm-1", "id": "esp" },
            { "type": "board-st7735", "id": "lcd" }, { "type": "wokwi-led", "id": "led" }],
            "connections": [["lcd:SCL", "esp:10"], ["lcd:SDA", "esp:0"],
            ["lcd:DC", "esp:1"], ["lcd:CS", "esp:18"]] }"#,
    );
    (diagram, format!("- take-screenshot: {{{shot}}}\n"))
}

#[test]
fn a_screen_is_saved_and_is_as_saved_the_next_time() {
    let folder = Folder::new("screenshot");
    let (diagram, save) = display(&folder, "part-id: lcd, save-to: seen/dark.png");
    let called = run(&folder, &save, &["--diagram", &diagram]);
    assert_eq!(called.code, 0, "{called:?}");
    let (_, compare) = display(&folder, "part-id: lcd, compare-with: seen/dark.png");
    let called = run(&folder, &compare, &["--diagram", &diagram]);
    assert_eq!(called.code, 0, "{called:?}");
}

#[test]
fn a_wrong_picture_is_a_fail_and_lies_in_the_bundle() {
    let folder = Folder::new("wrong-picture");
    let (diagram, step) = display(&folder, "part-id: lcd, compare-with: hello.png");
    std::fs::copy(HELLO, folder.path("hello.png")).unwrap();
    let called = run(&folder, &step, &["--diagram", &diagram]);
    assert_eq!(called.code, 1, "{called:?}");
    let words = "step 1 (take-screenshot) was expected to hold, but `lcd`: it is not what \
                 `hello.png` shows: ";
    assert!(called.stdout.contains(words), "{called:?}");
    assert!(called.stdout.contains(" pixels differ, the first at "), "{called:?}");
    let seen = std::fs::read(folder.path("captures/failures/pins-1/screen-lcd.png")).unwrap();
    assert!(seen.starts_with(b"\x89PNG"));
    let replayed = ramscope(["replay", &folder.path("captures/pins-1.ramscope")]);
    assert_eq!((replayed.code, replayed.stdout), (1, called.stdout));
}

#[test]
fn a_picture_that_is_not_there_and_a_part_without_a_screen_are_named() {
    let folder = Folder::new("no-picture");
    let (diagram, step) = display(&folder, "part-id: lcd, compare-with: none.png");
    let called = run(&folder, &step, &["--diagram", &diagram]);
    assert_eq!(called.code, 1, "{called:?}");
    assert!(called.stdout.contains("`save-to: none.png` makes it"), "{called:?}");
    let (_, step) = display(&folder, "part-id: led, save-to: led.png");
    let called = run(&folder, &step, &["--diagram", &diagram]);
    let words = "error[unknown-part]: `led`, a wokwi-led, has no screen (fix: lcd)";
    assert_eq!(called.code, 2, "{called:?}");
    assert!(called.stderr.contains(words), "{called:?}");
}

#[test]
fn the_dump_of_a_logic_analyzer_can_go_to_a_file() {
    let folder = Folder::new("vcd-file");
    let diagram = folder.write(
        "analyzer.json",
        r#"{ "parts": [{ "type": "board-esp32-c3-devkitm-1", "id": "esp" },
            { "type": "wokwi-logic-analyzer", "id": "la" }],
            "connections": [["la:D0", "esp:9"]] }"#,
    );
    let file = folder.path("seen.vcd");
    let called = run(&folder, "", &["--diagram", &diagram, "--vcd-file", &file]);
    assert_eq!(called.code, 0, "{called:?}");
    let dump = std::fs::read_to_string(&file).unwrap();
    assert!(dump.starts_with("$version ramscope $end\n"), "{dump}");
    let called = run(&folder, "", &["--vcd-file", &folder.path("none.vcd")]);
    assert!(called.stderr.contains("no logic analyzer is around the chip"), "{called:?}");
}
