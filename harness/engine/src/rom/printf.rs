//! `ets_printf`: text with numbers in it, to the console.
//!
//! A byte a step: which one is in `t1`. The arguments stay where the caller put them (`a1` to `a7`,
//! then the stack), so each step works the text out again; nobody prints novels this way.
//!
//! Conversions are those of C without floating point: `d i u x X o p c s %` with flags, width,
//! precision and `l`, `ll`, `h`, `hh`, `z`, `t`, `j`. A line feed is sent behind a carriage return,
//! and a carriage return of the text is left out, as the ROM's own output function does.

use super::call::{A0, A1, Place, SP, Step, T1};
use super::cost;
use super::function::Function;
use crate::cpu::Exception;
use crate::machine::Machine;
use crate::observer::Observer;

/// More than that is cut off: a text without an end would never be.
const BYTES_MAX: usize = 4096;
/// Arguments in registers.
const REGISTER_ARGUMENTS: u32 = 7;

/// A conversion, as it stands behind `%`.
#[derive(Clone, Copy, Debug, Default)]
struct Conversion {
    left: bool,
    zeros: bool,
    plus: bool,
    space: bool,
    prefix: bool,
    width: usize,
    precision: Option<usize>,
    /// `l` counts 1, `ll` and `j` 2, `h` -1, `hh` -2.
    length: i8,
}

/// Where the text and its arguments are read.
struct Source<'a> {
    machine: &'a mut Machine,
    cursor: u32,
    argument: u32,
}

impl Machine {
    /// Does `place`'s function if it prints.
    pub(super) fn rom_printf<O: Observer>(
        &mut self,
        place: Place,
        observer: &mut O,
    ) -> Option<Result<Step, Exception>> {
        if place.function != Function::ets_printf {
            return None;
        }
        if place.is_entry {
            self.set_rom_register(T1, 0);
        }
        Some(self.print_step(observer))
    }

    fn print_step<O: Observer>(&mut self, observer: &mut O) -> Result<Step, Exception> {
        let cursor = self.cpu.register(A0);
        let text = Source { machine: self, cursor, argument: 0 }.text()?;
        let sent = self.cpu.register(T1);
        let on_the_wire = as_sent(&text);
        let Some(&byte) = on_the_wire.get(sent as usize) else {
            return Ok(self.give(text.len() as u32));
        };
        self.cycle += cost::POLL;
        if self.console_has_room()? {
            self.console_send(byte, observer)?;
            self.set_rom_register(T1, sent + 1);
        }
        Ok(Step::Stay)
    }
}

/// Lines as a terminal wants them.
fn as_sent(text: &[u8]) -> Vec<u8> {
    let mut sent = Vec::new();
    for &byte in text {
        match byte {
            b'\n' => sent.extend(b"\r\n"),
            b'\r' => {}
            byte => sent.push(byte),
        }
    }
    sent
}

impl Source<'_> {
    fn text(mut self) -> Result<Vec<u8>, Exception> {
        let mut text = Vec::new();
        while text.len() < BYTES_MAX {
            match self.byte()? {
                0 => break,
                b'%' => self.convert(&mut text)?,
                byte => text.push(byte),
            }
        }
        text.truncate(BYTES_MAX);
        Ok(text)
    }

    fn byte(&mut self) -> Result<u8, Exception> {
        let byte = self.machine.rom_load(self.cursor, 1)? as u8;
        self.cursor = self.cursor.wrapping_add(1);
        Ok(byte)
    }

    fn word(&mut self) -> Result<u32, Exception> {
        let n = self.argument;
        self.argument += 1;
        match n.checked_sub(REGISTER_ARGUMENTS) {
            None => Ok(self.machine.cpu.register(A1 + n as u8)),
            Some(above) => {
                let stack = self.machine.cpu.register(SP);
                self.machine.rom_load(stack.wrapping_add(4 * above), 4)
            }
        }
    }

    /// Two words: they begin in a register of an even number, or at eight bytes of the stack.
    fn pair(&mut self) -> Result<u64, Exception> {
        self.argument |= 1;
        let low = self.word()?;
        Ok(u64::from(self.word()?) << 32 | u64::from(low))
    }

    /// A number from the text, or from an argument for `*`.
    fn number(&mut self, mut byte: u8) -> Result<(usize, u8), Exception> {
        if byte == b'*' {
            return Ok((self.word()? as usize, self.byte()?));
        }
        let mut number = 0;
        while byte.is_ascii_digit() {
            number = (number * 10 + usize::from(byte - b'0')).min(BYTES_MAX);
            byte = self.byte()?;
        }
        Ok((number, byte))
    }

    fn convert(&mut self, text: &mut Vec<u8>) -> Result<(), Exception> {
        let mut conversion = Conversion::default();
        let mut byte = self.byte()?;
        while conversion.flag(byte) {
            byte = self.byte()?;
        }
        (conversion.width, byte) = self.number(byte)?;
        if byte == b'.' {
            let first = self.byte()?;
            let (precision, next) = self.number(first)?;
            (conversion.precision, byte) = (Some(precision), next);
        }
        while conversion.length(byte) {
            byte = self.byte()?;
        }
        match byte {
            b'd' | b'i' => {
                let value = self.signed(conversion)?;
                text.extend(conversion.signed(value));
            }
            b'u' => text.extend(conversion.digits("", format!("{}", self.unsigned(conversion)?))),
            b'x' => {
                let digits = format!("{:x}", self.unsigned(conversion)?);
                text.extend(conversion.digits("0x", digits));
            }
            b'X' => {
                let digits = format!("{:X}", self.unsigned(conversion)?);
                text.extend(conversion.digits("0X", digits));
            }
            b'o' => {
                text.extend(conversion.digits("0", format!("{:o}", self.unsigned(conversion)?)))
            }
            b'p' => {
                let pointer = Conversion { prefix: true, ..conversion };
                text.extend(pointer.digits("0x", format!("{:x}", self.word()?)));
            }
            b'c' => text.extend(conversion.pad(vec![self.word()? as u8])),
            b's' => text.extend(self.string(conversion)?),
            b'%' => text.push(b'%'),
            // The text ends in the middle of a conversion.
            0 => self.cursor = self.cursor.wrapping_sub(1),
            other => text.extend([b'%', other]),
        }
        Ok(())
    }

    fn unsigned(&mut self, conversion: Conversion) -> Result<u64, Exception> {
        Ok(match conversion.length {
            2.. => self.pair()?,
            -1 => u64::from(self.word()? as u16),
            ..=-2 => u64::from(self.word()? as u8),
            _ => u64::from(self.word()?),
        })
    }

    fn signed(&mut self, conversion: Conversion) -> Result<i64, Exception> {
        Ok(match conversion.length {
            2.. => self.pair()? as i64,
            -1 => i64::from(self.word()? as i16),
            ..=-2 => i64::from(self.word()? as i8),
            _ => i64::from(self.word()? as i32),
        })
    }

    fn string(&mut self, conversion: Conversion) -> Result<Vec<u8>, Exception> {
        let address = self.word()?;
        let limit = conversion.precision.unwrap_or(BYTES_MAX).min(BYTES_MAX);
        let mut bytes = Vec::new();
        if address == 0 {
            bytes.extend(b"(null)");
        }
        while address != 0 && bytes.len() < limit {
            match self.machine.rom_load(address.wrapping_add(bytes.len() as u32), 1)? as u8 {
                0 => break,
                byte => bytes.push(byte),
            }
        }
        bytes.truncate(limit);
        Ok(conversion.pad(bytes))
    }
}

