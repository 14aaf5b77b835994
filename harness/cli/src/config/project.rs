//! The project that settings belong to: the nearest files from a folder upwards.

use std::fs;
use std::path::{Path, PathBuf};

use super::table::File;
use super::{Settings, cargo, wokwi};
use crate::failure::Failure;

const RAMSCOPE: &str = "ramscope.toml";
const WOKWI: &str = "wokwi.toml";
const CARGO: &str = "Cargo.toml";

/// The files that hold settings; each is the nearest of its name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Project {
    pub(crate) ramscope: Option<PathBuf>,
    pub(crate) wokwi: Option<PathBuf>,
    pub(crate) cargo: Option<PathBuf>,
}

impl Project {
    /// The project that holds a folder; `asked` takes the place of its `ramscope.toml`.
    pub(crate) fn around(folder: &Path, asked: Option<&Path>) -> Self {
        let real = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
        let nearest = |name: &str| {
            real.ancestors().map(|folder| folder.join(name)).find(|path| path.is_file())
        };
        Self {
            ramscope: asked.map(Path::to_owned).or_else(|| nearest(RAMSCOPE)),
            wokwi: nearest(WOKWI),
            cargo: nearest(CARGO),
        }
    }

    /// Whether a folder is the root of a project.
    pub(crate) fn is_root(folder: &Path) -> bool {
        [RAMSCOPE, WOKWI].iter().any(|name| folder.join(name).is_file())
    }

    /// The folder that scenarios are looked for in.
    pub(crate) fn root(&self) -> Option<&Path> {
        self.ramscope.as_deref().or(self.wokwi.as_deref())?.parent()
    }

    /// What the files say, the weakest first.
    pub(crate) fn settings(&self, profile: Option<&str>) -> Result<Settings, Failure> {
        let mut settings = Settings::default();
        if let Some(path) = &self.wokwi {
            wokwi::take(&File { path, text: &read(path)? }, &mut settings)?;
        }
        if let Some(path) = &self.cargo {
            cargo::take(&File { path, text: &read(path)? }, profile, &mut settings)?;
        }
        match &self.ramscope {
            Some(path) => {
                let text = read(path)?;
                let file = File { path, text: &text };
                let table = file.parse()?;
                file.take(table.get_ref(), profile, &mut settings)?;
            }
            None if self.cargo.is_none() && profile.is_some() => {
                let place = format!("--profile {}", profile.unwrap_or_default());
                let reason = "there is no ramscope.toml here, so there are no profiles".to_owned();
                return Err(Failure::Setting { place, reason });
            }
            None => {}
        }
        Ok(settings)
    }
}

fn read(path: &Path) -> Result<String, Failure> {
    let bytes =
        fs::read(path).map_err(|source| Failure::Unreadable { path: path.to_owned(), source })?;
    String::from_utf8(bytes).map_err(|_| Failure::NotText { path: path.to_owned() })
}
