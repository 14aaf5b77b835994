//! The one way to wait for an object.

use super::deferred;
use super::head::{Head, Headed, Masked};
use super::mutex;
use crate::era::LongStamp;
use crate::error::{Error, Exit};
use crate::kernel::{self, Kernel, Waited};
use crate::port;
use crate::sched::{Attention, Wake};
use crate::site::Place;
use crate::stack::KERNEL_STACK_MAX;
use crate::thread;
use crate::time::{Instant, Span};

/// How long a caller is willing to wait.
#[derive(Clone, Copy)]
pub(crate) enum Patience {
    Forever,
    For(Span),
}

/// What a unit that waits asked for, when and where.
#[derive(Clone, Copy)]
pub(crate) struct Ask {
    pub(crate) deadline: Option<u64>,
    pub(crate) place: Place,
    /// What it wants, in the object's own terms; the answer comes back in the same place.
    pub(crate) word: usize,
    pub(crate) mode: u8,
}

impl Ask {
    pub(crate) fn new(patience: Patience, place: Place) -> Self {
        let deadline = match patience {
            Patience::Forever => None,
            Patience::For(span) => Some((Instant::now() + span).ticks()),
        };
        Self { deadline, place, word: 0, mode: 0 }
    }
}

/// What the kernel keeps of a unit's last wait.
#[derive(Clone, Copy)]
pub(crate) struct Wait {
    pub(crate) since: LongStamp,
    pub(crate) place: Place,
    pub(crate) word: usize,
    pub(crate) mode: u8,
}

impl Wait {
    pub(crate) const NONE: Wait =
        Wait { since: LongStamp::ZERO, place: Place::NONE, word: 0, mode: 0 };
}

impl Kernel {
    /// Notes since when, where and for what the running unit waits.
    pub(crate) fn begin_wait(&mut self, ask: &Ask) {
        let since = self.long_stamp();
        let &Ask { place, word, mode, .. } = ask;
        self.current().wait = Wait { since, place, word, mode };
    }
}

/// What an attempt found.
pub(crate) enum Attempt<R> {
    /// What was wanted.
    Got(R),
    /// Nothing: the unit was put into a queue and waits.
    Waits,
}

/// Whether what was handed over made somebody else ready.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Woken {
    Nobody,
    Somebody,
}

/// What is handed over is nothing but the end of the wait.
#[inline(always)]
pub(crate) fn just_granted(_: &mut Kernel) -> ((), Woken) {
    ((), Woken::Nobody)
}

/// Makes an attempt, and waits where that put the unit into a queue; then `granted` takes what was
/// handed over. The wait is over in the section in which the unit has the processor again.
///
/// # Errors
/// Those of the attempt and of the wait.
pub(crate) fn wait_for<S: Headed, R>(
    object: &Masked<S>,
    place: Place,
    attempt: impl FnOnce(&mut Kernel) -> Result<Attempt<R>, Error>,
    granted: impl FnOnce(&mut Kernel) -> (R, Woken),
) -> Result<R, Error> {
    if port::is_held() || !port::has_stack(KERNEL_STACK_MAX) {
        return Err(refuse());
    }
    port::hold();
    let mut told = None;
    let outcome = kernel::work_on(|kernel| {
        if kernel.sched.attention.any(Attention::TOLD) {
            told = thread::told(kernel);
            if told.is_some() {
                return Err(Error::Exit(Exit::new()));
            }
        }
        attempt(kernel)
    });
    let mut broken_off = None;
    let mut woken = Woken::Nobody;
    let result = match outcome {
        Err(error) => Err(error),
        Ok(Attempt::Got(found)) => {
            kernel::decide();
            Ok(found)
        }
        Ok(Attempt::Waits) => {
            if kernel::work_on(|kernel| kernel.sched.attention.any(Attention::UNSETTLED)) {
                mutex::settle();
            }
            kernel::decide();
            kernel::work_on(|kernel| match end(kernel, object, place) {
                Wake::Granted => {
                    let (result, others) = granted(kernel);
                    woken = others;
                    Ok(result)
                }
                wake => {
                    broken_off = Some(wake);
                    Err(Error::TimedOut)
                }
            })
        }
    };
    if woken == Woken::Somebody {
        kernel::decide();
    }
    port::let_go(true);
    match (told, broken_off) {
        (None, None) => result,
        (Some(told), _) => thread::deliver(told).and(result),
        (None, Some(wake)) => thread::broken_off(wake).and(result),
    }
}

