//! The colour display ST7735: 128 x 160 pixels or fewer of 16 bits, over a serial bus.
//!
//! The problem: a picture of such a display takes 40 KiB, an eighth of a small chip's memory, to be sent
//! over a wire that is slower than drawing. So nothing is kept here. A drawing operation names a
//! rectangle to the controller, which has memory of its own, and streams the rectangle's pixels through
//! a chunk of 64 bytes on the stack; a rectangle that is not on the glass costs nothing.
//!
//! Source: Sitronix ST7735S data sheet, V1.1: chapter 9.4 (four-line serial interface: a byte with D/CX
//! low is a command), 9.7 (16 bits a pixel), 9.11 and 9.12 (address counters and MADCTL), 10 (commands,
//! and what to wait after a reset and after leaving sleep). Which of the controller's 132 x 162 memory a
//! glass shows is the glass maker's choice; see [`Panel`].
//!
//! The module has the name that it has in MicroPython's drivers, capitals included.
//!
//! Invariants:
//! 1. Coordinates may be anything: what lies outside of the glass is cut off, and no address outside of
//!    it is ever sent.
//! 2. A window is always filled exactly: as many pixels are sent as it has.
//! 3. The times of the data sheet are kept, also between a reset and leaving sleep.
#![cfg_attr(not(test), no_std)]
#![allow(non_snake_case, reason = "the module's name is that of the chip")]

pub mod bus;
pub mod color;
pub mod display;
pub mod exports;
pub mod geometry;
pub mod shapes;
pub mod text;

pub use bus::{Bus, BusFailed};
pub use color::Color;
pub use display::Display;
pub use geometry::{Panel, Rectangle, Rotation};
pub use text::Font;

ramscope_module_abi::module! {
    name: "ST7735",
    version: (1, 0, 1),
    dependencies: [("sysfont", (1, 0, 0))],
    exports: [
        bytes "begin" => exports::begin,
        bytes "fill" => exports::fill,
        bytes "line" => exports::line,
        bytes "disc" => exports::disc,
        bytes "text" => exports::text,
        bytes "picture" => exports::picture,
        bytes "sleep" => exports::sleep,
    ],
    init: exports::init,
    deinit: exports::deinit,
}

#[cfg(test)]
mod fake;
