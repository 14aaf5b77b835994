//! Debug triggers as a stack guard uses them.

use crate::asm::reg::*;
use crate::asm::{Asm, csr};
use crate::program::{DATA, FLASH, ran};
use ramscope_engine::Machine;

/// mcontrol: range match, machine mode.
const RANGE: u32 = 1 << 7;
const MACHINE: u32 = 1 << 6;
const EXECUTE: u32 = 1 << 2;
const STORE: u32 = 1 << 1;
const LOAD: u32 = 1 << 0;
const MTE: u32 = 1 << 3;

const GUARD: u32 = DATA + 0x1000;

/// Arms unit `unit`; uses `t0`.
fn arm(asm: &mut Asm, unit: u32, tdata1: u32, tdata2: u32) {
    asm.write_csr(csr::TSELECT, unit);
    asm.write_csr(csr::TDATA2, tdata2);
    asm.write_csr(csr::TDATA1, 2 << 28 | tdata1);
    asm.write_csr(csr::TCONTROL, MTE);
}

/// Runs `build` with a handler that counts traps in `s1`, keeps cause and address, and stays.
fn with_handler(build: impl FnOnce(&mut Asm)) -> Machine {
    ran(|asm| {
        asm.traps_to("handler");
        build(asm);
        asm.stay();
        asm.align(4);
        asm.label("handler");
        asm.addi(S1, S1, 1);
        asm.csrr(A4, csr::MCAUSE);
        asm.csrr(A5, csr::MEPC);
        asm.stay();
    })
}

fn check_store(offset: i32, fires: bool) {
    let machine = with_handler(|asm| {
        asm.poke(GUARD, 0x1111);
        asm.poke(GUARD + 64, 0x1111);
        asm.poke(GUARD - 4, 0x1111);
        arm(asm, 3, RANGE | MACHINE | STORE, GUARD | 0x1F);
        asm.li(A0, GUARD);
        asm.li(A1, 0x2222);
        asm.sw(A1, offset, A0);
    });
    let (traps, cause) = (machine.register(S1 as u8), machine.register(A4 as u8));
    assert_eq!(traps, u32::from(fires), "at {offset}");
    if fires {
        assert_eq!(cause, 3);
        assert_eq!(machine.csr(0x343), Some(0), "mtval");
        let stored = machine.read_word(GUARD.wrapping_add_signed(offset)).unwrap();
        assert_ne!(stored, 0x2222, "fires before the store");
    }
}

#[test]
fn a_guard_of_64_bytes_fires_before_the_store() {
    check_store(-4, false);
    check_store(0, true);
    check_store(60, true);
    check_store(64, false);
}

#[test]
fn the_trap_names_the_store() {
    let machine = with_handler(|asm| {
        arm(asm, 0, MACHINE | STORE, GUARD);
        asm.li(A0, GUARD);
        asm.sw(A1, 0, A0);
    });
    // traps_to 3, arm 12, li 2 instructions before it
    assert_eq!(machine.register(A5 as u8), FLASH + 17 * 4);
}

#[test]
fn a_guard_is_dead_in_its_handler_until_mte_is_set_again() {
    let machine = ran(|asm| {
        asm.traps_to("handler");
        arm(asm, 0, RANGE | MACHINE | STORE, GUARD | 0x1F);
        asm.li(A0, GUARD);
        asm.li(A1, 0x2222);
        asm.ecall();
        asm.sw(A1, 4, A0); // fires again after mret
        asm.stay();
        asm.align(4);
        asm.label("handler");
        asm.addi(S1, S1, 1);
        asm.csrr(A3, csr::TCONTROL);
        asm.addi(T0, ZERO, 2);
        asm.beq(S1, T0, "second");
        asm.sw(A1, 0, A0); // does not fire
        asm.csrr(T0, csr::MEPC);
        asm.addi(T0, T0, 4);
        asm.csrrw(ZERO, csr::MEPC, T0);
        asm.mret();
        asm.label("second");
        asm.csrrsi(ZERO, csr::TCONTROL, 8);
        asm.addi(T0, ZERO, 3);
        asm.beq(S1, T0, "third");
        asm.sw(A1, 8, A0); // fires
        asm.label("third");
        asm.stay();
    });
    assert_eq!(machine.register(S1 as u8), 3);
    assert_eq!(machine.register(A3 as u8), 1 << 7, "MTE was saved to MPTE");
    assert_eq!(machine.read_word(GUARD), Ok(0x2222));
    assert_ne!(machine.read_word(GUARD + 4), Ok(0x2222));
    assert_ne!(machine.read_word(GUARD + 8), Ok(0x2222));
}

