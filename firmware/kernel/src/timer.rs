//! Timers: MicroPython's `machine.Timer`.
//!
//! The problem: a timer whose ticks get lost without a trace, or come late without a number, is
//! worse than none. What users saw as "60 % of my callbacks are missing" nobody could tell from a slow
//! callback.
//!
//! The idea: an expiry does nothing but count and put the timer into the [queue of
//! callbacks](crate::callback); the callback itself runs in a unit of its own. Instants are absolute,
//! on the kernel's one clock without ticks, so nothing drifts; and whatever does not become a call is
//! counted with its reason ([`Counts`]): `fired = delivered + coalesced + dropped + late`, and one
//! more while a tick waits.
//!
//! | | MicroPython | here |
//! |---|---|---|
//! | ids 0 and 1 | the two hardware timers of the ESP32-C3; the same id is the same timer | the same, on every board |
//! | other ids | refused, before 1.25 masked | refused, masked with [`strict`](crate::compat) |
//! | negative ids | a virtual timer of its own | the same; with `strict` masked, as before 1.25 |
//! | too short a period | refused if it is no tick at all | refused below 20 us |
//! | a tick while the one before waits | takes another place of the queue | becomes one with it, and is counted |
//! | a tick that waits at `deinit` | is delivered once more | is not delivered, and is counted as late |
//!
//! Invariants:
//! 1. Two timers with the same instant fire in the order of their ids; virtual ones after those with
//!    an id, in the order in which they were made. One expiry is one section.
//! 2. The table of timers names live blocks only: a block leaves the table before it is given back,
//!    and it does so only when it is not armed, not queued, not called, and nobody has a handle.
//! 3. A closure that is being called lives until the call is over: who takes it away meanwhile leaves
//!    its end to the caller.
#![expect(unsafe_code, reason = "gives blocks and closures back when nothing refers to them")]

pub(crate) mod account;
mod cadence;
mod closure;
mod config;
mod show;
mod table;

pub use account::Held;
pub use cadence::PERIOD_TICKS_MIN;
pub(crate) use closure::Closure;
pub use config::{Config, Frequency};
pub(crate) use show::{introduce, open_window, samples, write_table};
pub use table::Counts;
pub(crate) use table::{
    Leftovers, TimerIndex, Timers, abandon_call, begin_call, end_call, expire, nanos, note_clock,
};

use crate::callback;
use crate::compat::{self, Strictness};
use crate::error::{Error, Shortage};
use crate::heap::{HEADER_BYTES, OwnerIndex, OwnerKind, OwnerTag};
use crate::kernel::{self, Kernel};
use crate::mem::Box;
use crate::port;
use crate::site;
use crate::sync::races;
use crate::thread::{Outcome, check_headroom};
use crate::time::Instant;
use core::mem::ManuallyDrop;
use core::ptr::NonNull;
use ramscope_wire::{ObjectId, SiteId, TimerMode};
use table::Block;

/// Timers with an id of their own, 0 and up: as many as the ESP32-C3 has timer groups.
pub const HARDWARE_TIMERS: usize = 2;
/// Virtual timers that can exist at once.
pub const VIRTUAL_TIMERS: usize = 64;
/// Timers that can exist at once.
pub const TIMERS_MAX: usize = HARDWARE_TIMERS + VIRTUAL_TIMERS;

const HARDWARE_NAMES: [&str; HARDWARE_TIMERS] = ["timer0", "timer1"];

/// A handle on a timer. Clones are handles on the same one.
///
/// A timer that is armed goes on when its last handle is dropped, as a thread does; its callback
/// is given a handle with which it can end it.
///
/// # Examples
/// ```no_run
/// # use ramscope_kernel::{timer::{Config, Timer}, Error};
/// let timer = Timer::new(1)?;
/// timer.init(Config::periodic().freq(10).callback(|timer| {
///     if timer.counts().delivered == 5 {
///         timer.deinit();
///     }
/// }))?;
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug)]
pub struct Timer {
    index: TimerIndex,
}

impl Timer {
    /// The timer of this id, or a new virtual one if the id is negative. The same id answers the
    /// same timer, as long as anybody has it or it is armed.
    ///
    /// # Context
    /// Thread. Allocates.
    ///
    /// # Errors
    /// [`Error::Invalid`] if there is no timer of this id; [`Error::Missing`].
    #[track_caller]
    pub fn new(id: i32) -> Result<Self, Error> {
        let id = match compat::strictness() {
            Strictness::Seed => id,
            // MicroPython before 1.25 masks the id, so that -1 is the last one.
            Strictness::MicroPython => id & (HARDWARE_TIMERS as i32 - 1),
        };
        match usize::try_from(id) {
            Err(_) => Self::named("timer"),
            Ok(id) if id < HARDWARE_TIMERS => Self::of_hardware(id),
            Ok(_) => Err(Error::Invalid),
        }
    }

    /// A new virtual timer with a name for reports.
    ///
    /// # Context
    /// Thread. Allocates.
    ///
    /// # Errors
    /// [`Error::Missing`].
    #[track_caller]
    pub fn named(name: &'static str) -> Result<Self, Error> {
        Self::make(name, site::here(), |kernel| kernel.timers.free_place())
    }

