//! What a machine tells about itself: why it stopped, what left it, what it was asked and lacks.

use ramscope_time::Instant;

/// Why a run returned.
#[must_use]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    /// The instant was reached.
    Reached,
    /// The watched word was stored to; the instruction is complete.
    Watched {
        /// Address of the word.
        address: u32,
        /// Its value now.
        value: u32,
    },
    /// The processor waits for an interrupt, and nothing that is armed can ever raise one. Time
    /// went on to `until`; only input from outside can still wake it.
    Deadlocked,
    /// The firmware cannot go on.
    Fatal(Fatal),
    /// The observer asked to stop.
    Observer,
    /// The instruction that was waited for is the next one.
    Instruction,
    /// A watched pin changed, and the next instruction has not begun.
    Pins,
    /// The firmware ended the run, as it can on the virt machine.
    Finished {
        /// The exit code that it asked for.
        code: u32,
    },
}

/// A state that the firmware cannot leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum Fatal {
    /// The trap handler faults again and again. It is reported at once, even if a watchdog would
    /// reset the chip in the end: the first fault is what there is to know.
    #[error(
        "locked up: the trap handler at {handler:#010x} faults at {pc:#010x} again and again (cause {cause}, value {value:#010x})"
    )]
    Lockup {
        /// Where the trap goes.
        handler: u32,
        /// The instruction that faults.
        pc: u32,
        /// mcause.
        cause: u32,
        /// mtval.
        value: u32,
    },
    /// A function of the chip's ROM was called that the built-in machine does not have.
    #[error(
        "called the ROM function {name} at {address:#010x}, which the built-in machine does not have (it would return to {caller:#010x})"
    )]
    RomFunction {
        /// Its name in Espressif's linker scripts.
        name: &'static str,
        /// Where it stands.
        address: u32,
        /// What `ra` holds.
        caller: u32,
    },
    /// The program went to an address in ROM at which no function is known to start.
    #[error(
        "went to {address:#010x} in ROM, where no function is known to start (ra holds {caller:#010x})"
    )]
    RomAddress {
        /// The address.
        address: u32,
        /// What `ra` holds.
        caller: u32,
    },
}

/// A byte that left a UART.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UartByte {
    /// When its stop bit was sent.
    pub at: Instant,
    /// The byte.
    pub byte: u8,
}

/// Bytes that a UART lost, since power-on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UartLosses {
    /// Received bytes that found the FIFO full.
    pub received: u64,
    /// Bytes that the firmware wrote to a full FIFO.
    pub sent: u64,
}

/// An address without memory or register behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("nothing is mapped at {address:#010x}")]
pub struct Unmapped {
    /// The first address that is not mapped.
    pub address: u32,
}

/// How a register was touched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// It was read.
    Read,
    /// It was written.
    Write,
}

/// A register that firmware touched and the machine does not model: it keeps what is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnmodelledAccess {
    /// Address of the register's word.
    pub address: u32,
    /// The instruction that touched it first.
    pub pc: u32,
    /// What that instruction did.
    pub first: Access,
    /// How often it was read.
    pub reads: u64,
    /// How often it was written.
    pub writes: u64,
}
