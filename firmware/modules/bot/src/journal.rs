//! What happened lately, for whoever asks why the robot stands.

/// How many entries are kept.
pub const ENTRIES: usize = 32;

/// Something that happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// Power, or a new import.
    Began,
    /// A program began, by its number in the list.
    ProgramBegan(u8),
    /// A program ended by itself.
    ProgramEnded,
    /// Somebody stopped it.
    Stopped,
    /// Something stood in the way, at so many centimetres.
    Obstacle(u8),
    /// The sensor gave no answer, for the so-manieth time in a row.
    Blind(u8),
    /// The button was pressed.
    Button,
    /// A setting was changed, by its number in the list.
    Setting(u8),
    /// There is no way to where it was sent.
    NoWay,
}

/// When, and what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Milliseconds since the import.
    pub at_ms: u32,
    /// What.
    pub event: Event,
}

/// The last entries, and how many there were in all.
#[derive(Clone, Debug)]
pub struct Journal {
    entries: [Option<Entry>; ENTRIES],
    count: u32,
}

impl Default for Journal {
    fn default() -> Self {
        Self::new()
    }
}

impl Journal {
    /// Nothing has happened.
    #[must_use]
    pub const fn new() -> Self {
        Self { entries: [None; ENTRIES], count: 0 }
    }

    /// Notes something; the oldest of more than [`ENTRIES`] is forgotten.
    pub const fn note(&mut self, at_ms: u32, event: Event) {
        self.entries[self.count as usize % ENTRIES] = Some(Entry { at_ms, event });
        self.count = self.count.wrapping_add(1);
    }

    /// How many things have happened.
    #[must_use]
    pub const fn count(&self) -> u32 {
        self.count
    }

    /// The last entries, the oldest first.
    pub fn entries(&self) -> impl Iterator<Item = Entry> {
        let oldest = self.count as usize % ENTRIES;
        let (newer, older) = self.entries.split_at(oldest);
        older.iter().chain(newer).copied().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_entries_are_forgotten_and_counted() {
        let mut journal = Journal::new();
        for at in 0..40 {
            journal.note(at, Event::Button);
        }
        let times: Vec<u32> = journal.entries().map(|entry| entry.at_ms).collect();
        assert_eq!(times, (8..40).collect::<Vec<_>>());
        assert_eq!(journal.count(), 40);
    }

    #[test]
    fn a_short_journal_is_whole() {
        let mut journal = Journal::new();
        journal.note(1, Event::Began);
        journal.note(2, Event::Obstacle(12));
        assert!(journal.entries().map(|entry| entry.event).eq([Event::Began, Event::Obstacle(12)]));
    }
}
