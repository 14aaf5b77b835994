//! Says hello, then one line for each of five periodic interrupts of the system timer.
#![no_std]
#![no_main]

use core::cell::RefCell;
use critical_section::Mutex;
use esp_backtrace as _;
use esp_hal::Blocking;
use esp_hal::clock::CpuClock;
use esp_hal::time::Duration;
use esp_hal::timer::PeriodicTimer;
use esp_hal::timer::systimer::SystemTimer;
use esp_println::println;

esp_bootloader_esp_idf::esp_app_desc!();

static TIMER: Mutex<RefCell<Option<PeriodicTimer<'static, Blocking>>>> =
    Mutex::new(RefCell::new(None));
static TICKS: Mutex<RefCell<u32>> = Mutex::new(RefCell::new(0));

#[esp_hal::handler]
fn tick() {
    critical_section::with(|token| {
        TIMER.borrow_ref_mut(token).as_mut().unwrap().clear_interrupt();
        *TICKS.borrow_ref_mut(token) += 1;
    });
}

#[esp_hal::main]
fn main() -> ! {
    let config = esp_hal::Config::default().with_cpu_clock(CpuClock::max());
    let peripherals = esp_hal::init(config);
    println!("hello, reset reason {:?}", esp_hal::system::reset_reason());
    let mut timer = PeriodicTimer::new(SystemTimer::new(peripherals.SYSTIMER).alarm0);
    timer.set_interrupt_handler(tick);
    timer.listen();
    timer.start(Duration::from_millis(10)).unwrap();
    critical_section::with(|token| TIMER.borrow_ref_mut(token).replace(timer));
    let mut seen = 0;
    while seen < 5 {
        let ticks = critical_section::with(|token| *TICKS.borrow_ref(token));
        if ticks > seen {
            seen = ticks;
            println!("tick {seen}");
        }
    }
    println!("done");
    loop {
        core::hint::spin_loop();
    }
}
