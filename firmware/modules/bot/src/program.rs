//! Programs that a person writes for the robot, in words.
//!
//! `repeat 4; forward 300; turn 90; end`: statements end with `;` or a line end, a word is followed by its
//! number or text. A program is read as a whole before its first statement runs, so that the robot does not
//! stop in the middle of the room because of a typing error.

use crate::texts::Text;

/// Statements that a program may have.
pub const STATEMENTS_MAX: usize = 48;
/// Repetitions within each other.
pub const DEPTH_MAX: usize = 4;

/// A statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Statement<'a> {
    /// Goes so many millimetres, backwards if negative.
    Forward(i32),
    /// Turns so many degrees to the right.
    Turn(i32),
    /// Goes ahead until something is nearer than so many millimetres.
    Until(i32),
    /// Goes to a place of the map, in centimetres to the right of and ahead of the begin.
    Goto(i32, i32),
    /// Looks around and takes what it sees into the map.
    Scan,
    /// Waits so many milliseconds.
    Wait(i32),
    /// Says something.
    Say(&'a str),
    /// Makes a face.
    Face(&'a str),
    /// Plays one of the robot's tunes.
    Play(&'a str),
    /// Does what follows up to its end so often; 0 is for ever.
    Repeat(i32),
    /// The end of what is repeated.
    End,
}

/// Why a text is no program: what to say, and about which word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mistake<'a> {
    /// What to say.
    pub text: Text,
    /// About what.
    pub about: &'a str,
}

/// The words that begin a statement.
pub const WORDS: &str =
    "forward back turn left right until goto scan wait say face play repeat end";

/// The statements of a text.
#[derive(Clone, Debug)]
pub struct Statements<'a> {
    rest: &'a str,
}

impl<'a> Statements<'a> {
    /// Of a text.
    #[must_use]
    pub const fn of(text: &'a str) -> Self {
        Self { rest: text }
    }
}

impl<'a> Iterator for Statements<'a> {
    type Item = Result<Statement<'a>, Mistake<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if self.rest.is_empty() {
                return None;
            }
            let (now, rest) = self.rest.split_once([';', '\n']).unwrap_or((self.rest, ""));
            self.rest = rest;
            if !now.trim_ascii().is_empty() {
                return Some(statement(now.trim_ascii()));
            }
        }
    }
}

/// Reads the whole of a text; how many statements it has.
///
/// # Errors
/// The first mistake.
pub fn check(text: &str) -> Result<usize, Mistake<'_>> {
    let (mut count, mut depth) = (0, 0);
    let mistake = |text| Mistake { text, about: "" };
    for statement in Statements::of(text) {
        match statement? {
            Statement::Repeat(_) if depth == DEPTH_MAX => return Err(mistake(Text::TooDeep)),
            Statement::Repeat(_) => depth += 1,
            Statement::End if depth == 0 => return Err(mistake(Text::Unopened)),
            Statement::End => depth -= 1,
            _ => {}
        }
        count += 1;
    }
    match depth {
        _ if count > STATEMENTS_MAX => Err(mistake(Text::TooLong)),
        0 => Ok(count),
        _ => Err(mistake(Text::Unclosed)),
    }
}

fn statement(text: &str) -> Result<Statement<'_>, Mistake<'_>> {
    let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
    let rest = rest.trim_ascii();
    let number = |most: i32| number(word, rest, most);
    let done = |statement| match rest {
        "" => Ok(statement),
        _ => Err(Mistake { text: Text::WhatIs, about: rest }),
    };
    match word {
        "forward" => number(10_000).map(Statement::Forward),
        "back" => number(10_000).map(|way| Statement::Forward(-way)),
        "turn" | "right" => number(3600).map(Statement::Turn),
        "left" => number(3600).map(|turn| Statement::Turn(-turn)),
        "until" => number(4000).map(Statement::Until),
        "wait" => number(600_000).map(Statement::Wait),
        "repeat" => number(10_000).map(Statement::Repeat),
        "goto" => goto(word, rest),
        "say" => Ok(Statement::Say(rest)),
        "face" => Ok(Statement::Face(rest)),
        "play" => Ok(Statement::Play(rest)),
        "scan" => done(Statement::Scan),
        "end" => done(Statement::End),
        _ => Err(Mistake { text: Text::WhatIs, about: word }),
    }
}

