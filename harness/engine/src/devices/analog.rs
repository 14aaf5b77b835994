//! The registers of the analog blocks, which sit behind an internal I2C bus.
//!
//! Firmware reaches them through functions of the ROM. They are read-back storage that starts at
//! zero; of what they do only the calibration inputs of the ADC are modelled.
//!
//! Names: ESP-IDF, `soc/esp32c3/include/soc/regi2c_saradc.h`.

use std::collections::BTreeMap;

/// The block of the SAR ADC.
const SAR_ADC: Register = Register { block: 0x69, host: 0, number: 7 };

/// A register's place on the bus.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Register {
    pub(crate) block: u8,
    pub(crate) host: u8,
    pub(crate) number: u8,
}

/// What the ADC's calibration channel is connected to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CalibrationInput {
    Nothing,
    Ground,
    /// The internal reference.
    Reference,
}

/// The analog registers.
#[derive(Clone, Debug, Default, Hash)]
pub(crate) struct Analog {
    registers: BTreeMap<Register, u8>,
}

impl Analog {
    pub(crate) fn read(&self, register: Register) -> u8 {
        self.registers.get(&register).copied().unwrap_or(0)
    }

    pub(crate) fn write(&mut self, register: Register, value: u8) {
        self.registers.insert(register, value);
    }

    /// What is connected to the calibration channel of ADC `unit`, 0 or 1.
    pub(super) fn calibration_input(&self, unit: usize) -> CalibrationInput {
        // ENCAL_REF and ENCAL_GND: bits 4 and 5 of the first unit, 6 and 7 of the second.
        match self.read(SAR_ADC) >> (4 + 2 * unit) & 3 {
            0 => CalibrationInput::Nothing,
            1 => CalibrationInput::Reference,
            _ => CalibrationInput::Ground,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_unit_has_its_own_calibration_input() {
        let mut analog = Analog::default();
        analog.write(SAR_ADC, 0b0110_0000);
        assert_eq!(analog.calibration_input(0), CalibrationInput::Ground);
        assert_eq!(analog.calibration_input(1), CalibrationInput::Reference);
        analog.write(SAR_ADC, 0);
        assert_eq!(analog.calibration_input(0), CalibrationInput::Nothing);
    }
}
