//! What each kind of relocation writes.
//!
//! Values and encodings: RISC-V ELF psABI, "Relocations", and the instruction formats of the
//! unprivileged specification. Only bytes are changed here, of one place at a time.
//!
//! All arithmetic is modulo 2^32, as the processor's is: a pair of `auipc` and a 12-bit offset reaches
//! every address.

use super::reason::{Damage, Detail, Reason};

pub(super) const BRANCH: u8 = 16;
pub(super) const JAL: u8 = 17;
const CALL: u8 = 18;
const CALL_PLT: u8 = 19;
pub(super) const PCREL_HI20: u8 = 23;
pub(super) const PCREL_LO12_I: u8 = 24;
pub(super) const PCREL_LO12_S: u8 = 25;

/// The names of the kinds that are known, and of those that one may meet but that need what there is
/// not: a table of addresses, thread-local memory, a dynamic linker.
const NAMES: [(u8, &str); 57] = [
    (0, "NONE"),
    (1, "32"),
    (2, "64"),
    (3, "RELATIVE"),
    (4, "COPY"),
    (5, "JUMP_SLOT"),
    (6, "TLS_DTPMOD32"),
    (7, "TLS_DTPMOD64"),
    (8, "TLS_DTPREL32"),
    (9, "TLS_DTPREL64"),
    (10, "TLS_TPREL32"),
    (11, "TLS_TPREL64"),
    (12, "TLSDESC"),
    (16, "BRANCH"),
    (17, "JAL"),
    (18, "CALL"),
    (19, "CALL_PLT"),
    (20, "GOT_HI20"),
    (21, "TLS_GOT_HI20"),
    (22, "TLS_GD_HI20"),
    (23, "PCREL_HI20"),
    (24, "PCREL_LO12_I"),
    (25, "PCREL_LO12_S"),
    (26, "HI20"),
    (27, "LO12_I"),
    (28, "LO12_S"),
    (29, "TPREL_HI20"),
    (30, "TPREL_LO12_I"),
    (31, "TPREL_LO12_S"),
    (32, "TPREL_ADD"),
    (33, "ADD8"),
    (34, "ADD16"),
    (35, "ADD32"),
    (36, "ADD64"),
    (37, "SUB8"),
    (38, "SUB16"),
    (39, "SUB32"),
    (40, "SUB64"),
    (41, "GOT32_PCREL"),
    (43, "ALIGN"),
    (44, "RVC_BRANCH"),
    (45, "RVC_JUMP"),
    (46, "RVC_LUI"),
    (51, "RELAX"),
    (52, "SUB6"),
    (53, "SET6"),
    (54, "SET8"),
    (55, "SET16"),
    (56, "SET32"),
    (57, "32_PCREL"),
    (58, "IRELATIVE"),
    (59, "PLT32"),
    (60, "SET_ULEB128"),
    (61, "SUB_ULEB128"),
    (62, "TLSDESC_HI20"),
    (63, "TLSDESC_LOAD_LO12"),
    (64, "TLSDESC_ADD_LO12"),
];

/// The name of a kind, as the psABI has it.
pub(super) fn name(kind: u8) -> Detail {
    let known = NAMES.iter().find(|(number, _)| *number == kind).map(|(_, name)| *name);
    let mut text = [0; 40];
    let mut length = 0;
    let mut add = |piece: &str| {
        text[length..length + piece.len()].copy_from_slice(piece.as_bytes());
        length += piece.len();
    };
    add("R_RISCV_");
    match known {
        Some(name) => add(name),
        None => {
            for divisor in [100, 10, 1] {
                if kind >= divisor || divisor == 1 {
                    let digit = kind / divisor % 10;
                    add(core::str::from_utf8(&[b'0' + digit]).unwrap_or("?"));
                }
            }
        }
    }
    Detail::of(core::str::from_utf8(&text[..length]).unwrap_or(""))
}

