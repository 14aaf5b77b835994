//! Threads: how they begin, take turns, are asked to end, and end.

use crate::check::{check, device, lines};
use ramscope_kernel::mem::{self, Arc};
use ramscope_kernel::sched::THREADS_MAX;
use ramscope_kernel::thread::{self, Builder, End, Failure, JoinHandle};
use ramscope_kernel::{Error, Exit, Instant, Lock, Shortage, Span, println};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

const MILLISECOND: Span = Span::from_millis(1);
/// The idle context, main and the console have a slot each.
const SLOTS_FOR_PROGRAMS: usize = THREADS_MAX - 3;

/// A small thread.
fn small(name: &'static str) -> Builder {
    Builder::new(name).stack_bytes(1024)
}

fn sleeps_for_ever() -> Result<(), Error> {
    loop {
        thread::sleep(Span::from_seconds(1))?;
    }
}

fn asked_to_end(handle: JoinHandle) -> Result<End, Error> {
    thread::sleep(MILLISECOND)?;
    handle.request_exit();
    handle.join()
}

#[test]
fn join_says_how_the_thread_ended() {
    check(
        |_| {
            println!("{:?}", thread::spawn("returns", || {})?.join()?);
            println!("{:?}", thread::spawn("ok", || Ok::<(), Error>(()))?.join()?);
            println!("{:?}", thread::spawn("fails", || Err::<(), _>(Error::TimedOut))?.join()?);
            println!("{:?}", thread::spawn("exits", || Err::<(), _>(thread::exit()))?.join()?);
            println!("{:?}", asked_to_end(thread::spawn("asked", sleeps_for_ever)?)?);
            Ok(())
        },
        &["Returned", "Returned", "Failed(1)", "Exited", "Exited"],
    );
}

#[test]
fn a_thread_that_ended_before_join_is_still_known() {
    check(
        |_| {
            let handle = thread::spawn("quick", || Err::<(), _>(Error::Closed))?;
            println!("{:?}", handle.end());
            thread::sleep(MILLISECOND)?;
            println!("{:?}", handle.end());
            println!("{:?}", handle.join()?);
            Ok(())
        },
        &["None", "Some(Failed(4))", "Failed(4)"],
    );
}

#[test]
fn t14_a_panic_ends_its_thread_with_a_report_and_nothing_else() {
    let printed = lines(|_| {
        let other = thread::spawn("other", || thread::sleep(Span::from_millis(50)))?;
        let end = thread::spawn("careless", || -> () { panic!("out of luck") })?.join()?;
        println!("careless: {end:?}");
        println!("other: {:?}", other.join()?);
        Ok(())
    });
    let report = &printed.iter().find(|line| line.starts_with("thread ")).expect("a report");
    assert!(report.contains("thread careless (unit 4) panicked at"), "{report}");
    assert!(report.contains("threads.rs:") && report.contains("out of luck"), "{report}");
    assert!(printed.iter().any(|line| line == "careless: Panicked"), "{printed:?}");
    assert!(printed.iter().any(|line| line == "other: Returned"), "{printed:?}");
}

#[test]
fn t15_exit_ends_a_thread_silently() {
    check(
        |_| {
            let handles =
                [(); 3].map(|()| thread::spawn("silent", || Err::<(), _>(thread::exit())));
            for handle in handles {
                println!("{:?}", handle?.join()?);
            }
            Ok(())
        },
        &["Exited"; 3],
    );
}

#[test]
fn a_panic_of_main_ends_main_and_the_console_still_answers() {
    let text = device(|_| panic!("in main"), &["run test", "run test", "threads"], 1).text;
    assert!(text.contains("thread main (unit 1) panicked at"), "{text}");
    assert!(text.contains("main has ended: no program can run until `reset`"), "{text}");
    assert!(text.contains("main has ended: `reset` first"), "{text}");
    assert!(text.contains("panicked") && text.contains("console"), "{text}");
}

#[test]
fn after_main_has_ended_no_other_thread_is_taken_for_it() {
    let text = device(
        |_| {
            small("heir").spawn(|| {
                thread::sleep(Span::from_millis(5))?;
                small("child").spawn(sleeps_for_ever).map(drop)
            })?;
            panic!("and leaves a place behind");
        },
        &["run test", "run test"],
        1,
    )
    .text;
    assert!(text.ends_with("> run test\nmain has ended: `reset` first\n"), "{text}");
}

#[test]
fn a_thread_knows_its_name_and_its_id_is_that_of_its_handle() {
    check(
        |_| {
            println!("{} {}", thread::current_name(), thread::current_id());
            let tell = || println!("{} {}", thread::current_name(), thread::current_id());
            for name in ["left", "right", "right"] {
                let handle = thread::spawn(name, tell)?;
                println!("made {}", handle.id());
                handle.join()?;
            }
            Ok(())
        },
        &["main 1", "made 3", "left 3", "made 4", "right 4", "made 5", "right 5"],
    );
}

