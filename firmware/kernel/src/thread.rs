//! Threads: preemptive, each with a stack of its own.
//!
//! A thread is one heap block (guard, stack, and its body at the top), one slot of the scheduler
//! and one owner in the heap's ledger. It runs until its body returns; then every byte goes back,
//! before anybody can see that it ended. Nothing ends a thread from outside at a random point: it
//! is *asked* to end, learns it as [`Exit`] from the next call that can block, and leaves with `?`.
//! What panics, overflows or faults is torn down instead (see [`teardown`](crate::teardown)).
#![expect(unsafe_code, reason = "builds stacks and moves bodies onto them")]

use crate::error::{Error, Exit, Shortage};
use crate::heap::{OwnerIndex, OwnerKind, OwnerTag};
use crate::kernel::{self, Kernel};
use crate::port::{self, Context, StackRange};
use crate::sched::{PRIORITY_DEFAULT, Slot, State, WaitQueue, Wake, Why};
use crate::site;
use crate::stack::{GUARD_BYTES, KERNEL_STACK_MAX, STACK_BYTES_DEFAULT, STACK_BYTES_MIN, paint};
use crate::time::{Instant, Span};
use crate::{sample, teardown};
use core::alloc::Layout;
use core::ptr::NonNull;
use ramscope_wire as wire;
use wire::{EndReason, Level, SiteId, UnitId, UnitKind};

/// How often a thread is told to exit before it is torn down.
const EXIT_TELLINGS_MAX: u8 = 3;

/// How a thread ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum End {
    /// Its body returned.
    Returned,
    /// It was asked to end and did.
    Exited,
    /// Its body returned an error; the number is the error's own code.
    Failed(u32),
    /// It panicked and was torn down.
    Panicked,
    /// Its stack overflowed and it was torn down.
    Overflowed,
    /// It did something illegal and was torn down.
    Faulted,
    /// It went on although it was told to exit, and was torn down.
    Refused,
}

impl End {
    /// Whether it left by its own will, so that its memory is known to be unused.
    #[must_use]
    pub const fn is_orderly(self) -> bool {
        matches!(self, End::Returned | End::Exited | End::Failed(_))
    }

    pub(crate) const fn wire(self) -> (EndReason, u32) {
        match self {
            End::Returned => (EndReason::Returned, 0),
            End::Exited => (EndReason::Exited, 0),
            End::Failed(code) => (EndReason::Failed, code),
            End::Panicked => (EndReason::Panicked, 0),
            End::Overflowed => (EndReason::Overflowed, 0),
            End::Faulted => (EndReason::Faulted, 0),
            End::Refused => (EndReason::Refused, 0),
        }
    }
}

/// What a thread's body may return: nothing, or an error that can say whether it is an [`Exit`].
pub trait Outcome {
    /// How the thread ended.
    fn end(self) -> End;
}

impl Outcome for () {
    fn end(self) -> End {
        End::Returned
    }
}

impl<E: Failure> Outcome for Result<(), E> {
    fn end(self) -> End {
        match self {
            Ok(()) => End::Returned,
            Err(error) => match error.exit() {
                Some(_) => End::Exited,
                None => End::Failed(error.code()),
            },
        }
    }
}

/// An error with which a thread's body may end.
///
/// A user's own error type implements it and must say when it carries an [`Exit`], so that no
/// error type can swallow the request to end on its way out.
pub trait Failure {
    /// The request to end, if that is what the error is.
    fn exit(&self) -> Option<Exit>;
    /// A number for reports.
    fn code(&self) -> u32;
}

impl Failure for Exit {
    fn exit(&self) -> Option<Exit> {
        Some(*self)
    }
    fn code(&self) -> u32 {
        0
    }
}

