//! The virt machine: its memories, devices and protection, and a core as the manual has it.

use crate::asm::Asm;
use crate::asm::reg::{A0, A1, A2, SP, T0, T1, ZERO};
use crate::program::{image_at, micros, text};
use ramscope_engine::{Chip, Machine, Options, Stop};

const FLASH: u32 = 0x2000_0000;
const RAM: u32 = 0x8000_0000;
const RAM_END: u32 = 0x8006_4000;
const UART: u32 = 0x1000_0000;
const FINISHER: u32 = 0x0010_0000;
const MSIP: u32 = 0x0200_0000;
const MTIMECMP: u32 = 0x0200_4000;
const PLIC: u32 = 0x0C00_0000;

const MSTATUS: u32 = 0x300;
const MIE: u32 = 0x304;
const MTVEC: u32 = 0x305;
const MEPC: u32 = 0x341;
const MCAUSE: u32 = 0x342;
const MTVAL: u32 = 0x343;
const PMPCFG0: u32 = 0x3A0;
const PMPADDR0: u32 = 0x3B0;

fn machine(build: impl FnOnce(&mut Asm)) -> Machine {
    let image = image_at(FLASH, build);
    assert_eq!(image.chip(), Chip::Virt);
    Machine::virt(&image, &Options::default())
}

/// A machine whose program has ended itself with exit code 0.
fn ended(build: impl FnOnce(&mut Asm)) -> Machine {
    let mut machine = machine(|asm| {
        build(asm);
        asm.label("end");
        asm.poke(FINISHER, 0x5555);
        asm.stay();
    });
    assert_eq!(machine.run(micros(1_000)), Stop::Finished { code: 0 });
    machine
}

#[test]
fn a_program_writes_to_the_uart_and_ends_with_its_code() {
    let mut machine = machine(|asm| {
        asm.poke(UART, u32::from(b'h'));
        asm.poke(UART, u32::from(b'i'));
        asm.poke(FINISHER, 7 << 16 | 0x3333);
        asm.stay();
    });
    assert_eq!(machine.run(micros(100)), Stop::Finished { code: 7 });
    assert_eq!(text(&mut machine), "hi");
    assert_eq!(machine.run(micros(200)), Stop::Finished { code: 7 }, "it stays ended");
}

#[test]
fn an_instruction_takes_eight_nanoseconds() {
    let mut machine = machine(Asm::stay);
    assert_eq!(machine.run(micros(1)), Stop::Reached);
    assert_eq!(machine.instructions(), 125);
    assert_eq!(machine.csr(0xB00), Some(1_000), "mcycle counts nanoseconds");
    assert_eq!(machine.csr(0xC01), Some(10), "time counts at 10 MHz");
}

#[test]
fn misaligned_accesses_are_done_in_hardware() {
    let machine = ended(|asm| {
        asm.li(A0, RAM + 0x1001);
        asm.li(A1, 0x1234_5678);
        asm.sw(A1, 0, A0);
        asm.lw(A2, 0, A0);
    });
    assert_eq!(machine.register(12), 0x1234_5678);
    assert_eq!(machine.read_word(RAM + 0x1000), Ok(0x3456_7800));
}

/// Ends at the trap that `build` runs into: cause and mtval.
fn trap_of(build: impl FnOnce(&mut Asm)) -> (u32, u32) {
    let machine = ended(|asm| {
        asm.la(T0, "end");
        asm.csrrw(ZERO, MTVEC, T0);
        build(asm);
        asm.stay();
        asm.align(4);
    });
    (machine.csr(MCAUSE as u16).unwrap(), machine.csr(MTVAL as u16).unwrap())
}

#[test]
fn what_is_past_the_end_of_ram_faults() {
    assert_eq!(trap_of(|asm| asm.peek(A0, RAM_END)), (5, RAM_END));
    assert_eq!(trap_of(|asm| asm.poke(RAM_END, 1)), (7, RAM_END));
    assert_eq!(trap_of(|asm| asm.peek(A0, 0x3FC8_0000)), (5, 0x3FC8_0000));
    let jump = |asm: &mut Asm| {
        asm.li(A0, RAM_END);
        asm.jalr(ZERO, A0, 0);
    };
    assert_eq!(trap_of(jump), (1, RAM_END));
}

/// Guards 64 bytes with entry 0 and allows the rest with entry 1.
fn guard(asm: &mut Asm, address: u32, config: u32) {
    asm.write_csr(PMPADDR0, address >> 2 | 7);
    asm.write_csr(PMPADDR0 + 1, u32::MAX);
    asm.write_csr(PMPCFG0, config | 0x1F00);
}

#[test]
fn a_locked_guard_stops_machine_mode() {
    let found = trap_of(|asm| {
        guard(asm, RAM + 0x2000, 0x98);
        asm.poke(RAM + 0x1FFC, 1);
        asm.poke(RAM + 0x2040, 1);
        asm.poke(RAM + 0x2020, 1);
    });
    assert_eq!(found, (7, RAM + 0x2020));
}

#[test]
fn a_movable_guard_stops_loads_and_stores_with_mprv_and_mpp_user() {
    let found = trap_of(|asm| {
        guard(asm, RAM + 0x2000, 0x18);
        asm.poke(RAM + 0x2020, 1);
        asm.li(T0, 1 << 17);
        asm.csrrs(ZERO, MSTATUS, T0);
        asm.poke(RAM + 0x3000, 1);
        guard(asm, RAM + 0x3000, 0x18);
        asm.poke(RAM + 0x2020, 1);
        asm.peek(A0, RAM + 0x303C);
    });
    assert_eq!(found, (5, RAM + 0x303C));
}

