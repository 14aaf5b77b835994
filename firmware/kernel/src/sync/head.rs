//! What every object that units wait for begins with: who waits, who has it, and its name.
//!
//! What the short way of a call must know stands in the first word, see [`Marks`].
#![expect(unsafe_code, reason = "state that units share, touched with interrupts masked only")]

use super::deferred;
use super::wait::Ask;
use crate::era::LongStamp;
use crate::kernel::Kernel;
use crate::leak::{self, Harm};
use crate::sched::{Attention, Next, QueueName, Slice, Slot, State, WaitQueue, Wake, Why};
use crate::site::Place;
use crate::sync::races;
use core::cell::UnsafeCell;
use core::ptr;
use ramscope_wire as wire;
use wire::{Level, LockOp, ObjectId, ObjectKind, ObjectOp, SiteId, UnitId};

/// The state of an object, behind the kernel's lock. The one door to it is [`get`](Self::get).
pub(crate) struct Masked<S>(UnsafeCell<S>);

// SAFETY: the state is touched by one context at a time, by invariant 1 of `sync`; what it holds
// goes from unit to unit, which is why it must be `Send`.
unsafe impl<S: Send> Sync for Masked<S> {}

impl<S> Masked<S> {
    pub(crate) const fn new(state: S) -> Self {
        Self(UnsafeCell::new(state))
    }

    /// The state. The kernel's reference shows that nobody else is at work on it.
    ///
    /// The result is not kept over a call that finds the state by its name (a wake-up, a hand-over
    /// of the scheduler): it is asked for again.
    #[expect(clippy::mut_from_ref, reason = "the kernel is held while the result lives")]
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
    pub(crate) since: LongStamp,
    pub(crate) place: Place,
    pub(crate) slot: Slot,
}

impl Holder {
    const NOBODY: Holder = Holder {
        unit: UnitId::KERNEL,
        since: LongStamp::ZERO,
        place: Place::NONE,
        slot: Slot::IDLE,
    };
}

/// What is true of an object, tested at once. None of it: free, whole, and nobody waits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Marks(u8);

impl Marks {
    pub(crate) const NONE: Marks = Marks(0);
    /// Somebody has it.
    pub(crate) const HELD: Marks = Marks(1);
    /// Whoever had it was torn down.
    const POISONED: Marks = Marks(2);
    /// Somebody waits.
    pub(crate) const AWAITED: Marks = Marks(4);
    /// Something is left to be told to those that wait.
    const DEFERRED: Marks = Marks(8);
    /// Nothing goes into it any more.
    pub(crate) const CLOSED: Marks = Marks(16);

    const fn has(self, other: Marks) -> bool {
        self.0 & other.0 != 0
    }

    fn set(&mut self, other: Marks) {
        self.0 |= other.0;
    }

    fn clear(&mut self, other: Marks) {
        self.0 &= !other.0;
    }
}

