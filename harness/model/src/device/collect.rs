//! Collections: what each gave back, who was told to end, and why the rest stayed.

use ramscope_time::{Instant, Span};
use ramscope_wire::{
    CollectBegan, CollectEnded, CollectKept, CollectOutcome, CollectPlace, CollectSample,
    CollectWhy, UnitId,
};

use crate::number::{bytes, counted};

/// One collection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Collection {
    /// The boot, counted by us from 0.
    pub boot: u32,
    /// Its number within the boot.
    pub number: u32,
    /// When it began; where nobody told, when it was first heard of.
    pub at: Instant,
    /// Why it was made; `None` if the beginning was lost.
    pub why: Option<CollectWhy>,
    /// The unit that made it.
    pub unit: Option<String>,
    /// What it gave back; `None` if it is not over, or its end was lost.
    pub ended: Option<CollectEnded>,
    /// The units that it told to end.
    pub resumed: Vec<ResumedUnit>,
    /// Some of the blocks that stayed.
    pub kept: Vec<KeptBlock>,
}

/// A unit that waited for what nobody could give it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResumedUnit {
    /// Its name.
    pub unit: String,
    /// What it waited for, in words.
    pub waited_for: String,
    /// Bytes that it had.
    pub bytes: u32,
}

/// A block of a unit that was torn down, and the pointer that keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptBlock {
    /// Whose it was.
    pub owner: String,
    /// Its first address.
    pub block: u32,
    /// Its bytes, header included.
    pub bytes: u32,
    /// The address of the pointer.
    pub at: u32,
    /// The pointer.
    pub pointer: u32,
    /// What that place is.
    pub place: CollectPlace,
    /// Whose that is.
    pub holder: Option<String>,
}

/// What is known of collections.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Collections {
    /// The last ones, oldest first.
    pub list: Vec<Collection>,
    /// Earlier ones that are not in the list any more.
    pub forgotten: u64,
    /// The last sample, and when it came.
    pub last: Option<(Instant, CollectSample)>,
    /// When the longest pause was first told.
    pub worst_at: Instant,
    /// [`Losses::serial`](crate::Losses::serial) at the last sample.
    pub losses_seen: u64,
}

impl Collections {
    /// How many are kept.
    const LIST_MAX: usize = 256;

    /// The collection of a number; it is made up if its beginning was not heard.
    pub(crate) fn of(&mut self, at: Instant, boot: u32, number: u32) -> &mut Collection {
        let is_it = |it: &Collection| it.boot == boot && it.number == number;
        let known = self.list.iter().rposition(is_it);
        let place = known.unwrap_or_else(|| {
            if self.list.len() == Self::LIST_MAX {
                self.list.remove(0);
                self.forgotten += 1;
            }
            self.list.push(Collection {
                boot,
                number,
                at,
                why: None,
                unit: None,
                ended: None,
                resumed: Vec::new(),
                kept: Vec::new(),
            });
            self.list.len() - 1
        });
        &mut self.list[place]
    }

    pub(crate) fn begin(&mut self, at: Instant, boot: u32, began: &CollectBegan, unit: String) {
        let collection = self.of(at, boot, began.collection);
        collection.at = at;
        collection.why = Some(began.why);
        collection.unit = Some(unit);
    }

    pub(crate) fn end(&mut self, at: Instant, boot: u32, ended: &CollectEnded) {
        self.of(at, boot, ended.collection).ended = Some(*ended);
    }

    pub(crate) fn sample(&mut self, at: Instant, losses_seen: u64, sample: &CollectSample) {
        self.losses_seen = losses_seen;
        if self.last.is_none_or(|(_, last)| last.pause_boot_ns < sample.pause_boot_ns) {
            self.worst_at = at;
        }
        self.last = Some((at, *sample));
    }

    /// Whether a block was said to stay already, for the same reason.
    pub(crate) fn knows(&self, boot: u32, kept: &CollectKept) -> bool {
        let of_boot = self.list.iter().rev().take_while(|it| it.boot == boot);
        of_boot.flat_map(|it| &it.kept).any(|it| (it.block, it.at) == (kept.block, kept.at))
    }
}

impl KeptBlock {
    /// Where the pointer is, in words.
    #[must_use]
    pub fn place_in_words(&self) -> String {
        let of = self.holder.as_ref().map_or_else(String::new, |holder| format!(" of `{holder}`"));
        match self.place {
            CollectPlace::Stack => format!("on the stack{of}"),
            CollectPlace::Registers => format!("in a register{of}"),
            CollectPlace::Heap => format!("in a heap block{of}"),
            CollectPlace::Registered => "in a root that the program registered".to_owned(),
            CollectPlace::Kernel => "in what the kernel keeps".to_owned(),
            CollectPlace::Statics => "in a static".to_owned(),
            CollectPlace::Unknown(code) => format!("in a place of kind {code}"),
        }
    }

    pub(crate) const fn has_holder(kept: &CollectKept) -> bool {
        kept.holder.0 != UnitId::KERNEL.0
    }
}

impl Collection {
    /// What it did, in one sentence without a full stop.
    #[must_use]
    pub fn sentence(&self) -> String {
        let why = self.why.map_or_else(String::new, |why| format!(" ({why})"));
        let head = format!("collection {}{why}", self.number);
        let Some(ended) = self.ended else { return format!("{head}: its end was not told") };
        if ended.outcome != CollectOutcome::Complete {
            return format!("{head}: {}, nothing was decided", ended.outcome);
        }
        let parts = parts(&ended);
        let did = if parts.is_empty() { "found nothing".to_owned() } else { parts.join(", ") };
        format!("{head}: {did}; paused {}", Span::from_picos(u64::from(ended.pause_ns) * 1_000))
    }

    /// Bytes that it gave back.
    #[must_use]
    pub fn freed(&self) -> u64 {
        self.ended.map_or(0, |ended| u64::from(ended.bytes) + u64::from(ended.module_bytes))
    }
}

/// What there is to say of each kind of thing.
fn parts(ended: &CollectEnded) -> Vec<String> {
    let mut parts = Vec::new();
    if ended.blocks > 0 {
        let blocks = counted(ended.blocks.into(), "block");
        parts.push(format!("{} of torn-down units in {blocks} back", bytes(ended.bytes.into())));
    }
    if ended.modules > 0 {
        let modules = counted(ended.modules.into(), "module");
        parts.push(format!("{modules} unloaded with {}", bytes(ended.module_bytes.into())));
    }
    if ended.units > 0 {
        let units = counted(ended.units.into(), "unit");
        parts.push(format!("{units} with {} told to end", bytes(ended.unit_bytes.into())));
    }
    if ended.kept_blocks > 0 {
        parts.push(format!("{} still pointed to", bytes(ended.kept_bytes.into())));
    }
    parts
}
