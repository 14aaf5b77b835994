//! A search for a text that goes on where the last bytes ended (Knuth, Morris, Pratt).

/// Looks for one text, however the bytes are cut into pieces.
#[derive(Clone, Debug)]
pub(crate) struct Search {
    pub(crate) pattern: Vec<u8>,
    /// For each length of a matched beginning: the longest shorter one that it ends with.
    fallback: Vec<usize>,
    matched: usize,
}

impl Search {
    pub(crate) fn new(pattern: &[u8]) -> Self {
        let mut fallback = vec![0; pattern.len() + 1];
        let mut matched = 0;
        for index in 1..pattern.len() {
            while matched > 0 && pattern[index] != pattern[matched] {
                matched = fallback[matched];
            }
            matched += usize::from(pattern[index] == pattern[matched]);
            fallback[index + 1] = matched;
        }
        Self { pattern: pattern.to_vec(), fallback, matched: 0 }
    }

    /// How many of `bytes` complete the first match, if they do. After a match the search goes on
    /// for a next one that does not overlap it.
    pub(crate) fn run(&mut self, bytes: &[u8]) -> Option<usize> {
        if self.pattern.is_empty() {
            return Some(0);
        }
        for (index, &byte) in bytes.iter().enumerate() {
            while self.matched > 0 && self.pattern[self.matched] != byte {
                self.matched = self.fallback[self.matched];
            }
            self.matched += usize::from(self.pattern[self.matched] == byte);
            if self.matched == self.pattern.len() {
                self.matched = 0;
                return Some(index + 1);
            }
        }
        None
    }
}