/// What a relocation is about.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    /// The address that the processor sees it at.
    pub(super) at: u32,
    /// The symbol's address and the addend.
    pub(super) target: u32,
}

/// Whether a jump of this kind gets from one address to another.
pub(super) fn reaches(kind: u8, Place { at, target }: Place) -> bool {
    let distance = target.wrapping_sub(at).cast_signed();
    match kind {
        JAL => fits(distance, 21),
        BRANCH => fits(distance, 13),
        _ => true,
    }
}

fn fits(value: i32, bits: u32) -> bool {
    value << (32 - bits) >> (32 - bits) == value
}

/// Changes the bytes at a relocation's place.
///
/// For the low half of a pair relative to the program counter, `place` is that of the high half.
pub(super) fn apply(kind: u8, bytes: &mut [u8], place: Place) -> Result<(), Reason> {
    let Place { at, target } = place;
    let distance = target.wrapping_sub(at);
    let known = match kind {
        // Permissions for a linker that makes code shorter, which nobody does here.
        0 | 43 | 51 => Some(()),
        1 | 56 => put_word(bytes, target),
        57 => put_word(bytes, distance),
        BRANCH => branch(bytes, distance, kind)?,
        JAL => jump(bytes, distance, kind)?,
        CALL | CALL_PLT => call(bytes, distance),
        PCREL_HI20 => change(bytes, |word| with_upper(word, distance)),
        PCREL_LO12_I => change(bytes, |word| with_lower_load(word, distance)),
        PCREL_LO12_S => change(bytes, |word| with_lower_store(word, distance)),
        26 => change(bytes, |word| with_upper(word, target)),
        27 => change(bytes, |word| with_lower_load(word, target)),
        28 => change(bytes, |word| with_lower_store(word, target)),
        33 => change_byte(bytes, |byte| byte.wrapping_add(target as u8)),
        34 => change_half(bytes, |half| half.wrapping_add(target as u16)),
        35 => change(bytes, |word| word.wrapping_add(target)),
        36 => change_double(bytes, |double| double.wrapping_add(u64::from(target))),
        37 => change_byte(bytes, |byte| byte.wrapping_sub(target as u8)),
        38 => change_half(bytes, |half| half.wrapping_sub(target as u16)),
        39 => change(bytes, |word| word.wrapping_sub(target)),
        40 => change_double(bytes, |double| double.wrapping_sub(u64::from(target))),
        44 => compressed_branch(bytes, distance, kind)?,
        45 => compressed_jump(bytes, distance, kind)?,
        52 => change_byte(bytes, |byte| byte & 0xC0 | byte.wrapping_sub(target as u8) & 0x3F),
        53 => change_byte(bytes, |byte| byte & 0xC0 | target as u8 & 0x3F),
        54 => change_byte(bytes, |_| target as u8),
        55 => change_half(bytes, |_| target as u16),
        _ => return Err(Reason::UnknownRelocation(name(kind))),
    };
    known.ok_or(Reason::Damaged(Damage::Relocations))
}

fn put_word(bytes: &mut [u8], word: u32) -> Option<()> {
    change(bytes, |_| word)
}

fn change(bytes: &mut [u8], how: impl FnOnce(u32) -> u32) -> Option<()> {
    let place = bytes.first_chunk_mut()?;
    *place = how(u32::from_le_bytes(*place)).to_le_bytes();
    Some(())
}

fn change_double(bytes: &mut [u8], how: impl FnOnce(u64) -> u64) -> Option<()> {
    let place = bytes.first_chunk_mut()?;
    *place = how(u64::from_le_bytes(*place)).to_le_bytes();
    Some(())
}

fn change_half(bytes: &mut [u8], how: impl FnOnce(u16) -> u16) -> Option<()> {
    let place = bytes.first_chunk_mut()?;
    *place = how(u16::from_le_bytes(*place)).to_le_bytes();
    Some(())
}

