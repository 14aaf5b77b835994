//! The host port: whole programs run natively, on a virtual clock.
//!
//! One kernel instance lives in one OS thread. Every unit is a coroutine with a stack of its own,
//! one of them runs at a time, and they change hands at kernel calls only. The clock stands still
//! while anything can run and jumps to the next alarm or input when nothing can, so a program
//! that sleeps for a minute takes no time, and the same input gives the same text, always.
//!
//! Which unit gives way where is a choice, too: [`Exploration`] ends slices at kernel calls and uses of
//! `Shared` cells, by seeds or at every place, and shrinks what fails.
//!
//! What it cannot do, and programs that need it are listed with the reason where they are
//! compared: time slices (a unit that computes takes no device time), stack figures (units run on
//! stacks of the host), guards, and the exact byte figures of a 32-bit heap.
//!
//! # Examples
//! ```ignore
//! let run = ramscope_board_host::run(PROGRAMS, &["run counting"], 60);
//! assert!(run.text.contains("counting: ended"));
//! ```
#![expect(unsafe_code, reason = "implements the kernel's port")]

mod contexts;
mod explore;
mod points;

use contexts::Contexts;
pub use explore::{Exploration, Explored, Failing, Made, Schedule, ScheduleError, Switch, explore};
use points::Points;
use ramscope_kernel::module_abi::Linked;
use ramscope_kernel::port::{Context, Facts, Port, Region, ResetNote, Seat, StackRange};
use ramscope_kernel::wire::{Board, RegionKind};
use ramscope_kernel::{Kernel, Program, command, console, handler, port, rtt, teardown};
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::NonNull;
use std::sync::Once;

/// The heap of an instance: as much as the ESP32-C3 has in its largest area.
const HEAP_BYTES: usize = 256 * 1024;
/// Its reserve, of about what the ESP32-C3 gets back from its loader.
const SECOND_BYTES: usize = 64 * 1024;
/// What lies between both and belongs to nobody.
const GAP_BYTES: usize = PAGE_BYTES;
/// What its flash has for data: as much as the ESP32-C3's.
const FLASH_BYTES: usize = 64 * 1024;
/// The main thread's nominal stack, for figures; it runs on a stack of the host.
const MAIN_STACK: StackRange = StackRange { low: 0, bytes: 0 };
/// Commands are typed this long after one another: each finds the device idle.
const TYPING_TICKS: u64 = port::TICKS_PER_SECOND as u64 / 100;

/// Bytes that arrive together.
const TYPED_BYTES: usize = 32;

/// A piece of the heap's memory. Its alignment makes figures of the heap the same in each instance,
/// wherever the host puts it.
#[derive(Clone, Copy)]
#[repr(align(4096))]
struct Page(#[expect(dead_code, reason = "the kernel uses it, by its address")] [u8; PAGE_BYTES]);

const PAGE_BYTES: usize = 4096;

/// What a run left.
#[derive(Debug)]
pub struct Run {
    /// Everything on the console.
    pub text: String,
    /// Why it stopped.
    pub stopped: Stopped,
    /// Device time at the end, in milliseconds.
    pub millis: u64,
}

/// Why a run stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stopped {
    /// The time that it was given has passed.
    TimeUp,
    /// Every program that was started has ended, and nobody wants to see what comes after.
    AllEnded,
    /// Nothing was left that could ever run.
    NothingLeft,
    /// The device asked for a reset.
    Reset(ResetNote),
}

/// Starts an instance, types `commands`, each once the one before had time to start, and lets it
/// run for `seconds` of device time.
///
/// Every call has an instance of its own; it must not be called from inside of a program.
#[must_use]
pub fn run(programs: &'static [Program], commands: &[&str], seconds: u64) -> Run {
    Instance::new(commands, seconds).run(programs)
}

