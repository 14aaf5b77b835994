//! Explores schedules of the programs of the image on the host port: what `ramscope explore --target host` starts.
//!
//! ```text
//! explore [--type LINE]... [--wait TEXT]... [--expect TEXT]... [--never TEXT]... [--seeds N] [--switches D]
//!         [--every] [--seconds S] [--schedule 17:+0]
//! ```
//! A run fails if a text that is waited for does not come in its turn, one that is expected does not
//! come at all, or one that must not come does. The answer is lines of a key and tab-separated values, which the
//! caller shows.

use std::process::ExitCode;

use ramscope_apps::PROGRAMS;
use ramscope_board_host::{Exploration, Explored, Run, Schedule};

/// What the console says when lines can be typed; a wait for it alone says nothing of a schedule.
#[derive(Clone, Default)]
struct Demands {
    waited: Vec<String>,
    expected: Vec<String>,
    never: Vec<String>,
}

impl Demands {
    /// What is false first, in words.
    fn broken(&self, run: &Run) -> Option<String> {
        let mut rest = run.text.as_str();
        for text in &self.waited {
            match rest.split_once(text.as_str()) {
                Some((_, after)) => rest = after,
                None => return Some(format!("`{text}` did not come")),
            }
        }
        let missing = self.expected.iter().find(|text| !run.text.contains(text.as_str()));
        let unwanted = self.never.iter().find(|text| run.text.contains(text.as_str()));
        let missing = missing.map(|text| format!("`{text}` did not come"));
        missing.or_else(|| unwanted.map(|text| format!("`{text}` came")))
    }
}

#[derive(Default)]
struct Wanted {
    lines: Vec<String>,
    demands: Demands,
    seeds: u64,
    switches: u32,
    is_every: bool,
    seconds: u64,
    schedule: Option<Schedule>,
}

fn wanted() -> Result<Wanted, String> {
    let mut wanted = Wanted { seeds: 1_000, switches: 2, seconds: 60, ..Wanted::default() };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        if word == "--every" {
            wanted.is_every = true;
            continue;
        }
        let value = words.next().ok_or_else(|| format!("{word} takes a value"))?;
        let number = || value.parse::<u64>().map_err(|_| format!("{word}: `{value}` is no number"));
        match word.as_str() {
            "--type" => wanted.lines.push(value),
            "--wait" => wanted.demands.waited.push(value),
            "--expect" => wanted.demands.expected.push(value),
            "--never" => wanted.demands.never.push(value),
            "--seeds" => wanted.seeds = number()?,
            "--switches" => wanted.switches = number()? as u32,
            "--seconds" => wanted.seconds = number()?,
            "--schedule" => {
                wanted.schedule = Some(value.parse().map_err(|error| format!("{error}"))?);
            }
            _ => return Err(format!("there is no option {word}")),
        }
    }
    Ok(wanted)
}

fn main() -> ExitCode {
    let wanted = match wanted() {
        Ok(wanted) => wanted,
        Err(reason) => {
            eprintln!("{reason}");
            return ExitCode::from(2);
        }
    };
    let lines: Vec<&str> = wanted.lines.iter().map(String::as_str).collect();
    let demands = wanted.demands.clone();
    let exploration = Exploration::new(PROGRAMS, &lines)
        .seconds(wanted.seconds)
        .switches(wanted.switches)
        .failing_if(move |run| demands.broken(run).is_some());
    // Threads that panic are a part of what is explored.
    std::panic::set_hook(Box::new(|_| {}));
    match &wanted.schedule {
        Some(schedule) => tell_run(&wanted.demands, &exploration.along(schedule)),
        None if wanted.is_every => tell(&wanted.demands, &exploration.every(1, u64::MAX)),
        None => tell(&wanted.demands, &exploration.seeds(1..=wanted.seeds)),
    }
    ExitCode::SUCCESS
}

fn tell(demands: &Demands, explored: &Explored) {
    let Explored { runs, distinct, failed, points, complete, smallest } = explored;
    println!("runs\t{runs}\t{distinct}\t{failed}\t{points}");
    if let Some(switches) = complete {
        println!("complete\t{switches}");
    }
    if let Some(failing) = smallest {
        println!("found\t{}\t{}\t{}", failing.number, failing.drawn, failing.schedule);
        for made in &failing.made {
            let place = made.place.as_deref().unwrap_or("");
            println!("switch\t{}\t{}\t{}\t{place}", made.point, made.from, made.to);
        }
        tell_run(demands, &failing.run);
    }
}

fn tell_run(demands: &Demands, run: &Run) {
    if let Some(reason) = demands.broken(run) {
        println!("broken\t{reason}");
    }
    for line in run.text.lines() {
        println!("said\t{line}");
    }
}
