//! Who holds how much. Pure: it sees block sizes and owner indices, never memory.
//!
//! The problem: peaks and current values by owner and over all, on every allocation and free, for
//! ten instructions. The idea: an account stores its window peak and the *headroom* below it
//! instead of the current value, so that booking and noticing a new peak are one subtraction with
//! one branch; what is rare (a new peak, the last block, a quarantine, an index without an owner)
//! hides behind branches that the common case needs anyway:
//!
//! - An entry without an owner has peak and headroom 0, so charging it looks like a new peak.
//! - An account that needs a second look (its unit is dead, or its blocks are quarantined) has the
//!   sign bit of its block count set, so it looks like one without a block.
//!
//! Invariants
//! 1. `current = peak_window - headroom`, and neither is negative.
//! 2. The sum of all accounts' current values is the total's.
//! 3. An entry is vacant exactly if it has no tag; then its account is all zero.

use core::mem::offset_of;

use super::{OWNERS_MAX, OwnerIndex, OwnerKind, OwnerTag, OwnerTotals, OwnersFull};

const _: () = assert!(OWNERS_MAX.is_power_of_two() && OWNERS_MAX >= 2 && OWNERS_MAX <= 1 << 15);

/// A quantity and its peaks.
#[derive(Clone, Copy)]
struct Gauge {
    headroom: i32,
    peak_window: u32,
    /// The largest peak of all windows that are closed.
    peak_before: u32,
}

impl Gauge {
    const ZERO: Self = Self { headroom: 0, peak_window: 0, peak_before: 0 };

    const fn current(&self) -> u32 {
        self.peak_window.wrapping_sub(self.headroom.cast_unsigned())
    }

    fn peak(&self) -> u32 {
        self.peak_before.max(self.peak_window)
    }

    #[inline]
    const fn raise(&mut self, bytes: u32) {
        let headroom = self.headroom.wrapping_sub(bytes.cast_signed());
        self.headroom = headroom;
        if headroom < 0 {
            self.peak_window = self.peak_window.wrapping_sub(headroom.cast_unsigned());
            self.headroom = 0;
        }
    }

    #[inline]
    const fn lower(&mut self, bytes: u32) {
        self.headroom = self.headroom.wrapping_add(bytes.cast_signed());
    }

    fn open_window(&mut self) {
        self.peak_before = self.peak();
        self.peak_window = self.current();
        self.headroom = 0;
    }
}

/// What one owner holds: 16 bytes, so that an index is a shift.
#[derive(Clone, Copy)]
struct Account {
    held: Gauge,
    /// How many blocks, with [`ATTENTION`] in the sign bit.
    blocks: i32,
}

/// The unit is dead: a block less may be the last, and perhaps it is not to be freed at all.
const ATTENTION: i32 = i32::MIN;

impl Account {
    const ZERO: Self = Self { held: Gauge::ZERO, blocks: 0 };

    const fn block_count(&self) -> u32 {
        (self.blocks & !ATTENTION).cast_unsigned()
    }
}

const _: () = assert!(size_of::<Account>() == 16);

/// What is kept of each owner.
pub const OWNER_BYTES: usize = size_of::<Account>() + size_of::<Option<Holder>>();

/// Who has an entry.
#[derive(Clone, Copy)]
struct Holder {
    tag: OwnerTag,
    released: bool,
    quarantined: bool,
}

impl Holder {
    const fn of(tag: OwnerTag) -> Self {
        Self { tag, released: false, quarantined: false }
    }
}

/// What became of a charge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a new peak is not booked yet"]
pub(super) enum Charged {
    /// It is booked.
    Booked,
    /// The total is, the account is not: it has a new peak, or nobody has it.
    NewPeak,
}

/// What became of a credit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "perhaps it is not booked yet"]
pub(super) enum Credited {
    /// It is booked.
    Booked,
    /// The account has no block, or its unit is dead: [`Ledger::credit_after_all`] looks closer.
    NotYet,
}

/// What becomes of a quarantine when a unit is dead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Quarantine {
    Imposed,
    Lifted,
}

/// Why a block cannot be taken off an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The account has no blocks: the header lied.
    HasNone,
    /// Its blocks are quarantined.
    Quarantined,
}

/// All accounts; the hot ones before those who hold them.
#[repr(C)]
pub(super) struct Ledger {
    used: Gauge,
    accounts: [Account; OWNERS_MAX],
    holders: [Option<Holder>; OWNERS_MAX],
    /// No index from here on ever had an owner: what looks at all of them stops here.
    bound: usize,
    /// No entry before this one is vacant.
    vacant_from: usize,
}

