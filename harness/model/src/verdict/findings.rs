//! What findings mean for a run: by default, by the scenario's rules, by its expectations.

use ramscope_scenario::{ResetExpectation, Settings, glob_matches};
use ramscope_wire::{Level, UnitId};

use crate::device::{Device, Losses, UnitKey};
use crate::finding::{Detail, Finding, FindingKind};
use crate::symbols::Symbols;
use crate::verdict::judge::Evidence;
use crate::verdict::{Failure, JudgedFinding, Standing, StepResult, course, sentence};

/// All findings of a run, in the order of time: those of the device and those that only the end
/// shows. What was expected and happened as expected is not listed twice.
pub(super) fn all_findings(evidence: &Evidence<'_>) -> Vec<Finding> {
    let mut findings = merge_unseen(evidence.device.findings());
    findings.retain(|finding| !is_expected_reset(finding, &evidence.settings().expect.reset));
    findings.extend(at_the_end(evidence));
    findings.sort_by_key(|finding| finding.at);
    findings
}

/// An overflow that the observer saw first and the device noticed later is one overflow: the
/// device's report gains whose memory was written.
fn merge_unseen(findings: &[Finding]) -> Vec<Finding> {
    let mut merged: Vec<Finding> = Vec::with_capacity(findings.len());
    let noticed = |unit: Option<UnitKey>| {
        findings.iter().any(|finding| {
            finding.unit == unit && matches!(finding.detail, Detail::Overflow { .. })
        })
    };
    for finding in findings {
        let mut finding = finding.clone();
        match &mut finding.detail {
            Detail::OverflowUnseen { .. } if noticed(finding.unit) => continue,
            Detail::Overflow { wrote_into, .. } => {
                *wrote_into = findings.iter().find_map(|other| match &other.detail {
                    Detail::OverflowUnseen { victim, .. } if other.unit == finding.unit => {
                        Some(victim.clone())
                    }
                    _ => None,
                });
            }
            _ => {}
        }
        merged.push(finding);
    }
    merged
}

fn is_expected_reset(finding: &Finding, expected: &ResetExpectation) -> bool {
    match (&finding.detail, expected) {
        (Detail::Reset { .. }, ResetExpectation::Any) => true,
        (Detail::Reset { reason }, ResetExpectation::Reason(pattern)) => {
            glob_matches(pattern, reason)
        }
        _ => false,
    }
}

fn at_the_end(evidence: &Evidence<'_>) -> Vec<Finding> {
    let device = evidence.device;
    let losses = device.losses();
    let mut found = Vec::new();
    let lost_at = losses.last_at.unwrap_or(device.now());
    let mut add = |at, detail| {
        found.push(Finding { at, unit: None, unit_name: None, detail });
    };
    if losses.records_lost() > 0 {
        let records = losses.records_lost();
        add(lost_at, Detail::TelemetryLost { records });
    }
    if let Some(damaged) = damaged(losses, evidence) {
        add(lost_at, damaged);
    }
    if let Some(waits) = deadlocked(evidence) {
        add(evidence.course.last_at, Detail::Deadlock { waits });
    }
    found
}

fn damaged(losses: Losses, evidence: &Evidence<'_>) -> Option<Detail> {
    let capture = evidence.damage.map(str::to_owned);
    let bytes = losses.damaged_bytes;
    (bytes > 0 || capture.is_some()).then_some(Detail::TelemetryDamaged { bytes, capture })
}

/// Units that wait in a circle, for at least as long as the run was given to settle: a wait with a
/// time-out would mostly be over by then. With lost events a circle proves nothing. Where the device
/// has found it itself there is nothing to add: it knows more.
fn deadlocked(evidence: &Evidence<'_>) -> Option<Vec<String>> {
    let device = evidence.device;
    if device.findings().iter().any(|found| found.kind() == FindingKind::LockDeadlock) {
        return None;
    }
    let gave_up = matches!(evidence.course.ended, Some(ramscope_capture::HowEnded::Deadlocked));
    let circle = device
        .lock_cycle()
        .filter(|_| !device.losses().any())
        .filter(|units| units.iter().all(|&unit| waits_long(evidence, unit)));
    match circle {
        Some(units) => Some(units.iter().map(|&unit| wait_of(device, unit)).collect()),
        None if gave_up => Some(Vec::new()),
        None => None,
    }
}

fn waits_long(evidence: &Evidence<'_>, unit: UnitId) -> bool {
    let settle = evidence.settings().settle;
    let mut waits = evidence
        .device
        .objects()
        .flat_map(|object| object.waiters.iter())
        .filter(|waiter| waiter.unit == unit);
    waits.any(|waiter| evidence.course.last_at.since(waiter.since) >= settle)
}

