//! A minimal ELF writer.

/// A segment: physical address, virtual address, bytes.
pub(crate) type Segment = (u32, u32, Vec<u8>);

/// An executable under construction.
#[derive(Clone, Default)]
pub(crate) struct Elf {
    pub(crate) entry: u32,
    pub(crate) segments: Vec<Segment>,
    pub(crate) symbols: Vec<(String, u32)>,
    pub(crate) sections: Vec<(String, Vec<u8>)>,
    pub(crate) build_id: Option<Vec<u8>>,
}

const HEADER_BYTES: u32 = 52;
const PROGRAM_HEADER_BYTES: u32 = 32;
const SHT_PROGBITS: u32 = 1;
const SHT_SYMTAB: u32 = 2;
const SHT_STRTAB: u32 = 3;
const SHT_NOTE: u32 = 7;

struct Section {
    name: String,
    kind: u32,
    link: u32,
    entry_bytes: u32,
    offset: u32,
    bytes: u32,
}

impl Elf {
    /// The file.
    pub(crate) fn write(&self) -> Vec<u8> {
        let mut body = Vec::new();
        let body_start = HEADER_BYTES + PROGRAM_HEADER_BYTES * self.segments.len() as u32;
        let mut place = |bytes: &[u8]| {
            while !body.len().is_multiple_of(4) {
                body.push(0);
            }
            let offset = body_start + body.len() as u32;
            body.extend_from_slice(bytes);
            offset
        };
        let mut program = Vec::new();
        for (physical, logical, bytes) in &self.segments {
            let offset = place(bytes);
            let length = bytes.len() as u32;
            words(&mut program, &[1, offset, *logical, *physical, length, length, 5, 4]);
        }
        let sections = self.place_sections(&mut place);
        let mut names = vec![0];
        let mut table = vec![0; 40];
        for section in &sections {
            let name = names.len() as u32;
            names.extend(section.name.as_bytes());
            names.push(0);
            let Section { kind, offset, bytes, link, entry_bytes, .. } = *section;
            words(&mut table, &[name, kind, 0, 0, offset, bytes, link, 0, 4, entry_bytes]);
        }
        let name = names.len() as u32;
        names.extend(b".shstrtab\0");
        let names_offset = place(&names);
        words(&mut table, &[name, SHT_STRTAB, 0, 0, names_offset, names.len() as u32, 0, 0, 1, 0]);
        let table_offset = place(&table);

        let mut file = b"\x7fELF\x01\x01\x01\0\0\0\0\0\0\0\0\0".to_vec();
        halves(&mut file, &[2, 243]);
        words(&mut file, &[1, self.entry, HEADER_BYTES, table_offset, 0]);
        let count = sections.len() as u16 + 2;
        halves(&mut file, &[52, 32, self.segments.len() as u16, 40, count, count - 1]);
        file.extend(program);
        file.extend(body);
        file
    }

    fn place_sections(&self, place: &mut impl FnMut(&[u8]) -> u32) -> Vec<Section> {
        let mut strings = vec![0];
        let mut symbols = vec![0; 16];
        for (name, value) in &self.symbols {
            words(&mut symbols, &[strings.len() as u32, *value, 4]);
            symbols.extend([0x11, 0]); // global object
            halves(&mut symbols, &[1]);
            strings.extend(name.as_bytes());
            strings.push(0);
        }
        let mut sections = Vec::new();
        let mut add = |name: &str, kind, link, entry_bytes, bytes: &[u8]| {
            sections.push(Section {
                name: name.into(),
                kind,
                link,
                entry_bytes,
                offset: place(bytes),
                bytes: bytes.len() as u32,
            });
        };
        add(".strtab", SHT_STRTAB, 0, 0, &strings);
        add(".symtab", SHT_SYMTAB, 1, 16, &symbols);
        for (name, bytes) in &self.sections {
            add(name, SHT_PROGBITS, 0, 0, bytes);
        }
        if let Some(id) = &self.build_id {
            let mut note = Vec::new();
            words(&mut note, &[4, id.len() as u32, 3]);
            note.extend(b"GNU\0");
            note.extend(id);
            add(".note.gnu.build-id", SHT_NOTE, 0, 0, &note);
        }
        sections
    }
}

fn words(to: &mut Vec<u8>, values: &[u32]) {
    for value in values {
        to.extend(value.to_le_bytes());
    }
}

fn halves(to: &mut Vec<u8>, values: &[u16]) {
    for value in values {
        to.extend(value.to_le_bytes());
    }
}
