//! How modules go.
#![expect(unsafe_code, reason = "calls the module's end, and gives its blocks back")]

use crate::heap::OwnerIndex;
use crate::kernel::{self, Kernel};
use crate::lock::Lock;
use crate::report::Message;
use crate::{sample, thread};
use core::ptr::NonNull;
use ramscope_wire as wire;
use wire::{Level, ModulePhaseKind as Phase};

use super::pins::{self, Pins};
use super::reason::{NotImported, Reason};
use super::table::{ModuleState, Serial, TIMERS_MAX};
use super::{import, show};

/// What came back with modules that went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Released {
    /// How many modules.
    pub modules: u32,
    /// Bytes of the heap.
    pub bytes: u32,
    /// Bytes of them that modules had left behind.
    pub leftover_bytes: u32,
    /// In so many blocks.
    pub leftover_blocks: u32,
}

/// What became of a module that somebody unloads.
#[derive(Clone, Copy, Debug)]
#[allow(
    clippy::large_enum_variant,
    reason = "an answer, and no memory for a box where it is scarce"
)]
pub enum Unloaded {
    /// Nothing kept it: it is gone.
    Gone(Released),
    /// It is out of the table, and stays as long as these keep it.
    Held {
        /// What keeps it.
        pins: Pins,
        /// Bytes that it has.
        bytes: u32,
    },
}

/// The right to work on the table. Waits for whoever has it.
pub(super) struct Working {
    lock: &'static Lock,
}

impl Working {
    pub(super) fn begin() -> Result<Self, Reason> {
        let lock = kernel::with(|kernel| {
            // SAFETY: the instance is never moved or dropped while its threads run, and a `Lock` is
            // made to be shared.
            unsafe { core::ptr::from_ref(&kernel.modules.lock).as_ref_unchecked() }
        });
        kernel::may_block().map_err(|_| Reason::Interrupted)?;
        if lock.is_held_by_caller() {
            return Err(Reason::Interrupted);
        }
        loop {
            match lock.acquire_through() {
                Ok(()) => return Ok(Self { lock }),
                // Somebody was torn down while he worked; what is half done is taken back below.
                Err(crate::Error::Poisoned) => lock.clear_poison(),
                Err(_) => return Err(Reason::Interrupted),
            }
        }
    }
}

impl Drop for Working {
    fn drop(&mut self) {
        // It is held, so that is no error.
        let _ = self.lock.release();
    }
}

/// Takes a module out of the table: Python's `del sys.modules[name]`. It goes at once if nothing else
/// keeps it. `None` if no module of this name is loaded.
///
/// # Context
/// Thread; blocks. The end of the module's own code runs in a thread of its own.
#[inline(never)]
pub fn unload(name: &str) -> Option<Unloaded> {
    let _working = Working::begin().ok()?;
    let (serial, pins, bytes) = kernel::with(|kernel| {
        let listed = kernel.modules.listed(name).map(|entry| entry.serial);
        let serial = match listed {
            Some(serial) => serial,
            None => kernel.modules.find(|entry| entry.name == name)?.serial,
        };
        let entry = kernel.modules.get(serial)?;
        entry.is_listed = false;
        entry.state = ModuleState::Held;
        let pins = pins::of(kernel, serial);
        show::pins(kernel, serial, &pins);
        show::sample(kernel, serial);
        Some((serial, pins, kernel.module_bytes(serial)))
    })?;
    match pins.is_empty() {
        true => Some(Unloaded::Gone(end(serial))),
        false => Some(Unloaded::Held { pins, bytes }),
    }
}

/// Ends every module that is out of the table and that nothing keeps: the part of a collection that is
/// about modules.
///
/// # Context
/// Thread; blocks. The end of each module's own code runs in a thread of its own.
#[inline(never)]
pub fn release_unpinned() -> Released {
    let mut all = Released::default();
    let Ok(_working) = Working::begin() else { return all };
    while let Some(serial) = kernel::with(next_unpinned) {
        let one = end(serial);
        all.modules += one.modules;
        all.bytes += one.bytes;
        all.leftover_bytes += one.leftover_bytes;
        all.leftover_blocks += one.leftover_blocks;
    }
    all
}

/// Whether a module is out of the table and not gone: only then is there something to release.
pub(crate) fn any_out_of_table(kernel: &mut Kernel) -> bool {
    let mut at = None;
    while let Some((place, entry)) = kernel.modules.next(at) {
        at = Some(place);
        if !entry.is_listed {
            return true;
        }
    }
    false
}

fn next_unpinned(kernel: &mut Kernel) -> Option<Serial> {
    let mut at = None;
    while let Some((place, entry)) = kernel.modules.next(at) {
        at = Some(place);
        let (serial, is_listed) = (entry.serial, entry.is_listed);
        if !is_listed && pins::of(kernel, serial).is_empty() {
            return Some(serial);
        }
    }
    None
}

