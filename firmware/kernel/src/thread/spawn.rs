//! Starting a thread: the block, the painted stack, the body at its top.
#![expect(unsafe_code, reason = "builds stacks and moves bodies onto them")]

use super::{JoinHandle, Outcome, Start, check_headroom, finish, local};
use crate::collect;
use crate::error::{Error, Pending, Shortage};
use crate::heap::{OutOfMemory, OwnerIndex, OwnerKind, OwnerTag};
use crate::kernel::{self, Kernel};
use crate::mem::account::NoBlock;
use crate::mem::growth::with_more_room;
use crate::mem::handover;
use crate::port::{self, Context, StackRange};
use crate::sched::{Kin, PRIORITY_DEFAULT, WaitQueue};
use crate::site;
use crate::stack::{GUARD_BYTES, STACK_BYTES_MIN, paint};
use crate::sync::races;
use crate::sync::wait::Wait;
use crate::thread::End;
use core::alloc::Layout;
use core::ptr::NonNull;
use ramscope_wire::{Level, SiteId, UnitKind};

/// The alignment of a stack, and the largest that a body may ask for.
const BODY_ALIGN: usize = 16;
/// More than any heap has, and small enough to add to: asking for more is asking for this.
const STACK_BYTES_MAX: usize = 1 << 28;

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
    /// None: what `stack_size` says when the thread is started.
    stack_bytes: Option<usize>,
    priority: u8,
    kin: Kin,
    kind: UnitKind,
}

impl Builder {
    /// A thread of this name, with the default stack and priority.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self {
            name,
            stack_bytes: None,
            priority: PRIORITY_DEFAULT,
            kin: Kin::Program,
            kind: UnitKind::Thread,
        }
    }

    /// One of the kernel's own threads, which release nothing that programs wait for.
    pub(crate) const fn of_kernel(name: &'static str) -> Self {
        Self { kin: Kin::Kernel, ..Self::new(name) }
    }

    /// What telemetry calls the unit.
    pub(crate) const fn kind(self, kind: UnitKind) -> Self {
        Self { kind, ..self }
    }

    /// Asks for a stack of this many bytes. Less than [`STACK_BYTES_MIN`] is raised to it, and the
    /// size is rounded up to 16; reports show what was asked for and what was granted.
    #[must_use]
    pub const fn stack_bytes(mut self, bytes: usize) -> Self {
        self.stack_bytes = Some(bytes);
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
    // In a frame of its own: in that of its caller, addresses of the new stack would lie about for as
    // long as the caller runs, and a collection would take them for pointers.
    #[inline(never)]
    #[track_caller]
    pub fn spawn<F, R>(self, body: F) -> Result<JoinHandle, Error>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Outcome,
    {
        check_headroom();
        kernel::may_block()?;
        const { assert!(align_of::<F>() <= BODY_ALIGN, "a body is placed at the end of the stack") };
        let site = site::here();
        let body_bytes = size_of::<F>().next_multiple_of(BODY_ALIGN);
        let requested = self.stack_bytes.unwrap_or_else(super::sizes::bytes_unasked);
        let stack_bytes = requested.clamp(STACK_BYTES_MIN, STACK_BYTES_MAX);
        let stack_bytes = stack_bytes.next_multiple_of(BODY_ALIGN);
        let layout = stack_layout::<F>(stack_bytes + body_bytes);
        let (block, owner, unit) = reserve_or_collect(layout, site)?;
        let low = block.as_ptr() as usize + GUARD_BYTES;
        let stack = StackRange { low, bytes: stack_bytes };
        let place = (low + stack_bytes) as *mut F;
        // SAFETY: the block is ours alone, large enough, and aligned for F.
        unsafe { place.write(body) };
        // SAFETY: as above.
        unsafe { handover::adopt(place.cast(), size_of::<F>(), owner) };
        // SAFETY: as above.
        unsafe { paint(stack) };
        // SAFETY: as above.
        let context = unsafe { port::_ramscope_port_prepare(stack, thread_main) };
        let newcomer = Newcomer {
            unit,
            name: self.name,
            site,
            kind: self.kind,
            stack,
            stack_requested: requested as u32,
            block: Some(block),
            context,
            owner,
            start: Some(Start { run: run::<F, R>, body: place.cast() }),
        };
        let started =
            kernel::then_reschedule(|kernel| admit(kernel, &newcomer, self.priority, self.kin));
        started.ok_or_else(|| {
            // SAFETY: the body was written there and never ran.
            unsafe { core::ptr::drop_in_place(place) };
            no_slot(block, owner)
        })
    }

    /// Starts the thread with arguments: it runs `body(arguments)`.
    ///
    /// # Context
    /// As [`spawn`](Self::spawn).
    ///
    /// # Errors
    /// As [`spawn`](Self::spawn); the arguments are dropped then.
    #[track_caller]
    pub fn spawn_with<A, R>(self, arguments: A, body: fn(A) -> R) -> Result<JoinHandle, Error>
    where
        A: Send + 'static,
        R: Outcome + 'static,
    {
        self.spawn(move || body(arguments))
    }
}

fn stack_layout<F>(bytes: usize) -> Layout {
    let align = GUARD_BYTES.max(align_of::<F>());
    Layout::from_size_align(GUARD_BYTES + bytes, align).expect("far below the address space")
}

/// What could not be reserved for a thread.
enum Lack {
    ControlBlock,
    Stack(OutOfMemory),
    Locked,
}

