//! Millions of random operations on the kernel's heap: `cargo xtask soak --count N --seed S`.
//!
//! The problem: a heap is wrong in the one order of operations that nobody thought of, and what is
//! wrong shows much later. The idea: draw operations from a seed, keep a model that is too simple to be
//! wrong, and compare after each of them. A run is a function of its seed, so the operation that fails
//! fails again.
//!
//! Invariants:
//! 1. After every operation: area bytes = used + free + overhead, the heap's used is the model's, and so
//!    is what the owner of the operation has and had at most.
//! 2. No two blocks overlap, each is aligned as it was asked for, and holds what was written to it.
//! 3. At intervals every header is walked, every owner compared, and every byte of every block read.
//! 4. In the end all is given back, and every area is one free block again.

mod arena;
mod model;
mod random;
mod soak;

use soak::{Report, Soak};
use std::process::ExitCode;
use std::time::Instant;

const USAGE: &str = "usage: cargo xtask soak [--count N] [--seed S]\n";

/// What CI runs.
const COUNT: u64 = 10_000_000;
const SEED: u64 = 1;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some((count, seed)) = read(&arguments) else {
        eprint!("{USAGE}");
        return ExitCode::from(2);
    };
    let began = Instant::now();
    match Soak::new(seed).run(count) {
        Ok(report) => {
            print!("{}", text(&report, count, seed));
            let seconds = began.elapsed().as_secs_f64();
            println!("soak: {:.1} million operations/s on this host", count as f64 / seconds / 1e6);
            ExitCode::SUCCESS
        }
        Err(wrong) => {
            eprintln!("soak: operation {} of seed {seed}: {}", wrong.operation, wrong.what);
            let count = wrong.operation + 1;
            eprintln!("soak: again with: cargo xtask soak --seed {seed} --count {count}");
            ExitCode::FAILURE
        }
    }
}

fn read(arguments: &[String]) -> Option<(u64, u64)> {
    let (mut count, mut seed) = (COUNT, SEED);
    for pair in arguments.chunks(2) {
        let [name, value] = pair else { return None };
        let value = value.replace('_', "").parse().ok()?;
        match name.as_str() {
            "--count" => count = value,
            "--seed" => seed = value,
            _ => return None,
        }
    }
    Some((count, seed))
}

fn text(report: &Report, count: u64, seed: u64) -> String {
    let Report { counts, .. } = report;
    format!(
        "soak: {count} operations of seed {seed}, digest {:016x}\n\
         \x20 allocated   {:>9}  and {} refused for want of room, {} aligned\n\
         \x20 freed       {:>9}  and {} bad pointers refused\n\
         \x20 resized     {:>9}  in place, {} moved, {} refused\n\
         \x20 handed over {:>9}  and {} owners came and went\n\
         \x20 peak        {:>9}  of {} bytes, {} blocks at most\n\
         \x20 largest     {:>8.1}%  of what is free on average, {:.1} % at worst\n\
         \x20 overhead    {:>9}  bytes of the areas for maps and end marks\n\
         \x20 walked      {:>9}  times: every header, owner and byte\n",
        report.digest,
        counts.allocated,
        counts.refused,
        counts.aligned,
        counts.freed,
        counts.bad_pointers,
        counts.resized,
        counts.moved,
        counts.stuck,
        counts.handed_over,
        counts.owners,
        report.peak_used,
        report.total,
        report.blocks_max,
        report.largest_mean,
        report.largest_least,
        report.overhead,
        counts.walks,
    )
}
