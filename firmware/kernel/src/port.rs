//! What the kernel asks of the place it runs on.
//!
//! A board implements [`Port`] for a type of its own and names it once with [`port!`](macro@crate::port). The calls
//! are bound at link time, as `critical-section` does it, so that no kernel type carries a board
//! as a parameter and fat LTO makes each of them a plain instruction or two.
//!
//! Invariants that a port keeps:
//! 1. Between [`Port::hold`] and the [`Port::let_go`] that follows it, and between
//!    [`Port::mask`] and [`Port::unmask`], no handler of this kernel instance runs, and no switch
//!    happens but through [`Port::switch`]. What interrupts while the kernel is held is put off: the port
//!    sees to it that the source is quiet, and that it interrupts again as soon as the kernel is free.
//!    Nothing else happens, and what happens is over in a few dozen instructions.
//! 2. [`Port::kernel`] gives the same pointer for the life of the instance.
//! 3. Nothing is written through the stack pointer of an interrupted unit before it has been
//!    compared with the range of the [`Seat`] that came with the last switch.
#![expect(unsafe_code, reason = "methods whose callers promise what the compiler cannot check")]

use crate::kernel::Kernel;
use core::ptr::NonNull;

pub use ramscope_wire::{Board, RegionKind};

/// Ticks of the kernel's clock in one second: that of the ESP32-C3's SYSTIMER (technical
/// reference manual, chapter "System Timer"), and of every other port by decree.
pub const TICKS_PER_SECOND: u32 = 16_000_000;

/// A saved context: on a chip the saved stack pointer, on the host a coroutine's number.
pub type Context = usize;

/// The bytes of a stack, guard left out. Empty for the host port's contexts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct StackRange {
    /// The lowest address that belongs to the stack.
    pub low: usize,
    /// Its length in bytes.
    pub bytes: usize,
}

/// Where a unit sits while it does not run, and what a port must know to go on with it.
#[derive(Debug)]
#[repr(C)]
pub struct Seat {
    /// What the port saved or prepared; stale while the unit runs.
    pub context: Context,
    /// Its id.
    pub unit: u32,
    /// Its stack.
    pub stack: StackRange,
}

/// How a unit that a trap interrupted had interrupts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interrupts {
    /// They were on, and the kernel was free.
    On,
    /// It had masked them, or the kernel was held.
    Masked,
}

/// A stretch of memory with a name, for the heap and for the region records of the telemetry.
#[derive(Clone, Copy, Debug)]
pub struct Region {
    kind: RegionKind,
    name: &'static str,
    start: *const u8,
    end: *const u8,
}

// SAFETY: the pointers are never followed here; they are addresses that a linker may fill in.
unsafe impl Sync for Region {}

impl Region {
    /// The memory from `start` up to `end`. Names of a linker script can stand for both.
    #[must_use]
    pub const fn new(
        kind: RegionKind,
        name: &'static str,
        start: *const u8,
        end: *const u8,
    ) -> Self {
        Self { kind, name, start, end }
    }

    /// What it holds.
    #[must_use]
    pub const fn kind(&self) -> RegionKind {
        self.kind
    }

    /// Its name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Its first byte.
    #[must_use]
    pub const fn start(&self) -> *const u8 {
        self.start
    }

    /// Its length in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.end.addr() - self.start.addr()
    }

    /// The same stretch as a stack.
    #[must_use]
    pub fn as_stack(&self) -> StackRange {
        StackRange { low: self.start.addr(), bytes: self.bytes() }
    }
}

/// What a board tells about itself once, at start.
#[derive(Clone, Copy)]
pub struct Facts {
    /// Which board it is.
    pub board: Board,
    /// Its name in messages.
    pub name: &'static str,
    /// Identifies the image.
    pub build_id: u64,
    /// The rate of [`Port::timestamp`] in hertz, a multiple of [`TICKS_PER_SECOND`].
    pub timestamp_hz: u32,
    /// Boots since power-on, the first is 1.
    pub boot: u32,
    /// Why this boot happened: the chip's own number (technical reference manual, "Reset and
    /// Clock", reset sources).
    pub reset_reason: u8,
    /// A sentence about why the last boot ended, if it is known.
    pub reset_note: &'static str,
    /// The regions of memory.
    pub regions: &'static [Region],
    /// The areas that the heap gets at start.
    pub heap_areas: &'static [Region],
    /// Memory that the heap takes areas from when it is full, and gives them back to.
    pub heap_reserve: &'static [Region],
    /// The stack of the main thread.
    pub main_stack: StackRange,
    /// The stack of the idle context.
    pub idle_stack: StackRange,
    /// The stack of handlers.
    pub interrupt_stack: StackRange,
    /// Memory for the telemetry ring.
    pub telemetry: &'static crate::rtt::Memory,
    /// Whose turn it is to write to the console.
    pub console: &'static crate::console::Turn,
    /// The file system with the modules that can be loaded; empty if the image has none.
    pub storage: &'static [u8],
    /// The modules that are linked statically, where none can be loaded.
    pub linked_modules: &'static [&'static ramscope_module_abi::Linked],
}

