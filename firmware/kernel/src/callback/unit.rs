//! The unit of the callbacks: its one loop, how it is made, and how it is made anew.

use super::{Current, Home, Job, PASS_TICKS};
use crate::console;
use crate::deadlock;
use crate::error::Error;
use crate::kernel::{self, Kernel};
use crate::port;
use crate::sched::{Attention, PRIORITIES, Slot, Why};
use crate::stack::KERNEL_STACK_MAX;
use crate::thread::{self, Builder, End};
use crate::timer::{self, Closure};
use ramscope_wire::UnitKind;

/// The stack of the unit of the callbacks: enough to write a line and to say why it panicked.
pub const STACK_BYTES: usize = 3072;
/// Above everybody: a pass is a kernel call of any thread.
const PRIORITY: u8 = PRIORITIES as u8 - 1;

/// What must be left of the caller's stack, beyond what every kernel call needs, for it to make the
/// unit itself.
const ROOM_BYTES: usize = 192;

/// Makes the unit if there is none. Where the caller's stack is too small for that, the console
/// thread does it.
///
/// # Errors
/// [`Error::Missing`].
pub(crate) fn ensure_unit() -> Result<(), Error> {
    if !port::has_stack(KERNEL_STACK_MAX + ROOM_BYTES) {
        kernel::with(|kernel| {
            if kernel.callbacks.home == Home::Absent {
                kernel.callbacks.home = Home::Wanted;
                console::attend(kernel);
            }
        });
        return Ok(());
    }
    let is_absent = kernel::with(|kernel| {
        let home = &mut kernel.callbacks.home;
        let is_absent = matches!(home, Home::Absent | Home::Wanted);
        if is_absent {
            *home = Home::Making;
        }
        is_absent
    });
    if !is_absent {
        return Ok(());
    }
    let unit = Builder::of_kernel("callbacks").kind(UnitKind::Callbacks);
    match unit.stack_bytes(STACK_BYTES).priority(PRIORITY).spawn(body) {
        // Nobody joins it.
        Ok(handle) => drop(handle),
        Err(error) => {
            kernel::with(|kernel| kernel.callbacks.home = Home::Absent);
            return Err(error);
        }
    }
    Ok(())
}

fn body() -> Result<(), Error> {
    kernel::with(|kernel| kernel.callbacks.home = Home::Made(kernel.sched.running()));
    loop {
        if let Some((job, closure)) = kernel::with(take) {
            run(job, closure);
        }
        park()?;
    }
}

/// Begins the callback that has waited longest; of a timer's, answers what is to be called.
fn take(kernel: &mut Kernel) -> Option<(Job, Option<Closure>)> {
    let now = port::now();
    kernel.sched.attention.lower(Attention::CALLBACK);
    let callbacks = &mut kernel.callbacks;
    callbacks.parked = false;
    let entry = callbacks.queue.pop()?;
    let waited = now.saturating_sub(entry.since);
    let displaced = callbacks.displaced.take();
    let own = kernel.current().owner;
    let callbacks = &mut kernel.callbacks;
    callbacks.current = Some(Current { job: entry.job, began: now, displaced, own });
    let counts = &mut callbacks.counts;
    counts.delivered = counts.delivered.wrapping_add(1);
    counts.longest_wait_ns = counts.longest_wait_ns.max(timer::nanos(waited));
    let closure = match entry.job {
        Job::Timer(index) => {
            kernel.current().owner = timer::account::of(kernel, index).unwrap_or(own);
            timer::begin_call(kernel, index, waited)
        }
        Job::Call { .. } => None,
    };
    Some((entry.job, closure))
}

fn run(job: Job, closure: Option<Closure>) {
    let end = match job {
        Job::Call { work, argument } => {
            work(argument);
            End::Returned
        }
        Job::Timer(index) => closure.map_or(End::Returned, |closure| timer::call(index, closure)),
    };
    let leftovers = kernel::with(|kernel| {
        finish(kernel, end);
        match job {
            Job::Timer(index) => timer::end_call(kernel, index),
            Job::Call { .. } => timer::Leftovers::default(),
        }
    });
    timer::give_back(leftovers);
}

/// The callback that runs has ended.
fn finish(kernel: &mut Kernel, end: End) {
    let now = port::now();
    let Some(current) = kernel.callbacks.current.take() else { return };
    if let Home::Made(slot) = kernel.callbacks.home {
        kernel.threads[slot.index()].owner = current.own;
    }
    deadlock::arm(kernel, -1);
    let counts = &mut kernel.callbacks.counts;
    let ran = timer::nanos(now.saturating_sub(current.began));
    counts.longest_run_ns = counts.longest_run_ns.max(ran);
    if end != End::Returned {
        counts.failed = counts.failed.wrapping_add(1);
        let name = super::name_of(kernel, current.job);
        kernel.callbacks.reports.note_failure(name, end);
        console::attend(kernel);
    }
}

/// Ends a pass: waits for the next one.
fn park() -> Result<(), Error> {
    thread::wait_through(|kernel| {
        let more = kernel.callbacks.queue.length() > 0;
        if more && kernel.sched.is_nobody_ready() {
            // Nobody is displaced by going on.
            return;
        }
        kernel.callbacks.parked = true;
        kernel.sched.attention.set(Attention::CALLBACK, more);
        let deadline = more.then(|| port::now() + PASS_TICKS);
        kernel.sched.block_running(Why::Nothing, None, deadline);
    })
    .or_else(|error| match error {
        Error::TimedOut => Ok(()),
        other => Err(other),
    })
}

/// A unit was torn down. If it was that of the callbacks, its callback is over, and the console
/// thread makes another unit.
pub(crate) fn unit_ended(kernel: &mut Kernel, slot: Slot) {
    if kernel.callbacks.home != Home::Made(slot) {
        return;
    }
    kernel.callbacks.home = Home::Wanted;
    kernel.callbacks.parked = false;
    kernel.sched.attention.lower(Attention::CALLBACK);
    let job = kernel.callbacks.current.map(|current| current.job);
    finish(kernel, End::Panicked);
    if let Some(Job::Timer(index)) = job {
        timer::abandon_call(kernel, index);
    }
}
