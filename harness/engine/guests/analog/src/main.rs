//! Measures pins every ten milliseconds, with every calibration that esp-hal has.
#![no_std]
#![no_main]

use esp_backtrace as _;
use esp_hal::analog::adc::{
    Adc, AdcCalBasic, AdcCalCurve, AdcCalLine, AdcCalSource, AdcConfig, Attenuation,
};
use esp_hal::clock::CpuClock;
use esp_hal::delay::Delay;
use esp_hal::peripherals::ADC1;
use esp_println::println;

esp_bootloader_esp_idf::esp_app_desc!();

#[esp_hal::main]
fn main() -> ! {
    let p = esp_hal::init(esp_hal::Config::default().with_cpu_clock(CpuClock::max()));
    // The driver's sum of thirty samples has 16 bits, which is enough for this attenuation only.
    let measure = |source| AdcConfig::<ADC1>::adc_calibrate(Attenuation::_11dB, source);
    let [ground, reference] = [AdcCalSource::Gnd, AdcCalSource::Ref].map(measure);
    println!("ground {ground}, reference {reference}");
    let mut first = AdcConfig::new();
    let mut plain = first.enable_pin(p.GPIO0, Attenuation::_11dB);
    let mut low = first.enable_pin(p.GPIO1, Attenuation::_0dB);
    let mut basic = first.enable_pin_with_cal::<_, AdcCalBasic<_>>(p.GPIO2, Attenuation::_6dB);
    let mut line = first.enable_pin_with_cal::<_, AdcCalLine<_>>(p.GPIO3, Attenuation::_11dB);
    let mut curve = first.enable_pin_with_cal::<_, AdcCalCurve<_>>(p.GPIO4, Attenuation::_2p5dB);
    let mut first = Adc::new(p.ADC1, first);
    let mut second = AdcConfig::new();
    let mut other = second.enable_pin_with_cal::<_, AdcCalLine<_>>(p.GPIO5, Attenuation::_11dB);
    let mut second = Adc::new(p.ADC2, second);
    let delay = Delay::new();
    loop {
        delay.delay_millis(10);
        println!(
            "{} {} {} {} mV {} mV {} mV",
            nb::block!(first.read_oneshot(&mut plain)).unwrap(),
            nb::block!(first.read_oneshot(&mut low)).unwrap(),
            nb::block!(first.read_oneshot(&mut basic)).unwrap(),
            nb::block!(first.read_oneshot(&mut line)).unwrap(),
            nb::block!(first.read_oneshot(&mut curve)).unwrap(),
            nb::block!(second.read_oneshot(&mut other)).unwrap(),
        );
    }
}
