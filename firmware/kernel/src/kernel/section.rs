//! Sections: the stretches with interrupts masked in which thread code is at work on the kernel.
//!
//! A section checks first that the stack has room for it, masks, works, and unmasks. One that may
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

/// The instance, where interrupts are masked.
#[inline(always)]
pub(super) fn kernel<'a>() -> &'a mut Kernel {
    // SAFETY: invariant 1 of `kernel`: the caller has masked interrupts and keeps no other.
    unsafe { port::kernel().as_mut() }
}

/// Runs `work` on the kernel with interrupts masked.
///
/// # Context
/// Thread or handler; never inside of another `with`.
#[inline]
pub(crate) fn with<R>(work: impl FnOnce(&mut Kernel) -> R) -> R {
    let were_on = port::mask();
    check_room(were_on, SECTION_STACK_MAX);
    let kernel = kernel();
    kernel.begin_section(were_on);
    let result = work(kernel);
    kernel.end_section(were_on);
    port::unmask(were_on);
    result
}

/// Stops the unit before a section of the kernel for which its stack has no room: an overflow in
/// the middle of one would leave the kernel's state half written. Interrupts are masked; where they
/// `were_on`, a thread runs.
#[inline(always)]
pub(super) fn check_room(were_on: bool, bytes: usize) {
    if were_on && port::is_stack_short(bytes) {
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

/// As [`with`], where interrupts are masked already, by the kernel itself.
#[inline(always)]
pub(crate) fn work_on<R>(work: impl FnOnce(&mut Kernel) -> R) -> R {
    let kernel = kernel();
    kernel.begin_section(true);
    let result = work(kernel);
    kernel.end_section(true);
    result
}

/// As [`work_on`], where interrupts were on before or not.
#[inline(always)]
pub(crate) fn work_in<R>(were_on: bool, work: impl FnOnce(&mut Kernel) -> R) -> R {
    let kernel = kernel();
    kernel.begin_section(were_on);
    let result = work(kernel);
    kernel.end_section(were_on);
    result
}

impl Kernel {
    /// That interrupts are masked says that a section is under way, but where they `were_on` no more
    /// before: there it is noted. With debug assertions it always is, to find sections in sections.
    #[inline(always)]
    fn begin_section(&mut self, were_on: bool) {
        debug_assert!(!self.busy, "a section inside of a section");
        if cfg!(debug_assertions) || !were_on {
            self.busy = true;
        }
    }

    #[inline(always)]
    fn end_section(&mut self, were_on: bool) {
        if cfg!(debug_assertions) || !were_on {
            self.busy = false;
        }
    }
}

/// Runs `work` with interrupts masked, then gives the processor to whom the scheduler names.
///
/// # Context
/// Thread, or handler or with interrupts masked: then the end of that gives it away.
#[inline]
pub(crate) fn then_reschedule<R>(work: impl FnOnce(&mut Kernel) -> R) -> R {
    let were_on = port::mask();
    check_room(were_on, KERNEL_STACK_MAX);
    let kernel = kernel();
    kernel.begin_section(were_on);
    let result = work(kernel);
    kernel.end_section(were_on);
    if were_on {
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
    if !port::mask() {
        return Err(why_not_block());
    }
    check_room(true, KERNEL_STACK_MAX);
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
    let were_on = port::mask();
    port::unmask(were_on);
    if were_on { Ok(()) } else { Err(why_not_block()) }
}

#[cold]
#[inline(never)]
fn why_not_block() -> Error {
    if with(|kernel| kernel.in_handler()) { Error::InHandler } else { Error::Masked }
}

/// The end of a section that may have changed who runs: interrupts are on afterwards.
#[inline(always)]
pub(crate) fn end_section() {
    if kernel().sched.attention.any(Attention::AT_END) {
        reschedule();
    } else {
        port::unmask(true);
    }
}

/// Gives the processor to whom the scheduler names, between two sections. Interrupts are masked before
/// and afterwards, but not meanwhile.
#[inline(always)]
pub(crate) fn decide() {
    end_section();
    let _ = port::mask();
}

/// Lets an equal or more urgent thread go first. Where nobody is ready it needs nothing of the stack, and
/// does not look what is left of it.
#[inline(always)]
pub(crate) fn give_way() {
    if !port::mask() {
        return;
    }
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
    finish(kernel, from, next, stamp);
}

#[inline(never)]
fn give_way_after_more() {
    let kernel = kernel();
    if kernel.sched.attention.any(Attention::BEFORE_DECISION) {
        before_decision(kernel);
    }
    let from = kernel.sched.running();
    let stamp = kernel.stamp();
    let next = kernel.sched.give_way(stamp);
    finish_with_more(from, next, stamp);
}

/// Carries out a decision of the scheduler. Interrupts are masked before, and on afterwards.
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
        let (from, to) = kernel.hand_over(from, to, stamp);
        // SAFETY: interrupts are masked, and by invariant 2 of `kernel` the context is complete.
        unsafe { port::_ramscope_port_switch(from, to) };
    } else {
        port::unmask(true);
    }
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
        // SAFETY: interrupts are masked, and by invariant 2 of `kernel` the context is complete.
        unsafe { port::_ramscope_port_switch(from, to) };
    } else {
        port::unmask(true);
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

/// Gives the processor away for good; the running slot has ended. Interrupts masked.
pub(crate) fn resume_another() -> ! {
    let seat = choose_another();
    // SAFETY: interrupts are masked, and by invariant 2 of `kernel` the context is complete.
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