fn wait_of(device: &Device, unit: UnitId) -> String {
    let waits = |object: &&crate::device::Object| object.waiters.iter().any(|w| w.unit == unit);
    let name = device.name_of(unit);
    match device.objects().find(waits) {
        Some(object) => {
            let holder = object.holder.map_or_else(String::new, |holder| {
                format!(", which `{}` holds", device.name_of(holder))
            });
            format!("`{name}` waits for lock `{}`{holder}", object.name)
        }
        None => format!("`{name}` waits"),
    }
}

/// Says of each finding what it means.
pub(super) fn judge_findings(
    findings: &[Finding],
    settings: &Settings,
    symbols: &dyn Symbols,
) -> Vec<JudgedFinding> {
    let judged = findings.iter().map(|finding| JudgedFinding {
        kind: finding.kind(),
        unit: finding.unit_name.clone(),
        at: finding.at,
        sentence: finding.sentence(symbols),
        standing: standing(finding.kind(), settings),
    });
    judged.collect()
}

/// An expectation is the strongest word, then what the scenario denies, then what it allows.
fn standing(kind: FindingKind, settings: &Settings) -> Standing {
    let matches = |patterns: &[String]| patterns.iter().any(|p| glob_matches(p, kind.id()));
    if matches(&settings.expect.findings) {
        Standing::Expected
    } else if matches(&settings.findings.deny) {
        Standing::Fails
    } else if matches(&settings.findings.allow) {
        Standing::Allowed
    } else if kind.fails_by_default() {
        Standing::Fails
    } else {
        Standing::Noted
    }
}

/// The findings that fail the run, as failures.
pub(super) fn failures<'a>(
    findings: &'a [JudgedFinding],
    steps: &'a [StepResult],
) -> impl Iterator<Item = Failure> + 'a {
    let failing = findings.iter().filter(|f| f.standing == Standing::Fails);
    failing.map(|finding| Failure {
        line: course::line_at(steps, finding.at),
        subject: format!("finding {}", finding.kind),
        expected: sentence::NOT_TO_HAPPEN.to_owned(),
        observed: finding.sentence.clone(),
        at: Some(finding.at),
    })
}

/// The expectations about findings and resets that nothing fulfilled, as failures.
pub(super) fn unfulfilled(
    evidence: &Evidence<'_>,
    findings: &[JudgedFinding],
    steps: &[StepResult],
) -> Vec<Failure> {
    let expect = &evidence.settings().expect;
    let missing = expect
        .findings
        .iter()
        .filter(|pattern| !findings.iter().any(|finding| glob_matches(pattern, finding.kind.id())));
    let line = steps.last().map(|step| step.line);
    let mut failures: Vec<Failure> = missing
        .map(|pattern| Failure {
            line,
            subject: format!("finding {pattern}"),
            expected: "to happen".to_owned(),
            observed: "it did not".to_owned(),
            at: None,
        })
        .collect();
    failures.extend(missing_reset(evidence, line));
    failures
}

fn missing_reset(evidence: &Evidence<'_>, line: Option<u32>) -> Option<Failure> {
    let resets = evidence.device.resets();
    let expected = match &evidence.settings().expect.reset {
        ResetExpectation::Never => return None,
        ResetExpectation::Any if resets.is_empty() => "to happen".to_owned(),
        ResetExpectation::Reason(pattern)
            if !resets.iter().any(|r| glob_matches(pattern, &r.reason)) =>
        {
            format!("to happen with reason {pattern}")
        }
        ResetExpectation::Any | ResetExpectation::Reason(_) => return None,
    };
    let reasons: Vec<&str> = resets.iter().map(|reset| reset.reason.as_str()).collect();
    let observed = match reasons.is_empty() {
        true => "the device was never reset".to_owned(),
        false => format!("the only reasons were {}", reasons.join(", ")),
    };
    Some(Failure {
        line,
        subject: "a reset".to_owned(),
        expected,
        observed,
        at: resets.last().map(|reset| reset.at),
    })
}

/// Why it cannot be said that nothing else was to be found; `None` if it can, or if the scenario
/// allows the losses.
pub(super) fn doubt(evidence: &Evidence<'_>, findings: &[JudgedFinding]) -> Option<String> {
    let device = evidence.device;
    let lossy = findings.iter().find(|finding| {
        let is_loss =
            matches!(finding.kind, FindingKind::TelemetryLost | FindingKind::TelemetryDamaged);
        is_loss && matches!(finding.standing, Standing::Noted | Standing::Fails)
    });
    if let Some(finding) = lossy {
        return Some(format!(
            "{}, so a finding may have gone unseen (findings: {{allow: [{}]}} accepts that)",
            finding.sentence, finding.kind
        ));
    }
    if device.forgotten() > 0 {
        return Some("more happened than this ramscope keeps".to_owned());
    }
    let speaks = device.hello().is_some_and(|hello| hello.level != Level::Off);
    let wants_findings = !evidence.settings().expect.findings.is_empty();
    if !speaks && wants_findings {
        return Some("no telemetry arrived, and findings are expected".to_owned());
    }
    None
}
