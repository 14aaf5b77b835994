//! A storm on the queue of callbacks: more timers at one instant than the queue has places, behind
//! callbacks that dawdle, and a callback that schedules more than there is room for. Nothing of it
//! is lost without being counted.

use core::sync::atomic::{AtomicU32, Ordering};
use ramscope_kernel::callback::{self, QUEUE_MAX};
use ramscope_kernel::timer::{Config, Counts, Timer};
use ramscope_kernel::{Arguments, Error, Instant, Span, println, thread};

/// More than the queue has places.
const TIMERS: usize = 12;

static CALLS: AtomicU32 = AtomicU32::new(0);

fn count() {
    // One callback at a time: nobody comes between the two.
    CALLS.store(CALLS.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
}

/// Schedules until the queue is full, and a hundred times more.
fn schedule_too_many(_: usize) {
    let taken = (0..100 + QUEUE_MAX).filter(|_| callback::schedule(|_| count(), 0).is_ok()).count();
    println!("storm: {taken} of {} callbacks scheduled from a callback", 100 + QUEUE_MAX);
}

/// What became of the ticks of all timers.
fn sum(timers: &[Option<Timer>]) -> Counts {
    timers.iter().flatten().map(Timer::counts).fold(Counts::default(), |sum, counts| Counts {
        fired: sum.fired + counts.fired,
        delivered: sum.delivered + counts.delivered,
        coalesced: sum.coalesced + counts.coalesced,
        dropped: sum.dropped + counts.dropped,
        late: sum.late + counts.late,
        ..sum
    })
}

pub(crate) fn run(arguments: Arguments<'_>) -> Result<(), Error> {
    let dawdle = u64::from(arguments.number("dawdle", 30));
    CALLS.store(0, Ordering::Relaxed);
    let mut timers = [const { None }; TIMERS];
    let stormed = storm(dawdle, &mut timers);
    // A timer that runs goes on without a handle, also where another one could not be had.
    timers.iter().flatten().for_each(Timer::stop);
    stormed
}

fn storm(dawdle: u64, timers: &mut [Option<Timer>; TIMERS]) -> Result<(), Error> {
    for timer in timers.iter_mut() {
        let named = Timer::named("storm")?;
        named.init(Config::periodic().period(50).callback(move |_| {
            count();
            thread::sleep(Span::from_millis(dawdle))
        }))?;
        *timer = Some(named);
    }
    let start = Instant::now();
    timers.iter().flatten().for_each(|timer| timer.start_from(start));
    thread::sleep(Span::from_millis(1_020))?;
    timers.iter().flatten().for_each(Timer::stop);
    thread::sleep(Span::from_millis(dawdle * 2))?;
    let Counts { fired, delivered, coalesced, dropped, late, .. } = sum(timers);
    println!("storm: {fired} ticks of {TIMERS} timers came due");
    println!("storm: {delivered} delivered, {coalesced} coalesced, {dropped} dropped, {late} late");
    let silently = i64::from(fired) - i64::from(delivered + coalesced + dropped + late);
    println!("storm: {silently} lost silently");
    let by_timers = CALLS.load(Ordering::Relaxed);
    println!("storm: {by_timers} calls counted by the callbacks themselves");
    callback::schedule(schedule_too_many, 0)?;
    thread::sleep(Span::from_millis(10))?;
    println!("storm: {} of them ran", CALLS.load(Ordering::Relaxed) - by_timers);
    Ok(())
}
