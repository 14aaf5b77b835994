//! Colour displays with an ST7735 or an ILI9341: parts that listen to a serial line and show what they were sent.
//!
//! Like [`Sounder`](super::Sounder) it stands beside the circuit: whoever knows the levels of its pins tells
//! them, whenever one that it watches has changed.
//!
//! Facts: Sitronix ST7735S data sheet, V1.1: chapters 9.4 (four-line serial interface: a byte is taken
//! bit by bit at rising edges of the clock, highest first; D/CX at the last bit says whether it is a
//! command; CSX high ends a byte that is not whole), 9.7 (12, 16 and 18 bits a pixel), 9.11 and 9.12
//! (address counters, MADCTL) and 10 (commands, and what they are after a reset). The commands used here are
//! those of ILI Technology's ILI9341 too (data sheet, V1.11, chapter 8); its usual glass has blue first and
//! its first column at the right, which drivers undo in MADCTL (0x48 upright).
//!
//! Choices of this model: memory is black at power-on; commands are carried out at once, also those that
//! come earlier after a reset than the data sheet allows; of the other commands (gamma, power, partial and
//! scrolling areas) the data is taken and nothing is shown of them; nothing is read back.
//!
//! Invariants:
//! 1. Whatever arrives, nothing is written outside of the controller's memory.
//! 2. A copy shares its picture until one of both is drawn on.

use std::sync::Arc;

use super::diagram::PartText;
use crate::picture::Picture;

/// Commands (data sheet, chapter 10).
mod command {
    pub(super) const NOP: u8 = 0x00;
    pub(super) const SWRESET: u8 = 0x01;
    pub(super) const SLPIN: u8 = 0x10;
    pub(super) const SLPOUT: u8 = 0x11;
    pub(super) const INVOFF: u8 = 0x20;
    pub(super) const INVON: u8 = 0x21;
    pub(super) const DISPOFF: u8 = 0x28;
    pub(super) const DISPON: u8 = 0x29;
    pub(super) const CASET: u8 = 0x2A;
    pub(super) const RASET: u8 = 0x2B;
    pub(super) const RAMWR: u8 = 0x2C;
    pub(super) const MADCTL: u8 = 0x36;
    pub(super) const COLMOD: u8 = 0x3A;
}

/// Bits of MADCTL.
const MIRROR_ROWS: u8 = 0x80;
const MIRROR_COLUMNS: u8 = 0x40;
const EXCHANGE: u8 = 0x20;
const BLUE_FIRST: u8 = 0x08;

/// Red, green and blue of a pixel, six bits each.
type Pixel = [u8; 3];

/// A controller, and which part of its memory is seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Glass {
    /// Columns and rows of the memory.
    memory: (u16, u16),
    width: u16,
    height: u16,
    /// The place in the memory of its first pixel.
    column: u16,
    row: u16,
    make: Make,
}

/// Whose controller it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Make {
    St7735,
    Ili9341,
}

impl Glass {
    /// As the attributes of a part with an ST7735 say: `width` and `height` (128 x 160), and the place in
    /// the memory of its first pixel, `column` and `row` (0, 0). What does not fit into the memory is cut
    /// off.
    pub(super) fn st7735(part: &PartText) -> Self {
        let number = |name, default| {
            part.attribute(name).and_then(|value| value.trim().parse().ok()).unwrap_or(default)
        };
        let memory @ (columns, rows) = (132, 162);
        let column = number("column", 0).min(columns - 1);
        let row = number("row", 0).min(rows - 1);
        let width = number("width", 128).clamp(1, columns - column);
        let height = number("height", 160).clamp(1, rows - row);
        Self { memory, width, height, column, row, make: Make::St7735 }
    }

    /// The part with an ILI9341: all of its memory.
    pub(super) const ILI9341: Self = Self {
        memory: (240, 320),
        width: 240,
        height: 320,
        column: 0,
        row: 0,
        make: Make::Ili9341,
    };

