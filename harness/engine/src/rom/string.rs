//! Strings: a byte a step.
//!
//! `t1` is the cursor where `a0` has to survive as the result, and `t2` what a function has to
//! remember besides.

use super::call::{A0, A1, A2, Place, Step, T1, T2};
use super::cost;
use super::function::Function;
use crate::cpu::Exception;
use crate::machine::Machine;
use crate::observer::Observer;

/// `strcat` has found the end, and copies.
const COPYING: u32 = 1;

impl Machine {
    /// Does `place`'s function if it is one of strings.
    pub(super) fn rom_string<O: Observer>(
        &mut self,
        place: Place,
        observer: &mut O,
    ) -> Option<Result<Step, Exception>> {
        if !is_string(place.function) {
            return None;
        }
        if place.is_entry {
            let [to, from] = [A0, A1].map(|n| self.cpu.register(n));
            let (cursor, memory) = match place.function {
                Function::strlcpy => (to, from),
                Function::strstr => (0, 0),
                _ => (to, 0),
            };
            self.set_rom_register(T1, cursor);
            self.set_rom_register(T2, memory);
        }
        while self.cycle < place.stop_cycle && !self.attention {
            match self.string_step(place.function, observer) {
                Ok(Step::Stay) => self.cycle += cost::ELEMENT,
                done => return Some(done),
            }
        }
        Some(Ok(Step::Stay))
    }

    fn string_step<O: Observer>(
        &mut self,
        function: Function,
        observer: &mut O,
    ) -> Result<Step, Exception> {
        match function {
            Function::strlen => self.length_step(),
            Function::strcpy => self.copy_string_step(observer),
            Function::strncpy => self.copy_padded_step(observer),
            Function::strlcpy => self.copy_bounded_step(observer),
            Function::strcat => self.append_step(observer),
            Function::strstr => self.search_step(),
            Function::strcasecmp => self.compare_letters_step(),
            function => self.find_step(function),
        }
    }

    fn step_register(&mut self, n: u8) {
        let next = self.cpu.register(n).wrapping_add(1);
        self.set_rom_register(n, next);
    }

    fn length_step(&mut self) -> Result<Step, Exception> {
        let [start, cursor] = [A0, T1].map(|n| self.cpu.register(n));
        if self.rom_load(cursor, 1)? == 0 {
            return Ok(self.give(cursor.wrapping_sub(start)));
        }
        self.step_register(T1);
        Ok(Step::Stay)
    }

    /// Copies a byte from `a1` to `t1`; the one that ends the string is the last.
    fn copy_string_step<O: Observer>(&mut self, observer: &mut O) -> Result<Step, Exception> {
        let [from, to] = [A1, T1].map(|n| self.cpu.register(n));
        let byte = self.rom_load(from, 1)?;
        self.rom_store(to, 1, byte, observer)?;
        self.step_register(A1);
        self.step_register(T1);
        Ok(if byte == 0 { Step::Return } else { Step::Stay })
    }

    /// Copies, and fills with zeros what is left of `a2` bytes.
    fn copy_padded_step<O: Observer>(&mut self, observer: &mut O) -> Result<Step, Exception> {
        let [from, left, to] = [A1, A2, T1].map(|n| self.cpu.register(n));
        if left == 0 {
            return Ok(Step::Return);
        }
        let byte = self.rom_load(from, 1)?;
        self.rom_store(to, 1, byte, observer)?;
        if byte != 0 {
            self.step_register(A1);
        }
        self.step_register(T1);
        self.set_rom_register(A2, left - 1);
        Ok(Step::Stay)
    }

    /// Copies what fits into `a2` bytes with a zero behind it; gives the length of the whole.
    fn copy_bounded_step<O: Observer>(&mut self, observer: &mut O) -> Result<Step, Exception> {
        let [from, room, to, start] = [A1, A2, T1, T2].map(|n| self.cpu.register(n));
        let byte = self.rom_load(from, 1)?;
        let stored = if room == 1 { 0 } else { byte };
        if room != 0 {
            self.rom_store(to, 1, stored, observer)?;
            self.step_register(T1);
            self.set_rom_register(A2, room - 1);
        }
        if byte == 0 {
            return Ok(self.give(from.wrapping_sub(start)));
        }
        self.step_register(A1);
        Ok(Step::Stay)
    }

    fn append_step<O: Observer>(&mut self, observer: &mut O) -> Result<Step, Exception> {
        let [cursor, phase] = [T1, T2].map(|n| self.cpu.register(n));
        if phase == COPYING {
            return self.copy_string_step(observer);
        }
        match self.rom_load(cursor, 1)? {
            0 => self.set_rom_register(T2, COPYING),
            _ => self.step_register(T1),
        }
        Ok(Step::Stay)
    }

    /// Whether `t1` bytes of the string at `a1` stand at `a0`, and one more.
    fn search_step(&mut self) -> Result<Step, Exception> {
        let [text, wanted, matched] = [A0, A1, T1].map(|n| self.cpu.register(n));
        let next = self.rom_load(wanted.wrapping_add(matched), 1)?;
        if next == 0 {
            return Ok(Step::Return);
        }
        match self.rom_load(text.wrapping_add(matched), 1)? {
            found if found == next => self.step_register(T1),
            0 => return Ok(self.give(0)),
            _ => {
                self.step_register(A0);
                self.set_rom_register(T1, 0);
            }
        }
        Ok(Step::Stay)
    }

    fn compare_letters_step(&mut self) -> Result<Step, Exception> {
        let [one, other] = [A0, A1].map(|n| self.cpu.register(n));
        let [a, b] = [self.rom_load(one, 1)?, self.rom_load(other, 1)?]
            .map(|byte| u32::from((byte as u8).to_ascii_lowercase()));
        if a != b || a == 0 {
            return Ok(self.give(a.wrapping_sub(b)));
        }
        self.step_register(A0);
        self.step_register(A1);
        Ok(Step::Stay)
    }

    /// Looks for the byte in `a1`: to the end of the string, or in `a2` bytes.
    fn find_step(&mut self, function: Function) -> Result<Step, Exception> {
        let [at, wanted, left] = [A0, A1, A2].map(|n| self.cpu.register(n));
        let is_bounded = function == Function::memchr;
        if is_bounded && left == 0 {
            return Ok(self.give(0));
        }
        let byte = self.rom_load(at, 1)?;
        if byte == wanted & 0xFF {
            return Ok(Step::Return);
        }
        if !is_bounded && byte == 0 {
            return Ok(self.give(0));
        }
        self.step_register(A0);
        if is_bounded {
            self.set_rom_register(A2, left - 1);
        }
        Ok(Step::Stay)
    }
}

fn is_string(function: Function) -> bool {
    matches!(
        function,
        Function::strlen
            | Function::strcpy
            | Function::strncpy
            | Function::strlcpy
            | Function::strcat
            | Function::strstr
            | Function::strchr
            | Function::memchr
            | Function::strcasecmp
    )
}
