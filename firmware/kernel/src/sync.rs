//! What units wait for: mutexes, semaphores, queues, flags and the rest.
//!
//! The problem: a dozen kinds of objects, each of which can be asked with or without waiting, for a
//! bounded time, and partly from handlers; each must know who waits, in which order, since when
//! and why, and none may lose a wake-up, a time-out or a request to end.
//!
//! The idea: one mechanism. Every object begins with a `Head`, in which its waiters stand, and is
//! used through `Masked`, the one door to its state. Waiting is one function, `wait_for`: it looks
//! whether what is wanted is there, and if not, the unit waits in the head's queue. Who makes it
//! available *hands it over*: what the first waiter wants is its own before it runs, so nobody
//! barges in between and no waiter looks twice.
//!
//! Invariants:
//! 1. The state of an object is touched only by who holds the kernel, or has masked interrupts and found it
//!    free.
//! 2. An object that somebody waits for is borrowed by the frame that waits: it cannot move or go.
//!    One that nobody waits for is known to nobody: it may be moved and dropped.
//! 3. Order: first come, first served, everywhere; but what has holders who inherit ([`Mutex`], [`RwLock`],
//!    [`Once`]) goes to the most urgent waiter, and among equals to who waited longest.
//! 4. A section is constant in the number of units. What is told to many (`notify_all`, a barrier,
//!    a completed [`Once`]) is told one waiter a section; it still counts from one moment on: who
//!    waited then is granted, whatever happens between the sections. A handler, which is one section
//!    as a whole, tells the first and leaves the rest to interrupts that follow at once (`deferred`).
//!
//! | object | blocks | order | in handlers |
//! |---|---|---|---|
//! | [`Lock`](crate::Lock) | `acquire` | FIFO | `try_acquire`, `release` |
//! | [`Mutex`] | `lock` | priority | no: a handler cannot own |
//! | [`RecursiveMutex`] | `lock` | priority | no |
//! | [`Semaphore`] | `acquire` | FIFO | `try_acquire`, `release` |
//! | [`Queue`] | `send`, `receive` | FIFO | `try_send`, `try_receive`, `close` |
//! | [`Flags`] | `wait` | FIFO | `set`, `clear`, `get`, `try_wait` |
//! | [`Condition`] | `wait` | FIFO | `notify_one`, `notify_all` |
//! | [`Barrier`] | `wait` | all at once | no |
//! | [`Once`] | `get_or_init` | priority | `get` |
//! | [`RwLock`] | `read`, `write` | priority: readers do not pass an equal writer | no |
//! | [`Emitter`] | `wait` | all at once | `emit` |
//! | [`Shared`] | never | - | all of it |

mod barrier;
mod condition;
pub(crate) mod deferred;
mod emitter;
mod flags;
pub(crate) mod head;
pub(crate) mod mutex;
mod once;
pub(crate) mod owned;
mod queue;
pub(crate) mod quick;
pub(crate) mod races;
mod recursive;
pub(crate) mod rwlock;
mod semaphore;
mod shared;
pub(crate) mod wait;

pub use crate::sched::Inheritance;
pub use barrier::{Arrival, Barrier};
pub use condition::{Condition, Wakeup};
pub use emitter::{Emitter, Subscription};
pub use flags::{Clearing, Flags, Wanted};
pub use mutex::{Mutex, MutexGuard, OnDeadlock};
pub use once::Once;
pub use queue::{Queue, Refused};
pub use recursive::{RecursiveGuard, RecursiveMutex};
pub use rwlock::{READERS_MAX, ReadGuard, RwLock, WriteGuard};
pub use semaphore::Semaphore;
pub use shared::{Shared, Word};
