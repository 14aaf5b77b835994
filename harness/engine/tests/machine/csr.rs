//! CSRs of the core.

use crate::asm::csr;
use crate::asm::reg::*;
use crate::program::{machine, micros, ran};
use ramscope_engine::Stop;

#[test]
fn identity_registers_name_the_chip() {
    let machine = ran(|asm| asm.stay());
    let found = [0xF11, 0xF12, 0xF13, 0xF14, 0x301].map(|number| machine.csr(number));
    let expected = [0x612, 0x8000_0001, 1, 0, 0x4010_1104].map(Some);
    assert_eq!(found, expected);
}

#[test]
fn set_clear_and_swap_answer_the_old_value() {
    let machine = ran(|asm| {
        asm.write_csr(csr::MSCRATCH, 0xF0);
        asm.csrrsi(A0, csr::MSCRATCH, 0x0F);
        asm.csrrci(A1, csr::MSCRATCH, 0x05);
        asm.csrrw(A2, csr::MSCRATCH, ZERO);
        asm.csrr(A3, csr::MSCRATCH);
        asm.stay();
    });
    let found = [A0, A1, A2, A3].map(|n| machine.register(n as u8));
    assert_eq!(found, [0xF0, 0xFF, 0xFA, 0]);
}

#[test]
fn swapping_with_its_own_register_works() {
    let machine = ran(|asm| {
        asm.li(SP, 0x1234);
        asm.write_csr(csr::MSCRATCH, 0x5678);
        asm.csrrw(SP, csr::MSCRATCH, SP);
        asm.stay();
    });
    assert_eq!(machine.register(2), 0x5678);
    assert_eq!(machine.csr(csr::MSCRATCH as u16), Some(0x1234));
}

#[test]
fn the_cycle_counter_counts_one_an_instruction() {
    let machine = ran(|asm| {
        asm.csrr(A0, csr::MPCCR);
        asm.addi(T0, T0, 1);
        asm.addi(T0, T0, 1);
        asm.csrr(A1, csr::MPCCR);
        asm.stay();
    });
    assert_eq!(machine.register(A0 as u8), 0);
    assert_eq!(machine.register(A1 as u8), 3);
}

#[test]
fn the_cycle_counter_stands_still_while_the_core_waits() {
    let mut machine = machine(|asm| {
        asm.watchdogs_off();
        asm.wfi();
        asm.stay();
    });
    assert_eq!(machine.run(micros(100)), Stop::Deadlocked);
    let active = machine.instructions();
    assert!(active < 100);
    assert_eq!(machine.csr(csr::MPCCR as u16), Some(active as u32));
    assert_eq!(machine.cycles(), 8_000);
    assert_eq!(machine.now(), micros(100));
}

#[test]
fn the_clock_registers_change_the_speed() {
    let machine = ran(|asm| {
        asm.poke(0x600C_0008, 0xD); // CPUPERIOD_SEL = 1, five instructions
        asm.stay();
    });
    assert_eq!(machine.cpu_hz(), 160_000_000);
    assert_eq!(machine.instructions(), 5 + (100_000_000 - 5 * 12_500) / 6_250);
}

#[test]
fn vectored_handlers_start_at_a_256_byte_boundary() {
    let machine = ran(|asm| {
        asm.write_csr(csr::MTVEC, 0x4200_01FD);
        asm.stay();
    });
    assert_eq!(machine.csr(csr::MTVEC as u16), Some(0x4200_0101));
}
