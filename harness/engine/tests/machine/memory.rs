//! Memory through all its names, and code that changes.

use crate::asm::reg::*;
use crate::program::{DATA, IRAM, image_at, machine, micros, ran};
use ramscope_engine::{Machine, Options, Unmapped};

#[test]
fn sram_is_one_memory_on_two_buses() {
    let machine = ran(|asm| {
        asm.poke(DATA + 0x100, 0x1234_5678);
        asm.peek(A0, IRAM + 0x100);
        asm.poke(IRAM + 0x104, 0x9ABC_DEF0);
        asm.peek(A1, DATA + 0x104);
        asm.stay();
    });
    assert_eq!(machine.register(A0 as u8), 0x1234_5678);
    assert_eq!(machine.register(A1 as u8), 0x9ABC_DEF0);
    assert_eq!(machine.read_word(IRAM + 0x100), Ok(0x1234_5678));
}

#[test]
fn flash_is_seen_through_both_windows() {
    let machine = ran(|asm| {
        asm.peek(A0, 0x3C00_0000);
        asm.peek(A1, 0x4200_0000);
        asm.stay();
    });
    assert_eq!(machine.register(A0 as u8), 0x3C00_0537); // lui a0, 0x3c000
    assert_eq!(machine.register(A1 as u8), 0x3C00_0537);
}

/// A program that calls a routine at `run` before and after it stores `addi a0, zero, 2` over its
/// first instruction at `patch`.
fn check_patch(run: u32, patch: u32) {
    let machine = ran(|asm| {
        asm.poke(patch, 0x0010_0513); // addi a0, zero, 1
        asm.poke(patch + 4, 0x0000_8067); // ret
        asm.li(S0, run);
        asm.jalr(RA, S0, 0);
        asm.addi(S1, A0, 0);
        asm.poke(patch, 0x0020_0513);
        asm.jalr(RA, S0, 0);
        asm.stay();
    });
    assert_eq!(machine.register(S1 as u8), 1, "{run:#x} {patch:#x}");
    assert_eq!(machine.register(A0 as u8), 2, "{run:#x} {patch:#x}");
}

#[test]
fn code_that_is_stored_over_by_either_name_is_seen_by_both() {
    for run in [IRAM, DATA] {
        for patch in [IRAM, DATA] {
            check_patch(run + 0x200, patch + 0x200);
        }
    }
    check_patch(0x5000_0000, 0x5000_0000);
}

#[test]
fn a_store_to_the_second_half_of_an_instruction_in_the_next_granule_is_seen() {
    // The instruction stands at the last half-word of a granule of 64 bytes.
    let at = DATA + 0x23E;
    let machine = ran(|asm| {
        asm.li(S0, at);
        asm.li(T0, 0x0010_0513);
        asm.s_type(1, T0, 0, S0);
        asm.i_type(0x13, 5, T0, T0, 16); // srli
        asm.s_type(1, T0, 2, S0);
        asm.li(T0, 0x8082); // c.ret
        asm.s_type(1, T0, 4, S0);
        asm.jalr(RA, S0, 0);
        asm.addi(S1, A0, 0);
        asm.li(T0, 0x0020);
        asm.s_type(1, T0, 2, S0);
        asm.jalr(RA, S0, 0);
        asm.stay();
    });
    assert_eq!(machine.register(S1 as u8), 1);
    assert_eq!(machine.register(A0 as u8), 2);
}

#[test]
fn code_that_changes_the_instruction_behind_it_sees_the_change() {
    let image = image_at(IRAM, |asm| {
        asm.la(S0, "next");
        asm.li(T1, 0x0020_0513);
        asm.sw(T1, 0, S0);
        asm.label("next");
        asm.addi(A0, ZERO, 1);
        asm.stay();
    });
    let mut machine = Machine::esp32c3(&image, &Options::default());
    let _ = machine.run(micros(1));
    assert_eq!(machine.register(A0 as u8), 2);
}

#[test]
fn code_in_all_of_ram_runs_as_often_as_it_is_asked_to() {
    const STEP: u32 = 0x4000;
    const STEPS: u32 = 24;
    let image = crate::program::image(|asm| {
        asm.addi(S1, ZERO, 3);
        asm.label("again");
        asm.li(S0, IRAM);
        asm.jalr(RA, S0, 0);
        asm.addi(S1, S1, -1);
        asm.bne(S1, ZERO, "again");
        asm.stay();
    });
    let mut machine = Machine::esp32c3(&image, &Options::default());
    for at in (0..STEPS).map(|n| IRAM + n * STEP) {
        machine.write_word(at, 0x0015_0513).unwrap(); // addi a0, a0, 1
        machine.write_word(at + 4, 0x0000_42B7).unwrap(); // lui t0, 4
        machine.write_word(at + 8, 0x0054_0433).unwrap(); // add s0, s0, t0
        machine.write_word(at + 12, 0x0004_0067).unwrap(); // jr s0
    }
    let last = IRAM + (STEPS - 1) * STEP;
    machine.write_word(last + 4, 0x0000_8067).unwrap(); // ret
    let _ = machine.run(micros(10));
    assert_eq!(machine.register(A0 as u8), 3 * STEPS);
}

#[test]
fn the_host_reads_memory_and_registers_and_says_what_is_not_mapped() {
    let mut machine = ran(|asm| asm.stay());
    machine.write_word(DATA, 0x0403_0201).unwrap();
    let mut bytes = [0; 3];
    machine.read_bytes(DATA + 1, &mut bytes).unwrap();
    assert_eq!(bytes, [2, 3, 4]);
    assert_eq!(machine.read_word(0x6000_8038), Ok(1 | 1 << 13));
    assert_eq!(machine.read_word(0x1000), Err(Unmapped { address: 0x1000 }));
    let mut across = [0; 8];
    assert_eq!(
        machine.read_bytes(0x3FCD_FFFC, &mut across),
        Err(Unmapped { address: 0x3FCE_0000 })
    );
    assert!(machine.write_word(0x4200_0000, 0).is_err());
}

#[test]
fn the_host_can_patch_code() {
    let image = image_at(IRAM, |asm| {
        asm.label("again");
        asm.addi(A0, ZERO, 1);
        asm.j("again");
    });
    let mut machine = Machine::esp32c3(&image, &Options::default());
    let _ = machine.run(micros(1));
    machine.write_word(DATA, 0x0020_0513).unwrap();
    let _ = machine.run(micros(2));
    assert_eq!(machine.register(A0 as u8), 2);
}

#[test]
fn clones_go_their_own_ways() {
    let image = image_at(IRAM, |asm| {
        asm.label("again");
        asm.addi(A0, A0, 1);
        asm.j("again");
    });
    let mut one = Machine::esp32c3(&image, &Options::default());
    let _ = one.run(micros(1));
    let mut other = one.clone();
    other.write_word(IRAM, 0x0000_0013).unwrap(); // nop
    let _ = one.run(micros(2));
    let _ = other.run(micros(2));
    assert_eq!(one.register(A0 as u8), 2 * other.register(A0 as u8));
}

#[test]
fn ram_holds_noise_until_it_is_written() {
    let of = |seed| {
        let image = crate::program::image(|asm| asm.stay());
        Machine::esp32c3(&image, &Options { seed }).read_word(DATA)
    };
    assert_eq!(of(1), of(1));
    assert_ne!(of(1), of(2));
    let machine = machine(|asm| asm.stay());
    assert_ne!(machine.read_word(0x5000_0000), machine.read_word(0x5000_0004));
}
