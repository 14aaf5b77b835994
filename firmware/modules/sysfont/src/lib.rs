//! A bitmap font of 5 x 8 pixels.
//!
//! The problem: a display without a character generator wants pixels, and a program has text. This
//! module holds the drawings of ASCII, of the letters that German, French and Spanish add, and of two
//! arrows and a degree sign; it says how wide a text is, where a line that is too long breaks, and
//! draws it into a bitmap of the caller's or pixel by pixel for anybody else.
//!
//! The drawings were made for this project; [`drawings`] is their source, as pictures.
//!
//! Invariants:
//! 1. Nothing allocates, and nothing is written outside of the caller's bitmap: what does not fit is
//!    cut off at its edges.
//! 2. Any text is accepted; a character without a drawing is a frame as wide as a glyph.
//! 3. What is drawn is as wide as [`Face::width`] says.
#![cfg_attr(not(test), no_std)]

pub mod bitmap;
pub mod drawings;
pub mod exports;
pub mod face;
pub mod glyph;
pub mod lines;

pub use bitmap::Bitmap;
pub use drawings::{GLYPH_HEIGHT, GLYPH_WIDTH};
pub use face::{Face, Spacing};
pub use glyph::{Glyph, has_glyph};
pub use lines::Lines;

ramscope_module_abi::module! {
    name: "sysfont",
    version: (1, 0, 0),
    dependencies: [],
    exports: [
        bytes "columns" => exports::columns,
        bytes "width" => exports::width,
        bytes "lines" => exports::lines,
        bytes "render" => exports::render,
    ],
    init: exports::init,
    deinit: exports::deinit,
}
