//! Things that were noticed, each with a stable id, so that scenarios can allow, deny or expect
//! them.
//!
//! A finding is a fact of the run, not a judgement: [`FindingKind::fails_by_default`] and the
//! scenario's rules decide later what it means.

mod kind;
mod sentence;

use ramscope_time::Instant;
use ramscope_wire::{Access, DeadlockHow, ModulePhaseKind, OverflowHow, PointerFault};

use crate::device::{KeptBlock, Place, UnitKey};

pub use kind::FindingKind;

/// Something that was noticed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// When, in device time.
    pub at: Instant,
    /// In which unit, if in one.
    pub unit: Option<UnitKey>,
    /// What that unit is called.
    pub unit_name: Option<String>,
    /// What it is.
    pub detail: Detail,
}

/// What was noticed. Each variant is one or more [`FindingKind`]s.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Detail {
    /// A stack overflowed, and the device noticed.
    Overflow {
        /// How it was noticed.
        how: OverflowHow,
        /// Whether it happened in an interrupt handler.
        in_handler: bool,
        /// The instruction.
        pc: u32,
        /// The address of the store.
        address: u32,
        /// Bytes that were missing.
        by_bytes: u32,
        /// The size of the stack; zero if it is not known.
        stack_bytes: u32,
        /// Whose memory was written before the device noticed, where the machine's observer saw
        /// that. A verdict fills it in.
        wrote_into: Option<Place>,
    },
    /// A stack overflowed, and only the machine's observer noticed.
    OverflowUnseen {
        /// The instruction.
        pc: u32,
        /// The address of the store.
        address: u32,
        /// Bytes below the stack's end.
        by_bytes: u32,
        /// The size of the stack; zero if it is not known.
        stack_bytes: u32,
        /// Whose memory was written.
        victim: Place,
    },
    /// A unit panicked.
    Panic {
        /// The file.
        file: String,
        /// The line.
        line: u32,
        /// The message.
        message: String,
    },
    /// A unit did something illegal.
    Fault {
        /// The cause as the processor numbers it.
        cause: u32,
        /// The instruction.
        pc: u32,
        /// The return address.
        ra: u32,
        /// The address that was accessed.
        address: u32,
        /// What lies there.
        place: Place,
    },
    /// The heap refused a pointer.
    PointerRefused {
        /// Why.
        why: PointerFault,
        /// The pointer.
        address: u32,
        /// The size of the block that it is about, zero if there is none.
        bytes: u32,
        /// Whose block that is, or was before it was freed.
        owner: Option<String>,
        /// Where it was allocated, if that is known.
        place: Option<String>,
        /// Whose block begins where the header was overwritten.
        victim: Option<String>,
        /// Where that one was allocated.
        victim_place: Option<String>,
    },
    /// A unit ended with an error.
    Failed {
        /// The error's code.
        code: u32,
    },
    /// A unit refused to exit and was torn down.
    Refused,
    /// The device was reset.
    Reset {
        /// Why.
        reason: String,
    },
    /// A lock lost its holder.
    LockPoisoned {
        /// The lock.
        lock: String,
    },
    /// A thread ended in order and had not given back what only it could.
    LockLeaked {
        /// What that is.
        kind: String,
        /// What it is called.
        object: String,
        /// Where the thread took it, if that is known.
        place: Option<String>,
        /// Whether it is poisoned: one that the thread only read is not.
        poisoned: bool,
    },
    /// Units of the device wait for what may never come, as its kernel found.
    LockDeadlock {
        /// The number of the report within the boot.
        report: u16,
        /// How it was found.
        how: DeadlockHow,
        /// How many units wait.
        count: u8,
        /// What each of them waits for, in words.
        waits: Vec<String>,
    },
    /// A shared cell was used twice, and nothing puts the two uses in order.
    RaceShared {
        /// The cell.
        cell: String,
        /// What happened first in this run.
        first: RacingUse,
        /// What happened then.
        second: RacingUse,
    },
    /// Ticks of a timer found the queue of callbacks full.
    TicksDropped {
        /// The timer.
        timer: String,
        /// How many so far.
        ticks: u32,
    },
    /// Ticks of a timer still waited for its callback when it was stopped.
    TicksLate {
        /// The timer.
        timer: String,
        /// How many so far.
        ticks: u32,
    },
    /// A callback waits for what the unit has that it displaced.
    CallbackWaits {
        /// What it waits for is.
        kind: String,
        /// What that is called.
        object: String,
        /// Where the callback waits, if that is known.
        place: Option<String>,
        /// The unit that was displaced.
        displaced: String,
        /// Where that took the object, if that is known.
        displaced_place: Option<String>,
    },
    /// A module ended and left blocks of the heap behind.
    ModuleLeftover {
        /// The module.
        module: String,
        /// Bytes.
        bytes: u32,
        /// In so many blocks.
        blocks: u32,
    },
    /// A module was not imported.
    ModuleRefused {
        /// The module.
        module: String,
        /// In which phase.
        phase: ModulePhaseKind,
        /// Why.
        why: String,
    },
    /// A unit waited for what nothing that is reachable could give; a collection told it to end.
    Unreachable {
        /// What it waited for, in words.
        waited_for: String,
        /// Bytes that it had.
        bytes: u32,
    },
    /// Memory of a unit that was torn down stays, because something looks like a pointer to it.
    Kept {
        /// The block, and what keeps it.
        block: KeptBlock,
    },
    /// Telemetry records are missing.
    TelemetryLost {
        /// How many at least.
        records: u64,
    },
    /// Bytes arrived that are no telemetry, or the capture itself is damaged.
    TelemetryDamaged {
        /// How many bytes.
        bytes: u64,
        /// What is wrong with the capture, if something is.
        capture: Option<String>,
    },
    /// Units wait for each other, or for nothing that could ever happen.
    Deadlock {
        /// What each of them waits for: ``"`a` waits for lock `x`, which `b` holds"``.
        waits: Vec<String>,
    },
}

