//! What has holders who inherit: reader-writer locks and values that are made once; and guards that a
//! thread keeps when it ends.

use crate::check::{check, lines};
use crate::locks::{MILLISECOND, small};
use ramscope_kernel::mem::Arc;
use ramscope_kernel::sync::{Inheritance, OnDeadlock, Once, RwLock};
use ramscope_kernel::thread::{self, current_priority};
use ramscope_kernel::{Error, Mutex, Span, println};

/// What was printed besides what the kernel tells of leaks.
fn told(printed: &[String]) -> Vec<&str> {
    printed.iter().map(String::as_str).filter(|line| !line.starts_with("leak: ")).collect()
}

fn leaks(printed: &[String]) -> Vec<&str> {
    let leaks = printed.iter().filter_map(|line| line.strip_prefix("leak: "));
    leaks.map(|line| line.split_once(", which it took").map_or(line, |(start, _)| start)).collect()
}

#[test]
fn who_waits_for_a_guard_that_its_thread_kept_learns_it_when_that_ends() {
    for inheritance in [Inheritance::On, Inheritance::Off] {
        let body = match inheritance {
            Inheritance::On => |_: ramscope_kernel::Arguments<'_>| keeps(Inheritance::On),
            Inheritance::Off => |_: ramscope_kernel::Arguments<'_>| keeps(Inheritance::Off),
        };
        let printed = lines(body);
        assert_eq!(told(&printed)[0], "Err(Poisoned)");
        assert_eq!(told(&printed)[1..], ["Returned", "Err(Poisoned)", "Ok(())"]);
        let [leak] = leaks(&printed)[..] else { panic!("{printed:?}") };
        assert!(leak.starts_with("keeper (unit "), "{leak}");
        assert!(leak.ends_with("has ended and did not give back mutex `kept`"), "{leak}");
    }
}

fn keeps(inheritance: Inheritance) -> Result<(), Error> {
    let mutex = Arc::new(Mutex::with("kept", 0, inheritance, OnDeadlock::Fail))?;
    let theirs = mutex.clone();
    let keeper = small("keeper").spawn(move || {
        core::mem::forget(theirs.lock()?);
        thread::sleep(Span::from_millis(3))
    })?;
    thread::sleep(MILLISECOND)?;
    println!("{:?}", mutex.lock().map(drop));
    println!("{:?}", keeper.join()?);
    println!("{:?}", mutex.try_lock().map(drop));
    mutex.clear_poison();
    println!("{:?}", mutex.lock().map(drop));
    // The console thread has its turn.
    thread::sleep(MILLISECOND)
}

#[test]
fn what_nobody_waited_for_is_found_by_the_next_who_asks_also_when_its_slot_serves_another_one() {
    let printed = lines(|_| {
        let mutex = Arc::new(Mutex::named("kept", 0))?;
        let theirs = mutex.clone();
        small("keeper").spawn(move || theirs.lock().map(core::mem::forget))?.join()?;
        let next = small("next").spawn(|| thread::sleep(Span::from_millis(5)))?;
        println!("{}", mutex.is_locked());
        println!("{:?}", mutex.lock_for(MILLISECOND).map(drop));
        next.join().map(drop)
    });
    assert_eq!(told(&printed), ["false", "Err(Poisoned)"]);
    let [leak] = leaks(&printed)[..] else { panic!("{printed:?}") };
    assert!(leak.ends_with("did not give back mutex `kept`"), "{leak}");
}

#[test]
fn a_reader_that_ends_and_keeps_its_guard_is_told_and_a_writer_goes_in() {
    let printed = lines(|_| {
        let lock = Arc::new(RwLock::named("kept", 0))?;
        let theirs = lock.clone();
        let reader = small("keeper").spawn(move || {
            core::mem::forget(theirs.read()?);
            thread::sleep(Span::from_millis(3))
        })?;
        thread::sleep(MILLISECOND)?;
        println!("{:?}", lock.write().map(drop));
        reader.join()?;
        let theirs = lock.clone();
        small("again").spawn(move || theirs.read().map(core::mem::forget))?.join()?;
        println!("{:?}", lock.try_write()?.is_some());
        let theirs = lock.clone();
        small("writer").spawn(move || theirs.write().map(core::mem::forget))?.join()?;
        println!("{:?}", lock.read().map(drop));
        thread::sleep(MILLISECOND)
    });
    assert_eq!(told(&printed), ["Ok(())", "true", "Err(Poisoned)"]);
    let whose: Vec<_> =
        leaks(&printed).iter().map(|leak| &leak[..leak.find(' ').unwrap()]).collect();
    assert_eq!(whose, ["keeper", "again", "writer"]);
}

