//! Every interleaving of a few threads that use a few objects, to closure, against a simple model.
//!
//! A state is the scheduler, the objects and how far each thread has come. From each state every step
//! that could come next is taken: the running thread's next operation, or time passing to the next
//! deadline, or the running thread's slice ending. States that were seen before are not gone on from, so
//! the walk ends when it has seen them all. In each one the invariants hold that the model states:
//! - a lock or mutex that is free has no waiters, and one that is held has one holder;
//! - each blocked thread is in exactly one queue, and waiters stand in the promised order;
//! - what a thread runs at is what the priorities of those that wait for it say, found by looking at all;
//! - a thread is stuck if and only if the model finds no thread that could go on.
//!
//! At the end it is asked that every thread can end from every state that is not a deadlock.

use super::*;
use std::collections::{HashSet, VecDeque};

const THREADS: usize = 3;
const OBJECTS: usize = 2;

/// What a thread does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// Take the mutex, or wait for it.
    Lock(usize),
    /// As above, and give up at the deadline.
    LockFor(usize),
    Unlock(usize),
    /// The same three of a binary semaphore, which is first come, first served.
    Acquire(usize),
    AcquireFor(usize),
    Release(usize),
    Yield,
    Sleep,
    /// A shorter sleep, which ends between the ends of others.
    Nap,
}

/// How long timed waits last, in ticks of a clock that stands still while anything runs.
const TIMEOUT: u64 = 5;
const NAP: u64 = 3;
const SLICE: u32 = 1_000;

#[derive(Clone)]
struct Fifo {
    queue: WaitQueue,
    holder: Option<Slot>,
}

#[derive(Clone)]
struct World {
    sched: Scheduler,
    mutexes: [Ownable; OBJECTS],
    fifos: [Fifo; OBJECTS],
    /// The next step of each thread.
    at: [usize; THREADS],
    /// Which objects each thread has, by index; a timed wait may have failed.
    has_mutex: [[bool; OBJECTS]; THREADS],
    has_fifo: [[bool; OBJECTS]; THREADS],
    now: u64,
    pace: Pace,
    /// A wait has begun, and its chain of owners is not settled: no thread runs, but time may pass.
    is_between: bool,
}

/// How chains of owners are settled.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Pace {
    /// To their ends in one step.
    AtOnce,
    /// One link a step, as the kernel does, with time-outs in between.
    LinkByLink,
}

struct Names<'a>(&'a mut [Ownable; OBJECTS]);

impl Mutexes for Names<'_> {
    fn mutex(&mut self, name: QueueName) -> &mut Ownable {
        &mut self.0[name]
    }
}

const FIFO_NAMES: usize = 100;

fn slot_of(thread: usize) -> Slot {
    Slot(thread as u8 + 1)
}

impl World {
    fn new(priorities: [u8; THREADS]) -> Self {
        let mut sched = Scheduler::new(SLICE);
        for priority in priorities {
            sched.add(priority, Kin::Program).unwrap();
        }
        let _ = sched.decide(0);
        Self {
            sched,
            mutexes: [const { Ownable::new(Inheritance::On) }; OBJECTS],
            fifos: [const { Fifo { queue: WaitQueue::new(), holder: None } }; OBJECTS],
            at: [0; THREADS],
            has_mutex: [[false; OBJECTS]; THREADS],
            has_fifo: [[false; OBJECTS]; THREADS],
            now: 0,
            pace: Pace::AtOnce,
            is_between: false,
        }
    }

    fn running(&self) -> Option<usize> {
        (self.sched.running() != Slot::IDLE).then(|| self.sched.running().index() - 1)
    }

    /// What tells one state from another: all but counters that only put things in order.
    fn key(&self) -> Vec<u8> {
        let mut key = Vec::with_capacity(64);
        key.extend([self.sched.running().0, u8::from(self.is_between)]);
        key.extend(self.sched.unsettled.iter().map(|slot| 200 + slot.0));
        for thread in 0..THREADS {
            let slot = slot_of(thread);
            let entry = &self.sched.entries[slot.index()];
            let state = match entry.state {
                State::Free => 0,
                State::Ready => 1,
                State::Running => 2,
                State::Blocked(why) => 10 + why as u8,
                State::Ended => 3,
                State::Suspended => 4,
            };
            let left = if entry.deadline_position == NONE {
                255
            } else {
                (entry.deadline - self.now) as u8
            };
            let queue = self.sched.queue_of(slot).map_or(255, |name| name as u8);
            let behind = self.sched.behind(slot).map_or(255, |slot| slot.0);
            key.extend([self.at[thread] as u8, state, entry.priority, left, queue, behind]);
            key.push(entry.wake as u8);
            for object in 0..OBJECTS {
                let bits = u8::from(self.has_mutex[thread][object])
                    | u8::from(self.has_fifo[thread][object]) << 1;
                key.push(bits);
            }
        }
        key
    }

