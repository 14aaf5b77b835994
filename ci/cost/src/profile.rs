//! Where the instructions of one row go: by function, inlined ones for themselves.
//!
//! `ramscope-cost IMAGE BUDGETS --profile T2` shows what to look at first when an operation is to
//! become cheaper.

use crate::failure::Failure;
use crate::names::Names;
use crate::run;
use ramscope_engine::{CpuView, Flow, Observer};
use std::collections::BTreeMap;

/// Lines of the table.
const LINES_MAX: usize = 40;

/// Counts each instruction of a row by its address.
pub(crate) struct Profile {
    mark: u32,
    row: u32,
    is_on: bool,
    counts: BTreeMap<u32, u64>,
}

impl Observer for Profile {
    const STORES: bool = true;
    const RETIRES: bool = true;

    fn store(&mut self, _: &CpuView<'_>, address: u32, _: u8, value: u32) -> Flow {
        if address == self.mark {
            self.is_on = value == self.row;
        }
        Flow::Continue
    }

    fn retire(&mut self, _: &CpuView<'_>, pc: u32) -> Flow {
        if self.is_on {
            *self.counts.entry(pc).or_default() += 1;
        }
        Flow::Continue
    }
}

/// Instructions of the row `id` by function, most first, for one of the suite's 1,000 rounds.
pub(crate) fn table(elf: &[u8], id: &str) -> Result<String, Failure> {
    let profile = |mark| Profile { mark, row: run::word_of(id), is_on: false, counts: [].into() };
    let counts = run::profile(elf, profile)?.counts;
    let names = Names::of(elf);
    let mut functions: BTreeMap<String, u64> = BTreeMap::new();
    for (pc, count) in counts {
        *functions.entry(names.place(pc)).or_default() += count;
    }
    let mut functions: Vec<(String, u64)> = functions.into_iter().collect();
    functions.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let mut text = format!("{id}: instructions a round, by function\n");
    for (name, count) in functions.iter().take(LINES_MAX) {
        text += &format!("{:>9.1}  {name}\n", *count as f64 / 1_000.0);
    }
    Ok(text)
}
