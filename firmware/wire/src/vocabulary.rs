//! The small closed lists of the format, each kept open.
//!
//! A host may be older than the firmware that it listens to, so a code that it does not know is
//! kept as it came, and the record around it stays readable.

use core::fmt;

use crate::layout::Field;

macro_rules! open_enum {
    ($(
        $(#[$meta:meta])*
        $name:ident: $integer:ty {$(
            $(#[$variant_meta:meta])*
            $variant:ident = $code:literal $text:literal
        ),* $(,)?}
    )*) => {$(
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $( $(#[$variant_meta])* $variant, )*
            /// A code of a later version; never one of those above.
            Unknown($integer),
        }

        impl $name {
            /// The code on the wire.
            #[must_use]
            #[inline(always)]
            pub const fn code(self) -> $integer {
                match self {
                    $( Self::$variant => $code, )*
                    Self::Unknown(code) => code,
                }
            }

            /// What a code on the wire means.
            #[must_use]
            pub const fn from_code(code: $integer) -> Self {
                match code {
                    $( $code => Self::$variant, )*
                    code => Self::Unknown(code),
                }
            }
        }

        impl Field for $name {
            const BYTES: usize = size_of::<$integer>();
            #[inline(always)]
            fn to_bits(self) -> u64 {
                self.code().into()
            }
            #[inline(always)]
            fn from_bits(bits: u64) -> Self {
                Self::from_code(bits as $integer)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    $( Self::$variant => f.pad($text), )*
                    Self::Unknown(code) => write!(f, "unknown({code})"),
                }
            }
        }
    )*};
}

open_enum! {
    /// What the firmware runs on.
    Board: u16 {
        /// An ESP32-C3, real or simulated.
        Esp32c3 = 1 "esp32c3",
        /// QEMU's virt machine.
        Virt = 2 "virt",
        /// The host port.
        Host = 3 "host",
    }

    /// How much the device tells.
    Level: u8 {
        /// Nothing.
        Off = 0 "off",
        /// Samples only.
        Samples = 1 "samples",
        /// Samples and events.
        Events = 2 "events",
        /// Also every allocation and every switch.
        All = 3 "all",
    }

    /// What a stretch of memory is used for.
    RegionKind: u8 {
        /// Instructions.
        Code = 0 "code",
        /// Constants.
        Rodata = 1 "rodata",
        /// Initialised variables.
        Data = 2 "data",
        /// Zeroed variables.
        Bss = 3 "bss",
        /// One of the heap's areas.
        HeapArea = 4 "heap",
        /// The main thread's stack.
        MainStack = 5 "main-stack",
        /// The stack of the interrupt handlers.
        InterruptStack = 6 "interrupt-stack",
        /// The stack for what must be said when another one has overflowed.
        EmergencyStack = 7 "emergency-stack",
        /// The ring that the records stand in.
        Ring = 8 "ring",
        /// Anything else.
        Other = 9 "other",
    }

    /// What an object is.
    ObjectKind: u8 {
        /// A lock.
        Lock = 1 "lock",
        /// A timer.
        Timer = 2 "timer",
        /// A queue.
        Queue = 3 "queue",
        /// A channel between tasklets.
        Channel = 4 "channel",
        /// An event that many can wait for.
        Event = 5 "event",
        /// The console.
        Console = 6 "console",
        /// A mutex: a lock with an owner.
        Mutex = 7 "mutex",
        /// A semaphore.
        Semaphore = 8 "semaphore",
        /// A condition variable.
        Condition = 9 "condition",
        /// A barrier.
        Barrier = 10 "barrier",
        /// A value that is made once.
        Once = 11 "once",
        /// A lock with many readers or one writer.
        RwLock = 12 "rwlock",
        /// An event emitter.
        Emitter = 13 "emitter",
        /// A shared cell.
        Shared = 14 "shared",
        /// The end of a thread.
        Thread = 15 "thread",
        /// That somebody resumes a thread which is suspended.
        Resume = 16 "resume",
    }

    /// What a unit is.
    UnitKind: u8 {
        /// The kernel itself.
        Kernel = 0 "kernel",
        /// Preemptive, with a stack of its own.
        Thread = 1 "thread",
        /// A future that the event loop polls.
        Task = 2 "task",
        /// Cooperative, with a stack of its own.
        Tasklet = 3 "tasklet",
        /// What timers and other callbacks run in.
        Callbacks = 4 "callbacks",
    }

    /// What a unit does.
    State: u8 {
        /// It could run.
        Ready = 0 "ready",
        /// It runs.
        Running = 1 "running",
        /// It waits for something.
        Blocked = 2 "blocked",
        /// It is over.
        Ended = 3 "ended",
        /// Somebody has suspended it.
        Suspended = 4 "suspended",
    }

    /// Why a unit is in its state.
    Why: u8 {
        /// No reason is needed.
        None = 0 "none",
        /// It sleeps.
        Sleep = 1 "sleep",
        /// It waits for a lock.
        Lock = 2 "lock",
        /// It waits for the end of another unit.
        Join = 3 "join",
        /// It waits for input or for room on the console.
        Console = 4 "console",
        /// It let others go first.
        Yielded = 5 "yielded",
        /// Another unit or the end of its time slice took the processor away.
        Preempted = 6 "preempted",
        /// What it waited for has happened.
        Woken = 7 "woken",
        /// Its wait timed out.
        TimedOut = 8 "timed-out",
        /// It was asked to exit.
        Exit = 9 "exit",
        /// It was just made.
        New = 10 "new",
        /// It waits for something of a queue, channel or event.
        Queue = 11 "queue",
        /// It is over, see its `UnitEnd`.
        Ended = 12 "ended",
    }

    /// How a unit came to its end.
    EndReason: u8 {
        /// Its function returned.
        Returned = 0 "returned",
        /// It left by a request to exit.
        Exited = 1 "exited",
        /// Its function returned an error.
        Failed = 2 "failed",
        /// It panicked.
        Panicked = 3 "panicked",
        /// Its stack overflowed.
        Overflowed = 4 "overflowed",
        /// It did something illegal.
        Faulted = 5 "faulted",
        /// It refused to exit and was torn down.
        Refused = 6 "refused",
    }

    /// How a stack overflow was noticed.
    OverflowHow: u8 {
        /// A store hit the guard below the stack.
        Guard = 0 "guard",
        /// The range check of a switch.
        Switch = 1 "switch",
        /// The range check of a trap.
        Trap = 2 "trap",
        /// A kernel call found too little headroom.
        KernelCall = 3 "kernel-call",
        /// A store hit the guard below the stack of the handlers.
        HandlerGuard = 4 "handler-guard",
    }

    /// Who owns a block of the heap.
    OwnerKind: u8 {
        /// The kernel.
        Kernel = 0 "kernel",
        /// Nobody who will ever give it back.
        Permanent = 1 "permanent",
        /// A thread.
        Thread = 2 "thread",
        /// A task.
        Task = 3 "task",
        /// A tasklet.
        Tasklet = 4 "tasklet",
        /// A timer.
        Timer = 5 "timer",
        /// A loaded module.
        Module = 6 "module",
    }

    /// What a stretch of the heap is.
    BlockState: u8 {
        /// Somebody has it.
        Used = 0 "used",
        /// Nobody has it.
        Free = 1 "free",
        /// Its owner was torn down, and something might still point there.
        Quarantined = 2 "quarantined",
    }

    /// Why the heap refused a pointer.
    PointerFault: u8 {
        /// It points to no memory of the heap.
        Foreign = 0 "foreign",
        /// Its block was freed before.
        AlreadyFree = 1 "already-free",
        /// It points into a block, but not to its start.
        NotAStart = 2 "not-a-start",
        /// Its block is in quarantine.
        Quarantined = 3 "quarantined",
        /// The header of its block, or of the next one, was overwritten.
        Overrun = 4 "overrun",
    }

    /// What happened to a lock.
    LockOp: u8 {
        /// It was free and was taken.
        Acquired = 0 "acquired",
        /// A unit began to wait for it.
        Waiting = 1 "waiting",
        /// A unit gave up waiting.
        TimedOut = 2 "timed-out",
        /// It became free.
        Released = 3 "released",
        /// Its holder was torn down.
        Poisoned = 4 "poisoned",
        /// It went from its holder to the first that waited.
        HandedOver = 5 "handed-over",
        /// Its holder ended in order and had not given it back; it is poisoned.
        Leaked = 6 "leaked",
    }

    /// What happened to an object that is no lock.
    ObjectOp: u8 {
        /// A unit began to wait.
        Waiting = 0 "waiting",
        /// A unit that waited got what it wanted.
        Granted = 1 "granted",
        /// A unit gave up waiting.
        TimedOut = 2 "timed-out",
        /// A unit stopped waiting because it was asked to end, or the object was closed.
        Left = 3 "left",
        /// A unit took something without waiting.
        Taken = 4 "taken",
        /// A unit gave something.
        Given = 5 "given",
        /// A unit that shared it ended in order and had not given it back.
        Leaked = 6 "leaked",
    }

    /// How waits that never end were found.
    DeadlockHow: u8 {
        /// Units wait in a circle through locks that another unit could release.
        Suspicion = 0 "suspicion",
        /// Units wait in a circle that nobody outside can open.
        Circle = 1 "circle",
        /// Nothing is left that could end a wait.
        Stuck = 2 "stuck",
    }

    /// How a shared cell was used.
    Access: u8 {
        /// Its value was read.
        Read = 0 "read",
        /// It got another value.
        Write = 1 "written",
    }

    /// Where a program is.
    ProgramPhase: u8 {
        /// It starts.
        Started = 0 "started",
        /// It is over.
        Ended = 1 "ended",
    }

    /// Why a collection was made.
    CollectWhy: u8 {
        /// A program asked for it.
        Program = 0 "program",
        /// The console did.
        Console = 1 "console",
        /// An allocation found no memory.
        Allocation = 2 "allocation",
        /// As many bytes were allocated as the threshold says.
        Threshold = 3 "threshold",
    }

    /// How far a collection came.
    CollectOutcome: u8 {
        /// To its end.
        Complete = 0 "complete",
        /// Handlers changed memory again and again: nothing was decided.
        Disturbed = 1 "disturbed",
        /// It found a header that was overwritten: nothing was decided.
        Damaged = 2 "damaged",
        /// Where pointers can be is not known: nothing was decided.
        Undeclared = 3 "undeclared",
    }

    /// Where a collection found a pointer.
    CollectPlace: u8 {
        /// In a static.
        Statics = 0 "static",
        /// On a stack.
        Stack = 1 "stack",
        /// In a saved register.
        Registers = 2 "register",
        /// In a block of the heap.
        Heap = 3 "heap-block",
        /// In a root that a program registered.
        Registered = 4 "registered",
        /// In what the kernel keeps.
        Kernel = 5 "kernel",
    }

    /// How often a timer fires.
    TimerMode: u8 {
        /// Once.
        OneShot = 0 "one-shot",
        /// Again and again.
        Periodic = 1 "periodic",
    }

    /// A stretch of a module's import.
    ModulePhaseKind: u8 {
        /// The file is looked for, and the module gets its entry.
        Find = 0 "find",
        /// The file is read, and its checksum compared.
        Read = 1 "read",
        /// Its tables are read, and its sections get their places.
        Parse = 2 "parse",
        /// Its sections are put where they run.
        Link = 3 "link",
        /// Its own code begins it.
        Initialise = 4 "initialise",
        /// Its own code ends it, and its memory goes back.
        End = 5 "end",
    }

    /// What a module does.
    ModuleState: u8 {
        /// It is being imported.
        Loading = 0 "loading",
        /// It is in the table of modules.
        Loaded = 1 "loaded",
        /// It was taken out of the table, and something keeps it.
        Held = 2 "held",
        /// It was taken out of the table, and nothing keeps it: the next collection frees it.
        Free = 3 "free",
    }

    /// What keeps a module loaded.
    PinKind: u8 {
        /// The table's entry.
        Table = 0 "table",
        /// A name that somebody has for it.
        Name = 1 "name",
        /// A module that needs it.
        Importer = 2 "importer",
        /// A timer that calls it.
        Callback = 3 "callback",
        /// A unit that runs its code.
        Unit = 4 "unit",
    }

    /// What became of a command from the host.
    CommandOutcome: u8 {
        /// It was carried out.
        Done = 0 "done",
        /// No command of this kind is known.
        NotKnown = 1 "unknown",
        /// It is damaged, or not as long as it must be.
        Malformed = 2 "malformed",
    }
}
