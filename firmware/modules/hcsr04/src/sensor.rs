//! A measurement, from the trigger to the distance.

use crate::sound::{Micros, Millimetres, Temperature};

/// From one trigger to the next, at least: until then sound may be on its way.
pub const CYCLE: Micros = Micros::from_millis(60);

/// Before the trigger its pin is low for so long, so that it has an edge.
const SETTLE: Micros = Micros(2);
/// The trigger: the manual's minimum, and two more for a clock that ticks between.
const TRIGGER: Micros = Micros(12);
/// The burst takes 0.2 ms; what answers at all has begun long before this.
const RISE_MAX: Micros = Micros::from_millis(5);
/// The longest echo that is one: 4 m and something, in the coldest air.
const ECHO_MAX: Micros = Micros::from_millis(30);
/// How long a sensor holds its pin if nothing answers; 38 ms are usual, clones take 200.
const SILENCE_MAX: Micros = Micros::from_millis(250);
/// What the sensor can measure.
const NEAREST: Millimetres = Millimetres(20);
const FARTHEST: Millimetres = Millimetres(4000);

/// The level of a pin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// At ground.
    Low,
    /// At the supply.
    High,
}

/// What a sensor is wired to: two pins and a clock.
pub trait Wiring {
    /// Drives the pin that the sensor is triggered with.
    fn trigger(&mut self, level: Level);
    /// The level of the pin that the sensor answers on, which needs a divider to 3.3 V.
    fn echo(&mut self) -> Level;
    /// What the clock shows. It does not go backwards.
    fn now(&mut self) -> Micros;
    /// Waits at least so long; others may run meanwhile.
    fn wait(&mut self, time: Micros);
}

/// What a measurement came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// How far away the nearest thing is.
    pub distance: Millimetres,
    /// By how much the distance may be wrong because the echo's ends were not seen at once.
    pub uncertainty: Millimetres,
    /// How long the echo lasted.
    pub echo: Micros,
}

/// Why there is no reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The echo pin does not become low: a short to the supply, or the two pins are swapped.
    StuckHigh,
    /// The sensor did not answer: no sensor, no supply, or a broken wire.
    NoAnswer,
    /// Nothing within four metres sends an echo.
    NothingInRange,
    /// Nearer than the sensor can tell.
    TooNear,
    /// Somebody else ran while the echo's ends were to be seen.
    Disturbed,
}

/// An HC-SR04.
#[derive(Debug)]
pub struct Sensor<W> {
    wiring: W,
    air: Temperature,
    uncertainty_max: Millimetres,
    last_trigger: Option<Micros>,
}

/// An edge of the echo pin: it was after `after` and before `at`. The look that saw it was not before
/// `looked`, so the next edge was not either.
struct Edge {
    after: Micros,
    looked: Micros,
    at: Micros,
}

impl<W: Wiring> Sensor<W> {
    /// A sensor in a room, whose readings may be a centimetre off.
    pub fn new(mut wiring: W) -> Self {
        wiring.trigger(Level::Low);
        let (air, uncertainty_max) = (Temperature::ROOM, Millimetres(10));
        Self { wiring, air, uncertainty_max, last_trigger: None }
    }

    /// A sensor that was triggered before, at an instant of the wiring's clock.
    pub fn resume(wiring: W, last_trigger: Micros) -> Self {
        Self { last_trigger: Some(last_trigger), ..Self::new(wiring) }
    }

    /// When it was triggered last.
    #[must_use]
    pub const fn last_trigger(&self) -> Option<Micros> {
        self.last_trigger
    }

    /// Sets the temperature of the air, for readings to come.
    pub fn set_air(&mut self, air: Temperature) {
        self.air = air;
    }

    /// Sets by how much a reading may be off before it is refused as [`Fault::Disturbed`].
    pub fn set_uncertainty_max(&mut self, most: Millimetres) {
        self.uncertainty_max = most;
    }

    /// Measures once. It takes up to 60 ms for the last echo to be over and up to 255 ms to know that
    /// there is none.
    ///
    /// # Errors
    /// Why there is no reading.
    pub fn measure(&mut self) -> Result<Reading, Fault> {
        self.let_the_last_sound_go();
        let now = self.wiring.now();
        self.await_echo(Level::Low, now, SILENCE_MAX).ok_or(Fault::StuckHigh)?;
        let triggered = self.pull_trigger();
        let rise = self.await_echo(Level::High, triggered, RISE_MAX).ok_or(Fault::NoAnswer)?;
        let fall =
            self.await_echo(Level::Low, rise.looked, ECHO_MAX).ok_or(Fault::NothingInRange)?;
        self.judge(&rise, &fall)
    }

    /// Gives the wiring back.
    pub fn release(mut self) -> W {
        self.wiring.trigger(Level::Low);
        self.wiring
    }

    fn let_the_last_sound_go(&mut self) {
        let now = self.wiring.now();
        if let Some(last) = self.last_trigger {
            let rest = last + CYCLE - now;
            if rest > Micros(0) {
                self.wiring.wait(rest);
            }
        }
    }

    /// An instant before which the sensor has not answered.
    fn pull_trigger(&mut self) -> Micros {
        self.wiring.trigger(Level::Low);
        self.wiring.wait(SETTLE);
        self.wiring.trigger(Level::High);
        self.wiring.wait(TRIGGER);
        let before = self.wiring.now();
        self.wiring.trigger(Level::Low);
        self.last_trigger = Some(self.wiring.now());
        before
    }

