//! The state of one kernel instance, and the only ways to it.
//!
//! Everything that more than one context touches is in [`Kernel`], and [`with`] is how thread code
//! reaches it: the kernel is *held* meanwhile, and no switch is made. Handlers hold it as a whole.
//! Interrupts stay on in both; how that goes together is told in `section`. A switch is
//! never made under a borrow of the kernel: [`reschedule`] takes what it needs, lets go, and then
//! asks the port.
//!
//! Time has two measures here. *Ticks* are the clock's: exact, and dear to read. *Stamps* are the cycle
//! counter's: one instruction to read, 32 bits wide, and on silicon they stand still while the
//! processor waits for interrupts, so the idle context sets them right. Slices and accounts are
//! in stamps, deadlines in ticks. The alarm may stand too early, never too late: what it finds nothing
//! to do for sets the next one, so hardly any call has to touch it.
//!
//! Invariants:
//! 1. One `&mut Kernel` at a time: made in the functions of `section`, `line` and `handler`, all
//!    with the kernel held or interrupts masked, none of which calls another.
//! 2. The context of the running slot is stale; that of every other live slot is what a switch saved.
//! 3. A wait queue that a blocked slot names lives until the slot is woken: it is part of the
//!    kernel, or of an object that the waiting frame borrows.

pub mod handler;
mod line;
mod section;

pub(crate) use line::{Waited, grant_in_line, wait_in_line, word_of_running};
pub(crate) use section::*;

use crate::callback::Callbacks;
use crate::collect::Collector;
use crate::command::Commands;
use crate::compat::Compatibility;
use crate::console::Console;
use crate::deadlock::Deadlocks;
use crate::drain::WayOut;
use crate::era::{Era, LongStamp};
use crate::heap::{Heap, OwnerIndex};
use crate::leak::Leaks;
use crate::mem::account::Account;
use crate::module::Modules;
use crate::port::{self, Facts, Seat, StackRange};
use crate::report::Reports;
use crate::rtt::Ring;
use crate::sched::{Attention, QueueName, Scheduler, Slot, State, THREADS_MAX, Wake, Why};
use crate::shell::Mailbox;
use crate::site::Sites;
use crate::slices::Slices;
use crate::sync::deferred::Deferred;
use crate::sync::{head, mutex, races::Races};
use crate::thread::{Suspension, Thread};
use crate::timer::Timers;
use crate::torn_down::TornDown;
use core::ptr::NonNull;
use ramscope_wire as wire;
use wire::{FrameWriter, Level, Payload, UnitId};

/// How long a thread runs while an equal one waits: 10 ms, as FreeRTOS under MicroPython.
const SLICE_TICKS: u32 = port::TICKS_PER_SECOND / 100;

/// The longest that no interrupt comes while a thread runs, in stamps: they wrap at four times that.
const PULSE_STAMPS: u32 = 1 << 30;

/// Deadlines that one clock interrupt serves. More of them are served by the next interrupt, which
/// follows at once: what it holds the kernel for is bounded, whatever expires together.
const EXPIRED_PER_INTERRUPT: usize = 4;

/// One kernel instance. Opaque: boards only place it somewhere.
///
/// In this order in memory: what every call looks at is at the instance's own address, which is an
/// instruction less to reach.
#[repr(C)]
pub struct Kernel {
    switch_stamp: u32,
    stamp_offset: u32,
    era: Era,
    handler_entered: u32,
    pub(crate) handler_longest_window: u32,
    pub(crate) sched: Scheduler,
    pub(crate) heap: Heap,
    pub(crate) account: Account,
    pub(crate) threads: [Thread; THREADS_MAX],
    pub(crate) console: Console,
    pub(crate) commands: Commands,
    pub(crate) mailbox: Mailbox,
    pub(crate) reports: Reports,
    pub(crate) sites: Sites,
    pub(crate) torn_down: TornDown,
    pub(crate) deadlocks: Deadlocks,
    pub(crate) leaks: Leaks,
    pub(crate) races: Races,
    pub(crate) deferred: Deferred,
    pub(crate) compatibility: Compatibility,
    pub(crate) timers: Timers,
    pub(crate) callbacks: Callbacks,
    pub(crate) modules: Modules,
    pub(crate) collector: Collector,
    pub(crate) ring: Ring,
    pub(crate) level: Level,
    pub(crate) way_out: WayOut,
    /// How many drains were started: the number of the one that may write.
    pub(crate) drains: u32,
    pub(crate) facts: Option<Facts>,
    pub(crate) handler_entries: u32,
    /// Time stamps that handlers took, and the most that one of them did.
    pub(crate) handler_ticks: u64,
    pub(crate) handler_longest: u32,
    pub(crate) window: u32,
    /// A section is under way that the hold does not tell of: a panic or fault now means that the
    /// kernel itself is broken.
    pub(crate) busy: bool,
    /// The program has masked interrupts: what goes wrong then is its own fault.
    pub(crate) program_masks: bool,
    /// No other thread runs, whatever handlers do: the running one is in the middle of something.
    pub(crate) holds_still: bool,
    /// How many threads are to be told something.
    news: u8,
    /// The last words are being said.
    pub(crate) dying: bool,
    pub(crate) frames: FrameWriter,
    pub(crate) interrupt_peak: u32,
    pub(crate) interrupt_peak_window: u32,
    units: u32,
    objects: u32,
    pub(crate) stamps_per_tick: u32,
    /// Where the alarm stands, in ticks; [`NEVER`] without one.
    alarm: u64,
    /// When the alarm must come at the latest while a thread runs, in ticks.
    pulse: u64,
    /// How long slices are.
    pub(crate) slices: Slices,
    /// The last suspension of each slot.
    pub(crate) suspensions: [Suspension; THREADS_MAX],
}

