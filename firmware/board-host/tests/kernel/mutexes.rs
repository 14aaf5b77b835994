//! `Mutex`: ownership, inheritance, circles, poison.

use crate::check::{check_both_ways, lines};
use crate::locks::{MILLISECOND, small};
use core::cell::Cell;
use ramscope_kernel::mem::Arc;
use ramscope_kernel::sync::{Inheritance, OnDeadlock, Once, RecursiveMutex, RwLock};
use ramscope_kernel::thread::{self, End};
use ramscope_kernel::{Error, Mutex, Span, println};

fn shared(value: u32) -> Result<Arc<Mutex<u32>>, Error> {
    Arc::new(Mutex::named("tested", value))
}

#[test]
fn a_guard_gives_access_and_gives_the_mutex_back() {
    check_both_ways(
        |_| {
            let mutex = shared(1)?;
            *mutex.lock()? += 1;
            let guard = mutex.lock()?;
            println!("{} {}", *guard, mutex.is_locked());
            drop(guard);
            println!("{} {}", mutex.is_locked(), mutex.try_lock()?.is_some());
            Ok(())
        },
        &["2 true", "false true"],
    );
}

#[test]
fn the_most_urgent_waiter_is_next_and_among_equals_who_came_first() {
    check_both_ways(
        |_| {
            let mutex = shared(0)?;
            let guard = mutex.lock()?;
            let waiters = [(9, "nine"), (11, "eleven"), (9, "nine again"), (10, "ten")];
            let handles = waiters.map(|(priority, name)| {
                let theirs = mutex.clone();
                small(name).priority(priority).spawn(move || {
                    let _guard = theirs.lock()?;
                    println!("{}", thread::current_name());
                    Ok::<(), Error>(())
                })
            });
            // While it owned the mutex it ran at 11, so some of them have not come yet.
            thread::sleep(MILLISECOND)?;
            drop(guard);
            handles.into_iter().try_for_each(|handle| handle?.join().map(drop))
        },
        &["eleven", "ten", "nine", "nine again"],
    );
}

/// A low thread owns the mutex, a high one waits for it, a middle one computes.
fn inversion(inheritance: Inheritance) -> Result<(), Error> {
    let mutex = Arc::new(Mutex::with("tested", (), inheritance, OnDeadlock::Fail))?;
    let (low, high) = (mutex.clone(), mutex.clone());
    let low = small("low").priority(2).spawn(move || {
        let guard = low.lock()?;
        thread::sleep(MILLISECOND)?;
        for _ in 0..3 {
            thread::yield_now();
        }
        println!("low gives it back");
        drop(guard);
        Ok::<(), Error>(())
    })?;
    thread::sleep(Span::from_micros(100))?;
    let high = small("high").priority(12).spawn(move || {
        let _guard = high.lock()?;
        println!("high has it");
        Ok::<(), Error>(())
    })?;
    // Main is the one in the middle: it computes over the moment when low wakes.
    let start = ramscope_kernel::Instant::now();
    while ramscope_kernel::Instant::now() - start < Span::from_millis(2) {
        thread::yield_now();
    }
    println!("main has computed");
    low.join()?;
    high.join().map(drop)
}

#[test]
fn an_owner_inherits_what_an_urgent_waiter_has() {
    // The host port wakes sleepers in the idle context only, so the owner does not sleep here.
    check_both_ways(
        |_| {
            let mutex = shared(0)?;
            let (low, high) = (mutex.clone(), mutex.clone());
            let low = small("low").priority(9).spawn(move || {
                let _guard = low.lock()?;
                println!("low runs at {}", thread::current_priority());
                small("high").priority(14).spawn(move || high.lock().map(drop))?;
                println!("low runs at {}", thread::current_priority());
                Ok::<(), Error>(())
            })?;
            low.join().map(drop)
        },
        &["low runs at 9", "low runs at 14"],
    );
}

#[test]
fn inheritance_can_be_left_off() {
    let printed = lines(|_| inversion(Inheritance::Off));
    assert_eq!(printed, ["main has computed", "low gives it back", "high has it"]);
    let printed = lines(|_| inversion(Inheritance::On));
    assert!(printed.contains(&"high has it".to_owned()), "{printed:?}");
}

