//! Directions, without floating point: the chip has none.

/// A direction, clockwise from where the robot looked first; 65536 is a full turn, so that sums wrap by
/// themselves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Angle(
    /// Parts of a turn.
    pub u16,
);

/// One, as the sine has it.
pub const ONE: i32 = 1 << 14;

const QUARTER_STEPS: usize = 64;
const QUARTER: u16 = 1 << 14;

/// The sine of a quarter, in 64 steps and its end.
static SINES: [i16; QUARTER_STEPS + 1] = sines();

const fn sines() -> [i16; QUARTER_STEPS + 1] {
    let mut table = [0; QUARTER_STEPS + 1];
    let mut step = 0;
    while step <= QUARTER_STEPS {
        let x = step as f64 / QUARTER_STEPS as f64 * core::f64::consts::FRAC_PI_2;
        // Taylor's series to the ninth power is right to 4e-6 up to a quarter of a turn.
        let square = x * x;
        let tail = 1.0 - square / 42.0 * (1.0 - square / 72.0);
        let sine = x * (1.0 - square / 6.0 * (1.0 - square / 20.0 * tail));
        table[step] = (sine * ONE as f64 + 0.5) as i16;
        step += 1;
    }
    table
}

impl Angle {
    /// So many tenths of a degree, of either sign.
    #[must_use]
    pub const fn of_tenths(tenths: i32) -> Self {
        Self(((tenths.rem_euclid(3600) as u32 * 65_536 + 1800) / 3600) as u16)
    }

    /// Tenths of a degree, from 0 to 3599.
    #[must_use]
    pub const fn tenths(self) -> u32 {
        (self.0 as u32 * 3600 + 32_768) / 65_536 % 3600
    }

    /// This direction, turned.
    #[must_use]
    pub const fn turned(self, by: Turn) -> Self {
        Self(self.0.wrapping_add(by.0 as u16))
    }

    /// The sine, in parts of [`ONE`].
    #[must_use]
    pub fn sine(self) -> i32 {
        let within = self.0 % QUARTER;
        match self.0 / QUARTER {
            0 => quarter_sine(within),
            1 => quarter_sine(QUARTER - within),
            2 => -quarter_sine(within),
            _ => -quarter_sine(QUARTER - within),
        }
    }

    /// The cosine, in parts of [`ONE`].
    #[must_use]
    pub fn cosine(self) -> i32 {
        Self(self.0.wrapping_add(QUARTER)).sine()
    }
}

/// The sine up to a quarter, between the steps of the table on a straight line.
fn quarter_sine(angle: u16) -> i32 {
    let step_size = QUARTER as usize / QUARTER_STEPS;
    let (step, within) = (angle as usize / step_size, angle as usize % step_size);
    let at = |step: usize| i32::from(SINES[step.min(QUARTER_STEPS)]);
    at(step) + (at(step + 1) - at(step)) * within as i32 / step_size as i32
}

/// How far to turn; positive is to the right. 65536 is a full turn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Turn(
    /// Parts of a turn.
    pub i32,
);

impl Turn {
    /// So many degrees.
    #[must_use]
    pub const fn of_degrees(degrees: i32) -> Self {
        Self(degrees * 8192 / 45)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sines_are_right_to_a_few_parts_in_ten_thousand() {
        for parts in (0..65_536_u32).step_by(37) {
            let angle = Angle(parts as u16);
            let exact = f64::from(parts) / 65_536.0 * core::f64::consts::TAU;
            assert!((f64::from(angle.sine()) - exact.sin() * f64::from(ONE)).abs() < 8.0);
            assert!((f64::from(angle.cosine()) - exact.cos() * f64::from(ONE)).abs() < 8.0);
        }
    }

    #[test]
    fn a_full_turn_leads_back() {
        let north = Angle::of_tenths(0);
        assert_eq!(north.turned(Turn::of_degrees(360)), north);
        assert_eq!(north.turned(Turn::of_degrees(-90)), Angle::of_tenths(2700));
        assert_eq!(Angle::of_tenths(-900), Angle::of_tenths(2700));
        for tenths in 0..3600 {
            assert_eq!(Angle::of_tenths(tenths).tenths(), tenths as u32);
        }
    }
}
