//! Units that cannot go on: panics, overflows, faults, refusals to exit.
//!
//! There is no unwinding. A unit that cannot go on ends alone: it is taken off the processor,
//! what it had locked is poisoned, and its memory is *quarantined*: still counted as its own,
//! because somebody may hold a pointer into it, and given back only when that is ruled out. If it
//! happens in a handler or inside the kernel, nothing can be trusted any more: a last line is
//! written by polling, and the device resets with a note for the next boot.
#![expect(unsafe_code, reason = "leaves the context of a dead unit, on the board's word")]

use crate::callback;
use crate::console;
use crate::kernel::{self, Kernel};
use crate::module;
use crate::port::{self, Interrupts, ResetNote, Seat};
use crate::report::{Cause, Message, Report};
use crate::sample;
use crate::sched::{Attention, Slot};
use crate::site;
use crate::thread::{self, End};
use crate::torn_down;
use core::fmt;
use core::ptr::NonNull;
use ramscope_wire as wire;
use wire::{Level, OverflowHow, UnitId};

/// What a port knows of a stack overflow.
#[derive(Clone, Copy, Debug)]
pub struct Overflow {
    /// How it was noticed.
    pub how: OverflowHow,
    /// The instruction.
    pub pc: usize,
    /// The stack pointer.
    pub sp: usize,
    /// The address that was to be written, or the stack pointer where there is none.
    pub address: usize,
}

/// What a port knows of an exception.
#[derive(Clone, Copy, Debug)]
pub struct Fault {
    /// The cause as the processor numbers it.
    pub cause: u32,
    /// The instruction.
    pub pc: usize,
    /// The address that was accessed, if there was one.
    pub address: usize,
    /// The return address register.
    pub ra: usize,
}

/// Ends the unit that overflowed its stack; answers whom to go on with.
///
/// # Context
/// Trap of that unit, the kernel held, on the stack of the handlers.
///
/// # Safety
/// Called by the board's trap code in that context, and the answer is resumed.
#[must_use]
pub unsafe fn overflow(overflow: Overflow, interrupts: Interrupts) -> NonNull<Seat> {
    if is_broken(interrupts) {
        let Overflow { pc, .. } = overflow;
        fatal(format_args!("stack overflow inside the kernel, pc {pc:#010x}"), None, 0);
    }
    kernel::work_on(|kernel| {
        let thread = kernel.current();
        let stack = thread.stack;
        let lowest = overflow.address.min(overflow.sp);
        // Zero where a kernel call stopped the unit before it went beyond its end.
        let by_bytes = stack.low.saturating_sub(lowest) as u32;
        let record = wire::Overflow {
            unit: UnitId(thread.unit),
            how: overflow.how,
            in_handler: false,
            pc: overflow.pc as u32,
            sp: overflow.sp as u32,
            limit: stack.low as u32,
            address: overflow.address as u32,
            by_bytes,
        };
        thread.stack_peak = stack.high().saturating_sub(lowest) as u32;
        kernel.record(Level::Samples, &record);
        let cause = Cause::Overflow {
            how: overflow.how,
            pc: overflow.pc as u32,
            by_bytes,
            stack_bytes: stack.bytes as u32,
        };
        condemn(kernel, End::Overflowed, cause, Message::EMPTY);
    });
    kernel::choose_another()
}

/// Ends the unit that did something illegal; answers whom to go on with.
///
/// # Context
/// Trap of that unit, the kernel held, on the stack of the handlers.
///
/// # Safety
/// Called by the board's trap code in that context, and the answer is resumed.
#[must_use]
pub unsafe fn fault(fault: Fault, interrupts: Interrupts) -> NonNull<Seat> {
    if is_broken(interrupts) {
        let Fault { cause, pc, address, .. } = fault;
        fatal(
            format_args!("trap {cause} inside the kernel, pc {pc:#010x}, address {address:#010x}"),
            None,
            0,
        );
    }
    kernel::work_on(|kernel| {
        let record = wire::Fault {
            unit: UnitId(kernel.current().unit),
            cause: fault.cause,
            pc: fault.pc as u32,
            address: fault.address as u32,
            ra: fault.ra as u32,
        };
        kernel.record(Level::Samples, &record);
        let cause =
            Cause::Fault { cause: fault.cause, pc: fault.pc as u32, address: fault.address as u32 };
        condemn(kernel, End::Faulted, cause, Message::EMPTY);
    });
    kernel::choose_another()
}

/// A trap inside of a handler or of the kernel itself: says so and resets the device.
///
/// # Context
/// Trap within a trap, on the emergency stack.
pub fn fatal(what: fmt::Arguments<'_>, overflow: Option<Overflow>, limit: usize) -> ! {
    let _ = port::mask();
    // SAFETY: nothing else will ever run again; the ring may be half written at worst, which a
    // reader survives.
    let kernel = unsafe { port::kernel().as_mut() };
    if core::mem::replace(&mut kernel.dying, true) {
        // Trouble while the last words were said: nothing more is tried.
        port::reset(ResetNote::KernelFault);
    }
    let unit = kernel.threads[kernel.sched.running().index()].unit;
    let note = match overflow {
        Some(overflow) => {
            let by_bytes = limit.saturating_sub(overflow.address.min(overflow.sp)) as u32;
            let record = wire::Overflow {
                unit: UnitId(unit),
                how: overflow.how,
                in_handler: true,
                pc: overflow.pc as u32,
                sp: overflow.sp as u32,
                limit: limit as u32,
                address: overflow.address as u32,
                by_bytes,
            };
            kernel.record(Level::Samples, &record);
            ResetNote::HandlerOverflow
        }
        None => ResetNote::KernelFault,
    };
    let message = Message::from_fmt(what);
    kernel.busy = false;
    kernel.sched.attention.lower(Attention::HANDLER);
    // Budgets are judged on samples, and these are the last ones of this boot.
    if kernel.facts.is_some() {
        sample::all();
    }
    kernel.console.flush_now();
    port::transmit_now(b"\nfatal: ");
    port::transmit_now(message.as_str().as_bytes());
    port::transmit_now(b"; the device resets\n");
    port::reset(note)
}

