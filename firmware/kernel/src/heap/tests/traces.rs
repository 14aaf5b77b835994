//! The allocation traces by which other allocators were measured: how full and how ragged the heap
//! gets.
//!
//! xorshift32 (13, 17, 5) from 0x12345678; 128 slots; 10,000 operations; `i = r() % 128`: an empty
//! slot allocates, a full one frees; an allocation that fails leaves its slot empty. Trace A and C
//! draw sizes of `16 + r() % 497`, B draws from three ranges; A and B run in 64 KiB, C in 24 KiB.

use super::std::println;
use super::std::vec;

use super::{Arena, OwnerIndex, bytes, check, give_back};

const OPERATIONS: u32 = 10_000;
const SLOTS: usize = 128;

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

struct Outcome {
    allocations: u32,
    failures: u32,
    /// Largest payload in percent of (heap - live payload), at the end.
    largest_percent: f64,
    /// The mean of the same over the last nine tenths of the trace.
    largest_percent_mean: f64,
    free_blocks: u32,
}

impl Outcome {
    fn print(&self, trace: char) {
        println!(
            "trace {trace}: {}/{} allocations failed; largest/(heap - live) {:.1} % at the end, \
             {:.1} % on average; {} free blocks at the end",
            self.failures,
            self.allocations,
            self.largest_percent,
            self.largest_percent_mean,
            self.free_blocks
        );
    }
}

fn run(heap_bytes: usize, size: fn(&mut Random) -> u32) -> Outcome {
    let arena = Arena::new(heap_bytes);
    let mut heap = arena.heap_of(&[heap_bytes], 0);
    let mut random = Random(0x1234_5678);
    let mut slots = vec![None; SLOTS];
    let (mut allocations, mut failures, mut live) = (0, 0, 0);
    let mut percents = vec![];
    for operation in 0..OPERATIONS {
        let slot = random.next() as usize % SLOTS;
        if let Some((pointer, size)) = slots[slot].take() {
            give_back(&mut heap, pointer).unwrap();
            live -= size;
        } else {
            let size = size(&mut random);
            allocations += 1;
            match heap.allocate(bytes(size as usize), OwnerIndex::KERNEL, 0) {
                Ok(pointer) => {
                    slots[slot] = Some((pointer, size));
                    live += size;
                }
                Err(_) => failures += 1,
            }
        }
        if operation >= OPERATIONS / 10 {
            let free = f64::from(heap_bytes as u32 - live);
            percents.push(100.0 * f64::from(heap.totals().largest_free) / free);
        }
        if operation % 100 == 0 {
            check(&heap);
        }
    }
    check(&heap);
    Outcome {
        allocations,
        failures,
        largest_percent: percents[percents.len() - 1],
        largest_percent_mean: percents.iter().sum::<f64>() / percents.len() as f64,
        free_blocks: heap.totals().free_blocks,
    }
}

/// Peers: 85 to 90 %.
#[test]
fn trace_a_leaves_one_large_block() {
    let outcome = run(64 * 1024, size_a);
    outcome.print('A');
    assert_eq!(outcome.failures, 0);
    assert!(outcome.largest_percent >= 90.0);
    assert!(outcome.largest_percent_mean >= 85.0);
}

#[test]
fn trace_b_leaves_one_large_block() {
    let outcome = run(64 * 1024, size_b);
    outcome.print('B');
    assert_eq!(outcome.failures, 0);
    assert!(outcome.largest_percent >= 90.0);
    assert!(outcome.largest_percent_mean >= 90.0);
}

/// Peers: 4 to 26 failures of two-level fits, 12 and 23 of lists, 73 and 264 of others.
#[test]
fn trace_c_seldom_fails_in_a_tight_heap() {
    let outcome = run(24 * 1024, size_a);
    outcome.print('C');
    assert!(outcome.failures <= 20);
}
