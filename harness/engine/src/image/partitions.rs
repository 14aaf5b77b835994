//! The partition table that ESP-IDF's tools write if nobody says otherwise.
//!
//! An app comes alone, as an ELF file or as an image; whoever flashes it writes a bootloader and a
//! partition table in front of it. Programs that store something look for their place in that table,
//! so the machine's flash has one, too: the table of espflash for a chip of 4 MiB.
//!
//! Format: ESP-IDF's programming guide, "Partition Tables".

use crate::md5;

/// Where the table stands.
pub(super) const TABLE: usize = 0x8000;
/// Bytes of an entry.
pub(super) const ENTRY_BYTES: usize = 32;
/// How an entry begins.
pub(super) const ENTRY_MAGIC: [u8; 2] = [0xAA, 0x50];
/// Where an app alone is written.
pub(super) const APP: usize = 0x1_0000;

/// How the line with the digest of the entries begins: sixteen bytes.
const DIGEST_MAGIC: [u8; 2] = [0xEB, 0xEB];

struct Partition {
    kind: u8,
    subtype: u8,
    offset: u32,
    bytes: u32,
    name: &'static [u8],
}

const PARTITIONS: [Partition; 3] = [
    Partition { kind: 1, subtype: 2, offset: 0x9000, bytes: 0x6000, name: b"nvs" },
    Partition { kind: 1, subtype: 1, offset: 0xF000, bytes: 0x1000, name: b"phy_init" },
    Partition { kind: 0, subtype: 0, offset: APP as u32, bytes: 0x3F_0000, name: b"factory" },
];

/// Flash up to where the app begins: erased but for the table.
pub(super) fn before_app() -> Vec<u8> {
    let mut table = Vec::new();
    for Partition { kind, subtype, offset, bytes, name } in PARTITIONS {
        table.extend(ENTRY_MAGIC);
        table.extend([kind, subtype]);
        table.extend(offset.to_le_bytes());
        table.extend(bytes.to_le_bytes());
        table.extend(name);
        table.resize(table.len().next_multiple_of(ENTRY_BYTES), 0);
    }
    let digest = md5::digest(&table);
    table.extend(DIGEST_MAGIC);
    table.extend([0xFF; 14]);
    table.extend(digest);
    let mut flash = vec![0xFF; APP];
    flash[TABLE..TABLE + table.len()].copy_from_slice(&table);
    flash
}
