//! Round robin: two threads of one priority that never call anything that blocks. Each takes the
//! processor for a time slice; nobody starves.

use core::sync::atomic::{AtomicU32, Ordering};
use ramscope_kernel::mem::Arc;
use ramscope_kernel::{Arguments, Error, Instant, Span, println, thread};

/// Slices of 10 ms make twenty turns; other threads may take a little of the time.
const TURNS_MIN: u32 = 18;

/// Who ran last, and how often that changed.
struct Turns {
    last: AtomicU32,
    changes: AtomicU32,
}

fn busy(turns: &Turns, end: Instant) {
    let me = thread::current_id();
    while Instant::now() < end {
        if turns.last.load(Ordering::Relaxed) != me {
            turns.last.store(me, Ordering::Relaxed);
            turns.changes.store(turns.changes.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
        }
    }
}

pub(crate) fn run(_: Arguments<'_>) -> Result<(), Error> {
    let turns = Arc::new(Turns { last: AtomicU32::new(0), changes: AtomicU32::new(0) })?;
    let (one, other) = (turns.clone(), turns.clone());
    let end = Instant::now() + Span::from_millis(200);
    let a = thread::Builder::new("busy-a").stack_bytes(1024).spawn(move || busy(&one, end))?;
    let b = thread::Builder::new("busy-b").stack_bytes(1024).spawn(move || busy(&other, end))?;
    a.join()?;
    b.join()?;
    let enough = turns.changes.load(Ordering::Relaxed) >= TURNS_MIN;
    println!("slices: at least {TURNS_MIN} turns in 200 ms: {enough}");
    Ok(())
}
