//! Who pays for a block when it changes hands.
//!
//! The allocator of record pays, until a block is handed over. There are three ways:
//!
//! - **Spawn.** What a thread's arguments point to is the thread's from its start on: the words of the
//!   closure are looked at, and a block of the spawner's that one of them points to moves. Blocks behind
//!   those stay, and so does what several units share ([`Arc`](super::Arc)).
//! - **[`Box::give_to`]**, where two units agree.
//! - **[`Box::leak`]**, for what is never given back: its owner is "permanent".
//!
//! Only the ledger changes. Nothing moves in memory, and whoever has the pointer may free it.
#![expect(unsafe_code, reason = "looks at the words of a value of any type, and forgets a box")]

use super::Box;
use crate::error::Error;
use crate::heap::OwnerIndex;
use crate::kernel;
use crate::thread::JoinHandle;
use core::ptr::NonNull;

/// Who is to pay for a block.
#[derive(Clone, Copy, Debug)]
pub enum Recipient<'a> {
    /// The unit that asks.
    Me,
    /// A thread that lives.
    Thread(&'a JoinHandle),
    /// Nobody who will ever give it back.
    Permanent,
}

impl Recipient<'_> {
    /// The owner's index.
    ///
    /// # Errors
    /// [`Error::Closed`] if the thread is over.
    fn owner(self) -> Result<OwnerIndex, Error> {
        match self {
            Self::Me => Ok(kernel::with(|kernel| kernel.current_owner())),
            Self::Permanent => Ok(OwnerIndex::PERMANENT),
            Self::Thread(handle) => handle.owner().ok_or(Error::Closed),
        }
    }
}

/// Books a block on somebody else.
///
/// # Context
/// Any.
///
/// # Errors
/// [`Error::Closed`] if the thread is over; [`Error::Invalid`] if the pointer is none that the heap gave
/// out, which is reported as for a free.
pub fn transfer(pointer: NonNull<u8>, to: Recipient<'_>) -> Result<(), Error> {
    let owner = to.owner()?;
    transfer_to(pointer, owner)
}

/// Books a block on an owner: also the way of the loader, when a module is complete.
pub(crate) fn transfer_to(pointer: NonNull<u8>, to: OwnerIndex) -> Result<(), Error> {
    kernel::with(|kernel| match kernel.heap.transfer(pointer, to) {
        Ok(_) => Ok(()),
        Err(reason) => {
            kernel.note_refusal(pointer.addr().get(), reason);
            Err(Error::Invalid)
        }
    })
}

impl<T> Box<T> {
    /// Books the box on somebody else.
    ///
    /// # Errors
    /// [`Error::Closed`] if the thread is over; then the box stays booked as it was.
    pub fn give_to(&self, to: Recipient<'_>) -> Result<(), Error> {
        transfer(NonNull::from(&**self).cast(), to)
    }

    /// Keeps the value for ever, owned by "permanent".
    #[must_use = "the value can be reached in no other way"]
    pub fn leak(self) -> &'static mut T {
        // A box's block is the heap's, so this is refused only where the header was overwritten, and
        // then it is reported.
        let _ = self.give_to(Recipient::Permanent);
        // SAFETY: nobody gives the block back any more.
        unsafe { self.into_raw().as_mut() }
    }
}

/// Books what the words of a value point to on a new owner, if the running unit owns it.
///
/// # Safety
/// `value` can be read for so many bytes.
pub(crate) unsafe fn adopt(value: *const u8, bytes: usize, to: OwnerIndex) {
    const WORD: usize = size_of::<usize>();
    let first = value.addr().next_multiple_of(WORD) - value.addr();
    for offset in (first..bytes).step_by(WORD) {
        if offset + WORD > bytes {
            return;
        }
        // SAFETY: within the value.
        let at = unsafe { value.add(offset) }.cast::<usize>();
        // SAFETY: as above, and aligned; volatile because some of it may be padding.
        let word = unsafe { at.read_volatile() };
        kernel::with(|kernel| {
            let from = kernel.current_owner();
            kernel.heap.adopt(word, from, to);
        });
    }
}
