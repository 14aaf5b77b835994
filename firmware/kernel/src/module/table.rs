//! The table of modules and its entries.
//!
//! The table is a few words of the kernel; an entry is a block of the heap that its module owns, as
//! everything else of it.
#![expect(unsafe_code, reason = "entries are blocks of the heap")]

use crate::heap::{OwnerIndex, OwnerTotals};
use crate::kernel::Kernel;
use crate::lock::Lock;
use crate::timer::Timer;
use core::ptr::NonNull;
use ramscope_module_abi::{Dependency, Export, ExportKind, Info, Raw4, Text, Version};
pub use ramscope_wire::ModuleState;
use ramscope_wire::{ModulePhaseKind as Phase, SiteId};

use super::reason::{NotImported, Reason};

/// How many modules can be loaded at once.
pub const MODULES_MAX: usize = 16;
/// How many timers all modules can have.
pub(super) const TIMERS_MAX: usize = 8;
/// How many holders of names an entry tells apart; what is more counts as the last one's.
const HOLDERS_MAX: usize = 4;
/// How many units can be in a module's code at once.
pub(super) const UNITS_MAX: usize = 4;

/// A module's number within a boot, never used twice. 0 is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Serial(pub(super) u32);

/// Who has a name for a module: a unit, or the console.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Holder(pub(super) u32);

impl Holder {
    /// The console's names: those of whoever types.
    pub(super) const CONSOLE: Self = Self(0);
}

/// How many names who has.
#[derive(Clone, Copy)]
pub(super) struct Holders {
    list: [(Holder, u16); HOLDERS_MAX],
}

impl Holders {
    pub(super) const NONE: Self = Self { list: [(Holder(0), 0); HOLDERS_MAX] };

    pub(super) fn add(&mut self, holder: Holder) {
        let known = self.list.iter().position(|(of, count)| *of == holder && *count > 0);
        let place = known.or_else(|| self.list.iter().position(|(_, count)| *count == 0));
        let place = &mut self.list[place.unwrap_or(HOLDERS_MAX - 1)];
        *place = (holder, place.1.saturating_add(1));
    }

    pub(super) fn remove(&mut self, holder: Holder) {
        let known = self.list.iter_mut().find(|(of, count)| *of == holder && *count > 0);
        // One that was counted as another's.
        let place = match known {
            Some(place) => Some(place),
            None => self.list.last_mut(),
        };
        if let Some((_, count)) = place {
            *count = count.saturating_sub(1);
        }
    }

    pub(super) fn remove_all(&mut self, holder: Holder) {
        self.list.iter_mut().filter(|(of, _)| *of == holder).for_each(|(_, count)| *count = 0);
    }

    pub(super) fn count(&self, holder: Holder) -> u16 {
        let of = self.list.iter().filter(|(of, _)| *of == holder);
        of.map(|(_, count)| *count).sum()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = Holder> {
        self.list.into_iter().filter(|(_, count)| *count > 0).map(|(holder, _)| holder)
    }
}

/// What a phase took and gave back so far.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Books {
    pub(super) taken: u32,
    pub(super) given_back: u32,
    pub(super) peak: u32,
}

/// What the kernel keeps of a module.
pub(crate) struct Entry {
    pub(super) serial: Serial,
    pub(super) name: &'static str,
    pub(super) version: Version,
    pub(super) state: ModuleState,
    /// Whether the table names it, as `sys.modules` does.
    pub(super) is_listed: bool,
    pub(super) owner: OwnerIndex,
    pub(super) file_bytes: u32,
    pub(super) checksum: u32,
    /// The block that the module lives in.
    pub(super) block: Option<NonNull<u8>>,
    pub(super) block_bytes: u32,
    pub(super) code: usize,
    pub(super) code_bytes: u32,
    pub(super) info: Option<NonNull<Info>>,
    pub(super) init: usize,
    pub(super) deinit: usize,
    pub(super) has_begun: bool,
    pub(super) holders: Holders,
    /// Units in calls of its functions, and threads that it started.
    pub(super) units: [u32; UNITS_MAX],
    /// The modules that it needs, by their places in the table.
    pub(super) needs: u16,
    /// The module that is imported only when this one is.
    pub(super) wanted_by: Serial,
    /// The lock that its code asks for.
    pub(super) lock: Lock,
    pub(super) phase: Phase,
    pub(super) books: Books,
    pub(super) import_peak: u32,
}

impl Entry {
    pub(super) const fn new(serial: Serial, name: &'static str, owner: OwnerIndex) -> Self {
        Self {
            serial,
            name,
            version: Version::new(0, 0, 0),
            state: ModuleState::Loading,
            is_listed: false,
            owner,
            file_bytes: 0,
            checksum: 0,
            block: None,
            block_bytes: 0,
            code: 0,
            code_bytes: 0,
            info: None,
            init: 0,
            deinit: 0,
            has_begun: false,
            holders: Holders::NONE,
            units: [0; UNITS_MAX],
            needs: 0,
            wanted_by: Serial(0),
            lock: Lock::quiet("module"),
            phase: Phase::Find,
            books: Books { taken: 0, given_back: 0, peak: 0 },
            import_peak: 0,
        }
    }

    /// What describes it. It was checked when it was linked, and nobody writes it.
    pub(super) fn info(&self) -> Option<&'static Info> {
        // SAFETY: it lies in the module's block, or in the image, as long as the entry exists; and
        // nobody keeps it for longer.
        self.info.map(|info| unsafe { info.as_ref() })
    }

    /// The modules that it needs.
    pub(super) fn dependencies(&self) -> &'static [Dependency] {
        // SAFETY: the table was checked to lie in the module's block.
        self.info().map_or(&[], |info| unsafe { slice(info.dependencies, info.dependency_count) })
    }

    /// What others may call.
    pub(super) fn exports(&self) -> &'static [Export] {
        // SAFETY: the table was checked to lie in the module's block.
        self.info().map_or(&[], |info| unsafe { slice(info.exports, info.export_count) })
    }

    /// A function that it exports.
    pub(super) fn export(&self, name: &str, kind: ExportKind) -> Option<Raw4> {
        let is_it = |export: &&Export| export.kind == kind && text(&export.name) == name;
        self.exports().iter().find(is_it).map(|export| export.call)
    }
}

