//! Programs that do at random whatever threads can do, and what must hold at their end anyway.

use crate::check::device;
use ramscope_kernel::mem::{self, Arc, Box};
use ramscope_kernel::thread::{self, Builder, End};
use ramscope_kernel::{Arguments, Error, Lock, Span, println};

const WORKERS: u32 = 8;
const STEPS: u32 = 120;

/// Numbers that look random and are the same in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (self.0 >> 33) % bound
    }
}

type Locks = Arc<[Lock; 3]>;

/// Does one thing at random; whatever it took it gives back before it returns.
fn step(random: &mut Random, locks: &Locks, kept: &mut Vec<Box<[u64; 30]>>) -> Result<(), Error> {
    let lock = &locks[random.below(3) as usize];
    let span = Span::from_micros(random.below(300));
    match random.below(9) {
        0 => thread::yield_now(),
        1 => thread::sleep(span)?,
        2 => {
            let _held = lock.hold()?;
            thread::sleep(span)?;
        }
        3 => match lock.acquire_for(span) {
            Ok(()) => {
                thread::yield_now();
                lock.release()?;
            }
            Err(Error::TimedOut) => {}
            Err(error) => return Err(error),
        },
        4 => {
            if lock.try_acquire()? {
                lock.release()?;
            }
        }
        5 => kept.push(Box::new([random.0; 30])?),
        6 => kept.truncate(random.below(3) as usize),
        7 => {
            let child = Builder::new("child").stack_bytes(1024);
            let child = child.priority(1 + random.below(15) as u8);
            let handle = child.spawn(move || thread::sleep(span))?;
            match random.below(4) {
                0 => drop(handle),
                1 => {
                    handle.request_exit();
                    handle.join()?;
                }
                2 => {
                    // It may give up; the child then goes on alone.
                    let _ = handle.join_for(Span::from_micros(50));
                }
                _ => assert_eq!(handle.join()?, End::Returned),
            }
        }
        _ => println!("{} says {}", thread::current_name(), random.0),
    }
    Ok(())
}

fn worker(seed: u64, locks: &Locks) -> Result<(), Error> {
    let mut random = Random(seed);
    let mut kept = Vec::new();
    (0..STEPS).try_for_each(|_| step(&mut random, locks, &mut kept))
}

fn everything(arguments: Arguments<'_>) -> Result<(), Error> {
    let mut random = Random(u64::from(arguments.number("seed", 0)));
    let before = mem::totals();
    let locks: Locks = Arc::new([const { Lock::new() }; 3])?;
    let mut handles = Vec::new();
    for _ in 0..WORKERS {
        let (seed, theirs) = (random.below(1 << 30), locks.clone());
        let builder = Builder::new("worker").stack_bytes(1024);
        let builder = builder.priority(7 + random.below(3) as u8);
        handles.push(builder.spawn(move || worker(seed, &theirs))?);
    }
    thread::sleep(Span::from_micros(random.below(9_000)))?;
    handles[0].request_exit();
    for (index, handle) in handles.into_iter().enumerate() {
        let end = handle.join()?;
        assert!(end == End::Returned || index == 0 && end == End::Exited, "{index}: {end:?}");
    }
    // Children that nobody joined.
    thread::sleep(Span::from_millis(1))?;
    for lock in locks.iter() {
        assert_eq!(lock.try_acquire(), Ok(true));
    }
    drop(locks);
    let after = mem::totals();
    assert_eq!((after.used, after.free), (before.used, before.free));
    assert_eq!((after.used_blocks, after.free_blocks), (before.used_blocks, before.free_blocks));
    assert_eq!(after.largest_free, before.largest_free);
    Ok(())
}

#[test]
fn whatever_threads_do_ends_in_order_and_gives_everything_back() {
    for seed in 1..=40 {
        let command = format!("run test seed={seed}");
        let first = device(everything, &[&command, "threads"], 30).text;
        assert!(first.contains("test: ended\n"), "seed {seed}");
        assert_eq!(first, device(everything, &[&command, "threads"], 30).text, "seed {seed}");
    }
}
