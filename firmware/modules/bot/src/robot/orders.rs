//! Orders: what somebody types.
//!
//! A word that is none of these begins a program: `forward 300; turn 90`.

use crate::body::Body;
use crate::journal::{Entry, Event};
use crate::line::{About, Line};
use crate::map::{Cell, Known, SIDE};
use crate::program::{self, Mistake, PROGRAMS};
use crate::settings::{SETTINGS, Wrong};
use crate::terminal::Color;
use crate::texts::{Language, Text};

use super::{Mode, Robot};

/// Somebody's order, by its word.
struct Order {
    word: &'static str,
    carry_out: fn(&mut Robot, &str, &mut dyn Body),
}

const fn order(word: &'static str, carry_out: fn(&mut Robot, &str, &mut dyn Body)) -> Order {
    Order { word, carry_out }
}

static ORDERS: [Order; 12] = [
    order("help", Robot::help),
    order("programs", Robot::list_programs),
    order("run", Robot::run),
    order("stop", Robot::order_stop),
    order("status", Robot::status),
    order("set", Robot::set),
    order("settings", Robot::list_settings),
    order("language", Robot::set_language),
    order("name", Robot::set_name),
    order("journal", Robot::list_journal),
    order("map", Robot::draw_map),
    order("clear", Robot::clear),
];

impl Robot {
    /// Does what an order says, and says what came of it; whether it was understood.
    pub fn order(&mut self, text: &str, body: &mut dyn Body) -> bool {
        let text = text.trim_ascii();
        let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
        self.busy_at_ms = self.now_ms;
        if let Some(order) = ORDERS.iter().find(|order| order.word == word) {
            (order.carry_out)(self, rest.trim_ascii(), body);
            return true;
        }
        match program::check(text) {
            Ok(0) => true,
            Ok(_) if self.mode == Mode::Running => {
                self.say(body, Text::Busy, About::Nothing, Color::YELLOW);
                true
            }
            Ok(_) => {
                self.start(text, body);
                true
            }
            Err(Mistake { text, about }) => {
                self.say(body, text, About::Name(about), Color::RED);
                false
            }
        }
    }

    fn help(&mut self, _: &str, body: &mut dyn Body) {
        let mut words = Line::new();
        for order in &ORDERS {
            words.push(order.word);
            words.push(" ");
        }
        self.say(body, Text::Help, About::Name(words.text().trim_ascii_end()), Color::WHITE);
        self.write(program::WORDS, Color::WHITE, body);
    }

    fn list_programs(&mut self, _: &str, body: &mut dyn Body) {
        for program in &PROGRAMS {
            self.write(program.name, Color::WHITE, body);
        }
    }

    fn run(&mut self, name: &str, body: &mut dyn Body) {
        match PROGRAMS.iter().position(|program| program.name == name) {
            Some(_) if self.mode == Mode::Running => {
                self.say(body, Text::Busy, About::Nothing, Color::YELLOW);
            }
            Some(index) => self.start_known(index, body),
            None => self.say(body, Text::NoProgram, About::Name(name), Color::RED),
        }
    }

    fn order_stop(&mut self, _: &str, body: &mut dyn Body) {
        self.stop(body);
    }

    fn status(&mut self, _: &str, body: &mut dyn Body) {
        let place = self.drive.place();
        let mode = match self.mode {
            Mode::Idle => "idle",
            Mode::Menu(_) => "menu",
            Mode::Running => "running",
        };
        let mut line = Line::new();
        line.push(mode);
        line.push(", at ");
        line.push_number(place.x_mm / 10);
        line.push(" ");
        line.push_number(place.y_mm / 10);
        line.push(" cm, looks to ");
        line.push_number((place.heading.tenths() / 10) as i32);
        self.write(line.text(), Color::WHITE, body);
        self.say(body, Text::Way, About::Number(self.drive.way_mm() as i32), Color::WHITE);
        let mood = match self.drive.turned().unsigned_abs() {
            0..655_360 if self.drive.way_mm() > 100_000 => Text::Tired,
            0..655_360 => Text::Mood,
            _ => Text::Dizzy,
        };
        self.say(body, mood, About::Nothing, Color::WHITE);
    }

