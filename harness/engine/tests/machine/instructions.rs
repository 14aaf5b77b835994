//! What each class of instructions computes.

use crate::asm::Asm;
use crate::asm::reg::*;
use crate::program::{DATA, ran};

/// `a2 = a0 op a1` for a register form.
fn check_register(funct7: u32, funct3: u32, a: u32, b: u32, expected: u32) {
    let machine = ran(|asm| {
        asm.li(A0, a);
        asm.li(A1, b);
        asm.r_type(funct7, funct3, A2, A0, A1);
        asm.stay();
    });
    let found = machine.register(A2 as u8);
    assert_eq!(found, expected, "{funct7:#x}/{funct3} of {a:#x} and {b:#x}");
}

/// `a2 = a0 op imm` for an immediate form.
fn check_immediate(funct3: u32, a: u32, imm: i32, expected: u32) {
    let machine = ran(|asm| {
        asm.li(A0, a);
        asm.i_type(0x13, funct3, A2, A0, imm);
        asm.stay();
    });
    let found = machine.register(A2 as u8);
    assert_eq!(found, expected, "{funct3} of {a:#x} and {imm}");
}

const MIN: u32 = 0x8000_0000;
const MINUS: u32 = u32::MAX;

#[test]
fn register_arithmetic_wraps_and_compares() {
    check_register(0x00, 0, MINUS, 2, 1); // add
    check_register(0x20, 0, 1, 2, MINUS); // sub
    check_register(0x00, 1, 1, 33, 2); // sll takes five bits
    check_register(0x00, 2, MINUS, 0, 1); // slt
    check_register(0x00, 3, MINUS, 0, 0); // sltu
    check_register(0x00, 4, 0b1100, 0b1010, 0b0110); // xor
    check_register(0x00, 5, MIN, 31, 1); // srl
    check_register(0x20, 5, MIN, 31, MINUS); // sra
    check_register(0x00, 6, 0b1100, 0b1010, 0b1110); // or
    check_register(0x00, 7, 0b1100, 0b1010, 0b1000); // and
}

#[test]
fn immediate_arithmetic_extends_the_sign() {
    check_immediate(0, 5, -6, MINUS); // addi
    check_immediate(2, MINUS, 0, 1); // slti
    check_immediate(3, 5, -1, 1); // sltiu compares with the extended value
    check_immediate(4, 5, -1, !5); // xori
    check_immediate(6, 0, -2048, 0xFFFF_F800); // ori
    check_immediate(7, MINUS, 0x7FF, 0x7FF); // andi
    check_immediate(1, 1, 31, MIN); // slli
    check_immediate(5, MIN, 4, 0x0800_0000); // srli
    check_immediate(5, MIN, 4 | 0x400, 0xF800_0000); // srai
}

#[test]
fn multiplication_gives_both_halves() {
    check_register(1, 0, 0x1_0001, 0x1_0001, 0x0002_0001); // mul
    check_register(1, 1, MIN, MIN, 0x4000_0000); // mulh
    check_register(1, 1, MINUS, 1, MINUS);
    check_register(1, 2, MINUS, MINUS, MINUS); // mulhsu: -1 * (2^32 - 1)
    check_register(1, 3, MINUS, MINUS, 0xFFFF_FFFE); // mulhu
}

#[test]
fn division_has_an_answer_for_every_operand() {
    check_register(1, 4, -7_i32 as u32, 2, -3_i32 as u32); // div rounds towards zero
    check_register(1, 4, 7, 0, MINUS);
    check_register(1, 4, MIN, MINUS, MIN);
    check_register(1, 5, 7, 0, MINUS); // divu
    check_register(1, 5, MINUS, 2, 0x7FFF_FFFF);
    check_register(1, 6, -7_i32 as u32, 2, MINUS); // rem has the dividend's sign
    check_register(1, 6, 7, 0, 7);
    check_register(1, 6, MIN, MINUS, 0);
    check_register(1, 7, 7, 0, 7); // remu
    check_register(1, 7, MINUS, 10, 5);
}

#[test]
fn upper_immediates_are_absolute_or_relative_to_the_instruction() {
    let machine = ran(|asm| {
        asm.lui(A0, 0x8765_4000);
        asm.auipc(A1, 0x0000_1000);
        asm.stay();
    });
    assert_eq!(machine.register(A0 as u8), 0x8765_4000);
    assert_eq!(machine.register(A1 as u8), 0x4200_1004);
}

