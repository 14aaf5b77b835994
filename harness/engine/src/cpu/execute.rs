//! The execute loop: one long match, because a dispatch that the compiler can turn into one jump
//! table is what an interpreter's speed comes from.
//!
//! The loop holds the program counter and the cycle itself and writes them back when it leaves.
//! It leaves *before* an instruction that has to wait ([`Exit::Undecoded`], [`Exit::Elsewhere`],
//! [`Exit::Trap`]), or *after* one that changed something (`attention`, [`Exit::Due`]).

use super::decode::{Decoded, Op};
use super::trigger::Watch;
use super::{Cpu, Exception, Privilege, cause, csr};
use crate::code::Stretch;
use crate::machine::Machine;
use crate::memory::{MARK_TRIGGER, Place, place};
use crate::observer::{CpuView, Flow, Observer};

/// Why the execute loop came back.
#[derive(Debug)]
pub(crate) enum Exit {
    /// The stop cycle has come, or something wants attention.
    Due,
    /// The program counter left the stretch.
    Elsewhere,
    /// The instruction has to be decoded first.
    Undecoded,
    /// The instruction at the program counter raised an exception.
    Trap(Exception),
}

impl Cpu {
    /// Whether a trigger fires, by the privilege that executes.
    pub(crate) fn trigger_fires(&mut self, watch: Watch, address: u32) -> bool {
        self.triggers.fires(watch, address, self.privilege)
    }

    /// The value of a CSR, if there is one of this number.
    pub(crate) fn read_csr(&self, number: u16, cycle: u64) -> Option<u32> {
        let csr = self.csrs.read(number, cycle);
        csr.or_else(|| self.triggers.read(number))
    }
}

