//! `ramscope doctor`.

use std::path::Path;

use ramscope_backend::{Firmware, Qemu, offers};
use ramscope_cli::image;
use ramscope_cli::workspace::Workspace;
use ramscope_scenario::{TargetKind, TargetOffer};

use crate::columns::print_table;
use crate::config::{Image, Project, RunSettings, shortened};
use crate::failure::Failure;

/// Says what works on this machine. It is a failure if images cannot be built.
pub(crate) fn doctor() -> Result<(), Failure> {
    let mut rows = Vec::new();
    let mut healthy = true;
    match Workspace::containing(Path::new(".")) {
        Ok(workspace) => {
            rows.push(row("workspace", Ok(workspace.root().display().to_string())));
            for diagnosis in image::diagnose(&workspace) {
                healthy &= diagnosis.state.is_ok();
                rows.push(row(diagnosis.subject, diagnosis.state));
            }
            rows.push(image_row(&workspace));
        }
        Err(error) => rows.push(["workspace".into(), "none".into(), error.to_string()]),
    }
    rows.push(project_row());
    rows.extend(offers(None, None).into_iter().map(|(target, offer)| target_row(target, offer)));
    rows.push(qemu_row());
    print_table(["what", "state", "detail"], &rows);
    match healthy {
        true => Ok(()),
        false => Err(Failure::Unhealthy),
    }
}

/// The files that hold settings here, and whether they can be read.
fn project_row() -> [String; 3] {
    let project = Project::around(Path::new("."), None);
    let read = project.settings(None).and_then(|settings| RunSettings::read(&settings, &project));
    let files = [&project.ramscope, &project.wokwi];
    let files: Vec<_> =
        files.into_iter().flatten().map(|path| shortened(path).display().to_string()).collect();
    let (state, detail) = match (read, files.is_empty()) {
        (Err(failure), _) => ("unusable", failure.sentence()),
        (Ok(_), true) => ("none", "`ramscope init` begins one".to_owned()),
        (Ok(RunSettings { image: Image::File { path, build: None, .. }, .. }), false)
            if !path.exists() =>
        {
            ("no image", format!("{} is not there; build the project first", path.display()))
        }
        (Ok(_), false) => ("ok", format!("settings from {}", files.join(", "))),
    };
    ["project".to_owned(), state.to_owned(), detail]
}

fn row(subject: &str, state: Result<String, String>) -> [String; 3] {
    match state {
        Ok(detail) => [subject.to_owned(), "ok".to_owned(), detail],
        Err(remedy) => [subject.to_owned(), "missing".to_owned(), remedy],
    }
}

fn image_row(workspace: &Workspace) -> [String; 3] {
    let path = workspace.images().join("esp32c3.elf");
    if !path.exists() {
        return ["image".into(), "not built".into(), "`ramscope build` makes it".into()];
    }
    match Firmware::read(&path) {
        Ok(firmware) => {
            let programs = firmware.programs.unwrap_or_default().join(", ");
            ["image".into(), "ok".into(), format!("programs: {programs}")]
        }
        Err(error) => ["image".into(), "unusable".into(), Failure::from(error).sentence()],
    }
}

/// Nothing but the target that it is needs it, so a QEMU that is missing is no illness.
fn qemu_row() -> [String; 3] {
    let found = Qemu::find()
        .and_then(|qemu| Ok(format!("{} ({})", qemu.version()?, qemu.program().display())));
    row("qemu", found)
}

fn target_row(target: TargetKind, offer: TargetOffer) -> [String; 3] {
    let (state, detail) = match offer {
        TargetOffer::Available(_) => ("ok", ramscope_backend::capabilities(target).to_string()),
        TargetOffer::Unavailable(reason) => ("unavailable", reason),
    };
    [format!("target {target}"), state.to_owned(), detail]
}
