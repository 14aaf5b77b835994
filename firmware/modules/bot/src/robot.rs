//! The robot: what it does in each tenth of a second, and who may tell it what.
//!
//! It is one state machine that somebody moves on with [`Robot::tick`]. It waits for nothing and allocates
//! nothing, so a timer can carry it.
//!
//! ```text
//!            button                 button held, or `run`
//!   idle ------------> menu ----------------------------> running
//!    ^                                                      |
//!    '---- program over, `stop`, something in the way ------'
//! ```

mod menu;
mod motion;
mod orders;
mod show;

use crate::body::{Body, Unseen};
use crate::drive::Drive;
use crate::face::Face;
use crate::journal::{Event, Journal};
use crate::line::{About, Line};
use crate::map::{Map, Wave};
use crate::program::{Next, Progress, Statement};
use crate::settings::{Name, Settings};
use crate::terminal::{Color, Terminal};
use crate::texts::Text;
use crate::tune::{TUNES, Tune};

use menu::Pressing;
use motion::Task;
use show::Shown;

/// Bytes of a program's text.
const PROGRAM_BYTES: usize = 384;
/// So many looks without an answer are a broken sensor.
const BLIND_MAX: u8 = 5;
/// The least time between two complaints about the sensor.
const COMPLAINT_MS: u32 = 10_000;
/// After so long without anything to do it falls asleep.
const BORED_MS: u32 = 60_000;

/// What the robot is busy with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Idle,
    /// A program is being chosen: its place in the list.
    Menu(u8),
    Running,
}

/// A robot.
#[derive(Debug)]
pub struct Robot {
    settings: Settings,
    drive: Drive,
    map: Map,
    wave: Wave,
    journal: Journal,
    terminal: Terminal,
    mode: Mode,
    program: [u8; PROGRAM_BYTES],
    program_bytes: u16,
    progress: Progress,
    task: Task,
    pressing: Pressing,
    shown: Shown,
    tune: Option<Tune<'static>>,
    note_until_ms: u32,
    now_ms: u32,
    busy_at_ms: u32,
    complained_at_ms: Option<u32>,
    blind: u8,
    name: Line,
}

impl Robot {
    /// A robot that stands, knows nothing of the room, and asks for its button.
    #[must_use]
    pub const fn new() -> Self {
        let settings = Settings::new();
        Self {
            drive: Drive::new(settings.chassis()),
            settings,
            map: Map::new(),
            wave: Wave::new(),
            journal: Journal::new(),
            terminal: Terminal::new(),
            mode: Mode::Idle,
            program: [0; PROGRAM_BYTES],
            program_bytes: 0,
            progress: Progress::new(),
            task: Task::None,
            pressing: Pressing::Up,
            shown: Shown::Text,
            tune: None,
            note_until_ms: 0,
            now_ms: 0,
            busy_at_ms: 0,
            complained_at_ms: None,
            blind: 0,
            name: Line::new(),
        }
    }

    /// Greets, and says how to begin.
    pub fn begin(&mut self, body: &mut dyn Body) {
        self.note(Event::Began);
        self.name = Line::of("Bot", About::Nothing);
        let name = self.name;
        self.say(body, Text::Hello, About::Name(name.text()), Color::CYAN);
        self.say(body, Text::PressA, About::Nothing, Color::WHITE);
    }

    /// Goes on by `millis`.
    pub fn tick(&mut self, millis: u32, body: &mut dyn Body) {
        self.now_ms = self.now_ms.wrapping_add(millis);
        let button = body.button();
        self.press(button, body);
        if self.mode == Mode::Running {
            self.busy_at_ms = self.now_ms;
            self.go_on(body);
        }
        self.play(body);
        body.wheels(self.drive.tick(millis));
        self.show(body);
        self.get_bored(body);
    }

    /// Stops at once, whatever it does.
    pub fn stop(&mut self, body: &mut dyn Body) {
        self.drive.halt();
        self.task = Task::None;
        self.tune = None;
        body.tone(0, 0);
        body.wheels(self.drive.tick(0));
        if self.mode == Mode::Running {
            self.note(Event::Stopped);
            self.say(body, Text::Stopped, About::Nothing, Color::YELLOW);
        }
        self.mode = Mode::Idle;
    }

    /// Writes a text on the screen and tells it at the console.
    pub fn write(&mut self, text: &str, color: Color, body: &mut dyn Body) {
        self.uncover();
        self.terminal.write(text, color);
        body.tell(text);
    }

    /// What happened lately.
    #[must_use]
    pub const fn journal(&self) -> &Journal {
        &self.journal
    }

