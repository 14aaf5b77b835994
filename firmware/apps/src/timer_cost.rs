//! What timers cost: the measurement of row L9, in instructions of the built-in machine, where one is
//! a cycle of 160 MHz. Elsewhere the figures are those of a clock of 62.5 ns times ten.

use core::hint::black_box;
use ramscope_kernel::timer::{Config, Timer};
use ramscope_kernel::{Arguments, Error, Instant, Span, println, thread};

const TIMERS: usize = 16;
const ROUNDS: u64 = 64;
/// Instructions in a tick of the clock.
const PER_TICK: u64 = 10;

/// Computes, for about a second of the built-in machine: rounds of samples fall into it, so many
/// that one more does not matter.
fn spin() -> u64 {
    let start = Instant::now();
    for turn in 0..16_000_000_u32 {
        black_box(turn);
    }
    (Instant::now() - start).ticks()
}

/// What a tick costs whoever is interrupted, in instructions.
fn per_tick(timer: &Timer, alone: u64) -> u64 {
    let before = timer.counts().fired;
    let took = spin();
    let fired = u64::from(timer.counts().fired - before).max(1);
    took.saturating_sub(alone) * PER_TICK / fired
}

/// Starts and stops timers, one after the other; hundredths of an instruction for each of both.
fn start_and_stop() -> Result<[u64; 2], Error> {
    let mut timers = [const { None }; TIMERS];
    for timer in &mut timers {
        let named = Timer::named("measured")?;
        named.init(Config::periodic().period(100_000).callback(|_| ()))?;
        named.stop();
        *timer = Some(named);
    }
    let mut ticks = [0, 0];
    for _ in 0..ROUNDS {
        let begin = Instant::now();
        timers.iter().flatten().for_each(Timer::start);
        let middle = Instant::now();
        // The last one first: it leaves the end of the heap of deadlines.
        timers.iter().rev().flatten().for_each(Timer::stop);
        let end = Instant::now();
        ticks[0] += (middle - begin).ticks();
        ticks[1] += (end - middle).ticks();
    }
    Ok(ticks.map(|ticks| ticks * PER_TICK * 100 / (ROUNDS * TIMERS as u64)))
}

pub(crate) fn run(_: Arguments<'_>) -> Result<(), Error> {
    let [start, stop] = start_and_stop()?;
    println!("timer-cost: start {}.{:02}", start / 100, start % 100);
    println!("timer-cost: stop {}.{:02}", stop / 100, stop % 100);
    let timer = Timer::named("measured")?;
    timer.deinit();
    thread::sleep(Span::from_millis(1))?;
    let alone = spin();
    timer.init(Config::periodic().freq(1_000))?;
    println!("timer-cost: a tick without a callback {}", per_tick(&timer, alone));
    timer.init(Config::periodic().freq(1_000).callback(|_| ()))?;
    println!("timer-cost: a tick with its callback {}", per_tick(&timer, alone));
    println!("timer-cost: the callback began {} ns late at worst", timer.counts().worst_ns);
    timer.init(Config::periodic().freq(1_000).callback(|_| ()))?;
    thread::sleep(Span::from_millis(100))?;
    println!("timer-cost: from idle {} ns", timer.counts().last_ns);
    timer.deinit();
    Ok(())
}
