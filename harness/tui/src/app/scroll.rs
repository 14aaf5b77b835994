//! Which lines of the console are in view.

/// The console's lines that exist, and how many a page shows. Lines are counted from the first
/// that the device ever printed, so a view stays where it is while more arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConsoleExtent {
    /// The oldest line that is kept.
    pub first: u64,
    /// The line after the newest.
    pub end: u64,
    /// Lines on a page.
    pub page: u64,
}

/// Where the view stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scroll {
    /// At the newest line.
    Follow,
    /// The last line in view is the one before this.
    End(u64),
}

impl Scroll {
    /// At the oldest line that is kept.
    pub(crate) const FIRST: Self = Self::End(0);

    pub(crate) fn up(&mut self, console: ConsoleExtent) {
        let end = self.end(console).saturating_sub(console.step());
        *self = Self::End(end.max(console.first_end()));
        self.follow_if_at_end(console);
    }

    pub(crate) fn down(&mut self, console: ConsoleExtent) {
        *self = Self::End(self.end(console).saturating_add(console.step()));
        self.follow_if_at_end(console);
    }

    /// The line after the last one in view.
    pub(crate) fn end(self, console: ConsoleExtent) -> u64 {
        match self {
            Self::Follow => console.end,
            Self::End(end) => end.clamp(console.first_end(), console.end),
        }
    }

    fn follow_if_at_end(&mut self, console: ConsoleExtent) {
        if self.end(console) == console.end {
            *self = Self::Follow;
        }
    }
}

impl ConsoleExtent {
    /// One line of the last page stays in view.
    fn step(self) -> u64 {
        self.page.saturating_sub(1).max(1)
    }

    /// The lowest end of a view: a full page from the oldest line.
    fn first_end(self) -> u64 {
        self.first.saturating_add(self.page).min(self.end)
    }
}
