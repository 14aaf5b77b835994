//! Faces: two eyes and a mouth, drawn with what every display can fill.

use crate::terminal::Color;

/// A face.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Face {
    /// Its name.
    pub name: &'static str,
    /// How far the eyes are open, in pixels.
    open: i16,
    /// How far the pupils look to the right.
    glance: i16,
    /// How much lower the inner ends of the brows are than the outer ones.
    frown: i16,
    /// How much lower the middle of the mouth is than its corners.
    smile: i16,
    /// How far the mouth is open.
    gape: i16,
    color: Color,
}

const fn face(
    name: &'static str,
    [open, glance, frown, smile, gape]: [i16; 5],
    color: Color,
) -> Face {
    Face { name, open, glance, frown, smile, gape, color }
}

/// The faces that the robot can make.
pub static FACES: [Face; 9] = [
    face("calm", [22, 0, 0, 4, 3], Color::CYAN),
    face("happy", [24, 0, -4, 14, 4], Color::GREEN),
    face("proud", [14, 0, -6, 12, 3], Color::GREEN),
    face("curious", [30, 6, -6, 2, 8], Color::CYAN),
    face("bored", [10, -6, 0, 0, 3], Color::WHITE),
    face("sad", [16, 0, -8, -10, 3], Color::CYAN),
    face("angry", [16, 0, 8, -6, 3], Color::RED),
    face("scared", [34, 0, -8, -6, 12], Color::YELLOW),
    face("asleep", [2, 0, 0, 2, 3], Color::WHITE),
];

/// A part of the screen to be filled: left, top, width, height.
pub type Box4 = (i16, i16, u16, u16);

const EYE_TOP: i16 = 40;
const EYE_WIDTH: u16 = 30;
const EYES: [i16; 2] = [22, 76];
const MOUTH_TOP: i16 = 104;
const MOUTH_LEFT: i16 = 34;
const MOUTH_WIDTH: i16 = 60;
/// The mouth is drawn in steps of this width.
const MOUTH_STEP: i16 = 4;
const BROW_STEPS: i16 = 6;

impl Face {
    /// The face of a name.
    #[must_use]
    pub fn of_name(name: &str) -> Option<&'static Self> {
        FACES.iter().find(|face| face.name == name)
    }

    /// Gives `fill` each part with its colour, from behind to the front.
    pub fn draw(&self, mut fill: impl FnMut(Box4, Color)) {
        fill((0, 0, 128, 160), Color::BLACK);
        for (left, side) in EYES.into_iter().zip([1, -1]) {
            self.eye(left, &mut fill);
            self.brow(left, side, &mut fill);
        }
        self.mouth(&mut fill);
    }

    fn eye(&self, left: i16, fill: &mut impl FnMut(Box4, Color)) {
        let top = EYE_TOP + (34 - self.open) / 2;
        fill((left, top, EYE_WIDTH, self.open.unsigned_abs()), self.color);
        let pupil = (self.open - 4).clamp(0, 10);
        let pupil_left = left + 10 + self.glance;
        fill((pupil_left, top + (self.open - pupil) / 2, 10, pupil.unsigned_abs()), Color::BLACK);
    }

    /// A brow in steps; `side` is 1 where its inner end is at the right.
    fn brow(&self, left: i16, side: i16, fill: &mut impl FnMut(Box4, Color)) {
        let width = EYE_WIDTH as i16 / BROW_STEPS;
        for step in 0..BROW_STEPS {
            let from_middle = 2 * step - (BROW_STEPS - 1);
            let lower = side * from_middle * self.frown / BROW_STEPS;
            fill((left + step * width, EYE_TOP - 10 + lower, width.unsigned_abs(), 3), self.color);
        }
    }

    /// A parabola in steps.
    fn mouth(&self, fill: &mut impl FnMut(Box4, Color)) {
        let steps = MOUTH_WIDTH / MOUTH_STEP;
        for step in 0..steps {
            let from_middle = 2 * step - (steps - 1);
            let share = steps * steps - from_middle * from_middle;
            let lower = self.smile * share / (steps * steps);
            let left = MOUTH_LEFT + step * MOUTH_STEP;
            let place =
                (left, MOUTH_TOP + lower, MOUTH_STEP.unsigned_abs(), self.gape.unsigned_abs());
            fill(place, self.color);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(name: &str) -> Vec<(Box4, Color)> {
        let mut parts = Vec::new();
        Face::of_name(name).unwrap().draw(|part, color| parts.push((part, color)));
        parts
    }

    #[test]
    fn every_face_is_its_own_and_on_the_screen() {
        for (index, face) in FACES.iter().enumerate() {
            let parts = drawn(face.name);
            for ((left, top, width, height), _) in &parts {
                assert!(*left >= 0 && *top >= 0, "{}", face.name);
                assert!(left + *width as i16 <= 128 && top + *height as i16 <= 160);
            }
            assert!(FACES[..index].iter().all(|other| drawn(other.name) != parts));
        }
        assert_eq!(Face::of_name("smug"), None);
    }

    #[test]
    fn a_smile_is_lowest_in_its_middle() {
        let mouth = |name| -> Vec<i16> {
            let parts = drawn(name);
            parts[parts.len() - 15..].iter().map(|((_, top, ..), _)| *top).collect()
        };
        let happy = mouth("happy");
        assert!(happy[7] > happy[0] && happy[0] == happy[14]);
        let sad = mouth("sad");
        assert!(sad[7] < sad[0]);
    }
}
