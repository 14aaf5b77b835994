//! From a program that shows a difference to the shortest that still does.

use crate::batch::{Batch, fitting};
use crate::machines::{MachineError, Nobody, Qemu, run_engine};
use crate::outcome::{differences, kind, read};
use crate::program::{Program, Unit};
use ramscope_engine::Machine;
use std::time::Duration;

/// A candidate that takes QEMU longer has gone astray.
const CANDIDATE_TIME_MAX: Duration = Duration::from_secs(1);

/// How a candidate is tried.
pub(crate) struct Trial<'a> {
    pub(crate) qemu: &'a Qemu,
    /// What is done to the engine before it runs.
    pub(crate) prepare: &'a dyn Fn(&mut Machine),
    /// The kind of difference that has to stay.
    pub(crate) kind: Option<String>,
}

/// Takes out units, many at once and then one by one, as long as the difference is left; and then
/// the same with single instructions.
pub(crate) fn shrink(program: Program, trial: &Trial<'_>) -> Result<Program, MachineError> {
    let mut best = shrink_units(program, trial)?;
    best.units = best.instructions().map(|instruction| Unit::from([instruction.clone()])).collect();
    shrink_units(best, trial)
}

fn shrink_units(program: Program, trial: &Trial<'_>) -> Result<Program, MachineError> {
    let mut best = program;
    let mut step = best.units.len().div_ceil(2).max(1);
    loop {
        match trial.first_that_differs(candidates(&best, step))? {
            Some(shorter) => best = shorter,
            None if step == 1 => return Ok(best),
            None => step = step.div_ceil(2),
        }
        step = step.min(best.units.len()).max(1);
    }
}

fn candidates(program: &Program, step: usize) -> Vec<Program> {
    let starts = (0..program.units.len()).step_by(step);
    starts.map(|first| program.without(first, step)).collect()
}

/// What came of candidates.
struct Found {
    /// Those that differ.
    differ: Vec<usize>,
    /// How many QEMU has ended.
    ended: usize,
}

impl Trial<'_> {
    /// The candidates run one behind the other; one that QEMU does not end takes those behind it
    /// along, so they run again without it. One that differs must differ alone, too, because a
    /// difference may depend on where the program stands.
    fn first_that_differs(
        &self,
        mut candidates: Vec<Program>,
    ) -> Result<Option<Program>, MachineError> {
        while !candidates.is_empty() {
            let count = fitting(&candidates);
            let found = self.try_all(&candidates[..count])?;
            for &n in &found.differ {
                if !self.try_all(&candidates[n..=n])?.differ.is_empty() {
                    return Ok(Some(candidates.swap_remove(n)));
                }
            }
            candidates.drain(..(found.ended + 1).min(count));
        }
        Ok(None)
    }

    fn try_all(&self, programs: &[Program]) -> Result<Found, MachineError> {
        let batch = Batch::new(programs.to_vec());
        let engine = read(&run_engine(&batch, &mut Nobody, self.prepare)?);
        let told = read(&self.qemu.run_for(&batch, CANDIDATE_TIME_MAX)?);
        let ended = told.len().min(programs.len());
        let differs = |n: &usize| {
            let found = kind(&differences(engine.get(*n), told.get(*n)));
            found.is_some() && found == self.kind
        };
        Ok(Found { differ: (0..ended).filter(differs).collect(), ended })
    }
}
