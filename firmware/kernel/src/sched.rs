//! Who runs next: the scheduler core, a pure state machine.
//!
//! The problem: preemptive threads with priorities, round robin among equals, waits with
//! deadlines, in a time that does not depend on how many threads exist, on a chip whose only
//! protection is to mask interrupts.
//!
//! The idea: a fixed table of slots. Each slot is in exactly one place: free, running, in one
//! ready queue, in at most one wait queue (blocked), or ended. The queues are doubly linked
//! through two bytes in the slot, so every insertion and removal takes a fixed number of steps;
//! deadlines are a binary heap of slots. No memory is touched outside of `self` and the
//! queue handed in, no clock is read, nothing is unsafe: tests and explorers drive it on
//! the host, and the ports only carry out what it decides.
//!
//! What a slot runs at is the highest of its own priority, its floor, and what the waiters of the
//! mutexes that it owns lend it ([`Ownable`]). Whether anything is left that could end a wait is
//! known at all times from two counts ([`Scheduler::is_stuck`]).
//!
//! Invariants:
//! 1. A slot is linked into exactly one queue if and only if it is ready, or blocked on a queue.
//! 2. The running slot is in no queue; slot 0, the idle context, is never in a queue at all, though
//!    it counts as ready while another one runs.
//! 3. A slot is in the deadline heap if and only if it is blocked with a deadline.
//! 4. Wake-up order is FIFO within a wait queue; run order is by priority, then FIFO.
//! 5. No ready slot has a higher priority than the running one once a [`Next`] is carried out.
//! 6. `priority` is the highest of `base`, `floor` and `lent`, whenever no call is under way.

mod deadlines;
mod inherit;
mod outlook;
mod queue;
mod steer;

pub(crate) use deadlines::{Deadlines, NOWHERE, Timed};
use inherit::Lent;
pub use inherit::{Inheritance, Mutexes, Ownable};
pub use outlook::Kin;
use outlook::Outlook;
use queue::{Links, NONE};
pub use queue::{PriorityQueue, WaitQueue};

/// Slots in the table: the idle context, main, and all other threads.
pub const THREADS_MAX: usize = 32;
/// Priorities 0 (idle only) to 15 (most urgent).
pub const PRIORITIES: usize = 16;
/// The priority of main and of every thread that does not ask for another one.
pub const PRIORITY_DEFAULT: u8 = 8;

const _: () = assert!(THREADS_MAX < NONE as usize, "a slot index and the end mark share a byte");
const _: () = assert!(THREADS_MAX.is_power_of_two(), "indices are masked");
const _: () = assert!(PRIORITIES <= 16, "the ready bitmap has 16 bits");

/// The index of a slot. The same slot serves many units, one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Slot(pub(crate) u8);

impl Slot {
    /// The idle context: runs when nothing else can.
    pub const IDLE: Slot = Slot(0);
    /// The main thread, which is the first to be added.
    pub const MAIN: Slot = Slot(1);

    /// The position in tables that are indexed by slot.
    #[must_use]
    pub const fn index(self) -> usize {
        // A slot is in the table: to say so is cheaper than to ask at each use.
        self.0 as usize & (THREADS_MAX - 1)
    }
}

/// Why a blocked slot waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Why {
    /// It does not wait.
    Nothing = 0,
    /// For a point of time.
    Sleep = 1,
    /// For a lock.
    Lock = 2,
    /// For the end of another thread.
    Join = 3,
    /// For the console.
    Console = 4,
    /// For a mutex: in a [`PriorityQueue`], and whom it waits for runs no less urgently.
    Mutex = 5,
    /// For a lock of the kernel's own, which the kernel's threads release.
    KernelLock = 6,
    /// For any other object.
    Object = 11,
}

/// How a wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Wake {
    /// What it waited for is there.
    Granted,
    /// Its deadline passed.
    TimedOut,
    /// The unit is asked to end.
    Exit,
    /// The object was poisoned.
    Poisoned,
    /// The object was closed.
    Closed,
}

/// Where a slot is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// Nobody uses the slot.
    Free,
    /// In a ready queue.
    Ready,
    /// On the processor.
    Running,
    /// Waiting.
    Blocked(Why),
    /// Ended, but somebody may still ask how.
    Ended,
}

/// The name of a wait queue: its address, never followed by this module.
pub type QueueName = usize;

