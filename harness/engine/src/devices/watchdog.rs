//! The staged watchdog that TIMG0, TIMG1 and the RTC each have one of.
//!
//! Four stages run one after the other, each with a hold time and an action; feeding goes back to
//! the first. Like every device here it does not tick: the instant at which the present stage began
//! is all there is.
//!
//! Invariants:
//! 1. A stage holds at least one tick, so a round takes time.
//! 2. After a reset action nothing more happens until the machine has reset the device.

use ramscope_time::{Instant, Span};

/// What a stage does when its time is up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Action {
    Nothing,
    Interrupt,
    ResetCpu,
    ResetCore,
    ResetSystem,
}

impl Action {
    /// From a stage field: the timer groups have two bits, the RTC three.
    pub(super) fn from_bits(bits: u32) -> Self {
        match bits {
            1 => Action::Interrupt,
            2 => Action::ResetCpu,
            3 => Action::ResetCore,
            4 => Action::ResetSystem,
            _ => Action::Nothing,
        }
    }

    fn is_reset(self) -> bool {
        matches!(self, Action::ResetCpu | Action::ResetCore | Action::ResetSystem)
    }
}

/// One stage.
#[derive(Clone, Copy, Debug, Hash)]
pub(super) struct Stage {
    pub(super) action: Action,
    pub(super) hold_ticks: u64,
}

/// A watchdog of four stages.
#[derive(Clone, Debug, Hash)]
pub(super) struct Watchdog {
    enabled: bool,
    tick_ps: u64,
    stages: [Stage; 4],
    stage: usize,
    stage_start: Instant,
}

/// What a watchdog has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Bite {
    pub(super) interrupt: bool,
    pub(super) reset: Option<Action>,
}

impl Watchdog {
    pub(super) fn new() -> Self {
        Self {
            enabled: false,
            tick_ps: 1,
            stages: [Stage { action: Action::Nothing, hold_ticks: 1 }; 4],
            stage: 0,
            stage_start: Instant::ZERO,
        }
    }

    /// Applies a new set-up at `now`; switching on starts the first stage, otherwise the present
    /// stage goes on.
    pub(super) fn configure(
        &mut self,
        enabled: bool,
        tick_ps: u64,
        stages: [Stage; 4],
        now: Instant,
    ) {
        if enabled && !self.enabled {
            self.feed(now);
        }
        self.enabled = enabled;
        self.tick_ps = tick_ps;
        self.stages = stages;
    }

    /// Starts the first stage again.
    pub(super) fn feed(&mut self, now: Instant) {
        self.stage = 0;
        self.stage_start = now;
    }

    fn hold(&self, stage: usize) -> Span {
        let ticks = self.stages[stage].hold_ticks.max(1);
        Span::from_picos(ticks.saturating_mul(self.tick_ps))
    }

    fn deadline(&self) -> Instant {
        self.stage_start + self.hold(self.stage)
    }

    /// Ends every stage whose time is up by `now`.
    pub(super) fn sync(&mut self, now: Instant) -> Bite {
        let mut bite = Bite::default();
        if !self.enabled {
            return bite;
        }
        let mut stages_ended = 0;
        while self.deadline() <= now && self.deadline() < Instant::MAX {
            let action = self.stages[self.stage].action;
            self.stage_start = self.deadline();
            self.stage = (self.stage + 1) % 4;
            bite.interrupt |= action == Action::Interrupt;
            if action.is_reset() {
                bite.reset = Some(action);
                return bite;
            }
            stages_ended += 1;
            if stages_ended == 4 {
                self.skip_rounds(now);
            }
        }
        bite
    }

    /// Whole rounds that reset nothing repeat themselves, so they need not be walked through.
    fn skip_rounds(&mut self, now: Instant) {
        let round = (0..4).fold(Span::ZERO, |sum, stage| sum + self.hold(stage));
        let rounds = now.since(self.stage_start).as_picos() / round.as_picos();
        self.stage_start += Span::from_picos(rounds.saturating_mul(round.as_picos()));
    }

    /// The next instant at which the watchdog will do something that can be noticed; `raised` says
    /// that its interrupt is up already or unwanted.
    pub(super) fn next_event(&self, raised: bool) -> Instant {
        if !self.enabled {
            return Instant::MAX;
        }
        let mut at = self.stage_start;
        for step in 0..4 {
            let stage = (self.stage + step) % 4;
            at += self.hold(stage);
            let action = self.stages[stage].action;
            if action.is_reset() || action == Action::Interrupt && !raised {
                return at;
            }
        }
        Instant::MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn watchdog(actions: [Action; 4]) -> Watchdog {
        let mut watchdog = Watchdog::new();
        let stages = actions.map(|action| Stage { action, hold_ticks: 10 });
        watchdog.configure(true, 100, stages, Instant::ZERO);
        watchdog
    }

    fn at(picos: u64) -> Instant {
        Instant::from_picos(picos)
    }

    #[test]
    fn stages_follow_one_another_until_one_resets() {
        use Action::{Interrupt, Nothing, ResetCore};
        let mut watchdog = watchdog([Interrupt, Nothing, ResetCore, Nothing]);
        assert_eq!(watchdog.next_event(false), at(1_000));
        assert_eq!(watchdog.next_event(true), at(3_000));
        assert_eq!(watchdog.sync(at(999)), Bite::default());
        assert!(watchdog.sync(at(1_000)).interrupt);
        assert_eq!(watchdog.sync(at(2_999)), Bite::default());
        assert_eq!(watchdog.sync(at(3_000)).reset, Some(ResetCore));
    }

    #[test]
    fn feeding_starts_the_first_stage_again() {
        use Action::{Nothing, ResetCore};
        let mut watchdog = watchdog([ResetCore, Nothing, Nothing, Nothing]);
        watchdog.feed(at(999));
        assert_eq!(watchdog.sync(at(1_998)), Bite::default());
        assert_eq!(watchdog.sync(at(1_999)).reset, Some(ResetCore));
    }

    #[test]
    fn rounds_that_reset_nothing_are_skipped_in_step() {
        use Action::{Interrupt, Nothing};
        let mut skipping = watchdog([Interrupt, Nothing, Nothing, Nothing]);
        let mut walking = skipping.clone();
        let _ = skipping.sync(at(123_456));
        for step in 1..=1_000 {
            let _ = walking.sync(at(123_456 * step / 1_000));
        }
        assert_eq!(skipping.deadline(), walking.deadline());
        assert_eq!(skipping.stage, walking.stage);
    }
}
