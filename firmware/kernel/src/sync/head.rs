//! What every object that units wait for begins with, and the one way to wait for one.
#![expect(unsafe_code, reason = "state that units share, touched with interrupts masked only")]

use crate::error::Error;
use crate::kernel::{self, Kernel};
use crate::port;
use crate::sched::{QueueName, Slot, State, WaitQueue, Wake, Why};
use crate::sync::races;
use crate::thread;
use crate::time::{Instant, Span};
use core::cell::UnsafeCell;
use core::ptr;
use ramscope_wire as wire;
use wire::{Level, LockOp, ObjectId, ObjectKind, ObjectOp, SiteId, UnitId};

/// The state of an object, behind masked interrupts. The one door to it is [`get`](Self::get).
pub(crate) struct Masked<S>(UnsafeCell<S>);

// SAFETY: the state is touched with interrupts masked only, by invariant 1 of `sync`; what it holds
// goes from unit to unit, which is why it must be `Send`.
unsafe impl<S: Send> Sync for Masked<S> {}

impl<S> Masked<S> {
    pub(crate) const fn new(state: S) -> Self {
        Self(UnsafeCell::new(state))
    }

    /// The state. The kernel's reference shows that interrupts are masked.
    ///
    /// The result is not kept over a call that finds the state by its name (a wake-up, a hand-over
    /// of the scheduler): it is asked for again.
    #[expect(clippy::mut_from_ref, reason = "interrupts are masked while the result lives")]
    pub(crate) fn get(&self, _: &mut Kernel) -> &mut S {
        // SAFETY: invariant 1 of `sync`, and one section uses one reference at a time.
        unsafe { &mut *self.0.get() }
    }

    /// The state of an object that the caller owns.
    pub(crate) fn get_mut(&mut self) -> &mut S {
        self.0.get_mut()
    }

    /// What the scheduler calls the queue of the head that the state begins with.
    pub(crate) fn name(&self) -> QueueName {
        self.0.get().expose_provenance()
    }
}

/// What begins with a head, at offset 0.
///
/// # Safety
/// The type is `repr(C)` and its first field is the [`Head`] that `head` answers.
pub(crate) unsafe trait Headed {
    /// Its head.
    fn head(&mut self) -> &mut Head;
}

/// Whether the telemetry is told what happens to an object.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Notes {
    Written,
    Left,
}

/// Who has an object that one unit can have.
#[derive(Clone, Copy)]
pub(crate) struct Holder {
    pub(crate) unit: UnitId,
    pub(crate) slot: Slot,
    pub(crate) site: SiteId,
    /// Ticks since boot.
    pub(crate) since: u64,
}

/// See the module's text.
#[repr(C)]
pub(crate) struct Head {
    pub(crate) waiters: WaitQueue,
    pub(crate) kind: ObjectKind,
    notes: Notes,
    pub(crate) poisoned: bool,
    /// How many wait.
    pub(crate) waiting: u8,
    /// How many of them have been told already, and leave next: those up to `told_ticket`.
    pub(crate) leaving: u8,
    told_ticket: u32,
    pub(crate) name: &'static str,
    pub(crate) object: ObjectId,
    pub(crate) holder: Option<Holder>,
}

// SAFETY: it is its own head.
unsafe impl Headed for Head {
    fn head(&mut self) -> &mut Head {
        self
    }
}

impl Head {
    pub(crate) const fn new(kind: ObjectKind, name: &'static str) -> Self {
        Self {
            waiters: WaitQueue::new(),
            kind,
            notes: Notes::Written,
            poisoned: false,
            waiting: 0,
            leaving: 0,
            told_ticket: 0,
            name,
            object: ObjectId::NONE,
            holder: None,
        }
    }

    /// An object of the kernel's own, of which the telemetry says nothing: the drain's own use of
    /// the console would feed it for ever.
    pub(crate) const fn quiet(kind: ObjectKind, name: &'static str) -> Self {
        Self { notes: Notes::Left, ..Self::new(kind, name) }
    }

    /// Whether it is one of the kernel's own.
    pub(crate) fn is_quiet(&self) -> bool {
        self.notes == Notes::Left
    }

    /// Whether the telemetry wants to know.
    fn is_told(&self, kernel: &Kernel) -> bool {
        self.notes == Notes::Written && kernel.level.code() >= Level::Events.code()
    }

    /// Its number, and once in its life its name for the telemetry.
    #[inline]
    pub(crate) fn announce(&mut self, kernel: &mut Kernel) -> ObjectId {
        if self.object == ObjectId::NONE && self.notes == Notes::Written {
            self.introduce(kernel);
        }
        self.object
    }

    #[inline(never)]
    fn introduce(&mut self, kernel: &mut Kernel) {
        self.object = ObjectId(kernel.next_object());
        let owner = kernel.current_unit();
        let (object, kind, name) = (self.object, self.kind, self.name);
        kernel.record(Level::Samples, &wire::Object { object, kind, owner, name });
    }

