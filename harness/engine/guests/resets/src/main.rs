//! Resets itself in every way that software has, and counts in memory that survives.
#![no_std]
#![no_main]

use esp_backtrace as _;
use esp_hal::clock::CpuClock;
use esp_hal::delay::Delay;
use esp_hal::efuse;
use esp_hal::rng::Rng;
use esp_hal::rtc_cntl::{Rtc, RwdtStage};
use esp_hal::system::{Cpu, reset_reason, software_reset, software_reset_cpu};
use esp_hal::time::Duration;
use esp_hal::timer::timg::{MwdtStage, TimerGroup};
use esp_println::println;
use esp_rom_sys::rom::spiflash::esp_rom_spiflash_read;

esp_bootloader_esp_idf::esp_app_desc!();

#[esp_hal::ram(unstable(rtc_fast, persistent))]
static mut BOOTS: u32 = 0;

/// The app descriptor's magic word: an app stands at 0x1_0000, and its descriptor 0x20 behind.
fn descriptor() -> u32 {
    let mut word = 0;
    unsafe { esp_rom_spiflash_read(0x1_0020, &raw mut word, 4) };
    word
}

#[esp_hal::main]
fn main() -> ! {
    let p = esp_hal::init(esp_hal::Config::default().with_cpu_clock(CpuClock::max()));
    let boot = unsafe {
        BOOTS += 1;
        BOOTS
    };
    println!("boot {boot}: {:?}", reset_reason().unwrap());
    // Long enough for the line to leave.
    Delay::new().delay_millis(5);
    let soon = Duration::from_millis(10);
    match boot {
        1 => software_reset(),
        2 => software_reset_cpu(Cpu::ProCpu),
        3 => {
            let mut watchdog = TimerGroup::new(p.TIMG0).wdt;
            watchdog.set_timeout(MwdtStage::Stage0, soon);
            watchdog.enable();
        }
        4 => {
            let mut watchdog = TimerGroup::new(p.TIMG1).wdt;
            watchdog.set_timeout(MwdtStage::Stage0, soon);
            watchdog.enable();
        }
        5 => {
            let mut watchdog = Rtc::new(p.RTC_TIMER).rwdt;
            watchdog.set_timeout(RwdtStage::Stage0, soon);
            watchdog.enable();
        }
        _ => {
            println!("random {:08x}", Rng::new().random());
            println!("address {:x?}", efuse::base_mac_address().as_bytes());
            println!("revision {:?}", efuse::chip_revision());
            println!("flash {:08x}", descriptor());
        }
    }
    loop {
        core::hint::spin_loop();
    }
}
