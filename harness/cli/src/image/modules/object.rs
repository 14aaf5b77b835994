//! A module's object as a loader wants it: the sections that get memory, their relocations, and the
//! symbols that these name.
//!
//! The linker leaves a symbol for each label of the compiler, a few thousand bytes that a loader
//! would have to read. A reference to a place within a section needs none: it is the section and an
//! offset. Only the low halves of a pair (`PCREL_LO12`) refer to the place of their other half by a
//! symbol, and keep it.

use std::collections::BTreeMap;

use object::elf::{self, Rela32};
use object::read::elf::{ElfFile32, FileHeader, Rela, SectionHeader, Sym};
use object::{Endianness, SectionIndex, SymbolIndex};

const LITTLE: Endianness = Endianness::Little;

const HEADER_BYTES: usize = 52;
const SECTION_BYTES: u32 = 40;
const SYMBOL_BYTES: u32 = 16;
const RELOCATION_BYTES: u32 = 12;

/// A section that gets memory.
struct Kept {
    index: usize,
    name: String,
    kind: u32,
    flags: u32,
    bytes: u32,
    align: u32,
    contents: Vec<u8>,
    relocations: Vec<Relocation>,
}

struct Relocation {
    offset: u32,
    kind: u32,
    symbol: usize,
    addend: i32,
}

#[derive(Clone, Copy)]
struct Symbol {
    name: u32,
    value: u32,
    size: u32,
    info: u8,
    section: u16,
}

/// Writes an object anew; the roots must be in it.
pub(super) fn shrink(bytes: &[u8], roots: &[&str]) -> Result<Vec<u8>, String> {
    let file = ElfFile32::<Endianness>::parse(bytes).map_err(|error| error.to_string())?;
    if file.elf_header().e_type(LITTLE) != elf::ET_REL {
        return Err("the linker made no relocatable object".to_owned());
    }
    let mut kept = kept_sections(&file)?;
    let mut symbols = Symbols::new(&kept);
    for section in &mut kept {
        for relocation in &mut section.relocations {
            symbols.adopt(&file, relocation)?;
        }
    }
    for root in roots {
        symbols.add_root(&file, root)?;
    }
    let order = symbols.locals_first();
    for relocation in kept.iter_mut().flat_map(|section| &mut section.relocations) {
        relocation.symbol = order[relocation.symbol];
    }
    Ok(write(&kept, &symbols))
}

fn kept_sections(file: &ElfFile32<'_>) -> Result<Vec<Kept>, String> {
    let table = file.elf_section_table();
    let mut kept = Vec::new();
    for (index, section) in table.enumerate() {
        let flags = section.sh_flags(LITTLE);
        let is_kept = flags & elf::SHF_ALLOC != 0 && flags & elf::SHF_EXCLUDE == 0;
        if !is_kept || section.sh_size(LITTLE) == 0 {
            continue;
        }
        let said = |error: object::Error| error.to_string();
        let name = table.section_name(LITTLE, section).map_err(said)?;
        let contents = section.data(LITTLE, file.data()).map_err(said)?;
        kept.push(Kept {
            index: index.0,
            name: String::from_utf8_lossy(name).into_owned(),
            kind: section.sh_type(LITTLE),
            flags: flags & (elf::SHF_ALLOC | elf::SHF_WRITE | elf::SHF_EXECINSTR),
            bytes: section.sh_size(LITTLE),
            align: section.sh_addralign(LITTLE).max(1),
            contents: contents.to_vec(),
            relocations: relocations(file, index)?,
        });
    }
    Ok(kept)
}

fn relocations(file: &ElfFile32<'_>, of: SectionIndex) -> Result<Vec<Relocation>, String> {
    let mut relocations = Vec::new();
    for section in file.elf_section_table().iter() {
        if section.sh_type(LITTLE) != elf::SHT_RELA || section.sh_info(LITTLE) as usize != of.0 {
            continue;
        }
        let found = section.data_as_array::<Rela32<Endianness>, _>(LITTLE, file.data());
        for found in found.map_err(|error| error.to_string())? {
            let kind = Rela::r_type(found, LITTLE, false);
            // The linker's permission to shorten code: nobody does after it.
            if kind != elf::R_RISCV_RELAX {
                let symbol = Rela::r_sym(found, LITTLE, false) as usize;
                let (offset, addend) = (found.r_offset.get(LITTLE), found.r_addend.get(LITTLE));
                relocations.push(Relocation { offset, kind, symbol, addend });
            }
        }
    }
    Ok(relocations)
}

/// The symbols of the new object.
struct Symbols {
    list: Vec<Symbol>,
    names: Vec<u8>,
    /// New number by old one.
    known: BTreeMap<usize, usize>,
    /// New section number by old one; the section's own symbol has the same number.
    sections: BTreeMap<usize, usize>,
}

