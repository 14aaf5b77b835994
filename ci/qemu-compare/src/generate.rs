//! Random programs.

mod memory;
mod privileged;

use crate::code::{Instruction, Operands, build, ins, li};
use crate::opcode::{Form, OPCODES, Opcode, index_of};
use crate::program::{Program, Unit};
use crate::random::Random;

/// Units of one program.
const UNITS_MAX: u32 = 30;
/// The driver's register: programs never write it.
const DRIVER: u32 = 3;

/// Makes one program.
pub(crate) struct Generator {
    random: Random,
    /// Whether the units stand in user mode.
    user: bool,
}

/// Program `index` of a run. `locks` lets it lock memory protection.
pub(crate) fn program(seed: u64, index: u64, locks: bool) -> Program {
    let mut generator = Generator { random: Random::new(seed, index), user: false };
    let mut registers = [0; 31];
    for register in &mut registers {
        *register = generator.random.value();
    }
    let count = 6 + generator.random.below(UNITS_MAX - 6);
    let mut units: Vec<Unit> = (0..count).map(|_| generator.unit()).collect();
    if locks {
        units.push(generator.leave_user());
        units.push(generator.lock());
    }
    Program { registers, units, locks }
}

impl Generator {
    fn unit(&mut self) -> Unit {
        match self.random.below(27) {
            0 | 1 => self.access(),
            2 => self.compressed_access(),
            3 => self.stack_access(),
            4 => self.faulting_access(),
            5 => self.branch(),
            6 => self.compressed_branch(),
            7 => self.jump(),
            8 => self.jump_register(),
            9 => self.lost_jump(),
            10 => self.loop_back(),
            11 | 12 => self.csr(),
            13 => self.absent_csr(),
            14 => self.illegal(),
            15 => self.call_out(),
            16 => self.interrupt(),
            17 => self.change_mode(),
            18 => self.guard(),
            19 => self.rewrite(),
            20 => self.wait(),
            21 => self.corner(),
            _ => vec![self.arithmetic()],
        }
    }

    /// A register that may be written.
    fn target(&mut self) -> u32 {
        loop {
            let register = self.random.below(32);
            if register != DRIVER {
                return register;
            }
        }
    }

    /// A register that keeps what is written to it.
    fn scratch(&mut self) -> u32 {
        loop {
            let register = self.target();
            if register != 0 {
                return register;
            }
        }
    }

    /// Another one.
    fn scratch_beside(&mut self, other: u32) -> u32 {
        loop {
            let register = self.scratch();
            if register != other {
                return register;
            }
        }
    }

    fn short(&mut self) -> u32 {
        8 + self.random.below(8)
    }

    /// An instruction that only computes.
    fn arithmetic(&mut self) -> Instruction {
        loop {
            let op = self.random.pick(OPCODES);
            if let Some(operands) = self.arithmetic_operands(op) {
                let instruction = build(op, operands);
                if index_of(instruction.bits).is_some() {
                    return instruction;
                }
            }
        }
    }

    fn arithmetic_operands(&mut self, op: &Opcode) -> Option<Operands> {
        let (rd, rs1, rs2) = (self.target(), self.random.below(32), self.random.below(32));
        let any = Operands { rd, rs1, rs2, imm: self.random.value() as i32 };
        let six = (any.imm << 26) >> 26;
        Some(match op.form {
            Form::Upper => Operands { imm: any.imm & !0xFFF, ..any },
            Form::Immediate => Operands { imm: (any.imm << 20) >> 20, ..any },
            Form::Shift | Form::Register | Form::Fence => any,
            Form::CAddi4spn => Operands { rd: self.short(), imm: any.imm & 0x3FC, ..any },
            Form::CNop => Operands { imm: six, ..any },
            Form::CImmediate => Operands { imm: six, ..any },
            Form::CUpper if rd != 2 => Operands { imm: (any.imm << 14 >> 26) << 12, ..any },
            Form::CAddi16sp => Operands { imm: ((any.imm << 22) >> 22) & !15, ..any },
            Form::CShift => Operands { rd: self.short(), ..any },
            Form::CAndi => Operands { rd: self.short(), imm: six, ..any },
            Form::CArithmetic => Operands { rd: self.short(), rs2: self.short(), ..any },
            Form::CSlli => any,
            Form::CMove if rs2 != 0 => any,
            _ => return None,
        })
    }

    /// A multiplication or division at the ends of its range.
    fn corner(&mut self) -> Unit {
        const HARD: [u32; 6] = [0, 1, 2, u32::MAX, 0x8000_0000, 0x7FFF_FFFF];
        let names = ["mul", "mulh", "mulhsu", "mulhu", "div", "divu", "rem", "remu"];
        let a = self.scratch();
        let b = self.scratch_beside(a);
        let pair = match self.random.below(3) {
            0 => (0x8000_0000, u32::MAX), // the one quotient that does not fit
            _ => (*self.random.pick(&HARD), *self.random.pick(&HARD)),
        };
        let mut unit = li(a, pair.0);
        unit.extend(li(b, pair.1));
        let name = *self.random.pick(&names);
        unit.push(ins(name, self.target(), a, b, 0));
        unit
    }

    /// One or two instructions to be skipped.
    fn filler(&mut self) -> Unit {
        (0..=self.random.below(2)).map(|_| self.arithmetic()).collect()
    }

    fn branch(&mut self) -> Unit {
        let names = ["beq", "bne", "blt", "bge", "bltu", "bgeu"];
        let name = *self.random.pick(&names);
        let (a, mut b) = (self.random.below(32), self.random.below(32));
        if self.random.one_in(4) {
            b = a;
        }
        self.forth_and_back(|offset| ins(name, 0, a, b, offset))
    }

