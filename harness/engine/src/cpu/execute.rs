//! The execute loop: one long match, because a dispatch that the compiler can turn into one jump
//! table is what an interpreter's speed comes from.
//!
//! Two choices keep values in registers of the host. The place is an index of half-words into the
//! stretch, so the next instruction is an addition away and its bounds check also notices a jump
//! out of the stretch; the program counter is worked out where it is needed. Time is the number of
//! cycles that are left. Both are written back when the loop leaves.
//!
//! It leaves *before* an instruction that has to wait ([`Exit::Undecoded`], [`Exit::Elsewhere`],
//! [`Exit::Trap`]), or *after* one that changed something (`attention`, [`Exit::Due`]).

use super::decode::{Decoded, Op};
use super::trigger::Watch;
use super::{Cpu, Exception, Privilege, cause, csr};
use crate::code::Stretch;
use crate::machine::Machine;
use crate::memory::{MARK_TRIGGER, Quick, ram_overlaps};
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
    pub(crate) fn trigger_fires(&mut self, watch: Watch, address: u32, bytes: u32) -> bool {
        self.triggers.fires(watch, address, bytes, self.privilege)
    }

    /// The value of a CSR after `active` cycles without waiting, if there is one of this number.
    pub(crate) fn read_csr(&self, number: u16, active: u64) -> Option<u32> {
        if let Some(standard) = &self.standard {
            return self.read_standard(standard, number, active);
        }
        let csr = self.csrs.read(number, active);
        csr.or_else(|| self.triggers.read(number))
    }
}

