//! The command: a folder of ELF tests in the convention of riscv-tests, on the engine's virt machine
//! and, if asked, on QEMU's `spike` machine, which follows the same convention.
//!
//! The suites are the user's (riscv-tests, riscv-arch-test, whatever stores to `tohost`); our own
//! few tests are here to prove each verdict.

mod files;
mod judge;
mod own;
mod table;

use crate::qemu::{self, Qemu};
use judge::{Kind, Row, judge};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

const USAGE: &str = "\
usage: cargo xtask riscv-tests FOLDER|--own [options]

Runs every ELF file below FOLDER that says through `tohost` how it ended.

  --own                 our own small tests instead, each with the verdict that it must get
  --jobs N              tests at once (default: one a processor)
  --max-instructions N  a longer test is stopped; time in which it waits counts (default 10000000)
  --signatures FOLDER   writes what lies from begin_signature to end_signature, a word a line
  --qemu                runs the same files on QEMU, which must agree

Exit codes: 0 all that can run passed, 1 something did not, 2 usage, 3 no QEMU, 4 nothing ran.
";

/// What a run depends on.
struct Settings {
    folder: Option<PathBuf>,
    own: bool,
    jobs: usize,
    cycles_max: u64,
    signatures: Option<PathBuf>,
    qemu: Option<Qemu>,
}

/// Why nothing could be said.
#[derive(Debug, thiserror::Error)]
enum SuiteError {
    #[error("{0}")]
    Qemu(#[from] qemu::QemuError),
    #[error("{}: {source}", path.display())]
    File {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
}

/// Reads the arguments, runs the tests, and says how it went.
pub(crate) fn main(arguments: impl Iterator<Item = String>) -> ExitCode {
    let settings = match read_arguments(arguments) {
        Ok(Some(settings)) => settings,
        Ok(None) => {
            eprint!("{USAGE}");
            return ExitCode::from(2);
        }
        Err(error) => return refuse(&error, 3),
    };
    match run(&settings) {
        Ok(code) => ExitCode::from(code),
        Err(error @ SuiteError::Qemu(_)) => refuse(&error, 3),
        Err(error) => refuse(&error, 2),
    }
}

fn refuse(error: &dyn std::error::Error, code: u8) -> ExitCode {
    eprintln!("riscv-tests: {error}");
    ExitCode::from(code)
}

/// The settings; none if they cannot be understood.
fn read_arguments(
    mut arguments: impl Iterator<Item = String>,
) -> Result<Option<Settings>, SuiteError> {
    let jobs = thread::available_parallelism().map_or(1, usize::from);
    let mut settings = Settings {
        folder: None,
        own: false,
        jobs,
        cycles_max: 10_000_000,
        signatures: None,
        qemu: None,
    };
    while let Some(argument) = arguments.next() {
        let understood = match argument.as_str() {
            "--own" => {
                settings.own = true;
                true
            }
            "--qemu" => {
                let qemu = Qemu::new(qemu::PROGRAM, "tests")?;
                qemu.version()?;
                settings.qemu = Some(qemu);
                true
            }
            "--jobs" => number(arguments.next()).is_some_and(|n| {
                settings.jobs = n as usize;
                n > 0
            }),
            "--max-instructions" => {
                number(arguments.next()).map(|n| settings.cycles_max = n).is_some()
            }
            "--signatures" => {
                settings.signatures = arguments.next().map(PathBuf::from);
                settings.signatures.is_some()
            }
            folder if !folder.starts_with('-') && settings.folder.is_none() => {
                settings.folder = Some(folder.into());
                true
            }
            _ => false,
        };
        if !understood {
            return Ok(None);
        }
    }
    Ok((settings.own != settings.folder.is_some()).then_some(settings))
}

fn number(text: Option<String>) -> Option<u64> {
    text?.parse().ok()
}

fn run(settings: &Settings) -> Result<u8, SuiteError> {
    match &settings.folder {
        Some(folder) => {
            let rows = run_folder(settings, folder)?;
            Ok(exit_code(&rows))
        }
        None => run_own(settings),
    }
}

/// Our own tests, of which many must not pass.
fn run_own(settings: &Settings) -> Result<u8, SuiteError> {
    let folder = std::env::temp_dir().join(format!("own-tests-{}", std::process::id()));
    let tests = own::tests();
    let written = own::write(&tests, &folder);
    let rows = written
        .map_err(|source| SuiteError::File { path: folder.clone(), source })
        .and_then(|()| run_folder(settings, &folder));
    let _ = std::fs::remove_dir_all(&folder); // a file in /tmp is not worth a failure
    let problems = own::problems(&tests, &rows?);
    problems.iter().for_each(|problem| println!("{problem}"));
    if problems.is_empty() {
        println!("each of {} has the verdict that it must get", tests.len());
    }
    Ok(u8::from(!problems.is_empty()))
}

fn run_folder(settings: &Settings, folder: &Path) -> Result<Vec<Row>, SuiteError> {
    let files = files::below(folder)
        .map_err(|source| SuiteError::File { path: folder.to_owned(), source })?;
    if let Some(folder) = &settings.signatures {
        std::fs::create_dir_all(folder)
            .map_err(|source| SuiteError::File { path: folder.clone(), source })?;
    }
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..settings.jobs.min(files.len()) {
            scope.spawn(|| {
                while let Some(file) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let row = judge(settings, folder, file);
                    done.lock().expect("no job panics with the lock").push(row);
                }
            });
        }
    });
    let rows = done.into_inner().expect("no job panics with the lock");
    let mut rows = rows.into_iter().collect::<Result<Vec<Row>, SuiteError>>()?;
    rows.sort_by(|a, b| a.name.cmp(&b.name));
    print!("{}", table::table(&rows));
    Ok(rows)
}

/// What the rows mean for who reads nothing else.
fn exit_code(rows: &[Row]) -> u8 {
    let is_bad = |row: &Row| row.kind.is_bad() || row.disagrees;
    if rows.iter().any(is_bad) {
        1
    } else if rows.iter().any(|row| row.kind == Kind::Passed) {
        0
    } else {
        4
    }
}