/// Readers at 9 and 10, whom a writer at 14 waits for.
fn readers_and_a_writer(inheritance: Inheritance) -> Result<(), Error> {
    let lock = Arc::new(RwLock::with("tested", 0, inheritance))?;
    let (first, second, writer) = (lock.clone(), lock.clone(), lock);
    let ten = small("ten").priority(10).spawn(move || {
        let guard = first.read()?;
        thread::sleep(Span::from_millis(2))?;
        println!("ten runs at {}", current_priority());
        drop(guard);
        println!("ten runs at {}", current_priority());
        Ok::<(), Error>(())
    })?;
    let nine = small("nine").priority(9).spawn(move || {
        let guard = second.read()?;
        small("writer").priority(14).spawn(move || writer.write().map(drop))?;
        println!("nine runs at {}", current_priority());
        thread::sleep(Span::from_millis(4))?;
        println!("nine runs at {}", current_priority());
        drop(guard);
        println!("nine runs at {}", current_priority());
        Ok::<(), Error>(())
    })?;
    ten.join()?;
    nine.join().map(drop)
}

#[test]
fn a_writer_that_waits_lends_to_all_readers_until_they_leave() {
    check(
        |_| readers_and_a_writer(Inheritance::On),
        &[
            "nine runs at 14",
            "ten runs at 14",
            "ten runs at 10",
            "nine runs at 14",
            "nine runs at 9",
        ],
    );
}

#[test]
fn a_lock_without_inheritance_lends_nothing() {
    check(
        |_| readers_and_a_writer(Inheritance::Off),
        &["nine runs at 9", "ten runs at 10", "ten runs at 10", "nine runs at 9", "nine runs at 9"],
    );
}

#[test]
fn readers_that_wait_lend_to_the_writer_and_to_those_that_go_in_before_them() {
    check(
        |_| {
            let lock = Arc::new(RwLock::named("tested", 0))?;
            let (one, two, high) = (lock.clone(), lock.clone(), lock);
            let writer = small("writer").priority(9).spawn(move || {
                let guard = one.write()?;
                small("next").priority(12).spawn(move || {
                    let _guard = two.write()?;
                    println!("next runs at {}", current_priority());
                    Ok::<(), Error>(())
                })?;
                println!("writer runs at {}", current_priority());
                small("reader").priority(14).spawn(move || {
                    let guard = high.read_for(Span::from_millis(2));
                    println!("reader {:?}", guard.map(drop));
                })?;
                println!("writer runs at {}", current_priority());
                thread::sleep(Span::from_millis(5))?;
                println!("writer runs at {}", current_priority());
                drop(guard);
                Ok::<(), Error>(())
            })?;
            writer.join().map(drop)
        },
        &[
            "writer runs at 12",
            "writer runs at 14",
            "reader Err(TimedOut)",
            "writer runs at 12",
            "next runs at 12",
        ],
    );
}

#[test]
fn who_waits_for_a_value_lends_to_the_one_that_makes_it() {
    check(
        |_| {
            let cell = Arc::new(Once::named("made"))?;
            let (theirs, urgent) = (cell.clone(), cell.clone());
            let maker = small("maker").priority(9).spawn(move || {
                let made = theirs.get_or_init(|| {
                    small("urgent").priority(13).spawn(move || {
                        println!("urgent {:?}", urgent.get_or_init(|| Ok(8)));
                    })?;
                    println!("maker runs at {}", current_priority());
                    Ok(7)
                });
                println!("maker runs at {}, {made:?}", current_priority());
            })?;
            maker.join().map(drop)
        },
        &["maker runs at 13", "urgent Ok(7)", "maker runs at 9, Ok(7)"],
    );
}

#[test]
fn what_a_mutex_lends_reaches_the_readers_that_its_owner_waits_for() {
    check(
        |_| {
            let (lock, mutex) =
                (Arc::new(RwLock::named("lock", 0))?, Arc::new(Mutex::named("m", 0))?);
            let (for_writer, their_mutex, for_high) = (lock.clone(), mutex.clone(), mutex);
            let reader = small("reader").priority(9).spawn(move || {
                let guard = lock.read()?;
                small("writer").priority(11).spawn(move || {
                    let _mutex = their_mutex.lock()?;
                    for_writer.write().map(drop)
                })?;
                println!("reader runs at {}", current_priority());
                let high = small("high").priority(14);
                high.spawn(move || for_high.lock_for(Span::from_millis(2)).map(drop))?;
                println!("reader runs at {}", current_priority());
                thread::sleep(Span::from_millis(3))?;
                println!("reader runs at {}", current_priority());
                drop(guard);
                Ok::<(), Error>(())
            })?;
            reader.join().map(drop)
        },
        &["reader runs at 11", "reader runs at 14", "reader runs at 11"],
    );
}

