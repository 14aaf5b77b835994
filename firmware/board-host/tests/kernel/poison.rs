//! Locks whose holder is gone: torn down, or ended in order.

use crate::check::{check, lines};
use crate::locks::{MILLISECOND, shared_lock, small};
use ramscope_kernel::mem::{self, Arc};
use ramscope_kernel::thread::{self};
use ramscope_kernel::{Error, Instant, Lock, Span, println};

#[test]
fn waiters_learn_at_once_that_the_holder_panicked() {
    let printed = lines(|_| {
        let lock = shared_lock()?;
        let (theirs, first, second) = (lock.clone(), lock.clone(), lock.clone());
        let holder = small("holder").spawn(move || -> Result<(), Error> {
            let _held = theirs.hold()?;
            thread::sleep(Span::from_millis(10))?;
            if theirs.is_locked() {
                panic!("with the lock held");
            }
            Ok(())
        })?;
        let wait = |lock: Arc<Lock>| {
            move || {
                let result = lock.acquire_for(Span::from_seconds(5));
                println!("{} {result:?}", thread::current_name());
            }
        };
        thread::sleep(MILLISECOND)?;
        let waiters = [small("first").spawn(wait(first))?, small("second").spawn(wait(second))?];
        let start = Instant::now();
        println!("holder {:?}", holder.join()?);
        for waiter in waiters {
            waiter.join()?;
        }
        println!("after {} ms", (Instant::now() - start).as_millis());
        println!("{:?} {:?}", lock.acquire(), lock.try_acquire());
        println!("{:?}", lock.acquire_for(MILLISECOND));
        lock.clear_poison();
        println!("{:?} {:?}", lock.try_acquire(), lock.release());
        Ok(())
    });
    let told: Vec<_> = printed.iter().filter(|line| !line.starts_with("thread ")).collect();
    let mut sorted = told[..3].to_vec();
    sorted.sort();
    assert_eq!(sorted, ["first Err(Poisoned)", "holder Panicked", "second Err(Poisoned)"]);
    assert_eq!(
        told[3..],
        ["after 9 ms", "Err(Poisoned) Err(Poisoned)", "Err(Poisoned)", "Ok(true) Ok(())"]
    );
}

#[test]
fn a_refused_exit_poisons_what_the_thread_holds() {
    let printed = lines(|_| {
        let lock = shared_lock()?;
        let theirs = lock.clone();
        let stubborn = small("stubborn").spawn(move || -> () {
            let _held = theirs.hold();
            loop {
                let _ = thread::sleep(MILLISECOND);
            }
        })?;
        thread::sleep(Span::from_millis(3))?;
        stubborn.request_exit();
        println!("{:?}", stubborn.join()?);
        println!("{:?}", lock.acquire());
        Ok(())
    });
    assert!(printed.contains(&"Refused".to_owned()), "{printed:?}");
    assert!(printed.contains(&"Err(Poisoned)".to_owned()), "{printed:?}");
}

#[test]
fn all_locks_of_a_thread_that_panics_are_poisoned_and_no_others() {
    let printed = lines(|_| {
        let locks = [shared_lock()?, shared_lock()?, shared_lock()?, shared_lock()?];
        let theirs = locks.clone();
        let holder = small("holder").spawn(move || -> Result<(), Error> {
            for lock in &theirs {
                lock.acquire()?;
            }
            // Out of order, so that the list of held locks loses one from its middle.
            theirs[2].release()?;
            panic!("with three locks held");
        })?;
        holder.join()?;
        thread::sleep(MILLISECOND)?;
        for lock in &locks {
            println!("{:?}", lock.try_acquire());
        }
        Ok(())
    });
    let told: Vec<_> = printed.iter().filter(|line| !line.starts_with("thread ")).collect();
    assert_eq!(told, ["Err(Poisoned)", "Err(Poisoned)", "Ok(true)", "Err(Poisoned)"]);
}

#[test]
fn dropping_a_held_lock_leaves_its_holder_sound() {
    let printed = lines(|_| {
        let kept = shared_lock()?;
        let theirs = kept.clone();
        let holder = small("holder").spawn(move || -> Result<(), Error> {
            theirs.acquire()?;
            for _ in 0..3 {
                let brief = Lock::new();
                brief.acquire()?;
            }
            let boxed = mem::Box::new(Lock::new())?;
            boxed.acquire()?;
            drop(boxed);
            panic!("with one lock left");
        })?;
        println!("{:?} {:?}", holder.join()?, kept.try_acquire());
        Ok(())
    });
    assert!(printed.contains(&"Panicked Err(Poisoned)".to_owned()), "{printed:?}");
}

