//! The state of one kernel instance, and the only ways to it.
//!
//! Everything that more than one context touches is in [`Kernel`], and [`with`] is how thread code
//! reaches it: interrupts masked, no switch inside. Handlers run masked as a whole. A switch is
//! never made under a borrow of the kernel: [`reschedule`] takes what it needs, lets go, and then
//! asks the port.
//!
//! Invariants:
//! 1. One `&mut Kernel` at a time: made in `with`, `reschedule` and the handler entries below, all
//!    with interrupts masked, none of which calls another.
//! 2. The context of the running slot is stale; that of every other live slot is what a switch saved.
//! 3. A wait queue that a blocked slot names lives until the slot is woken: it is part of the
//!    kernel, or of an object that the waiting frame borrows.
#![expect(unsafe_code, reason = "makes the one reference to the instance, and switches contexts")]

use crate::callback::{self, Callbacks};
use crate::command::{self, Commands};
use crate::compat::Compatibility;
use crate::console::{self, Console};
use crate::deadlock::{self, Deadlocks};
use crate::drain::WayOut;
use crate::era::{Era, LongStamp};
use crate::error::Error;
use crate::heap::{Heap, OwnerIndex};
use crate::module::Modules;
use crate::port::{self, Context, Entering, Facts, StackRange};
use crate::report::Reports;
use crate::rtt::Ring;
use crate::sched::{Next, QueueName, Scheduler, Slot, State, THREADS_MAX, Wake, Why};
use crate::shell::Mailbox;
use crate::site::Sites;
use crate::stack::SECTION_STACK_MAX;
use crate::sync::quick::{Detour, Detours};
use crate::sync::{head, mutex, races::Races};
use crate::thread::{self, Thread};
use crate::timer::{self, Timers};
use crate::torn_down::TornDown;
use core::ptr::NonNull;
use ramscope_wire as wire;
use wire::{FrameWriter, Level, Payload, UnitId};

/// How long a thread runs while an equal one waits: 10 ms, as FreeRTOS under MicroPython.
const SLICE_TICKS: u64 = port::TICKS_PER_SECOND as u64 / 100;

/// Deadlines that one clock interrupt serves. More of them are served by the next interrupt, which
/// follows at once: the masked stretch is bounded, whatever expires together.
const EXPIRED_PER_INTERRUPT: usize = 4;

/// One kernel instance. Opaque: boards only place it somewhere.
///
/// In this order in memory: what every call looks at is at the instance's own address, which is an
/// instruction less to reach.
#[repr(C)]
pub struct Kernel {
    /// Why calls must take the long way.
    pub(crate) detours: Detours,
    pub(crate) sched: Scheduler,
    pub(crate) heap: Heap,
    pub(crate) threads: [Thread; THREADS_MAX],
    pub(crate) console: Console,
    pub(crate) commands: Commands,
    pub(crate) mailbox: Mailbox,
    pub(crate) reports: Reports,
    pub(crate) sites: Sites,
    pub(crate) torn_down: TornDown,
    pub(crate) deadlocks: Deadlocks,
    pub(crate) races: Races,
    pub(crate) compatibility: Compatibility,
    pub(crate) timers: Timers,
    pub(crate) callbacks: Callbacks,
    pub(crate) modules: Modules,
    pub(crate) ring: Ring,
    pub(crate) level: Level,
    pub(crate) way_out: WayOut,
    /// How many drains were started: the number of the one that may write.
    pub(crate) drains: u32,
    pub(crate) facts: Option<Facts>,
    pub(crate) in_handler: bool,
    pub(crate) handler_entries: u32,
    /// Time stamps that handlers took, and the most that one of them did.
    pub(crate) handler_ticks: u64,
    pub(crate) handler_longest: u32,
    pub(crate) handler_longest_window: u32,
    handler_entered: u32,
    pub(crate) window: u32,
    /// Whether a `with` is under way: a panic or fault now means the kernel itself is broken.
    pub(crate) busy: bool,
    /// The last words are being said.
    pub(crate) dying: bool,
    pub(crate) frames: FrameWriter,
    /// Blocks that the heap refused to take back although their unit was in order.
    pub(crate) refused_frees: u32,
    pub(crate) interrupt_peak: u32,
    pub(crate) interrupt_peak_window: u32,
    units: u32,
    objects: u32,
    switch_stamp: u32,
    stamp_offset: u32,
    era: Era,
    pub(crate) stamps_per_tick: u64,
}

