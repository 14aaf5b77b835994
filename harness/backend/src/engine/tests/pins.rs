//! Runs with a button on pin 9 and a light on pin 8, as on a development board.

use ramscope_capture::{Capture, HowEnded, Recorder, StepEvent, StepEventKind, Stimulus};
use ramscope_scenario::{PlanOptions, Run, parse, plan};

use super::program::{A0, If, Program, Reg, S0, T0, T1, ZERO};
use super::*;
use crate::circuit::Circuit;
use crate::drive::{NoWitness, Reaction, drive};
use crate::launch::offers;
use crate::watchdog::Watchdog;

const GPIO: u32 = 0x6000_4000;
const OUT_W1TS: u32 = GPIO + 0x08;
const OUT_W1TC: u32 = GPIO + 0x0C;
const ENABLE_W1TS: u32 = GPIO + 0x24;
const IN: u32 = GPIO + 0x3C;
const STATUS_W1TC: u32 = GPIO + 0x4C;
const PIN9: u32 = GPIO + 0x74 + 4 * 9;
const FALLING_EDGE_INTERRUPT: u32 = 2 << 7 | 1 << 13;
const MATRIX: u32 = 0x600C_2000;
const GPIO_SOURCE: u32 = 16;
const LINE: u32 = 5;
const MTVEC: u32 = 0x305;

const DIAGRAM: &str = r#"{
  "parts": [
    { "type": "board-esp32-c3-devkitm-1", "id": "esp" },
    { "type": "wokwi-led", "id": "led1" },
    { "type": "wokwi-resistor", "id": "r1", "attrs": { "value": "220" } },
    { "type": "wokwi-pushbutton", "id": "btn1" }
  ],
  "connections": [
    ["esp:8", "r1:1"], ["r1:2", "led1:A"], ["led1:C", "esp:GND.1"],
    ["btn1:1.l", "esp:9"], ["btn1:2.l", "esp:GND.2"]
  ]
}"#;

fn read(program: &mut Program, to: Reg, address: u32) {
    program.li(T1, address);
    program.lw(to, T1, 0);
}

/// Waits for the button in its sleep; each falling edge is an interrupt that turns the light on,
/// for ever.
fn button_program() -> Program {
    interrupt_program(PIN9, FALLING_EDGE_INTERRUPT, |_| {})
}

/// Sleeps, after `begin`; each interrupt of a pin turns the light on, and `s0` counts them.
fn interrupt_program(pin: u32, edges: u32, begin: impl FnOnce(&mut Program)) -> Program {
    let mut program = Program::default();
    let to_start = program.jump_later();
    // Vectors are a table of jumps, aligned to 256 bytes: one for each line.
    while program.here() & 0xFF != 0 {
        program.addi(ZERO, ZERO, 0);
    }
    let vectors = program.here();
    for _ in 0..LINE {
        program.jump(program.here());
    }
    // No line above this one is used, so its handler may stand in the table.
    program.store(1 << 8, OUT_W1TS);
    program.store(u32::MAX, STATUS_W1TC);
    program.addi(S0, S0, 1);
    program.mret();
    to_start(&mut program);
    program.li(S0, 0);
    program.li(T0, vectors + 1);
    program.csrw(MTVEC, T0);
    program.store(1 << 8, ENABLE_W1TS);
    program.store(edges, pin);
    program.store(LINE, MATRIX + 4 * GPIO_SOURCE);
    program.store(3, MATRIX + 0x114 + 4 * LINE);
    program.store(1 << LINE, MATRIX + 0x104);
    begin(&mut program);
    let again = program.here();
    program.wfi();
    program.jump(again);
    program
}

fn run_of(steps: &str, circuit: &Circuit) -> Run {
    let text = format!("name: pins\nversion: 1\nsteps:\n{steps}");
    let parsed = parse("pins.yaml", &text);
    let scenario = parsed.scenario.unwrap_or_else(|| panic!("{:?}", parsed.problems));
    assert_eq!(circuit.check(&scenario), crate::circuit::Checked::default());
    let options = PlanOptions { offers: offers(Some(circuit), None), ..PlanOptions::default() };
    plan(&[scenario], &options).runs.remove(0)
}