impl Lack {
    /// With what pends: that is counted with interrupts on.
    fn told(self) -> Error {
        let pending = Pending::count();
        Error::Missing(match self {
            Lack::Locked => return Error::HeapLocked,
            Lack::ControlBlock => Shortage::Owners { pending },
            Lack::Stack(OutOfMemory { wanted_bytes, largest_free_bytes, .. }) => {
                Shortage::Stack { wanted_bytes, largest_free_bytes, pending }
            }
        })
    }
}

/// Reserves what a thread needs; what fails is tried again where a collection or a further area of the
/// heap may help. A function of its own: what it needs of the stack is gone before the thread is made.
#[inline(never)]
fn reserve_or_collect(
    layout: Layout,
    site: SiteId,
) -> Result<(NonNull<u8>, OwnerIndex, u32), Error> {
    let ask = || kernel::with(|kernel| reserve(kernel, layout, site));
    match ask() {
        Err(Lack::ControlBlock) if collect::after_failure() => ask(),
        Err(lack) => with_more_room(layout, lack, ask, |lack| matches!(lack, Lack::Stack(_))),
        answer => answer,
    }
    .map_err(Lack::told)
}

fn reserve(
    kernel: &mut Kernel,
    layout: Layout,
    site: SiteId,
) -> Result<(NonNull<u8>, OwnerIndex, u32), Lack> {
    let unit = kernel.next_unit();
    let tag = OwnerTag { kind: OwnerKind::Thread, unit };
    let owner = kernel.heap.owner_add(tag).map_err(|_| Lack::ControlBlock)?;
    match kernel.allocate(layout, owner, site) {
        Ok(block) => Ok((block, owner, unit)),
        Err(no) => {
            kernel.heap.owner_release(owner);
            Err(match no {
                NoBlock::OutOfMemory(out) => Lack::Stack(out),
                NoBlock::Locked => Lack::Locked,
            })
        }
    }
}

/// There is no slot for a thread: what was reserved goes back.
#[cold]
#[inline(never)]
fn no_slot(block: NonNull<u8>, owner: OwnerIndex) -> Error {
    kernel::with(|kernel| give_back(kernel, block, owner));
    Error::Missing(Shortage::ThreadSlots { pending: Pending::count() })
}

fn give_back(kernel: &mut Kernel, block: NonNull<u8>, owner: OwnerIndex) {
    // SAFETY: the thread never ran, so nothing points into the block. A refusal is noted.
    let _ = unsafe { kernel.free(block) };
    kernel.heap.owner_release(owner);
}

/// What a new thread brings.
pub(crate) struct Newcomer {
    pub(crate) unit: u32,
    pub(crate) name: &'static str,
    pub(crate) site: SiteId,
    pub(crate) kind: UnitKind,
    pub(crate) stack: StackRange,
    pub(crate) stack_requested: u32,
    pub(crate) block: Option<NonNull<u8>>,
    pub(crate) context: Context,
    pub(crate) owner: OwnerIndex,
    pub(crate) start: Option<Start>,
}

/// Puts a new thread into a slot and tells the world.
#[inline(never)]
pub(crate) fn admit(
    kernel: &mut Kernel,
    newcomer: &Newcomer,
    priority: u8,
    kin: Kin,
) -> Option<JoinHandle> {
    let slot = kernel.sched.add(priority, kin)?;
    let parent = kernel.current().unit;
    let &Newcomer { unit, name, site, kind, stack, stack_requested, .. } = newcomer;
    let &Newcomer { block, context, owner, start, .. } = newcomer;
    // Word by word: a thread made elsewhere would be copied.
    let thread = &mut kernel.threads[slot.index()];
    (thread.context, thread.unit, thread.stack) = (context, unit, stack);
    (thread.parent, thread.name, thread.site, thread.kind) = (parent, name, site, kind);
    (thread.stack_requested, thread.block, thread.owner) = (stack_requested, block, owner);
    (thread.start, thread.has_handle) = (start, true);
    (thread.ticks, thread.switches, thread.stack_peak, thread.scan) = (0, 0, 0, None);
    (thread.joiners, thread.end, thread.locals) = (WaitQueue::new(), None, None);
    (thread.heap_locks, thread.exit_told, thread.wait) = (0, 0, Wait::NONE);
    (thread.report_pending, thread.waits_through) = (false, false);
    (thread.exit_asked, thread.is_interrupted) = (false, false);
    if kernel.level != Level::Off {
        let record = kernel.threads[slot.index()].new_record(kernel.sched.priority(slot));
        kernel.record(Level::Samples, &record);
    }
    races::started(kernel, slot);
    Some(JoinHandle { slot, unit })
}

/// Where every spawned thread begins.
extern "C" fn thread_main() -> ! {
    let start = kernel::with(|kernel| kernel.current().start.take());
    let start = start.expect("spawn sets it");
    let mut end = End::Panicked;
    port::contain(&mut || {
        // SAFETY: the body was moved there by spawn and is run once: `start` was taken.
        end = unsafe { (start.run)(start.body) };
        local::drop_all();
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

/// Starts a thread with the default priority and the stack of [`stack_size`](super::stack_size).
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

/// MicroPython's `start_new_thread(f, args)`: answers the id, and nobody can join the thread.
///
/// # Context
/// Thread. Allocates.
///
/// # Errors
/// As [`Builder::spawn`].
#[track_caller]
pub fn start_new_thread<A, R>(body: fn(A) -> R, arguments: A) -> Result<u32, Error>
where
    A: Send + 'static,
    R: Outcome + 'static,
{
    Builder::new("thread").spawn_with(arguments, body).map(|handle| handle.id())
}
