//! What timers cost: the measurement of row L9, in instructions of the built-in machine, where one is
//! a cycle of 160 MHz. Elsewhere the figures are those of a clock of 62.5 ns times ten.

use core::hint::black_box;
use ramscope_kernel::timer::{Config, Timer};
use ramscope_kernel::{Arguments, Error, Instant, Span, println, thread};

const OPERATIONS: u64 = 1_000;
/// Instructions in a tick of the clock.
const PER_TICK: u64 = 10;

/// Instructions of `work`, done so often, in hundredths of one.
fn hundredths(mut work: impl FnMut()) -> u64 {
    let start = Instant::now();
    for _ in 0..OPERATIONS {
        work();
    }
    (Instant::now() - start).ticks() * PER_TICK * 100 / OPERATIONS
}

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

pub(crate) fn run(_: Arguments<'_>) -> Result<(), Error> {
    let timer = Timer::named("measured")?;
    timer.init(Config::periodic().period(1_000).callback(|_| ()))?;
    timer.stop();
    let empty = hundredths(|| black_box(()));
    let stop = hundredths(|| timer.stop()).saturating_sub(empty);
    let again = hundredths(|| timer.start()).saturating_sub(empty);
    let both = hundredths(|| {
        timer.start();
        timer.stop();
    })
    .saturating_sub(empty);
    println!("timer-cost: start and stop {}.{:02}", both / 100, both % 100);
    println!("timer-cost: start of one that runs {}.{:02}", again / 100, again % 100);
    println!("timer-cost: stop of one that stands {}.{:02}", stop / 100, stop % 100);
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