struct Ran {
    ended: HowEnded,
    capture: Capture,
    session: EngineSession,
}

fn carry_out(program: Program, diagram: &str, steps: &str) -> Ran {
    let circuit = Circuit::read(diagram).unwrap().circuit;
    let run = run_of(steps, &circuit);
    let mut session = power_on(program).in_circuit(circuit);
    let mut recorder = Recorder::new();
    let mut nobody = |_: &Recorder, _| Reaction::Continue;
    let ended =
        drive(&run, &mut session, &mut recorder, &Watchdog::asleep(), &mut nobody, &mut NoWitness);
    Ran { ended, capture: recorder.finish(), session }
}

const PRESS: &str = "- delay: 5ms\n\
    - expect-pin: {part-id: led1, name: A, value: 0}\n\
    - expect-pin: {part-id: btn1, name: 1.l, value: 1}\n\
    - set-control: {part-id: btn1, name: pressed, value: 1}\n\
    - expect-pin: {part-id: btn1, name: 1.l, value: 0}\n\
    - delay: 1ms\n\
    - expect-pin: {part-id: led1, name: A, value: 1}\n";

#[test]
fn pressing_a_button_is_an_edge_whose_handler_turns_the_light_on() {
    let steps = format!(
        "{PRESS}- set-control: {{part-id: btn1, name: pressed, value: 0}}\n- delay: 1ms\n\
         - set-control: {{part-id: btn1, name: pressed, value: 1}}\n- delay: 1ms\n"
    );
    let ran = carry_out(button_program(), DIAGRAM, &steps);
    assert_eq!(ran.ended, HowEnded::StepsDone);
    assert_eq!(ran.session.machine().register(S0 as u8), 2, "one interrupt a press");
    let stimuli: Vec<_> = ran.capture.events::<Stimulus>().map(|event| event.unwrap()).collect();
    assert_eq!(stimuli.len(), 3);
    assert_eq!(stimuli[0].instant, millis(5));
    let part = "btn1".to_owned();
    let pressed = Stimulus::Control { part, control: "pressed".into(), value: "1".into() };
    assert_eq!(stimuli[0].event, pressed);
}

#[test]
fn a_pin_that_is_not_as_expected_ends_the_run_with_both_levels() {
    let steps = "- delay: 5ms\n- expect-pin: {part-id: led1, name: A, value: 1}\n- delay: 1s\n";
    let ran = carry_out(button_program(), DIAGRAM, steps);
    assert_eq!(ran.ended, HowEnded::StepFailed { step: 1 });
    let last = ran.capture.events::<StepEvent>().last().unwrap().unwrap();
    assert_eq!(last.event.kind, StepEventKind::Failed);
    assert_eq!(last.event.detail, "`led1:A` was 0, not 1");
    assert_eq!(last.instant, millis(5));
}

#[test]
fn stimuli_are_part_of_the_hash_and_reading_pins_changes_nothing_in_the_device() {
    let hash = |steps: &str| {
        let ran = carry_out(button_program(), DIAGRAM, steps);
        (ran.capture.device_hash(), ran.session.machine().state_hash())
    };
    assert_eq!(hash(PRESS), hash(PRESS));
    let delays = "- delay: 5ms\n- delay: 1ms\n";
    assert_ne!(hash(PRESS), hash(delays));
    let read = "- delay: 5ms\n- expect-pin: {part-id: led1, name: A, value: 0}\n- delay: 1ms\n";
    assert_eq!(hash(read).1, hash(delays).1);
}