/// What a scheduler has to know that arms the guard of the next thread in its handler.
#[test]
fn what_a_handler_sets_lasts_beyond_its_return_only_with_mpte() {
    let check = |tcontrol: u32, fires: u32| {
        let machine = ran(|asm| {
            asm.traps_to("handler");
            asm.ecall();
            asm.li(A0, GUARD);
            asm.sw(A1, 0, A0);
            asm.stay();
            asm.align(4);
            asm.label("handler");
            asm.addi(S1, S1, 1);
            asm.addi(T1, ZERO, 1);
            asm.bne(S1, T1, "end");
            arm(asm, 0, RANGE | MACHINE | STORE, GUARD | 0x1F);
            asm.write_csr(csr::TCONTROL, tcontrol);
            asm.csrr(T0, csr::MEPC);
            asm.addi(T0, T0, 4);
            asm.csrrw(ZERO, csr::MEPC, T0);
            asm.mret();
            asm.label("end");
            asm.stay();
        });
        assert_eq!(machine.register(S1 as u8) - 1, fires, "tcontrol {tcontrol:#x}");
    };
    check(1 << 3, 0);
    check(1 << 3 | 1 << 7, 1);
}

#[test]
fn a_guard_that_moves_leaves_nothing_behind() {
    let machine = with_handler(|asm| {
        arm(asm, 0, RANGE | MACHINE | STORE, GUARD | 0x1F);
        arm(asm, 0, RANGE | MACHINE | STORE, (GUARD + 0x100) | 0x1F);
        asm.li(A0, GUARD);
        asm.sw(A1, 0, A0);
        asm.addi(S0, ZERO, 1);
        asm.sw(A1, 0x100, A0);
        asm.addi(S0, ZERO, 2);
    });
    assert_eq!(machine.register(S1 as u8), 1);
    assert_eq!(machine.register(S0 as u8), 1);
}

#[test]
fn the_last_unit_works_and_a_ninth_is_the_last() {
    let machine = with_handler(|asm| {
        asm.write_csr(csr::TSELECT, 8);
        asm.csrr(A3, csr::TSELECT);
        arm(asm, 7, MACHINE | STORE, GUARD);
        asm.li(A0, GUARD);
        asm.sw(A1, 0, A0);
    });
    assert_eq!(machine.register(A3 as u8), 7);
    assert_eq!(machine.register(S1 as u8), 1);
}

#[test]
fn loads_and_instructions_can_be_watched() {
    let load = with_handler(|asm| {
        arm(asm, 0, MACHINE | LOAD, GUARD);
        asm.li(A0, GUARD);
        asm.li(A1, 5);
        asm.lw(A1, 0, A0);
    });
    assert_eq!((load.register(S1 as u8), load.register(A1 as u8)), (1, 5));
    let execute = with_handler(|asm| {
        let target = asm.here() + 12 * 4 + 4;
        arm(asm, 0, MACHINE | EXECUTE, target);
        asm.addi(A1, ZERO, 1);
        assert_eq!(asm.here(), target);
        asm.addi(A1, ZERO, 2);
    });
    assert_eq!((execute.register(S1 as u8), execute.register(A1 as u8)), (1, 1));
}

#[test]
fn registers_can_be_watched() {
    let machine = with_handler(|asm| {
        arm(asm, 0, MACHINE | STORE, 0x600C_0028);
        asm.poke(0x600C_0028, 1);
    });
    assert_eq!(machine.register(S1 as u8), 1);
    assert_eq!(machine.read_word(0x600C_0028), Ok(0));
}
