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

mod attention;
mod deadlines;
mod decision;
mod inherit;
mod line;
mod outlook;
mod queue;
mod slots;
mod steer;
mod suspend;

pub use attention::Attention;
pub(crate) use deadlines::{Deadlines, NOWHERE, Timed};
pub use decision::{Rivals, Slice};
use inherit::Lent;
pub use inherit::{Inheritance, Mutexes, Ownable};
pub use outlook::Kin;
pub use outlook::Trail;
use outlook::{Chance, Outlook};
use queue::{Links, NONE};
pub use queue::{PriorityQueue, WaitQueue};
pub use slots::SlotSet;

/// Slots in the table: the idle context, main, and all other threads.
pub const THREADS_MAX: usize = 64;
/// Priorities 0 (idle only) to 15 (most urgent).
pub const PRIORITIES: usize = 16;
/// The priority of main and of every thread that does not ask for another one.
pub const PRIORITY_DEFAULT: u8 = 8;

const _: () = assert!(THREADS_MAX < NONE as usize, "a slot index and the end mark share a byte");
const _: () = assert!(PRIORITIES <= 16, "the ready bitmap has 16 bits");
const _: () = assert!(THREADS_MAX.is_power_of_two(), "an index is masked and not compared");

/// The index of a slot. The same slot serves many units, one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Slot(pub(crate) u8);

impl Slot {
    /// The idle context: runs when nothing else can.
    pub const IDLE: Slot = Slot(0);
    /// The main thread, which is the first to be added.
    pub const MAIN: Slot = Slot(1);

    /// The position in tables that are indexed by slot. Masked, so that no access to them is checked.
    #[inline(always)]
    #[must_use]
    pub const fn index(self) -> usize {
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
    /// It could run, but somebody has suspended it.
    Suspended,
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

/// What no queue is called.
const NO_QUEUE: QueueName = usize::MAX;

#[derive(Clone, Copy)]
struct Entry {
    state: State,
    /// What it runs at: invariant 6.
    priority: u8,
    base: u8,
    floor: u8,
    kin: Kin,
    wake: Wake,
    links: Links,
    deadline_position: u8,
    queue: QueueName,
    deadline: u64,
    /// Grows with every wait of anybody, so that two waits can be told apart and put in order.
    ticket: u32,
    /// What is left of the slice that a preemption broke off; 0: a whole one.
    slice_left: u32,
}

/// What the scheduler keeps of each slot.
pub const SLOT_BYTES: usize =
    size_of::<Entry>() + size_of::<Lent>() + size_of::<Deadlines<1>>() - size_of::<Deadlines<0>>();

const EMPTY: Entry = Entry {
    state: State::Free,
    priority: 0,
    base: 0,
    floor: 0,
    kin: Kin::Program,
    wake: Wake::Granted,
    links: Links::UNLINKED,
    deadline_position: NONE,
    queue: NO_QUEUE,
    deadline: 0,
    ticket: 0,
    slice_left: 0,
};

impl Timed for Entry {
    #[inline(always)]
    fn deadline(&self) -> u64 {
        self.deadline
    }
    #[inline(always)]
    fn order(&self) -> u32 {
        self.ticket
    }
    #[inline(always)]
    fn position(&self) -> u8 {
        self.deadline_position
    }
    #[inline(always)]
    fn set_position(&mut self, position: u8) {
        self.deadline_position = position;
    }
}

/// The scheduler. See the module's text for its invariants. What every call looks at comes first.
#[derive(Clone)]
#[repr(C)]
pub struct Scheduler {
    /// What is due; others than the scheduler have bits of it too.
    pub attention: Attention,
    ready: PriorityQueue,
    running: Slot,
    /// What the running slot runs at.
    level: u8,
    /// Whether the slice of the running slot is counted, up to `slice_end`.
    slice: Counted,
    slice_end: u32,
    slice_stamps: u32,
    tickets: u32,
    outlook: Outlook,
    /// Slots that nobody uses.
    vacant: SlotSet,
    deadlines: Deadlines<THREADS_MAX>,
    entries: [Entry; THREADS_MAX],
    lent: [Lent; THREADS_MAX],
    /// Whose priority may not be what it is due.
    unsettled: SlotSet,
    /// Those that somebody has suspended.
    suspended: SlotSet,
}

/// Whether a slice is counted, and whether an alarm stands for it: the alarm of an earlier slice does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Counted {
    counts: bool,
    has_alarm: bool,
}

impl Scheduler {
    /// A scheduler with only the idle context, which runs. A thread runs for `slice_stamps` before
    /// an equal one gets its turn.
    #[must_use]
    pub const fn new(slice_stamps: u32) -> Self {
        let mut entries = [EMPTY; THREADS_MAX];
        entries[0].state = State::Running;
        Self {
            attention: Attention::NOTHING,
            ready: PriorityQueue::new(),
            running: Slot::IDLE,
            level: 0,
            slice: Counted { counts: false, has_alarm: false },
            slice_end: 0,
            slice_stamps,
            tickets: 0,
            outlook: Outlook::NOBODY,
            vacant: SlotSet::all_but_idle(),
            deadlines: Deadlines::new(),
            entries,
            lent: [Lent::NOTHING; THREADS_MAX],
            unsettled: SlotSet::EMPTY,
            suspended: SlotSet::EMPTY,
        }
    }

