//! What the displays around the chip show, over the screen.
//!
//! A cell of the terminal is two pixels above each other; of a picture that is larger than the room for it
//! each of these is the mean of a square. Without colour five shades stand for how light it is.

use ratatui::Frame;
use ratatui::layout::{Constraint, Flex, Layout, Rect};
use ratatui::style::{Color, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Clear, Paragraph};

use crate::palette::Palette;
use crate::scene::{Scene, ScreenPicture};

/// Columns and rows of the frame.
const FRAME: u16 = 2;
/// What stands for a light cell, darkest first.
const SHADES: [char; 5] = [' ', '░', '▒', '▓', '█'];
const NONE: &str = "no display is around the chip: diagram.json may have a `board-st7735`";

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, scene: &Scene<'_>, palette: Palette) {
    let Some(first) = scene.pictures.first() else {
        let width = NONE.chars().count() as u16 + FRAME + 2;
        let lines = vec![Line::raw(format!(" {NONE} "))];
        return popup(frame, area, (width, 1 + FRAME), " display ", lines, palette);
    };
    let side = (area.width - FRAME, area.height - FRAME);
    let scale = scale(first, side);
    let (columns, rows) = cells(first, scale);
    let lines = (0..rows).map(|row| {
        let cell = |column| cell(first, scale, (column, row), palette);
        Line::from((0..columns).map(cell).collect::<Vec<_>>())
    });
    let title = match scale {
        1 => format!(" {} ", first.part),
        _ => format!(" {} 1:{scale} ", first.part),
    };
    let size = (columns as u16 + FRAME, rows as u16 + FRAME);
    popup(frame, area, size, &title, lines.collect(), palette);
}

fn popup(
    frame: &mut Frame<'_>,
    area: Rect,
    (width, height): (u16, u16),
    title: &str,
    lines: Vec<Line<'_>>,
    palette: Palette,
) {
    let [row] = Layout::vertical([Constraint::Length(height)]).flex(Flex::Center).areas(area);
    let [popup] = Layout::horizontal([Constraint::Length(width)]).flex(Flex::Center).areas(row);
    let block = Block::bordered()
        .title(Span::styled(title.to_owned(), palette.heading()))
        .title_bottom(Line::from(" d closes it ").right_aligned());
    frame.render_widget(Clear, popup);
    frame.render_widget(Paragraph::new(lines).block(block), popup);
}

/// How many pixels of a side become one, so that all of the picture has room.
fn scale(picture: &ScreenPicture, (columns, rows): (u16, u16)) -> u32 {
    let (width, height) = picture.size;
    width.div_ceil(columns.into()).max(height.div_ceil(2 * u32::from(rows))).max(1)
}

/// Columns and rows of the terminal that the picture takes.
fn cells(picture: &ScreenPicture, scale: u32) -> (u32, u32) {
    let (width, height) = picture.size;
    (width.div_ceil(scale), height.div_ceil(2 * scale))
}

fn cell(
    picture: &ScreenPicture,
    scale: u32,
    (column, row): (u32, u32),
    palette: Palette,
) -> Span<'static> {
    let [above, below] = [0, 1].map(|half| mean(picture, scale, (column, 2 * row + half)));
    if palette.has_color() {
        let [above, below] = [above, below].map(|[red, green, blue]| Color::Rgb(red, green, blue));
        return Span::styled("▀", Style::new().fg(above).bg(below));
    }
    let light = (lightness(above) + lightness(below)) / 2;
    let shade = (light as usize * SHADES.len() / 256).min(SHADES.len() - 1);
    Span::raw(SHADES[shade].to_string())
}

/// The mean colour of a square of the picture; black beyond its edges.
fn mean(picture: &ScreenPicture, scale: u32, (x, y): (u32, u32)) -> [u8; 3] {
    let (width, height) = picture.size;
    let (columns, rows) = (x * scale..(x + 1) * scale, y * scale..(y + 1) * scale);
    let square = rows.flat_map(|y| columns.clone().map(move |x| (x, y)));
    let mut sums = [0_u32; 3];
    for (x, y) in square.filter(|(x, y)| *x < width && *y < height) {
        let at = (y as usize * width as usize + x as usize) * 4;
        for (sum, level) in sums.iter_mut().zip(&picture.rgba[at..at + 3]) {
            *sum += u32::from(*level);
        }
    }
    sums.map(|sum| (sum / (scale * scale)) as u8)
}

/// How light a colour is, from 0 to 255 (ITU-R BT.601).
fn lightness([red, green, blue]: [u8; 3]) -> u32 {
    (299 * u32::from(red) + 587 * u32::from(green) + 114 * u32::from(blue)) / 1000
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A white square of 4 x 4 in the left upper corner of 8 x 8 black pixels.
    fn picture() -> ScreenPicture {
        let pixel = |at: usize| if at % 8 < 4 && at / 8 < 4 { [0xFF; 4] } else { [0, 0, 0, 0xFF] };
        ScreenPicture { part: "lcd".into(), size: (8, 8), rgba: (0..64).flat_map(pixel).collect() }
    }

    #[test]
    fn a_picture_is_made_as_small_as_the_room_and_no_smaller() {
        let picture = picture();
        for (room, expected) in [((80, 24), 1), ((8, 4), 1), ((7, 4), 2), ((80, 3), 2)] {
            assert_eq!(scale(&picture, room), expected, "{room:?}");
        }
        assert_eq!(cells(&picture, 3), (3, 2));
    }

    #[test]
    fn without_colour_shades_say_how_light_it_is() {
        let picture = picture();
        let symbol = |scale, at| cell(&picture, scale, at, Palette::PLAIN).content.into_owned();
        assert_eq!([symbol(1, (0, 0)), symbol(1, (4, 0))], ["█", " "]);
        assert_eq!(symbol(8, (0, 0)), " ", "a quarter of its upper half is white");
        assert_eq!(symbol(4, (0, 0)), "▒", "its upper half is white");
    }

    #[test]
    fn in_colour_a_cell_is_two_pixels() {
        let span = cell(&picture(), 4, (0, 0), Palette::COLOR);
        let style = Style::new().fg(Color::Rgb(255, 255, 255)).bg(Color::Rgb(0, 0, 0));
        assert_eq!((span.content.as_ref(), span.style), ("▀", style));
    }
}
