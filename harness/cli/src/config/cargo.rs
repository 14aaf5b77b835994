//! Settings in a `Cargo.toml`: the table `[package.metadata.ramscope]`, or that of a workspace.

use super::Settings;
use super::table::File;
use crate::failure::Failure;

/// Takes the settings of a manifest, if it has any. A manifest that is no TOML is cargo's to tell.
pub(super) fn take(
    file: &File<'_>,
    profile: Option<&str>,
    settings: &mut Settings,
) -> Result<(), Failure> {
    let Ok(manifest) = file.parse() else {
        return Ok(());
    };
    for of in ["workspace", "package"] {
        let metadata = manifest.get_ref().get(of).and_then(|table| {
            table.get_ref().get("metadata")?.get_ref().get("ramscope")?.get_ref().as_table()
        });
        if let Some(table) = metadata {
            // A profile that only ramscope.toml has is no mistake here.
            let has = |name: &&str| {
                table.get("profile").is_some_and(|p| p.get_ref().get(*name).is_some())
            };
            file.take(table, profile.filter(has), settings)?;
        }
    }
    Ok(())
}
