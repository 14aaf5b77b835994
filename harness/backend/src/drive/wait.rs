//! Waiting: what makes a device pause, and what to say if it never came.

use std::fmt::Write;

use ramscope_scenario::{Matcher, TextSearch, WaitReport};

use crate::session::PauseAt;

/// How much of a text a message quotes.
const QUOTED_BYTES_MAX: usize = 120;

/// What the device runs for.
pub(super) enum Reason<'a> {
    /// An instant.
    Time,
    /// The bytes that the matcher waits for.
    Match,
    /// A text.
    Text(&'a mut TextSearch),
    /// Something in its telemetry.
    Telemetry,
}

/// Shows a matcher every byte; what the device runs for is a reason to pause.
pub(super) struct Waiting<'a, 'b> {
    pub(super) matcher: &'a mut Matcher,
    pub(super) reason: &'a mut Reason<'b>,
}

impl PauseAt for Waiting<'_, '_> {
    fn may_pause(&self) -> bool {
        matches!(self.reason, Reason::Match | Reason::Text(_))
    }

    fn pauses_at_records(&self) -> bool {
        matches!(self.reason, Reason::Telemetry)
    }

    fn feed(&mut self, bytes: &[u8]) -> Option<usize> {
        let found = match &mut self.reason {
            Reason::Text(search) => search.feed(bytes).map(|found| found.taken),
            _ => None,
        };
        let taken = found.unwrap_or(bytes.len());
        self.match_bytes(&bytes[..taken]).or(found)
    }
}

impl Waiting<'_, '_> {
    fn match_bytes(&mut self, mut bytes: &[u8]) -> Option<usize> {
        let all = bytes.len();
        while !bytes.is_empty() {
            let fed = self.matcher.feed(bytes);
            bytes = &bytes[fed.taken..];
            if fed.matched.is_some() {
                return Some(all - bytes.len());
            }
        }
        None
    }
}

/// Bytes as a quoted text of bounded length; of a long one, the end.
pub(crate) fn quote(bytes: &[u8]) -> String {
    let cut = bytes.len().saturating_sub(QUOTED_BYTES_MAX);
    let dots = if cut > 0 { "..." } else { "" };
    format!("{dots}{:?}", String::from_utf8_lossy(&bytes[cut..]))
}

/// Why a wait did not end, as one sentence.
pub(super) fn describe(report: &WaitReport) -> String {
    let mut text = format!("{} did not come", quote(&report.pattern));
    let result = match report.received_bytes {
        0 => write!(text, "; nothing was received since the step began"),
        n => write!(
            text,
            "; {n} bytes were received since the step began, at last {}",
            quote(&report.received_tail)
        ),
    };
    result.expect("a String takes everything");
    if let Some(miss) = &report.nearest_miss {
        let edits = miss.edits;
        let what = if edits == 1 { "change" } else { "changes" };
        let near = quote(&miss.bytes);
        write!(text, "; nearest to it: {near} ({edits} {what} away)").expect("as above");
    }
    if let Some(earlier) = &report.earlier_match {
        let began = earlier.step_began;
        let result = match began.checked_sub(earlier.at.end) {
            Some(before) => write!(text, "; it came {before} bytes before the step began"),
            // The step began in the middle of it.
            None => write!(
                text,
                "; {} bytes of it came before the step began",
                began - earlier.at.start
            ),
        };
        result.and_then(|()| text.write_str(": `match: cursor` takes that")).expect("as above");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use ramscope_scenario::{EarlierMatch, Match, NearestMiss};

    #[test]
    fn a_report_names_what_came_instead_and_what_came_too_early() {
        let report = WaitReport {
            pattern: b"done".to_vec(),
            received_tail: b"dome\n".to_vec(),
            received_bytes: 5,
            nearest_miss: Some(NearestMiss { offset: 40, bytes: b"dome".to_vec(), edits: 1 }),
            earlier_match: Some(EarlierMatch { at: Match { start: 30, end: 34 }, step_began: 40 }),
        };
        assert_eq!(
            describe(&report),
            "\"done\" did not come; 5 bytes were received since the step began, at last \
             \"dome\\n\"; nearest to it: \"dome\" (1 change away); it came 6 bytes before the step \
             began: `match: cursor` takes that"
        );
    }

    #[test]
    fn a_step_can_begin_in_the_middle_of_what_it_waits_for() {
        let report = WaitReport {
            pattern: b"done".to_vec(),
            received_tail: b"ne".to_vec(),
            received_bytes: 2,
            nearest_miss: None,
            earlier_match: Some(EarlierMatch { at: Match { start: 30, end: 34 }, step_began: 32 }),
        };
        let text = describe(&report);
        assert!(
            text.ends_with(
                "; 2 bytes of it came before the step began: `match: cursor` takes that"
            )
        );
    }

    #[test]
    fn a_long_text_is_quoted_from_its_end() {
        let quoted = quote(&[b'x'; 500]);
        assert!(quoted.starts_with("...\"x") && quoted.len() == QUOTED_BYTES_MAX + 5);
    }
}
