//! A controller and its glass without hardware: it takes commands as the data sheet says, keeps the
//! picture, and complains about what a real one would not have understood.

use crate::bus::{
    ASLEEP_MS, BLUE_FIRST, Bus, BusFailed, Command, EXCHANGE, MIRROR_COLUMNS, MIRROR_ROWS,
    PIXELS_OF_16_BITS, RESET_MS,
};
use crate::color::Color;
use crate::geometry::{MEMORY_COLUMNS, MEMORY_ROWS, Panel, Rectangle, Rotation};

/// What the memory holds after power-on.
const NOISE: Color = Color(0x5A5A);
/// After leaving sleep, before any command (10.1.11).
const WAKING_MS: u32 = 5;

#[derive(Debug)]
pub(crate) struct Fake {
    memory: Vec<Color>,
    control: u8,
    columns: (u16, u16),
    rows: (u16, u16),
    at: (u16, u16),
    written: usize,
    command: Option<Command>,
    data: Vec<u8>,
    awake: bool,
    pub(crate) shown: bool,
    pub(crate) inverted: bool,
    format: u8,
    now_ms: u32,
    ready_ms: u32,
    sleep_again_ms: u32,
    /// Bytes sent, commands included.
    pub(crate) bytes: usize,
    /// The wire breaks after so many bytes.
    pub(crate) breaks_after: Option<usize>,
    pub(crate) complaints: Vec<String>,
}

impl Fake {
    pub(crate) fn new() -> Self {
        Self {
            memory: vec![NOISE; usize::from(MEMORY_COLUMNS) * usize::from(MEMORY_ROWS)],
            control: 0,
            columns: (0, MEMORY_COLUMNS - 1),
            rows: (0, MEMORY_ROWS - 1),
            at: (0, 0),
            written: 0,
            command: None,
            data: Vec::new(),
            awake: false,
            shown: false,
            inverted: false,
            format: 0x06,
            now_ms: 0,
            ready_ms: 0,
            sleep_again_ms: 0,
            bytes: 0,
            breaks_after: None,
            complaints: Vec::new(),
        }
    }

    /// The colour of the memory's column and row.
    pub(crate) fn at(&self, column: u16, row: u16) -> Color {
        self.memory[usize::from(row) * usize::from(MEMORY_COLUMNS) + usize::from(column)]
    }

    /// The glass as somebody sees it who holds it so, `#` where a pixel is lit, within `part`.
    pub(crate) fn seen(&self, panel: Panel, held: Rotation, part: Rectangle) -> Vec<String> {
        let upright = panel.area(Rotation::Upright);
        let (left, top) = panel.first_address(Rotation::Upright);
        let (last_x, last_y) = (upright.width as i32 - 1, upright.height as i32 - 1);
        let letter = |x: i32, y: i32| {
            // Where on the upright glass the eye looks: the edge that is held on top comes first.
            let (x, y) = match held {
                Rotation::Upright => (x, y),
                Rotation::Half => (last_x - x, last_y - y),
                Rotation::Right => (last_x - y, x),
                Rotation::Left => (y, last_y - x),
            };
            let color = self.at(left + x as u16, top + y as u16);
            if color == Color::BLACK { '.' } else { '#' }
        };
        let row = |y: i32| (0..part.width as i32).map(|x| letter(part.left + x, y)).collect();
        (0..part.height as i32).map(|y| row(part.top + y)).collect()
    }

    /// Pixels of the whole memory that are not as they were at power-on.
    pub(crate) fn touched(&self) -> usize {
        self.memory.iter().filter(|color| **color != NOISE).count()
    }

    fn complain(&mut self, about: &str) {
        self.complaints.push(format!("{about} after {:?}", self.command));
    }

    fn spend(&mut self, bytes: usize) -> Result<(), BusFailed> {
        self.bytes += bytes;
        match self.breaks_after {
            Some(most) if self.bytes > most => Err(BusFailed),
            _ => Ok(()),
        }
    }

