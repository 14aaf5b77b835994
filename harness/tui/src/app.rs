//! What a person has chosen on the screen, and what they ask for.
//!
//! Keys change how the screen looks (scroll, help, the line being typed, pause, speed) or ask for
//! something to be done to the device, which is a [`Command`]. An [`App`] knows nothing of the
//! device but how much console there is to scroll through.

mod chosen;
mod editor;
mod scroll;

use ratatui::crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use ramscope_model::UnitKey;

use crate::palette::Palette;
use crate::speed::Speed;

pub use scroll::ConsoleExtent;
pub(crate) use {chosen::Chosen, editor::Editor, scroll::Scroll};

/// What a person can act on: the screen's doing, from the last drawing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sight {
    /// The console's lines.
    pub console: ConsoleExtent,
    /// The units that have a row, from top to bottom.
    pub units: Vec<UnitKey>,
}

/// The state of the screen.
#[derive(Clone, Debug)]
pub struct App {
    /// How device time goes.
    pub pace: Pace,
    /// The speed while it goes.
    pub speed: Speed,
    /// The speed that was reached lately: device time per host time.
    pub reached: Option<f64>,
    /// Colours.
    pub palette: Palette,
    /// What runs, if the device does not say.
    pub title: String,
    pub(crate) scroll: Scroll,
    pub(crate) editor: Editor,
    pub(crate) typing: bool,
    pub(crate) help: bool,
    pub(crate) display: bool,
    pub(crate) view: View,
    pub(crate) chosen: Chosen,
}

/// What the middle of the screen is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum View {
    /// Threads and their stacks.
    #[default]
    Threads,
    /// Timers and the queue of their callbacks.
    Timers,
    /// Locks, queues and other objects, and who waits for them.
    Waits,
    /// Modules, and what keeps them.
    Modules,
    /// How the heap is divided.
    Layout,
}

impl View {
    pub(crate) const ALL: [Self; 5] =
        [Self::Threads, Self::Timers, Self::Waits, Self::Modules, Self::Layout];

    pub(crate) const fn next(self) -> Self {
        match self {
            Self::Threads => Self::Timers,
            Self::Timers => Self::Waits,
            Self::Waits => Self::Modules,
            Self::Modules => Self::Layout,
            Self::Layout => Self::Threads,
        }
    }

    pub(crate) const fn previous(self) -> Self {
        match self {
            Self::Threads => Self::Layout,
            Self::Timers => Self::Threads,
            Self::Waits => Self::Timers,
            Self::Modules => Self::Waits,
            Self::Layout => Self::Modules,
        }
    }

    /// Its title.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Threads => "threads",
            Self::Timers => "timers",
            Self::Waits => "waits",
            Self::Modules => "modules",
            Self::Layout => "layout",
        }
    }
}

/// Whether device time goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// It does.
    Running,
    /// It waits for a person.
    Paused,
    /// It has been taken at one instant, for a picture.
    Still,
}

/// Something to be done to the device, or to the program.
#[must_use]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Leave.
    Quit,
    /// Power the machine off and on.
    Restart,
    /// Let the device run for one sample's time.
    Step,
    /// Type this line at its console.
    Type(String),
}

impl App {
    /// A screen on which nothing has been chosen yet.
    #[must_use]
    pub fn new(title: String, palette: Palette) -> Self {
        Self {
            pace: Pace::Running,
            speed: Speed::REAL_TIME,
            reached: None,
            palette,
            title,
            scroll: Scroll::Follow,
            editor: Editor::default(),
            typing: false,
            help: false,
            display: false,
            view: View::Threads,
            chosen: Chosen::default(),
        }
    }

    /// Whether the screen shows who has called whom, so that somebody should look.
    #[must_use]
    pub const fn shows_calls(&self) -> bool {
        self.chosen.is_open()
    }

    /// Shows what the displays around the chip show, over the screen.
    pub const fn show_displays(&mut self) {
        self.display = true;
    }

    /// Whether it does.
    #[must_use]
    pub const fn shows_displays(&self) -> bool {
        self.display
    }

    /// Takes an event of the terminal; `sight` is what can be scrolled through and chosen now.
    pub fn update(&mut self, event: &Event, sight: &Sight) -> Option<Command> {
        match event {
            Event::Key(key) if key.kind != KeyEventKind::Release => self.press(*key, sight),
            // The size is looked at with each drawing.
            _ => None,
        }
    }

    fn press(&mut self, key: KeyEvent, sight: &Sight) -> Option<Command> {
        let console = sight.console;
        if key.modifiers.contains(KeyModifiers::CONTROL) && key.code == KeyCode::Char('c') {
            return Some(Command::Quit);
        }
        if self.help {
            self.help = false;
            return (key.code == KeyCode::Char('q')).then_some(Command::Quit);
        }
        if !self.typing && !is_modified(key) && self.chosen.press(key.code, &sight.units) {
            return None;
        }
        match key.code {
            KeyCode::PageUp => self.scroll.up(console),
            KeyCode::PageDown => self.scroll.down(console),
            _ if self.typing => return self.edit(key),
            // Alt-q is not q.
            _ if is_modified(key) => {}
            code => return self.control(code),
        }
        None
    }

    fn control(&mut self, code: KeyCode) -> Option<Command> {
        match code {
            KeyCode::Char('q') => return Some(Command::Quit),
            KeyCode::Char('r') => {
                self.scroll = Scroll::Follow;
                return Some(Command::Restart);
            }
            KeyCode::Char('.') => {
                self.pace = Pace::Paused;
                return Some(Command::Step);
            }
            KeyCode::Char('?') => self.help = true,
            KeyCode::Char('d') => self.display = !self.display,
            KeyCode::Esc if self.display => self.display = false,
            KeyCode::Tab => self.view = self.view.next(),
            KeyCode::BackTab => self.view = self.view.previous(),
            KeyCode::Char(' ') => self.toggle_pause(),
            KeyCode::Char('+' | '=') => self.set_speed(self.speed.faster()),
            KeyCode::Char('-') => self.set_speed(self.speed.slower()),
            KeyCode::Char('i') | KeyCode::Enter => self.typing = true,
            KeyCode::Char('g') | KeyCode::Home => self.scroll = Scroll::FIRST,
            KeyCode::Char('G') | KeyCode::End | KeyCode::Esc => self.scroll = Scroll::Follow,
            _ => {}
        }
        None
    }

    fn edit(&mut self, key: KeyEvent) -> Option<Command> {
        match key.code {
            KeyCode::Esc => self.typing = false,
            KeyCode::Enter => {
                self.scroll = Scroll::Follow;
                return Some(Command::Type(self.editor.take()));
            }
            _ => self.editor.press(key),
        }
        None
    }

    fn toggle_pause(&mut self) {
        self.pace = match self.pace {
            Pace::Running => Pace::Paused,
            Pace::Paused | Pace::Still => Pace::Running,
        };
        self.reached = None;
    }

    fn set_speed(&mut self, speed: Speed) {
        self.speed = speed;
        self.reached = None;
    }
}

fn is_modified(key: KeyEvent) -> bool {
    key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT)
}

#[cfg(test)]
mod tests;
