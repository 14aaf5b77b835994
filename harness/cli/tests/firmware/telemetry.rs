//! Telemetry of the real image: nothing lost, figures that add up, and text that it leaves alone.

use crate::device::{Device, workspace};
use ramscope_scenario::{Command, Scenario};
use ramscope_time::Span;
use ramscope_wire::{HeapSample, OwnerSample, Record};
use std::fs;

/// The scenarios about threads, with their file names.
fn scenarios() -> Vec<(String, Scenario)> {
    let folder = workspace().root().join("scenarios/threads");
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let parsed = ramscope_scenario::parse(&name, &fs::read_to_string(&path).unwrap());
        found.push((name, parsed.scenario.expect("ours are valid")));
    }
    found.sort_by(|a, b| a.0.cmp(&b.0));
    assert!(found.len() >= 6);
    found
}

/// What a scenario types, and the texts that it waits for, in order.
fn typed_and_awaited(scenario: &Scenario) -> (Vec<String>, Vec<String>) {
    let (mut typed, mut awaited) = (Vec::new(), Vec::new());
    for step in &scenario.steps {
        match &step.command {
            Command::WriteSerial(bytes) => {
                typed.push(String::from_utf8_lossy(bytes).trim_end().to_owned());
            }
            Command::WaitSerial(bytes) => awaited.push(String::from_utf8_lossy(bytes).into_owned()),
            _ => {}
        }
    }
    (typed, awaited)
}

/// Lines that a program wrote: no echo, and no unit numbers, because the thread that writes frames
/// has one too.
fn program_lines(text: &str) -> Vec<String> {
    let (_, text) = text.split_once("ready\n").expect("the device was ready");
    let lines = text.lines().filter(|line| !line.starts_with("> "));
    lines.map(without_unit).collect()
}

fn without_unit(line: &str) -> String {
    match line.split_once("(unit ") {
        Some((before, after)) => {
            format!("{before}{}", after.trim_start_matches(|digit: char| digit.is_ascii_digit()))
        }
        None => line.to_owned(),
    }
}

/// Runs what a scenario types; with frames on, if that is typed first.
fn run(first: Option<&str>, typed: &[String], last: &str) -> Device {
    let mut device = Device::ready();
    if let Some(first) = first {
        device.type_line(first);
        device.run_for(Span::from_millis(50));
    }
    for line in typed {
        device.ask(line, last);
    }
    device.run_for(Span::from_millis(300));
    device
}

#[test]
fn frames_leave_the_text_and_every_step_as_they_are() {
    for (name, scenario) in scenarios() {
        let (typed, awaited) = typed_and_awaited(&scenario);
        if typed.iter().any(|line| !line.starts_with("run ")) {
            // What asks while a program runs has to be typed in time.
            continue;
        }
        let last = awaited.last().expect("it waits for something");
        let without = run(None, &typed, last).text();
        let with = run(Some("telemetry frames"), &typed, last).split();
        assert!(with.records > 50, "{name}: {} records", with.records);
        if name == "demo.yaml" {
            // Six threads have more to say than 115200 baud can carry: the device drops and counts.
            assert!(u64::from(with.dropped) <= with.lost && with.lost < with.records, "{name}");
        } else {
            assert_eq!((with.lost, with.dropped), (0, 0), "{name}");
        }
        let mut lines = [&with.text, &without].map(|text| program_lines(text));
        if ["demo.yaml", "suspended-for-ever.yaml"].contains(&name.as_str()) {
            // Threads meet at the same instants, and a microsecond decides who counts first; reports tell
            // ages in them.
            lines.iter_mut().flatten().for_each(|line| line.retain(|it| !it.is_ascii_digit()));
        }
        assert_eq!(lines[0], lines[1], "{name}");
        for text in [&with.text, &without] {
            let mut rest = text.as_str();
            for pattern in &awaited {
                let at = rest.find(pattern.as_str());
                let at = at.unwrap_or_else(|| panic!("{name}: no `{pattern}` in:\n{text}"));
                rest = &rest[at + pattern.len()..];
            }
        }
    }
}

#[test]
fn with_frames_on_there_is_no_echo() {
    let device = run(Some("telemetry frames"), &["run counting".to_owned()], "counting: ended\n");
    assert!(!device.text().contains("run counting"), "{}", device.text());
}

#[test]
fn after_frames_are_off_the_ring_and_the_echo_are_back() {
    let mut device = Device::ready();
    device.type_line("telemetry frames");
    device.run_for(Span::from_millis(300));
    device.type_line("telemetry off");
    device.run_for(Span::from_millis(300));
    let records = device.split().records;
    device.ask("run caught", "caught: ended\n");
    assert!(device.text().contains("> run caught\n"), "{}", device.text());
    assert_eq!(device.split().records, records);
}

#[test]
fn frames_that_are_switched_off_and_on_in_a_breath_have_one_row_of_numbers() {
    let mut device = Device::ready();
    for _ in 0..3 {
        device.type_line("telemetry frames");
        device.run_for(Span::from_millis(3));
        device.type_line("telemetry off");
        device.run_for(Span::from_millis(3));
    }
    device.type_line("telemetry frames");
    device.run_for(Span::from_millis(2_500));
    let (frames, lost) = device.frame_counts();
    assert!(frames > 10 && lost == 0, "{frames} frames, {lost} lost");
}

#[test]
fn no_record_of_the_ring_is_lost_at_any_level() {
    for level in ["samples", "events", "all"] {
        let mut device = Device::ready();
        device.ask(&format!("trace {level}"), "\n");
        device.ask("run demo seconds=3", "demo: ended\n");
        let mut records = 0;
        device.each_record(|_, _| records += 1);
        println!("{level}: {records} records in {}", device.now());
    }
}

