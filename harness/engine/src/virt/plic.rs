//! The PLIC, for one hart in machine mode.
//!
//! Each line has a gateway: a level that is up makes the line pending unless it has been claimed
//! and not yet completed. Once pending it stays so until it is claimed, even if the level falls.
//! Registers: RISC-V PLIC specification 1.0.

/// Lines, number 0 (none) counted.
pub(super) const SOURCES: usize = 96;
const WORDS: usize = SOURCES / 32;

const PENDING: u32 = 0x1000;
const ENABLE: u32 = 0x2000;
const THRESHOLD: u32 = 0x20_0000;
const CLAIM: u32 = 0x20_0004;
const PRIORITY_MAX: u32 = 7;

#[derive(Clone, Debug, Hash)]
pub(super) struct Plic {
    priority: [u32; SOURCES],
    enabled: [u32; WORDS],
    levels: [u32; WORDS],
    pending: [u32; WORDS],
    claimed: [u32; WORDS],
    threshold: u32,
}

impl Plic {
    pub(super) fn new() -> Self {
        Self {
            priority: [0; SOURCES],
            enabled: [0; WORDS],
            levels: [0; WORDS],
            pending: [0; WORDS],
            claimed: [0; WORDS],
            threshold: 0,
        }
    }

    /// Shows the level of a line.
    pub(super) fn set_level(&mut self, line: u32, level: bool) {
        let (word, bit) = place(line);
        self.levels[word] = self.levels[word] & !bit | if level { bit } else { 0 };
        self.pending[word] |= self.levels[word] & !self.claimed[word];
    }

    /// Raises a line until it is claimed.
    pub(super) fn raise(&mut self, line: u32) {
        let (word, bit) = place(line);
        self.pending[word] |= bit;
    }

    /// The line that a claim would give: the highest priority, then the lowest number.
    fn best(&self) -> Option<u32> {
        let candidates = (1..SOURCES as u32).filter(|&line| {
            let (word, bit) = place(line);
            self.pending[word] & self.enabled[word] & bit != 0
        });
        let best = candidates
            .max_by_key(|&line| (self.priority[line as usize], std::cmp::Reverse(line)))?;
        (self.priority[best as usize] > 0).then_some(best)
    }

    /// Whether the hart is interrupted.
    pub(super) fn interrupt(&self) -> bool {
        let quiet = (0..WORDS).all(|word| self.pending[word] & self.enabled[word] == 0);
        !quiet && self.best().is_some_and(|line| self.priority[line as usize] > self.threshold)
    }

    /// Reads a register; reading the claim register claims.
    pub(super) fn read(&mut self, offset: u32) -> u32 {
        if offset != CLAIM {
            return self.peek(offset);
        }
        let Some(line) = self.best() else {
            return 0;
        };
        let (word, bit) = place(line);
        self.claimed[word] |= bit;
        self.pending[word] &= !bit;
        line
    }

    pub(super) fn peek(&self, offset: u32) -> u32 {
        match offset {
            _ if ((offset / 4) as usize) < SOURCES => self.priority[(offset / 4) as usize],
            THRESHOLD => self.threshold,
            _ => match word_of(offset) {
                Some((PENDING, word)) => self.pending[word],
                Some((_, word)) => self.enabled[word],
                None => 0,
            },
        }
    }

    /// Writes a register; writing the claim register completes.
    pub(super) fn write(&mut self, offset: u32, value: u32) {
        match offset {
            0 => {}
            _ if ((offset / 4) as usize) < SOURCES => {
                self.priority[(offset / 4) as usize] = value & PRIORITY_MAX;
            }
            THRESHOLD => self.threshold = value & PRIORITY_MAX,
            CLAIM if (value as usize) < SOURCES => {
                let (word, bit) = place(value);
                self.claimed[word] &= !bit;
                self.pending[word] |= self.levels[word] & bit;
            }
            _ => {
                if let Some((ENABLE, word)) = word_of(offset) {
                    self.enabled[word] = value;
                }
            }
        }
    }
}

/// The word and the bit of a line.
fn place(line: u32) -> (usize, u32) {
    (line as usize / 32, 1 << (line % 32))
}

/// The block of bits and the word in it that an offset names.
fn word_of(offset: u32) -> Option<(u32, usize)> {
    [PENDING, ENABLE].into_iter().find_map(|base| {
        let word = (offset.wrapping_sub(base) / 4) as usize;
        (word < WORDS).then_some((base, word))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plic() -> Plic {
        let mut plic = Plic::new();
        plic.write(4 * 10, 1);
        plic.write(ENABLE, 1 << 10);
        plic
    }

    #[test]
    fn a_line_is_pending_again_after_completion_while_its_level_is_up() {
        let mut plic = plic();
        plic.set_level(10, true);
        assert!(plic.interrupt());
        assert_eq!(plic.read(CLAIM), 10);
        assert!(!plic.interrupt());
        plic.write(CLAIM, 10);
        assert!(plic.interrupt());
        plic.set_level(10, false);
        assert!(plic.interrupt(), "it is pending until it is claimed");
        assert_eq!(plic.read(CLAIM), 10);
        plic.write(CLAIM, 10);
        assert_eq!(plic.read(CLAIM), 0);
    }

    #[test]
    fn priority_must_be_above_the_threshold() {
        let mut plic = plic();
        plic.set_level(10, true);
        plic.write(THRESHOLD, 1);
        assert!(!plic.interrupt());
        plic.write(4 * 10, 2);
        assert!(plic.interrupt());
        plic.write(THRESHOLD, 0);
        plic.write(4 * 10, 0);
        assert!(!plic.interrupt());
    }
}
