//! The screen as text, without a terminal: for tests, for documents, for a look in CI.

use core::fmt;
use core::str::FromStr;

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::layout::Size;

use crate::app::App;
use crate::draw::{SIZE_MIN, draw};
use crate::scene::Scene;

/// Draws the screen in a size and gives it as lines of text without colour.
#[must_use]
pub fn text(scene: &Scene<'_>, app: &App, size: ScreenSize) -> String {
    lines(&buffer(scene, app, size))
}

/// Draws the screen in a size.
pub(crate) fn buffer(scene: &Scene<'_>, app: &App, size: ScreenSize) -> Buffer {
    let backend = TestBackend::new(size.0.width, size.0.height);
    let mut terminal = Terminal::new(backend).expect("a backend in memory does not fail");
    let drawn = terminal.draw(|frame| draw(frame, scene, app));
    drawn.expect("a backend in memory does not fail").buffer.clone()
}

fn lines(buffer: &Buffer) -> String {
    let mut text = String::new();
    for cells in buffer.content().chunks(usize::from(buffer.area.width)) {
        let line: String = cells.iter().map(|cell| cell.symbol()).collect();
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// Columns and rows of a screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScreenSize(pub Size);

impl ScreenSize {
    /// What a picture has if nobody asks for another size.
    pub const DEFAULT: Self = Self(Size::new(100, 30));
    /// The most columns, and the most rows.
    const SIDE_MAX: u16 = 500;
}

/// A text is no screen size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a size is written 100x30, from {SIZE_MIN} to {max}x{max}", max = ScreenSize::SIDE_MAX)]
pub struct BadScreenSize;

impl FromStr for ScreenSize {
    type Err = BadScreenSize;

    fn from_str(text: &str) -> Result<Self, BadScreenSize> {
        let (width, height) = text.split_once(['x', 'X']).ok_or(BadScreenSize)?;
        let side = |text: &str, min: u16| match text.parse() {
            Ok(side) if (min..=Self::SIDE_MAX).contains(&side) => Ok(side),
            _ => Err(BadScreenSize),
        };
        let width = side(width, SIZE_MIN.width)?;
        let height = side(height, SIZE_MIN.height)?;
        Ok(Self(Size::new(width, height)))
    }
}

impl fmt::Display for ScreenSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_has_two_sides_within_bounds() {
        assert_eq!("160x50".parse(), Ok(ScreenSize(Size::new(160, 50))));
        for text in ["", "80", "80x", "79x24", "80x23", "501x30", "-1x30", "80x24x2"] {
            assert_eq!(text.parse::<ScreenSize>(), Err(BadScreenSize), "{text}");
        }
    }

    #[test]
    fn the_message_names_the_bounds() {
        let message = BadScreenSize.to_string();
        assert_eq!(message, "a size is written 100x30, from 80x24 to 500x500");
    }
}
