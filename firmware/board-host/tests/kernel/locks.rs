//! `Lock`: MicroPython's binary semaphore, with order, time-outs and poison.

use crate::check::{check, check_both_ways, lines};
use ramscope_kernel::mem::{self, Arc};
use ramscope_kernel::thread::{self, Builder, End};
use ramscope_kernel::{Error, Instant, Lock, Span, println};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

pub(crate) const MILLISECOND: Span = Span::from_millis(1);
const NAMES: [&str; 10] = ["t0", "t1", "t2", "t3", "t4", "t5", "t6", "t7", "t8", "t9"];

/// A small thread.
pub(crate) fn small(name: &'static str) -> Builder {
    Builder::new(name).stack_bytes(1024)
}

pub(crate) fn shared_lock() -> Result<Arc<Lock>, Error> {
    Arc::new(Lock::named("tested"))
}

#[test]
fn t20_one_thread_sees_the_whole_protocol() {
    check_both_ways(
        |_| {
            let lock = Lock::new();
            println!("{}", lock.is_locked());
            println!("{:?} {}", lock.try_acquire(), lock.is_locked());
            println!("{:?} {}", lock.try_acquire(), lock.is_locked());
            println!("{:?} {}", lock.release(), lock.is_locked());
            println!("{:?}", lock.release());
            println!("{:?} {}", lock.acquire(), lock.is_locked());
            println!("{:?} {:?}", lock.release(), lock.release());
            Ok(())
        },
        &[
            "false",
            "Ok(true) true",
            "Ok(false) true",
            "Ok(()) false",
            "Err(NotHeld)",
            "Ok(()) true",
            "Ok(()) Err(NotHeld)",
        ],
    );
}

#[test]
fn a_guard_releases_however_its_block_is_left() {
    fn fails(lock: &Lock) -> Result<(), Error> {
        let _held = lock.hold()?;
        assert!(lock.is_locked());
        Err(Error::Closed)
    }
    check_both_ways(
        |_| {
            let lock = Lock::new();
            drop(lock.hold()?);
            println!("{}", lock.is_locked());
            println!("{:?} {}", fails(&lock), lock.is_locked());
            Ok(())
        },
        &["false", "Err(Closed) false"],
    );
}

#[test]
fn a_guard_over_a_lock_that_another_thread_released_does_no_harm() {
    check_both_ways(
        |_| {
            let lock = shared_lock()?;
            let held = lock.hold()?;
            let theirs = lock.clone();
            small("other").spawn(move || theirs.release())?.join()?;
            drop(held);
            println!("{}", lock.is_locked());
            Ok(())
        },
        &["false"],
    );
}

#[test]
fn t21_four_threads_get_the_lock_once_each_in_the_order_they_came() {
    check_both_ways(
        |_| {
            let lock = shared_lock()?;
            lock.acquire()?;
            let handles = [0, 1, 2, 3].map(|index| {
                let theirs = lock.clone();
                small(NAMES[index]).spawn(move || {
                    theirs.acquire()?;
                    println!("{} has it", thread::current_name());
                    thread::sleep(MILLISECOND)?;
                    theirs.release()
                })
            });
            thread::sleep(MILLISECOND)?;
            lock.release()?;
            for handle in handles {
                assert_eq!(handle?.join()?, End::Returned);
            }
            Ok(())
        },
        &["t0 has it", "t1 has it", "t2 has it", "t3 has it"],
    );
}

#[test]
fn x03_wake_up_order_is_fifo_and_not_by_priority() {
    check_both_ways(
        |_| {
            let lock = shared_lock()?;
            lock.acquire()?;
            let handles = [(9, "nine"), (14, "fourteen"), (10, "ten")].map(|(priority, name)| {
                let theirs = lock.clone();
                small(name).priority(priority).spawn(move || {
                    theirs.acquire()?;
                    println!("{}", thread::current_name());
                    theirs.release()
                })
            });
            lock.release()?;
            handles.into_iter().try_for_each(|handle| handle?.join().map(drop))
        },
        &["nine", "fourteen", "ten"],
    );
}

