//! `Local<T>`: a variable of which each thread has its own.
//!
//! A thread makes its value when it first uses it, in a block of the heap that it owns, and gives it
//! back when it ends. The values of one thread are a list that only that thread walks, so
//! nothing is masked and nothing is shared. A torn-down thread's values are quarantined with
//! everything else that it has; the main thread's last until its program ends.
#![expect(
    unsafe_code,
    reason = "owns values in raw blocks of the heap, found by the key of their type"
)]

use crate::error::Error;
use crate::kernel;
use crate::mem::Box;
use core::cell::UnsafeCell;
use core::ptr::NonNull;

/// What every value begins with.
#[repr(C)]
pub(crate) struct LocalNode {
    next: Option<NonNull<LocalNode>>,
    /// The address of the `Local` that it is a value of.
    key: usize,
    /// Drops the value and gives its block back.
    drop: unsafe fn(NonNull<LocalNode>),
}

#[repr(C)]
struct Valued<T> {
    node: LocalNode,
    value: T,
}

/// A variable of which each thread has its own. It must be a `static`.
///
/// # Examples
/// ```no_run
/// # use core::cell::Cell;
/// # use ramscope_kernel::{thread::Local, Error};
/// static CALLS: Local<Cell<u32>> = Local::new(|| Cell::new(0));
/// fn called() -> Result<u32, Error> {
///     CALLS.with(|calls| {
///         calls.set(calls.get() + 1);
///         calls.get()
///     })
/// }
/// ```
pub struct Local<T: 'static> {
    make: fn() -> T,
    /// A place of its own, so that its address tells it from all others.
    place: UnsafeCell<u8>,
}

// SAFETY: the place is never touched, and each thread reaches only values that it made itself.
unsafe impl<T> Sync for Local<T> {}

impl<T> Local<T> {
    /// A variable that `make` makes in each thread that uses it.
    #[must_use]
    pub const fn new(make: fn() -> T) -> Self {
        Self { make, place: UnsafeCell::new(0) }
    }

    /// Uses the running thread's value; makes it first if it has none.
    ///
    /// # Context
    /// Thread. Allocates the first time.
    ///
    /// # Errors
    /// [`Error::Missing`] if there is no memory for the value; [`Error::InHandler`].
    #[track_caller]
    pub fn with<R>(&'static self, work: impl FnOnce(&T) -> R) -> Result<R, Error> {
        if kernel::with(|kernel| kernel.in_handler()) {
            return Err(Error::InHandler);
        }
        let node = match self.find() {
            Some(node) => node,
            None => self.add()?,
        };
        // SAFETY: the node is one of this thread, made by `add` below, and goes when the thread ends.
        let valued = unsafe { node.cast::<Valued<T>>().as_ref() };
        Ok(work(&valued.value))
    }

    fn key(&self) -> usize {
        self.place.get().addr()
    }

    fn find(&self) -> Option<NonNull<LocalNode>> {
        let mut at = kernel::with(|kernel| kernel.current().locals);
        while let Some(node) = at {
            // SAFETY: the nodes of the running thread live until it ends.
            let LocalNode { next, key, .. } = *unsafe { node.as_ref() };
            if key == self.key() {
                return Some(node);
            }
            at = next;
        }
        None
    }

    #[track_caller]
    fn add(&self) -> Result<NonNull<LocalNode>, Error> {
        let value = (self.make)();
        let node = LocalNode { next: None, key: self.key(), drop: drop_valued::<T> };
        let mut node = Box::new(Valued { node, value })?.into_raw().cast::<LocalNode>();
        kernel::with(|kernel| {
            let locals = &mut kernel.current().locals;
            // SAFETY: the node is new and ours.
            unsafe { node.as_mut() }.next = locals.replace(node);
        });
        Ok(node)
    }
}

/// # Safety
/// `node` is a live `Valued<T>` in a block of its own, and nobody uses it any more.
unsafe fn drop_valued<T>(node: NonNull<LocalNode>) {
    // SAFETY: as promised by the caller.
    drop(unsafe { Box::from_raw(node.cast::<Valued<T>>()) });
}

/// Drops the running thread's values, last one first. What their own end makes goes too.
///
/// # Context
/// Thread, when nothing of its body is left.
pub(crate) fn drop_all() {
    while let Some(node) = kernel::with(|kernel| {
        let node = kernel.current().locals?;
        // SAFETY: the nodes of the running thread live until they are dropped here.
        kernel.current().locals = unsafe { node.as_ref() }.next;
        Some(node)
    }) {
        // SAFETY: as above.
        let drop_it = unsafe { node.as_ref() }.drop;
        // SAFETY: it has left the list, and the thread's body is over.
        unsafe { drop_it(node) };
    }
}
