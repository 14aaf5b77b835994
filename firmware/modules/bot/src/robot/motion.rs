//! What takes time: going, turning, looking around, finding a way.

use crate::angle::{Angle, Turn};
use crate::body::{Body, Unseen};
use crate::journal::Event;
use crate::line::About;
use crate::map::{CELL_MM, Cell, Echo};
use crate::program::Statement;
use crate::settings::Name;
use crate::terminal::Color;
use crate::texts::Text;

use super::Robot;

/// Looks of a scan, all around.
const SCAN_LOOKS: u8 = 12;
const TURN_OF_LOOK: i32 = 65_536 / SCAN_LOOKS as i32;
/// Nearer to its goal than this a turn is over: two degrees.
const TURNED: i32 = 364;
/// Nearer than this a turn slows down: 25 degrees.
const NEARLY_TURNED: i32 = 4551;
/// Slower than this the wheels stand.
const POWER_MIN: i32 = 8;
/// So many steps of a way are enough for the whole grid; then it gives up.
const STEPS_MAX: u16 = 400;

/// What the robot is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Task {
    None,
    /// Goes until the way is so long.
    Forward {
        until_way_mm: u32,
        ahead: bool,
    },
    /// Turns until it has turned so far.
    Turn {
        until_turned: i32,
    },
    /// Goes until something is so near.
    Until {
        near_mm: u32,
    },
    /// Turns a little and looks, so many times.
    Scan {
        looks_left: u8,
        until_turned: i32,
    },
    Wait {
        until_ms: u32,
    },
    Goto {
        goal: Cell,
        leg: Leg,
        steps: u16,
    },
}

/// A part of a way to somewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Leg {
    /// Where next?
    Decide,
    /// Turns towards the next cell.
    Turn { until_turned: i32 },
    /// Goes there.
    Go { until_way_mm: u32 },
}

impl Robot {
    pub(super) fn begin_task(&mut self, statement: Statement<'_>, body: &mut dyn Body) {
        let (way, turned) = (self.drive.way_mm(), self.drive.turned());
        self.task = match statement {
            Statement::Forward(mm) => {
                Task::Forward { until_way_mm: way + mm.unsigned_abs(), ahead: mm >= 0 }
            }
            Statement::Turn(degrees) => {
                Task::Turn { until_turned: turned.saturating_add(Turn::of_degrees(degrees).0) }
            }
            Statement::Until(mm) => Task::Until { near_mm: mm.unsigned_abs() },
            Statement::Scan => Task::Scan { looks_left: SCAN_LOOKS, until_turned: turned },
            Statement::Wait(millis) => {
                Task::Wait { until_ms: self.now_ms.wrapping_add(millis.unsigned_abs()) }
            }
            Statement::Goto(x, y) => match Cell::at(x * 10, y * 10) {
                Some(goal) => Task::Goto { goal, leg: Leg::Decide, steps: 0 },
                None => return self.say(body, Text::Beyond, About::Nothing, Color::RED),
            },
            _ => Task::None,
        };
    }

    /// Goes on with the task.
    pub(super) fn move_on(&mut self, body: &mut dyn Body) {
        match self.task {
            Task::None => {}
            Task::Forward { until_way_mm, ahead } => self.go(until_way_mm, ahead, body),
            Task::Turn { until_turned } => {
                if self.turn_towards(until_turned) {
                    self.task = Task::None;
                }
            }
            Task::Until { near_mm } => self.go_until(near_mm, body),
            Task::Scan { looks_left, until_turned } => self.scan(looks_left, until_turned, body),
            Task::Wait { until_ms } => {
                self.drive.ask(0, 0);
                if self.now_ms.wrapping_sub(until_ms).cast_signed() >= 0 {
                    self.task = Task::None;
                }
            }
            Task::Goto { goal, leg, steps } => self.find_way(goal, leg, steps, body),
        }
    }

    /// Goes a way; something near ends it, because going on would.
    fn go(&mut self, until_way_mm: u32, ahead: bool, body: &mut dyn Body) {
        if self.drive.way_mm() >= until_way_mm {
            self.drive.halt();
            self.task = Task::None;
            return;
        }
        if ahead && self.is_blocked(self.settings.get(Name::Near).unsigned_abs(), body) {
            self.task = Task::None;
            return;
        }
        let speed = self.settings.get(Name::Speed);
        self.drive.ask(if ahead { speed } else { -speed }, 0);
    }

    fn go_until(&mut self, near_mm: u32, body: &mut dyn Body) {
        if self.is_blocked(near_mm, body) {
            self.task = Task::None;
        } else if self.blind >= super::BLIND_MAX {
            // Who sees nothing must not look for a wall with the wheels.
            self.stop(body);
        } else {
            self.drive.ask(self.settings.get(Name::Speed), 0);
        }
    }

