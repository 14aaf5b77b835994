//! `ramscope list`.

use crate::args::PathOptions;
use crate::columns::print_table;
use crate::failure::Failure;
use crate::files::ScenarioFiles;

/// Prints a line for each scenario: name, file, targets and tags.
pub(crate) fn list(options: &PathOptions) -> Result<(), Failure> {
    let files = ScenarioFiles::read(&options.paths)?;
    let rows: Vec<[String; 4]> = files
        .parsed
        .iter()
        .filter_map(|parsed| parsed.scenario.as_ref())
        .map(|scenario| {
            let targets = scenario.settings.targets.iter().map(|target| target.kind.name());
            [
                scenario.name.clone(),
                scenario.path.clone(),
                targets.collect::<Vec<_>>().join(","),
                scenario.settings.tags.join(","),
            ]
        })
        .collect();
    print_table(["scenario", "file", "targets", "tags"], &rows);
    let unusable = files.parsed.iter().filter(|parsed| parsed.scenario.is_none()).count();
    if unusable > 0 {
        eprintln!("{unusable} files are left out because they have errors: see `ramscope lint`");
    }
    Ok(())
}
