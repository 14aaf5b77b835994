//! The ids of findings.

use core::fmt;

macro_rules! finding_kinds {
    ($( $(#[doc = $doc:literal])+ $variant:ident = $id:literal $default:ident, )+) => {
        /// What kind of thing was noticed. The ids never change.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum FindingKind {
            $( $(#[doc = $doc])+ $variant, )+
        }

        impl FindingKind {
            /// Every kind, for lists and documentation.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The stable id.
            #[must_use]
            pub const fn id(self) -> &'static str {
                match self {
                    $( Self::$variant => $id, )+
                }
            }

            /// Whether it fails a run unless the scenario allows or expects it.
            #[must_use]
            pub const fn fails_by_default(self) -> bool {
                match self {
                    $( Self::$variant => finding_kinds!($default), )+
                }
            }

            /// What it is, in one sentence.
            #[must_use]
            pub const fn summary(self) -> &'static str {
                match self {
                    $( Self::$variant => concat!($($doc),+).trim_ascii(), )+
                }
            }
        }
    };
    (fails) => { true };
    (noted) => { false };
}

finding_kinds! {
    /// A store hit the guard below a stack.
    OverflowGuard = "overflow.guard" fails,
    /// A switch found the stack pointer below its stack.
    OverflowSwitch = "overflow.switch" fails,
    /// A trap found the stack pointer below its stack.
    OverflowTrap = "overflow.trap" fails,
    /// A kernel call found too little headroom on the stack.
    OverflowKernelCall = "overflow.kernel-call" fails,
    /// The stack of the interrupt handlers overflowed.
    OverflowHandler = "overflow.handler" fails,
    /// A store below a stack that the device did not notice and the machine did.
    OverflowUnseen = "overflow.unseen" fails,
    /// A unit panicked.
    Panic = "panic" fails,
    /// A unit did something illegal.
    Fault = "fault" fails,
    /// A block of the heap was freed twice.
    HeapDoubleFree = "heap.double-free" fails,
    /// A pointer was given to the heap that is not the start of one of its blocks.
    HeapBadPointer = "heap.bad-pointer" fails,
    /// A block of the heap was written beyond its end.
    HeapOverrun = "heap.overrun" fails,
    /// A unit ended with an error.
    UnitFailed = "unit.failed" noted,
    /// A unit refused to exit and was torn down.
    UnitRefused = "unit.refused" noted,
    /// The device was reset although nobody expected it.
    ResetUnexpected = "reset.unexpected" fails,
    /// The holder of a lock was torn down.
    LockPoisoned = "lock.poisoned" noted,
    /// A thread ended in order and had not given back what only it could.
    LockLeaked = "lock.leaked" fails,
    /// Units wait for locks in a circle that nobody can open, or nothing is left that could end a wait.
    LockDeadlock = "lock.deadlock" fails,
    /// Units wait for locks in a circle that another unit may still open.
    LockSuspicion = "lock.suspicion" noted,
    /// Two units use a shared cell, and nothing puts the two uses in order.
    RaceShared = "race.shared" fails,
    /// Ticks of a timer were lost because the queue of callbacks was full.
    CallbackDropped = "callback.dropped" fails,
    /// A callback waits for a lock of the unit that it displaced.
    CallbackWaits = "callback.waits" noted,
    /// Ticks of a timer still waited for its callback when it was stopped.
    TimerLate = "timer.late" noted,
    /// A module ended and left blocks of the heap behind.
    ModuleLeftover = "module.leftover" fails,
    /// A module was not imported.
    ModuleRefused = "module.refused" noted,
    /// A unit waited for what nobody could reach, and a collection told it to end.
    CollectUnreachable = "collect.unreachable" fails,
    /// Memory of a unit that was torn down stays, because something looks like a pointer to it.
    CollectKept = "collect.kept" noted,
    /// Telemetry records are missing.
    TelemetryLost = "telemetry.lost" noted,
    /// Bytes arrived that are no telemetry.
    TelemetryDamaged = "telemetry.damaged" noted,
    /// Units wait for each other, or for nothing that could ever happen.
    Deadlock = "deadlock" fails,
}

impl FindingKind {
    /// Whether a stack overflowed, however that was noticed.
    #[must_use]
    pub const fn is_overflow(self) -> bool {
        matches!(
            self,
            Self::OverflowGuard
                | Self::OverflowSwitch
                | Self::OverflowTrap
                | Self::OverflowKernelCall
                | Self::OverflowHandler
                | Self::OverflowUnseen
        )
    }
}

impl fmt::Display for FindingKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.id())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scenarios_name_the_findings_that_there_are() {
        let ids: Vec<&str> = FindingKind::ALL.iter().map(|kind| kind.id()).collect();
        assert_eq!(ids, ramscope_scenario::FINDING_IDS);
    }
}
