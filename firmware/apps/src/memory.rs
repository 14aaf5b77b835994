//! The memory session of seed 000, step by step, with its figures beside ours.
//!
//! MicroPython's side is what the seed noted of a fresh ESP32 with MicroPython 1.24.1: bytes free of 158,144
//! before `import bot`. After the import 77,791 B were in use, after a collection 30,768 B; after the
//! loop over six names, `del bot` and another collection 153,552 B were free, so 4,592 B never came back.
//! Both boards have other heaps; what can be compared is what a step takes and gives back.
//!
//! `forget=name` drops the table's entry and not the name, `forget=timer` leaves the robot's timer at
//! work: the two ways in which a module stays although somebody deleted it.

use crate::imported::given_back;
use core::fmt;
use ramscope_kernel::mem;
use ramscope_kernel::module::{self, Module, Unloaded};
use ramscope_kernel::{Arguments, Error, println};

/// The names of the seed's loop.
const TO_UNLOAD: [&str; 6] = ["bot", "sysfont", "hcsr04", "flashbdev", "ini_parser", "ST7735"];

/// White, as `bot.WHITE`, and what the seed's menu says.
const LINE: &[u8] = b"\xFF\xFFPress A to select program";

/// What the robot's timer is told: a tick of 100 ms.
const TICK_MS: usize = 100;

/// What somebody forgets.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Forgotten {
    Nothing,
    /// `del bot`.
    Name,
    /// To stop the timer.
    Timer,
}

/// Bytes in use at the steps of the session.
struct Session {
    /// What `flashbdev` has: it is there before the session begins, and goes with the others.
    boot: u32,
    fresh: u32,
    peak: u32,
    imported: u32,
    collected: u32,
    unloaded: u32,
}

pub(crate) fn run(arguments: Arguments<'_>) -> Result<(), Error> {
    let forgotten = match arguments.text("forget") {
        Some("name") => Forgotten::Name,
        Some("timer") => Forgotten::Timer,
        _ => Forgotten::Nothing,
    };
    given_back(&TO_UNLOAD, session(forgotten))
}

fn session(forgotten: Forgotten) -> Result<(), Error> {
    // MicroPython's boot does `from flashbdev import bdev`: the name goes, the table's entry stays.
    let flashbdev = module::import("flashbdev")?;
    let boot = flashbdev.bytes();
    drop(flashbdev);
    let session = play(boot, forgotten)?;
    session.compare();
    match session.lost() {
        0 => println!("memory: everything came back"),
        bytes => println!("memory: {bytes} B stayed"),
    }
    Ok(())
}

fn play(boot: u32, forgotten: Forgotten) -> Result<Session, Error> {
    collect()?;
    let fresh = mem::used_bytes();
    println!("memory: fresh: {} B free", mem::free_bytes());
    tell_heap();
    println!("memory: modules: {Loaded}");

    let bot = module::import("bot")?;
    let (imported, peak) = (mem::used_bytes(), mem::totals().peak_used);
    println!("memory: import bot: {} B free, uses {} B", mem::free_bytes(), imported - fresh);
    println!("memory: modules: {Loaded}");
    bot.call_bytes("write", LINE, &mut [])?;

    collect()?;
    let collected = mem::used_bytes();
    println!("memory: collected: {} B free, uses {} B", mem::free_bytes(), collected - fresh);

    if forgotten == Forgotten::Timer {
        bot.call_numbers("start", [TICK_MS, 0, 0, 0])?;
    }
    unload_all();
    match forgotten {
        // Somebody has put the name where nobody finds it again.
        Forgotten::Name => core::mem::forget(bot),
        Forgotten::Nothing | Forgotten::Timer => del(bot),
    }
    collect()?;
    println!("memory: unload, collect: {} B free", mem::free_bytes());
    println!("memory: modules: {Loaded}");
    // Whoever is still there says once more why.
    TO_UNLOAD.into_iter().for_each(unload);
    Ok(Session { boot, fresh, peak, imported, collected, unloaded: mem::used_bytes() })
}

/// `del bot`.
fn del(bot: Module) {
    println!("memory: del {}", bot.name());
    drop(bot);
}

/// `micropython.mem_info()`.
#[inline(never)]
fn tell_heap() {
    let lines = mem::mem_info().map(mem::MemInfo::lines);
    lines.into_iter().flatten().for_each(|line| println!("memory: {line}"));
}

/// `print(sys.modules)`, of those that the session is about.
struct Loaded;

impl fmt::Display for Loaded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[")?;
        let loaded = TO_UNLOAD.into_iter().filter(|name| module::is_loaded(name));
        for (index, name) in loaded.enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            write!(f, "{comma}{name}")?;
        }
        f.write_str("]")
    }
}

/// `gc.collect()`.
fn collect() -> Result<(), Error> {
    let collected = ramscope_kernel::collect()?;
    let (count, bytes) = (collected.modules, collected.module_bytes);
    println!("memory: collect {}: {count} modules with {bytes} B", collected.number);
    Ok(())
}

/// The seed's loop: `if mod in sys.modules: del sys.modules[mod]`.
fn unload_all() {
    for name in TO_UNLOAD {
        if module::is_loaded(name) {
            unload(name);
        }
    }
}

/// `del sys.modules[name]`. What stays says why.
fn unload(name: &str) {
    match module::unload(name) {
        Some(Unloaded::Gone(released)) => println!("memory: {name} is gone, {} B", released.bytes),
        Some(Unloaded::Held { pins, bytes }) => {
            for pin in pins.iter() {
                println!("memory: {name} stays, {bytes} B: {} {}", pin.kind, pin.name);
            }
        }
        None => {}
    }
}

/// What the seed noted, in bytes.
mod seed {
    /// Free before the import: 80,352 after it, and 77,791 that it used.
    pub(super) const FRESH: u32 = 158_143;
    /// In use right after the import, garbage included.
    pub(super) const IMPORTED: u32 = 77_791;
    /// In use after a collection.
    pub(super) const COLLECTED: u32 = 30_768;
    /// Free at the end.
    pub(super) const UNLOADED: u32 = 153_552;
}

impl Session {
    /// Bytes that are in use after the session and were not before it.
    const fn lost(&self) -> u32 {
        (self.unloaded + self.boot).saturating_sub(self.fresh)
    }

    /// Both sides by side. MicroPython counts what a parser leaves as used until it collects; here it is
    /// the most that was in use on the way.
    fn compare(&self) {
        let since_fresh = |bytes: u32| bytes.saturating_sub(self.fresh);
        println!("memory: {:<30} {:>11} {:>9}", "bytes", "MicroPython", "ramscope");
        let row = |what: &str, theirs: u32, ours: u32| {
            println!("memory: {what:<30} {theirs:>11} {ours:>9}");
        };
        row("at most while importing bot", seed::IMPORTED, since_fresh(self.peak));
        row("in use after the import", seed::IMPORTED, since_fresh(self.imported));
        row("in use after a collection", seed::COLLECTED, since_fresh(self.collected));
        let came_back = seed::UNLOADED - (seed::FRESH - seed::COLLECTED);
        row("came back", came_back, since_fresh(self.collected).saturating_sub(self.lost()));
        row("never came back", seed::FRESH - seed::UNLOADED, self.lost());
    }
}
