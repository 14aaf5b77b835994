//! What the player of a script saw and did: entries behind each other in memory.
//!
//! An entry is `{kind: u8, words: u24}`, `tick: u64`, then so many words.

/// What an entry is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum LogKind {
    /// Bytes were given to the UART; one word: how many.
    Sent = 1,
    /// Words of the telemetry ring.
    Ring = 2,
    /// A step began to type; one word: its number.
    Typed = 3,
    /// The device resets; its clock begins anew.
    Reset = 4,
    /// The script is over; one word: 0 if it is done, 1 if a step took too long.
    Over = 5,
}

impl LogKind {
    /// Words before those of the entry itself.
    pub const HEAD_WORDS: usize = 3;

    /// The three words that an entry begins with.
    #[must_use]
    pub const fn head(self, words: u32, tick: u64) -> [u32; 3] {
        [self as u32 | words << 8, tick as u32, (tick >> 32) as u32]
    }
}

/// An entry as it was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogEntry<'a> {
    /// When it was written, in ticks since power-on.
    pub tick: u64,
    /// What it says.
    pub item: LogItem<'a>,
}

/// What an entry says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogItem<'a> {
    /// So many bytes were given to the UART.
    Sent(u32),
    /// Bytes of the telemetry ring.
    Ring(&'a [u8]),
    /// The step of this number began to type.
    Typed(u32),
    /// The device resets.
    Reset,
    /// The script is over.
    Over {
        /// Whether a step took too long.
        timed_out: bool,
    },
    /// Nothing that this version knows; nothing after it can be trusted.
    Damaged,
}

/// Reads a log from its beginning.
#[derive(Clone, Debug)]
pub struct LogReader<'a> {
    rest: &'a [u8],
}

impl<'a> LogReader<'a> {
    /// Reads these bytes.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    fn word(&self, index: usize) -> Option<u32> {
        let bytes = self.rest.get(4 * index..4 * index + 4)?;
        Some(u32::from_le_bytes(bytes.try_into().ok()?))
    }

    fn read(&mut self) -> Option<LogEntry<'a>> {
        let head = self.word(0)?;
        let tick = u64::from(self.word(2)?) << 32 | u64::from(self.word(1)?);
        let end = 4 * (LogKind::HEAD_WORDS + (head >> 8) as usize);
        let payload = self.rest.get(4 * LogKind::HEAD_WORDS..end)?;
        let first = || payload.first_chunk().map(|word| u32::from_le_bytes(*word));
        let item = match head as u8 {
            kind if kind == LogKind::Sent as u8 => LogItem::Sent(first()?),
            kind if kind == LogKind::Ring as u8 => LogItem::Ring(payload),
            kind if kind == LogKind::Typed as u8 => LogItem::Typed(first()?),
            kind if kind == LogKind::Reset as u8 => LogItem::Reset,
            kind if kind == LogKind::Over as u8 => LogItem::Over { timed_out: first()? != 0 },
            _ => return None,
        };
        self.rest = &self.rest[end..];
        Some(LogEntry { tick, item })
    }
}

impl<'a> Iterator for LogReader<'a> {
    type Item = LogEntry<'a>;

    fn next(&mut self) -> Option<LogEntry<'a>> {
        if self.rest.is_empty() {
            return None;
        }
        let entry = self.read();
        if entry.is_none() {
            self.rest = &[];
        }
        entry.or(Some(LogEntry { tick: 0, item: LogItem::Damaged }))
    }
}