impl Kernel {
    /// An instance before [`start`](crate::start).
    #[must_use]
    pub const fn new() -> Self {
        Self {
            detours: Detours::new(),
            sched: Scheduler::new(SLICE_TICKS),
            heap: Heap::new(),
            threads: [const { Thread::EMPTY }; THREADS_MAX],
            console: Console::new(),
            commands: Commands::new(),
            mailbox: Mailbox::new(),
            reports: Reports::new(),
            sites: Sites::new(),
            torn_down: TornDown::new(),
            deadlocks: Deadlocks::new(),
            races: Races::new(),
            compatibility: Compatibility::new(),
            timers: Timers::new(),
            callbacks: Callbacks::new(),
            modules: Modules::new(),
            ring: Ring::absent(),
            level: Level::Events,
            way_out: WayOut::Ring,
            drains: 0,
            facts: None,
            in_handler: false,
            handler_entries: 0,
            handler_ticks: 0,
            handler_longest: 0,
            handler_longest_window: 0,
            handler_entered: 0,
            window: 0,
            busy: false,
            dying: false,
            frames: FrameWriter::new(),
            refused_frees: 0,
            interrupt_peak: 0,
            interrupt_peak_window: 0,
            units: 0,
            objects: 0,
            switch_stamp: 0,
            stamp_offset: 0,
            era: Era::new(),
            stamps_per_tick: 1,
        }
    }

    /// What the board said about itself.
    pub(crate) fn facts(&self) -> &Facts {
        self.facts.as_ref().expect("start keeps them before anything else runs")
    }

