//! Waits that never end: found, and told as a chain of units, objects, call sites and ages.
//!
//! The problem: a board that stands still says nothing. What would help is who waits for what, who
//! has it, since when, and where in the source both happened.
//!
//! Three things are found, each at the earliest moment at which it can be known:
//! - a *suspicion*: a unit waits for a lock, and following from each lock to who acquired it last
//!   leads back to that unit (or is that unit). Another unit may still release one of them;
//! - a *circle*: the same through mutexes and ends of threads only. Nobody outside can help: it is a
//!   deadlock at the moment it closes, and the mutex can hand it to the caller as an error;
//! - *stuck*: every thread of the program waits, without a deadline, for what only programs give,
//!   and no timer or interrupt is armed that could. That is a deadlock whatever the graph looks like:
//!   an event that nobody sets is one too. The scheduler core decides it from two counts
//!   ([`Scheduler::is_stuck`](crate::sched::Scheduler::is_stuck)); it is told after a
//!   millisecond, so that a handler which is on its way counts.
//!
//! Invariants:
//! 1. A chain is copied in the section in which it closes, at most six links of it: later it
//!    may be gone. The console thread writes it, as text and as records.
//! 2. A wait with a deadline ends by itself: nothing is said about it.

use crate::callback;
use crate::console;
use crate::kernel::{self, Kernel};
use crate::port::{self, TICKS_PER_SECOND};
use crate::println;
use crate::sched::{Attention, QueueName, Slot, SlotSet, State, THREADS_MAX, Trail, Why};
use crate::site;
use crate::sync::head::{Head, head_in_section, waited_for};
use crate::sync::owned::ownable_of;
use crate::sync::rwlock;
use crate::thread::Suspension;
use core::fmt;
use ramscope_wire as wire;
use wire::{DeadlockHow, Level, ObjectId, ObjectKind, SiteId, UnitId};

/// Links of a chain that are kept; a longer one says how many there are.
const LINKS_MAX: usize = 6;
/// Chains that can wait to be written; more are counted.
const CHAINS_MAX: usize = 2;
/// How long everything must stand still before it is told.
const STILL_TICKS: u64 = TICKS_PER_SECOND as u64 / 1_000;

/// One wait, and who could end it.
#[derive(Clone, Copy)]
pub(crate) struct Link {
    unit: UnitId,
    name: &'static str,
    since: u64,
    site: SiteId,
    kind: ObjectKind,
    object: ObjectId,
    /// The telemetry has not been told yet what has this number.
    is_new: bool,
    object_name: &'static str,
    holder: Option<LinkHolder>,
}

#[derive(Clone, Copy)]
struct LinkHolder {
    unit: UnitId,
    name: &'static str,
    site: SiteId,
    since: u64,
    /// It does not run until somebody resumes it.
    is_suspended: bool,
}

/// A circle as it was when it closed. It is filled and read in place: a whole one would not fit on
/// the stack of a section.
struct Chain {
    how: DeadlockHow,
    links: [Option<Link>; LINKS_MAX],
    /// How many there are, kept or not; 0 while the place is free.
    length: u8,
    at: u64,
}

impl Chain {
    const FREE: Chain =
        Chain { how: DeadlockHow::Stuck, links: [None; LINKS_MAX], length: 0, at: 0 };
}

/// Whether everything stands still.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stuck {
    No,
    Since(u64),
    Told,
}

/// What the kernel keeps of deadlocks.
pub(crate) struct Deadlocks {
    /// Circles that wait to be written; the oldest is `waiting[first]`.
    waiting: [Chain; CHAINS_MAX],
    first: usize,
    /// Chains that found no room.
    lost: u32,
    /// The number of the last report.
    serial: u16,
    stuck: Stuck,
    /// The circle that was found last.
    trail: Trail,
    /// Timers and interrupts that are armed and may release something.
    sources: u32,
}

impl Deadlocks {
    pub(crate) const fn new() -> Self {
        Self {
            waiting: [const { Chain::FREE }; CHAINS_MAX],
            first: 0,
            lost: 0,
            serial: 0,
            stuck: Stuck::No,
            trail: Trail::NEW,
            sources: 0,
        }
    }

    /// Whether there is something to write.
    pub(crate) fn any(&self) -> bool {
        self.waiting[self.first].length > 0
    }

    /// When the console thread must look whether everything still stands still.
    pub(crate) fn next_look(&self) -> Option<u64> {
        match self.stuck {
            Stuck::Since(since) => Some(since + STILL_TICKS),
            Stuck::No | Stuck::Told => None,
        }
    }

