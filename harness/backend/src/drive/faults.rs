//! Faults that the scenario asks for: when they begin, when they end, and who brings them about.
//!
//! The device's own memory fails by a command, the serial line where it is read and written, a pin
//! in the circuit. Each beginning and end is recorded at its instant.
//!
//! A fault that begins before a step begins each time that step does, so a repeated phase meets it
//! each time; one with an instant begins once.

use ramscope_scenario::{AllocationFault, Fault, Injection, Moment, WhichAllocation};
use ramscope_time::Instant;
use ramscope_wire::{FailAllocation, FailByChance};

/// The faults of a run.
pub(super) struct Faults<'a> {
    injections: &'a [Injection],
    /// Whether each lasts at present.
    active: Vec<bool>,
    /// How far the clock came: what was due up to here has been done.
    done_up_to: Option<Instant>,
}

/// Something to do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn<'a> {
    Begin(u32, &'a Fault),
    End(u32, &'a Fault),
}

impl<'a> Faults<'a> {
    pub(super) fn of(injections: &'a [Injection]) -> Self {
        Self { injections, active: vec![false; injections.len()], done_up_to: None }
    }

    /// What begins and ends right before a step.
    pub(super) fn before_step(&mut self, step: usize) -> Vec<Turn<'a>> {
        self.turns(|moment| moment == Moment::Step(step))
    }

    /// What begins and ends at instants up to now.
    pub(super) fn due(&mut self, now: Instant) -> Vec<Turn<'a>> {
        if self.injections.is_empty() {
            return Vec::new();
        }
        let after = self.done_up_to.replace(now);
        self.turns(|moment| {
            instant(moment).is_some_and(|at| at <= now && after.is_none_or(|after| at > after))
        })
    }

    /// What lasts still: at the end of a run it ends too, but for what the device does by itself.
    pub(super) fn rest(&mut self) -> Vec<Turn<'a>> {
        let active = std::mem::take(&mut self.active);
        let lasting = self.injections.iter().enumerate().filter(|(place, injection)| {
            active[*place] && !matches!(injection.fault, Fault::Allocation(_))
        });
        lasting.map(|(place, injection)| Turn::End(place as u32, &injection.fault)).collect()
    }

    /// The next instant after now at which something begins or ends.
    pub(super) fn next_after(&self, now: Instant) -> Option<Instant> {
        let moments = self.injections.iter().flat_map(|injection| {
            [Some(injection.at), injection.until].into_iter().flatten().filter_map(instant)
        });
        moments.filter(|at| *at > now).min()
    }

    /// What ends at a moment, then what begins.
    fn turns(&mut self, is_now: impl Fn(Moment) -> bool) -> Vec<Turn<'a>> {
        let mut turns = Vec::new();
        for (place, injection) in self.injections.iter().enumerate() {
            if self.active[place] && injection.until.is_some_and(&is_now) {
                self.active[place] = false;
                turns.push(Turn::End(place as u32, &injection.fault));
            }
        }
        for (place, injection) in self.injections.iter().enumerate() {
            if !self.active[place] && is_now(injection.at) {
                self.active[place] = lasts(&injection.fault);
                turns.push(Turn::Begin(place as u32, &injection.fault));
            }
        }
        turns
    }
}

/// Whether there is anything to end: the n-th allocation fails once.
const fn lasts(fault: &Fault) -> bool {
    !matches!(fault, Fault::Allocation(AllocationFault { which: WhichAllocation::Nth(_), .. }))
}

fn instant(moment: Moment) -> Option<Instant> {
    match moment {
        Moment::Instant(since_power_on) => Some(Instant::ZERO + since_power_on),
        Moment::Step(_) => None,
    }
}

/// The command that lets allocations fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted<'a> {
    Nth(FailAllocation<'a>),
    Chance(FailByChance<'a>),
}

/// The command that a fault is; `draw` is what the run's seed is to this injection.
pub(super) fn command(fault: &AllocationFault, draw: u32) -> Wanted<'_> {
    let small = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
    let bytes_min = small(fault.bytes_min.unwrap_or(0));
    let unit = fault.owner.as_deref().unwrap_or_default();
    match fault.which {
        WhichAllocation::Nth(nth) => {
            Wanted::Nth(FailAllocation { nth: small(nth), bytes_min, unit })
        }
        WhichAllocation::ChancePpm(ppm) => {
            Wanted::Chance(FailByChance { ppm, seed: draw, bytes_min, unit })
        }
    }
}

/// What a run's seed is to one of its injections: another number for each, and never zero.
pub(super) fn draw(seed: u64, place: u32) -> u32 {
    // The finalizer of SplitMix64 (Steele, Lea, Flood, 2014): neighbouring seeds give unlike numbers.
    let mixed = seed.wrapping_add(u64::from(place + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    let mixed = (mixed ^ mixed >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    ((mixed ^ mixed >> 31) as u32).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ramscope_scenario::{Direction, UartFault};
    use ramscope_time::Span;

    fn injection(at: Moment, until: Option<Moment>) -> Injection {
        let direction = Direction::Both;
        let fault = Fault::Uart(UartFault { noise_ppm: 1, loss_ppm: 0, direction });
        Injection { at, until, fault, line: 1 }
    }

    #[test]
    fn allocations_that_fail_by_chance_are_drawn_from_the_runs_seed_and_the_place() {
        let (which, owner) = (WhichAllocation::ChancePpm(50_000), Some("net*".to_owned()));
        let fault = AllocationFault { which, owner, bytes_min: Some(64) };
        let seed = draw(1, 0);
        assert_eq!(
            command(&fault, seed),
            Wanted::Chance(FailByChance { ppm: 50_000, seed, bytes_min: 64, unit: "net*" })
        );
        let draws = [draw(1, 0), draw(1, 1), draw(2, 0), draw(0, 0)];
        assert!(draws.iter().all(|one| draws.iter().filter(|it| *it == one).count() == 1));
        let until = Some(Moment::Step(2));
        let lasting =
            Injection { at: Moment::Step(1), until, fault: Fault::Allocation(fault), line: 1 };
        let injections = [lasting];
        let mut faults = Faults::of(&injections);
        assert!(matches!(faults.before_step(1)[..], [Turn::Begin(0, _)]));
        assert!(matches!(faults.before_step(2)[..], [Turn::End(0, _)]));
    }

    #[test]
    fn a_fault_lasts_from_its_moment_to_the_other() {
        let at = |millis| Instant::ZERO + Span::from_millis(millis);
        let moment = |millis| Moment::Instant(Span::from_millis(millis));
        let injections =
            [injection(moment(5), Some(Moment::Step(2))), injection(Moment::Step(1), None)];
        let mut faults = Faults::of(&injections);
        assert_eq!(faults.due(at(0)).len() + faults.before_step(0).len(), 0);
        assert_eq!(faults.next_after(at(0)), Some(at(5)));
        assert!(matches!(faults.due(at(5))[..], [Turn::Begin(0, _)]));
        assert_eq!(faults.due(at(5)), []);
        assert!(matches!(faults.before_step(1)[..], [Turn::Begin(1, _)]));
        assert!(matches!(faults.before_step(2)[..], [Turn::End(0, _)]));
        assert_eq!(faults.next_after(at(5)), None);
        assert!(matches!(faults.rest()[..], [Turn::End(1, _)]));
    }
}
