//! `ramscope explore --target qemu-virt`: slices of other lengths.
//!
//! QEMU cannot end a slice after an instruction of the harness's choice. But the kernel draws the lengths of its
//! slices by a seed (`slices SEED` on the console), and nobody else decides when runs on QEMU switch. So each seed is
//! another schedule, and the same seed the same one. They are runs from power-on, none is shrunk, and that
//! nothing fails is never complete.

use std::ops::RangeInclusive;
use std::path::Path;
use std::sync::Arc;

use ramscope_model::counted;
use ramscope_scenario::{Command, Run};

use super::laboratory::Trial;
use crate::args::ExploreOptions;
use crate::evidence::{as_argument, this_program};
use crate::failure::Failure;

/// Seeds that are tried unless told otherwise: each is a run of QEMU from power-on.
const SEEDS: u64 = 20;
/// What a schedule of this kind begins with.
const PREFIX: &str = "slices:";

/// The seeds to try: one, if its schedule is named.
pub(crate) fn seeds(options: &ExploreOptions) -> Result<RangeInclusive<u32>, Failure> {
    let Some(schedule) = &options.schedule else {
        let last = options.seeds().unwrap_or(SEEDS);
        return Ok(1..=u32::try_from(last).unwrap_or(u32::MAX));
    };
    let seed = schedule.strip_prefix(PREFIX).and_then(|seed| seed.parse().ok());
    seed.map(|seed: u32| seed..=seed).ok_or_else(|| Failure::NoGround {
        reason: format!("`{schedule}` is no schedule of this target, as `{PREFIX}7`"),
    })
}

/// The run with slices of this seed: the device is told before the first line that the scenario types.
pub(crate) fn with_seed(run: &Run, seed: u32) -> Result<Run, Failure> {
    let mut scenario = (*run.scenario).clone();
    let typed = scenario.steps.iter_mut().find_map(|step| match &mut step.command {
        Command::WriteSerial(bytes) => Some(bytes),
        _ => None,
    });
    let Some(typed) = typed else {
        let reason = "the scenario types nothing, so no program starts".to_owned();
        return Err(Failure::NoGround { reason });
    };
    typed.splice(0..0, format!("slices {seed}\n").into_bytes());
    Ok(Run { scenario: Arc::new(scenario), ..run.clone() })
}

/// What was tried so far.
#[derive(Default)]
pub(crate) struct Tried {
    runs: u64,
    failed: Option<(u32, String)>,
}

impl Tried {
    /// Notes a run; says whether it failed.
    pub(crate) fn note(&mut self, seed: u32, trial: Trial) -> bool {
        self.runs += 1;
        self.failed = trial.has_failed().then_some((seed, trial.sentence));
        self.has_failed()
    }

    /// Whether one failed.
    pub(crate) const fn has_failed(&self) -> bool {
        self.failed.is_some()
    }

    /// What is shown; the last line is the command that shows the failing one again.
    pub(crate) fn text(&self, run: &Run) -> String {
        let mut text = format!("{run}: slices of other lengths, drawn by seed\n\n");
        text += &format!("  tried     {}\n\n", counted(self.runs, "run"));
        let path = as_argument(Path::new(&run.scenario.path));
        text + &match &self.failed {
            None => "None of these failed. That is no proof: others were not tried. More seeds try more; \
                     the built-in machines\ncan end a slice at any instruction.\n"
                .to_owned(),
            Some((seed, sentence)) => format!(
                "It fails with slices of seed {seed}:\n\n  {sentence}\n\n{} explore {path} --target {} \
                 --schedule {PREFIX}{seed}\n",
                this_program(),
                run.target
            ),
        }
    }
}
