//! Rectangles, the glass, and how it is held.

use crate::bus::{BLUE_FIRST, EXCHANGE, MIRROR_COLUMNS, MIRROR_ROWS};

/// The controller's memory.
pub(crate) const MEMORY_COLUMNS: u16 = 132;
pub(crate) const MEMORY_ROWS: u16 = 162;

/// A part of the plane. Its right and bottom edges do not belong to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rectangle {
    /// The column of its left edge.
    pub left: i32,
    /// The row of its top.
    pub top: i32,
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
}

impl Rectangle {
    /// A rectangle.
    #[must_use]
    pub const fn new(left: i32, top: i32, width: u32, height: u32) -> Self {
        Self { left, top, width, height }
    }

    /// What it shares with another; `None` if that is nothing.
    #[must_use]
    pub fn and(self, other: Self) -> Option<Self> {
        let (left, width) = shared((self.left, self.width), (other.left, other.width))?;
        let (top, height) = shared((self.top, self.height), (other.top, other.height))?;
        Some(Self { left, top, width, height })
    }
}

/// Begin and length of what two stretches share. Wider numbers, because an end may have none of 32 bits.
fn shared(one: (i32, u32), other: (i32, u32)) -> Option<(i32, u32)> {
    let end = |(begin, length): (i32, u32)| i64::from(begin) + i64::from(length);
    let begin = one.0.max(other.0);
    let length = end(one).min(end(other)) - i64::from(begin);
    // No longer than either, so it fits.
    u32::try_from(length).ok().filter(|length| *length > 0).map(|length| (begin, length))
}

/// In which order the glass has its colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Red, green, blue.
    RedFirst,
    /// Blue, green, red.
    BlueFirst,
}

/// What a bit that is set means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Polarity {
    /// Light.
    Normal,
    /// Dark.
    Inverted,
}

/// A glass: which part of the controller's memory it shows, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Panel {
    width: u16,
    height: u16,
    left: u16,
    top: u16,
    order: Order,
    polarity: Polarity,
}

impl Panel {
    /// 1.8 inches, 128 x 160, begins in the corner.
    pub const INCH_1_8: Self = Self::of(128, 160, Order::RedFirst, Polarity::Normal, 0, 0);
    /// 1.8 inches, 128 x 160, in the middle of the memory (sold with a green tab on its foil).
    pub const INCH_1_8_CENTRED: Self = Self::of(128, 160, Order::RedFirst, Polarity::Normal, 2, 1);
    /// 1.44 inches, 128 x 128.
    pub const INCH_1_44: Self = Self::of(128, 128, Order::BlueFirst, Polarity::Normal, 2, 1);
    /// 0.96 inches, 80 x 160, inverted.
    pub const INCH_0_96: Self = Self::of(80, 160, Order::BlueFirst, Polarity::Inverted, 26, 1);

    /// A glass of `width` by `height` pixels whose first one is at (`left`, `top`) of the memory. What does
    /// not fit into the memory is cut off.
    #[must_use]
    pub const fn of(
        width: u16,
        height: u16,
        order: Order,
        polarity: Polarity,
        left: u16,
        top: u16,
    ) -> Self {
        let (left, width) = within(left, width, MEMORY_COLUMNS);
        let (top, height) = within(top, height, MEMORY_ROWS);
        Self { width, height, left, top, order, polarity }
    }

    /// What a set bit means.
    #[must_use]
    pub const fn polarity(self) -> Polarity {
        self.polarity
    }

    /// The glass as it is seen when it is held so.
    #[must_use]
    pub const fn area(self, held: Rotation) -> Rectangle {
        let (width, height) = (self.width as u32, self.height as u32);
        match held {
            Rotation::Upright | Rotation::Half => Rectangle::new(0, 0, width, height),
            Rotation::Right | Rotation::Left => Rectangle::new(0, 0, height, width),
        }
    }

    /// Column and row that the address counters have at the first pixel that is seen.
    pub(crate) const fn first_address(self, held: Rotation) -> (u16, u16) {
        let from_right = MEMORY_COLUMNS - self.width - self.left;
        let from_bottom = MEMORY_ROWS - self.height - self.top;
        match held {
            Rotation::Upright => (self.left, self.top),
            Rotation::Half => (from_right, from_bottom),
            Rotation::Right => (self.top, from_right),
            Rotation::Left => (from_bottom, self.left),
        }
    }

    /// What MADCTL must be.
    pub(crate) const fn address_control(self, held: Rotation) -> u8 {
        let order = match self.order {
            Order::RedFirst => 0,
            Order::BlueFirst => BLUE_FIRST,
        };
        let direction = match held {
            Rotation::Upright => 0,
            Rotation::Half => MIRROR_COLUMNS | MIRROR_ROWS,
            Rotation::Right => EXCHANGE | MIRROR_COLUMNS,
            Rotation::Left => EXCHANGE | MIRROR_ROWS,
        };
        order | direction
    }
}

const fn within(begin: u16, length: u16, most: u16) -> (u16, u16) {
    let begin = if begin < most { begin } else { most };
    let length = if length < most - begin { length } else { most - begin };
    (begin, length)
}

/// How the glass is held: which of its edges is on top.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Rotation {
    /// Its own top.
    #[default]
    Upright,
    /// Its right edge: the picture is turned to the right by a quarter.
    Right,
    /// Its bottom.
    Half,
    /// Its left edge.
    Left,
}

#[cfg(test)]
mod tests {
    use super::*;

    const GLASS: Rectangle = Rectangle::new(0, 0, 128, 160);

    fn check(rectangle: Rectangle, expected: Option<Rectangle>) {
        assert_eq!(rectangle.and(GLASS), expected, "{rectangle:?}");
    }

    #[test]
    fn what_is_shared_is_what_lies_in_both() {
        check(Rectangle::new(-5, -7, 10, 10), Some(Rectangle::new(0, 0, 5, 3)));
        check(Rectangle::new(120, 150, 50, 50), Some(Rectangle::new(120, 150, 8, 10)));
        check(Rectangle::new(3, 4, 5, 6), Some(Rectangle::new(3, 4, 5, 6)));
        // From the least number on, the longest stretch ends far behind the glass.
        check(Rectangle::new(i32::MIN, i32::MIN, u32::MAX, u32::MAX), Some(GLASS));
    }

    #[test]
    fn nothing_is_shared_beyond_an_edge() {
        check(Rectangle::new(128, 0, 5, 5), None);
        check(Rectangle::new(-5, 0, 5, 5), None);
        check(Rectangle::new(0, 0, 0, 5), None);
        check(Rectangle::new(i32::MAX, i32::MAX, u32::MAX, u32::MAX), None);
    }

    #[test]
    fn a_glass_never_reaches_beyond_the_memory() {
        let panel = Panel::of(500, 500, Order::RedFirst, Polarity::Normal, 100, 200);
        assert_eq!(panel.area(Rotation::Upright), Rectangle::new(0, 0, 32, 0));
    }
}
