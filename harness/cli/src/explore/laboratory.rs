//! One trial after the other: forks of a survey, each along its schedule, judged in memory.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ramscope_backend::{
    Circuit, Firmware, Ground, Reaction, Session, Survey, SwitchMade, Watchdog, drive,
    switches_made,
};
use ramscope_capture::{Capture, DeviceHash, Recorder};
use ramscope_model::{Evidence, Feed, NoSymbols, Outcome, verdict_of};
use ramscope_scenario::{NextUnit, Run, Schedule, SwitchPoint};

use super::draw::Points;
use crate::failure::Failure;
use crate::witness::Following;

/// Where trials are made.
pub(crate) struct Laboratory<'a> {
    run: &'a Run,
    ground: Ground,
    points: Points,
    /// Before how many instructions a unit of the program can be interrupted at all.
    interruptible: u64,
    /// The units whose instructions they are, in the order of their numbers.
    units: Vec<String>,
    limits: Limits,
}

/// What ends a trial from outside.
#[derive(Clone, Debug)]
pub(crate) struct Limits {
    /// Set by Ctrl-C.
    pub(crate) interrupted: Arc<AtomicBool>,
    /// How long a trial may take on the host's clock.
    pub(crate) host_limit: Duration,
}

/// What became of a run along a schedule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Trial {
    pub(crate) outcome: Outcome,
    /// What is false first: a step, a budget, a finding.
    pub(crate) subject: Option<String>,
    /// The verdict in a sentence.
    pub(crate) sentence: String,
    /// The line of the scenario that asks for what is false first.
    pub(crate) line: Option<u32>,
    pub(crate) switches: Vec<SwitchMade>,
    /// Units by number, as the device named them.
    pub(crate) names: BTreeMap<u32, String>,
    pub(crate) hash: DeviceHash,
}

impl Trial {
    /// Whether the scenario's demands did not hold.
    pub(crate) fn has_failed(&self) -> bool {
        matches!(self.outcome, Outcome::Fail | Outcome::TimedOut)
    }

    /// Whether it failed as another one did.
    pub(crate) fn fails_like(&self, other: &Self) -> bool {
        self.has_failed() && self.outcome == other.outcome && self.subject == other.subject
    }

    /// The switches that came about, each with the unit that went on.
    pub(crate) fn schedule_made(&self) -> Schedule {
        let made = self.switches.iter().filter_map(|switch| {
            Some(SwitchPoint { after: switch.after, next: NextUnit::Unit(switch.to?.0) })
        });
        Schedule::new(made.collect())
    }
}

impl<'a> Laboratory<'a> {
    /// Carries a run out by the clock alone, and notes where its slices could end.
    pub(crate) fn survey(
        run: &'a Run,
        (firmware, circuit): (&Firmware, Option<&Circuit>),
        limits: Limits,
    ) -> Result<(Self, Trial), Failure> {
        let mut survey = Survey::launch(run, firmware, circuit);
        let trial = carry_out(run, &mut survey, &limits);
        let no_ground = |reason: &str| Failure::NoGround { reason: reason.to_owned() };
        let ground = survey
            .into_ground()
            .ok_or_else(|| no_ground("the image does not say which unit runs"))?;
        let of_units = || ground.points().iter();
        let points =
            Points::of(of_units().flat_map(|(_, points)| points.stretches.iter().copied()));
        let interruptible = of_units().map(|(_, points)| points.interruptible).sum();
        let units = of_units().filter(|(_, points)| !points.stretches.is_empty());
        let units = units.filter_map(|(unit, _)| trial.names.get(unit).cloned()).collect();
        match (points.count(), interruptible) {
            (0, 0) => Err(no_ground("the program has no unit that runs with interrupts on")),
            _ => Ok((Self { run, ground, points, interruptible, units, limits }, trial)),
        }
    }

    /// Where slices could end.
    pub(crate) const fn points(&self) -> &Points {
        &self.points
    }

    /// Before how many instructions a unit of the program can be interrupted, if only to go on.
    pub(crate) const fn interruptible(&self) -> u64 {
        self.interruptible
    }

    /// The units that run there.
    pub(crate) fn units(&self) -> &[String] {
        &self.units
    }

    pub(crate) fn is_interrupted(&self) -> bool {
        self.limits.interrupted.load(Ordering::Relaxed)
    }

    /// A run along a schedule.
    pub(crate) fn trial(&self, schedule: &Schedule) -> Trial {
        carry_out(self.run, &mut self.ground.fork(schedule), &self.limits)
    }
}

fn carry_out(run: &Run, session: &mut dyn Session, limits: &Limits) -> Trial {
    let watchdog = Watchdog::new(Arc::clone(&limits.interrupted), limits.host_limit);
    let mut recorder = Recorder::new();
    let mut witness = Following::default();
    let mut look = |_: &Recorder, _| Reaction::Continue;
    // How it ended is in the recording, from which it is judged.
    let _ = drive(run, session, &mut recorder, &watchdog, &mut look, &mut witness);
    judge(run, &recorder.finish())
}

/// What a capture says of its run.
pub(crate) fn judge(run: &Run, capture: &Capture) -> Trial {
    let feed = Feed::of(capture);
    let (device, course, console) = (feed.device(), feed.course(), feed.console());
    let symbols = &NoSymbols;
    let verdict = verdict_of(&Evidence { run, device, course, console, damage: None, symbols });
    Trial {
        outcome: verdict.outcome,
        subject: verdict.failures.first().map(|failure| failure.subject.clone()),
        line: verdict.failures.first().and_then(|failure| failure.line),
        sentence: verdict.sentence,
        switches: switches_made(capture),
        names: device.units().iter().map(|unit| (unit.key.id.0, unit.name.clone())).collect(),
        hash: capture.device_hash(),
    }
}
