//! What the kernel's operations cost in instructions, held to budgets: `cargo xtask cost`.
//!
//! The problem: time on a host says nothing about a chip, and a profile of silicon needs a board. The
//! idea: the engine executes the image and counts. The program `bench` stores the id of the row that it
//! is in to one word, so an observer of stores knows which instructions belong to which row, and an
//! observer of the interrupt mask and of the thread pointer, in which the board keeps that the kernel is held,
//! knows the longest stretches in which each row was masked, and in which no handler could begin.
//!
//! One instruction is one cycle here: no cache, no wait states. Figures rank; they are not silicon's.
//!
//! Invariants:
//! 1. The image runs twice, from power-on; a difference of any figure is a failure.
//! 2. Every row of the budgets file is measured, and every row that is measured has a budget.
//! 3. A figure that is worse than the best peer by more than half has a reason in the file.

mod allocators;
mod budgets;
mod failure;
mod names;
mod profile;
mod run;
mod size;
mod table;
mod watch;

use std::path::Path;
use std::process::ExitCode;

use failure::Failure;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let answer = match words[..] {
        [image, allocators, budgets] => {
            check(Path::new(image), Path::new(allocators), Path::new(budgets))
        }
        [image, _, _, "--profile", row] => profile(Path::new(image), row),
        _ => {
            eprintln!("usage: cargo xtask cost [--profile ROW]");
            return ExitCode::from(2);
        }
    };
    match answer {
        Ok(text) => {
            println!("{text}");
            ExitCode::SUCCESS
        }
        Err(failure) => {
            eprintln!("cost: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn check(image: &Path, allocators: &Path, budgets: &Path) -> Result<String, Failure> {
    let budgets = budgets::read(budgets)?;
    let elf = read(image)?;
    let measured = run::measure(&elf)?;
    if measured != run::measure(&elf)? {
        return Err(Failure::Unsteady);
    }
    let heaps = allocators::measure(&read(allocators)?)?;
    let names = names::Names::of(&elf);
    print!("{}", table::costs(&budgets, &measured));
    println!();
    print!("{}", table::masked(&budgets, &measured, &names));
    println!();
    print!("{}", table::memory(&budgets, &measured));
    println!();
    print!("{}", allocators::table(&budgets.heaps, &heaps));
    let mut problems = table::problems(&budgets, &measured);
    problems.extend(allocators::problems(&budgets.heaps, &heaps));
    if !problems.is_empty() {
        return Err(Failure::Found(problems));
    }
    let (costs, masked, heaps) = (measured.costs.len(), measured.masked.len(), budgets.heaps.len());
    Ok(format!(
        "\ncost: {costs} costs, {masked} masked stretches, {} sizes and {heaps} figures of the heap are \
         within their budgets",
        measured.memory.len()
    ))
}

/// Where the instructions of a row go.
fn profile(image: &Path, row: &str) -> Result<String, Failure> {
    profile::table(&read(image)?, row)
}

fn read(image: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(image).map_err(|source| Failure::file(image, source))
}
