//! A heap with holes: blocks until it is full, then every other one given back. Half of the heap is free
//! and no large block can be had, which the figures of fragmentation say beforehand.

use ramscope_kernel::mem::{self, Buffer, Picture};
use ramscope_kernel::{Arguments, Error, Span, println, thread};

const BLOCKS_MAX: usize = 200;

pub(crate) fn run(arguments: Arguments<'_>) -> Result<(), Error> {
    let bytes = arguments.number("bytes", 2048) as usize;
    let wanted = arguments.number("wanted", 8192) as usize;
    let mut blocks: [Buffer; BLOCKS_MAX] = [const { Buffer::new() }; BLOCKS_MAX];
    let filled = fill(&mut blocks, bytes);
    println!("holes: {filled} blocks of {bytes} B fill the heap");
    for block in blocks.iter_mut().step_by(2) {
        *block = Buffer::new();
    }
    describe("every other block is given back");
    match Buffer::with_capacity(wanted) {
        Ok(_) => println!("holes: {wanted} B in one piece can be had"),
        Err(error) => println!("holes: {error}"),
    }
    if arguments.text("map").is_some() {
        mem::write_map(Picture::Owners { letter_bytes: 2048 });
    }
    // For as long as somebody may want to look.
    thread::sleep(Span::from_millis(300))?;
    drop(blocks);
    describe("all are");
    Ok(())
}

/// How many blocks the heap had room for.
fn fill(blocks: &mut [Buffer], bytes: usize) -> usize {
    for (filled, place) in blocks.iter_mut().enumerate() {
        match Buffer::with_capacity(bytes) {
            Ok(block) => *place = block,
            Err(_) => return filled,
        }
    }
    blocks.len()
}

fn describe(when: &str) {
    let Some(shape) = mem::shape() else { return println!("holes: the heap changes too fast") };
    let (free, share) = (shape.free(), shape.fragmentation());
    println!(
        "holes: {when}: {free} B are free, the largest block is {} B, {}.{:02} % are fragmented",
        shape.largest_free(),
        share / 100,
        share % 100
    );
}
