//! Waits that never end, and races.

use crate::check::{check, device, lines};
use crate::locks::{MILLISECOND, small};
use ramscope_kernel::mem::Arc;
use ramscope_kernel::sync::{Clearing, Flags, Queue, Semaphore, Wanted};
use ramscope_kernel::thread;
use ramscope_kernel::{Error, Lock, Mutex, Shared, Span, println};

/// Two locks in opposite order, for ever.
fn opposite() -> Result<(), Error> {
    static LEFT: Lock = Lock::named("left");
    static RIGHT: Lock = Lock::named("right");
    let take = |first: &'static Lock, then: &'static Lock| {
        move || {
            first.acquire()?;
            thread::sleep(MILLISECOND)?;
            then.acquire()
        }
    };
    let a = small("a").spawn(take(&LEFT, &RIGHT))?;
    let b = small("b").spawn(take(&RIGHT, &LEFT))?;
    a.join()?;
    b.join().map(drop)
}

#[test]
fn two_locks_in_opposite_order_are_suspicious_and_then_a_deadlock() {
    let text = device(|_| opposite(), &["run test"], 5).text;
    let suspicion = text.find("suspicion: 2 threads wait in a circle").expect("it closes");
    let told = "deadlock: nothing is left that could end the waits of 3 threads";
    let deadlock = text.find(told).expect("nothing is left");
    assert!(suspicion < deadlock);
    assert!(text[deadlock..].contains("a (unit 3) waits for lock `right` for "), "{text}");
    assert!(text[deadlock..].contains("main (unit 1) waits for the end of a (unit 3)"), "{text}");
    assert_eq!(text.matches("deadlock: ").count(), 1, "it is told once");
}

/// X04.
#[test]
fn x04_a_self_deadlock_is_reported() {
    let text = device(
        |_| {
            let lock = Lock::named("own");
            lock.acquire()?;
            lock.acquire()
        },
        &["run test", "waits"],
        5,
    )
    .text;
    assert!(text.contains("suspicion: a thread waits for itself\n"), "{text}");
    assert!(text.contains("deadlock: nothing is left that could end the wait of 1 thread\n"));
    let line = "> waits\nmain (unit 1) waits for lock `own` for ";
    assert!(text.contains(line) && text.contains(", and has it itself at "), "{text}");
}

#[test]
fn as_long_as_somebody_sleeps_nothing_is_stuck() {
    check(
        |_| {
            let flags = Arc::new(Flags::named("later"))?;
            let theirs = flags.clone();
            let setter = small("setter").spawn(move || {
                thread::sleep(Span::from_seconds(2))?;
                theirs.set(1);
                Ok::<(), Error>(())
            })?;
            println!("{:?}", flags.wait(Wanted::Any(1), Clearing::Keep));
            setter.join().map(drop)
        },
        &["Ok(1)"],
    );
}

#[test]
fn an_event_that_nobody_sets_is_a_deadlock_without_any_circle() {
    let text = device(
        |_| {
            let queue: Queue<u32, 1> = Queue::named("silent");
            queue.receive().map(drop)
        },
        &["run test"],
        5,
    )
    .text;
    assert!(text.contains("main (unit 1) waits for queue `silent` for "), "{text}");
    assert!(!text.contains("suspicion"), "{text}");
}

#[test]
fn a_raised_handler_that_is_on_its_way_counts() {
    static PERMITS: Semaphore = Semaphore::named("soon", 0, 1);
    check(
        |_| {
            ramscope_kernel::handler::raise(|| {
                let _ = PERMITS.release();
            });
            PERMITS.acquire()
        },
        &[],
    );
}

fn ring() -> Result<(), Error> {
    let mutexes: Vec<_> = (0..8).map(|_| Arc::new(Mutex::named("ring", ()))).collect();
    let mutexes: Vec<_> = mutexes.into_iter().collect::<Result<_, _>>()?;
    let mut handles = Vec::new();
    for index in 0..7 {
        let (own, next) = (mutexes[index].clone(), mutexes[index + 1].clone());
        handles.push(small("link").spawn(move || {
            let _own = own.lock()?;
            thread::sleep(MILLISECOND)?;
            next.lock().map(drop)
        })?);
    }
    let own = mutexes[7].lock()?;
    thread::sleep(Span::from_millis(5))?;
    println!("{:?}", mutexes[0].lock().map(drop));
    drop(own);
    handles.into_iter().try_for_each(|handle| handle.join().map(drop))
}

#[test]
fn a_circle_of_eight_says_that_there_are_more() {
    let text = device(|_| ring(), &["run test"], 5).text;
    assert!(text.contains("deadlock: 8 threads wait in a circle\n"), "{text}");
    assert!(text.contains("\n  and 2 more\n"), "{text}");
    assert!(text.contains("test: ended\n"), "{text}");
}

#[test]
fn two_threads_that_add_without_a_lock_race_and_both_places_are_named() {
    static COUNT: Shared<u32> = Shared::of("count", 0);
    let printed = lines(|_| {
        let add = || {
            for _ in 0..3 {
                COUNT.set(COUNT.get() + 1);
                thread::yield_now();
            }
        };
        let threads = [small("a").spawn(add)?, small("b").spawn(add)?];
        threads.into_iter().try_for_each(|thread| thread.join().map(drop))
    });
    let races: Vec<_> = printed.iter().filter(|line| line.starts_with("race: ")).collect();
    assert_eq!(races.len(), 1, "{printed:?}");
    assert!(races[0].starts_with("race: `count`: written by a (unit 3) at "), "{races:?}");
    assert_eq!(races[0].matches("deadlocks.rs:").count(), 2, "{races:?}");
}

#[test]
fn whatever_puts_two_uses_in_order_keeps_silent() {
    static COUNT: Shared<u32> = Shared::of("count", 0);
    check(
        |_| {
            COUNT.set(1);
            // Started and joined.
            small("child").spawn(|| COUNT.set(COUNT.get() + 1))?.join()?;
            COUNT.set(COUNT.get() + 1);
            // A lock, a mutex, a queue, a semaphore, masked interrupts.
            let lock = Arc::new(Lock::named("lock"))?;
            let theirs = lock.clone();
            let child = small("child").spawn(move || {
                let _held = theirs.hold()?;
                COUNT.set(COUNT.get() + 1);
                Ok::<(), Error>(())
            })?;
            let held = lock.hold()?;
            COUNT.set(COUNT.get() + 1);
            drop(held);
            child.join()?;
            let queue: Arc<Queue<u32, 1>> = Arc::new(Queue::named("queue"))?;
            let theirs = queue.clone();
            let child = small("child").spawn(move || {
                COUNT.set(COUNT.get() + 1);
                theirs.send(1).map_err(Error::from)
            })?;
            queue.receive()?;
            COUNT.set(COUNT.get() + 1);
            child.join()?;
            println!("{}", COUNT.get());
            Ok(())
        },
        &["7"],
    );
}
