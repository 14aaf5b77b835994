//! Memory, and comparing strings: one word or byte a step, so that a guard fires at the exact store.
//!
//! Where a count goes down in `a2` and cursors go up in registers, what is left to do is always a
//! call of the same kind; `t1` is the cursor where `a0` has to survive as the result.

use super::call::{A0, A1, A2, Place, Step, T1};
use super::cost;
use super::function::Function;
use crate::cpu::Exception;
use crate::machine::Machine;
use crate::observer::Observer;

impl Machine {
    /// Does `place`'s function if it is one of memory or strings.
    pub(super) fn rom_memory<O: Observer>(
        &mut self,
        place: Place,
        observer: &mut O,
    ) -> Option<Result<Step, Exception>> {
        if !is_memory(place.function) {
            return None;
        }
        if place.is_entry {
            self.start_rom_memory(place.function);
        }
        while self.cycle < place.stop_cycle && !self.attention {
            let step = match place.function {
                Function::memset | Function::bzero => self.fill_step(observer),
                Function::memcpy | Function::memmove => self.copy_step(observer),
                function => self.compare_step(function),
            };
            match step {
                Ok(Step::Stay) => self.cycle += cost::ELEMENT,
                done => return Some(done),
            }
        }
        Some(Ok(Step::Stay))
    }

    fn start_rom_memory(&mut self, function: Function) {
        let [to, from, count] = [A0, A1, A2].map(|n| self.cpu.register(n));
        match function {
            Function::memcpy | Function::memmove if to > from => {
                self.set_rom_register(T1, to.wrapping_add(count));
                self.set_rom_register(A1, from.wrapping_add(count));
            }
            Function::strcmp => self.set_rom_register(A2, u32::MAX),
            Function::bzero => {
                self.set_rom_register(T1, to);
                self.set_rom_register(A1, 0);
                self.set_rom_register(A2, from);
            }
            _ => self.set_rom_register(T1, to),
        }
    }

    fn fill_step<O: Observer>(&mut self, observer: &mut O) -> Result<Step, Exception> {
        let [cursor, byte, left] = [T1, A1, A2].map(|n| self.cpu.register(n));
        if left == 0 {
            return Ok(Step::Return);
        }
        let bytes = if cursor.is_multiple_of(4) && left >= 4 { 4 } else { 1 };
        let word = (byte & 0xFF) * 0x0101_0101;
        let value = word & (u32::MAX >> (32 - 8 * bytes));
        self.rom_store(cursor, bytes, value, observer)?;
        self.set_rom_register(T1, cursor.wrapping_add(bytes));
        self.set_rom_register(A2, left - bytes);
        Ok(Step::Stay)
    }

    /// Copies upwards if the target lies below the source, otherwise downwards, so that overlaps
    /// do no harm; the cursors keep their order, which tells the direction.
    fn copy_step<O: Observer>(&mut self, observer: &mut O) -> Result<Step, Exception> {
        let [to, from, left] = [T1, A1, A2].map(|n| self.cpu.register(n));
        if left == 0 {
            return Ok(Step::Return);
        }
        let bytes = if (to | from).is_multiple_of(4) && left >= 4 { 4 } else { 1 };
        let down = to > from;
        let [to, from] =
            if down { [to.wrapping_sub(bytes), from.wrapping_sub(bytes)] } else { [to, from] };
        let value = self.rom_load(from, bytes)?;
        self.rom_store(to, bytes, value, observer)?;
        let moved = if down { 0 } else { bytes };
        self.set_rom_register(T1, to.wrapping_add(moved));
        self.set_rom_register(A1, from.wrapping_add(moved));
        self.set_rom_register(A2, left - bytes);
        Ok(Step::Stay)
    }

    fn compare_step(&mut self, function: Function) -> Result<Step, Exception> {
        let [one, other, left] = [A0, A1, A2].map(|n| self.cpu.register(n));
        if left == 0 {
            self.set_rom_register(A0, 0);
            return Ok(Step::Return);
        }
        let [a, b] = [self.rom_load(one, 1)?, self.rom_load(other, 1)?];
        let is_string = !matches!(function, Function::memcmp | Function::__gcc_bcmp);
        let ends = is_string && a == 0;
        if a != b || ends {
            self.set_rom_register(A0, a.wrapping_sub(b));
            return Ok(Step::Return);
        }
        self.set_rom_register(A0, one.wrapping_add(1));
        self.set_rom_register(A1, other.wrapping_add(1));
        self.set_rom_register(A2, left - 1);
        Ok(Step::Stay)
    }
}

fn is_memory(function: Function) -> bool {
    matches!(
        function,
        Function::memset
            | Function::bzero
            | Function::memcpy
            | Function::memmove
            | Function::memcmp
            | Function::__gcc_bcmp
            | Function::strcmp
            | Function::strncmp
    )
}
