//! The interrupt matrix: 62 sources onto 31 lines with priorities.
//!
//! A line is asserted while any source that is mapped to it is. A level line is pending while it is
//! asserted; an edge line from when it rises until it is cleared. The processor takes the pending,
//! enabled line of the highest priority that is at least the threshold; at equal priority the lower
//! line wins. Priority 0 is never taken, and line 0 leads nowhere. Silicon needs four cycles from a
//! source to the processor; here there are none.
//!
//! Registers: technical reference manual, chapter "Interrupt Matrix", and section "Interrupt
//! Controller" of the processor's chapter.

use std::cmp::Reverse;

/// Interrupt sources of the chip.
pub(crate) const SOURCES: usize = 62;
const LINES: usize = 32;

/// Numbers of the sources that this model can raise.
pub(crate) mod source {
    pub(crate) const GPIO: u32 = 16;
    pub(crate) const UART0: u32 = 21;
    pub(crate) const UART1: u32 = 22;
    pub(crate) const RTC: u32 = 27;
    pub(crate) const TG0_T0: u32 = 32;
    pub(crate) const TG1_T0: u32 = 34;
    pub(crate) const SYSTIMER: u32 = 37;
    pub(crate) const APB_ADC: u32 = 43;
    pub(crate) const FROM_CPU: u32 = 50;
}

const MAP_END: u32 = 4 * SOURCES as u32;
const STATUS_0: u32 = 0xF8;
const STATUS_1: u32 = 0xFC;
const CLOCK_GATE: u32 = 0x100;
const ENABLE: u32 = 0x104;
const TYPE: u32 = 0x108;
const CLEAR: u32 = 0x10C;
const EIP_STATUS: u32 = 0x110;
const PRIORITY: u32 = 0x114;
const PRIORITY_END: u32 = PRIORITY + 4 * LINES as u32;
const THRESHOLD: u32 = 0x194;
const DATE: u32 = 0x7FC;

/// The matrix.
#[derive(Clone, Debug, Hash)]
pub(crate) struct Matrix {
    map: [u8; SOURCES],
    priority: [u8; LINES],
    threshold: u8,
    enable: u32,
    edge: u32,
    clear: u32,
    clock_gate: u32,
    sources: u64,
    /// Lines with a source up.
    asserted: u32,
    /// Edge lines that have risen and were not cleared.
    latched: u32,
}

impl Matrix {
    pub(crate) fn new() -> Self {
        Self {
            map: [0; SOURCES],
            priority: [0; LINES],
            threshold: 0,
            enable: 0,
            edge: 0,
            clear: 0,
            clock_gate: 1,
            sources: 0,
            asserted: 0,
            latched: 0,
        }
    }

    /// Tells the matrix which sources are up.
    pub(crate) fn set_sources(&mut self, sources: u64) {
        if sources != self.sources {
            self.sources = sources;
            self.update();
        }
    }

    fn update(&mut self) {
        let mut asserted = 0;
        let mut rest = self.sources;
        while rest != 0 {
            let source = rest.trailing_zeros() as usize;
            asserted |= 1 << self.map[source];
            rest &= rest - 1;
        }
        asserted &= !1;
        self.latched |= asserted & !self.asserted;
        self.latched &= self.edge & !self.clear;
        self.asserted = asserted;
    }

    /// The lines that the processor may take: up, enabled, and not masked by their priority.
    fn pending(&self) -> impl Iterator<Item = u32> {
        let lines = (self.asserted & !self.edge | self.latched) & self.enable;
        (0..LINES as u32).filter(move |&line| {
            lines >> line & 1 != 0 && self.priority[line as usize] >= self.threshold.max(1)
        })
    }

    /// The line that the processor has to take, if any.
    pub(crate) fn line(&self) -> Option<u32> {
        if self.asserted | self.latched == 0 {
            return None; // the usual case
        }
        self.pending().min_by_key(|&line| (Reverse(self.priority[line as usize]), line))
    }

    /// The sources that are mapped to a line.
    pub(crate) fn sources_of(&self, line: u32) -> u64 {
        (0..SOURCES)
            .filter(|&source| u32::from(self.map[source]) == line)
            .fold(0, |sources, source| sources | 1 << source)
    }