impl Failure for Error {
    fn exit(&self) -> Option<Exit> {
        match self {
            Error::Exit(exit) => Some(*exit),
            _ => None,
        }
    }
    fn code(&self) -> u32 {
        match self {
            Error::Exit(_) => 0,
            Error::TimedOut => 1,
            Error::Poisoned => 2,
            Error::Deadlock => 3,
            Error::Closed => 4,
            Error::NotHeld => 5,
            Error::InHandler => 6,
            Error::Missing(_) => 7,
        }
    }
}

/// The body of a thread that has not run yet: where it lies, and how to run it.
#[derive(Clone, Copy)]
pub(crate) struct Start {
    run: unsafe fn(*mut u8) -> End,
    body: *mut u8,
}

/// What the kernel keeps of a thread besides the scheduler's entry.
pub(crate) struct Thread {
    pub(crate) unit: u32,
    pub(crate) parent: u32,
    pub(crate) name: &'static str,
    pub(crate) site: SiteId,
    pub(crate) kind: UnitKind,
    pub(crate) stack: StackRange,
    pub(crate) stack_requested: u32,
    pub(crate) stack_peak: u32,
    pub(crate) block: Option<NonNull<u8>>,
    pub(crate) context: Context,
    pub(crate) owner: OwnerIndex,
    pub(crate) joiners: WaitQueue,
    pub(crate) end: Option<End>,
    pub(crate) start: Option<Start>,
    pub(crate) ticks: u64,
    pub(crate) switches: u32,
    /// Somebody may still ask how it ended.
    pub(crate) has_handle: bool,
    /// A report of its end is not written yet.
    pub(crate) report_pending: bool,
    pub(crate) exit_asked: bool,
    pub(crate) exit_told: u8,
    /// It is in a wait that a request to end does not break off.
    pub(crate) waits_through: bool,
}

impl Thread {
    pub(crate) const EMPTY: Thread = Thread {
        unit: 0,
        parent: 0,
        name: "kernel",
        site: SiteId::NONE,
        kind: UnitKind::Kernel,
        stack: StackRange { low: 0, bytes: 0 },
        stack_requested: 0,
        stack_peak: 0,
        block: None,
        context: 0,
        owner: OwnerIndex::KERNEL,
        joiners: WaitQueue::new(),
        end: None,
        start: None,
        ticks: 0,
        switches: 0,
        has_handle: false,
        report_pending: false,
        exit_asked: false,
        exit_told: 0,
        waits_through: false,
    };

    pub(crate) fn new_record(&self, priority: u8) -> wire::UnitNew<'static> {
        wire::UnitNew {
            unit: UnitId(self.unit),
            parent: UnitId(self.parent),
            kind: self.kind,
            priority,
            site: self.site,
            stack_base: self.stack.low as u32,
            stack_bytes: self.stack.bytes as u32,
            stack_requested_bytes: self.stack_requested,
            name: self.name,
        }
    }
}

/// Collects what a new thread is to be.
///
/// # Examples
/// ```no_run
/// # use ramscope_kernel::{thread, Error, Span};
/// let worker = thread::Builder::new("worker").stack_bytes(2048).spawn(|| -> Result<(), Error> {
///     thread::sleep(Span::from_millis(10))?;
///     Ok(())
/// })?;
/// worker.join()?;
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Builder {
    name: &'static str,
    stack_bytes: usize,
    priority: u8,
}