/// Notes a panic of the running unit: the record, and the report for the console.
///
/// # Context
/// The panicking unit; in a handler or inside the kernel it resets the device.
pub fn panic_note(message: fmt::Arguments<'_>, location: Option<(&str, u32)>) {
    let (file, line) = location.unwrap_or(("?", 0));
    let file = site::tail(file);
    if is_broken(interrupts()) {
        fatal(format_args!("panic in the kernel at {file}:{line}: {message}"), None, 0);
    }
    let text = Message::from_fmt(message);
    let report = Message::from_fmt(format_args!("at {file}:{line}: {message}"));
    kernel::with(|kernel| {
        let unit = UnitId(kernel.current().unit);
        let message = text.as_str();
        kernel.record(Level::Samples, &wire::Panic { unit, line, file, message });
        callback::settle_account(kernel);
        push_report(kernel, Cause::Panic, report);
        // Now and not in `panic_end`, because on the host destructors run in between: they must
        // not release locks as if what these protect were whole, nor free blocks.
        seize(kernel);
    });
}

/// Whether nothing can be ended alone: the kernel itself is at work, or a handler, or no unit yet.
/// `interrupts` is how the unit had them.
fn is_broken(interrupts: Interrupts) -> bool {
    // SAFETY: only looks at flags, which this context alone can have set.
    let kernel = unsafe { kernel::instance().as_ref() };
    let in_section = interrupts == Interrupts::Masked && !kernel.program_masks;
    in_section || kernel.busy || kernel.in_handler() || kernel.facts.is_none()
}

/// How the caller has interrupts.
fn interrupts() -> Interrupts {
    if port::is_held() { Interrupts::Masked } else { Interrupts::On }
}

/// Ends the unit that panicked, after [`panic_note`].
///
/// # Context
/// The panicking unit.
///
/// # Safety
/// Nothing refers to the unit's frames any more.
pub unsafe fn panic_end() -> ! {
    port::hold();
    // A program's own masked stretch ends with it.
    port::unmask(true);
    kernel::work_on(|kernel| end_condemned(kernel, End::Panicked));
    leave()
}

/// Ends the running unit because it went on although it was told to exit.
pub(crate) fn refused() -> ! {
    port::hold();
    kernel::work_on(|kernel| condemn(kernel, End::Refused, Cause::Refusal, Message::EMPTY));
    leave()
}

fn leave() -> ! {
    // SAFETY: the kernel is held and the finish never returns.
    unsafe { port::_ramscope_port_leave(go_on) }
}

extern "C" fn go_on() -> ! {
    kernel::resume_another()
}

fn condemn(kernel: &mut Kernel, end: End, cause: Cause, message: Message) {
    callback::settle_account(kernel);
    push_report(kernel, cause, message);
    seize(kernel);
    end_condemned(kernel, end);
}

/// Takes from the running unit what it holds: its locks are poisoned, its memory is quarantined.
fn seize(kernel: &mut Kernel) {
    let (unit, owner) = (UnitId(kernel.current().unit), kernel.current().owner);
    kernel.torn_down.note(unit);
    // Where panics unwind, guards are dropped from here on that own nothing any more.
    kernel.raise_for_thread();
    torn_down::poison_all(kernel, unit);
    kernel.heap.owner_quarantine(owner);
    thread::disown_children(kernel, unit);
    module::unit_torn_down(kernel, unit);
}

fn push_report(kernel: &mut Kernel, cause: Cause, message: Message) {
    let slot = kernel.sched.running();
    let thread = &kernel.threads[slot.index()];
    let (unit, name, owner) = (thread.unit, thread.name, thread.owner);
    let quarantined_bytes = kernel.heap.owner(owner).map_or(0, |totals| totals.current);
    let report = Report { unit, name, slot, cause, quarantined_bytes, message };
    kernel.threads[slot.index()].report_pending = kernel.reports.push(report);
}

fn end_condemned(kernel: &mut Kernel, end: End) {
    let slot: Slot = kernel.sched.running();
    kernel.lower_for_thread();
    kernel.program_masks = false;
    let thread = &mut kernel.threads[slot.index()];
    thread.end = Some(end);
    let (unit, owner) = (UnitId(thread.unit), thread.owner);
    let quarantined_bytes = kernel.heap.owner(owner).map_or(0, |totals| totals.current);
    sample::owner_of(kernel, owner);
    let (reason, code) = end.wire();
    let quarantined = quarantined_bytes > 0;
    let record = wire::UnitEnd { unit, reason, quarantined, code, quarantined_bytes };
    kernel.record(Level::Samples, &record);
    thread::close(kernel, slot);
    console::attend(kernel);
}