    /// Forgets the oldest circle.
    fn drop_oldest(&mut self) {
        self.waiting[self.first].length = 0;
        self.first = (self.first + 1) % CHAINS_MAX;
    }
}

/// A timer or interrupt is armed (`+1`), or no more (`-1`), that may end waits.
#[inline]
pub(crate) fn arm(kernel: &mut Kernel, change: i32) {
    let sources = &mut kernel.deadlocks.sources;
    *sources = sources.wrapping_add_signed(change);
    if *sources == 0 {
        kernel.sched.attention.raise(Attention::LOOK);
    }
}

/// Looks whether anything is left that could end a wait; constant. As long as nothing is, every section
/// ends with another look.
pub(crate) fn look(kernel: &mut Kernel) {
    kernel.sched.attention.lower(Attention::LOOK);
    // A callback that waits for ever itself holds up all others, and all timers.
    let sources = if callback::is_stuck(kernel) { 0 } else { kernel.deadlocks.sources };
    let stuck = kernel.sched.is_stuck(sources);
    match (stuck, kernel.deadlocks.stuck) {
        (false, _) => kernel.deadlocks.stuck = Stuck::No,
        (true, Stuck::No) => {
            kernel.deadlocks.stuck = Stuck::Since(port::now());
            console::attend(kernel);
        }
        (true, Stuck::Since(_) | Stuck::Told) => {}
    }
    kernel.sched.attention.set(Attention::LOOK, stuck);
}

/// Whom a blocked slot waits for, if that is one unit.
pub(crate) fn holder_of(kernel: &Kernel, slot: Slot) -> Option<Slot> {
    if kernel.sched.has_deadline(slot) {
        return None;
    }
    match kernel.sched.state(slot) {
        State::Blocked(Why::Join) => kernel.sched.queue_of(slot).map(|index| Slot(index as u8)),
        State::Blocked(_) => living_holder(kernel, waited_for(kernel, slot)?),
        _ => None,
    }
}

/// Whom a blocked slot waits for: each of them must go on before it does.
fn holders_of(kernel: &Kernel, slot: Slot) -> SlotSet {
    match holder_of(kernel, slot) {
        Some(holder) => SlotSet::of(holder),
        None => readers_before(kernel, slot),
    }
}

/// Whom a slot waits for that waits for a reader-writer lock which readers have: one that wants to write
/// for all of them, one that wants to read for the writer before it.
///
/// Where all places of readers are taken one waits for any of them: that is no circle.
fn readers_before(kernel: &Kernel, slot: Slot) -> SlotSet {
    let Some(ownable) = ownable_of(kernel, slot) else { return SlotSet::EMPTY };
    if kernel.sched.has_deadline(slot) {
        return SlotSet::EMPTY;
    }
    if rwlock::wants_to_write(kernel, slot) {
        return ownable.sharers();
    }
    let first = ownable.first_waiter().filter(|first| rwlock::wants_to_write(kernel, *first));
    first.map_or(SlotSet::EMPTY, SlotSet::of)
}

fn living_holder(kernel: &Kernel, head: &Head) -> Option<Slot> {
    let holder = head.holder()?;
    let lives = kernel.threads[holder.slot.index()].unit == holder.unit.0;
    lives.then_some(holder.slot)
}

/// Notes a suspicion if the wait that the running unit has just begun closes a circle.
pub(crate) fn suspect(kernel: &mut Kernel) {
    let running = kernel.sched.running();
    let holders = holders_of(kernel, running);
    if let Some(length) = circle(kernel, running, holders) {
        let how = match is_exact(kernel, 0, length) {
            true => DeadlockHow::Circle,
            false => DeadlockHow::Suspicion,
        };
        keep(kernel, how, length, None);
    }
}

/// Whether the running unit closes a circle if it waits for the mutex of this name; notes it.
/// A circle through locks is noted as a suspicion, and is none of the mutex's business.
pub(crate) fn closes(kernel: &mut Kernel, name: QueueName) -> bool {
    let running = kernel.sched.running();
    let Some(holder) = living_holder(kernel, head_in_section(kernel, name)) else { return false };
    let circle = circle(kernel, running, SlotSet::of(holder));
    let Some(length) = circle else { return false };
    let exact = is_exact(kernel, 1, length);
    let how = if exact { DeadlockHow::Circle } else { DeadlockHow::Suspicion };
    keep(kernel, how, length, Some(name));
    exact
}

