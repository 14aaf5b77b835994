//! The phases of an import.
//!
//! The whole of it runs in a thread of its own, while the caller waits: a module whose own code
//! panics ends only that. What it leaves half done the caller takes back ([`release::abandon`]).
//!
//! Modules that are needed come first, without recursion: each entry knows who wants it, and the one
//! that is complete hands on to that one.
#![expect(unsafe_code, reason = "gives blocks of the heap their contents")]

use crate::error::{Error, Shortage};
use crate::heap::{OwnerKind, OwnerTag};
use crate::kernel;
use crate::port;
use crate::thread::{self, Builder, Outcome};
use core::alloc::Layout as Wanted;
use core::ptr::NonNull;
use ramscope_module_abi::{Info, Linked};
use ramscope_wire as wire;
use wire::storage::{File, checksum};
use wire::{Level, ModulePhaseKind as Phase, SiteId};

use super::elf::Object;
use super::link::{self, Base, Layout};
use super::reason::{Damage, Detail, NotImported, Reason};
use super::source::{self, Extent, Source};
use super::table::{Entry, Holder, ModuleState, Serial, text};
use super::{release, services, show};

/// The stack of the thread in which modules begin and end.
const STACK_BYTES: usize = 4096;

const INFO: &str = "ramscope_module_info";
const INIT: &str = "ramscope_module_init";
const DEINIT: &str = "ramscope_module_deinit";

/// Imports a module and those that it needs, and notes who has a name for it.
#[inline(never)]
pub(super) fn import(name: &str, holder: Holder) -> Result<Serial, NotImported> {
    let not = |reason| NotImported { module: Detail::of(name), reason };
    let _working = release::Working::begin().map_err(not)?;
    if let Some(serial) = hold(name, holder) {
        return Ok(serial);
    }
    let source = source::find(name).map_err(not).inspect_err(show::refuse_unknown)?;
    let first = source.name();
    let began = run_apart("import", move || {
        let answer = import_all(first);
        kernel::with(|kernel| kernel.modules.answer = Some(answer));
    });
    let answer = kernel::with(|kernel| kernel.modules.answer.take());
    let answer = match (began, answer) {
        (Err(reason), _) => Err(not(reason)),
        (Ok(()), Some(answer)) => answer,
        (Ok(()), None) => Err(not(Reason::TornDown)),
    };
    match answer {
        Ok(()) => hold(name, holder).ok_or(not(Reason::NotFound)),
        Err(refused) => {
            release::abandon(&refused);
            Err(refused)
        }
    }
}

/// Notes one more name for a module that is in the table.
fn hold(name: &str, holder: Holder) -> Option<Serial> {
    kernel::with(|kernel| {
        let entry = kernel.modules.listed(name)?;
        // Who types has one name for a module, however often it is imported.
        if holder != Holder::CONSOLE || entry.holders.count(holder) == 0 {
            entry.holders.add(holder);
        }
        Some(entry.serial)
    })
}

/// Runs something in a thread of its own and waits for its end, whatever that is.
pub(super) fn run_apart<R: Outcome + 'static>(
    name: &'static str,
    body: impl FnOnce() -> R + Send + 'static,
) -> Result<(), Reason> {
    let priority = thread::current_priority();
    // No thread of the kernel's own: programs wait for its end, so while it runs nothing is stuck.
    let thread = Builder::new(name).stack_bytes(STACK_BYTES).priority(priority).spawn(body);
    match thread {
        Ok(thread) => {
            thread.join_through();
            Ok(())
        }
        Err(Error::Missing(Shortage::Stack { wanted_bytes, largest_free_bytes, .. })) => {
            Err(Reason::OutOfMemory { wanted_bytes, largest_free_bytes })
        }
        Err(Error::Missing(_)) => Err(Reason::TooMany),
        Err(_) => Err(Reason::Interrupted),
    }
}

fn import_all(first: &'static str) -> Result<(), NotImported> {
    let named = |name: &'static str| move |reason| NotImported { module: Detail::of(name), reason };
    let mut name = first;
    let mut at = load(first, Serial(0)).map_err(named(first))?;
    loop {
        match next_needed(at).map_err(named(name))? {
            Some(needed) => {
                at = load(needed, at).map_err(named(needed))?;
                name = needed;
            }
            None => {
                initialise(at).map_err(named(name))?;
                let wanted_by = kernel::with(|kernel| {
                    let by = kernel.modules.get(at)?.wanted_by;
                    Some((by, kernel.modules.get(by)?.name))
                });
                let Some((by, of)) = wanted_by else { return Ok(()) };
                (at, name) = (by, of);
            }
        }
    }
}

