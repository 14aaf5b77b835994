//! The line that a person types, before the device sees any of it.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// A line with a cursor, and the lines before it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Editor {
    text: Vec<char>,
    /// Characters before the cursor.
    cursor: usize,
    history: Vec<String>,
    /// Which line of the history is shown; its length if none is.
    recalled: usize,
}

impl Editor {
    /// More than a device's console takes in one line.
    const CHARS_MAX: usize = 200;
    const HISTORY_MAX: usize = 100;

    pub(crate) fn text(&self) -> String {
        self.text.iter().collect()
    }

    pub(crate) fn cursor(&self) -> usize {
        self.cursor
    }

    /// Gives the line away and begins the next one.
    pub(crate) fn take(&mut self) -> String {
        let line = self.text();
        let is_new = self.history.last() != Some(&line);
        if !line.is_empty() && is_new {
            self.history.push(line.clone());
        }
        if self.history.len() > Self::HISTORY_MAX {
            self.history.remove(0);
        }
        self.recalled = self.history.len();
        self.set("");
        line
    }

    pub(crate) fn press(&mut self, key: KeyEvent) {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Char('u') if control => self.set(""),
            KeyCode::Char('a') if control => self.cursor = 0,
            KeyCode::Char('e') if control => self.cursor = self.text.len(),
            KeyCode::Char('w') if control => self.delete_word(),
            KeyCode::Char(_) if control || key.modifiers.contains(KeyModifiers::ALT) => {}
            KeyCode::Char(character) => self.insert(character),
            KeyCode::Backspace if self.cursor > 0 => {
                self.cursor -= 1;
                self.text.remove(self.cursor);
            }
            KeyCode::Delete if self.cursor < self.text.len() => {
                self.text.remove(self.cursor);
            }
            KeyCode::Left => self.cursor = self.cursor.saturating_sub(1),
            KeyCode::Right => self.cursor = (self.cursor + 1).min(self.text.len()),
            KeyCode::Home => self.cursor = 0,
            KeyCode::End => self.cursor = self.text.len(),
            KeyCode::Up => self.recall(self.recalled.saturating_sub(1)),
            KeyCode::Down => self.recall((self.recalled + 1).min(self.history.len())),
            _ => {}
        }
    }

    fn insert(&mut self, character: char) {
        if self.text.len() < Self::CHARS_MAX && !character.is_control() {
            self.text.insert(self.cursor, character);
            self.cursor += 1;
        }
    }

    fn delete_word(&mut self) {
        let before = &self.text[..self.cursor];
        let word_end = before.iter().rposition(|c| *c != ' ').map_or(0, |at| at + 1);
        let start = before[..word_end].iter().rposition(|c| *c == ' ').map_or(0, |at| at + 1);
        self.text.drain(start..self.cursor);
        self.cursor = start;
    }

    fn recall(&mut self, index: usize) {
        self.recalled = index;
        let line = self.history.get(index).cloned().unwrap_or_default();
        self.set(&line);
    }

    fn set(&mut self, line: &str) {
        self.text = line.chars().collect();
        self.cursor = self.text.len();
    }
}
