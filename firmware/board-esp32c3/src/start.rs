//! From the first instruction to the kernel.
#![expect(unsafe_code, reason = "start-up code")]

use crate::registers::rtc;
use crate::{clock, guard, interrupts, notes, trap, uart, watchdogs};
use core::arch::global_asm;
use core::panic::PanicInfo;
use ramscope_kernel::port::{Facts, Region, RegionKind, StackRange};
use ramscope_kernel::wire::Board;
use ramscope_kernel::{Program, rtt, teardown};

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

/// The addresses between two names of the linker script.
macro_rules! between {
    ($low:ident, $high:ident) => {{
        let low = &raw const linked::$low as usize;
        StackRange {
            low,
            bytes: &raw const linked::$high as usize - low,
        }
    }};
}

static mut REGIONS: [Region; 8] = [NO_REGION; 8];
static mut HEAP_AREAS: [Region; 2] = [NO_REGION; 2];
const NO_REGION: Region = Region {
    kind: RegionKind::Other,
    name: "",
    base: 0,
    bytes: 0,
};

const fn region(kind: RegionKind, name: &'static str, range: StackRange) -> Region {
    Region {
        kind,
        name,
        base: range.low,
        bytes: range.bytes,
    }
}

fn heap_areas() -> [Region; 2] {
    [
        region(
            RegionKind::HeapArea,
            "heap",
            between!(_heap_start, _heap_end),
        ),
        region(
            RegionKind::HeapArea,
            "heap-loader",
            between!(_loader_start, _loader_end),
        ),
    ]
}

fn regions() -> [Region; 8] {
    let [heap, loader] = heap_areas();
    [
        region(RegionKind::Code, "text", between!(_text_start, _text_end)),
        region(
            RegionKind::Rodata,
            "rodata",
            between!(_rodata_start, _rodata_end),
        ),
        region(RegionKind::Data, "data", between!(_data_start, _data_end)),
        region(RegionKind::Bss, "bss", between!(_bss_start, _bss_end)),
        region(
            RegionKind::InterruptStack,
            "interrupt-stack",
            between!(
                _ramscope_interrupt_stack_low,
                _ramscope_interrupt_stack_high
            ),
        ),
        region(
            RegionKind::EmergencyStack,
            "emergency-stack",
            between!(
                _ramscope_emergency_stack_low,
                _ramscope_emergency_stack_high
            ),
        ),
        heap,
        loader,
    ]
}

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
    let interrupt_stack = between!(
        _ramscope_interrupt_stack_low,
        _ramscope_interrupt_stack_high
    );
    guard::init(interrupt_stack.low);
    paint_unused(interrupt_stack);
    let (boot, reset_note) = notes::take();
    // SAFETY: start-up code runs alone, and once.
    unsafe {
        (&raw mut REGIONS).write(regions());
    }
    // SAFETY: as above.
    unsafe {
        (&raw mut HEAP_AREAS).write(heap_areas());
    }
    let facts = Facts {
        board: Board::Esp32c3,
        name: "esp32c3",
        build_id: build_id(),
        timestamp_hz: clock::CPU_HZ,
        boot,
        reset_reason: (rtc::RESET_STATE.read() & 0x3F) as u8,
        reset_note,
        // SAFETY: written above, never again.
        regions: unsafe { &*(&raw const REGIONS) },
        // SAFETY: written above, never again.
        heap_areas: unsafe { &*(&raw const HEAP_AREAS) },
        main_stack: between!(_ramscope_main_stack_low, _ramscope_main_stack_high),
        idle_stack: between!(_ramscope_idle_stack_low, _ramscope_idle_stack_high),
        interrupt_stack,
        telemetry: &_SEGGER_RTT,
    };
    // SAFETY: the linker script keeps the ranges apart, and nothing else uses them.
    unsafe { ramscope_kernel::start(facts, programs) }
}

/// Paints the handlers' stack below the part that start-up code is using.
fn paint_unused(range: StackRange) {
    const IN_USE_BYTES: usize = 512;
    let range = StackRange {
        bytes: range.bytes - IN_USE_BYTES,
        ..range
    };
    // SAFETY: start-up code needs far less than what is left out.
    unsafe { ramscope_kernel::paint_stack(range) };
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    let location = info.location().map(|at| (at.file(), at.line()));
    teardown::panic_note(format_args!("{}", info.message()), location);
    teardown::panic_end()
}