#[test]
fn inheritance_reaches_through_a_chain_and_is_given_back() {
    check_both_ways(
        |_| {
            let (a, b) = (shared(0)?, shared(0)?);
            let (a1, a2, b2, b3) = (a.clone(), a.clone(), b.clone(), b.clone());
            let first = small("first").priority(9).spawn(move || {
                let guard = a1.lock()?;
                let second = small("second").priority(10).spawn(move || {
                    let _b = b2.lock()?;
                    a2.lock().map(drop)
                })?;
                println!("{}", thread::current_priority());
                let third = small("third").priority(13).spawn(move || {
                    let result = b3.lock_for(Span::from_millis(5)).map(drop);
                    println!("third {result:?}");
                })?;
                println!("{}", thread::current_priority());
                third.join()?;
                println!("{}", thread::current_priority());
                drop(guard);
                println!("{}", thread::current_priority());
                second.join().map(drop)
            })?;
            first.join().map(drop)
        },
        &["10", "13", "third Err(TimedOut)", "10", "9"],
    );
}

#[test]
fn giving_one_mutex_back_keeps_what_another_one_lends() {
    check_both_ways(
        |_| {
            let (a, b) = (shared(0)?, shared(0)?);
            let (a1, b1) = (a.clone(), b.clone());
            let guards = (a.lock()?, b.lock()?);
            let for_a = small("a").priority(10).spawn(move || a1.lock().map(drop))?;
            let for_b = small("b").priority(12).spawn(move || b1.lock().map(drop))?;
            println!("{}", thread::current_priority());
            drop(guards.1);
            println!("{}", thread::current_priority());
            drop(guards.0);
            println!("{}", thread::current_priority());
            for_a.join()?;
            for_b.join().map(drop)
        },
        &["12", "10", "8"],
    );
}

#[test]
fn a_request_to_exit_takes_back_what_a_waiter_lent() {
    check_both_ways(
        |_| {
            let mutex = shared(0)?;
            let theirs = mutex.clone();
            let guard = mutex.lock()?;
            let waiter = small("waiter").priority(13).spawn(move || theirs.lock().map(drop))?;
            println!("{}", thread::current_priority());
            waiter.request_exit();
            println!("{} {:?}", thread::current_priority(), waiter.join()?);
            drop(guard);
            println!("{:?}", mutex.is_locked());
            Ok(())
        },
        &["13", "8 Exited", "false"],
    );
}

/// X05: the circle is found when it closes, with both chains, and told to who closed it.
#[test]
fn x05_a_circle_of_two_is_found_when_it_closes_and_told_to_who_closed_it() {
    let printed = lines(|_| {
        let (a, b) = (Arc::new(Mutex::named("a", ()))?, Arc::new(Mutex::named("b", ()))?);
        let (a1, b1) = (a.clone(), b.clone());
        let guard = a.lock()?;
        let other = small("other").spawn(move || {
            let _b = b1.lock()?;
            println!("other {:?}", a1.lock().map(drop));
            Ok::<(), Error>(())
        })?;
        thread::sleep(MILLISECOND)?;
        println!("main {:?}", b.lock().map(drop));
        drop(guard);
        println!("{:?}", other.join()?);
        Ok(())
    });
    assert!(printed.contains(&"main Err(Deadlock)".to_owned()), "{printed:?}");
    assert!(printed.contains(&"other Ok(())".to_owned()), "{printed:?}");
    let at = printed.iter().position(|line| line == "deadlock: 2 threads wait in a circle");
    let chain = &printed[at.expect("the circle is reported") + 1..][..2];
    assert!(chain[0].starts_with("  main (unit 1) waits for mutex `b`"), "{chain:?}");
    assert!(chain[0].contains(", which other (unit 3) has for "), "{chain:?}");
    assert!(chain[1].starts_with("  other (unit 3) waits for mutex `a`"), "{chain:?}");
    assert!(chain.iter().all(|line| line.matches("mutexes.rs:").count() == 2), "{chain:?}");
}

#[test]
fn locking_what_one_owns_is_a_deadlock_at_once() {
    let printed = lines(|_| {
        let mutex = shared(0)?;
        let _guard = mutex.lock()?;
        println!("{:?}", mutex.lock().map(drop));
        Ok(())
    });
    assert!(printed.contains(&"Err(Deadlock)".to_owned()), "{printed:?}");
    assert!(printed.iter().any(|line| line.contains(", and has it itself at ")), "{printed:?}");
}

