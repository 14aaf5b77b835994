//! Rows G25 to G85: a whole collection, over as many pairs as fill that share of 56 KB.
//!
//! A pair is what MicroPython's tuple of two is: a block of four words of which two point to other
//! pairs. They form one graph of chains and chances, and a thread waits for what main can give, so that
//! nothing may be left out.

use super::{Row, pause};
use core::alloc::Layout;
use core::hint::black_box;
use core::ptr::NonNull;
use ramscope_kernel::mem::{Arc, block};
use ramscope_kernel::sync::Semaphore;
use ramscope_kernel::thread::Builder;
use ramscope_kernel::{Error, collect};

/// Type, length, and two others.
type Pair = [usize; 4];

/// The heap in which MicroPython was measured: 3,500 blocks of 16 bytes.
const BLOCKS: usize = 3_500;
/// How often each row collects.
const TIMES: u32 = 10;

const ROWS: [(Row, usize); 4] = [
    (Row::of(b"G25 "), 25),
    (Row::of(b"G50 "), 50),
    (Row::of(b"G75 "), 75),
    (Row::of(b"G85 "), 85),
];

pub(super) fn all() -> Result<(), Error> {
    let wanted = Arc::new(Semaphore::named("wanted", 0, 1))?;
    let its = wanted.clone();
    // Without a handle: who has one could end the wait, and nothing would have to be looked at.
    Builder::new("waiter").stack_bytes(1024).spawn(move || its.acquire()).map(drop)?;
    super::settle()?;
    for (row, percent) in ROWS {
        let mut graph = Graph::of(BLOCKS * percent / 100)?;
        black_box(&mut graph);
        collect()?;
        row.begin();
        for _ in 0..TIMES {
            let found = collect()?;
            assert!(found.words as usize > 4 * graph.pairs, "all pairs were looked at");
        }
        pause();
        row.say(TIMES, TIMES)?;
        graph.give_back();
    }
    wanted.release()?;
    super::settle()
}

/// Pairs that a chain leads through.
struct Graph {
    last: Option<NonNull<Pair>>,
    pairs: usize,
}

impl Graph {
    /// So many pairs: each points to the one before, and to another one by chance.
    fn of(pairs: usize) -> Result<Self, Error> {
        let mut graph = Self { last: None, pairs: 0 };
        let mut other = None;
        let mut random = 0x1234_5678_u32;
        for _ in 0..pairs {
            let pair = block::allocate(Layout::new::<Pair>())?.cast::<Pair>();
            let address = |pair: Option<NonNull<Pair>>| {
                pair.map_or(0, |pair| pair.as_ptr().expose_provenance())
            };
            // SAFETY: a new block of the right size and alignment.
            unsafe { pair.as_ptr().write([1, 2, address(graph.last), address(other)]) };
            random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            graph.pairs += 1;
            graph.last = Some(pair);
            if random >> 29 == 0 || other.is_none() {
                other = Some(pair);
            }
        }
        Ok(graph)
    }

    fn give_back(mut self) {
        while let Some(pair) = self.last {
            // SAFETY: a pair of the graph, written by `of`.
            let [_, _, before, _] = unsafe { pair.as_ptr().read() };
            self.last = NonNull::new(core::ptr::with_exposed_provenance_mut(before));
            // SAFETY: nobody else has it.
            unsafe { block::free(pair.cast()) };
        }
    }
}
