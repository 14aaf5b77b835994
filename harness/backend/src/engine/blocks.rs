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
//! What is told: the blocks in use at the end, and those in use when most was. A peak is looked at when
//! it is over, that is, before the first block after it is given back: while a heap grows, nothing
//! is added up.
//!
//! Invariants:
//! 1. No two known blocks overlap: a new one takes the place of those that it covers, which were given back.
//! 2. A block is told only if its header says that it is in use, by the site that it was allocated at.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ramscope_capture::{HeldBlock, HeldBy, ObserverEvent};
use ramscope_engine::{CpuView, Flow, Image, Machine, Observer};
use ramscope_time::Instant;

use super::owners::{Owners, ReadWord};
use super::stacks::{SP, StackWatch, WithCalls};

/// What the names of the heap's functions begin with, up to their own names and lengths.
const HEAP: &str = "_ZN15ramscope_kernel4heap4Heap";
/// The function that allocates and the one for large alignments.
const ALLOCATE: [&str; 2] = ["5place17h", "13place_aligned17h"];
/// The functions that give back.
const FREE: [&str; 2] = ["8try_free17h", "7reclaim17h"];
/// The one that makes a block larger or smaller where it stands.
const RESIZE: &str =
    "_ZN15ramscope_kernel4heap6resize45_$LT$impl$u20$ramscope_kernel..heap..Heap$GT$6resize17h";
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
    resize: Option<u32>,
    owners: Option<Owners>,
    entered: Option<Entered>,
    /// By the address of the header.
    blocks: BTreeMap<u32, Known>,
    /// Each chain once: a device is copied often.
    chains: BTreeSet<Arc<Chain>>,
    /// Bytes of all of them.
    in_use: u64,
    peak: Peak,
}

/// How some blocks came about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Chain {
    unit: u32,
    site: u16,
    /// Innermost first.
    callers: Vec<u32>,
}

/// The time when most was in use.
#[derive(Clone, Debug, Default)]
struct Peak {
    bytes: u64,
    at: Instant,
    /// `None`: nothing was given back since.
    held: Option<Vec<Held>>,
}

/// What came about in one way and has one owner.
#[derive(Clone, Debug)]
struct Held {
    chain: Arc<Chain>,
    owner: Option<HeldBy>,
    blocks: Vec<HeldBlock>,
}

impl Held {
    fn bytes(&self) -> u64 {
        self.blocks.iter().map(|block| u64::from(block.bytes)).sum()
    }
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
    Resizes(u32),
}

