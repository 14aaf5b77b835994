//! From the first instruction to the kernel.
#![expect(unsafe_code, reason = "start-up code")]

use crate::registers::rtc;
use crate::{clock, guard, interrupts, notes, trap, uart, watchdogs};
use core::arch::global_asm;
use core::panic::PanicInfo;
use ramscope_kernel::port::{Facts, Region, RegionKind, StackRange};
use ramscope_kernel::wire::Board;
use ramscope_kernel::{PANIC_STACK_MAX, Program, console, rtt, teardown};

global_asm!(
    // The ROM boots straight into flash that starts with this word twice (TRM, "Boot Control"),
    // and jumps to the word after them.
    ".section .direct_boot, \"ax\"",
    ".word 0xAEDB041D",
    ".word 0xAEDB041D",
    ".global _start",
    "_start:",
    "j ramscope_reset",
    ".section .start, \"ax\"",
    "ramscope_reset:",
    "csrw mstatus, zero",
    "csrw mscratch, zero",
    // The kernel is held until the first unit runs.
    "li tp, 1",
    ".option push",
    ".option norelax",
    "la gp, __global_pointer$",
    ".option pop",
    "la sp, _ramscope_interrupt_stack_high",
    "la t0, _data_start",
    "la t1, _data_end",
    "la t2, _data_load",
    "1:",
    "bgeu t0, t1, 2f",
    "lw t3, 0(t2)",
    "sw t3, 0(t0)",
    "addi t0, t0, 4",
    "addi t2, t2, 4",
    "j 1b",
    "2:",
    "la t0, _bss_start",
    "la t1, _bss_end",
    "3:",
    "bgeu t0, t1, 4f",
    "sw zero, 0(t0)",
    "addi t0, t0, 4",
    "j 3b",
    "4:",
    "call ramscope_main",
    "5: j 5b",
    ".text",
);

/// The telemetry ring, under the name that debug probes look for.
#[unsafe(no_mangle)]
static _SEGGER_RTT: rtt::Memory = rtt::Memory::new();

/// Whose turn it is to write to the console.
static CONSOLE_TURN: console::Turn = console::Turn::new();

/// The file system with the modules that programs import.
static STORAGE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/storage.bin"));

/// Names of the linker script.
mod linked {
    unsafe extern "C" {
        pub(super) static _text_start: u8;
        pub(super) static _text_end: u8;
        pub(super) static _rodata_start: u8;
        pub(super) static _rodata_end: u8;
        pub(super) static _data_start: u8;
        pub(super) static _data_end: u8;
        pub(super) static _bss_start: u8;
        pub(super) static _bss_end: u8;
        pub(super) static _heap_start: u8;
        pub(super) static _heap_end: u8;
        pub(super) static _loader_start: u8;
        pub(super) static _loader_end: u8;
        pub(super) static _ramscope_interrupt_stack_low: u8;
        pub(super) static _ramscope_interrupt_stack_high: u8;
        pub(super) static _ramscope_idle_stack_low: u8;
        pub(super) static _ramscope_idle_stack_high: u8;
        pub(super) static _ramscope_main_stack_low: u8;
        pub(super) static _ramscope_main_stack_high: u8;
        pub(super) static _ramscope_emergency_stack_low: u8;
        pub(super) static _ramscope_emergency_stack_high: u8;
        pub(super) static _build_id: [u8; 24];
    }
}

/// The memory between two names of the linker script.
macro_rules! region {
    ($kind:ident, $name:literal, $start:ident, $end:ident) => {
        Region::new(RegionKind::$kind, $name, &raw const linked::$start, &raw const linked::$end)
    };
}

static HEAP_AREAS: [Region; 1] = [region!(HeapArea, "heap", _heap_start, _heap_end)];

/// What the loader used: the heap gets it when it is full.
static HEAP_RESERVE: [Region; 1] = [region!(HeapArea, "heap-loader", _loader_start, _loader_end)];

static REGIONS: [Region; 8] = [
    region!(Code, "text", _text_start, _text_end),
    region!(Rodata, "rodata", _rodata_start, _rodata_end),
    region!(Data, "data", _data_start, _data_end),
    region!(Bss, "bss", _bss_start, _bss_end),
    INTERRUPT_STACK,
    region!(
        EmergencyStack,
        "emergency-stack",
        _ramscope_emergency_stack_low,
        _ramscope_emergency_stack_high
    ),
    HEAP_AREAS[0],
    HEAP_RESERVE[0],
];

const INTERRUPT_STACK: Region = region!(
    InterruptStack,
    "interrupt-stack",
    _ramscope_interrupt_stack_low,
    _ramscope_interrupt_stack_high
);
const MAIN_STACK: Region =
    region!(MainStack, "main-stack", _ramscope_main_stack_low, _ramscope_main_stack_high);
const IDLE_STACK: Region =
    region!(Other, "idle-stack", _ramscope_idle_stack_low, _ramscope_idle_stack_high);

/// The first eight bytes of the linker's build id, behind the note's header of 16 bytes.
fn build_id() -> u64 {
    let mut id = [0; 8];
    // SAFETY: the linker script keeps the note there.
    id.copy_from_slice(unsafe { &linked::_build_id[16..24] });
    u64::from_le_bytes(id)
}

/// Sets the chip up and hands it to the kernel.
pub fn start(programs: &'static [Program]) -> ! {
    watchdogs::stop();
    trap::init();
    clock::init();
    uart::init();
    interrupts::init();
    let interrupt_stack = INTERRUPT_STACK.as_stack();
    guard::init(interrupt_stack.low);
    paint_unused(interrupt_stack);
    let (boot, reset_note) = notes::take();
    let facts = Facts {
        board: Board::Esp32c3,
        name: "esp32c3",
        build_id: build_id(),
        timestamp_hz: clock::CPU_HZ,
        boot,
        reset_reason: (rtc::RESET_STATE.read() & 0x3F) as u8,
        reset_note,
        regions: &REGIONS,
        heap_areas: &HEAP_AREAS,
        heap_reserve: &HEAP_RESERVE,
        main_stack: MAIN_STACK.as_stack(),
        idle_stack: IDLE_STACK.as_stack(),
        interrupt_stack,
        telemetry: &_SEGGER_RTT,
        console: &CONSOLE_TURN,
        storage: STORAGE,
        linked_modules: &[],
    };
    // SAFETY: the linker script keeps the ranges apart, and nothing else uses them.
    unsafe { ramscope_kernel::start(facts, programs) }
}

/// Paints the handlers' stack below the part that start-up code is using.
fn paint_unused(range: StackRange) {
    const IN_USE_BYTES: usize = 512;
    let range = StackRange { bytes: range.bytes - IN_USE_BYTES, ..range };
    // SAFETY: start-up code needs far less than what is left out.
    unsafe { ramscope_kernel::paint_stack(range) };
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    if !guard::has_stack(PANIC_STACK_MAX) {
        // Formatting the message would write over a neighbour.
        trap::stack_exhausted();
    }
    report(info)
}

/// The rest of [`panic`], apart from it so that its frame is not there when the stack is measured.
#[inline(never)]
fn report(info: &PanicInfo<'_>) -> ! {
    let location = info.location().map(|at| (at.file(), at.line()));
    teardown::panic_note(format_args!("{}", info.message()), location);
    // SAFETY: nothing unwinds, and nothing refers to the frames of a unit that never runs again.
    unsafe { teardown::panic_end() }
}
