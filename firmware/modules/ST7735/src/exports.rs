//! What programs and other modules call, by name.
//!
//! Each call's input begins with the *wiring*: clock pin, data pin, data/command pin and chip-select pin,
//! u8 each; the panel, u8, as [`PANELS`] counts them; how it is held, u8: 0 upright, then quarters to the
//! right. So the module itself remembers nothing, and two displays do not disturb each other. Then, all
//! little-endian, with colours of 16 bits:
//!
//! | name | behind the wiring |
//! |---|---|
//! | `begin` | |
//! | `fill` | left i16, top i16, width u16, height u16, colour u16 |
//! | `line` | x i16, y i16, to x i16, to y i16, colour u16 |
//! | `disc` | x i16, y i16, radius u16, colour u16 |
//! | `text` | x i16, y i16, ink u16, paper u16, scale u8, text in UTF-8 |
//! | `picture` | left i16, top i16, width u16, height u16, ink u16, paper u16, bits |
//! | `sleep` | 1 to sleep, 0 to wake, u8 |
//!
//! The answer is 0, that of `text` where the next character would begin; a negative one is that of
//! [`errno`]. The output is not used. The shapes of letters are those of the module `sysfont`.
//!
//! Bits go out by software, in the kernel, the highest first, taken by the controller at the clock's rising
//! edge (data sheet 9.4.1): any four pins will do, and the SPI peripherals stay free.

use ramscope_module_abi as abi;
use ramscope_module_abi::packed::{Unpack, errno};
use ramscope_module_abi::{ExportKind, Found, Status};

use crate::bus::{Bus, BusFailed, Command};
use crate::color::Color;
use crate::display::Display;
use crate::geometry::{Panel, Rectangle, Rotation};
use crate::text::{Font, GLYPH_COLUMNS, Style};

/// The panels by their numbers.
pub const PANELS: [Panel; 4] =
    [Panel::INCH_1_8, Panel::INCH_1_8_CENTRED, Panel::INCH_1_44, Panel::INCH_0_96];

/// Looks that the font is there: it stays as long as this module does.
pub(crate) fn init() -> Result<(), Status> {
    Sysfont::find().map(|_| ()).ok_or(Status::NoDevice)
}

/// Nothing is left behind.
pub(crate) fn deinit() {}

/// Wakes a display.
pub(crate) fn begin(input: &[u8], _: &mut [u8]) -> isize {
    let mut unpack = Unpack::of(input);
    let Some((pins, panel, held)) = wiring(&mut unpack) else { return -errno::EINVAL };
    done(Display::begin(pins, panel, held).map(|_| 0))
}

/// Fills a rectangle.
pub(crate) fn fill(input: &[u8], _: &mut [u8]) -> isize {
    draw(input, |display, unpack| {
        let place = rectangle(unpack)?;
        let color = Color(unpack.u16()?);
        Some(display.fill(place, color).map(|()| 0))
    })
}

/// Draws a line.
pub(crate) fn line(input: &[u8], _: &mut [u8]) -> isize {
    draw(input, |display, unpack| {
        let (from, to) = (point(unpack)?, point(unpack)?);
        let color = Color(unpack.u16()?);
        Some(display.line(from, to, color).map(|()| 0))
    })
}

/// Fills a circle.
pub(crate) fn disc(input: &[u8], _: &mut [u8]) -> isize {
    draw(input, |display, unpack| {
        let (centre, radius) = (point(unpack)?, unpack.u16()?);
        let color = Color(unpack.u16()?);
        Some(display.disc(centre, u32::from(radius), color).map(|()| 0))
    })
}

/// Writes text.
pub(crate) fn text(input: &[u8], _: &mut [u8]) -> isize {
    draw(input, |display, unpack| {
        let place = point(unpack)?;
        let (ink, paper) = (Color(unpack.u16()?), Color(unpack.u16()?));
        let style = Style { ink, paper, scale: unpack.u8()? };
        let text = unpack.rest_text()?;
        let font = Sysfont::find()?;
        Some(display.write(&font, text, place, style).map(|end| end as isize))
    })
}

/// Draws a picture of one bit a pixel.
pub(crate) fn picture(input: &[u8], _: &mut [u8]) -> isize {
    draw(input, |display, unpack| {
        let place = rectangle(unpack)?;
        let colors = (Color(unpack.u16()?), Color(unpack.u16()?));
        Some(display.picture(place, unpack.rest(), colors).map(|()| 0))
    })
}

/// Puts a display to sleep, or wakes it.
pub(crate) fn sleep(input: &[u8], _: &mut [u8]) -> isize {
    draw(input, |display, unpack| match unpack.u8()? {
        0 => Some(display.wake().map(|()| 0)),
        1 => Some(display.sleep().map(|()| 0)),
        _ => None,
    })
}

