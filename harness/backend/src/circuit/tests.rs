//! Circuits as diagrams give them.

use std::collections::BTreeMap;

use super::*;

const HEAD: &str = r#"{ "type": "board-esp32-c3-devkitm-1", "id": "esp" }"#;

/// A chip whose outputs are given; its other pins show what drives them, or their pull-up.
#[derive(Default)]
struct Chip {
    outputs: BTreeMap<u8, bool>,
    driven: BTreeMap<u8, bool>,
    pulled_up: bool,
}

impl ChipPins for Chip {
    fn output(&self, pin: u8) -> Option<bool> {
        self.outputs.get(&pin).copied()
    }

    fn level(&self, pin: u8) -> bool {
        let driven = self.driven.get(&pin).copied();
        self.output(pin).or(driven).unwrap_or(self.pulled_up)
    }
}

impl Chip {
    fn with(outputs: &[(u8, bool)]) -> Self {
        Self { outputs: outputs.iter().copied().collect(), ..Self::default() }
    }

    /// With what the circuit drives it to.
    fn in_circuit(mut self, circuit: &Circuit) -> Self {
        let drives = circuit.drives(&self);
        self.driven = drives.iter().filter_map(|&(pin, level)| Some((pin, level?))).collect();
        self
    }
}

fn read(parts: &[(&str, &str, &str)], wires: &[(&str, &str)]) -> ReadCircuit {
    let part = |(id, kind, attributes): &(&str, &str, &str)| {
        format!(r#"{{ "type": "{kind}", "id": "{id}", "attrs": {{ {attributes} }} }}"#)
    };
    let parts: Vec<String> =
        std::iter::once(HEAD.to_owned()).chain(parts.iter().map(part)).collect();
    let wires: Vec<String> =
        wires.iter().map(|(a, b)| format!(r#"["{a}", "{b}", "red", []]"#)).collect();
    let text =
        format!(r#"{{ "parts": [{}], "connections": [{}] }}"#, parts.join(","), wires.join(","));
    Circuit::read(&text).unwrap()
}

fn circuit(parts: &[(&str, &str, &str)], wires: &[(&str, &str)]) -> Circuit {
    let ReadCircuit { circuit, warnings } = read(parts, wires);
    assert_eq!(warnings, Vec::<String>::new());
    circuit
}

fn level(circuit: &Circuit, terminal: &str, chip: &Chip) -> bool {
    circuit.level(&Terminal::parse(terminal).unwrap(), chip)
}

/// A button between pin 9 and ground.
fn button() -> Circuit {
    let wires = [("btn1:1.l", "esp:9"), ("btn1:2.r", "esp:GND.1")];
    circuit(&[("btn1", "wokwi-pushbutton", "")], &wires)
}

#[test]
fn a_button_pulls_its_pin_to_ground_while_it_is_pressed() {
    let mut circuit = button();
    let up = || Chip { pulled_up: true, ..Chip::default() };
    assert_eq!(circuit.drives(&up()), [(9, None)]);
    assert!(level(&circuit, "btn1:1.r", &up().in_circuit(&circuit)), "both sides of a contact");
    assert!(circuit.turn("btn1", &Value::Number(1.0)));
    assert_eq!(circuit.drives(&up()), [(9, Some(false))]);
    let chip = up().in_circuit(&circuit);
    assert!(!level(&circuit, "btn1:1.r", &chip) && !level(&circuit, "esp:9", &chip));
    circuit.turn("btn1", &Value::Number(0.0));
    assert_eq!(circuit.drives(&up()), [(9, None)]);
}

#[test]
fn a_light_shows_the_output_behind_its_resistor() {
    let parts = [("led1", "wokwi-led", ""), ("r1", "wokwi-resistor", r#""value": "220""#)];
    let wires = [("esp:GPIO8", "r1:1"), ("r1:2", "led1:A"), ("led1:C", "esp:GND.2")];
    let circuit = circuit(&parts, &wires);
    for high in [false, true] {
        let chip = Chip::with(&[(8, high)]);
        assert_eq!(level(&circuit, "led1:A", &chip), high);
        assert_eq!(level(&circuit, "esp:8", &chip), high, "by another name");
        assert!(!level(&circuit, "led1:C", &chip));
    }
}

#[test]
fn a_resistor_to_the_supply_is_stronger_than_nothing_and_weaker_than_a_button() {
    let parts = [("btn1", "wokwi-pushbutton", ""), ("r1", "wokwi-resistor", r#""value": "10k""#)];
    let wires = [
        ("btn1:1.l", "esp:4"),
        ("btn1:2.l", "esp:GND.1"),
        ("r1:1", "esp:4"),
        ("r1:2", "esp:3V3.1"),
    ];
    let mut circuit = circuit(&parts, &wires);
    assert_eq!(circuit.drives(&Chip::default()), [(4, Some(true))]);
    circuit.turn("btn1", &Value::Number(1.0));
    assert_eq!(circuit.drives(&Chip::default()), [(4, Some(false))]);
}

#[test]
fn a_slide_switch_joins_its_middle_with_one_end() {
    let wires = [("sw1:2", "esp:5"), ("sw1:1", "esp:GND.1"), ("sw1:3", "esp:3V3.1")];
    let mut left = circuit(&[("sw1", "wokwi-slide-switch", "")], &wires);
    assert_eq!(left.drives(&Chip::default()), [(5, Some(false))]);
    left.turn("sw1", &Value::Number(1.0));
    assert_eq!(left.drives(&Chip::default()), [(5, Some(true))]);
    let right = circuit(&[("sw1", "wokwi-slide-switch", r#""value": "1""#)], &wires);
    assert_eq!(right.drives(&Chip::default()), [(5, Some(true))]);
}

/// A potentiometer between the rails, its wiper on pin 3.
fn potentiometer(attributes: &str) -> Circuit {
    let wires = [("pot1:GND", "esp:GND.1"), ("pot1:VCC", "esp:3V3.1"), ("pot1:SIG", "esp:3")];
    circuit(&[("pot1", "wokwi-potentiometer", attributes)], &wires)
}

fn turned_to(mut circuit: Circuit, fraction: f64) -> Circuit {
    assert!(circuit.turn("pot1", &Value::Number(fraction)));
    circuit
}

#[test]
fn a_potentiometer_is_a_voltage_and_from_its_middle_on_a_level() {
    let check = |circuit: &Circuit, millivolts: u16, high: bool| {
        let chip = Chip::default();
        assert_eq!(circuit.voltages(&chip), [(3, Some(Millivolts(millivolts)))]);
        assert_eq!(circuit.drives(&chip), [(3, Some(high))], "{millivolts} mV");
    };
    check(&potentiometer(""), 0, false);
    check(&potentiometer(r#""value": "1023""#), 3_300, true);
    check(&turned_to(potentiometer(""), 0.25), 825, false);
    check(&turned_to(potentiometer(""), 0.75), 2_475, true);
    check(&turned_to(potentiometer(""), 1.0), 3_300, true);
}

#[test]
fn a_potentiometer_needs_no_wires_to_the_rails() {
    let loose = circuit(&[("pot1", "wokwi-potentiometer", "")], &[("pot1:SIG", "esp:3")]);
    let voltages = turned_to(loose, 0.5).voltages(&Chip::default());
    assert_eq!(voltages, [(3, Some(Millivolts(1_650)))]);
}

#[test]
fn an_output_can_supply_a_potentiometer_of_another_pin() {
    let wires = [("pot1:GND", "esp:GND.1"), ("pot1:VCC", "esp:8"), ("pot1:SIG", "esp:0")];
    let circuit = turned_to(circuit(&[("pot1", "wokwi-slide-potentiometer", "")], &wires), 0.5);
    let of = |chip: &Chip| circuit.voltages(chip);
    assert_eq!(of(&Chip::with(&[(8, true)])), [(0, Some(Millivolts(1_650)))]);
    assert_eq!(of(&Chip::with(&[(8, false)])), [(0, Some(Millivolts(0)))]);
    assert_eq!(circuit.crossing_pins(), 1 << 0 | 1 << 8, "so each change of the output is noticed");
}

#[test]
fn only_pins_with_an_adc_behind_something_that_resists_have_a_voltage() {
    let parts = [("r1", "wokwi-resistor", ""), ("btn1", "wokwi-pushbutton", "")];
    let wires = [
        ("r1:1", "esp:8"),
        ("r1:2", "esp:3V3.1"),
        ("btn1:1.l", "esp:2"),
        ("btn1:2.l", "esp:GND.1"),
    ];
    assert_eq!(circuit(&parts, &wires).voltages(&Chip::default()), []);
}

#[test]
fn an_output_reaches_another_pin_over_a_wire_and_never_itself() {
    let circuit = circuit(&[], &[("esp:4", "esp:5")]);
    assert_eq!(circuit.crossing_pins(), 1 << 4 | 1 << 5);
    let chip = Chip::with(&[(4, true)]);
    let mut drives = circuit.drives(&chip);
    drives.sort_unstable();
    assert_eq!(drives, [(4, None), (5, Some(true))]);
}

#[test]
fn pins_that_only_share_ground_do_not_cross() {
    let parts = [("a", "wokwi-pushbutton", ""), ("b", "wokwi-pushbutton", "")];
    let wires =
        [("a:1.l", "esp:4"), ("a:2.l", "esp:GND.1"), ("b:1.l", "esp:5"), ("b:2.l", "esp:GND.1")];
    assert_eq!(circuit(&parts, &wires).crossing_pins(), 0);
}

#[test]
fn an_analyzer_watches_the_pins_that_reach_it() {
    let parts = [("la", "wokwi-logic-analyzer", ""), ("r1", "wokwi-resistor", "")];
    let wires = [("esp:4", "la:D0"), ("esp:5", "r1:1"), ("r1:2", "la:D7"), ("esp:6", "esp:GND.1")];
    let circuit = circuit(&parts, &wires);
    assert_eq!((circuit.analyzed_pins(), circuit.crossing_pins()), (1 << 4 | 1 << 5, 0));
    let analyzers = circuit.analyzers();
    assert_eq!((analyzers.len(), analyzers[0].1.len()), (1, 8));
    let chip = Chip::with(&[(5, true)]);
    assert!(level(&circuit, "la:D7", &chip) && !level(&circuit, "la:D0", &chip));
}

#[test]
fn what_is_not_known_is_named_and_left_out() {
    let parts = [("dht1", "wokwi-dht22", ""), ("led1", "wokwi-led", "")];
    let wires = [
        ("dht1:SDA", "esp:4"),
        ("led1:K", "esp:4"),
        ("ledd:A", "esp:4"),
        ("$serialMonitor:RX", "esp:TX"),
    ];
    let ReadCircuit { circuit, warnings } = read(&parts, &wires);
    assert_eq!(
        warnings,
        [
            "part `dht1` is a wokwi-dht22, which this version does not simulate: it is left out",
            "wire 1 goes to `led1:K`, but a wokwi-led has no pin `K`: it is left out",
            "wire 2 goes to `ledd:A`, but no part has the id `ledd`: it is left out",
        ]
    );
    assert_eq!(circuit.drives(&Chip::default()), []);
}

#[test]
fn a_pin_that_no_wire_goes_to_shows_what_the_chip_does() {
    let circuit = circuit(&[], &[]);
    let chip = Chip::with(&[(3, true)]);
    assert!(level(&circuit, "esp:3", &chip) && !level(&circuit, "esp:2", &chip));
    assert!(level(&circuit, "esp:3V3.2", &chip) && !level(&circuit, "esp:GND.1", &chip));
}

fn check(steps: &str, problems: &[&str], skipped: &[&str]) {
    let parts = [
        ("btn1", "wokwi-pushbutton", ""),
        ("led1", "wokwi-led", ""),
        ("pot1", "wokwi-potentiometer", ""),
        ("dht1", "wokwi-dht22", ""),
    ];
    let ReadCircuit { circuit, .. } = read(&parts, &[]);
    let text = format!("name: a\nversion: 1\nsteps:\n- {steps}\n- delay: 1ms\n");
    let scenario = ramscope_scenario::parse("a.yaml", &text).scenario.unwrap();
    let checked = circuit.check(&scenario);
    let found: Vec<String> = checked.problems.iter().map(ToString::to_string).collect();
    assert_eq!(found, problems);
    let reasons: Vec<&str> = checked.skipped.iter().map(|skip| skip.reason.as_str()).collect();
    assert_eq!(reasons, skipped);
}

#[test]
fn a_step_that_fits_the_diagram_is_left_alone() {
    check("expect-pin: {part-id: esp, name: 4, value: 1}", &[], &[]);
    check("expect-pin: {part-id: btn1, name: 1.l, value: 0}", &[], &[]);
    check("set-control: {part-id: btn1, name: pressed, value: 1}", &[], &[]);
    check("set-control: {part-id: pot1, name: position, value: 0.5}", &[], &[]);
    check("expect-pin: {part-id: pot1, name: SIG, value: 1}", &[], &[]);
}

#[test]
fn a_wrong_name_has_its_sentence() {
    check(
        "expect-pin: {part-id: led, name: A, value: 1}",
        &["a.yaml:4:3: error[unknown-part]: the diagram has no part `led` (fix: led1)"],
        &[],
    );
    check(
        "set-control: {part-id: knob, name: pressed, value: 1}",
        &["a.yaml:4:3: error[unknown-part]: the diagram has no part `knob`; it has esp, btn1, \
           led1, pot1, dht1"],
        &[],
    );
    check(
        "expect-pin: {part-id: led1, name: K, value: 1}",
        &["a.yaml:4:3: error[unknown-pin]: `led1`, a wokwi-led, has no pin `K`; it has A, C"],
        &[],
    );
    check(
        "set-control: {part-id: btn1, name: press, value: 1}",
        &["a.yaml:4:3: error[unknown-control]: `btn1`, a wokwi-pushbutton, has no control \
           `press` (fix: pressed)"],
        &[],
    );
    check(
        "set-control: {part-id: led1, name: pressed, value: 1}",
        &["a.yaml:4:3: error[unknown-control]: `led1`, a wokwi-led, has no controls"],
        &[],
    );
    check(
        "set-control: {part-id: btn1, name: pressed, value: 2}",
        &["a.yaml:4:3: error[invalid-control-value]: `pressed` of `btn1` is 0 or 1, not `2`"],
        &[],
    );
    check(
        "set-control: {part-id: pot1, name: position, value: 50}",
        &[
            "a.yaml:4:3: error[invalid-control-value]: `position` of `pot1` is from 0 to 1, not `50`",
        ],
        &[],
    );
}

#[test]
fn a_distance_is_within_what_the_sensor_hears() {
    let parts = [("eye1", "wokwi-hc-sr04", "")];
    let wires = [("eye1:TRIG", "esp:2"), ("eye1:ECHO", "esp:3"), ("eye1:VCC", "esp:5V.1")];
    let mut circuit = circuit(&parts, &wires);
    for (value, allowed) in [(0.0, true), (12.5, true), (400.0, true), (401.0, false)] {
        assert_eq!(circuit.turn("eye1", &Value::Number(value)), allowed, "{value}");
    }
    let mut chip = Chip::with(&[(2, false)]).in_circuit(&circuit);
    assert!(!level(&circuit, "esp:3", &chip));
    let mut sounders: Vec<_> =
        circuit.sounders().into_iter().map(|place| (place, Sounder::default())).collect();
    let at = |micros: u64| Instant::from_picos(micros * 1_000_000);
    for (high, micros) in [(true, 0), (false, 10), (false, 470)] {
        chip = Chip::with(&[(2, high)]);
        circuit.sound(&mut sounders, &chip, at(micros));
    }
    assert!(level(&circuit, "esp:3", &chip.in_circuit(&circuit)), "the echo has begun");
    assert_eq!(circuit.trigger_pins(), 1 << 2);
}

#[test]
fn what_this_version_lacks_is_a_skip_and_no_mistake() {
    check(
        "expect-pin: {part-id: dht1, name: SDA, value: 1}",
        &[],
        &["part `dht1` is a wokwi-dht22, which this version does not simulate"],
    );
}
