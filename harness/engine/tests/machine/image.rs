//! Images: what they tell, and that bad ones are refused in one sentence.

use crate::asm::reg::*;
use crate::elf::Elf;
use crate::program::{DATA, FLASH, micros};
use ramscope_engine::{Image, ImageError, Machine, Options};

fn sample() -> Elf {
    let mut asm = crate::asm::Asm::new(FLASH);
    asm.addi(A0, ZERO, 42);
    asm.stay();
    let (text, _) = asm.finish();
    Elf {
        entry: FLASH,
        segments: vec![(FLASH, FLASH, text), (FLASH + 0x100, DATA, b"data".to_vec())],
        symbols: vec![("_SEGGER_RTT".into(), DATA + 0x40), ("main".into(), FLASH)],
        sections: vec![(".ramscope.programs".into(), b"blink\0".to_vec())],
        build_id: Some(vec![1, 2, 3, 4]),
    }
}

fn error(elf: &Elf) -> ImageError {
    Image::from_elf(&elf.write()).unwrap_err()
}

#[test]
fn an_image_tells_its_symbols_sections_and_build_id() {
    let image = Image::from_elf(&sample().write()).unwrap();
    assert_eq!(image.symbol("_SEGGER_RTT"), Some(DATA + 0x40));
    assert_eq!(image.symbol("nothing"), None);
    assert_eq!(image.section(".ramscope.programs"), Some(&b"blink\0"[..]));
    assert_eq!(image.section(".nothing"), None);
    assert_eq!(image.build_id(), Some(&[1, 2, 3, 4][..]));
}

#[test]
fn segments_go_to_their_physical_addresses() {
    let image = Image::from_elf(&sample().write()).unwrap();
    let mut machine = Machine::esp32c3(&image, &Options::default());
    let data = u32::from_le_bytes(*b"data");
    assert_eq!(machine.read_word(FLASH + 0x100), Ok(data));
    assert_eq!(machine.read_word(0x3C00_0100), Ok(data));
    assert_ne!(machine.read_word(DATA), Ok(data));
    let _ = machine.run(micros(1));
    assert_eq!(machine.register(A0 as u8), 42);
}

#[test]
fn a_segment_with_no_physical_place_goes_to_its_virtual_address() {
    let mut elf = sample();
    elf.segments[1].0 = 0;
    let image = Image::from_elf(&elf.write()).unwrap();
    let machine = Machine::esp32c3(&image, &Options::default());
    assert_eq!(machine.read_word(DATA), Ok(u32::from_le_bytes(*b"data")));
}

#[test]
fn what_is_not_for_this_chip_is_refused_in_one_sentence() {
    let check = |error: ImageError, sentence: &str| assert_eq!(error.to_string(), sentence);
    let patched = |at: usize, bytes: &[u8]| {
        let mut file = sample().write();
        file[at..at + bytes.len()].copy_from_slice(bytes);
        Image::from_elf(&file).unwrap_err()
    };
    check(
        Image::from_elf(b"hello").unwrap_err(),
        "not an ELF file: it does not start with the ELF magic number",
    );
    check(patched(18, &[62, 0]), "the ELF file is for x86-64, but the ESP32-C3 is 32-bit RISC-V");
    check(
        patched(18, &[94, 0]),
        "the ELF file is for Xtensa (as in ESP32, ESP32-S2 and ESP32-S3), but the ESP32-C3 is 32-bit RISC-V",
    );
    check(patched(4, &[2]), "the ELF file is for 64-bit RISC-V, but the ESP32-C3 is 32-bit");
    check(
        patched(16, &[1]),
        "the ELF file is not an executable: it has type 1, and an executable has type 2",
    );
    let mut nowhere = sample();
    nowhere.segments[0].0 = 0x1000;
    nowhere.segments[0].1 = 0x1000;
    check(error(&nowhere), "a segment of 8 bytes at 0x00001000 lies outside the chip's memory");
    let mut empty = sample();
    empty.segments.clear();
    check(error(&empty), "the ELF file has nothing to load: no segment holds bytes");
    let mut entry = sample();
    entry.entry = 0x4400_0000;
    check(error(&entry), "the entry point 0x44000000 is not in memory that can be executed");
    let whole = sample().write();
    let cut = Image::from_elf(&whole[..whole.len() - 1]).unwrap_err();
    assert!(matches!(cut, ImageError::Truncated { .. }), "{cut}");
}

#[test]
fn a_segment_that_does_not_fit_is_refused() {
    let mut elf = sample();
    let large = vec![0; 0x6_0001];
    elf.segments[1] = (DATA, DATA, large);
    assert_eq!(error(&elf), ImageError::OutsideMemory { address: DATA, bytes: 0x6_0001 });
}

/// Loads and, if that works, runs a little: nothing may panic.
fn try_out(file: &[u8]) {
    if let Ok(image) = Image::from_elf(file) {
        let _ = (image.build_id(), image.section(".symtab"), image.symbol("main"));
        let mut machine = Machine::esp32c3(&image, &Options::default());
        let _ = machine.run(micros(2));
    }
}

#[test]
fn every_truncation_is_refused_or_runs() {
    let whole = sample().write();
    for length in 0..whole.len() {
        let found = Image::from_elf(&whole[..length]);
        assert!(found.is_err(), "cut to {length} of {} bytes", whole.len());
    }
}

#[test]
fn no_damaged_byte_makes_the_loader_panic() {
    let whole = sample().write();
    for at in 0..whole.len() {
        for damage in [0x01, 0x80, 0xFF, 0x55] {
            let mut file = whole.clone();
            file[at] ^= damage;
            try_out(&file);
        }
    }
}

#[test]
fn no_heap_of_damage_makes_the_loader_panic() {
    let whole = sample().write();
    let mut random = 0x1234_5678_9ABC_DEF1_u64;
    for _ in 0..3_000 {
        let mut file = whole.clone();
        for _ in 0..8 {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            let at = random as usize % file.len();
            file[at] = (random >> 32) as u8;
        }
        try_out(&file);
    }
}

#[test]
fn segments_that_overlap_without_end_are_refused() {
    let mut elf = sample();
    let block = vec![0x13; 0x6_0000];
    elf.segments = vec![(DATA, DATA, block); 30];
    elf.entry = DATA;
    assert!(matches!(error(&elf), ImageError::Corrupt(_)));
}

#[test]
fn a_flash_image_starts_behind_its_magic() {
    let mut bytes = [0xAEDB_041D_u32.to_le_bytes(); 2].concat();
    let mut asm = crate::asm::Asm::new(FLASH + 8);
    asm.addi(A0, ZERO, 42);
    asm.stay();
    bytes.extend(asm.finish().0);
    let image = Image::from_flash(&bytes).unwrap();
    let mut machine = Machine::esp32c3(&image, &Options::default());
    let _ = machine.run(micros(1));
    assert_eq!(machine.register(A0 as u8), 42);
    assert_eq!(image.symbol("main"), None);
    assert_eq!(image.build_id(), None);
}