    /// Looks until the echo pin is at `level`, or `within` after `since` has passed.
    fn await_echo(&mut self, level: Level, since: Micros, within: Micros) -> Option<Edge> {
        let (mut after, mut looked) = (since, since);
        loop {
            // Others may run between a look and the clock, so a look is known to lie between what the
            // clock showed before it and after it, and no better.
            let seen = self.wiring.echo();
            let at = self.wiring.now();
            if seen == level {
                return Some(Edge { after, looked, at });
            }
            if at - since > within {
                return None;
            }
            (after, looked) = (looked, at);
        }
    }

    fn judge(&self, rise: &Edge, fall: &Edge) -> Result<Reading, Fault> {
        // The true ends lie between the last look that did not see them and the first that did. The
        // middle of both is the best guess, and half of both stretches is how wrong it may be.
        let (longest, shortest) = (fall.at - rise.after, fall.after - rise.at);
        let echo = Micros((longest.0 + shortest.0) / 2);
        let distance = self.air.distance(echo);
        let uncertainty = self.air.distance(Micros((longest - shortest).0.div_ceil(2)));
        if uncertainty > self.uncertainty_max {
            return Err(Fault::Disturbed);
        }
        match distance {
            _ if distance < NEAREST => Err(Fault::TooNear),
            _ if distance > FARTHEST => Err(Fault::NothingInRange),
            _ => Ok(Reading { distance, uncertainty, echo }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::{Fake, Scene};

    fn check(scene: Scene, expected: Result<u32, Fault>) {
        let mut sensor = Sensor::new(Fake::in_front_of(scene));
        let measured = sensor.measure();
        match (measured, expected) {
            (Ok(reading), Ok(distance)) => {
                let off = reading.distance.0.abs_diff(distance);
                assert!(off <= reading.uncertainty.0 + 1, "{reading:?} for {distance}");
            }
            (measured, expected) => {
                assert_eq!(measured.map(|reading| reading.distance.0), expected, "{scene:?}");
            }
        }
        assert_eq!(sensor.release().complaints(), 0);
    }

    #[test]
    fn a_wall_is_as_far_away_as_it_is() {
        for millimetres in [20, 21, 57, 300, 1000, 2345, 3990] {
            check(Scene::Wall(Millimetres(millimetres)), Ok(millimetres));
        }
    }

    #[test]
    fn what_is_too_near_or_too_far_is_no_distance() {
        check(Scene::Wall(Millimetres(12)), Err(Fault::TooNear));
        check(Scene::Wall(Millimetres(4100)), Err(Fault::NothingInRange));
        check(Scene::Nothing, Err(Fault::NothingInRange));
    }

    #[test]
    fn broken_wires_are_told_apart() {
        check(Scene::NoSensor, Err(Fault::NoAnswer));
        check(Scene::ShortToSupply, Err(Fault::StuckHigh));
    }

    #[test]
    fn a_second_measurement_waits_until_the_first_sound_is_gone() {
        let mut sensor = Sensor::new(Fake::in_front_of(Scene::Wall(Millimetres(500))));
        for _ in 0..5 {
            assert!(sensor.measure().is_ok());
        }
        let fake = sensor.release();
        assert!(fake.shortest_cycle().unwrap() >= CYCLE);
        assert_eq!(fake.complaints(), 0);
    }

    #[test]
    fn after_silence_the_next_measurement_is_right() {
        let mut sensor = Sensor::new(Fake::in_front_of(Scene::Nothing));
        assert_eq!(sensor.measure(), Err(Fault::NothingInRange));
        sensor.wiring.turn_to(Scene::Wall(Millimetres(800)));
        let reading = sensor.measure().unwrap();
        assert!(reading.distance.0.abs_diff(800) <= 2, "{reading:?}");
    }

    #[test]
    fn a_slow_look_widens_the_uncertainty_and_a_very_slow_one_is_refused() {
        let wall = Scene::Wall(Millimetres(1000));
        let mut sensor = Sensor::new(Fake::in_front_of(wall).looking_every(Micros(30)));
        let reading = sensor.measure().unwrap();
        assert!((6..=14).contains(&reading.uncertainty.0), "{reading:?}");
        assert!(reading.distance.0.abs_diff(1000) <= reading.uncertainty.0 + 1, "{reading:?}");
        sensor.set_uncertainty_max(Millimetres(2));
        assert_eq!(sensor.measure(), Err(Fault::Disturbed));
    }

    #[test]
    fn a_thread_that_is_displaced_at_the_edge_reports_no_wrong_distance() {
        let wall = Scene::Wall(Millimetres(700));
        // Wherever the other's slice of 3 ms falls, the reading is right or refused.
        let mut disturbed = 0;
        for begin in (0..6000).step_by(50) {
            let fake = Fake::in_front_of(wall).displaced_at(Micros(begin), Micros(3000));
            match Sensor::new(fake).measure() {
                Ok(reading) => {
                    let off = reading.distance.0.abs_diff(700);
                    assert!(off <= reading.uncertainty.0 + 1, "{begin}: {reading:?}");
                }
                Err(fault) => {
                    assert_eq!(fault, Fault::Disturbed, "displaced at {begin} us");
                    disturbed += 1;
                }
            }
        }
        assert!((1..120).contains(&disturbed), "{disturbed} of 120");
    }

    #[test]
    fn the_temperature_changes_the_distance_and_not_the_echo() {
        let mut sensor = Sensor::new(Fake::in_front_of(Scene::Wall(Millimetres(1000))));
        let warm = sensor.measure().unwrap();
        sensor.set_air(Temperature::from_tenths(0));
        let cold = sensor.measure().unwrap();
        assert!(warm.echo.0.abs_diff(cold.echo.0) <= 2);
        assert!(warm.distance.0 - cold.distance.0 > 30);
    }
}
