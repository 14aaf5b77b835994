//! Which extension an instruction belongs to, if it is one that the machine cannot have.
//!
//! Only encodings outside RV32IMC, Zicsr, Zifencei and user mode are named, from the listings of
//! the unprivileged and privileged manuals. Nothing here asks the decoder.

const MULTIPLY: u32 = 1;
const SUBTRACT: u32 = 0x20;

/// The extension that an instruction belongs to, in the manuals' words.
pub(super) fn extension(bits: u32) -> Option<&'static str> {
    if bits & 3 != 3 {
        return compressed(bits);
    }
    let funct3 = bits >> 12 & 7;
    let funct7 = bits >> 25;
    match bits & 0x7F {
        0x2F => Some("A"),
        0x07 | 0x27 => Some(floating_width(funct3)),
        0x43 | 0x47 | 0x4B | 0x4F | 0x53 => Some(floating_format(funct7 & 3)),
        0x57 => Some("V"),
        0x1B | 0x3B => Some("RV64"),
        0x03 if matches!(funct3, 3 | 6) => Some("RV64"),
        0x23 if funct3 == 3 => Some("RV64"),
        0x33 if is_bit_manipulation(funct3, funct7) => Some("Zb or another extension"),
        0x13 if is_immediate_bit_manipulation(funct3, funct7) => Some("Zb or another extension"),
        0x0F if funct3 == 2 => Some("Zicbo"),
        0x73 => system(bits, funct3, funct7),
        _ => None,
    }
}

fn floating_width(funct3: u32) -> &'static str {
    match funct3 {
        1 => "Zfh",
        2 => "F",
        3 => "D",
        4 => "Q",
        _ => "V",
    }
}

fn floating_format(format: u32) -> &'static str {
    ["F", "D", "Zfh", "Q"][format as usize]
}

fn is_bit_manipulation(funct3: u32, funct7: u32) -> bool {
    match funct7 {
        0 | MULTIPLY => false,
        SUBTRACT => !matches!(funct3, 0 | 5),
        _ => true,
    }
}

fn is_immediate_bit_manipulation(funct3: u32, funct7: u32) -> bool {
    match funct3 {
        1 => funct7 != 0,
        5 => !matches!(funct7, 0 | SUBTRACT),
        _ => false,
    }
}

fn system(bits: u32, funct3: u32, funct7: u32) -> Option<&'static str> {
    if funct3 == 0 {
        let is_supervisor = bits == 0x1020_0073 || matches!(funct7, 0x09 | 0x0B | 0x0C);
        return is_supervisor.then_some("S-mode");
    }
    match bits >> 20 {
        0x001..=0x003 => Some("F"),
        0x008..=0x00F | 0xC20..=0xC22 => Some("V"),
        0x302 | 0x303 | 0x312 | 0x313 => Some("S-mode"), // delegation
        0x7A0..=0x7AF => Some("debug triggers"),
        0x740..=0x744 => Some("Smrnmi"),
        number if number >> 8 & 3 == 1 => Some("S-mode"),
        number if number >> 8 & 3 == 2 => Some("H"),
        _ => None,
    }
}

fn compressed(bits: u32) -> Option<&'static str> {
    match (bits & 3, bits >> 13 & 7) {
        (0 | 2, 1 | 5) => Some("D"),
        (0 | 2, 3 | 7) => Some("F"),
        (0, 4) => Some("Zcb"),
        (1, 4) if bits >> 10 & 7 == 7 => Some("RV64 or Zcb"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::extension;

    #[test]
    fn extensions_are_told_from_instructions() {
        let check = |bits, expected| assert_eq!(extension(bits), Some(expected), "{bits:#010x}");
        check(0x00A5_A02F, "A"); // amoadd.w zero, a0, (a1)
        check(0x0005_2007, "F"); // flw ft0, 0(a0)
        check(0x0005_3007, "D"); // fld ft0, 0(a0)
        check(0x0210_0053, "D"); // fadd.d ft0, ft0, ft1
        check(0x0030_2573, "F"); // csrr a0, fcsr
        check(0x1800_1073, "S-mode"); // csrw satp, zero
        check(0x1020_0073, "S-mode"); // sret
        check(0x1200_0073, "S-mode"); // sfence.vma
        check(0x7A00_1073, "debug triggers"); // csrw tselect, zero
        check(0x0005_3503, "RV64"); // ld a0, 0(a0)
        check(0x20A5_2533, "Zb or another extension"); // sh1add a0, a0, a0
        check(0x6108, "F"); // c.flw fa0, 0(a0)
    }

    #[test]
    fn what_the_machine_has_is_never_an_excuse() {
        for bits in [
            0x02A5_0533, // mul
            0x40A5_0533, // sub
            0x4015_5513, // srai
            0x3000_2573, // csrr a0, mstatus
            0xB000_2573, // csrr a0, mcycle
            0xC010_2573, // rdtime
            0x1050_0073, // wfi
            0x3020_0073, // mret
            0x0000_100F, // fence.i
            0x4501,      // c.li
            0x8082,      // c.jr ra
            0x9002,      // c.ebreak
        ] {
            assert_eq!(extension(bits), None, "{bits:#010x}");
        }
    }
}
