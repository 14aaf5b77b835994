//! What became of programs, as the driver told it.

use crate::driver::{MAGIC, TOLD, TRAP_WORDS};
use crate::freedom::{FREEDOMS, TRAP_MSTATUS, compares_mtval};
use crate::layout::csr;

/// A trap, masked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Trap {
    slot: u32,
    pub(crate) cause: u32,
    pc: u32,
    value: Option<u32>,
    mstatus: u32,
}

/// What became of one program, masked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    registers: [u32; 31],
    csrs: [u32; TOLD.len()],
    data_hash: u32,
    pub(crate) traps: Vec<Trap>,
}

/// Reads the records of all programs that have told theirs.
pub(crate) fn read(bytes: &[u8]) -> Vec<Outcome> {
    let words = bytes
        .chunks_exact(4)
        .map(|word| u32::from_le_bytes(word.try_into().expect("a chunk of four is four bytes")));
    let mut words = words.peekable();
    let mut outcomes = Vec::new();
    while let Some(outcome) = read_one(&mut words) {
        outcomes.push(outcome);
    }
    outcomes
}

fn read_one(words: &mut impl Iterator<Item = u32>) -> Option<Outcome> {
    let head = words.next()?;
    if head & 0xFFFF_0000 != MAGIC {
        return None;
    }
    let mut outcome =
        Outcome { registers: [0; 31], csrs: [0; TOLD.len()], data_hash: 0, traps: Vec::new() };
    for register in &mut outcome.registers {
        *register = words.next()?;
    }
    for (value, number) in outcome.csrs.iter_mut().zip(TOLD) {
        let freedom = FREEDOMS.iter().find(|freedom| freedom.csr == number);
        *value = words.next()? & freedom.map_or(u32::MAX, |freedom| freedom.compared);
    }
    outcome.data_hash = words.next()?;
    for _ in 0..=head & 0xFFFF {
        let mut trap = [0; TRAP_WORDS];
        for word in &mut trap {
            *word = words.next()?;
        }
        let [slot, cause, pc, value, mstatus] = trap;
        outcome.traps.push(Trap {
            slot,
            cause,
            pc,
            value: compares_mtval(cause).then_some(value),
            mstatus: mstatus & TRAP_MSTATUS,
        });
    }
    Some(outcome)
}

/// A difference: QEMU ended a program that the engine did not.
pub(crate) const ENGINE_ENDLESS: &str = "the engine did not come to its end";

/// How two outcomes of a program differ, in lines for a person.
pub(crate) fn differences(engine: Option<&Outcome>, qemu: Option<&Outcome>) -> Vec<String> {
    let (engine, qemu) = match (engine, qemu) {
        (Some(engine), Some(qemu)) => (engine, qemu),
        (None, Some(_)) => return vec![ENGINE_ENDLESS.into()],
        (Some(_), None) => return vec!["QEMU did not come to its end".into()],
        (None, None) => return Vec::new(),
    };
    let mut lines = Vec::new();
    let mut compare = |name: String, a: u32, b: u32| {
        if a != b {
            lines.push(format!("{name}: engine {a:#010x}, QEMU {b:#010x}"));
        }
    };
    for (n, (a, b)) in engine.registers.iter().zip(&qemu.registers).enumerate() {
        compare(format!("x{}", n + 1), *a, *b);
    }
    for (number, (a, b)) in TOLD.iter().zip(engine.csrs.iter().zip(&qemu.csrs)) {
        compare(format!("CSR {number:#05x}"), *a, *b);
    }
    compare("hash of the data".into(), engine.data_hash, qemu.data_hash);
    let count = engine.traps.len().max(qemu.traps.len());
    for n in 0..count {
        let (a, b) = (engine.traps.get(n), qemu.traps.get(n));
        if a != b {
            lines.push(format!("trap {n}: engine {}, QEMU {}", told(a), told(b)));
            break;
        }
    }
    lines
}

/// What sort of difference it is: a program that is shrunk must keep it, or it might end up at
/// something that is left out of the comparison on purpose.
pub(crate) fn kind(differences: &[String]) -> Option<String> {
    let first = differences.first()?;
    Some(match first.split_once(':') {
        Some((name, _)) if name.starts_with('x') => "a register".into(),
        Some((name, rest)) if name.starts_with("trap") => {
            let causes = rest.split("cause ").skip(1).filter_map(|text| text.split(' ').next());
            causes.collect::<Vec<_>>().join(" ")
        }
        Some((name, _)) => name.into(),
        None => first.clone(),
    })
}

fn told(trap: Option<&Trap>) -> String {
    match trap {
        None => "none".into(),
        Some(Trap { slot, cause, pc, value, mstatus }) => {
            let value = value.map_or("free".into(), |value| format!("{value:#x}"));
            format!("cause {cause:#x} at {pc:#x}, mtval {value}, mstatus {mstatus:#x}, slot {slot}")
        }
    }
}

const _: () = assert!(csr::MSTATUS == 0x300, "records and masks speak of the same CSRs");