/// See the module's text.
#[repr(C)]
pub(crate) struct Head {
    marks: Marks,
    /// How many wait.
    waiting: u8,
    /// How many of them have been told already, and leave next: those up to `told_ticket`.
    leaving: u8,
    pub(crate) kind: ObjectKind,
    waiters: WaitQueue,
    /// Why who waits for it waits, in the scheduler's words.
    why: Why,
    notes: Notes,
    /// How their waits end.
    told: Wake,
    told_ticket: u32,
    /// Who has it, if it is marked so.
    holder: Holder,
    pub(crate) text: &'static str,
    pub(crate) object: ObjectId,
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
            marks: Marks::NONE,
            waiting: 0,
            leaving: 0,
            kind,
            waiters: WaitQueue::new(),
            why: match kind {
                ObjectKind::Lock => Why::Lock,
                _ => Why::Object,
            },
            notes: Notes::Written,
            told: Wake::Granted,
            told_ticket: 0,
            holder: Holder::NOBODY,
            text: name,
            object: ObjectId::NONE,
        }
    }

    /// An object of the kernel's own, of which the telemetry says nothing: the drain's own use of
    /// the console would feed it for ever.
    pub(crate) const fn quiet(kind: ObjectKind, name: &'static str) -> Self {
        Self { notes: Notes::Left, why: Why::KernelLock, ..Self::new(kind, name) }
    }

    /// Whether it is one of the kernel's own.
    pub(crate) fn is_quiet(&self) -> bool {
        self.notes == Notes::Left
    }

    /// Its number, and once in its life its name for the telemetry.
    #[inline]
    pub(crate) fn announce(&mut self, kernel: &mut Kernel) -> ObjectId {
        if self.object == ObjectId::NONE && self.notes == Notes::Written {
            self.introduce(kernel);
        }
        self.object
    }

    /// Its number, and whether it has just got it: whoever asks introduces it then, with a record
    /// like that of [`announce`](Self::announce), outside of the section.
    pub(crate) fn number(&mut self, kernel: &mut Kernel) -> (ObjectId, bool) {
        let is_new = self.object == ObjectId::NONE && self.notes == Notes::Written;
        if is_new {
            self.object = ObjectId(kernel.next_object());
        }
        (self.object, is_new)
    }

    #[inline(never)]
    fn introduce(&mut self, kernel: &mut Kernel) {
        self.object = ObjectId(kernel.next_object());
        let owner = kernel.current_unit();
        let (object, kind, name) = (self.object, self.kind, self.text);
        kernel.record(Level::Samples, &wire::Object { object, kind, owner, name });
    }

    /// Writes what happened to a lock or mutex.
    #[inline(always)]
    pub(crate) fn note_lock(&mut self, kernel: &mut Kernel, op: LockOp, place: Place) {
        if kernel.sched.attention.any(Attention::EVENTS) {
            self.write_lock(kernel, op, place);
        }
    }

    #[cold]
    #[inline(never)]
    fn write_lock(&mut self, kernel: &mut Kernel, op: LockOp, place: Place) {
        if self.is_quiet() {
            return;
        }
        let (lock, unit) = (self.announce(kernel), kernel.current_unit());
        let site = place.id(kernel);
        kernel.record(Level::Events, &wire::LockEvent { lock, unit, op, site });
    }

    /// Writes what happened to any other object; `value` is what it has now.
    #[inline(always)]
    pub(crate) fn note(&mut self, kernel: &mut Kernel, op: ObjectOp, value: u32, place: Place) {
        if kernel.sched.attention.any(Attention::EVENTS) {
            self.write(kernel, op, value, place);
        }
    }

    #[cold]
    #[inline(never)]
    fn write(&mut self, kernel: &mut Kernel, op: ObjectOp, value: u32, place: Place) {
        if self.is_quiet() {
            return;
        }
        let (object, unit) = (self.announce(kernel), kernel.current_unit());
        let site = place.id(kernel);
        kernel.record(Level::Events, &wire::ObjectEvent { object, unit, op, site, value });
    }

    /// Who has it.
    #[inline]
    pub(crate) fn holder(&self) -> Option<Holder> {
        self.marks.has(Marks::HELD).then_some(self.holder)
    }

    /// Whether it is exactly this, and nothing else.
    #[inline(always)]
    pub(crate) fn is_just(&self, marks: Marks) -> bool {
        self.marks == marks
    }

    /// Whether nothing is true of it but, perhaps, that somebody waits.
    #[inline(always)]
    pub(super) fn is_line(&self) -> bool {
        self.marks.0 & !Marks::AWAITED.0 == 0
    }

    /// Whether this unit has it.
    #[inline(always)]
    pub(super) fn is_held_by(&self, unit: UnitId) -> bool {
        self.marks.has(Marks::HELD) && self.holder.unit == unit
    }

    /// Makes the running thread the holder.
    #[inline(always)]
    pub(crate) fn take(&mut self, kernel: &Kernel, place: Place) {
        let slot = kernel.sched.running();
        self.give_to(kernel, slot, place);
    }

    /// Makes a unit the holder that waited for it, and asked at its own site.
    pub(crate) fn hand_to(&mut self, kernel: &Kernel, slot: Slot) {
        self.give_to(kernel, slot, kernel.threads[slot.index()].wait.place);
    }

    #[inline(always)]
    fn give_to(&mut self, kernel: &Kernel, slot: Slot, place: Place) {
        let unit = UnitId(kernel.threads[slot.index()].unit);
        self.marks.set(Marks::HELD);
        self.holder = Holder { unit, since: kernel.long_stamp(), place, slot };
    }

    /// Nobody has it any more.
    #[inline(always)]
    pub(crate) fn leave(&mut self) {
        self.marks.clear(Marks::HELD);
    }

    /// Notes that the holder was torn down, if it was; answers whether the object is poisoned.
    #[inline]
    pub(crate) fn is_poisoned(&mut self, kernel: &mut Kernel) -> bool {
        if let Some(holder) = self.holder()
            && kernel.torn_down.contains(holder.unit)
        {
            self.poison(kernel, holder.unit);
        }
        self.marks.has(Marks::POISONED)
    }

    /// As [`is_poisoned`](Self::is_poisoned), of an object that only its holder can give back: it is
    /// poisoned too if the holder has ended in order and did not.
    #[inline]
    pub(super) fn is_lost(&mut self, kernel: &mut Kernel) -> bool {
        let is_poisoned = self.is_poisoned(kernel);
        if let Some(holder) = self.holder()
            && kernel.has_ended(holder.slot, holder.unit)
        {
            self.lose(kernel);
            return true;
        }
        is_poisoned
    }

    /// Takes the object from a holder that ended in order and did not give it back, and has that told.
    #[cold]
    #[inline(never)]
    pub(crate) fn lose(&mut self, kernel: &mut Kernel) {
        let Some(holder) = self.holder() else { return };
        self.leave();
        self.marks.set(Marks::POISONED);
        leak::note(kernel, self, &holder, Harm::Poisoned);
    }

    /// Takes the object from a holder that was torn down.
    #[inline(never)]
    pub(crate) fn poison(&mut self, kernel: &mut Kernel, holder: UnitId) {
        self.leave();
        self.marks.set(Marks::POISONED);
        let (lock, op, site) = (self.object, LockOp::Poisoned, SiteId::NONE);
        kernel.record(Level::Events, &wire::LockEvent { lock, unit: holder, op, site });
    }

    /// What it protects is whole again.
    pub(crate) fn clear_poison(&mut self, kernel: &mut Kernel) {
        match self.kind {
            // It stays held when its holder ends in order.
            ObjectKind::Lock => self.is_poisoned(kernel),
            _ => self.is_lost(kernel),
        };
        self.marks.clear(Marks::POISONED);
    }

    /// How many wait.
    pub(crate) fn waiting(&self) -> u8 {
        self.waiting
    }

    /// How many wait and have not been told yet that they go on.
    pub(super) fn untold(&self) -> u8 {
        self.waiting - self.leaving
    }

    /// Whether none of those that have been told waits any more.
    pub(super) fn is_nobody_told(&self) -> bool {
        self.leaving == 0
    }

    /// One more waits.
    pub(super) fn one_more(&mut self) {
        self.waiting += 1;
        self.marks.set(Marks::AWAITED);
    }

    /// One fewer waits.
    #[inline(always)]
    pub(super) fn one_fewer(&mut self, kernel: &mut Kernel) {
        self.waiting -= 1;
        if self.waiting == 0 {
            self.marks.clear(Marks::AWAITED);
            if self.marks.has(Marks::DEFERRED) {
                self.marks.clear(Marks::DEFERRED);
                deferred::forget(kernel, self.name());
            }
        }
    }

    /// What the scheduler calls the queue of this head.
    pub(crate) fn name(&mut self) -> QueueName {
        ptr::from_mut(self).expose_provenance()
    }

    /// Nothing goes into it any more.
    pub(super) fn close(&mut self) {
        self.marks.set(Marks::CLOSED);
    }

    /// Whether that is so.
    pub(super) fn is_closed(&self) -> bool {
        self.marks.has(Marks::CLOSED)
    }

    /// Something is left.
    pub(super) fn note_deferred(&mut self) {
        self.marks.set(Marks::DEFERRED);
    }

    /// Who waits longest in the FIFO queue of this head.
    pub(super) fn first(&self) -> Option<Slot> {
        self.waiters.first()
    }

    /// The same, where somebody waits.
    #[inline(always)]
    pub(super) fn first_of_some(&self) -> Slot {
        self.waiters.first_of_some()
    }

    /// Blocks the running unit in the FIFO queue of this head, whose name is `name`.
    #[inline]
    pub(crate) fn enqueue(&mut self, kernel: &mut Kernel, name: QueueName, ask: &Ask) {
        self.one_more();
        kernel.begin_wait(ask);
        kernel.sched.block_running(self.why, Some((&mut self.waiters, name)), ask.deadline);
    }

    /// Blocks the running unit in the FIFO queue of this head and gives the processor to whom it answers:
    /// all of [`enqueue`](Self::enqueue) and of the decision after it, for a wait without an end of its own
    /// and nothing to tell. `None`: nothing was done.
    #[inline(always)]
    pub(crate) fn wait_in_line(
        &mut self,
        kernel: &mut Kernel,
        place: Place,
        stamp: u32,
    ) -> Option<(Slot, Slice)> {
        let slot = kernel.sched.running();
        debug_assert!(!self.is_quiet(), "no object of the kernel's own is waited for in line");
        let name = self.name();
        let next = kernel.sched.wait_in_line(&mut self.waiters, name, self.why, stamp)?;
        self.waiting = self.waiting.wrapping_add(1);
        self.marks.set(Marks::AWAITED);
        let since = kernel.long_stamp_of(stamp);
        let wait = &mut kernel.threads[slot.index()].wait;
        (wait.since, wait.place) = (since, place);
        Some(next)
    }

    /// Grants who waits longest what it waits for, and decides: [`wake_next`](Self::wake_next) and the
    /// decision after it, where somebody waits and nothing is to tell. `None`: nothing was done.
    #[inline(always)]
    pub(crate) fn grant_in_line(&mut self, kernel: &mut Kernel, stamp: u32) -> Option<Next> {
        debug_assert!(self.is_just(Marks::AWAITED), "nothing else is due");
        let slot = kernel.sched.first_in_line(&self.waiters)?;
        self.waiting = self.waiting.wrapping_sub(1);
        if self.waiting == 0 {
            self.marks = Marks::NONE;
        }
        Some(kernel.sched.grant_in_line(&mut self.waiters, slot, stamp))
    }

    /// Wakes who waits longest.
    #[inline]
    pub(crate) fn wake_first(&mut self, kernel: &mut Kernel, wake: Wake) -> Option<Slot> {
        if self.leaving > 0 {
            return self.wake_first_of_told(kernel, wake);
        }
        self.wake_next(kernel, wake)
    }

    #[cold]
    #[inline(never)]
    fn wake_first_of_told(&mut self, kernel: &mut Kernel, wake: Wake) -> Option<Slot> {
        let slot = self.waiters.first()?;
        self.wake(kernel, slot, wake);
        Some(slot)
    }

    /// Wakes who waits longest, of an object that never tells all at once.
    #[inline(always)]
    pub(crate) fn wake_next(&mut self, kernel: &mut Kernel, wake: Wake) -> Option<Slot> {
        let slot = kernel.sched.wake_first(&mut self.waiters, wake)?;
        self.one_fewer(kernel);
        if wake == Wake::Granted {
            races::woke(kernel, slot);
        }
        Some(slot)
    }

    /// Tells the telemetry how a wait ended that had to wait.
    #[inline(never)]
    pub(super) fn note_end(&mut self, kernel: &mut Kernel, wake: Wake, place: Place) {
        let is_lock = matches!(self.kind, ObjectKind::Lock | ObjectKind::Mutex);
        let op = match wake {
            Wake::TimedOut if is_lock => return self.note_lock(kernel, LockOp::TimedOut, place),
            Wake::Granted => ObjectOp::Granted,
            Wake::TimedOut => ObjectOp::TimedOut,
            Wake::Exit | Wake::Closed => ObjectOp::Left,
            Wake::Poisoned => return,
        };
        if !is_lock {
            self.note(kernel, op, 0, place);
        }
    }

    /// Wakes one that waits in the FIFO queue of this head. Who has been told already is granted.
    pub(crate) fn wake(&mut self, kernel: &mut Kernel, slot: Slot, wake: Wake) {
        let was_told = self.leaving > 0 && self.is_among_told(kernel, slot);
        self.one_fewer(kernel);
        self.leaving -= u8::from(was_told);
        let wake = if was_told { self.told } else { wake };
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
    pub(crate) fn tell_all(&mut self, kernel: &Kernel, told: Wake) {
        self.told = told;
        self.leaving = self.waiting;
        self.told_ticket = kernel.sched.last_ticket();
    }

    /// Wakes the first of those that have been told; says whether there was one.
    pub(crate) fn wake_told(&mut self, kernel: &mut Kernel) -> bool {
        self.leaving > 0 && self.wake_first(kernel, self.told).is_some()
    }
}

/// The head of the object that a blocked slot waits for.
///
/// # Safety
/// `name` is the queue's name of a slot that is blocked now on an object ([`Why::Lock`],
/// [`Why::Mutex`], [`Why::KernelLock`] or [`Why::Object`]). The kernel is held, and no other
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
    // SAFETY: the slot is blocked on it, and the kernel's reference shows that it is held.
    Some(unsafe { head_of(name) })
}
