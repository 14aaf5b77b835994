//! The robot of seed 000: imported when it is to move, driven by a timer of its own, unloaded when its
//! memory is wanted.
//!
//! The board's button chooses a program with short presses and starts it with a long one; `do` gives an
//! order at once, with `_` for a space and `+` for what separates statements.

use crate::imported::given_back;
use ramscope_kernel::module::{self, Module, Unloaded};
use ramscope_kernel::{Arguments, Error, Span, mem, println, thread};

/// A tick of the robot, in milliseconds.
const TICK_MS: usize = 50;
/// The longest order.
const ORDER_BYTES: usize = 96;
/// Button, trigger, echo, buzzer; both motors' ahead and back; no display.
const WIRING: [u8; 14] = [9, 2, 3, 255, 4, 5, 6, 7, 255, 255, 255, 255, 255, 255];

/// The robot and what it needs, in the order in which they can go.
const MODULES: [&str; 5] = ["bot", "ST7735", "sysfont", "hcsr04", "ini_parser"];

pub(crate) fn run(arguments: Arguments<'_>) -> Result<(), Error> {
    given_back(&MODULES, visit(arguments))
}

fn visit(arguments: Arguments<'_>) -> Result<(), Error> {
    let seconds = arguments.number("seconds", 10);
    // Timers have a thread that stays once there was one; it is none of the robot's memory.
    let before = mem::used_bytes();
    let bot = module::import("bot")?;
    println!("robot: {} B, and {} B with what it needs", bot.bytes(), mem::used_bytes() - before);
    bot.call_bytes("wire", &WIRING, &mut [])?;
    bot.call_bytes("configure", b"[drive]\nspeed = 60\n[eye]\nnear = 200\n", &mut [])?;
    bot.call_numbers("start", [TICK_MS, 0, 0, 0])?;
    if let Some(text) = arguments.text("do") {
        order(&bot, text)?;
    }
    thread::sleep(Span::from_seconds(seconds.into()))?;
    order(&bot, "status")?;
    order(&bot, "journal")?;
    bot.call_numbers("stop", [0; 4])?;
    drop(bot);
    for name in MODULES {
        match module::unload(name) {
            Some(Unloaded::Gone(released)) => {
                println!("robot: {name} gave {} B back", released.bytes)
            }
            Some(Unloaded::Held { pins, .. }) => {
                for pin in pins.iter() {
                    println!("robot: {name} stays: {} {}", pin.kind, pin.name);
                }
            }
            None => {}
        }
    }
    Ok(())
}

/// Gives an order and shows what the robot says to it.
fn order(bot: &Module, text: &str) -> Result<(), Error> {
    let mut room = [0; ORDER_BYTES];
    let letters = text.bytes().map(|byte| match byte {
        b'_' => b' ',
        b'+' => b';',
        byte => byte,
    });
    room.iter_mut().zip(letters).for_each(|(place, letter)| *place = letter);
    let order = room.get(..text.len().min(ORDER_BYTES)).unwrap_or(&[]);
    let mut said = [0; 512];
    let bytes = bot.call_bytes("order", order, &mut said)?;
    let said = usize::try_from(bytes).ok().and_then(|bytes| said.get(..bytes));
    let said = said.and_then(|said| core::str::from_utf8(said).ok());
    for line in said.unwrap_or("(it did not understand)").lines() {
        println!("robot: {line}");
    }
    Ok(())
}
