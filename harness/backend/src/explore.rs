//! Many runs that begin alike: a device that forks.
//!
//! Runs under different schedules do the same up to the scenario's first stimulus: the device boots,
//! and nothing of the program under test exists yet. So the scenario is carried out once, on a
//! [`Survey`]: right before the first stimulus the device is copied, and what was told until then is
//! kept. Without a stimulus the program began by itself, and runs fork at power-on. A [`Fork`] is a session that tells it again, to a driver that begins at power-on as
//! always, and then goes on with a copy of the device, along a schedule.
//!
//! The survey also notes where slices could end: before which instructions from the fork on each unit
//! of the program could be interrupted while another one of its priority is ready. That is the [`Ground`] that an exploration walks. Units of the
//! program are main and all that did not exist at the fork; forked at power-on, all but the kernel.
//!
//! Invariants:
//! 1. A fork's capture is byte for byte that of a run from power-on along the same schedule, if all
//!    of that lies behind the fork.
//! 2. Forks share nothing that they change, so any number of them may run at once.

mod fork;
mod made;
mod survey;

use std::collections::BTreeMap;
use std::sync::Arc;

use ramscope_scenario::Schedule;

use crate::engine::EngineSession;
pub use crate::engine::UnitPoints;
pub use fork::Fork;
use fork::Told;
pub use made::{SwitchMade, switches_made};
pub use survey::Survey;

/// Where runs fork, and where slices could end from there on.
#[derive(Clone)]
pub struct Ground {
    /// What was told before the fork.
    told: Arc<[Told]>,
    /// The device at the fork.
    device: Arc<EngineSession>,
    points: BTreeMap<u32, UnitPoints>,
}

impl Ground {
    /// A run along a schedule, from the fork on.
    #[must_use]
    pub fn fork(&self, schedule: &Schedule) -> Fork {
        Fork::new(Arc::clone(&self.told), EngineSession::clone(&self.device).along(schedule))
    }

    /// Before which instructions, counted from power-on, slices of the program could end in the survey, unit
    /// by unit.
    #[must_use]
    pub const fn points(&self) -> &BTreeMap<u32, UnitPoints> {
        &self.points
    }
}
