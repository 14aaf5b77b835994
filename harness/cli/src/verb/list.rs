//! `ramscope list`.

use serde_json::{Value, json};

use crate::args::{Format, ListOptions};
use crate::columns::table_text;
use crate::failure::Failure;
use crate::images::Images;
use crate::output;
use crate::prepare::{self, Named};
use crate::verb::config;

/// Prints a line for each scenario that fits: name, targets, seeds, tags, file.
pub(crate) fn list(options: &ListOptions) -> Result<(), Failure> {
    let settings = config::run_settings(&options.settings)?;
    let scenarios = prepare::scenarios(&settings, Named::Scenarios)?;
    let plan = prepare::runs(&scenarios, &settings, &Images::default(), None)?;
    let listed: Vec<Listed> = scenarios
        .iter()
        .enumerate()
        .map(|(index, scenario)| {
            let runs: Vec<_> = plan.runs.iter().filter(|run| run.scenario_index == index).collect();
            let mut seeds: Vec<u64> = runs.iter().map(|run| run.seed).collect();
            seeds.sort_unstable();
            seeds.dedup();
            let targets = scenario.settings.targets.iter().map(|target| target.kind);
            let targets = settings.targets.clone().unwrap_or_else(|| targets.collect());
            Listed {
                name: scenario.name.clone(),
                file: scenario.path.clone(),
                targets: targets.iter().map(ToString::to_string).collect(),
                seeds,
                tags: scenario.settings.tags.clone(),
                runs: runs.len(),
                skipped: plan
                    .skipped
                    .iter()
                    .filter(|skip| skip.scenario_index == index)
                    .map(|skip| skip.reason.clone())
                    .collect(),
            }
        })
        .collect();
    match settings.format {
        Format::Json => output::print_text(&json_of(&listed)),
        _ => output::print_text(&text_of(&listed)),
    }
    Ok(())
}

/// A scenario and what would become of it.
struct Listed {
    name: String,
    file: String,
    targets: Vec<String>,
    seeds: Vec<u64>,
    tags: Vec<String>,
    runs: usize,
    /// Why it, or one of its targets, does not run here.
    skipped: Vec<String>,
}

fn text_of(listed: &[Listed]) -> String {
    let rows: Vec<[String; 6]> = listed
        .iter()
        .map(|listed| {
            [
                listed.name.clone(),
                listed.targets.join(","),
                listed.runs.to_string(),
                seeds_text(&listed.seeds),
                listed.tags.join(","),
                listed.file.clone(),
            ]
        })
        .collect();
    let mut text = table_text(["scenario", "targets", "runs", "seeds", "tags", "file"], &rows);
    for Listed { name, skipped, .. } in listed {
        skipped.iter().for_each(|reason| text.push_str(&format!("{name} is left out: {reason}\n")));
    }
    text
}

/// `1`, `1,5,9`, `1-100`.
fn seeds_text(seeds: &[u64]) -> String {
    let runs = seeds.chunk_by(|a, b| a.checked_add(1) == Some(*b));
    let texts = runs.map(|run| match run {
        [first, .., last] => format!("{first}-{last}"),
        [seed] => seed.to_string(),
        [] => String::new(),
    });
    texts.collect::<Vec<_>>().join(",")
}

fn json_of(listed: &[Listed]) -> String {
    let scenarios: Vec<Value> = listed
        .iter()
        .map(|listed| {
            json!({
                "name": listed.name,
                "file": listed.file,
                "targets": listed.targets,
                "seeds": listed.seeds,
                "tags": listed.tags,
                "runs": listed.runs,
                "skipped": listed.skipped,
            })
        })
        .collect();
    let list = json!({"schema_version": 1, "scenarios": scenarios});
    format!("{list:#}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_in_a_row_are_a_range() {
        assert_eq!(seeds_text(&[1]), "1");
        assert_eq!(seeds_text(&[1, 2, 3, 9, 11, 12]), "1-3,9,11-12");
    }
}
