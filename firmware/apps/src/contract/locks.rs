//! Locks: rows X01 to X04.

use super::same;
use core::sync::atomic::{AtomicU32, Ordering::Relaxed};
use ramscope_kernel::mem::{self, Arc};
use ramscope_kernel::thread::Builder;
use ramscope_kernel::{Blocking, Error, Instant, Lock, NO_TIMEOUT, Span};

pub(super) fn x01() -> Result<(), Error> {
    let lock = Lock::named("taken");
    lock.acquire()?;
    let before = mem::used_bytes();
    let start = Instant::now();
    same("a timed acquire", lock.acquire_for(Span::from_millis(20)), Err(Error::TimedOut))?;
    same("milliseconds that it took", (Instant::now() - start).as_millis(), 20)?;
    for _ in 0..1000 {
        same("a timed acquire", lock.acquire_for(Span::from_micros(50)), Err(Error::TimedOut))?;
    }
    same("bytes in use", mem::used_bytes(), before)?;
    lock.release()
}

pub(super) fn x02() -> Result<(), Error> {
    let lock = Lock::named("asked");
    let invalid = Err(Error::Invalid);
    same("not blocking for a second", lock.acquire_with(Blocking::No, 1.0), invalid)?;
    same("minus two seconds", lock.acquire_with(Blocking::Yes, -2.0), invalid)?;
    same("for ever", lock.acquire_with(Blocking::Yes, NO_TIMEOUT), Ok(true))?;
    same("not blocking", lock.acquire_with(Blocking::No, NO_TIMEOUT), Ok(false))?;
    lock.release()
}

/// Three wait for a lock, the most urgent one in the middle.
pub(super) fn x03() -> Result<(), Error> {
    let lock = Arc::new(Lock::named("wanted"))?;
    let order = Arc::new(AtomicU32::new(0))?;
    lock.acquire()?;
    let waiters = [("nine", 9), ("fourteen", 14), ("ten", 10)].map(|(name, priority)| {
        let (lock, order) = (lock.clone(), order.clone());
        Builder::new(name).stack_bytes(1024).priority(priority).spawn(move || {
            lock.acquire()?;
            order.store(100 * order.load(Relaxed) + u32::from(priority), Relaxed);
            lock.release()
        })
    });
    lock.release()?;
    for waiter in waiters {
        waiter?.join()?;
    }
    same("the order", order.load(Relaxed), 91_410)
}

/// Waits for itself, for ever.
pub(super) fn x04() -> Result<(), Error> {
    let lock = Lock::named("own");
    lock.acquire()?;
    lock.acquire()
}