/// What the caller must do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a decision that is not carried out leaves the processor with the wrong unit"]
pub enum Next {
    /// The running slot goes on.
    Stay,
    /// The processor changes hands to this slot, which is already marked running.
    Switch(Slot),
}

#[derive(Clone, Copy)]
struct Entry {
    state: State,
    /// What it runs at: invariant 6.
    priority: u8,
    base: u8,
    floor: u8,
    lent: Lent,
    kin: Kin,
    links: Links,
    wake: Wake,
    queue: Option<QueueName>,
    deadline: u64,
    deadline_order: u32,
    deadline_position: u8,
    /// Grows with every wait of anybody, so that two waits can be told apart and put in order.
    ticket: u32,
    /// What is left of the slice that a preemption broke off; 0: a whole one.
    slice_left: u64,
}

const EMPTY: Entry = Entry {
    state: State::Free,
    priority: 0,
    base: 0,
    floor: 0,
    lent: Lent::NOTHING,
    kin: Kin::Program,
    links: Links::UNLINKED,
    wake: Wake::Granted,
    queue: None,
    deadline: 0,
    deadline_order: 0,
    deadline_position: NONE,
    ticket: 0,
    slice_left: 0,
};

impl Timed for Entry {
    fn deadline(&self) -> u64 {
        self.deadline
    }
    fn order(&self) -> u32 {
        self.deadline_order
    }
    fn position(&self) -> u8 {
        self.deadline_position
    }
    fn set_position(&mut self, position: u8) {
        self.deadline_position = position;
    }
}

/// The scheduler. See the module's text for its invariants.
#[derive(Clone)]
pub struct Scheduler {
    entries: [Entry; THREADS_MAX],
    ready: PriorityQueue,
    running: Slot,
    deadlines: Deadlines<THREADS_MAX>,
    outlook: Outlook,
    tickets: u32,
    deadline_orders: u32,
    slice_end: Option<u64>,
    slice_ticks: u64,
}

impl Scheduler {
    /// A scheduler with only the idle context, which runs. A thread runs for `slice_ticks` before
    /// an equal one gets its turn.
    #[must_use]
    pub const fn new(slice_ticks: u64) -> Self {
        let mut entries = [EMPTY; THREADS_MAX];
        entries[0].state = State::Running;
        Self {
            entries,
            ready: PriorityQueue::new(),
            running: Slot::IDLE,
            deadlines: Deadlines::new(),
            outlook: Outlook::NOBODY,
            tickets: 0,
            deadline_orders: 0,
            slice_end: None,
            slice_ticks,
        }
    }

    /// The slot on the processor.
    #[must_use]
    pub const fn running(&self) -> Slot {
        self.running
    }

    /// The state of `slot`.
    #[must_use]
    pub fn state(&self, slot: Slot) -> State {
        self.entries[slot.index()].state
    }

    /// Sets the least that the running slot runs at; 0 takes it back.
    pub fn set_running_floor(&mut self, floor: u8) {
        debug_assert_ne!(self.running, Slot::IDLE, "the idle context has the lowest");
        let entry = &mut self.entries[self.running.index()];
        entry.floor = floor;
        // It is in no queue and owns nobody's wait, so nothing else follows from it.
        entry.priority = entry.effective();
    }

    /// The priority of `slot` without what others lend it.
    #[must_use]
    pub fn base_priority(&self, slot: Slot) -> u8 {
        self.entries[slot.index()].base
    }

    /// What `slot` runs at now.
    #[must_use]
    pub fn priority(&self, slot: Slot) -> u8 {
        self.entries[slot.index()].priority
    }

    /// The queue that `slot` waits in, if it waits in one.
    #[must_use]
    pub fn queue_of(&self, slot: Slot) -> Option<QueueName> {
        self.entries[slot.index()].queue
    }

    /// How the last wait of `slot` ended.
    #[must_use]
    pub fn wake_of(&self, slot: Slot) -> Wake {
        self.entries[slot.index()].wake
    }

    /// Forgets how the running slot's last wait ended: one that never blocks was granted.
    pub fn forget_wake(&mut self) {
        self.entries[self.running.index()].wake = Wake::Granted;
    }

