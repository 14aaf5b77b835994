//! Timers of both groups, software interrupts, pins and both UARTs, by interrupts.
#![no_std]
#![no_main]

use core::cell::RefCell;
use critical_section::Mutex;
use esp_backtrace as _;
use esp_hal::Blocking;
use esp_hal::clock::CpuClock;
use esp_hal::gpio::{Event, Input, InputConfig, Io, Level, Output, OutputConfig, Pull};
use esp_hal::interrupt::software::SoftwareInterrupt;
use esp_hal::time::{Duration, Instant};
use esp_hal::timer::timg::TimerGroup;
use esp_hal::timer::{OneShotTimer, PeriodicTimer};
use esp_hal::uart::{Config, RxConfig, Uart, UartInterrupt};
use esp_println::println;

esp_bootloader_esp_idf::esp_app_desc!();

type Shared<T> = Mutex<RefCell<Option<T>>>;

const fn nothing<T>() -> Shared<T> {
    Mutex::new(RefCell::new(None))
}

static ONE_SHOT: Shared<OneShotTimer<'static, Blocking>> = nothing();
static PERIODIC: Shared<PeriodicTimer<'static, Blocking>> = nothing();
static SOFTWARE: Shared<SoftwareInterrupt<'static, 1>> = nothing();
static BUTTON: Shared<Input<'static>> = nothing();
static CONSOLE: Shared<Uart<'static, Blocking>> = nothing();
static SECOND: Shared<Uart<'static, Blocking>> = nothing();
/// What happened: one shots, periods, software interrupts, rises and falls, lines.
static COUNTS: Mutex<RefCell<[u32; 6]>> = Mutex::new(RefCell::new([0; 6]));

fn with<T, R>(shared: &Shared<T>, act: impl FnOnce(&mut T) -> R) -> R {
    critical_section::with(|token| act(shared.borrow_ref_mut(token).as_mut().unwrap()))
}

fn put<T>(shared: &Shared<T>, value: T) {
    critical_section::with(|token| shared.borrow_ref_mut(token).replace(value));
}

fn count(n: usize) {
    critical_section::with(|token| COUNTS.borrow_ref_mut(token)[n] += 1);
}

fn wait_for(n: usize, wanted: u32) {
    while critical_section::with(|token| COUNTS.borrow_ref(token)[n]) < wanted {}
}

#[esp_hal::handler]
fn one_shot() {
    with(&ONE_SHOT, |timer| timer.clear_interrupt());
    count(0);
}

#[esp_hal::handler]
fn periodic() {
    with(&PERIODIC, |timer| timer.clear_interrupt());
    count(1);
}

#[esp_hal::handler]
fn software() {
    with(&SOFTWARE, |interrupt| interrupt.reset());
    count(2);
}

#[esp_hal::handler]
fn pins() {
    let rose = with(&BUTTON, |button| {
        button.clear_interrupt();
        button.is_high()
    });
    count(if rose { 3 } else { 4 });
}

/// Echoes on UART1 what UART0 heard, without the line's end.
#[esp_hal::handler]
fn console() {
    let (bytes, count_bytes) = with(&CONSOLE, |uart| {
        let mut bytes = [0; 64];
        let heard = uart.read_buffered(&mut bytes).unwrap();
        uart.clear_interrupts(UartInterrupt::RxFifoFull | UartInterrupt::RxTimeout);
        (bytes, heard)
    });
    for byte in &bytes[..count_bytes] {
        match byte {
            b'\n' => count(5),
            byte => {
                with(&SECOND, |uart| uart.write(&[byte.to_ascii_uppercase()]).map(|_| ()).unwrap())
            }
        }
    }
}

/// Echoes on UART1 what it heard, plus one.
#[esp_hal::handler]
fn second() {
    with(&SECOND, |uart| {
        let mut bytes = [0; 16];
        let heard = uart.read_buffered(&mut bytes).unwrap();
        uart.clear_interrupts(UartInterrupt::RxFifoFull | UartInterrupt::RxTimeout);
        for byte in &bytes[..heard] {
            uart.write(&[byte + 1]).unwrap();
        }
    });
}

fn micros_of(wait: impl FnOnce()) -> u64 {
    let start = Instant::now();
    wait();
    start.elapsed().as_micros()
}

#[esp_hal::main]
fn main() -> ! {
    let p = esp_hal::init(esp_hal::Config::default().with_cpu_clock(CpuClock::max()));

    let mut timer = OneShotTimer::new(TimerGroup::new(p.TIMG0).timer0);
    timer.set_interrupt_handler(one_shot);
    timer.listen();
    put(&ONE_SHOT, timer);
    for millis in [1, 3] {
        let us = micros_of(|| {
            with(&ONE_SHOT, |timer| timer.schedule(Duration::from_millis(millis)).unwrap());
            wait_for(0, if millis == 1 { 1 } else { 2 });
        });
        println!("one shot of {millis} ms: {us} us");
    }

    let mut timer = PeriodicTimer::new(TimerGroup::new(p.TIMG1).timer0);
    timer.set_interrupt_handler(periodic);
    timer.listen();
    put(&PERIODIC, timer);
    let us = micros_of(|| {
        with(&PERIODIC, |timer| timer.start(Duration::from_millis(2)).unwrap());
        wait_for(1, 5);
        with(&PERIODIC, |timer| timer.cancel().unwrap());
    });
    println!("five periods of 2 ms: {us} us");

    let mut interrupt = SoftwareInterrupt::new(p.FROM_CPU_INTR1);
    interrupt.set_interrupt_handler(software);
    put(&SOFTWARE, interrupt);
    for wanted in 1..=3 {
        with(&SOFTWARE, |interrupt| interrupt.raise());
        wait_for(2, wanted);
    }
    println!("three software interrupts");

    let uart = Config::default().with_rx(RxConfig::default().with_fifo_full_threshold(1));
    let mut second_uart = Uart::new(p.UART1, uart).unwrap().with_tx(p.GPIO6).with_rx(p.GPIO7);
    second_uart.set_interrupt_handler(second);
    second_uart.listen(UartInterrupt::RxFifoFull);
    second_uart.write(b"second\n").unwrap();
    put(&SECOND, second_uart);

    Io::new(p.IO_MUX).set_interrupt_handler(pins);
    let mut button = Input::new(p.GPIO5, InputConfig::default().with_pull(Pull::Up));
    let mut led = Output::new(p.GPIO4, Level::Low, OutputConfig::default());
    println!("button {:?}, led {:?}", button.level(), led.output_level());
    button.listen(Event::AnyEdge);
    put(&BUTTON, button);
    wait_for(4, 1);
    led.set_high();
    println!("pressed");
    wait_for(3, 1);
    led.set_low();
    println!("released");
    // Setting UART0 up empties its FIFO.
    esp_hal::delay::Delay::new().delay_millis(2);

    let mut uart = Uart::new(p.UART0, uart).unwrap();
    uart.set_interrupt_handler(console);
    uart.listen(UartInterrupt::RxFifoFull);
    put(&CONSOLE, uart);
    println!("type");
    wait_for(5, 1);
    println!("done");
    loop {
        core::hint::spin_loop();
    }
}
