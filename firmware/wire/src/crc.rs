//! The checksum of frames: CRC-32 as in zlib and Ethernet.
//!
//! CRC-16 would save two bytes a frame, but after damage the reader tries every zero byte with a
//! marker behind it as the start of a frame, and budgets are judged by what it accepts: one wrong
//! candidate in 65 536 is too many, one in 4 294 967 296 is not. A frame holds several records, so
//! that the two bytes are spread; a table of 16 words keeps it at two steps a byte.

const POLYNOMIAL_REFLECTED: u32 = 0xedb8_8320;

static NIBBLES: [u32; 16] = nibbles();

const fn nibbles() -> [u32; 16] {
    let mut table = [0; 16];
    let mut index = 0;
    while index < 16 {
        let mut crc = index as u32;
        let mut bit = 0;
        while bit < 4 {
            crc = if crc & 1 == 1 { crc >> 1 ^ POLYNOMIAL_REFLECTED } else { crc >> 1 };
            bit += 1;
        }
        table[index] = crc;
        index += 1;
    }
    table
}

/// The CRC-32 of some bytes.
pub(crate) fn crc32(bytes: impl Iterator<Item = u8>) -> u32 {
    !bytes.fold(!0, |crc: u32, byte| {
        let crc = crc ^ u32::from(byte);
        let crc = crc >> 4 ^ NIBBLES[(crc & 15) as usize];
        crc >> 4 ^ NIBBLES[(crc & 15) as usize]
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_crc_of_zlib() {
        assert_eq!(crc32(b"123456789".iter().copied()), 0xcbf4_3926);
        assert_eq!(crc32([].into_iter()), 0);
    }
}