impl Builder {
    /// A thread of this name, with the default stack and priority.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self { name, stack_bytes: STACK_BYTES_DEFAULT, priority: PRIORITY_DEFAULT }
    }

    /// Asks for a stack of this many bytes. Less than [`STACK_BYTES_MIN`] is raised to it, and the
    /// size is rounded up to 16; reports show what was asked for and what was granted.
    #[must_use]
    pub const fn stack_bytes(mut self, bytes: usize) -> Self {
        self.stack_bytes = bytes;
        self
    }

    /// Sets the priority: 1 to 15, higher is more urgent; others are clamped.
    #[must_use]
    pub const fn priority(mut self, priority: u8) -> Self {
        self.priority = priority;
        self
    }

    /// Starts the thread.
    ///
    /// # Context
    /// Thread. Allocates; paints the whole stack with interrupts on.
    ///
    /// # Errors
    /// [`Error::Missing`] says which resource was missing; nothing is left behind then.
    #[track_caller]
    pub fn spawn<F, R>(self, body: F) -> Result<JoinHandle, Error>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Outcome,
    {
        check_headroom();
        let site = site::here();
        let body_bytes = size_of::<F>().next_multiple_of(16);
        let stack_bytes = self.stack_bytes.max(STACK_BYTES_MIN).next_multiple_of(16);
        let layout = stack_layout::<F>(stack_bytes + body_bytes);
        let (block, owner, unit) = kernel::with(|kernel| reserve(kernel, layout, site))?;
        let low = block.as_ptr() as usize + GUARD_BYTES;
        let stack = StackRange { low, bytes: stack_bytes };
        let place = (low + stack_bytes) as *mut F;
        // SAFETY: the block is ours alone, large enough, and aligned for F.
        unsafe { place.write(body) };
        // SAFETY: as above.
        unsafe { paint(stack) };
        // SAFETY: as above.
        let context = unsafe { port::_ramscope_port_prepare(stack, thread_main) };
        let thread = Thread {
            unit,
            name: self.name,
            site,
            kind: UnitKind::Thread,
            stack,
            stack_requested: self.stack_bytes as u32,
            block: Some(block),
            context,
            owner,
            start: Some(Start { run: run::<F, R>, body: place.cast() }),
            has_handle: true,
            ..Thread::EMPTY
        };
        let started = kernel::then_reschedule(|kernel| admit(kernel, thread, self.priority));
        started.ok_or(Error::Missing(Shortage::ThreadSlots)).inspect_err(|_| {
            // SAFETY: the body was written there and never ran.
            unsafe { core::ptr::drop_in_place(place) };
            kernel::with(|kernel| give_back(kernel, block, owner));
        })
    }
}

fn stack_layout<F>(bytes: usize) -> Layout {
    let align = GUARD_BYTES.max(align_of::<F>());
    Layout::from_size_align(GUARD_BYTES + bytes, align).expect("far below the address space")
}

fn reserve(
    kernel: &mut Kernel,
    layout: Layout,
    site: SiteId,
) -> Result<(NonNull<u8>, OwnerIndex, u32), Error> {
    let unit = kernel.next_unit();
    let owner = kernel
        .heap
        .owner_add(OwnerTag { kind: OwnerKind::Thread, unit })
        .map_err(|_| Error::Missing(Shortage::Owners))?;
    match kernel.heap.allocate(layout, owner, site.0) {
        Ok(block) => Ok((block, owner, unit)),
        Err(out) => {
            kernel.heap.owner_release(owner);
            Err(out.into())
        }
    }
}

fn give_back(kernel: &mut Kernel, block: NonNull<u8>, owner: OwnerIndex) {
    // SAFETY: the thread never ran, so nothing points into the block.
    let freed = unsafe { kernel.heap.free(block) };
    debug_assert!(freed.is_ok(), "the block came from this heap");
    kernel.heap.owner_release(owner);
}

/// Puts a new thread into a slot and tells the world.
pub(crate) fn admit(kernel: &mut Kernel, mut thread: Thread, priority: u8) -> Option<JoinHandle> {
    let slot = kernel.sched.add(priority)?;
    thread.parent = kernel.current().unit;
    let unit = thread.unit;
    let record = thread.new_record(kernel.sched.priority(slot));
    kernel.threads[slot.index()] = thread;
    kernel.record(Level::Samples, &record);
    Some(JoinHandle { slot, unit })
}

/// Where every spawned thread begins.
extern "C" fn thread_main() -> ! {
    port::unmask(true);
    let start = kernel::with(|kernel| kernel.current().start.take());
    let start = start.expect("spawn sets it");
    let mut end = End::Panicked;
    port::contain(&mut || {
        // SAFETY: the body was moved there by spawn and is run once: `start` was taken.
        end = unsafe { (start.run)(start.body) };
    });
    finish(end)
}

