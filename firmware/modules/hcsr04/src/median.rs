//! The middle one of the last readings: a single wrong one changes nothing.

use crate::sound::Millimetres;

/// The last `N` distances. A mean would move with every outlier; the middle one does not until most
/// are wrong.
#[derive(Clone, Debug)]
pub struct Median<const N: usize> {
    last: [Millimetres; N],
    count: usize,
    next: usize,
}

impl<const N: usize> Default for Median<N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const N: usize> Median<N> {
    /// No distance yet.
    #[must_use]
    pub const fn new() -> Self {
        const { assert!(N > 0, "the middle of nothing") };
        Self { last: [Millimetres(0); N], count: 0, next: 0 }
    }

    /// Takes a distance; the oldest of more than `N` is forgotten.
    pub fn take(&mut self, distance: Millimetres) {
        self.last[self.next] = distance;
        self.next = (self.next + 1) % N;
        self.count = (self.count + 1).min(N);
    }

    /// Forgets all, after a turn for example.
    pub fn clear(&mut self) {
        *self = Self::new();
    }

    /// The middle distance, the nearer one of two; `None` before the first.
    #[must_use]
    pub fn middle(&self) -> Option<Millimetres> {
        let mut sorted = self.last;
        let known = &mut sorted[..self.count];
        known.sort_unstable();
        known.get(self.count.saturating_sub(1) / 2).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(distances: &[u32], expected: Option<u32>) {
        let mut median = Median::<5>::new();
        distances.iter().for_each(|distance| median.take(Millimetres(*distance)));
        assert_eq!(median.middle(), expected.map(Millimetres), "{distances:?}");
    }

    #[test]
    fn the_middle_one_is_not_moved_by_outliers() {
        check(&[], None);
        check(&[700], Some(700));
        check(&[700, 710], Some(700));
        check(&[700, 4000, 710, 20, 705], Some(705));
    }

    #[test]
    fn the_oldest_is_forgotten() {
        check(&[1, 2, 3, 4, 5, 100, 100, 100], Some(100));
    }

    #[test]
    fn nothing_is_left_after_clearing() {
        let mut median = Median::<3>::new();
        median.take(Millimetres(5));
        median.clear();
        assert_eq!(median.middle(), None);
    }
}
