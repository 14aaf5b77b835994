//! Sections: the stretches in which thread code is at work on the kernel.
//!
//! # The problem
//! Nobody else may touch the kernel's state meanwhile. To mask interrupts for so long is simple, and
//! makes every device wait for the longest thing that the kernel ever does.
//!
//! # The idea
//! The kernel is *held*: one register says so, which costs no more than a mask, and interrupts stay on.
//! What interrupts while it is held is *put off*: the trap entry silences that one line, notes that
//! it did, and goes back, in some twenty instructions, with no state of the kernel's touched. Who lets
//! the kernel go looks at that note and, where it is set, lets the lines through again: each of them
//! interrupts once more, and now its handler runs. (Interrupt protection of this optimistic kind: Stodolsky,
//! Chen and Bershad, "Fast Interrupt Priority Management in Operating System Kernels", 1993. Others
//! split handlers in two for the same end, eCos into ISR and DSR.) A handler holds the kernel, too, as
//! soon as its source is quiet, and is interrupted no less than thread code.
//!
//! Interrupts are masked for the change of contexts alone, and on the short ways through the objects
//! ([`quick`](crate::sync::quick)) and of [`give_way`], which are over before a handler could have
//! been put off.
//!
//! Invariants:
//! 1. Whoever touches the kernel's state holds it, or has masked interrupts and found it free.
//! 2. What happens while it is held touches nothing of the kernel's, nor of a program's: a register of the
//!    port's, the line's enable bit, and two words below the stack pointer, for which every section has
//!    made sure that there is room. So all that used to hold because interrupts were masked holds: of
//!    the telemetry's ring, which has one writer; of the collector's steps; of lists and accounts.
//! 3. It is let go by who took it, or by the switch or resumption that makes another context run. None
//!    of these leaves a line silent: note and hold are one register, and one instruction looks at the
//!    one as it gives back the other.
//! 4. The kernel is free when a unit is resumed, however it had lost the processor.
//!
//! A section checks first that the stack has room for it. One that may
//! have made another unit ready, or has blocked the caller, ends with a look at the one word
//! ([`Attention`]) that says whether anything follows. What follows hardly ever is not on the way.
//!
//! | | ends with |
//! |---|---|
//! | [`with`] | nothing: what it made ready runs at the next kernel call or interrupt |
//! | [`then_reschedule`] | the processor goes to whom the scheduler names; anywhere |
//! | [`blocking`] | the same; only where the caller may block |
//! | [`give_way`] | the same, and equals go first |
#![expect(unsafe_code, reason = "makes the one reference to the instance, and switches contexts")]

use super::Kernel;
use crate::callback;
use crate::deadlock;
use crate::error::Error;
use crate::port::{self, Seat};
use crate::sched::{Attention, Next, Rivals, Slot, Wake};
use crate::stack::{KERNEL_STACK_MAX, SECTION_STACK_MAX};
use crate::thread;
use core::ptr::NonNull;

/// The instance, where it is held or interrupts are masked.
#[inline(always)]
pub(super) fn kernel<'a>() -> &'a mut Kernel {
    // SAFETY: invariant 1 of `kernel`: the caller has taken it and keeps no other.
    unsafe { port::kernel().as_mut() }
}

/// Runs `work` on the kernel, which is held meanwhile.
///
/// # Context
/// Thread or handler; never inside of another `with`.
#[inline]
pub(crate) fn with<R>(work: impl FnOnce(&mut Kernel) -> R) -> R {
    let was_free = !port::is_held();
    check_room(was_free, SECTION_STACK_MAX);
    port::hold();
    let kernel = kernel();
    kernel.begin_section(was_free);
    let result = work(kernel);
    kernel.end_section(was_free);
    port::let_go(was_free);
    result
}

/// Stops the unit before a section of the kernel for which its stack has no room: an overflow in
/// the middle of one would leave the kernel's state half written. Where the kernel `was_free`, a thread
/// runs; it is not held yet, so that nothing is put off where there is no room for that.
#[inline(always)]
pub(super) fn check_room(was_free: bool, bytes: usize) {
    if was_free && port::is_stack_short(bytes) {
        exhausted();
    }
}

#[cold]
#[inline(never)]
fn exhausted() -> ! {
    // So that it is not taken for a fault of the kernel's.
    port::unmask(true);
    port::stack_exhausted()
}

/// As [`with`], where the kernel is held already, by thread code of its own.
#[inline(always)]
pub(crate) fn work_on<R>(work: impl FnOnce(&mut Kernel) -> R) -> R {
    let kernel = kernel();
    kernel.begin_section(true);
    let result = work(kernel);
    kernel.end_section(true);
    result
}

/// As [`work_on`], where the kernel was free before or not.
#[inline(always)]
pub(crate) fn work_in<R>(was_free: bool, work: impl FnOnce(&mut Kernel) -> R) -> R {
    let kernel = kernel();
    kernel.begin_section(was_free);
    let result = work(kernel);
    kernel.end_section(was_free);
    result
}

