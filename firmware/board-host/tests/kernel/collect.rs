//! Collections with declared roots: the host port's stacks and statics are the host's, so a program says
//! what is a root, and promises that this is all. What a scan of real stacks finds is tested on the engine.

#![expect(unsafe_code, reason = "declares what is a root, and that this is all")]

use crate::check::{Body, lines};
use ramscope_kernel::collect::{self, roots};
use ramscope_kernel::mem::{self, Buffer};
use ramscope_kernel::thread::{Builder, End};
use ramscope_kernel::wire::CollectOutcome;
use ramscope_kernel::{Error, println};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// A thread takes a block, says where, and is torn down.
fn leave_a_block(at: &'static AtomicUsize, bytes: usize) -> Result<(), Error> {
    let body = move || -> Result<(), Error> {
        let mut block = Buffer::with_capacity(bytes)?;
        block.extend(&[0x5A])?;
        at.store(block.as_ptr().addr(), Relaxed);
        core::mem::forget(block);
        panic!("torn down");
    };
    let end = Builder::new("left").stack_bytes(1024).spawn(body)?.join()?;
    assert!(matches!(end, End::Panicked), "{end:?}");
    Ok(())
}

/// Makes the words of an array a root, for the whole test.
fn declare(words: &'static [AtomicUsize]) -> Result<roots::RootGuard, Error> {
    let range = words.as_ptr_range();
    // SAFETY: statics are readable for ever.
    unsafe { roots::register(range.start.cast()..range.end.cast()) }
}

/// What a program says about collections, without what the device tells by itself.
fn check(body: Body, expected: &[&str]) {
    let said = lines(body);
    let said: Vec<&str> = said.iter().filter_map(|line| line.strip_prefix("said ")).collect();
    assert_eq!(said, expected);
}

fn complete() {
    // SAFETY: what these programs use beside the declared words is their own, and is not torn down.
    unsafe { roots::promise_complete() }
}

#[test]
fn without_a_promise_that_the_roots_are_all_nothing_is_decided() {
    static AT: AtomicUsize = AtomicUsize::new(0);
    check(
        |_| {
            leave_a_block(&AT, 500)?;
            let used = mem::used_bytes();
            let collected = collect::collect()?;
            assert_eq!(collected.outcome, CollectOutcome::Undeclared);
            assert_eq!((collected.blocks, mem::used_bytes()), (0, used));
            println!("said nothing");
            Ok(())
        },
        &["nothing"],
    );
}

#[test]
fn a_block_of_a_torn_down_unit_stays_as_long_as_a_declared_root_points_into_it() {
    static AT: AtomicUsize = AtomicUsize::new(0);
    static ROOTS: [AtomicUsize; 2] = [const { AtomicUsize::new(0) }; 2];
    check(
        |_| {
            let before = mem::used_bytes();
            complete();
            let guard = declare(&ROOTS)?;
            leave_a_block(&AT, 500)?;
            // Into the middle of it: interior pointers keep, too.
            ROOTS[1].store(AT.load(Relaxed) + 123, Relaxed);
            let first = collect::collect()?;
            assert_eq!(first.outcome, CollectOutcome::Complete);
            assert_eq!((first.kept_blocks, first.kept_bytes), (1, 512), "{first:?}");
            ROOTS[1].store(0, Relaxed);
            let second = collect::collect()?;
            assert_eq!((second.blocks, second.bytes, second.kept_blocks), (1, 512, 0));
            assert_eq!((second.owners, mem::used_bytes()), (1, before));
            drop(guard);
            Ok(())
        },
        &[],
    );
}

#[test]
fn what_is_reached_keeps_what_it_points_to_and_an_undeclared_word_keeps_nothing() {
    static FIRST: AtomicUsize = AtomicUsize::new(0);
    static SECOND: AtomicUsize = AtomicUsize::new(0);
    static ROOTS: [AtomicUsize; 1] = [AtomicUsize::new(0)];
    static NO_ROOT: AtomicUsize = AtomicUsize::new(0);
    check(
        |_| {
            complete();
            let _guard = declare(&ROOTS)?;
            leave_a_block(&FIRST, 200)?;
            leave_a_block(&SECOND, 300)?;
            // The root points to a block of main's, and that to the first one; nothing to the second.
            let mut own = Buffer::with_capacity(64)?;
            own.extend(&FIRST.load(Relaxed).to_ne_bytes())?;
            ROOTS[0].store(own.as_ptr().addr(), Relaxed);
            NO_ROOT.store(SECOND.load(Relaxed), Relaxed);
            let collected = collect::collect()?;
            println!("said kept {}, freed {}", collected.kept_blocks, collected.blocks);
            own.truncate(0);
            own.extend(&[0; 8])?;
            println!("said freed {}", collect::collect()?.blocks);
            Ok(())
        },
        &["kept 1, freed 3", "freed 1"],
    );
}
