//! Pins, as far as programs need them: the level of an input.

use crate::port;

/// What a pin has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Near ground.
    Low,
    /// Near the supply.
    High,
}

/// The level of a pin now; `None` if the board has no pin of this number.
///
/// # Context
/// Any.
#[must_use]
pub fn level(number: u8) -> Option<Level> {
    port::pin(number).map(|is_high| if is_high { Level::High } else { Level::Low })
}