impl Kernel {
    /// That the kernel is held says that a section is under way, but where it was not free before: there
    /// it is noted. With debug assertions it always is, to find sections in sections.
    #[inline(always)]
    fn begin_section(&mut self, was_free: bool) {
        debug_assert!(!self.busy, "a section inside of a section");
        if cfg!(debug_assertions) || !was_free {
            self.busy = true;
        }
    }

    #[inline(always)]
    fn end_section(&mut self, was_free: bool) {
        if cfg!(debug_assertions) || !was_free {
            self.busy = false;
        }
    }
}

/// Runs `work` with the kernel held, then gives the processor to whom the scheduler names.
///
/// # Context
/// Thread, or handler or with interrupts masked: then the end of that gives it away.
#[inline]
pub(crate) fn then_reschedule<R>(work: impl FnOnce(&mut Kernel) -> R) -> R {
    let was_free = !port::is_held();
    check_room(was_free, KERNEL_STACK_MAX);
    port::hold();
    let kernel = kernel();
    kernel.begin_section(was_free);
    let result = work(kernel);
    kernel.end_section(was_free);
    if was_free {
        end_section();
    }
    result
}

/// Runs `work`, which may block the caller, then gives the processor to whom the scheduler names.
///
/// # Context
/// Thread.
///
/// # Errors
/// [`Error::InHandler`], or [`Error::Masked`] where the caller has masked interrupts; `work` does not run.
#[inline]
pub(crate) fn blocking<R>(work: impl FnOnce(&mut Kernel) -> R) -> Result<R, Error> {
    if port::is_held() {
        return Err(why_not_block());
    }
    check_room(true, KERNEL_STACK_MAX);
    port::hold();
    let result = work_on(work);
    end_section();
    Ok(result)
}

/// Whether the caller may block.
///
/// # Errors
/// [`Error::InHandler`], or [`Error::Masked`] where the caller has masked interrupts.
#[inline]
pub(crate) fn may_block() -> Result<(), Error> {
    if port::is_held() { Err(why_not_block()) } else { Ok(()) }
}

#[cold]
#[inline(never)]
fn why_not_block() -> Error {
    if with(|kernel| kernel.in_handler()) { Error::InHandler } else { Error::Masked }
}

/// The end of a section that may have changed who runs: the kernel is free afterwards.
#[inline(always)]
pub(crate) fn end_section() {
    if kernel().sched.attention.any(Attention::AT_END) {
        reschedule();
    } else {
        port::let_go(true);
    }
}

/// Gives the processor to whom the scheduler names, between two sections. The kernel is held before
/// and afterwards, but not meanwhile.
#[inline(always)]
pub(crate) fn decide() {
    end_section();
    port::hold();
}

/// Lets an equal or more urgent thread go first. Where nobody is ready it needs nothing of the stack, and
/// does not look what is left of it.
#[inline(always)]
pub(crate) fn give_way() {
    if port::is_held() {
        return;
    }
    let _ = port::mask();
    let sched = &kernel().sched;
    let rivals = sched.rivals();
    if rivals.any() || !sched.attention.is_nothing() {
        give_way_now(rivals);
    } else {
        port::unmask(true);
    }
}

/// The rest of [`give_way`]. The way on which nothing else is due calls nothing but the port's switch, as
/// its last act: so it saves no registers that the switch saves.
#[inline(never)]
fn give_way_now(rivals: Rivals) {
    check_room(true, KERNEL_STACK_MAX);
    let kernel = kernel();
    if kernel.sched.attention.any(Attention::BEFORE_TURN) || !rivals.are_equals() {
        return give_way_after_more();
    }
    let from = kernel.sched.running();
    let stamp = kernel.stamp();
    let next = kernel.sched.take_turn(stamp);
    if kernel.sched.attention.any(Attention::AFTER_DECISION) {
        hold_masked();
        return finish_with_more(from, next, stamp);
    }
    if let Next::Switch(to) = next {
        let (from, to) = kernel.hand_over(from, to, stamp);
        // SAFETY: interrupts are masked, and by invariant 2 of `kernel` the context is complete.
        unsafe { port::_ramscope_port_switch(from, to) };
    } else {
        port::unmask(true);
    }
}

/// From masked interrupts to a kernel that is held, for what takes longer.
#[inline(always)]
pub(super) fn hold_masked() {
    port::hold();
    port::unmask(true);
}

#[inline(never)]
fn give_way_after_more() {
    hold_masked();
    let kernel = kernel();
    if kernel.sched.attention.any(Attention::BEFORE_DECISION) {
        before_decision(kernel);
    }
    let from = kernel.sched.running();
    let stamp = kernel.stamp();
    let next = kernel.sched.give_way(stamp);
    finish_with_more(from, next, stamp);
}

