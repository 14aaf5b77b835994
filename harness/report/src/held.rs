//! Where blocks come from: those by which a budget is exceeded, and those of the heap's peak. Their chains of
//! calls, the largest first, with the owner of record.

use ramscope_model::{
    BudgetResult, BudgetState, Certainty, Device, HeldChain, Judged, Symbols, UnitKey, bytes,
    counted, is_allocator,
};
use ramscope_scenario::{Metric, SubjectKind};
use ramscope_time::Instant;
use ramscope_wire::{OwnerKind, UnitId};

use crate::style::clean;

/// Blocks of one chain and owner.
pub(crate) struct Held<'a> {
    pub(crate) bytes: u64,
    pub(crate) blocks: u64,
    /// Who has them.
    pub(crate) owner: String,
    /// The unit that ran when they were allocated, if it is another one than the owner.
    pub(crate) ran: Option<String>,
    /// `file:line` of the allocation, if telemetry told.
    pub(crate) place: Option<String>,
    /// Innermost first, all of them.
    pub(crate) callers: &'a [u32],
    pub(crate) certainty: Certainty,
}

impl Held<'_> {
    /// `1,056 B in 3 blocks of leaker, allocated by main, at src/leak.rs:31`.
    pub(crate) fn sentence(&self) -> String {
        let ran = self.ran.as_ref().map_or_else(String::new, |ran| format!(", allocated by {ran}"));
        let place = self.place.as_ref().map_or_else(String::new, |place| format!(", at {place}"));
        let blocks = counted(self.blocks, "block");
        clean(&format!("{} in {blocks} of {}{ran}{place}", bytes(self.bytes), self.owner))
    }
}

/// The names of an owner of record, and of who ran if that is somebody else.
fn names(
    device: &Device,
    unit: UnitKey,
    owner: Option<(OwnerKind, UnitId)>,
) -> (String, Option<String>) {
    let ran = device.unit_by_key(unit).map_or("kernel", |unit| unit.base_name());
    let Some((kind, id)) = owner else { return (ran.to_owned(), None) };
    let is_unit = matches!(kind, OwnerKind::Thread | OwnerKind::Task | OwnerKind::Tasklet);
    let of_unit = device.unit_by_key(UnitKey { boot: unit.boot, id }).filter(|_| is_unit);
    let owner =
        of_unit.map_or_else(|| device.owner_name((kind, id)), |it| it.base_name().to_owned());
    let other = (owner != ran).then(|| ran.to_owned());
    (owner, other)
}

/// Those of one chain, owner and place together, the most bytes first.
fn added_up<'a>(all: impl Iterator<Item = Held<'a>>) -> Vec<Held<'a>> {
    let mut sums: Vec<Held<'a>> = Vec::new();
    for held in all {
        let key = |it: &Held<'a>| (it.owner.clone(), it.ran.clone(), it.place.clone(), it.callers);
        match sums.iter_mut().find(|other| key(other) == key(&held)) {
            Some(other) => {
                other.bytes += held.bytes;
                other.blocks += held.blocks;
            }
            None => sums.push(held),
        }
    }
    sums.sort_by_key(|held| std::cmp::Reverse((held.bytes, held.blocks)));
    sums
}

/// Whether the calls of some chains are guesses.
pub(crate) fn is_guessed(chains: &[Held<'_>]) -> bool {
    chains.iter().any(|held| held.certainty == Certainty::Guess)
}

/// Who held what when most of the heap was in use, the most bytes first, and when that was.
pub(crate) fn at_peak(device: &Device) -> Option<(Instant, Vec<Held<'_>>)> {
    let at = device.peak_chains().first()?.at;
    let all = device.peak_chains().iter().map(|chain| {
        let (owner, ran) = names(device, chain.unit, chain.owner);
        Held {
            bytes: chain.bytes,
            blocks: chain.blocks.into(),
            owner,
            ran,
            place: device.place_name(chain.site),
            callers: &chain.callers,
            certainty: chain.certainty,
        }
    });
    Some((at, added_up(all)))
}

/// What came of asking where blocks come from.
pub(crate) enum Origin<'a> {
    /// The chains, those with the most bytes first.
    Known(Vec<Held<'a>>),
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
    // A module's blocks are those of whoever imports it, where nobody says otherwise.
    let is_of_all = matches!(result.kind, SubjectKind::Heap | SubjectKind::Module);
    let all = device.held_chains().iter().filter_map(|chain| held(device, chain, result));
    let is_meant = |held: &Held<'_>| is_of_all || held.owner == result.base_name;
    let all = added_up(all.filter(is_meant));
    Some(match all.is_empty() {
        true => Origin::NotKnown("nothing that it allocated then is in use at the end of the run"),
        false => Origin::Known(all),
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
    let (owner, ran) = names(device, chain.unit, chain.owner);
    (!blocks.is_empty()).then(|| Held {
        bytes: blocks.iter().sum(),
        blocks: blocks.len() as u64,
        owner,
        ran,
        place: device.place_name(chain.site),
        callers: &chain.callers,
        certainty: chain.certainty,
    })
}

/// Why nobody saw where blocks come from.
fn reason(judged: &Judged) -> &'static str {
    match judged.facts.run.target.name().starts_with("engine") {
        true => "no calls were followed: the image names no functions, or a debugger ran it",
        false => {
            "calls are seen on the built-in engine (`--target engine`); elsewhere the device guesses them \
             after `trace all` on its console"
        }
    }
}

/// The functions of a chain, innermost first and inlined ones by themselves, without those that every
/// allocation goes through; empty if none has a name.
pub(crate) fn functions(judged: &Judged, callers: &[u32]) -> Vec<String> {
    let named = callers.iter().filter_map(|pc| judged.facts.symbols.function_at(*pc));
    let names = named.flat_map(|symbol| {
        let inlined = symbol.inlined.into_iter().map(|inlined| inlined.function);
        inlined.chain([symbol.function])
    });
    let mut names: Vec<String> = names.skip_while(|name| is_allocator(name)).collect();
    names.dedup();
    names
}

/// The functions of a chain on one line, innermost first; addresses where none has a name.
pub(crate) fn line(judged: &Judged, held: &Held<'_>, functions_max: usize) -> String {
    let mut names = functions(judged, held.callers);
    if names.is_empty() {
        names = held.callers.iter().map(|pc| format!("0x{pc:08x}")).collect();
    }
    let more = names.len().saturating_sub(functions_max);
    names.truncate(functions_max);
    if more > 0 {
        names.push(format!("{more} more"));
    }
    match (names.is_empty(), held.certainty) {
        (true, Certainty::Exact) => "in a handler of interrupts, or before threads".to_owned(),
        (true, Certainty::Guess) => "no words on the stack looked like calls".to_owned(),
        (false, Certainty::Exact) => clean(&names.join(" < ")),
        (false, Certainty::Guess) => clean(&format!("guess: {}", names.join(" < "))),
    }
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
