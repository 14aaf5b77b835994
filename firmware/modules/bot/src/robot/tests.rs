//! A robot in a fake room.

use super::*;
use crate::body::Button;
use crate::drive::Wheels;
use crate::face::Box4;
use crate::map::{Cell, Known};
use crate::terminal::ROWS;

/// A body whose world is a wall straight ahead of where the robot began.
struct Room {
    wall_mm: Option<i32>,
    place: crate::drive::Place,
    button: Button,
    blind: bool,
    wheels: Wheels,
    lines: Vec<String>,
    tones: Vec<u16>,
    screen: Vec<(i16, String)>,
    fills: usize,
}

impl Room {
    fn new(wall_mm: Option<i32>) -> Self {
        Self {
            wall_mm,
            place: crate::drive::Place::default(),
            button: Button::Up,
            blind: false,
            wheels: Wheels::default(),
            lines: Vec::new(),
            tones: Vec::new(),
            screen: Vec::new(),
            fills: 0,
        }
    }
}

impl Body for Room {
    fn wheels(&mut self, wheels: Wheels) {
        self.wheels = wheels;
    }

    fn look(&mut self, _: i32) -> Result<u32, Unseen> {
        if self.blind {
            return Err(Unseen::Blind);
        }
        let ahead = self.place.heading.cosine();
        let wall = self.wall_mm.filter(|_| ahead > crate::angle::ONE / 2);
        let distance = wall.map(|wall| (wall - self.place.y_mm) * crate::angle::ONE / ahead);
        distance.map(|mm| mm.max(20).unsigned_abs()).ok_or(Unseen::Nothing)
    }

    fn button(&mut self) -> Button {
        self.button
    }

    fn tone(&mut self, hertz: u16, _: u8) {
        self.tones.push(hertz);
    }

    fn fill(&mut self, _: Box4, _: Color) {
        self.fills += 1;
    }

    fn write(&mut self, _: i16, top: i16, text: &str, _: Color) {
        self.screen.push((top, text.trim_end().to_owned()));
    }

    fn tell(&mut self, line: &str) {
        self.lines.push(line.to_owned());
    }
}

/// Ticks for so many milliseconds, or until the robot is idle.
fn run(robot: &mut Robot, room: &mut Room, millis: u32) {
    for _ in 0..millis / 50 {
        robot.tick(50, room);
        room.place = robot.drive.place();
        if robot.mode == Mode::Idle && room.button == Button::Up && robot.tune.is_none() {
            break;
        }
    }
}

fn ordered(order: &str, wall_mm: Option<i32>) -> (Robot, Room) {
    let (mut robot, mut room) = (Robot::new(), Room::new(wall_mm));
    assert!(robot.order(order, &mut room), "{:?}", room.lines);
    run(&mut robot, &mut room, 120_000);
    (robot, room)
}

#[test]
fn a_program_of_the_menu_is_chosen_and_started_with_one_button() {
    let (mut robot, mut room) = (Robot::new(), Room::new(None));
    robot.begin(&mut room);
    assert_eq!(room.lines, ["Hello, I am Bot.", "Press A to select program"]);
    for _ in 0..2 {
        room.button = Button::Down;
        run(&mut robot, &mut room, 100);
        room.button = Button::Up;
        run(&mut robot, &mut room, 100);
    }
    assert!(room.lines.contains(&"Program: star".to_owned()));
    room.button = Button::Down;
    run(&mut robot, &mut room, 800);
    assert_eq!(room.lines.last().unwrap(), "Off I go.");
    assert_eq!(robot.mode, Mode::Running);
    room.button = Button::Up;
    run(&mut robot, &mut room, 120_000);
    assert!(room.lines.contains(&"Done.".to_owned()));
}

#[test]
fn a_bounce_is_no_press() {
    let (mut robot, mut room) = (Robot::new(), Room::new(None));
    room.button = Button::Down;
    robot.tick(5, &mut room);
    room.button = Button::Up;
    robot.tick(5, &mut room);
    assert_eq!(robot.mode, Mode::Idle);
}

#[test]
fn a_square_ends_where_it_began() {
    let (robot, room) = ordered("run square", None);
    assert_eq!(robot.mode, Mode::Idle);
    let place = robot.drive.place();
    assert!(place.x_mm.abs() < 60 && place.y_mm.abs() < 60, "{place:?}");
    assert_eq!(room.wheels, Wheels::default());
}

#[test]
fn it_stops_before_a_wall_and_says_how_near() {
    let (robot, room) = ordered("forward 2000", Some(900));
    let place = robot.drive.place();
    assert!((650..=740).contains(&place.y_mm), "{place:?}");
    assert!(room.lines.iter().any(|line| line.starts_with("Something is 1")), "{:?}", room.lines);
    assert_eq!(room.wheels, Wheels::default());
    let obstacle = robot.journal().entries().find(|e| matches!(e.event, Event::Obstacle(_)));
    assert!(obstacle.is_some());
}

#[test]
fn back_goes_back_whatever_stands_ahead() {
    let (robot, _) = ordered("back 200", Some(60));
    assert!((-230..=-190).contains(&robot.drive.place().y_mm), "{:?}", robot.drive.place());
}

#[test]
fn a_scan_finds_the_wall_and_ends_where_it_looked() {
    let (robot, room) = ordered("scan", Some(500));
    let wall = Cell::at(0, 500).unwrap();
    assert_eq!(robot.map.known(wall), Known::Full);
    assert!(room.lines.iter().any(|line| line.starts_with("I know ")));
    let away = i32::from(robot.drive.place().heading.0.cast_signed());
    assert!(away.abs() < 2 * 65_536 / 12, "{away}");
}

