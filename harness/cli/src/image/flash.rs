//! From an ELF file to what the flash memory holds.
//!
//! Direct boot: the ROM finds a magic word twice at the start of flash, maps the flash at
//! 0x4200_0000 (code) and at 0x3C00_0000 (constants) from its offset 0, and jumps behind the magic
//! (ESP32-C3 technical reference manual, "Chip Boot Control"). So a segment's load address is its
//! offset in flash.

use object::elf::{FileHeader32, PT_LOAD, ProgramHeader32};
use object::read::elf::{FileHeader, ProgramHeader};
use object::{Endianness, elf};

/// The size of the image, which the ROM wants to be exact: 4 MiB.
pub const FLASH_BYTES: usize = 4 << 20;

/// The first word of a direct-boot image, which stands there twice.
const MAGIC: [u8; 4] = 0xAEDB_041D_u32.to_le_bytes();
/// Where flash is seen: as code, as constants.
const WINDOWS: [u32; 2] = [0x4200_0000, 0x3C00_0000];

/// Why an ELF file does not become a flash image.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum FlashError {
    /// It is no ELF file for 32-bit RISC-V, or is not whole.
    #[error("it is not a whole ELF file for 32-bit RISC-V")]
    NotAnElf,
    /// A segment is not in flash.
    #[error("its segment at {address:#010x} is not within the {FLASH_BYTES} bytes of flash")]
    OutsideFlash {
        /// The segment's load address.
        address: u32,
    },
    /// Two segments want the same bytes.
    #[error("two of its segments overlap at {offset:#x} in flash")]
    Overlap {
        /// The offset in flash.
        offset: usize,
    },
    /// The magic is missing.
    #[error("it does not start with the direct-boot magic")]
    NoMagic,
}

/// What flash holds so that the ROM starts the program of an ELF file: all of it, 0xFF where
/// nothing is.
///
/// # Errors
/// If the file is no executable for direct boot.
pub fn direct_boot_image(elf: &[u8]) -> Result<Vec<u8>, FlashError> {
    let mut flash = vec![0xFF; FLASH_BYTES];
    let mut taken: Vec<(usize, usize)> = Vec::new();
    for (address, bytes) in loaded_segments(elf)? {
        let outside = FlashError::OutsideFlash { address };
        let start = flash_offset(address).ok_or(FlashError::OutsideFlash { address })?;
        let end = start + bytes.len();
        if taken.iter().any(|&(from, to)| start < to && from < end) {
            return Err(FlashError::Overlap { offset: start });
        }
        flash.get_mut(start..end).ok_or(outside)?.copy_from_slice(bytes);
        taken.push((start, end));
    }
    match flash[..4] == MAGIC && flash[4..8] == MAGIC {
        true => Ok(flash),
        false => Err(FlashError::NoMagic),
    }
}

/// Load address and bytes of each segment that has any in the file. Linkers like to load the file's
/// own headers as well, which no program looks at; where they would go, another segment may be.
fn loaded_segments(file: &[u8]) -> Result<Vec<(u32, &[u8])>, FlashError> {
    let not_elf = |_| FlashError::NotAnElf;
    let header = FileHeader32::<Endianness>::parse(file).map_err(not_elf)?;
    let endian = header.endian().map_err(not_elf)?;
    if header.e_machine(endian) != elf::EM_RISCV {
        return Err(FlashError::NotAnElf);
    }
    let segments = header.program_headers(endian, file).map_err(not_elf)?;
    let headers_end = header.e_phoff(endian) as usize + size_of_val(segments);
    let is_headers = |segment: &ProgramHeader32<Endianness>| {
        let (start, end) = segment.file_range(endian);
        start == 0 && end as usize <= headers_end
    };
    segments
        .iter()
        .filter(|segment| segment.p_type(endian) == PT_LOAD && segment.p_filesz(endian) > 0)
        .filter(|segment| !is_headers(segment))
        .map(|segment| {
            let bytes = segment.data(endian, file).map_err(|()| FlashError::NotAnElf)?;
            Ok((segment.p_paddr(endian), bytes))
        })
        .collect()
}

fn flash_offset(address: u32) -> Option<usize> {
    WINDOWS
        .iter()
        .filter_map(|window| address.checked_sub(*window))
        .map(|offset| offset as usize)
        .find(|&offset| offset < FLASH_BYTES)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An ELF file with these segments: load address and bytes.
    fn elf(segments: &[(u32, &[u8])]) -> Vec<u8> {
        const HEADER: usize = 52;
        const ENTRY: usize = 32;
        let mut file = vec![0; HEADER + ENTRY * segments.len()];
        file[..7].copy_from_slice(b"\x7fELF\x01\x01\x01");
        file[16] = 2; // ET_EXEC
        file[18] = 243; // EM_RISCV
        file[20] = 1;
        file[28] = HEADER as u8;
        file[40] = HEADER as u8;
        file[42] = ENTRY as u8;
        file[44] = segments.len() as u8;
        for (index, (address, bytes)) in segments.iter().enumerate() {
            let words = [1, file.len() as u32, *address, *address, bytes.len() as u32];
            let entry = HEADER + index * ENTRY;
            for (word, value) in words.iter().enumerate() {
                file[entry + word * 4..][..4].copy_from_slice(&value.to_le_bytes());
            }
            file.extend_from_slice(bytes);
        }
        file
    }

    fn code() -> Vec<u8> {
        [MAGIC, MAGIC, *b"code"].concat()
    }

    #[test]
    fn segments_lie_at_their_offset_and_the_rest_is_blank() {
        let flash =
            direct_boot_image(&elf(&[(0x4200_0000, &code()), (0x3C01_0000, b"data")])).unwrap();
        assert_eq!(flash.len(), FLASH_BYTES);
        assert_eq!(flash[8..13], *b"code\xFF");
        assert_eq!(flash[0x1_0000..0x1_0005], *b"data\xFF");
    }

    #[test]
    fn a_segment_outside_of_flash_is_named() {
        let elf = elf(&[(0x4200_0000, &code()), (0x3FC8_0000, b"ram")]);
        let expected = FlashError::OutsideFlash { address: 0x3FC8_0000 };
        assert_eq!(direct_boot_image(&elf), Err(expected));
    }

    #[test]
    fn the_files_own_headers_are_left_out() {
        let mut elf = elf(&[(0x4200_0000, &code()), (0x3C00_0004, b"never read")]);
        let second = 52 + 32;
        elf[second + 4..second + 8].fill(0); // its place in the file
        assert_eq!(direct_boot_image(&elf).unwrap()[4..8], MAGIC);
    }

    #[test]
    fn both_windows_show_the_same_bytes() {
        let elf = elf(&[(0x4200_0000, &code()), (0x3C00_0008, b"x")]);
        assert_eq!(direct_boot_image(&elf), Err(FlashError::Overlap { offset: 8 }));
    }

    #[test]
    fn a_cut_file_or_one_without_magic_is_refused() {
        let whole = elf(&[(0x4200_0000, &code())]);
        for length in 0..whole.len() {
            assert!(direct_boot_image(&whole[..length]).is_err(), "{length}");
        }
        let other = elf(&[(0x4200_0000, b"12345678")]);
        assert_eq!(direct_boot_image(&other), Err(FlashError::NoMagic));
    }
}
