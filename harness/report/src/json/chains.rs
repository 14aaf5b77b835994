//! Chains of calls for programs: whose functions were on a stack, and which calls led to blocks of the heap.

use ramscope_model::{Certainty, DeepestCalls, Judged, Symbols};
use schemars::JsonSchema;
use serde::Serialize;

use crate::held::Held;

/// Blocks of the heap that were allocated by the same calls.
#[derive(Serialize, JsonSchema)]
pub(super) struct ChainForm {
    /// Their bytes, with headers.
    pub(super) bytes: u64,
    /// How many blocks.
    pub(super) blocks: u64,
    /// Who has them: the owner of record.
    pub(super) owner: String,
    /// The unit that ran when they were allocated.
    pub(super) unit: String,
    /// `file:line` of the allocation, if the device told.
    pub(super) place: Option<String>,
    /// The calls, innermost first; empty in a handler of interrupts.
    pub(super) calls: Vec<CallForm>,
    /// Whether the machine saw the calls, or words on the stack look like them.
    #[schemars(extend("enum" = ["exact", "guess"]))]
    pub(super) certainty: &'static str,
}

/// Who had called whom when a stack was deepest, as the machine saw it.
#[derive(Serialize, JsonSchema)]
pub(super) struct DeepestForm {
    /// The stack pointer then.
    pub(super) sp: u32,
    /// Bytes of all functions together; null if not all are known.
    pub(super) bytes: Option<u32>,
    /// The functions that were not over, innermost first.
    pub(super) frames: Vec<FrameForm>,
}

/// A function's part of a stack.
#[derive(Serialize, JsonSchema)]
pub(super) struct FrameForm {
    /// The instruction that it stood at.
    pub(super) pc: u32,
    /// Its bytes of the stack; null if they are not known.
    pub(super) bytes: Option<u32>,
    /// The function that was really called; null if it has no name.
    pub(super) function: Option<String>,
    /// `file:line` within it.
    pub(super) place: Option<String>,
    /// What was inlined into it there, innermost first: its bytes are the function's.
    pub(super) inlined: Vec<InlinedForm>,
}

/// A function that was inlined into another one.
#[derive(Serialize, JsonSchema)]
pub(super) struct InlinedForm {
    /// Its name.
    pub(super) function: String,
    /// `file:line` within it.
    pub(super) place: String,
}

/// An instruction that called.
#[derive(Serialize, JsonSchema)]
pub(super) struct CallForm {
    /// Its address.
    pub(super) pc: u32,
    /// The function that it is in.
    pub(super) function: Option<String>,
}

impl ChainForm {
    pub(super) fn of(judged: &Judged, held: Held<'_>) -> Self {
        let function = |pc| judged.facts.symbols.function_at(pc).map(|symbol| symbol.function);
        let call = |&pc: &u32| CallForm { pc, function: function(pc) };
        Self {
            bytes: held.bytes,
            blocks: held.blocks,
            calls: held.callers.iter().map(call).collect(),
            unit: held.ran.unwrap_or_else(|| held.owner.clone()),
            owner: held.owner,
            place: held.place,
            certainty: match held.certainty {
                Certainty::Exact => "exact",
                Certainty::Guess => "guess",
            },
        }
    }
}

impl DeepestForm {
    pub(super) fn of(symbols: &dyn Symbols, calls: &DeepestCalls) -> Self {
        let place = |(file, line): (String, u32)| format!("{file}:{line}");
        let frames = calls.frames.iter().map(|frame| {
            let symbol = symbols.function_at(frame.pc);
            let inlined = symbol.iter().flat_map(|symbol| symbol.inlined.clone());
            FrameForm {
                pc: frame.pc,
                bytes: frame.bytes,
                inlined: inlined
                    .map(|it| InlinedForm { function: it.function, place: place(it.place) })
                    .collect(),
                place: symbol.as_ref().and_then(|symbol| symbol.place.clone()).map(place),
                function: symbol.map(|symbol| symbol.function),
            }
        });
        Self { sp: calls.sp, bytes: calls.bytes(), frames: frames.collect() }
    }
}
