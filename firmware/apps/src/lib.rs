//! The programs that scenarios run.
//!
//! Each shows one thing about memory and concurrency, prints what it does in whole lines, and
//! ends. They know no board: all they use is the kernel. `run NAME key=value ...` on the console
//! starts one; the names stand in the ELF section `.ramscope.programs` too, so that a scenario
//! with a misspelt name fails before anything is launched.
#![no_std]

mod bench;
mod blink;
mod blocks;
mod caught;
mod contract;
mod coop;
mod counting;
mod crossing;
mod crowd;
mod deadlock;
mod demo;
mod dig;
mod errands;
mod fault;
mod garbage;
mod growth;
mod headroom;
mod hoard;
mod holes;
mod imported;
mod in_handler;
mod inversion;
mod kept;
mod memory;
mod menu;
mod misuse;
mod overflow;
mod race;
mod robot;
mod sensors;
mod shared;
mod slices;
mod store;
mod storm;
mod suspended;
mod ticker;
mod uncaught;

use ramscope_kernel::Program;

macro_rules! programs {
    ($($name:literal, $summary:literal, $run:path;)*) => {
        /// Every program of the image.
        pub const PROGRAMS: &[Program] = &[
            $(Program { name: $name, summary: $summary, run: $run },)*
        ];

        const NAMES: &str = concat!($($name, "\n",)*);

        #[cfg(target_os = "none")]
        #[used]
        #[unsafe(link_section = ".ramscope.programs")]
        #[expect(unsafe_code, reason = "a section name, for the harness to read from the ELF")]
        static NAMES_SECTION: [u8; NAMES.len()] = {
            let mut bytes = [0; NAMES.len()];
            let mut at = 0;
            while at < bytes.len() {
                bytes[at] = NAMES.as_bytes()[at];
                at += 1;
            }
            bytes
        };

        /// The names of [`PROGRAMS`], one a line: what the ELF section holds.
        #[must_use]
        pub const fn names() -> &'static str {
            NAMES
        }
    };
}

programs! {
    "counting", "two threads count, main counts along", counting::run;
    "shared", "two threads add to one variable under a lock", shared::run;
    "caught", "an error is caught inside its thread", caught::run;
    "uncaught", "a panic ends its thread and nothing else", uncaught::run;
    "blink", "a thread blinks while main goes on [times=3]", blink::run;
    "overflow", "a stack overflow [how=recursion|yield|return|trap|masked|panic|callback|handler]", overflow::run;
    "fault", "illegal accesses, each ends only its thread [how=thread|callback|kernel]", fault::run;
    "garbage", "what nobody can use, and what collecting it gives back [how=thread|circle|waiting|stack|number|crowd|exhausted|all]", garbage::run;
    "slices", "two busy threads take turns", slices::run;
    "in-handler", "what a handler may do and what not", in_handler::run;
    "headroom", "how much stack each kernel call takes", headroom::run;
    "blocks", "blocks of the heap, taken and given back, or not [count=4] [kept=0] [depth=0]", blocks::run;
    "holes", "a heap that is half free and has no large block [bytes=2048] [wanted=8192] [map=yes]", holes::run;
    "growth", "the heap is full, takes a further area and gives it back [bytes=24576]", growth::run;
    "misuse", "pointers that the heap refuses [how=twice|foreign|inside|overrun]", misuse::run;
    "coop", "a busy thread and one that sleeps do not disturb each other", coop::run;
    "race", "two threads add to one cell, and updates are lost [lock=off|on times=50000]", race::run;
    "deadlock", "two locks in opposite order [kind=lock|mutex]", deadlock::run;
    "inversion", "a high thread waits for a low one [inherit=on|off] [kind=mutex|reader|writer|once]", inversion::run;
    "kept", "a thread ends and keeps a guard [what=mutex|reader|writer]", kept::run;
    "suspended", "threads that are suspended and resumed [how=worker|holder|stuck]", suspended::run;
    "hoard", "two timers, of which one keeps what it allocates [ticks=8]", hoard::run;
    "crowd", "too many threads, and what was missing [stack=1024]", crowd::run;
    "sensors", "a sensor and a publisher with a queue between them [count=20]", sensors::run;
    "menu", "a timer looks whether the button is pressed [seconds=5]", menu::run;
    "storm", "more timers at once than the queue of callbacks has places [dawdle=30]", storm::run;
    "ticker", "three timers that keep time with each other [seconds=5]", ticker::run;
    "memory", "the memory session of seed 000 [forget=name|timer]", memory::run;
    "errands", "each module does its job and goes [module=NAME]", errands::run;
    "store", "a text in a block of flash, which a reset leaves alone [text=TEXT] [block=3]", store::run;
    "robot", "the robot of seed 000 [seconds=10] [do=ORDER]", robot::run;
    "bench", "what operations cost, for `cargo xtask cost` [part=cost|masked|garbage]", bench::run;
    "contract", "rows of the conformance list, checked by the device [row=ID]", contract::run;
    "crossing", "a callback wants what the thread has that it displaces", crossing::run;
    "dig", "a thread uses up its stack inside of a module [depth=1000]", dig::run;
    "demo", "threads, locks and heap at work, for watching [seconds=20]", demo::run;
}