#[test]
fn ids_are_never_reused() {
    check(
        |_| {
            let mut last = thread::current_id();
            for round in 0..200 {
                let handle = small("short").spawn(|| {})?;
                assert!(handle.id() > last, "round {round}");
                last = handle.id();
                handle.join()?;
            }
            // A refused one may use an id up, but never gives one back.
            assert!(Builder::new("huge").stack_bytes(1 << 24).spawn(|| {}).is_err());
            assert!(small("short").spawn(|| {})?.id() > last);
            Ok(())
        },
        &[],
    );
}

#[test]
fn a_more_urgent_thread_runs_before_spawn_returns() {
    check(
        |_| {
            let urgent = small("urgent").priority(9).spawn(|| println!("urgent"))?;
            println!("main");
            let patient = small("patient").priority(7).spawn(|| println!("patient"))?;
            println!("main still");
            urgent.join()?;
            patient.join()?;
            Ok(())
        },
        &["urgent", "main", "main still", "patient"],
    );
}

#[test]
fn the_most_urgent_ready_thread_runs_first_whenever_it_was_made() {
    check(
        |_| {
            let tell = || println!("{}", thread::current_name());
            for (name, priority) in [("five", 5), ("seven", 7), ("six", 6), ("also seven", 7)] {
                drop(small(name).priority(priority).spawn(tell)?);
            }
            thread::sleep(MILLISECOND)
        },
        &["seven", "also seven", "six", "five"],
    );
}

#[test]
fn a_thread_that_wakes_takes_the_processor_from_a_less_urgent_one() {
    check(
        |_| {
            let lock = Arc::new(Lock::new())?;
            lock.acquire()?;
            let theirs = lock.clone();
            let urgent = small("urgent").priority(9).spawn(move || {
                theirs.acquire()?;
                println!("urgent has it");
                theirs.release()
            })?;
            println!("main releases");
            lock.release()?;
            println!("main goes on");
            urgent.join().map(drop)
        },
        &["main releases", "urgent has it", "main goes on"],
    );
}

#[test]
fn equal_threads_take_turns_in_the_order_they_came() {
    check(
        |_| {
            let three_times = || {
                for turn in 0..3 {
                    println!("{}{turn}", thread::current_name());
                    thread::yield_now();
                }
            };
            let names = ["a", "b", "c"];
            let handles = names.map(|name| small(name).spawn(three_times));
            for handle in handles {
                handle?.join()?;
            }
            Ok(())
        },
        &["a0", "b0", "c0", "a1", "b1", "c1", "a2", "b2", "c2"],
    );
}

#[test]
fn yielding_to_nobody_or_to_less_urgent_threads_goes_on_at_once() {
    check(
        |_| {
            thread::yield_now();
            let patient = small("patient").priority(3).spawn(|| println!("patient"))?;
            thread::yield_now();
            println!("main");
            patient.join().map(drop)
        },
        &["main", "patient"],
    );
}

#[test]
fn without_a_free_slot_spawn_says_so_and_leaves_nothing_behind() {
    check(
        |_| {
            let mut handles = Vec::new();
            let refused = loop {
                let before = mem::totals();
                match small("sleeper").spawn(sleeps_for_ever) {
                    Ok(handle) => handles.push(handle),
                    Err(error) => {
                        assert_eq!(mem::totals().used, before.used);
                        assert_eq!(mem::totals().used_blocks, before.used_blocks);
                        break error;
                    }
                }
            };
            assert_eq!(handles.len(), SLOTS_FOR_PROGRAMS);
            println!("{refused}");
            assert!(matches!(refused, Error::Missing(Shortage::ThreadSlots { .. })), "{refused}");
            asked_to_end(handles.remove(7))?;
            handles.push(small("again").spawn(sleeps_for_ever)?);
            for handle in handles {
                assert_eq!(asked_to_end(handle)?, End::Exited);
            }
            Ok(())
        },
        &["out of thread slots: all 64 are taken, 0 ended threads not joined, 0 KiB quarantined"],
    );
}

#[test]
fn without_memory_for_the_stack_spawn_says_how_much_was_missing() {
    check(
        |_| {
            let before = mem::totals();
            let refused = Builder::new("huge").stack_bytes(1 << 20).spawn(|| {});
            let Err(Error::Missing(Shortage::Stack { wanted_bytes, largest_free_bytes, .. })) =
                refused
            else {
                panic!("{refused:?}");
            };
            assert!(wanted_bytes > 1 << 20);
            assert_eq!(largest_free_bytes, before.largest_free);
            assert_eq!(mem::totals().used, before.used);
            assert_eq!(mem::totals().free_blocks, before.free_blocks);
            Ok(())
        },
        &[],
    );
}

