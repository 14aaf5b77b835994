//! How much stack each kernel call takes below its caller: the measurement behind
//! `KERNEL_STACK_MAX`. Each call is made in a thread of its own, on a freshly painted stack; the
//! figure is its peak less the depth at which the call was made.

use core::sync::atomic::{AtomicU32, Ordering};
use ramscope_kernel::collect::{COLLECT_HEADROOM, collect};
use ramscope_kernel::mem::{Arc, Box};
use ramscope_kernel::sync::{Clearing, Flags, Queue, Wanted};
use ramscope_kernel::timer::{Config, Timer};
use ramscope_kernel::{
    Arguments, Error, KERNEL_STACK_MAX, Lock, Mutex, Shared, Span, callback, println, thread,
};

/// What an interrupt may put on top of any call: one saved context.
const INTERRUPT_FRAME_BYTES: usize = 128;

const CALLS: &[(&str, fn())] = &[
    ("nothing", || {}),
    ("yield_now", thread::yield_now),
    ("sleep", sleep),
    ("lock", lock),
    ("lock, timed out", lock_timed_out),
    ("mutex", mutex),
    ("mutex, a circle", mutex_twice),
    ("queue", queue),
    ("queue, timed out", queue_timed_out),
    ("flags", flags),
    ("shared cell", cell),
    ("box", || drop(Box::new(0_u64))),
    ("arc", || drop(Arc::new(0_u64))),
    ("timer", timer),
    ("schedule", schedule),
    ("spawn and join", spawn_and_join),
    ("println", || println!("headroom: a line with {} and {:>8}", 1, "text")),
];

// What the calls answer does not matter here: only how deep they go.

fn sleep() {
    let _ = thread::sleep(Span::from_millis(1));
}

/// What belongs to the caller is no part of the figure.
static LOCK: Lock = Lock::named("headroom");
static MUTEX: Mutex<u32> = Mutex::named("headroom", 0);
static QUEUE: Queue<u32, 1> = Queue::named("headroom");
static FLAGS: Flags = Flags::named("headroom");
static CELL: Shared<u32> = Shared::of("headroom", 0);

fn lock() {
    let _ = LOCK.acquire();
    let _ = LOCK.release();
}

fn lock_timed_out() {
    let _ = LOCK.acquire();
    let _ = LOCK.acquire_for(Span::from_millis(1));
    let _ = LOCK.release();
}

fn mutex() {
    let _ = MUTEX.lock().map(drop);
}

/// A circle is found and copied.
fn mutex_twice() {
    let guard = MUTEX.lock();
    let _ = MUTEX.lock().map(drop);
    drop(guard);
}

fn queue() {
    let _ = QUEUE.try_send(1);
    let _ = QUEUE.receive();
}

fn queue_timed_out() {
    let _ = QUEUE.receive_for(Span::from_millis(1));
}

fn flags() {
    FLAGS.set(1);
    let _ = FLAGS.wait_for(Wanted::All(2), Clearing::Keep, Span::from_millis(1));
}

fn cell() {
    CELL.set(CELL.get() + 1);
}

fn timer() {
    let Ok(timer) = Timer::named("headroom") else { return };
    let _ = timer.init(Config::periodic().period(1).callback(|_| ()));
    let _ = thread::sleep(Span::from_millis(2));
    timer.start();
    timer.deinit();
}

fn schedule() {
    let _ = callback::schedule(|_| (), 0);
}

/// With memory in quarantine, into which its own frames point, and a unit that nobody can wake.
fn collection() {
    let torn_down = thread::Builder::new("torn down").stack_bytes(2048);
    let kept = torn_down.spawn(|| -> Result<(), Error> {
        let _ = Box::new([0_u8; 64]).map(core::mem::forget);
        panic!("on purpose")
    });
    let _ = kept.map(thread::JoinHandle::join);
    let _ = collect();
}

fn spawn_and_join() {
    let spawned = thread::Builder::new("child").stack_bytes(1024).spawn(|| ());
    let _ = spawned.map(thread::JoinHandle::join);
}

/// The stack that `call` takes, in a thread that does nothing else.
fn measure(call: fn()) -> Result<usize, Error> {
    let bytes = Arc::new(AtomicU32::new(0))?;
    let theirs = bytes.clone();
    let body = move || {
        let before = thread::stack_used_bytes();
        call();
        // What the body's own frame has room for, and did not write, is no part of it.
        let took = thread::stack_peak_bytes().saturating_sub(before);
        theirs.store(took as u32, Ordering::Relaxed);
    };
    thread::Builder::new("caller").stack_bytes(3072).spawn(body)?.join()?;
    Ok(bytes.load(Ordering::Relaxed) as usize)
}

pub(crate) fn run(_: Arguments<'_>) -> Result<(), Error> {
    // The unit of the callbacks is made once, and only where the caller's stack has room for it.
    callback::schedule(|_| (), 0)?;
    let mut most = 0;
    for (name, call) in CALLS {
        let bytes = measure(*call)?;
        println!("headroom: {name} takes {bytes} B");
        most = most.max(bytes);
    }
    let with_interrupt = most + INTERRUPT_FRAME_BYTES;
    let verdict = if with_interrupt <= KERNEL_STACK_MAX { "fits" } else { "does not fit" };
    // A collection checks for itself whether there is room, and for more than other calls.
    let collection = measure(collection)? + INTERRUPT_FRAME_BYTES;
    let verdict_of_collection =
        if collection <= COLLECT_HEADROOM { "fits" } else { "does not fit" };
    println!(
        "headroom: a collection takes {collection} B with an interrupt, {verdict_of_collection} \
         {COLLECT_HEADROOM} B"
    );
    println!("headroom: {with_interrupt} B with an interrupt, {verdict} {KERNEL_STACK_MAX} B");
    Ok(())
}
