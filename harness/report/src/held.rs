//! Where the blocks come from by which a budget is exceeded: their chains of calls, the largest first.

use ramscope_model::{BudgetResult, BudgetState, Device, HeldChain, Judged, Symbols};
use ramscope_scenario::{Metric, SubjectKind};
use ramscope_wire::OwnerKind;

/// The functions that every allocation goes through, by how their names begin: they tell nothing.
const ALLOCATORS: [&str; 8] = [
    "ramscope_kernel::heap::",
    "ramscope_kernel::mem::",
    "<ramscope_kernel::mem::",
    "ramscope_kernel::kernel::",
    "alloc::",
    "<alloc::",
    "__rust",
    "__rg_",
];

/// The blocks of one chain that a budget is about.
pub(crate) struct Held<'a> {
    pub(crate) bytes: u64,
    pub(crate) blocks: u64,
    /// The unit that allocated them.
    pub(crate) unit: String,
    /// `file:line` of the allocation, if telemetry told.
    pub(crate) place: Option<String>,
    /// Innermost first, all of them.
    pub(crate) callers: &'a [u32],
}

/// What came of asking where blocks come from.
pub(crate) enum Origin<'a> {
    /// The chains, those with the most bytes first.
    Exact(Vec<Held<'a>>),
    /// None are known, for this reason.
    NotKnown(&'static str),
}

/// Where the blocks of a budget come from; `None` if it is not exceeded, or not about such blocks.
pub(crate) fn origin<'a>(judged: &'a Judged, result: &BudgetResult) -> Option<Origin<'a>> {
    if result.state != BudgetState::Exceeded || !result.metric.is_of_held_blocks() {
        return None;
    }
    let device = judged.feed.device();
    if device.held_chains().is_empty() {
        return Some(Origin::NotKnown(reason(judged)));
    }
    // The kernel and modules allocate on whatever unit runs.
    let is_of_units = !matches!(result.kind, SubjectKind::Heap | SubjectKind::Module)
        && ![OwnerKind::Kernel, OwnerKind::Permanent]
            .iter()
            .any(|kind| kind.to_string() == result.base_name);
    let chains = device.held_chains().iter().filter(|chain| {
        let unit = device.unit_by_key(chain.unit);
        !is_of_units || unit.is_some_and(|unit| unit.base_name() == result.base_name)
    });
    let mut all: Vec<Held<'a>> = Vec::new();
    for held in chains.filter_map(|chain| held(device, chain, result)) {
        let same = all.iter_mut().find(|other| {
            (&other.unit, &other.place, other.callers) == (&held.unit, &held.place, held.callers)
        });
        match same {
            Some(other) => {
                other.bytes += held.bytes;
                other.blocks += held.blocks;
            }
            None => all.push(held),
        }
    }
    all.sort_by_key(|held| std::cmp::Reverse((held.bytes, held.blocks)));
    Some(match all.is_empty() {
        true => Origin::NotKnown("nothing that it allocated then is in use at the end of the run"),
        false => Origin::Exact(all),
    })
}

fn held<'a>(device: &Device, chain: &'a HeldChain, result: &BudgetResult) -> Option<Held<'a>> {
    let counts = |at| result.span.is_none_or(|(from, to)| from <= at && at <= to);
    let blocks: Vec<u64> = chain
        .blocks
        .iter()
        .filter(|(at, _)| counts(*at))
        .map(|(_, bytes)| (*bytes).into())
        .collect();
    let unit = device.unit_by_key(chain.unit).map_or("?", |unit| unit.base_name());
    (!blocks.is_empty()).then(|| Held {
        bytes: blocks.iter().sum(),
        blocks: blocks.len() as u64,
        unit: unit.to_owned(),
        place: device.place_name(chain.site),
        callers: &chain.callers,
    })
}

/// Why nobody saw where blocks come from.
fn reason(judged: &Judged) -> &'static str {
    match judged.facts.run.target.name().starts_with("engine") {
        true => "no calls were followed: the image names no functions, or a debugger ran it",
        false => "calls can be seen on the built-in engine only: `--target engine`",
    }
}

/// The functions of a chain, innermost first, without those that every allocation goes through;
/// empty if none has a name.
pub(crate) fn functions(judged: &Judged, callers: &[u32]) -> Vec<String> {
    let named = |pc: &u32| judged.facts.symbols.function_at(*pc).map(|symbol| symbol.function);
    let names = callers.iter().filter_map(named);
    let is_allocator =
        |name: &String| ALLOCATORS.iter().any(|beginning| name.starts_with(beginning));
    let mut names: Vec<String> = names.skip_while(is_allocator).collect();
    names.dedup();
    names
}

/// Whether an earlier result is about the same blocks: bytes and count of one leak, say.
pub(crate) fn is_told_before(results: &[BudgetResult], result: &BudgetResult) -> bool {
    let about = |result: &BudgetResult| {
        let metric = match result.metric {
            Metric::LeakBlocks => Metric::Leak,
            other => other,
        };
        (result.kind, result.name.clone(), metric, result.span)
    };
    let before = results.iter().take_while(|other| !std::ptr::eq(*other, result));
    before
        .filter(|other| other.state == BudgetState::Exceeded)
        .any(|other| about(other) == about(result))
}