/// How many waits the circle has that `start` closes by waiting for `holders`; they are in
/// `deadlocks.trail` then.
fn circle(kernel: &mut Kernel, start: Slot, holders: SlotSet) -> Option<usize> {
    match holders.iter().any(|holder| may_lead_to(kernel, start, holder)) {
        true => walk(kernel, start, holders),
        false => None,
    }
}

/// Whether the waits from `at` on lead to `start`, or to what several have: nearly always neither. One
/// step a wait, and no look at sets.
fn may_lead_to(kernel: &Kernel, start: Slot, mut at: Slot) -> bool {
    for _ in 0..THREADS_MAX {
        if at == start {
            return true;
        }
        match holder_of(kernel, at) {
            Some(holder) => at = holder,
            None => return !readers_before(kernel, at).is_empty(),
        }
    }
    false
}

/// A function of its own, so that the trail lies on the stack while it is walked only.
#[cold]
#[inline(never)]
fn walk(kernel: &mut Kernel, start: Slot, holders: SlotSet) -> Option<usize> {
    let mut trail = Trail::NEW;
    let next = |slot| if slot == start { holders } else { holders_of(kernel, slot) };
    let length = trail.circle(start, next)?;
    kernel.deadlocks.trail = trail;
    Some(length)
}

/// Whether the waits of the trail from `first` on are all such that only their holder can end them.
fn is_exact(kernel: &Kernel, first: usize, length: usize) -> bool {
    (first..length).all(|index| {
        let slot = kernel.deadlocks.trail.at(index);
        matches!(kernel.sched.state(slot), State::Blocked(Why::Mutex | Why::Join))
    })
}

/// Copies the circle of the trail. Its first wait is for the object of this name, if there is one: it has
/// not begun then.
#[inline(never)]
fn keep(kernel: &mut Kernel, how: DeadlockHow, length: usize, name: Option<QueueName>) {
    let Deadlocks { waiting, first, lost, .. } = &mut kernel.deadlocks;
    let mut places = (0..CHAINS_MAX).map(|index| (*first + index) % CHAINS_MAX);
    let Some(place) = places.find(|place| waiting[*place].length == 0) else {
        *lost += 1;
        return;
    };
    let chain = &mut waiting[place];
    (chain.how, chain.length, chain.at) = (how, length as u8, port::now());
    for index in 0..length.min(LINKS_MAX) {
        let trail = &kernel.deadlocks.trail;
        let (slot, holder) = (trail.at(index), trail.at((index + 1) % length));
        let head = match name.filter(|_| index == 0) {
            Some(name) => Some(head_in_section(kernel, name)),
            None => waited_for(kernel, slot),
        };
        keep_link(kernel, (place, index), (slot, holder), head);
    }
    console::attend(kernel);
}

/// Copies one wait of a circle to its place. A function of its own, so that a link lies nowhere but
/// there: sections have little stack.
#[inline(never)]
fn keep_link(
    kernel: &mut Kernel,
    (place, index): (usize, usize),
    (slot, holder): (Slot, Slot),
    head: Option<&mut Head>,
) {
    let link = link(kernel, slot, head, Some(holder));
    kernel.deadlocks.waiting[place].links[index] = Some(link);
}

/// The wait of `slot` for the object of `head`, or for the end of a thread. Where several have the object,
/// `wanted` is the one to name.
#[inline(always)]
fn link(kernel: &mut Kernel, slot: Slot, head: Option<&mut Head>, wanted: Option<Slot>) -> Link {
    let thread = &kernel.threads[slot.index()];
    let (unit, name, wait) = (UnitId(thread.unit), thread.name, thread.wait);
    let joined = kernel.sched.queue_of(slot);
    let (kind, (object, is_new), object_name, holder) = match head {
        Some(head) => {
            let (object, is_new) = head.number(kernel);
            let holder = link_holder(kernel, head, wanted);
            (head.kind, (object, is_new), head.text, holder)
        }
        None if kernel.sched.state(slot) == State::Suspended => {
            let holder = suspender(kernel, slot);
            (ObjectKind::Resume, (ObjectId::NONE, false), "", Some(holder))
        }
        None => {
            let holder = joined.map(|index| {
                let thread = &kernel.threads[index];
                let (unit, name, site) = (UnitId(thread.unit), thread.name, thread.site);
                let is_suspended = kernel.sched.is_suspended(Slot(index as u8));
                LinkHolder { unit, name, site, since: 0, is_suspended }
            });
            (ObjectKind::Thread, (ObjectId::NONE, false), "", holder)
        }
    };
    let (site, since) = (wait.place.id(kernel), kernel.ticks_of(wait.since));
    Link { unit, name, since, site, kind, object, is_new, object_name, holder }
}

