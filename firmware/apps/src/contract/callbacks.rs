//! Callbacks: rows C08 to C10.

use super::same;
use core::sync::atomic::{AtomicU32, Ordering::Relaxed};
use ramscope_kernel::callback::{self, QUEUE_MAX, schedule};
use ramscope_kernel::timer::{Config, Timer};
use ramscope_kernel::{Error, Span, interrupts, thread};

/// What callbacks did, a decimal digit each.
static SEEN: AtomicU32 = AtomicU32::new(0);

fn see(digit: usize) {
    SEEN.store(10 * SEEN.load(Relaxed) + digit as u32, Relaxed);
}

/// Schedules a callback, which runs when this one is done.
fn outer(digit: usize) {
    if schedule(see, digit + 1).is_ok() {
        see(digit);
    }
}

/// How many of a hundred there is no place for.
fn too_many(_: usize) {
    let refused = (0..100).filter(|_| schedule(|_| (), 0) == Err(Error::Full)).count();
    SEEN.store(refused as u32, Relaxed);
}

pub(super) fn c08() -> Result<(), Error> {
    SEEN.store(0, Relaxed);
    schedule(see, 7)?;
    schedule(outer, 1)?;
    thread::sleep(Span::from_millis(1))?;
    same("the order of the calls", SEEN.load(Relaxed), 712)?;
    schedule(too_many, 0)?;
    thread::sleep(Span::from_millis(1))?;
    same("refused of 100", SEEN.load(Relaxed), 100 - QUEUE_MAX as u32)?;
    same("waiting", callback::waiting(), 0)
}

pub(super) fn c09() -> Result<(), Error> {
    // The first one of all has the unit made that callbacks run in.
    schedule(see, 0)?;
    thread::sleep(Span::from_millis(1))?;
    SEEN.store(0, Relaxed);
    // Whoever is masked makes no pass; the end of that is one.
    let all_taken = interrupts::masked(|| (1..4).all(|digit| schedule(see, digit).is_ok()));
    same("all are taken", all_taken, true)?;
    let seen = || (callback::waiting(), SEEN.load(Relaxed));
    let first = seen();
    thread::sleep(Span::ZERO)?;
    let second = seen();
    thread::sleep(Span::ZERO)?;
    same("what waits and what ran", [first, second, seen()], [(2, 1), (1, 12), (0, 123)])
}

pub(super) fn c10() -> Result<(), Error> {
    let moment = Span::from_millis(1);
    for _ in 0..10 {
        thread::interrupt_main();
    }
    same("the first sleep", thread::sleep(moment), Err(Error::Interrupted))?;
    let left = (0..100).filter(|_| thread::sleep(Span::ZERO).is_err()).count();
    same("interrupted after that", left, 0)?;
    schedule(
        |_| {
            thread::interrupt_main();
            see(1);
        },
        0,
    )?;
    same("a sleep after a callback's", thread::sleep(moment), Err(Error::Interrupted))?;
    let timer = Timer::named("alarm")?;
    timer.init(Config::one_shot().period(20).callback(|_| thread::interrupt_main()))?;
    let long = thread::sleep(Span::from_seconds(9));
    same("a sleep in the middle", (long, timer.value()), (Err(Error::Interrupted), 20))
}