fn goto<'a>(word: &'a str, rest: &'a str) -> Result<Statement<'a>, Mistake<'a>> {
    let (x, y) = rest.split_once(' ').unwrap_or((rest, ""));
    Ok(Statement::Goto(number(word, x, 160)?, number(word, y.trim_ascii(), 160)?))
}

/// A number in decimal digits. One function for all who read some: each use of the library's becomes a
/// copy of it.
#[inline(never)]
#[must_use]
pub fn read_number(text: &str) -> Option<i32> {
    text.parse().ok()
}

fn number<'a>(word: &'a str, text: &str, most: i32) -> Result<i32, Mistake<'a>> {
    let number = read_number(text).ok_or(Mistake { text: Text::Number, about: word })?;
    match number.unsigned_abs() <= most.unsigned_abs() {
        true => Ok(number),
        false => Err(Mistake { text: Text::Bounds, about: word }),
    }
}

/// Where a run of a program is.
#[derive(Clone, Copy, Debug, Default)]
pub struct Progress {
    next: u16,
    loops: [Loop; DEPTH_MAX],
    depth: u8,
    /// Repetitions since the last statement that takes time.
    idle_rounds: u8,
}

#[derive(Clone, Copy, Debug, Default)]
struct Loop {
    /// The statement behind `repeat`.
    begin: u16,
    /// How often it is still to be done; `None` is for ever.
    left: Option<u16>,
}

/// What a run does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next<'a> {
    /// A statement that is not a repetition.
    Do(Statement<'a>),
    /// Nothing until the next tick: a repetition of nothing must not keep the robot.
    Pause,
    /// It is over.
    Over,
}

impl Progress {
    /// At the begin of a program.
    #[must_use]
    pub const fn new() -> Self {
        let none = Loop { begin: 0, left: None };
        Self { next: 0, loops: [none; DEPTH_MAX], depth: 0, idle_rounds: 0 }
    }

    /// Goes to the next statement of a text that [`check`] has passed.
    pub fn next<'a>(&mut self, text: &'a str) -> Next<'a> {
        // Each round takes a statement; a repetition of nothing pauses after a few.
        for _ in 0..2 * STATEMENTS_MAX {
            let Some(Ok(statement)) = Statements::of(text).nth(usize::from(self.next)) else {
                return Next::Over;
            };
            self.next += 1;
            match statement {
                Statement::Repeat(times) => self.begin_loop(times),
                Statement::End => {
                    self.end_loop();
                    self.idle_rounds += 1;
                    if self.idle_rounds >= 4 {
                        self.idle_rounds = 0;
                        return Next::Pause;
                    }
                }
                statement => {
                    self.idle_rounds = 0;
                    return Next::Do(statement);
                }
            }
        }
        Next::Pause
    }

    fn begin_loop(&mut self, times: i32) {
        let left = u16::try_from(times).ok().filter(|times| *times > 0);
        if let Some(place) = self.loops.get_mut(usize::from(self.depth)) {
            *place = Loop { begin: self.next, left };
            self.depth += 1;
        }
    }

    fn end_loop(&mut self) {
        let Some(at) = usize::from(self.depth).checked_sub(1) else { return };
        let Some(place) = self.loops.get_mut(at) else { return };
        match place.left {
            Some(1) => self.depth -= 1,
            left => {
                place.left = left.map(|left| left - 1);
                self.next = place.begin;
            }
        }
    }
}

/// A program that the robot brings along.
#[derive(Clone, Copy, Debug)]
pub struct Known {
    /// Its name in the menu.
    pub name: &'static str,
    /// Its text.
    pub text: &'static str,
}