#[test]
fn it_goes_to_a_place_and_home_again() {
    let (mut robot, mut room) = ordered("goto 40 60", None);
    let place = robot.drive.place();
    assert!((place.x_mm - 400).abs() <= 80 && (place.y_mm - 600).abs() <= 80, "{place:?}");
    assert!(robot.order("run home", &mut room));
    run(&mut robot, &mut room, 120_000);
    let place = robot.drive.place();
    assert!(place.x_mm.abs() <= 80 && place.y_mm.abs() <= 80, "{place:?}");
    assert_eq!(room.lines.iter().filter(|line| *line == "Here I am.").count(), 2);
}

#[test]
fn who_sees_nothing_does_not_drive_into_the_dark() {
    let (mut robot, mut room) = (Robot::new(), Room::new(None));
    room.blind = true;
    assert!(robot.order("until 200", &mut room));
    run(&mut robot, &mut room, 10_000);
    assert_eq!(robot.mode, Mode::Idle);
    assert!(room.lines.contains(&"I see nothing: check the sensor.".to_owned()));
    assert_eq!(room.wheels, Wheels::default());
}

#[test]
fn an_order_that_nobody_understands_is_answered_in_ones_own_language() {
    let (mut robot, mut room) = (Robot::new(), Room::new(None));
    assert!(!robot.order("jump 3", &mut room));
    assert!(robot.order("name Bot", &mut room));
    assert!(robot.order("language de", &mut room));
    assert!(!robot.order("forward", &mut room));
    assert!(robot.order("run away", &mut room));
    let expected = [
        "I do not know `jump`.",
        "Hello, I am Bot.",
        "Hallo, ich bin Bot.",
        "Nach `forward` fehlt eine Zahl.",
        "Ein Programm `away` gibt es nicht.",
    ];
    assert_eq!(room.lines, expected);
}

#[test]
fn settings_are_kept_within_bounds_and_listed_as_a_file() {
    let (mut robot, mut room) = (Robot::new(), Room::new(None));
    for order in ["set speed 80", "set speed 200", "set volume", "set warp 9", "settings"] {
        robot.order(order, &mut room);
    }
    assert_eq!(room.lines[0], "Set: speed");
    assert_eq!(room.lines[1], "That is too much for `speed`.");
    assert_eq!(room.lines[2], "A number is missing after `volume`.");
    assert_eq!(room.lines[3], "There is no setting `warp`.");
    assert_eq!(room.lines[4..6], ["[drive]", "speed = 80"]);
    let value = |section: &str, key: &str| match (section, key) {
        ("eye", "near") => Some(250),
        ("chassis", "track") => Some(5),
        _ => None,
    };
    assert_eq!(robot.configure(value, &mut room), 1);
    assert_eq!(robot.settings.get(Name::Near), 250);
}

#[test]
fn a_busy_robot_takes_no_second_program_but_stops() {
    let (mut robot, mut room) = (Robot::new(), Room::new(None));
    robot.order("repeat 0; wait 100; end", &mut room);
    run(&mut robot, &mut room, 500);
    robot.order("forward 10", &mut room);
    robot.order("stop", &mut room);
    assert_eq!(room.lines, ["Off I go.", "I am busy: stop first.", "Stopped."]);
    assert_eq!(robot.mode, Mode::Idle);
}

#[test]
fn a_tune_is_played_note_by_note_and_ends_in_silence() {
    let (_, room) = ordered("play wake", None);
    assert_eq!(room.tones, [523, 659, 784, 1046, 0, 784, 1046, 0]);
}

#[test]
fn the_screen_gets_what_changed_and_a_face_covers_it() {
    let (mut robot, mut room) = (Robot::new(), Room::new(None));
    (0..ROWS).for_each(|_| robot.tick(50, &mut room));
    room.screen.clear();
    robot.write("Good evening", Color::WHITE, &mut room);
    robot.tick(50, &mut room);
    assert_eq!(room.screen, [(16, "Good evening".to_owned()), (0, "-".to_owned())]);
    room.fills = 0;
    assert!(robot.order("face happy", &mut room));
    (0..5).for_each(|_| robot.tick(50, &mut room));
    assert!(room.fills > 15, "{}", room.fills);
}

#[test]
fn the_map_and_the_journal_can_be_read() {
    let (mut robot, mut room) = ordered("scan", Some(500));
    room.lines.clear();
    robot.order("map", &mut room);
    assert_eq!(room.lines.len(), 16);
    assert!(room.lines.iter().any(|line| line.contains('@')));
    assert!(room.lines.iter().any(|line| line.contains('#')));
    room.lines.clear();
    robot.order("journal", &mut room);
    assert!(room.lines.last().unwrap().ends_with("program ended"), "{:?}", room.lines);
}

#[test]
fn it_is_bored_after_a_minute_and_only_once_a_minute() {
    let (mut robot, mut room) = (Robot::new(), Room::new(None));
    (0..150).for_each(|_| robot.tick(1000, &mut room));
    assert_eq!(room.lines, ["I am bored.", "I am bored."]);
}

#[test]
fn every_program_of_the_menu_ends_or_can_be_stopped() {
    for program in &crate::program::PROGRAMS {
        let (mut robot, mut room) = (Robot::new(), Room::new(Some(600)));
        robot.order(&format!("run {}", program.name), &mut room);
        run(&mut robot, &mut room, 300_000);
        robot.stop(&mut room);
        assert_eq!(room.wheels, Wheels::default(), "{}", program.name);
    }
}
