//! What a robot is wired to, for whoever gives it a body.

use crate::drive::Wheels;
use crate::face::Box4;
use crate::terminal::Color;

/// The eye gave no distance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unseen {
    /// Nothing is in range.
    Nothing,
    /// The sensor does not work.
    Blind,
}

/// The button.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Button {
    /// Nobody presses it.
    Up,
    /// Somebody does.
    Down,
}

/// A body.
pub trait Body {
    /// Gives the wheels their power.
    fn wheels(&mut self, wheels: Wheels);

    /// How far away the nearest thing ahead is, in millimetres, in air of so many tenths of a degree.
    ///
    /// # Errors
    /// Why it is not known.
    fn look(&mut self, air_tenths: i32) -> Result<u32, Unseen>;

    /// Whether the button is pressed.
    fn button(&mut self) -> Button;

    /// Sounds at so many hertz; 0 is silence. `volume` goes from 0 to 10.
    fn tone(&mut self, hertz: u16, volume: u8);

    /// Fills a part of the screen.
    fn fill(&mut self, part: Box4, color: Color);

    /// Writes on the screen.
    fn write(&mut self, left: i16, top: i16, text: &str, ink: Color);

    /// Tells somebody at the console.
    fn tell(&mut self, line: &str);
}
