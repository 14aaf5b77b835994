//! Reading a relocatable object: sections, symbols, relocations.
//!
//! The bytes come from a file, so nothing about them is believed: every offset is compared with
//! the file's length when it is used, and every number with the table that it names a line of.
//! Format: System V ABI, "Object Files"; RISC-V ELF psABI.
//!
//! Invariants:
//! 1. No bytes make anything here panic, and no loop takes more turns than the file has bytes.
//! 2. An [`Object`] that exists is for 32-bit RISC-V, relocatable, and its tables lie within the file.

use super::reason::Damage;

/// As many sections as a module may have: one of each kind, with relocations, and the tables.
pub(super) const SECTIONS_MAX: usize = 24;

const HEADER_BYTES: usize = 52;
const SECTION_BYTES: usize = 40;
const SYMBOL_BYTES: usize = 16;
const RELOCATION_BYTES: usize = 12;

const ET_REL: u16 = 1;
const EM_RISCV: u16 = 243;
const SHT_SYMTAB: u32 = 2;
const SHT_RELA: u32 = 4;
const SHT_NOBITS: u32 = 8;
const SHF_WRITE: u32 = 1;
const SHF_ALLOC: u32 = 2;
const SHF_EXECINSTR: u32 = 4;
const SHN_ABS: u16 = 0xFFF1;
const SHN_LORESERVE: u16 = 0xFF00;
/// The flags of an object with instructions of a float or reduced-register ABI.
const FLAGS_REFUSED: u32 = 0x1E;

/// What a section is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    /// Instructions.
    Code,
    /// Constants.
    Constants,
    /// Variables; zeroed ones have no bytes in the file.
    Variables,
    /// Nothing that gets memory.
    None,
}

/// A section.
#[derive(Clone, Copy, Debug)]
pub(super) struct Section<'a> {
    pub(super) used_for: Use,
    /// Bytes of memory that it gets.
    pub(super) bytes: u32,
    pub(super) align: u32,
    /// What it begins with; empty if it begins as zeros.
    pub(super) contents: &'a [u8],
}

/// Where a symbol is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Home {
    /// Nowhere in this object.
    Undefined,
    /// A number.
    Absolute,
    /// In this section.
    Section(u16),
}

/// A symbol.
#[derive(Clone, Copy, Debug)]
pub(super) struct Symbol<'a> {
    pub(super) name: &'a str,
    pub(super) value: u32,
    pub(super) home: Home,
}

/// A relocation.
#[derive(Clone, Copy, Debug)]
pub(super) struct Relocation {
    pub(super) offset: u32,
    pub(super) kind: u8,
    pub(super) symbol: u32,
    pub(super) addend: u32,
}

/// A relocatable object.
#[derive(Clone, Copy, Debug)]
pub(super) struct Object<'a> {
    bytes: &'a [u8],
    sections: &'a [u8],
    symbols: &'a [u8],
    names: &'a [u8],
}

impl<'a> Object<'a> {
    /// Reads the tables.
    pub(super) fn parse(bytes: &'a [u8]) -> Result<Self, Damage> {
        let header = bytes.get(..HEADER_BYTES).ok_or(Damage::Cut)?;
        // Class 32, little-endian, version 1.
        if !header.starts_with(b"\x7FELF\x01\x01\x01") {
            return Err(Damage::NotElf);
        }
        if half(header, 16)? != ET_REL || half(header, 18)? != EM_RISCV {
            return Err(Damage::OtherKind);
        }
        if word(header, 36)? & FLAGS_REFUSED != 0 || usize::from(half(header, 46)?) != SECTION_BYTES
        {
            return Err(Damage::OtherKind);
        }
        let count = usize::from(half(header, 48)?);
        if count > SECTIONS_MAX {
            return Err(Damage::Sections);
        }
        let table = word(header, 32)? as usize;
        let sections = slice(bytes, table, count * SECTION_BYTES)?;
        let mut object = Self { bytes, sections, symbols: &[], names: &[] };
        for index in 0..count as u16 {
            let fields = object.fields(index)?;
            if word(fields, 4)? == SHT_SYMTAB {
                object.symbols = object.contents(fields)?;
                let names = object.fields(word(fields, 24)? as u16)?;
                object.names = object.contents(names)?;
            }
        }
        Ok(object)
    }

    /// How many sections there are.
    pub(super) const fn sections(&self) -> u16 {
        (self.sections.len() / SECTION_BYTES) as u16
    }