/// As [`run`], with modules to import. They are linked statically: what an import takes is its entry
/// and what its own code asks the kernel for, because its code and its variables are the process's,
/// and so is what it allocates through Rust's allocator.
#[must_use]
pub fn run_with_modules(
    programs: &'static [Program],
    modules: &'static [&'static Linked],
    commands: &[&str],
    seconds: u64,
) -> Run {
    Instance { modules, ..Instance::new(commands, seconds) }.run(programs)
}

thread_local! {
    static INSTANCE: Cell<Option<&'static Instance>> = const { Cell::new(None) };
}

fn instance() -> &'static Instance {
    INSTANCE.get().expect("the kernel calls its port while an instance runs")
}

/// One device. It is leaked: its kernel's statics end with the process, as on a chip.
struct Instance {
    kernel: NonNull<Kernel>,
    heap: &'static [Region],
    telemetry: &'static rtt::Memory,
    console: &'static console::Turn,
    modules: &'static [&'static Linked],
    contexts: Contexts<Stopped>,
    /// The kernel is held.
    held: Cell<bool>,
    masked: Cell<bool>,
    now: Cell<u64>,
    end: u64,
    alarm: Cell<Option<u64>>,
    wants_transmit: Cell<bool>,
    raised: Cell<Option<fn()>>,
    output: RefCell<Vec<u8>>,
    input: RefCell<VecDeque<(u64, Vec<u8>)>>,
    /// Where slices end, if somebody explores that.
    points: Option<Points>,
    /// What the device's flash has for data. It ends with the instance.
    flash: RefCell<Vec<u8>>,
}

impl Instance {
    fn new(commands: &[&str], seconds: u64) -> Self {
        let end = seconds * u64::from(port::TICKS_PER_SECOND);
        const PAGES: usize = (HEAP_BYTES + GAP_BYTES + SECOND_BYTES) / PAGE_BYTES;
        let heap = Box::leak(vec![Page([0; PAGE_BYTES]); PAGES].into_boxed_slice());
        let start: *const u8 = heap.as_mut_ptr().cast();
        let area = |name, from: usize, bytes| {
            let start = start.wrapping_add(from);
            Region::new(RegionKind::HeapArea, name, start, start.wrapping_add(bytes))
        };
        let areas = [
            area("heap", 0, HEAP_BYTES),
            area("heap-loader", HEAP_BYTES + GAP_BYTES, SECOND_BYTES),
        ];
        let input = commands.iter().enumerate().flat_map(|(at, line)| typed(at as u64, line));
        Self {
            kernel: NonNull::from(Box::leak(Box::new(Kernel::new()))),
            heap: Box::leak(Box::new(areas)),
            telemetry: Box::leak(Box::new(rtt::Memory::new())),
            console: Box::leak(Box::new(console::Turn::new())),
            modules: &[],
            contexts: Contexts::new(),
            held: Cell::new(true),
            masked: Cell::new(true),
            now: Cell::new(0),
            end,
            alarm: Cell::new(None),
            wants_transmit: Cell::new(false),
            raised: Cell::new(None),
            output: RefCell::new(Vec::new()),
            input: RefCell::new(input.collect()),
            points: None,
            flash: RefCell::new(vec![0xFF; FLASH_BYTES]),
        }
    }

    fn run(self, programs: &'static [Program]) -> Run {
        self.steered(programs).0
    }

    /// Runs to the end, and gives back what came of the points, too.
    fn steered(self, programs: &'static [Program]) -> (Run, Option<&'static Points>) {
        install_panic_hook();
        let instance: &'static Self = Box::leak(Box::new(self));
        INSTANCE.set(Some(instance));
        let stopped = instance.contexts.drive(move || {
            // SAFETY: the facts name memory of this instance only.
            unsafe { ramscope_kernel::start(instance.facts(), programs) }
        });
        INSTANCE.set(None);
        let text = String::from_utf8_lossy(&instance.output.borrow()).into_owned();
        let millis = instance.now.get() / (u64::from(port::TICKS_PER_SECOND) / 1_000);
        (Run { text, stopped, millis }, instance.points.as_ref())
    }

