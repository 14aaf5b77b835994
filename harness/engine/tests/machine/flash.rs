//! Flash: mapping it, erasing and writing it, and code in it that changes.

use crate::asm::reg::*;
use crate::asm::{Asm, csr};
use crate::program::{DATA, FLASH, IRAM, image, image_at, micros, ran};
use crate::rom::call;
use ramscope_engine::{Machine, Options, Stop};

const TABLE: u32 = 0x600C_5000;
const DATA_WINDOW: u32 = 0x3C00_0000;
const PAGE: u32 = 0x1_0000;
const INVALID: u32 = 1 << 8;
const ERASE_SECTOR: u32 = 0x4000_0128;
const WRITE: u32 = 0x4000_012C;
const READ: u32 = 0x4000_0130;

fn entry(page: u32) -> u32 {
    TABLE + 4 * page
}

/// Leaves a function in RAM that gives `value`.
fn poke_function(asm: &mut Asm, value: u32) {
    asm.poke(DATA, value << 20 | 0x513); // addi a0, zero, value
    asm.poke(DATA + 4, 0x0000_8067); // ret
}

#[test]
fn both_windows_show_the_page_that_the_table_says() {
    let machine = ran(|asm| {
        asm.poke(entry(5), 0);
        asm.peek(S0, FLASH);
        asm.peek(S1, DATA_WINDOW + 5 * PAGE);
        asm.la(A1, "here");
        asm.lui(A2, 5 * PAGE);
        asm.add(A1, A1, A2);
        asm.jalr(ZERO, A1, 0);
        asm.align(4);
        asm.label("here");
        asm.auipc(A3, 0);
        asm.peek(A4, entry(5));
        asm.peek(A5, entry(6));
        asm.stay();
    });
    let value = |n| machine.register(n as u8);
    assert_eq!(value(S0), value(S1));
    assert_eq!(value(A3), value(A1), "it runs where the page is mapped");
    assert_eq!((value(A4), value(A5)), (0, INVALID));
    assert_eq!(machine.read_word(FLASH + 5 * PAGE), machine.read_word(FLASH));
    assert_eq!(machine.read_word(entry(5)), Ok(0));
}

#[test]
fn an_invalid_entry_is_a_fault_that_names_address_and_instruction() {
    let check = |cause: u32, touch: fn(&mut Asm)| {
        // The program stands in RAM, and its image has a page of flash.
        let program = image_at(IRAM, |asm| {
            asm.traps_to("trap");
            asm.poke(entry(0), 0);
            asm.peek(S1, DATA_WINDOW);
            asm.poke(entry(0), INVALID);
            asm.li(S0, DATA_WINDOW);
            asm.label("touch");
            touch(asm);
            asm.stay();
            asm.align(4);
            asm.label("trap");
            asm.csrr(A0, csr::MCAUSE);
            asm.csrr(A1, csr::MEPC);
            asm.csrr(A2, 0x343);
            asm.stay();
        });
        let mut machine = Machine::esp32c3(&program, &Options::default());
        assert_eq!(machine.run(micros(100)), Stop::Reached);
        let found = [S1, A0, A2].map(|n| machine.register(n as u8));
        assert_eq!(found[..2], [u32::MAX, cause]);
        (machine.register(A1 as u8), found[2], program.symbol("touch").unwrap())
    };
    let (pc, address, touch) = check(5, |asm| asm.lw(A3, 8, S0));
    assert_eq!((pc, address), (touch, DATA_WINDOW + 8));
    let (pc, address, _) = check(1, |asm| {
        asm.li(S0, FLASH + 4);
        asm.jalr(RA, S0, 0);
    });
    assert_eq!((pc, address), (FLASH + 4, FLASH + 4));
}

#[test]
fn code_that_is_written_to_flash_runs_and_what_replaces_it_runs_too() {
    let machine = ran(|asm| {
        asm.poke(entry(2), 2);
        for (value, result) in [(21, S1), (42, A3)] {
            poke_function(asm, value);
            call(asm, ERASE_SECTOR, &[2 * PAGE / 4096 + 1]);
            call(asm, WRITE, &[2 * PAGE + 4096, DATA, 8]);
            call(asm, FLASH + 2 * PAGE + 4096, &[]);
            asm.addi(result, A0, 0);
        }
        asm.stay();
    });
    assert_eq!([S1, A3].map(|n| machine.register(n as u8)), [21, 42]);
}

/// The page that runs is changed under the program: a word behind its last instruction.
#[test]
fn a_program_goes_on_in_a_page_that_it_writes() {
    let machine = ran(|asm| {
        asm.poke(DATA, 0x1234_5678);
        call(asm, WRITE, &[0x8000, DATA, 4]);
        asm.peek(S1, FLASH + 0x8000);
        asm.stay();
    });
    assert_eq!(machine.register(S1 as u8), 0x1234_5678);
}