/// The programs of the menu.
pub static PROGRAMS: [Known; 8] = [
    Known { name: "square", text: "repeat 4; forward 300; turn 90; end" },
    Known { name: "star", text: "face proud; repeat 5; forward 400; turn 144; end; play found" },
    Known {
        name: "house",
        text: "say This is the house of Santa Claus.; forward 300; right 135; forward 424; left 135; \
               forward 300; left 135; forward 424; left 90; forward 212; left 90; forward 212; left 45; \
               forward 300; left 90; forward 300",
    },
    Known {
        name: "explore",
        text: "face curious; repeat 12; scan; until 250; back 60; turn 75; end; scan; play found; goto 0 0",
    },
    Known {
        name: "patrol",
        text: "repeat 0; forward 800; turn 180; scan; wait 2000; forward 800; turn 180; wait 2000; end",
    },
    Known {
        name: "dance",
        text: "play waltz; face happy; repeat 3; left 30; right 60; left 30; back 60; forward 60; \
               repeat 2; turn 180; wait 150; end; end; say Thank you.; play found",
    },
    Known {
        name: "guard",
        text: "face angry; repeat 0; scan; until 300; play lost; say Who goes there?; back 100; turn 170; end",
    },
    Known { name: "home", text: "goto 0 0; face happy; play wake" },
];

#[cfg(test)]
mod tests {
    use super::*;

    fn run(text: &str) -> Vec<String> {
        assert!(check(text).is_ok(), "{text}");
        let mut progress = Progress::default();
        let mut done = Vec::new();
        for _ in 0..200 {
            match progress.next(text) {
                Next::Do(statement) => done.push(format!("{statement:?}")),
                Next::Pause => done.push("pause".to_owned()),
                Next::Over => return done,
            }
        }
        done.push("...".to_owned());
        done
    }

    fn check_mistake(source: &str, text: Text, about: &str) {
        assert_eq!(check(source), Err(Mistake { text, about }), "{source}");
    }

    #[test]
    fn repetitions_stand_within_each_other() {
        let done = run("repeat 2; forward 1; repeat 3; turn 2; end; end; wait 3");
        let round = ["Forward(1)", "Turn(2)", "Turn(2)", "Turn(2)"];
        assert_eq!(done, [&round[..], &round[..], &["Wait(3)"]].concat());
    }

    #[test]
    fn for_ever_is_for_ever_and_nothing_for_ever_pauses() {
        assert_eq!(run("repeat 0; scan; end").len(), 201);
        let done = run("repeat 0; end");
        assert_eq!(done[..3], ["pause", "pause", "pause"]);
    }

    #[test]
    fn a_text_keeps_its_spaces_and_words_have_synonyms() {
        assert_eq!(run("say  a b ; left 90\nback 5"), ["Say(\"a b\")", "Turn(-90)", "Forward(-5)"]);
        assert_eq!(run(" ;;\n; "), [""; 0]);
        assert_eq!(run("goto -20  35"), ["Goto(-20, 35)"]);
    }

    #[test]
    fn mistakes_are_found_before_anything_runs() {
        check_mistake("forward 1; jump 3", Text::WhatIs, "jump");
        check_mistake("forward", Text::Number, "forward");
        check_mistake("forward far", Text::Number, "forward");
        check_mistake("forward 10001", Text::Bounds, "forward");
        check_mistake("goto 1", Text::Number, "goto");
        check_mistake("scan 5", Text::WhatIs, "5");
        check_mistake("repeat 3; scan", Text::Unclosed, "");
        check_mistake("end", Text::Unopened, "");
        check_mistake(&"repeat 2;".repeat(5), Text::TooDeep, "");
        check_mistake(&"scan;".repeat(49), Text::TooLong, "");
    }

    #[test]
    fn every_known_program_can_be_run() {
        for program in &PROGRAMS {
            assert!(check(program.text).is_ok(), "{}", program.name);
            assert!(!run(program.text).is_empty());
        }
        for word in WORDS.split(' ') {
            let mistake = statement(word).err().map(|mistake| mistake.text);
            assert_ne!(mistake, Some(Text::WhatIs), "{word}");
        }
    }
}
