//! The ramscope program: arguments and wiring.
//!
//! ```text
//! run     scenario files -> image -> plan -> runs -> captures -> verdicts -> report
//! replay                                             captures -> verdicts -> report
//! ```
//!
//! Invariants:
//! 1. Data goes to stdout; progress, warnings and errors go to stderr.
//! 2. A verb that cannot do its work says why in one sentence and leaves nothing half-written.
//! 3. The exit code is one of those that `ramscope_report::ExitCode` documents.

mod args;
mod baseline;
mod bundle;
mod columns;
mod config;
mod diagram;
mod evidence;
mod execute;
mod explore;
mod failure;
mod files;
mod host_times;
mod images;
mod module_names;
mod output;
mod prepare;
mod progress;
mod reports;
mod store;
mod sweep;
mod terminal;
mod vcd;
mod verb;
mod witness;

use std::process;

use clap::Parser;
use ramscope_report::ExitCode;

use args::{Arguments, Verb};
use failure::Failure;
use terminal::Terminal;

fn main() -> process::ExitCode {
    let arguments = Arguments::parse();
    let terminal = Terminal::detect(arguments.color);
    let code = match carry_out(&arguments.verb, &terminal) {
        Ok(code) => code,
        Err(failure) => {
            eprintln!("error: {}", failure.sentence());
            failure.exit_code().code()
        }
    };
    code.into()
}

/// Carries out a verb; the code is one of `ExitCode`, or what a person chose for time-outs.
fn carry_out(verb: &Verb, terminal: &Terminal) -> Result<u8, Failure> {
    match verb {
        Verb::Run(options) => return verb::run::run(options, terminal),
        Verb::Replay(options) => {
            return verb::replay::replay(options, terminal).map(ExitCode::code);
        }
        Verb::Explore(options) => {
            return verb::explore::explore(options, terminal).map(ExitCode::code);
        }
        Verb::Sweep(options) => {
            return verb::sweep::sweep(options, terminal).map(ExitCode::code);
        }
        Verb::Lint(options) => {
            return verb::lint::lint(options, terminal).map(ExitCode::code);
        }
        Verb::Ingest(options) => {
            return verb::ingest::ingest(options, terminal).map(ExitCode::code);
        }
        Verb::Tui(options) => verb::tui::tui(options, terminal)?,
        Verb::Build(options) => verb::build::build(options, terminal)?,
        Verb::Show(options) => verb::show::show(options)?,
        Verb::List(options) => verb::list::list(options)?,
        Verb::Schema(options) => verb::schema::schema(options.of),
        Verb::Config(options) => verb::config::config(options)?,
        Verb::Init(options) => verb::init::init(options)?,
        Verb::Man => verb::completions::man(),
        Verb::Doctor => verb::doctor::doctor()?,
        Verb::Completions { shell } => verb::completions::completions(*shell),
    }
    Ok(ExitCode::Pass.code())
}