/// # Safety
/// `count` values lie there and nobody writes them, or `count` is 0.
pub(super) unsafe fn slice<T>(at: *const T, count: usize) -> &'static [T] {
    if count == 0 {
        return &[];
    }
    // SAFETY: as promised by the caller.
    unsafe { core::slice::from_raw_parts(at, count) }
}

/// A text of a module that was checked.
pub(super) fn text(text: &Text) -> &'static str {
    // SAFETY: it was checked to lie in the module's block.
    let bytes = unsafe { slice(text.address, text.bytes) };
    core::str::from_utf8(bytes).unwrap_or("")
}

/// A timer that a module set up.
pub(super) struct Ticking {
    pub(super) of: Serial,
    pub(super) timer: Timer,
}

/// The table.
pub(crate) struct Modules {
    pub(super) lock: Lock,
    entries: [Option<NonNull<Entry>>; MODULES_MAX],
    pub(super) timers: [Option<Ticking>; TIMERS_MAX],
    serial: u32,
    /// What the thread that imports answers to the one that waits for it.
    pub(super) answer: Option<Result<(), NotImported>>,
}

impl Modules {
    pub(crate) const fn new() -> Self {
        Self {
            lock: Lock::quiet("modules"),
            entries: [None; MODULES_MAX],
            timers: [const { None }; TIMERS_MAX],
            serial: 0,
            answer: None,
        }
    }

    /// Every entry, with its place.
    pub(super) fn entries(&mut self) -> impl Iterator<Item = (usize, &mut Entry)> {
        let entry = |(place, at): (usize, &mut Option<NonNull<Entry>>)| {
            // SAFETY: invariant 2 of the module; each block is another one.
            Some((place, unsafe { at.as_mut()?.as_mut() }))
        };
        self.entries.iter_mut().enumerate().filter_map(entry)
    }

    pub(super) fn find(&mut self, is_it: impl Fn(&Entry) -> bool) -> Option<&mut Entry> {
        self.entries().map(|(_, entry)| entry).find(|entry| is_it(entry))
    }

    pub(super) fn get(&mut self, serial: Serial) -> Option<&mut Entry> {
        self.find(|entry| entry.serial == serial)
    }

    /// The module of this name that is in the table.
    pub(super) fn listed(&mut self, name: &str) -> Option<&mut Entry> {
        self.find(|entry| entry.is_listed && entry.name == name)
    }

    /// The name of a module by its number; empty if it is gone.
    pub(crate) fn name_of(&mut self, serial: u32) -> &'static str {
        self.get(Serial(serial)).map_or("", |entry| entry.name)
    }

    /// The place of an entry.
    pub(super) fn place_of(&mut self, serial: Serial) -> Option<usize> {
        self.entries().find(|(_, entry)| entry.serial == serial).map(|(place, _)| place)
    }

    /// The entry at a place after `after`, or the first one.
    pub(super) fn next(&mut self, after: Option<usize>) -> Option<(usize, &mut Entry)> {
        let from = after.map_or(0, |after| after + 1);
        self.entries().find(|(place, _)| *place >= from)
    }

    pub(super) fn has_room(&self) -> bool {
        self.entries.iter().any(Option::is_none)
    }

    pub(super) fn next_serial(&mut self) -> Serial {
        self.serial += 1;
        Serial(self.serial)
    }

    /// Puts an entry into the table.
    pub(super) fn put(&mut self, entry: NonNull<Entry>) -> Result<(), Reason> {
        let free = self.entries.iter_mut().find(|place| place.is_none()).ok_or(Reason::TooMany)?;
        *free = Some(entry);
        Ok(())
    }

    /// Takes an entry out of the table, and out of what others need.
    pub(super) fn take(&mut self, serial: Serial) -> Option<NonNull<Entry>> {
        let place = self.place_of(serial)?;
        for (_, entry) in self.entries() {
            entry.needs &= !(1 << place);
        }
        self.entries[place].take()
    }
}

impl Kernel {
    /// Bytes that a module has now.
    pub(super) fn module_bytes(&mut self, serial: Serial) -> u32 {
        self.module_totals(serial).map_or(0, |totals| totals.current)
    }

    pub(super) fn module_totals(&mut self, serial: Serial) -> Option<OwnerTotals> {
        let owner = self.modules.get(serial)?.owner;
        self.heap.owner(owner)
    }

    /// Books what a module took or gave back: what it had before, and what it has now.
    pub(super) fn book_module(&mut self, serial: Serial, before: u32) {
        let now = self.module_bytes(serial);
        if let Some(entry) = self.modules.get(serial) {
            entry.books.taken += now.saturating_sub(before);
            entry.books.given_back += before.saturating_sub(now);
            entry.books.peak = entry.books.peak.max(now);
        }
    }

    /// Allocates for a module.
    pub(super) fn allocate_for_module(
        &mut self,
        serial: Serial,
        layout: core::alloc::Layout,
    ) -> Result<NonNull<u8>, Reason> {
        let owner = self.modules.get(serial).map(|entry| entry.owner);
        let owner = owner.expect("who allocates for a module has its entry");
        let before = self.module_bytes(serial);
        let block = self.allocate(layout, owner, SiteId::NONE)?;
        self.book_module(serial, before);
        Ok(block)
    }
}