/// Where a debugger finds who has an entry: offsets in bytes into a ledger, and into an entry. One that
/// nobody has holds no kind of owner.
impl Ledger {
    pub(super) const HOLDERS: usize = offset_of!(Self, holders);
    pub(super) const HOLDER_BYTES: usize = size_of::<Option<Holder>>();
    pub(super) const HOLDER_KIND: usize = offset_of!(Holder, tag) + offset_of!(OwnerTag, kind);
    pub(super) const HOLDER_UNIT: usize = offset_of!(Holder, tag) + offset_of!(OwnerTag, unit);
}

/// Absence takes no room, so an entry that is there begins where its place does.
const _: () = assert!(size_of::<Option<Holder>>() == size_of::<Holder>());

impl Ledger {
    pub(super) const fn new() -> Self {
        const fn always(kind: OwnerKind) -> Option<Holder> {
            Some(Holder::of(OwnerTag { kind, unit: 0 }))
        }
        let mut holders = [None; OWNERS_MAX];
        holders[OwnerIndex::KERNEL.0 as usize] = always(OwnerKind::Kernel);
        holders[OwnerIndex::PERMANENT.0 as usize] = always(OwnerKind::Permanent);
        Self {
            used: Gauge::ZERO,
            accounts: [Account::ZERO; OWNERS_MAX],
            holders,
            bound: 2,
            vacant_from: 2,
        }
    }

    /// Puts a block on an account, or says that more is to be done than that.
    #[inline(always)]
    pub(super) fn charge(&mut self, owner: OwnerIndex, bytes: u32) -> Charged {
        self.used.raise(bytes);
        let account = &mut self.accounts[slot(owner)];
        let headroom = account.held.headroom.wrapping_sub(bytes.cast_signed());
        if headroom < 0 {
            return Charged::NewPeak;
        }
        account.held.headroom = headroom;
        account.blocks = account.blocks.wrapping_add(1);
        Charged::Booked
    }

    /// Ends what [`Ledger::charge`] began, and says on whose account the block is: the kernel's, if
    /// the index has no owner.
    #[cold]
    pub(super) fn charge_to_a_new_peak(&mut self, owner: OwnerIndex, bytes: u32) -> OwnerIndex {
        let owner = if self.holders[slot(owner)].is_some() { owner } else { OwnerIndex::KERNEL };
        let account = &mut self.accounts[slot(owner)];
        account.held.raise(bytes);
        account.blocks = account.blocks.wrapping_add(1);
        owner
    }

    /// Takes a block off its account.
    #[inline(always)]
    pub(super) fn credit(&mut self, owner: OwnerIndex, bytes: u32) -> Credited {
        let account = &mut self.accounts[slot(owner)];
        let blocks = account.blocks.wrapping_sub(1);
        if blocks < 0 {
            return Credited::NotYet;
        }
        account.blocks = blocks;
        account.held.lower(bytes);
        self.used.lower(bytes);
        Credited::Booked
    }

    /// Does what [`Ledger::credit`] did not.
    #[cold]
    pub(super) fn credit_after_all(
        &mut self,
        owner: OwnerIndex,
        bytes: u32,
    ) -> Result<(), Refusal> {
        match self.is_quarantined(owner) {
            true => Err(Refusal::Quarantined),
            false => self.credit_from_quarantine(owner, bytes),
        }
    }

    /// Takes a block off its account even if that is quarantined.
    pub(super) fn credit_from_quarantine(
        &mut self,
        owner: OwnerIndex,
        bytes: u32,
    ) -> Result<(), Refusal> {
        let account = &mut self.accounts[slot(owner)];
        if account.block_count() == 0 {
            return Err(Refusal::HasNone);
        }
        account.blocks -= 1;
        account.held.lower(bytes);
        self.used.lower(bytes);
        self.vacate_if_done(owner);
        Ok(())
    }

    /// A block of this owner has another size now.
    pub(super) fn resize(&mut self, owner: OwnerIndex, from_bytes: u32, to_bytes: u32) {
        let held = &mut self.accounts[slot(owner)].held;
        for gauge in [held, &mut self.used] {
            match to_bytes.checked_sub(from_bytes) {
                Some(more) => gauge.raise(more),
                None => gauge.lower(from_bytes - to_bytes),
            }
        }
    }

    /// Moves a block between accounts and says whose it is then; the total and its peaks do not
    /// move.
    pub(super) fn transfer(
        &mut self,
        from: OwnerIndex,
        to: OwnerIndex,
        bytes: u32,
    ) -> Result<OwnerIndex, Refusal> {
        let used = self.used;
        if self.credit(from, bytes) == Credited::NotYet {
            self.credit_after_all(from, bytes)?;
        }
        let to = match self.charge(to, bytes) {
            Charged::Booked => to,
            Charged::NewPeak => self.charge_to_a_new_peak(to, bytes),
        };
        self.used = used;
        Ok(to)
    }