    /// The kernel was let go: an explorer may end the slice here. A unit that panics is
    /// not to be left, because the host counts panics by OS thread.
    fn at_point(&self) {
        let Some(points) = self.points.as_ref().filter(|_| !std::thread::panicking()) else {
            return;
        };
        if let Some(rank) = points.pass(command::equals) {
            self.interrupt(|| points.switched(command::end_slice(rank)));
        }
    }

    fn facts(&self) -> Facts {
        Facts {
            board: Board::Host,
            name: "host",
            build_id: 0,
            timestamp_hz: port::TICKS_PER_SECOND,
            boot: 1,
            reset_reason: 1,
            reset_note: "",
            regions: self.heap,
            heap_areas: &self.heap[..1],
            heap_reserve: &self.heap[1..],
            main_stack: MAIN_STACK,
            idle_stack: MAIN_STACK,
            interrupt_stack: MAIN_STACK,
            telemetry: self.telemetry,
            console: self.console,
            storage: &[],
            linked_modules: self.modules,
        }
    }

    /// Serves what is due, or lets time pass. Called in the idle context.
    fn idle(&self) {
        if self.points.as_ref().is_some_and(|points| points.is_over(&self.output.borrow())) {
            return self.contexts.stop(Stopped::AllEnded);
        }
        if let Some(work) = self.raised.take() {
            return self.interrupt(|| {
                work();
                // SAFETY: inside of a handler.
                unsafe { handler::ran_program() };
            });
        }
        if self.wants_transmit.get() {
            // SAFETY: inside of a handler.
            return self.interrupt(|| unsafe { console::transmit_ready() });
        }
        let typed = self.input.borrow().front().map(|(at, _)| *at);
        if typed.is_some_and(|at| at <= self.now.get()) {
            let (_, bytes) = self.input.borrow_mut().pop_front().expect("it was there");
            // SAFETY: inside of a handler.
            return self.interrupt(|| unsafe { console::received(&bytes) });
        }
        if self.alarm.get().is_some_and(|at| at <= self.now.get()) {
            self.alarm.set(None);
            // SAFETY: inside of a handler.
            return self.interrupt(|| unsafe { handler::clock() });
        }
        match [typed, self.alarm.get()].into_iter().flatten().min() {
            None => self.contexts.stop(Stopped::NothingLeft),
            Some(at) if at > self.end => {
                self.now.set(self.end);
                self.contexts.stop(Stopped::TimeUp)
            }
            Some(at) => self.now.set(at),
        }
    }

    fn interrupt(&self, work: impl FnOnce()) {
        self.held.set(true);
        // SAFETY: the idle context was running, and counts as interrupted.
        unsafe { handler::enter() };
        work();
        let context = self.contexts.current();
        // SAFETY: after `enter`; the coroutine is complete once it suspends.
        if let Some(seat) = unsafe { handler::leave(context) } {
            // SAFETY: the kernel's own, and nothing else refers to it now.
            let load = unsafe { seat.as_ref() }.context;
            self.contexts.switch(load);
        }
        self.set_free();
    }

    /// The kernel is free and interrupts are on.
    fn set_free(&self) {
        self.held.set(false);
        self.masked.set(false);
    }
}

/// A line and its end, a few bytes at a time, as a UART brings them.
fn typed(at: u64, line: &str) -> Vec<(u64, Vec<u8>)> {
    let bytes = format!("{line}\n").into_bytes();
    let pieces = bytes.chunks(TYPED_BYTES).enumerate();
    let start = (at + 1) * TYPING_TICKS;
    pieces.map(|(index, piece)| (start + index as u64, piece.to_vec())).collect()
}

struct Host;

// SAFETY: one unit runs at a time, handlers in the idle context only, and a context is resumed by
// nobody but the driver.
unsafe impl Port for Host {
    fn kernel() -> NonNull<Kernel> {
        instance().kernel
    }

    fn hold() {
        instance().held.set(true);
    }

    fn is_held() -> bool {
        instance().held.get()
    }

    fn let_go(was_free: bool) {
        if was_free {
            instance().set_free();
            instance().at_point();
        }
    }

