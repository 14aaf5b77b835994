//! Callbacks: the rows C08 to C10 and T11, and what else is promised of them.

use crate::check::{check, device, lines};
use crate::locks::{MILLISECOND, small};
use ramscope_kernel::callback::{self, schedule};
use ramscope_kernel::sync::Semaphore;
use ramscope_kernel::thread;
use ramscope_kernel::timer::{Config, Timer};
use ramscope_kernel::{Error, Lock, Mutex, Span, handler, interrupts, println};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// Schedules an inner callback, and is printed first.
fn outer(argument: usize) {
    println!("{:?}", schedule(|inner| println!("inner {inner}"), argument + 1));
    println!("outer {argument}");
}

/// How many of a hundred there is no place for.
fn too_many(_: usize) {
    let refused = (0..100).filter(|n| schedule(|_| (), *n) == Err(Error::Full)).count();
    println!("{refused} refused");
}

#[test]
fn c08_callbacks_get_their_argument_and_never_nest() {
    check(
        |_| {
            schedule(|argument| println!("called with {argument}"), 7)?;
            schedule(outer, 1)?;
            schedule(too_many, 0)?;
            // Each of these is a pass.
            for _ in 0..10 {
                thread::yield_now();
            }
            println!("{}", callback::waiting());
            Ok(())
        },
        &["called with 7", "Ok(())", "outer 1", "inner 2", "92 refused", "0"],
    );
}

#[test]
fn c09_a_sleep_of_nothing_is_a_pass_and_begins_one_callback() {
    check(
        |_| {
            static SUM: AtomicU32 = AtomicU32::new(0);
            fn add(argument: usize) {
                SUM.fetch_add(argument as u32, Relaxed);
            }
            schedule(add, 0)?;
            // Whoever is masked makes no pass; the end of that is one.
            interrupts::masked(|| (1..4).all(|n| schedule(add, n).is_ok()));
            let seen = || (callback::waiting(), SUM.load(Relaxed));
            let first = seen();
            thread::sleep(Span::ZERO)?;
            let second = seen();
            thread::sleep(Span::ZERO)?;
            println!("{first:?} {second:?} {:?}", seen());
            Ok(())
        },
        &["(2, 1) (1, 3) (0, 6)"],
    );
}

#[test]
fn c10_interruptions_are_one_until_it_is_delivered() {
    check(
        |_| {
            for _ in 0..10 {
                thread::interrupt_main();
            }
            println!("{:?}", thread::sleep(MILLISECOND));
            let left = (0..100).filter(|_| thread::sleep(Span::ZERO).is_err()).count();
            println!("{left} left");
            schedule(
                |_| {
                    thread::interrupt_main();
                    println!("callback returns");
                },
                0,
            )?;
            println!("{:?}", thread::sleep(MILLISECOND));
            // One that arrives in the middle ends the sleep.
            let timer = Timer::named("alarm")?;
            timer.init(Config::one_shot().period(20).callback(|_| thread::interrupt_main()))?;
            println!("{:?} at {}", thread::sleep(Span::from_seconds(9)), timer.value());
            Ok(())
        },
        &[
            "Err(Interrupted)",
            "0 left",
            "callback returns",
            "Err(Interrupted)",
            "Err(Interrupted) at 20",
        ],
    );
}

#[test]
fn ctrl_c_interrupts_the_program_that_runs_and_no_later_one() {
    let text =
        device(|_| thread::sleep(Span::from_seconds(2)), &["run test", "\u{3}", "run test"], 5);
    let ends: Vec<&str> = text.text.lines().filter(|line| line.starts_with("test: ")).collect();
    assert_eq!(ends, ["test: failed: interrupted", "test: ended"], "{}", text.text);
}

#[test]
fn m28_the_key_that_interrupts_can_be_chosen_and_taken_away() {
    let text = device(
        |_| {
            use ramscope_kernel::compat::set_interrupt_key;
            for code in [-2, 256, i32::MAX] {
                assert_eq!(set_interrupt_key(code), Err(Error::Invalid));
            }
            set_interrupt_key(-1)?;
            println!("without: {:?}", thread::sleep(Span::from_millis(15)));
            set_interrupt_key(3)?;
            println!("with: {:?}", thread::sleep(Span::from_millis(15)));
            set_interrupt_key(i32::from(b'q'))?;
            println!("another: {:?}", thread::sleep(Span::from_millis(15)));
            set_interrupt_key(3)
        },
        &["run test", "\u{3}", "\u{3}", "q"],
        5,
    );
    let said: Vec<&str> = text.text.lines().filter(|line| line.contains(": ")).skip(1).collect();
    let expected =
        ["without: Ok(())", "with: Err(Interrupted)", "another: Err(Interrupted)", "test: ended"];
    assert_eq!(said, expected, "{}", text.text);
}

/// Eight threads, 10,000 callbacks; who finds the queue full tries again.
#[test]
fn t11_eight_threads_hammer_schedule() {
    static CALLS: AtomicU32 = AtomicU32::new(0);
    fn count(_: usize) {
        CALLS.fetch_add(1, Relaxed);
    }
    let lines = lines(|_| {
        let mut threads = Vec::new();
        for _ in 0..8 {
            threads.push(small("hammer").spawn(|| -> Result<(), Error> {
                for _ in 0..1_250 {
                    while schedule(count, 0) == Err(Error::Full) {
                        thread::yield_now();
                    }
                }
                Ok(())
            })?);
        }
        for thread in threads {
            thread.join()?;
        }
        thread::sleep(MILLISECOND)?;
        let counts = callback::counts();
        println!("{} {} {}", CALLS.load(Relaxed), counts.queued, counts.delivered);
        Ok(())
    });
    assert_eq!(lines, ["10000 10000 10000"]);
}