#[test]
fn a_handler_is_not_bound_by_a_movable_guard() {
    let machine = ended(|asm| {
        guard(asm, RAM + 0x2000, 0x18);
        asm.la(T0, "handler");
        asm.csrrw(ZERO, MTVEC, T0);
        asm.li(T0, 1 << 17);
        asm.csrrs(ZERO, MSTATUS, T0);
        asm.li(SP, RAM + 0x2000);
        asm.sw(ZERO, 0, SP);
        asm.stay();
        asm.align(4);
        asm.label("handler");
        asm.sw(SP, 4, SP);
    });
    assert_eq!(machine.read_word(RAM + 0x2004), Ok(RAM + 0x2000));
}

#[test]
fn user_mode_executes_only_what_an_entry_allows() {
    let found = trap_of(|asm| {
        asm.write_csr(PMPADDR0, (FLASH + 0x1000) >> 2);
        asm.write_csr(PMPCFG0, 0x0F);
        asm.la(T0, "user");
        asm.csrrw(ZERO, MEPC, T0);
        asm.write_csr(MSTATUS, 0);
        asm.mret();
        asm.label("user");
        asm.li(A0, FLASH + 0x1000);
        asm.jalr(ZERO, A0, 0);
    });
    assert_eq!(found, (1, FLASH + 0x1000));
}

#[test]
fn a_software_interrupt_comes_right_after_the_store_that_raises_it() {
    let machine = ended(|asm| {
        asm.la(T0, "handler");
        asm.csrrw(ZERO, MTVEC, T0);
        asm.write_csr(MIE, 1 << 3);
        asm.csrrsi(ZERO, MSTATUS, 8);
        asm.poke(MSIP, 1);
        asm.label("after");
        asm.stay();
        asm.align(4);
        asm.label("handler");
        asm.csrrs(A0, MEPC, ZERO);
        asm.la(A1, "after");
        asm.csrrs(A2, MCAUSE, ZERO);
    });
    assert_eq!(machine.register(10), machine.register(11));
    assert_eq!(machine.register(12), 0x8000_0003);
}

#[test]
fn the_timer_wakes_the_core_at_its_step() {
    let mut machine = machine(|asm| {
        asm.poke(MTIMECMP, 500);
        asm.poke(MTIMECMP + 4, 0);
        asm.write_csr(MIE, 1 << 7);
        asm.wfi();
        asm.csrrs(A0, 0xC01, ZERO);
        asm.poke(FINISHER, 0x5555);
    });
    assert_eq!(machine.run(micros(1_000)), Stop::Finished { code: 0 });
    assert_eq!(machine.register(10), 500);
    assert_eq!(machine.now(), micros(50) + ramscope_time::Span::from_nanos(6 * 8));
}

#[test]
fn waiting_without_a_timer_is_a_deadlock() {
    let mut machine = machine(|asm| {
        asm.poke(MTIMECMP, u32::MAX);
        asm.poke(MTIMECMP + 4, u32::MAX);
        asm.wfi();
        asm.stay();
    });
    assert_eq!(machine.run(micros(1_000)), Stop::Deadlocked);
}

#[test]
fn a_received_byte_interrupts_through_the_plic() {
    let mut machine = machine(|asm| {
        asm.poke(MTIMECMP, u32::MAX);
        asm.poke(MTIMECMP + 4, u32::MAX);
        asm.li(T0, UART);
        asm.addi(T1, ZERO, 1);
        asm.s_type(0, T1, 1, T0);
        asm.poke(PLIC + 40, 1);
        asm.poke(PLIC + 0x2000, 1 << 10);
        asm.write_csr(MIE, 1 << 11);
        asm.wfi();
        asm.peek(A0, PLIC + 0x20_0004);
        asm.peek(A1, UART);
        asm.poke(FINISHER, 0x5555);
    });
    machine.receive_uart0(b"x");
    assert_eq!(machine.run(micros(1_000)), Stop::Finished { code: 0 });
    assert_eq!((machine.register(10), machine.register(11)), (10, u32::from(b'x')));
}

#[test]
fn code_in_ram_that_a_misaligned_store_changes_is_decoded_again() {
    let machine = ended(|asm| {
        let (nop, add_one) = (0x0001_u16, 0x0505_u16); // c.addi a0, 1
        asm.li(T0, RAM);
        asm.li(A1, u32::from(nop) | 0x8082 << 16);
        asm.sw(A1, 0, T0);
        asm.jalr(1, T0, 0);
        asm.li(T1, RAM + 1);
        asm.li(A1, u32::from(add_one >> 8) | 0x0080_8200);
        asm.sw(A1, 0, T1);
        asm.s_type(0, T1, 0, T0); // both halves of the first instruction have changed now
        asm.li(A1, u32::from(add_one));
        asm.s_type(0, A1, 0, T0);
        asm.jalr(1, T0, 0);
    });
    assert_eq!(machine.register(10), 1);
}

#[test]
fn a_reset_starts_again_and_says_why() {
    let mut machine = machine(|asm| {
        asm.peek(A0, RAM + 0x100);
        asm.bne(A0, ZERO, "second");
        asm.poke(RAM + 0x100, 1);
        asm.poke(FINISHER, 0x7777);
        asm.stay();
        asm.label("second");
        asm.poke(FINISHER, 0x5555);
    });
    assert_eq!(machine.run(micros(100)), Stop::Finished { code: 0 });
    assert_eq!(machine.resets().len(), 2);
}
