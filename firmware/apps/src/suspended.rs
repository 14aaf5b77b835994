//! Threads that are suspended from outside: they keep their place, their locks and their waits.
//!
//! `how=worker` suspends a thread that counts, lists it (`threads`), and resumes it; `how=holder` suspends one
//! that has a mutex for which main waits, and a timer resumes it; with `how=stuck` nobody is left who could.

use core::sync::atomic::{AtomicU32, Ordering};
use ramscope_kernel::mem::Arc;
use ramscope_kernel::thread::{self, ThreadRef};
use ramscope_kernel::timer::{Config, Timer};
use ramscope_kernel::{Arguments, Error, Mutex, Span, println};

static COUNT: AtomicU32 = AtomicU32::new(0);

fn ms(count: u64) -> Span {
    Span::from_millis(count)
}

/// Counts until it is asked to end.
fn count() -> Result<(), Error> {
    loop {
        COUNT.store(COUNT.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
        thread::sleep(ms(1))?;
    }
}

fn worker() -> Result<(), Error> {
    COUNT.store(0, Ordering::Relaxed);
    let worker = thread::Builder::new("worker").stack_bytes(2048).spawn(count)?;
    thread::sleep(ms(5))?;
    println!("suspended: {:?} {:?}", worker.thread_ref().suspend(), worker.thread_ref().suspend());
    let before = COUNT.load(Ordering::Relaxed);
    thread::sleep(ms(300))?;
    println!("suspended: it counted {} in 300 ms", COUNT.load(Ordering::Relaxed) - before);
    println!("resumed: {:?} {:?}", worker.thread_ref().resume(), worker.thread_ref().resume());
    thread::sleep(ms(5))?;
    println!("resumed: it counts on: {}", COUNT.load(Ordering::Relaxed) > before);
    worker.request_exit();
    println!("resumed: it ended: {:?}", worker.join()?);
    Ok(())
}

/// A thread that has the mutex and is suspended.
fn holder(mutex: &Arc<Mutex<u32>>) -> Result<thread::JoinHandle, Error> {
    let theirs = mutex.clone();
    let holder = thread::Builder::new("holder").stack_bytes(2048).spawn(move || {
        *theirs.lock()? += 1;
        let _total = theirs.lock()?;
        thread::sleep(ms(2))
    })?;
    thread::sleep(ms(1))?;
    holder.thread_ref().suspend()?;
    Ok(holder)
}

fn resumed_by_a_timer() -> Result<(), Error> {
    let mutex = Arc::new(Mutex::named("total", 0))?;
    let holder = holder(&mutex)?;
    let waited = wait_for_the_timer(&mutex, holder.thread_ref());
    if waited.is_err() {
        // No timer does it.
        holder.thread_ref().resume()?;
    }
    waited.and(holder.join().map(drop))
}

fn wait_for_the_timer(mutex: &Mutex<u32>, target: ThreadRef) -> Result<(), Error> {
    let timer = Timer::named("resumes")?;
    timer.init(
        Config::one_shot().period(100).callback(move |_: &Timer| target.resume().map(drop)),
    )?;
    println!("main got {:?}", mutex.lock_for(ms(20)).map(drop));
    println!("main got {:?}", mutex.lock().map(drop));
    Ok(())
}

fn stuck() -> Result<(), Error> {
    let mutex = Arc::new(Mutex::named("total", 0))?;
    let holder = holder(&mutex)?;
    mutex.lock().map(drop)?;
    holder.join().map(drop)
}

pub(crate) fn run(arguments: Arguments<'_>) -> Result<(), Error> {
    match arguments.text("how") {
        Some("holder") => resumed_by_a_timer(),
        Some("stuck") => stuck(),
        _ => worker(),
    }
}
