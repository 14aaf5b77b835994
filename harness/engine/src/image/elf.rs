//! ELF executables.
//!
//! The header is looked at by hand, so that a file for another machine gets a sentence that says
//! so; the tables are read with the `object` crate, which checks every bound.

use super::symbols::Symbols;
use super::{ImageError, flash};
use crate::memory::{self, Layout, Place};
use object::LittleEndian;
use object::elf::{
    EM_RISCV, ET_EXEC, FileHeader32, NT_GNU_BUILD_ID, PT_LOAD, PT_NOTE, SHN_UNDEF, SHT_PROGBITS,
    STT_FUNC, STT_NOTYPE, STT_OBJECT,
};
use object::read::elf::{FileHeader, NoteIterator, ProgramHeader, SectionHeader, Sym};
use std::collections::BTreeMap;

type Header = FileHeader32<LittleEndian>;
const LE: LittleEndian = LittleEndian;

/// What an ELF file says.
pub(super) struct Parts {
    pub(super) entry: u32,
    pub(super) layout: Layout,
    pub(super) flash: Vec<u8>,
    pub(super) ram: Vec<(u32, Vec<u8>)>,
    pub(super) sections: BTreeMap<String, Vec<u8>>,
    pub(super) symbols: Symbols,
    pub(super) build_id: Option<Vec<u8>>,
}

/// Reads a whole file.
pub(super) fn read(bytes: &[u8]) -> Result<Parts, ImageError> {
    check_identity(bytes)?;
    let header = Header::parse(bytes).map_err(corrupt)?;
    if header.e_type(LE) != ET_EXEC {
        return Err(ImageError::NotExecutable { found: header.e_type(LE) });
    }
    check_tables(header, bytes.len())?;
    let mut parts = Parts {
        entry: header.e_entry(LE),
        layout: Layout::of_entry(header.e_entry(LE)),
        flash: Vec::new(),
        ram: Vec::new(),
        sections: sections(header, bytes)?,
        symbols: symbols(header, bytes)?,
        build_id: build_id(header, bytes)?,
    };
    load_segments(header, bytes, &mut parts)?;
    Ok(parts)
}

fn corrupt(error: object::Error) -> ImageError {
    ImageError::Corrupt(error.to_string().to_lowercase())
}

fn truncated(what: impl Into<String>, needed: u64, bytes: usize) -> ImageError {
    ImageError::Truncated { what: what.into(), needed, bytes: bytes as u64 }
}

/// Magic, machine, class and byte order, in the order that gives the most helpful answer.
fn check_identity(bytes: &[u8]) -> Result<(), ImageError> {
    const HEADER_BYTES: u64 = size_of::<Header>() as u64;
    if bytes.get(..4) != Some(b"\x7fELF") {
        return Err(ImageError::NotElf);
    }
    let Some(identity) = bytes.get(..20) else {
        return Err(truncated("the ELF header", HEADER_BYTES, bytes.len()));
    };
    let is_big = identity[5] == 2;
    let pair = [identity[18], identity[19]];
    let machine = if is_big { u16::from_be_bytes(pair) } else { u16::from_le_bytes(pair) };
    if machine != EM_RISCV {
        let found = machine_name(machine);
        return Err(ImageError::WrongMachine { found });
    }
    match (identity[4], identity[5]) {
        (2, _) => Err(ImageError::Not32Bit),
        (_, 2) => Err(ImageError::BigEndian),
        (1, 1) if bytes.len() < HEADER_BYTES as usize => {
            Err(truncated("the ELF header", HEADER_BYTES, bytes.len()))
        }
        (1, 1) => Ok(()),
        (class, order) => {
            Err(ImageError::Corrupt(format!("class {class} and byte order {order} do not exist")))
        }
    }
}

fn machine_name(machine: u16) -> String {
    match machine {
        3 => "x86".into(),
        8 => "MIPS".into(),
        20 => "PowerPC".into(),
        40 => "ARM".into(),
        62 => "x86-64".into(),
        83 => "AVR".into(),
        94 => "Xtensa (as in ESP32, ESP32-S2 and ESP32-S3)".into(),
        183 => "AArch64".into(),
        other => format!("machine number {other}"),
    }
}

/// A file that was cut off lacks its section table first, which stands at the end: say so.
fn check_tables(header: &Header, bytes: usize) -> Result<(), ImageError> {
    let tables = [
        (
            "the program header table",
            header.e_phoff(LE),
            header.e_phentsize(LE),
            header.e_phnum(LE),
        ),
        (
            "the section header table",
            header.e_shoff(LE),
            header.e_shentsize(LE),
            header.e_shnum(LE),
        ),
    ];
    for (what, offset, entry_bytes, count) in tables {
        let end = u64::from(offset) + u64::from(entry_bytes) * u64::from(count);
        if count != 0 && end > bytes as u64 {
            return Err(truncated(what, end, bytes));
        }
    }
    Ok(())
}

