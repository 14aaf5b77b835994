//! From a run to a session on its target.

use std::collections::BTreeMap;

use ramscope_engine::Chip;
use ramscope_scenario::{Run, TargetKind, TargetOffer};

use crate::circuit::Circuit;
use crate::engine::{EngineOptions, EngineSession, Follow};
use crate::firmware::Firmware;
use crate::qemu::{Qemu, QemuSession};
use crate::session::{BackendError, Capabilities, Capability, Session};
use crate::watchdog::Watchdog;

/// The targets that are machines of this computer: they need no board, account or service.
pub const MACHINES: [TargetKind; 3] =
    [TargetKind::Engine, TargetKind::EngineVirt, TargetKind::QemuVirt];

/// What each target offers on this machine, with these parts around it and, if a person named an
/// image, with that one: for the planner, and for `ramscope doctor`.
#[must_use]
pub fn offers(
    circuit: Option<&Circuit>,
    image: Option<&Firmware>,
) -> BTreeMap<TargetKind, TargetOffer> {
    let chip = image.map(|firmware| firmware.image.chip());
    TargetKind::ALL.into_iter().map(|target| (target, offer(target, circuit, chip))).collect()
}

fn offer(target: TargetKind, circuit: Option<&Circuit>, chip: Option<Chip>) -> TargetOffer {
    let able = ramscope_scenario::Capabilities {
        pause: true,
        ring: true,
        exact_stacks: true,
        read_memory: true,
        clone: true,
        windows: true,
        schedule: true,
        repeats: true,
        conditions: true,
        allocation_faults: true,
        uart_faults: true,
        ..Default::default()
    };
    match target {
        TargetKind::Engine => TargetOffer::Available(ramscope_scenario::Capabilities {
            pins: circuit.is_some(),
            controls: circuit.is_some(),
            screens: circuit.is_some_and(Circuit::has_screen),
            // The kernel counts a unit's cycles, and here a cycle is an instruction.
            instructions: true,
            flash: true,
            pin_faults: true,
            ..able
        }),
        TargetKind::EngineVirt => match chip {
            Some(chip) if chip != Chip::Virt => {
                TargetOffer::Unavailable(format!("the image is for {chip}, and {target} is virt"))
            }
            _ => TargetOffer::Available(able),
        },
        TargetKind::QemuVirt => match (chip, Qemu::find()) {
            (Some(chip), _) if chip != Chip::Virt => {
                TargetOffer::Unavailable(format!("the image is for {chip}, and {target} is virt"))
            }
            (_, Ok(_)) => TargetOffer::Available(ramscope_scenario::Capabilities {
                ring: true,
                ..Default::default()
            }),
            (_, Err(reason)) => TargetOffer::Unavailable(reason),
        },
        other => TargetOffer::Unavailable(not_yet(other)),
    }
}

fn not_yet(target: TargetKind) -> String {
    if matches!(target, TargetKind::QemuEsp32c3 | TargetKind::QemuEsp32) {
        return format!(
            "{target} would need Espressif's QEMU, with its own ROM files, and an image that plays \
             scripts on that chip; this version has neither"
        );
    }
    format!("this version of ramscope cannot drive {target} yet; the built-in engine always works")
}

/// What a target can do here at most, with firmware that lends itself to all of it.
#[must_use]
pub fn capabilities(target: TargetKind) -> Capabilities {
    match target {
        TargetKind::Engine => EngineSession::CAPABILITIES,
        TargetKind::EngineVirt => EngineSession::CAPABILITIES.without(&[Capability::Pins]),
        TargetKind::QemuVirt => QemuSession::CAPABILITIES,
        _ => Capabilities::default(),
    }
}

/// Powers a device on with an image, in a circuit if there is one, ready for the first step of
/// `run`. The built-in machine follows what `follow` says, and more where a budget of the run may need it.
/// A target that carries out the whole run at once is stopped by `watchdog`.
///
/// # Errors
/// If the run's target cannot be used here.
pub fn launch(
    run: &Run,
    firmware: &Firmware,
    circuit: Option<&Circuit>,
    follow: Follow,
    watchdog: &Watchdog,
) -> Result<Box<dyn Session>, BackendError> {
    match run.target {
        TargetKind::QemuVirt => {
            let missing = |reason| BackendError::Unavailable { target: run.target.name(), reason };
            let qemu = Qemu::find().map_err(missing)?;
            Ok(Box::new(QemuSession::launch(&qemu, run, firmware, watchdog)?))
        }
        TargetKind::Engine | TargetKind::EngineVirt => {
            Ok(Box::new(engine_session(run, firmware, circuit, follow)))
        }
        other => Err(BackendError::Unavailable { target: other.name(), reason: not_yet(other) }),
    }
}

/// A run's device on the built-in machine.
pub(crate) fn engine_session(
    run: &Run,
    firmware: &Firmware,
    circuit: Option<&Circuit>,
    follow: Follow,
) -> EngineSession {
    let needed = if asks_for_chains(run) { Follow::Blocks } else { Follow::Nothing };
    let options =
        EngineOptions { seed: run.seed, follow: follow.max(needed), ..EngineOptions::default() };
    let session = EngineSession::new(&firmware.image, &options);
    let session = match circuit {
        Some(circuit) if run.target == TargetKind::Engine => session.in_circuit(circuit.clone()),
        _ => session,
    };
    session.along(&run.schedule)
}

/// Whether a report may have to say which calls led to blocks of the heap.
fn asks_for_chains(run: &Run) -> bool {
    let budgets = &run.scenario.settings.budgets;
    budgets.iter().any(|budget| budget.metric.is_of_held_blocks())
}
