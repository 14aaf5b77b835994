//! Mutexes in the scheduler core: who owns one, who waits for it, and at what priority the owner
//! runs meanwhile. What is shared by several (the readers of a reader-writer lock) or made by one (a
//! value that is made once) is a mutex here too.
//!
//! The problem: a thread of low priority owns a mutex, an urgent one waits for it, and a third one
//! in between keeps the owner from ever giving it back. The known answer is that the owner runs at
//! the priority of its most urgent waiter until it does. The hard parts are that owners wait for
//! mutexes themselves (so it must reach through chains), own several at a time (so giving one back
//! must not take what another one lends), and that waits end by time-out and by requests to exit.
//!
//! The idea: each mutex lends its owner one priority, that of its most urgent waiter. A slot counts
//! what it is lent per priority, so its own is found without a look at mutexes or waiters:
//! every step is constant, and a change is handed on along the chain of owners that wait, one step
//! each.
//!
//! Invariants:
//! 1. A mutex has waiters only while it is owned, or while its last waiters are let go one by one.
//! 2. `lends` is the priority of the best waiter, if there is one and somebody has the mutex; 0, which
//!    changes nobody's, if the mutex does not inherit. It is counted once in the [`Lent`] of its owner, or
//!    of each that shares it: so a slot is lent something if and only if somebody waits for what it has.
//! 3. A slot that waits for a mutex is in the queue of its present priority.
//! 4. What a slot runs at is what it is due (invariant 6 of the scheduler), but for those that are
//!    *unsettled*: their bit is set, and the next steps ([`Scheduler::settle_one`]) see to them.
//!
//! 5. A mutex has an owner, or slots that share it, or neither.
//!
//! Bounds: taking, waiting, giving up and giving back are constant: each settles the owner that it
//! concerns. The rest of a chain is settled one link a step, and the caller makes the steps; until then
//! no other thread runs, so that nobody acts on a priority that is too low. Where several share a mutex
//! (at most as many as a lock lets in) each is lent at once, and is settled like a link.
//!
//! Source of the protocol: L. Sha, R. Rajkumar, J. Lehoczky, "Priority Inheritance Protocols", IEEE
//! Transactions on Computers 39(9), 1990.

use super::{
    Attention, Entry, PRIORITIES, PriorityQueue, QueueName, Scheduler, Slot, SlotSet, State, Wake,
    Why,
};

/// Whether the owner of a mutex runs at the priority of who waits for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Inheritance {
    /// It does.
    On,
    /// It does not: for showing what goes wrong then.
    Off,
}

/// What the core keeps of a mutex.
#[derive(Clone, Debug)]
pub struct Ownable {
    waiters: PriorityQueue,
    owner: Option<Slot>,
    lends: Option<u8>,
    inheritance: Inheritance,
    /// Who has it together with others.
    sharers: SlotSet,
}

impl Ownable {
    /// A mutex that nobody owns.
    #[must_use]
    pub const fn new(inheritance: Inheritance) -> Self {
        let waiters = PriorityQueue::new();
        Self { waiters, owner: None, lends: None, inheritance, sharers: SlotSet::EMPTY }
    }

    /// Who owns it.
    #[must_use]
    pub const fn owner(&self) -> Option<Slot> {
        self.owner
    }

    /// Who has it together with others.
    #[must_use]
    pub const fn sharers(&self) -> SlotSet {
        self.sharers
    }

    /// The priority of who waits and gets it next; 0 if nobody waits.
    #[must_use]
    pub const fn best_waiting(&self) -> u8 {
        self.waiters.best()
    }

    /// Who waits and gets it next.
    #[must_use]
    pub const fn first_waiter(&self) -> Option<Slot> {
        self.waiters.first()
    }

    /// Gives it to a slot, while nobody waits for it: who owned it is gone.
    #[inline]
    pub fn begin_owner(&mut self, slot: Slot) {
        debug_assert!(self.waiters.is_empty(), "whoever waits is handed it");
        self.owner = Some(slot);
    }

    /// Takes it from an owner that is gone and that nobody waited for.
    #[inline]
    pub fn forget_owner(&mut self) {
        debug_assert!(self.waiters.is_empty(), "whoever waits is told first");
        self.owner = None;
    }

    /// What invariant 2 says that it lends.
    fn due(&self) -> Option<u8> {
        let priority = match self.inheritance {
            Inheritance::On => self.waiters.best(),
            Inheritance::Off => 0,
        };
        (!self.waiters.is_empty()).then_some(priority)
    }
}

/// The way from the name of a mutex's queue to the mutex, which the core never follows itself.
pub trait Mutexes {
    /// The mutex that a slot waits for whose queue has this name.
    fn mutex(&mut self, name: QueueName) -> &mut Ownable;
}