impl Machine {
    /// Executes instructions of one stretch until `stop_cycle`, which is still to come, or until
    /// there is a reason to leave. `CAREFUL` looks for triggers on loads and fetches.
    #[inline(never)] // its registers are its own
    pub(crate) fn execute<O: Observer, Q: Quick, const CAREFUL: bool>(
        &mut self,
        stretch: &Stretch,
        stop_cycle: u64,
        observer: &mut O,
    ) -> Exit {
        let entries = stretch.entries();
        let base = stretch.base;
        let index_of = |address: u32| (address.wrapping_sub(base) >> 1) as usize;
        let address_of = |index: usize| base.wrapping_add((index as u32) << 1);
        let mut index = index_of(self.cpu.pc);
        let mut left = stop_cycle - self.cycle;
        let exit = loop {
            macro_rules! pc {
                () => {
                    address_of(index)
                };
            }
            macro_rules! cycle {
                () => {
                    stop_cycle - left
                };
            }
            if left == 0 {
                break Exit::Due;
            }
            let Some(&instruction) = entries.get(index) else {
                break Exit::Elsewhere;
            };
            if CAREFUL || O::RETIRES {
                if instruction.op == Op::Undecoded {
                    break Exit::Undecoded;
                }
                if CAREFUL && self.cpu.trigger_fires(Watch::Execute, pc!(), 1) {
                    break Exit::Trap(Exception::new(cause::BREAKPOINT, 0));
                }
                if O::RETIRES {
                    let flow = observer.retire(&CpuView::new(self, pc!(), cycle!()), pc!());
                    self.note(flow);
                }
            }
            macro_rules! rs1 {
                () => {
                    self.cpu.registers[usize::from(instruction.rs1)]
                };
            }
            macro_rules! rs2 {
                () => {
                    self.cpu.registers[usize::from(instruction.rs2())]
                };
            }
            let imm = instruction.imm;
            let mut next = index + instruction.halves();

            macro_rules! set {
                ($value:expr) => {
                    self.cpu.registers[usize::from(instruction.rd)] = $value
                };
            }
            macro_rules! branch {
                ($taken:expr) => {
                    if $taken {
                        next = index.wrapping_add(instruction.distance());
                    }
                };
            }
            macro_rules! load {
                ($bytes:literal, $extend:expr) => {{
                    let address = rs1!().wrapping_add(imm);
                    let quick =
                        if CAREFUL { None } else { self.memory.quick_load::<Q, $bytes>(address) };
                    let value = match quick {
                        Some(value) => value,
                        None => match self.slow_load(address, $bytes, pc!(), cycle!()) {
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
                    let address = rs1!().wrapping_add(imm);
                    let quick = self.memory.quick_store::<Q, $bytes>(address, rs2!());
                    if !quick
                        && let Err(exception) =
                            self.slow_store(address, $bytes, rs2!(), pc!(), cycle!())
                    {
                        break Exit::Trap(exception);
                    }
                    if O::STORES {
                        let value = rs2!() & (u32::MAX >> (32 - 8 * $bytes));
                        let view = CpuView::new(self, pc!(), cycle!());
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
                    index = next;
                    left -= 1;
                    break Exit::Due;
                }};
            }

            match instruction.op {
                Op::Undecoded => break Exit::Undecoded,
                Op::Illegal => break Exit::Trap(Exception::new(cause::ILLEGAL, imm)),
                Op::Torn => {
                    break Exit::Trap(Exception::new(cause::FETCH_FAULT, pc!().wrapping_add(2)));
                }
                Op::Lui => set!(imm),
                Op::Auipc => set!(pc!().wrapping_add(imm)),
                Op::Jal => {
                    let link = address_of(next);
                    set!(link);
                    next = index.wrapping_add(instruction.distance());
                    if O::CALLS && instruction.links() {
                        let view = CpuView::new(self, pc!(), cycle!());
                        let flow = observer.call(&view, address_of(next), link);
                        self.note(flow);
                    }
                    if O::CALLS && self.attention {
                        leave_after!();
                    }
                }
                Op::Jalr => {
                    let target = rs1!().wrapping_add(imm) & !1;
                    let link = address_of(next);
                    set!(link);
                    if O::CALLS {
                        let view = CpuView::new(self, pc!(), cycle!());
                        let flow = if instruction.links() {
                            observer.call(&view, target, link)
                        } else if instruction.returns() {
                            observer.ret(&view, target)
                        } else {
                            Flow::Continue
                        };
                        self.note(flow);
                    }
                    next = index_of(target);
                    if O::CALLS && self.attention {
                        leave_after!();
                    }
                }
                Op::Beq => branch!(rs1!() == rs2!()),
                Op::Bne => branch!(rs1!() != rs2!()),
                Op::Blt => branch!((rs1!() as i32) < rs2!() as i32),
                Op::Bge => branch!(rs1!() as i32 >= rs2!() as i32),
                Op::Bltu => branch!(rs1!() < rs2!()),
                Op::Bgeu => branch!(rs1!() >= rs2!()),
                Op::Lb => load!(1, |value| value as u8 as i8 as u32),
                Op::Lh => load!(2, |value| value as u16 as i16 as u32),
                Op::Lw => load!(4, |value| value),
                Op::Lbu => load!(1, |value| value),
                Op::Lhu => load!(2, |value| value),
                Op::Sb => store!(1),
                Op::Sh => store!(2),
                Op::Sw => store!(4),
                Op::Addi => set!(rs1!().wrapping_add(imm)),
                Op::Slti => set!(u32::from((rs1!() as i32) < imm as i32)),
                Op::Sltiu => set!(u32::from(rs1!() < imm)),
                Op::Xori => set!(rs1!() ^ imm),
                Op::Ori => set!(rs1!() | imm),
                Op::Andi => set!(rs1!() & imm),
                Op::Slli => set!(rs1!().wrapping_shl(imm)),
                Op::Srli => set!(rs1!().wrapping_shr(imm)),
                Op::Srai => set!((rs1!() as i32).wrapping_shr(imm) as u32),
                Op::Add => set!(rs1!().wrapping_add(rs2!())),
                Op::Sub => set!(rs1!().wrapping_sub(rs2!())),
                Op::Sll => set!(rs1!().wrapping_shl(rs2!())),
                Op::Slt => set!(u32::from((rs1!() as i32) < rs2!() as i32)),
                Op::Sltu => set!(u32::from(rs1!() < rs2!())),
                Op::Xor => set!(rs1!() ^ rs2!()),
                Op::Srl => set!(rs1!().wrapping_shr(rs2!())),
                Op::Sra => set!((rs1!() as i32).wrapping_shr(rs2!()) as u32),
                Op::Or => set!(rs1!() | rs2!()),
                Op::And => set!(rs1!() & rs2!()),
                Op::Mul => set!(rs1!().wrapping_mul(rs2!())),
                Op::Mulh => {
                    set!(((i64::from(rs1!() as i32) * i64::from(rs2!() as i32)) >> 32) as u32)
                }
                Op::Mulhsu => set!(((i64::from(rs1!() as i32) * i64::from(rs2!())) >> 32) as u32),
                Op::Mulhu => set!(((u64::from(rs1!()) * u64::from(rs2!())) >> 32) as u32),
                Op::Div => set!(signed_quotient(rs1!() as i32, rs2!() as i32) as u32),
                Op::Divu => set!(rs1!().checked_div(rs2!()).unwrap_or(u32::MAX)),
                Op::Rem => set!(signed_remainder(rs1!() as i32, rs2!() as i32) as u32),
                Op::Remu => set!(rs1!().checked_rem(rs2!()).unwrap_or(rs1!())),
                Op::Fence => {}
                #[cfg(feature = "mutations")]
                Op::Mutant => {
                    let mutation = self.cpu.mutation.expect("a bug was seeded");
                    set!(mutation.computed(rs1!(), rs2!()))
                }
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
                        break Exit::Trap(self.illegal(pc!()));
                    }
                    self.trap_return(pc!(), cycle!(), observer);
                    next = index_of(self.cpu.pc);
                    if self.attention {
                        leave_after!();
                    }
                }
                Op::Wfi => {
                    if self.cpu.wfi_is_illegal() {
                        break Exit::Trap(self.illegal(pc!()));
                    }
                    self.cpu.waiting = true;
                    leave_after!();
                }
                Op::Csrrw | Op::Csrrs | Op::Csrrc | Op::Csrrwi | Op::Csrrsi | Op::Csrrci => {
                    if let Err(exception) =
                        self.csr_instruction(instruction, pc!(), cycle!(), observer)
                    {
                        break Exit::Trap(exception);
                    }
                    if self.attention {
                        leave_after!();
                    }
                }
            }
            index = next;
            left -= 1;
            if O::RETIRES && self.attention {
                break Exit::Due;
            }
        };
        self.cpu.pc = address_of(index);
        self.cycle = stop_cycle - left;
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
        self.protect();
        self.attention |= self.cpu.privilege == Privilege::User; // it may execute other memory
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
        let old = match self.cpu.read_csr(number, self.counter_at(cycle)) {
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
        if self.cpu.standard.is_some() {
            self.cpu.write_standard(number, value, self.counter_at(cycle));
            self.attention |= number == csr::MIE_CSR;
            self.protect();
        } else if self.cpu.triggers.read(number).is_some() {
            self.write_trigger_csr(number, value);
        } else {
            self.cpu.csrs.write(number, value, self.instructions_at(cycle));
        }
        if csr::is_protection(number) {
            self.fetch = None;
            self.attention = true;
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
        for (first, last) in ranges.flat_map(ram_overlaps) {
            self.memory.unmark(first, last, MARK_TRIGGER);
        }
    }

    fn set_trigger_marks(&mut self) {
        let ranges = self.cpu.triggers.store_ranges();
        for (first, last) in ranges.flat_map(ram_overlaps) {
            self.memory.mark(first, last, MARK_TRIGGER);
        }
    }
}

/// Division by zero gives -1, the one overflow gives the dividend (unprivileged manual, "M").
fn signed_quotient(a: i32, b: i32) -> i32 {
    if b == 0 { -1 } else { a.wrapping_div(b) }
}

fn signed_remainder(a: i32, b: i32) -> i32 {
    if b == 0 { a } else { a.wrapping_rem(b) }
}
