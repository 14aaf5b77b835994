//! Pictures of screens, and PNG files of them.
//!
//! Two pictures are the same if they have the same size and each pixel has the same red, green, blue and
//! alpha, as for Wokwi's `take-screenshot`.

use std::fmt;
use std::io::{BufReader, BufWriter};
use std::path::Path;

/// Bytes of a pixel: red, green, blue, alpha.
const PIXEL_BYTES: usize = 4;
/// The longest side of a file that is compared.
const SIDE_MAX: u32 = 4_096;

/// A picture of eight bits a colour.
#[derive(Clone, PartialEq, Eq)]
pub struct Picture {
    width: u32,
    height: u32,
    rgba: Vec<u8>,
}

/// Why a file is no picture that could be compared.
#[derive(Debug, thiserror::Error)]
pub enum PictureError {
    /// It cannot be read or written.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// It is no PNG file.
    #[error("it is no PNG file ({0})")]
    NotPng(String),
    /// It is larger than any screen.
    #[error("it has {0} x {1} pixels, and no screen has so many")]
    TooLarge(u32, u32),
}

/// How a picture differs from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Difference {
    /// In its size: what was seen, and what was to be.
    Size((u32, u32), (u32, u32)),
    /// In pixels.
    Pixels {
        /// The first of them, row by row.
        first: (u32, u32),
        /// What was seen there.
        seen: [u8; PIXEL_BYTES],
        /// What was to be there.
        expected: [u8; PIXEL_BYTES],
        /// How many differ.
        count: u32,
    },
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Size((width, height), (wanted_width, wanted_height)) => {
                write!(f, "it has {width} x {height} pixels, not {wanted_width} x {wanted_height}")
            }
            Self::Pixels { first: (x, y), seen, expected, count } => {
                let pixels = if *count == 1 { "pixel differs" } else { "pixels differ" };
                let [seen, expected] = [seen, expected].map(|rgba| u32::from_be_bytes(*rgba));
                write!(f, "{count} {pixels}, the first at {x}, {y}: ")?;
                write!(f, "#{seen:08x}, not #{expected:08x}")
            }
        }
    }
}

/// Not its pixels.
impl fmt::Debug for Picture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Picture({} x {})", self.width, self.height)
    }
}

impl Picture {
    /// Of pixels row by row.
    ///
    /// # Panics
    /// If there are not as many pixels as the sides say.
    #[must_use]
    pub fn new(width: u32, height: u32, rgba: Vec<u8>) -> Self {
        let pixels = width as usize * height as usize;
        assert_eq!(rgba.len(), pixels * PIXEL_BYTES, "each pixel has four bytes");
        Self { width, height, rgba }
    }

    /// Its width and height.
    #[must_use]
    pub const fn size(&self) -> (u32, u32) {
        (self.width, self.height)
    }

    /// Red, green, blue and alpha of each pixel, row by row.
    #[must_use]
    pub fn into_rgba(self) -> Vec<u8> {
        self.rgba
    }

    /// Red, green, blue and alpha of a pixel.
    ///
    /// # Panics
    /// If there is none.
    #[must_use]
    pub fn pixel(&self, x: u32, y: u32) -> [u8; PIXEL_BYTES] {
        assert!(x < self.width && y < self.height, "{x}, {y} is not in the picture");
        let at = (y as usize * self.width as usize + x as usize) * PIXEL_BYTES;
        self.rgba[at..at + PIXEL_BYTES].try_into().expect("as many as were asked for")
    }

    /// How it differs from what it was to be; `None` if it does not.
    #[must_use]
    pub fn difference_from(&self, expected: &Self) -> Option<Difference> {
        if self.size() != expected.size() {
            return Some(Difference::Size(self.size(), expected.size()));
        }
        let pixels = self.rgba.chunks_exact(PIXEL_BYTES);
        let both = pixels.zip(expected.rgba.chunks_exact(PIXEL_BYTES));
        let mut differing = both.enumerate().filter(|(_, (seen, wanted))| seen != wanted);
        let (first, _) = differing.next()?;
        let count = 1 + differing.count() as u32;
        let (x, y) = (first as u32 % self.width, first as u32 / self.width);
        let (seen, expected) = (self.pixel(x, y), expected.pixel(x, y));
        Some(Difference::Pixels { first: (x, y), seen, expected, count })
    }

