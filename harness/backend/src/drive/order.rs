//! The order in which steps are carried out, and the points between them that phases need.
//!
//! Steps follow one another, but for phases that a budget wants repeated: when the last step of such
//! a phase is done, its first one comes again until it was carried out as often as asked. Where
//! phases lie within each other the inner one is repeated each time anew.

use ramscope_scenario::{Run, Settings};

/// A phase whose steps are carried out more than once.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Loop {
    from: usize,
    to: usize,
    times: u32,
    done: u32,
}

/// Which step comes next, and before which of them a window opens.
#[derive(Clone, Debug)]
pub(super) struct Order {
    steps: usize,
    /// Steps before which a phase begins or after whose predecessor one ends; the number of steps
    /// stands for the end.
    boundaries: Vec<usize>,
    /// Inner ones first.
    loops: Vec<Loop>,
    windows: u32,
}

impl Order {
    /// Windows that the host opens have numbers of this many, so that those that somebody opens at
    /// the console in between have numbers too.
    const WINDOW_STRIDE: u32 = 1_000;

    pub(super) fn of(run: &Run) -> Self {
        let settings = &run.scenario.settings;
        let mut boundaries: Vec<usize> =
            settings.phases.iter().flat_map(|phase| [phase.from, phase.to + 1]).collect();
        // The first window is open from power-on.
        boundaries.retain(|&before| before > 0);
        boundaries.extend(loops(settings).iter().map(|again| again.from));
        let mut loops = if run.capabilities.repeats { loops(settings) } else { Vec::new() };
        loops.sort_by_key(|again| again.to - again.from);
        Self { steps: run.scenario.steps.len(), boundaries, loops, windows: 0 }
    }

    /// The number of the window that opens before this step, or after the last one; `None` if no
    /// phase begins or ends here. Asking is opening: each answer is another number.
    pub(super) fn window_before(&mut self, step: usize, is_first: IsFirst) -> Option<u32> {
        let opens = self.boundaries.contains(&step) && (step > 0 || is_first == IsFirst::No);
        opens.then(|| {
            self.windows += 1;
            self.windows * Self::WINDOW_STRIDE
        })
    }

    /// The step after this one; the number of steps if there is none.
    pub(super) fn after(&mut self, step: usize) -> usize {
        for index in 0..self.loops.len() {
            let again = &mut self.loops[index];
            if again.to != step {
                continue;
            }
            again.done += 1;
            if again.done < again.times {
                let (from, to) = (again.from, again.to);
                let inner = self
                    .loops
                    .iter_mut()
                    .filter(|l| (l.from, l.to) != (from, to) && l.from >= from && l.to <= to);
                inner.for_each(|inner| inner.done = 0);
                return from;
            }
        }
        (step + 1).min(self.steps)
    }
}

/// Whether this is the first step that is carried out at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum IsFirst {
    Yes,
    No,
}

/// The phases that budgets want repeated; of several wishes for one the greatest counts.
fn loops(settings: &Settings) -> Vec<Loop> {
    let repeated = settings.phases.iter().filter_map(|phase| {
        let of_phase = settings.budgets.iter().filter(|b| b.phase.as_deref() == Some(&phase.name));
        let times = of_phase.filter_map(|budget| budget.repeat).max()?;
        Some(Loop { from: phase.from, to: phase.to, times, done: 0 })
    });
    repeated.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drive::tests::run_of;

    /// The steps in their order, and `|` where a window opens.
    fn check(phases: &str, budgets: &str, expected: &str) {
        let settings = format!("  phases: {phases}\n  budgets: {budgets}\n");
        let steps = "  - delay: 1ms\n".repeat(5);
        let mut run = run_of(&steps, &settings);
        run.capabilities.repeats = true;
        let mut order = Order::of(&run);
        let mut text = String::new();
        let (mut step, mut is_first) = (0, IsFirst::Yes);
        while step < 5 {
            text += order.window_before(step, is_first).map_or("", |_| "|");
            text += &step.to_string();
            is_first = IsFirst::No;
            step = order.after(step);
        }
        text += order.window_before(5, is_first).map_or("", |_| "|");
        assert_eq!(text, expected);
    }

    #[test]
    fn a_window_opens_wherever_a_phase_begins_or_ends() {
        check("{a: {from: 1, to: 2}}", "[]", "0|12|34");
        check("{a: {from: 1, to: 3}, b: {from: 2, to: 4}}", "[]", "0|1|23|4|");
        check("{a: {from: 0, to: 4}}", "[]", "01234|");
    }

    #[test]
    fn a_repeated_phase_comes_as_often_as_the_budget_says() {
        let leak = |phase, times| {
            format!("{{phase: {phase}, heap: main, leak: {{repeat: {times}, max-growth: 0}}}}")
        };
        check("{a: {from: 1, to: 2}}", &format!("[{}]", leak("a", 3)), "0|12|12|12|34");
        check("{a: {from: 0, to: 0}}", &format!("[{}]", leak("a", 2)), "0|0|1234");
        check(
            "{a: {from: 0, to: 2}, b: {from: 1, to: 1}}",
            &format!("[{}, {}]", leak("a", 2), leak("b", 2)),
            "0|1|1|2|0|1|1|2|34",
        );
    }
}
