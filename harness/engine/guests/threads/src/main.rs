//! Threads of esp-rtos: two of equal priority share the processor by time slices; and the guards of
//! stacks, with pins to choose:
//! - pin 4 low: main runs into its own guard before any thread runs;
//! - otherwise a thread runs into its guard, and pin 5 low lets it set tcontrol.MTE before.
//!
//! # What becomes of a thread's guard
//!
//! esp-rtos 0.4 moves the guard in the handler that switches threads (`SchedulerState::switch_task`,
//! called from `swint_handler`), with esp-hal's `set_stack_watchpoint`, which writes tcontrol.MTE and
//! clears MPTE. The handler ends with `mret`, which puts MPTE into MTE: so the guard is armed while
//! the handler still runs, and dead from the thread's first instruction on. That `mret` does so is
//! the rule of the chip's technical reference manual (chapter "ESP-RISC-V CPU", tcontrol) and of the
//! RISC-V debug specification; ESP-IDF knows it and sets both bits (`rv_utils.h`,
//! `TCONTROL_MPTE | TCONTROL_MTE`). Main's guard is set outside of handlers, so it lives until the
//! first switch. Nothing was measured on silicon.
#![no_std]
#![no_main]

use core::ffi::c_void;
use core::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use esp_backtrace as _;
use esp_hal::clock::CpuClock;
use esp_hal::gpio::{AnyPin, Input, InputConfig, Pull};
use esp_hal::time::Instant;
use esp_hal::timer::timg::TimerGroup;
use esp_println::println;
use esp_radio_rtos_driver as rtos;

esp_bootloader_esp_idf::esp_app_desc!();

const SLICES: usize = 8;
const THREAD_STACK_BYTES: usize = 4096;

static RUNNING: AtomicU32 = AtomicU32::new(0);
static SLICE: AtomicU32 = AtomicU32::new(0);
static STARTS_US: [AtomicU32; SLICES] = [const { AtomicU32::new(0) }; SLICES];
static STOP: AtomicBool = AtomicBool::new(false);

/// Notes when it gets the processor from the other one.
extern "C" fn worker(me: *mut c_void) {
    let me = me as u32;
    while !STOP.load(Ordering::Relaxed) {
        if RUNNING.load(Ordering::Relaxed) == me {
            continue;
        }
        RUNNING.store(me, Ordering::Relaxed);
        let slice = SLICE.load(Ordering::Relaxed) as usize;
        if slice == SLICES {
            STOP.store(true, Ordering::Relaxed);
        } else {
            let now = Instant::now().duration_since_epoch().as_micros() as u32;
            STARTS_US[slice].store(now, Ordering::Relaxed);
            SLICE.store(slice as u32 + 1, Ordering::Relaxed);
        }
    }
    unsafe { rtos::schedule_task_deletion(None) };
}

/// Starts both workers before either of them runs.
extern "C" fn starter(_: *mut c_void) {
    spawn("one", worker, 1, 1);
    spawn("two", worker, 2, 1);
    unsafe { rtos::schedule_task_deletion(None) };
}

/// Stores to every word below the stack pointer, nearest first, what it holds already: whatever
/// guards one of them must fire, and if nothing does there is no harm.
fn touch_below(bytes: usize) {
    unsafe {
        core::arch::asm!(
            "sub {end}, sp, {end}",
            "mv {cursor}, sp",
            "1:",
            "addi {cursor}, {cursor}, -4",
            "lw {word}, 0({cursor})",
            "sw {word}, 0({cursor})",
            "bltu {end}, {cursor}, 1b",
            end = inout(reg) bytes => _,
            cursor = out(reg) _,
            word = out(reg) _,
        )
    }
}

/// Goes beyond its stack. Unless it sets MTE itself, the guard is dead (see above).
extern "C" fn deep(sets_mte: *mut c_void) {
    println!("below the stack");
    if !sets_mte.is_null() {
        unsafe { core::arch::asm!("csrsi 0x7a5, 8") };
    }
    touch_below(THREAD_STACK_BYTES);
    println!("nobody noticed");
    unsafe { rtos::schedule_task_deletion(None) };
}

fn spawn(name: &str, task: extern "C" fn(*mut c_void), me: u32, priority: u32) {
    unsafe { rtos::task_create(name, task, me as *mut c_void, priority, None, THREAD_STACK_BYTES) };
}

#[esp_hal::main]
fn main() -> ! {
    let config = esp_hal::Config::default().with_cpu_clock(CpuClock::max());
    let peripherals = esp_hal::init(config);
    esp_alloc::heap_allocator!(size: 32 * 1024);
    esp_rtos::start(TimerGroup::new(peripherals.TIMG0).timer0, peripherals.FROM_CPU_INTR0);
    let low = |pin: AnyPin<'static>| {
        let input = Input::new(pin, InputConfig::default().with_pull(Pull::Up));
        input.is_low()
    };
    if low(peripherals.GPIO4.into()) {
        println!("below the stack");
        touch_below(512 * 1024);
    }
    let sets_mte = low(peripherals.GPIO5.into());
    println!("threads");
    spawn("starter", starter, 0, 2);
    while !STOP.load(Ordering::Relaxed) {
        rtos::usleep(5_000);
    }
    for pair in STARTS_US.windows(2) {
        let [start, end] = [&pair[0], &pair[1]].map(|us| us.load(Ordering::Relaxed));
        println!("slice of {} us", end - start);
    }
    spawn("deep", deep, u32::from(sets_mte), 2);
    rtos::usleep(5_000);
    println!("done");
    loop {
        core::hint::spin_loop();
    }
}
