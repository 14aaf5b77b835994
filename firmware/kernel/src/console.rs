//! The console: text out, a line at a time, and bytes in.
//!
//! Output goes line by line through one lock into a buffer that the transmitter's interrupt
//! empties, so lines of different threads never mix and nobody waits for the UART but a thread
//! whose text finds the buffer full. Input arrives in a handler, is kept in a small buffer and
//! wakes the console thread, which also writes reports and samples.
//!
//! Invariants:
//! 1. Between two lines the transmit buffer ends with a newline, or with the echo of a line that
//!    somebody is typing (`echo_open`); a writer ends that echo first.
//! 2. Input that finds its buffer full is dropped and counted.

use crate::drain::WayOut;
use crate::error::Error;
use crate::kernel::{self, Kernel, WORKER, WRITERS};
use crate::lock::Lock;
use crate::port;
use crate::sched::{WaitQueue, Wake, Why};
use crate::thread;
use core::fmt::{self, Write};

/// Bytes that wait for the transmitter.
const TRANSMIT_BYTES: usize = 512;
/// Bytes of input that wait for the console thread.
const RECEIVE_BYTES: usize = 256;
/// The console thread's priority, above the default, so that reports and commands are not starved
/// by busy programs; and the least that a thread has while it writes.
pub(crate) const PRIORITY: u8 = 12;
/// Bytes that one section copies.
const STRETCH_BYTES: usize = 16;

pub(crate) struct Console {
    transmit: Bytes<TRANSMIT_BYTES>,
    receive: Bytes<RECEIVE_BYTES>,
    /// Threads that wait for room in the transmit buffer.
    pub(crate) writers: WaitQueue,
    /// The console thread, when it has nothing to do.
    pub(crate) worker: WaitQueue,
    echo_open: bool,
    /// What the command `key` said last, until a program takes it.
    pub(crate) key: Option<char>,
    /// Bytes of input that were dropped.
    pub(crate) lost_input: u32,
    /// Lines that could not be written because a handler asked.
    pub(crate) lost_lines: u32,
}

impl Console {
    pub(crate) const fn new() -> Self {
        Self {
            transmit: Bytes::new(),
            receive: Bytes::new(),
            writers: WaitQueue::new(),
            worker: WaitQueue::new(),
            echo_open: false,
            key: None,
            lost_input: 0,
            lost_lines: 0,
        }
    }
}

/// Whose turn it is to write a line.
///
/// A writer keeps the lock across switches, while the kernel's own state is borrowed again and again; so
/// it lies beside that, one for each instance, and the board says where.
pub struct Turn {
    lock: Lock,
}

impl Turn {
    /// Nobody's.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "a board has one, in a static")]
    pub const fn new() -> Self {
        Self { lock: Lock::quiet("console") }
    }
}

/// A ring of bytes.
struct Bytes<const N: usize> {
    bytes: [u8; N],
    start: usize,
    length: usize,
}

impl<const N: usize> Bytes<N> {
    const fn new() -> Self {
        Self { bytes: [0; N], start: 0, length: 0 }
    }

    fn push(&mut self, byte: u8) -> bool {
        if self.length == N {
            return false;
        }
        self.bytes[(self.start + self.length) % N] = byte;
        self.length += 1;
        true
    }

    fn pop(&mut self) -> Option<u8> {
        let first = *self.front().first()?;
        self.drop_front(1);
        Some(first)
    }

    /// The oldest bytes, as many as lie in one piece.
    fn front(&self) -> &[u8] {
        let end = (self.start + self.length).min(N);
        &self.bytes[self.start..end]
    }

    fn drop_front(&mut self, count: usize) {
        self.start = (self.start + count) % N;
        self.length -= count;
    }
}

/// Writes a line to the console. Takes what `format!` takes.
///
/// # Context
/// Thread; waits for room in the transmit buffer. In a handler, with interrupts masked, or inside of
/// a `Display` that is being written, the line is lost and counted, and the console says so.
/// It is not a point where a request to end is delivered, so it has no error.
#[macro_export]
macro_rules! println {
    () => { $crate::console::print_line(format_args!("")) };
    ($($argument:tt)*) => { $crate::console::print_line(format_args!($($argument)*)) };
}