#[test]
fn a_timed_wait_in_a_circle_times_out_and_nothing_is_said() {
    check_both_ways(
        |_| {
            let mutex = shared(0)?;
            let _guard = mutex.lock()?;
            println!("{:?}", mutex.lock_for(MILLISECOND).map(drop));
            Ok(())
        },
        &["Err(TimedOut)"],
    );
}

#[test]
fn a_circle_through_the_end_of_a_thread_is_exact_too() {
    let printed = lines(|_| {
        let mutex = shared(0)?;
        let theirs = mutex.clone();
        let guard = mutex.lock()?;
        let waiter = small("waiter").spawn(move || theirs.lock().map(drop))?;
        thread::sleep(MILLISECOND)?;
        // It waits for the mutex that main has, and main for its end.
        println!("{:?}", waiter.join_for(MILLISECOND));
        drop(guard);
        Ok(())
    });
    assert_eq!(printed, ["Err(TimedOut)"]);
}

#[test]
fn an_owner_that_panics_poisons_it_for_who_waits_and_who_comes() {
    let printed = lines(|_| {
        let mutex = shared(7)?;
        let (theirs, waiting) = (mutex.clone(), mutex.clone());
        let owner = small("owner").spawn(move || -> Result<(), Error> {
            let _guard = theirs.lock()?;
            thread::sleep(Span::from_millis(5))?;
            panic!("with a mutex");
        })?;
        thread::sleep(MILLISECOND)?;
        let waiter = small("waiter").priority(13).spawn(move || {
            println!("waiter {:?}", waiting.lock().map(drop));
        })?;
        println!("{:?}", owner.join()?);
        waiter.join()?;
        println!("{:?} {:?}", mutex.lock().map(drop), mutex.try_lock().map(drop));
        mutex.clear_poison();
        println!("{}", *mutex.lock()?);
        Ok(())
    });
    let told: Vec<_> = printed.iter().filter(|line| !line.starts_with("thread ")).collect();
    assert_eq!(told.len(), 4, "{printed:?}");
    assert!(printed.contains(&"waiter Err(Poisoned)".to_owned()), "{printed:?}");
    assert!(printed.contains(&"Err(Poisoned) Err(Poisoned)".to_owned()), "{printed:?}");
    assert_eq!(printed.last().unwrap(), "7");
}

#[test]
fn an_owner_that_is_gone_and_that_nobody_waited_for_is_found_by_the_next() {
    let printed = lines(|_| {
        let mutex = shared(0)?;
        let theirs = mutex.clone();
        small("owner")
            .spawn(move || -> Result<(), Error> {
                let _guard = theirs.lock()?;
                panic!("with a mutex that nobody waits for");
            })?
            .join()?;
        println!("{:?}", mutex.lock_for(MILLISECOND).map(drop));
        mutex.clear_poison();
        println!("{:?}", mutex.lock().map(drop));
        Ok(())
    });
    let told: Vec<_> = printed.iter().filter(|line| !line.starts_with("thread ")).collect();
    assert_eq!(told, ["Err(Poisoned)", "Ok(())"]);
}

#[test]
fn no_update_is_lost_and_the_order_of_priorities_is_kept() {
    check_both_ways(
        |_| {
            let mutex = shared(0)?;
            let handles = ["t0", "t1", "t2", "t3"].map(|name| {
                let theirs = mutex.clone();
                small(name).spawn(move || {
                    for _ in 0..250 {
                        let mut guard = theirs.lock()?;
                        let before = *guard;
                        thread::yield_now();
                        *guard = before + 1;
                    }
                    Ok::<(), Error>(())
                })
            });
            for handle in handles {
                assert_eq!(handle?.join()?, End::Returned);
            }
            println!("{}", *mutex.lock()?);
            Ok(())
        },
        &["1000"],
    );
}

