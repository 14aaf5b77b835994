//! What the tests execute.
//!
//! All follow one pattern: x3 counts the test, a difference goes to `fail`, the end goes to `pass`,
//! and both store to `tohost` again and again, as the convention wants.

use crate::assembler::Assembler;
use crate::elf::{Elf, Symbol};
use crate::layout::{MTIMECMP, RAM_END, csr};

const BASE: u32 = 0x8000_0000;
const TOHOST: u32 = 0x8000_1000;
const FROMHOST: u32 = TOHOST + 64;
const DATA: u32 = 0x8000_2000;
const SYMBOLS: [Symbol<'static>; 2] = [("tohost", TOHOST, 8), ("fromhost", FROMHOST, 8)];

/// The test that is under way.
const COUNT: u32 = 3;
const T0: u32 = 5;
const T1: u32 = 6;
const A0: u32 = 10;
const A1: u32 = 11;
const A2: u32 = 12;
const MIE_BIT: u32 = 8;

/// What a test ends with that met a trap which it did not expect.
const UNEXPECTED: u32 = 1337;

/// A program that passes if `body` runs to its end.
fn code(body: impl FnOnce(&mut Assembler)) -> Vec<u8> {
    let mut asm = Assembler::default();
    body(&mut asm);
    asm.label("pass");
    asm.li(COUNT, 1);
    asm.go("jal", 0, 0, "tell");
    asm.label("fail");
    asm.op("slli", COUNT, COUNT, 0, 1);
    asm.op("ori", COUNT, COUNT, 0, 1);
    asm.label("tell");
    asm.li(T0, TOHOST);
    asm.label("again");
    asm.store(COUNT, 0, T0);
    asm.store(0, 4, T0);
    asm.go("jal", 0, 0, "again");
    asm.finish()
}

fn elf(code: &[u8], data: &[u8], more: &[Symbol<'_>]) -> Vec<u8> {
    let symbols: Vec<Symbol<'_>> = SYMBOLS.iter().chain(more).copied().collect();
    let host = [0; 128];
    let segments = [(BASE, code), (TOHOST, &host[..]), (DATA, data)];
    Elf { segments: &segments, symbols: &symbols }.file()
}

fn program(body: impl FnOnce(&mut Assembler)) -> Vec<u8> {
    elf(&code(body), &[0; 64], &[])
}

/// Test `count`: `register` must hold `expected`.
fn expect(asm: &mut Assembler, count: i32, register: u32, expected: u32) {
    asm.op("addi", COUNT, 0, 0, count);
    asm.li(T1, expected);
    asm.go("bne", register, T1, "fail");
}

/// Begins with a handler: it passes for `cause`, and tells of any other trap.
fn handler(asm: &mut Assembler, cause: u32) {
    asm.go("jal", 0, 0, "start");
    let address = BASE + asm.bytes.len() as u32;
    asm.read_csr(T0, csr::MCAUSE);
    asm.li(T1, cause);
    asm.go("beq", T0, T1, "pass");
    asm.li(COUNT, UNEXPECTED);
    asm.go("jal", 0, 0, "tell");
    asm.label("start");
    asm.set_csr(csr::MTVEC, address);
}

/// Both operands, and what comes out.
type Case = (&'static str, u32, u32, u32);

fn cases(list: &[Case]) -> Vec<u8> {
    program(|asm| {
        for (count, (name, a, b, expected)) in (2..).zip(list) {
            asm.li(A0, *a);
            asm.li(A1, *b);
            asm.op(name, A2, A0, A1, 0);
            expect(asm, count, A2, *expected);
        }
    })
}

pub(super) fn arithmetic() -> Vec<u8> {
    cases(&[
        ("add", 0x7FFF_FFFF, 1, 0x8000_0000),
        ("sub", 0, 1, u32::MAX),
        ("sll", 1, 33, 2),
        ("srl", 0x8000_0000, 31, 1),
        ("sra", 0x8000_0000, 31, u32::MAX),
        ("slt", u32::MAX, 0, 1),
        ("sltu", u32::MAX, 0, 0),
        ("xor", 0xF0F0, 0x0FF0, 0xFF00),
        ("or", 0xF000, 0x000F, 0xF00F),
        ("and", 0xFF00, 0x0FF0, 0x0F00),
    ])
}

pub(super) fn multiply_divide() -> Vec<u8> {
    const LEAST: u32 = 0x8000_0000;
    cases(&[
        ("mul", 0xFFFF, 0x1_0001, u32::MAX),
        ("mulh", LEAST, LEAST, 0x4000_0000),
        ("mulhsu", u32::MAX, u32::MAX, u32::MAX),
        ("mulhu", u32::MAX, u32::MAX, u32::MAX - 1),
        ("div", LEAST, u32::MAX, LEAST),
        ("div", 7, 0, u32::MAX),
        ("divu", LEAST, 3, 0x2AAA_AAAA),
        ("rem", LEAST, u32::MAX, 0),
        ("rem", 7, 0, 7),
        ("remu", u32::MAX, 10, 5),
    ])
}

pub(super) fn branches() -> Vec<u8> {
    program(|asm| {
        asm.li(A0, u32::MAX);
        asm.li(A1, 1);
        let taken =
            [("bne", A0, A1), ("blt", A0, A1), ("bge", A1, A0), ("bltu", A1, A0), ("bgeu", A0, A1)];
        for (count, (name, a, b)) in (2..).zip(taken) {
            let label = format!("taken {count}");
            asm.op("addi", COUNT, 0, 0, count);
            asm.go(name, a, b, &label);
            asm.go("jal", 0, 0, "fail");
            asm.label(&label);
        }
        asm.op("addi", COUNT, 0, 0, 7);
        asm.go("beq", A0, A1, "fail");
    })
}

pub(super) fn compressed() -> Vec<u8> {
    program(|asm| {
        asm.op("c.li", A0, 0, 0, -5);
        asm.op("c.addi", A0, 0, 0, 3);
        asm.op("c.mv", A1, 0, A0, 0);
        asm.op("c.add", A1, 0, A0, 0);
        expect(asm, 2, A0, 2_u32.wrapping_neg());
        expect(asm, 3, A1, 4_u32.wrapping_neg());
        asm.op("c.srai", A1, 0, 0, 2);
        expect(asm, 4, A1, u32::MAX);
        asm.li(2, DATA);
        asm.op("c.swsp", 0, 2, A0, 8);
        asm.op("c.lwsp", A2, 2, 0, 8);
        expect(asm, 5, A2, 2_u32.wrapping_neg());
    })
}

pub(super) fn memory() -> Vec<u8> {
    program(|asm| {
        asm.li(A1, DATA);
        asm.li(A0, 0x8001_F2F3);
        asm.store(A0, 0, A1);
        let loads = [
            ("lb", 1, 0xFFFF_FFF2),
            ("lbu", 1, 0xF2),
            ("lh", 2, 0xFFFF_8001),
            ("lhu", 0, 0xF2F3),
            ("lw", 0, 0x8001_F2F3),
        ];
        for (count, (name, offset, expected)) in (2..).zip(loads) {
            asm.op(name, A2, A1, 0, offset);
            expect(asm, count, A2, expected);
        }
        asm.op("sb", 0, A1, 0, 3);
        asm.op("sh", 0, A1, A1, 0);
        asm.load(A2, 0, A1);
        expect(asm, 7, A2, 0x0001_2000);
        asm.load(A2, 1, A1); // misaligned: both machines do it
        expect(asm, 8, A2, 0x0000_0120);
    })
}

pub(super) fn csr_accesses() -> Vec<u8> {
    program(|asm| {
        asm.set_csr(csr::MSCRATCH, 0xF0);
        asm.op("csrrsi", A0, 0x0F, 0, csr::MSCRATCH as i32);
        expect(asm, 2, A0, 0xF0);
        asm.op("csrrci", A0, 0x11, 0, csr::MSCRATCH as i32);
        expect(asm, 3, A0, 0xFF);
        asm.read_csr(A0, csr::MSCRATCH);
        expect(asm, 4, A0, 0xEE);
    })
}

pub(super) fn illegal_is_caught() -> Vec<u8> {
    program(|asm| {
        handler(asm, 2);
        asm.bytes.extend([0; 4]);
        asm.go("jal", 0, 0, "fail");
    })
}

/// Opens memory to user mode, goes there, and calls.
pub(super) fn user_mode() -> Vec<u8> {
    program(|asm| {
        handler(asm, 8);
        asm.set_csr(csr::PMPADDR0, u32::MAX);
        asm.set_csr(csr::PMPCFG0, 0x1F);
        asm.op("auipc", T0, 0, 0, 0);
        asm.op("addi", T0, T0, 0, 16);
        asm.write_csr(csr::MEPC, T0);
        asm.op("mret", 0, 0, 0, 0);
        asm.op("ecall", 0, 0, 0, 0);
        asm.go("jal", 0, 0, "fail");
    })
}

pub(super) fn timer() -> Vec<u8> {
    program(|asm| {
        handler(asm, 0x8000_0007);
        asm.poke(MTIMECMP + 4, 0);
        asm.poke(MTIMECMP, 100);
        asm.set_csr(csr::MIE, 1 << 7);
        asm.op("csrrsi", 0, MIE_BIT, 0, csr::MSTATUS as i32);
        asm.label("on and on");
        asm.go("jal", 0, 0, "on and on");
    })
}

/// Says a letter through device 1, the lower half first.
pub(super) fn console_character() -> Vec<u8> {
    program(|asm| {
        asm.li(T0, TOHOST);
        asm.li(A0, u32::from(b'A'));
        asm.store(A0, 0, T0);
        asm.li(A0, 0x0101_0000);
        asm.store(A0, 4, T0);
        asm.load(A0, 0, T0);
        expect(asm, 2, A0, 0);
    })
}

/// Says a word through the system call `write`.
pub(super) fn console_call() -> Vec<u8> {
    let text = b"hello\n";
    let words = [64, 0, 1, 0, DATA + 32, 0, text.len() as u32, 0];
    let mut data: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    data.extend(text);
    let code = code(|asm| {
        asm.li(T0, TOHOST);
        asm.li(A1, DATA);
        asm.store(A1, 0, T0);
        asm.store(0, 4, T0);
        asm.label("answer");
        asm.load(A0, (FROMHOST - TOHOST) as i32, T0);
        asm.go("beq", A0, 0, "answer");
        asm.load(A0, 0, A1);
        expect(asm, 2, A0, text.len() as u32);
    });
    elf(&code, &data, &[])
}

/// Leaves four words.
pub(super) fn with_signature() -> Vec<u8> {
    let code = code(|asm| {
        asm.li(A1, DATA);
        for n in 1..=4 {
            asm.op("addi", A0, 0, 0, 7 * n);
            asm.store(A0, 4 * (n - 1), A1);
        }
    });
    let ends = [("begin_signature", DATA, 0), ("end_signature", DATA + 16, 0)];
    elf(&code, &[0; 16], &ends)
}

/// Stores the lower half alone, as old programs of 32 bits do.
pub(super) fn lower_half_only() -> Vec<u8> {
    program(|asm| {
        asm.li(COUNT, 1);
        asm.li(T0, TOHOST);
        asm.label("stay");
        asm.store(COUNT, 0, T0);
        asm.go("jal", 0, 0, "stay");
    })
}

pub(super) fn fails(count: i32) -> Vec<u8> {
    program(|asm| {
        asm.li(A0, 41);
        expect(asm, count, A0, 42);
    })
}

pub(super) fn unexpected_trap() -> Vec<u8> {
    program(|asm| {
        handler(asm, 2);
        asm.li(A1, RAM_END + 0x1000);
        asm.load(A0, 0, A1);
    })
}

pub(super) fn hangs() -> Vec<u8> {
    program(|asm| {
        asm.label("here");
        asm.go("jal", 0, 0, "here");
    })
}

pub(super) fn waits() -> Vec<u8> {
    program(|asm| asm.op("wfi", 0, 0, 0, 0))
}

pub(super) fn no_handler() -> Vec<u8> {
    program(|asm| {
        asm.li(A1, RAM_END + 0x1000);
        asm.store(0, 0, A1);
    })
}

/// Executes an instruction that the machine has not, with a handler as riscv-tests have.
pub(super) fn needs(instruction: u32) -> Vec<u8> {
    program(|asm| {
        handler(asm, u32::MAX);
        asm.bytes.extend(instruction.to_le_bytes());
    })
}

/// The same without a handler.
pub(super) fn needs_without_handler(instruction: u16) -> Vec<u8> {
    program(|asm| asm.bytes.extend(instruction.to_le_bytes()))
}

/// A file whose header says 64 bits.
pub(super) fn of_class_64() -> Vec<u8> {
    let mut file = fails(2);
    file[4] = 2;
    file
}

pub(super) fn for_x86() -> Vec<u8> {
    let mut file = fails(2);
    file[18] = 62;
    file
}

pub(super) fn linked_elsewhere() -> Vec<u8> {
    let code = code(|_| {});
    Elf { segments: &[(0x4200_0000, &code)], symbols: &SYMBOLS }.file()
}

pub(super) fn too_large() -> Vec<u8> {
    let code = code(|_| {});
    let data = vec![0; 0x8000];
    Elf { segments: &[(BASE, &code), (RAM_END - 0x4000, &data)], symbols: &SYMBOLS }.file()
}

pub(super) fn without_tohost() -> Vec<u8> {
    let code = code(|_| {});
    Elf { segments: &[(BASE, &code)], symbols: &[("fromhost", FROMHOST, 8)] }.file()
}