/// An alarm that does not come.
const NEVER: u64 = u64::MAX;

impl Kernel {
    /// An instance before [`start`](crate::start).
    #[must_use]
    pub const fn new() -> Self {
        Self {
            sched: Scheduler::new(SLICE_TICKS),
            heap: Heap::new(),
            account: Account::new(),
            threads: [const { Thread::EMPTY }; THREADS_MAX],
            console: Console::new(),
            commands: Commands::new(),
            mailbox: Mailbox::new(),
            reports: Reports::new(),
            sites: Sites::new(),
            torn_down: TornDown::new(),
            deadlocks: Deadlocks::new(),
            leaks: Leaks::new(),
            races: Races::new(),
            deferred: Deferred::new(),
            compatibility: Compatibility::new(),
            timers: Timers::new(),
            callbacks: Callbacks::new(),
            modules: Modules::new(),
            collector: Collector::new(),
            ring: Ring::absent(),
            level: Level::Events,
            way_out: WayOut::Ring,
            drains: 0,
            facts: None,
            handler_entries: 0,
            handler_ticks: 0,
            handler_longest: 0,
            handler_longest_window: 0,
            handler_entered: 0,
            window: 0,
            busy: false,
            program_masks: false,
            holds_still: false,
            news: 0,
            dying: false,
            frames: FrameWriter::new(),
            interrupt_peak: 0,
            interrupt_peak_window: 0,
            units: 0,
            objects: 0,
            switch_stamp: 0,
            stamp_offset: 0,
            era: Era::new(),
            slices: Slices::ALIKE,
            suspensions: [const { Suspension::NONE }; THREADS_MAX],
            stamps_per_tick: 1,
            alarm: NEVER,
            pulse: 0,
        }
    }

    /// What the board said about itself.
    pub(crate) fn facts(&self) -> &Facts {
        self.facts.as_ref().expect("start keeps them before anything else runs")
    }

    /// The serial of the next unit; never reused within a boot.
    pub(crate) fn next_unit(&mut self) -> u32 {
        self.units += 1;
        self.units
    }

    /// The serial of the next object; never reused within a boot.
    pub(crate) fn next_object(&mut self) -> u32 {
        self.objects += 1;
        self.objects
    }

    /// The thread on the processor.
    pub(crate) fn current(&mut self) -> &mut Thread {
        &mut self.threads[self.sched.running().index()]
    }

    /// Whether a handler runs.
    #[inline(always)]
    pub(crate) fn in_handler(&self) -> bool {
        self.sched.attention.any(Attention::HANDLER)
    }

    /// One thread more is to be told something, or is torn down and not gone yet. Each thread gives at
    /// most three reasons.
    pub(crate) fn raise_for_thread(&mut self) {
        self.news += 1;
        self.sched.attention.raise(Attention::TOLD);
    }

    /// One of those reasons is no more.
    pub(crate) fn lower_for_thread(&mut self) {
        self.news -= 1;
        self.sched.attention.set(Attention::TOLD, self.news > 0);
    }

    /// The unit that runs: the thread on the processor, or the kernel in a handler.
    pub(crate) fn current_unit(&mut self) -> UnitId {
        if self.in_handler() { UnitId::KERNEL } else { UnitId(self.current().unit) }
    }