    /// The heap would not take a block back: something wrote over it. The console says so.
    pub(crate) fn note_refused_free(&mut self) {
        self.refused_frees = self.refused_frees.wrapping_add(1);
        console::attend(self);
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

    /// The unit that runs: the thread on the processor, or the kernel in a handler.
    pub(crate) fn current_unit(&mut self) -> UnitId {
        if self.in_handler { UnitId::KERNEL } else { UnitId(self.current().unit) }
    }

    /// Who pays for what the running context allocates.
    pub(crate) fn current_owner(&mut self) -> OwnerIndex {
        if self.in_handler { OwnerIndex::KERNEL } else { self.current().owner }
    }

    /// The low 32 bits of the time in ticks of the time stamps.
    #[inline]
    pub(crate) fn stamp(&self) -> u32 {
        port::timestamp().wrapping_add(self.stamp_offset)
    }

    /// Sets the time stamps right by the clock. The cycle counter is cheap to read, but on silicon
    /// it stands still while the processor waits for interrupts.
    pub(crate) fn align_stamps(&mut self) {
        let now = port::now().wrapping_mul(self.stamps_per_tick);
        self.stamp_offset = (now as u32).wrapping_sub(port::timestamp());
        self.era.begin(LongStamp::of(now));
    }

    /// Now, for what says since when it is so.
    #[inline(always)]
    pub(crate) fn long_stamp(&self) -> LongStamp {
        self.era.long(self.stamp())
    }

    /// As [`long_stamp`](Self::long_stamp), from where there is time to move the era on.
    pub(crate) fn begin_era(&mut self) -> LongStamp {
        let now = self.long_stamp();
        self.era.begin(now);
        now
    }

    /// Such a point in ticks of the clock.
    pub(crate) fn ticks_of(&self, point: LongStamp) -> u64 {
        point.stamps() / self.stamps_per_tick
    }

    /// Changes what the telemetry is told.
    pub(crate) fn set_level(&mut self, level: Level) {
        self.level = level;
        match level.code() >= Level::Events.code() {
            true => self.detours.raise(Detour::Events),
            false => self.detours.lower(Detour::Events),
        }
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

    /// When the clock must interrupt: for a wait, the end of a slice, or a timer.
    #[inline]
    pub(crate) fn alarm(&self) -> Option<u64> {
        match (self.sched.alarm(), self.timers.first()) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
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
        self.current().ticks += u64::from(ran);
    }

    /// Books the time of the handler that ends.
    fn book_handler(&mut self) {
        let took = port::timestamp().wrapping_sub(self.handler_entered);
        self.handler_ticks += u64::from(took);
        self.handler_longest = self.handler_longest.max(took);
        self.handler_longest_window = self.handler_longest_window.max(took);
    }

    /// Books the change of the processor from one slot to the other.
    fn hand_over(&mut self, from: Slot, to: Slot) -> Resume {
        let stamp = self.stamp();
        let ran = stamp.wrapping_sub(self.switch_stamp);
        self.switch_stamp = stamp;
        self.threads[from.index()].ticks += u64::from(ran);
        if self.level.code() >= Level::All.code() {
            let (state_left, why) = wire_state(self.sched.state(from));
            let to = UnitId(self.threads[to.index()].unit);
            self.record(Level::All, &wire::Switch { to, state_left, why });
        }
        let thread = &mut self.threads[to.index()];
        thread.switches = thread.switches.wrapping_add(1);
        Resume {
            context: thread.context,
            unit: Entering { unit: thread.unit, stack: thread.stack },
        }
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

/// A context to go on with.
#[derive(Clone, Copy, Debug)]
pub struct Resume {
    /// What the port saved or prepared.
    pub context: Context,
    /// Whose it is.
    pub unit: Entering,
}

/// The state of a slot in the words of the wire.
pub(crate) fn wire_state(state: State) -> (wire::State, wire::Why) {
    match state {
        State::Ready => (wire::State::Ready, wire::Why::None),
        State::Running => (wire::State::Running, wire::Why::None),
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

/// Runs `work` on the kernel with interrupts masked.
///
/// # Context
/// Thread or handler; never inside of another `with`.
#[inline]
pub(crate) fn with<R>(work: impl FnOnce(&mut Kernel) -> R) -> R {
    check_section();
    let were_on = port::mask();
    let result = work_on(work);
    port::unmask(were_on);
    result
}

/// Stops the unit before a section of the kernel for which its stack has no room: an overflow in
/// the middle of one would leave the kernel's state half written.
#[inline(always)]
fn check_section() {
    if port::stack_left().is_some_and(|left| left < SECTION_STACK_MAX) {
        port::stack_exhausted();
    }
}

/// As [`with`], where interrupts are masked already.
#[inline]
pub(crate) fn work_on<R>(work: impl FnOnce(&mut Kernel) -> R) -> R {
    // SAFETY: invariant 1.
    let kernel = unsafe { port::kernel().as_mut() };
    debug_assert!(!kernel.busy, "with inside of with");
    kernel.busy = true;
    let result = work(kernel);
    kernel.busy = false;
    result
}

/// Runs `work` with interrupts masked, then gives the processor to whom the scheduler names.
///
/// # Context
/// Thread, or handler or with interrupts masked: then the end of that gives it away.
pub(crate) fn then_reschedule<R>(work: impl FnOnce(&mut Kernel) -> R) -> R {
    check_section();
    let were_on = port::mask();
    let result = work_on(work);
    if were_on {
        decide();
    }
    port::unmask(were_on);
    result
}

/// Gives the processor to whom the scheduler names. Its frame is a part of none of the operations that
/// end with it, whose own work is over then.
#[inline(never)]
pub(crate) fn decide() {
    reschedule(|sched, now| sched.decide(now));
}

/// Lets an equal or more urgent thread go first.
pub(crate) fn give_way() {
    check_section();
    let were_on = port::mask();
    if were_on {
        reschedule(|sched, now| sched.give_way(now));
    }
    port::unmask(were_on);
}

/// Whether the caller may block.
///
/// # Errors
/// [`Error::InHandler`], or [`Error::Masked`] where the caller has masked interrupts.
pub(crate) fn may_block() -> Result<(), Error> {
    let were_on = port::mask();
    port::unmask(were_on);
    match were_on {
        true => Ok(()),
        false if with(|kernel| kernel.in_handler) => Err(Error::InHandler),
        false => Err(Error::Masked),
    }
}

/// Carries out a decision of the scheduler. Interrupts masked, thread context.
fn reschedule(decision: impl FnOnce(&mut Scheduler, u64) -> Next) {
    let change = work_on(|kernel| {
        let from = kernel.sched.running();
        deadlock::look(kernel);
        callback::pass(kernel);
        // To read the clock costs as much as the rest of this.
        let next = match kernel.sched.goes_on() {
            true => Next::Stay,
            false => decision(&mut kernel.sched, port::now()),
        };
        port::set_alarm(kernel.alarm());
        match next {
            Next::Stay => None,
            Next::Switch(to) => {
                let resume = kernel.hand_over(from, to);
                Some((&raw mut kernel.threads[from.index()].context, resume))
            }
        }
    });
    if let Some((save, resume)) = change {
        // SAFETY: interrupts are masked, and by invariant 2 the context is complete.
        unsafe { port::_ramscope_port_switch(save, resume.context, resume.unit) };
    }
}

/// Starts the first thread from the start-up code, which nothing resumes.
pub(crate) fn resume_first() -> ! {
    resume_another()
}

/// Gives the processor away for good; the running slot has ended. Interrupts masked.
pub(crate) fn resume_another() -> ! {
    let resume = choose_another();
    // SAFETY: interrupts are masked, and by invariant 2 the context is complete.
    unsafe { port::_ramscope_port_resume(resume.context, resume.unit) }
}

fn choose_another() -> Resume {
    work_on(|kernel| {
        let from = kernel.sched.running();
        deadlock::look(kernel);
        callback::pass(kernel);
        let next = kernel.sched.decide(port::now());
        port::set_alarm(kernel.alarm());
        let Next::Switch(to) = next else {
            unreachable!("the running slot has ended, so another one is named");
        };
        let resume = kernel.hand_over(from, to);
        // Only now does nothing run in it any more.
        thread::release_slot(kernel, from);
        resume
    })
}

/// Whom to go on with after a unit was torn down in a trap.
pub(crate) fn leave_for_another() -> Resume {
    choose_another()
}

/// What boards call from their trap code, with interrupts masked.
pub mod handler {
    use super::{Kernel, Next, Resume, Slot, callback, command, port, timer};

    /// # Safety
    /// A handler runs, masked, on top of no `with`, and no other reference is alive.
    unsafe fn kernel() -> &'static mut Kernel {
        // SAFETY: invariant 1, as the caller promises.
        unsafe { port::kernel().as_mut() }
    }

    /// A handler begins.
    ///
    /// # Context
    /// Handler, before anything else of this module and of [`console`](crate::console).
    ///
    /// # Safety
    /// The board's trap code calls it with interrupts masked, having interrupted a unit.
    #[inline]
    pub unsafe fn enter() {
        // SAFETY: as promised by the caller.
        let kernel = unsafe { kernel() };
        kernel.in_handler = true;
        kernel.handler_entered = port::timestamp();
        kernel.handler_entries = kernel.handler_entries.wrapping_add(1);
        if kernel.sched.running() == Slot::IDLE {
            kernel.align_stamps();
        }
    }

    /// Runs `work` as an interrupt handler, at the next moment when interrupts are on. Says whether
    /// it will: there is one place, and it may be taken by an earlier call.
    ///
    /// # Context
    /// Any.
    pub fn raise(work: fn()) -> bool {
        port::raise(work)
    }

    /// The clock's alarm went off.
    ///
    /// # Context
    /// Handler.
    ///
    /// # Safety
    /// Between [`enter`] and [`leave`].
    pub unsafe fn clock() {
        // SAFETY: as promised by the caller.
        let kernel = unsafe { kernel() };
        let now = port::now();
        timer::note_clock(kernel, now);
        kernel.serve_deadlines(now);
        timer::expire(kernel, now);
    }

    /// A handler ends: `Some` if another unit is to go on than the one that was interrupted. What
    /// the host asks for is done here, see [`command`](crate::command).
    ///
    /// `context` is how the interrupted unit can go on later.
    ///
    /// # Context
    /// Handler, last.
    ///
    /// # Safety
    /// After [`enter`]; `context` is complete, and an answer is resumed.
    #[inline]
    pub unsafe fn leave(context: port::Context) -> Option<Resume> {
        // SAFETY: as promised by the caller.
        let kernel = unsafe { self::kernel() };
        kernel.book_handler();
        if command::is_due(kernel) {
            // The reference above is not used any more.
            command::serve(context);
        }
        // SAFETY: as promised by the caller.
        let kernel = unsafe { self::kernel() };
        kernel.in_handler = false;
        let from = kernel.sched.running();
        callback::pass(kernel);
        let next = kernel.sched.decide(port::now());
        port::set_alarm(kernel.alarm());
        match next {
            Next::Stay => None,
            Next::Switch(to) => {
                kernel.threads[from.index()].context = context;
                Some(kernel.hand_over(from, to))
            }
        }
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
