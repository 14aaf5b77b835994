//! Interrupts through the matrix: software, timer, priorities, waiting.

use crate::asm::reg::*;
use crate::asm::{Asm, csr};
use crate::program::{machine, micros, ran};
use ramscope_engine::{Machine, Options, Stop};
use ramscope_time::Instant;

pub(crate) const MATRIX: u32 = 0x600C_2000;
pub(crate) const FROM_CPU_0: u32 = 0x600C_0028;
const THRESHOLD: u32 = MATRIX + 0x194;

/// Maps a source to a line of a priority and enables the line; uses `t0` to `t2`.
pub(crate) fn route(asm: &mut Asm, source: u32, line: u32, priority: u32) {
    asm.poke(MATRIX + 4 * source, line);
    asm.poke(MATRIX + 0x114 + 4 * line, priority);
    asm.peek(T2, MATRIX + 0x104);
    asm.li(T0, 1 << line);
    asm.r_type(0, 6, T1, T2, T0);
    asm.li(T0, MATRIX + 0x104);
    asm.sw(T1, 0, T0);
}

/// A table of 32 handlers: line `n` jumps to the label `line n` if there is one, else it stays.
pub(crate) fn vectors(asm: &mut Asm, lines: &[u32]) {
    asm.align(256);
    asm.label("vectors");
    for line in 0..32 {
        if lines.contains(&line) {
            asm.j(&format!("line {line}"));
        } else {
            asm.stay();
        }
    }
}

/// Sets mtvec to the vector table; uses `t0`.
pub(crate) fn use_vectors(asm: &mut Asm) {
    asm.la(T0, "vectors");
    asm.addi(T0, T0, 1);
    asm.csrrw(ZERO, csr::MTVEC, T0);
}

/// Raises software interrupt 0 and clears it in its handler on line 5, which counts in `s1`.
fn software_interrupt(asm: &mut Asm) {
    asm.csrrci(ZERO, csr::MSTATUS, 8);
    use_vectors(asm);
    route(asm, 50, 5, 3);
    asm.poke(FROM_CPU_0, 1);
    asm.addi(A0, S1, 0);
    asm.csrrsi(ZERO, csr::MSTATUS, 8);
    asm.addi(A1, S1, 0);
    asm.stay();
    asm.label("line 5");
    asm.csrr(A2, csr::MCAUSE);
    asm.addi(S1, S1, 1);
    asm.poke(FROM_CPU_0, 0);
    asm.mret();
    vectors(asm, &[5]);
}

#[test]
fn a_software_interrupt_is_taken_when_interrupts_are_enabled() {
    let machine = ran(software_interrupt);
    let found = [A0, A1, A2, S1].map(|n| machine.register(n as u8));
    assert_eq!(found, [0, 1, 0x8000_0005, 1]);
}

#[test]
fn mret_lets_a_pending_interrupt_in() {
    let machine = ran(|asm| {
        asm.csrrci(ZERO, csr::MSTATUS, 8);
        use_vectors(asm);
        route(asm, 50, 5, 3);
        asm.poke(FROM_CPU_0, 1);
        asm.la(T0, "after");
        asm.csrrw(ZERO, csr::MEPC, T0);
        asm.li(T0, 0x1880);
        asm.csrrw(ZERO, csr::MSTATUS, T0);
        asm.mret();
        asm.label("after");
        asm.addi(A0, S1, 0);
        asm.stay();
        asm.label("line 5");
        asm.csrr(A1, csr::MEPC);
        asm.addi(S1, S1, 1);
        asm.poke(FROM_CPU_0, 0);
        asm.mret();
        vectors(asm, &[5]);
    });
    assert_eq!(machine.register(A0 as u8), 1);
}