    #[track_caller]
    fn of_hardware(id: usize) -> Result<Self, Error> {
        let index = TimerIndex(id as u8);
        let known = kernel::with(|kernel| handle(kernel, index));
        match known {
            Some(timer) => Ok(timer),
            None => Self::make(HARDWARE_NAMES[id], site::here(), |_| Some(index)),
        }
    }

    fn make(
        name: &'static str,
        site: SiteId,
        place: impl Fn(&Kernel) -> Option<TimerIndex>,
    ) -> Result<Self, Error> {
        check_headroom();
        kernel::may_block()?;
        let owner = kernel::with(owner);
        let block = Box::place_for(owner, site)?;
        fill(block, name);
        let made = kernel::with(|kernel| {
            let index = place(kernel).ok_or(Error::Missing(Shortage::Timers))?;
            // Somebody else may have made the timer of this id meanwhile.
            if let Some(timer) = handle(kernel, index) {
                return Ok((timer, Some(block)));
            }
            admit(kernel, index, block);
            Ok((Timer { index }, None))
        });
        match made {
            Ok((timer, spare)) => {
                give_back(Leftovers { block: spare, closure: None });
                Ok(timer)
            }
            Err(error) => {
                give_back(Leftovers { block: Some(block), closure: None });
                Err(error)
            }
        }
    }

    /// Stops the timer, sets it up anew and starts it.
    ///
    /// # Context
    /// Thread. Allocates for the callback. Callbacks of this timer may call it.
    ///
    /// # Errors
    /// [`Error::TooShort`], [`Error::Invalid`] or [`Error::Missing`]; the timer is left as it was.
    #[track_caller]
    pub fn init<F, R>(&self, config: Config<F>) -> Result<(), Error>
    where
        F: Fn(&Timer) -> R + Send + 'static,
        R: Outcome,
    {
        check_headroom();
        kernel::may_block()?;
        let site = site::here();
        let cadence = config.cadence()?;
        let mode = config.mode();
        let closure = match config.callback {
            None => None,
            Some(callback) => {
                callback::ensure_unit()?;
                let index = self.index;
                let payer = kernel::with(|kernel| {
                    account::of(kernel, index).unwrap_or_else(|| owner(kernel))
                });
                Some(Closure::new(callback, payer, site)?)
            }
        };
        let old = kernel::with(|kernel| {
            let old = clear(kernel, self.index);
            let unit = kernel.current_unit();
            let block = kernel.timers.block(self.index);
            (block.mode, block.cadence, block.callback) = (mode, cadence, closure);
            (block.unit, block.site) = (unit, site);
            table::start(kernel, self.index, port::now());
            callback::follows(kernel, races::woke);
            show::announce(kernel, self.index);
            old
        });
        give_back(Leftovers { closure: old, block: None });
        Ok(())
    }

    /// Starts the timer anew from now on, as it was set up last. One that was never set up, or not
    /// since [`deinit`](Self::deinit), has nothing to call.
    ///
    /// # Context
    /// Any.
    pub fn start(&self) {
        kernel::with(|kernel| {
            table::stop(kernel, self.index);
            table::start(kernel, self.index, port::now());
        });
    }

    /// As [`start`](Self::start), with periods that count from `instant`: timers that are started from
    /// one instant stay in step. What has passed of them fires at once, as one tick.
    ///
    /// # Context
    /// Any.
    pub fn start_from(&self, instant: Instant) {
        kernel::with(|kernel| {
            table::stop(kernel, self.index);
            table::start(kernel, self.index, instant.ticks());
        });
    }

    /// Stops the timer; what it was set up for is kept for [`start`](Self::start).
    ///
    /// # Context
    /// Any.
    pub fn stop(&self) {
        kernel::with(|kernel| table::stop(kernel, self.index));
    }

    /// Stops the timer and lets its callback go. A tick that waited is counted as late, and not
    /// delivered; a callback that runs goes on to its end. As often as you like.
    ///
    /// # Context
    /// Thread, also in the callback itself. In a handler it does what [`stop`](Self::stop) does.
    pub fn deinit(&self) {
        let old = kernel::with(|kernel| match kernel.in_handler() {
            true => {
                table::stop(kernel, self.index);
                None
            }
            false => clear(kernel, self.index),
        });
        give_back(Leftovers { closure: old, block: None });
    }

    /// Milliseconds since the timer was started.
    ///
    /// # Context
    /// Any.
    #[must_use]
    pub fn value(&self) -> u64 {
        let started = kernel::with(|kernel| kernel.timers.block(self.index).started);
        (Instant::now().ticks().saturating_sub(started))
            / (u64::from(port::TICKS_PER_SECOND) / 1_000)
    }

    /// Whether an instant of it is still to come.
    ///
    /// # Context
    /// Any.
    #[must_use]
    pub fn is_armed(&self) -> bool {
        kernel::with(|kernel| kernel.timers.block(self.index).is_armed())
    }

