//! From a board's start-up code to running threads.
#![expect(unsafe_code, reason = "hands the board's memory to the heap and to stacks")]

use crate::console;
use crate::heap::{OwnerIndex, OwnerKind, OwnerTag};
use crate::kernel::{self, Kernel};
use crate::port::{self, Facts};
use crate::rtt::Ring;
use crate::sample;
use crate::sched::{Kin, PRIORITY_DEFAULT, Slot};
use crate::shell::{self, Program};
use crate::stack::{STACK_BYTES_MIN, paint};
use crate::thread::{self, Newcomer};
use core::ptr::NonNull;
use ramscope_wire::{SiteId, UnitKind};

/// The console thread's stack: it formats every report and table.
const CONSOLE_STACK_BYTES: usize = 3072;

/// Starts the kernel: main waits for programs, the console answers. Does not return.
///
/// # Context
/// The board's start-up code, once, with interrupts masked, on a stack that no unit uses.
///
/// # Safety
/// The ranges in `facts` are valid, unused, and disjoint.
pub unsafe fn start(facts: Facts, programs: &'static [Program]) -> ! {
    // SAFETY: nothing else runs yet.
    let kernel = unsafe { kernel::instance().as_mut() };
    kernel.set_stamps(facts.timestamp_hz);
    kernel.align_stamps();
    kernel.set_level(kernel.level);
    kernel.ring = Ring::open(facts.telemetry, kernel.stamp());
    for area in facts.heap_areas {
        let base = NonNull::new(area.start().cast_mut()).expect("no area is at zero");
        // SAFETY: as promised by the caller.
        let added = unsafe { kernel.heap.add_area(base, area.bytes()) };
        debug_assert!(added.is_ok(), "the board's areas fit the heap");
    }
    kernel.mailbox.set_programs(programs);
    #[cfg(not(target_os = "none"))]
    crate::module::provide();
    for range in [facts.main_stack, facts.idle_stack] {
        // SAFETY: as promised by the caller.
        unsafe { paint(range) };
    }
    // SAFETY: as promised by the caller.
    let idle = unsafe { port::_ramscope_port_prepare(facts.idle_stack, idle_context) };
    // SAFETY: as promised by the caller.
    let main = unsafe { port::_ramscope_port_prepare(facts.main_stack, first_thread) };
    let idle_thread = &mut kernel.threads[Slot::IDLE.index()];
    idle_thread.stack = facts.idle_stack;
    idle_thread.context = idle;
    kernel.facts = Some(facts);
    // The first record of a boot, so that a reader knows where it is.
    sample::hello_of(kernel);
    let unit = kernel.next_unit();
    let owner = kernel.heap.owner_add(OwnerTag { kind: OwnerKind::Thread, unit });
    let newcomer = Newcomer {
        unit,
        name: "main",
        kind: UnitKind::Thread,
        stack: facts.main_stack,
        stack_requested: facts.main_stack.bytes as u32,
        context: main,
        owner: owner.unwrap_or(OwnerIndex::KERNEL),
        site: SiteId::NONE,
        block: None,
        start: None,
    };
    let handle = thread::admit(kernel, &newcomer, PRIORITY_DEFAULT, Kin::Program);
    debug_assert!(handle.is_some(), "all slots are free");
    // Nobody joins main, and its handle is never dropped: the slot stays its own.
    core::mem::forget(handle);
    debug_assert!(facts.main_stack.bytes == 0 || facts.main_stack.bytes >= STACK_BYTES_MIN);
    kernel::resume_another()
}

/// The main thread begins: it starts the console, then waits for programs.
extern "C" fn first_thread() -> ! {
    sample::introduce();
    let console = thread::Builder::of_kernel("console")
        .stack_bytes(CONSOLE_STACK_BYTES)
        .priority(console::PRIORITY)
        .spawn(shell::console_thread);
    debug_assert!(console.is_ok(), "the heap is empty");
    drop(console);
    shell::main_thread()
}

/// What runs when nothing else can. Interrupts are masked while it waits, so that the first thing after
/// that is to set the time stamps right.
extern "C" fn idle_context() -> ! {
    loop {
        let _ = port::mask();
        port::idle();
        kernel::work_on(Kernel::align_stamps);
        port::unmask(true);
    }
}