#[derive(Clone, Debug)]
struct Known {
    at: Instant,
    bytes: u32,
    chain: Arc<Chain>,
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
        Some(Self {
            allocate,
            free: FREE.map(find),
            resize: image.symbol_beginning(RESIZE),
            owners: Owners::of(image),
            ..Self::empty()
        })
    }

    fn empty() -> Self {
        Self {
            allocate: [None; 2],
            free: [None; 2],
            resize: None,
            owners: None,
            entered: None,
            blocks: BTreeMap::new(),
            chains: BTreeSet::new(),
            in_use: 0,
            peak: Peak::default(),
        }
    }

    /// The device was reset: nothing is allocated. What it held at its peak is looked at no more, because
    /// its memory is gone; a boot's peak is told only if it lasts to the end, or was looked at.
    pub(super) fn device_reset(&mut self) {
        self.entered = None;
        self.blocks.clear();
        self.in_use = 0;
        self.peak = Peak::default();
    }

    fn call(&mut self, cpu: &CpuView<'_>, target: u32, return_address: u32, stacks: &StackWatch) {
        let what = if self.allocate.contains(&Some(target)) {
            let (unit, callers) = stacks.open_calls(cpu.register(SP));
            Doing::Allocates { unit, callers }
        } else if self.free.contains(&Some(target)) || self.resize == Some(target) {
            let headers = ARGUMENTS.map(|n| cpu.register(n).wrapping_sub(HEADER_BYTES));
            let Some(known) = headers.into_iter().find(|at| self.blocks.contains_key(at)) else {
                return;
            };
            self.look_at_peak(&|at| word(cpu, at));
            match self.resize == Some(target) {
                true => Doing::Resizes(known),
                false => Doing::GivesBack(known),
            }
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
                    let chain = self.interned(Chain { unit, site, callers });
                    self.add(at, Known { at: cpu.now(), bytes, chain });
                    self.note_peak(cpu.now());
                }
            }
            Doing::GivesBack(at) if header(cpu, at).is_none() => {
                self.remove(at);
            }
            // A free that was refused.
            Doing::GivesBack(_) => {}
            Doing::Resizes(at) => {
                if let (Some((bytes, _)), Some(known)) = (header(cpu, at), self.blocks.get_mut(&at))
                {
                    let before = std::mem::replace(&mut known.bytes, bytes);
                    self.in_use = self.in_use + u64::from(bytes) - u64::from(before);
                    self.note_peak(cpu.now());
                }
            }
        }
    }

    fn interned(&mut self, chain: Chain) -> Arc<Chain> {
        if let Some(known) = self.chains.get(&chain) {
            return Arc::clone(known);
        }
        let chain = Arc::new(chain);
        self.chains.insert(Arc::clone(&chain));
        chain
    }

    fn add(&mut self, at: u32, block: Known) {
        let end = at.saturating_add(block.bytes);
        let before = self.blocks.range(..at).next_back();
        let overlapping = before.filter(|(start, known)| *start + known.bytes > at);
        let mut gone: Vec<u32> = overlapping.map(|(start, _)| *start).into_iter().collect();
        gone.extend(self.blocks.range(at..end).map(|(start, _)| *start));
        for start in gone {
            self.remove(start);
        }
        if self.blocks.len() < BLOCKS_MAX {
            self.in_use += u64::from(block.bytes);
            self.blocks.insert(at, block);
        }
    }

    fn remove(&mut self, at: u32) {
        if let Some(block) = self.blocks.remove(&at) {
            self.in_use -= u64::from(block.bytes);
        }
    }

    fn note_peak(&mut self, at: Instant) {
        if self.in_use > self.peak.bytes {
            self.peak = Peak { bytes: self.in_use, at, held: None };
        }
    }

    /// Adds up what is in use, if that is the most so far.
    fn look_at_peak(&mut self, read: ReadWord<'_>) {
        if self.peak.held.is_none() && self.peak.bytes > 0 {
            self.peak.held = Some(self.in_use_now(read));
        }
    }

    /// The blocks in use now, those of one chain and owner together.
    fn in_use_now(&self, read: ReadWord<'_>) -> Vec<Held> {
        let mut all: BTreeMap<(*const Chain, Option<HeldBy>), Held> = BTreeMap::new();
        for (&address, known) in &self.blocks {
            let Some((head, tag)) = read(address).zip(read(address + 4)) else { continue };
            // A block that grew or shrank where it is has another size now, and the same site.
            if let Some((bytes, site)) = used(head, tag)
                && site == known.chain.site
            {
                let owner = self.owners.and_then(|owners| owners.owner(tag, read));
                let chain = &known.chain;
                let held = all.entry((Arc::as_ptr(chain), owner)).or_insert_with(|| Held {
                    chain: Arc::clone(chain),
                    owner,
                    blocks: Vec::new(),
                });
                held.blocks.push(HeldBlock { at: known.at, address, bytes });
            }
        }
        let mut all: Vec<Held> = all.into_values().collect();
        all.sort_by(|a, b| (&a.chain, a.owner).cmp(&(&b.chain, b.owner)));
        all
    }

    /// The blocks in use now.
    pub(super) fn held(&self, machine: &Machine) -> Vec<ObserverEvent> {
        let told = self.in_use_now(&|at| machine.read_word(at).ok()).into_iter().map(|held| {
            let Held { chain, owner, blocks } = held;
            let Chain { unit, site, callers } = &*chain;
            ObserverEvent::Held {
                unit: *unit,
                site: *site,
                callers: callers.clone(),
                owner,
                blocks,
            }
        });
        told.collect()
    }

    /// The blocks in use when most was.
    pub(super) fn at_peak(&self, machine: &Machine) -> Vec<ObserverEvent> {
        let now = || self.in_use_now(&|at| machine.read_word(at).ok());
        let held = self.peak.held.clone().unwrap_or_else(now);
        let told = held.into_iter().map(|held| {
            let Chain { unit, site, callers } = &*held.chain;
            ObserverEvent::HeldAtPeak {
                at: self.peak.at,
                unit: *unit,
                site: *site,
                callers: callers.clone(),
                owner: held.owner,
                bytes: held.bytes(),
                blocks: held.blocks.len() as u32,
            }
        });
        told.collect()
    }
}

fn word(cpu: &CpuView<'_>, at: u32) -> Option<u32> {
    let mut bytes = [0; 4];
    cpu.read_bytes(at, &mut bytes).ok()?;
    Some(u32::from_le_bytes(bytes))
}

fn header(cpu: &CpuView<'_>, at: u32) -> Option<(u32, u16)> {
    used(word(cpu, at)?, word(cpu, at.wrapping_add(4))?)
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
        let chain = Arc::new(Chain { unit: 5, site, callers: vec![40] });
        Known { at: Instant::ZERO, bytes, chain }
    }

    #[test]
    fn a_new_block_takes_the_place_of_all_that_it_covers() {
        let mut watch = BlockWatch::empty();
        for at in [0x1000, 0x1020, 0x1040, 0x1060] {
            watch.add(at, known(32, 1));
        }
        watch.add(0x1030, known(32, 2));
        let starts: Vec<u32> = watch.blocks.keys().copied().collect();
        assert_eq!(starts, [0x1000, 0x1030, 0x1060]);
        assert_eq!(watch.in_use, 96);
    }

    #[test]
    fn what_was_held_at_the_peak_is_looked_at_before_anything_is_given_back() {
        let mut watch = BlockWatch::empty();
        let headers = |at: u32| Some(if at.is_multiple_of(0x10) { 0x20 } else { 1 << 16 });
        for at in [0x1000, 0x1020] {
            watch.add(at, known(32, 1));
            watch.note_peak(Instant::ZERO);
        }
        watch.look_at_peak(&headers);
        watch.remove(0x1000);
        watch.add(0x1100, known(16, 1));
        watch.note_peak(Instant::ZERO);
        let held = watch.peak.held.as_ref().unwrap();
        assert_eq!(held.iter().map(Held::bytes).sum::<u64>(), 64);
        watch.add(0x1200, known(64, 1));
        watch.note_peak(Instant::ZERO);
        assert_eq!((watch.peak.bytes, watch.peak.held.is_none()), (112, true));
    }

    #[test]
    fn a_header_tells_size_and_site_of_a_block_in_use_only() {
        assert_eq!(used(0x40, 0x8007_05C5), Some((0x40, 7)), "shared");
        assert_eq!(used(0x8000_0042, 0x0007_05C5), Some((0x40, 7)), "in quarantine");
        assert_eq!((used(0x41, 0), used(0, 0)), (None, None), "free; the end of an area");
    }
}
