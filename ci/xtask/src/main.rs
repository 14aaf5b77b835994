//! What CI does beyond cargo's own commands, runnable locally: `cargo xtask help`.
//!
//! A check answers with one sentence if all is well. It fails alike if it finds something and if it
//! could not look, because a check that did not run has shown nothing. What is to be judged is
//! gathered first and judged by a pure function, which the tests drive.

mod conformance;
mod cost;
mod determinism;
mod failure;
mod house;
mod layers;
mod machines;
mod qemu_compare;
mod reproducible;
mod soak;
mod speed;
mod workspace;

use std::process::ExitCode;

use failure::Failure;
use qemu_compare::{COMPARISONS, Comparison};
use workspace::Workspace;

/// One check.
struct Verb {
    name: &'static str,
    /// What `help` says of it.
    help: &'static str,
    check: fn(&Workspace) -> Result<String, Failure>,
}

const VERBS: [Verb; 5] = [
    Verb {
        name: "layers",
        help: "dependencies between our crates point one way",
        check: layers::check,
    },
    Verb {
        name: "house",
        help: "files are short, finished and where they belong",
        check: house::check,
    },
    Verb {
        name: "determinism",
        help: "scenarios give the same report in debug and release, with any jobs, and replayed",
        check: determinism::check,
    },
    Verb {
        name: "machines",
        help: "scenarios pass on the engine's two machines and on QEMU (qemu-system-riscv32)",
        check: machines::check,
    },
    Verb {
        name: "reproducible",
        help: "the image is the same when built in another folder and environment",
        check: reproducible::check,
    },
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        [] | ["help" | "--help" | "-h"] => {
            print!("{}", help());
            ExitCode::SUCCESS
        }
        [conformance::NAME, ref arguments @ ..] => conformance::run(arguments),
        [cost::NAME, ref arguments @ ..] => cost::run(arguments),
        [soak::NAME, ref arguments @ ..] => soak::run(arguments),
        [speed::NAME, ref arguments @ ..] => speed::run(arguments),
        [name, ref arguments @ ..] if let Some(comparison) = comparison(name) => {
            comparison.run(arguments)
        }
        [name] => match VERBS.iter().find(|verb| verb.name == name) {
            Some(verb) => carry_out(verb),
            None => misused(&format!("there is no check named {name}")),
        },
        _ => misused("one check at a time, without arguments"),
    }
}

fn comparison(name: &str) -> Option<&'static Comparison> {
    COMPARISONS.iter().find(|comparison| comparison.name == name)
}

fn help() -> String {
    let mut text = "Checks of this workspace: cargo xtask CHECK\n\n".to_owned();
    for Verb { name, help, .. } in &VERBS {
        text += &format!("  {name:<12} {help}\n");
    }
    text += &format!("  {:<12} {}\n", conformance::NAME, conformance::HELP);
    text += &format!("  {:<12} {}\n", cost::NAME, cost::HELP);
    text += &format!("  {:<12} {}\n", soak::NAME, soak::HELP);
    for Comparison { name, help, .. } in &COMPARISONS {
        text += &format!("  {name:<12} {help}\n");
    }
    text += &format!("  {:<12} {}\n", speed::NAME, speed::HELP);
    text + "\nExit codes: 0 all is well, 1 something was found or could not be checked, 2 usage.\n"
}

fn carry_out(verb: &Verb) -> ExitCode {
    match Workspace::load().and_then(|workspace| (verb.check)(&workspace)) {
        Ok(sentence) => {
            println!("{}: {sentence}", verb.name);
            ExitCode::SUCCESS
        }
        Err(failure) => {
            eprintln!("{}: {}", verb.name, failure.text());
            ExitCode::FAILURE
        }
    }
}

fn misused(reason: &str) -> ExitCode {
    eprint!("{reason}\n\n{}", help());
    ExitCode::from(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn help_names_every_check() {
        let help = help();
        let names = VERBS.iter().map(|verb| verb.name);
        for name in names.chain(COMPARISONS.iter().map(|comparison| comparison.name)) {
            assert!(help.contains(&format!("  {name} ")), "{name}");
        }
    }
}
