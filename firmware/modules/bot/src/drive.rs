//! Two wheels: gentle starts, and where they have taken the robot.
//!
//! The wheels have no sensors, so the place is what was asked of them, added up. It drifts; the map is
//! coarse because of that.

use crate::angle::{Angle, ONE};

/// How fast a wheel turns, in hundredths of its most, backwards if negative.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Power(
    /// -100 to 100.
    pub i8,
);

impl Power {
    /// Kept within what a wheel can do.
    #[must_use]
    pub const fn of(hundredths: i32) -> Self {
        Self(match hundredths {
            ..-100 => -100,
            101.. => 100,
            _ => hundredths as i8,
        })
    }
}

/// The power of both wheels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wheels {
    /// The left one.
    pub left: Power,
    /// The right one.
    pub right: Power,
}

/// Where the robot is, seen from where it began: millimetres to the right and ahead.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// To the right.
    pub x_mm: i32,
    /// Ahead.
    pub y_mm: i32,
    /// Where it looks.
    pub heading: Angle,
}

/// What is known of the chassis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chassis {
    /// Millimetres a second at full power.
    pub top_speed: u16,
    /// From wheel to wheel, in millimetres.
    pub track_mm: u16,
    /// How much power changes in a tenth of a second, in hundredths.
    pub ramp: u8,
    /// Added to the left wheel and taken from the right one, in hundredths: no two motors are alike.
    pub trim: i8,
}

/// Hundredths of mm/s times ms are 256ths of a millimetre by 256 / 100,000: in parts of 2^32.
const WAY_FACTOR: i64 = (256 << WAY_SHIFT) / 100_000;
const WAY_SHIFT: u32 = 32;
/// An arc as long as its radius: 65536 / tau.
const PARTS_OF_RADIAN: i32 = 10_430;

/// The drive.
#[derive(Clone, Debug)]
pub struct Drive {
    chassis: Chassis,
    wanted: Wheels,
    now: Wheels,
    /// 256ths of a millimetre, so that slow ticks do not vanish.
    x_fine: i64,
    y_fine: i64,
    /// 256ths of a part of a turn.
    heading_fine: i64,
    way_fine: u64,
}

impl Drive {
    /// A drive that stands.
    #[must_use]
    pub const fn new(chassis: Chassis) -> Self {
        let still = Wheels { left: Power(0), right: Power(0) };
        Self {
            chassis,
            wanted: still,
            now: still,
            x_fine: 0,
            y_fine: 0,
            heading_fine: 0,
            way_fine: 0,
        }
    }

    /// Changes what is known of the chassis.
    pub const fn set_chassis(&mut self, chassis: Chassis) {
        self.chassis = chassis;
    }

    /// Asks for a speed ahead and a turn to the right, both in hundredths. If both do not fit, the turn
    /// stays whole: an obstacle is avoided before time is saved.
    pub fn ask(&mut self, ahead: i32, turn: i32) {
        let turn = turn.clamp(-100, 100);
        let room = 100 - turn.abs();
        let ahead = ahead.clamp(-room, room);
        self.wanted = Wheels { left: Power::of(ahead + turn), right: Power::of(ahead - turn) };
    }

    /// Stops at once, without a ramp.
    pub fn halt(&mut self) {
        self.wanted = Wheels::default();
        self.now = Wheels::default();
    }

    /// Goes on by `millis`, and answers the power that the wheels are to have.
    pub fn tick(&mut self, millis: u32) -> Wheels {
        // Longer pauses are not of the drive: somebody held the robot up.
        let millis = millis.min(1000) as i32;
        let step = (i32::from(self.chassis.ramp) * millis / 100).max(1);
        self.now.left = nearer(self.now.left, self.wanted.left, step);
        self.now.right = nearer(self.now.right, self.wanted.right, step);
        self.advance(millis);
        let is_moving = self.now != Wheels::default();
        let trim = if is_moving { i32::from(self.chassis.trim) } else { 0 };
        Wheels {
            left: Power::of(i32::from(self.now.left.0) + trim),
            right: Power::of(i32::from(self.now.right.0) - trim),
        }
    }

