//! Who can own memory: the words of the ledger.

/// How many owners can hold memory at once; the kernel and "permanent" are two of them.
///
/// More than there are threads, each of which is one.
pub const OWNERS_MAX: usize = 128;

/// The index of an owner's entry in the ledger, as block headers store it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OwnerIndex(pub(super) u16);

impl OwnerIndex {
    /// The kernel itself; always there.
    pub const KERNEL: Self = Self(0);
    /// What is never given back; always there.
    pub const PERMANENT: Self = Self(1);

    /// The position in the ledger, below [`OWNERS_MAX`].
    pub const fn get(self) -> u16 {
        self.0
    }

    /// The index of this position; whether anybody has it is another question.
    pub const fn new(position: u16) -> Self {
        Self(position)
    }
}

/// What kind of unit owns memory; the numbers are telemetry's, because debuggers read them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum OwnerKind {
    /// The kernel's own tables and queues.
    Kernel = 0,
    /// A preemptive thread.
    Thread = 2,
    /// A task of an event loop.
    Task = 3,
    /// A tasklet.
    Tasklet = 4,
    /// A timer.
    Timer = 5,
    /// A loaded module.
    Module = 6,
    /// What is never given back.
    Permanent = 1,
}

/// Who an owner is: its kind, and its serial within this boot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct OwnerTag {
    /// What kind of unit it is.
    pub kind: OwnerKind,
    /// The unit's serial, never reused within a boot.
    pub unit: u32,
}

/// What an owner holds and held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OwnerTotals {
    /// Who it is.
    pub tag: OwnerTag,
    /// Bytes in its blocks now, headers included.
    pub current: u32,
    /// The most it held since it was added.
    pub peak: u32,
    /// The most it held since the window was opened.
    pub peak_window: u32,
    /// How many blocks it holds.
    pub blocks: u32,
    /// Its blocks may still be pointed at and are not given back by a free.
    pub quarantined: bool,
    /// Its unit is dead: the entry goes when its last block does.
    pub released: bool,
}

/// The ledger has no entry left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OwnersFull;
