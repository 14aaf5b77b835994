//! One file: what the engine says of it, and whether QEMU says the same.

use super::{Settings, SuiteError};
use crate::qemu::{Ended, Job, Qemu, Setup};
use ramscope_engine::{NotATest, TestElf, TestRun, TestVerdict, UnhandledTrap};
use std::path::Path;
use std::time::Duration;

/// What sort of verdict a file got.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Passed,
    Failed,
    Trapped,
    TimedOut,
    /// It needs another machine.
    Elsewhere,
    /// It is no ELF file.
    Skipped,
}

impl Kind {
    pub(super) const ALL: [Kind; 6] =
        [Kind::Passed, Kind::Failed, Kind::Trapped, Kind::TimedOut, Kind::Elsewhere, Kind::Skipped];

    /// Whether the machine or the test is at fault.
    pub(super) fn is_bad(self) -> bool {
        matches!(self, Kind::Failed | Kind::Trapped | Kind::TimedOut)
    }

    /// In a row of the table; what asks for attention is loud.
    pub(super) fn name(self) -> &'static str {
        match self {
            Kind::Passed => "pass",
            Kind::Failed => "FAIL",
            Kind::Trapped => "TRAP",
            Kind::TimedOut => "TIME-OUT",
            Kind::Elsewhere => "not for this machine",
            Kind::Skipped => "skipped",
        }
    }

    /// In the sums.
    pub(super) fn many(self) -> &'static str {
        match self {
            Kind::Passed => "passed",
            Kind::Failed => "failed",
            Kind::Trapped => "trapped",
            Kind::TimedOut => "timed out",
            Kind::Elsewhere => "not for this machine",
            Kind::Skipped => "skipped: not an ELF file",
        }
    }
}

/// A row of the table.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) detail: String,
    pub(super) instructions: Option<u64>,
    /// QEMU ran it as well.
    pub(super) compared: bool,
    pub(super) disagrees: bool,
}

/// Runs one file.
pub(super) fn judge(settings: &Settings, folder: &Path, file: &Path) -> Result<Row, SuiteError> {
    let failed = |source| SuiteError::File { path: file.to_owned(), source };
    let name = file.strip_prefix(folder).unwrap_or(file).display().to_string();
    let test = match TestElf::read(&std::fs::read(file).map_err(failed)?) {
        Ok(test) => test,
        Err(NotATest::NotElf) => return Ok(row(name, Kind::Skipped, String::new())),
        Err(reason) => return Ok(row(name, Kind::Elsewhere, reason.to_string())),
    };
    let run = test.run(settings.cycles_max);
    if let (Some(folder), Some(words)) = (&settings.signatures, &run.signature) {
        let path = folder.join(format!("{}.signature", name.replace(['/', '\\'], "-")));
        std::fs::write(&path, signature(words))
            .map_err(|source| SuiteError::File { path, source })?;
    }
    let (kind, detail) = told(&run, settings.cycles_max);
    let mut row = Row { instructions: Some(run.instructions), ..row(name, kind, detail) };
    if let Some(qemu) = &settings.qemu {
        ask_qemu(qemu, settings.cycles_max, file, &run, &mut row)?;
    }
    Ok(row)
}

fn row(name: String, kind: Kind, detail: String) -> Row {
    Row { name, kind, detail, instructions: None, compared: false, disagrees: false }
}

fn told(run: &TestRun, cycles_max: u64) -> (Kind, String) {
    let inside = run.trap.map_or(String::new(), |trap| format!(", in the handler of: {trap}"));
    match run.verdict {
        TestVerdict::Passed => (Kind::Passed, String::new()),
        TestVerdict::Failed { number } => (Kind::Failed, failed(number, run.trap)),
        TestVerdict::TimedOut { pc } => {
            (Kind::TimedOut, format!("after {cycles_max}, at {pc:#010x}{inside}"))
        }
        TestVerdict::Waits { pc } => {
            (Kind::TimedOut, format!("waits for an interrupt that nothing raises, at {pc:#010x}"))
        }
        TestVerdict::Trapped(trap) => (Kind::Trapped, format!("{trap}, and no handler")),
        TestVerdict::Lacks { extension, trap } => {
            (Kind::Elsewhere, format!("needs {extension}: {trap}"))
        }
    }
}

/// riscv-tests mark a trap that they did not expect with the bits of 1337, which are 668 here.
fn failed(number: u32, trap: Option<UnhandledTrap>) -> String {
    match trap {
        Some(trap) if number & 668 == 668 => format!("unexpected {trap}"),
        _ => format!("test {number}"),
    }
}

/// One word a line, as RISCOF reads it.
fn signature(words: &[u32]) -> String {
    words.iter().map(|word| format!("{word:08x}\n")).collect()
}

fn ask_qemu(
    qemu: &Qemu,
    cycles_max: u64,
    file: &Path,
    run: &TestRun,
    row: &mut Row,
) -> Result<(), SuiteError> {
    /// What QEMU executes at least, on a host that has other things to do.
    const CYCLES_A_SECOND: u64 = 50_000_000;
    let time_max = Duration::from_secs(1 + cycles_max.div_ceil(CYCLES_A_SECOND));
    let name = row.name.replace(['/', '\\'], "-");
    let setup = Setup::Spike;
    let job = Job { setup, image: file, name: &name, input: &[], until: &[], time_max };
    let ended = qemu.run(&job)?;
    row.compared = true;
    if !agree(run, &ended) {
        row.disagrees = true;
        let what = match ended.code {
            None => "does not end".to_owned(),
            Some(_) if !ended.complaint.is_empty() => {
                format!("refuses it: {}", ended.complaint.lines().next().unwrap_or_default())
            }
            Some(0) => "passes it".to_owned(),
            Some(code) => format!("fails it with {code}"),
        };
        let gap = if row.detail.is_empty() { "" } else { "; " };
        row.detail += &format!("{gap}QEMU {what}");
    }
    Ok(())
}

/// QEMU's exit code is the number that a test ended with, cut to eight bits.
fn agree(run: &TestRun, ended: &Ended) -> bool {
    match (run.number, ended.code) {
        (None, None) => true,
        (Some(number), Some(code)) => number & 0xFF == code as u32 && ended.complaint.is_empty(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(number: Option<u32>, code: Option<i32>, expected: bool) {
        let run = TestRun {
            verdict: TestVerdict::Passed,
            number,
            trap: None,
            instructions: 0,
            console: Vec::new(),
            signature: None,
        };
        let ended = Ended { code, uart: Vec::new(), complaint: String::new() };
        assert_eq!(agree(&run, &ended), expected, "{number:?} and {code:?}");
    }

    #[test]
    fn both_must_end_alike_or_both_not_at_all() {
        check(Some(0), Some(0), true);
        check(Some(3), Some(3), true);
        check(Some(669), Some(157), true);
        check(None, None, true);
        check(Some(0), Some(3), false);
        check(None, Some(0), false);
        check(Some(3), None, false);
    }
}