    fn say(&mut self, body: &mut dyn Body, text: Text, about: About<'_>, color: Color) {
        let line = Line::of(text.in_language(self.settings.language), about);
        self.write(line.text(), color, body);
    }

    fn note(&mut self, event: Event) {
        self.journal.note(self.now_ms, event);
    }

    /// Begins a program that [`crate::program::check`] has passed.
    fn start(&mut self, text: &str, body: &mut dyn Body) {
        let Some(place) = self.program.get_mut(..text.len()) else {
            return self.say(body, Text::TooLong, About::Nothing, Color::RED);
        };
        place.copy_from_slice(text.as_bytes());
        self.program_bytes = text.len() as u16;
        self.progress = Progress::default();
        self.task = Task::None;
        self.mode = Mode::Running;
        self.say(body, Text::Began, About::Nothing, Color::GREEN);
    }

    /// Goes on with the program: its task, or else its next statement.
    fn go_on(&mut self, body: &mut dyn Body) {
        if self.task != Task::None {
            return self.move_on(body);
        }
        let program = self.program;
        let text = program.get(..usize::from(self.program_bytes)).unwrap_or(&[]);
        let text = core::str::from_utf8(text).unwrap_or("");
        match self.progress.next(text) {
            Next::Do(statement) => self.carry_out(statement, body),
            Next::Pause => {}
            Next::Over => {
                self.drive.ask(0, 0);
                self.mode = Mode::Idle;
                self.note(Event::ProgramEnded);
                self.say(body, Text::Ended, About::Nothing, Color::GREEN);
                let way = self.drive.way_mm();
                self.say(body, Text::Way, About::Number(way as i32), Color::WHITE);
            }
        }
    }

    /// Does what takes no time, and begins what does.
    fn carry_out(&mut self, statement: Statement<'_>, body: &mut dyn Body) {
        match statement {
            Statement::Say(text) => self.write(text, Color::YELLOW, body),
            Statement::Face(name) => self.make_face(name, body),
            Statement::Play(name) => self.begin_tune(name, body),
            statement => self.begin_task(statement, body),
        }
    }

    fn make_face(&mut self, name: &str, body: &mut dyn Body) {
        match Face::of_name(name) {
            Some(face) => self.cover(face),
            None => self.say(body, Text::WhatIs, About::Name(name), Color::RED),
        }
    }

    fn begin_tune(&mut self, name: &str, body: &mut dyn Body) {
        let known = TUNES.iter().find(|(known, _)| *known == name);
        self.tune = known.and_then(|(_, text)| Tune::read(text).ok());
        self.note_until_ms = self.now_ms;
        if self.tune.is_none() {
            self.say(body, Text::Tune, About::Nothing, Color::RED);
        }
    }

    /// Goes to the next note when the last one is over.
    fn play(&mut self, body: &mut dyn Body) {
        let Some(tune) = &mut self.tune else { return };
        if self.now_ms.wrapping_sub(self.note_until_ms).cast_signed() < 0 {
            return;
        }
        match tune.next() {
            Some(Ok(note)) => {
                self.note_until_ms = self.now_ms.wrapping_add(u32::from(note.millis));
                body.tone(note.hertz, self.settings.get(Name::Volume) as u8);
            }
            Some(Err(_)) | None => {
                self.tune = None;
                body.tone(0, 0);
            }
        }
    }

    /// Looks ahead; a broken sensor is complained about, but not at every look.
    fn look(&mut self, body: &mut dyn Body) -> Result<u32, Unseen> {
        let seen = body.look(self.settings.get(Name::Temperature));
        if seen != Err(Unseen::Blind) {
            self.blind = 0;
            return seen;
        }
        self.blind = self.blind.saturating_add(1);
        let is_due =
            self.complained_at_ms.is_none_or(|last| self.now_ms.wrapping_sub(last) >= COMPLAINT_MS);
        if self.blind >= BLIND_MAX && is_due {
            self.complained_at_ms = Some(self.now_ms);
            self.note(Event::Blind(self.blind));
            self.say(body, Text::Blind, About::Nothing, Color::RED);
        }
        seen
    }

    fn get_bored(&mut self, body: &mut dyn Body) {
        let idle_ms = self.now_ms.wrapping_sub(self.busy_at_ms);
        if self.mode == Mode::Idle && idle_ms >= BORED_MS {
            self.busy_at_ms = self.now_ms;
            self.say(body, Text::Bored, About::Nothing, Color::WHITE);
            self.make_face("asleep", body);
        }
    }
}

impl Default for Robot {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests;
