//! The runtime: threads, locks, clock, heap and their accounting.
//!
//! The problem: on a chip with 300 KiB of RAM somebody must know where each byte went while
//! threads run, block, overflow and die. So the kernel does not only schedule; it accounts. Every
//! stack is painted and guarded, every heap block has an owner, every wait is known, and what it
//! knows leaves the device as telemetry records that nobody has to wait for.
//!
//! The parts, from the bottom: [`mod@port`] is what a board provides; [`sched`] decides who runs, as
//! a pure state machine; [`heap`] is the allocator with its ledger; `kernel` holds one instance of
//! it all behind one lock; [`thread`], [`Lock`], [`mem`], [`time`] and [`console`] are
//! what programs use; [`teardown`] is what happens to units that cannot go on.
//!
//! Invariants that hold everywhere:
//! 1. Every operation that can block returns a `Result`, through which a request to end arrives. The
//!    one exception is `println!`, which waits for room on the console and for nothing else.
//! 2. Allocation is fallible, and `sum by owner = used = total - free` at all times.
//! 3. Interrupts are masked for at most 150 instructions, whatever the kernel does. What it holds the kernel
//!    for is bounded, too. Loops over units are in tear-downs only (whose
//!    joiners and waiters learn at once), and texts are copied in records that introduce something.
//! 4. Nothing is dropped silently: each refusal, overflow and loss has a counter or a report.
//! 5. A section of the kernel begins only with stack enough to end it, and an exception inside of one
//!    is the end of the kernel, not of the thread.
#![cfg_attr(not(test), no_std)]

pub mod callback;
pub mod collect;
pub mod command;
pub mod compat;
pub mod console;
pub mod deadlock;
pub mod debugger;
mod drain;
mod era;
pub mod error;
pub mod footprint;
pub mod heap;
pub mod interrupts;
mod kernel;
mod leak;
mod lock;
pub mod mem;
pub mod module;
pub mod pins;
pub mod port;
mod report;
pub mod rtt;
mod sample;
pub mod sched;
mod shell;
mod site;
mod slices;
mod stack;
mod start;
pub mod sync;
pub mod teardown;
pub mod thread;
pub mod time;
pub mod timer;
mod torn_down;
mod window;

pub use collect::{collect, roots};
pub use error::{Error, Exit, Shortage};
pub use kernel::{Kernel, handler};
pub use lock::{Blocking, Held, Lock, NO_TIMEOUT, TIMEOUT_MAX, TimeoutSeconds};
pub use shell::{Arguments, Program};
pub use stack::paint as paint_stack;
pub use stack::{
    GUARD_BYTES, KERNEL_STACK_MAX, PANIC_STACK_MAX, STACK_BYTES_DEFAULT, STACK_BYTES_MIN,
};
pub use start::start;
pub use sync::{Mutex, Shared};
pub use time::{Instant, Span};
pub use timer::Timer;

/// What modules and the kernel know of each other, for ports that link modules statically.
pub use ramscope_module_abi as module_abi;
/// The records that the kernel writes, for boards that name their regions.
pub use ramscope_wire as wire;

#[cfg(test)]
mod absent_port;
