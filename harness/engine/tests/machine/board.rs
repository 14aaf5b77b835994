//! A whole small board: start-up, vectors, timer, console.

use crate::asm::reg::*;
use crate::asm::{Asm, csr};
use crate::elf::Elf;
use crate::interrupts::{route, use_vectors, vectors};
use crate::program::{FLASH, millis, text};
use ramscope_engine::{Image, Machine, Options, Stop};

const UART0: u32 = 0x6000_0000;
const SYSTIMER: u32 = 0x6002_3000;

/// Direct-boot firmware: magic, jump, and a program that prints a dot each millisecond and echoes.
fn firmware() -> Vec<u8> {
    let mut asm = Asm::new(FLASH);
    asm.word(0xAEDB_041D);
    asm.word(0xAEDB_041D);
    asm.j("start");
    asm.label("start");
    asm.write_csr(csr::MSTATUS, 0);
    asm.li(SP, 0x3FCD_E710);
    asm.watchdogs_off();
    use_vectors(&mut asm);
    asm.poke(0x600C_0058, 0x000A_8401);
    asm.poke(0x600C_0008, 0xD);
    route(&mut asm, 37, 2, 5);
    route(&mut asm, 21, 3, 6);
    asm.poke(SYSTIMER, 0x4700_0000);
    asm.poke(SYSTIMER + 0x34, 16_000);
    asm.poke(SYSTIMER + 0x34, 1 << 30 | 16_000);
    asm.poke(SYSTIMER + 0x64, 1);
    asm.poke(UART0 + 0x24, 1);
    asm.poke(UART0 + 0x0C, 1);
    asm.csrrsi(ZERO, csr::MSTATUS, 8);
    asm.label("idle");
    asm.wfi();
    asm.j("idle");
    asm.label("line 2");
    asm.poke(SYSTIMER + 0x6C, 1);
    asm.poke(UART0, u32::from(b'.'));
    asm.mret();
    asm.label("line 3");
    asm.li(T0, UART0);
    asm.lw(T1, 0, T0);
    asm.sw(T1, 0, T0);
    asm.poke(UART0 + 0x10, 1);
    asm.mret();
    vectors(&mut asm, &[2, 3]);
    asm.finish().0
}

fn check(image: &Image) -> u64 {
    let mut machine = Machine::esp32c3(image, &Options::default());
    assert_eq!(machine.run(millis(3)), Stop::Reached);
    machine.receive_uart0(b"ok");
    assert_eq!(machine.run(millis(10)), Stop::Reached);
    assert_eq!(text(&mut machine), "...ok......");
    assert_eq!(machine.cpu_hz(), 160_000_000);
    assert!(machine.instructions() < 1_000, "{}", machine.instructions());
    assert_eq!(machine.unmodelled(), []);
    machine.state_hash()
}

#[test]
fn the_same_firmware_runs_as_elf_and_as_flash_image() {
    let flash = firmware();
    let elf =
        Elf { entry: FLASH + 8, segments: vec![(FLASH, FLASH, flash.clone())], ..Elf::default() };
    let loaded = check(&Image::from_elf(&elf.write()).unwrap());
    let booted = check(&Image::from_flash(&flash).unwrap());
    assert_eq!(loaded, booted);
}
