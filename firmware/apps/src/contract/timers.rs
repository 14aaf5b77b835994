//! Timers: rows C01 to C06 and X11 to X14.

use super::same;
use core::sync::atomic::{AtomicU32, Ordering::Relaxed};
use ramscope_kernel::mem::{Arc, Box};
use ramscope_kernel::timer::{Config, Counts, Timer};
use ramscope_kernel::{Error, Instant, Span, thread};

/// An id that makes a virtual timer.
const VIRTUAL: i32 = -1;

/// One more call. Callbacks run one at a time, in one unit, so nobody comes between the two.
fn count(calls: &AtomicU32) {
    calls.store(calls.load(Relaxed) + 1, Relaxed);
}

fn comes_and_goes(id: i32) -> Result<(), Error> {
    let timer = Timer::new(id)?;
    timer.deinit();
    timer.init(Config::periodic().freq(1))?;
    timer.deinit();
    timer.deinit();
    for _ in 0..256 {
        timer.init(Config::periodic().freq(1))?;
    }
    same("armed after 256 x init", timer.is_armed(), true)?;
    timer.deinit();
    same("armed after deinit", timer.is_armed(), false)
}

fn are_two(one: i32, other: i32) -> Result<(), Error> {
    for first_goes_first in [true, false] {
        let (first, second) = (Timer::new(one)?, Timer::new(other)?);
        same("two timers are one", first == second, false)?;
        first.init(Config::periodic().freq(1))?;
        second.init(Config::periodic().freq(1))?;
        let gone = if first_goes_first { &first } else { &second };
        gone.deinit();
        let armed = (first.is_armed(), second.is_armed());
        same("who is armed", armed, (!first_goes_first, first_goes_first))?;
        first.deinit();
        second.deinit();
    }
    Ok(())
}

pub(super) fn c01() -> Result<(), Error> {
    comes_and_goes(VIRTUAL)?;
    are_two(VIRTUAL, VIRTUAL)
}

pub(super) fn c02() -> Result<(), Error> {
    comes_and_goes(0)
}

pub(super) fn c03() -> Result<(), Error> {
    are_two(0, 1)
}

/// The callbacks after sleeps of 0, 10, 20, 40 and 20 ms.
fn calls_of(id: i32, config: Config) -> Result<[u32; 5], Error> {
    let calls = Arc::new(AtomicU32::new(0))?;
    let theirs = calls.clone();
    let timer = Timer::new(id)?;
    timer.init(config.callback(move |_| -> Result<(), Error> {
        // A callback may allocate.
        let _one = Box::new(1)?;
        count(&theirs);
        Ok(())
    }))?;
    let mut seen = [0; 5];
    for (seen, millis) in seen.iter_mut().zip([0, 10, 20, 40, 20]) {
        thread::sleep(Span::from_millis(millis))?;
        *seen = calls.load(Relaxed);
    }
    timer.deinit();
    Ok(seen)
}

pub(super) fn c06() -> Result<(), Error> {
    let (twenty, forty) = ([0, 0, 1, 3, 4], [0, 0, 0, 1, 2]);
    same("once, 50 Hz", calls_of(0, Config::one_shot().freq(50))?, [0, 0, 1, 1, 1])?;
    same("once, 40 ms", calls_of(0, Config::one_shot().period(40))?, [0, 0, 0, 1, 1])?;
    same("50 Hz", calls_of(0, Config::periodic().freq(50))?, twenty)?;
    same("25 Hz", calls_of(0, Config::periodic().freq(25))?, forty)?;
    same("20 ms", calls_of(0, Config::periodic().period(20))?, twenty)?;
    same("40 ms", calls_of(0, Config::periodic().period(40))?, forty)?;
    let tenths = Config::periodic().period(200).tick_hz(10_000);
    same("200 x 0.1 ms", calls_of(0, tenths)?, twenty)
}

/// A callback that holds up all others for 50 ms.
fn holds_up() -> Result<Timer, Error> {
    let slow = Timer::named("slow")?;
    slow.init(Config::one_shot().period(1).callback(|_| thread::sleep(Span::from_millis(50))))?;
    Ok(slow)
}

/// Does something with timers and stops them, also where memory was missing for one: a timer that runs
/// goes on without a handle.
fn stopped_after(timers: &[Timer], work: impl FnOnce() -> Result<(), Error>) -> Result<(), Error> {
    let done = work();
    timers.iter().for_each(Timer::deinit);
    done
}

pub(super) fn x11() -> Result<(), Error> {
    let _slow = holds_up()?;
    let timer = Timer::named("stopped")?;
    timer.init(Config::periodic().period(10).callback(|_| ()))?;
    thread::sleep(Span::from_millis(35))?;
    timer.deinit();
    thread::sleep(Span::from_millis(100))?;
    let Counts { fired, delivered, coalesced, late, .. } = timer.counts();
    same("fired, delivered, coalesced, late", [fired, delivered, coalesced, late], [3, 0, 2, 1])
}

pub(super) fn x12() -> Result<(), Error> {
    let instants = Arc::new([AtomicU32::new(0), AtomicU32::new(0), AtomicU32::new(0)])?;
    let theirs = instants.clone();
    let timer = Timer::new(0)?;
    let set_up_twice = || {
        timer.init(Config::periodic().period(50).callback(|_| Err::<(), _>(Error::Invalid)))?;
        thread::sleep(Span::from_millis(30))?;
        timer.init(Config::periodic().period(20).callback(move |timer: &Timer| {
            let free = theirs.iter().find(|instant| instant.load(Relaxed) == 0);
            if let Some(instant) = free {
                instant.store(timer.value() as u32, Relaxed);
            }
        }))?;
        thread::sleep(Span::from_millis(45))
    };
    stopped_after(core::slice::from_ref(&timer), set_up_twice)?;
    same("fired", timer.counts().fired, 2)?;
    let [first, second, third] = &*instants;
    same("called at", [first, second, third].map(|at| at.load(Relaxed)), [20, 40, 0])
}

pub(super) fn x13() -> Result<(), Error> {
    let order = Arc::new(AtomicU32::new(0))?;
    let timers = [Timer::named("first")?, Timer::named("second")?, Timer::new(1)?, Timer::new(0)?];
    let run_together = || {
        for (timer, digit) in timers.iter().zip([3, 4, 2, 1]) {
            let order = order.clone();
            timer.init(Config::periodic().period(10).callback(move |_| {
                order.store(10 * order.load(Relaxed) + digit, Relaxed);
            }))?;
        }
        let start = Instant::now();
        timers.iter().for_each(|timer| timer.start_from(start));
        thread::sleep(Span::from_millis(15))
    };
    stopped_after(&timers, run_together)?;
    same("the order of the calls", order.load(Relaxed), 1234)
}

/// 2^32 ticks of the clock pass after 268.4 s.
pub(super) fn x14() -> Result<(), Error> {
    let calls = Arc::new(AtomicU32::new(0))?;
    let theirs = calls.clone();
    let timer = Timer::new(0)?;
    timer.init(Config::periodic().freq(3).callback(move |_| count(&theirs)))?;
    for (minutes, expected) in [(4, 720), (1, 900)] {
        thread::sleep(Span::from_seconds(minutes * 60))?;
        same("calls", calls.load(Relaxed), expected)?;
    }
    same("on time", timer.counts().worst_ns < 1_000_000, true)?;
    timer.deinit();
    Ok(())
}
