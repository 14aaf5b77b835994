//! What is drawn, seen on a fake glass.

use super::*;
use crate::fake::Fake;
use crate::text::{Font, Style};

/// The font that the module asks for its shapes.
struct Sysfont;

impl Font for Sysfont {
    fn columns(&self, character: char) -> [u8; 5] {
        ramscope_module_sysfont::Glyph::of(character).columns()
    }
}

const PANELS: [Panel; 4] =
    [Panel::INCH_1_8, Panel::INCH_1_8_CENTRED, Panel::INCH_1_44, Panel::INCH_0_96];
const WAYS: [Rotation; 4] = [Rotation::Upright, Rotation::Right, Rotation::Half, Rotation::Left];
const WHITE_ON_BLACK: Style = Style::new(Color::WHITE, Color::BLACK);

fn begun(panel: Panel, held: Rotation) -> Display<Fake> {
    Display::begin(Fake::new(), panel, held).unwrap()
}

/// Draws on a glass and compares what is seen from its corner on.
fn check(draw: impl FnOnce(&mut Display<Fake>), expected: &[&str]) {
    let panel = Panel::INCH_1_8_CENTRED;
    let mut display = begun(panel, Rotation::Upright);
    draw(&mut display);
    let width = expected[0].len() as u32;
    let part = Rectangle::new(0, 0, width, expected.len() as u32);
    let fake = display.release();
    assert_eq!(fake.seen(panel, Rotation::Upright, part), expected);
    assert_eq!(fake.complaints, [""; 0]);
}

#[test]
fn a_display_that_has_begun_is_awake_black_and_shown() {
    for panel in PANELS {
        let area = panel.area(Rotation::Upright);
        let fake = begun(panel, Rotation::Upright).release();
        assert!(fake.shown);
        assert_eq!(fake.inverted, panel.polarity() == Polarity::Inverted);
        assert_eq!(fake.blue_first(), [Panel::INCH_1_44, Panel::INCH_0_96].contains(&panel));
        assert_eq!(fake.touched() as u32, area.width * area.height, "the glass and nothing else");
        assert_eq!(fake.complaints, [""; 0]);
    }
}

#[test]
fn text_is_seen_as_it_was_written() {
    check(
        |display| {
            let end = display.write(&Sysfont, "Go!", (1, 1), WHITE_ON_BLACK).unwrap();
            assert_eq!(end, 19);
        },
        &[
            "....................",
            "..###..........#....",
            ".#...#.........#....",
            ".#......###....#....",
            ".#.###.#...#...#....",
            ".#...#.#...#...#....",
            ".#...#.#...#........",
            "..####..###....#....",
            "....................",
        ],
    );
}

#[test]
fn text_that_leaves_the_glass_is_cut_at_its_edge() {
    check(
        |display| {
            display.write(&Sysfont, "Ag", (-2, -4), WHITE_ON_BLACK).unwrap();
            display.write(&Sysfont, "far", (i32::MAX, i32::MIN), WHITE_ON_BLACK).unwrap();
        },
        &["..#.#...#.", "..#..####.", "..#.....#.", ".....###..", ".........."],
    );
}

#[test]
fn a_scaled_letter_has_squares_for_pixels() {
    let style = Style { scale: 2, ..WHITE_ON_BLACK };
    check(
        |display| {
            display.write(&Sysfont, "'", (-4, 0), style).unwrap();
        },
        &["##....", "##....", "##....", "##....", "......"],
    );
}

#[test]
fn a_picture_is_the_same_however_the_glass_is_held() {
    for panel in PANELS {
        let draw = |held| {
            let mut display = begun(panel, held);
            display.write(&Sysfont, "Rq", (3, 2), WHITE_ON_BLACK).unwrap();
            let fake = display.release();
            assert_eq!(fake.complaints, [""; 0]);
            fake.seen(panel, held, Rectangle::new(0, 0, 20, 12))
        };
        let upright = draw(Rotation::Upright);
        assert!(upright[2].starts_with("...####."), "{upright:?}");
        for held in WAYS {
            assert_eq!(draw(held), upright, "{panel:?} {held:?}");
        }
    }
}

