//! The rest of MicroPython's `_thread`, with the rows of the conformance list that it is.

use crate::check::{check, device, lines};
use crate::locks::{MILLISECOND, small};
use core::cell::Cell;
use ramscope_kernel::compat::{self, Strictness};
use ramscope_kernel::mem::{self, Arc};
use ramscope_kernel::thread::{self, Builder, Local};
use ramscope_kernel::{Blocking, Error, Lock, NO_TIMEOUT, Shortage, Span, println};

/// T30: the seed's `stack_size()` reads, MicroPython's resets.
#[test]
fn t30_stack_size_reads_and_in_strict_mode_resets() {
    check(
        |_| {
            println!("{} {}", thread::stack_size(None), thread::stack_size(Some(2048)));
            println!("{} {}", thread::stack_size(None), thread::stack_size(None));
            compat::set(Strictness::MicroPython);
            println!("{} {}", thread::stack_size(None), thread::stack_size(None));
            compat::set(Strictness::Seed);
            thread::stack_size(Some(2048));
            let child = thread::spawn("child", || println!("{}", thread::stack().requested))?;
            child.join().map(drop)
        },
        &["0 0", "2048 2048", "2048 0", "2048"],
    );
}

#[test]
fn a_time_out_is_kept_or_in_strict_mode_ignored() {
    check(
        |_| {
            let lock = Arc::new(Lock::named("tested"))?;
            lock.acquire()?;
            println!("{:?}", lock.acquire_with(Blocking::No, NO_TIMEOUT));
            println!("{:?}", lock.acquire_with(Blocking::Yes, 0.01));
            println!("{:?}", lock.acquire_with(Blocking::No, 1.0));
            compat::set(Strictness::MicroPython);
            println!("{:?}", lock.acquire_with(Blocking::No, 1.0));
            let theirs = lock.clone();
            let waiter = small("waiter").spawn(move || {
                println!("{:?}", theirs.acquire_with(Blocking::Yes, 0.01));
            })?;
            thread::sleep(Span::from_millis(50))?;
            println!("still waits");
            lock.release()?;
            waiter.join().map(drop)
        },
        &["Ok(false)", "Ok(false)", "Err(Invalid)", "Ok(false)", "still waits", "Ok(true)"],
    );
}

#[test]
fn strict_can_be_chosen_on_the_console() {
    let text = device(
        |_| {
            println!("{:?}", compat::strictness());
            Ok(())
        },
        &["strict on", "run test", "strict off", "run test", "strict maybe"],
        1,
    )
    .text;
    assert!(text.contains("strict on\n> run test\nMicroPython\n"), "{text}");
    assert!(text.contains("strict off\n> run test\nSeed\n"), "{text}");
    assert!(text.contains("strict takes on or off\n"), "{text}");
}

/// T31, T32: arguments are values that the thread gets as its own.
#[test]
fn t31_two_threads_start_with_arguments() {
    check(
        |_| {
            let body = |(name, times): (&'static str, u32)| {
                for turn in 0..times {
                    println!("{name} {turn}");
                }
            };
            let one = small("one").spawn_with(("one", 2), body)?;
            let two = small("two").spawn_with(("two", 1), body)?;
            one.join()?;
            two.join().map(drop)
        },
        &["one 0", "one 1", "two 0"],
    );
}

/// T19: ids.
#[test]
fn t19_start_new_thread_answers_the_ident_that_the_thread_has() {
    check(
        |_| {
            let cell = Arc::new(core::sync::atomic::AtomicU32::new(0))?;
            let id = thread::start_new_thread(
                |cell: Arc<core::sync::atomic::AtomicU32>| {
                    cell.store(thread::get_ident(), core::sync::atomic::Ordering::Relaxed);
                },
                cell.clone(),
            )?;
            thread::sleep(MILLISECOND)?;
            let seen = cell.load(core::sync::atomic::Ordering::Relaxed);
            println!("{} {}", id == seen, id != 0 && id != thread::get_ident());
            Ok(())
        },
        &["true true"],
    );
}

