//! Scenarios give the same report in whatever way they are run.
//!
//! A run on the built-in machine is a function of image, scenario and seed. So the whole report, with
//! the hash of each device part, has to be the same text from a debug and a release build of the
//! harness and with any number of jobs. And a capture holds all that a report is made of, so a replay
//! has to give each run's part of the report again.
//!
//! All ways use one image and one folder for captures, whose name is part of a report. Whether the
//! scenarios pass is not asked here.

mod report;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::failure::Failure;
use crate::workspace::{Profile, Workspace, failed, run, succeed};
use report::Report;

/// One way to run the scenarios.
struct Way {
    name: &'static str,
    profile: Profile,
    jobs: &'static str,
}

/// The first is what the others are compared with.
const WAYS: [Way; 3] = [
    Way { name: "a release build with one job", profile: Profile::Release, jobs: "1" },
    Way { name: "a release build with two jobs", profile: Profile::Release, jobs: "2" },
    Way { name: "a debug build with one job", profile: Profile::Debug, jobs: "1" },
];

/// What is run.
const SCENARIOS: &str = "scenarios";

/// Runs all scenarios in all ways and replays them.
pub(crate) fn check(workspace: &Workspace) -> Result<String, Failure> {
    let release = workspace.ramscope(Profile::Release)?;
    succeed(ramscope(workspace, &release).args(["build", "--quiet"]))?;
    let first = run_in(workspace, &WAYS[0])?;
    let mut problems = Vec::new();
    for way in &WAYS[1..] {
        let other = run_in(workspace, way)?;
        problems.extend(first.differences(&other, way.name));
    }
    // What is replayed are the captures of the last way.
    let replayed = replay(workspace, &release)?;
    problems.extend(first.differences_of_runs(&replayed, "a replay"));
    Failure::unless_empty(problems)?;
    match first.recorded().count() {
        0 => Err(Failure::Nothing("no scenario ran")),
        runs => Ok(format!("{runs} runs, the same in {} ways and replayed", WAYS.len())),
    }
}

/// Runs all scenarios in one way, which leaves their captures in the folder for captures.
fn run_in(workspace: &Workspace, way: &Way) -> Result<Report, Failure> {
    let program = workspace.ramscope(way.profile)?;
    let captures = captures(workspace);
    workspace.make_empty(&captures)?;
    let mut command = ramscope(workspace, &program);
    command
        .args(["run", SCENARIOS, "--no-build", "--format", "json"])
        .args(["--jobs", way.jobs, "--captures"])
        .arg(&captures);
    read_report(&mut command)
}

fn replay(workspace: &Workspace, program: &Path) -> Result<Report, Failure> {
    let folder = captures(workspace);
    let files = fs::read_dir(&folder).and_then(|entries| {
        let paths = entries.map(|entry| Ok(entry?.path()));
        paths.collect::<Result<Vec<_>, _>>()
    });
    let mut files = files.map_err(|source| workspace.file_failure(&folder, source))?;
    // The bundles of runs that failed lie there too.
    files.retain(|path| path.extension().is_some_and(|extension| extension == "ramscope"));
    if files.is_empty() {
        return Err(Failure::Nothing("no run left a capture"));
    }
    files.sort();
    let mut command = ramscope(workspace, program);
    command.args(["replay", "--format", "json"]).args(files);
    read_report(&mut command)
}

fn captures(workspace: &Workspace) -> PathBuf {
    workspace.scratch("determinism")
}

fn ramscope(workspace: &Workspace, program: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(&workspace.root);
    command
}

/// The report that a program prints. A scenario that fails is a report too, an error is none.
fn read_report(command: &mut Command) -> Result<Report, Failure> {
    let output = run(command)?;
    Report::read(output.stdout.clone()).ok_or_else(|| failed(command, &output))
}
