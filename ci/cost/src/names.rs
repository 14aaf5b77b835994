//! Which operation masked interrupts: the functions that an instruction was inlined through.
//!
//! Masking is done by a few small functions of the port and the kernel, inlined everywhere. What a
//! person wants to know is the first function outside of those.

use gimli::{EndianArcSlice, LittleEndian};
use object::{Object, ObjectSection};
use std::sync::Arc;

type Reader = EndianArcSlice<LittleEndian>;

/// Functions through which everything masks.
const PASSED_THROUGH: [&str; 8] = [
    "Port>::",
    "_ramscope_port_",
    "kernel::port::",
    "kernel::section::with",
    "kernel::section::then_reschedule",
    "kernel::section::may_block",
    "kernel::section::work_on",
    "core::",
];

/// The debug information of an image; without it there are no names.
pub(crate) struct Names(Option<addr2line::Context<Reader>>);

impl Names {
    pub(crate) fn of(elf: &[u8]) -> Self {
        let Ok(file) = object::File::parse(elf) else { return Self(None) };
        let load = |section: gimli::SectionId| -> Result<Reader, gimli::Error> {
            let data = file.section_by_name(section.name());
            let data = data.and_then(|section| section.data().ok()).unwrap_or_default();
            Ok(EndianArcSlice::new(Arc::from(data), LittleEndian))
        };
        let dwarf = gimli::Dwarf::load(load).ok();
        Self(dwarf.and_then(|dwarf| addr2line::Context::from_dwarf(dwarf).ok()))
    }

    /// The first function at `pc`, from the innermost out, through which not everything passes; if
    /// there is none, that of its caller.
    pub(crate) fn operation(&self, pc: u32, caller: u32) -> String {
        let frames = self.frames(pc);
        let own = |name: &&String| !PASSED_THROUGH.iter().any(|part| name.contains(part));
        let found = frames.iter().find(own).cloned();
        let found =
            found.or_else(|| self.frames(caller.wrapping_sub(2)).into_iter().find(|n| own(&n)));
        let found = found.or_else(|| frames.last().cloned());
        found.unwrap_or_else(|| format!("0x{pc:08x}"))
    }

    /// The innermost function at `pc`, and the real one that it was inlined into.
    pub(crate) fn place(&self, pc: u32) -> String {
        match &self.frames(pc)[..] {
            [] => format!("0x{pc:08x}"),
            [only] => only.clone(),
            [innermost, .., outermost] => format!("{innermost}  in {outermost}"),
        }
    }

    /// Function names, innermost first.
    fn frames(&self, pc: u32) -> Vec<String> {
        let Some(context) = &self.0 else { return Vec::new() };
        let Ok(mut frames) = context.find_frames(u64::from(pc)).skip_all_loads() else {
            return Vec::new();
        };
        let mut names = Vec::new();
        while let Ok(Some(frame)) = frames.next() {
            let name =
                frame.function.and_then(|function| Some(function.raw_name().ok()?.into_owned()));
            names.extend(name.map(|name| format!("{:#}", rustc_demangle::demangle(&name))));
        }
        names
    }
}