#[test]
fn the_higher_priority_goes_first_and_the_threshold_holds_back() {
    let machine = ran(|asm| {
        asm.csrrci(ZERO, csr::MSTATUS, 8);
        use_vectors(asm);
        route(asm, 50, 5, 2);
        route(asm, 51, 6, 7);
        route(asm, 52, 7, 1);
        asm.poke(THRESHOLD, 2);
        for n in 0..3 {
            asm.poke(FROM_CPU_0 + 4 * n, 1);
        }
        asm.csrrsi(ZERO, csr::MSTATUS, 8);
        asm.poke(THRESHOLD, 1);
        asm.stay();
        for (line, n) in [(5, 0), (6, 1), (7, 2)] {
            asm.label(&format!("line {line}"));
            asm.i_type(0x13, 1, S1, S1, 4); // slli
            asm.addi(S1, S1, line);
            asm.poke(FROM_CPU_0 + 4 * n, 0);
            asm.mret();
        }
        vectors(asm, &[5, 6, 7]);
    });
    assert_eq!(machine.register(S1 as u8), 0x657);
}

#[test]
fn a_level_interrupt_comes_again_until_its_source_falls() {
    let machine = ran(|asm| {
        asm.csrrci(ZERO, csr::MSTATUS, 8);
        use_vectors(asm);
        route(asm, 50, 5, 3);
        asm.poke(FROM_CPU_0, 1);
        asm.csrrsi(ZERO, csr::MSTATUS, 8);
        asm.stay();
        asm.label("line 5");
        asm.addi(S1, S1, 1);
        asm.addi(T0, ZERO, 3);
        asm.bne(S1, T0, "out");
        asm.poke(FROM_CPU_0, 0);
        asm.label("out");
        asm.mret();
        vectors(asm, &[5]);
    });
    assert_eq!(machine.register(S1 as u8), 3);
}

#[test]
fn a_source_raised_from_outside_comes_after_exactly_that_instruction() {
    let build = |asm: &mut Asm| {
        asm.csrrci(ZERO, csr::MSTATUS, 8);
        use_vectors(asm);
        route(asm, 50, 5, 3);
        route(asm, 16, 6, 3);
        asm.csrrsi(ZERO, csr::MSTATUS, 8);
        asm.label("count");
        asm.addi(S0, S0, 1);
        asm.j("count");
        for line in [5, 6] {
            asm.label(&format!("line {line}"));
            asm.addi(A0, S0, 0);
            asm.csrr(A1, csr::MEPC);
            asm.csrr(A2, csr::MCAUSE);
            asm.stay();
        }
        vectors(asm, &[5, 6]);
    };
    let quiet = {
        let mut machine = machine(build);
        let _ = machine.run(micros(10));
        machine
    };
    let setup = quiet.instructions() - 2 * u64::from(quiet.register(S0 as u8));
    for (source, line) in [(50, 5), (16, 6)] {
        let mut machine = machine(build);
        machine.raise_after(setup + 21, source);
        let _ = machine.run(micros(10));
        assert_eq!(machine.register(A0 as u8), 11);
        assert_eq!(machine.register(A2 as u8), 0x8000_0000 | line);
    }
}

const SYSTIMER: u32 = 0x6002_3000;

/// Sets comparator 0 to `ticks` of unit 0 and waits; the handler on line 4 counts in `s1`.
fn alarm(asm: &mut Asm, ticks: u32) {
    asm.csrrci(ZERO, csr::MSTATUS, 8);
    asm.watchdogs_off();
    use_vectors(asm);
    route(asm, 37, 4, 1);
    asm.poke(SYSTIMER + 0x1C, 0);
    asm.poke(SYSTIMER + 0x20, ticks);
    asm.poke(SYSTIMER + 0x34, 0);
    asm.poke(SYSTIMER + 0x50, 1);
    asm.poke(SYSTIMER, 0x4700_0000);
    asm.poke(SYSTIMER + 0x64, 1);
    asm.csrrsi(ZERO, csr::MSTATUS, 8);
    asm.label("idle");
    asm.wfi();
    asm.addi(S0, S0, 1);
    asm.j("idle");
    asm.label("line 4");
    asm.csrr(A0, csr::MPCCR);
    asm.addi(S1, S1, 1);
    asm.poke(SYSTIMER + 0x6C, 1);
    asm.mret();
    vectors(asm, &[4]);
}