/// Takes back what a failed import left, and says why it failed.
#[inline(never)]
pub(super) fn abandon(refused: &NotImported) {
    let message = Message::from_fmt(format_args!("{}", refused.reason));
    let mut is_told = false;
    while let Some((serial, name, phase)) = kernel::with(|kernel| {
        let half = kernel.modules.find(|entry| entry.state == ModuleState::Loading)?;
        // Never looked at again as one that is being loaded.
        half.state = ModuleState::Held;
        Some((half.serial, half.name, half.phase))
    }) {
        if name == refused.module.as_str() {
            is_told = true;
            kernel::with(|kernel| show::refuse(kernel, serial, phase, name, &message));
        }
        stop_timers(serial);
        // A thread that its beginning started still runs its code: a collection takes it.
        if kernel::with(|kernel| pins::of(kernel, serial)).is_empty() {
            let _ = give_back(serial);
        }
    }
    if !is_told {
        show::refuse_unknown(refused);
    }
}

/// Ends a module that nothing keeps.
#[inline(never)]
fn end(serial: Serial) -> Released {
    let entry = kernel::with(|kernel| {
        let held = kernel.module_bytes(serial);
        let entry = kernel.modules.get(serial)?;
        entry.phase = Phase::End;
        entry.books = super::table::Books { peak: held, ..Default::default() };
        Some((entry.has_begun, entry.deinit))
    });
    let Some((has_begun, deinit)) = entry else { return Released::default() };
    if has_begun {
        let ended = import::run_apart("unload", move || call_end(deinit));
        // Without memory for a stack it ends on the caller's.
        if let Err(Reason::OutOfMemory { .. }) = ended {
            thread::check_headroom();
            call_end(deinit);
        }
    }
    stop_timers(serial);
    import::end_phase(serial, Phase::End, true);
    give_back(serial)
}

fn call_end(deinit: usize) {
    let pointer = core::ptr::with_exposed_provenance::<()>(deinit);
    // SAFETY: the module's own function of this type, within its code.
    let deinit = unsafe { core::mem::transmute::<*const (), extern "C" fn()>(pointer) };
    deinit();
}

/// Ends the timers that a module left.
fn stop_timers(serial: Serial) {
    for index in 0..TIMERS_MAX {
        let left = kernel::with(|kernel| {
            let place = &mut kernel.modules.timers[index];
            place.take_if(|ticking| ticking.of == serial)
        });
        if let Some(ticking) = left {
            ticking.timer.deinit();
        }
    }
}

/// Gives back all that a module has: what it left behind block by block, then its own.
#[inline(never)]
fn give_back(serial: Serial) -> Released {
    let Some((owner, mut released)) = kernel::with(|kernel| {
        let bytes = kernel.module_bytes(serial);
        let owner = kernel.modules.get(serial)?.owner;
        Some((owner, Released { modules: 1, bytes, ..Released::default() }))
    }) else {
        return Released::default();
    };
    free_block(serial);
    // Its entry is the one block that is left if it was tidy.
    while let Some(bytes) = kernel::with(|kernel| free_leftover(kernel, serial, owner)) {
        released.leftover_bytes += bytes;
        released.leftover_blocks += 1;
    }
    kernel::with(|kernel| {
        if let Some(entry) = kernel.modules.take(serial) {
            free(kernel, entry.cast());
        }
        let record = wire::ModuleEnd {
            module: wire::ModuleId(serial.0),
            freed: released.bytes,
            leftover: released.leftover_bytes,
            leftover_blocks: released.leftover_blocks,
        };
        kernel.record(Level::Samples, &record);
        sample::owner_of(kernel, owner);
        kernel.heap.owner_release(owner);
    });
    released
}

/// Gives the block back that a module lives in, if it has one.
fn free_block(serial: Serial) {
    kernel::with(|kernel| {
        let before = kernel.module_bytes(serial);
        let block = kernel.modules.get(serial).and_then(|entry| entry.block.take());
        if let Some(block) = block {
            free(kernel, block);
            kernel.book_module(serial, before);
        }
    });
}

fn free(kernel: &mut Kernel, block: NonNull<u8>) {
    // SAFETY: a block of a module that nothing keeps, and that was taken out of its entry. A refusal is
    // noted.
    let _ = unsafe { kernel.free(block) };
}

/// Gives one block back that a module left behind. Walks the blocks, but only if there is one.
fn free_leftover(kernel: &mut Kernel, serial: Serial, owner: OwnerIndex) -> Option<u32> {
    let entry = kernel.modules.get(serial).map(|entry| core::ptr::from_ref(entry).addr())?;
    if kernel.heap.owner(owner).is_none_or(|totals| totals.blocks <= 1) {
        return None;
    }
    let areas = kernel.heap.areas();
    let left = areas
        .flat_map(|(area, _)| kernel.heap.blocks(area))
        .find(|block| !block.free && block.owner == owner && block.payload() != entry)?;
    let pointer = core::ptr::with_exposed_provenance_mut(left.payload());
    free(kernel, NonNull::new(pointer)?);
    Some(left.bytes)
}
