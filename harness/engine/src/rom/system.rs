//! What the ROM knows of the chip: reset reasons, delays, the console, the analog registers.
//!
//! Choice of this model: the console is UART0.

use super::call::{A0, A1, A2, A3, A4, A5, Place, Step, T1, T2};
use super::cost;
use super::function::Function;
use crate::cpu::Exception;
use crate::devices::analog::Register;
use crate::machine::Machine;
use crate::observer::Observer;

const UART_FIFO: u32 = 0x00;
const UART_STATUS: u32 = 0x1C;
const UART_FSM_STATUS: u32 = 0x6C;
/// Bytes in the transmitter's FIFO at which the ROM waits.
const FIFO_FULL: u32 = 126;
const RTC_OPTIONS0: u32 = 0x6000_8000;
const RTC_RESET_STATE: u32 = 0x6000_8038;
const SW_SYS_RST: u32 = 1 << 31;
const SW_CPU_RST: u32 = 1 << 5;
const INTERRUPT_MATRIX: u32 = 0x600C_2000;
const MPCCR: u16 = 0x7E2;
const APB_HZ: u32 = 80_000_000;
const XTAL_HZ: u32 = 40_000_000;

fn uart(n: u32) -> u32 {
    0x6000_0000 + 0x1_0000 * (n & 1)
}

impl Machine {
    /// Does `place`'s function if it is one of the chip.
    pub(super) fn rom_system<O: Observer>(
        &mut self,
        place: Place,
        observer: &mut O,
    ) -> Option<Result<Step, Exception>> {
        let [a0, a1, a2] = [A0, A1, A2].map(|n| self.cpu.register(n));
        Some(match place.function {
            Function::rtc_get_reset_reason => {
                self.rom_load(RTC_RESET_STATE, 4).map(|state| self.give(state & 0x3F))
            }
            Function::rtc_get_wakeup_cause
            | Function::ets_get_printf_channel
            | Function::Cache_Disable_ICache
            | Function::Cache_Suspend_ICache => Ok(self.give(0)),
            Function::Cache_Invalidate_Addr
            | Function::Cache_Invalidate_ICache_All
            | Function::Cache_Invalidate_ICache_Items
            | Function::Cache_Enable_ICache
            | Function::Cache_Freeze_ICache_Enable
            | Function::Cache_Freeze_ICache_Disable
            | Function::Cache_Resume_ICache
            | Function::ets_install_uart_printf => Ok(Step::Return),
            Function::ets_get_apb_freq => Ok(self.give(APB_HZ)),
            Function::ets_get_xtal_freq => Ok(self.give(XTAL_HZ)),
            Function::ets_get_cpu_frequency => Ok(self.give(self.rom.ticks_per_us)),
            Function::ets_update_cpu_frequency => {
                self.rom.ticks_per_us = a0;
                Ok(Step::Return)
            }
            Function::ets_delay_us => Ok(self.delay(place)),
            Function::uart_tx_one_char | Function::uart_tx_one_char2 => {
                self.send_to_console(observer)
            }
            Function::uart_rx_one_char => self.receive_from_console(observer),
            Function::uart_rx_one_char_block => self.wait_for_console(),
            Function::uart_tx_flush | Function::uart_tx_wait_idle => self.wait_until_sent(a0),
            Function::software_reset => self.reset_by_rom(SW_SYS_RST, observer),
            Function::software_reset_cpu => self.reset_by_rom(SW_CPU_RST, observer),
            Function::intr_matrix_set => {
                let register = INTERRUPT_MATRIX + 4 * (a1 & 0x3F);
                self.rom_store(register, 4, a2, observer).map(|()| Step::Return)
            }
            Function::rom_i2c_readReg
            | Function::rom_i2c_readReg_Mask
            | Function::rom_i2c_writeReg
            | Function::rom_i2c_writeReg_Mask => Ok(self.analog(place.function)),
            _ => return None,
        })
    }

    pub(super) fn give(&mut self, value: u32) -> Step {
        self.set_rom_register(A0, value);
        Step::Return
    }

