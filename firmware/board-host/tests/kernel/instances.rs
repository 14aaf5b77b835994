//! Several devices in one process.

use crate::check::device;
use ramscope_board_host::Stopped;
use ramscope_kernel::mem::{self, Arc, Box};
use ramscope_kernel::thread::{self, Builder};
use ramscope_kernel::{Arguments, Error, Lock, Span, println};
use std::sync::Barrier;

/// A bit of everything: threads, a lock, the heap, time, a panic.
fn busy(arguments: Arguments<'_>) -> Result<(), Error> {
    let step = u64::from(arguments.number("step", 1));
    let lock = Arc::new(Lock::new())?;
    let mut handles = Vec::new();
    for index in 0..6_u64 {
        let theirs = lock.clone();
        handles.push(Builder::new("worker").stack_bytes(1024).spawn(move || {
            for round in 0..20 {
                let kept = Box::new([round; 50])?;
                let _held = theirs.hold()?;
                println!("{index} {round} unit {}", thread::current_id());
                thread::sleep(Span::from_micros(step * (index + 1)))?;
                assert!(kept[0] < 19 || index != 3, "the third gives up");
            }
            Ok::<(), Error>(())
        })?);
    }
    for handle in handles {
        println!("{:?}", handle.join()?);
        lock.clear_poison();
    }
    println!("{} B used", mem::used_bytes());
    Ok(())
}

fn text(command: &str) -> String {
    device(busy, &[command, "mem", "threads"], 60).text
}

#[test]
fn the_same_input_gives_the_same_text() {
    assert_eq!(text("run test step=9"), text("run test step=9"));
}

#[test]
fn devices_in_several_os_threads_do_not_disturb_each_other() {
    let commands = ["run test step=1", "run test step=50", "run test step=700"];
    let alone = commands.map(text);
    assert_ne!(alone[0], alone[1]);
    let together = Barrier::new(commands.len());
    let beside = std::thread::scope(|scope| {
        let threads = commands.map(|command| {
            let together = &together;
            scope.spawn(move || {
                together.wait();
                text(command)
            })
        });
        threads.map(|thread| thread.join().unwrap())
    });
    assert_eq!(alone, beside);
}

#[test]
fn a_device_starts_anew_after_another_in_the_same_os_thread() {
    let first = device(|_| panic!("for ever"), &["run test"], 1);
    let second = device(|_| Ok(()), &["run test"], 1);
    assert!(first.text.contains("main has ended"));
    assert!(second.text.ends_with("test: ended\n"), "{}", second.text);
}

#[test]
fn a_run_ends_when_its_time_is_up() {
    let run = device(|_| thread::sleep(Span::from_seconds(100)), &["run test"], 2);
    assert_eq!((run.stopped, run.millis), (Stopped::TimeUp, 2_000));
    assert!(!run.text.contains("test: ended"));
}