    /// Clock, data, data/command, chip-select and reset, by their names.
    pub(super) const fn pins(self) -> [&'static str; 5] {
        match self.make {
            Make::St7735 => ["SCL", "SDA", "DC", "CS", "RST"],
            Make::Ili9341 => ["SCK", "MOSI", "D/C", "CS", "RST"],
        }
    }

    /// The place in the memory of a pixel that is seen.
    fn index(self, x: u16, y: u16) -> usize {
        let column = match self.make {
            Make::St7735 => self.column + x,
            Make::Ili9341 => self.width - 1 - x,
        };
        self.place(column, self.row + y)
    }

    fn place(self, column: u16, row: u16) -> usize {
        usize::from(row) * usize::from(self.memory.0) + usize::from(column)
    }

    /// The place in memory of what the address counters say (data sheet 9.11: first exchanged, then
    /// mirrored); `None` if there is none.
    fn physical(self, address_control: u8, x: u16, y: u16) -> Option<usize> {
        let has = |bit: u8| address_control & bit != 0;
        let (columns, rows) = self.memory;
        let (column, row) = if has(EXCHANGE) { (y, x) } else { (x, y) };
        if column >= columns || row >= rows {
            return None;
        }
        let column = if has(MIRROR_COLUMNS) { columns - 1 - column } else { column };
        let row = if has(MIRROR_ROWS) { rows - 1 - row } else { row };
        Some(self.place(column, row))
    }
}

/// The levels of a display's pins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DisplayPins {
    pub(crate) clock: bool,
    pub(crate) data: bool,
    /// High: a byte is data; low: a command.
    pub(crate) is_data: bool,
    /// Low: it listens.
    pub(crate) chip_select: bool,
    /// Low: it is reset.
    pub(crate) reset: bool,
}

/// A window of addresses: first and last.
type Bounds = (u16, u16);

/// A display.
#[derive(Clone, Debug)]
pub(crate) struct Display {
    glass: Glass,
    memory: Arc<Vec<Pixel>>,
    wire: Wire,
    registers: Registers,
}

/// A byte on its way in.
#[derive(Clone, Copy, Debug, Default)]
struct Wire {
    clock: bool,
    bits: u8,
    count: u8,
}

/// What the controller keeps besides its memory.
#[derive(Clone, Copy, Debug)]
struct Registers {
    is_awake: bool,
    is_on: bool,
    is_inverted: bool,
    address_control: u8,
    pixel_format: u8,
    columns: Bounds,
    rows: Bounds,
    /// The command whose data comes.
    command: u8,
    /// Data of it that is not a whole number or pixel yet.
    pending: [u8; 4],
    pending_count: usize,
    /// Where the next pixel goes.
    at: (u16, u16),
}

impl Registers {
    /// As after a reset (data sheet, 9.17): the window is the memory.
    const fn reset((columns, rows): (u16, u16)) -> Self {
        Self {
            is_awake: false,
            is_on: false,
            is_inverted: false,
            address_control: 0,
            pixel_format: 6,
            columns: (0, columns - 1),
            rows: (0, rows - 1),
            command: command::NOP,
            pending: [0; 4],
            pending_count: 0,
            at: (0, 0),
        }
    }
}

impl Display {
    /// A display that has just got its supply.
    pub(super) fn new(glass: Glass) -> Self {
        let (columns, rows) = glass.memory;
        let memory = Arc::new(vec![[0; 3]; usize::from(columns) * usize::from(rows)]);
        let registers = Registers::reset(glass.memory);
        Self { glass, memory, wire: Wire::default(), registers }
    }

