//! Whole screens of devices made by hand, compared with golden texts in `golden/`. With
//! `RAMSCOPE_BLESS=1` in the environment the golden texts are written anew.

mod stage;

use std::path::PathBuf;

use ramscope_time::{Instant, Span};
use ramscope_wire::{EndReason, LockOp, ObjectKind, OverflowHow, UnitId};
use ratatui::crossterm::event::{Event, KeyCode, KeyEvent};
use ratatui::layout::Size;
use ratatui::style::Color;

use super::*;
use crate::app::Pace;
use crate::once::{self, ScreenSize};
use crate::palette::Palette;
use crate::scene::{MachineState, Recording, ScreenPicture};
use stage::Stage;

fn check(name: &str, scene: &Scene<'_>, app: &App, size: (u16, u16)) {
    let drawn = once::text(scene, app, ScreenSize(Size::from(size)));
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("golden/{name}.txt"));
    if std::env::var_os("RAMSCOPE_BLESS").is_some() {
        std::fs::write(&path, &drawn).unwrap();
    }
    let golden = std::fs::read_to_string(&path).unwrap();
    assert_eq!(drawn, golden, "{name}: see {}", path.display());
}

fn app() -> App {
    App::new("demo".into(), Palette::PLAIN)
}

fn press(app: &mut App, codes: &[KeyCode], scene: &Scene<'_>) {
    for &code in codes {
        let sight = sight(SIZE_MIN, scene, app);
        let _ = app.update(&Event::Key(KeyEvent::from(code)), &sight);
    }
}

#[test]
fn the_smallest_screen_shows_everything() {
    check("demo-80x24", &Stage::demo().scene(), &app(), (80, 24));
}

#[test]
fn a_large_screen_gives_room_to_chart_threads_and_console() {
    check("demo-160x50", &Stage::demo().scene(), &app(), (160, 50));
}

#[test]
fn a_display_lies_over_the_screen_as_large_as_there_is_room() {
    let stage = Stage::demo();
    let mut app = app();
    press(&mut app, &[KeyCode::Char('d')], &stage.scene());
    check("no-display-80x24", &stage.scene(), &app, (80, 24));
    // A light disc.
    let is_in = |at: u32| (at % 128).abs_diff(64).pow(2) + (at / 128).abs_diff(80).pow(2) < 3_000;
    let pixel = |at: u32| if is_in(at) { [0xFF; 4] } else { [0, 0, 0, 0xFF] };
    let rgba = (0..128 * 160).flat_map(pixel).collect();
    let pictures = [ScreenPicture { part: "lcd1".into(), size: (128, 160), rgba }];
    let scene = Scene { pictures: &pictures, ..stage.scene() };
    check("display-80x24", &scene, &app, (80, 24));
    press(&mut app, &[KeyCode::Esc], &scene);
    check("demo-80x24", &scene, &app, (80, 24));
}

#[test]
fn a_device_that_has_said_nothing_is_shown_as_such() {
    check("silent-80x24", &Stage::new().scene(), &app(), (80, 24));
}

#[test]
fn a_screen_that_is_too_small_says_so() {
    check("too-small-79x24", &Stage::demo().scene(), &app(), (79, 24));
    for size in [(1, 1), (10, 3), (80, 1), (3, 50)] {
        let _ = once::text(&Stage::demo().scene(), &app(), ScreenSize(size.into()));
    }
}

#[test]
fn no_size_makes_the_drawing_fail() {
    let stage = broken().busy();
    let mut help = app();
    help.help = true;
    for width in [80, 99, 100, 110, 300] {
        for height in [24, 25, 33, 60] {
            let _ = once::text(&stage.scene(), &help, ScreenSize((width, height).into()));
        }
    }
}

/// A device on which a thread overflowed and another panicked.
fn broken() -> Stage {
    let mut stage = Stage::demo();
    stage.panic(UnitId(5), "apps/src/demo.rs", 71, "index out of bounds: the len is 4");
    stage.end(UnitId(5), EndReason::Panicked);
    stage.overflow(UnitId(4), OverflowHow::Guard, 148);
    stage.end(UnitId(4), EndReason::Overflowed);
    stage
}