    /// Ends a wait as the clock does.
    fn expire(&mut self) {
        let Some(at) = self.sched.alarm(self.now as u32) else { return };
        self.now = self.now.max(at);
        while let Some(slot) = self.sched.expired(self.now) {
            self.wake(slot, Wake::TimedOut);
        }
        // What a time-out settles the waiting thread finds settled.
        self.is_between &= self.is_unsettled();
        self.decide_unless_between();
    }

    fn wake(&mut self, slot: Slot, wake: Wake) {
        match self.sched.queue_of(slot) {
            None => self.sched.wake(slot, None, wake),
            Some(name) if name >= FIFO_NAMES => {
                let queue = &mut self.fifos[name - FIFO_NAMES].queue;
                self.sched.wake(slot, Some(queue), wake);
            }
            Some(_) => self.sched.give_up_owning(slot, wake, &mut Names(&mut self.mutexes)),
        }
        self.settle();
    }

    /// Goes along all chains of owners to their ends, or one link.
    fn settle(&mut self) {
        while self.sched.settle_one(&mut Names(&mut self.mutexes)) && self.pace == Pace::AtOnce {}
    }

    /// One link more, and where that was the last one the decision that waited for it.
    fn settle_link(&mut self) {
        self.is_between &= self.sched.settle_one(&mut Names(&mut self.mutexes));
        self.decide_unless_between();
    }

    fn decide_unless_between(&mut self) {
        if !self.is_between {
            let _ = self.sched.decide(self.now as u32);
        }
    }

    fn is_unsettled(&self) -> bool {
        !self.sched.unsettled.is_empty()
    }

    /// Takes the running thread's next step; `false` if it has none.
    fn step(&mut self, program: &[Step]) -> bool {
        let Some(thread) = self.running() else { return false };
        let Some(step) = program.get(self.at[thread]).copied() else {
            self.sched.end_running();
            let _ = self.sched.decide(self.now as u32);
            return true;
        };
        self.at[thread] += 1;
        self.check_line(step);
        self.perform(thread, step);
        let waits = self.sched.state(slot_of(thread)) == State::Blocked(Why::Mutex);
        self.is_between = self.pace == Pace::LinkByLink && waits && self.is_unsettled();
        if self.is_between {
            return true;
        }
        self.settle();
        let _ = match step {
            Step::Yield => self.sched.give_way(self.now as u32),
            _ => self.sched.decide(self.now as u32),
        };
        true
    }

    fn perform(&mut self, thread: usize, step: Step) {
        let deadline = Some(self.now + TIMEOUT);
        match step {
            Step::Lock(object) => self.lock(thread, object, None),
            Step::LockFor(object) => self.lock(thread, object, deadline),
            Step::Acquire(object) => self.acquire(thread, object, None),
            Step::AcquireFor(object) => self.acquire(thread, object, deadline),
            Step::Unlock(object) => {
                // It gave up before, or it has it: what it was handed is noted by who handed it.
                if core::mem::take(&mut self.has_mutex[thread][object])
                    && let Some(next) = self.sched.hand_on(object, &mut Names(&mut self.mutexes))
                {
                    self.has_mutex[next.index() - 1][object] = true;
                }
            }
            Step::Release(object) => {
                if core::mem::take(&mut self.has_fifo[thread][object]) {
                    let Fifo { queue, holder } = &mut self.fifos[object];
                    *holder = self.sched.wake_first(queue, Wake::Granted);
                    if let Some(next) = *holder {
                        self.has_fifo[next.index() - 1][object] = true;
                    }
                }
            }
            Step::Nap => self.sched.block_running(Why::Sleep, None, Some(self.now + NAP)),
            Step::Sleep => self.sched.block_running(Why::Sleep, None, deadline),
            Step::Yield => {}
        }
    }

