//! Waits in line, and their ends: one section from the call to the switch.
//!
//! The problem: who waits makes a section, then the scheduler decides in another one, then a third one
//! looks how the wait has ended; and each of them saves the registers that the switch saves again.
//!
//! The idea: where nothing else is due (see [`quick`](crate::sync)) the caller, who is in a section
//! already, jumps here. What these functions do is known from the start, so they call nothing but the port's
//! switch: a wait keeps one register over it, a hand-over none.
//!
//! Invariants, besides those of `kernel`:
//! 1. They begin with interrupts masked by their caller, a thread, which had them on and the kernel free; and
//!    end like that. In between they hold the kernel, as soon as they know that there is room for it.
//! 2. Nothing is due when they begin: the whole attention is nothing.
#![expect(unsafe_code, reason = "switches contexts")]

use super::section::{
    change_to, check_room, end_section, finish, hold_masked, kernel, wake_of_running,
};
use crate::port;
use crate::sched::{Attention, Next, Slice, Wake};
use crate::site::Place;
use crate::stack::KERNEL_STACK_MAX;
use crate::sync::head::Head;

/// What came of a wait in line.
#[derive(Clone, Copy, PartialEq, Eq)]
#[must_use]
pub(crate) enum Waited {
    /// What was wanted is the caller's.
    Granted,
    /// It ended like this, which is to be told.
    Ended(Wake),
    /// The caller did not wait: that takes the long way.
    Not,
}

/// Waits in the queue of a head for as long as it takes.
///
/// # Context
/// Thread, by the invariants of this module; blocks.
#[inline(never)]
pub(crate) fn wait_in_line(head: &mut Head, place: Place) -> Waited {
    if port::is_stack_short(KERNEL_STACK_MAX) {
        port::unmask(true);
        return Waited::Not;
    }
    hold_masked();
    let kernel = kernel();
    let from = kernel.sched.running();
    let stamp = kernel.stamp();
    match head.wait_in_line(kernel, place, stamp) {
        None => return not(),
        Some((to, Slice::None)) => change_to(kernel, from, to, stamp),
        Some((to, Slice::Begun)) => finish(kernel, from, Next::Switch(to), stamp),
    }
    how_it_ended()
}

#[inline(always)]
fn not() -> Waited {
    port::let_go(true);
    Waited::Not
}

#[inline(always)]
fn how_it_ended() -> Waited {
    let wake = wake_of_running();
    if wake == Wake::Granted && !attention().any(Attention::EVENTS) {
        return Waited::Granted;
    }
    ended(wake)
}

#[cold]
#[inline(never)]
fn ended(wake: Wake) -> Waited {
    Waited::Ended(wake)
}

/// What is due. No section: the answer may be old when it is looked at, as the level's change may come
/// just afterwards.
#[inline(always)]
fn attention() -> Attention {
    // SAFETY: a reference that reads one word.
    unsafe { port::kernel().as_ref().sched.attention }
}

/// What the last wait of the running thread left in its word. No section: nobody else writes it while the
/// thread runs.
#[inline(always)]
pub(crate) fn word_of_running() -> usize {
    // SAFETY: a reference that reads a byte and a word, which only this context could change now.
    let kernel = unsafe { port::kernel().as_ref() };
    kernel.threads[kernel.sched.running().index()].wait.word
}

/// Hands on to who waits first in the queue of a head, where somebody waits and nothing else is marked.
///
/// # Context
/// Thread, by the invariants of this module.
#[inline(never)]
pub(crate) fn grant_in_line(head: &mut Head) {
    check_room(true, KERNEL_STACK_MAX);
    hold_masked();
    let kernel = kernel();
    let from = kernel.sched.running();
    let stamp = kernel.stamp();
    match head.grant_in_line(kernel, stamp) {
        Some(Next::Switch(to)) => change_to(kernel, from, to, stamp),
        Some(Next::Stay) => end_section(),
        None => grant_the_long_way(head),
    }
}

#[cold]
#[inline(never)]
fn grant_the_long_way(head: &mut Head) {
    head.wake_next(kernel(), Wake::Granted);
    end_section();
}
