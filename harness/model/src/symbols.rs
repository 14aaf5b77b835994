//! Names for the addresses of instructions.
//!
//! An image knows which function an address belongs to, but a replay must not need the image: it
//! has to give the same sentences on a machine that has never seen it. So an [`ElfSymbols`] is
//! asked once, when the run ends, for the few addresses that findings name, and the answers, a
//! [`SymbolTable`], go into the capture's host part.

mod elf;

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

pub use elf::{ElfSymbols, SymbolError};

/// Something that can name the function of an instruction.
pub trait Symbols {
    /// The function that the instruction at `pc` belongs to.
    fn function_at(&self, pc: u32) -> Option<Symbol>;
}

/// A function and a place in its source.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Symbol {
    /// Its name, demangled, without hash.
    pub function: String,
    /// The file and line of the instruction, if the image has them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<(String, u32)>,
    /// What was inlined into it where the instruction is, innermost first. The place above is that where
    /// the last of these was called, had it been.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inlined: Vec<Inlined>,
}

/// A function that was inlined into another one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inlined {
    /// Its name, demangled, without hash.
    pub function: String,
    /// The file and line of the instruction within it.
    pub place: (String, u32),
}

/// Answers that were given once.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SymbolTable {
    by_address: BTreeMap<u32, Symbol>,
}

/// Knows no names.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoSymbols;

impl SymbolTable {
    /// What `symbols` says of each of `addresses`.
    #[must_use]
    pub fn of(addresses: impl IntoIterator<Item = u32>, symbols: &dyn Symbols) -> Self {
        let known = addresses
            .into_iter()
            .filter_map(|address| Some((address, symbols.function_at(address)?)));
        Self { by_address: known.collect() }
    }
}

impl Symbols for SymbolTable {
    fn function_at(&self, pc: u32) -> Option<Symbol> {
        self.by_address.get(&pc).cloned()
    }
}

impl Symbols for NoSymbols {
    fn function_at(&self, _pc: u32) -> Option<Symbol> {
        None
    }
}

/// ``\`app::deep\` (src/deep.rs:31)``, or the bare address.
pub(crate) fn describe(symbols: &dyn Symbols, pc: u32) -> String {
    match symbols.function_at(pc) {
        None => format!("0x{pc:08x}"),
        Some(Symbol { function, place: None, .. }) => format!("`{function}`"),
        Some(Symbol { function, place: Some((file, line)), .. }) => {
            format!("`{function}` ({file}:{line})")
        }
    }
}