    /// Takes notice of the levels of its pins.
    pub(crate) fn listen(&mut self, pins: DisplayPins) {
        let rises = pins.clock && !self.wire.clock;
        self.wire.clock = pins.clock;
        if !pins.reset {
            self.registers = Registers::reset(self.glass.memory);
        }
        if pins.chip_select || !pins.reset {
            self.wire.count = 0;
            return;
        }
        if !rises {
            return;
        }
        self.wire.bits = self.wire.bits << 1 | u8::from(pins.data);
        self.wire.count += 1;
        if self.wire.count == 8 {
            self.wire.count = 0;
            match pins.is_data {
                true => self.data(self.wire.bits),
                false => self.command(self.wire.bits),
            }
        }
    }

    fn command(&mut self, command: u8) {
        let registers = &mut self.registers;
        registers.command = command;
        registers.pending_count = 0;
        match command {
            command::SWRESET => *registers = Registers::reset(self.glass.memory),
            command::SLPIN => registers.is_awake = false,
            command::SLPOUT => registers.is_awake = true,
            command::INVOFF => registers.is_inverted = false,
            command::INVON => registers.is_inverted = true,
            command::DISPOFF => registers.is_on = false,
            command::DISPON => registers.is_on = true,
            command::RAMWR => registers.at = (registers.columns.0, registers.rows.0),
            _ => {}
        }
    }

    fn data(&mut self, byte: u8) {
        let registers = &mut self.registers;
        match registers.command {
            command::MADCTL => registers.address_control = byte,
            command::COLMOD => registers.pixel_format = byte & 0x07,
            command::CASET | command::RASET | command::RAMWR => self.pend(byte),
            _ => {}
        }
    }

    /// Keeps a byte until what it belongs to is whole.
    fn pend(&mut self, byte: u8) {
        let registers = &mut self.registers;
        let wanted = match (registers.command, registers.pixel_format) {
            (command::RAMWR, 3 | 6) => 3,
            (command::RAMWR, 5) => 2,
            // A format that there is not: nothing can be made of it.
            (command::RAMWR, _) => return,
            _ => 4,
        };
        registers.pending[registers.pending_count] = byte;
        registers.pending_count += 1;
        if registers.pending_count < wanted {
            return;
        }
        registers.pending_count = 0;
        let [a, b, c, d] = registers.pending;
        let bounds = (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
        match (registers.command, registers.pixel_format) {
            (command::CASET, _) => registers.columns = bounds,
            (command::RASET, _) => registers.rows = bounds,
            (_, 3) => {
                self.pixel([a >> 4, a & 0x0F, b >> 4].map(of_four));
                self.pixel([b & 0x0F, c >> 4, c & 0x0F].map(of_four));
            }
            (_, 5) => self.pixel([of_five(a >> 3), (a & 0x07) << 3 | b >> 5, of_five(b & 0x1F)]),
            _ => self.pixel([a, b, c].map(|level| level >> 2)),
        }
    }

    /// Writes a pixel where the address counters stand, and moves them on: row by row, and from the window's
    /// end back to its begin.
    fn pixel(&mut self, pixel: Pixel) {
        let registers = &mut self.registers;
        let (x, y) = registers.at;
        let place = self.glass.physical(registers.address_control, x, y);
        let next_row = if y >= registers.rows.1 { registers.rows.0 } else { y + 1 };
        registers.at =
            if x >= registers.columns.1 { (registers.columns.0, next_row) } else { (x + 1, y) };
        if let Some(index) = place {
            Arc::make_mut(&mut self.memory)[index] = pixel;
        }
    }

    /// What is seen.
    pub(crate) fn picture(&self) -> Picture {
        let Glass { width, height, make, .. } = self.glass;
        let registers = &self.registers;
        let shows = registers.is_awake && registers.is_on;
        let pixels = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
        let seen = pixels.flat_map(|(x, y)| {
            let [mut red, green, mut blue] = self.memory[self.glass.index(x, y)];
            let is_blue_first = registers.address_control & BLUE_FIRST != 0;
            if is_blue_first != (make == Make::Ili9341) {
                (red, blue) = (blue, red);
            }
            let inverted = if registers.is_inverted { 0x3F } else { 0 };
            let level = |six: u8| if shows { of_six(six ^ inverted) } else { 0 };
            [level(red), level(green), level(blue), 0xFF]
        });
        Picture::new(u32::from(width), u32::from(height), seen.collect())
    }
}

/// Six bits of four: the highest ones again below.
const fn of_four(level: u8) -> u8 {
    level << 2 | level >> 2
}

/// Six bits of five.
const fn of_five(level: u8) -> u8 {
    level << 1 | level >> 4
}

/// Eight bits of six.
const fn of_six(level: u8) -> u8 {
    level << 2 | level >> 4
}

#[cfg(test)]
mod tests {
    use super::command::*;
    use super::*;

