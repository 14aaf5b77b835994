//! The ultrasonic sensor HC-SR04: a part that answers a pulse with another, after a while.
//!
//! The one part that has time. It stands beside the circuit, which has none: whoever knows the time tells
//! it the level of its trigger, asks it for the level of its echo, and comes again when that is to change.
//!
//! Facts: HC-SR04 user's manual: a trigger of 10 us or more, then a burst, then an echo as long as sound takes
//! there and back. Choices of this model: the echo begins 460 us after the trigger's end, as measured on sensors;
//! sound goes at 343.42 m/s, that of 20 C; the sensor hears everything up to 4 m, and what its control cannot be
//! set to does not exist; triggers during an echo are not noticed; the supply is not looked at.

use ramscope_time::{Instant, Span};

use super::Position;

/// The farthest that the control can be set to, in centimetres.
pub(super) const DISTANCE_MAX: f64 = 400.0;

const TRIGGER_MIN: Span = Span::from_micros(10);
/// From the trigger's end to the echo's begin.
const BURST: Span = Span::from_micros(460);
/// There and back for the greatest distance: 8 m at 343.42 m/s.
const ECHO_MAX_PICOS: u64 = 23_295_091_000;

/// What a sensor is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sounder {
    triggered_since: Option<Instant>,
    /// When the echo begins and ends.
    echo: Option<(Instant, Instant)>,
}

impl Sounder {
    /// Takes notice of its trigger's level, with something so far away.
    pub(crate) fn trigger(&mut self, is_high: bool, now: Instant, distance: Position) {
        match (self.triggered_since, is_high) {
            (None, true) => self.triggered_since = Some(now),
            (Some(since), false) => {
                self.triggered_since = None;
                let is_busy = self.echo.is_some_and(|(_, end)| now < end);
                if now.since(since) >= TRIGGER_MIN && !is_busy {
                    let begin = now + BURST;
                    let there_and_back = Span::from_picos(distance.part_of(ECHO_MAX_PICOS));
                    self.echo = Some((begin, begin + there_and_back));
                }
            }
            _ => {}
        }
    }

    /// The level of its echo.
    pub(crate) fn echo(&self, now: Instant) -> bool {
        self.echo.is_some_and(|(begin, end)| (begin..end).contains(&now))
    }

    /// When the level of its echo changes next.
    pub(crate) fn due(&self, now: Instant) -> Option<Instant> {
        let (begin, end) = self.echo?;
        [begin, end].into_iter().find(|at| *at > now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(micros: u64) -> Instant {
        Instant::from_picos(micros * 1_000_000)
    }

    fn metres(distance: f64) -> Position {
        Position::nearest(distance * 100.0 / DISTANCE_MAX)
    }

    /// A sensor that was triggered for so long, until 100 us.
    fn triggered(micros: u64, distance: f64) -> Sounder {
        let mut sounder = Sounder::default();
        sounder.trigger(true, at(100 - micros), metres(distance));
        sounder.trigger(false, at(100), metres(distance));
        sounder
    }

    #[test]
    fn the_echo_lasts_as_long_as_sound_takes() {
        let sounder = triggered(10, 1.0);
        assert!(!sounder.echo(at(559)));
        assert!(sounder.echo(at(560)));
        // Two metres at 343.42 m/s.
        assert!(sounder.echo(at(560 + 5823)));
        assert!(!sounder.echo(at(560 + 5824)));
    }

    #[test]
    fn it_says_when_to_come_again() {
        let sounder = triggered(12, 2.0);
        assert_eq!(sounder.due(at(100)), Some(at(560)));
        let end = sounder.due(at(560)).unwrap();
        assert!(sounder.echo(at(560)) && !sounder.echo(end));
        assert_eq!(sounder.due(end), None);
    }

    #[test]
    fn a_short_trigger_is_none_and_one_during_the_echo_neither() {
        assert_eq!(triggered(9, 1.0).due(at(100)), None);
        let mut sounder = triggered(10, 1.0);
        let before = sounder.due(at(600));
        sounder.trigger(true, at(600), metres(3.0));
        sounder.trigger(false, at(620), metres(3.0));
        assert_eq!(sounder.due(at(620)), before);
    }
}
