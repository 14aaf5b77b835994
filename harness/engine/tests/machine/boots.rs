//! How programs are started: by ESP-IDF's bootloader and directly.

use crate::app::App;
use crate::asm::reg::*;
use crate::asm::{Asm, csr};
use crate::elf::Elf;
use crate::program::{DATA, FLASH, IRAM, micros, millis};
use ramscope_engine::{Boot, Image, ImageError, Machine, Options, ResetReason, Stop};

const TEXT: u32 = 0x4201_0020;
const RODATA: u32 = 0x3C00_0020;
const RTC_FAST: u32 = 0x5000_0000;

/// An app whose text, constants, code in RAM, data and RTC data each have a segment.
fn app(build: impl FnOnce(&mut Asm)) -> App {
    let mut asm = Asm::new(TEXT);
    build(&mut asm);
    let mut iram = Asm::new(IRAM);
    iram.addi(A0, A0, 1);
    iram.ret();
    App::new(
        TEXT,
        vec![
            (RODATA, b"constant".to_vec()),
            (DATA + 0x1000, b"data".to_vec()),
            (TEXT, asm.finish().0),
            (IRAM, iram.finish().0),
            (RTC_FAST, b"rtc ".to_vec()),
        ],
    )
}

fn started(bytes: &[u8]) -> Machine {
    Machine::esp32c3(&Image::from_file_bytes(bytes).unwrap(), &Options::default())
}

fn read_everything(asm: &mut Asm) {
    asm.peek(A1, RODATA);
    asm.peek(A2, DATA + 0x1000);
    asm.peek(A3, RTC_FAST);
    asm.peek(A4, TEXT);
    asm.li(A0, 41);
    asm.li(S0, IRAM);
    asm.jalr(RA, S0, 0);
    asm.stay();
}

#[test]
fn an_app_is_mapped_and_copied_to_its_addresses() {
    let app = app(read_everything);
    for bytes in [app.write(), app.write_flash(), App { has_hash: false, ..app }.write()] {
        let mut machine = started(&bytes);
        assert_eq!(machine.run(micros(10)), Stop::Reached);
        let found = [A0, A1, A2, A3].map(|n| machine.register(n as u8));
        let words = [b"cons", b"data", b"rtc "].map(|bytes| u32::from_le_bytes(*bytes));
        assert_eq!(found, [42, words[0], words[1], words[2]]);
        assert_eq!(machine.register(A4 as u8), 0x3C00_05B7, "lui a1, 0x3c000");
    }
}

#[test]
fn the_bootloader_locks_memory_protection_and_leaves_interrupts_enabled() {
    let machine = started(&app(|asm| asm.stay()).write());
    for number in 0x3A0..=0x3A3 {
        assert_eq!(machine.csr(number).unwrap() & 0x8888_8888, 0x8888_8888);
    }
    assert_ne!(machine.csr(csr::MSTATUS as u16).unwrap() & 8, 0);
    assert_eq!(machine.register(SP as u8) >> 12, 0x3FCDE, "the ROM's stack");
    let direct = Machine::esp32c3(&crate::program::image(|asm| asm.stay()), &Options::default());
    assert_eq!(direct.csr(0x3A0), Some(0));
}

#[test]
fn the_bootloader_leaves_one_watchdog_of_nine_seconds() {
    let mut machine = started(&app(|asm| asm.stay()).write());
    let _ = machine.run(millis(8_990));
    assert_eq!(machine.resets().len(), 1);
    let _ = machine.run(millis(9_010));
    assert_eq!(machine.resets()[1].reason, ResetReason::RtcWatchdogSystem);
    assert_ne!(machine.csr(0x3A0), Some(0), "and starts the app again");
}

/// Copies a routine into SRAM and calls it at `run`; mcause and mtval of what happens.
fn call_in_ram(asm: &mut Asm, run: u32) {
    asm.traps_to("trap");
    asm.poke(DATA + 0x2000, 0x0070_0513); // addi a0, zero, 7
    asm.poke(DATA + 0x2004, 0x0000_8067); // ret
    asm.li(S0, run);
    asm.jalr(RA, S0, 0);
    asm.stay();
    asm.align(4);
    asm.label("trap");
    asm.csrr(A1, csr::MCAUSE);
    asm.csrr(A2, 0x343);
    asm.csrr(A3, csr::MEPC);
    asm.stay();
}

#[test]
fn after_the_bootloader_sram_is_executed_at_its_instruction_bus_only() {
    let of = |run| {
        let mut machine = started(&app(|asm| call_in_ram(asm, run)).write());
        assert_eq!(machine.run(micros(10)), Stop::Reached);
        [A0, A1, A2, A3].map(|n| machine.register(n as u8))
    };
    let data_bus = DATA + 0x2000;
    assert_eq!(of(IRAM + 0x2000)[0], 7);
    assert_eq!(of(data_bus)[1..], [1, data_bus, data_bus]);
}

#[test]
fn after_the_bootloader_code_that_is_stored_over_by_either_bus_is_run_anew() {
    for patch in [DATA + 0x2000, IRAM + 0x2000] {
        let mut machine = started(
            &app(|asm| {
                asm.poke(patch, 0x0010_0513); // addi a0, zero, 1
                asm.poke(patch + 4, 0x0000_8067); // ret
                asm.li(S0, IRAM + 0x2000);
                asm.jalr(RA, S0, 0);
                asm.addi(A1, A0, 0);
                asm.poke(patch, 0x0020_0513);
                asm.jalr(RA, S0, 0);
                asm.addi(A2, A0, 0);
                asm.li(T0, patch);
                asm.addi(T1, ZERO, 0x30); // the immediate's upper byte
                asm.s_type(0, T1, 2, T0);
                asm.jalr(RA, S0, 0);
                asm.stay();
            })
            .write(),
        );
        assert_eq!(machine.run(micros(20)), Stop::Reached);
        let found = [A1, A2, A0].map(|n| machine.register(n as u8));
        assert_eq!(found, [1, 2, 3], "{patch:#x}");
    }
}