    const GLASS: Glass = Glass {
        memory: (132, 162),
        width: 128,
        height: 160,
        column: 0,
        row: 0,
        make: Make::St7735,
    };

    /// A display, and somebody who holds its pins.
    struct Bench(Display);

    impl Bench {
        fn new(glass: Glass) -> Self {
            Self(Display::new(glass))
        }

        fn levels(&mut self, clock: bool, data: bool, is_data: bool, chip_select: bool) {
            self.0.listen(DisplayPins { clock, data, is_data, chip_select, reset: true });
        }

        fn bits(&mut self, byte: u8, count: u8, is_data: bool) {
            for bit in (8 - count..8).rev() {
                let data = byte >> bit & 1 != 0;
                self.levels(false, data, is_data, false);
                self.levels(true, data, is_data, false);
            }
        }

        fn send(mut self, command: u8, data: &[u8]) -> Self {
            self.bits(command, 8, false);
            data.iter().for_each(|byte| self.bits(*byte, 8, true));
            self.levels(false, false, true, true);
            self
        }

        /// Awake, on, 16 bits a pixel, with this address control.
        fn begun(self, address_control: u8) -> Self {
            let awake = self.send(SWRESET, &[]).send(SLPOUT, &[]).send(COLMOD, &[5]);
            awake.send(MADCTL, &[address_control]).send(DISPON, &[])
        }

        fn window(self, columns: (u8, u8), rows: (u8, u8)) -> Self {
            let caset = self.send(CASET, &[0, columns.0, 0, columns.1]);
            caset.send(RASET, &[0, rows.0, 0, rows.1])
        }

        #[track_caller]
        fn check(&self, x: u32, y: u32, rgb: [u8; 3]) {
            let picture = self.0.picture();
            let [red, green, blue, alpha] = picture.pixel(x, y);
            assert_eq!(([red, green, blue], alpha), (rgb, 0xFF), "at {x}, {y}");
        }
    }

    const RED: [u8; 3] = [0xFF, 0, 0];
    const BLACK: [u8; 3] = [0; 3];

    #[test]
    fn a_window_is_filled_row_by_row_and_begins_anew_behind_its_end() {
        let pixels = [0xF8, 0, 0x07, 0xE0, 0, 0x1F, 0xFF, 0xFF, 0x80, 0x10];
        let bench = Bench::new(GLASS).begun(0).window((3, 4), (7, 8)).send(RAMWR, &pixels);
        bench.check(4, 7, [0, 0xFF, 0]);
        bench.check(3, 8, [0, 0, 0xFF]);
        bench.check(4, 8, [0xFF; 3]);
        // The fifth one is where the first one was: half red, half blue.
        bench.check(3, 7, [0x86, 0, 0x86]);
        bench.check(5, 7, BLACK);
    }

    #[test]
    fn pixels_have_twelve_sixteen_or_eighteen_bits() {
        let drawn = |format: u8, pixels: &[u8]| {
            let begun = Bench::new(GLASS).begun(0).send(COLMOD, &[format]);
            begun.window((0, 1), (0, 0)).send(RAMWR, pixels)
        };
        drawn(3, &[0xF0, 0x00, 0x0F]).check(0, 0, RED);
        drawn(3, &[0xF0, 0x00, 0x0F]).check(1, 0, [0, 0, 0xFF]);
        drawn(6, &[0xFC, 0, 0]).check(0, 0, RED);
        drawn(7, &[0xFF; 6]).check(0, 0, BLACK);
    }

