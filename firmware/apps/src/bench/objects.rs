//! Rows L1 to L8: what threads wait for, with nobody waiting and with somebody.

use super::{EQUAL, HIGHER, Partners, Row, measure};
use ramscope_kernel::sync::{Clearing, Flags, Queue, RecursiveMutex, Semaphore, Wanted};
use ramscope_kernel::{Error, Lock, Mutex, thread};

/// A message of 16 bytes.
type Message = [u32; 4];
const MESSAGE: Message = [1, 2, 3, 4];

/// Looks at the last word, as the peers' suites do.
fn is_whole(message: Message) -> bool {
    message[3] == MESSAGE[3]
}

static PERMIT: Semaphore = Semaphore::named("permit", 1, 1);
static PING: Semaphore = Semaphore::named("ping", 0, 1);
static PONG: Semaphore = Semaphore::named("pong", 0, 1);
static MUTEX: Mutex<u32> = Mutex::named("mutex", 0);
static NESTED: RecursiveMutex<()> = RecursiveMutex::named("nested", ());
static LOCK: Lock = Lock::named("lock");
static THERE: Queue<Message, 10> = Queue::named("there");
static BACK: Queue<Message, 10> = Queue::named("back");
static ONE: Queue<u32, 1> = Queue::named("one");
static FLAGS: Flags = Flags::named("flags");

pub(super) fn all() -> Result<(), Error> {
    let alone = &Partners::NONE;
    let take_and_give = || PERMIT.acquire().is_ok() && PERMIT.release().is_ok();
    measure(Row::of(b"L1  "), 1, alone, take_and_give)?;
    measure(Row::of(b"L2.1"), 1, alone, || MUTEX.lock().map(drop).is_ok())?;
    let lock_and_release = || LOCK.acquire().is_ok() && LOCK.release().is_ok();
    measure(Row::of(b"L2.2"), 1, alone, lock_and_release)?;
    measure(Row::of(b"L2.4"), 1, alone, || NESTED.lock().map(drop).is_ok())?;
    let outer = NESTED.lock()?;
    measure(Row::of(b"L2.3"), 1, alone, || NESTED.lock().map(drop).is_ok())?;
    drop(outer);
    semaphores()?;
    contended()?;
    queues()?;
    flags()
}

fn semaphores() -> Result<(), Error> {
    let waiter = Partners::start(1, HIGHER, || PING.acquire().is_ok())?;
    measure(Row::of(b"L3  "), 1, &waiter, || PING.release().is_ok())?;
    waiter.join()?;
    let other = Partners::start(1, EQUAL, || PING.acquire().is_ok() && PONG.release().is_ok())?;
    let there_and_back = || PING.release().is_ok() && PONG.acquire().is_ok();
    measure(Row::of(b"L4  "), 2, &other, there_and_back)?;
    other.join()
}

/// A cycle is one pass of one of the two threads: each finds the mutex taken.
fn contended() -> Result<(), Error> {
    let cycle = || {
        let Ok(guard) = MUTEX.lock() else { return false };
        thread::yield_now();
        drop(guard);
        thread::yield_now();
        true
    };
    let other = Partners::start(1, EQUAL, cycle)?;
    measure(Row::of(b"L5  "), 2, &other, cycle)?;
    other.join()
}

fn queues() -> Result<(), Error> {
    let send = || THERE.send(MESSAGE).is_ok();
    let receive = || THERE.receive().is_ok_and(is_whole);
    measure(Row::of(b"L6.1"), 1, &Partners::NONE, || send() && receive())?;
    let receiver = Partners::start(1, HIGHER, receive)?;
    measure(Row::of(b"L6.2"), 1, &receiver, send)?;
    receiver.join()?;
    let other = Partners::start(1, EQUAL, move || receive() && BACK.send(MESSAGE).is_ok())?;
    measure(Row::of(b"L6.3"), 2, &other, || send() && BACK.receive().is_ok_and(is_whole))?;
    other.join()?;
    let receiver = Partners::start(1, EQUAL, || ONE.receive() == Ok(7))?;
    measure(Row::of(b"L7  "), 1, &receiver, || ONE.send(7).is_ok())?;
    receiver.join()
}

fn flags() -> Result<(), Error> {
    let wait = || FLAGS.wait(Wanted::Any(1), Clearing::Clear) == Ok(1);
    let waiter = Partners::start(1, HIGHER, wait)?;
    measure(Row::of(b"L8  "), 1, &waiter, || {
        FLAGS.set(1);
        true
    })?;
    waiter.join()
}
