//! Threads that others suspend and resume.

use crate::check::{check, device, lines};
use crate::locks::{MILLISECOND, small};
use core::sync::atomic::{AtomicBool, Ordering::Relaxed};
use ramscope_kernel::mem::Arc;
use ramscope_kernel::thread;
use ramscope_kernel::{Error, Lock, Mutex, Span, println};

#[test]
fn one_resumption_ends_any_number_of_suspensions() {
    check(
        |_| {
            let worker = small("worker").spawn(|| println!("worker runs"))?;
            let target = worker.thread_ref();
            println!("{:?} {:?} {}", target.suspend(), target.suspend(), target.is_suspended());
            thread::sleep(MILLISECOND)?;
            println!("{:?} {:?} {}", target.resume(), target.resume(), target.is_suspended());
            worker.join()?;
            println!("{:?} {:?}", target.suspend(), target.resume());
            Ok(())
        },
        &[
            "Ok(true) Ok(false) true",
            "Ok(true) Ok(false) false",
            "worker runs",
            "Err(Closed) Err(Closed)",
        ],
    );
}

#[test]
fn a_thread_that_suspends_itself_goes_on_where_it_stopped() {
    check(
        |_| {
            let worker = small("worker").priority(12).spawn(|| {
                println!("before");
                thread::suspend()?;
                println!("after");
                Ok::<(), Error>(())
            })?;
            println!("main");
            println!("{:?}", worker.thread_ref().resume());
            worker.join().map(drop)
        },
        &["before", "main", "after", "Ok(true)"],
    );
}

#[test]
fn the_time_out_of_a_suspended_thread_runs_and_it_learns_of_it_when_it_is_resumed() {
    check(
        |_| {
            let lock = Arc::new(Lock::named("tested"))?;
            let theirs = lock.clone();
            lock.acquire()?;
            let waiter = small("waiter").spawn(move || {
                println!("{:?}", theirs.acquire_for(Span::from_millis(2)));
            })?;
            thread::sleep(MILLISECOND)?;
            waiter.thread_ref().suspend()?;
            thread::sleep(Span::from_millis(3))?;
            println!("{:?}", lock.release());
            waiter.thread_ref().resume()?;
            waiter.join().map(drop)
        },
        &["Ok(())", "Err(TimedOut)"],
    );
}

#[test]
fn what_a_suspended_thread_waits_for_is_given_to_it_all_the_same() {
    check(
        |_| {
            let lock = Arc::new(Lock::named("tested"))?;
            let theirs = lock.clone();
            lock.acquire()?;
            let waiter = small("waiter").spawn(move || println!("{:?}", theirs.acquire()))?;
            thread::sleep(MILLISECOND)?;
            waiter.thread_ref().suspend()?;
            lock.release()?;
            thread::sleep(MILLISECOND)?;
            println!("{:?}", lock.try_acquire());
            waiter.thread_ref().resume()?;
            waiter.join().map(drop)
        },
        &["Ok(false)", "Ok(())"],
    );
}

#[test]
fn a_request_to_end_resumes_it() {
    check(
        |_| {
            let itself = small("itself").spawn(thread::suspend)?;
            let waits = small("waits").spawn(|| thread::sleep(Span::from_seconds(9)))?;
            thread::sleep(MILLISECOND)?;
            waits.thread_ref().suspend()?;
            itself.request_exit();
            waits.request_exit();
            println!("{:?} {:?}", itself.join()?, waits.join()?);
            Ok(())
        },
        &["Exited Exited"],
    );
}

#[test]
fn who_waits_for_a_mutex_of_a_suspended_thread_lends_to_it_and_gets_it_in_the_end() {
    check(
        |_| {
            let mutex = Arc::new(Mutex::named("tested", 0))?;
            let (theirs, urgents) = (mutex.clone(), mutex);
            let holder = small("holder").priority(9).spawn(move || {
                let _guard = theirs.lock()?;
                thread::suspend()?;
                println!("holder runs at {}", thread::current_priority());
                Ok::<(), Error>(())
            })?;
            let urgent = small("urgent").priority(13).spawn(move || {
                println!("urgent {:?}", urgents.lock().map(drop));
            })?;
            holder.thread_ref().resume()?;
            holder.join()?;
            urgent.join().map(drop)
        },
        &["holder runs at 13", "urgent Ok(())"],
    );
}

#[test]
fn the_kernels_own_threads_and_callbacks_are_left_alone() {
    static TRIED: AtomicBool = AtomicBool::new(false);
    check(
        |_| {
            ramscope_kernel::callback::schedule(
                |_| {
                    println!("{:?} {:?}", thread::suspend(), thread::current().suspend());
                    TRIED.store(true, Relaxed);
                },
                0,
            )?;
            while !TRIED.load(Relaxed) {
                thread::sleep(MILLISECOND)?;
            }
            Ok(())
        },
        &["Err(Invalid) Err(Invalid)"],
    );
}

#[test]
fn nobody_left_to_resume_it_is_a_deadlock_and_who_suspended_it_is_named() {
    let run = device(
        |_| {
            let mutex = Arc::new(Mutex::named("tested", 0))?;
            let theirs = mutex.clone();
            let holder = small("holder").spawn(move || {
                let _guard = theirs.lock()?;
                thread::sleep(Span::from_millis(2))
            })?;
            thread::sleep(MILLISECOND)?;
            holder.thread_ref().suspend()?;
            mutex.lock().map(drop)
        },
        &["run test", "threads", "waits"],
        1,
    );
    let has = |text: &str| run.text.contains(text);
    assert!(has("deadlock: nothing is left that could end the waits of 2 threads"), "{}", run.text);
    assert!(has(", suspended) has for"), "{}", run.text);
    assert!(has(") is suspended for "), "{}", run.text);
    assert!(has("by main (unit 1) at "), "{}", run.text);
}

#[test]
fn as_long_as_somebody_can_resume_it_no_deadlock_is_told() {
    let printed = lines(|_| {
        let mutex = Arc::new(Mutex::named("tested", 0))?;
        let theirs = mutex.clone();
        let holder = small("holder").spawn(move || {
            let _guard = theirs.lock()?;
            thread::suspend()
        })?;
        let target = holder.thread_ref();
        thread::sleep(MILLISECOND)?;
        small("helper").spawn(move || {
            thread::sleep(Span::from_millis(5))?;
            target.resume().map(drop)
        })?;
        println!("{:?}", mutex.lock().map(drop));
        holder.join().map(drop)
    });
    assert_eq!(printed, ["Ok(())"]);
}
