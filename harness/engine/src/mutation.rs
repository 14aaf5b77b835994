//! Bugs that can be seeded into the core, to see that the comparison with QEMU finds them.
//!
//! Only with the feature `mutations`; without it neither the field nor a branch is there. A bug
//! strikes where a slip would be made: when an instruction is decoded from RAM (code in flash is
//! decoded for the image, and stays right), in arithmetic, on the way into and out of a trap, in
//! protection, and where a store meets decoded code.

use crate::cpu::decode::{Decoded, Op};
use crate::cpu::{Cpu, cause, csr};
use crate::machine::Machine;

/// A seeded bug.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mutation {
    /// `mulhsu` takes both operands as unsigned.
    MulhsuIsUnsigned,
    /// `lh` extends with zeros.
    HalfLoadZeroExtends,
    /// `sra` shifts zeros in.
    ArithmeticShiftIsLogical,
    /// `sltiu` compares signed numbers.
    UnsignedSetIsSigned,
    /// `bgeu` compares signed numbers.
    UnsignedBranchIsSigned,
    /// `auipc` is `lui`.
    AuipcForgetsPc,
    /// `c.jal` links four bytes behind itself.
    CompressedCallLinksTooFar,
    /// `c.lwsp` loses bit 7 of its offset.
    StackLoadLosesOffsetBit,
    /// `csrrci` sets bits.
    CsrClearImmediateSets,
    /// `div` by zero gives 0.
    DivisionByZeroGivesZero,
    /// `div` gives 0 where the quotient does not fit.
    DivisionOverflowGivesZero,
    /// `rem` by zero gives 0.
    RemainderByZeroGivesZero,
    /// `sll` uses six bits of the distance.
    ShiftUsesSixBits,
    /// A trap clears MPIE.
    TrapForgetsMpie,
    /// mtval of an illegal instruction is 0.
    IllegalInstructionHasNoValue,
    /// In vectored mode interrupts go to the base.
    VectoredInterruptGoesToBase,
    /// `ecall` from user mode says that it came from machine mode.
    UserCallLooksLikeMachineCall,
    /// `mret` leaves MPIE clear.
    ReturnLeavesMpieClear,
    /// MPRV has no effect.
    MprvIsIgnored,
    /// The last word of a guard is not guarded.
    GuardEndsTooEarly,
    /// A misaligned store of a word stores its first byte only.
    MisalignedStoreIsCut,
    /// A store to code that has been decoded does not change it.
    OldCodeIsKept,
}

impl Mutation {
    /// All of them.
    pub const ALL: [Mutation; 22] = [
        Mutation::MulhsuIsUnsigned,
        Mutation::HalfLoadZeroExtends,
        Mutation::ArithmeticShiftIsLogical,
        Mutation::UnsignedSetIsSigned,
        Mutation::UnsignedBranchIsSigned,
        Mutation::AuipcForgetsPc,
        Mutation::CompressedCallLinksTooFar,
        Mutation::StackLoadLosesOffsetBit,
        Mutation::CsrClearImmediateSets,
        Mutation::DivisionByZeroGivesZero,
        Mutation::DivisionOverflowGivesZero,
        Mutation::RemainderByZeroGivesZero,
        Mutation::ShiftUsesSixBits,
        Mutation::TrapForgetsMpie,
        Mutation::IllegalInstructionHasNoValue,
        Mutation::VectoredInterruptGoesToBase,
        Mutation::UserCallLooksLikeMachineCall,
        Mutation::ReturnLeavesMpieClear,
        Mutation::MprvIsIgnored,
        Mutation::GuardEndsTooEarly,
        Mutation::MisalignedStoreIsCut,
        Mutation::OldCodeIsKept,
    ];