    /// Looks whether the last command got what belongs to it.
    fn end_command(&mut self) {
        let window = |(first, last): (u16, u16)| usize::from(last - first) + 1;
        let whole = window(self.columns) * window(self.rows);
        match self.command {
            Some(Command::MemoryWrite) if self.written != whole => self.complain("a part"),
            Some(Command::ColumnAddress | Command::RowAddress) => match *self.data {
                [a, b, c, d] => self.set_window([a, b], [c, d]),
                _ => self.complain("four bytes are wanted"),
            },
            Some(Command::AddressControl) => match *self.data {
                [control] => self.control = control,
                _ => self.complain("one byte is wanted"),
            },
            Some(Command::PixelFormat) => self.format = self.data.first().copied().unwrap_or(0),
            _ if !self.data.is_empty() => self.complain("data that nobody wants"),
            _ => {}
        }
        self.data.clear();
    }

    fn set_window(&mut self, first: [u8; 2], last: [u8; 2]) {
        let bounds = (u16::from_be_bytes(first), u16::from_be_bytes(last));
        let exchanged = self.control & EXCHANGE != 0;
        let is_column = self.command == Some(Command::ColumnAddress);
        let most = if is_column != exchanged { MEMORY_COLUMNS } else { MEMORY_ROWS };
        if bounds.0 > bounds.1 || bounds.1 >= most {
            self.complain("a window outside of the memory");
        } else if is_column {
            self.columns = bounds;
        } else {
            self.rows = bounds;
        }
    }

    /// Puts a pixel where the address counters are and moves them on.
    fn put(&mut self, color: Color) {
        let (mut column, mut row) = self.at;
        if self.control & EXCHANGE != 0 {
            (column, row) = (row, column);
        }
        if self.control & MIRROR_COLUMNS != 0 {
            column = MEMORY_COLUMNS - 1 - column;
        }
        if self.control & MIRROR_ROWS != 0 {
            row = MEMORY_ROWS - 1 - row;
        }
        let place = usize::from(row) * usize::from(MEMORY_COLUMNS) + usize::from(column);
        self.memory[place] = color;
        self.written += 1;
        self.at.0 += 1;
        if self.at.0 > self.columns.1 {
            self.at = (self.columns.0, self.at.1 + 1);
        }
        if self.at.1 > self.rows.1 {
            self.at.1 = self.rows.0;
        }
    }

    /// The order of the colours that the controller was told.
    pub(crate) fn blue_first(&self) -> bool {
        self.control & BLUE_FIRST != 0
    }
}

impl Bus for Fake {
    fn command(&mut self, command: Command) -> Result<(), BusFailed> {
        self.spend(1)?;
        self.end_command();
        if self.now_ms < self.ready_ms {
            self.complain("too soon");
        }
        self.command = Some(command);
        match command {
            Command::SoftwareReset => {
                (self.awake, self.shown, self.inverted, self.control) = (false, false, false, 0);
                self.ready_ms = self.now_ms + RESET_MS;
            }
            Command::SleepOut => {
                self.awake = true;
                self.ready_ms = self.now_ms + WAKING_MS;
                self.sleep_again_ms = self.now_ms + ASLEEP_MS;
            }
            Command::SleepIn => {
                if self.now_ms < self.sleep_again_ms {
                    self.complain("sleeping again too soon");
                }
                self.awake = false;
                self.ready_ms = self.now_ms + WAKING_MS;
            }
            Command::DisplayOn => self.shown = true,
            Command::DisplayOff => self.shown = false,
            Command::InversionOn => self.inverted = true,
            Command::InversionOff => self.inverted = false,
            Command::MemoryWrite => {
                self.at = (self.columns.0, self.rows.0);
                self.written = 0;
            }
            _ => {}
        }
        Ok(())
    }

    fn data(&mut self, bytes: &[u8]) -> Result<(), BusFailed> {
        self.spend(bytes.len())?;
        if self.command != Some(Command::MemoryWrite) {
            self.data.extend(bytes);
            return Ok(());
        }
        if self.format != PIXELS_OF_16_BITS || !self.awake {
            self.complain("pixels before the format or in sleep");
        }
        for pixel in bytes.chunks(2) {
            match *pixel {
                [high, low] => self.put(Color(u16::from_be_bytes([high, low]))),
                _ => self.complain("half a pixel"),
            }
        }
        Ok(())
    }

    fn wait_ms(&mut self, millis: u32) {
        self.now_ms += millis;
    }
}
