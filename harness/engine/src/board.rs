//! What stands around the core: the ESP32-C3's peripherals, or those of QEMU's virt machine.
//!
//! The run loop asks the same few questions of both: what is due, what does a register say, which
//! interrupt stands. What only one machine has is reached by matching.

use crate::boot::Boot;
use crate::devices::{self, Devices};
use crate::hash::StateHasher;
use crate::machine::{ResetReason, UartByte, UartLosses, UnmodelledAccess};
use crate::virt::{self, Virt};
use ramscope_time::Instant;

/// The peripherals of one machine.
#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "there is one for each machine, never a table")]
pub(crate) enum Board {
    Esp32c3(Devices),
    Virt(Virt),
}

/// The same call on either board.
macro_rules! either {
    ($board:expr, $devices:ident => $call:expr) => {
        match $board {
            Board::Esp32c3($devices) => $call,
            Board::Virt($devices) => $call,
        }
    };
}

impl Board {
    /// Whether an address is a register's.
    pub(crate) fn is_register(&self, address: u32) -> bool {
        match self {
            Board::Esp32c3(_) => devices::is_register(address),
            Board::Virt(_) => virt::is_register(address),
        }
    }

    /// Whether reading a register changes it.
    pub(crate) fn reading_changes(&self, address: u32) -> bool {
        match self {
            Board::Esp32c3(_) => Devices::reading_changes(address),
            Board::Virt(_) => true,
        }
    }

    /// Picoseconds a CPU cycle.
    pub(crate) fn cpu_period_ps(&self) -> u64 {
        match self {
            Board::Esp32c3(devices) => devices.system.cpu_period_ps(),
            Board::Virt(_) => virt::CPU_PERIOD_PS,
        }
    }

    /// Brings every device up to `now`.
    pub(crate) fn sync(&mut self, now: Instant) {
        either!(self, devices => devices.sync(now));
    }

    /// Shows the interrupt outputs to the interrupt controller.
    pub(crate) fn update_sources(&mut self) {
        match self {
            Board::Esp32c3(devices) => devices.update_sources(),
            Board::Virt(virt) => virt.update_sources(),
        }
    }

    /// The next instant at which a device will do something by itself.
    pub(crate) fn next_event(&self) -> Instant {
        either!(self, devices => devices.next_event())
    }

    /// Whether `next_event` may have moved since the last call.
    pub(crate) fn take_plans_changed(&mut self) -> bool {
        either!(self, devices => std::mem::take(&mut devices.plans_changed))
    }

    /// Says that `next_event` may have moved.
    pub(crate) fn note_plans_changed(&mut self) {
        either!(self, devices => devices.plans_changed = true);
    }

    /// A reset that was asked for, once.
    pub(crate) fn take_reset(&mut self) -> Option<ResetReason> {
        either!(self, devices => devices.take_reset())
    }

    /// Resets what a reset of this reason reaches.
    pub(crate) fn reset(&mut self, reason: ResetReason, now: Instant) {
        either!(self, devices => devices.reset(reason, now));
    }

    /// The exit code that the firmware has asked the host for.
    pub(crate) fn exit_code(&self) -> Option<u32> {
        match self {
            Board::Esp32c3(_) => None,
            Board::Virt(virt) => virt.exit_code(),
        }
    }

    /// Raises an interrupt source from outside.
    pub(crate) fn raise(&mut self, number: u8) {
        match self {
            Board::Esp32c3(devices) => devices.raise(number),
            Board::Virt(virt) => virt.raise(number),
        }
    }

    /// How many interrupt sources there are.
    pub(crate) fn sources(&self) -> usize {
        match self {
            Board::Esp32c3(_) => devices::matrix::SOURCES,
            Board::Virt(_) => virt::SOURCES,
        }
    }

    /// The processor took an interrupt: what was raised from outside falls.
    pub(crate) fn acknowledge(&mut self, line: u32) {
        match self {
            Board::Esp32c3(devices) => devices.acknowledge(line),
            Board::Virt(virt) => virt.acknowledge(line),
        }
    }