    /// Whether something is nearer than that; it stops then, and says so.
    fn is_blocked(&mut self, near_mm: u32, body: &mut dyn Body) -> bool {
        let seen = self.look_and_learn(body);
        let Some(distance) = seen.ok().filter(|distance| *distance < near_mm) else { return false };
        self.drive.halt();
        let centimetres = distance / 10;
        self.note(Event::Obstacle(centimetres.min(255) as u8));
        self.say(body, Text::Obstacle, About::Number(centimetres as i32), Color::YELLOW);
        true
    }

    /// Looks, and takes what is seen into the map.
    fn look_and_learn(&mut self, body: &mut dyn Body) -> Result<u32, Unseen> {
        let far = self.settings.get(Name::Far).unsigned_abs();
        let seen = self.look(body);
        let place = self.drive.place();
        match seen {
            Ok(distance) if distance < far => self.map.hear(place, distance, Echo::Heard),
            Ok(_) | Err(Unseen::Nothing) => self.map.hear(place, far, Echo::Silent),
            Err(Unseen::Blind) => {}
        }
        seen
    }

    /// Turns a little more; whether it is there.
    fn turn_towards(&mut self, until_turned: i32) -> bool {
        let missing = until_turned.saturating_sub(self.drive.turned());
        if missing.abs() <= TURNED {
            self.drive.halt();
            return true;
        }
        let most = self.settings.get(Name::TurnSpeed);
        // The ramp overshoots, so the end of a turn is slow.
        let power = match missing.abs() < NEARLY_TURNED {
            true => (most / 3).max(POWER_MIN),
            false => most,
        };
        self.drive.ask(0, power * missing.signum());
        false
    }

    fn scan(&mut self, looks_left: u8, until_turned: i32, body: &mut dyn Body) {
        if looks_left == 0 {
            let known =
                self.map.count(crate::map::Known::Full) + self.map.count(crate::map::Known::Free);
            self.task = Task::None;
            return self.say(body, Text::Map, About::Number(known as i32), Color::WHITE);
        }
        if self.turn_towards(until_turned) {
            let _ = self.look_and_learn(body);
            let until_turned = until_turned.saturating_add(TURN_OF_LOOK);
            self.task = Task::Scan { looks_left: looks_left - 1, until_turned };
        }
    }

    fn find_way(&mut self, goal: Cell, leg: Leg, steps: u16, body: &mut dyn Body) {
        let next = match leg {
            Leg::Decide => self.decide(goal, steps, body),
            Leg::Turn { until_turned } => match self.turn_towards(until_turned) {
                true => {
                    let until_way_mm = self.drive.way_mm() + CELL_MM.unsigned_abs();
                    Some(Leg::Go { until_way_mm })
                }
                false => Some(leg),
            },
            Leg::Go { until_way_mm } => {
                let near_mm = CELL_MM.unsigned_abs();
                if self.drive.way_mm() >= until_way_mm || self.is_blocked(near_mm, body) {
                    self.drive.halt();
                    Some(Leg::Decide)
                } else {
                    self.drive.ask(self.settings.get(Name::Speed), 0);
                    Some(leg)
                }
            }
        };
        self.task = match next {
            Some(Leg::Decide) => Task::Goto { goal, leg: Leg::Decide, steps: steps + 1 },
            Some(leg) => Task::Goto { goal, leg, steps },
            None => Task::None,
        };
    }

    /// Where to go next; `None` if it is there, or cannot get there.
    fn decide(&mut self, goal: Cell, steps: u16, body: &mut dyn Body) -> Option<Leg> {
        let place = self.drive.place();
        let here = Cell::at(place.x_mm, place.y_mm);
        let way = here.and_then(|here| self.map.way(here, goal, &mut self.wave));
        match (here, way) {
            (_, Some((_, 0))) => {
                self.say(body, Text::Arrived, About::Nothing, Color::GREEN);
                None
            }
            (Some(here), Some((next, _))) if steps < STEPS_MAX => {
                let wanted = heading(here, next);
                let missing = wanted.0.wrapping_sub(place.heading.0).cast_signed();
                let until_turned = self.drive.turned().saturating_add(i32::from(missing));
                Some(Leg::Turn { until_turned })
            }
            _ => {
                self.note(Event::NoWay);
                self.say(body, Text::NoWay, About::Nothing, Color::RED);
                None
            }
        }
    }
}

/// The direction from a cell to one beside it.
fn heading(from: Cell, to: Cell) -> Angle {
    let tenths = match (to.column.cmp(&from.column), to.row.cmp(&from.row)) {
        (core::cmp::Ordering::Greater, _) => 900,
        (core::cmp::Ordering::Less, _) => 2700,
        (_, core::cmp::Ordering::Greater) => 1800,
        _ => 0,
    };
    Angle::of_tenths(tenths)
}
