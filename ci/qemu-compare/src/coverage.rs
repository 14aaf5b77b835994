//! How often everything occurred.

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

/// Counts over all programs.
#[derive(Default)]
pub(crate) struct Coverage {
    executed: Vec<u64>,
    causes: BTreeMap<u32, u64>,
}

impl Coverage {
    pub(crate) fn add(&mut self, executed: &[u64], outcomes: &[Outcome]) {
        self.executed.resize(OPCODES.len(), 0);
        for (sum, count) in self.executed.iter_mut().zip(executed) {
            *sum += count;
        }
        for trap in outcomes.iter().flat_map(|outcome| &outcome.traps) {
            *self.causes.entry(trap.cause).or_default() += 1;
        }
    }

    fn lines(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        let executed = OPCODES.iter().zip(&self.executed).map(|(op, count)| (op.name, *count));
        let causes = CAUSES.iter().map(|(cause, name)| {
            let count = self.causes.get(cause).copied().unwrap_or(0);
            (*name, count)
        });
        executed.chain(causes)
    }

    /// All counts, as a table.
    pub(crate) fn table(&self) -> String {
        let mut text = String::new();
        for (n, (name, count)) in self.lines().enumerate() {
            let is_cause = n >= OPCODES.len();
            if is_cause {
                text += &format!("  {name:<26} {count:>9}\n");
            } else {
                let end = if n % 5 == 4 || n + 1 == OPCODES.len() { "\n" } else { "" };
                text += &format!("  {name:<11} {count:>8}{end}");
            }
        }
        text
    }

    /// What occurred less often than this.
    pub(crate) fn too_seldom(&self, at_least: u64) -> Vec<String> {
        let seldom = self.lines().filter(|(_, count)| *count < at_least);
        seldom.map(|(name, count)| format!("{name} ({count})")).collect()
    }
}