/// The sections of the program. What describes it to debuggers is nine tenths of a file, and is not copied.
fn sections(header: &Header, bytes: &[u8]) -> Result<BTreeMap<String, Vec<u8>>, ImageError> {
    let table = header.sections(LE, bytes).map_err(corrupt)?;
    let mut sections = BTreeMap::new();
    for section in table.iter() {
        let Some((offset, length)) = section.file_range(LE) else {
            continue;
        };
        let name = table.section_name(LE, section).map_err(corrupt)?;
        let end = offset.saturating_add(length);
        let Some(content) = bytes.get(offset as usize..end as usize) else {
            let name = String::from_utf8_lossy(name);
            return Err(truncated(format!("section {name:?}"), end, bytes.len()));
        };
        if !name.starts_with(b".debug") && section.sh_type(LE) == SHT_PROGBITS {
            sections.insert(String::from_utf8_lossy(name).into_owned(), content.to_vec());
        }
    }
    Ok(sections)
}

fn symbols(header: &Header, bytes: &[u8]) -> Result<Symbols, ImageError> {
    let sections = header.sections(LE, bytes).map_err(corrupt)?;
    let table = sections.symbols(LE, bytes, object::elf::SHT_SYMTAB).map_err(corrupt)?;
    let strings = match sections.section(table.string_section()) {
        Ok(section) => section.data(LE, bytes).map_err(corrupt)?,
        // There are no symbols.
        Err(_) => &[],
    };
    let mut symbols = Symbols::default();
    for symbol in table.iter().filter(|symbol| names_a_place(symbol)) {
        // Most are labels: one look tells, and their names are not searched for an end.
        if strings.get(symbol.st_name(LE) as usize..).is_some_and(is_label) {
            continue;
        }
        let name = symbol.name(LE, table.strings()).map_err(corrupt)?;
        if !name.is_empty() {
            symbols.add(name, symbol.st_value(LE));
        }
    }
    Ok(symbols)
}

/// What assemblers call places by themselves: by far the most symbols, and nobody asks for one.
fn is_label(name: &[u8]) -> bool {
    name.starts_with(b".L") || name.starts_with(b"$")
}

/// Functions, objects, and what a linker script defines, such as the end of a stack.
fn names_a_place(symbol: &object::elf::Sym32<LittleEndian>) -> bool {
    symbol.st_shndx(LE) != SHN_UNDEF
        && matches!(symbol.st_type(), STT_NOTYPE | STT_OBJECT | STT_FUNC)
}

/// The build id note, looked for in the segments and the sections: either may have been dropped.
fn build_id(header: &Header, bytes: &[u8]) -> Result<Option<Vec<u8>>, ImageError> {
    let segments = header.program_headers(LE, bytes).map_err(corrupt)?;
    let in_segments = segments
        .iter()
        .filter(|segment| segment.p_type(LE) == PT_NOTE)
        .filter_map(|segment| segment.notes(LE, bytes).ok().flatten());
    let sections = header.sections(LE, bytes).map_err(corrupt)?;
    let in_sections = sections.iter().filter_map(|section| section.notes(LE, bytes).ok().flatten());
    Ok(in_segments.chain(in_sections).find_map(build_id_note).map(<[u8]>::to_vec))
}

fn build_id_note<'a>(mut notes: NoteIterator<'a, Header>) -> Option<&'a [u8]> {
    while let Ok(Some(note)) = notes.next() {
        if note.name() == b"GNU" && note.n_type(LE) == NT_GNU_BUILD_ID {
            return Some(note.desc());
        }
    }
    None
}

fn load_segments(header: &Header, bytes: &[u8], parts: &mut Parts) -> Result<(), ImageError> {
    /// More cannot be loaded without loading something twice.
    const CAPACITY: u64 = memory::RAM_BYTES as u64 + memory::FLASH_WINDOW_BYTES as u64;
    let mut bytes_loaded = 0;
    for segment in header.program_headers(LE, bytes).map_err(corrupt)? {
        let length = segment.p_filesz(LE);
        if segment.p_type(LE) != PT_LOAD || length == 0 {
            continue;
        }
        let start = segment.p_offset(LE);
        let end = u64::from(start) + u64::from(length);
        let Some(content) = bytes.get(start as usize..end as usize) else {
            let what = format!("the segment at {:#010x}", segment.p_paddr(LE));
            return Err(truncated(what, end, bytes.len()));
        };
        let (physical, logical) = (segment.p_paddr(LE), segment.p_vaddr(LE));
        let address = [physical, logical]
            .into_iter()
            .find(|&address| parts.layout.is_one_place(address, length))
            .ok_or(ImageError::OutsideMemory { address: physical, bytes: length })?;
        load(address, content, parts);
        bytes_loaded += u64::from(length);
        if bytes_loaded > CAPACITY {
            return Err(ImageError::Corrupt("its segments overlap".into()));
        }
    }
    if bytes_loaded > 0 {
        flash::fill_page(&mut parts.flash);
        Ok(())
    } else {
        Err(ImageError::NoLoadableSegment)
    }
}

/// Puts a segment to where it has been found to fit.
fn load(address: u32, content: &[u8], parts: &mut Parts) {
    match parts.layout.place(address).expect("the caller has found a place") {
        Place::Ram(offset) => parts.ram.push((offset, content.to_vec())),
        Place::Flash(offset) => {
            let start = offset as usize;
            let end = start + content.len();
            if parts.flash.len() < end {
                parts.flash.resize(end, 0xFF);
            }
            parts.flash[start..end].copy_from_slice(content);
        }
    }
}
