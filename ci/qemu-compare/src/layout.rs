//! Where everything stands in the memory of the machine.

/// Flash: the driver, then the table of programs.
pub(crate) const DRIVER: u32 = 0x2000_0000;
pub(crate) const TABLE: u32 = 0x2000_1000;
/// The driver's variables; x3 points here while a program runs.
pub(crate) const STATE: u32 = 0x8000_0000;
/// Programs, one behind the other.
pub(crate) const PROGRAMS: u32 = 0x8000_8000;
pub(crate) const PROGRAMS_END: u32 = 0x8005_0000;
/// What programs load and store: filled from a seed, and hashed at the end.
pub(crate) const DATA: u32 = 0x8005_0000;
pub(crate) const DATA_BYTES: u32 = 0x400;
/// What programs lock: nobody else looks at it.
pub(crate) const VAULT: u32 = 0x8005_8000;
/// The end of RAM.
pub(crate) const RAM_END: u32 = 0x8006_4000;

/// x1 to x31.
pub(crate) const SAVED_BYTES: u32 = 31 * 4;
/// Traps of one program that are told; then it is over.
pub(crate) const TRAPS_MAX: u32 = 24;

pub(crate) const MSIP: u32 = 0x0200_0000;
pub(crate) const MTIMECMP: u32 = 0x0200_4000;
pub(crate) const PLIC_CLAIM: u32 = 0x0C20_0004;
pub(crate) const UART: u32 = 0x1000_0000;
pub(crate) const FINISHER: u32 = 0x0010_0000;

/// CSR numbers.
pub(crate) mod csr {
    pub(crate) const MSTATUS: u32 = 0x300;
    pub(crate) const MISA: u32 = 0x301;
    pub(crate) const MIE: u32 = 0x304;
    pub(crate) const MTVEC: u32 = 0x305;
    pub(crate) const MCOUNTEREN: u32 = 0x306;
    pub(crate) const MSCRATCH: u32 = 0x340;
    pub(crate) const MEPC: u32 = 0x341;
    pub(crate) const MCAUSE: u32 = 0x342;
    pub(crate) const MTVAL: u32 = 0x343;
    pub(crate) const MIP: u32 = 0x344;
    pub(crate) const PMPCFG0: u32 = 0x3A0;
    pub(crate) const PMPADDR0: u32 = 0x3B0;
}