#[test]
fn writing_clears_bits_only_and_odd_or_far_arguments_are_refused() {
    let machine = ran(|asm| {
        asm.poke(DATA, 0xF0F0_F0F0);
        asm.poke(DATA + 4, 0xFF00_FF00);
        call(asm, WRITE, &[0x2_0000, DATA, 4]);
        call(asm, WRITE, &[0x2_0000, DATA + 4, 4]);
        call(asm, READ, &[0x2_0000, DATA + 8, 8]);
        asm.addi(S1, ZERO, 0);
        for arguments in [[0x2_0002, DATA, 4], [0x2_0000, DATA, 3], [0x3F_FFFC, DATA, 8]] {
            call(asm, WRITE, &arguments);
            asm.add(S1, S1, A0);
        }
        call(asm, ERASE_SECTOR, &[1024]);
        asm.add(S1, S1, A0);
        asm.stay();
    });
    assert_eq!(machine.read_word(DATA + 8), Ok(0xF000_F000));
    assert_eq!(machine.read_word(DATA + 12), Ok(u32::MAX));
    assert_eq!(machine.register(S1 as u8), 4, "four refusals");
}

/// Writes a word on its first run and resets; then waits with what it read.
fn keeper(asm: &mut Asm) {
    call(asm, READ, &[0x3_0000, DATA, 4]);
    asm.peek(S1, DATA);
    asm.addi(T0, ZERO, -1);
    asm.bne(S1, T0, "second run");
    asm.poke(entry(9), 3);
    asm.poke(DATA, 0xCAFE_F00D);
    call(asm, WRITE, &[0x3_0000, DATA, 4]);
    call(asm, 0x4000_0090, &[]); // software_reset
    asm.label("second run");
    asm.peek(A5, entry(9));
    asm.stay();
}

#[test]
fn flash_survives_a_reset_and_its_mapping_does_not() {
    let machine = ran(keeper);
    assert_eq!(machine.resets().len(), 2);
    assert_eq!(machine.register(S1 as u8), 0xCAFE_F00D);
    assert_eq!(machine.register(A5 as u8), INVALID);
    // A machine that is powered on anew has the image's flash again.
    assert_eq!(
        ran(|asm| {
            call(asm, READ, &[0x3_0000, DATA, 4]);
            asm.peek(S1, DATA);
            asm.stay();
        })
        .register(S1 as u8),
        u32::MAX
    );
}

#[test]
fn a_copy_writes_flash_of_its_own() {
    let program = image(|asm| {
        asm.poke(entry(3), 3);
        asm.poke(DATA, 0x0F0F_0F0F);
        call(asm, WRITE, &[0x3_0000, DATA, 4]);
        asm.label("stay");
        asm.j("stay");
    });
    let mut original = Machine::esp32c3(&program, &Options::default());
    let before = original.clone();
    let _ = original.run(micros(100));
    assert_eq!(original.read_word(FLASH + 3 * PAGE), Ok(0x0F0F_0F0F));
    let mut copy = original.clone();
    assert_eq!(copy.state_hash(), original.state_hash());
    assert!(before.read_word(FLASH + 3 * PAGE).is_err(), "not mapped yet");
    copy.write_word(entry(3), 4).unwrap();
    assert_eq!(copy.read_word(FLASH + 3 * PAGE), Ok(u32::MAX));
    assert_ne!(copy.state_hash(), original.state_hash());
    assert_eq!(original.read_word(FLASH + 3 * PAGE), Ok(0x0F0F_0F0F));
}

#[test]
fn the_rom_maps_pages_too_and_refuses_what_does_not_fit() {
    const MAP_DATA: u32 = 0x4000_0564;
    let machine = ran(|asm| {
        call(asm, MAP_DATA, &[0, DATA_WINDOW + 7 * PAGE, 0, 64, 2, 0]);
        asm.addi(A3, A0, 0);
        asm.peek(A4, entry(8));
        asm.peek(A5, DATA_WINDOW + 7 * PAGE);
        asm.peek(S1, FLASH);
        asm.stay();
    });
    let value = |n| machine.register(n as u8);
    assert_eq!((value(A3), value(A4)), (0, 1));
    assert_eq!(value(A5), value(S1));
    let check = |arguments: [u32; 6], error| {
        let machine = ran(|asm| {
            call(asm, MAP_DATA, &arguments);
            asm.stay();
        });
        assert_eq!(machine.register(A0 as u8), error, "{arguments:x?}");
    };
    check([0, DATA_WINDOW + 4, 0, 64, 1, 0], 1);
    check([0, DATA_WINDOW, 0, 32, 1, 0], 2);
    check([0, DATA_WINDOW + 127 * PAGE, 0, 64, 2, 0], 3);
}
