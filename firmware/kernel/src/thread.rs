//! Threads: preemptive, each with a stack of its own.
//!
//! A thread is one heap block (guard, stack, and its body at the top), one slot of the scheduler
//! and one owner in the heap's ledger. It runs until its body returns; then every byte goes back,
//! before anybody can see that it ended. Nothing ends a thread from outside at a random point: it
//! is *asked* to end, learns it as [`Exit`] from the next call that can block, and leaves with `?`.
//! What panics, overflows or faults is torn down instead (see [`teardown`]).
#![expect(unsafe_code, reason = "a thread leaves its stack for good when it ends")]

mod join;
mod local;
mod outcome;
mod sizes;
mod spawn;
mod suspend;

pub use join::JoinHandle;
pub(crate) use join::ask_to_end;
pub use local::Local;
pub(crate) use local::{LocalNode, drop_all as drop_locals};
pub use outcome::{End, Failure, Outcome};
pub use sizes::{StackFigures, stack, stack_size};
pub use spawn::{Builder, spawn, start_new_thread};
pub(crate) use spawn::{Newcomer, admit};
pub(crate) use suspend::Suspension;
pub use suspend::{ThreadRef, current, suspend};

use crate::callback;
use crate::error::{Error, Exit};
use crate::heap::OwnerIndex;
use crate::kernel::{self, Kernel};
use crate::leak;
use crate::mem::limits;
use crate::port::{self, Context, Seat, StackRange};
use crate::sched::{Attention, Slot, State, THREADS_MAX, WaitQueue, Wake, Why};
use crate::stack::KERNEL_STACK_MAX;
use crate::sync::wait::Wait;
use crate::time::{Instant, Span};
use crate::{sample, teardown};
use core::mem::offset_of;
use core::num::NonZeroU32;
use core::ptr::NonNull;
use ramscope_wire as wire;
use wire::{Level, SiteId, UnitId, UnitKind};

/// How often a thread is told to exit before it is torn down.
const EXIT_TELLINGS_MAX: u8 = 3;

/// The body of a thread that has not run yet: where it lies, and how to run it.
#[derive(Clone, Copy)]
pub(crate) struct Start {
    run: unsafe fn(*mut u8) -> End,
    body: *mut u8,
}

/// What a scan of a stack found: it holds until the unit runs again, or the stack is painted anew.
#[derive(Clone, Copy)]
pub(crate) struct Scan {
    /// How often the unit had been switched to.
    pub(crate) switches: u32,
    /// The window in which it was made.
    pub(crate) window: u32,
    /// The high-water mark.
    pub(crate) bytes: NonZeroU32,
}

/// What the kernel keeps of a thread besides the scheduler's entry. It begins as a [`Seat`] does.
#[repr(C)]
pub(crate) struct Thread {
    pub(crate) context: Context,
    pub(crate) unit: u32,
    pub(crate) stack: StackRange,
    pub(crate) ticks: u64,
    pub(crate) switches: u32,
    pub(crate) parent: u32,
    pub(crate) name: &'static str,
    pub(crate) site: SiteId,
    pub(crate) kind: UnitKind,
    pub(crate) stack_requested: u32,
    pub(crate) stack_peak: u32,
    /// The last scan of its stack, if it did not run while that was made.
    pub(crate) scan: Option<Scan>,
    pub(crate) block: Option<NonNull<u8>>,
    pub(crate) owner: OwnerIndex,
    pub(crate) joiners: WaitQueue,
    pub(crate) end: Option<End>,
    pub(crate) start: Option<Start>,
    /// How often it has locked the heap for itself.
    pub(crate) heap_locks: u32,
    /// Somebody may still ask how it ended.
    pub(crate) has_handle: bool,
    /// A report of its end is not written yet.
    pub(crate) report_pending: bool,
    pub(crate) exit_asked: bool,
    pub(crate) exit_told: u8,
    /// Somebody interrupted it, and it has not been told yet.
    pub(crate) is_interrupted: bool,
    /// It is in a wait that a request to end does not break off.
    pub(crate) waits_through: bool,
    /// Its last wait for an object.
    pub(crate) wait: Wait,
    /// The values of its own that it has made, last one first.
    pub(crate) locals: Option<NonNull<LocalNode>>,
}

