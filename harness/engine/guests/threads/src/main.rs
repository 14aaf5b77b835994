//! Threads of esp-rtos: two of equal priority share the processor by time slices, then one runs
//! into the guard of its stack.
#![no_std]
#![no_main]

use core::ffi::c_void;
use core::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use esp_backtrace as _;
use esp_hal::clock::CpuClock;
use esp_hal::time::Instant;
use esp_hal::timer::timg::TimerGroup;
use esp_println::println;
use esp_radio_rtos_driver as rtos;

esp_bootloader_esp_idf::esp_app_desc!();

const SLICES: usize = 8;

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

/// Pushes words until its stack is gone: frames without a gap, so that none steps over the guard.
///
/// esp-rtos arms the guard in the handler that switches threads, by setting tcontrol.MTE alone; the
/// handler's `mret` then puts MPTE, which is clear, in its place. So the thread sets MTE once more.
extern "C" fn overflow(_: *mut c_void) {
    println!("overflow");
    unsafe {
        core::arch::asm!(
            "csrsi 0x7a5, 8",
            "1:",
            "addi sp, sp, -16",
            "sw zero, 12(sp)",
            "sw zero, 8(sp)",
            "sw zero, 4(sp)",
            "sw zero, 0(sp)",
            "j 1b",
            options(noreturn)
        )
    }
}

fn spawn(name: &str, task: extern "C" fn(*mut c_void), me: u32, priority: u32) {
    unsafe { rtos::task_create(name, task, me as *mut c_void, priority, None, 4096) };
}

#[esp_hal::main]
fn main() -> ! {
    let config = esp_hal::Config::default().with_cpu_clock(CpuClock::max());
    let peripherals = esp_hal::init(config);
    esp_alloc::heap_allocator!(size: 32 * 1024);
    esp_rtos::start(TimerGroup::new(peripherals.TIMG0).timer0, peripherals.FROM_CPU_INTR0);
    println!("threads");
    spawn("starter", starter, 0, 2);
    while !STOP.load(Ordering::Relaxed) {
        rtos::usleep(5_000);
    }
    for pair in STARTS_US.windows(2) {
        let [start, end] = [&pair[0], &pair[1]].map(|us| us.load(Ordering::Relaxed));
        println!("slice of {} us", end - start);
    }
    spawn("deep", overflow, 3, 2);
    rtos::usleep(5_000);
    println!("not reached");
    loop {
        core::hint::spin_loop();
    }
}