/// Writes one line; see [`println!`](crate::println).
pub fn print_line(line: fmt::Arguments<'_>) {
    write(|out| {
        // The writer never fails.
        let _ = out.write_fmt(line);
        let _ = out.write_str("\n");
    });
}

/// Runs `work` with the console's lock held.
fn write(work: impl FnOnce(&mut Out)) {
    thread::check_headroom();
    let Some(_taken) = take() else { return };
    end_echo();
    work(&mut Out);
}

/// The console, held by the running thread.
///
/// Whoever holds it has at least the console thread's priority: a thread of low priority that
/// waits for room in the transmit buffer must not keep the others waiting behind a busy one.
struct Taken {
    lock: &'static Lock,
}

/// Takes the console. `None` where a line cannot be written, which is counted: in a handler, with
/// interrupts masked, or while the same thread is writing another line.
fn take() -> Option<Taken> {
    let lock = lock();
    if kernel::may_block().is_err() || lock.is_held_by_caller() {
        lose_line();
        return None;
    }
    kernel::with(|kernel| kernel.sched.set_running_floor(PRIORITY));
    let taken = Taken { lock };
    loop {
        match lock.acquire_through() {
            Ok(()) => return Some(taken),
            Err(Error::Poisoned) => {
                // A writer was torn down in the middle of a line: end that line and go on.
                lock.clear_poison();
                kernel::with(|kernel| kernel.console.echo_open = true);
            }
            Err(_) => {
                lose_line();
                return None;
            }
        }
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        if self.lock.is_held_by_caller() {
            // It is held, so that is no error.
            let _ = self.lock.release();
        }
        kernel::then_reschedule(|kernel| kernel.sched.set_running_floor(0));
    }
}

fn lose_line() {
    kernel::with(|kernel| {
        kernel.console.lost_lines += 1;
        attend(kernel);
    });
}

fn lock() -> &'static Lock {
    kernel::with(|kernel| &kernel.facts().console.lock)
}

fn end_echo() {
    if kernel::with(|kernel| core::mem::take(&mut kernel.console.echo_open)) {
        put(b"\n");
    }
}

struct Out;

impl Write for Out {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        put(text.as_bytes());
        Ok(())
    }
}

/// Puts bytes into the transmit buffer and waits for room where there is none.
fn put(mut bytes: &[u8]) {
    while !bytes.is_empty() {
        let piece = &bytes[..bytes.len().min(STRETCH_BYTES)];
        let taken = kernel::with(|kernel| kernel.console.take(piece));
        bytes = &bytes[taken..];
        if taken < piece.len() {
            let waited = thread::wait_through(|kernel| {
                if kernel.console.transmit.length == TRANSMIT_BYTES {
                    let queue = (&mut kernel.console.writers, WRITERS);
                    kernel.sched.block_running(Why::Console, Some(queue), None);
                }
            });
            if waited.is_err() {
                // The writer masked interrupts in the middle of its line.
                return lose_line();
            }
        }
    }
}

impl Console {
    /// Puts out what waits, by polling: for the last words before a reset.
    pub(crate) fn flush_now(&mut self) {
        while let Some(byte) = self.transmit.pop() {
            port::transmit_now(&[byte]);
        }
    }

    fn take(&mut self, piece: &[u8]) -> usize {
        let taken = piece.iter().take_while(|byte| self.transmit.push(**byte)).count();
        port::want_transmit(true);
        taken
    }
}

/// Writes a frame of telemetry between two lines.
pub(crate) fn put_frame(frame: impl Iterator<Item = u8>) {
    write(|_| {
        let mut piece = [0; STRETCH_BYTES];
        let mut filled = 0;
        for byte in frame {
            piece[filled] = byte;
            filled += 1;
            if filled == STRETCH_BYTES {
                put(&piece);
                filled = 0;
            }
        }
        put(&piece[..filled]);
    });
}

