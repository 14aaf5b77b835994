//! Writing ELF executables.

const HEADER_BYTES: u32 = 52;
const PROGRAM_HEADER_BYTES: u32 = 32;
const SECTION_HEADER_BYTES: u32 = 40;
const SYMBOL_BYTES: u32 = 16;
/// Sections with symbols: none, the symbols, their names (which are those of sections, too).
const SECTIONS: u16 = 3;

/// A symbol: its name, its address and its bytes.
pub(crate) type Symbol<'a> = (&'a str, u32, u32);

/// An executable for RV32 that starts at its first segment.
pub(crate) struct Elf<'a> {
    /// Where bytes go, and the bytes.
    pub(crate) segments: &'a [(u32, &'a [u8])],
    pub(crate) symbols: &'a [Symbol<'a>],
}

impl Elf<'_> {
    /// The file.
    pub(crate) fn file(&self) -> Vec<u8> {
        let count = self.segments.len() as u32;
        let first = HEADER_BYTES + count * PROGRAM_HEADER_BYTES;
        let loaded: u32 = self.segments.iter().map(|(_, bytes)| bytes.len() as u32).sum();
        let tables = (first + loaded).next_multiple_of(4);
        let mut file = self.header(tables);
        let mut offset = first;
        for (address, bytes) in self.segments {
            let length = bytes.len() as u32;
            words(&mut file, &[1, offset, *address, *address, length, length, 7, 4]);
            offset += length;
        }
        self.segments.iter().for_each(|(_, bytes)| file.extend(*bytes));
        file.resize(tables as usize, 0);
        if !self.symbols.is_empty() {
            self.put_symbols(&mut file);
        }
        file
    }

    fn header(&self, tables: u32) -> Vec<u8> {
        let mut file = vec![0x7F, b'E', b'L', b'F', 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        let sections = if self.symbols.is_empty() { 0 } else { SECTIONS };
        let names = sections.saturating_sub(1);
        let table = if sections == 0 { 0 } else { tables };
        halves(&mut file, &[2, 243]);
        words(&mut file, &[1, self.segments[0].0, HEADER_BYTES, table, 1]); // compressed code
        let program_headers = [PROGRAM_HEADER_BYTES as u16, self.segments.len() as u16];
        halves(&mut file, &[HEADER_BYTES as u16]);
        halves(&mut file, &program_headers);
        halves(&mut file, &[SECTION_HEADER_BYTES as u16, sections, names]);
        file
    }

    /// The section headers, the symbols and the names, one behind the other.
    fn put_symbols(&self, file: &mut Vec<u8>) {
        let symbols_at = file.len() as u32 + u32::from(SECTIONS) * SECTION_HEADER_BYTES;
        let symbols_bytes = (self.symbols.len() as u32 + 1) * SYMBOL_BYTES;
        let mut names = b"\0.symtab\0.strtab\0".to_vec();
        let mut symbols = vec![0; SYMBOL_BYTES as usize];
        for (name, address, bytes) in self.symbols {
            words(&mut symbols, &[names.len() as u32, *address, *bytes]);
            symbols.extend([0x10, 0]); // global, of no type
            halves(&mut symbols, &[0xFFF1]); // absolute
            names.extend(name.bytes());
            names.push(0);
        }
        let names_at = symbols_at + symbols_bytes;
        words(file, &[0; 10]);
        words(file, &[1, 2, 0, 0, symbols_at, symbols_bytes, 2, 1, 4, SYMBOL_BYTES]);
        words(file, &[9, 3, 0, 0, names_at, names.len() as u32, 0, 0, 1, 0]);
        file.extend(symbols);
        file.extend(names);
    }
}

fn halves(file: &mut Vec<u8>, values: &[u16]) {
    values.iter().for_each(|value| file.extend(value.to_le_bytes()));
}

fn words(file: &mut Vec<u8>, values: &[u32]) {
    values.iter().for_each(|value| file.extend(value.to_le_bytes()));
}
