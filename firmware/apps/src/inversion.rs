//! Priority inversion: a low thread owns a mutex that a high one waits for, while one in the middle
//! computes. With `inherit=on` the low one runs at the high one's priority until it gives the mutex
//! back; with `inherit=off` the high one waits for the middle one too.

use core::hint::black_box;
use ramscope_kernel::mem::Arc;
use ramscope_kernel::sync::{Inheritance, OnDeadlock};
use ramscope_kernel::{Arguments, Error, Instant, Mutex, Span, println, thread};

/// What the low thread computes while it owns the mutex.
const SHORT: Span = Span::from_millis(5);
/// What the middle one computes.
const LONG: Span = Span::from_millis(200);
/// A high thread that waits longer was held up by the middle one.
const WAIT_MAX: Span = Span::from_millis(50);

fn compute(span: Span) {
    let start = Instant::now();
    while Instant::now() - start < span {
        black_box(start);
    }
}

fn builder(name: &'static str, priority: u8) -> thread::Builder {
    thread::Builder::new(name).stack_bytes(2048).priority(priority)
}

pub(crate) fn run(arguments: Arguments<'_>) -> Result<(), Error> {
    let inheritance = match arguments.text("inherit") {
        Some("off") => Inheritance::Off,
        _ => Inheritance::On,
    };
    let mutex = Arc::new(Mutex::with("bus", (), inheritance, OnDeadlock::Fail))?;
    let (for_low, for_high) = (mutex.clone(), mutex);
    let low = builder("low", 2).spawn(move || {
        let _bus = for_low.lock()?;
        compute(SHORT);
        Ok::<(), Error>(())
    })?;
    // Low takes the mutex while main sleeps, and still has it then.
    thread::sleep(Span::from_millis(1))?;
    let high = builder("high", 7).spawn(move || {
        let start = Instant::now();
        let _bus = for_high.lock()?;
        let waited = Instant::now() - start;
        let verdict = if waited <= WAIT_MAX { "in time" } else { "too late" };
        println!("inversion: high waited {} ms, {verdict}", waited.as_millis());
        Ok::<(), Error>(())
    })?;
    thread::sleep(Span::from_millis(1))?;
    let middle = builder("middle", 5).spawn(|| compute(LONG))?;
    for thread in [low, high, middle] {
        thread.join()?;
    }
    Ok(())
}
