//! Keeps a count in the data partition of its flash over resets, and asks the ROM for checksums.
#![no_std]
#![no_main]

use core::ffi::{CStr, c_char};
use esp_backtrace as _;
use esp_bootloader_esp_idf::partitions::{
    DataPartitionSubType, PARTITION_TABLE_MAX_LEN, PartitionType, read_partition_table,
};
use esp_hal::clock::CpuClock;
use esp_hal::delay::Delay;
use esp_hal::system::software_reset;
use esp_println::println;
use esp_rom_sys::rom::{crc, md5};
use esp_storage::FlashStorage;

esp_bootloader_esp_idf::esp_app_desc!();

unsafe extern "C" {
    fn esp_rom_printf(format: *const c_char, ...) -> i32;
}

const FORMAT: &CStr = c"printf %d of %s, %08lx, %llu, %c%%\n";

fn checksums() {
    let digits = b"123456789";
    println!(
        "crc {:08x} {:04x} {:02x}",
        crc::crc32_le(0, digits),
        crc::crc16_be(0, digits),
        crc::crc8_le(0, digits)
    );
    println!("md5 {:x}", md5::compute(digits));
    unsafe {
        esp_rom_printf(FORMAT.as_ptr(), -1, c"two".as_ptr(), 0xBEEF_u32, 1_u64 << 40, 65_u32);
    }
}

#[esp_hal::main]
fn main() -> ! {
    let p = esp_hal::init(esp_hal::Config::default().with_cpu_clock(CpuClock::max()));
    let mut flash = FlashStorage::new(p.FLASH);
    let mut table = [0; PARTITION_TABLE_MAX_LEN];
    let table = read_partition_table(&mut flash, &mut table).unwrap();
    let booted = table.booted_partition().unwrap().unwrap();
    let nvs = PartitionType::Data(DataPartitionSubType::Nvs);
    let nvs = table.find_partition(nvs).unwrap().unwrap();
    let mut region = nvs.as_flash_region(&mut flash);
    let mut count = [0; 5];
    region.read(3, &mut count).unwrap();
    println!("stored {count:x?}");
    if count[0] == 0xFF {
        println!(
            "{} bytes, runs {:x}, data {:x}",
            region.capacity(),
            booted.offset(),
            nvs.offset()
        );
        checksums();
        count = [0; 5];
    }
    if count[0] < 2 {
        count[0] += 1;
        count[4] += 0x10;
        region.write(3, &count).unwrap();
        // Longer than the lines take to leave.
        Delay::new().delay_millis(20);
        software_reset();
    }
    region.erase(0x1000, 0x2000).unwrap();
    println!("{} bytes of flash", flash.capacity());
    println!("done");
    loop {
        core::hint::spin_loop();
    }
}
