use super::*;

const CONSOLE: ConsoleExtent = ConsoleExtent { first: 0, end: 100, page: 11 };

fn sight() -> Sight {
    Sight { console: CONSOLE, units: Vec::new() }
}

fn app() -> App {
    App::new("demo".into(), Palette::PLAIN)
}

fn press(app: &mut App, code: KeyCode) -> Option<Command> {
    app.update(&Event::Key(KeyEvent::from(code)), &sight())
}

fn type_text(app: &mut App, text: &str) {
    for character in text.chars() {
        assert_eq!(press(app, KeyCode::Char(character)), None);
    }
}

fn control_c() -> Event {
    Event::Key(KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL))
}

#[test]
fn q_quits_and_control_c_quits_from_everywhere() {
    assert_eq!(press(&mut app(), KeyCode::Char('q')), Some(Command::Quit));
    let mut typing = app();
    let _ = press(&mut typing, KeyCode::Char('i'));
    assert_eq!(typing.update(&control_c(), &sight()), Some(Command::Quit));
    let mut help = app();
    let _ = press(&mut help, KeyCode::Char('?'));
    assert_eq!(help.update(&control_c(), &sight()), Some(Command::Quit));
}

#[test]
fn the_release_of_a_key_does_nothing() {
    let mut key = KeyEvent::from(KeyCode::Char('q'));
    key.kind = KeyEventKind::Release;
    assert_eq!(app().update(&Event::Key(key), &sight()), None);
}

#[test]
fn space_pauses_and_goes_on() {
    let mut app = app();
    assert_eq!(press(&mut app, KeyCode::Char(' ')), None);
    assert_eq!(app.pace, Pace::Paused);
    assert_eq!(press(&mut app, KeyCode::Char(' ')), None);
    assert_eq!(app.pace, Pace::Running);
}

#[test]
fn a_dot_steps_and_pauses_first() {
    let mut app = app();
    assert_eq!(press(&mut app, KeyCode::Char('.')), Some(Command::Step));
    assert_eq!(app.pace, Pace::Paused);
    assert_eq!(press(&mut app, KeyCode::Char('.')), Some(Command::Step));
}

#[test]
fn plus_and_minus_change_the_speed() {
    let mut app = app();
    let _ = press(&mut app, KeyCode::Char('+'));
    assert_eq!(app.speed.to_string(), "2x");
    let _ = press(&mut app, KeyCode::Char('-'));
    let _ = press(&mut app, KeyCode::Char('-'));
    assert_eq!(app.speed.to_string(), "0.5x");
}

#[test]
fn help_goes_away_with_any_key_that_then_does_nothing_else() {
    let mut app = app();
    let _ = press(&mut app, KeyCode::Char('?'));
    assert!(app.help);
    assert_eq!(press(&mut app, KeyCode::Char('r')), None);
    assert!(!app.help);
}

#[test]
fn a_typed_line_is_sent_whole_and_keys_in_it_are_text() {
    let mut app = app();
    let _ = press(&mut app, KeyCode::Enter);
    type_text(&mut app, "qr mem");
    let _ = press(&mut app, KeyCode::Home);
    let _ = press(&mut app, KeyCode::Delete);
    let _ = press(&mut app, KeyCode::Delete);
    let _ = press(&mut app, KeyCode::Delete);
    let sent = press(&mut app, KeyCode::Enter);
    assert_eq!(sent, Some(Command::Type("mem".into())));
    assert_eq!(app.editor.text(), "");
    assert!(app.typing, "the next line can be typed at once");
}

#[test]
fn escape_leaves_the_line_and_keeps_its_text() {
    let mut app = app();
    let _ = press(&mut app, KeyCode::Char('i'));
    type_text(&mut app, "thr");
    let _ = press(&mut app, KeyCode::Esc);
    assert!(!app.typing);
    assert_eq!(app.editor.text(), "thr");
    assert_eq!(press(&mut app, KeyCode::Char('q')), Some(Command::Quit));
}

#[test]
fn up_brings_back_the_line_before() {
    let mut app = app();
    let _ = press(&mut app, KeyCode::Char('i'));
    for line in ["mem", "threads"] {
        type_text(&mut app, line);
        let _ = press(&mut app, KeyCode::Enter);
    }
    let _ = press(&mut app, KeyCode::Up);
    let _ = press(&mut app, KeyCode::Up);
    assert_eq!(app.editor.text(), "mem");
    let _ = press(&mut app, KeyCode::Down);
    assert_eq!(app.editor.text(), "threads");
    let _ = press(&mut app, KeyCode::Down);
    assert_eq!(app.editor.text(), "");
}

#[test]
fn a_view_that_was_scrolled_up_stays_while_lines_arrive() {
    let mut app = app();
    let _ = press(&mut app, KeyCode::PageUp);
    assert_eq!(app.scroll.end(CONSOLE), 90);
    let more = ConsoleExtent { end: 500, ..CONSOLE };
    assert_eq!(app.scroll.end(more), 90);
}

#[test]
fn scrolling_down_to_the_end_follows_again() {
    let mut app = app();
    let _ = press(&mut app, KeyCode::PageUp);
    let _ = press(&mut app, KeyCode::PageDown);
    assert_eq!(app.scroll, Scroll::Follow);
}

#[test]
fn the_oldest_page_is_as_far_as_it_goes() {
    let mut app = app();
    for _ in 0..100 {
        let _ = press(&mut app, KeyCode::PageUp);
    }
    assert_eq!(app.scroll.end(CONSOLE), 11);
    let dropped = ConsoleExtent { first: 50, ..CONSOLE };
    assert_eq!(app.scroll.end(dropped), 61, "lines that are gone cannot be seen");
}

#[test]
fn a_restart_follows_the_console_again() {
    let mut app = app();
    let _ = press(&mut app, KeyCode::PageUp);
    assert_eq!(press(&mut app, KeyCode::Char('r')), Some(Command::Restart));
    assert_eq!(app.scroll, Scroll::Follow);
}

#[test]
fn a_key_with_alt_or_control_is_another_key() {
    for modifier in [KeyModifiers::ALT, KeyModifiers::CONTROL] {
        let key = KeyEvent::new(KeyCode::Char('r'), modifier);
        assert_eq!(app().update(&Event::Key(key), &sight()), None);
    }
}
