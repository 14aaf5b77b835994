//! Waiting for the end of a thread, and asking for it.

use super::{End, block, check_headroom, release_slot};
use crate::error::Error;
use crate::kernel;
use crate::sched::{Slot, Wake, Why};
use crate::time::{Instant, Span};

/// The right to ask how a thread ended. Dropping it lets the thread go on alone.
#[derive(Debug)]
pub struct JoinHandle {
    pub(super) slot: Slot,
    pub(super) unit: u32,
}

impl JoinHandle {
    /// The id of the thread, never reused within a boot.
    #[must_use]
    pub const fn id(&self) -> u32 {
        self.unit
    }

    /// Waits until the thread has ended.
    ///
    /// # Context
    /// Thread; blocks.
    ///
    /// # Errors
    /// [`Error::Exit`] if the caller is asked to end.
    pub fn join(self) -> Result<End, Error> {
        self.wait(None)
    }

    /// Waits until the thread has ended, for at most `span`.
    ///
    /// # Context
    /// Thread; blocks.
    ///
    /// # Errors
    /// [`Error::TimedOut`], or [`Error::Exit`] if the caller is asked to end.
    pub fn join_for(&self, span: Span) -> Result<End, Error> {
        self.wait(Some((Instant::now() + span).ticks()))
    }

    /// How the thread ended, if it has.
    #[must_use]
    pub fn end(&self) -> Option<End> {
        kernel::with(|kernel| kernel.threads[self.slot.index()].end)
    }

    /// Asks the thread to end: its next call that can block answers [`Exit`](crate::Exit).
    ///
    /// # Context
    /// Thread.
    pub fn request_exit(&self) {
        kernel::then_reschedule(|kernel| {
            let thread = &mut kernel.threads[self.slot.index()];
            if thread.end.is_none() {
                thread.exit_asked = true;
                if !thread.waits_through {
                    kernel.wake(self.slot, Wake::Exit);
                }
            }
        });
    }

    fn wait(&self, deadline: Option<u64>) -> Result<End, Error> {
        check_headroom();
        loop {
            if let Some(end) = self.end() {
                return Ok(end);
            }
            block(|kernel| {
                let thread = &mut kernel.threads[self.slot.index()];
                if thread.end.is_some() {
                    return;
                }
                let queue = (&mut thread.joiners, self.slot.index());
                kernel.sched.block_running(Why::Join, Some(queue), deadline);
            })?;
        }
    }
}

impl Drop for JoinHandle {
    fn drop(&mut self) {
        kernel::with(|kernel| {
            kernel.threads[self.slot.index()].has_handle = false;
            release_slot(kernel, self.slot);
        });
    }
}
