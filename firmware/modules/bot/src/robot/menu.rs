//! The button: a short press goes on in the menu, a long one starts what is chosen, and any press stops
//! what runs.

use crate::body::{Body, Button};
use crate::journal::Event;
use crate::line::About;
use crate::program::PROGRAMS;
use crate::terminal::Color;
use crate::texts::Text;

use super::{Mode, Robot};

/// A contact bounces for less than this.
const BOUNCE_MS: u32 = 20;
/// Pressed for so long it is held.
const HELD_MS: u32 = 600;

/// What the button has been doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pressing {
    Up,
    /// Down since then.
    Down(u32),
    /// Down, and what that means is done already.
    Done,
}

impl Robot {
    pub(super) fn press(&mut self, button: Button, body: &mut dyn Body) {
        let now = self.now_ms;
        self.pressing = match (self.pressing, button) {
            (Pressing::Up, Button::Down) => Pressing::Down(now),
            (Pressing::Down(since), Button::Down) if now.wrapping_sub(since) >= HELD_MS => {
                self.held(body);
                Pressing::Done
            }
            (Pressing::Down(since), Button::Up) => {
                if now.wrapping_sub(since) >= BOUNCE_MS {
                    self.pressed(body);
                }
                Pressing::Up
            }
            (_, Button::Up) => Pressing::Up,
            (pressing, Button::Down) => pressing,
        };
    }

    fn pressed(&mut self, body: &mut dyn Body) {
        self.note(Event::Button);
        self.busy_at_ms = self.now_ms;
        self.mode = match self.mode {
            Mode::Running => return self.stop(body),
            Mode::Idle => Mode::Menu(0),
            Mode::Menu(choice) => Mode::Menu((choice + 1) % PROGRAMS.len() as u8),
        };
        self.show_choice(body);
    }

    fn held(&mut self, body: &mut dyn Body) {
        self.note(Event::Button);
        match self.mode {
            Mode::Menu(choice) => self.start_known(usize::from(choice), body),
            Mode::Running => self.stop(body),
            Mode::Idle => self.pressed(body),
        }
    }

    fn show_choice(&mut self, body: &mut dyn Body) {
        let Mode::Menu(choice) = self.mode else { return };
        if let Some(program) = PROGRAMS.get(usize::from(choice)) {
            self.say(body, Text::Selected, About::Name(program.name), Color::CYAN);
            self.say(body, Text::HoldA, About::Nothing, Color::WHITE);
        }
    }

    /// Starts a program of the list.
    pub(super) fn start_known(&mut self, index: usize, body: &mut dyn Body) {
        if let Some(program) = PROGRAMS.get(index) {
            self.note(Event::ProgramBegan(index as u8));
            self.start(program.text, body);
        }
    }
}