    /// Takes a free slot for a new thread and makes it ready, or `None` if there is none.
    ///
    /// The search looks at most at [`THREADS_MAX`] bytes; it runs in spawn only.
    pub fn add(&mut self, priority: u8, kin: Kin) -> Option<Slot> {
        let index = self.entries.iter().position(|entry| entry.state == State::Free)?;
        let slot = Slot(index as u8);
        let priority = priority.clamp(1, PRIORITIES as u8 - 1);
        self.entries[index] = Entry { priority, base: priority, kin, ..EMPTY };
        self.outlook.came(kin);
        self.make_ready(slot);
        Some(slot)
    }

    /// Ends the running slot. It holds its state until [`free`](Self::free).
    pub fn end_running(&mut self) {
        debug_assert_ne!(self.running, Slot::IDLE, "the idle context never ends");
        let entry = &mut self.entries[self.running.index()];
        entry.state = State::Ended;
        self.outlook.went(entry.kin);
    }

    /// Gives an ended slot back.
    pub fn free(&mut self, slot: Slot) {
        debug_assert_eq!(self.state(slot), State::Ended);
        self.entries[slot.index()] = EMPTY;
    }

    /// Blocks the running slot, in `queue` if there is one, until `deadline` if there is one.
    pub fn block_running(
        &mut self,
        why: Why,
        queue: Option<(&mut WaitQueue, QueueName)>,
        deadline: Option<u64>,
    ) {
        let slot = self.running;
        self.begin_wait(why, queue.as_ref().map(|(_, name)| *name), deadline);
        if let Some((queue, _)) = queue {
            queue.push_back(&mut self.entries, slot);
        }
    }

    /// All of a wait but the queue.
    fn begin_wait(&mut self, why: Why, queue: Option<QueueName>, deadline: Option<u64>) {
        let slot = self.running;
        debug_assert_ne!(slot, Slot::IDLE, "the idle context never waits");
        self.tickets = self.tickets.wrapping_add(1);
        let entry = &mut self.entries[slot.index()];
        entry.state = State::Blocked(why);
        entry.wake = Wake::Granted;
        entry.queue = queue;
        entry.ticket = self.tickets;
        match deadline {
            None => self.outlook.waits(entry.kin, why),
            Some(deadline) => {
                self.deadline_orders = self.deadline_orders.wrapping_add(1);
                entry.deadline = deadline;
                entry.deadline_order = self.deadline_orders;
                self.deadlines.push(&mut self.entries, slot.0);
            }
        }
    }

    /// Wakes the slot that has waited longest in `queue`.
    pub fn wake_first(&mut self, queue: &mut WaitQueue, wake: Wake) -> Option<Slot> {
        let slot = queue.pop_front(&mut self.entries)?;
        self.end_wait(slot, wake);
        Some(slot)
    }

    /// Wakes a blocked slot; anything else is left as it is.
    ///
    /// `queue` must be the queue that [`queue_of`](Self::queue_of) names, if it names one.
    pub fn wake(&mut self, slot: Slot, queue: Option<&mut WaitQueue>, wake: Wake) {
        if matches!(self.state(slot), State::Blocked(_)) {
            if self.entries[slot.index()].queue.is_some() {
                let queue = queue.expect("a slot in a queue leaves it");
                queue.remove(&mut self.entries, slot);
            }
            self.end_wait(slot, wake);
        }
    }

    /// All of a wait's end but the queue.
    fn end_wait(&mut self, slot: Slot, wake: Wake) {
        let entry = &mut self.entries[slot.index()];
        let State::Blocked(why) = entry.state else { unreachable!("it waits") };
        entry.queue = None;
        entry.wake = wake;
        if entry.deadline_position == NONE {
            self.outlook.waits_no_more(entry.kin, why);
        } else {
            self.deadlines.remove(&mut self.entries, slot.0);
        }
        self.make_ready(slot);
    }

    /// The number of the last wait of `slot`: who waits longer has a lower one, modulo 2^32.
    #[must_use]
    pub fn ticket(&self, slot: Slot) -> u32 {
        self.entries[slot.index()].ticket
    }

    /// The number of the last wait of anybody.
    #[must_use]
    pub const fn last_ticket(&self) -> u32 {
        self.tickets
    }

    /// Who waits behind `slot` in the same queue.
    #[must_use]
    pub fn behind(&self, slot: Slot) -> Option<Slot> {
        let next = self.entries[slot.index()].links.next_index();
        (next != NONE).then_some(Slot(next))
    }