    /// The bytes of a PNG file of it.
    #[must_use]
    pub fn png(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.encode(&mut bytes).expect("a Vec takes everything");
        bytes
    }

    /// Reads a PNG file.
    ///
    /// # Errors
    /// If it cannot be read, or is none.
    pub fn read(path: &Path) -> Result<Self, PictureError> {
        let file = std::fs::File::open(path)?;
        let mut decoder = png::Decoder::new(BufReader::new(file));
        decoder.set_transformations(png::Transformations::ALPHA | png::Transformations::STRIP_16);
        let mut reader = decoder.read_info().map_err(not_png)?;
        let (width, height) = reader.info().size();
        if width.max(height) > SIDE_MAX {
            return Err(PictureError::TooLarge(width, height));
        }
        let most = width as usize * height as usize * PIXEL_BYTES;
        let mut pixels = vec![0; reader.output_buffer_size().unwrap_or(most).max(most)];
        let frame = reader.next_frame(&mut pixels).map_err(not_png)?;
        pixels.truncate(frame.buffer_size());
        let rgba = match frame.color_type {
            png::ColorType::GrayscaleAlpha => pixels
                .chunks_exact(2)
                .flat_map(|pair| [pair[0], pair[0], pair[0], pair[1]])
                .collect(),
            _ => pixels,
        };
        Ok(Self::new(width, height, rgba))
    }

    /// Writes a PNG file, in a folder that is made if it is not there.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), PictureError> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let file = std::fs::File::create(path)?;
        self.encode(BufWriter::new(file)).map_err(not_png)
    }

    fn encode(&self, into: impl std::io::Write) -> Result<(), png::EncodingError> {
        let mut encoder = png::Encoder::new(into, self.width, self.height);
        encoder.set_color(png::ColorType::Rgba);
        encoder.set_depth(png::BitDepth::Eight);
        let mut writer = encoder.write_header()?;
        writer.write_image_data(&self.rgba)?;
        writer.finish()
    }
}

fn not_png(error: impl Into<std::io::Error>) -> PictureError {
    let error = error.into();
    match error.kind() {
        std::io::ErrorKind::InvalidData
        | std::io::ErrorKind::UnexpectedEof
        | std::io::ErrorKind::Other => PictureError::NotPng(error.to_string()),
        _ => PictureError::Io(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(pixels: &[[u8; 4]]) -> Picture {
        Picture::new(2, pixels.len() as u32 / 2, pixels.concat())
    }

    const RED: [u8; 4] = [0xFF, 0, 0, 0xFF];
    const BLUE: [u8; 4] = [0, 0, 0xFF, 0xFF];

    #[test]
    fn the_first_difference_is_told_with_its_place_and_how_many_there_are() {
        let seen = picture(&[RED, BLUE, RED, BLUE]);
        assert_eq!(seen.difference_from(&seen), None);
        let other = picture(&[RED, BLUE, BLUE, RED]);
        let difference = seen.difference_from(&other).unwrap().to_string();
        assert_eq!(difference, "2 pixels differ, the first at 0, 1: #ff0000ff, not #0000ffff");
        let smaller = picture(&[RED, BLUE]);
        let difference = seen.difference_from(&smaller).unwrap().to_string();
        assert_eq!(difference, "it has 2 x 2 pixels, not 2 x 1");
    }

    #[test]
    fn a_file_holds_the_picture() {
        let folder = std::env::temp_dir().join(format!("ramscope-picture-{}", std::process::id()));
        let path = folder.join("inner/a.png");
        let written = picture(&[RED, BLUE, BLUE, RED]);
        written.write(&path).unwrap();
        assert_eq!(Picture::read(&path).unwrap(), written);
        assert_eq!(std::fs::read(&path).unwrap(), written.png());
        std::fs::write(&path, b"no picture").unwrap();
        assert!(matches!(Picture::read(&path), Err(PictureError::NotPng(_))));
        assert!(matches!(Picture::read(&folder.join("none.png")), Err(PictureError::Io(_))));
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