    /// Gives an entry to a unit.
    pub(super) fn add(&mut self, tag: OwnerTag) -> Result<OwnerIndex, OwnersFull> {
        let rest = &self.holders[self.vacant_from..];
        let found = rest.iter().position(Option::is_none).ok_or(OwnersFull)?;
        let vacant = self.vacant_from + found;
        self.vacant_from = vacant + 1;
        self.holders[vacant] = Some(Holder::of(tag));
        self.bound = self.bound.max(vacant + 1);
        Ok(OwnerIndex(vacant as u16))
    }

    /// The unit is dead; a quarantine ends.
    pub(super) fn release(&mut self, owner: OwnerIndex) {
        self.bury(owner, Quarantine::Lifted);
    }

    /// The unit is dead, and its blocks are not to be freed by just anybody.
    pub(super) fn quarantine(&mut self, owner: OwnerIndex) {
        self.bury(owner, Quarantine::Imposed);
    }

    /// Notes that the unit is dead, unless there is none or it cannot die.
    fn bury(&mut self, owner: OwnerIndex, quarantine: Quarantine) {
        let mortal = owner > OwnerIndex::PERMANENT;
        if let Some(holder) = self.holders[slot(owner)].as_mut().filter(|_| mortal) {
            holder.released = true;
            holder.quarantined = quarantine == Quarantine::Imposed;
            self.accounts[slot(owner)].blocks |= ATTENTION;
            self.vacate_if_done(owner);
        }
    }

    fn vacate_if_done(&mut self, owner: OwnerIndex) {
        let released = self.holders[slot(owner)].is_some_and(|holder| holder.released);
        if released && self.accounts[slot(owner)].block_count() == 0 {
            self.accounts[slot(owner)] = Account::ZERO;
            self.holders[slot(owner)] = None;
            self.vacant_from = self.vacant_from.min(slot(owner));
        }
    }

    pub(super) fn open_window(&mut self) {
        self.used.open_window();
        for account in self.accounts.iter_mut().take(self.bound) {
            account.held.open_window();
        }
    }

    pub(super) const fn used(&self) -> u32 {
        self.used.current()
    }

    pub(super) fn used_peak(&self) -> u32 {
        self.used.peak()
    }

    pub(super) const fn used_peak_window(&self) -> u32 {
        self.used.peak_window
    }

    pub(super) fn blocks(&self) -> u32 {
        self.accounts.iter().take(self.bound).map(Account::block_count).sum()
    }

    pub(super) fn is_quarantined(&self, owner: OwnerIndex) -> bool {
        self.holders[slot(owner)].is_some_and(|holder| holder.quarantined)
    }

    /// How many indices there are at which owners are or were.
    pub(super) const fn bound(&self) -> usize {
        self.bound
    }

    /// Whether the index has an owner.
    pub(super) const fn has(&self, owner: OwnerIndex) -> bool {
        self.holders[slot(owner)].is_some()
    }

    pub(super) fn totals(&self, owner: OwnerIndex) -> Option<OwnerTotals> {
        let holder = self.holders[slot(owner)]?;
        let account = &self.accounts[slot(owner)];
        Some(OwnerTotals {
            tag: holder.tag,
            current: account.held.current(),
            peak: account.held.peak(),
            peak_window: account.held.peak_window,
            blocks: account.block_count(),
            quarantined: holder.quarantined,
            released: holder.released,
        })
    }

    /// Each owner's kind, and whether its blocks are in quarantine.
    pub(super) fn kinds(&self) -> impl Iterator<Item = (OwnerIndex, OwnerKind, bool)> {
        let holders = self.holders.iter().enumerate();
        holders.filter_map(|(index, holder)| {
            let holder = holder.as_ref()?;
            Some((OwnerIndex(index as u16), holder.tag.kind, holder.quarantined))
        })
    }

    pub(super) fn all(&self) -> impl Iterator<Item = (OwnerIndex, OwnerTotals)> {
        (0..OWNERS_MAX as u16)
            .map(OwnerIndex)
            .filter_map(|owner| Some((owner, self.totals(owner)?)))
    }
}

/// Indices are below [`OWNERS_MAX`] by construction; the mask tells the compiler.
#[inline]
const fn slot(owner: OwnerIndex) -> usize {
    owner.0 as usize % OWNERS_MAX
}