/// How the wait of the running thread ended; the telemetry is told.
#[inline(always)]
fn end<S: Headed>(kernel: &mut Kernel, object: &Masked<S>, place: Place) -> Wake {
    let wake = kernel.sched.wake_of(kernel.sched.running());
    if kernel.sched.attention.any(Attention::EVENTS) {
        object.get(kernel).head().note_end(kernel, wake, place);
    }
    wake
}

/// Tells how a wait in line ended, if the telemetry asks, and makes the caller's answer of it.
///
/// # Errors
/// What a wait that was not granted is answered with.
#[cold]
#[inline(never)]
pub(crate) fn end_in_line<S: Headed>(
    object: &Masked<S>,
    waited: Waited,
    place: Place,
) -> Result<(), Error> {
    let Waited::Ended(wake) = waited else { return Ok(()) };
    kernel::with(|kernel| {
        if kernel.sched.attention.any(Attention::EVENTS) {
            object.get(kernel).head().note_end(kernel, wake, place);
        }
    });
    match wake {
        Wake::Granted => Ok(()),
        wake => thread::broken_off(wake).and(Err(Error::TimedOut)),
    }
}

/// Nobody may wait here: the reason.
#[cold]
#[inline(never)]
fn refuse() -> Error {
    thread::check_headroom();
    kernel::may_block().expect_err("the kernel is held, or the stack would have been too short")
}

/// The long way of a call that does not wait: one section, and then the processor goes to whom the
/// scheduler names.
///
/// # Context
/// Thread or handler.
#[inline(always)]
pub(crate) fn change<R>(work: impl FnOnce(&mut Kernel) -> R) -> R {
    let was_free = !port::is_held();
    if !was_free || !port::has_stack(KERNEL_STACK_MAX) {
        thread::check_headroom();
    }
    port::hold();
    let result = kernel::work_in(was_free, work);
    if was_free {
        kernel::end_section();
    }
    result
}

/// As [`wait_for`], but not a point where a request to end is delivered.
pub(crate) fn wait_through_for(
    attempt: impl FnOnce(&mut Kernel) -> Result<Attempt<()>, Error>,
) -> Result<(), Error> {
    thread::check_headroom();
    let mut outcome = Ok(Attempt::Waits);
    let waited = thread::wait_through(|kernel| outcome = attempt(kernel));
    match outcome? {
        Attempt::Got(()) => Ok(()),
        Attempt::Waits => waited,
    }
}

/// Tells all that wait for an object, one a section; in a handler the first one, and the rest at once
/// after it.
pub(crate) fn release_all<S: Headed>(object: &Masked<S>) {
    kernel::with(|kernel| object.get(kernel).head().tell_all(kernel, Wake::Granted));
    wake_all_told(object);
}

/// Wakes all that have been told, one a section; in a handler the first one, and the rest at once after
/// it.
pub(crate) fn wake_all_told<S: Headed>(object: &Masked<S>) {
    while change(|kernel| {
        let head = object.get(kernel).head();
        head.wake_told(kernel) && !head.is_nobody_told() && !is_left(kernel, head)
    }) {}
}

/// Wakes who waits first, of all that are woken like this; says whether the caller must see to the next
/// one.
pub(super) fn wake_one(kernel: &mut Kernel, head: &mut Head, wake: Wake) -> bool {
    head.wake_next(kernel, wake).is_some() && head.waiting() > 0 && !is_left(kernel, head)
}

/// Leaves the rest to come right after this handler, if it is one and there is room.
fn is_left(kernel: &mut Kernel, head: &mut Head) -> bool {
    deferred::is_one_stretch(kernel) && deferred::defer(kernel, head)
}