#[test]
fn a_handler_schedules_too_and_the_unit_is_made_for_it() {
    static CALLED: Semaphore = Semaphore::named("called", 0, 1);
    check(
        |_| {
            handler::raise(|| {
                let _ = schedule(
                    |argument| {
                        println!("{argument} in {}", thread::current_name());
                        let _ = CALLED.release();
                    },
                    5,
                );
            });
            CALLED.acquire()
        },
        &["5 in callbacks"],
    );
}

fn nap(_: usize) {
    let _ = thread::sleep(Span::from_millis(20));
}

#[test]
fn a_callback_that_blocks_holds_up_the_others_and_nobody_else() {
    check(
        |_| {
            schedule(nap, 0)?;
            schedule(|_| println!("second"), 0)?;
            thread::sleep(Span::from_millis(10))?;
            println!("main");
            thread::sleep(Span::from_millis(20))?;
            println!("end");
            Ok(())
        },
        &["main", "second", "end"],
    );
}

#[test]
fn a_panic_ends_its_callback_and_stops_its_timer_and_the_unit_is_made_anew() {
    let text = device(
        |_| {
            let timer = Timer::named("broken")?;
            timer.init(Config::periodic().period(10).callback(|timer| {
                if timer.counts().delivered == 2 {
                    panic!("no more");
                }
            }))?;
            thread::sleep(Span::from_millis(100))?;
            println!("{} {}", timer.counts().delivered, timer.is_armed());
            schedule(|_| println!("alive in unit {}", thread::current_id()), 0)?;
            thread::sleep(MILLISECOND)?;
            println!("{}", callback::counts().failed);
            Ok(())
        },
        &["run test"],
        5,
    )
    .text;
    assert!(text.contains("callback `broken` was torn down; it is not called again\n"), "{text}");
    assert!(text.contains("2 false\nalive in unit 4\n1\ntest: ended\n"), "{text}");
}

#[test]
fn an_error_of_a_callback_is_told_and_the_timer_goes_on() {
    let text = device(
        |_| {
            let timer = Timer::named("failing")?;
            timer.init(Config::periodic().period(10).callback(|_| Err::<(), _>(Error::Closed)))?;
            thread::sleep(Span::from_millis(35))?;
            timer.deinit();
            println!("{}", timer.counts().delivered);
            Ok(())
        },
        &["run test"],
        5,
    )
    .text;
    assert!(text.contains("callback `failing` ended with error 4\n"), "{text}");
    assert!(text.contains("\n3\ntest: ended\n"), "{text}");
}

#[test]
fn a_callback_that_wants_what_the_displaced_thread_has_is_reported_with_both_places() {
    static OWNED: Lock = Lock::named("owned");
    let text = device(
        |_| {
            OWNED.acquire()?;
            schedule(
                |_| {
                    let _ = OWNED.acquire();
                    let _ = OWNED.release();
                },
                0,
            )?;
            OWNED.release()?;
            println!("released");
            thread::sleep(MILLISECOND)
        },
        &["run test"],
        5,
    )
    .text;
    let begin = "callback `scheduled` waits for lock `owned` at ";
    let end = " and was displaced by it\n";
    let line = text.split_once(begin).and_then(|(_, rest)| rest.split_once(end));
    let (places, _) = line.unwrap_or_else(|| panic!("{text}"));
    assert!(places.contains(", which main (unit 1) has at "), "{text}");
    assert!(text.ends_with("test: ended\n"), "{text}");
}

#[test]
fn a_mutex_of_the_displaced_thread_is_reported_too() {
    static OWNED: Mutex<u32> = Mutex::named("owned", 0);
    let text = device(
        |_| {
            let guard = OWNED.lock()?;
            schedule(|_| drop(OWNED.lock()), 0)?;
            drop(guard);
            thread::sleep(MILLISECOND)
        },
        &["run test"],
        5,
    )
    .text;
    assert!(text.contains("callback `scheduled` waits for mutex `owned` at "), "{text}");
}

#[test]
fn an_armed_timer_is_hope_and_one_without_callback_is_none() {
    static GIVEN: Semaphore = Semaphore::named("given", 0, 1);
    check(
        |_| {
            let timer = Timer::named("giver")?;
            timer.init(Config::one_shot().period(500).callback(|_| GIVEN.release()))?;
            GIVEN.acquire()
        },
        &[],
    );
    let text = device(
        |_| {
            let timer = Timer::named("silent")?;
            timer.init(Config::one_shot().period(500))?;
            Semaphore::named("never", 0, 1).acquire()
        },
        &["run test"],
        5,
    )
    .text;
    assert!(
        text.contains("deadlock: nothing is left that could end the wait of 1 thread"),
        "{text}"
    );
}

#[test]
fn a_callback_that_waits_for_ever_is_no_hope_and_neither_are_the_timers_behind_it() {
    static NEVER: Semaphore = Semaphore::named("never", 0, 1);
    fn wait(_: usize) {
        let _ = NEVER.acquire();
    }
    let text = device(
        |_| {
            let timer = Timer::named("behind")?;
            timer.init(Config::periodic().period(10).callback(|_| NEVER.release()))?;
            schedule(wait, 0)?;
            NEVER.acquire()
        },
        &["run test"],
        5,
    )
    .text;
    assert!(
        text.contains("deadlock: nothing is left that could end the waits of 2 threads"),
        "{text}"
    );
}
