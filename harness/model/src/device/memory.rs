//! Whose memory an address is.

use core::fmt;
use ramscope_wire::{RegionKind, UnitId};

use crate::device::Device;
use crate::device::unit::UnitKey;

/// A stretch of memory and its use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemoryRegion {
    /// Its first address.
    pub base: u32,
    /// Its length.
    pub bytes: u32,
    /// Its use.
    pub kind: RegionKind,
    /// Its name.
    pub name: String,
}

/// What lies at an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// The stack of a unit.
    Stack {
        /// Which unit.
        unit: UnitKey,
        /// Its name.
        name: String,
    },
    /// The heap, but no stack of a live unit.
    Heap,
    /// Another region.
    Region {
        /// Its use.
        kind: RegionKind,
        /// Its name.
        name: String,
    },
    /// Nothing that the device has told of.
    Unknown,
}

impl MemoryRegion {
    /// Whether `address` lies in it.
    #[must_use]
    pub const fn contains(&self, address: u32) -> bool {
        address.wrapping_sub(self.base) < self.bytes
    }
}

impl Device {
    /// What lies at `address` now. Stacks come first, because they lie in the heap; among regions
    /// the smallest is the most exact.
    #[must_use]
    pub fn place_of(&self, address: u32) -> Place {
        if let Some(unit) = self
            .live_units()
            .find(|unit| unit.key.id != UnitId::KERNEL && unit.stack.contains(address))
        {
            return Place::Stack { unit: unit.key, name: unit.name.clone() };
        }
        let regions = self.regions().iter();
        match regions.filter(|region| region.contains(address)).min_by_key(|region| region.bytes) {
            Some(region) if region.kind == RegionKind::HeapArea => Place::Heap,
            Some(region) => Place::Region { kind: region.kind, name: region.name.clone() },
            None => Place::Unknown,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stack { name, .. } => write!(f, "the stack of `{name}`"),
            Self::Heap => f.write_str("the heap"),
            Self::Region { kind, name } if name.is_empty() => write!(f, "the region {kind}"),
            Self::Region { kind, name } => write!(f, "the region `{name}` ({kind})"),
            Self::Unknown => f.write_str("memory that belongs to no known region"),
        }
    }
}
