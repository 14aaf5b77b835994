//! The kernel is held while it works, and interrupts come nevertheless: before each of many instructions
//! of a program that spawns, locks, switches, prints and ends threads.

use crate::device;
use ramscope_engine::{Machine, Options};
use ramscope_time::{Instant, Span};

/// The software interrupt: its source in the matrix, and the register that its handler clears.
const SOFTWARE: u8 = 50;
const FROM_CPU_0: u32 = 0x600C_0028;
/// What the program says in the end, whoever interrupts it.
const RESULT: &str = "race: 8 of 8 updates are left, 0 were lost";
/// It has said that, and everybody waits again.
const END: Span = Span::from_millis(40);

/// A machine about to run the program.
fn asked() -> Machine {
    let mut machine = Machine::esp32c3(device::image(), &Options::default());
    let _ = machine.run(Instant::ZERO + Span::from_millis(100));
    machine.receive_uart0(b"trace off\n");
    let _ = machine.run(machine.now() + END);
    let _ = machine.take_uart0();
    machine.receive_uart0(b"run race lock=on times=4\n");
    machine
}

/// Runs it to the end: its text, and how many instructions it took.
fn text_of(machine: &mut Machine) -> (String, u64) {
    let before = machine.instructions();
    let _ = machine.run(machine.now() + END);
    let bytes: Vec<u8> = machine.take_uart0().iter().map(|sent| sent.byte).collect();
    (String::from_utf8_lossy(&bytes).into_owned(), machine.instructions() - before)
}

/// Interrupts right before the instructions at `offsets` from where the program begins.
fn check(ground: &Machine, offsets: &[u64]) {
    let mut machine = ground.clone();
    let from = machine.instructions();
    offsets.iter().for_each(|offset| machine.raise_after(from + offset, SOFTWARE));
    let (text, _) = text_of(&mut machine);
    assert!(text.contains(RESULT), "interrupted at {offsets:?}: {text}");
    let level = machine.read_word(FROM_CPU_0).expect("a register");
    assert_eq!(level, 0, "interrupted at {offsets:?}: the handler never ran");
}

#[test]
fn what_interrupts_at_any_instruction_comes_and_breaks_nothing() {
    let ground = asked();
    let (text, instructions) = text_of(&mut ground.clone());
    assert!(text.contains(RESULT), "{text}");
    // A step that divides no loop's length, and a second one while the first is put off or served.
    for offset in (0..instructions).step_by(29) {
        check(&ground, &[offset, offset + 31]);
    }
}
