//! Every program prints the same text on the host port and on the engine, or is listed here with
//! the reason.

use crate::device::Device;
use ramscope_apps::PROGRAMS;

/// How a program's text is compared.
enum Comparison {
    /// Byte for byte.
    Exact,
    /// Without figures that depend on the size of a pointer or on the speed of the processor.
    Masked(fn(&str) -> String),
    /// Not at all, for this reason.
    Never(&'static str),
}

/// Programs that are not compared byte for byte, with the `run` arguments that make them short.
const EXCEPTIONS: &[(&str, &str, Comparison)] = &[
    // A thread's block holds its body, whose size depends on the size of a pointer.
    ("uncaught", "", Comparison::Masked(without_bytes)),
    // Its figures are of the engine's stacks, and ages depend on the speed of the processor; a collection of
    // the host's, which cannot scan stacks, finds nothing that stays.
    ("headroom", "", Comparison::Masked(without_collections)),
    // On the host nobody is preempted in the middle of an update; the race is found on both.
    ("race", " times=200", Comparison::Masked(without_numbers)),
    // Without this argument it never ends, which is its point; its ages are of the processor.
    ("deadlock", " kind=mutex", Comparison::Masked(without_numbers)),
    // It says how long a thread waited.
    ("inversion", "", Comparison::Masked(without_numbers)),
    // What a closure takes depends on the size of a pointer.
    ("hoard", "", Comparison::Masked(without_bytes)),
    // It names where in memory a block lies.
    ("misuse", "", Comparison::Masked(without_addresses)),
    // How many blocks fill the heap depends on its size.
    ("holes", "", Comparison::Masked(without_numbers)),
    ("growth", "", Comparison::Masked(without_numbers)),
    // Who comes first decides which ticks are lost.
    ("storm", "", Comparison::Masked(without_numbers)),
    // Computing takes no time on the host, so a few readings more or less fit into a second.
    ("demo", " seconds=3", Comparison::Masked(without_numbers)),
    ("bench", "", Comparison::Never("the clock of the host stands still while a loop is measured")),
    ("coop", "", Comparison::Never("computing takes no time on the host: the busy one never ends")),
    ("overflow", "", Comparison::Never("units of the host port run on stacks of the host")),
    ("garbage", "", Comparison::Never("stacks of the host cannot be scanned")),
    ("memory", "", Comparison::Never(MODULES)),
    ("errands", "", Comparison::Never(MODULES)),
    ("robot", "", Comparison::Never(MODULES)),
    ("store", "", Comparison::Never(MODULES)),
    ("dig", "", Comparison::Never("it overflows a stack inside of a module")),
    ("slices", "", Comparison::Never("computing takes no time on the host: nobody is preempted")),
    ("fault", "", Comparison::Never("an illegal access on the host ends the whole process")),
];

const MODULES: &str = "modules are linked statically on the host, where tests/modules.rs runs it";

/// Puts `N` for each number before ` B`.
fn without_bytes(text: &str) -> String {
    let mut words: Vec<&str> = text.split(' ').collect();
    for at in 1..words.len() {
        let is_number = words[at - 1].parse::<u32>().is_ok();
        let unit = words[at].strip_prefix('B');
        let is_bytes = unit.is_some_and(|rest| !rest.starts_with(char::is_alphanumeric));
        if is_number && is_bytes {
            words[at - 1] = "N";
        }
    }
    words.join(" ")
}

/// Puts `0x` for each address.
fn without_addresses(text: &str) -> String {
    let words = text.split(' ').map(|word| if word.starts_with("0x") { "0x" } else { word });
    words.collect::<Vec<_>>().join(" ")
}

/// Puts `N` for each number.
fn without_numbers(text: &str) -> String {
    let mut masked = String::new();
    for letter in text.chars() {
        match letter {
            '0'..='9' if masked.ends_with('N') => {}
            '0'..='9' => masked.push('N'),
            other => masked.push(other),
        }
    }
    masked
}

/// Without numbers, and without what a collection tells by itself.
fn without_collections(text: &str) -> String {
    let told = |line: &&str| {
        line.starts_with("collect ") || line.contains(" B of unit ") || line.starts_with("    0x")
    };
    let lines: String = text.split_inclusive('\n').filter(|line| !told(line)).collect();
    without_numbers(&lines)
}

/// From the echo of `command` to the program's last line.
fn between(text: &str, command: &str, name: &str) -> String {
    let (_, after) = text.split_once(&format!("> {command}\n")).expect("the echo");
    let end = format!("{name}: ended\n");
    let at = after.find(&end).unwrap_or_else(|| panic!("{name} does not end:\n{text}"));
    after[..at + end.len()].to_owned()
}

fn on_host(command: &str, name: &str) -> String {
    let run = ramscope_board_host::run(PROGRAMS, &[command], 60);
    between(&run.text, command, name)
}

fn on_engine(command: &str, name: &str) -> String {
    let mut device = Device::ready();
    device.ask(command, &format!("{name}: ended\n"));
    between(&device.text(), command, name)
}

fn check(name: &str) {
    let exception = EXCEPTIONS.iter().find(|(program, ..)| *program == name);
    let (_, arguments, comparison) = exception.unwrap_or(&("", "", Comparison::Exact));
    let command = format!("run {name}{arguments}");
    match comparison {
        Comparison::Exact => {
            assert_eq!(on_host(&command, name), on_engine(&command, name), "{name}");
        }
        Comparison::Masked(mask) => {
            let texts = [on_host(&command, name), on_engine(&command, name)];
            assert_eq!(mask(&texts[0]), mask(&texts[1]), "{name}: {texts:#?}");
        }
        Comparison::Never(reason) => println!("{name} is not compared: {reason}"),
    }
}

#[test]
fn every_program_prints_the_same_on_host_and_engine_or_is_listed() {
    PROGRAMS.iter().for_each(|program| check(program.name));
}

#[test]
fn no_exception_is_stale() {
    for (name, ..) in EXCEPTIONS {
        assert!(PROGRAMS.iter().any(|program| program.name == *name), "{name}");
    }
}

#[test]
fn the_image_lists_the_programs_that_it_holds() {
    let section = crate::device::image().section(".ramscope.programs").expect("the section");
    assert_eq!(String::from_utf8_lossy(section), ramscope_apps::names());
}
