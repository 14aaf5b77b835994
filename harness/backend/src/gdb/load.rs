//! Which memory an instruction is about to load from (RISC-V unprivileged manual, chapters "RV32I"
//! and "C"). RV32IMC has seven such instructions.

use ramscope_engine::CpuView;

const SP: u8 = 2;

/// The address and the number of bytes that the instruction at `pc` loads.
pub(super) fn loaded_by(cpu: &CpuView<'_>, pc: u32) -> Option<(u32, u32)> {
    let mut bytes = [0; 4];
    // The last instruction of a memory may be two bytes long.
    if cpu.read_bytes(pc, &mut bytes).is_err() {
        cpu.read_bytes(pc, &mut bytes[..2]).ok()?;
    }
    let (base, offset, bytes) = load(u32::from_le_bytes(bytes))?;
    Some((cpu.register(base).wrapping_add(offset), bytes))
}

/// The base register, the offset and the number of bytes of a load.
fn load(code: u32) -> Option<(u8, u32, u32)> {
    let function = code >> 12 & 7;
    match (code & 3, function) {
        (3, 0 | 1 | 2 | 4 | 5) if code & 0x7F == 0x03 => {
            Some(((code >> 15 & 31) as u8, (code as i32 >> 20) as u32, 1 << (function & 3)))
        }
        _ if code & 3 == 3 => None,
        _ => compressed_load(code & 0xFFFF),
    }
}

fn compressed_load(code: u32) -> Option<(u8, u32, u32)> {
    match (code & 3, code >> 13) {
        // c.lw
        (0, 2) => {
            let offset = (code >> 10 & 7) << 3 | (code >> 6 & 1) << 2 | (code >> 5 & 1) << 6;
            Some((8 + (code >> 7 & 7) as u8, offset, 4))
        }
        // c.lwsp
        (2, 2) => {
            let offset = (code >> 12 & 1) << 5 | (code >> 4 & 7) << 2 | (code >> 2 & 3) << 6;
            Some((SP, offset, 4))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loads_are_known_and_nothing_else_is() {
        for (code, expected) in [
            (0xFFC5_2503, Some((10, -4_i32 as u32, 4))), // lw a0, -4(a0)
            (0x0015_4583, Some((10, 1, 1))),             // lbu a1, 1(a0)
            (0x0025_1583, Some((10, 2, 2))),             // lh a1, 2(a0)
            (0x4548, Some((10, 12, 4))),                 // c.lw a0, 12(a0)
            (0x40B2, Some((2, 12, 4))),                  // c.lwsp ra, 12(sp)
            (0x00B5_2023, None),                         // sw a1, 0(a0)
            (0xC548, None),                              // c.sw a0, 12(a0)
            (0x0000_0013, None),                         // nop
        ] {
            assert_eq!(load(code), expected, "{code:#x}");
        }
    }
}