fn change_byte(bytes: &mut [u8], how: impl FnOnce(u8) -> u8) -> Option<()> {
    let place = bytes.first_mut()?;
    *place = how(*place);
    Some(())
}

/// The upper 20 bits of a value whose lower 12 are added with their sign.
const fn with_upper(word: u32, value: u32) -> u32 {
    word & 0xFFF | value.wrapping_add(0x800) & 0xFFFF_F000
}

const fn with_lower_load(word: u32, value: u32) -> u32 {
    word & 0x000F_FFFF | value << 20
}

const fn with_lower_store(word: u32, value: u32) -> u32 {
    word & 0x01FF_F07F | (value >> 5 & 0x7F) << 25 | (value & 0x1F) << 7
}

/// `auipc` and `jalr`.
fn call(bytes: &mut [u8], distance: u32) -> Option<()> {
    let (upper, lower) = bytes.split_at_mut_checked(4)?;
    if lower.len() < 4 {
        return None;
    }
    change(upper, |word| with_upper(word, distance))?;
    change(lower, |word| with_lower_load(word, distance))
}

fn in_reach(distance: u32, bits: u32, kind: u8) -> Result<(), Reason> {
    let is_even = distance & 1 == 0;
    match is_even && fits(distance.cast_signed(), bits) {
        true => Ok(()),
        false => Err(Reason::OutOfReach(name(kind))),
    }
}

fn branch(bytes: &mut [u8], d: u32, kind: u8) -> Result<Option<()>, Reason> {
    in_reach(d, 13, kind)?;
    let bits =
        (d >> 12 & 1) << 31 | (d >> 5 & 0x3F) << 25 | (d >> 1 & 0xF) << 8 | (d >> 11 & 1) << 7;
    Ok(change(bytes, |word| word & 0x01FF_F07F | bits))
}

fn jump(bytes: &mut [u8], d: u32, kind: u8) -> Result<Option<()>, Reason> {
    in_reach(d, 21, kind)?;
    let bits =
        (d >> 20 & 1) << 31 | (d >> 1 & 0x3FF) << 21 | (d >> 11 & 1) << 20 | (d >> 12 & 0xFF) << 12;
    Ok(change(bytes, |word| word & 0xFFF | bits))
}

fn compressed_branch(bytes: &mut [u8], d: u32, kind: u8) -> Result<Option<()>, Reason> {
    in_reach(d, 9, kind)?;
    let bits = (d >> 8 & 1) << 12
        | (d >> 3 & 3) << 10
        | (d >> 6 & 3) << 5
        | (d >> 1 & 3) << 3
        | (d >> 5 & 1) << 2;
    Ok(change_half(bytes, |half| half & 0xE383 | bits as u16))
}

fn compressed_jump(bytes: &mut [u8], d: u32, kind: u8) -> Result<Option<()>, Reason> {
    in_reach(d, 12, kind)?;
    let bits = (d >> 11 & 1) << 12
        | (d >> 4 & 1) << 11
        | (d >> 8 & 3) << 9
        | (d >> 10 & 1) << 8
        | (d >> 6 & 1) << 7
        | (d >> 7 & 1) << 6
        | (d >> 1 & 7) << 3
        | (d >> 5 & 1) << 2;
    Ok(change_half(bytes, |half| half & 0xE003 | bits as u16))
}

/// A jump to anywhere, for a place whose own jump does not reach: `lui t1` and `jr t1`.
pub(super) const VENEER_BYTES: u32 = 8;

/// The instructions of a veneer.
pub(super) fn veneer(target: u32) -> [u8; VENEER_BYTES as usize] {
    const LUI_T1: u32 = 0x0000_0337;
    const JR_T1: u32 = 0x0003_0067;
    let words = [with_upper(LUI_T1, target), with_lower_load(JR_T1, target)];
    let mut bytes = [0; VENEER_BYTES as usize];
    for (into, word) in bytes.chunks_exact_mut(4).zip(words) {
        into.copy_from_slice(&word.to_le_bytes());
    }
    bytes
}
