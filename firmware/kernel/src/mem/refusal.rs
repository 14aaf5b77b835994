//! Pointers that the heap refused: who gave it, whose block it is about, and what the console says.
//!
//! A double free, a pointer into the middle of a block and a block that was written beyond its end
//! are all found when somebody gives a pointer to the heap. The heap changes nothing then; the
//! program goes on with one block lost. Whoever frees may have little stack left, so in the section only
//! the pointer is noted. The console's thread, which is more urgent than programs, looks for the evidence
//! right after, and tells in two ways: as a record, and as a line on the console.
//!
//! A block in quarantine is no error of who frees it: its owner was torn down meanwhile, and what it
//! had stays counted until a collection.

use crate::console;
use crate::heap::{BadPointer, Claim, Diagnosis, OwnerKind, OwnerTag};
use crate::kernel::{self, Kernel};
use crate::sample;
use crate::site;
use crate::timer;
use core::fmt;
use ramscope_wire as wire;
use wire::{Level, PointerFault, SiteId, UnitId};

/// Refusals that wait to be looked at; of more only the number is known.
const WAITING_MAX: usize = 8;

/// What waits to be looked at.
pub(crate) struct Refusals {
    waiting: [Option<Refused>; WAITING_MAX],
    lost: u32,
}

/// A pointer and who gave it.
#[derive(Clone, Copy, Debug)]
struct Refused {
    unit: UnitId,
    unit_name: &'static str,
    address: usize,
    reason: BadPointer,
}

/// One refusal with its evidence.
#[derive(Clone, Copy, Debug)]
struct Refusal {
    pointer: Refused,
    found: Diagnosis,
    owner: Option<Named>,
    victim: Option<Named>,
}

/// An owner with its name, as it was when it was looked at.
#[derive(Clone, Copy, Debug)]
struct Named {
    tag: OwnerTag,
    name: &'static str,
    site: SiteId,
}

impl Refusals {
    pub(crate) const fn new() -> Self {
        Self { waiting: [const { None }; WAITING_MAX], lost: 0 }
    }

    fn push(&mut self, refused: Refused) {
        match self.waiting.iter_mut().find(|place| place.is_none()) {
            Some(place) => *place = Some(refused),
            None => self.lost = self.lost.saturating_add(1),
        }
    }

    pub(crate) fn any(&self) -> bool {
        self.lost > 0 || self.waiting[0].is_some()
    }

    fn pop(&mut self) -> Option<Refused> {
        let first = self.waiting[0].take();
        self.waiting.rotate_left(1);
        first
    }
}

impl Kernel {
    /// Notes a pointer that the heap refused.
    #[cold]
    pub(crate) fn note_refusal(&mut self, address: usize, reason: BadPointer) {
        if reason == BadPointer::Quarantined {
            return;
        }
        let unit = self.current_unit();
        let unit_name = if self.in_handler() { "kernel" } else { self.current().name };
        self.account.refusals.push(Refused { unit, unit_name, address, reason });
        console::attend(self);
    }

    /// Looks for what is wrong with a pointer, and tells the host.
    fn look_into(&mut self, pointer: Refused) -> Refusal {
        let found = self.heap.diagnose(pointer.address, pointer.reason);
        let victim = found.overwritten.and_then(|overwritten| overwritten.victim);
        let refusal = Refusal {
            pointer,
            found,
            owner: found.claim.and_then(|claim| self.named(claim)),
            victim: victim.and_then(|claim| self.named(claim)),
        };
        self.record(Level::Samples, &refusal.record());
        refusal
    }

    fn named(&mut self, claim: Claim) -> Option<Named> {
        let tag = self.heap.owner(claim.owner)?.tag;
        Some(Named { tag, name: self.owner_name(tag), site: SiteId(claim.site) })
    }

