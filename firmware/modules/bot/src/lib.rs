//! A small robot: two wheels, an ultrasonic eye, a screen, a button, a voice.
//!
//! The problem: it is the largest module of a program that has little memory, and it is not always needed;
//! so it is imported when the robot is to move and unloaded when its memory is wanted for something else.
//! It has programs that are chosen with one button, a language in which a person writes others, a map of the
//! room with ways through it, faces, tunes, settings in an INI file, a journal, and two human languages.
//!
//! Nothing of it knows the chip: a [`Body`] is handed in, whose parts are other modules
//! (`hcsr04`, `ST7735` with `sysfont`, `ini_parser`) and pins.
//!
//! Invariants:
//! 1. Nothing here waits. A tick does a bounded piece of work: at most one look, one search of the map and
//!    three lines of the screen.
//! 2. The wheels stand whenever no program runs.
//! 3. A program is checked as a whole before its first statement runs.
//! 4. Nothing allocates: what the robot knows is a variable of the module.
#![cfg_attr(not(test), no_std)]

pub mod angle;
pub mod body;
pub mod drive;
pub mod exports;
pub mod face;
pub mod hardware;
pub mod journal;
pub mod line;
pub mod map;
pub mod program;
pub mod robot;
pub mod settings;
pub mod terminal;
pub mod texts;
pub mod tune;

pub use body::Body;
pub use robot::Robot;

ramscope_module_abi::module! {
    name: "bot",
    version: (1, 0, 0),
    dependencies: [("hcsr04", (1, 0, 0)), ("ini_parser", (1, 0, 0)), ("ST7735", (1, 0, 0))],
    exports: [
        bytes "wire" => exports::wire,
        bytes "write" => exports::write,
        bytes "order" => exports::order,
        bytes "configure" => exports::configure,
        numbers "start" => exports::start,
        numbers "stop" => exports::stop,
    ],
    init: exports::init,
    deinit: exports::deinit,
}