    /// Where the step is one that also goes in line: that does the same.
    fn check_line(&self, step: Step) {
        let (mut long, mut short) = (self.clone(), self.clone());
        let now = self.now as u32;
        for world in [&mut long, &mut short] {
            // What was due is done: the alarm stands, and the chance was looked at.
            world.sched.attention = Attention::NOTHING;
        }
        let went = match step {
            Step::Acquire(object) if self.fifos[object].holder.is_some() => {
                let (queue, name) = (&mut long.fifos[object].queue, FIFO_NAMES + object);
                long.sched.block_running(Why::Lock, Some((queue, name)), None);
                let queue = &mut short.fifos[object].queue;
                short.sched.wait_in_line(queue, name, Why::Lock, now).is_some()
            }
            Step::Release(object) => {
                let _ = long.sched.wake_first(&mut long.fifos[object].queue, Wake::Granted);
                let queue = &mut short.fifos[object].queue;
                let first = queue.first().and_then(|_| short.sched.first_in_line(queue));
                first.map(|slot| short.sched.grant_in_line(queue, slot, now)).is_some()
            }
            _ => return,
        };
        if !went {
            return assert_eq!(short.key(), self.key(), "nothing was done");
        }
        for world in [&mut long, &mut short] {
            if world.sched.attention.any(Attention::AT_END) && !world.is_just_alarm() {
                let _ = world.sched.decide(now);
            }
        }
        assert_eq!(short.key(), long.key());
        let rest = |sched: &Scheduler| {
            let Scheduler { attention, ready, level, slice, slice_end, outlook, .. } = sched;
            format!("{attention:?} {ready:?} {level} {slice:?} {slice_end} {outlook:?}")
        };
        assert_eq!(rest(&short.sched), rest(&long.sched));
    }

    fn is_just_alarm(&self) -> bool {
        let mut attention = self.sched.attention;
        attention.lower(Attention::ALARM);
        attention.is_nothing()
    }

    fn lock(&mut self, thread: usize, object: usize, deadline: Option<u64>) {
        if self.sched.own(&mut self.mutexes[object]) {
            self.has_mutex[thread][object] = true;
        } else {
            self.sched.wait_to_own(object, deadline, &mut Names(&mut self.mutexes));
        }
    }

    fn acquire(&mut self, thread: usize, object: usize, deadline: Option<u64>) {
        let Fifo { queue, holder } = &mut self.fifos[object];
        if holder.is_none() {
            *holder = Some(slot_of(thread));
            self.has_fifo[thread][object] = true;
        } else {
            let queue = Some((queue, FIFO_NAMES + object));
            self.sched.block_running(Why::Lock, queue, deadline);
        }
    }

    fn waiters(&self, name: QueueName) -> Vec<usize> {
        let waits = |thread: &usize| {
            matches!(self.sched.state(slot_of(*thread)), State::Blocked(_))
                && self.sched.queue_of(slot_of(*thread)) == Some(name)
        };
        (0..THREADS).filter(waits).collect()
    }

    /// The model's word on what a thread runs at: the highest of its own and of all that wait for it,
    /// directly or through others.
    fn due(&self, thread: usize, seen: &mut [bool; THREADS]) -> u8 {
        let mut due = self.sched.base_priority(slot_of(thread));
        if core::mem::replace(&mut seen[thread], true) {
            return due;
        }
        for (object, mutex) in self.mutexes.iter().enumerate() {
            if mutex.owner() == Some(slot_of(thread)) {
                for waiter in self.waiters(object) {
                    due = due.max(self.due(waiter, seen));
                }
            }
        }
        due
    }

