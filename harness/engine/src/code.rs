//! Decoded code: one [`Decoded`] for each half-word of code memory.
//!
//! Flash seldom changes, so what the boot chain maps is decoded for the image and shared ([`flash`]); pages
//! that a program changed are decoded a sector at a time, and all forgotten at its next change. RAM is decoded a
//! granule at a time when it is first executed, and forgotten where a store hits it. Its cache is
//! in chunks that are copied on write, so that machines that were cloned share what neither of them
//! has changed, and a chunk in which nothing was executed takes no room.
//!
//! Invariants:
//! 1. An entry is `Undecoded` or agrees with the memory; which halves an entry was made from is
//!    covered by [`MARK_CODE`] on their granules.
//! 2. A chunk is empty (nothing decoded yet) or has an entry for each of its half-words.
//! 3. Whoever changes the flash or its mapping calls [`Code::forget_flash`].

mod flash;

pub(crate) use flash::FlashCode;

use crate::cpu::decode::{Decoded, Op, decode, is_compressed};
use crate::cpu::pmp::Region;
use crate::memory::flash::SECTOR_BYTES;
use crate::memory::{
    FLASH_WINDOW_BYTES, GRANULE, Layout, MARK_CODE, Memory, Place, RAM_BYTES, block_end,
};
use flash::Crossings;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A stretch of addresses that can be executed, with the decoded code behind it.
pub(crate) struct Stretch {
    code: Shared,
    /// Address of the first entry.
    pub(crate) base: u32,
}

enum Shared {
    Ram { code: Arc<Vec<Decoded>>, first: usize, end: usize },
    Flash { code: Arc<[Decoded]>, first: usize, end: usize },
}

impl Stretch {
    /// Entry `n` decodes the half-word at `base + 2 * n`.
    pub(crate) fn entries(&self) -> &[Decoded] {
        match &self.code {
            Shared::Ram { code, first, end } => &code[*first..*end],
            Shared::Flash { code, first, end } => &code[*first..*end],
        }
    }
}

/// Bytes of RAM whose code is copied as a whole.
const CHUNK: u32 = 0x4000;
const CHUNKS: usize = RAM_BYTES.div_ceil(CHUNK) as usize;
const _: () = assert!(CHUNK.is_multiple_of(GRANULE), "a granule lies in one chunk");
/// Chunks that are in use at once. A program that executes more of RAM is decoded anew.
const CHUNKS_MAX: usize = 20;
/// Sectors of changed flash that are decoded at once.
const SECTORS_MAX: usize = 12;
/// What the cache of one machine takes at most.
pub(crate) const CACHE_BYTES_MAX: usize = (CHUNKS_MAX * (CHUNK as usize / 2)
    + SECTORS_MAX * (SECTOR_BYTES as usize / 2))
    * size_of::<Decoded>();

/// The decoded code of one machine.
#[derive(Clone, Debug)]
pub(crate) struct Code {
    ram: [Arc<Vec<Decoded>>; CHUNKS],
    flash: Arc<FlashCode>,
    crossings: Crossings,
    /// Sectors of the window in pages that have changed, by number.
    changed_flash: BTreeMap<u32, Arc<Vec<Decoded>>>,
    layout: Layout,
    #[cfg(feature = "mutations")]
    pub(crate) mutation: Option<crate::Mutation>,
}

impl Code {
    pub(crate) fn new(flash: Arc<FlashCode>, layout: Layout) -> Self {
        Self {
            ram: nothing_decoded(),
            flash,
            crossings: Crossings::default(),
            changed_flash: BTreeMap::new(),
            layout,
            #[cfg(feature = "mutations")]
            mutation: None,
        }
    }

    /// Forgets what was decoded in RAM.
    pub(crate) fn forget_ram(&mut self, memory: &mut Memory) {
        self.ram = nothing_decoded();
        memory.clear_mark(MARK_CODE);
    }

    /// The code around `pc` within `region`, if there is any.
    pub(crate) fn stretch(&mut self, pc: u32, region: Region, memory: &Memory) -> Option<Stretch> {
        let flash_text = self.layout.flash_text();
        let flash_offset = pc.wrapping_sub(flash_text);
        if flash_offset < FLASH_WINDOW_BYTES && memory.chip.is_changed(flash_offset) {
            return self.changed_stretch(flash_offset, region, memory);
        }
        if flash_offset < self.flash.end() {
            let found = self.flash.around(flash_offset, &mut self.crossings);
            let (first, end) = memory.chip.unchanged_run(flash_offset);
            let first = first.max(found.start);
            let end = end.min(found.start + found.code.len() as u32 * 2);
            let (first, end, base) = clip((first, end, flash_text + first), region);
            let (first, end) = (first - found.start, end - found.start);
            let (first, end) = (first as usize / 2, end as usize / 2);
            return Some(Stretch { code: Shared::Flash { code: found.code, first, end }, base });
        }
        let (first, end, base) = clip(self.layout.code_stretch(pc)?, region);
        let chunk = (first + (pc - base)) / CHUNK;
        let start = chunk * CHUNK;
        let (first_here, end_here) = (first.max(start), end.min(start + CHUNK));
        if self.ram[chunk as usize].is_empty() {
            self.take_chunk(chunk as usize);
        }
        let code = &self.ram[chunk as usize];
        Some(Stretch {
            code: Shared::Ram {
                code: Arc::clone(code),
                first: (first_here - start) as usize / 2,
                end: (end_here - start) as usize / 2,
            },
            base: base + (first_here - first),
        })
    }