/// What a slot is lent by the mutexes that it owns: how many lend each priority.
#[derive(Clone, Copy)]
pub(super) struct Lent {
    counts: [u8; PRIORITIES],
    bits: u16,
}

impl Lent {
    pub(super) const NOTHING: Lent = Lent { counts: [0; PRIORITIES], bits: 0 };

    fn best(&self) -> u8 {
        super::queue::highest_bit(self.bits)
    }

    fn change(&mut self, from: Option<u8>, to: Option<u8>) {
        if let Some(priority) = to {
            self.counts[priority as usize & (PRIORITIES - 1)] += 1;
            self.bits |= 1 << priority;
        }
        if let Some(priority) = from {
            let count = &mut self.counts[priority as usize & (PRIORITIES - 1)];
            *count -= 1;
            if *count == 0 {
                self.bits &= !(1 << priority);
            }
        }
    }
}

impl Scheduler {
    /// Invariant 6 of the scheduler.
    pub(super) fn effective(&self, slot: Slot) -> u8 {
        let Entry { base, floor, .. } = self.entries[slot.index()];
        let own = base.max(floor);
        let lent = &self.lent[slot.index()];
        if lent.bits == 0 { own } else { own.max(lent.best()) }
    }
}

impl Scheduler {
    /// Makes the running slot the owner of a mutex that nobody owns; says whether it did.
    pub fn own(&mut self, mutex: &mut Ownable) -> bool {
        if mutex.owner.is_some() {
            return false;
        }
        mutex.owner = Some(self.running);
        true
    }

    /// Blocks the running slot until it owns the mutex of this name, which somebody owns now, or
    /// until `deadline` if there is one.
    pub fn wait_to_own(
        &mut self,
        name: QueueName,
        deadline: Option<u64>,
        mutexes: &mut impl Mutexes,
    ) {
        let slot = self.running;
        self.begin_wait(Why::Mutex, Some(name), deadline);
        let mutex = mutexes.mutex(name);
        debug_assert!(
            mutex.owner.is_some() || !mutex.sharers.is_empty(),
            "nobody waits for what is free"
        );
        mutex.waiters.push_back(&mut self.entries, slot);
        self.lend(name, mutexes);
    }

    /// Takes a mutex from its owner and gives it to who waits first, whom it answers.
    pub fn hand_on(&mut self, name: QueueName, mutexes: &mut impl Mutexes) -> Option<Slot> {
        let mutex = mutexes.mutex(name);
        let owner = mutex.owner.take().expect("an owned mutex is handed on");
        let lent = mutex.lends.take();
        let next = mutex.waiters.take_first(&mut self.entries);
        if let Some(next) = next {
            mutex.owner = Some(next);
            self.end_wait(next, Wake::Granted);
            self.lend(name, mutexes);
        }
        self.lent[owner.index()].change(lent, None);
        self.refresh(owner, mutexes);
        next
    }

    /// Takes a mutex from its owner; those that wait for it go on waiting.
    pub fn let_go(&mut self, name: QueueName, mutexes: &mut impl Mutexes) {
        let mutex = mutexes.mutex(name);
        let owner = mutex.owner.take().expect("an owned mutex is let go");
        let lent = mutex.lends.take();
        self.lent[owner.index()].change(lent, None);
        self.refresh(owner, mutexes);
    }

    /// Gives a mutex that nobody has to who waits first, alone.
    pub fn grant(&mut self, name: QueueName, mutexes: &mut impl Mutexes) -> Option<Slot> {
        let mutex = mutexes.mutex(name);
        debug_assert!(mutex.owner.is_none() && mutex.sharers.is_empty(), "invariant 5");
        let next = mutex.waiters.take_first(&mut self.entries)?;
        mutex.owner = Some(next);
        self.end_wait(next, Wake::Granted);
        self.lend(name, mutexes);
        Some(next)
    }

    /// Lets the running slot share a mutex that nobody owns, though somebody less urgent may wait for it.
    pub fn share(&mut self, mutex: &mut Ownable) {
        debug_assert!(mutex.owner.is_none(), "invariant 5");
        let slot = self.running;
        if !mutex.sharers.contains(slot) {
            mutex.sharers.insert(slot);
            self.lent[slot.index()].change(None, mutex.lends);
        }
    }

    /// Lets who waits first share a mutex that nobody owns.
    pub fn grant_shared(&mut self, name: QueueName, mutexes: &mut impl Mutexes) -> Option<Slot> {
        let mutex = mutexes.mutex(name);
        debug_assert!(mutex.owner.is_none(), "invariant 5");
        let next = mutex.waiters.take_first(&mut self.entries)?;
        mutex.sharers.insert(next);
        let lends = mutex.lends;
        self.lent[next.index()].change(None, lends);
        self.end_wait(next, Wake::Granted);
        self.lend(name, mutexes);
        self.refresh(next, mutexes);
        Some(next)
    }