    /// Reads the register at an aligned address for the instruction at `pc`.
    pub(crate) fn read(&mut self, address: u32, pc: u32, now: Instant) -> u32 {
        match self {
            Board::Esp32c3(devices) => devices.read(address, pc, now),
            Board::Virt(virt) => virt.read(address, now).unwrap_or(0),
        }
    }

    /// Writes the register at an aligned address for the instruction at `pc`.
    pub(crate) fn write(&mut self, address: u32, value: u32, pc: u32, now: Instant) {
        match self {
            Board::Esp32c3(devices) => devices.write(address, value, pc, now),
            Board::Virt(virt) => {
                let _ = virt.write(address, value, now); // from outside, a gap swallows it
            }
        }
    }

    /// What a register shows at the last [`sync`](Self::sync), without side effects.
    pub(crate) fn peek(&self, address: u32) -> u32 {
        match self {
            Board::Esp32c3(devices) => devices.peek(address),
            Board::Virt(virt) => virt.peek(address),
        }
    }

    /// Leaves the peripherals as what starts the program does.
    pub(crate) fn boot(&mut self, boot: Boot, now: Instant) {
        if let Board::Esp32c3(devices) = self {
            boot.prepare(devices, now);
        }
    }

    /// The bytes that left UART `n` by `now`; the virt machine has the first only.
    pub(crate) fn take_sent(&mut self, n: usize, now: Instant) -> Vec<UartByte> {
        match (self, n) {
            (Board::Esp32c3(devices), _) => {
                devices.uart[n].sync(now);
                devices.uart[n].take_sent()
            }
            (Board::Virt(virt), 0) => virt.uart.take_sent(),
            (Board::Virt(_), _) => Vec::new(),
        }
    }

    /// Lets bytes arrive at UART `n` from `now` on; the virt machine has the first only.
    pub(crate) fn receive(&mut self, n: usize, bytes: &[u8], now: Instant) {
        match (self, n) {
            (Board::Esp32c3(devices), _) => devices.uart[n].receive(bytes, now),
            (Board::Virt(virt), 0) => virt.uart.receive(bytes, now),
            (Board::Virt(_), _) => {}
        }
    }

    /// Whether bytes are still on their way to the first UART.
    pub(crate) fn is_hearing(&self) -> bool {
        match self {
            Board::Esp32c3(devices) => devices.uart[0].is_hearing(),
            Board::Virt(virt) => virt.uart.is_hearing(),
        }
    }

    /// Bytes that the first UART lost.
    pub(crate) fn losses(&self) -> UartLosses {
        match self {
            Board::Esp32c3(devices) => devices.uart[0].losses(),
            Board::Virt(_) => UartLosses::default(), // it paces its sender
        }
    }

    /// Registers that were touched and are not modelled.
    pub(crate) fn unmodelled(&self) -> &[UnmodelledAccess] {
        match self {
            Board::Esp32c3(devices) => devices.storage.accesses(),
            Board::Virt(_) => &[], // an access to any other address is a fault
        }
    }

    /// The ESP32-C3's own peripherals.
    pub(crate) fn esp32c3(&self) -> Option<&Devices> {
        match self {
            Board::Esp32c3(devices) => Some(devices),
            Board::Virt(_) => None,
        }
    }

    /// The ESP32-C3's own peripherals, to be changed.
    pub(crate) fn esp32c3_mut(&mut self) -> Option<&mut Devices> {
        match self {
            Board::Esp32c3(devices) => Some(devices),
            Board::Virt(_) => None,
        }
    }

    /// The virt machine's own peripherals.
    pub(crate) fn virt_mut(&mut self) -> Option<&mut Virt> {
        match self {
            Board::Esp32c3(_) => None,
            Board::Virt(virt) => Some(virt),
        }
    }

    pub(crate) fn hash_into(&self, hasher: &mut StateHasher) {
        either!(self, devices => devices.hash_into(hasher));
    }
}