/// One use of a shared cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RacingUse {
    /// By whom.
    pub unit: String,
    /// How.
    pub access: Access,
    /// Where in the source, if that is known.
    pub place: Option<String>,
}

impl Finding {
    /// What kind of finding it is.
    #[must_use]
    pub const fn kind(&self) -> FindingKind {
        match &self.detail {
            Detail::Overflow { in_handler: true, .. } => FindingKind::OverflowHandler,
            Detail::Overflow { how, .. } => match how {
                OverflowHow::Switch => FindingKind::OverflowSwitch,
                OverflowHow::Trap => FindingKind::OverflowTrap,
                OverflowHow::KernelCall => FindingKind::OverflowKernelCall,
                OverflowHow::HandlerGuard => FindingKind::OverflowHandler,
                OverflowHow::Guard | OverflowHow::Unknown(_) => FindingKind::OverflowGuard,
            },
            Detail::OverflowUnseen { .. } => FindingKind::OverflowUnseen,
            Detail::Panic { .. } => FindingKind::Panic,
            Detail::Fault { .. } => FindingKind::Fault,
            Detail::PointerRefused { why, .. } => match why {
                PointerFault::AlreadyFree => FindingKind::HeapDoubleFree,
                PointerFault::Overrun => FindingKind::HeapOverrun,
                _ => FindingKind::HeapBadPointer,
            },
            Detail::Failed { .. } => FindingKind::UnitFailed,
            Detail::Refused => FindingKind::UnitRefused,
            Detail::Reset { .. } => FindingKind::ResetUnexpected,
            Detail::LockPoisoned { .. } => FindingKind::LockPoisoned,
            Detail::LockLeaked { .. } => FindingKind::LockLeaked,
            Detail::LockDeadlock { how: DeadlockHow::Suspicion, .. } => FindingKind::LockSuspicion,
            Detail::LockDeadlock { .. } => FindingKind::LockDeadlock,
            Detail::RaceShared { .. } => FindingKind::RaceShared,
            Detail::TicksDropped { .. } => FindingKind::CallbackDropped,
            Detail::TicksLate { .. } => FindingKind::TimerLate,
            Detail::CallbackWaits { .. } => FindingKind::CallbackWaits,
            Detail::ModuleLeftover { .. } => FindingKind::ModuleLeftover,
            Detail::ModuleRefused { .. } => FindingKind::ModuleRefused,
            Detail::Unreachable { .. } => FindingKind::CollectUnreachable,
            Detail::Kept { .. } => FindingKind::CollectKept,
            Detail::TelemetryLost { .. } => FindingKind::TelemetryLost,
            Detail::TelemetryDamaged { .. } => FindingKind::TelemetryDamaged,
            Detail::Deadlock { .. } => FindingKind::Deadlock,
        }
    }

    /// The addresses of instructions that its sentence names a function for.
    pub fn code_addresses(&self) -> impl Iterator<Item = u32> {
        let (pc, ra) = match self.detail {
            Detail::Overflow { pc, .. } | Detail::OverflowUnseen { pc, .. } => (Some(pc), None),
            Detail::Fault { pc, ra, .. } => (Some(pc), Some(ra)),
            _ => (None, None),
        };
        pc.into_iter().chain(ra)
    }
}