#[test]
fn a_recursive_mutex_is_free_when_as_many_guards_have_gone() {
    check_both_ways(
        |_| {
            let mutex = Arc::new(RecursiveMutex::named("again", Cell::new(0)))?;
            let outer = mutex.lock()?;
            let inner = mutex.lock_for(MILLISECOND)?;
            inner.set(outer.get() + 1);
            let theirs = mutex.clone();
            let other = small("other").spawn(move || {
                println!("{}", theirs.try_lock()?.is_none());
                println!("gets {}", theirs.lock()?.get());
                Ok::<(), Error>(())
            })?;
            thread::sleep(MILLISECOND)?;
            println!("first guard goes");
            drop(outer);
            thread::sleep(MILLISECOND)?;
            println!("second guard goes");
            drop(inner);
            other.join()?;
            println!("{}", mutex.is_locked());
            Ok(())
        },
        &["true", "first guard goes", "second guard goes", "gets 1", "false"],
    );
}

#[test]
fn a_circle_through_a_recursive_mutex_is_found_all_the_same() {
    let printed = lines(|_| {
        let mutex = Arc::new(RecursiveMutex::named("again", ()))?;
        let plain = shared(0)?;
        let (theirs, their_plain) = (mutex.clone(), plain.clone());
        let other = small("other").spawn(move || {
            let _plain = their_plain.lock()?;
            thread::sleep(MILLISECOND)?;
            theirs.lock().map(drop)
        })?;
        let guards = (mutex.lock()?, mutex.lock()?);
        thread::sleep(Span::from_millis(2))?;
        println!("{:?}", plain.lock().map(drop));
        drop(guards);
        println!("{:?}", other.join()?);
        Ok(())
    });
    assert_eq!(printed[0], "Err(Deadlock)");
    assert!(printed.contains(&"deadlock: 2 threads wait in a circle".to_owned()), "{printed:?}");
    assert!(printed.contains(&"Returned".to_owned()), "{printed:?}");
}

#[test]
fn a_recursive_mutex_is_poisoned_with_all_its_guards() {
    let printed = lines(|_| {
        let mutex = Arc::new(RecursiveMutex::named("again", ()))?;
        let theirs = mutex.clone();
        let other = small("other").spawn(move || -> Result<(), Error> {
            let _guards = (theirs.lock()?, theirs.lock()?);
            assert!(!theirs.is_locked(), "it is");
            Ok(())
        })?;
        println!("{:?}", other.join()?);
        println!("{:?}", mutex.lock().map(drop));
        mutex.clear_poison();
        drop((mutex.lock()?, mutex.lock()?));
        println!("{}", mutex.is_locked());
        Ok(())
    });
    let told: Vec<_> = printed.iter().filter(|line| !line.starts_with("thread ")).collect();
    assert_eq!(told, ["Panicked", "Err(Poisoned)", "false"]);
}

#[test]
fn a_circle_through_a_reader_writer_lock_is_a_deadlock_when_it_closes() {
    let printed = lines(|_| {
        let (value, mutex) = (Arc::new(RwLock::named("value", 0))?, shared(0)?);
        let (theirs, their_mutex) = (value.clone(), mutex.clone());
        let other = small("other").spawn(move || {
            let _mutex = their_mutex.lock()?;
            thread::sleep(MILLISECOND)?;
            theirs.read().map(drop)
        })?;
        let guard = value.write()?;
        thread::sleep(Span::from_millis(2))?;
        println!("{:?}", mutex.lock().map(drop));
        drop(guard);
        println!("{:?}", other.join()?);
        Ok(())
    });
    assert_eq!(printed[0], "Err(Deadlock)");
    assert!(printed.contains(&"deadlock: 2 threads wait in a circle".to_owned()), "{printed:?}");
    assert!(printed.contains(&"Returned".to_owned()), "{printed:?}");
}

#[test]
fn whoever_waits_for_a_value_that_another_makes_can_give_up() {
    check_both_ways(
        |_| {
            let once = Arc::new(Once::named("made"))?;
            let theirs = once.clone();
            let maker = small("maker").spawn(move || {
                let make = || thread::sleep(Span::from_millis(5)).map(|()| 7);
                theirs.get_or_init(make).map(drop)
            })?;
            thread::sleep(MILLISECOND)?;
            println!("{:?}", once.get_or_init_for(MILLISECOND, || Ok(8)));
            println!("{:?}", once.get_or_init_for(Span::from_millis(9), || Ok(9)));
            maker.join().map(drop)
        },
        &["Err(TimedOut)", "Ok(7)"],
    );
}