    fn check(&self) {
        for (object, mutex) in self.mutexes.iter().enumerate() {
            let owners: Vec<usize> = (0..THREADS).filter(|t| self.has_mutex[*t][object]).collect();
            assert!(owners.len() <= 1, "mutex {object} has owners {owners:?}");
            assert_eq!(mutex.owner(), owners.first().map(|thread| slot_of(*thread)));
            let waiters = self.waiters(object);
            assert!(waiters.is_empty() || mutex.owner().is_some(), "free, and waited for");
            let best = waiters.iter().map(|t| self.sched.priority(slot_of(*t))).max();
            let first = mutex.first_waiter().map(|slot| self.sched.priority(slot));
            assert_eq!(first, best, "the most urgent is first");
        }
        for (object, fifo) in self.fifos.iter().enumerate() {
            let waiters = self.waiters(FIFO_NAMES + object);
            assert!(waiters.is_empty() || fifo.holder.is_some(), "free, and waited for");
            let oldest = waiters.iter().min_by_key(|t| self.sched.ticket(slot_of(**t)));
            assert_eq!(fifo.queue.first(), oldest.map(|thread| slot_of(*thread)));
        }
        if self.is_unsettled() {
            // The rest is promised of what is settled.
            return;
        }
        for thread in 0..THREADS {
            if self.sched.state(slot_of(thread)) != State::Ended {
                let due = self.due(thread, &mut [false; THREADS]);
                let is = self.sched.priority(slot_of(thread));
                // In a circle they lend each other for ever what was lent once: nobody in it runs.
                let is_kept = self.is_in_circle(thread) && is > due;
                assert!(is == due || is_kept, "thread {thread} runs at {is} and is due {due}");
            }
        }
        assert_eq!(self.sched.is_stuck(0), self.is_stuck(), "the counts are right");
        let running = self.sched.priority(self.sched.running());
        assert!(self.sched.ready.is_empty() || self.sched.ready.best() <= running);
    }

    /// Whether following owners from a thread leads back to it.
    fn is_in_circle(&self, thread: usize) -> bool {
        let owner_of_wanted = |slot: Slot| {
            let is_waiting = self.sched.state(slot) == State::Blocked(Why::Mutex);
            let name = self.sched.queue_of(slot).filter(|_| is_waiting);
            let owner = name.and_then(|name| self.mutexes[name].owner());
            owner.map_or(SlotSet::EMPTY, SlotSet::of)
        };
        Trail::NEW.clone().circle(slot_of(thread), owner_of_wanted).is_some()
    }

    /// The model's word on whether anything can go on.
    fn is_stuck(&self) -> bool {
        let mut living = (0..THREADS).map(slot_of);
        let mut any = false;
        living.all(|slot| match self.sched.state(slot) {
            State::Ended => true,
            State::Blocked(Why::Lock | Why::Mutex) if !self.sched.has_deadline(slot) => {
                any = true;
                true
            }
            _ => false,
        }) && any
    }

    fn is_over(&self) -> bool {
        (0..THREADS).all(|thread| self.sched.state(slot_of(thread)) == State::Ended)
    }

    /// Every state that can come next.
    fn successors(&self, programs: &[&[Step]; THREADS]) -> Vec<World> {
        let mut next = Vec::new();
        if self.is_unsettled() {
            let mut world = self.clone();
            world.settle_link();
            next.push(world);
        }
        if self.is_between {
            if self.sched.alarm(self.now as u32).is_some() {
                let mut world = self.clone();
                world.expire();
                next.push(world);
            }
            return next;
        }
        if let Some(thread) = self.running() {
            let mut world = self.clone();
            world.step(programs[thread]);
            next.push(world);
            // Its slice ends before the step.
            let mut world = self.clone();
            if world.sched.give_way(world.now as u32) != Next::Stay {
                next.push(world);
            }
        }
        // Time may pass at any moment.
        if self.sched.alarm(self.now as u32).is_some() {
            let mut world = self.clone();
            world.expire();
            next.push(world);
        }
        next
    }
}

/// What a walk found.
#[derive(Debug)]
struct Found {
    states: usize,
    deadlocks: usize,
    ends: usize,
    /// States between two links in which time could pass, too.
    between: usize,
}

fn explore(priorities: [u8; THREADS], programs: [&[Step]; THREADS]) -> Found {
    explore_from(World::new(priorities), programs)
}

/// As [`explore`], with all that can happen between two links of a chain of owners.
fn explore_links(priorities: [u8; THREADS], programs: [&[Step]; THREADS]) -> Found {
    explore_from(World { pace: Pace::LinkByLink, ..World::new(priorities) }, programs)
}

