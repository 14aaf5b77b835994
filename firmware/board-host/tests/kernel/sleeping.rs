//! Sleeping: how long, in which order, and without drift.

use crate::check::{check, lines};
use ramscope_kernel::thread::{self, Builder, JoinHandle};
use ramscope_kernel::{Error, Instant, Span, println};

/// Kernel calls take this long at most on the host's clock, which moves a tick with each look.
const SLACK: Span = Span::from_micros(100);

/// A small thread.
fn small(name: &'static str) -> Builder {
    Builder::new(name).stack_bytes(1024)
}

fn join_all(handles: Vec<JoinHandle>) -> Result<(), Error> {
    handles.into_iter().try_for_each(|handle| handle.join().map(drop))
}

#[test]
fn t28_sleepers_wake_in_the_order_of_their_deadlines() {
    check(
        |_| {
            let times = [("fifty", 50), ("ten", 10), ("forty", 40), ("twenty", 20), ("thirty", 30)];
            let mut handles = Vec::new();
            for (name, millis) in times {
                handles.push(small(name).spawn(move || {
                    thread::sleep(Span::from_millis(millis))?;
                    println!("{name}");
                    Ok::<(), Error>(())
                })?);
            }
            join_all(handles)
        },
        &["ten", "twenty", "thirty", "forty", "fifty"],
    );
}

#[test]
fn equal_deadlines_wake_in_the_order_in_which_they_were_set() {
    let printed = lines(|_| {
        let at = Instant::now() + Span::from_millis(20);
        let mut handles = Vec::new();
        for index in 0..20 {
            handles.push(small("sleeper").spawn(move || {
                thread::sleep_until(at)?;
                println!("{index}");
                assert!(Instant::now() - at < SLACK);
                Ok::<(), Error>(())
            })?);
        }
        join_all(handles)
    });
    let order: Vec<u32> = printed.iter().map(|line| line.parse().unwrap()).collect();
    assert_eq!(order, (0..20).collect::<Vec<_>>());
}

#[test]
fn t29_a_sleep_is_never_too_short_and_hardly_too_long() {
    check(
        |_| {
            for micros in [1, 63, 1_000, 10_000, 999_999, 5_000_000] {
                let span = Span::from_micros(micros);
                let start = Instant::now();
                thread::sleep(span)?;
                let slept = Instant::now() - start;
                assert!(
                    slept >= span && Instant::now() < start + span + SLACK,
                    "{micros} us: {slept:?}"
                );
            }
            Ok(())
        },
        &[],
    );
}

#[test]
fn sleeping_until_instants_does_not_drift() {
    check(
        |_| {
            let period = Span::from_millis(10);
            let mut next = Instant::now();
            for _ in 0..1000 {
                next = next + period;
                thread::sleep_until(next)?;
                assert!(Instant::now() >= next && Instant::now() - next < SLACK);
            }
            Ok(())
        },
        &[],
    );
}

#[test]
fn two_sleepers_do_not_lengthen_each_others_sleep() {
    check(
        |_| {
            let start = Instant::now();
            let short = small("short").spawn(move || {
                thread::sleep(Span::from_millis(200))?;
                println!("short {}", (Instant::now() - start).as_millis());
                Ok::<(), Error>(())
            })?;
            thread::sleep(Span::from_millis(500))?;
            println!("main {}", (Instant::now() - start).as_millis());
            short.join().map(drop)
        },
        &["short 200", "main 500"],
    );
}

#[test]
fn an_instant_that_has_passed_is_no_wait() {
    check(
        |_| {
            let start = Instant::now();
            thread::sleep(Span::from_millis(5))?;
            thread::sleep_until(start)?;
            assert!(Instant::now() < start + Span::from_millis(5) + SLACK);
            Ok(())
        },
        &[],
    );
}

#[test]
fn sleeping_for_no_time_lets_equal_threads_go_first() {
    check(
        |_| {
            let other = small("other").spawn(|| println!("other"))?;
            thread::sleep(Span::ZERO)?;
            println!("main");
            other.join().map(drop)
        },
        &["other", "main"],
    );
}

#[test]
fn a_sleep_to_the_end_of_time_can_still_be_ended() {
    check(
        |_| {
            let sleeper = small("sleeper").spawn(|| thread::sleep(Span::from_seconds(u64::MAX)))?;
            thread::sleep(Span::from_seconds(30))?;
            println!("{:?}", sleeper.end());
            sleeper.request_exit();
            println!("{:?}", sleeper.join()?);
            Ok(())
        },
        &["None", "Exited"],
    );
}
