//! Every register that this board touches, and the two ways to touch one.
//!
//! Source of all addresses and bits: ESP32-C3 technical reference manual, chapters "IO MUX
//! and GPIO Matrix", "UART Controller", "System Timer", "Interrupt Matrix", "System Registers",
//! "Low-Power Management", "Timer Group", "Watchdog Timers".
#![expect(unsafe_code, reason = "device registers")]

/// A 32-bit device register.
#[derive(Clone, Copy)]
pub(crate) struct Register(usize);

impl Register {
    pub(crate) fn read(self) -> u32 {
        // SAFETY: every value of this type below is a device register.
        unsafe { (self.0 as *const u32).read_volatile() }
    }

    pub(crate) fn write(self, value: u32) {
        // SAFETY: as above.
        unsafe { (self.0 as *mut u32).write_volatile(value) }
    }

    pub(crate) fn set(self, bits: u32) {
        self.write(self.read() | bits);
    }

    pub(crate) fn clear(self, bits: u32) {
        self.write(self.read() & !bits);
    }

    /// The register `index` words further on.
    pub(crate) const fn plus(self, index: usize) -> Register {
        Register(self.0 + 4 * index)
    }

    /// Where it is.
    pub(crate) const fn address(self) -> u32 {
        self.0 as u32
    }
}

/// The internal memory, which is on two buses.
pub(crate) mod sram {
    /// Where it is data.
    pub(crate) const DATA_BUS: core::ops::Range<usize> = 0x3FC8_0000..0x3FCE_0000;
    /// Where the same bytes are instructions.
    pub(crate) const INSTRUCTION_BUS: usize = 0x4038_0000;
}

/// The pins.
pub(crate) mod gpio {
    use super::Register;
    /// The level of each pin, one bit each.
    pub(crate) const IN: Register = Register(0x6000_403C);
    /// Sets the outputs whose bits are written; the next clears them.
    pub(crate) const OUT_SET: Register = Register(0x6000_4008);
    pub(crate) const OUT_CLEAR: Register = Register(0x6000_400C);
    /// Makes outputs of the pins whose bits are written.
    pub(crate) const ENABLE_SET: Register = Register(0x6000_4024);
    /// What drives pin 0; the other pins' follow.
    pub(crate) const OUT_SELECT: Register = Register(0x6000_4554);
    /// The output register drives it (technical reference manual, "GPIO Matrix").
    pub(crate) const SELECT_OUT: u32 = 128;
    /// Pins of the chip.
    pub(crate) const PINS: u8 = 22;
}

/// UART0.
pub(crate) mod uart {
    use super::Register;
    pub(crate) const FIFO: Register = Register(0x6000_0000);
    pub(crate) const INT_ENA: Register = Register(0x6000_000C);
    pub(crate) const INT_ST: Register = Register(0x6000_0008);
    pub(crate) const INT_CLR: Register = Register(0x6000_0010);
    pub(crate) const STATUS: Register = Register(0x6000_001C);
    pub(crate) const CONF1: Register = Register(0x6000_0024);
    pub(crate) const INT_RX_FULL: u32 = 1 << 0;
    pub(crate) const INT_TX_EMPTY: u32 = 1 << 1;
    pub(crate) const FIFO_BYTES: u32 = 128;
}

/// The low-power controller: watchdogs, reset, reset reason.
pub(crate) mod rtc {
    use super::Register;
    pub(crate) const OPTIONS0: Register = Register(0x6000_8000);
    pub(crate) const SW_SYS_RST: u32 = 1 << 31;
    pub(crate) const RESET_STATE: Register = Register(0x6000_8038);
    pub(crate) const WDT_CONFIG0: Register = Register(0x6000_8090);
    pub(crate) const WDT_WPROTECT: Register = Register(0x6000_80A8);
    pub(crate) const WDT_KEY: u32 = 0x50D8_3AA1;
    pub(crate) const SWD_CONF: Register = Register(0x6000_80AC);
    pub(crate) const SWD_AUTO_FEED: u32 = 1 << 31;
    pub(crate) const SWD_WPROTECT: Register = Register(0x6000_80B0);
    pub(crate) const SWD_KEY: u32 = 0x8F1D_312A;
}

/// The watchdogs of the two timer groups.
pub(crate) mod timg {
    use super::Register;
    pub(crate) const WDT_CONFIG0: [Register; 2] = [Register(0x6001_F048), Register(0x6002_0048)];
    pub(crate) const WDT_WPROTECT: [Register; 2] = [Register(0x6001_F064), Register(0x6002_0064)];
    pub(crate) const WDT_KEY: u32 = 0x50D8_3AA1;
}

/// The 16 MHz system timer.
pub(crate) mod systimer {
    use super::Register;
    pub(crate) const CONF: Register = Register(0x6002_3000);
    /// The reset value, which some emulators do not have, and comparator 0 at work.
    pub(crate) const CONF_VALUE: u32 = 0x4600_0000 | 1 << 24;
    pub(crate) const UNIT0_OP: Register = Register(0x6002_3004);
    pub(crate) const UPDATE: u32 = 1 << 30;
    pub(crate) const VALID: u32 = 1 << 29;
    pub(crate) const TARGET0_HI: Register = Register(0x6002_301C);
    pub(crate) const TARGET0_LO: Register = Register(0x6002_3020);
    pub(crate) const TARGET0_CONF: Register = Register(0x6002_3034);
    pub(crate) const VALUE_HI: Register = Register(0x6002_3040);
    pub(crate) const VALUE_LO: Register = Register(0x6002_3044);
    pub(crate) const COMP0_LOAD: Register = Register(0x6002_3050);
    pub(crate) const INT_ENA: Register = Register(0x6002_3064);
    pub(crate) const INT_CLR: Register = Register(0x6002_306C);
}

/// Clocks and software interrupts.
pub(crate) mod system {
    use super::Register;
    pub(crate) const CPU_PER_CONF: Register = Register(0x600C_0008);
    /// 160 MHz from the 480 MHz PLL.
    pub(crate) const CPU_PER_CONF_160_MHZ: u32 = 1 << 2 | 1;
    pub(crate) const FROM_CPU_0: Register = Register(0x600C_0028);
    pub(crate) const SYSCLK_CONF: Register = Register(0x600C_0058);
    pub(crate) const SOC_CLK_SEL: u32 = 0b11 << 10;
    pub(crate) const SOC_CLK_PLL: u32 = 1 << 10;
}

/// The interrupt matrix.
pub(crate) mod matrix {
    use super::Register;
    pub(crate) const MAP: Register = Register(0x600C_2000);
    pub(crate) const SOURCE_UART0: usize = 21;
    pub(crate) const SOURCE_SYSTIMER_TARGET0: usize = 37;
    pub(crate) const SOURCE_FROM_CPU_0: usize = 50;
    pub(crate) const ENABLE: Register = Register(0x600C_2104);
    pub(crate) const TYPE: Register = Register(0x600C_2108);
    pub(crate) const PRIORITY: Register = Register(0x600C_2114);
    pub(crate) const THRESHOLD: Register = Register(0x600C_2194);
}
