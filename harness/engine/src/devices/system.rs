//! SYSTEM: the CPU clock and the software interrupts.
//!
//! Registers: technical reference manual, chapters "System Registers" and "Reset and Clock".

use crate::clock::{RC_FAST_PERIOD_PS, XTAL_PERIOD_PS};

const CPU_PER_CONF: u32 = 0x08;
const FROM_CPU_0: u32 = 0x28;
const FROM_CPU_3: u32 = 0x34;
const SYSCLK_CONF: u32 = 0x58;

/// The clock and interrupt part of SYSTEM.
#[derive(Clone, Debug, Hash)]
pub(crate) struct System {
    cpu_per_conf: u32,
    sysclk_conf: u32,
    from_cpu: u32,
}

impl System {
    /// After a reset the CPU runs at 80 MHz from the PLL.
    pub(crate) fn new() -> Self {
        Self { cpu_per_conf: 0x0000_000C, sysclk_conf: 0x000A_8401, from_cpu: 0 }
    }

    /// Picoseconds a CPU cycle, as SOC_CLK_SEL, CPUPERIOD_SEL and PRE_DIV_CNT say.
    pub(crate) fn cpu_period_ps(&self) -> u64 {
        let divider = u64::from(self.sysclk_conf & 0x3FF) + 1;
        match self.sysclk_conf >> 10 & 3 {
            1 if self.cpu_per_conf & 3 == 0 => 12_500,
            1 => 6_250,
            2 => RC_FAST_PERIOD_PS * divider,
            _ => XTAL_PERIOD_PS * divider,
        }
    }

    /// The software interrupts that are up, bits 0 to 3.
    pub(crate) fn software_interrupts(&self) -> u32 {
        self.from_cpu
    }

    /// Raises a software interrupt from outside.
    pub(crate) fn raise_software_interrupt(&mut self, n: u32) {
        self.from_cpu |= 1 << n;
    }

    /// What a register shows; `None` if it is not modelled.
    pub(crate) fn peek(&self, offset: u32) -> Option<u32> {
        Some(match offset {
            CPU_PER_CONF => self.cpu_per_conf,
            FROM_CPU_0..=FROM_CPU_3 => self.from_cpu >> ((offset - FROM_CPU_0) / 4) & 1,
            SYSCLK_CONF => self.sysclk_conf,
            _ => return None,
        })
    }

    /// Writes a register; `false` if it is not modelled.
    pub(crate) fn write(&mut self, offset: u32, value: u32) -> bool {
        match offset {
            CPU_PER_CONF => self.cpu_per_conf = value & 0xFF,
            FROM_CPU_0..=FROM_CPU_3 => {
                let n = (offset - FROM_CPU_0) / 4;
                self.from_cpu = self.from_cpu & !(1 << n) | (value & 1) << n;
            }
            SYSCLK_CONF => self.sysclk_conf = value & 0x000F_FFFF,
            _ => return false,
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(sysclk_conf: u32, cpu_per_conf: u32, period_ps: u64) {
        let mut system = System::new();
        system.write(SYSCLK_CONF, sysclk_conf);
        system.write(CPU_PER_CONF, cpu_per_conf);
        assert_eq!(system.cpu_period_ps(), period_ps);
    }

    #[test]
    fn the_clock_registers_choose_the_period() {
        assert_eq!(System::new().cpu_period_ps(), 12_500);
        check(1 << 10, 0, 12_500);
        check(1 << 10, 1, 6_250);
        check(0, 1, 25_000);
        check(1, 1, 50_000);
        check(2 << 10, 0, RC_FAST_PERIOD_PS);
    }
}