/// Carries out a decision of the scheduler. The kernel is held before, and free afterwards.
#[inline(never)]
fn reschedule() {
    let kernel = kernel();
    let from = kernel.sched.running();
    let stamp = kernel.stamp();
    if !kernel.sched.attention.any(Attention::BEFORE_DECISION)
        && let Some(next) = kernel.sched.decide_quickly(stamp)
    {
        return finish(kernel, from, next, stamp);
    }
    reschedule_after_more();
}

#[inline(never)]
fn reschedule_after_more() {
    let kernel = kernel();
    if kernel.sched.attention.any(Attention::BEFORE_DECISION) {
        before_decision(kernel);
    }
    let from = kernel.sched.running();
    let stamp = kernel.stamp();
    let next = kernel.sched.decide(stamp);
    finish_with_more(from, next, stamp);
}

/// What follows a decision.
#[inline(always)]
pub(super) fn finish(kernel: &mut Kernel, from: Slot, next: Next, stamp: u32) {
    if kernel.sched.attention.any(Attention::AFTER_DECISION) {
        return finish_with_more(from, next, stamp);
    }
    if let Next::Switch(to) = next {
        change_to(kernel, from, to, stamp);
    } else {
        port::let_go(true);
    }
}

/// Gives the processor to another slot, where nothing else follows its decision.
#[inline(always)]
pub(super) fn change_to(kernel: &mut Kernel, from: Slot, to: Slot, stamp: u32) {
    let (from, to) = kernel.hand_over(from, to, stamp);
    port::let_go_masked();
    // SAFETY: interrupts are masked, and by invariant 2 of `kernel` the context is complete.
    unsafe { port::_ramscope_port_switch(from, to) };
}

/// The alarm is to be moved, or the switch to be recorded.
#[inline(never)]
fn finish_with_more(from: Slot, next: Next, stamp: u32) {
    let kernel = kernel();
    if kernel.sched.attention.any(Attention::ALARM) {
        kernel.place_alarm();
    }
    if let Next::Switch(to) = next {
        if kernel.sched.attention.any(Attention::ALL) {
            kernel.record_switch(from, to);
        }
        let (from, to) = kernel.hand_over(from, to, stamp);
        port::let_go_masked();
        // SAFETY: interrupts are masked, and by invariant 2 of `kernel` the context is complete.
        unsafe { port::_ramscope_port_switch(from, to) };
    } else {
        port::let_go(true);
    }
}

/// What is due before the scheduler decides: hardly ever anything.
#[inline(never)]
pub(super) fn before_decision(kernel: &mut Kernel) {
    if kernel.sched.attention.any(Attention::LOOK) {
        deadlock::look(kernel);
    }
    if kernel.sched.attention.any(Attention::CALLBACK) {
        callback::pass(kernel);
    }
}

/// Gives the processor away for good; the running slot has ended. The kernel is held.
pub(crate) fn resume_another() -> ! {
    let seat = choose_another();
    // SAFETY: the kernel is held, and by invariant 2 of `kernel` the context is complete.
    unsafe { port::_ramscope_port_resume(seat) }
}

/// Whom to go on with after the running slot has ended.
pub(crate) fn choose_another() -> NonNull<Seat> {
    work_on(|kernel| {
        let from = kernel.sched.running();
        let Some((_, seat)) = kernel.choose(from) else {
            unreachable!("the running slot has ended, so another one is named");
        };
        // Only now does nothing run in it any more.
        thread::release_slot(kernel, from);
        seat
    })
}

impl Kernel {
    /// Has the scheduler decide at the end of a handler, or of a slot; the seats of who leaves and who comes.
    #[inline(always)]
    pub(super) fn choose_quickly(&mut self, from: Slot) -> Option<(NonNull<Seat>, NonNull<Seat>)> {
        if self.sched.attention.any(Attention::BEFORE_QUICK_DECISION) {
            return None;
        }
        let stamp = self.stamp();
        let Some(Next::Switch(to)) = self.sched.decide_quickly(stamp) else { return None };
        let seats = self.hand_over(from, to, stamp);
        if self.sched.attention.any(Attention::ALARM) {
            self.place_alarm();
        }
        Some(seats)
    }

    /// As [`choose_quickly`](Self::choose_quickly), with all that is due.
    #[inline(never)]
    pub(super) fn choose(&mut self, from: Slot) -> Option<(NonNull<Seat>, NonNull<Seat>)> {
        if self.sched.attention.any(Attention::BEFORE_DECISION) {
            before_decision(self);
        }
        let stamp = self.stamp();
        let next = self.sched.decide(stamp);
        if self.sched.attention.any(Attention::ALARM) {
            self.place_alarm();
        }
        let Next::Switch(to) = next else { return None };
        if self.sched.attention.any(Attention::ALL) {
            self.record_switch(from, to);
        }
        Some(self.hand_over(from, to, stamp))
    }
}

/// How the last wait of the running thread ended. No section: nobody else writes it while it runs.
#[inline(always)]
pub(crate) fn wake_of_running() -> Wake {
    // SAFETY: a reference that reads two bytes, which only this context could change now.
    let sched = unsafe { &port::kernel().as_ref().sched };
    sched.wake_of(sched.running())
}