    /// Who pays for what the running context allocates.
    pub(crate) fn current_owner(&mut self) -> OwnerIndex {
        if self.in_handler() { OwnerIndex::KERNEL } else { self.current().owner }
    }

    /// The low 32 bits of the time in stamps.
    #[inline(always)]
    pub(crate) fn stamp(&self) -> u32 {
        port::timestamp().wrapping_add(self.stamp_offset)
    }

    /// Says how many stamps a tick has.
    pub(crate) fn set_stamps(&mut self, hz: u32) {
        self.stamps_per_tick = hz / port::TICKS_PER_SECOND;
        self.sched.set_slice(self.whole_slice());
    }

    /// How long a slice is, in stamps, if nothing else is said.
    pub(crate) const fn whole_slice(&self) -> u32 {
        SLICE_TICKS * self.stamps_per_tick
    }

    /// Sets the stamps right by the clock.
    pub(crate) fn align_stamps(&mut self) {
        let now = port::now();
        let stamps = now.wrapping_mul(u64::from(self.stamps_per_tick));
        self.stamp_offset = (stamps as u32).wrapping_sub(port::timestamp());
        self.era.begin(LongStamp::of(stamps));
        self.expect_pulse(now);
    }

    /// An interrupt comes before the counter of the stamps has wrapped.
    fn expect_pulse(&mut self, now: u64) {
        self.pulse = now + u64::from(PULSE_STAMPS / self.stamps_per_tick);
        if self.pulse < self.alarm {
            self.sched.attention.raise(Attention::ALARM);
        }
    }

    /// Now, for what says since when it is so.
    #[inline(always)]
    pub(crate) fn long_stamp(&self) -> LongStamp {
        self.era.long(self.stamp())
    }

    /// The point of a time stamp that was taken now.
    #[inline(always)]
    pub(crate) fn long_stamp_of(&self, stamp: u32) -> LongStamp {
        self.era.long(stamp)
    }

    /// As [`long_stamp`](Self::long_stamp), from where there is time to move the era on.
    pub(crate) fn begin_era(&mut self) -> LongStamp {
        let now = self.long_stamp();
        self.era.begin(now);
        now
    }

    /// Such a point in ticks of the clock.
    pub(crate) fn ticks_of(&self, point: LongStamp) -> u64 {
        point.stamps() / u64::from(self.stamps_per_tick)
    }

    /// Writes a record if the level asks for it.
    #[inline]
    pub(crate) fn record(&mut self, level: Level, record: &impl Payload) {
        if self.level.code() >= level.code() {
            let stamp = self.stamp();
            self.ring.push(record, stamp);
        }
    }

    /// Wakes a blocked slot, whatever it waits in.
    pub(crate) fn wake(&mut self, slot: Slot, wake: Wake) {
        let Self { sched, threads, console, mailbox, .. } = self;
        let State::Blocked(why) = sched.state(slot) else {
            return;
        };
        let Some(name) = sched.queue_of(slot) else {
            return sched.wake(slot, None, wake);
        };
        let queue = match why {
            Why::Join => &mut threads[name].joiners,
            Why::Console => match name {
                WORKER => &mut console.worker,
                MAILBOX => &mut mailbox.waiter,
                _ => &mut console.writers,
            },
            Why::Sleep | Why::Nothing => unreachable!("these waits have no queue"),
            Why::Mutex => return mutex::give_up(self, slot, wake),
            Why::Lock | Why::KernelLock | Why::Object => {
                let head = head::waited_for(self, slot).expect("it waits for an object");
                return head.wake(self, slot, wake);
            }
        };
        sched.wake(slot, Some(queue), wake);
    }

    /// When the clock must interrupt for a wait or a timer.
    #[inline]
    fn deadline(&self) -> u64 {
        let first = |deadline: Option<u64>| deadline.unwrap_or(NEVER);
        first(self.sched.deadline()).min(first(self.timers.first()))
    }

    /// Puts the alarm where it must stand.
    #[inline(never)]
    fn place_alarm(&mut self) {
        self.sched.attention.lower(Attention::ALARM);
        let mut at = self.deadline();
        if self.sched.running() != Slot::IDLE {
            at = at.min(self.pulse);
        }
        if let Some(stamps) = self.sched.alarm_for_slice(self.stamp()) {
            // Rounded up: an alarm that comes too early is another one.
            let ticks = stamps / self.stamps_per_tick + 1;
            at = at.min(port::now() + u64::from(ticks));
        }
        if self.deferred.any() || self.sched.attention.any(Attention::UNSETTLED) {
            at = port::now();
        }
        if at != self.alarm {
            self.alarm = at;
            port::set_alarm((at != NEVER).then_some(at));
        }
    }

