//! `ramscope config`, and the settings of the verbs that run or plan.

use std::path::{Path, PathBuf};

use crate::args::SettingOptions;
use crate::columns::table_text;
use crate::config::{KEYS, Project, RunSettings, Settings};
use crate::failure::Failure;
use crate::output;

/// Prints all settings, each with the place that it comes from.
pub(crate) fn config(options: &SettingOptions) -> Result<(), Failure> {
    let (settings, project) = gather(options)?;
    // Whoever asks what holds wants to know what does not.
    RunSettings::read(&settings, &project)?;
    let rows: Vec<[String; 3]> = KEYS
        .iter()
        .map(|key| match settings.get(key.name) {
            Some(made) => [key.name.into(), made.values.join(", "), made.source.to_string()],
            None => [key.name.into(), key.default.into(), "default".into()],
        })
        .collect();
    let mut text = table_text(["setting", "value", "from"], &rows);
    for note in &settings.notes {
        text.push_str(&format!("note: {note}\n"));
    }
    output::print_text(&text);
    Ok(())
}

/// What holds for a run of the program.
pub(crate) fn run_settings(options: &SettingOptions) -> Result<RunSettings, Failure> {
    let (settings, project) = gather(options)?;
    RunSettings::read(&settings, &project)
}

/// Settings from all places, and the project that they belong to.
fn gather(options: &SettingOptions) -> Result<(Settings, Project), Failure> {
    let variable = |name: &str| std::env::var(name).ok();
    let profile = options.profile.clone().or_else(|| variable("RAMSCOPE_PROFILE"));
    let folder = project_folder(options);
    let around = folder.as_deref().unwrap_or(Path::new("."));
    let project = Project::around(around, options.config_file.as_deref());
    let mut settings = project.settings(profile.as_deref().filter(|name| !name.is_empty()))?;
    settings.take_environment(variable);
    let mut said = options.said();
    if folder.is_some() {
        // The folder of a project is no folder of scenarios: the project says where those are.
        said.retain(|(name, _)| *name != "scenarios");
    }
    settings.take_arguments(said);
    Ok((settings, project))
}

/// The folder of a project, if that is what the command line names, as wokwi-cli wants it.
fn project_folder(options: &SettingOptions) -> Option<PathBuf> {
    let mut paths = options.paths();
    let (first, second) = (paths.next()?, paths.next());
    (second.is_none() && Project::is_root(first)).then(|| first.clone())
}