#[test]
fn a_circle_through_a_reader_is_a_deadlock_when_it_closes() {
    let printed = lines(|_| {
        let (lock, mutex) = (Arc::new(RwLock::named("lock", 0))?, Arc::new(Mutex::named("m", 0))?);
        let (theirs, their_mutex, bystander) = (lock.clone(), mutex.clone(), lock.clone());
        let other = small("bystander").spawn(move || {
            let _guard = bystander.read()?;
            thread::sleep(Span::from_millis(4))
        })?;
        let writer = small("writer").spawn(move || {
            let _mutex = their_mutex.lock()?;
            thread::sleep(MILLISECOND)?;
            theirs.write().map(drop)
        })?;
        let guard = lock.read()?;
        thread::sleep(Span::from_millis(2))?;
        println!("{:?}", mutex.lock().map(drop));
        drop(guard);
        other.join()?;
        writer.join().map(drop)
    });
    assert!(printed.contains(&"Err(Deadlock)".to_owned()), "{printed:?}");
    let circle = printed.iter().position(|line| line == "deadlock: 2 threads wait in a circle");
    let [main, writer] = &printed[circle.expect("it is told") + 1..][..2] else { panic!() };
    assert!(main.contains("waits for mutex `m`") && main.contains("which writer"), "{main}");
    assert!(
        writer.contains("waits for rwlock `lock`") && writer.contains("which main"),
        "{writer}"
    );
}

#[test]
fn who_reads_and_wants_to_write_waits_for_itself() {
    let printed = lines(|_| {
        let lock = Arc::new(RwLock::named("lock", 0))?;
        let theirs = lock.clone();
        let upgrader = small("upgrader").spawn(move || {
            let _guard = theirs.read()?;
            theirs.write().map(drop)
        })?;
        thread::sleep(MILLISECOND)?;
        upgrader.request_exit();
        upgrader.join().map(drop)
    });
    assert!(printed.contains(&"deadlock: a thread waits for itself".to_owned()), "{printed:?}");
}

#[test]
fn who_reads_again_behind_a_writer_closes_a_circle_unless_that_gives_up() {
    fn again(gives_up: Option<Span>) -> Result<(), Error> {
        let lock = Arc::new(RwLock::named("lock", 0))?;
        let (theirs, again) = (lock.clone(), lock);
        let reader = small("reader").spawn(move || {
            let _guard = again.read()?;
            thread::sleep(MILLISECOND)?;
            again.read().map(drop)
        })?;
        let writer = small("writer").spawn(move || match gives_up {
            Some(span) => theirs.write_for(span).map(drop),
            None => theirs.write().map(drop),
        })?;
        thread::sleep(Span::from_millis(4))?;
        reader.request_exit();
        println!("{:?} {:?}", reader.join()?, writer.join()?);
        Ok(())
    }
    let printed = lines(|_| again(None));
    assert!(printed.contains(&"deadlock: 2 threads wait in a circle".to_owned()), "{printed:?}");
    assert!(printed.contains(&"Exited Returned".to_owned()), "{printed:?}");
    check(|_| again(Some(Span::from_millis(2))), &["Returned Failed(1)"]);
}

#[test]
fn a_more_urgent_reader_passes_a_writer_that_waits_and_an_equal_one_does_not() {
    check(
        |_| {
            let lock = Arc::new(RwLock::named("lock", 0))?;
            let guard = lock.read()?;
            let (for_writer, for_urgent) = (lock.clone(), lock.clone());
            let writer = small("writer").spawn(move || for_writer.write().map(drop))?;
            thread::sleep(MILLISECOND)?;
            println!("{}", lock.try_read()?.is_some());
            let urgent = small("urgent").priority(12);
            urgent.spawn(move || println!("{:?}", for_urgent.try_read().map(|it| it.is_some())))?;
            drop(guard);
            writer.join().map(drop)
        },
        &["false", "Ok(true)"],
    );
}