#[test]
fn a_lock_is_handed_over_without_becoming_free() {
    check_both_ways(
        |_| {
            let lock = shared_lock()?;
            lock.acquire()?;
            let theirs = lock.clone();
            let waiter = small("waiter").spawn(move || {
                theirs.acquire()?;
                println!("waiter has it");
                theirs.release()
            })?;
            thread::sleep(MILLISECOND)?;
            lock.release()?;
            println!("{} {:?}", lock.is_locked(), lock.try_acquire());
            println!("{:?}", lock.acquire());
            waiter.join().map(drop)
        },
        &["true Ok(false)", "waiter has it", "Ok(())"],
    );
}

#[test]
fn t22_ten_threads_take_turns_in_index_order_by_polling() {
    static TURN: AtomicU32 = AtomicU32::new(0);
    check(
        |_| {
            let lock = shared_lock()?;
            // The last one is made first, so the order is not that of making.
            let handles = [9, 8, 7, 6, 5, 4, 3, 2, 1, 0].map(|index| {
                let theirs = lock.clone();
                small(NAMES[index]).spawn(move || {
                    loop {
                        let held = theirs.hold()?;
                        if TURN.load(Relaxed) as usize == index {
                            println!("my turn: {index}");
                            TURN.fetch_add(1, Relaxed);
                            return Ok::<(), Error>(());
                        }
                        drop(held);
                        thread::yield_now();
                    }
                })
            });
            for handle in handles {
                assert_eq!(handle?.join()?, End::Returned);
            }
            Ok(())
        },
        &[
            "my turn: 0",
            "my turn: 1",
            "my turn: 2",
            "my turn: 3",
            "my turn: 4",
            "my turn: 5",
            "my turn: 6",
            "my turn: 7",
            "my turn: 8",
            "my turn: 9",
        ],
    );
}

/// Multiplies modulo a prime, one step at a time.
fn power(base: u64, exponent: u64) -> u64 {
    (0..exponent).fold(1, |product, _| product * base % 1_000_003)
}

#[test]
fn t23_four_threads_empty_one_queue_of_work() {
    const JOBS: u32 = 60;
    static NEXT: AtomicU32 = AtomicU32::new(0);
    static RESULTS: [AtomicU32; JOBS as usize] = [const { AtomicU32::new(0) }; JOBS as usize];
    check(
        |_| {
            let lock = shared_lock()?;
            let handles = [0, 1, 2, 3].map(|index| {
                let theirs = lock.clone();
                small(NAMES[index]).spawn(move || {
                    loop {
                        let held = theirs.hold()?;
                        let job = NEXT.load(Relaxed);
                        if job == JOBS {
                            return Ok::<(), Error>(());
                        }
                        thread::yield_now();
                        NEXT.store(job + 1, Relaxed);
                        drop(held);
                        let result = power(7, u64::from(job)) as u32;
                        thread::yield_now();
                        let _held = theirs.hold()?;
                        RESULTS[job as usize].fetch_add(result, Relaxed);
                    }
                })
            });
            for handle in handles {
                assert_eq!(handle?.join()?, End::Returned);
            }
            for (job, result) in RESULTS.iter().enumerate() {
                assert_eq!(u64::from(result.load(Relaxed)), power(7, job as u64));
            }
            Ok(())
        },
        &[],
    );
}

/// T24. Main waits for a lock that it holds, which is suspicious, and no more: somebody else releases.
#[test]
fn t24_another_thread_may_release_what_main_acquired() {
    let printed = lines(|_| {
        let lock = shared_lock()?;
        lock.acquire()?;
        let theirs = lock.clone();
        let other = small("other").spawn(move || {
            println!("other releases");
            theirs.release()
        })?;
        lock.acquire()?;
        println!("main has it again");
        lock.release()?;
        other.join().map(drop)
    });
    let said = [
        "suspicion: a thread waits for itself",
        "  main (unit 1) waits for lock `tested` for ",
        "other releases",
        "main has it again",
    ];
    assert_eq!(printed.len(), said.len(), "{printed:?}");
    assert!(printed.iter().zip(said).all(|(line, said)| line.starts_with(said)), "{printed:?}");
}

