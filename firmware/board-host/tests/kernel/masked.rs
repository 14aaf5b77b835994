//! What a critical section of a program, a line inside of a line, and a torn-down parent may not do.

use crate::check::{check, device, lines};
use ramscope_kernel::mem::Arc;
use ramscope_kernel::thread::{self, Builder, End};
use ramscope_kernel::{Error, Lock, Span, interrupts, println};
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

const MILLISECOND: Span = Span::from_millis(1);

#[test]
fn whom_a_masked_section_wakes_runs_after_it() {
    check(
        |_| {
            let shared = Arc::new((Lock::new(), AtomicBool::new(false)))?;
            let theirs = shared.clone();
            shared.0.acquire()?;
            let urgent = Builder::new("urgent").stack_bytes(1024).priority(10);
            let urgent = urgent.spawn(move || -> Result<(), Error> {
                theirs.0.acquire()?;
                theirs.1.store(true, Relaxed);
                Ok(())
            })?;
            let (released, inside) = interrupts::masked(|| {
                let released = shared.0.release();
                thread::yield_now();
                (released, shared.1.load(Relaxed))
            });
            println!("{released:?}, ran inside: {inside}, ran after: {}", shared.1.load(Relaxed));
            urgent.join()?;
            Ok(())
        },
        &["Ok(()), ran inside: false, ran after: true"],
    );
}

#[test]
fn what_would_block_in_a_masked_section_is_refused() {
    check(
        |_| {
            let slept = interrupts::masked(|| thread::sleep(MILLISECOND));
            println!("{slept:?}");
            Ok(())
        },
        &["Err(Masked)"],
    );
}

/// Prints a line of its own while it is printed.
struct Chatty;

impl fmt::Display for Chatty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        println!("inner");
        f.write_str("outer")
    }
}

#[test]
fn a_line_inside_of_a_line_is_lost_and_the_console_says_so() {
    let printed = lines(|_| {
        println!("{Chatty}");
        thread::sleep(MILLISECOND)?;
        println!("on");
        Ok(())
    });
    assert_eq!(printed[0], "outer");
    assert!(printed[1].starts_with("1 lines are lost"), "{printed:?}");
    assert_eq!(printed[2], "on");
}

#[test]
fn children_of_torn_down_parents_give_their_slots_back() {
    let text = device(
        |_| {
            for round in 0..40 {
                let parent = Builder::new("parent").stack_bytes(1024).spawn(|| -> () {
                    let _child = Builder::new("child").stack_bytes(1024).spawn(|| ());
                    panic!("beside a child");
                });
                let end = parent.map(thread::JoinHandle::join);
                assert_eq!(end, Ok(Ok(End::Panicked)), "round {round}");
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