/// Bytes of flash that are erased at once: those of every chip beside an ESP32 (its data sheets, "Sector
/// Erase").
pub const FLASH_SECTOR_BYTES: u32 = 4096;

/// Registers that a call keeps: `s0` to `s11` (RISC-V calling conventions).
pub const SAVED_REGISTERS: usize = 12;

/// The place that a kernel runs on. See the module's text for what an implementation promises.
///
/// # Safety
/// The kernel's memory safety rests on the invariants above.
pub unsafe trait Port {
    /// The kernel of this instance.
    fn kernel() -> NonNull<Kernel>;
    /// Takes the kernel for the running context, whose stack has room for a few words more. Interrupts stay
    /// as they are.
    fn hold();
    /// Whether somebody has taken the kernel: thread code, or a handler for as long as it lasts.
    fn is_held() -> bool;
    /// Lets the kernel go if it was free before [`hold`](Self::hold): handlers that were put off run now.
    fn let_go(was_free: bool);
    /// Masks interrupts and lets the kernel go, which the caller holds: handlers that were put off run as
    /// soon as interrupts are on.
    fn let_go_masked();
    /// Masks interrupts; says whether they were on. For what lasts no longer than about 150 instructions;
    /// all else [holds](Self::hold) the kernel.
    fn mask() -> bool;
    /// Puts back what [`mask`](Self::mask) found.
    fn unmask(were_on: bool);
    /// The kernel's clock: ticks since boot, see [`TICKS_PER_SECOND`].
    fn now() -> u64;
    /// The cycle counter that stamps telemetry: cheap to read, wraps at 32 bits.
    fn timestamp() -> u32;
    /// Raises the clock interrupt at this tick, at once if it has passed. `None`: never.
    fn set_alarm(at: Option<u64>);
    /// Prepares a context that calls `entry` with the stack empty, interrupts on and the kernel free.
    ///
    /// # Safety
    /// `stack` is valid for writes and nothing else uses it.
    unsafe fn prepare(stack: StackRange, entry: extern "C" fn() -> !) -> Context;
    /// Saves the running context in the seat `from` and resumes that of `to`: the guard, the range that
    /// traps check and the stack pointer change together. Returns when resumed, with interrupts on
    /// and the kernel free.
    ///
    /// # Safety
    /// Interrupts are masked and the kernel is free; the context of `to` was saved or prepared and is not
    /// running.
    unsafe fn switch(from: NonNull<Seat>, to: NonNull<Seat>);
    /// Leaves the running context for good and calls `finish` on a stack that belongs to nobody.
    ///
    /// # Safety
    /// The kernel is held and stays so; `finish` ends in [`resume`](Self::resume).
    unsafe fn leave(finish: extern "C" fn() -> !) -> !;
    /// Resumes the context in the seat `to`, with interrupts on and the kernel free, and forgets the
    /// running one.
    ///
    /// # Safety
    /// The kernel is held; the context of `to` was saved or prepared.
    unsafe fn resume(to: NonNull<Seat>) -> !;
    /// Calls `work`. Where panics unwind (host), one that reaches this ends the running thread
    /// through [`teardown::panic_end`](crate::teardown::panic_end); on a chip it is just a call.
    fn contain(work: &mut dyn FnMut()) {
        work();
    }
    /// The stack pointer, or `None` where stacks are not the kernel's (host).
    fn stack_pointer() -> Option<usize>;
    /// Stores the registers that a call keeps: what a caller has in them and nowhere else. Where stacks
    /// are not the kernel's there is nothing to store.
    fn saved_registers(_into: &mut [usize; SAVED_REGISTERS]) {}
    /// Whether the running unit has so many bytes of its stack left; always in handlers and start-up
    /// code, and where stacks are not the kernel's.
    fn has_stack(bytes: usize) -> bool;
    /// Whether the running thread has less than so many bytes of its stack left. Thread context only.
    fn is_stack_short(bytes: usize) -> bool {
        !Self::has_stack(bytes)
    }
    /// Stops the running unit because its stack is used up (a kernel call found too little).
    fn stack_exhausted() -> !;
    /// Waits for an interrupt; called in the idle context with interrupts masked: they are taken when
    /// that unmasks.
    fn idle();
    /// The level of an input pin; `None` if the board has none of this number.
    fn pin(_number: u8) -> Option<bool> {
        None
    }
    /// Drives a pin; `false` if the board has none of this number.
    fn set_pin(_number: u8, _high: bool) -> bool {
        false
    }
    /// Sends bytes over two pins, the highest bit first, each at a rising edge of the clock, which is low
    /// before and after; `false` if the board lacks one of them.
    fn shift_out(clock: u8, data: u8, bytes: &[u8]) -> bool {
        let mut done = Self::set_pin(clock, false);
        for byte in bytes {
            for bit in (0..8).rev() {
                done &= Self::set_pin(data, byte >> bit & 1 != 0);
                done &= Self::set_pin(clock, true) && Self::set_pin(clock, false);
            }
        }
        done
    }
    /// Bytes of flash that the board leaves to data, whole sectors; 0 if none. The callers of the next three
    /// have looked that what they ask for is there.
    fn flash_bytes() -> u32 {
        0
    }
    /// Copies from the data's flash, whose first byte is 0; `false` if the chip failed. Thread context.
    fn flash_read(_at: u32, _into: &mut [u8]) -> bool {
        false
    }
    /// Clears the bits that are zero in the bytes; `false` as above.
    fn flash_write(_at: u32, _bytes: &[u8]) -> bool {
        false
    }
    /// Sets all bits of the sector that begins there; `false` as above.
    fn flash_erase(_at: u32) -> bool {
        false
    }
    /// Where the processor fetches code that was written at this address of the heap; `None` where code
    /// cannot be loaded.
    fn code_address(_written: usize) -> Option<usize> {
        None
    }
    /// Code was written: from now on the processor must fetch it as it is.
    fn code_changed() {}
    /// Gives bytes to the console's transmitter; answers how many it took.
    fn transmit(bytes: &[u8]) -> usize;
    /// Asks for [`console::transmit_ready`](crate::console::transmit_ready) when there is room.
    fn want_transmit(on: bool);
    /// Puts bytes out by polling, past every queue: for the last words before a reset.
    fn transmit_now(bytes: &[u8]);
    /// Runs `handler` as an interrupt handler, at the next moment when interrupts are on; says
    /// whether it will.
    fn raise(handler: fn()) -> bool;
    /// Resets the device.
    fn reset(note: ResetNote) -> !;
}

