//! Exceptions: the right cause, address and value, and the way back.

use crate::asm::reg::*;
use crate::asm::{Asm, csr};
use crate::program::{DATA, FLASH, machine, micros, ran};
use ramscope_engine::{Fatal, Stop};
use ramscope_time::Instant;

const MCAUSE: u16 = 0x342;
const MEPC: u16 = 0x341;
const MTVAL: u16 = 0x343;

/// Runs a program that traps once, with this cause and value.
fn check(build: impl FnOnce(&mut Asm), cause: u32, value: u32) {
    let machine = ran(|asm| {
        asm.traps_to("handler");
        build(asm);
        asm.stay();
        asm.align(4);
        asm.label("handler");
        asm.addi(S1, S1, 1);
        asm.stay();
    });
    assert_eq!(machine.register(S1 as u8), 1, "one trap");
    let found = [MCAUSE, MTVAL].map(|csr| machine.csr(csr).unwrap());
    assert_eq!(found, [cause, value], "cause and value");
}

#[test]
fn an_undefined_instruction_is_illegal_and_shown() {
    check(|asm| asm.word(0xFFFF_FFFF), 2, 0xFFFF_FFFF);
    check(|asm| asm.half(0x0000), 2, 0);
    check(|asm| asm.half(0x8000), 2, 0x8000);
}

#[test]
fn an_unknown_csr_is_illegal_and_the_instruction_shown() {
    check(|asm| asm.csrr(A0, 0xC00), 2, 0xC000_2573);
    check(|asm| asm.csrrw(ZERO, 0xF14, ZERO), 2, 0xF140_1073);
}

#[test]
fn a_breakpoint_and_a_call_have_their_causes() {
    check(|asm| asm.ebreak(), 3, 0);
    check(|asm| asm.half(0x9002), 3, 0);
    check(|asm| asm.ecall(), 11, 0);
}

#[test]
fn misaligned_accesses_are_exceptions_with_the_address() {
    for (funct3, offset) in [(2, 1), (2, 2), (2, 3), (1, 1), (5, 3)] {
        let load = |asm: &mut Asm| {
            asm.li(A0, DATA);
            asm.i_type(0x03, funct3, A1, A0, offset);
        };
        check(load, 4, DATA + offset as u32);
    }
    for (funct3, offset) in [(2, 2), (1, 1)] {
        let store = |asm: &mut Asm| {
            asm.li(A0, DATA);
            asm.s_type(funct3, A1, offset, A0);
        };
        check(store, 6, DATA + offset as u32);
    }
}

#[test]
fn unmapped_accesses_are_exceptions_with_the_address() {
    for address in [0, 0x3FCE_0000, 0x4037_8000, 0x5000_2000, 0x4006_0000, 0x7000_0000] {
        check(
            |asm| {
                asm.li(A0, address);
                asm.lw(A1, 0, A0);
            },
            5,
            address,
        );
        check(
            |asm| {
                asm.li(A0, address);
                asm.sw(A1, 0, A0);
            },
            7,
            address,
        );
        check(
            |asm| {
                asm.li(A0, address);
                asm.jalr(RA, A0, 0);
            },
            1,
            address,
        );
    }
}

#[test]
fn flash_cannot_be_stored_to_and_its_data_window_cannot_be_executed() {
    check(
        |asm| {
            asm.li(A0, FLASH);
            asm.sw(A1, 0, A0);
        },
        7,
        FLASH,
    );
    check(
        |asm| {
            asm.li(A0, 0x3C00_0000);
            asm.jalr(RA, A0, 0);
        },
        1,
        0x3C00_0000,
    );
}

#[test]
fn an_instruction_that_is_torn_by_the_end_of_memory_faults_at_its_second_half() {
    check(
        |asm| {
            asm.li(A0, 0x3FCD_FFFE);
            asm.li(A1, 0x0000_0013);
            asm.s_type(1, A1, 0, A0);
            asm.li(A0, 0x403D_FFFE);
            asm.jalr(RA, A0, 0);
        },
        1,
        0x403E_0000,
    );
}

