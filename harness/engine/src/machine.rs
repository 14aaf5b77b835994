//! The whole machine.

use crate::image::Image;
use crate::observer::Observer;
use ramscope_time::Instant;

/// What a run depends on besides the image and the stimuli.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Decides the contents of RAM at power-on and the random number generator.
    pub seed: u64,
}

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
    /// The processor waits for an interrupt, and nothing armed can ever raise one. Time went on
    /// to `until`; input may still wake it.
    Deadlocked,
    /// The firmware cannot go on.
    Fatal(Fatal),
    /// The observer asked to stop.
    Observer,
}

/// A state that the firmware cannot leave.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fatal {
    /// The trap handler faults again and again.
    #[error(
        "locked up: the trap handler at {handler:#010x} faults at {pc:#010x} (cause {cause}, value {value:#010x}), again and again"
    )]
    Lockup {
        /// The handler's address.
        handler: u32,
        /// The instruction that faults.
        pc: u32,
        /// mcause.
        cause: u32,
        /// mtval.
        value: u32,
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

/// An address without memory behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("nothing is mapped at {address:#010x}")]
pub struct Unmapped {
    /// The first address that is not mapped.
    pub address: u32,
}

/// How a register was first touched.
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

/// Why the chip started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ResetReason {
    /// Power came on.
    PowerOn,
}

/// A start of the chip.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResetEvent {
    /// When.
    pub at: Instant,
    /// Why.
    pub reason: ResetReason,
}

/// An ESP32-C3 that runs an image. Plain data: a clone goes on independently.
#[derive(Clone, Debug)]
pub struct Machine {}

#[allow(unused_variables, reason = "signatures first")]
impl Machine {
    /// A machine that has just been powered on with `image` loaded.
    #[must_use]
    pub fn esp32c3(image: &Image, options: &Options) -> Machine {
        unimplemented!("the machine is being written")
    }

    /// Runs to the first instruction boundary that is not before `until`.
    pub fn run(&mut self, until: Instant) -> Stop {
        unimplemented!("the machine is being written")
    }

    /// As [`run`](Self::run), with an observer.
    pub fn run_observed<O: Observer>(&mut self, until: Instant, observer: &mut O) -> Stop {
        unimplemented!("the machine is being written")
    }

    /// Device time.
    #[must_use]
    pub fn now(&self) -> Instant {
        unimplemented!("the machine is being written")
    }

    /// Instructions since power-on.
    #[must_use]
    pub fn instructions(&self) -> u64 {
        unimplemented!("the machine is being written")
    }

    /// CPU cycles since power-on, idle ones included.
    #[must_use]
    pub fn cycles(&self) -> u64 {
        unimplemented!("the machine is being written")
    }

    /// The CPU clock that the firmware has set.
    #[must_use]
    pub fn cpu_hz(&self) -> u32 {
        unimplemented!("the machine is being written")
    }

    /// The bytes that left UART0 since the last call.
    #[must_use]
    pub fn take_uart0(&mut self) -> Vec<UartByte> {
        unimplemented!("the machine is being written")
    }

    /// Lets `bytes` arrive at UART0, one after the other at its baud rate, from now on.
    pub fn receive_uart0(&mut self, bytes: &[u8]) {
        unimplemented!("the machine is being written")
    }

    /// Bytes that UART0 lost.
    #[must_use]
    pub fn uart0_losses(&self) -> UartLosses {
        unimplemented!("the machine is being written")
    }

    /// Reads memory or registers as a debugger would: without side effects.
    ///
    /// # Errors
    /// If part of the range is not mapped; `out` is then unspecified.
    pub fn read_bytes(&self, address: u32, out: &mut [u8]) -> Result<(), Unmapped> {
        unimplemented!("the machine is being written")
    }

    /// Reads one word; the address is rounded down to a multiple of four.
    ///
    /// # Errors
    /// If nothing is mapped there.
    pub fn read_word(&self, address: u32) -> Result<u32, Unmapped> {
        unimplemented!("the machine is being written")
    }

    /// Writes one word of RAM or one register from outside, as a stimulus. Does not count as a
    /// store of the firmware: it fires neither triggers nor the watch nor an observer.
    ///
    /// # Errors
    /// If nothing that can be written is mapped there.
    pub fn write_word(&mut self, address: u32, value: u32) -> Result<(), Unmapped> {
        unimplemented!("the machine is being written")
    }

    /// Asks [`run`](Self::run) to return right after a store to this word of RAM.
    pub fn watch_word(&mut self, address: Option<u32>) {
        unimplemented!("the machine is being written")
    }

    /// Raises source `source` (0 to 61) of the interrupt matrix once `instruction` instructions
    /// have run. FROM_CPU sources stay raised until the firmware clears them, the others until
    /// their interrupt is taken.
    pub fn raise_after(&mut self, instruction: u64, source: u8) {
        unimplemented!("the machine is being written")
    }

    /// Registers that firmware touched and the machine does not model, in the order of first use.
    #[must_use]
    pub fn unmodelled(&self) -> &[UnmodelledAccess] {
        unimplemented!("the machine is being written")
    }

    /// Every start of the chip, power-on first.
    #[must_use]
    pub fn resets(&self) -> &[ResetEvent] {
        unimplemented!("the machine is being written")
    }

    /// Register `x0` to `x31`.
    #[must_use]
    pub fn register(&self, n: u8) -> u32 {
        unimplemented!("the machine is being written")
    }

    /// Address of the next instruction.
    #[must_use]
    pub fn pc(&self) -> u32 {
        unimplemented!("the machine is being written")
    }

    /// The value of a CSR, if the core has it.
    #[must_use]
    pub fn csr(&self, number: u16) -> Option<u32> {
        unimplemented!("the machine is being written")
    }

    /// Whether the processor waits for an interrupt.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        unimplemented!("the machine is being written")
    }

    /// A hash of everything that the future of the machine depends on; the same on every host.
    #[must_use]
    pub fn state_hash(&self) -> u64 {
        unimplemented!("the machine is being written")
    }
}