    /// An instruction as the bug decodes it.
    pub(crate) fn decoded(self, mut right: Decoded) -> Decoded {
        let op = match (self, right.op) {
            (Mutation::MulhsuIsUnsigned, Op::Mulhsu) => Op::Mulhu,
            (Mutation::HalfLoadZeroExtends, Op::Lh) => Op::Lhu,
            (Mutation::ArithmeticShiftIsLogical, Op::Sra) => Op::Srl,
            (Mutation::UnsignedSetIsSigned, Op::Sltiu) => Op::Slti,
            (Mutation::UnsignedBranchIsSigned, Op::Bgeu) => Op::Bge,
            (Mutation::AuipcForgetsPc, Op::Auipc) => Op::Lui,
            (Mutation::CsrClearImmediateSets, Op::Csrrci) => Op::Csrrsi,
            (Mutation::DivisionByZeroGivesZero | Mutation::DivisionOverflowGivesZero, Op::Div)
            | (Mutation::RemainderByZeroGivesZero, Op::Rem)
            | (Mutation::ShiftUsesSixBits, Op::Sll) => Op::Mutant,
            (Mutation::CompressedCallLinksTooFar, Op::Jal) if right.links() => {
                return right.with_length(2);
            }
            (Mutation::StackLoadLosesOffsetBit, Op::Lw)
                if right.halves() == 1 && right.rs1 == 2 =>
            {
                right.imm &= !0x80;
                Op::Lw
            }
            (_, op) => op,
        };
        right.op = op;
        right
    }

    /// What an instruction that became [`Op::Mutant`] computes.
    pub(crate) fn computed(self, a: u32, b: u32) -> u32 {
        match self {
            Mutation::DivisionByZeroGivesZero if b == 0 => 0,
            Mutation::DivisionOverflowGivesZero if b == 0 => u32::MAX,
            Mutation::DivisionOverflowGivesZero => {
                (a as i32).checked_div(b as i32).unwrap_or(0) as u32
            }
            Mutation::DivisionByZeroGivesZero => (a as i32).wrapping_div(b as i32) as u32,
            Mutation::RemainderByZeroGivesZero if b == 0 => 0,
            Mutation::RemainderByZeroGivesZero => (a as i32).wrapping_rem(b as i32) as u32,
            _ => a.checked_shl(b & 63).unwrap_or(0),
        }
    }
}

impl Cpu {
    fn has(&self, mutation: Mutation) -> bool {
        self.mutation == Some(mutation)
    }

    /// Spoils what a trap has left.
    pub(super) fn spoil_trap(&mut self) {
        let is_interrupt = self.csrs.mcause & cause::INTERRUPT != 0;
        if self.has(Mutation::TrapForgetsMpie) {
            self.csrs.mstatus &= !csr::MPIE;
        }
        if self.has(Mutation::IllegalInstructionHasNoValue) && self.csrs.mcause == cause::ILLEGAL {
            self.csrs.mtval = 0;
        }
        if self.has(Mutation::VectoredInterruptGoesToBase) && is_interrupt {
            self.pc = self.csrs.mtvec & !3;
        }
        if self.has(Mutation::UserCallLooksLikeMachineCall) && self.csrs.mcause == cause::ECALL_USER
        {
            self.csrs.mcause = cause::ECALL_MACHINE;
        }
    }

    /// Spoils what `mret` has left.
    pub(super) fn spoil_return(&mut self) {
        if self.has(Mutation::ReturnLeavesMpieClear) {
            self.csrs.mstatus &= !csr::MPIE;
        }
    }

    pub(super) fn ignores_mprv(&self) -> bool {
        self.has(Mutation::MprvIsIgnored)
    }

    /// How far behind an access protection looks.
    pub(crate) fn protection_shift(&self) -> u32 {
        if self.has(Mutation::GuardEndsTooEarly) { 4 } else { 0 }
    }

    /// How many bytes of a store at `address` arrive.
    pub(crate) fn stored_bytes(&self, address: u32, bytes: u32) -> u32 {
        let cut = self.has(Mutation::MisalignedStoreIsCut) && bytes == 4 && address & 3 != 0;
        if cut { 1 } else { bytes }
    }

    pub(crate) fn keeps_old_code(&self) -> bool {
        self.has(Mutation::OldCodeIsKept)
    }
}

impl Machine {
    /// Seeds a bug. Code in RAM must not have been executed yet.
    pub fn mutate(&mut self, mutation: Mutation) {
        self.cpu.mutation = Some(mutation);
        self.code.mutation = Some(mutation);
    }
}