#[test]
fn a_trap_saves_where_it_was_and_mret_goes_back() {
    let machine = ran(|asm| {
        asm.traps_to("handler");
        asm.csrrsi(ZERO, csr::MSTATUS, 8);
        asm.label("fault");
        asm.ecall();
        asm.csrr(A2, csr::MSTATUS);
        asm.stay();
        asm.align(4);
        asm.label("handler");
        asm.csrr(A0, csr::MEPC);
        asm.csrr(A1, csr::MSTATUS);
        asm.addi(T0, A0, 4);
        asm.csrrw(ZERO, csr::MEPC, T0);
        asm.mret();
    });
    assert_eq!(machine.register(A0 as u8), FLASH + 16);
    let in_handler = machine.register(A1 as u8);
    assert_eq!(in_handler & 0x1888, 0x1880, "MIE saved to MPIE, MPP machine");
    let after = machine.register(A2 as u8);
    assert_eq!(after & 0x1888, 0x0008, "MIE restored, MPP user");
}

#[test]
fn user_mode_calls_and_is_kept_from_machine_csrs() {
    let machine = ran(|asm| {
        asm.traps_to("handler");
        asm.la(T0, "user");
        asm.csrrw(ZERO, csr::MEPC, T0);
        asm.li(T0, 0x1800);
        asm.i_type(0x73, 3, ZERO, T0, csr::MSTATUS as i32); // csrrc: MPP = user
        asm.mret();
        asm.label("user");
        asm.csrr(A5, csr::MSCRATCH);
        asm.ecall();
        asm.stay();
        asm.align(4);
        asm.label("handler");
        asm.csrr(A0, csr::MCAUSE);
        asm.bne(S0, ZERO, "second");
        asm.addi(S0, A0, 0);
        asm.csrr(T0, csr::MEPC);
        asm.addi(T0, T0, 4);
        asm.csrrw(ZERO, csr::MEPC, T0);
        asm.mret();
        asm.label("second");
        asm.stay();
    });
    assert_eq!(machine.register(S0 as u8), 2, "illegal CSR");
    assert_eq!(machine.register(A0 as u8), 8, "call from user mode");
}

#[test]
fn a_faulting_instruction_changes_nothing_and_costs_a_cycle() {
    let mut machine = machine(|asm| {
        asm.traps_to("handler"); // three instructions
        asm.li(A0, 0x10); // two
        asm.lw(A0, 0, A0);
        asm.align(4);
        asm.label("handler");
        asm.stay();
    });
    let _ = machine.run(Instant::from_picos(6 * 12_500));
    assert_eq!(machine.instructions(), 6);
    assert_eq!(machine.register(A0 as u8), 0x10);
    assert_eq!(machine.csr(MEPC), Some(FLASH + 20));
    assert_eq!(machine.pc(), FLASH + 24);
}

#[test]
fn a_handler_that_faults_is_a_lockup() {
    let mut machine = machine(|asm| {
        asm.write_csr(csr::MTVEC, 0);
        asm.ecall();
    });
    let stop = machine.run(micros(100));
    let lockup = Fatal::Lockup { handler: 0, pc: 0, cause: 1, value: 0 };
    assert_eq!(stop, Stop::Fatal(lockup));
    assert!(matches!(machine.run(micros(200)), Stop::Fatal(_)), "and stays one");
}

#[test]
fn a_handler_that_faults_behind_its_first_store_is_a_lockup() {
    let mut machine = machine(|asm| {
        asm.traps_to("handler");
        asm.li(SP, 0x20);
        asm.ecall();
        asm.align(4);
        asm.label("handler");
        asm.addi(SP, SP, -16);
        asm.sw(RA, 0, SP);
        asm.stay();
    });
    assert!(matches!(machine.run(micros(100)), Stop::Fatal(Fatal::Lockup { cause: 7, .. })));
}

#[test]
fn many_traps_that_return_are_no_lockup() {
    let machine = ran(|asm| {
        asm.traps_to("handler");
        asm.li(A0, 500);
        asm.label("again");
        asm.ecall();
        asm.addi(A0, A0, -1);
        asm.bne(A0, ZERO, "again");
        asm.stay();
        asm.align(4);
        asm.label("handler");
        asm.csrr(T0, csr::MEPC);
        asm.addi(T0, T0, 4);
        asm.csrrw(ZERO, csr::MEPC, T0);
        asm.mret();
    });
    assert_eq!(machine.register(A0 as u8), 0);
}
