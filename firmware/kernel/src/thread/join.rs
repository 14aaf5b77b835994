//! Waiting for the end of a thread, and asking for it.

use super::sizes::{self, StackFigures};
use super::suspend;
use super::{End, Thread, block, check_headroom, release_slot, wait_through};
use crate::deadlock;
use crate::error::Error;
use crate::heap::OwnerIndex;
use crate::kernel::{self, Kernel};
use crate::sched::{Slot, Wake, Why};
use crate::site;
use crate::sync::races;
use crate::sync::wait::{Ask, Patience};
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

    /// Who pays for what the thread allocates; `None` if it is over.
    pub(crate) fn owner(&self) -> Option<OwnerIndex> {
        kernel::with(|kernel| {
            let thread = &kernel.threads[self.slot.index()];
            (thread.unit == self.unit && thread.end.is_none()).then_some(thread.owner)
        })
    }

    /// Waits until the thread has ended.
    ///
    /// # Context
    /// Thread; blocks.
    ///
    /// # Errors
    /// [`Error::Exit`] if the caller is asked to end; [`Error::Closed`] if the thread has ended and
    /// nobody knows how any more.
    #[track_caller]
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
    #[track_caller]
    pub fn join_for(&self, span: Span) -> Result<End, Error> {
        self.wait(Some((Instant::now() + span).ticks()))
    }

    /// Waits until the thread has ended, whatever the caller is asked for meanwhile.
    pub(crate) fn join_through(self) {
        while self.end().is_none() {
            let waited = wait_through(|kernel| {
                let Kernel { sched, threads, .. } = &mut *kernel;
                let thread = &mut threads[self.slot.index()];
                if thread.unit == self.unit && thread.end.is_none() {
                    let queue = (&mut thread.joiners, self.slot.index());
                    sched.block_running(Why::Join, Some(queue), None);
                }
            });
            if waited.is_err() || kernel::with(|kernel| self.thread(kernel).is_none()) {
                return;
            }
        }
    }

    /// The figures of the thread's stack; `None` once its slot serves another one.
    ///
    /// # Context
    /// Thread. Scans the unused part of the stack.
    #[must_use]
    pub fn stack(&self) -> Option<StackFigures> {
        sizes::figures(self.slot, self.unit)
    }

    /// How the thread ended, if it has.
    #[must_use]
    pub fn end(&self) -> Option<End> {
        kernel::with(|kernel| self.thread(kernel)?.end)
    }

    /// Asks the thread to end: its next call that can block answers [`Exit`](crate::Exit).
    ///
    /// # Context
    /// Thread.
    pub fn request_exit(&self) {
        check_headroom();
        kernel::then_reschedule(|kernel| {
            if self.thread(kernel).is_some_and(|thread| thread.end.is_none()) {
                ask_to_end(kernel, self.slot);
            }
        });
    }

    /// The thread, unless its slot has gone to another one: the unit that started it was torn down.
    fn thread<'a>(&self, kernel: &'a mut Kernel) -> Option<&'a mut Thread> {
        let thread = &mut kernel.threads[self.slot.index()];
        (thread.unit == self.unit).then_some(thread)
    }

    #[track_caller]
    fn wait(&self, deadline: Option<u64>) -> Result<End, Error> {
        check_headroom();
        let ask = Ask { deadline, ..Ask::new(Patience::Forever, site::place()) };
        loop {
            let state = kernel::with(|kernel| self.thread(kernel).map(|thread| thread.end));
            if let Some(end) = state.ok_or(Error::Closed)? {
                kernel::with(|kernel| races::joined(kernel, self.slot));
                return Ok(end);
            }
            block(|kernel| {
                kernel.begin_wait(&ask);
                let Kernel { sched, threads, .. } = &mut *kernel;
                let thread = &mut threads[self.slot.index()];
                if thread.unit == self.unit && thread.end.is_none() {
                    let queue = (&mut thread.joiners, self.slot.index());
                    sched.block_running(Why::Join, Some(queue), deadline);
                    deadlock::suspect(kernel);
                }
            })?;
        }
    }
}

/// Asks a thread that has not ended to end.
pub(crate) fn ask_to_end(kernel: &mut Kernel, slot: Slot) {
    let thread = &mut kernel.threads[slot.index()];
    let is_new = !core::mem::replace(&mut thread.exit_asked, true);
    let waits_through = thread.waits_through;
    if is_new {
        kernel.raise_for_thread();
    }
    if !waits_through {
        kernel.wake(slot, Wake::Exit);
    }
    suspend::release(kernel, slot);
}

impl Drop for JoinHandle {
    fn drop(&mut self) {
        kernel::with(|kernel| {
            if let Some(thread) = self.thread(kernel) {
                thread.has_handle = false;
                release_slot(kernel, self.slot);
            }
        });
    }
}
