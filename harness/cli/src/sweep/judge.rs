//! What a trial came to, against what the same run does without a failure.

use std::collections::BTreeMap;

use ramscope_model::{Device, Feed, FindingKind, NoSymbols, bytes, counted};

/// What the run does if nothing fails, at the end of its aftermath.
#[derive(Clone, Debug, Default)]
pub(crate) struct Usual {
    /// How often each kind of finding is noticed.
    findings: BTreeMap<FindingKind, usize>,
    /// Programs that have not ended, Ctrl-C or not.
    unended: usize,
    programs: usize,
    /// Names of threads that are still there.
    units: BTreeMap<String, usize>,
    /// What the heap holds, without what waits for a collection: that is known and comes back.
    used: u32,
    /// Whether the console answers.
    answers: bool,
    /// Whether there is a device that tells anything.
    pub(crate) is_ours: bool,
}

/// To end with an error is an answer, and so is a module that is refused.
const ANSWERS: [FindingKind; 2] = [FindingKind::UnitFailed, FindingKind::ModuleRefused];

/// What became of an allocation that was asked to fail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// The program did not get so far.
    NotReached,
    /// It failed, and all is as it should be.
    Survived(Refused),
    /// It failed, and something is wrong, in a sentence.
    Broke(Refused, String),
}

/// The allocation that failed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Refused {
    pub(crate) unit: String,
    pub(crate) bytes: u32,
    pub(crate) place: String,
}

impl Usual {
    pub(crate) fn of(feed: &Feed) -> Self {
        let device = feed.device();
        let mut findings = BTreeMap::new();
        for finding in device.findings() {
            *findings.entry(finding.kind()).or_default() += 1;
        }
        Self {
            findings,
            unended: unended(device).count(),
            programs: device.programs().len(),
            units: units(device),
            used: held(device),
            answers: answers(feed),
            is_ours: device.hello().is_some(),
        }
    }
}

/// Compares a trial with what is usual.
pub(crate) fn judge(usual: &Usual, feed: &Feed) -> Fate {
    let device = feed.device();
    let Some(failed) = device.failed_allocations().first() else {
        return Fate::NotReached;
    };
    let place = device.site(failed.site).map(|site| format!("{}:{}", site.file, site.line));
    let refused = Refused {
        unit: failed.unit.clone(),
        bytes: failed.bytes,
        place: place.unwrap_or_else(|| "the kernel".to_owned()),
    };
    let wrong =
        new_finding(usual, device).or_else(|| hang(usual, feed)).or_else(|| leak(usual, device));
    match wrong {
        None => Fate::Survived(refused),
        Some(sentence) => Fate::Broke(refused, sentence),
    }
}

/// A finding of a kind that does not occur so often without a failure.
fn new_finding(usual: &Usual, device: &Device) -> Option<String> {
    let mut left = usual.findings.clone();
    let new = device.findings().iter().find(|finding| {
        if ANSWERS.contains(&finding.kind()) {
            return false;
        }
        let left = left.entry(finding.kind()).or_default();
        *left = left.wrapping_sub(1);
        *left == usize::MAX
    })?;
    Some(format!("{}: {}", new.kind().id(), new.sentence(&NoSymbols)))
}

/// A program, a thread or a console that goes on, or does not, where it otherwise would not, or would.
fn hang(usual: &Usual, feed: &Feed) -> Option<String> {
    let device = feed.device();
    // Where the steps came to an end early, a second program was not asked for.
    if device.programs().is_empty() && usual.programs > 0 {
        return Some("hang: the program did not start".to_owned());
    }
    if unended(device).count() > usual.unended {
        let name = unended(device).next().unwrap_or_default();
        return Some(format!("hang: the program {name} has not ended, not even after Ctrl-C"));
    }
    if usual.answers && !answers(feed) {
        return Some("hang: the console does not answer".to_owned());
    }
    let more = units(device)
        .into_iter()
        .find(|(name, count)| *count > usual.units.get(name).copied().unwrap_or_default());
    more.map(|(name, _)| format!("hang: the thread {name} is still there when the program is over"))
}

fn leak(usual: &Usual, device: &Device) -> Option<String> {
    let more = held(device).checked_sub(usual.used).filter(|more| *more > 0)?;
    Some(format!("leak: {} more than without the failure", bytes(more.into())))
}

/// What the heap holds and no collection gives back.
fn held(device: &Device) -> u32 {
    device.heap().used.saturating_sub(device.heap().quarantined)
}

fn unended(device: &Device) -> impl Iterator<Item = &str> {
    let unended = device.programs().iter().filter(|program| program.ended.is_none());
    unended.map(|program| program.name.as_str())
}

/// Threads by name, the numbers of namesakes left out.
fn units(device: &Device) -> BTreeMap<String, usize> {
    let mut units = BTreeMap::new();
    for unit in device.live_units() {
        *units.entry(unit.base_name().to_owned()).or_default() += 1;
    }
    units
}

/// Whether the console answered what it was asked in the end.
fn answers(feed: &Feed) -> bool {
    feed.console().lines().rev().take(100).any(|line| line.text.starts_with("heap"))
}

impl Refused {
    /// `a block of 24 B for worker at src/blocks.rs:41`.
    pub(crate) fn sentence(&self) -> String {
        format!("{} for {} at {}", counted(self.bytes.into(), "byte"), self.unit, self.place)
    }
}
