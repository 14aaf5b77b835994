//! What the standard leaves free, and is therefore masked before it is compared.

use crate::layout::csr;

/// A CSR that programs use, which of its bits must agree, and why not all.
pub(crate) struct Freedom {
    pub(crate) csr: u32,
    /// Bits that are compared.
    pub(crate) compared: u32,
    /// Bits that programs may set, so that only legal values are written.
    pub(crate) written: u32,
    /// Nothing where all of it is compared, and all of it written.
    why: &'static str,
}

const fn free(csr: u32, compared: u32, written: u32, why: &'static str) -> Freedom {
    Freedom { csr, compared, written, why }
}

/// mstatus bits of a core with machine and user mode.
pub(crate) const MSTATUS: u32 = 1 << 21 | 1 << 17 | 3 << 11 | 1 << 7 | 1 << 3;
const INTERRUPTS: u32 = 1 << 3 | 1 << 7 | 1 << 11;

/// The table. Numbers are from the privileged manual.
pub(crate) const FREEDOMS: &[Freedom] = &[
    free(
        csr::MSTATUS,
        MSTATUS,
        1 << 7 | 1 << 3,
        "bits of absent modes are WARL; MPP, MPRV and TW \
        are set by units of their own, because they change what every access may do",
    ),
    free(csr::MISA, u32::MAX, u32::MAX, ""),
    free(
        csr::MIE,
        INTERRUPTS,
        0,
        "bits of absent modes are WARL; enabled by units that raise them",
    ),
    free(csr::MIP, 0, u32::MAX, "MTIP depends on time; the others cannot be written"),
    free(csr::MSCRATCH, u32::MAX, u32::MAX, ""),
    free(csr::MEPC, !1, u32::MAX, "bit 0 is always zero by the manual; QEMU 7.2 keeps it"),
    free(csr::MCAUSE, u32::MAX, 7, "WLRL: only causes that exist are written"),
    free(csr::MTVAL, u32::MAX, u32::MAX, ""),
    free(csr::MCOUNTEREN, 7, 7, "which performance counters exist is free"),
    free(csr::PMPADDR0 + 4, u32::MAX, u32::MAX, ""),
    free(csr::PMPADDR0 + 11, u32::MAX, u32::MAX, ""),
    free(0xF11, u32::MAX, u32::MAX, "mvendorid: reading; a write is illegal"),
    free(0xF12, 0, u32::MAX, "marchid names the implementation"),
    free(0xF13, 0, u32::MAX, "mimpid names the implementation"),
    free(0xF14, u32::MAX, u32::MAX, "mhartid"),
    free(0xB00, 0, u32::MAX, "mcycle: QEMU counts virtual time"),
    free(0xB02, 0, u32::MAX, "minstret: QEMU counts virtual time"),
    free(0xB80, 0, u32::MAX, "mcycleh"),
    free(0xB82, 0, u32::MAX, "minstreth"),
    free(0xC00, 0, u32::MAX, "cycle"),
    free(0xC01, 0, u32::MAX, "time"),
    free(0xC02, 0, u32::MAX, "instret"),
    free(0xC80, 0, u32::MAX, "cycleh"),
    free(0xC81, 0, u32::MAX, "timeh"),
    free(0xC82, 0, u32::MAX, "instreth"),
];

/// The table for people: what is compared and written of each CSR, and why not all.
pub(crate) fn table() -> String {
    let mut text = "  csr  compared  written\n".to_owned();
    for Freedom { csr, compared, written, why } in FREEDOMS {
        text += format!("  {csr:03x}  {compared:08x}  {written:08x}  {why}").trim_end();
        text += "\n";
    }
    text + "  mtval of a breakpoint is not compared: zero and the address are both allowed\n"
}

/// CSR numbers that neither machine has.
pub(crate) const ABSENT: &[u32] =
    &[0x001, 0x003, 0x100, 0x105, 0x141, 0x180, 0x200, 0x5C0, 0x800, 0x9C0, 0xCC0, 0xDC0, 0xFC0];

/// Bits of mstatus in a trap's record that are compared: as above.
pub(crate) const TRAP_MSTATUS: u32 = MSTATUS;

/// Whether mtval of a trap is compared. The manual allows zero and the address for a breakpoint.
pub(crate) fn compares_mtval(cause: u32) -> bool {
    cause != 3
}
