//! Where each unit stands, read from the memory of the machine when a run is over.
//!
//! The instruction that a unit goes on with is certain. Its callers are not: the images have no frame
//! pointers and no unwind tables. So the stack above is searched for words that are return
//! addresses, that is, for addresses right after an instruction that calls. Some of them may be
//! left over from calls that are long over, so whoever shows them says that they are guesses.

use ramscope_capture::ObserverEvent;
use ramscope_engine::Machine;

use crate::gdb::units::{Unit, Units};

/// Callers of one unit that are told.
const CALLERS_MAX: usize = 16;
/// The stack pointer's register.
const SP: u8 = 2;
/// The return address's register.
const RA: u8 = 1;

/// What there is to tell of each unit.
pub(super) fn calls(machine: &Machine, units: &Units) -> Vec<ObserverEvent> {
    units.all(machine).iter().map(|unit| calls_of(machine, unit)).collect()
}

fn calls_of(machine: &Machine, unit: &Unit) -> ObserverEvent {
    let (pc, ra, sp) = match &unit.saved {
        Some(saved) => (saved.pc, saved.x[usize::from(RA)], saved.x[usize::from(SP)]),
        None => (machine.pc(), machine.register(RA), machine.register(SP)),
    };
    let end = unit.stack_low.saturating_add(unit.stack_bytes);
    let on_stack = (sp & !3..end).step_by(4).map_while(|at| machine.read_word(at).ok());
    let mut callers: Vec<u32> = Vec::new();
    // What a unit goes on with after a call into the kernel is the return address itself.
    let candidates = Some(ra).filter(|ra| *ra != pc).into_iter().chain(on_stack);
    for call in candidates.filter_map(|address| call_before(machine, address)) {
        if callers.last() != Some(&call) && callers.len() < CALLERS_MAX {
            callers.push(call);
        }
    }
    ObserverEvent::Calls { unit: unit.id, pc, callers }
}

/// The instruction that returns to `address`, if there is one that calls right before it
/// (RISC-V unprivileged specification, "Unconditional Jumps" and "Control Transfer Instructions").
fn call_before(machine: &Machine, address: u32) -> Option<u32> {
    if !address.is_multiple_of(2) || address < 4 {
        return None;
    }
    let half = |at: u32| {
        let mut bytes = [0; 2];
        machine.read_bytes(at, &mut bytes).ok()?;
        Some(u32::from(u16::from_le_bytes(bytes)))
    };
    // Data is no code: only what the bus fetches instructions from counts.
    if !(0x4000_0000..0x4400_0000).contains(&address) && !(0x8000_0000..).contains(&address) {
        return None;
    }
    let (far, near) = (half(address - 4)?, half(address - 2)?);
    if is_call(far | near << 16) {
        return Some(address - 4);
    }
    is_short_call(near).then_some(address - 2)
}

/// `jal ra, ...` or `jalr ra, ...`.
const fn is_call(instruction: u32) -> bool {
    let to_ra = instruction >> 7 & 0x1f == 1;
    let jal = instruction & 0x7f == 0x6f;
    let jalr = instruction & 0x707f == 0x67;
    to_ra && (jal || jalr)
}

/// `c.jal ...` or `c.jalr rs1`.
const fn is_short_call(instruction: u32) -> bool {
    let jal = instruction & 0xe003 == 0x2001;
    let jalr = instruction & 0xf07f == 0x9002 && instruction >> 7 & 0x1f != 0;
    jal || jalr
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instructions_that_call_are_known_by_their_bits() {
        assert!(is_call(0x0000_00ef), "jal ra, 0");
        assert!(is_call(0x0000_80e7), "jalr ra, ra, 0");
        assert!(!is_call(0x0000_006f), "j 0");
        assert!(!is_call(0x0000_8067), "ret");
        assert!(is_short_call(0x9502), "c.jalr a0");
        assert!(is_short_call(0x2001), "c.jal 0");
        assert!(!is_short_call(0x8082), "ret");
        assert!(!is_short_call(0x9002), "c.ebreak");
    }
}
