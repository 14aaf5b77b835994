//! Watchdogs and software resets: what bites, what survives, and the reason that is shown.

use crate::asm::Asm;
use crate::asm::reg::*;
use crate::program::{DATA, IRAM, machine, millis};
use ramscope_engine::{Machine, ResetReason, Stop};

const KEY: u32 = 0x50D8_3AA1;
const RESET_STATE: u32 = 0x6000_8038;
const RTC_FAST: u32 = 0x5000_0000;
const STORE0: u32 = 0x6000_8050;

/// Runs a program that does `first` in its first life and, from the second on, switches the
/// watchdogs off, leaves the reset code in `a0` and stays. RTC memory tells the lives apart.
fn lives(first: impl FnOnce(&mut Asm)) -> Machine {
    const MARK: u32 = 0x600D_CAFE;
    let mut machine = machine(|asm| {
        asm.peek(T0, RTC_FAST);
        asm.li(T1, MARK);
        asm.bne(T0, T1, "first");
        asm.watchdogs_off();
        asm.peek(A0, RESET_STATE);
        asm.i_type(0x13, 7, A0, A0, 0x3F); // andi
        asm.wfi();
        asm.stay();
        asm.label("first");
        asm.poke(RTC_FAST, MARK);
        first(asm);
        asm.wfi();
        asm.stay();
    });
    assert_eq!(machine.run(millis(5_000)), Stop::Deadlocked);
    machine
}

fn check(first: impl FnOnce(&mut Asm), reason: ResetReason, code: u32, at_millis: u64) {
    let machine = lives(first);
    let [_, reset] = machine.resets() else { panic!("one reset: {:?}", machine.resets()) };
    assert_eq!(reset.reason, reason);
    assert_eq!(machine.register(A0 as u8), code, "the code that firmware reads");
    assert_eq!(reset.at.as_picos() / 1_000_000_000, at_millis);
}

/// Sets a timer group's watchdog to bite after 100 ms: 40,000 ticks of 2.5 us.
fn arm_group(asm: &mut Asm, group: u32, action: u32) {
    asm.poke(group + 0x64, KEY);
    asm.poke(group + 0x4C, 200 << 16);
    asm.poke(group + 0x50, 40_000);
    asm.poke(group + 0x60, 1);
    asm.poke(group + 0x48, 1 << 31 | action << 29);
}

/// Sets the RTC's watchdog to bite after 100 ms: 2 * 6,800 slow cycles.
fn arm_rtc(asm: &mut Asm, action: u32) {
    asm.poke(0x6000_80A8, KEY);
    asm.poke(0x6000_8094, 6_800);
    asm.poke(0x6000_80A4, 1 << 31);
    asm.poke(0x6000_8090, 1 << 31 | action << 28);
}

#[test]
fn power_on_is_the_first_start() {
    let machine = machine(|asm| asm.stay());
    assert_eq!(machine.resets().len(), 1);
    assert_eq!(machine.resets()[0].reason, ResetReason::PowerOn);
    assert_eq!(machine.read_word(RESET_STATE).unwrap() & 0x3F, 1);
}

#[test]
fn group_0_bites() {
    let first = |asm: &mut Asm| {
        asm.watchdogs_off();
        arm_group(asm, 0x6001_F000, 3);
    };
    check(first, ResetReason::Timg0WatchdogCore, 0x07, 100);
}

#[test]
fn group_0_bites_the_cpu_alone() {
    let first = |asm: &mut Asm| {
        asm.watchdogs_off();
        arm_group(asm, 0x6001_F000, 2);
    };
    check(first, ResetReason::Timg0WatchdogCpu, 0x0B, 100);
}

#[test]
fn group_1_bites() {
    let first = |asm: &mut Asm| {
        asm.watchdogs_off();
        arm_group(asm, 0x6002_0000, 3);
    };
    check(first, ResetReason::Timg1WatchdogCore, 0x08, 100);
}

#[test]
fn group_1_bites_the_cpu_alone() {
    let first = |asm: &mut Asm| {
        asm.watchdogs_off();
        arm_group(asm, 0x6002_0000, 2);
    };
    check(first, ResetReason::Timg1WatchdogCpu, 0x11, 100);
}

#[test]
fn the_rtc_watchdog_bites() {
    let first = |asm: &mut Asm| {
        asm.watchdogs_off();
        arm_rtc(asm, 3);
    };
    check(first, ResetReason::RtcWatchdogCore, 0x09, 100);
}

