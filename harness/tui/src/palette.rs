//! Colour by meaning: one colour each, none that carries a meaning alone.

use ratatui::style::{Color, Modifier, Style};

/// The styles of the screen's meanings, with or without colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Palette {
    color: bool,
}

impl Palette {
    /// With colour.
    pub const COLOR: Self = Self { color: true };
    /// Without: bold, dim and reversed only.
    pub const PLAIN: Self = Self { color: false };

    /// Whether there is colour.
    pub(crate) const fn has_color(self) -> bool {
        self.color
    }

    fn paint(self, color: Color, modifier: Modifier) -> Style {
        let style = Style::new().add_modifier(modifier);
        match self.color {
            true => style.fg(color),
            false => style,
        }
    }

    /// A heading, or what stands out among its like.
    pub(crate) fn heading(self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    /// Less important than what surrounds it.
    pub(crate) fn quiet(self) -> Style {
        Style::new().add_modifier(Modifier::DIM)
    }

    /// In use now.
    pub(crate) fn used(self) -> Style {
        self.paint(Color::Cyan, Modifier::empty())
    }

    /// A high-water mark.
    pub(crate) fn peak(self) -> Style {
        self.paint(Color::Magenta, Modifier::empty())
    }

    /// As it should be.
    pub(crate) fn good(self) -> Style {
        self.paint(Color::Green, Modifier::empty())
    }

    /// Doubtful, or worth a look.
    pub(crate) fn doubt(self) -> Style {
        self.paint(Color::Yellow, Modifier::BOLD)
    }

    /// Wrong.
    pub(crate) fn bad(self) -> Style {
        self.paint(Color::Red, Modifier::BOLD)
    }

    /// A key that can be pressed.
    pub(crate) fn key(self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }
}