impl Conversion {
    /// Takes a flag; whether it was one.
    fn flag(&mut self, byte: u8) -> bool {
        let flag = match byte {
            b'-' => &mut self.left,
            b'0' => &mut self.zeros,
            b'+' => &mut self.plus,
            b' ' => &mut self.space,
            b'#' => &mut self.prefix,
            _ => return false,
        };
        *flag = true;
        true
    }

    /// Takes a letter that says how long the argument is; whether it was one.
    fn length(&mut self, byte: u8) -> bool {
        match byte {
            b'l' => self.length = self.length.saturating_add(1),
            b'h' => self.length = self.length.saturating_sub(1),
            b'j' => self.length = 2,
            b'z' | b't' => {}
            _ => return false,
        }
        true
    }

    fn signed(self, value: i64) -> Vec<u8> {
        let sign = match value {
            ..0 => "-",
            _ if self.plus => "+",
            _ if self.space => " ",
            _ => "",
        };
        Self { prefix: true, ..self }.digits(sign, value.unsigned_abs().to_string())
    }

    /// Digits behind their prefix, if they are to have one.
    fn digits(self, prefix: &str, digits: String) -> Vec<u8> {
        let prefix = if self.prefix { prefix } else { "" };
        let zeros = self.zeros && !self.left && self.precision.is_none();
        let least = match self.precision {
            Some(precision) => precision,
            None if zeros => self.width.saturating_sub(prefix.len()),
            None => 1,
        };
        self.pad(format!("{prefix}{digits:0>least$}").into_bytes())
    }

    fn pad(self, text: Vec<u8>) -> Vec<u8> {
        let missing = vec![b' '; self.width.saturating_sub(text.len())];
        if self.left { [text, missing].concat() } else { [missing, text].concat() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn conversion(flags: &str, width: usize, precision: Option<usize>) -> Conversion {
        let mut conversion = Conversion { width, precision, ..Conversion::default() };
        assert!(flags.bytes().all(|flag| conversion.flag(flag)));
        conversion
    }

    #[test]
    fn numbers_are_padded_as_in_c() {
        let check = |flags, width, precision, value, expected: &str| {
            let found = conversion(flags, width, precision).signed(value);
            assert_eq!(String::from_utf8(found).unwrap(), expected, "%{flags}{width} of {value}");
        };
        check("", 5, None, -42, "  -42");
        check("-", 5, None, -42, "-42  ");
        check("0", 5, None, -42, "-0042");
        check("+", 0, None, 42, "+42");
        check("0", 5, Some(3), 42, "  042");
        check("-0", 4, None, 7, "7   ");
        let hex = conversion("#0", 8, None).digits("0x", "beef".to_owned());
        assert_eq!(hex, b"0x00beef");
    }

    #[test]
    fn lines_end_as_a_terminal_wants_it() {
        assert_eq!(as_sent(b"a\nb\r\n"), b"a\r\nb\r\n");
    }
}
