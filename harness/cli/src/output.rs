//! What is printed once everything has run, or is replayed.

use ramscope_model::{Judged, Outcome};
use ramscope_report::ExitCode;
use ramscope_scenario::Plan;

use crate::args::{Format, RunOptions};
use crate::columns::print_table;
use crate::failure::Failure;
use crate::terminal::Terminal;

/// Prints what would run and what would not.
pub(crate) fn print_plan(plan: &Plan) {
    let rows: Vec<[String; 4]> = plan
        .runs
        .iter()
        .map(|run| {
            let scenario = &run.scenario;
            let seed = run.seed.to_string();
            [
                scenario.name.clone(),
                run.target.to_string(),
                seed,
                scenario.path.clone(),
            ]
        })
        .collect();
    print_table(["scenario", "target", "seed", "file"], &rows);
    for skip in &plan.skipped {
        println!("skipped: {}: {}", skip.scenario, skip.reason);
    }
}

/// Prints the report of a plan's results and gives the exit code that follows from them.
pub(crate) fn report(
    plan: &Plan,
    results: Vec<Option<Result<Judged, Failure>>>,
    options: &RunOptions,
    terminal: &Terminal,
) -> Result<ExitCode, Failure> {
    let begun = results.len() - results.iter().filter(|result| result.is_none()).count();
    let mut judged = Vec::new();
    let mut codes = Vec::new();
    for result in results.into_iter().flatten() {
        match result {
            Ok(run) => judged.push(run),
            Err(failure) => {
                eprintln!("error: {}", failure.sentence());
                codes.push(failure.exit_code());
            }
        }
    }
    print(&judged, options.output.format, terminal);
    let interrupted = (begun < plan.runs.len()).then_some(ExitCode::Interrupted);
    codes.extend(interrupted);
    codes.push(ExitCode::of(judged.iter().map(|run| run.verdict.outcome)));
    Ok(codes.into_iter().min().unwrap_or(ExitCode::NothingRan))
}

/// Prints runs that have been judged.
pub(crate) fn print(judged: &[Judged], format: Format, terminal: &Terminal) {
    let _ = (format, terminal);
    for run in judged {
        println!("{}: {}", run.facts.run, run.verdict.sentence);
    }
}

/// The exit code of runs that have been judged.
pub(crate) fn exit_code(judged: &[Judged]) -> ExitCode {
    ExitCode::of(judged.iter().map(|run| -> Outcome { run.verdict.outcome }))
}