/// Who has the object that somebody waits for.
#[inline(always)]
fn link_holder(kernel: &mut Kernel, head: &mut Head, wanted: Option<Slot>) -> Option<LinkHolder> {
    let holder = match head.holder() {
        None if head.kind == ObjectKind::RwLock => rwlock::reader(kernel, head.name(), wanted),
        holder => holder,
    }?;
    let lives = kernel.threads[holder.slot.index()].unit == holder.unit.0;
    let name = if lives { kernel.threads[holder.slot.index()].name } else { "?" };
    let (site, since) = (holder.place.id(kernel), kernel.ticks_of(holder.since));
    let is_suspended = lives && kernel.sched.is_suspended(holder.slot);
    Some(LinkHolder { unit: holder.unit, name, site, since, is_suspended })
}

/// Who suspended a slot, where and when.
#[inline(never)]
fn suspender(kernel: &mut Kernel, slot: Slot) -> LinkHolder {
    let Suspension { by, since, place } = kernel.suspensions[slot.index()];
    let name = kernel.threads.iter().find(|thread| thread.unit == by).map_or("?", |it| it.name);
    let (site, since) = (place.id(kernel), kernel.ticks_of(since.point()));
    LinkHolder { unit: UnitId(by), name, site, since, is_suspended: false }
}

/// Who suspended a thread, where and since when: for lists of threads.
pub(crate) struct SuspendedBy(LinkHolder, u64);

/// Who suspended a slot, if it is suspended.
pub(crate) fn suspended_by(kernel: &mut Kernel, slot: Slot, at: u64) -> Option<SuspendedBy> {
    kernel.sched.is_suspended(slot).then(|| SuspendedBy(suspender(kernel, slot), at))
}

impl fmt::Display for SuspendedBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let SuspendedBy(LinkHolder { unit, name, site, since, .. }, at) = self;
        let for_us = micros(*at, *since);
        write!(f, "suspended for {for_us} us by {name} (unit {unit}){}", At(*site))
    }
}

/// Writes what was found since the last call, as text and as records.
///
/// # Context
/// The console thread.
pub(crate) fn write_reports() {
    while kernel::with(|kernel| kernel.deadlocks.any()) {
        write_oldest();
        kernel::with(|kernel| kernel.deadlocks.drop_oldest());
    }
    let lost = kernel::with(|kernel| core::mem::take(&mut kernel.deadlocks.lost));
    if lost > 0 {
        println!("{lost} more circles closed while this was written");
    }
    write_stuck();
}

fn write_oldest() {
    let oldest = |kernel: &Kernel| kernel.deadlocks.first;
    let (how, length, at) = kernel::with(|kernel| {
        let Chain { how, length, at, .. } = kernel.deadlocks.waiting[oldest(kernel)];
        (how, length, at)
    });
    let report = begin(how, length);
    match (how, length) {
        (DeadlockHow::Circle, 1) => println!("deadlock: a thread waits for itself"),
        (DeadlockHow::Circle, n) => println!("deadlock: {n} threads wait in a circle"),
        (_, 1) => println!("suspicion: a thread waits for itself"),
        (_, n) => println!("suspicion: {n} threads wait in a circle"),
    }
    let length = usize::from(length);
    for index in 0..length.min(LINKS_MAX) {
        let link =
            kernel::with(|kernel| kernel.deadlocks.waiting[oldest(kernel)].links[index].take());
        if let Some(link) = link {
            write_link(report, &link, at);
        }
    }
    if length > LINKS_MAX {
        println!("  and {} more", length - LINKS_MAX);
    }
}

/// Writes who is stuck, if everything has stood still for long enough.
fn write_stuck() {
    let now = port::now();
    let is_due = kernel::with(|kernel| {
        // A handler may have let somebody go on since.
        look(kernel);
        let due = kernel.deadlocks.next_look().is_some_and(|at| at <= now);
        if due {
            kernel.deadlocks.stuck = Stuck::Told;
        }
        due
    });
    if !is_due {
        return;
    }
    // Nothing changes any more: that is what it means.
    let stuck = |slot: &Slot| kernel::with(|kernel| kernel.sched.depends(*slot));
    let slots = || (0..THREADS_MAX as u8).map(Slot).filter(stuck);
    let count = slots().count();
    let report = begin(DeadlockHow::Stuck, count as u8);
    match count {
        1 => println!("deadlock: nothing is left that could end the wait of 1 thread"),
        _ => println!("deadlock: nothing is left that could end the waits of {count} threads"),
    }
    for slot in slots() {
        let link = kernel::with(|kernel| {
            let head = waited_for(kernel, slot);
            link(kernel, slot, head, None)
        });
        write_link(report, &link, now);
    }
}

