//! Modules on the built-in machine: real ones, loaded as bytes into RAM and run there.

use crate::device::Device;
use ramscope_time::Span;
use ramscope_wire::Record;

/// The modules that the image has, each before those that need it.
const MODULES: [&str; 6] = ["hello", "sysfont", "ini_parser", "hcsr04", "flashbdev", "ST7735"];

/// The used bytes in a line of the command `mem`.
fn used(device: &mut Device) -> u32 {
    device.ask("mem", "owner");
    let text = device.text();
    let line =
        text.lines().rfind(|line| line.starts_with("heap: ")).expect("the first line of mem");
    let (_, rest) = line.split_once("used ").expect("a figure");
    rest.split(' ').next().expect("a word").parse().expect("a number")
}

fn import(device: &mut Device, name: &str) {
    device.ask(&format!("import {name}"), ": imported");
}

fn unload(device: &mut Device, name: &str) {
    device.ask(&format!("del {name}"), "keeps its");
    device.ask(&format!("unload {name}"), "came back");
}

#[test]
fn every_module_comes_and_goes_and_leaves_nothing() {
    let mut device = Device::ready();
    let before = used(&mut device);
    for name in MODULES {
        import(&mut device, name);
        assert!(used(&mut device) > before, "{name} takes nothing");
        unload(&mut device, name);
        if name == "ST7735" {
            // It draws with it, and nobody has a name for it.
            device.ask("unload sysfont", "came back");
        }
        assert_eq!(used(&mut device), before, "{name} left something:\n{}", device.text());
    }
}

/// semantics.md 4.6: the second cycle of import and unload adds nothing, not even a name.
#[test]
fn a_second_import_and_unload_costs_nothing_more() {
    let mut device = Device::ready();
    import(&mut device, "hello");
    let first = used(&mut device);
    unload(&mut device, "hello");
    let after_first = used(&mut device);
    import(&mut device, "hello");
    assert_eq!(used(&mut device), first);
    unload(&mut device, "hello");
    assert_eq!(used(&mut device), after_first);
}

/// What each phase took and gave back adds up to what the module has, and its peak was never below it.
#[test]
fn the_phases_of_an_import_add_up() {
    let mut device = Device::ready();
    import(&mut device, "sysfont");
    unload(&mut device, "sysfont");
    let (mut held, mut phases, mut freed) = (0, Vec::new(), None);
    device.each_record(|_, record| match record {
        Record::ModulePhase(phase) => {
            assert!(phase.ok);
            assert_eq!(phase.held, held + phase.taken - phase.given_back, "{phase:?}");
            assert!(phase.peak >= phase.held.max(held), "{phase:?}");
            held = phase.held;
            phases.push(phase.phase.to_string());
        }
        Record::ModuleEnd(end) => freed = Some(end),
        _ => {}
    });
    assert_eq!(phases, ["find", "read", "parse", "link", "initialise", "end"]);
    let freed = freed.expect("it ended");
    assert_eq!((freed.freed, freed.leftover), (held, 0));
}

/// Each allocation of an import fails once, until one import finds none that is to fail: nothing is
/// left behind, and what came before stays as it was.
#[test]
fn whichever_allocation_of_an_import_fails_nothing_is_left() {
    let mut device = Device::ready();
    let before = used(&mut device);
    for nth in 1..20 {
        device.fail_allocation(nth, "import");
        device.ask("import hello", "hello");
        device.run_for(Span::from_millis(50));
        let text = device.text();
        let last = text.lines().rfind(|line| line.starts_with("hello")).expect("an answer");
        if last.ends_with("on the way") {
            assert!(nth > 2, "an import has more allocations than {nth}");
            device.fail_allocation(0, "");
            unload(&mut device, "hello");
            assert_eq!(used(&mut device), before);
            return;
        }
        assert!(last.contains("is not imported: out of memory"), "{nth}: {last}");
        assert_eq!(used(&mut device), before, "the failed allocation {nth} left something");
    }
    panic!("imports have no end of allocations:\n{}", device.text());
}

/// The stack of the thread in which an import runs cannot be had.
#[test]
fn without_memory_for_its_thread_an_import_is_refused() {
    let mut device = Device::ready();
    let before = used(&mut device);
    device.fail_allocation(1, "console");
    device.ask("import hello", "is not imported: out of memory");
    assert_eq!(used(&mut device), before);
    import(&mut device, "hello");
}

#[test]
fn i14_a_name_that_the_image_has_not_is_refused() {
    let mut device = Device::ready();
    let before = used(&mut device);
    device.ask("import nothing", "nothing is not imported: the image has no such module");
    device.ask("unload nothing", "no module `nothing` is loaded");
    device.ask("del nothing", "the console has no name `nothing`");
    assert_eq!(used(&mut device), before);
}
