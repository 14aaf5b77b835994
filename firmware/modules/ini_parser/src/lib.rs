//! Reads, asks, changes and writes INI files.
//!
//! The problem: a program's settings lie in a text that people edit, on a medium that loses power. So
//! what cannot be read is named with its line, the rest of the text is not lost by changing one value,
//! and nothing that comes from outside makes the reader fail in any other way.
//!
//! The form that is read: `[section]`; `key = value` or `key: value`; comments are whole lines that
//! begin with `;` or `#`; empty lines mean nothing. Space around names, keys and values does not count;
//! a value that needs it stands in double quotes, of which the outermost pair is taken away. Keys are
//! the same in capitals and small letters (ASCII); sections are not. Keys before the first section
//! belong to the section "". A name or key that stands twice is refused, because one of them would be
//! read and another edited.
//!
//! Invariants:
//! 1. Nothing allocates and nothing is copied: names and values are slices of the text.
//! 2. Every input, of whatever bytes, is read or refused with a line number; there is no panic.
//! 3. What [`Writer`] wrote reads back as what was given to it; what would not is refused.
//! 4. [`edit::set`] changes one line, or adds one, and leaves every other byte as it was.
#![cfg_attr(not(test), no_std)]

pub mod document;
pub mod edit;
pub mod exports;
pub mod item;
pub mod value;
pub mod write;

pub use document::Document;
pub use item::{Item, Items, Line, Problem, What};
pub use value::Value;
pub use write::{Refused, Writer};

ramscope_module_abi::module! {
    name: "ini_parser",
    version: (1, 0, 0),
    dependencies: [],
    exports: [
        bytes "check" => exports::check,
        bytes "get" => exports::get,
        bytes "set" => exports::set,
    ],
    init: exports::init,
    deinit: exports::deinit,
}

#[cfg(test)]
mod hostile;