#[test]
fn findings_are_sentences_and_broken_threads_stay_in_view() {
    check("broken-80x24", &broken().scene(), &app(), (80, 24));
    check("broken-120x40", &broken().scene(), &app(), (120, 40));
}

#[test]
fn tab_shows_timers_and_then_who_waits_for_what() {
    let stage = Stage::demo().busy();
    let mut app = app();
    press(&mut app, &[KeyCode::Tab], &stage.scene());
    check("timers-80x24", &stage.scene(), &app, (80, 24));
    press(&mut app, &[KeyCode::Tab], &stage.scene());
    check("waits-80x24", &stage.scene(), &app, (80, 24));
    press(&mut app, &[KeyCode::Tab], &stage.scene());
    assert_eq!(app.view, View::Modules);
    press(&mut app, &[KeyCode::Tab], &stage.scene());
    assert_eq!(app.view, View::Layout);
    press(&mut app, &[KeyCode::Tab], &stage.scene());
    assert_eq!(app.view, View::Threads);
    press(&mut app, &[KeyCode::BackTab, KeyCode::BackTab], &stage.scene());
    assert_eq!(app.view, View::Modules);
}

#[test]
fn a_chosen_thread_shows_the_functions_that_its_stack_was_deepest_in() {
    let mut stage = Stage::demo();
    let top = 0x3fc9_0000 + 3_072;
    let calls = (&[2, 3, 4][..], &[top - 2_700, top - 1_200, top - 64][..]);
    stage.device.observe_deepest(4, (1, top - 2_800), calls);
    let mut app = app();
    press(&mut app, &[KeyCode::Down; 4], &stage.scene());
    check("chosen-80x24", &stage.scene(), &app, (80, 24));
    press(&mut app, &[KeyCode::Enter], &stage.scene());
    let scene = Scene { symbols: &stage::Working, ..stage.scene() };
    check("unit-80x24", &scene, &app, (80, 24));
    check("unit-160x50", &scene, &app, (160, 50));
    press(&mut app, &[KeyCode::Up], &stage.scene());
    check("unit-unknown-80x24", &scene, &app, (80, 24));
}

#[test]
fn modules_show_what_they_have_and_what_keeps_them() {
    let stage = Stage::demo().modules();
    let mut app = app();
    press(&mut app, &[KeyCode::BackTab, KeyCode::BackTab], &stage.scene());
    check("modules-80x24", &stage.scene(), &app, (80, 24));
    check("modules-130x40", &stage.scene(), &app, (130, 40));
}

#[test]
fn the_layout_shows_areas_free_blocks_and_the_map_by_owner() {
    let stage = Stage::demo().divided();
    let mut app = app();
    press(&mut app, &[KeyCode::BackTab], &stage.scene());
    check("layout-80x24", &stage.scene(), &app, (80, 24));
    check("layout-120x38", &stage.scene(), &app, (120, 38));
}

#[test]
fn a_tall_screen_shows_threads_timers_and_waits() {
    let stage = Stage::demo().busy();
    check("busy-120x38", &stage.scene(), &app(), (120, 38));
    check("busy-160x50", &stage.scene(), &app(), (160, 50));
}

#[test]
fn a_circle_of_waits_stands_above_the_locks() {
    let mut stage = Stage::demo();
    stage.object(2, ObjectKind::Lock, "other");
    for (lock, unit, op) in [
        (1, 3, LockOp::Acquired),
        (2, 5, LockOp::Acquired),
        (1, 5, LockOp::Waiting),
        (2, 3, LockOp::Waiting),
    ] {
        stage.lock(lock, unit, op);
    }
    let mut app = app();
    press(&mut app, &[KeyCode::Tab, KeyCode::Tab], &stage.scene());
    let drawn = once::text(&stage.scene(), &app, ScreenSize(SIZE_MIN));
    let circle = " a circle: sampler waits for logger waits for sampler";
    assert!(drawn.lines().any(|line| line.starts_with(circle)), "{drawn}");
}

