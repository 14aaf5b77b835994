//! A capture, judged.

use ramscope_capture::Capture;

use crate::feed::Feed;
use crate::host::{HostError, HostFacts};
use crate::verdict::{Evidence, Verdict, verdict_of};

/// Everything that a report is made of.
#[derive(Clone, Debug)]
pub struct Judged {
    /// What the capture says about itself.
    pub facts: HostFacts,
    /// Device, console and course of the run.
    pub feed: Feed,
    /// The verdict.
    pub verdict: Verdict,
    /// The hash of the device part, as text.
    pub device_hash: String,
}

/// Judges a capture: a function of its device part and its host part and of nothing else.
///
/// # Errors
/// If the host part is missing, damaged or of another version. Damage of the device part is no
/// error; it makes the verdict inconclusive.
pub fn judge(capture: &Capture) -> Result<Judged, HostError> {
    Ok(judge_fed(capture, HostFacts::of(capture)?, Feed::of(capture)))
}

/// Judges a capture of which somebody has read the facts and the feed already: [`HostFacts::of`] and
/// [`Feed::of`] it.
#[must_use]
pub fn judge_fed(capture: &Capture, facts: HostFacts, feed: Feed) -> Judged {
    let damage = capture.damage.as_ref().map(ToString::to_string);
    let verdict = verdict_of(&Evidence {
        run: &facts.run,
        device: feed.device(),
        course: feed.course(),
        console: feed.console(),
        damage: damage.as_deref(),
        symbols: &facts.symbols,
    });
    Judged { device_hash: capture.device_hash().to_string(), facts, feed, verdict }
}
