#![no_std]
#![no_main]
use esp_backtrace as _;
esp_bootloader_esp_idf::esp_app_desc!();
#[esp_hal::main]
fn main() -> ! {
    let _ = esp_hal::init(esp_hal::Config::default());
    esp_println::println!("x");
    loop {}
}