    fn advance(&mut self, millis: i32) {
        // Shifts instead of divisions: of 64 bits they are slow and large on this processor.
        let scaled =
            |number: i64, factor: i64, shift: u32| (number * factor + (1 << (shift - 1))) >> shift;
        let way = |power: Power| {
            let speed = i64::from(power.0) * i64::from(self.chassis.top_speed);
            scaled(speed * i64::from(millis), WAY_FACTOR, WAY_SHIFT)
        };
        let (left, right) = (way(self.now.left), way(self.now.right));
        let middle = (left + right) >> 1;
        let heading = self.place().heading;
        self.x_fine += scaled(middle, i64::from(heading.sine()), ONE.trailing_zeros());
        self.y_fine += scaled(middle, i64::from(heading.cosine()), ONE.trailing_zeros());
        self.way_fine += middle.unsigned_abs();
        let parts = PARTS_OF_RADIAN * 256 / i32::from(self.chassis.track_mm.max(1));
        self.heading_fine += scaled(left - right, i64::from(parts), 8);
    }

    /// Where the robot is.
    #[must_use]
    pub fn place(&self) -> Place {
        Place {
            x_mm: (self.x_fine >> 8) as i32,
            y_mm: (self.y_fine >> 8) as i32,
            heading: Angle((self.heading_fine >> 8) as u16),
        }
    }

    /// How much the heading has changed since the begin, in parts of a turn; it does not wrap.
    #[must_use]
    pub const fn turned(&self) -> i32 {
        (self.heading_fine >> 8) as i32
    }

    /// The whole way, in millimetres.
    #[must_use]
    pub const fn way_mm(&self) -> u32 {
        (self.way_fine >> 8) as u32
    }

    /// Whether the wheels do what they were asked to.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.now == self.wanted
    }
}

fn nearer(now: Power, wanted: Power, step: i32) -> Power {
    let missing = i32::from(wanted.0) - i32::from(now.0);
    Power::of(i32::from(now.0) + missing.clamp(-step, step))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHASSIS: Chassis = Chassis { top_speed: 500, track_mm: 120, ramp: 100, trim: 0 };

    fn driven(ahead: i32, turn: i32, millis: u32) -> Drive {
        let mut drive = Drive::new(CHASSIS);
        drive.ask(ahead, turn);
        (0..millis / 10).for_each(|_| {
            drive.tick(10);
        });
        drive
    }

    #[test]
    fn straight_ahead_is_ahead() {
        let place = driven(100, 0, 2000).place();
        assert_eq!(place.x_mm, 0);
        assert!((950..=1000).contains(&place.y_mm), "{place:?}");
        assert_eq!(place.heading, Angle(0));
    }

    #[test]
    fn turning_on_the_spot_goes_nowhere() {
        let drive = driven(0, 50, 1000);
        assert_eq!((drive.place().x_mm, drive.place().y_mm), (0, 0));
        // Two wheels at 250 mm/s on a track of 120 mm: 4.2 radians a second, less the start.
        assert!((40_000..44_000).contains(&drive.turned()), "{}", drive.turned());
    }

    #[test]
    fn a_turn_stays_whole_when_both_do_not_fit() {
        let mut drive = Drive::new(CHASSIS);
        drive.ask(100, 40);
        let wheels = (0..20).map(|_| drive.tick(10)).last();
        assert_eq!(wheels, Some(Wheels { left: Power(100), right: Power(20) }));
    }

    #[test]
    fn power_changes_gently_and_stops_at_once_when_it_must() {
        let mut drive = Drive::new(Chassis { ramp: 20, ..CHASSIS });
        drive.ask(100, 0);
        let powers: Vec<i8> = (0..6).map(|_| drive.tick(100).left.0).collect();
        assert_eq!(powers, [20, 40, 60, 80, 100, 100]);
        drive.halt();
        assert_eq!(drive.tick(1), Wheels::default());
    }

    #[test]
    fn the_trim_makes_no_standing_wheel_turn() {
        let mut drive = Drive::new(Chassis { trim: -4, ..CHASSIS });
        assert_eq!(drive.tick(10), Wheels::default());
        drive.ask(50, 0);
        (0..9).for_each(|_| {
            drive.tick(10);
        });
        assert_eq!(drive.tick(10), Wheels { left: Power(46), right: Power(54) });
    }

    #[test]
    fn a_square_leads_back() {
        let mut drive = Drive::new(Chassis { ramp: 255, ..CHASSIS });
        for side in 1..=4 {
            let goal = drive.way_mm() + 400;
            drive.ask(40, 0);
            while drive.way_mm() < goal {
                drive.tick(5);
            }
            drive.ask(0, 20);
            while drive.turned() < side * 16_384 {
                drive.tick(5);
            }
            drive.halt();
        }
        let place = drive.place();
        assert!(place.x_mm.abs() < 20 && place.y_mm.abs() < 20, "{place:?}");
    }
}
