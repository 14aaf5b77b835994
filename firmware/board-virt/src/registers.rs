//! Every register that this board touches, and how to touch one.
//!
//! Sources: QEMU, `hw/riscv/virt.c` for the addresses; SiFive's manuals of CLINT and PLIC; the data
//! sheet of the 16550; QEMU, `hw/misc/sifive_test.c`.
#![expect(unsafe_code, reason = "device registers")]

/// A 32-bit device register.
#[derive(Clone, Copy)]
pub(crate) struct Register(usize);

impl Register {
    pub(crate) fn read(self) -> u32 {
        // SAFETY: every value of this type below is a device register.
        unsafe { (self.0 as *const u32).read_volatile() }
    }

    pub(crate) fn write(self, value: u32) {
        // SAFETY: as above.
        unsafe { (self.0 as *mut u32).write_volatile(value) }
    }

    /// Where it is.
    pub(crate) const fn address(self) -> u32 {
        self.0 as u32
    }
}

/// An 8-bit device register.
#[derive(Clone, Copy)]
pub(crate) struct ByteRegister(usize);

impl ByteRegister {
    pub(crate) fn read(self) -> u8 {
        // SAFETY: every value of this type below is a device register.
        unsafe { (self.0 as *const u8).read_volatile() }
    }

    pub(crate) fn write(self, value: u8) {
        // SAFETY: as above.
        unsafe { (self.0 as *mut u8).write_volatile(value) }
    }
}

/// The 16550 UART.
pub(crate) mod uart {
    use super::ByteRegister;
    pub(crate) const DATA: ByteRegister = ByteRegister(0x1000_0000);
    pub(crate) const ENABLE: ByteRegister = ByteRegister(0x1000_0001);
    pub(crate) const FIFO_CONTROL: ByteRegister = ByteRegister(0x1000_0002);
    pub(crate) const LINE_STATUS: ByteRegister = ByteRegister(0x1000_0005);
    pub(crate) const ENABLE_RECEIVED: u8 = 1 << 0;
    pub(crate) const ENABLE_SENT: u8 = 1 << 1;
    /// FIFOs on and empty; an interrupt for every received byte.
    pub(crate) const FIFO_ON: u8 = 0x07;
    pub(crate) const STATUS_RECEIVED: u8 = 1 << 0;
    pub(crate) const STATUS_ROOM: u8 = 1 << 5;
    pub(crate) const FIFO_BYTES: usize = 16;
}

/// The CLINT: software interrupt and timer.
pub(crate) mod clint {
    use super::Register;
    pub(crate) const MSIP: Register = Register(0x0200_0000);
    pub(crate) const MTIMECMP_LOW: Register = Register(0x0200_4000);
    pub(crate) const MTIMECMP_HIGH: Register = Register(0x0200_4004);
}

/// The PLIC.
pub(crate) mod plic {
    use super::Register;
    pub(crate) const LINE_UART: u32 = 10;
    pub(crate) const PRIORITY_UART: Register = Register(0x0C00_0000 + 4 * LINE_UART as usize);
    pub(crate) const ENABLE: Register = Register(0x0C00_2000);
    pub(crate) const THRESHOLD: Register = Register(0x0C20_0000);
    pub(crate) const CLAIM: Register = Register(0x0C20_0004);
}

/// The device that ends or resets the machine.
pub(crate) mod finisher {
    use super::Register;
    pub(crate) const FINISHER: Register = Register(0x0010_0000);
    pub(crate) const RESET: u32 = 0x7777;
    pub(crate) const PASS: u32 = 0x5555;

    /// Ends the machine with this exit code.
    pub(crate) const fn failure(code: u16) -> u32 {
        (code as u32) << 16 | 0x3333
    }
}