    /// How long a thread runs before an equal one gets its turn, from now on.
    pub const fn set_slice(&mut self, stamps: u32) {
        self.slice_stamps = stamps;
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
        self.entries[self.running.index()].floor = floor;
        // It is in no queue and owns nobody's wait, so nothing else follows from it.
        self.entries[self.running.index()].priority = self.effective(self.running);
        self.note_level();
        if floor == 0 && self.suspended.contains(self.running) {
            self.halt(self.running);
        }
    }

    /// The priority of the running slot has changed.
    pub(super) fn note_level(&mut self) {
        self.level = self.entries[self.running.index()].priority;
        self.attention.raise(Attention::SWITCH);
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
        let name = self.entries[slot.index()].queue;
        (name != NO_QUEUE).then_some(name)
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
    /// The first one that is free.
    pub fn add(&mut self, priority: u8, kin: Kin) -> Option<Slot> {
        let slot = self.vacant.first()?;
        self.vacant.remove(slot);
        let index = slot.index();
        let priority = priority.clamp(1, PRIORITIES as u8 - 1);
        self.entries[index] = Entry { priority, base: priority, kin, ..EMPTY };
        self.lent[index] = Lent::NOTHING;
        // Where nothing was left that could end a wait, every section looks whether that is still so.
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
        self.attention.raise(Attention::SWITCH.and(Attention::LOOK));
    }

    /// Gives an ended slot back.
    pub fn free(&mut self, slot: Slot) {
        debug_assert_eq!(self.state(slot), State::Ended);
        self.entries[slot.index()] = EMPTY;
        self.vacant.insert(slot);
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
    #[inline]
    fn begin_wait(&mut self, why: Why, queue: Option<QueueName>, deadline: Option<u64>) {
        let slot = self.running;
        debug_assert_ne!(slot, Slot::IDLE, "the idle context never waits");
        debug_assert_ne!(queue, Some(NO_QUEUE), "a queue has another name");
        self.tickets = self.tickets.wrapping_add(1);
        self.attention.raise(Attention::SWITCH);
        let entry = &mut self.entries[slot.index()];
        entry.state = State::Blocked(why);
        entry.wake = Wake::Granted;
        entry.queue = queue.unwrap_or(NO_QUEUE);
        entry.ticket = self.tickets;
        match deadline {
            None => {
                if self.outlook.waits(entry.kin, why) == Chance::None {
                    self.attention.raise(Attention::LOOK);
                }
            }
            Some(deadline) => {
                entry.deadline = deadline;
                self.deadlines.push(&mut self.entries, slot.0);
                if self.entries[slot.index()].deadline_position == 0 {
                    self.attention.raise(Attention::ALARM);
                }
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
            if self.entries[slot.index()].queue != NO_QUEUE {
                let queue = queue.expect("a slot in a queue leaves it");
                queue.remove(&mut self.entries, slot);
            }
            self.end_wait(slot, wake);
        }
    }

    /// All of a wait's end but the queue.
    #[inline]
    fn end_wait(&mut self, slot: Slot, wake: Wake) {
        let entry = &mut self.entries[slot.index()];
        let State::Blocked(why) = entry.state else { unreachable!("it waits") };
        entry.queue = NO_QUEUE;
        entry.wake = wake;
        if entry.deadline_position != NONE {
            return self.end_timed_wait(slot);
        }
        self.outlook.waits_no_more(entry.kin, why);
        self.make_ready(slot);
    }

    #[inline(never)]
    fn end_timed_wait(&mut self, slot: Slot) {
        self.deadlines.remove(&mut self.entries, slot.0);
        if self.suspended.contains(slot) && self.entries[slot.index()].floor == 0 {
            self.entries[slot.index()].state = State::Suspended;
            return;
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
        if slot == self.running {
            return None;
        }
        let next = self.entries[slot.index()].links.next_index();
        (next != NONE).then_some(Slot(next))
    }

    /// The blocked slot whose deadline is the earliest, if that is not after `now`.
    #[must_use]
    pub fn expired(&self, now: u64) -> Option<Slot> {
        let slot = self.deadlines.first().map(Slot)?;
        (self.entries[slot.index()].deadline <= now).then_some(slot)
    }

    /// The earliest deadline of a wait.
    #[inline]
    #[must_use]
    pub fn deadline(&self) -> Option<u64> {
        let first = self.deadlines.first()?;
        Some(self.entries[Slot(first).index()].deadline)
    }

    /// How many stamps after `now` the alarm must come for the end of a slice, if for one: an alarm
    /// for it stands from now on.
    pub fn alarm_for_slice(&mut self, now: u32) -> Option<u32> {
        self.slice.has_alarm = self.slice.counts;
        self.slice.counts.then(|| self.slice_left(now))
    }

    /// The alarm came: no alarm stands, and a slice may be over.
    pub fn alarm_came(&mut self) {
        self.slice.has_alarm = false;
        self.attention.raise(Attention::ALARM.and(Attention::SLICE));
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
}

#[cfg(test)]
mod explore;
#[cfg(test)]
mod tests;
