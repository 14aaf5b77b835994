//! Return addresses, known by the instruction before them.
//!
//! Images have neither frame pointers nor unwind tables. But right before an address to which a call
//! returns stands an instruction that calls, and that can be seen from its bits: by a device on its own
//! stack, and by whoever reads a device's memory. Words that calls of long ago left look the same.
//!
//! Encodings: RISC-V unprivileged specification, "Unconditional Jumps" and "Control Transfer Instructions".

/// Bytes of the instruction that calls and ends where `far` and `near` end, the two halves right before
/// an address; `None` if none calls there.
#[must_use]
pub const fn call_bytes(far: u16, near: u16) -> Option<u32> {
    if is_call(far as u32 | (near as u32) << 16) {
        return Some(4);
    }
    if is_short_call(near) { Some(2) } else { None }
}

/// `jal ra, ...` or `jalr ra, ...`.
const fn is_call(instruction: u32) -> bool {
    let to_ra = instruction >> 7 & 0x1F == 1;
    let jal = instruction & 0x7F == 0x6F;
    let jalr = instruction & 0x707F == 0x67;
    to_ra && (jal || jalr)
}

/// `c.jal ...` or `c.jalr rs1`.
const fn is_short_call(instruction: u16) -> bool {
    let jal = instruction & 0xE003 == 0x2001;
    let jalr = instruction & 0xF07F == 0x9002 && instruction >> 7 & 0x1F != 0;
    jal || jalr
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instructions_that_call_are_known_by_their_bits() {
        assert!(is_call(0x0000_00EF) && is_call(0x0000_80E7), "jal ra, 0; jalr ra, ra, 0");
        assert!(!is_call(0x0000_006F) && !is_call(0x0000_8067), "j 0; ret");
        assert!(is_short_call(0x9502) && is_short_call(0x2001), "c.jalr a0; c.jal 0");
        assert!(!is_short_call(0x8082) && !is_short_call(0x9002), "ret; c.ebreak");
    }

    #[test]
    fn the_instruction_right_before_an_address_is_measured() {
        assert_eq!(call_bytes(0x80E7, 0x0000), Some(4), "jalr ra, ra, 0");
        assert_eq!(call_bytes(0x0001, 0x9502), Some(2), "c.nop; c.jalr a0");
        assert_eq!(call_bytes(0x0001, 0x8082), None, "c.nop; ret");
    }
}
