//! Which calls led to each block of the heap.
//!
//! A header names who holds a block and the line that asked for it, not who had called that line. The
//! machine sees the heap's own functions being entered and left, and at that instant the calls that are
//! not over are known, exactly. So each block gets the chain of its allocation, beside the device: the
//! device does the same with and without.
//!
//! Optimised code passes arguments as it likes, so none is believed but an address that is that of a
//! known block. What is believed is what the heap answers: a payload, with a header before it.
//!
//! Invariants:
//! 1. No two known blocks overlap: a new one takes the place of those that it covers, which were given back.
//! 2. A block is told only if its header says that it is in use, by the site that it was allocated at.

use std::collections::BTreeMap;

use ramscope_capture::{HeldBlock, ObserverEvent};
use ramscope_engine::{CpuView, Flow, Image, Machine, Observer};
use ramscope_time::Instant;

use super::stacks::{SP, StackWatch, WithCalls};

/// What the names of the heap's functions begin with, up to their own names and lengths.
const HEAP: &str = "_ZN15ramscope_kernel4heap4Heap";
/// The function that allocates and the one for large alignments.
const ALLOCATE: [&str; 2] = ["5place17h", "13place_aligned17h"];
/// The functions that give back.
const FREE: [&str; 2] = ["8try_free17h", "7reclaim17h"];
/// The register of the first argument and of the answer, and that of the second argument.
const ARGUMENTS: [u8; 2] = [10, 11];
const HEADER_BYTES: u32 = 8;
/// The bit of a header's first word that says that the block is free, and those of the size.
const FREE_BIT: u32 = 1;
const SIZE_BITS: u32 = 0x7FFF_FFF8;
/// The bits of a header's second word that are the site; one above says that the block is shared.
const SITE_SHIFT: u32 = 16;
const SITE_BITS: u32 = 0x7FFF;
/// Blocks that are known at once; of more the later ones are not.
const BLOCKS_MAX: usize = 65_536;

/// The blocks in use, and how they came about.
#[derive(Clone, Debug)]
pub(super) struct BlockWatch {
    allocate: [Option<u32>; 2],
    free: [Option<u32>; 2],
    entered: Option<Entered>,
    /// By the address of the header.
    blocks: BTreeMap<u32, Known>,
}

/// A function of the heap that runs.
#[derive(Clone, Debug)]
struct Entered {
    return_address: u32,
    sp: u32,
    what: Doing,
}

#[derive(Clone, Debug)]
enum Doing {
    Allocates { unit: u32, callers: Vec<u32> },
    GivesBack(u32),
}

#[derive(Clone, Debug)]
struct Known {
    at: Instant,
    bytes: u32,
    site: u16,
    unit: u32,
    /// Innermost first.
    callers: Vec<u32>,
}

/// What a header says of a block in use.
fn used(head: u32, tag: u32) -> Option<(u32, u16)> {
    let (bytes, site) = (head & SIZE_BITS, (tag >> SITE_SHIFT & SITE_BITS) as u16);
    (head & FREE_BIT == 0 && bytes > 0).then_some((bytes, site))
}

impl BlockWatch {
    /// A watch for an image whose symbols name the functions of our heap.
    pub(super) fn of(image: &Image) -> Option<Self> {
        let find = |name: &str| image.symbol_beginning(&format!("{HEAP}{name}"));
        let allocate = ALLOCATE.map(find);
        allocate[0]?;
        let free = FREE.map(find);
        Some(Self { allocate, free, entered: None, blocks: BTreeMap::new() })
    }

    /// The device was reset: nothing is allocated.
    pub(super) fn device_reset(&mut self) {
        self.entered = None;
        self.blocks.clear();
    }

    fn call(&mut self, cpu: &CpuView<'_>, target: u32, return_address: u32, stacks: &StackWatch) {
        let what = if self.allocate.contains(&Some(target)) {
            let (unit, callers) = stacks.open_calls(cpu.register(SP));
            Doing::Allocates { unit, callers }
        } else if self.free.contains(&Some(target)) {
            let headers = ARGUMENTS.map(|n| cpu.register(n).wrapping_sub(HEADER_BYTES));
            let Some(known) = headers.into_iter().find(|at| self.blocks.contains_key(at)) else {
                return;
            };
            Doing::GivesBack(known)
        } else {
            return;
        };
        self.entered = Some(Entered { return_address, sp: cpu.register(SP), what });
    }

    fn ret(&mut self, cpu: &CpuView<'_>, target: u32) {
        let is_it =
            |entered: &Entered| entered.return_address == target && entered.sp == cpu.register(SP);
        let Some(entered) = self.entered.take_if(|entered| is_it(entered)) else { return };
        match entered.what {
            Doing::Allocates { unit, callers } => {
                let payload = cpu.register(ARGUMENTS[0]);
                let at = payload.wrapping_sub(HEADER_BYTES);
                if payload != 0
                    && let Some((bytes, site)) = header(cpu, at)
                {
                    self.add(at, Known { at: cpu.now(), bytes, site, unit, callers });
                }
            }
            Doing::GivesBack(at) if header(cpu, at).is_none() => {
                self.blocks.remove(&at);
            }
            // A free that was refused.
            Doing::GivesBack(_) => {}
        }
    }

