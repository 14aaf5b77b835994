//! The ROM: functions at fixed addresses, without the file that holds them.
//!
//! Programs for the chip call functions of its mask ROM. No ROM file is needed here: when the
//! program counter comes to the address of a function that this model has, the function is done
//! natively and returns to `ra`. Any other address in the ROM ends the run with the function's
//! name, so that nobody has to guess what is missing.
//!
//! The problem with a function that runs at once is that nothing else could happen meanwhile: a
//! delay of a second would hold up every interrupt, and a `memset` over a stack guard would fault
//! too late. So a function that may take long goes in *steps*, as an interruptible instruction
//! would: its progress is in the registers that the calling convention lets it change, and the
//! program counter stands two bytes behind its entry meanwhile (each entry is a jump of four bytes
//! on silicon, so nothing starts there).
//!
//! Invariants:
//! 1. All progress of a call is in registers: a trap in its middle, a switch to another thread and
//!    a cut of the run change nothing.
//! 2. A call accesses memory and registers over the bus, like an instruction, so triggers fire,
//!    stale code is forgotten, and observers see stores and the return.
//! 3. A step costs a fixed number of cycles, at most [`cost::STEP_MAX`], and nothing interrupts it;
//!    a delay can be interrupted at every cycle. The costs are this model's choice.
//!
//! What the real functions do is described in ESP-IDF's headers (`components/esp_rom`) and its
//! linker scripts, from which the names are.

mod arithmetic;
mod call;
mod digest;
mod flash;
mod float;
mod function;
mod memory;
mod printf;
mod string;
mod system;

/// Instructions in ROM.
const ROM: std::ops::Range<u32> = 0x4000_0000..0x4006_0000;

/// What a call counts as, in cycles.
mod cost {
    /// Entering and leaving a function, and all of a short one.
    pub(super) const CALL: u64 = 16;
    /// A division of 64 bits, or an operation on floating-point numbers.
    pub(super) const ARITHMETIC: u64 = 48;
    /// Loading, comparing or storing one word or byte.
    pub(super) const ELEMENT: u64 = 4;
    /// Looking once whether a device is ready.
    pub(super) const POLL: u64 = 8;
    /// The most that one step costs.
    pub(super) const STEP_MAX: u64 = CALL + ARITHMETIC;
}

const _: () = assert!(cost::ELEMENT <= cost::STEP_MAX && cost::POLL <= cost::STEP_MAX);

/// The variables of the ROM's functions.
#[derive(Clone, Debug, Hash)]
pub(crate) struct Rom {
    /// What `ets_update_cpu_frequency` was told: CPU cycles in a microsecond.
    ticks_per_us: u32,
}

impl Rom {
    /// As the ROM's own start leaves it: the CPU runs at 80 MHz.
    pub(crate) fn new() -> Self {
        Self { ticks_per_us: 80 }
    }
}

/// Whether instructions at `address` are the ROM's.
pub(crate) fn is_rom(address: u32) -> bool {
    ROM.contains(&address)
}

/// The name of the ROM function that starts at `address`.
fn name(address: u32) -> Option<&'static str> {
    let wanted = format!("{address:08x}");
    let lines = include_str!("rom/names.txt").lines();
    lines
        .filter_map(|line| line.split_once(' '))
        .find(|(at, _)| *at == wanted)
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_known_by_name() {
        assert_eq!(name(0x4000_0018), Some("rtc_get_reset_reason"));
        assert_eq!(name(0x4000_0358), Some("memcpy"));
        assert_eq!(name(0x4000_001A), None);
    }

    #[test]
    fn every_function_that_is_modelled_has_the_name_of_the_linker_script() {
        for (address, function) in function::TABLE {
            let name = name(*address).expect("the linker scripts name it");
            assert_eq!(function.name(), name, "{address:#010x}");
        }
    }
}
