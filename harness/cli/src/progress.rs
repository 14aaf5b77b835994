//! What a person sees while runs go on, and the results in the order of the plan.

use ramscope_backend::Stopwatch;
use ramscope_model::Judged;
use ramscope_scenario::Run;
use ramscope_time::Instant;

use crate::execute::News;
use crate::failure::Failure;
use crate::terminal::{StatusLine, Terminal};

/// Takes the news of an execution.
#[derive(Debug)]
pub(crate) struct Progress<'a> {
    runs: &'a [Run],
    results: Vec<Option<Result<Judged, Failure>>>,
    /// How many results have got their line.
    printed: usize,
    quiet: bool,
    status: StatusLine,
    since: Stopwatch,
}

impl<'a> Progress<'a> {
    /// Nothing has happened yet.
    pub(crate) fn new(runs: &'a [Run], quiet: bool, terminal: &Terminal) -> Self {
        Self {
            runs,
            results: runs.iter().map(|_| None).collect(),
            printed: 0,
            quiet,
            status: StatusLine::new(terminal.live_progress && !quiet),
            since: Stopwatch::start(),
        }
    }

    /// Takes a piece of news.
    pub(crate) fn hear(&mut self, news: News) {
        match news {
            News::At(index, now) => self.show_going_on(index, now),
            News::Again(index, reason) => {
                let run = &self.runs[index];
                self.status.print(&format!("{run}: {reason}; it is tried again"));
            }
            News::Over(index, result) => {
                self.results[index] = Some(*result);
                self.print_finished();
            }
        }
    }

    /// The results in the order of the plan. `None`: the run was never begun.
    pub(crate) fn results(mut self) -> Vec<Option<Result<Judged, Failure>>> {
        self.status.clear();
        self.results
    }

    fn show_going_on(&mut self, index: usize, now: Instant) {
        let over = self.results.iter().flatten().count();
        let left = remaining(over, self.runs.len(), self.since.elapsed_us());
        let text = format!("[{over}/{}] {} at {now}{left}", self.runs.len(), self.runs[index]);
        self.status.show(&text);
    }

    /// A line for each run that is over, as far as all before it are too.
    fn print_finished(&mut self) {
        while let Some(Some(result)) = self.results.get(self.printed) {
            let run = &self.runs[self.printed];
            self.printed += 1;
            let number = format!("[{}/{}]", self.printed, self.runs.len());
            if self.quiet {
                continue;
            }
            let line = match result {
                Ok(judged) => {
                    let Judged { verdict, facts, .. } = judged;
                    let flaky = match facts.earlier_attempts.len() {
                        0 => String::new(),
                        n => format!(" (flaky: attempt {})", n + 1),
                    };
                    format!("{number} {run}: {} at {}{flaky}", verdict.outcome, verdict.ended_at)
                }
                Err(failure) => format!("{number} {run}: {}", failure.sentence()),
            };
            self.status.print(&line);
        }
    }
}

/// How long the rest will take if it goes on like this; nothing before there is something to go by.
fn remaining(over: usize, all: usize, elapsed_us: u64) -> String {
    let left = all.saturating_sub(over) as u64;
    match elapsed_us.checked_mul(left).and_then(|total| total.checked_div(over as u64)) {
        Some(us) if elapsed_us >= 1_000_000 => {
            let seconds = us.div_ceil(1_000_000);
            match seconds {
                0..=90 => format!(", about {seconds} s left"),
                _ => format!(", about {} min left", seconds.div_ceil(60)),
            }
        }
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rest_takes_as_long_as_the_like_before() {
        assert_eq!(remaining(0, 10, 5_000_000), "");
        assert_eq!(remaining(2, 10, 500_000), "");
        assert_eq!(remaining(2, 10, 3_000_000), ", about 12 s left");
        assert_eq!(remaining(1, 100, 2_000_000), ", about 4 min left");
    }
}
