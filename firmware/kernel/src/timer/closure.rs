//! A timer's callback in the heap, whatever its type.
#![expect(unsafe_code, reason = "calls and drops a value whose type only its maker knew")]

use super::Timer;
use crate::error::Error;
use crate::heap::OwnerIndex;
use crate::mem::Box;
use crate::thread::{End, Outcome};
use core::ptr::NonNull;
use ramscope_wire::SiteId;

/// A pointer to a closure and what can be done with it. Copies are made freely; that it is called
/// only while it lives, and dropped once, is kept by invariant 3 of `timer`.
#[derive(Clone, Copy)]
pub(crate) struct Closure {
    data: NonNull<u8>,
    call: unsafe fn(NonNull<u8>, &Timer) -> End,
    drop: unsafe fn(NonNull<u8>),
}

// SAFETY: made of values that are `Send` only.
unsafe impl Send for Closure {}

impl PartialEq for Closure {
    /// Each closure is a block of the heap of its own.
    fn eq(&self, other: &Self) -> bool {
        self.data == other.data
    }
}

impl Closure {
    /// Moves `callback` to the heap, paid by `owner`.
    pub(super) fn new<F, R>(callback: F, owner: OwnerIndex, site: SiteId) -> Result<Self, Error>
    where
        F: Fn(&Timer) -> R + Send + 'static,
        R: Outcome,
    {
        let data = Box::new_for(owner, site, callback)?.into_raw().cast();
        Ok(Self { data, call: call::<F, R>, drop: drop_boxed::<F> })
    }

    /// Calls it.
    ///
    /// # Safety
    /// It lives until the call is over.
    pub(crate) unsafe fn call(self, timer: &Timer) -> End {
        // SAFETY: as promised by the caller, and `new` put the right type there.
        unsafe { (self.call)(self.data, timer) }
    }

    /// Drops it and gives its block back.
    ///
    /// # Safety
    /// Nobody calls or drops it any more.
    pub(crate) unsafe fn drop(self) {
        // SAFETY: as promised by the caller, and `new` put the right type there.
        unsafe { (self.drop)(self.data) }
    }
}

/// # Safety
/// `data` is a live F.
unsafe fn call<F: Fn(&Timer) -> R, R: Outcome>(data: NonNull<u8>, timer: &Timer) -> End {
    // SAFETY: as promised by the caller.
    let callback = unsafe { data.cast::<F>().as_ref() };
    callback(timer).end()
}

/// # Safety
/// `data` is a live F in a block of its own that nobody uses any more.
unsafe fn drop_boxed<F>(data: NonNull<u8>) {
    // SAFETY: as promised by the caller.
    drop(unsafe { Box::from_raw(data.cast::<F>()) });
}
