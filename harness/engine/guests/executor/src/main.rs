//! embassy-executor on esp-rtos: two tasks that wait for time and for each other.
#![no_std]
#![no_main]

use embassy_executor::Spawner;
use embassy_sync::blocking_mutex::raw::CriticalSectionRawMutex;
use embassy_sync::channel::Channel;
use embassy_time::{Duration, Instant, Ticker, Timer};
use esp_backtrace as _;
use esp_hal::clock::CpuClock;
use esp_hal::timer::timg::TimerGroup;
use esp_println::println;

esp_bootloader_esp_idf::esp_app_desc!();

static NUMBERS: Channel<CriticalSectionRawMutex, u32, 1> = Channel::new();

#[embassy_executor::task]
async fn producer() {
    let mut ticker = Ticker::every(Duration::from_millis(7));
    for number in 1..=3 {
        ticker.next().await;
        NUMBERS.send(number * number).await;
    }
}

#[embassy_executor::task]
async fn consumer() {
    loop {
        let number = NUMBERS.receive().await;
        println!("{number} at {} ms", Instant::now().as_millis());
    }
}

#[esp_rtos::main]
async fn main(spawner: Spawner) {
    let p = esp_hal::init(esp_hal::Config::default().with_cpu_clock(CpuClock::max()));
    esp_rtos::start(TimerGroup::new(p.TIMG0).timer0, p.FROM_CPU_INTR0);
    println!("executor");
    spawner.spawn(producer().unwrap());
    spawner.spawn(consumer().unwrap());
    Timer::after_millis(50).await;
    println!("done");
}