// What is kept of few threads (`suspensions`) stands beside the table.
#[cfg(target_pointer_width = "32")]
const _: () = assert!(size_of::<Thread>().is_power_of_two(), "to find one is a shift");
const _: () = assert!(offset_of!(Thread, context) == offset_of!(Seat, context));
const _: () = assert!(offset_of!(Thread, unit) == offset_of!(Seat, unit));
const _: () = assert!(offset_of!(Thread, stack) == offset_of!(Seat, stack));

impl Thread {
    /// What its port needs of it.
    #[inline(always)]
    pub(crate) fn seat(&mut self) -> NonNull<Seat> {
        NonNull::from(self).cast()
    }

    pub(crate) const EMPTY: Thread = Thread {
        unit: 0,
        parent: 0,
        name: "kernel",
        site: SiteId::NONE,
        kind: UnitKind::Kernel,
        stack: StackRange { low: 0, bytes: 0 },
        stack_requested: 0,
        stack_peak: 0,
        scan: None,
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
        is_interrupted: false,
        heap_locks: 0,
        waits_through: false,
        wait: Wait::NONE,
        locals: None,
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

/// Ends the running thread in order: all its memory goes back.
pub(crate) fn finish(end: End) -> ! {
    sample::own_stack();
    debug_assert!(!port::is_held(), "a thread ends with the kernel free");
    port::hold();
    kernel::work_on(|kernel| {
        let thread = kernel.current();
        // Whatever error it made of the request to end: that is why it ends.
        let was_told = thread.exit_told > 0 && matches!(end, End::Failed(_));
        thread.end = Some(if was_told { End::Exited } else { end });
        leak::look(kernel);
    });
    // SAFETY: the kernel is held, and `leave` ends in `resume_another`.
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
            // SAFETY: the thread has left its stack for good. A refusal is noted.
            let _ = unsafe { kernel.free(block) };
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
    callback::unit_ended(kernel, slot);
    limits::forget_locks(kernel, slot);
    let thread = &mut kernel.threads[slot.index()];
    let reasons = u8::from(thread.exit_asked) + u8::from(thread.is_interrupted);
    (thread.exit_asked, thread.is_interrupted) = (false, false);
    (0..reasons).for_each(|_| kernel.lower_for_thread());
    kernel.sched.end_running();
    while let Some(joiner) = kernel.threads[slot.index()].joiners.first() {
        kernel.wake(joiner, Wake::Granted);
    }
    release_slot(kernel, slot);
}

/// Forgets the handles of threads that `parent` started: it was torn down with what it held.
///
/// A handle that it had given away answers that its thread is gone.
pub(crate) fn disown_children(kernel: &mut Kernel, parent: UnitId) {
    for index in 1..THREADS_MAX as u8 {
        let slot = Slot(index);
        let thread = &mut kernel.threads[slot.index()];
        if thread.parent == parent.0 && thread.unit != parent.0 {
            thread.has_handle = false;
            release_slot(kernel, slot);
        }
    }
}

/// Frees the slot of an ended thread that nobody will ask about any more.
pub(crate) fn release_slot(kernel: &mut Kernel, slot: Slot) {
    let thread = &kernel.threads[slot.index()];
    let ended = kernel.sched.state(slot) == State::Ended;
    if ended && !thread.has_handle && !thread.report_pending && slot != kernel.sched.running() {
        kernel.sched.free(slot);
    }
}

/// Interrupts the program, as Ctrl-C on the console does: the next call of the main thread that can
/// block answers [`Error::Interrupted`], or the one that blocks now. Any number of requests is one
/// until it is delivered, and it is delivered once. Nothing happens while no program runs.
///
/// # Context
/// Any; in a callback it arrives when that has ended.
pub fn interrupt_main() {
    kernel::then_reschedule(|kernel| {
        let main = &mut kernel.threads[Slot::MAIN.index()];
        let (is_new, waits_through) = (!main.is_interrupted, main.waits_through);
        main.is_interrupted = true;
        if is_new {
            kernel.raise_for_thread();
        }
        if !waits_through {
            kernel.wake(Slot::MAIN, Wake::Exit);
        }
        suspend::release(kernel, Slot::MAIN);
    });
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
        kernel::may_block()?;
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
#[inline]
pub fn yield_now() {
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

/// What the running thread runs at: its own priority, or a higher one that somebody lends it who
/// waits for a mutex that it owns.
///
/// # Context
/// Thread.
#[must_use]
pub fn current_priority() -> u8 {
    kernel::with(|kernel| kernel.sched.priority(kernel.sched.running()))
}

/// MicroPython's name of [`current_id`].
///
/// # Context
/// Thread.
#[must_use]
pub fn get_ident() -> u32 {
    current_id()
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
#[inline(always)]
pub(crate) fn check_headroom() {
    if !port::has_stack(KERNEL_STACK_MAX) {
        port::stack_exhausted();
    }
}

/// Blocks the running thread as `enqueue` says; answers how the wait ended.
///
/// `enqueue` runs with the kernel held and may decide not to block at all.
pub(crate) fn block(enqueue: impl FnOnce(&mut Kernel)) -> Result<(), Error> {
    let mut told = None;
    step_back(|kernel| match self::told(kernel) {
        None => {
            kernel.sched.forget_wake();
            enqueue(kernel);
        }
        some => told = some,
    })?;
    match told {
        None => woken(),
        Some(told) => deliver(told),
    }
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
    step_back(|kernel| {
        kernel.sched.forget_wake();
        enqueue(kernel);
    })?;
    woken()
}

/// Runs `enqueue` in a section, and comes back when the running thread has the processor again: at once if
/// it was not put into a queue.
///
/// # Errors
/// As [`kernel::blocking`].
#[inline]
pub(crate) fn step_back(enqueue: impl FnOnce(&mut Kernel)) -> Result<(), Error> {
    kernel::blocking(enqueue)
}

/// How the last wait of the running thread ended.
#[inline]
pub(crate) fn woken() -> Result<(), Error> {
    match kernel::wake_of_running() {
        Wake::Granted => Ok(()),
        other => broken_off(other),
    }
}

/// What a caller is told whose wait ended like this. Interrupts on.
#[inline(never)]
pub(crate) fn broken_off(wake: Wake) -> Result<(), Error> {
    match wake {
        Wake::Granted => Ok(()),
        Wake::TimedOut => Err(Error::TimedOut),
        Wake::Poisoned => Err(Error::Poisoned),
        Wake::Closed => Err(Error::Closed),
        Wake::Exit => told_to_exit(),
    }
}

/// What a thread is told by a call that can block.
pub(crate) enum Told {
    Interrupted,
    /// To end, for the so many-th time.
    Exit {
        times: u8,
    },
}

/// Delivers an interruption or a request to end, and tears the thread down that went on too often.
pub(crate) fn told_to_exit() -> Result<(), Error> {
    kernel::with(told).map_or(Ok(()), deliver)
}

/// What the running thread is to be told, if anything; it counts as told then.
#[inline]
pub(crate) fn told(kernel: &mut Kernel) -> Option<Told> {
    match kernel.sched.attention.any(Attention::TOLD) {
        true => told_now(kernel),
        false => None,
    }
}

#[cold]
#[inline(never)]
fn told_now(kernel: &mut Kernel) -> Option<Told> {
    if kernel.in_handler() {
        return None;
    }
    let thread = kernel.current();
    if core::mem::take(&mut thread.is_interrupted) {
        kernel.lower_for_thread();
        return Some(Told::Interrupted);
    }
    let thread = kernel.current();
    thread.exit_told = thread.exit_told.saturating_add(u8::from(thread.exit_asked));
    thread.exit_asked.then_some(Told::Exit { times: thread.exit_told })
}

/// Tells it. Interrupts on.
#[cold]
#[inline(never)]
pub(crate) fn deliver(told: Told) -> Result<(), Error> {
    match told {
        Told::Interrupted => Err(Error::Interrupted),
        Told::Exit { times } if times > EXIT_TELLINGS_MAX => teardown::refused(),
        Told::Exit { .. } => Err(Error::Exit(Exit::new())),
    }
}