    fn set(&mut self, arguments: &str, body: &mut dyn Body) {
        let (key, value) = arguments.split_once([' ', '=']).unwrap_or((arguments, ""));
        let Some(value) = program::read_number(value.trim_ascii()) else {
            return self.say(body, Text::Number, About::Name(key), Color::RED);
        };
        match self.settings.set(key, value) {
            Ok(index) => {
                self.drive.set_chassis(self.settings.chassis());
                self.note(Event::Setting(index as u8));
                self.say(body, Text::Setting, About::Name(key), Color::GREEN);
            }
            Err(Wrong::NoSuch) => self.say(body, Text::NoSetting, About::Name(key), Color::RED),
            Err(Wrong::Bounds) => self.say(body, Text::Bounds, About::Name(key), Color::RED),
        }
    }

    /// As a file that `ini_parser` reads.
    fn list_settings(&mut self, _: &str, body: &mut dyn Body) {
        let mut section = "";
        for (setting, value) in self.settings.clone().all() {
            if setting.section != section {
                section = setting.section;
                body.tell(Line::of("[#]", About::Name(section)).text());
            }
            let mut line = Line::of("# = ", About::Name(setting.key));
            line.push_number(value);
            body.tell(line.text());
        }
    }

    /// Takes the settings that `value` knows, by section and key; how many were wrong.
    pub fn configure(
        &mut self,
        mut value: impl FnMut(&str, &str) -> Option<i32>,
        body: &mut dyn Body,
    ) -> usize {
        let mut wrong = 0;
        for setting in &SETTINGS {
            let Some(value) = value(setting.section, setting.key) else { continue };
            if self.settings.set(setting.key, value).is_err() {
                wrong += 1;
                self.say(body, Text::Bounds, About::Name(setting.key), Color::RED);
            }
        }
        self.drive.set_chassis(self.settings.chassis());
        wrong
    }

    fn set_language(&mut self, code: &str, body: &mut dyn Body) {
        match Language::of_code(code) {
            Some(language) => {
                self.settings.language = language;
                let name = self.name;
                self.say(body, Text::Hello, About::Name(name.text()), Color::CYAN);
            }
            None => self.say(body, Text::WhatIs, About::Name(code), Color::RED),
        }
    }

    fn set_name(&mut self, name: &str, body: &mut dyn Body) {
        let short = name.char_indices().nth(12).map_or(name.len(), |(end, _)| end);
        self.name = Line::new();
        self.name.push(name.get(..short).unwrap_or(name));
        let name = self.name;
        self.say(body, Text::Hello, About::Name(name.text()), Color::CYAN);
    }

    fn list_journal(&mut self, _: &str, body: &mut dyn Body) {
        for Entry { at_ms, event } in self.journal.entries() {
            let mut line = Line::of("# ms: ", About::Number(at_ms as i32));
            line.push(describe(event).text());
            body.tell(line.text());
        }
    }

    /// A letter a cell, two rows in one line of the console.
    fn draw_map(&mut self, _: &str, body: &mut dyn Body) {
        let place = self.drive.place();
        let here = Cell::at(place.x_mm, place.y_mm);
        for row in (0..SIDE as u8).step_by(2) {
            let mut line = Line::new();
            for column in 0..SIDE as u8 {
                let cells = [Cell { column, row }, Cell { column, row: row + 1 }];
                let is_any = |what| cells.iter().any(|cell| self.map.known(*cell) == what);
                line.push(match () {
                    () if here.is_some_and(|here| cells.contains(&here)) => "@",
                    () if is_any(Known::Full) => "#",
                    () if is_any(Known::Free) => ".",
                    () => " ",
                });
            }
            body.tell(line.text().trim_ascii_end());
        }
    }

    fn clear(&mut self, _: &str, _: &mut dyn Body) {
        self.uncover();
        self.terminal.clear();
    }
}

fn describe(event: Event) -> Line {
    let number = |number: u8| About::Number(i32::from(number));
    let (sentence, about) = match event {
        Event::Began => ("began", About::Nothing),
        Event::ProgramBegan(index) => {
            let name = PROGRAMS.get(usize::from(index)).map_or("?", |program| program.name);
            ("program # began", About::Name(name))
        }
        Event::ProgramEnded => ("program ended", About::Nothing),
        Event::Stopped => ("stopped", About::Nothing),
        Event::Obstacle(centimetres) => ("obstacle at # cm", number(centimetres)),
        Event::Blind(times) => ("blind for # looks", number(times)),
        Event::Button => ("button", About::Nothing),
        Event::Setting(index) => {
            let key = SETTINGS.get(usize::from(index)).map_or("?", |setting| setting.key);
            ("setting # changed", About::Name(key))
        }
        Event::NoWay => ("no way", About::Nothing),
    };
    Line::of(sentence, about)
}
