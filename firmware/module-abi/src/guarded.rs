//! What the threads of a module share.
//!
//! The processor has no atomic read-modify-write, so a module cannot make a lock of its own: it asks the
//! kernel, which has one for each module.
//!
//! Invariant: between `ramscope_lock` that answered 0 and `ramscope_unlock` no other thread is there.
#![expect(unsafe_code, reason = "hands out the only reference while the kernel's lock is held")]

use core::cell::UnsafeCell;

use crate::calls;
use crate::describe::ModuleId;

/// A value that one thread at a time may use. All of a module have the same lock.
#[derive(Debug)]
pub struct Guarded<T> {
    value: UnsafeCell<T>,
}

// SAFETY: only `with` reaches the value, one thread at a time.
unsafe impl<T: Send> Sync for Guarded<T> {}

/// Returns the lock, also when the work panics on the host.
struct Held<'a>(&'a ModuleId);

impl Drop for Held<'_> {
    fn drop(&mut self) {
        calls::ramscope_unlock(self.0.get());
    }
}

impl<T> Guarded<T> {
    /// A value.
    #[must_use]
    pub const fn new(value: T) -> Self {
        Self { value: UnsafeCell::new(value) }
    }

    /// Works with the value while no other thread does; `None` if the thread is asked to end, or is in
    /// such a work already. `module` is `ramscope_module::id()`.
    pub fn with<R>(&self, module: &ModuleId, work: impl FnOnce(&mut T) -> R) -> Option<R> {
        if calls::ramscope_lock(module.get()) != 0 {
            return None;
        }
        let _held = Held(module);
        // SAFETY: by the invariant nobody else is here until `_held` is dropped.
        Some(work(unsafe { &mut *self.value.get() }))
    }
}
