//! What programs and other modules call, by name.
//!
//! Numbers are little-endian; `spacing` is 0 for fixed and 1 for proportional; texts are UTF-8.
//!
//! | name | input | output | answer |
//! |---|---|---|---|
//! | `columns` | text | five bytes a character, bit 0 at the top | bytes that it wants |
//! | `width` | spacing u8, scale u8, text | | pixels |
//! | `lines` | spacing u8, scale u8, width u16, text | begin and end of each line, u16 each | lines |
//! | `render` | spacing u8, scale u8, width u16, height u16, x u16, y u16, text | bitmap of width x height, eight rows a byte | where the next character stands |
//!
//! A negative answer is that of [`errno`].

use ramscope_module_abi::Status;
use ramscope_module_abi::packed::{Pack, Unpack, errno};

use crate::bitmap::{Bitmap, Ink};
use crate::drawings::GLYPH_WIDTH;
use crate::face::{Face, Spacing};
use crate::glyph::Glyph;
use crate::lines::Lines;

/// The module needs nothing: the drawings are constants.
pub(crate) fn init() -> Result<(), Status> {
    Ok(())
}

/// Nothing is left behind.
pub(crate) fn deinit() {}

/// The drawings of a text.
pub(crate) fn columns(input: &[u8], output: &mut [u8]) -> isize {
    let Some(text) = Unpack::of(input).rest_text() else { return -errno::EINVAL };
    let mut pack = Pack::into(output);
    for character in text.chars() {
        if pack.bytes(&Glyph::of(character).columns()).is_none() {
            break;
        }
    }
    (text.chars().count() * GLYPH_WIDTH as usize).cast_signed()
}

/// How wide a text is.
pub(crate) fn width(input: &[u8], _: &mut [u8]) -> isize {
    let measured = || {
        let mut unpack = Unpack::of(input);
        let face = face(&mut unpack)?;
        Some(face.width(unpack.rest_text()?))
    };
    measured().map_or(-errno::EINVAL, answer)
}

/// Where lines break.
pub(crate) fn lines(input: &[u8], output: &mut [u8]) -> isize {
    let mut broken = || {
        let mut unpack = Unpack::of(input);
        let (face, width) = (face(&mut unpack)?, unpack.u16()?);
        let text = unpack.rest_text()?;
        let mut pack = Pack::into(output);
        let mut count = 0;
        for line in Lines::new(text, face, u32::from(width)) {
            let begin = line.as_ptr().addr() - text.as_ptr().addr();
            let end = begin + line.len();
            let [a, b] = u16::try_from(begin).ok()?.to_le_bytes();
            let [c, d] = u16::try_from(end).ok()?.to_le_bytes();
            // Lines that do not fit are counted all the same.
            let _ = pack.bytes(&[a, b, c, d]);
            count += 1;
        }
        Some(count)
    };
    broken().map_or(-errno::EINVAL, answer)
}

/// Draws a line of text into the caller's bitmap.
pub(crate) fn render(input: &[u8], output: &mut [u8]) -> isize {
    let mut drawn = || {
        let mut unpack = Unpack::of(input);
        let face = face(&mut unpack)?;
        let (width, height) = (unpack.u16()?, unpack.u16()?);
        let (x, y) = (unpack.u16()?, unpack.u16()?);
        let text = unpack.rest_text()?;
        let mut bitmap = Bitmap::over(output, u32::from(width), u32::from(height))?;
        Some(bitmap.text(text, face, u32::from(x), u32::from(y), Ink::Set))
    };
    drawn().map_or(-errno::EINVAL, answer)
}

fn face(unpack: &mut Unpack<'_>) -> Option<Face> {
    let spacing = match unpack.u8()? {
        0 => Spacing::Fixed,
        1 => Spacing::Proportional,
        _ => return None,
    };
    Some(Face::new(spacing).scaled(u32::from(unpack.u8()?)))
}

fn answer(number: u32) -> isize {
    isize::try_from(number).unwrap_or(isize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_those_of_each_character_and_as_many_as_fit() {
        let mut room = [0; 12];
        assert_eq!(columns("1ß!".as_bytes(), &mut room), 15);
        assert_eq!(room[..5], Glyph::of('1').columns());
        assert_eq!(room[5..10], Glyph::of('ß').columns());
        assert_eq!(room[10..], [0, 0]);
        assert_eq!(columns(b"\xFF", &mut room), -errno::EINVAL);
    }

    #[test]
    fn width_and_lines_are_those_of_the_face() {
        assert_eq!(width(b"\x00\x02Hi", &mut []), 22);
        assert_eq!(width(b"\x01\x00! !", &mut []), 6);
        let mut bounds = [0xEE; 10];
        assert_eq!(lines(b"\x00\x01\x1E\x00hello big world", &mut bounds), 3);
        assert_eq!(bounds, [0, 0, 5, 0, 6, 0, 9, 0, 0xEE, 0xEE]);
    }

    #[test]
    fn a_text_is_rendered_into_the_callers_bitmap() {
        let mut bitmap = [0; 12];
        let input = b"\x00\x01\x0C\x00\x08\x00\x00\x00\x00\x00I";
        assert_eq!(render(input, &mut bitmap), 6);
        assert_eq!(bitmap[..5], Glyph::of('I').columns());
        assert_eq!(render(input, &mut bitmap[..11]), -errno::EINVAL, "a byte is missing");
    }

    #[test]
    fn arguments_that_mean_nothing_are_refused() {
        for call in [width, lines, render] {
            for input in [
                &b""[..],
                b"\x00",
                b"\x02\x01abcdefghijk",
                b"\x00\x01\x01\x00\x01\x00\xFF\xFF\xFF\xFF\xFF",
            ] {
                assert_eq!(call(input, &mut []), -errno::EINVAL, "{input:?}");
            }
        }
    }
}