/// Counts how often it is dropped.
struct Dropped(&'static AtomicU32);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.fetch_add(1, Relaxed);
    }
}

#[test]
fn a_body_is_dropped_once_whether_it_ran_or_not() {
    static DROPS: AtomicU32 = AtomicU32::new(0);
    check(
        |_| {
            let mark = Dropped(&DROPS);
            let refused = Builder::new("huge").stack_bytes(1 << 20).spawn(move || drop(mark));
            println!("{} after {}", DROPS.load(Relaxed), refused.is_err());
            let mark = Dropped(&DROPS);
            small("runs").spawn(move || drop(mark))?.join()?;
            println!("{}", DROPS.load(Relaxed));
            let mut handles = Vec::new();
            while let Ok(handle) = small("sleeper").spawn(sleeps_for_ever) {
                handles.push(handle);
            }
            let mark = Dropped(&DROPS);
            assert!(small("no slot").spawn(move || drop(mark)).is_err());
            println!("{}", DROPS.load(Relaxed));
            Ok(())
        },
        &["1 after true", "2", "3"],
    );
}

#[test]
fn t08_five_hundred_threads_come_and_go_without_a_trace() {
    check(
        |_| {
            let before = mem::totals();
            for _ in 0..500 {
                assert_eq!(small("short").spawn(|| {})?.join()?, End::Returned);
            }
            let after = mem::totals();
            assert_eq!((after.used, after.free), (before.used, before.free));
            assert_eq!(
                (after.used_blocks, after.free_blocks),
                (before.used_blocks, before.free_blocks)
            );
            assert_eq!(after.largest_free, before.largest_free);
            Ok(())
        },
        &[],
    );
}

#[test]
fn five_hundred_threads_that_nobody_joins_come_and_go_without_a_trace() {
    check(
        |_| {
            let before = mem::totals();
            for round in 0..500 {
                let spawned = small("alone").spawn(|| {});
                assert!(spawned.is_ok(), "round {round}: {spawned:?}");
                drop(spawned);
                thread::yield_now();
            }
            thread::sleep(MILLISECOND)?;
            assert_eq!(mem::totals().used, before.used);
            Ok(())
        },
        &[],
    );
}

#[test]
fn torn_down_threads_that_nobody_joins_give_their_slots_back() {
    let text = device(
        |_| {
            for round in 0..SLOTS_FOR_PROGRAMS + 5 {
                let spawned = small("careless").spawn(|| -> () { panic!("again") });
                assert!(spawned.is_ok(), "round {round}: {spawned:?}");
                drop(spawned);
                thread::sleep(MILLISECOND)?;
            }
            Ok(())
        },
        &["run test"],
        10,
    )
    .text;
    assert!(text.ends_with("test: ended\n"), "{text}");
}

#[test]
fn a_burst_of_panics_is_reported_or_counted_and_gives_all_slots_back() {
    let text = device(
        |_| {
            for round in 0..6 {
                let mut handles = Vec::new();
                for _ in 0..10 {
                    handles.push(small("careless").spawn(|| -> () { panic!("together") })?);
                }
                if round % 2 == 0 {
                    handles.into_iter().try_for_each(|handle| handle.join().map(drop))?;
                } else {
                    drop(handles);
                }
                thread::sleep(Span::from_millis(20))?;
            }
            Ok(())
        },
        &["run test"],
        10,
    )
    .text;
    assert!(text.ends_with("test: ended\n"), "{text}");
    let reported = text.matches("thread careless").count();
    let lost = text.lines().filter_map(|line| line.split_once(" more threads ended"));
    let lost: usize = lost.map(|(count, _)| count.parse::<usize>().unwrap()).sum();
    assert_eq!(reported + lost, 60);
}

#[test]
fn a_request_to_end_arrives_at_sleep_lock_and_join_at_once() {
    check(
        |_| {
            let lock = Arc::new(Lock::new())?;
            lock.acquire()?;
            let (theirs, also_theirs) = (lock.clone(), lock.clone());
            let long = Span::from_seconds(50);
            let handles = [
                thread::spawn("sleep", move || thread::sleep(long))?,
                thread::spawn("lock", move || theirs.acquire())?,
                thread::spawn("timed lock", move || also_theirs.acquire_for(long))?,
                thread::spawn("join", move || {
                    thread::spawn("joined", sleeps_for_ever)?.join().map(drop)
                })?,
                thread::spawn("timed join", move || {
                    thread::spawn("joined", sleeps_for_ever)?.join_for(long).map(drop)
                })?,
            ];
            thread::sleep(MILLISECOND)?;
            let start = Instant::now();
            handles.iter().for_each(JoinHandle::request_exit);
            for handle in handles {
                println!("{:?}", handle.join()?);
            }
            assert!(Instant::now() - start < MILLISECOND);
            // Who was asked to end has left the queue: nobody stands before main.
            lock.release()?;
            println!("{:?}", lock.try_acquire());
            Ok(())
        },
        &["Exited", "Exited", "Exited", "Exited", "Exited", "Ok(true)"],
    );
}

