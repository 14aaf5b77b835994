//! From a run to a session on its target.

use std::collections::BTreeMap;

use ramscope_scenario::{Run, TargetKind, TargetOffer};

use crate::engine::{EngineOptions, EngineSession};
use crate::firmware::Firmware;
use crate::session::{BackendError, Capabilities, Session};

/// What each target offers on this machine: for the planner, and for `ramscope doctor`.
#[must_use]
pub fn offers() -> BTreeMap<TargetKind, TargetOffer> {
    TargetKind::ALL.into_iter().map(|target| (target, offer(target))).collect()
}

fn offer(target: TargetKind) -> TargetOffer {
    match target {
        TargetKind::Engine => TargetOffer::Available(ramscope_scenario::Capabilities::default()),
        other => TargetOffer::Unavailable(not_yet(other)),
    }
}

fn not_yet(target: TargetKind) -> String {
    format!("this version of ramscope cannot drive {target} yet; the built-in engine always works")
}

/// What a target can do here at most, with firmware that lends itself to all of it.
#[must_use]
pub fn capabilities(target: TargetKind) -> Capabilities {
    match target {
        TargetKind::Engine => EngineSession::CAPABILITIES,
        _ => Capabilities::default(),
    }
}

/// Powers a device on with an image, ready for the first step of `run`.
///
/// # Errors
/// If the run's target cannot be used here.
pub fn launch(run: &Run, firmware: &Firmware) -> Result<Box<dyn Session>, BackendError> {
    match run.target {
        TargetKind::Engine => {
            let options = EngineOptions { seed: run.seed, ..EngineOptions::default() };
            Ok(Box::new(EngineSession::new(&firmware.image, &options)))
        }
        other => Err(BackendError::Unavailable { target: other.name(), reason: not_yet(other) }),
    }
}
