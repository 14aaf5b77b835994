//! Colours as the controller has them: five bits of red, six of green, five of blue.

/// A colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Color(
    /// `rrrrrggg gggbbbbb`.
    pub u16,
);

impl Color {
    /// No light.
    pub const BLACK: Self = Self(0);
    /// All of it.
    pub const WHITE: Self = Self(0xFFFF);
    /// Red.
    pub const RED: Self = Self(0xF800);
    /// Green.
    pub const GREEN: Self = Self(0x07E0);
    /// Blue.
    pub const BLUE: Self = Self(0x001F);
    /// Red and green.
    pub const YELLOW: Self = Self(0xFFE0);
    /// Green and blue.
    pub const CYAN: Self = Self(0x07FF);
    /// Red and blue.
    pub const MAGENTA: Self = Self(0xF81F);

    /// The nearest colour to eight bits of each.
    #[must_use]
    pub const fn of_rgb(red: u8, green: u8, blue: u8) -> Self {
        let (red, green, blue) = (nearest(red, 31), nearest(green, 63), nearest(blue, 31));
        Self(red << 11 | green << 5 | blue)
    }

    /// As it goes over the wire: high byte first.
    #[must_use]
    pub const fn bytes(self) -> [u8; 2] {
        self.0.to_be_bytes()
    }
}

const fn nearest(level: u8, most: u16) -> u16 {
    (level as u16 * most + 127) / 255
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_colour_of_eight_bits_becomes_the_nearest_one() {
        assert_eq!(Color::of_rgb(255, 255, 255), Color::WHITE);
        assert_eq!(Color::of_rgb(255, 0, 255), Color::MAGENTA);
        assert_eq!(Color::of_rgb(4, 1, 4), Color::BLACK);
        assert_eq!(Color::of_rgb(5, 3, 5), Color(0x0821));
    }
}
