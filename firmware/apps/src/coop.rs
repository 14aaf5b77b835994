//! One thread computes without a pause while another one sleeps, an equal one: time slices see to it
//! that no sleep gets longer by more than a few of them. Then they change roles.

use core::hint::black_box;
use core::sync::atomic::{AtomicBool, Ordering};
use ramscope_kernel::mem::Arc;
use ramscope_kernel::{Arguments, Error, Instant, Span, println, thread};

const SLEEP: Span = Span::from_millis(250);
const LATE_MAX_MILLIS: u64 = 30;
const SLEEPS: u32 = 4;

fn compute(until: &AtomicBool) {
    let mut turn = 0_u32;
    while !until.load(Ordering::Relaxed) {
        turn = black_box(turn).wrapping_add(1);
    }
}

/// Sleeps a few times; answers by how many milliseconds the longest was too long.
fn sleep(done: &AtomicBool) -> Result<u64, Error> {
    let mut latest = 0;
    for _ in 0..SLEEPS {
        let start = Instant::now();
        thread::sleep(SLEEP)?;
        latest = latest.max((Instant::now() - start).as_millis() - SLEEP.as_millis());
    }
    done.store(true, Ordering::Relaxed);
    Ok(latest)
}

fn judge(who: &str, late_millis: u64) {
    let verdict = if late_millis <= LATE_MAX_MILLIS { "in time" } else { "too late" };
    println!("coop: {who} woke {late_millis} ms late at most, {verdict}");
}

pub(crate) fn run(_: Arguments<'_>) -> Result<(), Error> {
    let builder = |name| thread::Builder::new(name).stack_bytes(1536);
    let done = Arc::new(AtomicBool::new(false))?;
    let theirs = done.clone();
    let busy = builder("busy").spawn(move || compute(&theirs))?;
    judge("main", sleep(&done)?);
    busy.join()?;
    done.store(false, Ordering::Relaxed);
    let theirs = done.clone();
    let sleeper = builder("sleeper").spawn(move || {
        judge("the thread", sleep(&theirs)?);
        Ok::<(), Error>(())
    })?;
    compute(&done);
    sleeper.join().map(drop)
}