#[test]
fn the_corners_of_every_glass_are_its_own() {
    for (panel, held) in PANELS.iter().flat_map(|panel| WAYS.map(|held| (*panel, held))) {
        let mut display = begun(panel, held);
        let area = display.area();
        display.frame(area, Color::WHITE).unwrap();
        let fake = display.release();
        let seen = fake.seen(panel, held, area);
        assert!(seen[0].chars().all(|c| c == '#') && seen[1].ends_with(".#"));
        assert_eq!(seen.last(), seen.first());
        assert_eq!(fake.touched() as u32, area.width * area.height);
    }
}

#[test]
fn lines_go_from_end_to_end_in_every_direction() {
    let expected = ["#....#", ".#..#.", "..##..", "..##..", ".#..#.", "#....#"];
    check(
        |display| {
            display.line((0, 0), (5, 5), Color::WHITE).unwrap();
            display.line((5, 0), (0, 5), Color::WHITE).unwrap();
        },
        &expected,
    );
    check(
        |display| {
            display.line((5, 5), (0, 0), Color::WHITE).unwrap();
            display.line((0, 5), (5, 0), Color::WHITE).unwrap();
        },
        &expected,
    );
    check(|d| d.line((0, 1), (5, 1), Color::RED).unwrap(), &["......", "######", "......"]);
    check(|d| d.line((1, 9), (1, 1), Color::RED).unwrap(), &["...", ".#.", ".#."]);
    check(|d| d.line((0, 0), (5, 1), Color::RED).unwrap(), &["###...", "...###"]);
    check(|d| d.line((2, 2), (2, 2), Color::RED).unwrap(), &["...", "...", "..#"]);
}

#[test]
fn a_line_to_far_away_ends_at_the_edge() {
    let far = (i32::MAX, 0);
    check(|d| d.line((i32::MIN, 0), far, Color::WHITE).unwrap(), &["####", "...."]);
}

#[test]
fn discs_are_round() {
    check(
        |display| display.disc((3, 3), 3, Color::WHITE).unwrap(),
        &["..###..", ".#####.", "#######", "#######", "#######", ".#####.", "..###.."],
    );
    check(|display| display.disc((1, 0), 0, Color::WHITE).unwrap(), &[".#.", "..."]);
}

#[test]
fn a_picture_of_one_bit_a_pixel_has_rows_of_whole_bytes() {
    let bits = [0b1010_0000, 0b0100_0000, 0b0101_0000, 0b1000_0000];
    let place = Rectangle::new(-1, 0, 10, 3);
    check(
        |display| display.picture(place, &bits, (Color::WHITE, Color::BLACK)).unwrap(),
        &[".#......#.", "#.#....#..", ".........."],
    );
}

#[test]
fn what_is_not_on_the_glass_costs_nothing() {
    let mut display = begun(Panel::INCH_1_8, Rotation::Upright);
    let before = display.bus.bytes;
    for (x, y) in [(-1, 0), (128, 0), (0, 160), (i32::MIN, i32::MAX)] {
        display.pixel(x, y, Color::WHITE).unwrap();
    }
    display.fill(Rectangle::new(0, 0, 0, 9), Color::WHITE).unwrap();
    assert_eq!(display.bus.bytes, before);
    display.pixel(0, 0, Color::WHITE).unwrap();
    assert_eq!(display.bus.bytes - before, 5 + 5 + 1 + 2);
}

#[test]
fn a_display_sleeps_and_wakes_with_its_picture() {
    let mut display = begun(Panel::INCH_1_44, Rotation::Left);
    display.pixel(5, 5, Color::WHITE).unwrap();
    display.sleep().unwrap();
    assert!(!display.bus.shown);
    display.wake().unwrap();
    display.sleep().unwrap();
    display.wake().unwrap();
    let fake = display.release();
    let part = Rectangle::new(5, 5, 1, 1);
    assert_eq!(fake.seen(Panel::INCH_1_44, Rotation::Left, part), ["#"]);
    assert!(fake.shown);
    assert_eq!(fake.complaints, [""; 0]);
}

#[test]
fn a_wire_that_breaks_is_an_error_wherever_it_does() {
    let whole = begun(Panel::INCH_0_96, Rotation::Upright).release().bytes;
    for most in (0..64).chain([whole - 1]) {
        let mut fake = Fake::new();
        fake.breaks_after = Some(most);
        assert!(Display::begin(fake, Panel::INCH_0_96, Rotation::Upright).is_err(), "{most}");
    }
}
