//! What callbacks show: records, lines on the console, and the wait for a displaced thread's lock.

use super::{Counts, Home, QUEUE_MAX, ensure_unit};
use crate::console;
use crate::deadlock::At;
use crate::kernel::{self, Kernel};
use crate::println;
use crate::site;
use crate::sync::head::waited_for;
use crate::thread::End;
use ramscope_wire as wire;
use wire::{Level, ObjectId, ObjectKind, SiteId, UnitId, WindowId};

/// A callback that waits for what the thread has that it displaced.
#[derive(Clone, Copy)]
struct Crossing {
    callback: &'static str,
    unit: UnitId,
    displaced: UnitId,
    displaced_name: &'static str,
    kind: ObjectKind,
    object: ObjectId,
    object_name: &'static str,
    site: SiteId,
    displaced_site: SiteId,
}

/// What the console thread is to write. Of several of a kind the first is kept, and the others are
/// counted.
pub(super) struct Reports {
    crossing: Option<Crossing>,
    more_crossings: u32,
    failure: Option<(&'static str, End)>,
    more_failures: u32,
}

impl Reports {
    pub(super) const fn new() -> Self {
        Self { crossing: None, more_crossings: 0, failure: None, more_failures: 0 }
    }

    pub(super) const fn any(&self) -> bool {
        self.crossing.is_some() || self.failure.is_some()
    }

    pub(super) fn note_failure(&mut self, name: &'static str, end: End) {
        match self.failure {
            None => self.failure = Some((name, end)),
            Some(_) => self.more_failures += 1,
        }
    }
}

/// The running unit begins to wait for an object. If it is a callback that waits for what the
/// thread has that it displaced, that is kept for the console thread.
#[inline]
pub(crate) fn note_wait(kernel: &mut Kernel) {
    if kernel.callbacks.current.is_some() {
        look_for_crossing(kernel);
    }
}

/// A function of its own, so that the frames of those who wait have no room for what it keeps.
#[inline(never)]
fn look_for_crossing(kernel: &mut Kernel) {
    let Some(current) = kernel.callbacks.current else { return };
    let slot = kernel.sched.running();
    if kernel.callbacks.home != Home::Made(slot) {
        return;
    }
    let Some(displaced) = current.displaced else { return };
    let Some(head) = waited_for(kernel, slot) else { return };
    if head.is_quiet() {
        // The console's own lock: whoever has it writes a line and gives it back.
        return;
    }
    let Some(holder) = head.holder().filter(|holder| holder.unit == displaced) else { return };
    if kernel.callbacks.reports.crossing.is_some() {
        kernel.callbacks.reports.more_crossings += 1;
        return;
    }
    let object = head.announce(kernel);
    let waiter = &kernel.threads[slot.index()];
    let (unit, place) = (UnitId(waiter.unit), waiter.wait.place);
    let crossing = Crossing {
        callback: super::name_of(kernel, current.job),
        unit,
        displaced,
        displaced_name: kernel.threads[holder.slot.index()].name,
        kind: head.kind,
        object,
        object_name: head.text,
        site: place.id(kernel),
        displaced_site: holder.place.id(kernel),
    };
    kernel.callbacks.reports.crossing = Some(crossing);
    console::attend(kernel);
}

/// Writes what was noted since the last call, and makes the unit that is wanted.
///
/// # Context
/// The console thread.
pub(crate) fn write_reports() {
    write_crossing();
    write_failure();
    if kernel::with(|kernel| kernel.callbacks.home == Home::Wanted)
        && let Err(error) = ensure_unit()
    {
        println!("callbacks: nobody can run them: {error}");
    }
}

fn write_crossing() {
    let (crossing, more) = kernel::with(|kernel| {
        let reports = &mut kernel.callbacks.reports;
        (reports.crossing.take(), core::mem::take(&mut reports.more_crossings))
    });
    let Some(crossing) = crossing else { return };
    let Crossing { callback, unit, displaced, displaced_name, object, site, .. } = crossing;
    let Crossing { kind, object_name, displaced_site, .. } = crossing;
    site::send(false);
    let record = wire::CallbackWait { unit, displaced, object, site, displaced_site };
    kernel::with(|kernel| kernel.record(Level::Samples, &record));
    println!(
        "callback `{callback}` waits for {kind} `{object_name}`{}, which {displaced_name} (unit \
         {displaced}) has{}, and was displaced by it",
        At(site),
        At(displaced_site)
    );
    if more > 0 {
        println!("{more} more callbacks waited so while this was written");
    }
}

fn write_failure() {
    let (failure, more) = kernel::with(|kernel| {
        let reports = &mut kernel.callbacks.reports;
        (reports.failure.take(), core::mem::take(&mut reports.more_failures))
    });
    match failure {
        None => return,
        Some((name, End::Failed(code))) => println!("callback `{name}` ended with error {code}"),
        Some((name, End::Exited)) => println!("callback `{name}` ended with a request to end"),
        Some((name, _)) => println!("callback `{name}` was torn down; it is not called again"),
    }
    if more > 0 {
        println!("{more} more callbacks failed while this was written");
    }
}

/// Sends what went through the queue, once anything did.
pub(crate) fn sample() {
    kernel::with(|kernel| {
        let Counts { queued, delivered, refused, dropped, .. } = kernel.callbacks.counts;
        let Counts { failed, waiting_peak, longest_wait_ns, longest_run_ns, .. } =
            kernel.callbacks.counts;
        if queued == 0 {
            return;
        }
        let record = wire::CallbackSample {
            queued,
            delivered,
            refused,
            dropped,
            failed,
            waiting_peak,
            longest_wait_ns,
            longest_run_ns,
            window: WindowId(kernel.window),
        };
        kernel.record(Level::Samples, &record);
    });
}

/// The last line of the console's `timers`.
pub(crate) fn write_line() {
    let (counts, waiting) = (super::counts(), super::waiting());
    let Counts { queued, delivered, refused, dropped, failed, .. } = counts;
    let Counts { waiting_peak, longest_wait_ns, longest_run_ns, .. } = counts;
    println!("callbacks: {waiting} of {QUEUE_MAX} wait, at most {waiting_peak} did");
    println!(
        "callbacks: {queued} queued, {delivered} begun, {refused} refused, {dropped} dropped, \
         {failed} failed"
    );
    println!(
        "callbacks: the longest waited {} us, the longest ran {} us",
        longest_wait_ns / 1_000,
        longest_run_ns / 1_000
    );
}
