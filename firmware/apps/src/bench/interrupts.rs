//! Rows T6, T7 and L9: handlers, from the request to whom they wake, and the clock.

use super::{COUNTS, HIGHER, Partners, ROUNDS, Row, SPINS, join, measure, pause, spin};
use core::sync::atomic::{AtomicU32, Ordering};
use ramscope_kernel::sync::Semaphore;
use ramscope_kernel::thread::{Builder, JoinHandle};
use ramscope_kernel::timer::{Config, Timer};
use ramscope_kernel::{Error, Instant, Span, handler, thread};

const TRIGGER: Row = Row::of(b"T6.1");
const WAKE: Row = Row::of(b"T6.2");
const START: Row = Row::of(b"L9.1");
const STOPPING: Row = Row::of(b"L9.2");
const TICKING: Row = Row::of(b"L9.3");
static WOKEN: Semaphore = Semaphore::named("woken", 0, 1);

const TICK: Span = Span::from_millis(1);
const SLEEPERS: usize = 10;
static WAKES: AtomicU32 = AtomicU32::new(0);
static STOP: AtomicU32 = AtomicU32::new(0);

pub(super) fn all() -> Result<(), Error> {
    stages()?;
    let waiter = Partners::start(1, HIGHER, || WOKEN.acquire().is_ok())?;
    let round_trip = || handler::raise(|| give(&WOKEN));
    measure(Row::of(b"T6.3"), 1, &waiter, round_trip)?;
    waiter.join()?;
    measure(Row::of(b"T6.4"), 1, &Partners::NONE, || handler::raise(|| ()))?;
    nothing_to_wake(Row::of(b"T7.0"))?;
    ticks(Row::of(b"T7.1"), 1)?;
    ticks(Row::of(b"T7.2"), SLEEPERS)?;
    timers()
}

fn give(semaphore: &Semaphore) {
    assert!(semaphore.release().is_ok(), "it was waited for");
}

/// From the request to the handler's body, and from there to the thread that it wakes.
fn stages() -> Result<(), Error> {
    let waiter = Builder::new("woken").stack_bytes(1536).priority(HIGHER).spawn(|| {
        for _ in 0..ROUNDS {
            WOKEN.acquire()?;
            pause();
        }
        Ok::<(), Error>(())
    })?;
    for _ in 0..ROUNDS {
        TRIGGER.begin();
        let taken = handler::raise(|| {
            WAKE.begin();
            give(&WOKEN);
        });
        assert!(taken, "the request before was served");
    }
    join(waiter)?;
    // What is around the two stages is not in them.
    TRIGGER.say(ROUNDS, 0)?;
    WAKE.say(ROUNDS, 0)
}

/// A timer that is started and stopped, and one whose ticks call back.
fn timers() -> Result<(), Error> {
    let timer = Timer::named("measured")?;
    timer.init(Config::periodic().freq(1_000).callback(|_| ()))?;
    timer.stop();
    for _ in 0..ROUNDS {
        START.begin();
        timer.start();
        STOPPING.begin();
        timer.stop();
        pause();
    }
    START.say(ROUNDS, 0)?;
    STOPPING.say(ROUNDS, 0)?;
    timer.start();
    let before = timer.counts().delivered;
    TICKING.begin();
    spin(SPINS);
    pause();
    let delivered = timer.counts().delivered - before;
    timer.deinit();
    TICKING.say(delivered, SPINS)
}

/// Nobody sleeps: the operations are the ticks that a kernel with ticks would have had.
fn nothing_to_wake(row: Row) -> Result<(), Error> {
    COUNTS[0].store(0, Ordering::Relaxed);
    let start = Instant::now();
    row.begin();
    spin(SPINS);
    pause();
    let ticks = (Instant::now() - start).as_millis() as u32;
    row.say(ticks, SPINS)
}

/// So many threads sleep until each tick, all to the same instants. An operation is one tick.
fn ticks(row: Row, sleepers: usize) -> Result<(), Error> {
    STOP.store(0, Ordering::Relaxed);
    let start = Instant::now() + TICK;
    let mut handles: [Option<JoinHandle>; SLEEPERS] = [const { None }; SLEEPERS];
    for place in handles.iter_mut().take(sleepers) {
        let sleeper = Builder::new("sleeper").stack_bytes(1536).priority(HIGHER);
        *place = Some(sleeper.spawn(move || sleep_by_ticks(start))?);
    }
    thread::sleep(Span::from_millis(2))?;
    let before = WAKES.load(Ordering::Relaxed);
    row.begin();
    spin(SPINS);
    pause();
    let wakes = WAKES.load(Ordering::Relaxed) - before;
    STOP.store(1, Ordering::Relaxed);
    handles.into_iter().flatten().try_for_each(join)?;
    row.say(wakes / sleepers as u32, SPINS)
}

fn sleep_by_ticks(start: Instant) -> Result<(), Error> {
    let mut next = start;
    while STOP.load(Ordering::Relaxed) == 0 {
        thread::sleep_until(next)?;
        next = next + TICK;
        WAKES.store(WAKES.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
    }
    Ok(())
}