#[test]
fn x0_stays_zero() {
    let machine = ran(|asm| {
        asm.li(ZERO, 0x1234_5678);
        asm.add(A0, ZERO, ZERO);
        asm.stay();
    });
    assert_eq!(machine.register(0), 0);
    assert_eq!(machine.register(A0 as u8), 0);
}

/// Whether a branch of `funct3` is taken for two operands.
fn check_branch(funct3: u32, a: u32, b: u32, taken: bool) {
    let machine = ran(|asm| {
        asm.li(A0, a);
        asm.li(A1, b);
        asm.b_type(funct3, A0, A1, "taken");
        asm.addi(A2, ZERO, 1);
        asm.stay();
        asm.label("taken");
        asm.addi(A2, ZERO, 2);
        asm.stay();
    });
    let expected = if taken { 2 } else { 1 };
    assert_eq!(machine.register(A2 as u8), expected, "{funct3} of {a:#x}, {b:#x}");
}

#[test]
fn branches_compare_as_they_say() {
    for (a, b) in [(1, 1), (1, 2), (2, 1), (MINUS, 1), (1, MINUS)] {
        check_branch(0, a, b, a == b);
        check_branch(1, a, b, a != b);
        check_branch(4, a, b, (a as i32) < b as i32);
        check_branch(5, a, b, a as i32 >= b as i32);
        check_branch(6, a, b, a < b);
        check_branch(7, a, b, a >= b);
    }
}

#[test]
fn backward_branches_and_calls_loop() {
    let machine = ran(|asm| {
        asm.addi(A0, ZERO, 10);
        asm.label("again");
        asm.jal(RA, "twice");
        asm.addi(A0, A0, -1);
        asm.bne(A0, ZERO, "again");
        asm.stay();
        asm.label("twice");
        asm.addi(A1, A1, 2);
        asm.ret();
    });
    assert_eq!(machine.register(A1 as u8), 20);
}

#[test]
fn an_indirect_jump_clears_the_lowest_bit_and_may_use_its_own_link_register() {
    let machine = ran(|asm| {
        asm.la(RA, "target");
        asm.jalr(RA, RA, 1);
        asm.stay();
        asm.label("target");
        asm.addi(A0, ZERO, 7);
        asm.stay();
    });
    assert_eq!(machine.register(A0 as u8), 7);
    assert_eq!(machine.register(RA as u8), 0x4200_000C);
}

#[test]
fn loads_extend_as_they_say_and_stores_keep_their_neighbours() {
    let machine = ran(|asm| {
        asm.poke(DATA, 0x8182_8384);
        asm.li(S0, DATA);
        asm.i_type(0x03, 0, A0, S0, 3); // lb
        asm.i_type(0x03, 4, A1, S0, 3); // lbu
        asm.i_type(0x03, 1, A2, S0, 2); // lh
        asm.i_type(0x03, 5, A3, S0, 2); // lhu
        asm.s_type(0, ZERO, 1, S0); // sb
        asm.lw(A4, 0, S0);
        asm.s_type(1, ZERO, 2, S0); // sh
        asm.lw(A5, 0, S0);
        asm.stay();
    });
    let found = [A0, A1, A2, A3, A4, A5].map(|n| machine.register(n as u8));
    assert_eq!(found, [0xFFFF_FF81, 0x81, 0xFFFF_8182, 0x8182, 0x8182_0084, 0x0000_0084]);
}

#[test]
fn compressed_and_long_instructions_mix_at_any_half_word() {
    let machine = ran(|asm: &mut Asm| {
        asm.half(0x4515); // c.li a0, 5
        asm.addi(A0, A0, 1); // at +2
        asm.half(0x0506); // c.slli a0, 1
        asm.half(0x852A); // c.mv a0, a0
        asm.half(0x85AA); // c.mv a1, a0
        asm.half(0xA001); // c.j .
    });
    assert_eq!(machine.register(A1 as u8), 12);
}

#[test]
fn a_program_runs_from_any_memory_that_executes() {
    use crate::program::image_at;
    use ramscope_engine::{Machine, Options};
    for base in [0x4200_0000, 0x4037_C000, 0x4038_0000, 0x3FC8_0000, 0x5000_0000] {
        let image = image_at(base, |asm| {
            asm.addi(A0, ZERO, 7);
            asm.stay();
        });
        let mut machine = Machine::esp32c3(&image, &Options::default());
        let _ = machine.run(crate::program::micros(1));
        assert_eq!(machine.register(A0 as u8), 7, "{base:#x}");
    }
}