    fn compressed_branch(&mut self) -> Unit {
        let name = *self.random.pick(&["c.beqz", "c.bnez"]);
        let a = self.short();
        self.forth_and_back(|offset| ins(name, 0, a, 0, offset))
    }

    fn jump(&mut self) -> Unit {
        let rd = self.target();
        match self.random.below(3) {
            0 => self.forth_and_back(|offset| ins("c.j", 0, 0, 0, offset)),
            1 => self.forth_and_back(|offset| ins("c.jal", 0, 0, 0, offset)),
            _ => self.forth_and_back(|offset| ins("jal", rd, 0, 0, offset)),
        }
    }

    /// A jump over a few instructions; sometimes back into them, and out again.
    fn forth_and_back(&mut self, go: impl Fn(i32) -> Instruction) -> Unit {
        let filler = self.filler();
        let bytes: u32 = filler.iter().map(Instruction::length).sum();
        let width = go(0).length();
        if self.random.one_in(2) {
            let mut unit = vec![go((width + bytes) as i32)];
            unit.extend(filler);
            return unit;
        }
        // over the filler, perhaps back to it, and over the jump that took us back
        let mut unit = vec![ins("jal", 0, 0, 0, (4 + bytes + 4) as i32)];
        unit.extend(filler);
        unit.push(ins("jal", 0, 0, 0, (4 + width) as i32));
        unit.push(go(-(bytes as i32 + 4)));
        unit
    }

    fn jump_register(&mut self) -> Unit {
        let pointer = self.scratch();
        let filler = self.filler();
        let bytes: u32 = filler.iter().map(Instruction::length).sum();
        let odd = self.random.below(2) as i32;
        let mut unit = match self.random.below(3) {
            0 => {
                let offset = 8 + bytes as i32 + odd;
                vec![ins("auipc", pointer, 0, 0, 0), ins("jalr", self.target(), pointer, 0, offset)]
            }
            form => {
                let name = if form == 1 { "c.jr" } else { "c.jalr" };
                let offset = 4 + 4 + 2 + bytes as i32 + odd;
                vec![
                    ins("auipc", pointer, 0, 0, 0),
                    ins("addi", pointer, pointer, 0, offset),
                    ins(name, 0, pointer, 0, 0),
                ]
            }
        };
        unit.extend(filler);
        unit
    }

    /// A jump to where nothing is: the handler comes back to x1.
    fn lost_jump(&mut self) -> Unit {
        let pointer = self.scratch_beside(1);
        let target = crate::layout::RAM_END + 2 * self.random.below(0x100);
        let mut unit = li(pointer, target);
        unit.push(match self.random.below(2) {
            0 => ins("c.jalr", 0, pointer, 0, 0),
            _ => ins("jalr", 1, pointer, 0, 0),
        });
        unit
    }

    /// A short loop with one instruction in it.
    fn loop_back(&mut self) -> Unit {
        let counter = self.short();
        let body = loop {
            let body = self.arithmetic();
            let rd = [body.bits >> 7 & 31, 8 + (body.bits >> 7 & 7), 8 + (body.bits >> 2 & 7)];
            if !rd.contains(&counter) {
                break body;
            }
        };
        let length = body.length() as i32;
        let turns = 1 + self.random.below(6) as i32;
        let mut unit = vec![ins("addi", counter, 0, 0, turns), body];
        match self.random.below(2) {
            0 => {
                unit.push(ins("c.addi", counter, 0, 0, -1));
                unit.push(ins("c.bnez", 0, counter, 0, -(length + 2)));
            }
            _ => {
                unit.push(ins("addi", counter, counter, 0, -1));
                unit.push(ins("blt", 0, 0, counter, -(length + 4)));
            }
        }
        unit
    }

    /// Bits that no instruction has.
    fn illegal(&mut self) -> Unit {
        loop {
            let word = match self.random.below(4) {
                0 => self.random.word() & 0xFFFF & !3 | self.random.below(3),
                1 => 0x0B | self.random.word() & !0x7F,
                2 => 0x33 | self.random.word() & !0x7F,
                _ => self.random.word() | 3,
            };
            let is_long_format = word & 0x1F == 0x1F;
            if index_of(word).is_none() && !is_long_format && !is_privileged(word) {
                return vec![Instruction::raw(if word & 3 == 3 { word } else { word & 0xFFFF })];
            }
        }
    }

    fn call_out(&mut self) -> Unit {
        match self.random.below(3) {
            0 => vec![ins("ebreak", 0, 0, 0, 0)],
            1 => vec![ins("c.ebreak", 0, 0, 0, 0)],
            _ => {
                self.user = false; // from user mode the handler comes back to machine mode
                vec![ins("ecall", 0, 0, 0, 0)]
            }
        }
    }

    /// Writes an instruction into the program and executes it.
    fn rewrite(&mut self) -> Unit {
        let pointer = self.scratch();
        let value = self.scratch_beside(pointer);
        let rd = self.scratch();
        let new = ins("addi", rd, rd, 0, self.random.below(2048) as i32);
        let mut unit = vec![ins("auipc", pointer, 0, 0, 0)];
        unit.extend(li(value, new.bits));
        // behind auipc, the constant, the store and the fence
        unit.push(ins("sw", 0, pointer, value, 4 + 8 + 4 + 4));
        unit.push(ins("fence.i", 0, 0, 0, 0));
        unit.push(ins("xori", rd, rd, 0, -1));
        unit
    }
}

/// System instructions that are no CSR instruction: some exist in QEMU alone.
fn is_privileged(word: u32) -> bool {
    word & 0x707F == 0x73 || word & 0x707F == 0x4073
}
