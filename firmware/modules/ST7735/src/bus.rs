//! The wire to the controller, and its commands.

/// The wire did not take a byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BusFailed;

/// A wire to the controller: clock and data, one line that tells commands from data, and a clock.
pub trait Bus {
    /// Sends a command.
    ///
    /// # Errors
    /// If the wire fails.
    fn command(&mut self, command: Command) -> Result<(), BusFailed>;

    /// Sends what belongs to the last command.
    ///
    /// # Errors
    /// If the wire fails.
    fn data(&mut self, bytes: &[u8]) -> Result<(), BusFailed>;

    /// Waits at least so long.
    fn wait_ms(&mut self, millis: u32);
}

/// A command of the controller (data sheet, chapter 10).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Command {
    /// SWRESET: registers as after power-on; the memory stays.
    SoftwareReset = 0x01,
    /// SLPIN: the voltage converters and the scanning stop.
    SleepIn = 0x10,
    /// SLPOUT: they begin.
    SleepOut = 0x11,
    /// NORON: the whole glass is shown.
    NormalMode = 0x13,
    /// INVOFF.
    InversionOff = 0x20,
    /// INVON: glasses of which a set bit is dark need it.
    InversionOn = 0x21,
    /// DISPOFF: the glass is blank; the memory stays.
    DisplayOff = 0x28,
    /// DISPON.
    DisplayOn = 0x29,
    /// CASET: first and last column of the window.
    ColumnAddress = 0x2A,
    /// RASET: first and last row of the window.
    RowAddress = 0x2B,
    /// RAMWR: pixels of the window, row by row.
    MemoryWrite = 0x2C,
    /// MADCTL: directions of the address counters, and the order of the colours.
    AddressControl = 0x36,
    /// COLMOD: bits a pixel.
    PixelFormat = 0x3A,
}

/// COLMOD: 16 bits a pixel.
pub(crate) const PIXELS_OF_16_BITS: u8 = 0x05;

/// MADCTL: rows from the bottom.
pub(crate) const MIRROR_ROWS: u8 = 0x80;
/// MADCTL: columns from the right.
pub(crate) const MIRROR_COLUMNS: u8 = 0x40;
/// MADCTL: rows and columns change places.
pub(crate) const EXCHANGE: u8 = 0x20;
/// MADCTL: blue before red.
pub(crate) const BLUE_FIRST: u8 = 0x08;

/// After a software reset, before anything else (10.1.2: 120 ms).
pub(crate) const RESET_MS: u32 = 120;
/// After leaving sleep: 5 ms before the next command, 120 ms before sleeping again (10.1.11). The
/// longer one, so that no later command need remember.
pub(crate) const AWAKE_MS: u32 = 120;
/// After falling asleep: the same.
pub(crate) const ASLEEP_MS: u32 = 120;
