//! The stored results that scenarios compare with: JSON reports that `run --report json=FILE` wrote.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use ramscope_scenario::{Baseline, Run};
use serde_json::Value;

use crate::evidence::{as_argument, this_program};
use crate::failure::Failure;

/// Gives each run the figures that its scenario's baseline has for it.
pub(crate) fn give(runs: &mut [Run]) -> Result<(), Failure> {
    for run in runs {
        let Some(name) = run.scenario.settings.baseline.clone() else { continue };
        let path = Path::new(&run.scenario.path).with_file_name(&name);
        let (scenario, file) = (&run.scenario.path, as_argument(&path));
        let remedy = format!("{} run {scenario} --report json={file}", this_program());
        // Whoever makes the first one has nothing to compare with.
        if !path.exists() {
            eprintln!("warning: {scenario} has no baseline {file} yet; `{remedy}` writes one");
            continue;
        }
        let refuse =
            |reason| Failure::Baseline { path: path.clone(), reason, remedy: remedy.clone() };
        let text = fs::read_to_string(&path).map_err(|error| refuse(error.to_string()))?;
        let report: Value = serde_json::from_str(&text)
            .map_err(|error| refuse(format!("it is no JSON: {error}")))?;
        let figures = figures_of(&report, run)
            .ok_or_else(|| refuse(format!("it has no run of this scenario on {}", run.target)))?;
        run.baseline = Some(Baseline { name, figures });
    }
    Ok(())
}

/// The figures of the run of the same scenario and target, of the same seed if there is one.
fn figures_of(report: &Value, run: &Run) -> Option<BTreeMap<String, u64>> {
    let is_same = |stored: &&Value| {
        stored["scenario"] == run.scenario.name.as_str() && stored["target"] == run.target.name()
    };
    let stored: Vec<&Value> = report["runs"].as_array()?.iter().filter(is_same).collect();
    let of_seed = stored.iter().find(|stored| stored["seed"] == run.seed);
    let figures = of_seed.or(stored.first())?["figures"].as_array()?.iter();
    let figure =
        |figure: &Value| Some((figure["id"].as_str()?.to_owned(), figure["bytes"].as_u64()?));
    Some(figures.filter_map(figure).collect())
}