impl Machine {
    /// Executes instructions of one stretch until `stop_cycle`, or until there is a reason to
    /// leave. `CAREFUL` looks for triggers on loads and fetches.
    pub(crate) fn execute<O: Observer, const CAREFUL: bool>(
        &mut self,
        stretch: &Stretch,
        stop_cycle: u64,
        observer: &mut O,
    ) -> Exit {
        let entries = stretch.entries();
        let base = stretch.base;
        let mut pc = self.cpu.pc;
        let mut cycle = self.cycle;
        let exit = loop {
            if cycle >= stop_cycle {
                break Exit::Due;
            }
            let index = (pc.wrapping_sub(base) >> 1) as usize;
            let Some(&instruction) = entries.get(index) else {
                break Exit::Elsewhere;
            };
            if CAREFUL || O::RETIRES {
                if instruction.op == Op::Undecoded {
                    break Exit::Undecoded;
                }
                if CAREFUL && self.cpu.trigger_fires(Watch::Execute, pc) {
                    break Exit::Trap(Exception::new(cause::BREAKPOINT, 0));
                }
                if O::RETIRES {
                    let flow = observer.retire(&CpuView::new(self, pc, cycle), pc);
                    self.note(flow);
                }
            }
            let a = self.cpu.registers[usize::from(instruction.rs1)];
            let b = self.cpu.registers[usize::from(instruction.rs2())];
            let imm = instruction.imm;
            let mut next = pc.wrapping_add(instruction.length());

            macro_rules! set {
                ($value:expr) => {
                    self.cpu.registers[usize::from(instruction.rd)] = $value
                };
            }
            macro_rules! branch {
                ($taken:expr) => {
                    if $taken {
                        next = pc.wrapping_add(imm);
                    }
                };
            }
            macro_rules! load {
                ($bytes:literal, $extend:expr) => {{
                    let address = a.wrapping_add(imm);
                    let quick =
                        if CAREFUL { None } else { self.memory.quick_load::<$bytes>(address) };
                    let value = match quick {
                        Some(value) => value,
                        None => match self.slow_load(address, $bytes, pc, cycle) {
                            Ok(value) => value,
                            Err(exception) => break Exit::Trap(exception),
                        },
                    };
                    set!($extend(value));
                    if quick.is_none() && self.attention {
                        leave_after!();
                    }
                }};
            }
            macro_rules! store {
                ($bytes:literal) => {{
                    let address = a.wrapping_add(imm);
                    let quick = self.memory.quick_store::<$bytes>(address, b);
                    if !quick && let Err(exception) = self.slow_store(address, $bytes, b, pc, cycle)
                    {
                        break Exit::Trap(exception);
                    }
                    if O::STORES {
                        let value = b & (u32::MAX >> (32 - 8 * $bytes));
                        let view = CpuView::new(self, pc, cycle);
                        let flow = observer.store(&view, address, $bytes, value);
                        self.note(flow);
                    }
                    if (O::STORES || !quick) && self.attention {
                        leave_after!();
                    }
                }};
            }
            macro_rules! leave_after {
                () => {{
                    pc = next;
                    cycle += 1;
                    break Exit::Due;
                }};
            }

            match instruction.op {
                Op::Undecoded => break Exit::Undecoded,
                Op::Illegal => break Exit::Trap(Exception::new(cause::ILLEGAL, imm)),
                Op::Torn => {
                    break Exit::Trap(Exception::new(cause::FETCH_FAULT, pc.wrapping_add(2)));
                }
                Op::Lui => set!(imm),
                Op::Auipc => set!(pc.wrapping_add(imm)),
                Op::Jal => {
                    let target = pc.wrapping_add(imm);
                    set!(next);
                    if O::CALLS && instruction.links() {
                        let view = CpuView::new(self, pc, cycle);
                        let flow = observer.call(&view, target, next);
                        self.note(flow);
                    }
                    next = target;
                    if O::CALLS && self.attention {
                        leave_after!();
                    }
                }
                Op::Jalr => {
                    let target = a.wrapping_add(imm) & !1;
                    set!(next);
                    if O::CALLS {
                        let view = CpuView::new(self, pc, cycle);
                        let flow = if instruction.links() {
                            observer.call(&view, target, next)
                        } else if instruction.returns() {
                            observer.ret(&view, target)
                        } else {
                            Flow::Continue
                        };
                        self.note(flow);
                    }
                    next = target;
                    if O::CALLS && self.attention {
                        leave_after!();
                    }
                }
                Op::Beq => branch!(a == b),
                Op::Bne => branch!(a != b),
                Op::Blt => branch!((a as i32) < b as i32),
                Op::Bge => branch!(a as i32 >= b as i32),
                Op::Bltu => branch!(a < b),
                Op::Bgeu => branch!(a >= b),
                Op::Lb => load!(1, |value| value as u8 as i8 as u32),
                Op::Lh => load!(2, |value| value as u16 as i16 as u32),
                Op::Lw => load!(4, |value| value),
                Op::Lbu => load!(1, |value| value),
                Op::Lhu => load!(2, |value| value),
                Op::Sb => store!(1),
                Op::Sh => store!(2),
                Op::Sw => store!(4),
                Op::Addi => set!(a.wrapping_add(imm)),
                Op::Slti => set!(u32::from((a as i32) < imm as i32)),
                Op::Sltiu => set!(u32::from(a < imm)),
                Op::Xori => set!(a ^ imm),
                Op::Ori => set!(a | imm),
                Op::Andi => set!(a & imm),
                Op::Slli => set!(a.wrapping_shl(imm)),
                Op::Srli => set!(a.wrapping_shr(imm)),
                Op::Srai => set!((a as i32).wrapping_shr(imm) as u32),
                Op::Add => set!(a.wrapping_add(b)),
                Op::Sub => set!(a.wrapping_sub(b)),
                Op::Sll => set!(a.wrapping_shl(b)),
                Op::Slt => set!(u32::from((a as i32) < b as i32)),
                Op::Sltu => set!(u32::from(a < b)),
                Op::Xor => set!(a ^ b),
                Op::Srl => set!(a.wrapping_shr(b)),
                Op::Sra => set!((a as i32).wrapping_shr(b) as u32),
                Op::Or => set!(a | b),
                Op::And => set!(a & b),
                Op::Mul => set!(a.wrapping_mul(b)),
                Op::Mulh => set!((i64::from(a as i32) * i64::from(b as i32) >> 32) as u32),
                Op::Mulhsu => set!((i64::from(a as i32) * i64::from(b) >> 32) as u32),
                Op::Mulhu => set!((u64::from(a) * u64::from(b) >> 32) as u32),
                Op::Div => set!(signed_quotient(a as i32, b as i32) as u32),
                Op::Divu => set!(a.checked_div(b).unwrap_or(u32::MAX)),
                Op::Rem => set!(signed_remainder(a as i32, b as i32) as u32),
                Op::Remu => set!(a.checked_rem(b).unwrap_or(a)),
                Op::Fence => {}
                Op::Ecall => {
                    let number = match self.cpu.privilege {
                        Privilege::User => cause::ECALL_USER,
                        Privilege::Machine => cause::ECALL_MACHINE,
                    };
                    break Exit::Trap(Exception::new(number, 0));
                }
                Op::Ebreak => break Exit::Trap(Exception::new(cause::BREAKPOINT, 0)),
                Op::Mret => {
                    if self.cpu.privilege == Privilege::User {
                        break Exit::Trap(self.illegal(pc));
                    }
                    self.trap_return(pc, cycle, observer);
                    next = self.cpu.pc;
                    if self.attention {
                        leave_after!();
                    }
                }
                Op::Wfi => {
                    if self.cpu.wfi_is_illegal() {
                        break Exit::Trap(self.illegal(pc));
                    }
                    self.cpu.waiting = true;
                    leave_after!();
                }
                Op::Csrrw | Op::Csrrs | Op::Csrrc | Op::Csrrwi | Op::Csrrsi | Op::Csrrci => {
                    if let Err(exception) = self.csr_instruction(instruction, pc, cycle, observer) {
                        break Exit::Trap(exception);
                    }
                    if self.attention {
                        leave_after!();
                    }
                }
            }
            pc = next;
            cycle += 1;
            if O::RETIRES && self.attention {
                break Exit::Due;
            }
        };
        self.cpu.pc = pc;
        self.cycle = cycle;
        exit
    }

