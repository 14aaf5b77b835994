//! Where a control stands.

use ramscope_scenario::Value;

/// The position of a control: from 0 to 1. A switch is at one of the two ends.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub(crate) struct Position(f64);

impl Position {
    /// A switch that is off, a button that is not pressed, a potentiometer at its first end.
    pub(super) const START: Self = Self(0.0);

    /// The position that a value of `set-control` is, where `most` is the last one; `None` if it is none.
    pub(super) fn of(value: &Value, most: f64) -> Option<Self> {
        match value {
            Value::Bool(on) => Some(Self(f64::from(u8::from(*on)))),
            Value::Number(number) => Self::new(*number / most),
            _ => None,
        }
    }

    /// A position, if it is from 0 to 1.
    pub(super) fn new(fraction: f64) -> Option<Self> {
        (0.0..=1.0).contains(&fraction).then_some(Self(fraction))
    }

    /// The nearest position to a number.
    pub(super) fn nearest(fraction: f64) -> Self {
        Self::new(fraction).unwrap_or(if fraction > 1.0 { Self(1.0) } else { Self::START })
    }

    /// Whether a switch there is on; `None` between both ends.
    pub(super) fn is_on(self) -> Option<bool> {
        match self.0 {
            0.0 => Some(false),
            1.0 => Some(true),
            _ => None,
        }
    }

    /// This part of a resistance.
    pub(super) fn part_of(self, ohms: u64) -> u64 {
        (self.0 * ohms as f64).round() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_is_a_number_from_0_to_1_or_a_truth_value() {
        let of = |value| Position::of(&value, 1.0);
        let far = Position::of(&Value::Number(100.0), 400.0);
        assert_eq!(far.map(|at| at.part_of(1_000)), Some(250));
        assert_eq!(of(Value::Number(0.25)).map(|at| at.part_of(1_000)), Some(250));
        assert_eq!(of(Value::Bool(true)).and_then(Position::is_on), Some(true));
        assert_eq!(of(Value::Number(0.5)).and_then(Position::is_on), None);
        for value in [-0.1, 1.1, f64::NAN] {
            assert_eq!(of(Value::Number(value)), None, "{value}");
        }
        assert_eq!(of(Value::Text("1".to_owned())), None);
    }

    #[test]
    fn what_lies_beyond_an_end_is_the_end() {
        assert_eq!(Position::nearest(7.0).is_on(), Some(true));
        assert_eq!(Position::nearest(-7.0).is_on(), Some(false));
    }
}