    fn let_go_masked() {
        instance().masked.set(true);
        instance().held.set(false);
    }

    fn mask() -> bool {
        !instance().masked.replace(true)
    }

    fn unmask(were_on: bool) {
        if were_on {
            instance().masked.set(false);
            if !instance().held.get() {
                instance().at_point();
            }
        }
    }

    /// A little later at each call, so that a loop that polls the clock ends.
    fn now() -> u64 {
        let now = instance().now.get();
        instance().now.set(now + 1);
        now
    }

    fn timestamp() -> u32 {
        instance().now.get() as u32
    }

    fn set_alarm(at: Option<u64>) {
        instance().alarm.set(at);
    }

    unsafe fn prepare(_: StackRange, entry: extern "C" fn() -> !) -> Context {
        instance().contexts.prepare(move || {
            Self::let_go(true);
            entry()
        })
    }

    unsafe fn switch(mut from: NonNull<Seat>, to: NonNull<Seat>) {
        // SAFETY: the kernel's own, and nothing else refers to it now.
        unsafe { from.as_mut() }.context = instance().contexts.current();
        // SAFETY: as above.
        let load = unsafe { to.as_ref() }.context;
        instance().contexts.switch(load);
        Self::let_go(true);
    }

    unsafe fn leave(finish: extern "C" fn() -> !) -> ! {
        finish()
    }

    unsafe fn resume(to: NonNull<Seat>) -> ! {
        // SAFETY: the kernel's own, and nothing else refers to it now.
        let load = unsafe { to.as_ref() }.context;
        instance().contexts.abandon_for(load)
    }

    fn contain(work: &mut dyn FnMut()) {
        if catch_unwind(AssertUnwindSafe(work)).is_err() {
            // SAFETY: unwinding has left the unit's frames.
            unsafe { teardown::panic_end() };
        }
    }

    fn stack_pointer() -> Option<usize> {
        None
    }

    fn has_stack(_: usize) -> bool {
        true
    }

    fn stack_exhausted() -> ! {
        unreachable!("no kernel call checks stacks that are not the kernel's")
    }

    fn idle() {
        instance().idle();
    }

    fn flash_bytes() -> u32 {
        FLASH_BYTES as u32
    }

    fn flash_read(at: u32, into: &mut [u8]) -> bool {
        let at = at as usize;
        into.copy_from_slice(&instance().flash.borrow()[at..at + into.len()]);
        true
    }

    /// As NOR flash does: what was cleared stays so until it is erased.
    fn flash_write(at: u32, bytes: &[u8]) -> bool {
        let there = &mut instance().flash.borrow_mut()[at as usize..];
        there.iter_mut().zip(bytes).for_each(|(there, byte)| *there &= byte);
        true
    }

    fn flash_erase(at: u32) -> bool {
        let sector = at as usize..(at + port::FLASH_SECTOR_BYTES) as usize;
        instance().flash.borrow_mut()[sector].fill(0xFF);
        true
    }

    fn transmit(bytes: &[u8]) -> usize {
        instance().output.borrow_mut().extend_from_slice(bytes);
        bytes.len()
    }

    fn want_transmit(on: bool) {
        instance().wants_transmit.set(on);
    }

    fn transmit_now(bytes: &[u8]) {
        Self::transmit(bytes);
    }

    fn raise(work: fn()) -> bool {
        let place = &instance().raised;
        let free = place.get().is_none();
        if free {
            place.set(Some(work));
        }
        free
    }

    fn reset(note: ResetNote) -> ! {
        instance().contexts.stop(Stopped::Reset(note));
        unreachable!("a stopped instance is never driven again")
    }
}

ramscope_kernel::port!(Host);

/// Panics inside of a program are the kernel's business; all others go where they went before.
fn install_panic_hook() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if INSTANCE.get().is_none() {
                return before(info);
            }
            let message = info.payload_as_str().unwrap_or("(no message)");
            let location = info.location().map(|at| (at.file(), at.line()));
            teardown::panic_note(format_args!("{message}"), location);
        }));
    });
}