#[test]
fn after_direct_boot_sram_is_executed_at_both_buses() {
    for run in [DATA, IRAM] {
        let image = crate::program::image(|asm| call_in_ram(asm, run + 0x2000));
        let mut machine = Machine::esp32c3(&image, &Options::default());
        assert_eq!(machine.run(micros(10)), Stop::Reached);
        assert_eq!(machine.register(A0 as u8), 7);
    }
}

#[test]
fn locked_entries_cannot_be_opened() {
    let mut machine = started(
        &app(|asm| {
            asm.write_csr(0x3A1, 0x1F1F_1F1F);
            asm.write_csr(0x3B4, u32::MAX);
            call_in_ram(asm, DATA + 0x2000);
        })
        .write(),
    );
    let _ = machine.run(micros(10));
    assert_eq!(machine.register(A1 as u8), 1);
}

#[test]
fn protection_that_the_program_sets_up_itself_binds_it_at_once() {
    let image = crate::program::image(|asm| {
        asm.traps_to("trap");
        asm.poke(DATA, 0x0000_8067); // ret
        asm.li(S0, DATA);
        asm.jalr(RA, S0, 0);
        asm.addi(A0, ZERO, 1);
        asm.write_csr(0x3B0, DATA >> 2);
        asm.write_csr(0x3A0, 0x91); // locked, four bytes, readable
        asm.jalr(RA, S0, 0);
        asm.stay();
        asm.align(4);
        asm.label("trap");
        asm.csrr(A1, csr::MCAUSE);
        asm.stay();
    });
    let mut machine = Machine::esp32c3(&image, &Options::default());
    let _ = machine.run(micros(10));
    assert_eq!([A0, A1].map(|n| machine.register(n as u8)), [1, 1]);
}

#[test]
fn flash_is_read_through_the_rom_where_it_is_not_mapped() {
    let app = app(|asm| {
        for (register, value) in [(A0, 0x8000), (A1, DATA), (A2, 6)] {
            asm.li(register, value);
        }
        asm.li(S0, 0x4000_0130);
        asm.jalr(RA, S0, 0);
        asm.stay();
    });
    let mut machine = started(&app.write_flash());
    let _ = machine.run(micros(10));
    let mut bytes = [0; 6];
    machine.read_bytes(DATA, &mut bytes).unwrap();
    assert_eq!(bytes, [0xAA, 0x50, 1, 2, 0, 0x90], "the partition table");
    assert_eq!(machine.register(A0 as u8), 0);
}

#[test]
fn files_are_told_apart_by_how_they_start() {
    let mut asm = Asm::new(FLASH);
    asm.word(0xAEDB_041D);
    asm.word(0xAEDB_041D);
    asm.stay();
    let flash = asm.finish().0;
    let elf = Elf { entry: FLASH, segments: vec![(FLASH, FLASH, flash.clone())], ..Elf::default() };
    let boot = |bytes: &[u8]| Image::from_file_bytes(bytes).map(|image| image.boot());
    assert_eq!(boot(&flash), Ok(Boot::Direct));
    assert_eq!(boot(&elf.write()), Ok(Boot::Direct));
    assert_eq!(boot(&app(|asm| asm.stay()).write()), Ok(Boot::EspIdf));
    assert_eq!(boot(b"#!/bin/sh"), Err(ImageError::UnknownFormat));
    let for_bootloader = Elf { sections: vec![(".flash.appdesc".into(), vec![0; 256])], ..elf };
    assert_eq!(boot(&for_bootloader.write()), Ok(Boot::EspIdf));
}

#[test]
fn a_broken_app_is_refused_in_one_sentence() {
    let good = app(|asm| asm.stay());
    let check = |bytes: &[u8], sentence: &str| {
        assert_eq!(Image::from_esp_idf(bytes).unwrap_err().to_string(), sentence);
    };
    let bytes = good.write();
    let patched = |at: usize, byte: u8| {
        let mut bytes = bytes.clone();
        bytes[at] = byte;
        bytes
    };
    check(&patched(0, 0), "not an ESP-IDF image: it does not start with 0xe9");
    check(&patched(12, 9), "the ESP-IDF app is for chip number 9, but the ESP32-C3 is number 5");
    check(&patched(1, 0), "the ESP-IDF app is corrupt: it has 0 segments");
    check(&patched(bytes.len() - 1, 0), "the ESP-IDF app is corrupt: its hash does not match");
    let (last, found) = (bytes.len() - 33, bytes[bytes.len() - 33]);
    check(
        &patched(last, found ^ 1),
        &format!(
            "the ESP-IDF app is corrupt: its checksum is {:#04x}, and its segments give {found:#04x}",
            found ^ 1
        ),
    );
    check(
        &bytes[..40],
        "the file is truncated: the header of segment 1 ends at byte 48, but the file has 40 bytes",
    );
    let mut no_app = good.write_flash();
    no_app[0x8000 + 32 + 2] = 1;
    check(&no_app, "the flash image has a partition table, but no app partition");
    for cut in 0..bytes.len().min(200) {
        assert!(Image::from_esp_idf(&bytes[..cut]).is_err());
    }
}