/// What the next boot is told about the end of this one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum ResetNote {
    /// The `reset` command.
    Command = 1,
    /// A stack overflow inside a handler.
    HandlerOverflow = 2,
    /// A fault or panic inside a handler or inside the kernel.
    KernelFault = 3,
}

macro_rules! link {
    ($($(#[$meta:meta])* fn $name:ident = $symbol:ident($($arg:ident: $type:ty),*) -> $ret:ty;)*) => {
        mod symbols {
            use super::*;
            unsafe extern "Rust" {
                $(pub(super) safe fn $symbol($($arg: $type),*) -> $ret;)*
            }
        }
        $(
            $(#[$meta])*
            #[inline(always)]
            pub(crate) fn $name($($arg: $type),*) -> $ret {
                symbols::$symbol($($arg),*)
            }
        )*
    };
}

link! {
    fn kernel = _ramscope_port_kernel() -> NonNull<Kernel>;
    fn hold = _ramscope_port_hold() -> ();
    fn is_held = _ramscope_port_is_held() -> bool;
    fn let_go = _ramscope_port_let_go(was_free: bool) -> ();
    fn let_go_masked = _ramscope_port_let_go_masked() -> ();
    fn mask = _ramscope_port_mask() -> bool;
    fn unmask = _ramscope_port_unmask(were_on: bool) -> ();
    fn now = _ramscope_port_now() -> u64;
    fn timestamp = _ramscope_port_timestamp() -> u32;
    fn set_alarm = _ramscope_port_set_alarm(at: Option<u64>) -> ();
    fn contain = _ramscope_port_contain(work: &mut dyn FnMut()) -> ();
    fn stack_pointer = _ramscope_port_stack_pointer() -> Option<usize>;
    fn saved_registers = _ramscope_port_saved_registers(into: &mut [usize; SAVED_REGISTERS]) -> ();
    fn has_stack = _ramscope_port_has_stack(bytes: usize) -> bool;
    fn is_stack_short = _ramscope_port_is_stack_short(bytes: usize) -> bool;
    fn stack_exhausted = _ramscope_port_stack_exhausted() -> !;
    fn idle = _ramscope_port_idle() -> ();
    fn pin = _ramscope_port_pin(number: u8) -> Option<bool>;
    fn set_pin = _ramscope_port_set_pin(number: u8, high: bool) -> bool;
    fn shift_out = _ramscope_port_shift_out(clock: u8, data: u8, bytes: &[u8]) -> bool;
    fn flash_bytes = _ramscope_port_flash_bytes() -> u32;
    fn flash_read = _ramscope_port_flash_read(at: u32, into: &mut [u8]) -> bool;
    fn flash_write = _ramscope_port_flash_write(at: u32, bytes: &[u8]) -> bool;
    fn flash_erase = _ramscope_port_flash_erase(at: u32) -> bool;
    fn code_address = _ramscope_port_code_address(written: usize) -> Option<usize>;
    fn code_changed = _ramscope_port_code_changed() -> ();
    fn transmit = _ramscope_port_transmit(bytes: &[u8]) -> usize;
    fn want_transmit = _ramscope_port_want_transmit(on: bool) -> ();
    fn transmit_now = _ramscope_port_transmit_now(bytes: &[u8]) -> ();
    fn raise = _ramscope_port_raise(handler: fn()) -> bool;
    fn reset = _ramscope_port_reset(note: ResetNote) -> !;
}

unsafe extern "Rust" {
    pub(crate) fn _ramscope_port_prepare(stack: StackRange, entry: extern "C" fn() -> !)
    -> Context;
    pub(crate) fn _ramscope_port_switch(from: NonNull<Seat>, to: NonNull<Seat>);
    pub(crate) fn _ramscope_port_leave(finish: extern "C" fn() -> !) -> !;
    pub(crate) fn _ramscope_port_resume(to: NonNull<Seat>) -> !;
}

/// Names the type whose [`Port`] this image's kernel runs on. Once in a program.
#[macro_export]
macro_rules! port {
    ($port:ty) => {
        #[allow(unsafe_code, missing_docs, reason = "the symbols that the kernel links to")]
        mod _ramscope_port {
            use super::*;
            use core::ptr::NonNull;
            use $crate::port::{Context, Port, ResetNote, SAVED_REGISTERS, Seat, StackRange};
            #[unsafe(no_mangle)]
            fn _ramscope_port_kernel() -> NonNull<$crate::Kernel> {
                <$port as Port>::kernel()
            }
            #[unsafe(no_mangle)]
            fn _ramscope_port_hold() {
                <$port as Port>::hold()
            }
            #[unsafe(no_mangle)]
            fn _ramscope_port_is_held() -> bool {
                <$port as Port>::is_held()
            }
            #[unsafe(no_mangle)]
            fn _ramscope_port_let_go(was_free: bool) {
                <$port as Port>::let_go(was_free)
            }
            #[unsafe(no_mangle)]
            fn _ramscope_port_let_go_masked() {
                <$port as Port>::let_go_masked()
            }
            #[unsafe(no_mangle)]
            fn _ramscope_port_mask() -> bool {
                <$port as Port>::mask()
            }
            #[unsafe(no_mangle)]
            fn _ramscope_port_unmask(were_on: bool) {
                <$port as Port>::unmask(were_on)
            }
            #[unsafe(no_mangle)]
            fn _ramscope_port_now() -> u64 {
                <$port as Port>::now()
            }
            #[unsafe(no_mangle)]
            fn _ramscope_port_timestamp() -> u32 {
                <$port as Port>::timestamp()
            }
            #[unsafe(no_mangle)]
            fn _ramscope_port_set_alarm(at: Option<u64>) {
                <$port as Port>::set_alarm(at)
            }
            #[unsafe(no_mangle)]
            fn _ramscope_port_contain(work: &mut dyn FnMut()) {
                <$port as Port>::contain(work)
            }
            #[unsafe(no_mangle)]
            fn _ramscope_port_stack_pointer() -> Option<usize> {
                <$port as Port>::stack_pointer()
            }
            #[unsafe(no_mangle)]
            fn _ramscope_port_saved_registers(into: &mut [usize; SAVED_REGISTERS]) {
                <$port as Port>::saved_registers(into)
            }
            #[unsafe(no_mangle)]
            fn _ramscope_port_has_stack(bytes: usize) -> bool {
                <$port as Port>::has_stack(bytes)
            }
            #[unsafe(no_mangle)]
            fn _ramscope_port_is_stack_short(bytes: usize) -> bool {
                <$port as Port>::is_stack_short(bytes)
            }
            #[unsafe(no_mangle)]
            fn _ramscope_port_stack_exhausted() -> ! {
                <$port as Port>::stack_exhausted()
            }
            #[unsafe(no_mangle)]
            fn _ramscope_port_idle() {
                <$port as Port>::idle()
            }
            #[unsafe(no_mangle)]
            fn _ramscope_port_pin(number: u8) -> Option<bool> {
                <$port as Port>::pin(number)
            }
            #[unsafe(no_mangle)]
            fn _ramscope_port_set_pin(number: u8, high: bool) -> bool {
                <$port as Port>::set_pin(number, high)
            }
            #[unsafe(no_mangle)]
            fn _ramscope_port_shift_out(clock: u8, data: u8, bytes: &[u8]) -> bool {
                <$port as Port>::shift_out(clock, data, bytes)
            }
            #[unsafe(no_mangle)]
            fn _ramscope_port_flash_bytes() -> u32 {
                <$port as Port>::flash_bytes()
            }
            #[unsafe(no_mangle)]
            fn _ramscope_port_flash_read(at: u32, into: &mut [u8]) -> bool {
                <$port as Port>::flash_read(at, into)
            }
            #[unsafe(no_mangle)]
            fn _ramscope_port_flash_write(at: u32, bytes: &[u8]) -> bool {
                <$port as Port>::flash_write(at, bytes)
            }
            #[unsafe(no_mangle)]
            fn _ramscope_port_flash_erase(at: u32) -> bool {
                <$port as Port>::flash_erase(at)
            }
            #[unsafe(no_mangle)]
            fn _ramscope_port_code_address(written: usize) -> Option<usize> {
                <$port as Port>::code_address(written)
            }
            #[unsafe(no_mangle)]
            fn _ramscope_port_code_changed() {
                <$port as Port>::code_changed()
            }
            #[unsafe(no_mangle)]
            fn _ramscope_port_transmit(bytes: &[u8]) -> usize {
                <$port as Port>::transmit(bytes)
            }
            #[unsafe(no_mangle)]
            fn _ramscope_port_want_transmit(on: bool) {
                <$port as Port>::want_transmit(on)
            }
            #[unsafe(no_mangle)]
            fn _ramscope_port_transmit_now(bytes: &[u8]) {
                <$port as Port>::transmit_now(bytes)
            }
            #[unsafe(no_mangle)]
            fn _ramscope_port_raise(handler: fn()) -> bool {
                <$port as Port>::raise(handler)
            }
            #[unsafe(no_mangle)]
            fn _ramscope_port_reset(note: ResetNote) -> ! {
                <$port as Port>::reset(note)
            }
            #[unsafe(no_mangle)]
            unsafe fn _ramscope_port_prepare(
                stack: StackRange,
                entry: extern "C" fn() -> !,
            ) -> Context {
                // SAFETY: the caller keeps the promises of `Port::prepare`.
                unsafe { <$port as Port>::prepare(stack, entry) }
            }
            #[unsafe(no_mangle)]
            unsafe fn _ramscope_port_switch(from: NonNull<Seat>, to: NonNull<Seat>) {
                // SAFETY: the caller keeps the promises of `Port::switch`.
                unsafe { <$port as Port>::switch(from, to) }
            }
            #[unsafe(no_mangle)]
            unsafe fn _ramscope_port_leave(finish: extern "C" fn() -> !) -> ! {
                // SAFETY: the caller keeps the promises of `Port::leave`.
                unsafe { <$port as Port>::leave(finish) }
            }
            #[unsafe(no_mangle)]
            unsafe fn _ramscope_port_resume(to: NonNull<Seat>) -> ! {
                // SAFETY: the caller keeps the promises of `Port::resume`.
                unsafe { <$port as Port>::resume(to) }
            }
        }
    };
}
