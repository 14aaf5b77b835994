//! All settings of `ramscope run`, read and with their defaults.

use std::path::{Path, PathBuf};
use std::time::Duration;

use ramscope_cli::workspace::Workspace;
use ramscope_scenario::TargetKind;

use super::parse::{self, Shard, TimeLimit};
use super::{Project, Settings, Source};
use crate::args::Format;
use crate::failure::Failure;
use crate::output::Verbosity;
use crate::reports::ReportOptions;

/// What holds for a run of the program.
#[derive(Debug)]
pub(crate) struct RunSettings {
    /// Files, folders and patterns.
    pub(crate) scenarios: Vec<PathBuf>,
    pub(crate) image: Image,
    pub(crate) symbols: Option<PathBuf>,
    pub(crate) diagram: Option<PathBuf>,
    pub(crate) targets: Option<Vec<TargetKind>>,
    pub(crate) seeds: Option<Vec<u64>>,
    pub(crate) repeat: Option<u32>,
    pub(crate) filters: Vec<String>,
    pub(crate) tags: Vec<String>,
    pub(crate) shard: Shard,
    pub(crate) jobs: usize,
    pub(crate) retries: u32,
    pub(crate) fail_fast: bool,
    pub(crate) timeout: Option<TimeLimit>,
    pub(crate) timeout_exit_code: u8,
    pub(crate) host_limit: Duration,
    pub(crate) expect_text: Vec<String>,
    pub(crate) fail_text: Vec<String>,
    pub(crate) captures: Option<PathBuf>,
    /// `None`: what the scenario says; of repetitions, those that do not pass.
    pub(crate) keep: Option<Keep>,
    pub(crate) serial_log: Option<PathBuf>,
    pub(crate) vcd: Option<PathBuf>,
    pub(crate) format: Format,
    pub(crate) reports: ReportOptions,
    pub(crate) quiet: bool,
    pub(crate) verbosity: Verbosity,
}

/// Which image runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Image {
    /// The image of ramscope's own workspace, which this program builds.
    Workspace,
    /// A file, and the command that makes it and the folder to call it in, if there is one.
    File { path: PathBuf, named_by: Source, build: Option<(String, PathBuf)> },
}

/// Which captures stay on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keep {
    /// All.
    All,
    /// Those of runs that do not pass.
    Failed,
    /// None.
    None,
}

/// Where scenarios lie if nobody says so.
const SCENARIOS: &str = "scenarios";

impl RunSettings {
    /// Reads all settings.
    ///
    /// # Errors
    /// If one cannot be read; the message says where it stands.
    pub(crate) fn read(settings: &Settings, project: &Project) -> Result<Self, Failure> {
        let path = |name| settings.one(name, |text| Ok(PathBuf::from(text)));
        let flag = |name| Ok::<_, Failure>(settings.one(name, parse::flag)?.unwrap_or(false));
        let list = |name| settings.many(name, parse::text);
        let mut targets = Vec::new();
        for target in settings.many("target", parse::targets)?.into_iter().flatten() {
            if !targets.contains(&target) {
                targets.push(target);
            }
        }
        let seeds: Vec<u64> = settings.many("seed", parse::seeds)?.into_iter().flatten().collect();
        Ok(Self {
            scenarios: scenarios(settings, project)?,
            image: image(settings)?,
            symbols: path("symbols")?,
            diagram: path("diagram")?,
            targets: (!targets.is_empty()).then_some(targets),
            seeds: (!seeds.is_empty()).then_some(seeds),
            repeat: settings.one("repeat", parse::count)?,
            filters: list("filter")?,
            tags: list("tag")?,
            shard: settings.one("shard", parse::shard)?.unwrap_or(Shard { index: 0, count: 1 }),
            jobs: settings.one("jobs", parse::count)?.unwrap_or(1) as usize,
            retries: settings.one("retries", parse::number)?.unwrap_or(0).min(100) as u32,
            fail_fast: flag("fail-fast")?,
            timeout: settings.one("timeout", parse::time_limit)?,
            timeout_exit_code: settings.one("timeout-exit-code", parse::exit_code)?.unwrap_or(42),
            host_limit: Duration::from_secs(
                settings.one("host-limit", parse::number)?.unwrap_or(120),
            ),
            expect_text: list("expect-text")?,
            fail_text: list("fail-text")?,
            captures: path("captures")?,
            keep: settings.one("keep", keep)?,
            serial_log: path("serial-log-file")?,
            vcd: path("vcd-file")?,
            format: settings.one("format", parse::format)?.unwrap_or(Format::Text),
            reports: ReportOptions { reports: settings.many("report", str::parse)? },
            quiet: flag("quiet")?,
            verbosity: if flag("verbose")? { Verbosity::Full } else { Verbosity::Calm },
        })
    }
}

fn scenarios(settings: &Settings, project: &Project) -> Result<Vec<PathBuf>, Failure> {
    let named = settings.many("scenarios", |text| Ok(PathBuf::from(text)))?;
    if !named.is_empty() {
        return Ok(named);
    }
    let here = Path::new(SCENARIOS);
    let of_project = project.root().map(|root| super::shortened(&root.join(SCENARIOS)));
    Ok(vec![match of_project {
        Some(folder) if !here.is_dir() && folder.is_dir() => folder,
        _ => here.to_owned(),
    }])
}

/// What a person or a file names; the workspace's own image is named by its `wokwi.toml`, and built
/// here.
fn image(settings: &Settings) -> Result<Image, Failure> {
    let (Some(path), Some(setting)) =
        (settings.one("elf", |text| Ok(PathBuf::from(text)))?, settings.get("elf"))
    else {
        return Ok(Image::Workspace);
    };
    let named_by = setting.source.clone();
    let is_own = |workspace: Workspace| {
        let folder = path.parent().map(|folder| std::path::absolute(folder).ok());
        folder.flatten().is_some_and(|folder| folder == workspace.images())
    };
    let by_file = matches!(named_by, Source::File { .. });
    if by_file && Workspace::containing(Path::new(".")).is_ok_and(is_own) {
        return Ok(Image::Workspace);
    }
    // Whoever names an image means that one, and not what a build would make of it.
    let build = match settings.get("build").map(|setting| &setting.source) {
        Some(Source::File { path, .. }) if by_file => {
            let folder = path.parent().unwrap_or(Path::new(".")).to_owned();
            settings.one("build", parse::text)?.map(|command| (command, folder))
        }
        Some(Source::CommandLine | Source::Environment(_)) => {
            settings.one("build", parse::text)?.map(|command| (command, PathBuf::from(".")))
        }
        _ => None,
    };
    Ok(Image::File { path, named_by, build })
}

fn keep(text: &str) -> Result<Keep, String> {
    match text {
        "all" => Ok(Keep::All),
        "failed" => Ok(Keep::Failed),
        "none" => Ok(Keep::None),
        other => Err(format!(
            "all, failed or none is expected, not `{other}` (a folder for captures is named by \
             `captures`)"
        )),
    }
}
