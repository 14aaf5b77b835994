//! Prints how fast scenario files are read and planned.
//!
//!     cargo run --release -p ramscope-scenario --example parse_rate -- [FILES [FOLDER]]
//!
//! Without a folder it makes up files of the size of those in `scenarios/`, no two alike; with one it
//! reads each file of the folder again and again. One thread, texts already in memory.

use std::path::Path;
use std::time::{Duration, Instant};

use ramscope_scenario::{PlanOptions, Scenario, parse, plan};

/// What 10,000 files may take together, so that planning never is what one waits for.
const AIM: Duration = Duration::from_secs(2);

fn main() {
    let mut arguments = std::env::args().skip(1);
    let count: usize = arguments.next().and_then(|count| count.parse().ok()).unwrap_or(10_000);
    let texts = match arguments.next() {
        Some(folder) => stored(Path::new(&folder), count),
        None => (0..count).map(made_up).collect(),
    };
    let bytes: usize = texts.iter().map(String::len).sum();
    let began = Instant::now();
    let scenarios: Vec<Scenario> =
        texts.iter().filter_map(|text| parse("made-up.yaml", text).scenario).collect();
    let parsing = began.elapsed();
    let began = Instant::now();
    let runs = plan(&scenarios, &PlanOptions::default()).runs.len();
    let planning = began.elapsed();
    let rate = |time: Duration| texts.len() as f64 / time.as_secs_f64();
    println!("{} files, {bytes} bytes, {} scenarios", texts.len(), scenarios.len());
    println!("parsing   {parsing:>10.3?}  {:>8.0} files/s", rate(parsing));
    println!("planning  {planning:>10.3?}  {:>8.0} files/s, {runs} runs", rate(planning));
    println!("together  {:>10.3?}  (aim for 10,000 files: {AIM:?})", parsing + planning);
}

/// The files of a folder, over and over.
fn stored(folder: &Path, count: usize) -> Vec<String> {
    let mut texts = Vec::new();
    collect(folder, &mut texts);
    texts.iter().cycle().take(if texts.is_empty() { 0 } else { count }).cloned().collect()
}

fn collect(folder: &Path, texts: &mut Vec<String>) {
    let entries = std::fs::read_dir(folder).expect("the folder can be read");
    let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            collect(&path, texts);
        } else if path.extension().is_some_and(|extension| extension == "yaml") {
            texts.push(std::fs::read_to_string(&path).expect("the file can be read"));
        }
    }
}

/// A scenario like those that people write.
fn made_up(number: usize) -> String {
    format!(
        "# Scenario number {number}: a program is started, and what it says is waited for.\n\
         name: made up {number}\n\
         version: 1\n\
         steps:\n\
         \x20 - name: boot\n\
         \x20   wait-serial: \"ready\"\n\
         \x20 - name: start\n\
         \x20   write-serial: \"run counting n={number}\\n\"\n\
         \x20 - name: button\n\
         \x20   set-control: {{part-id: btn1, name: pressed, value: 1}}\n\
         \x20 - delay: {}ms\n\
         \x20 - expect-pin: {{part-id: esp, name: \"9\", value: 0}}\n\
         \x20 - name: finished\n\
         \x20   wait-serial: \"counting: ended after {number}\"\n\
         ramscope:\n\
         \x20 timeouts: {{default: 10s, steps: {{finished: 20s}}}}\n\
         \x20 phases:\n\
         \x20   run-it: {{from: start, to: finished}}\n\
         \x20 seeds: [1, {}]\n\
         \x20 budgets:\n\
         \x20   - {{thread: console, stack-peak: 2KiB}}\n\
         \x20   - {{thread: \"count*\", stack-peak: 1KiB, heap-peak: 4KiB}}\n\
         \x20   - {{phase: run-it, heap: main, peak: 8KiB, largest-free-min: 256KiB}}\n\
         \x20 tags: [made-up, \"group-{}\"]\n",
        1 + number % 900,
        2 + number,
        number % 7,
    )
}