impl Symbols {
    fn new(kept: &[Kept]) -> Self {
        let sections = kept.iter().enumerate().map(|(at, section)| (section.index, at + 1));
        let none = Symbol { name: 0, value: 0, size: 0, info: 0, section: 0 };
        let of = |at: usize| Symbol { info: elf::STT_SECTION, section: at as u16 + 1, ..none };
        let list = std::iter::once(none).chain((0..kept.len()).map(of)).collect();
        Self { list, names: vec![0], known: BTreeMap::new(), sections: sections.collect() }
    }

    /// Makes a relocation name a symbol of the new object.
    fn adopt(&mut self, file: &ElfFile32<'_>, at: &mut Relocation) -> Result<(), String> {
        let table = file.elf_symbol_table();
        let found = table.symbol(SymbolIndex(at.symbol)).map_err(|error| error.to_string())?;
        let (section, value) = (found.st_shndx(LITTLE), found.st_value(LITTLE));
        let of_pair = [elf::R_RISCV_PCREL_LO12_I, elf::R_RISCV_PCREL_LO12_S].contains(&at.kind);
        if at.symbol == 0 {
            return Ok(());
        }
        let is_defined = section != elf::SHN_UNDEF && section < elf::SHN_LORESERVE;
        match self.sections.get(&usize::from(section)) {
            Some(&own) if !of_pair => {
                at.symbol = own;
                at.addend = at.addend.wrapping_add(value.cast_signed());
            }
            None if is_defined => {
                return Err("its code refers to a section that gets no memory".to_owned());
            }
            _ => at.symbol = self.add(file, at.symbol)?,
        }
        Ok(())
    }

    fn add(&mut self, file: &ElfFile32<'_>, old: usize) -> Result<usize, String> {
        if let Some(&known) = self.known.get(&old) {
            return Ok(known);
        }
        let table = file.elf_symbol_table();
        let said = |error: object::Error| error.to_string();
        let found = table.symbol(SymbolIndex(old)).map_err(said)?;
        let is_local = found.st_bind() == elf::STB_LOCAL;
        let name = table.symbol_name(LITTLE, found).map_err(said)?;
        let name = if is_local { 0 } else { self.name(name) };
        let section = found.st_shndx(LITTLE);
        let own = self.sections.get(&usize::from(section)).map_or(section, |&own| own as u16);
        self.list.push(Symbol {
            name,
            value: found.st_value(LITTLE),
            size: found.st_size(LITTLE),
            info: found.st_info(),
            section: own,
        });
        self.known.insert(old, self.list.len() - 1);
        Ok(self.list.len() - 1)
    }

    fn name(&mut self, name: &[u8]) -> u32 {
        let at = self.names.len() as u32;
        self.names.extend(name);
        self.names.push(0);
        at
    }

    fn add_root(&mut self, file: &ElfFile32<'_>, root: &str) -> Result<(), String> {
        let table = file.elf_symbol_table();
        let is_root = |symbol: &elf::Sym32<Endianness>| {
            let name = table.symbol_name(LITTLE, symbol);
            name.is_ok_and(|name| name == root.as_bytes())
                && symbol.st_shndx(LITTLE) != elf::SHN_UNDEF
        };
        let index = table.iter().position(is_root).ok_or_else(|| {
            format!("it has no `{root}`: describe it with `ramscope_module_abi::module!`")
        })?;
        self.add(file, index).map(|_| ())
    }

    /// Puts local symbols first, as the form demands; answers the new number by the old one.
    fn locals_first(&mut self) -> Vec<usize> {
        let is_local = |symbol: &Symbol| symbol.info >> 4 == elf::STB_LOCAL;
        let mut order: Vec<usize> = (0..self.list.len()).collect();
        order.sort_by_key(|&at| !is_local(&self.list[at]));
        let mut places = vec![0; order.len()];
        for (new, &old) in order.iter().enumerate() {
            places[old] = new;
        }
        self.list = order.iter().map(|&at| self.list[at]).collect();
        places
    }

    fn locals(&self) -> u32 {
        self.list.iter().filter(|symbol| symbol.info >> 4 == elf::STB_LOCAL).count() as u32
    }
}

/// Collects the file.
struct Output {
    bytes: Vec<u8>,
    headers: Vec<[u32; 10]>,
    names: Vec<u8>,
}

impl Output {
    fn section(&mut self, name: &str, contents: &[u8], fields: [u32; 8]) {
        let [kind, flags, size, link, info, align, entry, _] = fields;
        self.bytes.resize(self.bytes.len().next_multiple_of(align.max(4) as usize), 0);
        let at = self.bytes.len() as u32;
        self.bytes.extend(contents);
        let named = self.names.len() as u32;
        self.names.extend(name.bytes().chain([0]));
        self.headers.push([named, kind, flags, 0, at, size, link, info, align, entry]);
    }
}