/// Echoes what somebody types; nothing while frames share the line. The line stays open if `open`.
pub(crate) fn echo(text: &[u8], open: bool) {
    if kernel::with(|kernel| kernel.way_out == WayOut::Frames) {
        return;
    }
    let Some(_taken) = take() else { return };
    put(text);
    kernel::with(|kernel| kernel.console.echo_open = open);
}

/// Whether the echo of a line is still the last thing on the console.
pub(crate) fn echo_is_open() -> bool {
    kernel::with(|kernel| kernel.console.echo_open)
}

/// The key that was given with the command `key` since the last call: a button for boards without
/// one.
///
/// # Context
/// Any.
#[must_use]
pub fn take_key() -> Option<char> {
    kernel::with(|kernel| kernel.console.key.take())
}

/// The next byte of input, if there is one.
pub(crate) fn read() -> Option<u8> {
    kernel::with(|kernel| kernel.console.receive.pop())
}

/// Lines and bytes of input that were lost since the last call.
pub(crate) fn take_losses() -> (u32, u32) {
    kernel::with(|kernel| {
        let console = &mut kernel.console;
        (core::mem::take(&mut console.lost_lines), core::mem::take(&mut console.lost_input))
    })
}

/// Suspends the console thread until there is something to do, or until `deadline`.
pub(crate) fn wait_for_work(deadline: Option<u64>) {
    let waited = thread::wait_through(|kernel| {
        let console = &kernel.console;
        let losses = console.lost_lines > 0 || console.lost_input > 0;
        let told = kernel.reports.any()
            || kernel.deadlocks.any()
            || kernel.leaks.any()
            || kernel.races.any()
            || kernel.callbacks.needs_attention()
            || kernel.account.needs_attention()
            || kernel.collector.needs_attention();
        if console.receive.length == 0 && !losses && !told {
            let queue = (&mut kernel.console.worker, WORKER);
            kernel.sched.block_running(Why::Console, Some(queue), deadline);
        }
    });
    // A time-out is one of the things it waits for.
    let _ = waited;
}

/// Wakes the console thread.
pub(crate) fn attend(kernel: &mut Kernel) {
    let Kernel { sched, console, .. } = kernel;
    let _ = sched.wake_first(&mut console.worker, Wake::Granted);
}

/// Bytes have arrived.
///
/// # Context
/// Handler.
///
/// # Safety
/// Between [`enter`](crate::handler::enter) and [`leave`](crate::handler::leave).
#[expect(unsafe_code, reason = "the caller's context is what makes it sound")]
pub unsafe fn received(bytes: &[u8]) {
    kernel::work_on(|kernel| {
        let Kernel { console, commands, .. } = &mut *kernel;
        for byte in bytes {
            commands.received(*byte, &mut |byte| {
                if !console.receive.push(byte) {
                    console.lost_input += 1;
                }
            });
        }
        attend(kernel);
    });
}

/// The transmitter has room.
///
/// # Context
/// Handler.
///
/// # Safety
/// Between [`enter`](crate::handler::enter) and [`leave`](crate::handler::leave).
#[expect(unsafe_code, reason = "the caller's context is what makes it sound")]
pub unsafe fn transmit_ready() {
    kernel::work_on(|kernel| {
        let Kernel { sched, console, .. } = kernel;
        // Twice, because the bytes may lie in two pieces.
        for _ in 0..2 {
            let taken = port::transmit(console.transmit.front());
            console.transmit.drop_front(taken);
        }
        port::want_transmit(console.transmit.length > 0);
        if console.transmit.length <= TRANSMIT_BYTES / 2 {
            let _ = sched.wake_first(&mut console.writers, Wake::Granted);
        }
    });
}

/// Waits until every byte has been handed to the transmitter, and keeps the console: nobody writes
/// any more.
pub(crate) fn drain() {
    core::mem::forget(take());
    while kernel::with(|kernel| kernel.console.transmit.length) > 0 {
        // The request to end changes nothing about what is already written.
        let _ = thread::sleep(crate::time::Span::from_millis(1));
    }
}
