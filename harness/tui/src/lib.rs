//! Draws a model in a terminal.
//!
//! Somebody who writes firmware wants to see where its memory goes while it runs: the heap over time,
//! how deep each stack is and ever was, what the device says. This crate is that screen. It owns no
//! facts: what is true of a device stands in `ramscope-model`, and the screen is a function of it. It
//! has no machine and no clock either: whoever shows the screen runs the one and reads the other.
//!
//! ```text
//! key --App::update--> Command --> whoever runs the device --Scene--+
//!          App (scroll, focus, pause, speed) -----------------------+-- draw --> frame, or text
//! ```
//!
//! Invariants:
//! 1. [`draw()`] changes nothing and looks at nothing but a [`Scene`] and an [`App`]; [`App::update`]
//!    changes nothing but the `App`. Both are tested without terminal and machine.
//! 2. Nothing is said by colour alone. Nothing that a device prints reaches the terminal as a control
//!    character; the model has cleaned it.

mod app;
mod draw;
mod once;
mod palette;
mod scene;
mod speed;

pub use app::{App, Command, ConsoleExtent, Pace, Sight};
pub use draw::{SIZE_MIN, draw, sight};
pub use once::{BadScreenSize, ScreenSize, text};
pub use palette::Palette;
pub use scene::{MachineState, Recording, Scene, ScreenPicture};
pub use speed::Speed;