    fn add(&mut self, at: u32, block: Known) {
        let end = at.saturating_add(block.bytes);
        let before = self.blocks.range(..at).next_back();
        let overlapping = before.filter(|(start, known)| *start + known.bytes > at);
        let mut gone: Vec<u32> = overlapping.map(|(start, _)| *start).into_iter().collect();
        gone.extend(self.blocks.range(at..end).map(|(start, _)| *start));
        for start in gone {
            self.blocks.remove(&start);
        }
        if self.blocks.len() < BLOCKS_MAX {
            self.blocks.insert(at, block);
        }
    }

    /// The blocks in use now, those of one chain together.
    pub(super) fn held(&self, machine: &Machine) -> Vec<ObserverEvent> {
        let mut chains: BTreeMap<_, Vec<HeldBlock>> = BTreeMap::new();
        for (&address, known) in &self.blocks {
            let word = |at| machine.read_word(at).ok();
            let words = word(address).zip(word(address + 4));
            // A block that grew or shrank where it is has another size now, and the same site.
            if let Some((bytes, site)) = words.and_then(|(head, tag)| used(head, tag))
                && site == known.site
            {
                let chain = (known.unit, known.site, &known.callers);
                chains.entry(chain).or_default().push(HeldBlock { at: known.at, address, bytes });
            }
        }
        let told = chains.into_iter().map(|((unit, site, callers), blocks)| ObserverEvent::Held {
            unit,
            site,
            callers: callers.clone(),
            blocks,
        });
        told.collect()
    }
}

fn header(cpu: &CpuView<'_>, at: u32) -> Option<(u32, u16)> {
    let mut words = [0; 8];
    cpu.read_bytes(at, &mut words).ok()?;
    let word = |n| u32::from_le_bytes(words[n..n + 4].try_into().expect("four bytes of eight"));
    used(word(0), word(4))
}

/// The watch over stacks and the one over blocks, on one run: without blocks to watch, the other runs
/// alone and pays nothing for this one.
pub(super) struct WithBlocks<'a> {
    pub(super) stacks: &'a mut StackWatch,
    pub(super) blocks: &'a mut BlockWatch,
}

impl Observer for WithBlocks<'_> {
    const STORES: bool = true;
    const CALLS: bool = true;
    const TRAPS: bool = true;

    fn store(&mut self, cpu: &CpuView<'_>, address: u32, bytes: u8, value: u32) -> Flow {
        self.stacks.store(cpu, address, bytes, value)
    }

    fn call(&mut self, cpu: &CpuView<'_>, target: u32, return_address: u32) -> Flow {
        let flow = WithCalls(self.stacks).call(cpu, target, return_address);
        self.blocks.call(cpu, target, return_address, self.stacks);
        flow
    }

    fn ret(&mut self, cpu: &CpuView<'_>, target: u32) -> Flow {
        self.blocks.ret(cpu, target);
        Flow::Continue
    }

    fn trap(&mut self, cpu: &CpuView<'_>, cause: u32, handler: u32) -> Flow {
        WithCalls(self.stacks).trap(cpu, cause, handler)
    }

    fn trap_return(&mut self, cpu: &CpuView<'_>, target: u32) -> Flow {
        WithCalls(self.stacks).trap_return(cpu, target)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(bytes: u32, site: u16) -> Known {
        Known { at: Instant::ZERO, bytes, site, unit: 5, callers: vec![40] }
    }

    fn watch() -> BlockWatch {
        BlockWatch { allocate: [None; 2], free: [None; 2], entered: None, blocks: BTreeMap::new() }
    }

    #[test]
    fn a_new_block_takes_the_place_of_all_that_it_covers() {
        let mut watch = watch();
        for at in [0x1000, 0x1020, 0x1040, 0x1060] {
            watch.add(at, known(32, 1));
        }
        watch.add(0x1030, known(32, 2));
        let starts: Vec<u32> = watch.blocks.keys().copied().collect();
        assert_eq!(starts, [0x1000, 0x1030, 0x1060]);
    }

    #[test]
    fn a_header_tells_size_and_site_of_a_block_in_use_only() {
        assert_eq!(used(0x40, 0x8007_05C5), Some((0x40, 7)), "shared");
        assert_eq!(used(0x8000_0042, 0x0007_05C5), Some((0x40, 7)), "in quarantine");
        assert_eq!((used(0x41, 0), used(0, 0)), (None, None), "free; the end of an area");
    }
}
