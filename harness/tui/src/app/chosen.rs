//! Which thread a person has chosen, and whether they look at it closely.
//!
//! A choice is a unit, not a row: rows come and go, and what was chosen stays chosen. Its keys do something
//! else as long as nothing is chosen, so nobody who never chooses has to know them.

use ramscope_model::UnitKey;
use ratatui::crossterm::event::KeyCode;

/// A thread that was chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Chosen {
    unit: Option<UnitKey>,
    looks: Looks,
}

/// How closely somebody looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Looks {
    /// At its row.
    #[default]
    AtRow,
    /// At everything about it, from this line on.
    Closely { first_line: usize },
}

/// Lines that a page key moves by.
const PAGE: usize = 8;

impl Chosen {
    /// What was chosen.
    pub(crate) const fn unit(&self) -> Option<UnitKey> {
        self.unit
    }

    /// Whether everything about it is shown.
    pub(crate) const fn is_open(&self) -> bool {
        self.first_line().is_some()
    }

    /// The line from which on everything is shown.
    pub(crate) const fn first_line(&self) -> Option<usize> {
        match (self.unit, self.looks) {
            (Some(_), Looks::Closely { first_line }) => Some(first_line),
            _ => None,
        }
    }

    /// Takes a key, if it is one about a choice among `units`.
    pub(crate) fn press(&mut self, code: KeyCode, units: &[UnitKey]) -> bool {
        match (code, self.unit) {
            (KeyCode::Down | KeyCode::Char('j'), _) => self.step(units, Step::Next),
            (KeyCode::Up | KeyCode::Char('k'), _) => self.step(units, Step::Previous),
            (KeyCode::Enter, Some(_)) => self.toggle(),
            (KeyCode::Esc, Some(_)) if self.is_open() => self.looks = Looks::AtRow,
            (KeyCode::Esc, Some(_)) => *self = Self::default(),
            (KeyCode::PageDown, Some(_)) if self.is_open() => self.scroll(|line| line + PAGE),
            (KeyCode::PageUp, Some(_)) if self.is_open() => {
                self.scroll(|line| line.saturating_sub(PAGE));
            }
            _ => return false,
        }
        true
    }

    fn toggle(&mut self) {
        self.looks = match self.looks {
            Looks::AtRow => Looks::Closely { first_line: 0 },
            Looks::Closely { .. } => Looks::AtRow,
        };
    }

    fn scroll(&mut self, to: impl Fn(usize) -> usize) {
        if let Looks::Closely { first_line } = &mut self.looks {
            *first_line = to(*first_line);
        }
    }

    fn step(&mut self, units: &[UnitKey], step: Step) {
        let at = units.iter().position(|unit| Some(*unit) == self.unit);
        let next = match (at, step) {
            (None, Step::Next) => units.first(),
            (None, Step::Previous) => units.last(),
            (Some(at), Step::Next) => units.get(at + 1).or(units.last()),
            (Some(at), Step::Previous) => units.get(at.saturating_sub(1)),
        };
        self.unit = next.copied();
        self.scroll(|_| 0);
    }
}

/// Which neighbour.
#[derive(Clone, Copy)]
enum Step {
    Next,
    Previous,
}

#[cfg(test)]
mod tests {
    use super::*;
    use ramscope_wire::UnitId;

    const fn unit(id: u32) -> UnitKey {
        UnitKey { boot: 0, id: UnitId(id) }
    }

    const UNITS: [UnitKey; 3] = [unit(1), unit(4), unit(7)];

    fn after(codes: &[KeyCode]) -> (Option<UnitKey>, Option<usize>) {
        let mut chosen = Chosen::default();
        for code in codes {
            let _ = chosen.press(*code, &UNITS);
        }
        (chosen.unit(), chosen.first_line())
    }

    #[test]
    fn down_chooses_and_stays_at_the_last_row() {
        assert_eq!(after(&[KeyCode::Down]), (Some(unit(1)), None));
        assert_eq!(after(&[KeyCode::Down; 9]), (Some(unit(7)), None));
        assert_eq!(after(&[KeyCode::Up]), (Some(unit(7)), None));
    }

    #[test]
    fn enter_looks_closely_and_escape_goes_back_step_by_step() {
        let (down, enter, esc) = (KeyCode::Down, KeyCode::Enter, KeyCode::Esc);
        assert_eq!(after(&[down, enter]), (Some(unit(1)), Some(0)));
        assert_eq!(after(&[down, enter, KeyCode::PageDown]).1, Some(PAGE));
        assert_eq!(after(&[down, enter, KeyCode::PageDown, down]), (Some(unit(4)), Some(0)));
        assert_eq!(after(&[down, enter, esc]), (Some(unit(1)), None));
        assert_eq!(after(&[down, enter, esc, esc]), (None, None));
    }

    #[test]
    fn without_a_choice_its_keys_are_left_to_others() {
        let mut chosen = Chosen::default();
        for code in [KeyCode::Enter, KeyCode::Esc, KeyCode::PageUp] {
            assert!(!chosen.press(code, &UNITS));
        }
    }

    #[test]
    fn a_choice_that_has_no_row_any_more_begins_anew() {
        let mut chosen = Chosen::default();
        let _ = chosen.press(KeyCode::Down, &UNITS);
        let _ = chosen.press(KeyCode::Down, &UNITS[1..]);
        assert_eq!(chosen.unit(), Some(unit(4)));
        let _ = chosen.press(KeyCode::Down, &[]);
        assert_eq!(chosen.unit(), None);
    }
}
