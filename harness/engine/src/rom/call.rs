//! Calls: from the program counter in ROM to what the function does, and back.

use super::cost;
use super::function::Function;
use super::{arithmetic, float, name};
use crate::cpu::Exception;
use crate::machine::{Fatal, Machine};
use crate::observer::{CpuView, Flow, Observer};

/// Where the program counter stands, from the entry, once a call has begun.
const INSIDE: u32 = 2;

/// Register numbers of the calling convention that functions use.
pub(super) const RA: u8 = 1;
pub(super) const SP: u8 = 2;
pub(super) const T1: u8 = 6;
pub(super) const T2: u8 = 7;
pub(super) const A0: u8 = 10;
pub(super) const A1: u8 = 11;
pub(super) const A2: u8 = 12;
pub(super) const A3: u8 = 13;
pub(super) const A4: u8 = 14;
pub(super) const A5: u8 = 15;

/// What became of a call.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// It is over.
    Return,
    /// It goes on from its registers, as soon as events and interrupts have been looked at.
    Stay,
}

/// A step's place in the run: where it stands, how long it may go on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) function: Function,
    /// The call has only just begun.
    pub(super) is_entry: bool,
    pub(super) stop_cycle: u64,
}

impl Machine {
    /// Does a step of the ROM function at the program counter.
    pub(crate) fn rom_step<O: Observer>(
        &mut self,
        stop_cycle: u64,
        observer: &mut O,
    ) -> Option<Fatal> {
        let pc = self.cpu.pc;
        let Some(function) = Function::at(pc & !INSIDE) else {
            return Some(self.unknown_rom_function(pc));
        };
        let place = Place { function, is_entry: pc & INSIDE == 0, stop_cycle };
        if place.is_entry {
            self.enter_rom(observer);
        }
        match self.rom_function(place, observer) {
            Ok(Step::Return) => {
                self.leave_rom(observer);
                None
            }
            Ok(Step::Stay) => None,
            Err(exception) => self.exception(exception, observer),
        }
    }

    fn unknown_rom_function(&self, address: u32) -> Fatal {
        let caller = self.cpu.register(RA);
        match name(address) {
            Some(name) => Fatal::RomFunction { name, address, caller },
            None => Fatal::RomAddress { address, caller },
        }
    }

    fn enter_rom<O: Observer>(&mut self, observer: &mut O) {
        let pc = self.cpu.pc;
        if O::RETIRES {
            let flow = observer.retire(&CpuView::new(self, pc, self.cycle), pc);
            self.note_rom(flow);
        }
        self.cpu.pc = pc | INSIDE;
        self.cycle += cost::CALL;
    }

    fn leave_rom<O: Observer>(&mut self, observer: &mut O) {
        let target = self.cpu.register(RA) & !1;
        if O::CALLS {
            let flow = observer.ret(&CpuView::new(self, self.cpu.pc, self.cycle), target);
            self.note_rom(flow);
        }
        self.cpu.pc = target;
    }

    fn note_rom(&mut self, flow: Flow) {
        self.observer_stopped |= flow == Flow::Stop;
        self.attention |= flow == Flow::Stop;
    }

    fn rom_function<O: Observer>(
        &mut self,
        place: Place,
        observer: &mut O,
    ) -> Result<Step, Exception> {
        if let Some(result) = self.rom_memory(place, observer) {
            return result;
        }
        if let Some(result) = self.rom_string(place, observer) {
            return result;
        }
        if let Some(result) = self.rom_system(place, observer) {
            return result;
        }
        if let Some(result) = self.rom_flash(place, observer) {
            return result;
        }
        if let Some(result) = self.rom_digest(place, observer) {
            return result;
        }
        if let Some(result) = self.rom_printf(place, observer) {
            return result;
        }
        let words = [A0, A1, A2, A3].map(|n| self.cpu.register(n));
        let value = arithmetic::call(place.function, words)
            .or_else(|| float::call(place.function, words))
            .expect("every function is in one of the modules");
        self.cycle += cost::ARITHMETIC;
        self.set_rom_result(value);
        Ok(Step::Return)
    }

    /// Writes a register as a function may.
    pub(super) fn set_rom_register(&mut self, n: u8, value: u32) {
        self.cpu.registers[usize::from(n)] = value;
    }

    fn set_rom_result(&mut self, value: arithmetic::Value) {
        match value {
            arithmetic::Value::Word(word) => self.set_rom_register(A0, word),
            arithmetic::Value::Pair(pair) => {
                self.set_rom_register(A0, pair as u32);
                self.set_rom_register(A1, (pair >> 32) as u32);
            }
        }
    }

    /// Stores for a function, over the bus.
    pub(super) fn rom_store<O: Observer>(
        &mut self,
        address: u32,
        bytes: u32,
        value: u32,
        observer: &mut O,
    ) -> Result<(), Exception> {
        let (pc, cycle) = (self.cpu.pc, self.cycle);
        self.slow_store(address, bytes, value, pc, cycle)?;
        if O::STORES {
            let view = CpuView::new(self, pc, cycle);
            let flow = observer.store(&view, address, bytes as u8, value);
            self.note_rom(flow);
        }
        Ok(())
    }

    /// Loads for a function, over the bus.
    pub(super) fn rom_load(&mut self, address: u32, bytes: u32) -> Result<u32, Exception> {
        self.slow_load(address, bytes, self.cpu.pc, self.cycle)
    }
}