/// # Safety
/// `body` is a live F that nobody else uses.
unsafe fn run<F: FnOnce() -> R, R: Outcome>(body: *mut u8) -> End {
    // SAFETY: as promised by the caller.
    let body = unsafe { body.cast::<F>().read() };
    body().end()
}

/// Ends the running thread in order: all its memory goes back.
pub(crate) fn finish(end: End) -> ! {
    sample::own_stack();
    let were_on = port::mask();
    debug_assert!(were_on, "a thread ends with interrupts on");
    kernel::work_on(|kernel| kernel.current().end = Some(end));
    // SAFETY: interrupts are masked, and `leave` ends in `resume_another`.
    unsafe { port::_ramscope_port_leave(leave) }
}

/// The rest of [`finish`], on a stack that the thread does not own.
extern "C" fn leave() -> ! {
    kernel::work_on(|kernel| {
        let slot = kernel.sched.running();
        let thread = &mut kernel.threads[slot.index()];
        let (reason, code) = thread.end.expect("finish sets it").wire();
        let unit = UnitId(thread.unit);
        let (block, owner) = (thread.block.take(), thread.owner);
        if let Some(block) = block {
            // SAFETY: the thread has left its stack for good.
            let freed = unsafe { kernel.heap.free(block) };
            debug_assert!(freed.is_ok(), "the block came from this heap");
        }
        sample::owner_of(kernel, owner);
        kernel.heap.owner_release(owner);
        let quarantined = false;
        let end = wire::UnitEnd { unit, reason, quarantined, code, quarantined_bytes: 0 };
        kernel.record(Level::Samples, &end);
        close(kernel, slot);
    });
    kernel::resume_another()
}

/// Ends the slot of the running thread and wakes who waits for its end.
pub(crate) fn close(kernel: &mut Kernel, slot: Slot) {
    kernel.sched.end_running();
    while let Some(joiner) = kernel.threads[slot.index()].joiners.first() {
        kernel.wake(joiner, Wake::Granted);
    }
    release_slot(kernel, slot);
}

/// Frees the slot of an ended thread that nobody will ask about any more.
pub(crate) fn release_slot(kernel: &mut Kernel, slot: Slot) {
    let thread = &kernel.threads[slot.index()];
    let ended = kernel.sched.state(slot) == State::Ended;
    if ended && !thread.has_handle && !thread.report_pending && slot != kernel.sched.running() {
        kernel.sched.free(slot);
    }
}

/// The right to ask how a thread ended. Dropping it lets the thread go on alone.
#[derive(Debug)]
pub struct JoinHandle {
    slot: Slot,
    unit: u32,
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