/// X06: each resource is named on its own.
#[test]
fn x06_what_was_missing_for_a_thread_is_named_with_what_pends() {
    check(
        |_| {
            let ended = [small("a").spawn(|| ())?, small("b").spawn(|| ())?];
            thread::sleep(MILLISECOND)?;
            let mut living = Vec::new();
            let refused = loop {
                match small("sleeper").spawn(|| thread::sleep(Span::from_millis(9))) {
                    Ok(handle) => living.push(handle),
                    Err(error) => break error,
                }
            };
            let Error::Missing(Shortage::ThreadSlots { pending }) = refused else {
                return Err(refused);
            };
            println!("slots, {} pend", pending.slots());
            ended.into_iter().try_for_each(|handle| handle.join().map(drop))?;
            living.into_iter().try_for_each(|handle| handle.join().map(drop))?;
            let refused = Builder::new("huge").stack_bytes(1 << 20).spawn(|| ()).map(drop);
            let Err(Error::Missing(Shortage::Stack { wanted_bytes, pending, .. })) = refused else {
                return refused;
            };
            println!("stack of more than {} MiB, {} pend", wanted_bytes >> 20, pending.slots());
            Ok(())
        },
        &["slots, 2 pend", "stack of more than 1 MiB, 0 pend"],
    );
}

#[test]
fn the_last_control_block_is_missed_by_name() {
    let printed = lines(|_| {
        // A thread that is torn down keeps its control block with its quarantined memory.
        let refused = loop {
            let dying = small("dying").spawn(|| -> () { panic!("and keeps its memory") });
            match dying {
                Ok(handle) => handle.join().map(drop)?,
                Err(error) => break error,
            }
        };
        println!("refused: {refused}");
        Ok(())
    });
    let refused = printed.iter().find(|line| line.starts_with("refused: ")).unwrap();
    assert!(
        refused.starts_with("refused: out of control blocks: all 128 are taken, "),
        "{refused}"
    );
    assert!(!refused.ends_with(" 0 KiB quarantined"), "{refused}");
}

/// X07, as far as stacks of the host can show it: the engine's scenarios check the high water.
#[test]
fn x07_requested_granted_minimum_and_default_are_told() {
    check(
        |_| {
            let child = Builder::new("child").stack_bytes(100).spawn(|| {
                let stack = thread::stack();
                println!("{} {}", stack.requested, stack.granted);
                println!("{}", stack.granted == stack.minimum && stack.left() <= stack.granted);
            })?;
            println!("{:?}", child.stack().map(|stack| (stack.requested, stack.default)));
            child.join().map(drop)
        },
        &["Some((100, 4096))", "100 1024", "true"],
    );
}

static CALLS: Local<Cell<u32>> = Local::new(|| Cell::new(0));

fn called() -> Result<u32, Error> {
    CALLS.with(|calls| {
        calls.set(calls.get() + 1);
        calls.get()
    })
}

#[test]
fn each_thread_has_its_own_value_and_gives_it_back() {
    check(
        |_| {
            println!("main {} {}", called()?, called()?);
            let before = mem::used_bytes();
            let handles = ["a", "b"].map(|name| {
                small(name).spawn(|| {
                    println!("{} {} {}", thread::current_name(), called()?, called()?);
                    Ok::<(), Error>(())
                })
            });
            for handle in handles {
                handle?.join()?;
            }
            println!("main {} {}", called()?, mem::used_bytes() == before);
            Ok(())
        },
        &["main 1 2", "a 1 2", "b 1 2", "main 3 true"],
    );
}

#[test]
fn values_of_main_end_with_its_program() {
    let body = |_: ramscope_kernel::Arguments<'_>| {
        println!("calls {}", called()?);
        println!("used {}", mem::used_bytes());
        Ok(())
    };
    let text = device(body, &["run test", "run test"], 1).text;
    assert_eq!(text.matches("calls 1\n").count(), 2, "{text}");
    let used: Vec<_> = text.lines().filter(|line| line.starts_with("used ")).collect();
    assert_eq!(used[0], used[1]);
}

#[test]
fn a_value_that_makes_another_one_at_its_end_leaves_nothing() {
    struct Last;
    impl Drop for Last {
        fn drop(&mut self) {
            let _ = called();
        }
    }
    static LAST: Local<Last> = Local::new(|| Last);
    check(
        |_| {
            let before = mem::used_bytes();
            small("child").spawn(|| LAST.with(|_| ()))?.join()?;
            println!("{}", mem::used_bytes() == before);
            Ok(())
        },
        &["true"],
    );
}