#[test]
fn x01_a_timed_acquire_gives_up_on_time() {
    check_both_ways(
        |_| {
            let lock = Lock::new();
            lock.acquire()?;
            for millis in [0, 1, 10, 250] {
                let start = Instant::now();
                let span = Span::from_millis(millis);
                let result = lock.acquire_for(span);
                let waited = Instant::now() - start;
                assert!(
                    waited >= span && Instant::now() < start + span + Span::from_micros(100),
                    "{waited:?}"
                );
                println!("{millis} {result:?}");
            }
            Ok(())
        },
        &["0 Err(TimedOut)", "1 Err(TimedOut)", "10 Err(TimedOut)", "250 Err(TimedOut)"],
    );
}

#[test]
fn a_timed_acquire_of_a_free_lock_takes_no_time() {
    check_both_ways(
        |_| {
            let lock = Lock::new();
            let start = Instant::now();
            println!("{:?}", lock.acquire_for(Span::ZERO));
            lock.release()?;
            println!("{:?}", lock.acquire_for(Span::from_seconds(9)));
            assert!(Instant::now() - start < MILLISECOND);
            Ok(())
        },
        &["Ok(())", "Ok(())"],
    );
}

#[test]
fn x01_a_thousand_timed_failures_leave_no_trace() {
    check_both_ways(
        |_| {
            let lock = shared_lock()?;
            lock.acquire()?;
            let before = mem::totals();
            for _ in 0..1000 {
                assert_eq!(lock.acquire_for(Span::from_micros(100)), Err(Error::TimedOut));
            }
            assert_eq!(mem::totals().used, before.used);
            lock.release()?;
            println!("{}", lock.is_locked());
            println!("{:?}", lock.try_acquire());
            Ok(())
        },
        &["false", "Ok(true)"],
    );
}

#[test]
fn who_gave_up_waiting_is_skipped_by_the_next_hand_over() {
    check_both_ways(
        |_| {
            let lock = shared_lock()?;
            lock.acquire()?;
            let (first, second) = (lock.clone(), lock.clone());
            let hasty = small("hasty").spawn(move || {
                println!("hasty {:?}", first.acquire_for(Span::from_millis(5)));
            })?;
            let patient = small("patient").spawn(move || {
                println!("patient {:?}", second.acquire_for(Span::from_millis(50)));
            })?;
            thread::sleep(Span::from_millis(10))?;
            lock.release()?;
            hasty.join()?;
            patient.join()?;
            println!("{}", lock.is_locked());
            Ok(())
        },
        &["hasty Err(TimedOut)", "patient Ok(())", "true"],
    );
}

#[test]
fn a_grant_in_time_is_no_time_out_later() {
    check_both_ways(
        |_| {
            let lock = shared_lock()?;
            lock.acquire()?;
            let theirs = lock.clone();
            let waiter = small("waiter").spawn(move || {
                println!("{:?}", theirs.acquire_for(Span::from_millis(5)));
                let start = Instant::now();
                thread::sleep(Span::from_millis(20))?;
                println!("slept {} ms", (Instant::now() - start).as_millis());
                Ok::<(), Error>(())
            })?;
            thread::sleep(Span::from_millis(4))?;
            lock.release()?;
            waiter.join().map(drop)
        },
        &["Ok(())", "slept 20 ms"],
    );
}

#[test]
fn no_update_is_lost_under_a_lock() {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    check(
        |_| {
            let lock = shared_lock()?;
            let handles = [0, 1, 2, 3].map(|index| {
                let theirs = lock.clone();
                small(NAMES[index]).spawn(move || {
                    for _ in 0..250 {
                        let _held = theirs.hold()?;
                        let before = COUNT.load(Relaxed);
                        thread::yield_now();
                        COUNT.store(before + 1, Relaxed);
                    }
                    Ok::<(), Error>(())
                })
            });
            for handle in handles {
                assert_eq!(handle?.join()?, End::Returned);
            }
            println!("{}", COUNT.load(Relaxed));
            Ok(())
        },
        &["1000"],
    );
}
