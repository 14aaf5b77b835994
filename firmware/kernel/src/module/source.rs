//! Where modules come from: the image's file system, or what the host port links.
//!
//! What describes a module is checked here before anybody follows a pointer of it: all of it must
//! lie in the module's own block.
#![expect(unsafe_code, reason = "reads what the linker has just written")]

use crate::kernel;
use core::ops::Range;
use core::ptr::NonNull;
use ramscope_module_abi::{ABI_VERSION, Info, Linked, MAGIC, Text};
use ramscope_wire::storage::{File, Storage};

use super::reason::{Damage, Detail, Reason};
use super::table::{slice, text};

/// A module that can be imported.
#[derive(Clone, Copy)]
pub(super) enum Source {
    /// A relocatable object.
    File(File<'static>),
    /// One that the host port links.
    Linked(&'static Linked),
}

/// The image's file system.
pub(super) fn storage() -> Option<Storage<'static>> {
    let bytes = kernel::with(|kernel| kernel.facts().storage);
    Storage::open(bytes).ok()
}

/// The module of this name.
pub(super) fn find(name: &str) -> Result<Source, Reason> {
    let linked = kernel::with(|kernel| kernel.facts().linked_modules);
    if let Some(linked) = linked.iter().find(|linked| text(&linked.info.name) == name) {
        return Ok(Source::Linked(linked));
    }
    let Some(storage) = storage() else {
        return Err(if linked.is_empty() { Reason::NoLoader } else { Reason::NotFound });
    };
    storage.find(name).map(Source::File).ok_or(Reason::NotFound)
}

impl Source {
    /// Its name, which lies in the image.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::File(file) => file.name,
            Self::Linked(linked) => text(&linked.info.name),
        }
    }
}

/// The memory of a module: where its parts may lie.
#[derive(Clone)]
pub(super) struct Extent {
    /// Its whole block, as data.
    pub(super) block: Range<usize>,
    /// Its instructions, as they are fetched.
    pub(super) code: Range<usize>,
}

impl Extent {
    fn holds<T>(&self, at: *const T, count: usize) -> Result<(), Reason> {
        let bytes = count.checked_mul(size_of::<T>()).ok_or(Damage::Description)?;
        let end = at.addr().checked_add(bytes).ok_or(Damage::Description)?;
        let is_inside = self.block.start <= at.addr() && end <= self.block.end;
        match count == 0 || is_inside && at.is_aligned() {
            true => Ok(()),
            false => Err(Damage::Description.into()),
        }
    }

    fn holds_text(&self, name: &Text) -> Result<(), Reason> {
        self.holds(name.address, name.bytes)?;
        match name.bytes == 0 || text(name).is_empty() {
            true => Err(Damage::Description.into()),
            false => Ok(()),
        }
    }

    /// Whether these addresses are of instructions.
    pub(super) fn holds_code(&self, addresses: &[usize]) -> Result<(), Reason> {
        match addresses.iter().all(|address| self.code.contains(address)) {
            true => Ok(()),
            false => Err(Damage::Description.into()),
        }
    }

    /// Reads what describes the module, and checks it.
    pub(super) fn info(&self, at: usize, name: &str) -> Result<NonNull<Info>, Reason> {
        let pointer = core::ptr::with_exposed_provenance_mut::<Info>(at);
        self.holds(pointer, 1)?;
        let pointer = NonNull::new(pointer).ok_or(Damage::Description)?;
        // SAFETY: it lies in the block, which nobody else knows yet.
        let info = unsafe { pointer.as_ref() };
        if info.magic != MAGIC {
            return Err(Damage::Description.into());
        }
        if !ABI_VERSION.serves(info.abi_version) {
            return Err(Reason::OtherAbi(info.abi_version));
        }
        self.holds_text(&info.name)?;
        if text(&info.name) != name {
            return Err(Reason::OtherName(Detail::of(text(&info.name))));
        }
        self.holds(info.id, 1)?;
        self.holds(info.dependencies, info.dependency_count)?;
        self.holds(info.exports, info.export_count)?;
        // SAFETY: the table was just checked to lie in the block.
        for dependency in unsafe { slice(info.dependencies, info.dependency_count) } {
            self.holds_text(&dependency.name)?;
        }
        // SAFETY: the table was just checked to lie in the block.
        for export in unsafe { slice(info.exports, info.export_count) } {
            self.holds_text(&export.name)?;
            self.holds_code(&[(export.call as *const ()).addr()])?;
        }
        Ok(pointer)
    }
}
