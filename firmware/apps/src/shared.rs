//! A shared variable under a lock (seed 002, "Synchronization"): a thread adds five times, main
//! three times; the lock keeps each "add and print" together, so the numbers come in order.

use core::cell::Cell;
use ramscope_kernel::{Arguments, Error, Lock, Span, mem::Arc, println, thread};

/// A number that only whoever holds its lock touches.
struct SharedVariable {
    lock: Lock,
    value: Number,
}

struct Number(Cell<u32>);

// The cell is touched with the lock held only; `add` below is the one place that does.
#[expect(unsafe_code, reason = "the lock makes the cell safe to share")]
// SAFETY: as above.
unsafe impl Sync for Number {}

impl SharedVariable {
    fn add(&self, who: &str) -> Result<(), Error> {
        let _held = self.lock.hold()?;
        self.value.0.set(self.value.0.get() + 1);
        println!("{who}: Shared variable is {}", self.value.0.get());
        Ok(())
    }
}

fn increment_variable(shared: &SharedVariable) -> Result<(), Error> {
    for _ in 0..5 {
        shared.add("Thread")?;
        thread::sleep(Span::from_seconds(1))?;
    }
    Ok(())
}

pub(crate) fn run(_: Arguments<'_>) -> Result<(), Error> {
    let lock = Lock::named("shared");
    let shared = Arc::new(SharedVariable { lock, value: Number(Cell::new(0)) })?;
    let theirs = shared.clone();
    let adder = thread::Builder::new("adder")
        .stack_bytes(2048)
        .spawn(move || increment_variable(&theirs))?;
    for _ in 0..3 {
        shared.add("Main thread")?;
        thread::sleep(Span::from_seconds(1))?;
    }
    adder.join()?;
    println!("shared: final value {}", shared.value.0.get());
    Ok(())
}