    /// The blocked slot whose deadline is the earliest, if that is not after `now`.
    #[must_use]
    pub fn expired(&self, now: u64) -> Option<Slot> {
        let slot = self.deadlines.first().map(Slot)?;
        (self.entries[slot.index()].deadline <= now).then_some(slot)
    }

    /// Whether the running slot goes on whatever the time is: nobody equal or more urgent is ready, and
    /// no slice of it is counted. Neither [`decide`](Self::decide) nor [`give_way`](Self::give_way)
    /// would change anything.
    #[must_use]
    pub fn goes_on(&self) -> bool {
        let running = &self.entries[self.running.index()];
        matches!(running.state, State::Running)
            && self.slice_end.is_none()
            && (self.ready.is_empty() || self.ready.best() < running.priority)
    }

    /// Lets the running slot give way to an equal or more urgent one.
    pub fn give_way(&mut self, now: u64) -> Next {
        let priority = self.entries[self.running.index()].priority;
        if self.ready.is_empty() || self.ready.best() < priority {
            return Next::Stay;
        }
        if self.running != Slot::IDLE {
            self.make_ready(self.running);
        }
        self.take_best(now)
    }

    /// Decides after any change: a running slot that goes on, or the best ready one.
    ///
    /// A slot that is preempted goes back to the *front* of its queue with what is left of its
    /// slice. When its slice is over, it goes to the back.
    pub fn decide(&mut self, now: u64) -> Next {
        let running = self.running;
        if !matches!(self.state(running), State::Running) {
            return self.take_best(now);
        }
        let priority = self.entries[running.index()].priority;
        if !self.ready.is_empty() && self.ready.best() > priority {
            self.preempt(running, now);
            return self.take_best(now);
        }
        let peers = self.ready.has(priority);
        match self.slice_end {
            _ if !peers => self.slice_end = None,
            None => self.slice_end = Some(now + self.slice_ticks),
            Some(end) if now >= end => return self.give_way(now),
            Some(_) => {}
        }
        Next::Stay
    }

    /// When the scheduler must be asked again, if nothing else happens: the earliest deadline or
    /// the end of a slice that somebody waits for.
    #[must_use]
    pub fn alarm(&self) -> Option<u64> {
        let deadline = self.deadlines.first().map(|slot| self.entries[slot as usize].deadline);
        match (deadline, self.slice_end) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        }
    }

    /// Whether nothing is ready but the idle context.
    #[must_use]
    pub const fn is_nobody_ready(&self) -> bool {
        self.ready.is_empty()
    }

    /// All slots in use, for reports; not for critical sections.
    pub fn slots(&self) -> impl Iterator<Item = Slot> + '_ {
        (0..THREADS_MAX as u8).map(Slot).filter(|slot| self.state(*slot) != State::Free)
    }

    fn take_best(&mut self, now: u64) -> Next {
        let slot = match self.ready.first() {
            None => Slot::IDLE,
            Some(slot) => {
                self.ready.remove(&mut self.entries, slot);
                slot
            }
        };
        let before = self.running;
        if before == Slot::IDLE {
            self.entries[Slot::IDLE.index()].state = State::Ready;
        }
        self.running = slot;
        self.entries[slot.index()].state = State::Running;
        let peers = self.ready.has(self.entries[slot.index()].priority);
        let left = core::mem::take(&mut self.entries[slot.index()].slice_left);
        let slice = if left > 0 { left } else { self.slice_ticks };
        self.slice_end = (peers && slot != Slot::IDLE).then_some(now + slice);
        if slot == before { Next::Stay } else { Next::Switch(slot) }
    }

    fn make_ready(&mut self, slot: Slot) {
        self.entries[slot.index()].state = State::Ready;
        self.ready.push_back(&mut self.entries, slot);
    }

    /// Puts the running slot back because a more urgent one runs.
    fn preempt(&mut self, running: Slot, now: u64) {
        if running == Slot::IDLE {
            return;
        }
        let left = self.slice_end.map(|end| end.saturating_sub(now));
        self.entries[running.index()].slice_left = left.unwrap_or(0);
        match left {
            // Its slice ended at this very moment: the next one has its turn.
            Some(0) => self.make_ready(running),
            _ => self.make_ready_first(running),
        }
    }

    fn make_ready_first(&mut self, slot: Slot) {
        self.entries[slot.index()].state = State::Ready;
        self.ready.push_front(&mut self.entries, slot);
    }
}

#[cfg(test)]
mod explore;
#[cfg(test)]
mod tests;
