//! `seeds` and `repeat`: how many runs there are.

use crate::read::reader::Reader;
use crate::rule::Rule;
use crate::settings::Settings;
use crate::yaml::NodeId;

/// How many seeds a scenario may have.
const SEEDS_MAX: u64 = 10_000;

impl Reader<'_> {
    /// A seed, a list of seeds, or `{from, count}`.
    pub(super) fn seeds(&mut self, node: NodeId) -> Vec<u64> {
        if self.is_map(node) {
            return self.seed_range(node);
        }
        let mut seeds = Vec::new();
        for item in self.items(node) {
            let place = self.tree.place(item);
            match self.whole_source(item) {
                Some(seed) if seeds.contains(&seed) => self.twice(place, "seed", &seed.to_string()),
                Some(seed) => seeds.push(seed),
                None => {
                    let message = "a seed is a whole number from 0 to 2^64 - 1".into();
                    self.error(Rule::InvalidSetting, place, message);
                }
            }
        }
        if self.items(node).is_empty() {
            let message = "without a seed nothing runs; leave `seeds` out for the seed 1".into();
            self.error(Rule::InvalidSetting, self.tree.place(node), message);
        }
        seeds
    }

    fn seed_range(&mut self, node: NodeId) -> Vec<u64> {
        let fields = self.fields(node, "seeds", &["from", "count"]).unwrap_or_default();
        let from = fields.get("from").map_or(Some(1), |n| self.whole(n, "from", 0..=u64::MAX));
        let Some(count) = fields.get("count") else {
            let message = "a range of seeds needs a `count`, as in {from: 1, count: 20}".into();
            self.error(Rule::InvalidSetting, self.tree.place(node), message);
            return Vec::new();
        };
        let (Some(from), Some(count)) = (from, self.whole(count, "count", 1..=SEEDS_MAX)) else {
            return Vec::new();
        };
        if from.checked_add(count - 1).is_none() {
            let message = "the last of these seeds is beyond 2^64 - 1".into();
            self.error(Rule::InvalidSetting, self.tree.place(node), message);
            return Vec::new();
        }
        (from..=from + (count - 1)).collect()
    }

    pub(super) fn repeat(&mut self, node: NodeId) -> u32 {
        let repeat = self.whole(node, "repeat", 1..=Settings::REPEAT_MAX.into());
        repeat.and_then(|repeat| u32::try_from(repeat).ok()).unwrap_or(1)
    }
}