    #[inline(always)]
    fn note(&mut self, flow: Flow) {
        if flow == Flow::Stop {
            self.observer_stopped = true;
            self.attention = true;
        }
    }

    /// The exception for an instruction whose bits are well formed but not allowed here.
    #[cold]
    fn illegal(&self, pc: u32) -> Exception {
        let bits = self.read_instruction(pc).unwrap_or(0);
        Exception::new(cause::ILLEGAL, bits)
    }

    fn read_instruction(&self, pc: u32) -> Option<u32> {
        let mut bytes = [0; 4];
        self.read_bytes(pc, &mut bytes).ok()?;
        Some(u32::from_le_bytes(bytes))
    }

    fn trap_return<O: Observer>(&mut self, pc: u32, cycle: u64, observer: &mut O) {
        let was_enabled = self.cpu.interrupts_enabled();
        self.cpu.trap_return();
        self.note_trap_return();
        self.attention |= self.would_interrupt();
        if O::TRAPS {
            let flow = observer.trap_return(&CpuView::new(self, pc, cycle), self.cpu.pc);
            self.note(flow);
        }
        self.show_mask(was_enabled, pc, cycle, observer);
    }

    fn show_mask<O: Observer>(&mut self, before: bool, pc: u32, cycle: u64, observer: &mut O) {
        let enabled = self.cpu.interrupts_enabled();
        if O::INTERRUPT_MASK && enabled != before {
            let flow = observer.interrupt_mask(&CpuView::new(self, pc, cycle), enabled);
            self.note(flow);
        }
    }

    fn csr_instruction<O: Observer>(
        &mut self,
        instruction: Decoded,
        pc: u32,
        cycle: u64,
        observer: &mut O,
    ) -> Result<(), Exception> {
        let number = instruction.imm as u16;
        let source = usize::from(instruction.rs1);
        let operand = match instruction.op {
            Op::Csrrw | Op::Csrrs | Op::Csrrc => self.cpu.registers[source],
            _ => u32::from(instruction.rs1),
        };
        let old = match self.cpu.read_csr(number, cycle) {
            Some(old) if csr::allowed(number, self.cpu.privilege) => old,
            _ => return Err(self.illegal(pc)),
        };
        let new = match instruction.op {
            Op::Csrrw | Op::Csrrwi => Some(operand),
            _ if source == 0 => None,
            Op::Csrrs | Op::Csrrsi => Some(old | operand),
            _ => Some(old & !operand),
        };
        if let Some(new) = new {
            if csr::is_read_only(number) {
                return Err(self.illegal(pc));
            }
            self.write_csr(number, new, pc, cycle, observer);
        }
        self.cpu.registers[usize::from(instruction.rd)] = old;
        Ok(())
    }

    fn write_csr<O: Observer>(
        &mut self,
        number: u16,
        value: u32,
        pc: u32,
        cycle: u64,
        observer: &mut O,
    ) {
        let was_enabled = self.cpu.interrupts_enabled();
        if self.cpu.triggers.read(number).is_some() {
            self.write_trigger_csr(number, value);
        } else {
            self.cpu.csrs.write(number, value, cycle);
        }
        self.attention |= self.would_interrupt();
        if O::CSR_WRITES {
            let flow = observer.csr_write(&CpuView::new(self, pc, cycle), number, value);
            self.note(flow);
        }
        self.show_mask(was_enabled, pc, cycle, observer);
    }

    /// A change of triggers moves the marks that make stores look closely.
    fn write_trigger_csr(&mut self, number: u16, value: u32) {
        let moves = matches!(number, csr::TDATA1 | csr::TDATA2);
        if moves {
            self.clear_trigger_marks();
        }
        self.cpu.triggers.write(number, value);
        if moves {
            self.set_trigger_marks();
            self.attention |= self.careful != self.cpu.triggers.need_care();
        }
    }

    /// Takes the marks of all triggers off, before one of them changes.
    pub(crate) fn clear_trigger_marks(&mut self) {
        let ranges = self.cpu.triggers.store_ranges();
        for offset in ranges.flat_map(granules) {
            self.memory.unmark(offset, offset, MARK_TRIGGER);
        }
    }

    fn set_trigger_marks(&mut self) {
        let ranges = self.cpu.triggers.store_ranges();
        for offset in ranges.flat_map(granules) {
            self.memory.mark(offset, offset, MARK_TRIGGER);
        }
    }
}

/// The granules of RAM, by an offset in each, that a range of addresses touches.
fn granules((first, span): (u32, u32)) -> impl Iterator<Item = u32> {
    let step = crate::memory::GRANULE;
    (0..=span).step_by(step as usize).filter_map(move |distance| {
        match place(first.wrapping_add(distance)) {
            Some(Place::Ram(offset)) => Some(offset),
            _ => None,
        }
    })
}

/// Division by zero gives -1, the one overflow gives the dividend (unprivileged manual, "M").
fn signed_quotient(a: i32, b: i32) -> i32 {
    if b == 0 { -1 } else { a.wrapping_div(b) }
}

fn signed_remainder(a: i32, b: i32) -> i32 {
    if b == 0 { a } else { a.wrapping_rem(b) }
}
