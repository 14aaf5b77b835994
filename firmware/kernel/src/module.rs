//! Modules: code that comes from the image's file system into RAM, and goes again.
//!
//! # The problem
//! Seed 000 imports a library, sees its memory shrink, deletes it from the table of modules, drops its
//! name, collects, and hopes. MicroPython tells neither what an import took on the way nor why a
//! module is still there.
//!
//! # The idea
//! A module is one relocatable object with the few symbols of the [boundary](ramscope_module_abi). An
//! import goes through phases, each of which says what it took and gave back:
//!
//! | phase | takes | gives back |
//! |---|---|---|
//! | find | the module's entry | |
//! | read | nothing: the file is checked where it lies, in mapped flash | |
//! | parse | nothing: its tables are read where they lie | |
//! | link | the block that the module lives in, all that is copied | |
//! | initialise | what its own code takes | what its own code gives back |
//!
//! All of it is booked on the module as an owner of its own. What keeps a module is a list of *pins*:
//! the table's entry, the names that somebody has for it, the modules that need it, the timers that
//! call it, and the units that run its code. [`unload`] takes the entry out of the table and answers with
//! the pins that are left; without any, the module ends and its memory goes back, at once or with
//! the next collection ([`release_unpinned`]).
//!
//! # Invariants
//! 1. One import, unload or release at a time: whoever works on the table holds its lock. Everything that
//!    looks at entries does so in a section of the kernel.
//! 2. An entry that the table names is a live block of the heap, and owned by its module.
//! 3. Code of a module runs only while something pins it: its beginning and end are run under the
//!    lock, a call from outside is entered in the list of calls first.
//! 4. A failed import leaves nothing behind: what its module's owner had is given back, block by block.
//! 5. A module's code begins and ends in a thread of its own, so that what panics there ends neither
//!    the caller nor the import.
#![expect(unsafe_code, reason = "calls the code that it loaded")]

mod elf;
mod import;
mod link;
mod pins;
mod reason;
mod release;
mod relocate;
mod services;
mod show;
mod source;
mod table;
#[cfg(test)]
mod tests;

pub(crate) use pins::unit_torn_down;
pub use pins::{PINS_MAX, Pin, PinKind, Pins};
pub use reason::{Damage, Detail, NotImported, Reason};
pub(crate) use release::any_out_of_table;
pub use release::{Released, Unloaded, release_unpinned, unload};
pub(crate) use show::{
    introduce, samples, write_forgotten, write_imported, write_table, write_unloaded,
};
pub(crate) use table::Modules;
pub use table::{MODULES_MAX, ModuleState};

use crate::error::Error;
use crate::kernel::{self, Kernel};
use crate::thread::{self, JoinHandle};
use core::sync::atomic::{AtomicU32, Ordering::Relaxed};
use pins::Calling;
use ramscope_module_abi::{ExportKind, Raw, Version};
use table::{Holder, Serial};

/// A name for a module that a program has. While there is one the module stays.
///
/// The pin is the unit's that imported it, until another unit uses the handle, or is given it
/// ([`give_to`](Self::give_to)): then it is that one's, and goes with it if it is torn down.
///
/// # Examples
/// ```no_run
/// # use ramscope_kernel::module;
/// let hello = module::import("hello").map_err(ramscope_kernel::Error::from)?;
/// let mut greeting = [0; 32];
/// let length = hello.call_bytes("greet", b"world", &mut greeting)?;
/// # Ok::<(), ramscope_kernel::Error>(())
/// ```
#[derive(Debug)]
pub struct Module {
    serial: Serial,
    /// Who has it, a unit's id: changed in sections of the kernel only.
    holder: AtomicU32,
}

/// Imports a module, and those that it needs, unless they are in the table already.
///
/// # Context
/// Thread; blocks. The module's own code runs in a thread of its own.
///
/// # Errors
/// [`NotImported`] says which module and why; what was taken is given back. Modules that were imported
/// on the way stay, as after a failed `import` in Python.
pub fn import(name: &str) -> Result<Module, NotImported> {
    let holder = Holder(thread::current_id());
    import::import(name, holder).map(|serial| Module::of(serial, holder))
}

/// Imports a module for the console, which has one name for each.
pub(crate) fn import_for_console(name: &str) -> Result<(), NotImported> {
    import::import(name, Holder::CONSOLE).map(|_| ())
}

