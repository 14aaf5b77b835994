//! The traces by which allocators are measured.
//!
//! xorshift32 (13, 17, 5) from 0x12345678; 128 slots; 10,000 operations; `i = r() % 128`: an empty slot
//! allocates, a full one frees; an allocation that fails leaves its slot empty. Traces A and C draw
//! sizes of `16 + r() % 497`, B draws from three ranges; A and B run in 64 KiB, C in 24 KiB.

use core::alloc::Layout;
use core::cell::UnsafeCell;
use core::mem::MaybeUninit;
use core::ptr::NonNull;

use crate::subjects::Subject;
use crate::{begin, end, say};

const OPERATIONS: u32 = 10_000;
const SLOTS: usize = 128;
const LARGE: usize = 64 * 1024;
const TIGHT: usize = 24 * 1024;
const LIFO_ROUNDS: u32 = 1_000;
const WARM_UP: u32 = 10;

/// Where every area is.
#[repr(align(4096))]
struct Arena(UnsafeCell<[u8; LARGE]>);

// SAFETY: there is one thread, and one subject at a time.
unsafe impl Sync for Arena {}

static ARENA: Arena = Arena(UnsafeCell::new([0; LARGE]));

struct Random(u32);

impl Random {
    fn next(&mut self) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0
    }
}

fn size_a(random: &mut Random) -> u32 {
    16 + random.next() % 497
}

fn size_b(random: &mut Random) -> u32 {
    let kind = random.next() % 100;
    let size = random.next();
    match kind {
        0..60 => 16 + size % 49,
        60..90 => 65 + size % 64,
        _ => 129 + size % 384,
    }
}

/// Everything, for one allocator; `digit` tells its rows from those of others.
pub fn all<S: Subject>(digit: u8) {
    say!("allocators: {} {} B control\n", S::NAME, S::CONTROL_BYTES);
    trace::<S>(digit, b'A', LARGE, size_a);
    trace::<S>(digit, b'B', LARGE, size_b);
    trace::<S>(digit, b'C', TIGHT, size_a);
    for (letter, bytes) in [(b's', 16), (b'm', 64), (b'l', 128)] {
        last_in_first_out::<S>(digit, letter, bytes);
    }
    for bytes in [16, 32, 64, 100] {
        let mut subject = fresh::<S>(LARGE);
        let mut count = 0;
        while take(&mut subject, layout(bytes)).is_some() {
            count += 1;
        }
        say!("allocators: {count} blocks of {bytes} B\n");
    }
}

/// A row: whose, in which trace, and `a` for an allocation or `f` for a free.
const fn row(digit: u8, trace: u8, operation: u8) -> u32 {
    u32::from_le_bytes([digit, trace, operation, b' '])
}

fn layout(bytes: u32) -> Layout {
    Layout::from_size_align(bytes as usize, 8).expect("eight is a power of two")
}

fn fresh<S: Subject>(bytes: usize) -> S {
    let area = NonNull::new(ARENA.0.get()).expect("a static is somewhere").cast();
    // SAFETY: the subject before this one is gone, with all its blocks.
    unsafe { S::over(area, bytes) }
}

#[inline(never)]
fn take<S: Subject>(subject: &mut S, layout: Layout) -> Option<NonNull<u8>> {
    subject.take(layout)
}

#[inline(never)]
fn give<S: Subject>(subject: &mut S, pointer: NonNull<u8>, layout: Layout) {
    // SAFETY: every caller gives a pointer from `take` back once, with its layout.
    unsafe { subject.give(pointer, layout) }
}

/// What a slot holds.
#[derive(Clone, Copy)]
struct Held {
    pointer: NonNull<MaybeUninit<u8>>,
    bytes: u32,
    value: u8,
}

impl Held {
    fn new(pointer: NonNull<u8>, bytes: u32, value: u8) -> Self {
        assert!(pointer.addr().get().is_multiple_of(8), "the alignment that was asked for");
        // SAFETY: the payload has so many bytes.
        unsafe { pointer.write_bytes(value, bytes as usize) };
        Self { pointer: pointer.cast(), bytes, value }
    }

    fn check(&self) {
        for at in [0, self.bytes / 2, self.bytes - 1] {
            // SAFETY: within the payload, which was written when it was taken.
            let byte = unsafe { self.pointer.add(at as usize).cast::<u8>().read() };
            assert!(byte == self.value, "somebody else wrote to this block");
        }
    }
}

fn trace<S: Subject>(digit: u8, letter: u8, heap_bytes: usize, size: fn(&mut Random) -> u32) {
    let mut subject = fresh::<S>(heap_bytes);
    let mut random = Random(0x1234_5678);
    let mut slots: [Option<Held>; SLOTS] = [None; SLOTS];
    let (mut allocations, mut failures, mut live) = (0, 0, 0);
    for operation in 0..OPERATIONS {
        let slot = &mut slots[random.next() as usize % SLOTS];
        if let Some(held) = slot.take() {
            held.check();
            live -= held.bytes;
            let layout = layout(held.bytes);
            begin(row(digit, letter, b'f'));
            give(&mut subject, held.pointer.cast(), layout);
            end();
        } else {
            let bytes = size(&mut random);
            let layout = layout(bytes);
            allocations += 1;
            begin(row(digit, letter, b'a'));
            let taken = take(&mut subject, layout);
            end();
            match taken {
                Some(pointer) => {
                    live += bytes;
                    *slot = Some(Held::new(pointer, bytes, operation as u8));
                }
                None => failures += 1,
            }
        }
    }
    let blocks = slots.iter().flatten().count() as u32;
    assert!(subject.is_sound(blocks), "an allocator lost count");
    let largest = largest(&mut subject, heap_bytes as u32);
    let letter = char::from(letter);
    say!("allocators: trace {letter} {failures} of {allocations} failed, largest {largest} B ");
    say!("of {} B\n", heap_bytes as u32 - live);
}

/// The largest block that it gives, found by halves.
fn largest<S: Subject>(subject: &mut S, heap_bytes: u32) -> u32 {
    let (mut fits, mut too_much) = (0, heap_bytes + 1);
    while fits + 1 < too_much {
        let bytes = fits.midpoint(too_much);
        match take(subject, layout(bytes)) {
            Some(pointer) => {
                give(subject, pointer, layout(bytes));
                fits = bytes;
            }
            None => too_much = bytes,
        }
    }
    fits
}

/// A block that is given back at once, in an empty heap.
fn last_in_first_out<S: Subject>(digit: u8, letter: u8, bytes: u32) {
    let mut subject = fresh::<S>(LARGE);
    let layout = layout(bytes);
    for round in 0..WARM_UP + LIFO_ROUNDS {
        let counts = if round < WARM_UP { 0 } else { u32::MAX };
        begin(row(digit, letter, b'a') & counts);
        let taken = take(&mut subject, layout);
        end();
        let held = Held::new(taken.expect("the heap is empty"), bytes, round as u8);
        held.check();
        begin(row(digit, letter, b'f') & counts);
        give(&mut subject, held.pointer.cast(), layout);
        end();
    }
}
