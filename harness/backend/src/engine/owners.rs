//! Who owns a block of the heap, as the device's own ledger says.
//!
//! A header has the index of an owner; whose index that is now the kernel's ledger knows. The image says where
//! that lies, behind the table of threads (`ramscope_kernel::debugger`), so both are read from memory
//! and believed only if they make sense.

use ramscope_capture::HeldBy;
use ramscope_engine::Image;

/// Words of the table before those of owners: of threads, and of turns.
const WORDS_BEFORE: u32 = 14;
/// Says that the table tells where owners are.
const OWNERS: u32 = u32::from_le_bytes(*b"ownr");
/// More entries, or larger ones, are a sign of damage.
const ENTRIES_MAX: u32 = 1024;
const ENTRY_BYTES_MAX: u32 = 64;
/// Kinds of owners that telemetry knows.
const KINDS: u8 = 7;

/// Where the ledger's entries are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Owners {
    table: u32,
}

/// Reads a word of the device's memory.
pub(super) type ReadWord<'a> = &'a dyn Fn(u32) -> Option<u32>;

impl Owners {
    pub(super) fn of(image: &Image) -> Option<Self> {
        Some(Self { table: image.symbol("RAMSCOPE_UNITS")? })
    }

    /// The owner that the second word of a header names.
    pub(super) fn owner(self, tag: u32, read: ReadWord<'_>) -> Option<HeldBy> {
        let word = |n: u32| read(self.table + 4 * (WORDS_BEFORE + n));
        let [mark, entries, count, bytes, kind, unit, seal] =
            [word(0)?, word(1)?, word(2)?, word(3)?, word(4)?, word(5)?, word(6)?];
        let index = (tag ^ seal) & 0xFFFF;
        let is_sound = mark == OWNERS && count <= ENTRIES_MAX && bytes <= ENTRY_BYTES_MAX;
        if !is_sound || index >= count {
            return None;
        }
        let entry = entries.checked_add(index * bytes)?;
        let kind_at = entry.checked_add(kind)?;
        let kind = read(kind_at & !3)?.to_le_bytes()[(kind_at & 3) as usize];
        let unit = read(entry.checked_add(unit)?)?;
        (kind < KINDS).then_some(HeldBy { kind, unit })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: u32 = 0x1000;
    const ENTRIES: u32 = 0x2000;

    fn memory(mark: u32) -> impl Fn(u32) -> Option<u32> {
        move |at| match at {
            0x1038 => Some(mark),
            0x103C => Some(ENTRIES),
            0x1040 => Some(64),
            0x1044 => Some(12),
            0x1048 => Some(4),
            0x104C => Some(0),
            0x1050 => Some(0x0580),
            0x2024 => Some(9),
            0x2028 => Some(0xFFFF_FF02),
            _ => None,
        }
    }

    #[test]
    fn the_entry_of_a_headers_index_names_the_owner() {
        let owners = Owners { table: TABLE };
        let tag = 0x0007_0000 | (0x0580 ^ 3);
        let owner = owners.owner(tag, &memory(OWNERS));
        assert_eq!(owner, Some(HeldBy { kind: 2, unit: 9 }));
        assert_eq!(owners.owner(tag, &memory(0)), None, "an older image says nothing of owners");
        assert_eq!(owners.owner(0x0580 ^ 64, &memory(OWNERS)), None, "no such index");
    }
}
