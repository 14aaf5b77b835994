//! How often everything occurred.

use crate::batch::Known;
use crate::freedom::{ABSENT, FREEDOMS};
use crate::layout::csr;
use crate::opcode::OPCODES;
use crate::outcome::Outcome;
use std::collections::BTreeMap;

/// Causes that both machines can raise: mcause and a name.
const CAUSES: [(u32, &str); 10] = [
    (1, "instruction access fault"),
    (2, "illegal instruction"),
    (3, "breakpoint"),
    (5, "load access fault"),
    (7, "store access fault"),
    (8, "ecall from user mode"),
    (11, "ecall from machine mode"),
    (0x8000_0003, "software interrupt"),
    (0x8000_0007, "timer interrupt"),
    (0x8000_000B, "external interrupt"),
];

/// What one image executed.
#[derive(Default)]
pub(crate) struct Executed {
    /// By line of [`OPCODES`].
    opcodes: BTreeMap<usize, u64>,
    /// By number.
    csrs: BTreeMap<u32, u64>,
}

impl Executed {
    pub(crate) fn count(&mut self, known: Known) {
        *self.opcodes.entry(known.opcode).or_default() += 1;
        if let Some(csr) = known.csr {
            *self.csrs.entry(csr).or_default() += 1;
        }
    }
}

/// Counts over all programs.
#[derive(Default)]
pub(crate) struct Coverage {
    executed: Executed,
    causes: BTreeMap<u32, u64>,
}

/// What occurred, and how often.
type Count = (String, u64);

impl Coverage {
    pub(crate) fn add(&mut self, executed: &Executed, outcomes: &[Outcome]) {
        for (opcode, count) in &executed.opcodes {
            *self.executed.opcodes.entry(*opcode).or_default() += count;
        }
        for (csr, count) in &executed.csrs {
            *self.executed.csrs.entry(*csr).or_default() += count;
        }
        for trap in outcomes.iter().flat_map(|outcome| &outcome.traps) {
            *self.causes.entry(trap.cause).or_default() += 1;
        }
    }

    fn instructions(&self) -> Vec<Count> {
        let count = |n: usize| self.executed.opcodes.get(&n).copied().unwrap_or(0);
        OPCODES.iter().enumerate().map(|(n, op)| (op.name.to_owned(), count(n))).collect()
    }

    /// Accesses by CSR, those included that must trap.
    fn csrs(&self) -> Vec<Count> {
        let mut numbers: Vec<u32> = FREEDOMS.iter().map(|freedom| freedom.csr).collect();
        numbers.extend(ABSENT);
        numbers.extend([csr::MTVEC, csr::PMPCFG0, csr::PMPADDR0, csr::PMPADDR0 + 1]);
        numbers.sort_unstable();
        let count = |number: u32| self.executed.csrs.get(&number).copied().unwrap_or(0);
        numbers.into_iter().map(|number| (format!("csr {number:03x}"), count(number))).collect()
    }

    fn causes(&self) -> Vec<Count> {
        let count = |cause: u32| self.causes.get(&cause).copied().unwrap_or(0);
        CAUSES.iter().map(|(cause, name)| ((*name).to_owned(), count(*cause))).collect()
    }

    /// All counts, as a table.
    pub(crate) fn table(&self) -> String {
        let causes = self.causes().into_iter().map(|(name, n)| format!("  {name:<26} {n:>9}\n"));
        in_columns(&self.instructions()) + &in_columns(&self.csrs()) + &causes.collect::<String>()
    }

    /// What occurred less often than this.
    pub(crate) fn too_seldom(&self, at_least: u64) -> Vec<String> {
        let all = [self.instructions(), self.csrs(), self.causes()].concat();
        let seldom = all.into_iter().filter(|(_, count)| *count < at_least);
        seldom.map(|(name, count)| format!("{name} ({count})")).collect()
    }
}

fn in_columns(counts: &[Count]) -> String {
    let row = |row: &[Count]| {
        let cells = row.iter().map(|(name, count)| format!("  {name:<11} {count:>8}"));
        cells.collect::<String>() + "\n"
    };
    counts.chunks(5).map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_never_occurred_is_named() {
        let coverage = Coverage::default();
        let seldom = coverage.too_seldom(1);
        assert_eq!(seldom.len(), OPCODES.len() + coverage.csrs().len() + CAUSES.len());
        assert!(seldom.contains(&"c.lwsp (0)".to_owned()));
        assert!(seldom.contains(&"csr 300 (0)".to_owned()));
        assert!(seldom.contains(&"breakpoint (0)".to_owned()));
        assert!(coverage.too_seldom(0).is_empty());
    }
}
