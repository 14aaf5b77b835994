//! The display: beginning, turning, sleeping, and filling rectangles.

use crate::bus::{ASLEEP_MS, AWAKE_MS, Bus, BusFailed, Command, PIXELS_OF_16_BITS, RESET_MS};
use crate::color::Color;
use crate::geometry::{Panel, Polarity, Rectangle, Rotation};

/// Pixels that are sent at once.
const CHUNK_PIXELS: usize = 32;

/// A display that is awake, or a glass that is blank.
#[derive(Debug)]
pub struct Display<B> {
    bus: B,
    panel: Panel,
    held: Rotation,
}

impl<B: Bus> Display<B> {
    /// Resets the controller, wakes it, and shows its memory, which is cleared before.
    ///
    /// # Errors
    /// If the wire fails.
    pub fn begin(bus: B, panel: Panel, held: Rotation) -> Result<Self, BusFailed> {
        let mut display = Self::resume(bus, panel, held);
        display.bus.command(Command::SoftwareReset)?;
        display.bus.wait_ms(RESET_MS);
        display.bus.command(Command::SleepOut)?;
        display.bus.wait_ms(AWAKE_MS);
        display.send(Command::PixelFormat, &[PIXELS_OF_16_BITS])?;
        display.turn(held)?;
        display.bus.command(match panel.polarity() {
            Polarity::Normal => Command::InversionOff,
            Polarity::Inverted => Command::InversionOn,
        })?;
        display.bus.command(Command::NormalMode)?;
        // What the memory holds after power-on is noise that nobody need see.
        display.clear(Color::BLACK)?;
        display.bus.command(Command::DisplayOn)?;
        Ok(display)
    }

    /// A display that has begun before and was not reset since.
    pub const fn resume(bus: B, panel: Panel, held: Rotation) -> Self {
        Self { bus, panel, held }
    }

    /// Gives the wire back.
    pub fn release(self) -> B {
        self.bus
    }

    /// The glass, as it is held.
    #[must_use]
    pub fn area(&self) -> Rectangle {
        self.panel.area(self.held)
    }

    /// Holds the glass in another way. What is on it stays where it is.
    ///
    /// # Errors
    /// If the wire fails.
    pub fn turn(&mut self, held: Rotation) -> Result<(), BusFailed> {
        self.held = held;
        self.send(Command::AddressControl, &[self.panel.address_control(held)])
    }

    /// Blanks the glass and lets the controller sleep. Its memory stays.
    ///
    /// # Errors
    /// If the wire fails.
    pub fn sleep(&mut self) -> Result<(), BusFailed> {
        self.bus.command(Command::DisplayOff)?;
        self.bus.command(Command::SleepIn)?;
        self.bus.wait_ms(ASLEEP_MS);
        Ok(())
    }

    /// Wakes the controller.
    ///
    /// # Errors
    /// If the wire fails.
    pub fn wake(&mut self) -> Result<(), BusFailed> {
        self.bus.command(Command::SleepOut)?;
        self.bus.wait_ms(AWAKE_MS);
        self.bus.command(Command::DisplayOn)
    }

    /// Gives the whole glass one colour.
    ///
    /// # Errors
    /// If the wire fails.
    pub fn clear(&mut self, color: Color) -> Result<(), BusFailed> {
        self.fill(self.area(), color)
    }

    /// Gives a pixel a colour.
    ///
    /// # Errors
    /// If the wire fails.
    pub fn pixel(&mut self, x: i32, y: i32, color: Color) -> Result<(), BusFailed> {
        self.fill(Rectangle::new(x, y, 1, 1), color)
    }

    /// Gives each pixel of a rectangle the same colour.
    ///
    /// # Errors
    /// If the wire fails.
    pub fn fill(&mut self, rectangle: Rectangle, color: Color) -> Result<(), BusFailed> {
        self.paint(rectangle, |_, _| color)
    }

    /// Gives each pixel of a rectangle the colour that `color` has for its column and row within it. Only
    /// those on the glass are asked for.
    ///
    /// # Errors
    /// If the wire fails.
    pub fn paint(
        &mut self,
        rectangle: Rectangle,
        color: impl Fn(u32, u32) -> Color,
    ) -> Result<(), BusFailed> {
        let Some(seen) = rectangle.and(self.area()) else { return Ok(()) };
        self.window(seen)?;
        // What is cut off at the left and on top; both are at most the rectangle's own size.
        let (cut_left, cut_top) =
            (seen.left.abs_diff(rectangle.left), seen.top.abs_diff(rectangle.top));
        let mut chunk = [0; 2 * CHUNK_PIXELS];
        let mut filled = 0;
        for row in 0..seen.height {
            for column in 0..seen.width {
                let bytes = color(column + cut_left, row + cut_top).bytes();
                chunk[filled..filled + 2].copy_from_slice(&bytes);
                filled += 2;
                if filled == chunk.len() {
                    self.bus.data(&chunk)?;
                    filled = 0;
                }
            }
        }
        match filled {
            0 => Ok(()),
            _ => self.bus.data(&chunk[..filled]),
        }
    }

    /// Names the pixels that come next; they are on the glass.
    fn window(&mut self, seen: Rectangle) -> Result<(), BusFailed> {
        let (first_column, first_row) = self.panel.first_address(self.held);
        let column = first_column + seen.left as u16;
        let row = first_row + seen.top as u16;
        self.send(Command::ColumnAddress, &bounds(column, seen.width))?;
        self.send(Command::RowAddress, &bounds(row, seen.height))?;
        self.bus.command(Command::MemoryWrite)
    }

    fn send(&mut self, command: Command, data: &[u8]) -> Result<(), BusFailed> {
        self.bus.command(command)?;
        self.bus.data(data)
    }
}

/// First and last address, both high byte first.
fn bounds(first: u16, count: u32) -> [u8; 4] {
    let last = first + count as u16 - 1;
    let ([a, b], [c, d]) = (first.to_be_bytes(), last.to_be_bytes());
    [a, b, c, d]
}

#[cfg(test)]
mod tests;
