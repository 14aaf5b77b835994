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

use crate::settings::Matching;

/// Looks for the texts of `wait-serial` steps in a stream of bytes.
#[derive(Clone, Debug)]
pub struct Matcher {
    rule: Matching,
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
        Self { rule }
    }

    /// Begins a `wait-serial` step. With the cursor rule it may match at once.
    #[must_use]
    pub fn begin(&mut self, pattern: &[u8]) -> Option<Match> {
        let _ = (self.rule, pattern);
        unimplemented!("follows")
    }

    /// Takes received bytes; without a step that waits it takes all of them.
    pub fn feed(&mut self, bytes: &[u8]) -> Fed {
        let _ = bytes;
        unimplemented!("follows")
    }

    /// Gives up waiting and says what it saw; `None` if no step waits.
    #[must_use]
    pub fn give_up(&mut self) -> Option<WaitReport> {
        unimplemented!("follows")
    }
}
