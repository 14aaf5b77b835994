//! Rows M: what a thread, an object and the kernel itself take, in bytes.
//!
//! What is a size of a type the compiler says; what depends on how the kernel is used is measured: what
//! the heap lost while threads were there, and how deep a stack was used.

use super::{LOWER, settle};
use core::mem::size_of;
use ramscope_kernel::footprint::Footprint;
use ramscope_kernel::sync::{Barrier, Condition, Flags, Queue, RwLock, Semaphore};
use ramscope_kernel::thread::{Builder, JoinHandle};
use ramscope_kernel::{Error, Lock, Mutex, Span, Timer, mem, println, thread};

/// Threads that are there at the same time: many and few, to see that each costs the same.
const MOST: usize = 50;
const MANY: usize = 25;
const FEW: usize = 10;
/// As in the suite: what a thread's stack is that does little.
const STACK_BYTES: usize = 512;

fn say(id: &str, bytes: usize) -> Result<(), Error> {
    println!("bench: {id} takes {bytes} B");
    settle()
}

/// What the heap holds more for each of so many threads that sleep.
fn threads<const N: usize>() -> Result<usize, Error> {
    let before = mem::used_bytes();
    let mut sleepers: [Option<JoinHandle>; N] = [const { None }; N];
    for place in &mut sleepers {
        let builder = Builder::new("sleeper").stack_bytes(STACK_BYTES).priority(LOWER);
        *place = Some(builder.spawn(|| thread::sleep(Span::from_seconds(60)))?);
    }
    let each = (mem::used_bytes() - before) as usize / N;
    for sleeper in sleepers.iter().flatten() {
        sleeper.request_exit();
    }
    for sleeper in sleepers.into_iter().flatten() {
        sleeper.join()?;
    }
    Ok(each)
}

/// How deep the stack of a thread gets that only sleeps, and what the kernel needs below that.
fn sleeping_stack() -> Result<(usize, usize), Error> {
    let sleeper = Builder::new("sleeper").stack_bytes(1024);
    let sleeper = sleeper.spawn(|| (0..3).try_for_each(|_| thread::sleep(Span::from_millis(1))))?;
    thread::sleep(Span::from_millis(20))?;
    let figures = sleeper.stack().expect("the handle is there");
    sleeper.join()?;
    Ok((figures.high_water as usize, figures.minimum as usize))
}

/// What a timer takes of the heap.
fn timer() -> Result<usize, Error> {
    let first = Timer::named("first")?;
    let before = mem::used_bytes();
    let second = Timer::named("second")?;
    let bytes = mem::used_bytes() - before;
    drop((first, second));
    Ok(bytes as usize)
}

pub(super) fn all() -> Result<(), Error> {
    let Footprint { thread, scheduler, account, kernel } = Footprint::NOW;
    say("M1.1", thread + scheduler + account)?;
    say("M1.2", thread)?;
    say("M1.3", scheduler)?;
    say("M1.4", account)?;
    let (high_water, minimum) = sleeping_stack()?;
    say("M2.3", high_water)?;
    say("M2.4", minimum)?;
    say("M3.1", threads::<FEW>()?)?;
    say("M3.2", threads::<MANY>()?)?;
    say("M3.3", threads::<MOST>()?)?;
    say("M4.1", size_of::<Semaphore>())?;
    say("M4.2", size_of::<Mutex<u32>>())?;
    say("M4.3", size_of::<Lock>())?;
    say("M4.4", size_of::<Queue<u8, 0>>())?;
    say("M4.5", size_of::<Queue<[u8; 16], 10>>())?;
    say("M4.6", timer()?)?;
    say("M4.7", size_of::<Flags>())?;
    say("M4.8", size_of::<Condition>())?;
    say("M4.9", size_of::<Barrier>())?;
    say("M4.a", size_of::<RwLock<u32>>())?;
    say("M5.1", kernel)
}
