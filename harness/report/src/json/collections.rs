//! Collections in the report: what each gave back, who was told to end, and why the rest stayed.

use ramscope_model::{Collection, KeptBlock, ResumedUnit};
use schemars::JsonSchema;
use serde::Serialize;

/// A collection; what it gave back is null if its end was not told.
#[derive(Serialize, JsonSchema)]
pub(super) struct CollectionForm<'a> {
    /// The boot, counted from 0.
    boot: u32,
    /// Its number within the boot.
    number: u32,
    /// When it began.
    at_ps: u64,
    /// `program`, `console`, `allocation` or `threshold`.
    why: Option<String>,
    /// `complete`, `disturbed`, `damaged` or `undeclared`.
    outcome: Option<String>,
    /// Bytes of torn-down units and of modules that it gave back.
    freed_bytes: Option<u64>,
    /// Units that it told to end.
    told_to_end: Vec<ResumedForm<'a>>,
    /// Bytes of torn-down units that stay.
    kept_bytes: Option<u32>,
    /// What keeps some of them.
    kept: Vec<KeptForm<'a>>,
    /// How long no other unit ran.
    pause_ps: Option<u64>,
    /// The longest stretch of that in which no interrupt was served.
    masked_ps: Option<u64>,
    /// Words of memory that were looked at.
    words: Option<u32>,
}

/// A unit that waited for what nobody could give.
#[derive(Serialize, JsonSchema)]
struct ResumedForm<'a> {
    /// Its name.
    unit: &'a str,
    /// What it waited for, in words.
    waited_for: &'a str,
    /// Bytes that it had.
    bytes: u32,
}

/// A block of a unit that was torn down, and the pointer that keeps it.
#[derive(Serialize, JsonSchema)]
struct KeptForm<'a> {
    /// Whose it was.
    owner: &'a str,
    /// Its first address.
    block: u32,
    /// Its bytes, header included.
    bytes: u32,
    /// The address of the pointer.
    at: u32,
    /// The pointer.
    pointer: u32,
    /// `static`, `stack`, `register`, `heap-block`, `registered` or `kernel`.
    place: String,
    /// Whose that is, if it is a unit's.
    holder: Option<&'a str>,
}

impl<'a> CollectionForm<'a> {
    pub(super) fn of(collection: &'a Collection) -> Self {
        let ended = collection.ended;
        Self {
            boot: collection.boot,
            number: collection.number,
            at_ps: collection.at.as_picos(),
            why: collection.why.map(|why| why.to_string()),
            outcome: ended.map(|ended| ended.outcome.to_string()),
            freed_bytes: ended.map(|_| collection.freed()),
            told_to_end: collection.resumed.iter().map(ResumedForm::of).collect(),
            kept_bytes: ended.map(|ended| ended.kept_bytes),
            kept: collection.kept.iter().map(KeptForm::of).collect(),
            pause_ps: ended.map(|ended| u64::from(ended.pause_ns) * 1_000),
            masked_ps: ended.map(|ended| u64::from(ended.masked_ns) * 1_000),
            words: ended.map(|ended| ended.words),
        }
    }
}

impl<'a> ResumedForm<'a> {
    fn of(resumed: &'a ResumedUnit) -> Self {
        let ResumedUnit { unit, waited_for, bytes } = resumed;
        Self { unit, waited_for, bytes: *bytes }
    }
}

impl<'a> KeptForm<'a> {
    fn of(kept: &'a KeptBlock) -> Self {
        Self {
            owner: &kept.owner,
            block: kept.block,
            bytes: kept.bytes,
            at: kept.at,
            pointer: kept.pointer,
            place: kept.place.to_string(),
            holder: kept.holder.as_deref(),
        }
    }
}