/// The name of the next module that this one needs and that is not there yet.
#[inline(never)]
fn next_needed(at: Serial) -> Result<Option<&'static str>, Reason> {
    let dependencies = with_entry(at, |entry| entry.dependencies());
    for dependency in dependencies {
        let name = text(&dependency.name);
        let found = kernel::with(|kernel| {
            let is_it = |entry: &Entry| {
                entry.name == name && (entry.is_listed || entry.state == ModuleState::Loading)
            };
            let found = kernel.modules.find(is_it)?;
            Some((found.serial, found.version, found.is_listed))
        });
        let Some((serial, version, is_listed)) = found else {
            return match source::find(name) {
                Ok(source) => Ok(Some(source.name())),
                // Who asked for it need not know that this one needs it.
                Err(Reason::NotFound) => Err(Reason::MissingModule(Detail::of(name))),
                Err(reason) => Err(reason),
            };
        };
        if !is_listed {
            return Err(Reason::Circle(Detail::of(name)));
        }
        if !version.serves(dependency.at_least) {
            return Err(Reason::TooOld(Detail::of(name), version));
        }
        kernel::with(|kernel| {
            let place = kernel.modules.place_of(serial).unwrap_or(0);
            if let Some(entry) = kernel.modules.get(at) {
                entry.needs |= 1 << place;
            }
        });
    }
    Ok(None)
}

/// Brings a module into memory, ready to begin.
#[inline(never)]
fn load(name: &'static str, wanted_by: Serial) -> Result<Serial, Reason> {
    let source = source::find(name)?;
    let serial = enter(name, wanted_by)?;
    end_phase(serial, Phase::Find, true);
    match source {
        Source::File(file) => load_file(serial, &file)?,
        Source::Linked(linked) => {
            for kind in [Phase::Read, Phase::Parse] {
                phase(serial, kind, || Ok(()))?;
            }
            phase(serial, Phase::Link, || place_linked(serial, linked))?;
        }
    }
    kernel::with(|kernel| show::announce(kernel, serial));
    Ok(serial)
}

/// Gives the module an owner and an entry: the phase "find".
#[inline(never)]
fn enter(name: &'static str, wanted_by: Serial) -> Result<Serial, Reason> {
    thread::check_headroom();
    kernel::with(|kernel| {
        if !kernel.modules.has_room() {
            return Err(Reason::TooMany);
        }
        let serial = kernel.modules.next_serial();
        let tag = OwnerTag { kind: OwnerKind::Module, unit: serial.0 };
        let owner = kernel.heap.owner_add(tag).map_err(|_| Reason::TooMany)?;
        let block = match kernel.allocate(Wanted::new::<Entry>(), owner, SiteId::NONE) {
            Ok(block) => block.cast::<Entry>(),
            Err(out) => {
                kernel.heap.owner_release(owner);
                return Err(out.into());
            }
        };
        let mut entry = Entry::new(serial, name, owner);
        entry.wanted_by = wanted_by;
        // SAFETY: the block is new, large enough and aligned.
        unsafe { block.write(entry) };
        kernel.modules.put(block).expect("there was room");
        kernel.book_module(serial, 0);
        Ok(serial)
    })
}

#[inline(never)]
fn load_file(serial: Serial, file: &File<'static>) -> Result<(), Reason> {
    let bytes = phase(serial, Phase::Read, || read(serial, file))?;
    let (object, layout) = phase(serial, Phase::Parse, || {
        let object = Object::parse(bytes)?;
        Ok((object, Layout::of(&object)?))
    })?;
    phase(serial, Phase::Link, || place(serial, &object, &layout))
}