#[test]
fn a_logic_analyzer_sees_each_change_at_its_instant() {
    let mut program = Program::default();
    program.store(1 << 4, ENABLE_W1TS);
    for _ in 0..3 {
        program.store(1 << 4, OUT_W1TS);
        program.store(1 << 4, OUT_W1TC);
    }
    let diagram = r#"{ "parts": [{ "type": "board-esp32-c3-devkitm-1", "id": "esp" },
            { "type": "wokwi-logic-analyzer", "id": "la" }],
        "connections": [["esp:4", "la:D1"], ["esp:9", "la:D0"]] }"#;
    let ran = carry_out(program, diagram, "- delay: 1ms\n");
    let seen: Vec<_> = ran.capture.events::<ObserverEvent>().map(Result::unwrap).collect();
    let levels: Vec<u8> = seen
        .iter()
        .filter_map(|seen| match &seen.event {
            ObserverEvent::Levels { part, levels } if part == "la" => Some(*levels),
            _ => None,
        })
        .collect();
    assert_eq!(levels, [0b01, 0b11, 0b01, 0b11, 0b01, 0b11, 0b01]);
    assert_eq!(seen[0].instant, Instant::ZERO);
    // A store by way of two registers is five instructions at 80 MHz.
    let apart = seen[3].instant.since(seen[2].instant);
    assert_eq!(apart, Span::from_picos(5 * 12_500));
}

#[test]
fn an_analyzer_that_is_full_says_so_and_costs_nothing_more() {
    let mut program = Program::default();
    program.store(1 << 4, ENABLE_W1TS);
    program.li(S0, OUT_W1TS);
    program.li(S1, 1 << 4);
    let again = program.here();
    program.sw(S1, S0, 0);
    program.sw(S1, S0, 4);
    program.jump(again);
    let diagram = r#"{ "parts": [{ "type": "board-esp32-c3-devkitm-1", "id": "esp" },
            { "type": "wokwi-logic-analyzer", "id": "la" }],
        "connections": [["esp:4", "la:D1"]] }"#;
    let ran = carry_out(program, diagram, "- delay: 10ms\n");
    let seen: Vec<_> = ran.capture.events::<ObserverEvent>().map(Result::unwrap).collect();
    let notes = seen.iter().filter(|seen| matches!(seen.event, ObserverEvent::Note(_)));
    assert_eq!((notes.count(), ran.ended), (1, HowEnded::StepsDone));
}

#[test]
fn an_output_that_is_wired_to_an_input_is_seen_there_by_the_next_instruction() {
    let mut program = Program::default();
    program.store(1 << 4, ENABLE_W1TS);
    program.li(T0, 1 << 4);
    program.li(T1, OUT_W1TS);
    program.sw(T0, T1, 0);
    program.lw(S0, T1, (IN - OUT_W1TS) as i32);
    program.li(T1, OUT_W1TC);
    program.sw(T0, T1, 0);
    read(&mut program, S1, IN);
    let diagram = r#"{ "parts": [{ "type": "board-esp32-c3-devkitm-1", "id": "esp" }],
        "connections": [["esp:4", "esp:5"]] }"#;
    let ran = carry_out(program, diagram, "- delay: 1ms\n");
    let both = 1 << 4 | 1 << 5;
    let seen = [S0, S1].map(|register| ran.session.machine().register(register as u8) & both);
    assert_eq!(seen, [both, 0]);
}

/// Converts pin 3 at 11 dB over and over; the code is in S0.
fn analog_program() -> Program {
    const ONETIME_SAMPLE: u32 = 0x6004_0020;
    const DATA: u32 = 0x6004_002C;
    const CHANNEL_3: u32 = 1 << 31 | 3 << 25 | 3 << 23;
    const START: u32 = 1 << 29;
    let mut program = Program::default();
    let again = program.here();
    program.store(CHANNEL_3, ONETIME_SAMPLE);
    program.store(CHANNEL_3 | START, ONETIME_SAMPLE);
    read(&mut program, S0, DATA);
    program.jump(again);
    program
}

