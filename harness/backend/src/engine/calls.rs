//! Where each unit stands, read from the memory of the machine when a run is over.
//!
//! The instruction that a unit goes on with is certain. Its callers are not: the images have no frame
//! pointers and no unwind tables. So the stack above is searched for words that are return
//! addresses, that is, for addresses right after an instruction that calls. Some of them may be
//! left over from calls that are long over, so whoever shows them says that they are guesses.

use ramscope_capture::ObserverEvent;
use ramscope_engine::Machine;
use ramscope_wire::call_bytes;

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

/// The instruction that returns to `address`, if there is one that calls right before it.
fn call_before(machine: &Machine, address: u32) -> Option<u32> {
    if !address.is_multiple_of(2) || address < 4 {
        return None;
    }
    let half = |at: u32| {
        let mut bytes = [0; 2];
        machine.read_bytes(at, &mut bytes).ok()?;
        Some(u16::from_le_bytes(bytes))
    };
    // Data is no code: only what the bus fetches instructions from counts.
    if !(0x4000_0000..0x4400_0000).contains(&address) && !(0x8000_0000..).contains(&address) {
        return None;
    }
    Some(address - call_bytes(half(address - 4)?, half(address - 2)?)?)
}
