//! Our heap and those of others, one after the other under the same traces.
//!
//! The problem: a figure from another machine, compiler or loop says little beside ours. The idea: one
//! program contains all of them, and each runs the loops of the module [`traces`] from a fresh area. A
//! store to [`RAMSCOPE_BENCH`] says which operation begins, and another that it ended; who watches the
//! stores counts what executes between. What only the program can know it prints, a line a trace.
//!
//! Invariants:
//! 1. Every allocator has the same 64 or 24 KiB, an alignment of eight, and the same sizes in the same
//!    order, for as long as none fails.
//! 2. Nothing but the call of an allocator, which is never inlined, stands between two stores.
//! 3. Every payload is written before it is given back, and must hold what was written: an allocator
//!    that hands out a byte twice panics.
#![no_std]
#![no_main]

mod machine;
mod subjects;
mod traces;

use core::sync::atomic::{AtomicU32, Ordering};
use subjects::{EmbeddedList, EmbeddedTlsf, LinkedList, Ours, Rlsf, TalcRaw, Unaccounted};

/// The operation that is under way, by the letters of its row; 0 for none.
#[used]
#[unsafe(no_mangle)]
static RAMSCOPE_BENCH: AtomicU32 = AtomicU32::new(0);

/// What executes from here on counts for this row.
#[inline(always)]
fn begin(row: u32) {
    RAMSCOPE_BENCH.store(row, Ordering::Relaxed);
}

/// What executes from here on counts for none.
#[inline(always)]
fn end() {
    RAMSCOPE_BENCH.store(0, Ordering::Relaxed);
}

#[unsafe(no_mangle)]
extern "C" fn guest() -> ! {
    traces::all::<Ours>(b'0');
    traces::all::<Unaccounted>(b'1');
    traces::all::<Rlsf>(b'2');
    traces::all::<TalcRaw>(b'3');
    traces::all::<EmbeddedTlsf>(b'4');
    traces::all::<EmbeddedList>(b'5');
    traces::all::<LinkedList>(b'6');
    say!("allocators: ended\n");
    machine::finish()
}