#[test]
fn turning_a_potentiometer_changes_what_the_adc_reads() {
    const KNOB: &str = r#"{
      "parts": [
        { "type": "board-esp32-c3-devkitm-1", "id": "esp" },
        { "type": "wokwi-potentiometer", "id": "pot1", "attrs": { "value": "1023" } }
      ],
      "connections": [
        ["pot1:GND", "esp:GND.1"], ["pot1:VCC", "esp:3V3.1"], ["pot1:SIG", "esp:3"]
      ]
    }"#;
    let check = |steps: &str, code: u32| {
        let steps = format!("{steps}- delay: 1ms\n");
        let ran = carry_out(analog_program(), KNOB, &steps);
        assert_eq!(ran.ended, HowEnded::StepsDone);
        assert_eq!(ran.session.machine().register(S0 as u8), code, "{steps}");
    };
    let turn = |to| format!("- set-control: {{part-id: pot1, name: position, value: {to}}}\n");
    check("", 4_095);
    check(&turn("0"), 0);
    check(&turn("0.5"), 2_047);
    check(&format!("{}- delay: 1ms\n{}", turn("0.5"), turn("0.75")), 3_071);
}

/// Triggers a sensor again and again, and counts how many rounds of a loop its echo lasts.
fn echo_program() -> Program {
    const TRIGGER: u32 = 1 << 4;
    const ECHO: i32 = 1 << 5;
    let mut program = Program::default();
    program.store(TRIGGER, ENABLE_W1TS);
    let again = program.here();
    program.store(TRIGGER, OUT_W1TS);
    program.spin(1_000);
    program.store(TRIGGER, OUT_W1TC);
    program.li(T1, IN);
    let still = program.here();
    program.lw(T0, T1, 0);
    program.andi(T0, T0, ECHO);
    program.branch(If::Equal, T0, ZERO, still);
    program.li(A0, 0);
    let more = program.here();
    program.addi(A0, A0, 1);
    program.lw(T0, T1, 0);
    program.andi(T0, T0, ECHO);
    program.branch(If::NotEqual, T0, ZERO, more);
    program.addi(S0, A0, 0);
    program.jump(again);
    program
}

const EYE: &str = r#"{
  "parts": [
    { "type": "board-esp32-c3-devkitm-1", "id": "esp" },
    { "type": "wokwi-hc-sr04", "id": "eye1", "attrs": { "distance": "100" } }
  ],
  "connections": [["eye1:TRIG", "esp:4"], ["eye1:ECHO", "esp:5"]]
}"#;

#[test]
fn a_program_that_sleeps_until_the_echo_is_woken_by_it() {
    const ANY_EDGE_INTERRUPT: u32 = 3 << 7 | 1 << 13;
    let trigger = |program: &mut Program| {
        program.store(1 << 4, ENABLE_W1TS);
        program.store(1 << 4, OUT_W1TS);
        program.spin(1_000);
        program.store(1 << 4, OUT_W1TC);
    };
    let program = interrupt_program(GPIO + 0x74 + 4 * 5, ANY_EDGE_INTERRUPT, trigger);
    let ran = carry_out(program, EYE, "- delay: 100ms\n");
    assert_eq!(ran.ended, HowEnded::StepsDone);
    assert_eq!(ran.session.machine().register(S0 as u8), 2, "its begin and its end");
}

#[test]
fn an_ultrasonic_sensor_answers_as_long_as_its_distance_is() {
    let rounds = |steps: &str| {
        let ran = carry_out(echo_program(), EYE, &format!("{steps}- delay: 100ms\n"));
        assert_eq!(ran.ended, HowEnded::StepsDone);
        ran.session.machine().register(S0 as u8)
    };
    let set = |to| format!("- set-control: {{part-id: eye1, name: distance, value: {to}}}\n");
    let metre = rounds("");
    assert!(metre > 1_000, "{metre}");
    for (centimetres, expected) in [(200, 2 * metre), (50, metre / 2), (10, metre / 10)] {
        let rounds = rounds(&set(centimetres));
        assert!(rounds.abs_diff(expected) <= 2, "{centimetres} cm: {rounds}, {metre} a metre");
    }
}