#[test]
fn what_does_not_fit_is_counted_and_nothing_to_show_is_said() {
    let mut app = app();
    let silent = Stage::new();
    press(&mut app, &[KeyCode::Tab], &silent.scene());
    let drawn = once::text(&silent.scene(), &app, ScreenSize(SIZE_MIN));
    assert!(drawn.contains("no timer has been set up"), "{drawn}");
    let stage = Stage::demo().busy().timers(40);
    let drawn = once::text(&stage.scene(), &app, ScreenSize(SIZE_MIN));
    assert!(drawn.contains(" and 36 other timers"), "{drawn}");
    assert!(drawn.contains(" callbacks: 625 queued"), "{drawn}");
}

#[test]
fn a_stopped_machine_says_why() {
    let mut stage = Stage::demo();
    stage.machine = MachineState::Stopped("no instruction at 0x00000000".into());
    check("stopped-80x24", &stage.scene(), &app(), (80, 24));
}

#[test]
fn lost_telemetry_and_a_reset_are_said_at_the_top() {
    let mut stage = Stage::demo();
    stage.device.lose_records(stage.now, 12);
    stage.device.damage(stage.now, 96);
    stage.device.reset(stage.now, "software");
    check("lost-80x24", &stage.scene(), &app(), (80, 24));
}

#[test]
fn a_recording_that_is_full_is_said_at_the_top() {
    let mut stage = Stage::demo();
    let said = |stage: &Stage| {
        let drawn = once::text(&stage.scene(), &app(), ScreenSize(SIZE_MIN));
        drawn.lines().nth(1).is_some_and(|line| line.contains("NOT RECORDED since 7.50 s"))
    };
    assert!(!said(&stage));
    stage.recording = Recording::Full(Instant::ZERO + Span::from_millis(7_500));
    assert!(said(&stage));
}

#[test]
fn a_pause_is_said_at_the_top_and_in_the_footer() {
    let stage = Stage::demo();
    let mut app = app();
    press(&mut app, &[KeyCode::Char(' ')], &stage.scene());
    check("paused-80x24", &stage.scene(), &app, (80, 24));
}

#[test]
fn a_still_picture_has_no_speed() {
    let mut app = app();
    app.pace = Pace::Still;
    check("still-100x30", &Stage::demo().scene(), &app, (100, 30));
}

#[test]
fn a_machine_that_is_too_slow_says_what_it_reached() {
    let mut slow = app();
    slow.reached = Some(0.62);
    let drawn = once::text(&Stage::demo().scene(), &slow, ScreenSize::DEFAULT);
    assert!(drawn.contains("1x (reaches 0.6x)"), "{drawn}");
}

#[test]
fn help_lies_over_the_screen() {
    let stage = Stage::demo();
    let mut app = app();
    press(&mut app, &[KeyCode::Char('?')], &stage.scene());
    check("help-80x24", &stage.scene(), &app, (80, 24));
}

#[test]
fn a_line_being_typed_stands_below_the_console() {
    let stage = Stage::demo();
    let mut app = app();
    let keys = [KeyCode::Char('i'), KeyCode::Char('m'), KeyCode::Char('e')];
    press(&mut app, &keys, &stage.scene());
    check("typing-80x24", &stage.scene(), &app, (80, 24));
}

#[test]
fn a_console_that_was_scrolled_up_says_what_is_below() {
    let mut stage = Stage::demo();
    for number in 0..50 {
        stage.print(&format!("line {number}"));
    }
    let mut app = app();
    press(&mut app, &[KeyCode::PageUp, KeyCode::PageUp], &stage.scene());
    check("scrolled-80x24", &stage.scene(), &app, (80, 24));
}

#[test]
fn a_thread_that_ends_moves_no_row_above_it() {
    let mut stage = Stage::demo();
    let row_of = |stage: &Stage, name: &str| {
        let drawn = once::text(&stage.scene(), &app(), ScreenSize::DEFAULT);
        drawn.lines().position(|line| line.starts_with(name))
    };
    let before = [" main ", " visitor#2 ", " kernel "].map(|name| row_of(&stage, name));
    stage.end(UnitId(7), EndReason::Returned);
    let after = [" main ", " visitor#2 ", " kernel "].map(|name| row_of(&stage, name));
    assert!(before.iter().all(Option::is_some));
    assert_eq!(before, after);
}

