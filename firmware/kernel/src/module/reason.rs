//! Why a module is not imported.

use crate::heap::OutOfMemory;
use crate::mem::account::NoBlock;
use core::fmt;
use ramscope_module_abi::{AbiVersion, Version};

/// The most bytes of a name that a refusal keeps.
const DETAIL_BYTES: usize = 32;

/// A name in a refusal: of a module, a symbol, a kind of relocation.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Detail {
    bytes: [u8; DETAIL_BYTES],
    length: u8,
}

impl Detail {
    /// The name, cut where it is too long.
    #[must_use]
    pub fn of(name: &str) -> Self {
        let mut length = name.len().min(DETAIL_BYTES);
        while !name.is_char_boundary(length) {
            length -= 1;
        }
        let mut bytes = [0; DETAIL_BYTES];
        bytes[..length].copy_from_slice(&name.as_bytes()[..length]);
        Self { bytes, length: length as u8 }
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        core::str::from_utf8(&self.bytes[..usize::from(self.length)]).unwrap_or("")
    }
}

impl fmt::Debug for Detail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

/// What is wrong with the bytes of a module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Damage {
    /// Its checksum is not what the directory says.
    Checksum,
    /// Something lies behind its end.
    Cut,
    /// It is no ELF file.
    NotElf,
    /// It is no relocatable object for this processor.
    OtherKind,
    /// Its sections contradict each other, or are too many.
    Sections,
    /// Its symbols name what is not there.
    Symbols,
    /// A relocation lies outside of its section, or is one half of a pair without the other.
    Relocations,
    /// What describes it is not in its own constants.
    Description,
}

/// Why a module is not imported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// The image has no module of this name.
    NotFound,
    /// The image has no module of this name, which it needs.
    MissingModule(Detail),
    /// The board cannot load code, or the image has no file system.
    NoLoader,
    /// Its file is damaged.
    Damaged(Damage),
    /// A relocation of a kind that the loader does not know.
    UnknownRelocation(Detail),
    /// A relocation whose value does not fit.
    OutOfReach(Detail),
    /// It wants a function that the kernel does not have.
    MissingSymbol(Detail),
    /// It was compiled for another version of the boundary.
    OtherAbi(AbiVersion),
    /// It calls itself otherwise than its file is called.
    OtherName(Detail),
    /// There is only this version of a module that it needs.
    TooOld(Detail, Version),
    /// It needs itself, through this module.
    Circle(Detail),
    /// No memory.
    OutOfMemory {
        /// Bytes that it wanted.
        wanted_bytes: u32,
        /// The largest block that could be had.
        largest_free_bytes: u32,
    },
    /// The thread has locked the heap for itself.
    HeapLocked,
    /// As many modules are loaded as there can be.
    TooMany,
    /// What begins it answered with this code.
    Refused(i32),
    /// The thread that began it was torn down.
    TornDown,
    /// The caller may not wait, or was asked to end.
    Interrupted,
}

/// A module that was not imported, and why. What it had taken is given back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotImported {
    /// Which one: the one that was asked for, or one that it needs.
    pub module: Detail,
    /// Why.
    pub reason: Reason,
}

impl From<OutOfMemory> for Reason {
    fn from(out: OutOfMemory) -> Self {
        let (wanted_bytes, largest_free_bytes) = (out.wanted_bytes, out.largest_free_bytes);
        Self::OutOfMemory { wanted_bytes, largest_free_bytes }
    }
}

impl From<NoBlock> for Reason {
    fn from(no: NoBlock) -> Self {
        match no {
            NoBlock::OutOfMemory(out) => out.into(),
            NoBlock::Locked => Self::HeapLocked,
        }
    }
}

impl From<Damage> for Reason {
    fn from(damage: Damage) -> Self {
        Self::Damaged(damage)
    }
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Checksum => "its checksum is wrong",
            Self::Cut => "it is cut off",
            Self::NotElf => "it is no ELF file",
            Self::OtherKind => "it is no relocatable object for this processor",
            Self::Sections => "its sections make no sense",
            Self::Symbols => "its symbols make no sense",
            Self::Relocations => "its relocations make no sense",
            Self::Description => "what describes it makes no sense",
        })
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound => f.write_str("the image has no such module"),
            Self::MissingModule(name) => {
                write!(f, "it needs `{}`, which the image has not", name.as_str())
            }
            Self::NoLoader => f.write_str("no modules can be loaded here"),
            Self::Damaged(damage) => write!(f, "its file is damaged: {damage}"),
            Self::UnknownRelocation(kind) => {
                write!(f, "relocation {} is not known", kind.as_str())
            }
            Self::OutOfReach(kind) => write!(f, "a place is out of reach of {}", kind.as_str()),
            Self::MissingSymbol(name) => write!(f, "the kernel has no `{}`", name.as_str()),
            Self::OtherAbi(version) => {
                write!(f, "it is for version {version} of the kernel's calls")
            }
            Self::OtherName(name) => write!(f, "it calls itself `{}`", name.as_str()),
            Self::TooOld(name, version) => {
                write!(f, "version {version} of `{}` does not serve it", name.as_str())
            }
            Self::Circle(name) => write!(f, "it needs itself, through `{}`", name.as_str()),
            Self::OutOfMemory { wanted_bytes, largest_free_bytes } => write!(
                f,
                "out of memory: {wanted_bytes} B wanted, largest free {largest_free_bytes} B"
            ),
            Self::HeapLocked => f.write_str("memory allocation failed, heap is locked"),
            Self::TooMany => {
                write!(f, "{} modules are loaded, and no more can be", super::MODULES_MAX)
            }
            Self::Refused(code) => write!(f, "its init answered {code}"),
            Self::TornDown => f.write_str("its init was torn down"),
            Self::Interrupted => f.write_str("the thread was asked to end"),
        }
    }
}

impl fmt::Display for NotImported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is not imported: {}", self.module.as_str(), self.reason)
    }
}
