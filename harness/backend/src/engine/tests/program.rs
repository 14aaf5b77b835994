//! Programs for the machine, made by hand: a few instructions and an ELF file around them.

use ramscope_engine::Image;

/// Where programs are loaded and start: RAM, as code sees it.
const CODE: u32 = 0x4038_0000;

/// A register, as its number.
pub(super) type Reg = u32;
pub(super) const ZERO: Reg = 0;
pub(super) const SP: Reg = 2;
pub(super) const T0: Reg = 5;
pub(super) const T1: Reg = 6;
pub(super) const T2: Reg = 7;
pub(super) const S0: Reg = 8;
pub(super) const S1: Reg = 9;
pub(super) const A0: Reg = 10;

/// Conditions of branches.
#[derive(Clone, Copy)]
pub(super) enum If {
    Equal = 0,
    NotEqual = 1,
    Less = 6,
}

/// Code that grows by one instruction a call.
#[derive(Default)]
pub(super) struct Program {
    words: Vec<u32>,
    symbols: Vec<(&'static str, u32)>,
}

impl Program {
    pub(super) fn symbol(&mut self, name: &'static str, value: u32) {
        self.symbols.push((name, value));
    }

    /// The address of the next instruction.
    pub(super) fn here(&self) -> u32 {
        CODE + self.words.len() as u32 * 4
    }

    pub(super) fn addi(&mut self, rd: Reg, rs: Reg, value: i32) {
        self.words.push((value as u32) << 20 | rs << 15 | rd << 7 | 0x13);
    }

    pub(super) fn andi(&mut self, rd: Reg, rs: Reg, value: i32) {
        self.words.push((value as u32) << 20 | rs << 15 | 7 << 12 | rd << 7 | 0x13);
    }

    pub(super) fn add(&mut self, rd: Reg, a: Reg, b: Reg) {
        self.words.push(b << 20 | a << 15 | rd << 7 | 0x33);
    }

    pub(super) fn sub(&mut self, rd: Reg, a: Reg, b: Reg) {
        self.words.push(1 << 30 | b << 20 | a << 15 | rd << 7 | 0x33);
    }

    /// Any value: always two instructions.
    pub(super) fn li(&mut self, rd: Reg, value: u32) {
        let upper = value.wrapping_add(0x800) & 0xFFFF_F000;
        self.words.push(upper | rd << 7 | 0x37);
        self.addi(rd, rd, value.wrapping_sub(upper) as i32);
    }

    pub(super) fn lw(&mut self, rd: Reg, base: Reg, offset: i32) {
        self.words.push((offset as u32) << 20 | base << 15 | 2 << 12 | rd << 7 | 0x03);
    }

    pub(super) fn sw(&mut self, rs: Reg, base: Reg, offset: i32) {
        let offset = offset as u32;
        self.words.push(
            (offset >> 5 & 0x7F) << 25
                | rs << 20
                | base << 15
                | 2 << 12
                | (offset & 0x1F) << 7
                | 0x23,
        );
    }

    /// Stores a value at an address, by way of `t0` and `t1`.
    pub(super) fn store(&mut self, value: u32, address: u32) {
        self.li(T0, value);
        self.li(T1, address);
        self.sw(T0, T1, 0);
    }

    pub(super) fn branch(&mut self, condition: If, a: Reg, b: Reg, to: u32) {
        let offset = to.wrapping_sub(self.here());
        self.words.push(
            (offset >> 12 & 1) << 31
                | (offset >> 5 & 0x3F) << 25
                | b << 20
                | a << 15
                | (condition as u32) << 12
                | (offset >> 1 & 0xF) << 8
                | (offset >> 11 & 1) << 7
                | 0x63,
        );
    }

    /// Puts off a branch whose end is not known yet.
    pub(super) fn branch_later(
        &mut self,
        condition: If,
        a: Reg,
        b: Reg,
    ) -> impl FnOnce(&mut Self) + use<> {
        let at = self.words.len();
        self.words.push(0);
        move |program| {
            let to = program.here();
            let rest = program.words.split_off(at);
            program.branch(condition, a, b, to);
            program.words.extend_from_slice(&rest[1..]);
        }
    }

    pub(super) fn jump(&mut self, to: u32) {
        self.branch(If::Equal, ZERO, ZERO, to);
    }

    /// Writes a CSR.
    pub(super) fn csrw(&mut self, csr: u32, rs: Reg) {
        self.words.push(csr << 20 | rs << 15 | 1 << 12 | 0x73);
    }

    /// Waits for an interrupt.
    pub(super) fn wfi(&mut self) {
        self.words.push(0x1050_0073);
    }

    /// Returns from a handler.
    pub(super) fn mret(&mut self) {
        self.words.push(0x3020_0073);
    }

    /// Puts off a jump whose end is not known yet.
    pub(super) fn jump_later(&mut self) -> impl FnOnce(&mut Self) + use<> {
        self.branch_later(If::Equal, ZERO, ZERO)
    }

    /// Counts to `rounds`, by way of `t2`: three instructions a round at most.
    pub(super) fn spin(&mut self, rounds: u32) {
        self.li(T2, rounds);
        let again = self.here();
        self.addi(T2, T2, -1);
        self.branch(If::NotEqual, T2, ZERO, again);
    }

    /// Ends in a loop that does nothing.
    pub(super) fn image(mut self) -> Image {
        self.jump(self.here());
        Image::from_elf(&self.elf()).unwrap()
    }

    fn elf(&self) -> Vec<u8> {
        let code: Vec<u8> = self.words.iter().flat_map(|word| word.to_le_bytes()).collect();
        let mut strings = vec![0];
        let mut symbols = vec![0; 16];
        for (name, value) in &self.symbols {
            let words = [strings.len() as u32, *value, 0];
            symbols.extend(words.iter().flat_map(|word| word.to_le_bytes()));
            symbols.extend([0x10, 0, 0xF1, 0xFF]); // global, absolute
            strings.extend(name.bytes().chain([0]));
        }
        strings.resize(strings.len().next_multiple_of(4), 0);
        let code_at = 52 + 32;
        let symbols_at = code_at + code.len() as u32;
        let strings_at = symbols_at + symbols.len() as u32;
        let sections_at = strings_at + strings.len() as u32;
        let length = code.len() as u32;
        let mut file = b"\x7fELF\x01\x01\x01".to_vec();
        file.resize(16, 0);
        let halves = |file: &mut Vec<u8>, values: &[u16]| {
            file.extend(values.iter().flat_map(|value| value.to_le_bytes()));
        };
        let words = |file: &mut Vec<u8>, values: &[u32]| {
            file.extend(values.iter().flat_map(|value| value.to_le_bytes()));
        };
        halves(&mut file, &[2, 243]);
        words(&mut file, &[1, CODE, 52, sections_at, 0]);
        halves(&mut file, &[52, 32, 1, 40, 3, 2]);
        words(&mut file, &[1, code_at, CODE, CODE, length, length, 5, 4]);
        file.extend([code, symbols.clone(), strings.clone()].concat());
        words(&mut file, &[0; 10]);
        // A symbol table whose names are in the section after it; the names of sections too.
        let symbols_bytes = symbols.len() as u32;
        words(&mut file, &[0, 2, 0, 0, symbols_at, symbols_bytes, 2, 1, 4, 16]);
        words(&mut file, &[0, 3, 0, 0, strings_at, strings.len() as u32, 0, 0, 1, 0]);
        file
    }
}
