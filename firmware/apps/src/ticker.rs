//! Three timers of different frequencies that keep time with each other, for watching: none of them
//! drifts, also not the one whose period is no whole number of ticks.

use ramscope_kernel::timer::{Config, Timer};
use ramscope_kernel::{Arguments, Error, Instant, Span, println, thread};

const HERTZ: [u32; 3] = [3, 10, 100];
const NAMES: [&str; 3] = ["slow", "medium", "fast"];

pub(crate) fn run(arguments: Arguments<'_>) -> Result<(), Error> {
    let mut timers = [const { None }; HERTZ.len()];
    let kept = keep_time(arguments.number("seconds", 5), &mut timers);
    // A timer that runs goes on without a handle, also where another one could not be had.
    timers.iter().flatten().for_each(Timer::deinit);
    kept?;
    let lost: u32 =
        timers.iter().flatten().map(|timer| timer.counts()).map(|c| c.fired - c.delivered).sum();
    println!("ticker: {lost} lost");
    Ok(())
}

fn keep_time(seconds: u32, timers: &mut [Option<Timer>; HERTZ.len()]) -> Result<(), Error> {
    let start = Instant::now();
    for (timer, (name, hertz)) in timers.iter_mut().zip(NAMES.iter().zip(HERTZ)) {
        let named = Timer::named(name)?;
        named.init(Config::periodic().freq(hertz).callback(|_| ()))?;
        named.start_from(start);
        *timer = Some(named);
    }
    for second in 1..=seconds {
        // Between two ticks of all of them.
        thread::sleep_until(start + Span::from_millis(u64::from(second) * 1_000 + 5))?;
        let [slow, medium, fast] = timers
            .each_ref()
            .map(|timer| timer.as_ref().map_or(0, |timer| timer.counts().delivered));
        println!("ticker: after {second} s {slow}, {medium} and {fast} ticks");
    }
    Ok(())
}
