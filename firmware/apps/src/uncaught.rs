//! An exception that nobody catches (seed 002): the thread panics while it holds a lock. It ends
//! alone; main learns how, finds the lock poisoned, repairs it and goes on.

use ramscope_kernel::{Arguments, Error, Lock, Span, mem::Arc, println, thread};

/// Trusts its caller with the index.
fn reading(readings: &[u32], i: usize) -> u32 {
    readings[i]
}

fn thread_function(lock: &Lock, readings: &[u32]) -> Result<(), Error> {
    let _held = lock.hold()?;
    for i in 0..5 {
        println!("Thread is running: {}", reading(readings, i));
        thread::sleep(Span::from_millis(100))?;
    }
    Ok(())
}

pub(crate) fn run(_: Arguments<'_>) -> Result<(), Error> {
    let lock = Arc::new(Lock::named("sensor"))?;
    let theirs = lock.clone();
    let worker = thread::Builder::new("worker")
        .stack_bytes(2048)
        .spawn(move || thread_function(&theirs, &[10, 11, 12]))?;
    let end = worker.join()?;
    println!("worker: {end:?}");
    match lock.acquire() {
        Err(Error::Poisoned) => {
            lock.clear_poison();
            lock.acquire()?;
            println!("the lock was poisoned, main has repaired it");
        }
        other => other?,
    }
    lock.release()?;
    for i in 0..3 {
        println!("Main thread is running: {i}");
        thread::sleep(Span::from_millis(100))?;
    }
    Ok(())
}
