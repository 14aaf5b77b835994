//! Marks: what the heap holds by owner and allocation site, remembered under a name.
//!
//! A figure that has grown does not say what grew. So `mem mark NAME` counts the used blocks by owner and
//! site, and `mem diff NAME` counts again and tells where there is more or less. A mark's own memory is
//! left out of both, and so is the counting's.
//!
//! A mark is one block of the heap that the kernel owns. Where there are more owners and sites than it has
//! places, the rest is counted together, as of the kernel and of no known site.
#![expect(unsafe_code, reason = "makes a large value in its block")]

use super::Box;
use super::survey::{Survey, survey};
use crate::error::Error;
use crate::heap::{Block, OwnerIndex, OwnerKind, OwnerTag};
use crate::kernel::{self, Kernel};
use crate::sample;
use crate::site;
use ramscope_wire as wire;
use wire::{Level, SiteId, UnitId};

/// Marks that are remembered at once.
pub const MARKS_MAX: usize = 4;
/// Pairs of owner and site that are told apart.
pub const HOLDINGS_MAX: usize = 48;
/// Bytes of a mark's name.
pub const MARK_NAME_BYTES_MAX: usize = 16;

/// What an owner holds of what was allocated at one site.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holding {
    /// Who.
    pub owner: OwnerTag,
    /// Where it was allocated.
    pub site: SiteId,
    /// Bytes of whole blocks.
    pub bytes: u32,
    /// Blocks.
    pub blocks: u32,
}

/// How a holding has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// Who.
    pub owner: OwnerTag,
    /// Where it was allocated.
    pub site: SiteId,
    /// Bytes more than at the mark.
    pub bytes: i32,
    /// Blocks more than at the mark.
    pub blocks: i32,
}

/// All holdings at an instant. Zeros are one without any.
struct Holdings {
    list: [Holding; HOLDINGS_MAX],
    count: usize,
    /// Where the marks themselves are, which do not count.
    own: [usize; MARKS_MAX + 1],
}

const REST: OwnerTag = OwnerTag { kind: OwnerKind::Kernel, unit: 0 };

impl Holdings {
    fn count(&mut self, block: &Block, owner: OwnerTag) {
        if block.free || self.own.contains(&block.payload()) {
            return;
        }
        let site = SiteId(block.site);
        let known = |held: &Holding| held.owner == owner && held.site == site;
        let index = match self.all().iter().position(known) {
            Some(index) => index,
            None if self.count < HOLDINGS_MAX => {
                let (owner, site) = match self.count + 1 {
                    HOLDINGS_MAX => (REST, SiteId::NONE),
                    _ => (owner, site),
                };
                self.list[self.count] = Holding { owner, site, bytes: 0, blocks: 0 };
                self.count += 1;
                self.count - 1
            }
            None => HOLDINGS_MAX - 1,
        };
        self.list[index].bytes += block.bytes;
        self.list[index].blocks += 1;
    }

    fn all(&self) -> &[Holding] {
        &self.list[..self.count]
    }

    fn of(&self, owner: OwnerTag, site: SiteId) -> Option<&Holding> {
        self.all().iter().find(|held| held.owner == owner && held.site == site)
    }
}

/// One mark.
struct Mark {
    name: [u8; MARK_NAME_BYTES_MAX],
    name_bytes: usize,
    holdings: Box<Holdings>,
}

impl Mark {
    fn name(&self) -> &str {
        core::str::from_utf8(&self.name[..self.name_bytes]).unwrap_or("")
    }
}

/// All marks.
pub(crate) struct Marks {
    list: [Option<Mark>; MARKS_MAX],
    count: u16,
}

impl Marks {
    pub(crate) const fn new() -> Self {
        Self { list: [const { None }; MARKS_MAX], count: 0 }
    }

    fn next_number(&mut self) -> u16 {
        self.count = self.count.wrapping_add(1);
        self.count
    }