#[test]
fn earlier_threads_of_a_name_share_a_row_and_the_newest_has_its_own() {
    let mut stage = Stage::demo();
    let shows = |stage: &Stage, names: &[&str]| {
        let drawn = once::text(&stage.scene(), &app(), ScreenSize((80, 40).into()));
        let has = |name: &&str| drawn.lines().any(|line| line.starts_with(name));
        assert!(names.iter().all(has), "{names:?}: {drawn}");
        let rows = drawn.lines().filter(|line| line.starts_with(" visitor"));
        assert_eq!(rows.count(), names.len(), "{drawn}");
    };
    shows(&stage, &[" visitor#2      8 sleep", " visitor        8 returned"]);
    for id in 8..12 {
        stage.end(UnitId(id - 1), EndReason::Returned);
        stage.thread(UnitId(id), "visitor", 8, 1024, 20 * id);
    }
    // With the worst of their peaks: that of the fifth, 200 bytes.
    shows(
        &stage,
        &[" visitor#6      8 ready", " visitor (5)    8 returned      ▒▒▒··········      -    200"],
    );
    stage.end(UnitId(11), EndReason::Returned);
    shows(&stage, &[" visitor#6      8 returned", " visitor (5)    8 returned"]);
    stage.thread(UnitId(12), "visitor", 8, 1024, 100);
    stage.end(UnitId(12), EndReason::Failed);
    shows(&stage, &[" visitor#7      8 failed (0)", " visitor (6)    8 returned"]);
}

#[test]
fn a_name_that_is_too_long_gives_way_to_how_many_there_were() {
    let mut stage = Stage::new();
    for id in 2..130 {
        stage.thread(UnitId(id), "thermometer", 8, 1024, 100);
        stage.end(UnitId(id), EndReason::Returned);
    }
    let drawn = once::text(&stage.scene(), &app(), ScreenSize((80, 40).into()));
    assert!(drawn.contains(" therm… (127) "), "{drawn}");
}

#[test]
fn many_threads_leave_a_line_about_those_left_out() {
    let mut stage = Stage::demo();
    for id in 100..160 {
        stage.thread(UnitId(id), "many", 8, 1024, 100);
    }
    let drawn = once::text(&stage.scene(), &app(), ScreenSize::DEFAULT);
    assert!(drawn.contains("more threads"), "{drawn}");
}

#[test]
fn without_colour_the_text_is_the_same_and_has_none() {
    let stage = broken();
    let plain = once::buffer(&stage.scene(), &app(), ScreenSize::DEFAULT);
    let coloured = App::new("demo".into(), Palette::COLOR);
    let coloured = once::buffer(&stage.scene(), &coloured, ScreenSize::DEFAULT);
    let symbols = |buffer: &ratatui::buffer::Buffer| {
        let cells = buffer.content().iter();
        cells.map(|cell| cell.symbol().to_owned()).collect::<String>()
    };
    assert_eq!(symbols(&plain), symbols(&coloured));
    assert!(plain.content().iter().all(|cell| cell.fg == Color::Reset));
    assert!(coloured.content().iter().any(|cell| cell.fg == Color::Red));
}

#[test]
fn a_wide_character_from_a_device_breaks_nothing() {
    let mut stage = Stage::demo();
    stage.print(&"漢".repeat(100));
    let drawn = once::text(&stage.scene(), &app(), ScreenSize::DEFAULT);
    assert!(drawn.contains('漢'));
    assert_eq!(stage.scene().now, Instant::ZERO + stage::LENGTH);
}

#[test]
fn threads_that_break_again_and_again_do_not_hide_those_that_live() {
    let mut stage = Stage::demo();
    for id in 100..160 {
        stage.thread(UnitId(id), "many", 8, 1024, 100);
        stage.end(UnitId(id), EndReason::Faulted);
    }
    let drawn = once::text(&stage.scene(), &app(), ScreenSize(SIZE_MIN));
    assert!(drawn.contains(" logger "), "{drawn}");
    assert!(drawn.contains(" many#60 "), "{drawn}");
    assert!(!drawn.contains(" many#58 "), "{drawn}");
}
