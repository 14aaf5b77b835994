//! What a handler may do, and what it is told when it tries more. Nothing of it may end the thread
//! that was interrupted, or the device.

use core::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use ramscope_kernel::{Arguments, Error, Lock, Span, handler, println, thread};

static LOCK: Lock = Lock::named("handler");
static REFUSED: AtomicU32 = AtomicU32::new(0);
static TAKEN: AtomicBool = AtomicBool::new(false);

fn in_handler() {
    println!("this line is lost, and counted");
    let refusals = [
        thread::sleep(Span::from_millis(1)),
        thread::sleep(Span::ZERO),
        LOCK.acquire(),
        thread::spawn("never", || ()).map(drop),
    ];
    thread::yield_now();
    let refused = refusals.iter().filter(|result| **result == Err(Error::InHandler)).count();
    REFUSED.store(refused as u32, Ordering::Relaxed);
    // Taking and giving a lock without waiting is allowed.
    let taken = LOCK.try_acquire() == Ok(true) && LOCK.release() == Ok(());
    TAKEN.store(taken, Ordering::Relaxed);
}

pub(crate) fn run(_: Arguments<'_>) -> Result<(), Error> {
    if !handler::raise(in_handler) {
        println!("in-handler: another handler waits already");
    }
    thread::sleep(Span::from_millis(20))?;
    println!("in-handler: {} of 4 calls refused", REFUSED.load(Ordering::Relaxed));
    println!("in-handler: lock taken and given: {}", TAKEN.load(Ordering::Relaxed));
    Ok(())
}
