//! What runs before the program, and the state that it leaves.
//!
//! Neither the ROM's start nor Espressif's second-stage bootloader runs here; the machine starts
//! at the program's entry as they would leave it. Programs notice the difference between them:
//! - **Direct boot**: the ROM jumps into flash. Nothing is protected, both boot watchdogs run.
//! - **ESP-IDF**: the bootloader has locked all sixteen PMP entries, so that SRAM1 can be executed
//!   at its instruction bus only; the stack is the ROM's; of the watchdogs only the RTC's runs, with
//!   nine seconds, and the super watchdog feeds itself.
//!
//! In both, mstatus.MIE is set and the CPU runs at 80 MHz.
//!
//! Facts: ESP-IDF, `esp_hw_support/port/esp32c3/cpu_region_protect.c` and `bootloader_support`.

use crate::cpu::Cpu;
use crate::devices::Devices;
use ramscope_time::Instant;

/// What starts the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Boot {
    /// The ROM, straight into flash. Plain ELF files are started so, too.
    Direct,
    /// ESP-IDF's second-stage bootloader.
    EspIdf,
}

const READ: u8 = 1;
const WRITE: u8 = 2;
const EXECUTE: u8 = 4;
const LOCKED_TOP_OF_RANGE: u8 = 0x88;

/// Where each PMP entry ends (the next begins there), and what it allows.
const PMP: [(u32, u8); 16] = [
    (0x2000_0000, 0),                      // nothing
    (0x2800_0000, READ | WRITE | EXECUTE), // debug module
    (0x3C00_0000, 0),                      // nothing
    (0x3FC8_0000, READ),                   // flash as data
    (0x3FCE_0000, READ | WRITE),           // SRAM1, data bus
    (0x3FF2_0000, READ),                   // ROM data
    (0x4006_0000, READ | EXECUTE),         // ROM
    (0x4037_C000, 0),                      // nothing
    (0x403E_0000, READ | WRITE | EXECUTE), // SRAM, instruction bus
    (0x4280_0000, READ | EXECUTE),         // flash as instructions
    (0x5000_0000, 0),                      // nothing
    (0x5000_2000, READ | WRITE | EXECUTE), // RTC fast memory
    (0x6000_0000, 0),                      // nothing
    (0x6010_0000, READ | WRITE),           // peripherals
    (0xFFFF_FFFF, 0),                      // nothing
    (0xFFFF_FFFF, 0),                      // nothing
];

/// A little below the top of the ROM's stack.
const STACK: u32 = 0x3FCD_E700;
const SP: usize = 2;

/// Registers that the bootloader leaves changed: address and value, in this order.
const REGISTERS: [(u32, u32); 11] = [
    (0x6001_F064, 0x50D8_3AA1), // TIMG0: unlock
    (0x6001_F048, 0x0004_8000), // the boot watchdog, off
    (0x6001_F064, 0),
    (0x6000_80A8, 0x50D8_3AA1), // RTC watchdog: unlock
    (0x6000_8094, 612_000),     // nine seconds: the first stage counts twice
    (0x6000_8090, 0xC001_2214), // enabled, resets the system, no longer for boot
    (0x6000_80A4, 0x8000_0000), // feed
    (0x6000_80A8, 0),
    (0x6000_80B0, 0x8F1D_312A), // super watchdog: unlock
    (0x6000_80AC, 0x8000_0000), // feeds itself
    (0x6000_80B0, 0),
];

impl Boot {
    /// The core at `entry`.
    pub(crate) fn cpu(self, entry: u32) -> Cpu {
        let mut cpu = Cpu::new(entry);
        if self == Boot::EspIdf {
            cpu.registers[SP] = STACK;
            for (n, (end, allowed)) in PMP.into_iter().enumerate() {
                cpu.csrs.pmp.set(n, end >> 2, LOCKED_TOP_OF_RANGE | allowed);
            }
        }
        cpu
    }

    /// Leaves the peripherals as the bootloader does.
    pub(crate) fn prepare(self, devices: &mut Devices, now: Instant) {
        if self == Boot::EspIdf {
            for (address, value) in REGISTERS {
                devices.write(address, value, 0, now);
            }
        }
    }
}