#[test]
fn the_rtc_watchdog_bites_the_cpu_alone() {
    let first = |asm: &mut Asm| {
        asm.watchdogs_off();
        arm_rtc(asm, 2);
    };
    check(first, ResetReason::RtcWatchdogCpu, 0x0D, 100);
}

#[test]
fn the_rtc_watchdog_bites_the_whole_system() {
    let first = |asm: &mut Asm| {
        asm.watchdogs_off();
        arm_rtc(asm, 4);
    };
    check(first, ResetReason::RtcWatchdogSystem, 0x10, 100);
}

#[test]
fn the_super_watchdog_bites() {
    let first = |asm: &mut Asm| {
        asm.watchdogs_off();
        asm.poke(0x6000_80AC, 0); // neither feeds itself nor off
    };
    check(first, ResetReason::SuperWatchdog, 0x12, 1_000);
}

#[test]
fn firmware_that_leaves_the_boot_watchdogs_alone_is_bitten_by_group_0() {
    check(|_| (), ResetReason::Timg0WatchdogCore, 0x07, 325);
}

#[test]
fn a_fed_watchdog_does_not_bite() {
    let mut machine = machine(|asm| {
        asm.watchdogs_off();
        arm_group(asm, 0x6001_F000, 3);
        arm_rtc(asm, 3);
        asm.label("feed");
        asm.poke(0x6001_F060, 1);
        asm.poke(0x6000_80A4, 1 << 31);
        asm.j("feed");
    });
    assert_eq!(machine.run(millis(250)), Stop::Reached);
    assert_eq!(machine.resets().len(), 1);
}

#[test]
fn a_software_reset_keeps_ram_and_store_registers() {
    let machine = lives(|asm| {
        asm.poke(DATA + 0x400, 0xABCD);
        asm.poke(STORE0, 0x1234);
        asm.poke(0x600C_0028, 1);
        asm.poke(0x6000_8000, 1 << 31);
        asm.poke(DATA + 0x400, 0);
    });
    assert_eq!(machine.resets()[1].reason, ResetReason::SoftwareCore);
    assert_eq!(machine.register(A0 as u8), 3);
    assert_eq!(machine.read_word(DATA + 0x400), Ok(0xABCD));
    assert_eq!(machine.read_word(STORE0), Ok(0x1234));
    assert_eq!(machine.read_word(0x600C_0028), Ok(0), "peripherals are reset");
}

#[test]
fn a_software_reset_of_the_cpu_keeps_peripherals() {
    let machine = lives(|asm| {
        asm.watchdogs_off();
        asm.poke(0x600C_0028, 1);
        asm.poke(0x6000_8000, 1 << 5);
    });
    assert_eq!(machine.resets()[1].reason, ResetReason::SoftwareCpu);
    assert_eq!(machine.register(A0 as u8), 0x0C);
    assert_eq!(machine.read_word(0x600C_0028), Ok(1));
}

#[test]
fn a_whole_system_reset_loses_store_registers_and_keeps_rtc_memory() {
    let machine = lives(|asm| {
        asm.watchdogs_off();
        asm.poke(STORE0, 0x1234);
        arm_rtc(asm, 4);
    });
    assert_eq!(machine.read_word(STORE0), Ok(0));
    assert_eq!(machine.read_word(RTC_FAST), Ok(0x600D_CAFE));
}

#[test]
fn a_reset_puts_ram_segments_and_the_clock_back() {
    use crate::program::image_at;
    use ramscope_engine::Options;
    let image = image_at(IRAM, |asm| {
        asm.peek(A0, 0x6000_8038);
        asm.i_type(0x13, 7, A0, A0, 0x3F);
        asm.li(T0, 3);
        asm.beq(A0, T0, "end");
        asm.poke(IRAM, 0);
        asm.poke(0x600C_0008, 0xD);
        asm.poke(0x6000_8000, 1 << 31);
        asm.label("end");
        asm.stay();
    });
    let mut machine = Machine::esp32c3(&image, &Options::default());
    assert_eq!(machine.run(millis(1)), Stop::Reached);
    assert_eq!(machine.register(A0 as u8), 3);
    assert_eq!(machine.cpu_hz(), 80_000_000);
    assert!(machine.now() >= millis(1), "device time goes on");
}
