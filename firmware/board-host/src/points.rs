//! Where slices end in a run that is explored.
//!
//! Units change hands at kernel calls only, so a switch matters nowhere else: each time the kernel is
//! let go in a unit is a point, if another unit of its priority is ready. A use of a
//! `Shared` cell passes one right before its load or store. Points are counted from the start of the
//! device; the count is a function of program, input, and the switches that were made before.

use std::backtrace::Backtrace;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;

use crate::explore::{Made, Schedule, Switch};

/// Whether places in the source are wanted, which takes a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Places {
    Unknown,
    Wanted,
}

/// The points of a run: which there were, and what was done at them.
pub(crate) struct Points {
    /// Set while the kernel is asked who is ready, which lets the kernel go as well.
    is_asking: Cell<bool>,
    coming: RefCell<VecDeque<Switch>>,
    choices: RefCell<Vec<u32>>,
    made: RefCell<Vec<Made>>,
    places: Places,
    /// Lines that say that a program ended: with the last of them the run is over.
    ends: Vec<String>,
    /// Bytes of output that were looked at for them.
    looked_at: Cell<usize>,
}

impl Points {
    pub(crate) fn along(schedule: &Schedule, places: Places, ends: Vec<String>) -> Self {
        Self {
            is_asking: Cell::new(false),
            coming: RefCell::new(schedule.switches().iter().copied().collect()),
            choices: RefCell::default(),
            made: RefCell::default(),
            places,
            ends,
            looked_at: Cell::new(0),
        }
    }

    /// Whether every program has said that it ended.
    pub(crate) fn is_over(&self, output: &[u8]) -> bool {
        if self.ends.is_empty() || self.looked_at.replace(output.len()) == output.len() {
            return false;
        }
        let text = String::from_utf8_lossy(output);
        self.ends.iter().all(|end| text.lines().any(|line| line == end))
    }

    /// Passes a point, if it is one: `equals` counts who could go on. Which of them, if the slice ends.
    pub(crate) fn pass(&self, equals: impl FnOnce() -> u32) -> Option<u32> {
        if self.is_asking.replace(true) {
            return None;
        }
        let choices = equals();
        self.is_asking.set(false);
        if choices == 0 {
            return None;
        }
        let point = self.choices.borrow().len() as u64;
        self.choices.borrow_mut().push(choices);
        let switch = self.coming.borrow_mut().pop_front_if(|switch| switch.point == point)?;
        Some(switch.rank)
    }

    /// A slice was ended at the point that was passed last.
    pub(crate) fn switched(&self, names: Option<(&'static str, &'static str)>) {
        let Some((from, to)) = names else { return };
        let choices = self.choices.borrow();
        let point = choices.len() as u64 - 1;
        let place = match self.places {
            Places::Unknown => None,
            Places::Wanted => place_of(&Backtrace::force_capture().to_string()),
        };
        self.made.borrow_mut().push(Made { point, from, to, place });
    }

    /// How many units could have gone on, at each point.
    pub(crate) fn choices(&self) -> Vec<u32> {
        self.choices.borrow().clone()
    }

    /// The slices that were ended.
    pub(crate) fn made(&self) -> Vec<Made> {
        self.made.borrow().clone()
    }
}

/// The innermost function of a backtrace that is neither the kernel's nor the host's, with its place:
/// two lines of the text, `12: crate::function` and `at path:line:column`.
fn place_of(backtrace: &str) -> Option<String> {
    let mut lines = backtrace.lines().map(str::trim);
    while let Some(line) = lines.next() {
        let Some((number, function)) = line.split_once(": ") else { continue };
        let is_frame = number.bytes().all(|digit| digit.is_ascii_digit());
        if is_frame && !is_ours(function) {
            let at = lines.next().and_then(|line| line.strip_prefix("at "));
            let place = at.and_then(|at| at.rsplit_once(':')).map(|(place, _column)| place);
            return Some(match place {
                Some(place) => format!("{function} ({})", place.trim_start_matches("./")),
                None => function.to_owned(),
            });
        }
    }
    None
}

fn is_ours(function: &str) -> bool {
    let function = function.trim_start_matches('<');
    ["ramscope_kernel::", "ramscope_board_host::", "_ramscope", "core::", "std::", "__rustc"]
        .iter()
        .any(|ours| function.starts_with(ours))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_the_innermost_that_is_the_programs() {
        let backtrace = "\
   0: std::backtrace::Backtrace::force_capture
             at /rustc/1/library/std/src/backtrace.rs:312:9
   1: ramscope_board_host::points::Points::switched
             at ./src/points.rs:60:41
   2: <ramscope_kernel::sync::shared::Shared<T>>::set
             at /w/firmware/kernel/src/sync/shared.rs:120:9
   3: race::add_one
             at ./tests/race.rs:14:5
   4: race::run
             at ./tests/race.rs:24:9";
        assert_eq!(place_of(backtrace).as_deref(), Some("race::add_one (tests/race.rs:14)"));
        assert_eq!(place_of("disabled backtrace"), None);
    }
}