/// The heap's samples, each with the owners' samples that follow at once.
fn heap_rounds(device: &Device) -> Vec<(HeapSample, Vec<OwnerSample>)> {
    let mut rounds: Vec<(HeapSample, Vec<OwnerSample>)> = Vec::new();
    let mut is_open = false;
    device.each_record(|_, record| match record {
        Record::HeapSample(heap) => {
            rounds.push((heap, Vec::new()));
            is_open = true;
        }
        Record::OwnerSample(owner) if is_open => rounds.last_mut().unwrap().1.push(owner),
        _ => is_open = false,
    });
    rounds
}

#[test]
fn at_every_sample_the_owners_add_up_to_what_is_used() {
    for command in ["counting", "shared", "uncaught", "fault", "overflow", "demo seconds=8"] {
        let mut device = Device::ready();
        let name = command.split(' ').next().unwrap();
        device.ask(&format!("run {command}"), &format!("{name}: ended\n"));
        device.run_for(Span::from_millis(300));
        let rounds = heap_rounds(&device);
        assert!(rounds.len() >= 4, "{command}: {} rounds", rounds.len());
        for (heap, owners) in rounds {
            assert_eq!(heap.used, heap.total - heap.free, "{command}: {heap:?}");
            let sum: u32 = owners.iter().map(|owner| owner.current).sum();
            assert_eq!(sum, heap.used, "{command}: {heap:?} {owners:?}");
            let blocks: u32 = owners.iter().map(|owner| owner.blocks).sum();
            assert_eq!(blocks, heap.used_blocks, "{command}: {heap:?} {owners:?}");
            assert!(heap.peak_boot >= heap.used && heap.largest_free <= heap.free, "{heap:?}");
        }
    }
}

#[test]
fn after_a_program_has_ended_the_heap_is_what_it_was_before() {
    for command in ["counting", "shared", "caught", "blink", "demo seconds=4"] {
        let mut device = Device::ready();
        device.run_for(Span::from_millis(250));
        let before = heap_rounds(&device).pop().expect("a sample").0;
        let name = command.split(' ').next().unwrap();
        device.ask(&format!("run {command}"), &format!("{name}: ended\n"));
        device.run_for(Span::from_millis(250));
        let after = heap_rounds(&device).pop().expect("a sample").0;
        assert!(after.peak_boot > before.used, "{command}");
        assert_eq!((after.used, after.free), (before.used, before.free), "{command}");
        assert_eq!(
            (after.used_blocks, after.free_blocks, after.largest_free),
            (before.used_blocks, before.free_blocks, before.largest_free),
            "{command}"
        );
    }
}

#[test]
fn every_unit_that_ends_was_introduced_and_ends_once() {
    let mut device = Device::ready();
    device.ask("run demo seconds=4", "demo: ended\n");
    let (mut made, mut ended) = (Vec::new(), Vec::new());
    device.each_record(|_, record| match record {
        Record::UnitNew(new) if !made.contains(&new.unit) => made.push(new.unit),
        Record::UnitEnd(end) => {
            assert!(made.contains(&end.unit), "{end:?}");
            assert!(!ended.contains(&end.unit), "{end:?}");
            ended.push(end.unit);
        }
        _ => {}
    });
    assert!(made.is_sorted(), "{made:?}");
    assert!(ended.len() >= 6 && made.len() == ended.len() + 2, "{made:?} {ended:?}");
}

#[test]
fn with_the_trace_off_nothing_is_written_and_nothing_counts_as_lost() {
    let mut device = Device::ready();
    device.ask("trace off", "\n");
    let count = |device: &Device| {
        let mut records = 0;
        device.each_record(|_, _| records += 1);
        records
    };
    let before = count(&device);
    device.ask("run demo seconds=1", "demo: ended\n");
    assert_eq!(count(&device), before);
    device.ask("trace samples", "\n");
    device.run_for(Span::from_millis(250));
    assert!(count(&device) > before + 10);
}

#[test]
fn a_window_begins_with_peaks_of_its_own() {
    let mut device = Device::ready();
    device.ask("run demo seconds=2", "demo: ended\n");
    device.run_for(Span::from_millis(200));
    device.ask("window", "window 1\n");
    device.run_for(Span::from_millis(300));
    let (mut before, mut after) = (None, None);
    device.each_record(|_, record| {
        if let Record::HeapSample(heap) = record {
            let place = if heap.window.0 == 0 { &mut before } else { &mut after };
            *place = Some(heap);
        }
    });
    let (before, after) = (before.unwrap(), after.unwrap());
    assert_eq!(before.peak_window, before.peak_boot);
    assert_eq!(after.peak_boot, before.peak_boot);
    assert!(after.peak_window < after.peak_boot, "{after:?}");
    assert!(after.peak_window >= after.used, "{after:?}");
}

#[test]
fn a_line_typed_while_a_program_prints_is_still_one_command() {
    let mut device = Device::ready();
    device.type_line("run demo seconds=3");
    device.run_for(Span::from_millis(950));
    // The logger prints in the middle of it.
    device.type_bytes("thr");
    device.run_for(Span::from_millis(200));
    device.type_line("eads");
    device.wait_for("demo: ended\n", Span::from_seconds(10));
    let text = device.text();
    assert!(text.contains("> threads\nunit name "), "{text}");
    assert!(text.contains("\nlogger: "), "{text}");
}