fn explore_from(first: World, programs: [&[Step]; THREADS]) -> Found {
    let mut seen = HashSet::from([first.key()]);
    let mut to_do = VecDeque::from([first]);
    let mut found = Found { states: 0, deadlocks: 0, ends: 0, between: 0 };
    while let Some(world) = to_do.pop_front() {
        world.check();
        found.states += 1;
        found.ends += usize::from(world.is_over());
        let next = world.successors(&programs);
        found.between += usize::from(world.is_between && next.len() > 1);
        if world.is_stuck() && !world.is_unsettled() {
            found.deadlocks += 1;
            assert!(next.is_empty(), "stuck, and yet something goes on");
        } else if next.is_empty() {
            assert!(world.is_over(), "nothing goes on, and it is no deadlock: {:?}", world.at);
        }
        to_do.extend(next.into_iter().filter(|world| seen.insert(world.key())));
    }
    println!("{found:?}");
    found
}

use Step::*;

#[test]
fn three_threads_two_mutexes_and_a_deadline_to_closure() {
    let found = explore(
        [3, 5, 5],
        [
            &[Lock(0), Yield, Lock(1), Yield, Unlock(1), Unlock(0)],
            &[LockFor(0), Sleep, LockFor(1), Unlock(1), Unlock(0)],
            &[Sleep, Lock(1), Yield, Unlock(1), LockFor(0), Unlock(0)],
        ],
    );
    assert!(found.states > 100 && found.ends > 0, "{found:?}");
    assert_eq!(found.deadlocks, 0, "one order of locks, or a deadline");
}

#[test]
fn opposite_orders_reach_the_deadlock_and_it_is_recognised_as_one() {
    for priorities in [[5, 5, 5], [3, 5, 7], [7, 5, 3]] {
        let found = explore(
            priorities,
            [
                &[Lock(0), Sleep, Lock(1), Unlock(1), Unlock(0)],
                &[Lock(1), Sleep, Lock(0), Unlock(0), Unlock(1)],
                &[Sleep, LockFor(0), Unlock(0)],
            ],
        );
        assert!(found.deadlocks > 0, "{found:?}");
    }
}

#[test]
fn three_threads_two_locks_and_a_deadline_to_closure() {
    let found = explore(
        [5, 5, 7],
        [
            &[Acquire(0), Yield, AcquireFor(1), Release(1), Release(0), Acquire(1), Release(1)],
            &[AcquireFor(1), Sleep, AcquireFor(0), Release(0), Release(1)],
            &[Sleep, Acquire(0), Sleep, Release(0), AcquireFor(1), Yield, Release(1)],
        ],
    );
    assert!(found.states > 100 && found.ends > 0 && found.deadlocks == 0, "{found:?}");
}

#[test]
fn mutexes_and_locks_mixed_keep_both_orders() {
    let found = explore(
        [2, 4, 6],
        [
            &[Lock(0), AcquireFor(0), Sleep, Release(0), Unlock(0), Lock(1), Unlock(1)],
            &[AcquireFor(0), LockFor(1), Yield, LockFor(0), Unlock(0), Unlock(1), Release(0)],
            &[Sleep, LockFor(1), LockFor(0), Sleep, Unlock(0), Unlock(1), Acquire(1), Release(1)],
        ],
    );
    assert!(found.states > 100 && found.ends > 0, "{found:?}");
}

#[test]
fn time_outs_between_two_links_of_a_chain_leave_priorities_right() {
    let chain: [&[Step]; THREADS] = [
        &[Lock(0), Sleep, Sleep, Sleep, Unlock(0), Lock(1), Unlock(1)],
        &[Lock(1), Sleep, LockFor(0), Yield, Unlock(0), Unlock(1)],
        &[Sleep, Nap, LockFor(1), Unlock(1), LockFor(0), Unlock(0)],
    ];
    for priorities in [[2, 4, 6], [6, 2, 4], [2, 6, 4], [4, 4, 4]] {
        let found = explore_links(priorities, chain);
        assert!(found.ends > 0 && found.deadlocks == 0, "{found:?}");
    }
    let found = explore_links([2, 4, 6], chain);
    assert!(found.between > 0, "time passed between two links: {found:?}");
}

#[test]
fn link_by_link_a_circle_is_recognised_all_the_same() {
    let found = explore_links(
        [3, 5, 7],
        [
            &[Lock(0), Sleep, Lock(1), Unlock(1), Unlock(0)],
            &[Lock(1), Sleep, Lock(0), Unlock(0), Unlock(1)],
            &[Sleep, LockFor(0), Unlock(0)],
        ],
    );
    assert!(found.deadlocks > 0 && found.ends > 0, "{found:?}");
}
