//! Blocks of the heap, taken, used and given back, or not: for phases, leaks, and allocations that
//! fail. What it cannot get it does without, and says so; unless it is told to be careless: then it forgets
//! what it has when something is refused, so that a sweep has something to find.

use core::hint::black_box;
use ramscope_kernel::mem::Box;
use ramscope_kernel::{Arguments, Error, println, thread};

type Block = Box<[u8; 256]>;

const BLOCKS_MAX: usize = 16;

/// How deep a worker goes that is told to.
#[inline(never)]
fn descend(depth: u32) -> u32 {
    let frame = black_box([depth; 16]);
    if depth == 0 { frame[0] } else { descend(depth - 1) + frame[15] }
}

/// What becomes of the blocks that there are when one is refused.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Care {
    GivenBack,
    Forgotten,
}

/// Takes `count` blocks at once; keeps the first `kept` of them for ever.
fn take(count: usize, mut kept: usize, care: Care) {
    let mut blocks: [Option<Block>; BLOCKS_MAX] = [const { None }; BLOCKS_MAX];
    let mut got = 0;
    for (number, place) in blocks.iter_mut().enumerate().take(count) {
        match Box::new([0; 256]) {
            Ok(block) => {
                *place = Some(block);
                got += 1;
            }
            Err(error) => {
                println!("blocks: number {}: {error}", number + 1);
                if care == Care::Forgotten {
                    kept = number;
                }
            }
        }
    }
    for block in blocks.iter_mut().take(kept) {
        core::mem::forget(block.take());
    }
    println!("blocks: got {got} of {count}");
}

pub(crate) fn run(arguments: Arguments<'_>) -> Result<(), Error> {
    let count = (arguments.number("count", 4) as usize).min(BLOCKS_MAX);
    let kept = arguments.number("kept", 0) as usize;
    let care = match arguments.number("careless", 0) {
        0 => Care::GivenBack,
        _ => Care::Forgotten,
    };
    let depth = arguments.number("depth", 0);
    let worker = thread::Builder::new("worker").stack_bytes(4096);
    let worker = worker.spawn(move || {
        black_box(descend(depth));
        take(count, kept, care);
    });
    match worker {
        Ok(worker) => worker.join().map(drop),
        Err(error) => {
            println!("blocks: no worker: {error}");
            Ok(())
        }
    }
}