    fn fields(&self, index: u16) -> Result<&'a [u8], Damage> {
        slice(self.sections, usize::from(index) * SECTION_BYTES, SECTION_BYTES)
    }

    fn contents(&self, fields: &[u8]) -> Result<&'a [u8], Damage> {
        if word(fields, 4)? == SHT_NOBITS {
            return Ok(&[]);
        }
        slice(self.bytes, word(fields, 16)? as usize, word(fields, 20)? as usize)
    }

    /// A section.
    pub(super) fn section(&self, index: u16) -> Result<Section<'a>, Damage> {
        let fields = self.fields(index)?;
        let flags = word(fields, 8)?;
        let used_for = match flags & (SHF_ALLOC | SHF_WRITE | SHF_EXECINSTR) {
            SHF_ALLOC => Use::Constants,
            flags if flags & SHF_ALLOC == 0 => Use::None,
            flags if flags & SHF_EXECINSTR != 0 => Use::Code,
            _ => Use::Variables,
        };
        let align = word(fields, 32)?.max(1);
        if !align.is_power_of_two() || align as usize > crate::heap::ALIGN_MAX {
            return Err(Damage::Sections);
        }
        let contents = self.contents(fields)?;
        Ok(Section { used_for, bytes: word(fields, 20)?, align, contents })
    }

    /// The relocations of a section's contents.
    pub(super) fn relocations(
        &self,
        of: u16,
    ) -> Result<impl DoubleEndedIterator<Item = Relocation> + Clone + use<'a>, Damage> {
        let mut found: &[u8] = &[];
        for index in 0..self.sections() {
            let fields = self.fields(index)?;
            if word(fields, 4)? == SHT_RELA && word(fields, 28)? == u32::from(of) {
                if !found.is_empty() {
                    return Err(Damage::Sections);
                }
                found = self.contents(fields)?;
            }
        }
        if !found.len().is_multiple_of(RELOCATION_BYTES) {
            return Err(Damage::Sections);
        }
        Ok(found.chunks_exact(RELOCATION_BYTES).map(relocation))
    }

    /// A symbol.
    pub(super) fn symbol(&self, index: u32) -> Result<Symbol<'a>, Damage> {
        let at = (index as usize).checked_mul(SYMBOL_BYTES).ok_or(Damage::Symbols)?;
        let fields = slice(self.symbols, at, SYMBOL_BYTES).map_err(|_| Damage::Symbols)?;
        let home = match half(fields, 14)? {
            0 => Home::Undefined,
            SHN_ABS => Home::Absolute,
            index if index < SHN_LORESERVE && index < self.sections() => Home::Section(index),
            _ => return Err(Damage::Symbols),
        };
        let name = self.name(word(fields, 0)? as usize)?;
        Ok(Symbol { name, value: word(fields, 4)?, home })
    }

    /// How many symbols there are.
    pub(super) const fn symbols(&self) -> u32 {
        (self.symbols.len() / SYMBOL_BYTES) as u32
    }

    fn name(&self, at: usize) -> Result<&'a str, Damage> {
        if at == 0 {
            return Ok("");
        }
        let rest = self.names.get(at..).ok_or(Damage::Symbols)?;
        let length = rest.iter().position(|byte| *byte == 0).ok_or(Damage::Symbols)?;
        core::str::from_utf8(&rest[..length]).map_err(|_| Damage::Symbols)
    }

    /// The symbol of this name that the object defines.
    pub(super) fn find(&self, name: &str) -> Option<Symbol<'a>> {
        let symbols = (0..self.symbols()).filter_map(|index| self.symbol(index).ok());
        let mut defined = symbols.filter(|symbol| symbol.home != Home::Undefined);
        defined.find(|symbol| symbol.name == name)
    }
}

fn relocation(fields: &[u8]) -> Relocation {
    let word = |at: usize| {
        u32::from_le_bytes([fields[at], fields[at + 1], fields[at + 2], fields[at + 3]])
    };
    let info = word(4);
    Relocation { offset: word(0), kind: info as u8, symbol: info >> 8, addend: word(8) }
}

fn slice(bytes: &[u8], at: usize, length: usize) -> Result<&[u8], Damage> {
    bytes.get(at..at.checked_add(length).ok_or(Damage::Cut)?).ok_or(Damage::Cut)
}

fn half(bytes: &[u8], at: usize) -> Result<u16, Damage> {
    let found = bytes.get(at..at + 2).and_then(|found| found.try_into().ok());
    found.map(u16::from_le_bytes).ok_or(Damage::Cut)
}

fn word(bytes: &[u8], at: usize) -> Result<u32, Damage> {
    let found = bytes.get(at..at + 4).and_then(|found| found.try_into().ok());
    found.map(u32::from_le_bytes).ok_or(Damage::Cut)
}