#[test]
fn an_alarm_wakes_the_core_at_its_exact_tick() {
    let mut machine = machine(|asm| alarm(asm, 1_600_000));
    let tick = Instant::from_picos(1_600_000 * 62_500);
    assert_eq!(machine.run(tick), Stop::Reached);
    assert_eq!(machine.now(), tick);
    assert!(machine.is_waiting());
    let before = machine.instructions() as u32;
    assert!(before < 200, "idle time is skipped");
    let _ = machine.run(tick + ramscope_time::Span::from_micros(1));
    assert_eq!(machine.register(S1 as u8), 1);
    // mpccr stood still; then the vector ran before the handler's first instruction, which reads it
    assert_eq!(machine.register(A0 as u8), before + 1);
    assert_eq!(machine.register(S0 as u8), 1);
}

#[test]
fn waiting_for_nothing_is_a_deadlock() {
    let mut machine = machine(|asm| alarm(asm, 16));
    assert_eq!(machine.run(micros(1_000)), Stop::Deadlocked);
    assert_eq!(machine.now(), micros(1_000));
    assert_eq!(machine.run(micros(2_000)), Stop::Deadlocked);
    machine.raise_after(0, 37);
    assert_eq!(machine.run(micros(2_001)), Stop::Deadlocked);
    assert_eq!(machine.register(S1 as u8), 2, "input wakes it");
}

#[test]
fn waiting_ends_for_a_pending_interrupt_even_if_masked() {
    let machine = ran(|asm| {
        asm.csrrci(ZERO, csr::MSTATUS, 8);
        route(asm, 50, 5, 1);
        asm.poke(FROM_CPU_0, 1);
        asm.wfi();
        asm.addi(A0, ZERO, 1);
        asm.stay();
    });
    assert_eq!(machine.register(A0 as u8), 1);
}

#[test]
fn an_edge_interrupt_is_taken_once() {
    let machine = ran(|asm| {
        asm.csrrci(ZERO, csr::MSTATUS, 8);
        use_vectors(asm);
        asm.poke(MATRIX + 0x108, 1 << 5);
        route(asm, 50, 5, 3);
        asm.poke(FROM_CPU_0, 1);
        asm.csrrsi(ZERO, csr::MSTATUS, 8);
        asm.stay();
        asm.label("line 5");
        asm.addi(S1, S1, 1);
        asm.poke(MATRIX + 0x10C, 1 << 5);
        asm.poke(MATRIX + 0x10C, 0);
        asm.mret();
        vectors(asm, &[5]);
    });
    assert_eq!(machine.register(S1 as u8), 1);
}

#[test]
fn firmware_starts_with_interrupts_enabled() {
    let image = crate::program::image(|asm| asm.stay());
    let machine = Machine::esp32c3(&image, &Options::default());
    assert_eq!(machine.csr(0x300).unwrap() & 8, 8);
}

#[test]
fn a_machine_stops_between_the_instructions_that_were_asked_for_and_goes_on_as_if_it_had_not() {
    let stop_at = |instruction| {
        let mut machine = machine(software_interrupt);
        machine.stop_after(Some(instruction));
        assert_eq!(machine.run(micros(10)), Stop::Instruction);
        assert_eq!(machine.instructions(), instruction);
        assert_eq!(machine.run(micros(10)), Stop::Reached, "it stops once");
        machine.state_hash()
    };
    let mut unstopped = machine(software_interrupt);
    assert_eq!(unstopped.run(micros(10)), Stop::Reached);
    for instruction in [0, 1, 17, 30, 31, 32] {
        assert_eq!(stop_at(instruction), unstopped.state_hash(), "{instruction}");
    }
}
