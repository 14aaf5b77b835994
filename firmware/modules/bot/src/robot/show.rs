//! What is on the screen: the head, and below it text or a face.

use crate::body::Body;
use crate::face::Face;
use crate::line::{About, Line};
use crate::terminal::Color;

use super::{Mode, Robot};

/// A line of the screen is so high.
const ROW_PIXELS: i16 = 8;
/// The head's lines.
const HEAD_ROWS: i16 = 2;
/// The display is slow, so only so many lines are sent in a tick.
const ROWS_A_TICK: usize = 3;

/// What is shown.
#[derive(Clone, Copy, Debug)]
pub(super) enum Shown {
    /// What was written.
    Text,
    /// A face that is not yet drawn.
    New(&'static Face),
    /// A face.
    Face,
}

impl Robot {
    /// Shows a face instead of the text.
    pub(super) fn cover(&mut self, face: &'static Face) {
        self.shown = Shown::New(face);
    }

    /// Shows the text again.
    pub(super) fn uncover(&mut self) {
        if !matches!(self.shown, Shown::Text) {
            self.shown = Shown::Text;
            self.terminal.uncover();
        }
    }

    /// Sends what has changed.
    pub(super) fn show(&mut self, body: &mut dyn Body) {
        match self.shown {
            Shown::New(face) => {
                face.draw(|part, color| body.fill(part, color));
                self.shown = Shown::Face;
            }
            Shown::Face => {}
            Shown::Text => self.show_rows(body),
        }
    }

    fn show_rows(&mut self, body: &mut dyn Body) {
        for _ in 0..ROWS_A_TICK {
            let Some((index, row)) = self.terminal.take_changed() else { return };
            let mut line = Line::new();
            let letter = &mut [0; 4];
            row.characters().for_each(|character| line.push(character.encode_utf8(letter)));
            let top = (HEAD_ROWS + index as i16) * ROW_PIXELS;
            body.write(0, top, line.text(), row.color);
            if index == 0 {
                self.show_head(body);
            }
        }
    }

    fn show_head(&mut self, body: &mut dyn Body) {
        let mode = match self.mode {
            Mode::Idle => "-",
            Mode::Menu(_) => "?",
            Mode::Running => ">",
        };
        let mut line = Line::of("# ", About::Name(mode));
        line.push(self.name.text());
        body.write(0, 0, line.text(), Color::CYAN);
        body.fill((0, ROW_PIXELS + 3, 128, 1), Color::CYAN);
    }
}
