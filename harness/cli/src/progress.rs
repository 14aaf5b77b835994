//! What a person sees while runs go on, and the results in the order of the plan.

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
        }
    }

    /// Takes a piece of news.
    pub(crate) fn hear(&mut self, news: News) {
        match news {
            News::At(index, now) => self.show_going_on(index, now),
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
        let text = format!("[{over}/{}] {} at {now}", self.runs.len(), self.runs[index]);
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
                    let Judged { verdict, .. } = judged;
                    format!("{number} {run}: {} at {}", verdict.outcome, verdict.ended_at)
                }
                Err(failure) => format!("{number} {run}: {}", failure.sentence()),
            };
            self.status.print(&line);
        }
    }
}
