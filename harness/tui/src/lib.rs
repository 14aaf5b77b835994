//! Draws a model in a terminal.
//!
//! Somebody who writes firmware wants to see where its memory goes while it runs: the heap over time,
//! how deep each stack is and ever was, what the device says. This crate is that screen. It owns no
//! facts: what is true of a device stands in `ramscope-model`, and the screen is a function of it.
//!
//! ```text
//! key --App::update--> Command --live--> Watched (session + feed) --Scene--+
//!          App (scroll, focus, pause, speed) ----------------------------- +-- draw --> terminal
//! ```
//!
//! Invariants:
//! 1. [`draw`] changes nothing and looks at nothing but a [`Scene`] and an [`App`]; [`App::update`]
//!    changes nothing but the `App`. Both are tested without terminal and machine.
//! 2. The host's clock is read in [`live`] only, and only to pace: it decides *when* the device runs
//!    on, never *what* it does. The device runs in whole steps of [`Watched::STEP`], and what is
//!    typed arrives between two steps, so the same lines typed at the same instants give the same
//!    device, at any speed.
//! 3. Nothing is said by colour alone. Nothing that a device prints reaches the terminal as a control
//!    character; the model has cleaned it.
//! 4. The terminal is given back however the screen ends: quit, error or panic.

mod app;
mod draw;
mod live;
mod once;
mod palette;
mod scene;
mod speed;
mod watched;

pub use app::{App, Command, ConsoleExtent, Pace};
pub use draw::{SIZE_MIN, console_extent, draw};
pub use live::{live, require_terminal};
pub use once::{BadScreenSize, ScreenSize, text};
pub use palette::Palette;
pub use scene::{MachineState, Scene};
pub use speed::Speed;
pub use watched::{Watched, WatchedOptions};

/// Why there is no screen, or no more.
#[derive(Debug, thiserror::Error)]
pub enum TuiError {
    /// There is nothing to draw on.
    #[error("there is no terminal to draw on; `--once` prints the screen as text")]
    NoTerminal,
    /// The terminal failed.
    #[error("the terminal failed")]
    Terminal(#[from] std::io::Error),
    /// The machine failed.
    #[error(transparent)]
    Machine(#[from] ramscope_backend::BackendError),
}