    fn find(&self, name: &str) -> Option<&Mark> {
        self.list.iter().flatten().find(|mark| mark.name() == name)
    }
}

/// Counts what the heap holds now, in a new block of the kernel's.
fn count_now() -> Result<Box<Holdings>, Error> {
    // In place, because it is too large for the console's stack.
    let place = Box::<Holdings>::place_for(OwnerIndex::KERNEL, site::here())?;
    // SAFETY: the block is new and large enough.
    unsafe { place.as_ptr().write_bytes(0, 1) };
    // SAFETY: zeros are holdings, and nobody else has the block.
    let mut holdings = unsafe { Box::from_raw(place) };
    let own = core::ptr::from_ref::<Holdings>(&holdings).addr();
    let survey = survey(
        &mut *holdings,
        |holdings, kernel| {
            holdings.count = 0;
            holdings.own[MARKS_MAX] = own;
            for (place, mark) in holdings.own.iter_mut().zip(&kernel.account.marks.list) {
                *place = mark
                    .as_ref()
                    .map_or(0, |mark| core::ptr::from_ref::<Holdings>(&mark.holdings).addr());
            }
        },
        |holdings, kernel, _, block| {
            let owner = kernel.heap.owner(block.owner).map_or(REST, |owner| owner.tag);
            holdings.count(block, owner);
            true
        },
    );
    match survey {
        Survey::Complete | Survey::Enough => Ok(holdings),
        Survey::Restless => Err(Error::TimedOut),
        Survey::Broken(_) => Err(Error::Poisoned),
    }
}

/// Remembers what the heap holds now under a name; an earlier mark of that name is forgotten.
///
/// # Context
/// Thread. Allocates about 1 KiB, which the kernel owns; reads all blocks.
///
/// # Errors
/// [`Error::Full`] if there are [`MARKS_MAX`] of other names; [`Error::Invalid`] if the name is empty or has
/// more than [`MARK_NAME_BYTES_MAX`] bytes; [`Error::Missing`] without memory; [`Error::TimedOut`] if the heap
/// changed too often, [`Error::Poisoned`] if it is damaged.
pub fn mark(name: &str) -> Result<(), Error> {
    if name.is_empty() || name.len() > MARK_NAME_BYTES_MAX {
        return Err(Error::Invalid);
    }
    forget(name);
    if kernel::with(|kernel| kernel.account.marks.list.iter().all(Option::is_some)) {
        return Err(Error::Full);
    }
    let holdings = count_now()?;
    let number = kernel::with(|kernel| kernel.account.marks.next_number());
    tell(number, name, &holdings);
    let mut text = [0; MARK_NAME_BYTES_MAX];
    text[..name.len()].copy_from_slice(name.as_bytes());
    let mark = Mark { name: text, name_bytes: name.len(), holdings };
    let refused = kernel::with(|kernel| {
        let list = &mut kernel.account.marks.list;
        match list.iter_mut().find(|place| place.is_none()) {
            Some(place) => {
                *place = Some(mark);
                None
            }
            None => Some(mark),
        }
    });
    // Given back outside of the section, if another thread was faster.
    refused.map_or(Ok(()), |_| Err(Error::Full))
}

/// Forgets a mark; says whether there was one.
///
/// # Context
/// Thread.
pub fn forget(name: &str) -> bool {
    let taken = kernel::with(|kernel| {
        let list = &mut kernel.account.marks.list;
        list.iter_mut().find(|place| place.as_ref().is_some_and(|mark| mark.name() == name))?.take()
    });
    taken.is_some()
}

