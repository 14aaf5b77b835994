//! The 64 KiB of flash that the linker script leaves to data.
//!
//! The problem: this image runs from flash, and while the chip is erased or written nothing can be
//! fetched from it. The idea: the ROM has functions that do the work, and it is not in flash; so a few
//! instructions in RAM suspend the cache, call one of them, and let the cache go on. They know no
//! address but the ROM's, because they are linked where RAM is data and run where it is instructions.
//!
//! On silicon an erasure takes tens of milliseconds, and interrupts are masked all the while: what would
//! serve them is in flash. The built-in machine erases at once.
//!
//! Sources: technical reference manual, chapter "System and Memory" (the buses); ESP-IDF, linker script
//! `esp32c3.rom.ld` (names and addresses of the ROM's functions) and `esp_rom_spiflash.h` (what they
//! take: addresses and lengths are whole words, and so are buffers, which are not in flash).
//!
//! Invariants:
//! 1. Interrupts are masked from before the cache is suspended until it goes on.
//! 2. What the ROM is given lies in RAM: pieces go through a buffer on the stack.
#![expect(unsafe_code, reason = "calls functions of the ROM")]

use crate::port::Esp32c3;
use crate::registers::sram;
use core::arch::global_asm;
use ramscope_kernel::port::{FLASH_SECTOR_BYTES, Port};

/// Bytes that are read or written while interrupts are masked. A page of the chip, which no write may
/// leave, has a multiple of them.
const PIECE_BYTES: usize = 64;
const WORD_BYTES: usize = 4;

/// What a function of the ROM answers that did its work.
const OK: u32 = 0;

/// Functions of the ROM.
mod rom {
    pub(super) const ERASE_SECTOR: usize = 0x4000_0128;
    pub(super) const WRITE: usize = 0x4000_012C;
    pub(super) const READ: usize = 0x4000_0130;
    pub(super) const UNLOCK: usize = 0x4000_0140;
}

global_asm!(
    // (function, three arguments) -> its answer. In RAM, and without an address of its own.
    ".section .data.ramscope_beside_flash, \"aw\"",
    ".balign 4",
    ".global ramscope_beside_flash",
    "ramscope_beside_flash:",
    "addi sp, sp, -32",
    "sw ra, 28(sp)",
    "sw a0, 0(sp)",
    "sw a1, 4(sp)",
    "sw a2, 8(sp)",
    "sw a3, 12(sp)",
    "lui t0, 0x40000",
    "jalr ra, 0x524(t0)", // Cache_Suspend_ICache
    "sw a0, 16(sp)",
    "lw t0, 0(sp)",
    "lw a0, 4(sp)",
    "lw a1, 8(sp)",
    "lw a2, 12(sp)",
    "jalr ra, 0(t0)",
    "sw a0, 20(sp)",
    "lui t0, 0x40000",
    "jalr ra, 0x4D8(t0)", // Cache_Invalidate_ICache_All: it may hold what was there before
    "lw a0, 16(sp)",
    "lui t0, 0x40000",
    "jalr ra, 0x528(t0)", // Cache_Resume_ICache
    "lw a0, 20(sp)",
    "lw ra, 28(sp)",
    "addi sp, sp, 32",
    "ret",
    ".text",
);

mod linked {
    unsafe extern "C" {
        pub(super) static ramscope_beside_flash: u8;
        pub(super) static _ramscope_flash_start: u8;
        pub(super) static _ramscope_flash_end: u8;
    }
}

/// Calls a function of the ROM while nothing is fetched from flash; whether it did its work.
fn call(function: usize, arguments: [usize; 3]) -> bool {
    let written = (&raw const linked::ramscope_beside_flash).addr();
    let runs_at = written - sram::DATA_BUS.start + sram::INSTRUCTION_BUS;
    let pointer = core::ptr::with_exposed_provenance::<()>(runs_at);
    // SAFETY: the same bytes on the instruction bus; that is what the assembly takes.
    let beside_flash = unsafe {
        core::mem::transmute::<*const (), extern "C" fn(usize, usize, usize, usize) -> u32>(pointer)
    };
    let [a, b, c] = arguments;
    let were_on = Esp32c3::mask();
    let answer = beside_flash(function, a, b, c);
    Esp32c3::unmask(were_on);
    answer == OK
}

/// Where the data's flash begins, as an offset in the chip.
fn start() -> u32 {
    (&raw const linked::_ramscope_flash_start).addr() as u32
}

/// Bytes of the data's flash.
pub(crate) fn bytes() -> u32 {
    (&raw const linked::_ramscope_flash_end).addr() as u32 - start()
}

/// A piece of the data's flash, of whole words.
struct Piece {
    /// Its offset in the chip.
    chip: usize,
    /// Whole words, of which only a part may be wanted.
    bytes: usize,
    /// How many at its begin are not wanted.
    before: usize,
    /// How many behind them are.
    wanted: usize,
}

/// The first piece of a stretch of `bytes` bytes from `at` on. It ends where the next one can begin
/// with a word, and does not leave its page.
fn first_piece(at: u32, bytes: usize) -> Piece {
    let chip = (start() + at) as usize;
    let before = chip % WORD_BYTES;
    let wanted = bytes.min(PIECE_BYTES - chip % PIECE_BYTES);
    let whole = (before + wanted).next_multiple_of(WORD_BYTES);
    Piece { chip: chip - before, bytes: whole, before, wanted }
}

#[repr(align(4))]
struct Buffer([u8; PIECE_BYTES]);

/// Copies from the data's flash; the caller has looked that it is there.
pub(crate) fn read(mut at: u32, mut into: &mut [u8]) -> bool {
    let mut buffer = Buffer([0; PIECE_BYTES]);
    while !into.is_empty() {
        let piece = first_piece(at, into.len());
        let to = buffer.0.as_mut_ptr().expose_provenance();
        if !call(rom::READ, [piece.chip, to, piece.bytes]) {
            return false;
        }
        let (now, rest) = into.split_at_mut(piece.wanted);
        now.copy_from_slice(&buffer.0[piece.before..piece.before + piece.wanted]);
        at += piece.wanted as u32;
        into = rest;
    }
    true
}

/// Clears the bits that are zero in the bytes.
pub(crate) fn write(mut at: u32, mut bytes: &[u8]) -> bool {
    if !call(rom::UNLOCK, [0; 3]) {
        return false;
    }
    while !bytes.is_empty() {
        let piece = first_piece(at, bytes.len());
        let (now, rest) = bytes.split_at(piece.wanted);
        // Ones leave what is there as it is.
        let mut buffer = Buffer([0xFF; PIECE_BYTES]);
        buffer.0[piece.before..piece.before + piece.wanted].copy_from_slice(now);
        let from = buffer.0.as_ptr().expose_provenance();
        if !call(rom::WRITE, [piece.chip, from, piece.bytes]) {
            return false;
        }
        at += piece.wanted as u32;
        bytes = rest;
    }
    true
}

/// Sets all bits of the sector that begins there.
pub(crate) fn erase(at: u32) -> bool {
    let sector = (start() + at) / FLASH_SECTOR_BYTES;
    call(rom::UNLOCK, [0; 3]) && call(rom::ERASE_SECTOR, [sector as usize, 0, 0])
}