    /// Its number, name and bytes, if it may still call something.
    pub(crate) fn at_work(&self, timers: &mut Timers) -> Option<(ObjectId, &'static str, u32)> {
        let block = timers.find(self.index).filter(|block| !block.is_at_rest())?;
        let bytes = size_of::<Block>() as u32 + HEADER_BYTES;
        Some((block.object, block.name, bytes))
    }

    /// Its id; `None` for a virtual one.
    #[must_use]
    pub const fn id(&self) -> Option<u8> {
        id_of(self.index)
    }

    /// What became of its ticks.
    ///
    /// # Context
    /// Any.
    #[must_use]
    pub fn counts(&self) -> Counts {
        kernel::with(|kernel| kernel.timers.block(self.index).counts)
    }
}

impl Timer {
    /// What the timer has of the heap; `None` if it shares its account with others.
    ///
    /// # Context
    /// Any.
    #[must_use]
    pub fn held(&self) -> Option<Held> {
        kernel::with(|kernel| account::held(kernel, self.index))
    }
}

impl PartialEq for Timer {
    /// Whether both are handles on the same timer.
    fn eq(&self, other: &Self) -> bool {
        self.index == other.index
    }
}

impl Clone for Timer {
    fn clone(&self) -> Self {
        kernel::with(|kernel| handle(kernel, self.index)).expect("a handle keeps its timer")
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        let block = kernel::with(|kernel| {
            kernel.timers.block(self.index).handles -= 1;
            table::release(kernel, self.index)
        });
        give_back(Leftovers { block, closure: None });
    }
}

const fn id_of(index: TimerIndex) -> Option<u8> {
    if (index.0 as usize) < HARDWARE_TIMERS { Some(index.0) } else { None }
}

/// One more handle on a timer, if it is there.
fn handle(kernel: &mut Kernel, index: TimerIndex) -> Option<Timer> {
    let block = kernel.timers.find(index)?;
    block.handles = block.handles.checked_add(1).expect("fewer handles than bytes");
    Some(Timer { index })
}

/// Who pays for the blocks of timers: one owner for all of them, or the kernel where the ledger is full.
fn owner(kernel: &mut Kernel) -> OwnerIndex {
    if kernel.timers.owner.is_none() {
        let tag = OwnerTag { kind: OwnerKind::Timer, unit: 0 };
        kernel.timers.owner = kernel.heap.owner_add(tag).ok();
    }
    kernel.timers.owner.unwrap_or(OwnerIndex::KERNEL)
}

/// Puts a new timer into the table.
fn admit(kernel: &mut Kernel, index: TimerIndex, block: NonNull<Block>) {
    kernel.timers.put(index, block);
    kernel.timers.serial += 1;
    let order = id_of(index).map_or(HARDWARE_TIMERS as u32 + kernel.timers.serial, u32::from);
    let object = ObjectId(kernel.next_object());
    let block = kernel.timers.block(index);
    (block.object, block.order) = (object, order);
    account::open(kernel, index);
}

/// Makes a new block a timer that nobody knows. A function of its own, so that the frames of what is
/// called before and after have no room for one.
#[inline(never)]
fn fill(block: NonNull<Block>, name: &'static str) {
    // SAFETY: the block is new and ours.
    unsafe { block.write(Block::new(name)) };
}

/// Stops a timer and takes its callback away; answers it if nobody is calling it.
fn clear(kernel: &mut Kernel, index: TimerIndex) -> Option<Closure> {
    table::stop(kernel, index);
    let block = kernel.timers.block(index);
    let closure = block.callback.take();
    // Invariant 3.
    closure.filter(|closure| block.called != Some(*closure))
}

/// Gives back what nobody uses any more. Interrupts on: a closure's end runs a program's code.
pub(crate) fn give_back(Leftovers { closure, block }: Leftovers) {
    let of_block = block.map(|block| {
        // SAFETY: by invariant 2 it has left the table, and nothing refers to it.
        let mut block = unsafe { Box::from_raw(block) };
        block.callback.take()
    });
    for closure in [closure, of_block.flatten()].into_iter().flatten() {
        // SAFETY: by invariant 3 it was taken from its timer, and is not being called.
        unsafe { closure.drop() };
    }
}

/// Calls what was set up for a timer. The handle that it is given is no handle of the program: what
/// is called keeps the timer.
///
/// # Context
/// The unit of the callbacks, between [`begin_call`] and [`end_call`].
pub(crate) fn call(index: TimerIndex, closure: Closure) -> crate::thread::End {
    let timer = ManuallyDrop::new(Timer { index });
    // SAFETY: invariant 3.
    unsafe { closure.call(&timer) }
}

/// The name of a timer, for texts.
pub(crate) fn name_of(kernel: &mut Kernel, index: TimerIndex) -> &'static str {
    kernel.timers.find(index).map_or("timer", |block| block.name)
}

/// Whether it repeats, in words.
const fn mode_name(mode: TimerMode) -> &'static str {
    match mode {
        TimerMode::OneShot => "one-shot",
        _ => "periodic",
    }
}