    /// A slot shares a mutex no more.
    pub fn unshare(&mut self, slot: Slot, name: QueueName, mutexes: &mut impl Mutexes) {
        let mutex = mutexes.mutex(name);
        if !mutex.sharers.contains(slot) {
            return;
        }
        mutex.sharers.remove(slot);
        let lent = mutex.lends;
        if mutex.sharers.is_empty() {
            mutex.lends = None;
        }
        self.lent[slot.index()].change(lent, None);
        self.refresh(slot, mutexes);
    }

    /// Whether somebody waits for what `slot` has.
    #[must_use]
    #[inline(always)]
    pub const fn is_waited_for(&self, slot: Slot) -> bool {
        self.lent[slot.index()].bits != 0
    }

    /// Ends the wait of a slot that waits for a mutex, and does not get it.
    pub fn give_up_owning(&mut self, slot: Slot, wake: Wake, mutexes: &mut impl Mutexes) {
        debug_assert_eq!(self.state(slot), State::Blocked(Why::Mutex));
        let name = self.queue_of(slot).expect("a slot that waits for a mutex is in its queue");
        mutexes.mutex(name).waiters.remove(&mut self.entries, slot);
        self.end_wait(slot, wake);
        self.lend(name, mutexes);
    }

    /// Lends the owner of a mutex what is due, and hands that on.
    fn lend(&mut self, name: QueueName, mutexes: &mut impl Mutexes) {
        if let Some(owner) = self.lend_once(name, mutexes) {
            self.refresh(owner, mutexes);
        }
    }

    /// Lends the owner of a mutex what is due; answers it if that is something else than before.
    fn lend_once(&mut self, name: QueueName, mutexes: &mut impl Mutexes) -> Option<Slot> {
        let mutex = mutexes.mutex(name);
        let due = mutex.due();
        if due == mutex.lends {
            return None;
        }
        let Some(owner) = mutex.owner else {
            self.lend_sharers(mutex, due);
            return None;
        };
        let before = core::mem::replace(&mut mutex.lends, due);
        self.lent[owner.index()].change(before, due);
        Some(owner)
    }

    /// Lends all that share a mutex what is due; each is unsettled then.
    #[cold]
    #[inline(never)]
    fn lend_sharers(&mut self, mutex: &mut Ownable, due: Option<u8>) {
        if mutex.sharers.is_empty() {
            return;
        }
        let before = core::mem::replace(&mut mutex.lends, due);
        for slot in mutex.sharers.iter() {
            self.lent[slot.index()].change(before, due);
            self.unsettle(slot);
        }
    }

    /// The priority of `slot` may not be what it is due: a later step sees to it.
    fn unsettle(&mut self, slot: Slot) {
        self.unsettled.insert(slot);
        self.attention.raise(Attention::UNSETTLED);
    }

    /// Gives `slot` the priority that it is due. Where it waits for a mutex itself, that may change what
    /// its owner is due: the owner is unsettled then.
    #[inline]
    fn refresh(&mut self, slot: Slot, mutexes: &mut impl Mutexes) {
        let due = self.effective(slot);
        if self.entries[slot.index()].priority != due {
            self.change_priority(slot, due, mutexes);
        }
    }

    #[inline(never)]
    fn change_priority(&mut self, slot: Slot, due: u8, mutexes: &mut impl Mutexes) {
        match self.state(slot) {
            State::Ready => {
                self.ready.remove(&mut self.entries, slot);
                self.entries[slot.index()].priority = due;
                self.ready.push_back(&mut self.entries, slot);
                self.note_rival(due);
            }
            State::Blocked(Why::Mutex) => {
                let name = self.queue_of(slot).expect("it waits for a mutex");
                let waiters = &mut mutexes.mutex(name).waiters;
                waiters.remove(&mut self.entries, slot);
                self.entries[slot.index()].priority = due;
                waiters.push_back(&mut self.entries, slot);
                if let Some(owner) = self.lend_once(name, mutexes) {
                    self.unsettle(owner);
                }
            }
            _ => {
                self.entries[slot.index()].priority = due;
                if slot == self.running {
                    self.note_level();
                }
            }
        }
    }

    /// Goes one link on along the chains of owners; says whether there is another step.
    ///
    /// Each step is complete in itself: it looks at what its slot is due now, whatever happened since
    /// the last one. It ends: each step changes a priority towards a bound that does not depend on the
    /// order, and goes no further where nothing changes, also in a circle. There they lend each other
    /// for as long as it is closed what was lent to one of them, which changes nothing: nobody in it
    /// runs.
    pub fn settle_one(&mut self, mutexes: &mut impl Mutexes) -> bool {
        if let Some(slot) = self.unsettled.take_first() {
            self.refresh(slot, mutexes);
        }
        let is_unsettled = !self.unsettled.is_empty();
        self.attention.set(Attention::UNSETTLED, is_unsettled);
        is_unsettled
    }
}
