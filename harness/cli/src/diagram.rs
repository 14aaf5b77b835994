//! Which `diagram.json` stands around the chip, and what is in it.
//!
//! wokwi-cli takes the one beside `wokwi.toml`, so that is the one: of the project that the
//! scenarios lie in, or else of the workspace. One call has one diagram.

use std::path::{Path, PathBuf};

use ramscope_backend::{Checked, Circuit, ReadCircuit};
use ramscope_cli::workspace::Workspace;
use ramscope_scenario::{Problem, Run, Scenario, TargetKind};

use crate::failure::Failure;

const DIAGRAM: &str = "diagram.json";
/// What a folder holds if it is the root of a Wokwi project.
const PROJECT: &str = "wokwi.toml";

/// The circuit of the diagram that was asked for, or of the one that is found. None is no failure:
/// steps that need one are skipped then.
pub(crate) fn circuit(
    asked: Option<&Path>,
    scenarios: &[PathBuf],
) -> Result<Option<Circuit>, Failure> {
    match asked.map(Path::to_owned).or_else(|| find(scenarios)) {
        Some(path) => read(&path).map(Some),
        None => Ok(None),
    }
}

/// Reads a diagram; what is left out of it is said.
fn read(path: &Path) -> Result<Circuit, Failure> {
    let unreadable = |source| Failure::Unreadable { path: path.to_owned(), source };
    let bytes = std::fs::read(path).map_err(unreadable)?;
    let text = String::from_utf8(bytes).map_err(|_| Failure::NotText { path: path.to_owned() })?;
    let read = Circuit::read(&text)
        .map_err(|source| Failure::Diagram { path: path.to_owned(), source })?;
    let ReadCircuit { circuit, warnings } = read;
    for warning in warnings {
        eprintln!("{}: warning: {warning}", path.display());
    }
    Ok(circuit)
}

fn find(scenarios: &[PathBuf]) -> Option<PathBuf> {
    let of_scenarios = scenarios.first().and_then(|path| project(&path.canonicalize().ok()?));
    let workspace = || Some(Workspace::containing(Path::new(".")).ok()?.root().to_owned());
    let diagram = of_scenarios.or_else(workspace)?.join(DIAGRAM);
    diagram.is_file().then_some(diagram)
}

/// The nearest project that holds a path.
fn project(path: &Path) -> Option<PathBuf> {
    let project = path.ancestors().find(|folder| folder.join(PROJECT).is_file());
    project.map(Path::to_owned)
}

/// Checks scenarios against a circuit: mistakes are returned, and what cannot be simulated is left
/// out of the runs.
pub(crate) fn check(circuit: &Circuit, scenarios: &[Scenario], runs: &mut [Run]) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (index, scenario) in scenarios.iter().enumerate() {
        let Checked { problems: mistakes, skipped } = circuit.check(scenario);
        problems.extend(mistakes);
        let on_engine =
            |run: &&mut Run| run.scenario_index == index && run.target == TargetKind::Engine;
        for run in runs.iter_mut().filter(on_engine) {
            run.skipped_steps.extend(skipped.iter().cloned());
            run.skipped_steps.sort_by_key(|skip| skip.step);
        }
    }
    problems
}