    /// Moves the alarm to `at`, if it stands later.
    #[inline]
    pub(crate) fn alarm_no_later_than(&mut self, at: u64) {
        if at < self.alarm {
            self.alarm = at;
            port::set_alarm(Some(at));
        }
    }

    /// Serves deadlines that have passed.
    fn serve_deadlines(&mut self, now: u64) {
        for _ in 0..EXPIRED_PER_INTERRUPT {
            let Some(slot) = self.sched.expired(now) else {
                return;
            };
            self.wake(slot, Wake::TimedOut);
        }
    }

    /// Books the time up to now on the slot that runs.
    pub(crate) fn book_running(&mut self) {
        let stamp = self.stamp();
        let ran = stamp.wrapping_sub(self.switch_stamp);
        self.switch_stamp = stamp;
        let thread = self.current();
        thread.ticks = thread.ticks.wrapping_add(u64::from(ran));
    }

    /// Books the time of the handler that ends.
    #[inline]
    fn book_handler(&mut self) {
        let took = port::timestamp().wrapping_sub(self.handler_entered);
        self.handler_ticks = self.handler_ticks.wrapping_add(u64::from(took));
        // The longest of the window is never more than the longest of all.
        if took > self.handler_longest_window {
            self.handler_longest_window = took;
            self.handler_longest = self.handler_longest.max(took);
        }
    }

    /// Books the change of the processor from one slot to the other; answers their seats.
    #[inline(always)]
    fn hand_over(&mut self, from: Slot, to: Slot, stamp: u32) -> (NonNull<Seat>, NonNull<Seat>) {
        let ran = stamp.wrapping_sub(self.switch_stamp);
        self.switch_stamp = stamp;
        let left = &mut self.threads[from.index()];
        left.ticks = left.ticks.wrapping_add(u64::from(ran));
        let left = left.seat();
        let thread = &mut self.threads[to.index()];
        thread.switches = thread.switches.wrapping_add(1);
        (left, thread.seat())
    }

    #[cold]
    #[inline(never)]
    fn record_switch(&mut self, from: Slot, to: Slot) {
        let (state_left, why) = wire_state(self.sched.state(from));
        let to = UnitId(self.threads[to.index()].unit);
        self.record(Level::All, &wire::Switch { to, state_left, why });
    }

    /// Sets the telemetry's level.
    pub(crate) fn set_level(&mut self, level: Level) {
        self.level = level;
        self.attend();
        let reaches = |wanted: Level| level.code() >= wanted.code();
        self.sched.attention.set(Attention::EVENTS, reaches(Level::Events));
        self.sched.attention.set(Attention::ALL, reaches(Level::All));
    }
}

impl Default for Kernel {
    fn default() -> Self {
        Self::new()
    }
}

/// Queue names of the kernel's own queues.
pub(crate) const WRITERS: QueueName = 0;
pub(crate) const WORKER: QueueName = 1;
pub(crate) const MAILBOX: QueueName = 2;

/// The state of a slot in the words of the wire.
pub(crate) fn wire_state(state: State) -> (wire::State, wire::Why) {
    match state {
        State::Ready => (wire::State::Ready, wire::Why::None),
        State::Running => (wire::State::Running, wire::Why::None),
        State::Suspended => (wire::State::Suspended, wire::Why::None),
        State::Blocked(Why::Nothing) => (wire::State::Blocked, wire::Why::None),
        State::Blocked(Why::Sleep) => (wire::State::Blocked, wire::Why::Sleep),
        State::Blocked(Why::Lock | Why::Mutex) => (wire::State::Blocked, wire::Why::Lock),
        State::Blocked(Why::Object) => (wire::State::Blocked, wire::Why::Queue),
        State::Blocked(Why::Join) => (wire::State::Blocked, wire::Why::Join),
        State::Blocked(Why::Console | Why::KernelLock) => {
            (wire::State::Blocked, wire::Why::Console)
        }
        State::Ended | State::Free => (wire::State::Ended, wire::Why::Ended),
    }
}

/// The instance, for [`start`](crate::start) and the idle context.
pub(crate) fn instance() -> NonNull<Kernel> {
    port::kernel()
}

/// The stack of the thread that runs.
pub(crate) fn running_stack() -> StackRange {
    with(|kernel| kernel.current().stack)
}