    /// Writes what happened to a lock or mutex.
    #[inline]
    pub(crate) fn note_lock(&mut self, kernel: &mut Kernel, op: LockOp, site: SiteId) {
        if self.is_told(kernel) {
            self.write_lock(kernel, op, site);
        }
    }

    #[inline(never)]
    fn write_lock(&mut self, kernel: &mut Kernel, op: LockOp, site: SiteId) {
        let (lock, unit) = (self.announce(kernel), kernel.current_unit());
        kernel.record(Level::Events, &wire::LockEvent { lock, unit, op, site });
    }

    /// Writes what happened to any other object; `value` is what it has now.
    #[inline]
    pub(crate) fn note(&mut self, kernel: &mut Kernel, op: ObjectOp, value: u32, site: SiteId) {
        if self.is_told(kernel) {
            self.write(kernel, op, value, site);
        }
    }

    #[inline(never)]
    fn write(&mut self, kernel: &mut Kernel, op: ObjectOp, value: u32, site: SiteId) {
        let (object, unit) = (self.announce(kernel), kernel.current_unit());
        kernel.record(Level::Events, &wire::ObjectEvent { object, unit, op, site, value });
    }

    /// Makes the running unit the holder.
    pub(crate) fn take(&mut self, kernel: &mut Kernel, site: SiteId) {
        let slot = kernel.sched.running();
        let unit = kernel.current_unit();
        self.holder = Some(Holder { unit, slot, site, since: port::now() });
    }

    /// Makes a unit the holder that waited for it, and asked at its own site.
    pub(crate) fn hand_to(&mut self, kernel: &Kernel, slot: Slot) {
        let thread = &kernel.threads[slot.index()];
        let (unit, site) = (UnitId(thread.unit), thread.wait.site);
        self.holder = Some(Holder { unit, slot, site, since: port::now() });
    }

    /// Notes that the holder was torn down, if it was; answers whether the object is poisoned.
    pub(crate) fn is_poisoned(&mut self, kernel: &mut Kernel) -> bool {
        if let Some(holder) = self.holder
            && kernel.torn_down.contains(holder.unit)
        {
            self.poison(kernel, holder.unit);
        }
        self.poisoned
    }

    /// Takes the object from a holder that was torn down.
    pub(crate) fn poison(&mut self, kernel: &mut Kernel, holder: UnitId) {
        self.holder = None;
        self.poisoned = true;
        let (lock, op, site) = (self.object, LockOp::Poisoned, SiteId::NONE);
        kernel.record(Level::Events, &wire::LockEvent { lock, unit: holder, op, site });
    }

    /// Blocks the running unit in the FIFO queue of this head, whose name is `name`.
    pub(crate) fn enqueue(&mut self, kernel: &mut Kernel, name: QueueName, ask: &Ask) {
        let why = match self.kind {
            _ if self.is_quiet() => Why::KernelLock,
            ObjectKind::Lock => Why::Lock,
            _ => Why::Object,
        };
        self.waiting += 1;
        kernel.begin_wait(ask);
        kernel.sched.block_running(why, Some((&mut self.waiters, name)), ask.deadline);
    }

    /// Wakes who waits longest.
    pub(crate) fn wake_first(&mut self, kernel: &mut Kernel, wake: Wake) -> Option<Slot> {
        let slot = self.waiters.first()?;
        self.wake(kernel, slot, wake);
        Some(slot)
    }

    /// Wakes one that waits in the FIFO queue of this head. Who has been told already is granted.
    pub(crate) fn wake(&mut self, kernel: &mut Kernel, slot: Slot, wake: Wake) {
        let was_told = self.leaving > 0 && self.is_among_told(kernel, slot);
        self.waiting -= 1;
        self.leaving -= u8::from(was_told);
        let wake = if was_told { Wake::Granted } else { wake };
        if wake == Wake::Granted {
            races::woke(kernel, slot);
        }
        kernel.sched.wake(slot, Some(&mut self.waiters), wake);
    }

    /// Whether the slot waited already when all were told.
    fn is_among_told(&self, kernel: &Kernel, slot: Slot) -> bool {
        // Tickets wrap; a difference says which of two came first.
        kernel.sched.ticket(slot).wrapping_sub(self.told_ticket) as i32 <= 0
    }

    /// Tells all that wait now; [`wake_told`](Self::wake_told) then wakes them one by one.
    pub(crate) fn tell_all(&mut self, kernel: &Kernel) {
        self.leaving = self.waiting;
        self.told_ticket = kernel.sched.last_ticket();
    }

    /// Wakes the first of those that have been told; says whether there was one.
    pub(crate) fn wake_told(&mut self, kernel: &mut Kernel) -> bool {
        self.leaving > 0 && self.wake_first(kernel, Wake::Granted).is_some()
    }
}

/// The head of the object that a blocked slot waits for.
///
/// # Safety
/// `name` is the queue's name of a slot that is blocked now on an object ([`Why::Lock`],
/// [`Why::Mutex`], [`Why::KernelLock`] or [`Why::Object`]). Interrupts are masked, and no other
/// reference to the object's state is alive.
pub(crate) unsafe fn head_of<'a>(name: QueueName) -> &'a mut Head {
    // SAFETY: by invariant 2 of `sync` the waiting frame borrows the object, and by `Headed` its
    // head is the first of it.
    unsafe { &mut *ptr::with_exposed_provenance_mut(name) }
}