    /// Waits by the cycle counter, as the ROM does: what interrupts take counts.
    fn delay(&mut self, place: Place) -> Step {
        if place.is_entry {
            let ticks = self.cpu.register(A0).wrapping_mul(self.rom.ticks_per_us);
            self.set_rom_register(T1, self.cycle_counter());
            self.set_rom_register(T2, ticks);
        }
        let elapsed = self.cycle_counter().wrapping_sub(self.cpu.register(T1));
        let left = u64::from(self.cpu.register(T2).saturating_sub(elapsed));
        self.cycle += left.min(place.stop_cycle.saturating_sub(self.cycle));
        if left == 0 { Step::Return } else { Step::Stay }
    }

    fn cycle_counter(&self) -> u32 {
        self.csr(MPCCR).expect("the core has a cycle counter")
    }

    fn send_to_console<O: Observer>(&mut self, observer: &mut O) -> Result<Step, Exception> {
        if !self.console_has_room()? {
            self.cycle += cost::POLL;
            return Ok(Step::Stay);
        }
        let byte = self.cpu.register(A0) as u8;
        self.console_send(byte, observer)?;
        Ok(self.give(0))
    }

    /// Whether the ROM would not wait before it sends a byte.
    pub(super) fn console_has_room(&mut self) -> Result<bool, Exception> {
        let status = self.rom_load(uart(0) + UART_STATUS, 4)?;
        Ok(status >> 16 & 0x3FF < FIFO_FULL)
    }

    pub(super) fn console_send<O: Observer>(
        &mut self,
        byte: u8,
        observer: &mut O,
    ) -> Result<(), Exception> {
        self.rom_store(uart(0) + UART_FIFO, 4, u32::from(byte), observer)
    }

    /// Stores a byte at `a0` and gives 0, or gives 1 if none has come.
    fn receive_from_console<O: Observer>(&mut self, observer: &mut O) -> Result<Step, Exception> {
        let status = self.rom_load(uart(0) + UART_STATUS, 4)?;
        if status & 0x3FF == 0 {
            return Ok(self.give(1));
        }
        let byte = self.rom_load(uart(0) + UART_FIFO, 4)?;
        self.rom_store(self.cpu.register(A0), 1, byte & 0xFF, observer)?;
        Ok(self.give(0))
    }

    /// Gives the next byte, once it has come.
    fn wait_for_console(&mut self) -> Result<Step, Exception> {
        let status = self.rom_load(uart(0) + UART_STATUS, 4)?;
        if status & 0x3FF == 0 {
            self.cycle += cost::POLL;
            return Ok(Step::Stay);
        }
        self.rom_load(uart(0) + UART_FIFO, 4).map(|byte| self.give(byte & 0xFF))
    }

    fn wait_until_sent(&mut self, n: u32) -> Result<Step, Exception> {
        let queued = self.rom_load(uart(n) + UART_STATUS, 4)? >> 16 & 0x3FF;
        let sending = self.rom_load(uart(n) + UART_FSM_STATUS, 4)? & 0xF0;
        if queued == 0 && sending == 0 {
            return Ok(Step::Return);
        }
        self.cycle += cost::POLL;
        Ok(Step::Stay)
    }

    /// Asks for a reset, which comes before the next step.
    fn reset_by_rom<O: Observer>(&mut self, bit: u32, observer: &mut O) -> Result<Step, Exception> {
        let options = self.rom_load(RTC_OPTIONS0, 4)?;
        self.rom_store(RTC_OPTIONS0, 4, options | bit, observer)?;
        self.cycle += cost::POLL;
        Ok(Step::Stay)
    }

    fn analog(&mut self, function: Function) -> Step {
        let [block, host, number, a3, a4, a5] =
            [A0, A1, A2, A3, A4, A5].map(|n| self.cpu.register(n));
        let register = Register { block: block as u8, host: host as u8, number: number as u8 };
        let analog = self.analog_registers();
        let old = u32::from(analog.read(register));
        match function {
            Function::rom_i2c_writeReg => analog.write(register, a3 as u8),
            Function::rom_i2c_writeReg_Mask => {
                let (mask, low) = field(a3, a4);
                analog.write(register, (old & !mask | a5 << low & mask) as u8);
            }
            Function::rom_i2c_readReg_Mask => {
                let (mask, low) = field(a3, a4);
                return self.give((old & mask) >> low);
            }
            _ => return self.give(old),
        }
        Step::Return
    }
}

/// The mask of bits `high` to `low` of a byte, and `low`.
fn field(high: u32, low: u32) -> (u32, u32) {
    let (high, low) = (high.min(7), low.min(7));
    ((0xFF >> (7 - high)) & (0xFF << low), low)
}
