//! Tunes in the form that telephones had: `name:d=4,o=5,b=100:c,8d.,p,e6`.
//!
//! `d` is the usual length as a part of a whole note, `o` the usual octave, `b` quarter notes a minute. A
//! note is a length, a letter, perhaps `#`, an octave, and a dot that makes it longer by half; `p` is a rest.

use crate::program::read_number;

/// A note: hertz (0 is a rest) and milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Note {
    /// 0 is silence.
    pub hertz: u16,
    /// How long.
    pub millis: u16,
}

/// The tunes that the robot knows; made for it.
pub static TUNES: [(&str, &str); 6] = [
    ("wake", "wake:d=8,o=5,b=140:c,e,g,c6,p,g,4c6"),
    ("sleep", "sleep:d=4,o=5,b=80:g,e,d,2c"),
    ("found", "found:d=16,o=6,b=160:c,p,c,p,8g,8e,4c"),
    ("lost", "lost:d=8,o=4,b=100:a#,a,g#,4g.,p,4c"),
    ("march", "march:d=4,o=5,b=120:c,8c,8d,e,e,8d,8c,8d,8e,2c,g,8g,8a,b,b,8a,8g,8a,8b,2g"),
    ("waltz", "waltz:d=4,o=5,b=150:c,8e,8p,8e,8p,d,8f,8p,8f,8p,e,8g,8p,8g,8p,2c6."),
];

/// Hertz of the octave 4, from c to b, in tenths: equal temperament with a at 440 Hz.
static OCTAVE_4: [u16; 12] =
    [2616, 2772, 2937, 3111, 3296, 3492, 3700, 3920, 4153, 4400, 4662, 4939];

/// The notes of a text, one after the other.
#[derive(Clone, Debug)]
pub struct Tune<'a> {
    rest: &'a str,
    length: u16,
    octave: u8,
    whole_ms: u32,
}

/// The text is no tune.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoTune;

impl<'a> Tune<'a> {
    /// Reads the head of a text.
    ///
    /// # Errors
    /// If it is none.
    pub fn read(text: &'a str) -> Result<Self, NoTune> {
        let (_, rest) = text.split_once(':').ok_or(NoTune)?;
        let (head, notes) = rest.split_once(':').ok_or(NoTune)?;
        let mut tune = Self { rest: notes, length: 4, octave: 6, whole_ms: 240_000 / 63 };
        for part in head.split(',').map(str::trim_ascii).filter(|part| !part.is_empty()) {
            let (key, value) = part.split_once('=').ok_or(NoTune)?;
            let value =
                read_number(value).and_then(|value| u16::try_from(value).ok()).ok_or(NoTune)?;
            match key {
                "d" if is_length(value) => tune.length = value,
                "o" if (3..=7).contains(&value) => tune.octave = value as u8,
                "b" if (20..=600).contains(&value) => tune.whole_ms = 240_000 / u32::from(value),
                _ => return Err(NoTune),
            }
        }
        Ok(tune)
    }

    fn note(&self, text: &str) -> Option<Note> {
        let (length, rest) = leading_number(text);
        let length = if length == 0 { self.length } else { length };
        let mut letters = rest.chars().peekable();
        let letter = letters.next()?;
        let is_sharp = letters.next_if_eq(&'#').is_some();
        let mut is_dotted = letters.next_if_eq(&'.').is_some();
        let octave = letters.next_if(char::is_ascii_digit).and_then(|digit| digit.to_digit(10));
        is_dotted |= letters.next_if_eq(&'.').is_some();
        let octave = octave.unwrap_or(u32::from(self.octave));
        let is_whole = letters.next().is_none() && is_length(length) && (3..=7).contains(&octave);
        let millis = self.whole_ms / u32::from(length.max(1));
        let millis = if is_dotted { millis * 3 / 2 } else { millis };
        let hertz = hertz(letter, is_sharp, octave)?;
        is_whole.then_some(Note { hertz, millis: millis.min(60_000) as u16 })
    }
}

impl Iterator for Tune<'_> {
    type Item = Result<Note, NoTune>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let (note, rest) = self.rest.split_once(',').unwrap_or((self.rest, ""));
        self.rest = rest;
        Some(self.note(note.trim_ascii()).ok_or(NoTune))
    }
}

const fn is_length(length: u16) -> bool {
    matches!(length, 1 | 2 | 4 | 8 | 16 | 32)
}

fn leading_number(text: &str) -> (u16, &str) {
    let rest = text.trim_start_matches(|c: char| c.is_ascii_digit());
    let digits = text.strip_suffix(rest).unwrap_or("");
    let number = read_number(digits).and_then(|number| u16::try_from(number).ok());
    (number.unwrap_or(0), rest)
}

fn hertz(letter: char, is_sharp: bool, octave: u32) -> Option<u16> {
    let natural = match letter {
        'p' => return (!is_sharp).then_some(0),
        'c' => 0,
        'd' => 2,
        'e' => 4,
        'f' => 5,
        'g' => 7,
        'a' => 9,
        'b' | 'h' => 11,
        _ => return None,
    };
    let (step, octave) = match natural + usize::from(is_sharp) {
        12 => (0, octave + 1),
        step => (step, octave),
    };
    let tenths = u32::from(OCTAVE_4[step]) << octave >> 4;
    Some(((tenths + 5) / 10) as u16)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[(u16, u16)]) {
        let notes: Result<Vec<Note>, NoTune> = Tune::read(text).and_then(Iterator::collect);
        let expected = expected.iter().map(|&(hertz, millis)| Note { hertz, millis }).collect();
        assert_eq!(notes, Ok(expected), "{text}");
    }

    #[test]
    fn notes_have_pitch_and_length() {
        check("a:d=4,o=4,b=120:a", &[(440, 500)]);
        check("a:d=4,o=4,b=120:8a5,2a.,16a#,p", &[(880, 250), (440, 1500), (466, 125), (0, 500)]);
        check("a:o=4,b=60:c,b,b#,c3.", &[(262, 1000), (494, 1000), (523, 1000), (131, 1500)]);
        check("a::", &[]);
    }

    #[test]
    fn what_is_no_note_is_refused() {
        for text in
            ["", "a", "a:b", "a:d=3:c", "a:x=1:c", "a:d:c", "a::x", "a::c9", "a::3c", "a::c,,d"]
        {
            let notes: Result<Vec<Note>, NoTune> = Tune::read(text).and_then(Iterator::collect);
            assert_eq!(notes, Err(NoTune), "{text}");
        }
    }

    #[test]
    fn every_tune_of_the_robot_can_be_played() {
        for (name, text) in TUNES {
            let notes: Vec<Note> = Tune::read(text).unwrap().map(Result::unwrap).collect();
            assert!(text.starts_with(name) && notes.len() >= 4, "{name}");
        }
    }
}