    #[test]
    fn the_address_counters_are_exchanged_and_mirrored() {
        let drawn = |control: u8, x: u8, y: u8| {
            let begun = Bench::new(GLASS).begun(control);
            begun.window((x, x), (y, y)).send(RAMWR, &[0xF8, 0])
        };
        drawn(MIRROR_COLUMNS, 4, 0).check(127, 0, RED);
        drawn(MIRROR_ROWS, 0, 2).check(0, 159, RED);
        drawn(EXCHANGE, 5, 9).check(9, 5, RED);
        drawn(EXCHANGE | MIRROR_COLUMNS, 5, 131).check(0, 5, RED);
        drawn(BLUE_FIRST, 0, 0).check(0, 0, [0, 0, 0xFF]);
        let outside = drawn(0, 200, 0);
        assert!(outside.0.memory.iter().all(|pixel| *pixel == [0; 3]), "no such column");
    }

    #[test]
    fn asleep_or_off_it_is_dark_and_keeps_its_memory() {
        let drawn = Bench::new(GLASS).begun(0).window((0, 0), (0, 0)).send(RAMWR, &[0xF8, 0]);
        let off = drawn.send(DISPOFF, &[]);
        off.check(0, 0, BLACK);
        let asleep = off.send(DISPON, &[]).send(SLPIN, &[]);
        asleep.check(0, 0, BLACK);
        let awake = asleep.send(SLPOUT, &[]);
        awake.check(0, 0, RED);
        awake.send(INVON, &[]).check(0, 0, [0, 0xFF, 0xFF]);
    }

    #[test]
    fn without_chip_select_nothing_is_heard_and_a_byte_that_is_not_whole_is_forgotten() {
        let mut bench = Bench::new(GLASS).begun(0).window((0, 0), (0, 0));
        bench.bits(DISPOFF, 5, false);
        bench.levels(false, false, false, true);
        for clock in [true, false].into_iter().cycle().take(32) {
            bench.levels(clock, true, false, true);
        }
        bench.send(RAMWR, &[0xF8, 0]).check(0, 0, RED);
    }

    #[test]
    fn its_reset_pin_puts_it_to_sleep() {
        let mut bench = Bench::new(GLASS).begun(0);
        let low = DisplayPins {
            clock: false,
            data: false,
            is_data: false,
            chip_select: true,
            reset: false,
        };
        bench.0.listen(low);
        assert!(!bench.0.registers.is_awake && !bench.0.registers.is_on);
    }

    #[test]
    fn a_glass_shows_the_part_of_the_memory_that_it_covers() {
        let glass = Glass { width: 80, height: 160, column: 26, row: 1, ..GLASS };
        let bench = Bench::new(glass).begun(0).window((26, 26), (1, 1)).send(RAMWR, &[0xF8, 0]);
        bench.check(0, 0, RED);
        assert_eq!(bench.0.picture().size(), (80, 160));
    }

    #[test]
    fn an_ili9341_is_upright_and_has_its_colours_with_what_drivers_send() {
        let begun = Bench::new(Glass::ILI9341).begun(MIRROR_COLUMNS | BLUE_FIRST);
        let bench = begun.window((2, 2), (3, 3)).send(RAMWR, &[0xF8, 0]);
        bench.check(2, 3, RED);
        assert_eq!(bench.0.picture().size(), (240, 320));
    }

    #[test]
    fn a_copy_keeps_its_picture() {
        let bench = Bench::new(GLASS).begun(0).window((0, 0), (0, 0));
        let before = bench.0.clone();
        let after = bench.send(RAMWR, &[0xF8, 0]);
        after.check(0, 0, RED);
        Bench(before).check(0, 0, BLACK);
    }
}