/// Begins a report; answers its number.
fn begin(how: DeadlockHow, links: u8) -> u16 {
    site::send(false);
    kernel::with(|kernel| {
        kernel.deadlocks.serial = kernel.deadlocks.serial.wrapping_add(1);
        let report = kernel.deadlocks.serial;
        kernel.record(Level::Samples, &wire::Deadlock { report, how, links });
        report
    })
}

fn write_link(report: u16, link: &Link, at: u64) {
    let holder = link.holder;
    let record = wire::DeadlockLink {
        report,
        unit: link.unit,
        object: link.object,
        kind: link.kind,
        site: link.site,
        waited_us: micros(at, link.since),
        holder: holder.map_or(UnitId::KERNEL, |holder| holder.unit),
        holder_site: holder.map_or(SiteId::NONE, |holder| holder.site),
        held_us: holder.map_or(0, |holder| micros(at, holder.since)),
    };
    if link.is_new {
        let Link { object, kind, unit: owner, object_name: name, .. } = *link;
        let introduction = wire::Object { object, kind, owner, name };
        kernel::with(|kernel| kernel.record(Level::Samples, &introduction));
    }
    kernel::with(|kernel| kernel.record(Level::Samples, &record));
    println!("  {}", Sentence { link, at });
}

fn micros(at: u64, since: u64) -> u32 {
    let micros = at.saturating_sub(since) / (u64::from(TICKS_PER_SECOND) / 1_000_000);
    u32::try_from(micros).unwrap_or(u32::MAX)
}

/// A link in words.
pub(crate) struct Sentence<'a> {
    pub(crate) link: &'a Link,
    pub(crate) at: u64,
}

impl fmt::Display for Sentence<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Link { unit, name, since, site, kind, object_name, holder, .. } = self.link;
        if let (ObjectKind::Resume, Some(by)) = (kind, holder) {
            return write!(f, "{name} (unit {unit}) is {}", SuspendedBy(*by, self.at));
        }
        write!(f, "{name} (unit {unit}) waits ")?;
        match (kind, holder) {
            (ObjectKind::Thread, Some(holder)) => {
                return write!(f, "for the end of {} (unit {})", holder.name, holder.unit);
            }
            _ => write!(f, "for {kind} `{object_name}`")?,
        }
        write!(f, " for {} us{}", micros(self.at, *since), At(*site))?;
        match holder {
            None => Ok(()),
            Some(LinkHolder { unit: holder, site, .. }) if holder == unit => {
                write!(f, ", and has it itself{}", At(*site))
            }
            Some(LinkHolder { unit, name, site, since, is_suspended }) => {
                let held = micros(self.at, *since);
                let how = if *is_suspended { ", suspended" } else { "" };
                write!(f, ", which {name} (unit {unit}{how}) has for {held} us{}", At(*site))
            }
        }
    }
}

/// A place in the source, where it is known.
pub(crate) struct At(pub(crate) SiteId);

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match site::location(self.0) {
            None => Ok(()),
            Some(place) => write!(f, " at {}:{}", site::tail(place.file()), place.line()),
        }
    }
}

/// Writes who waits for what, since when, and who has it: the console's `waits`.
pub(crate) fn write_waits() {
    let at = port::now();
    let mut any = false;
    for index in 1..THREADS_MAX as u8 {
        let slot = Slot(index);
        let link = kernel::with(|kernel| {
            match kernel.sched.state(slot) {
                State::Blocked(why) if why.depends_on_programs() => {}
                State::Suspended => {}
                _ => return None,
            }
            let head = waited_for(kernel, slot);
            Some((link(kernel, slot, head, None), kernel.sched.has_deadline(slot)))
        });
        if let Some((link, ends)) = link {
            any = true;
            let note = if ends { ", with a time-out" } else { "" };
            println!("{}{note}", Sentence { link: &link, at });
        }
    }
    if !any {
        println!("no thread waits for another one");
    }
}
