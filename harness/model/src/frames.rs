//! The functions on a stack when it was deepest, as a person wants to see them.
//!
//! A call chain is a list of instructions; what a person wants is a list of functions, each with its place
//! in the source and the bytes that it took. A function that was inlined stands by itself, without
//! bytes: they are part of those of the function that it was inlined into.

use crate::device::DeepestCalls;
use crate::number::bytes;
use crate::symbols::Symbols;

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

/// Whether a function is one that every allocation goes through.
#[must_use]
pub fn is_allocator(function: &str) -> bool {
    ALLOCATORS.iter().any(|beginning| function.starts_with(beginning))
}

/// A function on a stack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShownFrame {
    /// Its name, or the address where that is not known.
    pub function: String,
    /// `file:line`, if it is known.
    pub place: Option<String>,
    /// What it took.
    pub took: Took,
}

/// What a function took of a stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Took {
    /// So many bytes.
    Bytes(u32),
    /// It is inlined: its bytes are those of the next one that is not.
    Inlined,
    /// The recording does not say.
    Unknown,
}

impl Took {
    /// For a column of figures.
    #[must_use]
    pub fn text(self) -> String {
        match self {
            Self::Bytes(count) => bytes(count.into()),
            Self::Inlined => "inlined".to_owned(),
            Self::Unknown => "-".to_owned(),
        }
    }
}

impl DeepestCalls {
    /// Whether any of its functions has a name.
    #[must_use]
    pub fn has_names(&self, symbols: &dyn Symbols) -> bool {
        self.frames.iter().any(|frame| symbols.function_at(frame.pc).is_some())
    }
}

/// The functions of a chain, innermost first.
#[must_use]
pub fn shown_frames(symbols: &dyn Symbols, calls: &DeepestCalls) -> Vec<ShownFrame> {
    let mut shown: Vec<ShownFrame> = Vec::new();
    for frame in &calls.frames {
        let took = frame.bytes.map_or(Took::Unknown, Took::Bytes);
        let Some(symbol) = symbols.function_at(frame.pc) else {
            let function = format!("0x{:08x}", frame.pc);
            shown.push(ShownFrame { function, place: None, took });
            continue;
        };
        let place = |(file, line): &(String, u32)| format!("{file}:{line}");
        let function = symbol.function.clone();
        // Where an interrupt struck a function, a call of its own that is over may still be noted.
        if took == Took::Bytes(0) && shown.last().is_some_and(|inner| inner.function == function) {
            continue;
        }
        shown.extend(symbol.inlined.iter().map(|inlined| ShownFrame {
            function: inlined.function.clone(),
            place: Some(place(&inlined.place)),
            took: Took::Inlined,
        }));
        shown.push(ShownFrame { function, place: symbol.place.as_ref().map(place), took });
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::{Frame, UnitKey};
    use crate::symbols::{Inlined, Symbol};
    use ramscope_wire::UnitId;

    struct Names;

    impl Symbols for Names {
        fn function_at(&self, pc: u32) -> Option<Symbol> {
            let inlined = Inlined { function: "push".into(), place: ("b.rs".into(), 7) };
            let inlined = if pc == 2 { vec![inlined] } else { Vec::new() };
            let function = if pc < 3 { "work" } else { "main" }.to_owned();
            (pc < 4).then(|| Symbol { function, place: Some(("a.rs".into(), pc)), inlined })
        }
    }

    fn shown(frames_of: &[(u32, Option<u32>)]) -> Vec<String> {
        let unit = UnitKey { boot: 0, id: UnitId(3) };
        let given = frames_of.iter().map(|&(pc, bytes)| Frame { pc, bytes });
        let calls = DeepestCalls { unit, sp: 0, frames: given.collect() };
        let line = |it: ShownFrame| {
            format!("{} {} {}", it.took.text(), it.function, it.place.unwrap_or_default())
        };
        shown_frames(&Names, &calls).into_iter().map(line).collect()
    }

    #[test]
    fn an_inlined_function_has_a_line_of_its_own_without_bytes() {
        let lines = shown(&[(2, Some(48)), (3, Some(16)), (9, None)]);
        assert_eq!(
            lines,
            ["inlined push b.rs:7", "48 B work a.rs:2", "16 B main a.rs:3", "- 0x00000009 "]
        );
    }

    #[test]
    fn a_call_that_was_over_when_an_interrupt_struck_is_no_second_frame() {
        assert_eq!(shown(&[(1, Some(32)), (2, Some(0)), (3, Some(16))]).len(), 2);
    }
}
