//! Priority inversion: a low thread has what a high one waits for, while one in the middle computes.
//! With `inherit=on` the low one runs at the high one's priority until it gives it back; with
//! `inherit=off` the high one waits for the middle one too. `kind` says what it is: a mutex, a
//! reader-writer lock that low reads (`reader`) or writes (`writer`), or a value that low makes (`once`).

use core::hint::black_box;
use ramscope_kernel::mem::Arc;
use ramscope_kernel::sync::{Inheritance, OnDeadlock, Once, RwLock};
use ramscope_kernel::{Arguments, Error, Instant, Mutex, Span, println, thread};

/// What the low thread computes while it owns the mutex.
const SHORT: Span = Span::from_millis(5);
/// What the middle one computes.
const LONG: Span = Span::from_millis(200);
/// A high thread that waits longer was held up by the middle one.
const WAIT_MAX: Span = Span::from_millis(50);

fn compute(span: Span) {
    let start = Instant::now();
    while Instant::now() - start < span {
        black_box(start);
    }
}

fn builder(name: &'static str, priority: u8) -> thread::Builder {
    thread::Builder::new(name).stack_bytes(2048).priority(priority)
}

/// What low has and high waits for.
#[derive(Clone, Copy)]
enum Kind {
    Mutex,
    /// Low reads, high wants to write.
    Reader,
    /// Low writes, high wants to read.
    Writer,
    /// Low makes the value that high needs.
    Once,
}

/// One of each, of which a run uses one.
struct Bus {
    mutex: Mutex<()>,
    lock: RwLock<()>,
    once: Once<()>,
}

impl Bus {
    fn new(inheritance: Inheritance) -> Self {
        Self {
            mutex: Mutex::with("bus", (), inheritance, OnDeadlock::Fail),
            lock: RwLock::with("bus", (), inheritance),
            once: Once::with("bus", inheritance),
        }
    }

    fn low(&self, kind: Kind) -> Result<(), Error> {
        match kind {
            Kind::Mutex => self.mutex.lock().map(|_bus| compute(SHORT)),
            Kind::Reader => self.lock.read().map(|_bus| compute(SHORT)),
            Kind::Writer => self.lock.write().map(|_bus| compute(SHORT)),
            Kind::Once => self
                .once
                .get_or_init(|| {
                    compute(SHORT);
                    Ok(())
                })
                .copied(),
        }
    }

    fn high(&self, kind: Kind) -> Result<(), Error> {
        match kind {
            Kind::Mutex => self.mutex.lock().map(drop),
            Kind::Reader => self.lock.write().map(drop),
            Kind::Writer => self.lock.read().map(drop),
            Kind::Once => self.once.get_or_init(|| Ok(())).copied(),
        }
    }
}

pub(crate) fn run(arguments: Arguments<'_>) -> Result<(), Error> {
    let inheritance = match arguments.text("inherit") {
        Some("off") => Inheritance::Off,
        _ => Inheritance::On,
    };
    let kind = match arguments.text("kind") {
        Some("reader") => Kind::Reader,
        Some("writer") => Kind::Writer,
        Some("once") => Kind::Once,
        _ => Kind::Mutex,
    };
    let bus = Arc::new(Bus::new(inheritance))?;
    let (for_low, for_high) = (bus.clone(), bus);
    let low = builder("low", 2).spawn(move || for_low.low(kind))?;
    // Low has the bus while main sleeps, and still has it then.
    thread::sleep(Span::from_millis(1))?;
    let high = builder("high", 7).spawn(move || {
        let start = Instant::now();
        for_high.high(kind)?;
        let waited = Instant::now() - start;
        let verdict = if waited <= WAIT_MAX { "in time" } else { "too late" };
        println!("inversion: high waited {} ms, {verdict}", waited.as_millis());
        Ok::<(), Error>(())
    })?;
    thread::sleep(Span::from_millis(1))?;
    let middle = builder("middle", 5).spawn(|| compute(LONG))?;
    for thread in [low, high, middle] {
        thread.join()?;
    }
    Ok(())
}