/// Does what needs a display that has begun; `None` is an argument that means nothing.
fn draw(
    input: &[u8],
    work: impl FnOnce(&mut Display<Pins>, &mut Unpack<'_>) -> Option<Result<isize, BusFailed>>,
) -> isize {
    let mut unpack = Unpack::of(input);
    let Some((pins, panel, held)) = wiring(&mut unpack) else { return -errno::EINVAL };
    let mut display = Display::resume(pins, panel, held);
    work(&mut display, &mut unpack).map_or(-errno::EINVAL, done)
}

fn done(result: Result<isize, BusFailed>) -> isize {
    result.unwrap_or(-errno::ENODEV)
}

fn wiring(unpack: &mut Unpack<'_>) -> Option<(Pins, Panel, Rotation)> {
    let (clock, data) = (unpack.u8()?, unpack.u8()?);
    let (data_command, chip_select) = (unpack.u8()?, unpack.u8()?);
    let panel = *PANELS.get(usize::from(unpack.u8()?))?;
    let held = match unpack.u8()? {
        0 => Rotation::Upright,
        1 => Rotation::Right,
        2 => Rotation::Half,
        3 => Rotation::Left,
        _ => return None,
    };
    Some((Pins { clock, data, data_command, chip_select }, panel, held))
}

fn point(unpack: &mut Unpack<'_>) -> Option<(i32, i32)> {
    Some((i32::from(unpack.i16()?), i32::from(unpack.i16()?)))
}

fn rectangle(unpack: &mut Unpack<'_>) -> Option<Rectangle> {
    let (left, top) = point(unpack)?;
    Some(Rectangle::new(left, top, u32::from(unpack.u16()?), u32::from(unpack.u16()?)))
}

/// The font of the module that this one depends on.
struct Sysfont(Found);

impl Sysfont {
    fn find() -> Option<Self> {
        let module = crate::ramscope_module::id();
        abi::find(module, "sysfont", "columns", ExportKind::BYTES).map(Self)
    }
}

impl Font for Sysfont {
    fn columns(&self, character: char) -> [u8; GLYPH_COLUMNS] {
        let mut columns = [0; GLYPH_COLUMNS];
        let text = &mut [0; 4];
        // A font that refuses a character draws nothing.
        let _ = abi::call_bytes(self.0, character.encode_utf8(text).as_bytes(), &mut columns);
        columns
    }
}

/// A wire of four pins.
struct Pins {
    clock: u8,
    data: u8,
    data_command: u8,
    chip_select: u8,
}

impl Pins {
    fn send(&mut self, data_command: abi::Level, bytes: &[u8]) -> Result<(), abi::NoPin> {
        abi::pin_write(self.data_command, data_command)?;
        abi::pin_write(self.chip_select, abi::Level::Low)?;
        abi::shift_out(self.clock, self.data, bytes)?;
        abi::pin_write(self.chip_select, abi::Level::High)
    }
}

impl Bus for Pins {
    fn command(&mut self, command: Command) -> Result<(), BusFailed> {
        self.send(abi::Level::Low, &[command as u8]).map_err(|abi::NoPin| BusFailed)
    }

    fn data(&mut self, bytes: &[u8]) -> Result<(), BusFailed> {
        self.send(abi::Level::High, bytes).map_err(|abi::NoPin| BusFailed)
    }

    fn wait_ms(&mut self, millis: u32) {
        // Who is asked to end draws to the end: the wire must not be left within a command.
        let _ = abi::sleep_us(u64::from(millis) * 1000);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WIRING: [u8; 6] = [6, 7, 4, 5, 0, 0];

    fn check(call: fn(&[u8], &mut [u8]) -> isize, arguments: &[u8], expected: isize) {
        assert_eq!(call(&[&WIRING, arguments].concat(), &mut []), expected, "{arguments:?}");
    }

    #[test]
    fn a_board_without_pins_has_no_display() {
        check(begin, &[], -errno::ENODEV);
        check(fill, &[0, 0, 0, 0, 1, 0, 1, 0, 0xFF, 0xFF], -errno::ENODEV);
        check(sleep, &[1], -errno::ENODEV);
    }

    #[test]
    fn what_is_not_on_the_glass_is_drawn_even_without_a_display() {
        check(fill, &[0xFF, 0xFF, 0, 0, 1, 0, 1, 0, 0xFF, 0xFF], 0);
        check(disc, &[0, 0x80, 0, 0x80, 5, 0, 0, 0], 0);
    }

    #[test]
    fn arguments_that_mean_nothing_are_refused() {
        check(fill, &[0; 9], -errno::EINVAL);
        check(line, &[0; 9], -errno::EINVAL);
        check(picture, &[0; 11], -errno::EINVAL);
        check(sleep, &[2], -errno::EINVAL);
        assert_eq!(begin(&[6, 7, 4, 5, 4, 0], &mut []), -errno::EINVAL, "there is no fifth panel");
        assert_eq!(
            begin(&[6, 7, 4, 5, 0, 4], &mut []),
            -errno::EINVAL,
            "a circle has four quarters"
        );
    }

    #[test]
    fn without_its_font_the_module_does_not_begin() {
        assert_eq!(init(), Err(Status::NoDevice));
    }
}