    /// What a register shows; `None` if it is not modelled.
    pub(crate) fn peek(&self, offset: u32) -> Option<u32> {
        Some(match offset {
            0..MAP_END => u32::from(self.map[(offset / 4) as usize]),
            STATUS_0 => self.sources as u32,
            STATUS_1 => (self.sources >> 32) as u32,
            CLOCK_GATE => self.clock_gate,
            ENABLE => self.enable,
            TYPE => self.edge,
            CLEAR => self.clear,
            EIP_STATUS => self.pending().fold(0, |lines, line| lines | 1 << line),
            PRIORITY..PRIORITY_END => u32::from(self.priority[((offset - PRIORITY) / 4) as usize]),
            THRESHOLD => u32::from(self.threshold),
            DATE => 0x0200_7210,
            _ => return None,
        })
    }

    /// Writes a register; `false` if it is not modelled.
    pub(crate) fn write(&mut self, offset: u32, value: u32) -> bool {
        match offset {
            0..MAP_END => self.map[(offset / 4) as usize] = (value & 31) as u8,
            STATUS_0 | STATUS_1 | EIP_STATUS | DATE => {}
            CLOCK_GATE => self.clock_gate = value & 1,
            ENABLE => self.enable = value & !1,
            TYPE => self.edge = value & !1,
            CLEAR => self.clear = value & !1,
            PRIORITY..PRIORITY_END => {
                self.priority[((offset - PRIORITY) / 4) as usize] = (value & 15) as u8;
            }
            THRESHOLD => self.threshold = (value & 15) as u8,
            _ => return false,
        }
        self.update();
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Source `n` on line `n` for the first lines, each with its priority.
    fn matrix(priorities: &[(u32, u32)]) -> Matrix {
        let mut matrix = Matrix::new();
        for &(line, priority) in priorities {
            matrix.write(4 * line, line);
            matrix.write(PRIORITY + 4 * line, priority);
            matrix.enable |= 1 << line;
        }
        matrix
    }

    fn check(priorities: &[(u32, u32)], threshold: u32, expected: Option<u32>) {
        let mut matrix = matrix(priorities);
        matrix.write(THRESHOLD, threshold);
        matrix.set_sources((1 << SOURCES) - 1);
        assert_eq!(matrix.line(), expected);
    }

    #[test]
    fn the_highest_priority_at_or_above_the_threshold_wins() {
        check(&[(3, 2), (7, 5), (9, 4)], 0, Some(7));
        check(&[(3, 2), (7, 5), (9, 5)], 5, Some(7));
        check(&[(3, 2), (7, 5)], 6, None);
        check(&[(3, 0)], 0, None);
    }

    #[test]
    fn a_level_line_is_pending_while_its_source_is_up() {
        let mut matrix = matrix(&[(3, 1)]);
        matrix.set_sources(1 << 3);
        matrix.write(CLEAR, 1 << 3);
        assert_eq!(matrix.line(), Some(3));
        matrix.set_sources(0);
        assert_eq!(matrix.line(), None);
    }

    #[test]
    fn an_edge_line_is_pending_until_it_is_cleared() {
        let mut matrix = matrix(&[(3, 1)]);
        matrix.write(TYPE, 1 << 3);
        matrix.set_sources(1 << 3);
        matrix.set_sources(0);
        assert_eq!(matrix.line(), Some(3));
        assert_eq!(matrix.peek(EIP_STATUS), Some(1 << 3));
        matrix.write(CLEAR, 1 << 3);
        matrix.write(CLEAR, 0);
        assert_eq!(matrix.line(), None);
        matrix.set_sources(1 << 3);
        assert_eq!(matrix.line(), Some(3));
    }

    #[test]
    fn line_0_leads_nowhere() {
        let mut matrix = Matrix::new();
        matrix.write(ENABLE, u32::MAX);
        matrix.write(PRIORITY, 15);
        matrix.set_sources((1 << SOURCES) - 1);
        assert_eq!(matrix.line(), None);
    }

    #[test]
    fn status_shows_the_sources() {
        let mut matrix = Matrix::new();
        matrix.set_sources(1 << 50 | 1 << 21);
        assert_eq!(matrix.peek(STATUS_0), Some(1 << 21));
        assert_eq!(matrix.peek(STATUS_1), Some(1 << 18));
    }
}
