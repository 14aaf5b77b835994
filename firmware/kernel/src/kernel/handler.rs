//! What boards call from their trap code, with the kernel held.
//!
//! Interrupts are masked when a handler begins. As soon as its source is quiet the board turns them on,
//! and masks them again for the return only: what comes meanwhile is put off, as in every section.
#![expect(unsafe_code, reason = "makes the one reference to the instance")]

use super::{Kernel, NEVER};
use crate::command;
use crate::port::{self, Context, Seat};
use crate::sched::Attention;
use crate::slices;
use crate::sync::{deferred, mutex};
use crate::timer;
use core::ptr::NonNull;

/// # Safety
/// A handler runs, and holds the kernel, on top of no section; no other reference is alive.
#[inline(always)]
unsafe fn kernel() -> &'static mut Kernel {
    // SAFETY: invariant 1 of `kernel`, as the caller promises.
    unsafe { port::kernel().as_mut() }
}

/// A handler begins.
///
/// # Context
/// Handler, before anything else of this module and of [`console`](crate::console).
///
/// # Safety
/// The board's trap code calls it with the kernel held, having interrupted a unit that had not.
#[inline(always)]
pub unsafe fn enter() {
    // SAFETY: as promised by the caller.
    let kernel = unsafe { kernel() };
    kernel.sched.attention.raise(Attention::HANDLER);
    kernel.handler_entered = port::timestamp();
}

/// Runs `work` as an interrupt handler, at the next moment when interrupts are on. Says whether
/// it will: there is one place, and it may be taken by an earlier call.
///
/// # Context
/// Any.
#[inline]
pub fn raise(work: fn()) -> bool {
    port::raise(work)
}

/// A handler ran code of a program, which may have changed any memory: a collection begins anew.
///
/// # Context
/// Handler.
///
/// # Safety
/// Between [`enter`] and [`leave`].
#[inline(always)]
pub unsafe fn ran_program() {
    // SAFETY: as promised by the caller.
    let collector = &mut unsafe { kernel() }.collector;
    collector.disturbances = collector.disturbances.wrapping_add(1);
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
    timer::note_clock(kernel, now.saturating_sub(kernel.alarm));
    kernel.alarm = NEVER;
    if now >= kernel.pulse {
        kernel.begin_era();
        kernel.expect_pulse(now);
    }
    kernel.sched.alarm_came();
    slices::draw(kernel);
    deferred::serve(kernel);
    mutex::settle_in_handler(kernel);
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
#[inline(always)]
pub unsafe fn leave(context: Context) -> Option<NonNull<Seat>> {
    // SAFETY: as promised by the caller.
    let kernel = unsafe { self::kernel() };
    kernel.handler_entries = kernel.handler_entries.wrapping_add(1);
    kernel.book_handler();
    if command::is_due(kernel) {
        // The reference above is not used any more.
        command::serve(context);
    }
    // SAFETY: as promised by the caller.
    let kernel = unsafe { self::kernel() };
    kernel.sched.attention.lower(Attention::HANDLER);
    if !kernel.sched.attention.any(Attention::AT_END) {
        return None;
    }
    if kernel.holds_still {
        // What is due stays so until the thread that runs has come to the end of its section.
        return None;
    }
    let from = kernel.sched.running();
    let (left, next) = match kernel.choose_quickly(from) {
        None => kernel.choose(from)?,
        Some(seats) => seats,
    };
    // SAFETY: the kernel's own, and nothing else refers to it now.
    unsafe { (*left.as_ptr()).context = context };
    Some(next)
}