#[test]
fn a_lock_stays_locked_when_the_thread_that_took_it_ends() {
    check(
        |_| {
            let lock = shared_lock()?;
            let theirs = lock.clone();
            small("taker").spawn(move || theirs.acquire())?.join()?;
            println!("{} {:?}", lock.is_locked(), lock.try_acquire());
            println!("{:?} {:?}", lock.release(), lock.try_acquire());
            Ok(())
        },
        &["true Ok(false)", "Ok(()) Ok(true)"],
    );
}

#[test]
fn releasing_what_a_torn_down_thread_held_does_not_hide_the_poison() {
    let printed = lines(|_| {
        let lock = shared_lock()?;
        let theirs = lock.clone();
        let holder = small("holder").spawn(move || -> Result<(), Error> {
            theirs.acquire()?;
            panic!("with a lock that nobody waits for");
        })?;
        holder.join()?;
        println!("{:?} {}", lock.release(), lock.is_locked());
        println!("{:?}", lock.try_acquire());
        Ok(())
    });
    let told: Vec<_> = printed.iter().filter(|line| !line.starts_with("thread ")).collect();
    assert_eq!(told, ["Err(NotHeld) false", "Err(Poisoned)"]);
}

#[test]
fn poison_can_be_cleared_before_anybody_has_met_it() {
    let printed = lines(|_| {
        let lock = shared_lock()?;
        let theirs = lock.clone();
        let holder = small("holder").spawn(move || -> Result<(), Error> {
            theirs.acquire()?;
            panic!("with a lock that nobody waits for");
        })?;
        holder.join()?;
        lock.clear_poison();
        println!("{:?}", lock.try_acquire());
        Ok(())
    });
    assert!(printed.contains(&"Ok(true)".to_owned()), "{printed:?}");
}

#[test]
fn a_lock_is_found_poisoned_however_many_threads_died_since() {
    let printed = lines(|_| {
        let lock = shared_lock()?;
        let theirs = lock.clone();
        let die = |name, work: Box<dyn FnOnce() -> Result<(), Error> + Send>| {
            small(name).spawn(move || -> Result<(), Error> {
                work()?;
                panic!("like many others");
            })
        };
        die("holder", Box::new(move || theirs.acquire()))?.join()?;
        for _ in 0..55 {
            die("another", Box::new(|| Ok(())))?.join()?;
        }
        println!("{:?}", lock.acquire_for(MILLISECOND));
        Ok(())
    });
    assert!(printed.contains(&"Err(Poisoned)".to_owned()), "{printed:?}");
}

#[test]
fn a_held_lock_may_be_moved() {
    check(
        |_| {
            let lock = Lock::new();
            lock.acquire()?;
            let also = Lock::new();
            also.acquire()?;
            let moved = mem::Box::new(lock)?;
            println!("{:?} {:?}", moved.try_acquire(), moved.release());
            println!("{:?} {:?}", also.release(), moved.try_acquire());
            Ok(())
        },
        &["Ok(false) Ok(())", "Ok(()) Ok(true)"],
    );
}

#[test]
fn a_lock_that_outlived_its_taker_says_nothing_about_the_next_thread() {
    let printed = lines(|_| {
        let (old, new) = (shared_lock()?, shared_lock()?);
        let theirs = old.clone();
        small("taker").spawn(move || theirs.acquire())?.join()?;
        // Gets what the taker had in the kernel's tables.
        let theirs = new.clone();
        let next = small("next").spawn(move || -> Result<(), Error> {
            theirs.acquire()?;
            thread::sleep(Span::from_millis(5))?;
            panic!("with the new lock held");
        })?;
        thread::sleep(MILLISECOND)?;
        println!("old {:?}", old.release());
        println!("next {:?}", next.join()?);
        println!("old {:?}", old.try_acquire());
        println!("new {:?}", new.try_acquire());
        Ok(())
    });
    let told: Vec<_> = printed.iter().filter(|line| !line.starts_with("thread ")).collect();
    assert_eq!(told, ["old Ok(())", "next Panicked", "old Ok(true)", "new Err(Poisoned)"]);
}