    /// Asks the thread to end: its next call that can block answers [`Exit`].
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

/// Starts a thread with the default stack and priority: MicroPython's `start_new_thread`.
///
/// # Context
/// Thread. Allocates.
///
/// # Errors
/// As [`Builder::spawn`].
#[track_caller]
pub fn spawn<F, R>(name: &'static str, body: F) -> Result<JoinHandle, Error>
where
    F: FnOnce() -> R + Send + 'static,
    R: Outcome,
{
    Builder::new(name).spawn(body)
}

/// Suspends the calling thread for at least `span`; zero lets equal threads go first.
///
/// # Context
/// Thread; blocks.
///
/// # Errors
/// [`Error::Exit`] if the thread is asked to end, at once or while it sleeps.
pub fn sleep(span: Span) -> Result<(), Error> {
    check_headroom();
    if span == Span::ZERO {
        told_to_exit()?;
        kernel::give_way();
        return Ok(());
    }
    sleep_until(Instant::now() + span)
}

/// Suspends the calling thread until `instant`; returns at once if it has passed.
///
/// # Context
/// Thread; blocks.
///
/// # Errors
/// As [`sleep`].
pub fn sleep_until(instant: Instant) -> Result<(), Error> {
    check_headroom();
    let deadline = Some(instant.ticks());
    match block(|kernel| {
        kernel.sched.block_running(Why::Sleep, None, deadline);
    }) {
        Err(Error::TimedOut) => Ok(()),
        other => other,
    }
}

/// Lets equal or more urgent threads go first.
///
/// # Context
/// Thread.
pub fn yield_now() {
    check_headroom();
    kernel::give_way();
}

/// The id of the running thread: non-zero, never reused within a boot.
///
/// # Context
/// Thread.
#[must_use]
pub fn current_id() -> u32 {
    kernel::with(|kernel| kernel.current().unit)
}

/// The most bytes of its stack that the running thread has used so far; 0 on the host port.
///
/// # Context
/// Thread. Scans the unused part of the stack.
#[must_use]
pub fn stack_peak_bytes() -> usize {
    sample::peak_of(kernel::running_stack()) as usize
}

/// How many bytes of its stack the running thread uses here; 0 on the host port.
///
/// # Context
/// Thread.
#[must_use]
pub fn stack_used_bytes() -> usize {
    port::stack_pointer().map_or(0, |pointer| kernel::running_stack().high() - pointer)
}

/// The name of the running thread.
///
/// # Context
/// Thread.
#[must_use]
pub fn current_name() -> &'static str {
    kernel::with(|kernel| kernel.current().name)
}

/// What a body returns to end silently: MicroPython's `exit()`.
///
/// There is no unwinding, so a thread ends by returning: `return Err(thread::exit().into())`, and
/// everything that its frames own is dropped on the way.
///
/// # Context
/// Any.
pub const fn exit() -> Exit {
    Exit::new()
}

/// Stops the unit if its stack has less than [`KERNEL_STACK_MAX`] bytes left.
#[inline]
pub(crate) fn check_headroom() {
    if let Some(pointer) = port::stack_pointer() {
        let low = kernel::running_stack().low;
        if pointer < low + KERNEL_STACK_MAX {
            port::stack_exhausted();
        }
    }
}

/// Blocks the running thread as `enqueue` says; answers how the wait ended.
///
/// `enqueue` runs masked and may decide not to block at all.
pub(crate) fn block(enqueue: impl FnOnce(&mut Kernel)) -> Result<(), Error> {
    told_to_exit()?;
    wait(enqueue)
}

/// As [`wait`], but a request to end does not end it: it is delivered by a later call.
pub(crate) fn wait_through(enqueue: impl FnOnce(&mut Kernel)) -> Result<(), Error> {
    kernel::with(|kernel| kernel.current().waits_through = true);
    let result = wait(enqueue);
    kernel::with(|kernel| kernel.current().waits_through = false);
    result
}

/// As [`block`], but not a point where a request to end is delivered.
pub(crate) fn wait(enqueue: impl FnOnce(&mut Kernel)) -> Result<(), Error> {
    let slot = kernel::then_reschedule(|kernel| {
        let slot = kernel.sched.running();
        kernel.sched.forget_wake();
        enqueue(kernel);
        slot
    });
    match kernel::with(|kernel| kernel.sched.wake_of(slot)) {
        Wake::Granted => Ok(()),
        Wake::TimedOut => Err(Error::TimedOut),
        Wake::Poisoned => Err(Error::Poisoned),
        Wake::Exit => told_to_exit(),
    }
}

/// Delivers a request to end, and tears the thread down that went on too often.
pub(crate) fn told_to_exit() -> Result<(), Error> {
    let told = kernel::with(|kernel| {
        let thread = kernel.current();
        thread.exit_told = thread.exit_told.saturating_add(u8::from(thread.exit_asked));
        thread.exit_asked.then_some(thread.exit_told)
    });
    match told {
        None => Ok(()),
        Some(told) if told > EXIT_TELLINGS_MAX => teardown::refused(),
        Some(_) => Err(Error::Exit(Exit::new())),
    }
}