/// Shows how the heap differs from the mark of this name to `show`, one owner and site after the other;
/// what has not changed is left out. Telemetry gets what is there now as the mark `now`.
///
/// # Context
/// Thread. As [`mark`].
///
/// # Errors
/// [`Error::Empty`] if there is no such mark; otherwise as [`mark`].
pub fn diff(name: &str, mut show: impl FnMut(Change)) -> Result<(), Error> {
    if kernel::with(|kernel| kernel.account.marks.find(name).is_none()) {
        return Err(Error::Empty);
    }
    let now = count_now()?;
    let number = kernel::with(|kernel| kernel.account.marks.next_number());
    tell(number, "now", &now);
    for held in now.all() {
        let before = held_then(name, |then| then.of(held.owner, held.site).copied());
        let (bytes, blocks) = before.map_or((0, 0), |then| (then.bytes, then.blocks));
        show_change(&mut show, held, (held.bytes, held.blocks), (bytes, blocks));
    }
    for index in 0..HOLDINGS_MAX {
        let Some(then) = held_then(name, |then| then.all().get(index).copied()) else { continue };
        if now.of(then.owner, then.site).is_none() {
            show_change(&mut show, &then, (0, 0), (then.bytes, then.blocks));
        }
    }
    Ok(())
}

fn held_then<R>(name: &str, work: impl FnOnce(&Holdings) -> Option<R>) -> Option<R> {
    kernel::with(|kernel| work(&kernel.account.marks.find(name)?.holdings))
}

fn show_change(show: &mut impl FnMut(Change), of: &Holding, now: (u32, u32), then: (u32, u32)) {
    let bytes = now.0.wrapping_sub(then.0).cast_signed();
    let blocks = now.1.wrapping_sub(then.1).cast_signed();
    if bytes != 0 || blocks != 0 {
        show(Change { owner: of.owner, site: of.site, bytes, blocks });
    }
}

/// Sends a mark as records.
fn tell(number: u16, name: &str, holdings: &Holdings) {
    site::send(false);
    let sum = |figure: fn(&Holding) -> u32| holdings.all().iter().map(figure).sum();
    let record = wire::HeapMark {
        mark: number,
        parts: holdings.count as u16,
        bytes: sum(|held| held.bytes),
        blocks: sum(|held| held.blocks),
        name,
    };
    kernel::with(|kernel| kernel.record(Level::Samples, &record));
    for held in holdings.all() {
        kernel::with(|kernel| kernel.record(Level::Samples, &holding_record(number, held)));
    }
}

fn holding_record(mark: u16, held: &Holding) -> wire::SiteHolding {
    wire::SiteHolding {
        mark,
        site: held.site,
        owner: UnitId(held.owner.unit),
        owner_kind: sample::wire_owner(held.owner.kind),
        bytes: held.bytes,
        blocks: held.blocks,
    }
}

/// Writes on the console how the heap differs from a mark.
///
/// # Context
/// Thread. May block on the console.
///
/// # Errors
/// As [`diff`].
pub fn write_diff(name: &str) -> Result<(), Error> {
    let (mut bytes, mut blocks) = (0, 0);
    crate::println!("since `{name}`:    bytes  blocks");
    diff(name, |change| {
        bytes += change.bytes;
        blocks += change.blocks;
        let owner = kernel::with(|kernel: &mut Kernel| kernel.owner_name(change.owner));
        let kind = sample::wire_owner(change.owner.kind);
        let who = OwnerText { kind, name: owner, unit: change.owner.unit };
        match site::location(change.site) {
            Some(at) => crate::println!(
                "{:>+14} {:>+7}  {who}, allocated at {}:{}",
                change.bytes,
                change.blocks,
                site::tail(at.file()),
                at.line()
            ),
            None => crate::println!("{:>+14} {:>+7}  {who}", change.bytes, change.blocks),
        }
    })?;
    crate::println!("{bytes:>+14} {blocks:>+7}  in all");
    Ok(())
}

struct OwnerText {
    kind: wire::OwnerKind,
    name: &'static str,
    unit: u32,
}

impl core::fmt::Display for OwnerText {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match (self.name, self.unit) {
            ("", 0) => write!(f, "{}", self.kind),
            ("", unit) => write!(f, "{} {unit}", self.kind),
            (name, unit) => write!(f, "{} {name} (unit {unit})", self.kind),
        }
    }
}
