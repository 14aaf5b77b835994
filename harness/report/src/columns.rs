//! Lines of aligned cells.

use crate::style::{Meaning, Style};

/// A cell.
#[derive(Clone, Debug)]
pub(crate) struct Cell {
    text: String,
    meaning: Meaning,
    align: Align,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Align {
    Left,
    Right,
}

/// Lines, some of which are rows of cells that share their columns.
#[derive(Clone, Debug, Default)]
pub(crate) struct Columns {
    lines: Vec<Line>,
}

#[derive(Clone, Debug)]
enum Line {
    Row(Vec<Cell>),
    Text(String),
}

/// Between two columns.
const GAP: &str = "  ";

impl Cell {
    pub(crate) fn left(text: impl Into<String>) -> Self {
        Self::new(text.into(), Align::Left)
    }

    pub(crate) fn right(text: impl Into<String>) -> Self {
        Self::new(text.into(), Align::Right)
    }

    fn new(text: String, align: Align) -> Self {
        Self { text, meaning: Meaning::Normal, align }
    }

    pub(crate) fn meaning(mut self, meaning: Meaning) -> Self {
        self.meaning = meaning;
        self
    }

    fn width(&self) -> usize {
        self.text.chars().count()
    }

    fn render(&self, width: usize, style: Style) -> String {
        let padding = " ".repeat(width.saturating_sub(self.width()));
        let text = style.paint(self.meaning, &self.text);
        match self.align {
            Align::Left => text + &padding,
            Align::Right => padding + &text,
        }
    }
}

impl Columns {
    /// Adds a row.
    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = Cell>) {
        self.lines.push(Line::Row(cells.into_iter().collect()));
    }

    /// Adds a line that belongs to no column; it has been painted by the caller.
    pub(crate) fn text(&mut self, text: String) {
        self.lines.push(Line::Text(text));
    }

    /// All lines, each with one space before it.
    pub(crate) fn render(&self, style: Style) -> String {
        let widths = self.widths();
        let lines = self.lines.iter().map(|line| match line {
            Line::Text(text) => text.clone(),
            Line::Row(cells) => {
                let cells = cells.iter().enumerate();
                let rendered: Vec<String> =
                    cells.map(|(index, cell)| cell.render(widths[index], style)).collect();
                rendered.join(GAP)
            }
        });
        lines.map(|line| format!(" {}", line.trim_end()).trim_end().to_owned() + "\n").collect()
    }

    fn widths(&self) -> Vec<usize> {
        let mut widths = Vec::new();
        for line in &self.lines {
            let Line::Row(cells) = line else { continue };
            widths.resize(widths.len().max(cells.len()), 0);
            for (width, cell) in widths.iter_mut().zip(cells) {
                *width = (*width).max(cell.width());
            }
        }
        widths
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell_and_colour_changes_nothing() {
        let mut columns = Columns::default();
        columns.row([Cell::left("name"), Cell::right("size")]);
        columns.text("  a note".into());
        columns.row([Cell::left("a").meaning(Meaning::Good), Cell::right("12,345")]);
        let plain = " name    size\n   a note\n a     12,345\n";
        assert_eq!(columns.render(Style::Plain), plain);
        let colored = columns.render(Style::Color);
        assert_eq!(colored.replace("\x1b[32m", "").replace("\x1b[0m", ""), plain);
    }
}
