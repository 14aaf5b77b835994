//! The smallest module that does something: it greets, and remembers whom.
//!
//! For the tests of the loader, and to copy: code, constants, a variable, and memory of the heap.
#![no_std]

extern crate alloc;

use alloc::format;
use core::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use ramscope_module_abi::{Status, println};

ramscope_module_abi::module! {
    name: "hello",
    version: (1, 2, 0),
    dependencies: [],
    exports: [bytes "greet" => greet, numbers "greeted" => greeted, numbers "dig" => dig],
    init: init,
    deinit: deinit,
}

static GREETED: AtomicUsize = AtomicUsize::new(0);

fn init() -> Result<(), Status> {
    GREETED.store(0, Relaxed);
    println!("hello: here");
    Ok(())
}

fn deinit() {
    println!("hello: greeted {} times", GREETED.load(Relaxed));
}

/// Writes a greeting for the name in `input`; answers its length, or the room that it wants.
fn greet(input: &[u8], output: &mut [u8]) -> isize {
    let name = core::str::from_utf8(input).unwrap_or("whoever you are");
    let greeting = format!("hello, {name}");
    GREETED.store(GREETED.load(Relaxed) + 1, Relaxed);
    if let Some(room) = output.get_mut(..greeting.len()) {
        room.copy_from_slice(greeting.as_bytes());
    }
    greeting.len() as isize
}

/// How many were greeted.
fn greeted(_: [usize; 4]) -> isize {
    GREETED.load(Relaxed) as isize
}

/// Goes so many calls deep, each with a frame of its own, and answers how deep it was.
fn dig([depth, ..]: [usize; 4]) -> isize {
    dug(depth) as isize
}

/// One call deeper. What lies in its frame is used after the call, so that there is a frame.
#[inline(never)]
fn dug(depth: usize) -> usize {
    let frame = core::hint::black_box([depth; 8]);
    match depth {
        0 => 0,
        _ => dug(depth - 1) + frame[0] / depth,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_digs_as_deep_as_it_is_told() {
        assert_eq!(dig([12, 0, 0, 0]), 12);
    }

    #[test]
    fn a_greeting_fits_or_says_how_much_room_it_wants() {
        let mut room = [0; 16];
        assert_eq!(greet(b"you", &mut room), 10);
        assert_eq!(&room[..10], b"hello, you");
        assert_eq!(greet(b"you", &mut []), 10);
    }
}