#[test]
fn a_request_before_the_first_instruction_arrives_at_the_first_blocking_call() {
    check(
        |_| {
            let handle = thread::spawn("fresh", || {
                println!("fresh runs");
                thread::sleep(Span::ZERO)?;
                println!("fresh runs on");
                Ok::<(), Error>(())
            })?;
            handle.request_exit();
            println!("{:?}", handle.join()?);
            Ok(())
        },
        &["fresh runs", "Exited"],
    );
}

#[test]
fn a_thread_that_ignores_three_requests_is_torn_down_at_the_next_call() {
    let printed = lines(|_| {
        let stubborn = thread::spawn("stubborn", || -> () {
            loop {
                if let Err(error) = thread::sleep(Span::from_millis(10)) {
                    println!("{error}");
                }
            }
        })?;
        let end = asked_to_end(stubborn)?;
        println!("{end:?}");
        Ok(())
    });
    let told = printed.iter().filter(|line| *line == "asked to end").count();
    assert_eq!(told, 3, "{printed:?}");
    assert!(printed.contains(&"Refused".to_owned()), "{printed:?}");
    assert!(
        printed.iter().any(|line| line.contains("thread stubborn (unit 3)")
            && line.contains("was asked to end three times and went on")),
        "{printed:?}"
    );
}

#[test]
fn each_kind_of_blocking_call_tells_again() {
    check(
        |_| {
            let lock = Arc::new(Lock::new())?;
            lock.acquire()?;
            let theirs = lock.clone();
            let stubborn = thread::spawn("stubborn", move || {
                println!("{:?}", thread::sleep(Span::from_seconds(9)).is_err());
                println!("{:?}", theirs.acquire().is_err());
                println!("{:?}", theirs.try_acquire());
                println!("{:?}", theirs.acquire_for(MILLISECOND).is_err());
            })?;
            println!("{:?}", asked_to_end(stubborn)?);
            Ok(())
        },
        &["true", "true", "Ok(false)", "true", "Returned"],
    );
}

#[test]
fn a_request_to_an_ended_thread_does_nothing() {
    check(
        |_| {
            let handle = thread::spawn("quick", || {})?;
            thread::sleep(MILLISECOND)?;
            handle.request_exit();
            println!("{:?}", handle.join()?);
            Ok(())
        },
        &["Returned"],
    );
}

/// A program's own error, as programs write them: with a variant for what the kernel says.
enum PumpError {
    Dry,
    Kernel(Error),
}

impl From<Error> for PumpError {
    fn from(error: Error) -> Self {
        PumpError::Kernel(error)
    }
}

impl Failure for PumpError {
    fn exit(&self) -> Option<Exit> {
        match self {
            PumpError::Kernel(error) => error.exit(),
            PumpError::Dry => None,
        }
    }

    fn code(&self) -> u32 {
        match self {
            PumpError::Dry => 70,
            PumpError::Kernel(error) => error.code(),
        }
    }
}

#[test]
fn a_programs_own_error_type_hands_a_request_to_end_on() {
    check(
        |_| {
            let dry = thread::spawn("dry", || Err::<(), _>(PumpError::Dry))?;
            println!("{:?}", dry.join()?);
            let asked = thread::spawn("asked", || {
                sleeps_for_ever()?;
                Ok::<(), PumpError>(())
            })?;
            println!("{:?}", asked_to_end(asked)?);
            Ok(())
        },
        &["Failed(70)", "Exited"],
    );
}

#[test]
fn join_for_gives_up_on_time() {
    check(
        |_| {
            let handle = thread::spawn("slow", || thread::sleep(Span::from_millis(30)))?;
            let start = Instant::now();
            println!("{:?}", handle.join_for(Span::from_millis(20)));
            println!("{} ms", (Instant::now() - start).as_millis());
            let handle = thread::spawn("fast", || thread::sleep(Span::from_millis(5)))?;
            println!("{:?}", handle.join_for(Span::from_millis(20)));
            println!("{} ms", (Instant::now() - start).as_millis());
            Ok(())
        },
        &["Err(TimedOut)", "20 ms", "Ok(Returned)", "25 ms"],
    );
}

#[test]
fn a_thread_can_make_and_join_threads() {
    fn grow(depth: u32) -> Result<(), Error> {
        if depth < 8 {
            let child = small("deeper").spawn(move || grow(depth + 1))?;
            assert_eq!(child.join()?, End::Returned);
        }
        println!("{depth}");
        Ok(())
    }
    check(|_| grow(4), &["8", "7", "6", "5", "4"]);
}
