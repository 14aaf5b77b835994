//! The budgets file: what each figure may be, who is best, and why a figure is as it is.

use crate::failure::Failure;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;

/// `ci/cost.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Budgets {
    /// Costs, in the order of the table.
    #[serde(rename = "cost")]
    pub(crate) costs: Vec<Cost>,
    /// Stretches with interrupts masked.
    pub(crate) masked: Vec<Masked>,
    /// Rows M: bytes.
    #[serde(default)]
    pub(crate) memory: Vec<Cost>,
    /// Rows H: our heap beside others.
    #[serde(default, rename = "heap")]
    pub(crate) heaps: Vec<Heap>,
    /// Rows of the suite that this kernel has no operation for.
    #[serde(default)]
    pub(crate) absent: Vec<Absent>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Cost {
    pub(crate) id: String,
    pub(crate) operation: String,
    /// The best peer's figure for the same semantics, and whose it is.
    pub(crate) best: Option<f64>,
    #[serde(default)]
    pub(crate) peer: String,
    pub(crate) budget: f64,
    /// Why it is worse than the best peer by more than half.
    #[serde(default)]
    pub(crate) reason: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Masked {
    pub(crate) id: String,
    /// Of the longest stretch with interrupts masked.
    pub(crate) budget: u64,
    /// Of the longest stretch in which no handler could begin, because the kernel was held.
    pub(crate) held: u64,
    /// Why one of them is above [`MASKED_AIM`].
    #[serde(default)]
    pub(crate) reason: String,
}

/// A figure of the heap.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Heap {
    pub(crate) id: String,
    pub(crate) figure: String,
    #[serde(default)]
    pub(crate) better: Better,
    pub(crate) budget: f64,
    /// What peers were measured to have elsewhere, by the beginnings of their names.
    #[serde(default)]
    pub(crate) known: BTreeMap<String, f64>,
    /// Why it is worse than the best peer by more than half.
    #[serde(default)]
    pub(crate) reason: String,
}

/// Which way a figure improves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Better {
    #[default]
    Less,
    More,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Absent {
    pub(crate) id: String,
    pub(crate) reason: String,
}

/// The most instructions that anything should mask interrupts for.
pub(crate) const MASKED_AIM: u64 = 150;
/// How much worse than the best peer a figure may be without a reason.
pub(crate) const RATIO_MAX: f64 = 1.5;

pub(crate) fn read(path: &Path) -> Result<Budgets, Failure> {
    let text = std::fs::read_to_string(path).map_err(|source| Failure::file(path, source))?;
    Ok(toml::from_str(&text)?)
}