/// Checks the file where it is, in mapped flash, and takes no memory: only what runs is copied, by the phase
/// "link".
#[inline(never)]
fn read(serial: Serial, file: &File<'static>) -> Result<&'static [u8], Reason> {
    with_entry(serial, |entry| {
        (entry.file_bytes, entry.checksum) = (file.bytes.len() as u32, file.checksum);
    });
    match checksum(file.bytes) == file.checksum {
        true => Ok(file.bytes),
        false => Err(Damage::Checksum.into()),
    }
}

/// Puts the module where it runs: the phase "link".
#[inline(never)]
fn place(serial: Serial, object: &Object<'_>, layout: &Layout) -> Result<(), Reason> {
    let wanted = Wanted::from_size_align(layout.bytes as usize, layout.align as usize);
    let wanted = wanted.map_err(|_| Damage::Sections)?;
    let (block, name) = kernel::with(|kernel| {
        let block = kernel.allocate_for_module(serial, wanted)?;
        let entry = kernel.modules.get(serial).expect("it is being loaded");
        entry.block = Some(block);
        entry.block_bytes = layout.bytes;
        Ok::<_, Reason>((block, entry.name))
    })?;
    let data = block.as_ptr().expose_provenance();
    let code = port::code_address(data).ok_or(Reason::NoLoader)?;
    let base = Base { data: data as u32, code: code as u32 };
    // SAFETY: the block is new and ours.
    let bytes = unsafe { core::slice::from_raw_parts_mut(block.as_ptr(), wanted.size()) };
    link::link(object, layout, base, bytes, &services::address)?;
    port::code_changed();
    let address = |name| link::address_of(object, layout, base, name).map(|at| at as usize);
    let extent =
        Extent { block: data..data + wanted.size(), code: code..code + layout.code_bytes as usize };
    let info = extent.info(address(INFO)?, name)?;
    let (init, deinit) = (address(INIT)?, address(DEINIT)?);
    extent.holds_code(&[init, deinit])?;
    settle(serial, info, init, deinit);
    with_entry(serial, |entry| {
        (entry.code, entry.code_bytes) = (code, layout.code_bytes);
    });
    Ok(())
}

fn place_linked(serial: Serial, linked: &'static Linked) -> Result<(), Reason> {
    let init = (linked.init as *const ()).expose_provenance();
    let deinit = (linked.deinit as *const ()).expose_provenance();
    settle(serial, NonNull::from(linked.info), init, deinit);
    Ok(())
}

/// Notes what describes a module, and tells it its number.
fn settle(serial: Serial, info: NonNull<Info>, init: usize, deinit: usize) {
    with_entry(serial, |entry| {
        entry.info = Some(info);
        (entry.init, entry.deinit) = (init, deinit);
        if let Some(info) = entry.info() {
            entry.version = info.version;
            // SAFETY: a word of the module that nobody else writes; nothing of it runs yet.
            unsafe { info.id.write_volatile(serial.0) };
        }
    });
}

/// Lets the module's own code begin it.
#[inline(never)]
fn initialise(serial: Serial) -> Result<(), Reason> {
    phase(serial, Phase::Initialise, || {
        let init = with_entry(serial, |entry| entry.init);
        let pointer = core::ptr::with_exposed_provenance::<()>(init);
        // SAFETY: the module's own function of this type, within its code.
        let init = unsafe { core::mem::transmute::<*const (), extern "C" fn() -> i32>(pointer) };
        match init() {
            0 => Ok(()),
            code => Err(Reason::Refused(code)),
        }
    })?;
    with_entry(serial, |entry| {
        (entry.is_listed, entry.has_begun) = (true, true);
        entry.state = ModuleState::Loaded;
    });
    kernel::with(|kernel| show::sample(kernel, serial));
    Ok(())
}

fn phase<T>(
    serial: Serial,
    kind: Phase,
    work: impl FnOnce() -> Result<T, Reason>,
) -> Result<T, Reason> {
    kernel::with(|kernel| {
        let held = kernel.module_bytes(serial);
        if let Some(entry) = kernel.modules.get(serial) {
            entry.phase = kind;
            entry.books = super::table::Books { peak: held, ..Default::default() };
        }
    });
    let result = work();
    end_phase(serial, kind, result.is_ok());
    result
}

/// Tells what a phase took and gave back.
pub(super) fn end_phase(serial: Serial, kind: Phase, ok: bool) {
    kernel::with(|kernel| {
        let held = kernel.module_bytes(serial);
        let Some(entry) = kernel.modules.get(serial) else { return };
        entry.import_peak = entry.import_peak.max(entry.books.peak);
        let record = wire::ModulePhase {
            module: wire::ModuleId(serial.0),
            phase: kind,
            ok,
            taken: entry.books.taken,
            given_back: entry.books.given_back,
            held,
            peak: entry.books.peak,
        };
        kernel.record(Level::Samples, &record);
    });
}

fn with_entry<R>(serial: Serial, look: impl FnOnce(&mut Entry) -> R) -> R {
    kernel::with(|kernel| {
        look(kernel.modules.get(serial).expect("a module that is being loaded has its entry"))
    })
}
