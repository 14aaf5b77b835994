//! From a program that shows a difference to the shortest that still does.
//!
//! Most of the time goes into starting QEMU, so few processes are asked much. All stretches of a
//! program that might go are tried in one image, each left out alone; then all that can go alone
//! are left out together, and half of them if that is too much. A candidate that does not come to
//! its end on the engine would hold up those behind it for as long as QEMU is given, and is not
//! sent there; unless that is the difference, and then only such candidates are.

use crate::batch::{Batch, fitting};
use crate::machines::{MachineError, Nobody, run_engine, run_qemu};
use crate::outcome::{ENGINE_ENDLESS, differences, kind, read};
use crate::program::{Program, Unit};
use crate::qemu::Qemu;
use ramscope_engine::Machine;
use std::time::Duration;

/// A candidate that takes QEMU longer has gone astray.
const CANDIDATE_TIME_MAX: Duration = Duration::from_millis(500);

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
    let mut length = best.units.len().div_ceil(2).max(1);
    loop {
        match trial.shorter(&best, length)? {
            Some(shorter) => best = shorter,
            None if length == 1 => return Ok(best),
            None => length = length.div_ceil(2),
        }
        length = length.min(best.units.len()).max(1);
    }
}

impl Trial<'_> {
    /// The program without stretches of `length` units, if the difference survives that.
    fn shorter(&self, best: &Program, length: usize) -> Result<Option<Program>, MachineError> {
        let starts = self.dispensable(best, length)?;
        let mut count = starts.len();
        while count > 1 {
            let shorter = best.without(&starts[..count], length);
            if self.differs_alone(&shorter)? {
                return Ok(Some(shorter));
            }
            count /= 2;
        }
        for start in starts {
            let shorter = best.without(&[start], length);
            if self.differs_alone(&shorter)? {
                return Ok(Some(shorter));
            }
        }
        Ok(None)
    }

    /// The stretches of `length` units that can go, one at a time. The programs without them run
    /// one behind the other; one that QEMU does not end takes those behind it along, so they run
    /// again without it.
    fn dispensable(&self, best: &Program, length: usize) -> Result<Vec<usize>, MachineError> {
        let mut starts = Vec::new();
        for start in (0..best.units.len()).step_by(length) {
            if self.ends(&best.without(&[start], length))? != self.wants_endless() {
                starts.push(start);
            }
        }
        let mut found = Vec::new();
        while !starts.is_empty() {
            let programs: Vec<Program> =
                starts.iter().map(|&start| best.without(&[start], length)).collect();
            let count = fitting(&programs);
            let tried = self.try_all(&programs[..count])?;
            found.extend(tried.differ.into_iter().map(|n| starts[n]));
            starts.drain(..(tried.ended + 1).min(count));
        }
        Ok(found)
    }

    /// Whether the difference is that the engine does not come to an end.
    fn wants_endless(&self) -> bool {
        self.kind.as_deref() == Some(ENGINE_ENDLESS)
    }

    /// Whether the engine comes to the end of a program.
    fn ends(&self, program: &Program) -> Result<bool, MachineError> {
        let batch = Batch::new(vec![program.clone()]);
        Ok(!read(&run_engine(&batch, &mut Nobody, self.prepare)?).is_empty())
    }

    /// A program must differ in an image of its own, too, because a difference may depend on where
    /// it stands.
    fn differs_alone(&self, program: &Program) -> Result<bool, MachineError> {
        Ok(!self.try_all(std::slice::from_ref(program))?.differ.is_empty())
    }

    fn try_all(&self, programs: &[Program]) -> Result<Tried, MachineError> {
        let batch = Batch::new(programs.to_vec());
        let engine = read(&run_engine(&batch, &mut Nobody, self.prepare)?);
        let told = read(&run_qemu(self.qemu, &batch, CANDIDATE_TIME_MAX)?);
        let ended = told.len().min(programs.len());
        let differs = |n: &usize| {
            if self.wants_endless() && programs.len() > 1 {
                return true; // the engine did not end it alone, and here not those behind it
            }
            let found = kind(&differences(engine.get(*n), told.get(*n)));
            found.is_some() && found == self.kind
        };
        Ok(Tried { differ: (0..ended).filter(differs).collect(), ended })
    }
}

/// What came of candidates.
struct Tried {
    /// Those that differ.
    differ: Vec<usize>,
    /// How many QEMU has ended.
    ended: usize,
}