/// Drops the console's name for a module: Python's `del`. Says whether it had one.
pub(crate) fn forget(name: &str) -> bool {
    kernel::with(|kernel| {
        let found = kernel
            .modules
            .find(|entry| entry.name == name && entry.holders.count(Holder::CONSOLE) > 0);
        found.is_some_and(|entry| {
            entry.holders.remove(Holder::CONSOLE);
            true
        })
    })
}

/// Whether a module of this name is in the table: Python's `name in sys.modules`.
///
/// # Context
/// Any.
#[must_use]
pub fn is_loaded(name: &str) -> bool {
    kernel::with(|kernel| kernel.modules.listed(name).is_some())
}

impl Module {
    const fn of(serial: Serial, holder: Holder) -> Self {
        Self { serial, holder: AtomicU32::new(holder.0) }
    }

    /// Names the thread to which this handle is about to go as the one that keeps the module, before that
    /// uses it.
    ///
    /// # Context
    /// Any.
    pub fn give_to(&self, thread: &JoinHandle) {
        let unit = thread.id();
        kernel::with(|kernel| self.move_to(kernel, Holder(unit)));
    }

    /// The pin is of this unit from now on.
    fn move_to(&self, kernel: &mut Kernel, holder: Holder) {
        let before = Holder(self.holder.load(Relaxed));
        if before == holder {
            return;
        }
        if let Some(entry) = kernel.modules.get(self.serial) {
            entry.holders.remove(before);
            entry.holders.add(holder);
            self.holder.store(holder.0, Relaxed);
        }
    }

    /// Its version.
    ///
    /// # Context
    /// Any.
    #[must_use]
    pub fn version(&self) -> Version {
        self.with(|entry| entry.version)
    }

    /// Its name.
    ///
    /// # Context
    /// Any.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.with(|entry| entry.name)
    }

    /// Bytes of the heap that it has now.
    ///
    /// # Context
    /// Any.
    #[must_use]
    pub fn bytes(&self) -> u32 {
        kernel::with(|kernel| kernel.module_bytes(self.serial))
    }

    /// Calls a function that reads `input` and writes to `output`.
    ///
    /// # Context
    /// Thread; the function runs on its stack.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the module exports no such function; [`Error::Full`] if too many units are
    /// in its code already.
    pub fn call_bytes(&self, name: &str, input: &[u8], output: &mut [u8]) -> Result<isize, Error> {
        self.call(name, ExportKind::BYTES, Raw::words(input, output))
    }

    /// Calls a function of four numbers.
    ///
    /// # Context
    /// As [`call_bytes`](Self::call_bytes).
    ///
    /// # Errors
    /// As [`call_bytes`](Self::call_bytes).
    pub fn call_numbers(&self, name: &str, numbers: [usize; 4]) -> Result<isize, Error> {
        self.call(name, ExportKind::NUMBERS, numbers)
    }

    fn call(&self, name: &str, kind: ExportKind, words: [usize; 4]) -> Result<isize, Error> {
        thread::check_headroom();
        let function = self.with(|entry| entry.export(name, kind)).ok_or(Error::Invalid)?;
        let _calling = Calling::enter(self.serial).ok_or(Error::Full)?;
        let [a, b, c, d] = words;
        // SAFETY: an export of a module that this handle keeps; what the words must be for its kind
        // was seen to by the two callers.
        Ok(unsafe { (function)(a, b, c, d) })
    }

    fn with<R>(&self, look: impl FnOnce(&mut table::Entry) -> R) -> R {
        kernel::with(|kernel| {
            if !kernel.in_handler() {
                let user = Holder(kernel.current().unit);
                self.move_to(kernel, user);
            }
            look(kernel.modules.get(self.serial).expect("a handle keeps its module"))
        })
    }
}

impl Clone for Module {
    fn clone(&self) -> Self {
        let holder = Holder(thread::current_id());
        self.with(|entry| entry.holders.add(holder));
        Self::of(self.serial, holder)
    }
}

impl Drop for Module {
    fn drop(&mut self) {
        kernel::with(|kernel| {
            // The holder may have been torn down, and its names with it.
            if let Some(entry) = kernel.modules.get(self.serial) {
                entry.holders.remove(Holder(self.holder.load(Relaxed)));
            }
        });
    }
}

/// Lets modules that are linked statically find the kernel.
#[cfg(not(target_os = "none"))]
pub(crate) fn provide() {
    ramscope_module_abi::calls::provide(&services::TABLE);
}
