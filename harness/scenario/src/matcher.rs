//! Waiting for bytes in a serial stream: Wokwi's rule, the cursor rule, and what to say when the
//! bytes never came.
//!
//! On Wokwi a `wait-serial` step sees only bytes that arrive after it began. A program that printed
//! the text a moment earlier makes the step time out, and nothing in the log shows why. The cursor
//! rule looks at everything after the last match instead, so a wait cannot come too late. Both
//! rules cross line ends and know no patterns.
//!
//! The caller feeds every received byte in order. [`Matcher::feed`] takes bytes up to and
//! including the one that completes a match and not further, so a target that can pause there begins
//! the next step exactly after it.
//!
//! Invariants:
//! 1. The answer depends on the order of bytes and steps only, never on how bytes were cut into
//!    pieces.
//! 2. At most [`Matcher::HISTORY_BYTES_MAX`] bytes are remembered.

mod nearest_miss;
pub(crate) mod search;

use crate::settings::Matching;
use search::Search;

/// Looks for the texts of `wait-serial` steps in a stream of bytes.
#[derive(Clone, Debug)]
pub struct Matcher {
    rule: Matching,
    history: History,
    /// The offset after the last match: where the cursor stands.
    cursor: u64,
    waiting: Option<Wait>,
}

/// A step that waits.
#[derive(Clone, Debug)]
struct Wait {
    search: Search,
    /// The offset at which the step began.
    began: u64,
}

/// Where in the stream a text stands: byte offsets from the stream's beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Match {
    /// The offset of its first byte.
    pub start: u64,
    /// The offset after its last byte.
    pub end: u64,
}

/// What [`Matcher::feed`] did.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fed {
    /// How many bytes it took. The rest has to be fed again, after the next step began if the
    /// device was paused at the match.
    pub taken: usize,
    /// The match that the last byte taken completed.
    pub matched: Option<Match>,
}

/// Why a wait did not end: everything a message about a time-out can use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaitReport {
    /// What was waited for.
    pub pattern: Vec<u8>,
    /// The bytes that arrived since the step began, the last [`Matcher::TAIL_BYTES_MAX`] of them.
    pub received_tail: Vec<u8>,
    /// How many bytes arrived since the step began.
    pub received_bytes: u64,
    /// The stretch of them that is most like the pattern.
    pub nearest_miss: Option<NearestMiss>,
    /// A match that came before the step began; `match: cursor` would have taken it.
    pub earlier_match: Option<EarlierMatch>,
}

/// A stretch of the stream that is nearly what was waited for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NearestMiss {
    /// The offset of its first byte in the stream.
    pub offset: u64,
    /// The stretch itself.
    pub bytes: Vec<u8>,
    /// How many bytes would have to be added, dropped or changed.
    pub edits: usize,
}

/// A match that Wokwi's rule does not see because it came too early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EarlierMatch {
    /// Where it stands.
    pub at: Match,
    /// The offset at which the step began to look.
    pub step_began: u64,
}

impl Matcher {
    /// How many received bytes are remembered.
    pub const HISTORY_BYTES_MAX: usize = 4 << 20;
    /// How many bytes of what was received a report holds.
    pub const TAIL_BYTES_MAX: usize = 512;

    /// A matcher at the beginning of a stream.
    #[must_use]
    pub fn new(rule: Matching) -> Self {
        Self { rule, history: History::default(), cursor: 0, waiting: None }
    }

    /// How many bytes were taken so far.
    #[must_use]
    pub const fn received(&self) -> u64 {
        self.history.end()
    }

    /// Whether a step waits.
    #[must_use]
    pub const fn is_waiting(&self) -> bool {
        self.waiting.is_some()
    }

    /// Begins a `wait-serial` step. With the cursor rule it may match at once; so does an empty
    /// pattern with either rule.
    #[must_use]
    pub fn begin(&mut self, pattern: &[u8]) -> Option<Match> {
        let began = self.received();
        let mut search = Search::new(pattern);
        let seen_from = match self.rule {
            Matching::Wokwi => began,
            Matching::Cursor => self.cursor,
        };
        let (seen_from, seen) = self.history.since(seen_from);
        if let Some(taken) = search.run(seen) {
            return Some(self.complete(seen_from + taken as u64, pattern.len()));
        }
        self.waiting = Some(Wait { search, began });
        None
    }

    /// Takes received bytes; without a step that waits it takes all of them.
    pub fn feed(&mut self, bytes: &[u8]) -> Fed {
        let found = self.waiting.as_mut().and_then(|wait| {
            wait.search.run(bytes).map(|taken| (taken, wait.search.pattern.len()))
        });
        let taken = found.map_or(bytes.len(), |(taken, _)| taken);
        self.history.push(&bytes[..taken]);
        let matched = found.map(|(_, length)| self.complete(self.received(), length));
        Fed { taken, matched }
    }

    /// Gives up waiting and says what it saw; `None` if no step waits.
    #[must_use]
    pub fn give_up(&mut self) -> Option<WaitReport> {
        let Wait { search, began } = self.waiting.take()?;
        let pattern = search.pattern;
        let (offset, received) = self.history.since(began);
        let tail = &received[received.len().saturating_sub(Self::TAIL_BYTES_MAX)..];
        Some(WaitReport {
            received_tail: tail.to_vec(),
            received_bytes: self.received() - began,
            nearest_miss: nearest_miss::find(&pattern, offset, received),
            earlier_match: self.earlier_match(&pattern, began),
            pattern,
        })
    }

    fn complete(&mut self, end: u64, length: usize) -> Match {
        self.waiting = None;
        self.cursor = end;
        Match { start: end - length as u64, end }
    }

    /// Only Wokwi's rule can miss a match: one that began after the last match and before the step.
    fn earlier_match(&self, pattern: &[u8], began: u64) -> Option<EarlierMatch> {
        let (offset, seen) = self.history.since(self.cursor);
        let taken = Search::new(pattern).run(seen)?;
        let end = offset + taken as u64;
        let at = Match { start: end - pattern.len() as u64, end };
        Some(EarlierMatch { at, step_began: began })
    }
}

/// The received bytes that are remembered.
#[derive(Clone, Debug, Default)]
struct History {
    /// The offset of the first remembered byte.
    start: u64,
    bytes: Vec<u8>,
}

impl History {
    const fn end(&self) -> u64 {
        self.start + self.bytes.len() as u64
    }

    /// Forgetting happens by halves, so that it costs nothing per byte.
    fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        if self.bytes.len() > Matcher::HISTORY_BYTES_MAX {
            let forgotten = self.bytes.len() - Matcher::HISTORY_BYTES_MAX / 2;
            self.bytes.drain(..forgotten);
            self.start += forgotten as u64;
        }
    }

    /// What is remembered from `offset` on, and the offset from which it is.
    fn since(&self, offset: u64) -> (u64, &[u8]) {
        let from = offset.clamp(self.start, self.end());
        let index = usize::try_from(from - self.start).expect("within remembered bytes");
        (from, &self.bytes[index..])
    }
}

#[cfg(test)]
mod tests;
