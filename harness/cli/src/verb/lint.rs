//! `ramscope lint`.

use ramscope_scenario::Severity;

use crate::args::PathOptions;
use crate::diagram;
use crate::failure::Failure;
use crate::files::ScenarioFiles;
use crate::output::print_text;

/// Prints every problem of some scenario files, those against the diagram included; errors are a
/// failure.
pub(crate) fn lint(options: &PathOptions) -> Result<(), Failure> {
    let mut files = ScenarioFiles::read(&options.paths)?;
    if let Some(circuit) = diagram::circuit(options.diagram.as_deref(), &options.paths)? {
        for parsed in &mut files.parsed {
            if let Some(scenario) = &parsed.scenario {
                parsed.problems.extend(circuit.check(scenario).problems);
            }
        }
    }
    files.problems().for_each(|problem| print_text(&format!("{problem}\n")));
    let errors = count(&files, Severity::Error);
    let warnings = count(&files, Severity::Warning);
    let checked = files.parsed.len();
    eprintln!("{checked} scenario files: {errors} errors, {warnings} warnings");
    match (checked, errors) {
        (0, _) => Err(Failure::NothingToRun { reason: "no scenario files were found".into() }),
        (_, 0) => Ok(()),
        (_, errors) => Err(Failure::Scenarios { errors }),
    }
}

pub(crate) fn count(files: &ScenarioFiles, severity: Severity) -> usize {
    files.problems().filter(|problem| problem.severity == severity).count()
}