fn write(kept: &[Kept], symbols: &Symbols) -> Vec<u8> {
    let mut out = Output { bytes: vec![0; HEADER_BYTES], headers: vec![[0; 10]], names: vec![0] };
    for section in kept {
        let fields = [section.kind, section.flags, section.bytes, 0, 0, section.align, 0, 0];
        out.section(&section.name, &section.contents, fields);
    }
    let with_relocations = || kept.iter().filter(|section| !section.relocations.is_empty());
    let symbol_table = (kept.len() + with_relocations().count() + 1) as u32;
    for section in with_relocations() {
        let bytes: Vec<u8> = section.relocations.iter().flat_map(Relocation::bytes).collect();
        let of = symbols.sections[&section.index] as u32;
        let size = bytes.len() as u32;
        let fields = [elf::SHT_RELA, 0, size, symbol_table, of, 4, RELOCATION_BYTES, 0];
        out.section(&format!(".rela{}", section.name), &bytes, fields);
    }
    let bytes: Vec<u8> = symbols.list.iter().flat_map(Symbol::bytes).collect();
    let (size, locals) = (bytes.len() as u32, symbols.locals());
    let fields = [elf::SHT_SYMTAB, 0, size, symbol_table + 1, locals, 4, SYMBOL_BYTES, 0];
    out.section(".symtab", &bytes, fields);
    let size = symbols.names.len() as u32;
    out.section(".strtab", &symbols.names, [elf::SHT_STRTAB, 0, size, 0, 0, 1, 0, 0]);
    let mut names = out.names.clone();
    names.extend(b".shstrtab\0");
    let size = names.len() as u32;
    out.section(".shstrtab", &names, [elf::SHT_STRTAB, 0, size, 0, 0, 1, 0, 0]);
    finish(out)
}

/// Adds the table of sections, and the header of the file.
fn finish(mut out: Output) -> Vec<u8> {
    out.bytes.resize(out.bytes.len().next_multiple_of(4), 0);
    let table = out.bytes.len() as u32;
    out.bytes.extend(out.headers.iter().flatten().flat_map(|word| word.to_le_bytes()));
    let count = out.headers.len() as u16;
    let mut header = Vec::from(*b"\x7FELF\x01\x01\x01\0\0\0\0\0\0\0\0\0");
    header.extend([elf::ET_REL, elf::EM_RISCV].iter().flat_map(|half| half.to_le_bytes()));
    // Version, entry, program headers, section headers, flags: compressed instructions.
    header.extend([1, 0, 0, table, elf::EF_RISCV_RVC].iter().flat_map(|word| word.to_le_bytes()));
    let halves = [HEADER_BYTES as u16, 0, 0, SECTION_BYTES as u16, count, count - 1];
    header.extend(halves.iter().flat_map(|half| half.to_le_bytes()));
    out.bytes[..HEADER_BYTES].copy_from_slice(&header);
    out.bytes
}

impl Relocation {
    fn bytes(&self) -> [u8; RELOCATION_BYTES as usize] {
        let info = (self.symbol as u32) << 8 | self.kind;
        let words = [self.offset, info, self.addend.cast_unsigned()];
        let mut bytes = [0; RELOCATION_BYTES as usize];
        for (into, word) in bytes.chunks_exact_mut(4).zip(words) {
            into.copy_from_slice(&word.to_le_bytes());
        }
        bytes
    }
}

impl Symbol {
    fn bytes(&self) -> Vec<u8> {
        let words = [self.name, self.value, self.size];
        let words = words.iter().flat_map(|word| word.to_le_bytes());
        words.chain([self.info, 0]).chain(self.section.to_le_bytes()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The loader's own example, with each kind of relocation.
    const FILE: &[u8] =
        include_bytes!("../../../../../firmware/kernel/src/module/tests/every-kind.o");

    /// As it is read from a disk: aligned.
    fn every_kind() -> Vec<u8> {
        FILE.to_vec()
    }

    fn relocations_by_kind(bytes: &[u8]) -> BTreeMap<u32, usize> {
        let file = ElfFile32::<Endianness>::parse(bytes).unwrap();
        let mut kinds = BTreeMap::new();
        for section in kept_sections(&file).unwrap() {
            for relocation in section.relocations {
                *kinds.entry(relocation.kind).or_insert(0) += 1;
            }
        }
        kinds
    }

    #[test]
    fn sections_and_relocations_stay_and_labels_go() {
        let shrunk = shrink(&every_kind(), &["begin"]).unwrap();
        assert_eq!(relocations_by_kind(&shrunk), relocations_by_kind(&every_kind()));
        let symbols = |bytes: &[u8]| {
            let file = ElfFile32::<Endianness>::parse(bytes).unwrap();
            file.elf_symbol_table().iter().filter(|symbol| symbol.st_bind() == 0).count()
        };
        // None, five sections, and the two halves of pairs.
        assert_eq!(symbols(&shrunk), 8);
        assert_eq!(shrink(&shrunk, &["begin"]).unwrap(), shrunk, "twice is as once");
    }

    #[test]
    fn what_describes_no_module_is_told_how_to() {
        let refused = shrink(&every_kind(), &["ramscope_module_info"]).unwrap_err();
        assert!(refused.contains("describe it with `ramscope_module_abi::module!`"), "{refused}");
        assert!(shrink(b"no object", &[]).is_err());
    }
}