/// The head of the object of this name, which the calling section is at work on.
pub(crate) fn head_in_section<'a>(_: &Kernel, name: QueueName) -> &'a mut Head {
    // SAFETY: the caller's frame borrows the object, and its section keeps no other reference.
    unsafe { head_of(name) }
}

/// The head of what `slot` waits for, if that is an object.
pub(crate) fn waited_for<'a>(kernel: &Kernel, slot: Slot) -> Option<&'a mut Head> {
    let State::Blocked(Why::Lock | Why::Mutex | Why::KernelLock | Why::Object) =
        kernel.sched.state(slot)
    else {
        return None;
    };
    let name = kernel.sched.queue_of(slot)?;
    // SAFETY: the slot is blocked on it, and the kernel's reference shows masked interrupts.
    Some(unsafe { head_of(name) })
}

/// How long a caller is willing to wait.
#[derive(Clone, Copy)]
pub(crate) enum Patience {
    Forever,
    For(Span),
}

/// What a unit that waits asked for, when and where.
#[derive(Clone, Copy)]
pub(crate) struct Ask {
    pub(crate) deadline: Option<u64>,
    pub(crate) site: SiteId,
    /// What it wants, in the object's own terms; the answer comes back in the same place.
    pub(crate) word: u32,
    pub(crate) mode: u8,
}

impl Ask {
    pub(crate) fn new(patience: Patience, site: SiteId) -> Self {
        let deadline = match patience {
            Patience::Forever => None,
            Patience::For(span) => Some((Instant::now() + span).ticks()),
        };
        Self { deadline, site, word: 0, mode: 0 }
    }
}

/// What the kernel keeps of a unit's last wait.
#[derive(Clone, Copy)]
pub(crate) struct Wait {
    pub(crate) since: u64,
    pub(crate) site: SiteId,
    pub(crate) word: u32,
    pub(crate) mode: u8,
}

impl Wait {
    pub(crate) const NONE: Wait = Wait { since: 0, site: SiteId::NONE, word: 0, mode: 0 };
}

impl Kernel {
    /// Notes since when, where and for what the running unit waits.
    pub(crate) fn begin_wait(&mut self, ask: &Ask) {
        let since = port::now();
        let &Ask { site, word, mode, .. } = ask;
        self.current().wait = Wait { since, site, word, mode };
    }
}

/// What an attempt found.
pub(crate) enum Attempt<R> {
    /// What was wanted.
    Got(R),
    /// Nothing: the unit was put into a queue and waits.
    Waits,
}

/// How a wait that was not broken off ended.
pub(crate) enum Granted<R> {
    /// What was wanted was there.
    AtOnce(R),
    /// It was handed over.
    HandedOver,
}

/// Makes an attempt, and waits where that put the unit into a queue.
///
/// # Errors
/// Those of the attempt and of the wait.
pub(crate) fn wait_for<R>(
    attempt: impl FnOnce(&mut Kernel) -> Result<Attempt<R>, Error>,
) -> Result<Granted<R>, Error> {
    thread::check_headroom();
    let mut outcome = Ok(Attempt::Waits);
    let mut told = None;
    // One section for all of it: most calls find what they want, and nothing to be told.
    let slot = thread::step_back(|kernel| match thread::told(kernel) {
        None => outcome = attempt(kernel),
        some => told = some,
    })?;
    if let Some(told) = told {
        thread::deliver(told)?;
    }
    match outcome? {
        Attempt::Got(result) => Ok(Granted::AtOnce(result)),
        Attempt::Waits => thread::woken(slot).map(|()| Granted::HandedOver),
    }
}

/// As [`wait_for`], but not a point where a request to end is delivered.
pub(crate) fn wait_through_for<R>(
    attempt: impl FnOnce(&mut Kernel) -> Result<Attempt<R>, Error>,
) -> Result<Granted<R>, Error> {
    thread::check_headroom();
    let mut outcome = Ok(Attempt::Waits);
    let waited = thread::wait_through(|kernel| outcome = attempt(kernel));
    ended(outcome, waited)
}

fn ended<R>(
    outcome: Result<Attempt<R>, Error>,
    waited: Result<(), Error>,
) -> Result<Granted<R>, Error> {
    match outcome? {
        Attempt::Got(result) => Ok(Granted::AtOnce(result)),
        Attempt::Waits => waited.map(|()| Granted::HandedOver),
    }
}

/// Tells all that wait for an object, one a section.
pub(crate) fn release_all<S: Headed>(object: &Masked<S>) {
    kernel::with(|kernel| object.get(kernel).head().tell_all(kernel));
    wake_all_told(object);
}

/// Wakes all that have been told, one a section.
pub(crate) fn wake_all_told<S: Headed>(object: &Masked<S>) {
    while kernel::then_reschedule(|kernel| object.get(kernel).head().wake_told(kernel)) {}
}
