//! The demo: enough threads, locks and heap at work to be worth watching. A sampler fills a
//! buffer that grows and is given back, a worker holds the lock while it computes, a logger
//! sleeps most of the time, and short-lived threads come and go.

use core::cell::Cell;
use core::hint::black_box;
use ramscope_kernel::mem::{Arc, Box};
use ramscope_kernel::thread::JoinHandle;
use ramscope_kernel::{Arguments, Error, Instant, Lock, Span, println, thread};

struct Shared {
    lock: Lock,
    readings: Readings,
}

struct Readings(Cell<u32>);

#[expect(unsafe_code, reason = "the lock makes the cell safe to share")]
// SAFETY: touched with the lock of `Shared` held only.
unsafe impl Sync for Readings {}

const CHUNKS_MAX: usize = 16;

/// Keeps a few hundred bytes more each time, up to a bound, then gives everything back.
fn sampler(shared: &Shared) -> Result<(), Error> {
    let mut chunks: [Option<Box<[u8; 1024]>>; CHUNKS_MAX] = [const { None }; CHUNKS_MAX];
    let mut next = 0;
    loop {
        if next == CHUNKS_MAX {
            chunks = [const { None }; CHUNKS_MAX];
            next = 0;
        }
        // What it cannot get it does without.
        chunks[next] = Box::new([0; 1024]).ok();
        next += 1;
        let held = shared.lock.hold()?;
        shared.readings.0.set(shared.readings.0.get() + 1);
        drop(held);
        thread::sleep(Span::from_millis(150))?;
    }
}

/// Computes, deeper each time, with the lock held.
fn worker(shared: &Shared) -> Result<(), Error> {
    let mut depth = 1;
    loop {
        let held = shared.lock.hold()?;
        black_box(descend(depth));
        drop(held);
        depth = depth % 12 + 1;
        thread::sleep(Span::from_millis(90))?;
    }
}

#[inline(never)]
fn descend(depth: u32) -> u32 {
    let frame = black_box([depth; 24]);
    if depth == 0 { frame[0] } else { descend(depth - 1) + frame[23] }
}

fn logger(shared: &Shared) -> Result<(), Error> {
    loop {
        thread::sleep(Span::from_seconds(1))?;
        let held = shared.lock.hold()?;
        let readings = shared.readings.0.get();
        drop(held);
        println!("logger: {readings} readings");
    }
}

/// A thread that lives for a moment.
fn visitor() -> Result<(), Error> {
    let kept = Box::new([0_u8; 3000]).ok();
    thread::sleep(Span::from_millis(400))?;
    drop(kept);
    Ok(())
}

pub(crate) fn run(arguments: Arguments<'_>) -> Result<(), Error> {
    let seconds = u64::from(arguments.number("seconds", 20));
    let shared =
        Arc::new(Shared { lock: Lock::named("readings"), readings: Readings(Cell::new(0)) })?;
    let mut threads = [const { None }; 3];
    let ran = show(seconds, &shared, &mut threads);
    // Those that came before one that could not be had go too.
    for thread in threads.iter().flatten() {
        thread.request_exit();
    }
    for thread in threads.into_iter().flatten() {
        thread.join()?;
    }
    ran?;
    println!("demo: {} readings", shared.readings.0.get());
    Ok(())
}

fn show(
    seconds: u64,
    shared: &Arc<Shared>,
    threads: &mut [Option<JoinHandle>; 3],
) -> Result<(), Error> {
    let (a, b, c) = (shared.clone(), shared.clone(), shared.clone());
    let builder = |name, bytes| thread::Builder::new(name).stack_bytes(bytes);
    threads[0] = Some(builder("sampler", 2048).spawn(move || sampler(&a))?);
    threads[1] = Some(builder("worker", 3072).priority(7).spawn(move || worker(&b))?);
    threads[2] = Some(builder("logger", 2048).spawn(move || logger(&c))?);
    let end = Instant::now() + Span::from_seconds(seconds);
    while Instant::now() < end {
        let visitor = thread::Builder::new("visitor").stack_bytes(1024).spawn(visitor)?;
        visitor.join()?;
        thread::sleep(Span::from_millis(700))?;
    }
    Ok(())
}