    /// The sector around an offset into the flash window, of a page that has changed.
    fn changed_stretch(&mut self, offset: u32, region: Region, memory: &Memory) -> Option<Stretch> {
        let sector = offset / SECTOR_BYTES;
        let start = sector * SECTOR_BYTES;
        memory.chip.mapped(start)?;
        if self.changed_flash.len() >= SECTORS_MAX && !self.changed_flash.contains_key(&sector) {
            self.changed_flash.clear();
        }
        let decode = || Arc::new(decode_sector(start, memory));
        let code = Arc::clone(self.changed_flash.entry(sector).or_insert_with(decode));
        let whole = (start, start + SECTOR_BYTES, self.layout.flash_text() + start);
        let (first, end, base) = clip(whole, region);
        let (first, end) = ((first - start) as usize / 2, (end - start) as usize / 2);
        Some(Stretch { code: Shared::Ram { code, first, end }, base })
    }

    /// Forgets what was decoded in pages of flash that have changed.
    pub(crate) fn forget_flash(&mut self) {
        self.changed_flash.clear();
    }

    /// Makes room for the entries of a chunk. Marks may stay where nothing is decoded any more.
    fn take_chunk(&mut self, chunk: usize) {
        let in_use = self.ram.iter().filter(|code| !code.is_empty()).count();
        if in_use >= CHUNKS_MAX {
            self.ram = nothing_decoded();
        }
        self.ram[chunk] = Arc::new(vec![Decoded::default(); CHUNK as usize / 2]);
    }

    /// Decodes the granule of RAM that holds `pc`.
    pub(crate) fn decode_around(&mut self, pc: u32, memory: &mut Memory) {
        let Some(Place::Ram(offset)) = memory.place(pc) else {
            unreachable!("only RAM has entries that are not decoded")
        };
        let first = offset & !(GRANULE - 1);
        let end = block_end(offset);
        let last = (first + GRANULE).min(end);
        let code = Arc::make_mut(&mut self.ram[(first / CHUNK) as usize]);
        for at in (first..last).step_by(2) {
            let high = (at + 2 < end).then(|| memory.half(at + 2));
            let decoded = decode(memory.half(at), high);
            #[cfg(feature = "mutations")]
            let decoded = self.mutation.map_or(decoded, |bug| bug.decoded(decoded));
            code[(at % CHUNK) as usize / 2] = decoded;
        }
        memory.mark(first, last - 1, MARK_CODE);
        if last < end && !is_compressed(memory.half(last - 2)) {
            memory.mark(last, last, MARK_CODE);
        }
    }

    /// Whether a store of `bytes` at `offset` of RAM changes something that has been decoded.
    pub(crate) fn is_stale(&self, offset: u32, bytes: u32) -> bool {
        affected(offset, bytes)
            .any(|(chunk, n)| self.ram[chunk].get(n).is_some_and(|entry| entry.op != Op::Undecoded))
    }

    /// Forgets what was decoded from `bytes` at `offset` of RAM.
    pub(crate) fn forget(&mut self, offset: u32, bytes: u32) {
        for (chunk, n) in affected(offset, bytes) {
            if let Some(entry) = Arc::make_mut(&mut self.ram[chunk]).get_mut(n) {
                *entry = Decoded::default();
            }
        }
    }
}

/// Decodes a sector of the window at every half-word.
fn decode_sector(start: u32, memory: &Memory) -> Vec<Decoded> {
    let half = |at: u32| memory.read(Place::Flash(at), 2).map(|half| half as u16);
    let ats = (start..start + SECTOR_BYTES).step_by(2);
    ats.map(|at| decode(half(at).unwrap_or(0), half(at + 2))).collect()
}

fn nothing_decoded() -> [Arc<Vec<Decoded>>; CHUNKS] {
    std::array::from_fn(|_| Arc::new(Vec::new()))
}

/// The part of a stretch (offsets of the first and behind the last, address of the first) that
/// lies in `region`.
fn clip((first, end, base): (u32, u32, u32), region: Region) -> (u32, u32, u32) {
    let skipped = region.first.saturating_sub(base);
    let last = (base + (end - first - 1)).min(region.last);
    (first + skipped, first + (last - base) + 1, base + skipped)
}

/// The entries (chunk, place in it) made from these bytes: a long instruction may start one
/// half-word before them.
fn affected(offset: u32, bytes: u32) -> impl Iterator<Item = (usize, usize)> {
    let first = offset.saturating_sub(2) / 2;
    let end = (offset + bytes).div_ceil(2);
    (first..end).map(|half| ((2 * half / CHUNK) as usize, (2 * half % CHUNK) as usize / 2))
}