    /// The name of an owner that is a thread, a module or a timer; empty of another one.
    pub(crate) fn owner_name(&mut self, tag: OwnerTag) -> &'static str {
        if tag.kind == OwnerKind::Module {
            return self.modules.name_of(tag.unit);
        }
        if tag.kind == OwnerKind::Timer {
            return timer::account::name_of(self, tag.unit);
        }
        let named = self.threads.iter().find(|thread| thread.unit == tag.unit);
        named.filter(|_| tag.kind == OwnerKind::Thread).map_or("", |thread| thread.name)
    }
}

impl Refusal {
    fn why(&self) -> PointerFault {
        match self.pointer.reason {
            BadPointer::Foreign => PointerFault::Foreign,
            BadPointer::AlreadyFree => PointerFault::AlreadyFree,
            BadPointer::NotABlockStart => PointerFault::NotAStart,
            BadPointer::Quarantined => PointerFault::Quarantined,
            BadPointer::Damaged => PointerFault::Overrun,
        }
    }

    fn record(&self) -> wire::HeapRefusal {
        let kind = |named: &Option<Named>| {
            named.map_or(wire::OwnerKind::Kernel, |named| sample::wire_owner(named.tag.kind))
        };
        let unit = |named: &Option<Named>| UnitId(named.map_or(0, |named| named.tag.unit));
        let site = |named: &Option<Named>| named.map_or(SiteId::NONE, |named| named.site);
        let block = self.found.block;
        wire::HeapRefusal {
            unit: self.pointer.unit,
            why: self.why(),
            owner_known: self.owner.is_some(),
            victim_known: self.victim.is_some(),
            address: self.pointer.address as u32,
            block: block.map_or(0, |block| block.start as u32),
            bytes: block.map_or(0, |block| block.bytes),
            owner: unit(&self.owner),
            owner_kind: kind(&self.owner),
            victim_kind: kind(&self.victim),
            site: site(&self.owner),
            victim: unit(&self.victim),
            victim_site: site(&self.victim),
            overwritten: self.found.overwritten.map_or(0, |lost| lost.at as u32),
        }
    }
}

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name {
            "" => write!(f, "{}", sample::wire_owner(self.tag.kind))?,
            name => write!(f, "`{name}`")?,
        }
        match site::location(self.site) {
            Some(at) => write!(f, ", allocated at {}:{}", site::tail(at.file()), at.line()),
            None => Ok(()),
        }
    }
}

/// Somebody who may not be known.
struct Whose(Option<Named>);

impl fmt::Display for Whose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(named) => named.fmt(f),
            None => f.write_str("an unknown owner"),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (unit, address) = (self.pointer.unit_name, self.pointer.address);
        let bytes = self.found.block.map_or(0, |block| block.bytes);
        let owner = Whose(self.owner);
        match self.why() {
            PointerFault::AlreadyFree => {
                write!(f, "heap: `{unit}` freed {address:#x} twice: of {owner}")
            }
            PointerFault::NotAStart if self.found.block.is_none() => {
                write!(f, "heap: `{unit}` gave {address:#x}, inside of a block that is gone by now")
            }
            PointerFault::NotAStart => write!(
                f,
                "heap: `{unit}` gave {address:#x}, inside of a block of {bytes} B of {owner}"
            ),
            PointerFault::Overrun => match self.victim {
                Some(victim) => write!(
                    f,
                    "heap: a block of {bytes} B of {owner}, was written beyond its end, into one of \
                     {victim}"
                ),
                None => {
                    write!(f, "heap: a block of {bytes} B of {owner}, was written beyond its end")
                }
            },
            _ => write!(f, "heap: `{unit}` gave {address:#x}, which is not the heap's"),
        }
    }
}

/// Writes what waits.
///
/// # Context
/// The console's thread.
pub(crate) fn write_reports() {
    while let Some(pointer) = kernel::with(|kernel| kernel.account.refusals.pop()) {
        // So that the record's places have names by then.
        site::send(false);
        let refusal = kernel::with(|kernel| kernel.look_into(pointer));
        crate::println!("{refusal}");
    }
    let lost = kernel::with(|kernel| core::mem::take(&mut kernel.account.refusals.lost));
    if lost > 0 {
        crate::println!("heap: {lost} more pointers were refused while this was written");
    }
}
