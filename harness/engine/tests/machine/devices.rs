//! Devices as firmware sees them: UART0, timers, pins, and registers that nobody models.

use crate::asm::csr;
use crate::asm::reg::*;
use crate::interrupts::{route, use_vectors, vectors};
use crate::program::{DATA, machine, micros, millis, ran, text};
use ramscope_engine::{Access, Stop};
use ramscope_time::Instant;

const UART0: u32 = 0x6000_0000;
/// Ten bits at 40 MHz / (347 + 3/16).
const BYTE_PS: u64 = 86_796_875;

#[test]
fn bytes_leave_with_the_instant_of_their_stop_bit() {
    let mut machine = machine(|asm| {
        asm.li(S0, UART0);
        for byte in *b"hi" {
            asm.addi(T0, ZERO, i32::from(byte));
            asm.sw(T0, 0, S0);
        }
        asm.stay();
    });
    let _ = machine.run(micros(100));
    let sent = machine.take_uart0();
    // the store is the fourth instruction
    let first = 3 * 12_500 + BYTE_PS;
    assert_eq!(sent.len(), 1);
    assert_eq!((sent[0].byte, sent[0].at), (b'h', Instant::from_picos(first)));
    let _ = machine.run(micros(200));
    let sent = machine.take_uart0();
    let second = Instant::from_picos(first + BYTE_PS);
    assert_eq!((sent[0].byte, sent[0].at), (b'i', second));
    assert!(machine.take_uart0().is_empty());
}

#[test]
fn a_driver_that_polls_the_fifo_loses_nothing() {
    let mut machine = machine(|asm| {
        asm.watchdogs_off();
        asm.li(S0, UART0);
        asm.li(S1, 300);
        asm.label("next");
        asm.lw(T0, 0x1C, S0);
        asm.i_type(0x13, 5, T0, T0, 16); // srli
        asm.i_type(0x13, 7, T0, T0, 0x3FF); // andi
        asm.addi(T0, T0, -127);
        asm.b_type(5, T0, ZERO, "next"); // bge
        asm.addi(T0, ZERO, 0x41);
        asm.sw(T0, 0, S0);
        asm.addi(S1, S1, -1);
        asm.bne(S1, ZERO, "next");
        asm.stay();
    });
    let _ = machine.run(millis(40));
    assert_eq!(text(&mut machine).len(), 300);
    assert_eq!(machine.uart0_losses().sent, 0);
}

#[test]
fn an_echo_by_interrupt_answers_what_it_hears() {
    let mut machine = machine(|asm| {
        asm.csrrci(ZERO, csr::MSTATUS, 8);
        asm.watchdogs_off();
        use_vectors(asm);
        route(asm, 21, 3, 1);
        asm.poke(UART0 + 0x24, 1); // one byte is enough
        asm.poke(UART0 + 0x0C, 1);
        asm.csrrsi(ZERO, csr::MSTATUS, 8);
        asm.label("idle");
        asm.wfi();
        asm.j("idle");
        asm.label("line 3");
        asm.li(S0, UART0);
        asm.lw(A0, 0, S0);
        asm.addi(A0, A0, 1);
        asm.sw(A0, 0, S0);
        asm.addi(T0, ZERO, 1);
        asm.sw(T0, 0x10, S0);
        asm.mret();
        vectors(asm, &[3]);
    });
    assert_eq!(machine.run(millis(1)), Stop::Deadlocked);
    machine.receive_uart0(b"HAL");
    assert_eq!(machine.run(Instant::from_picos(1_000_000_000 + BYTE_PS - 12_500)), Stop::Reached);
    assert!(machine.is_waiting(), "the first byte is not complete");
    let _ = machine.run(millis(2));
    assert_eq!(text(&mut machine), "IBM");
    assert!(!machine.is_receiving_uart0());
}

#[test]
fn bytes_that_nobody_reads_are_lost_and_counted() {
    let mut machine = machine(|asm| {
        asm.watchdogs_off();
        asm.stay();
    });
    machine.receive_uart0(&[0x55; 150]);
    let _ = machine.run(millis(15));
    assert_eq!(machine.read_word(UART0 + 0x1C).unwrap() & 0x3FF, 128);
    assert_ne!(machine.read_word(UART0 + 0x04).unwrap() & 1 << 4, 0);
    let _ = machine.take_uart0();
    assert_eq!(machine.uart0_losses().received, 22);
}

#[test]
fn the_system_timer_can_be_polled() {
    const SYSTIMER: u32 = 0x6002_3000;
    let machine = ran(|asm| {
        asm.li(S0, SYSTIMER);
        asm.li(T0, 1 << 30);
        for rd in [A0, A1] {
            asm.sw(T0, 4, S0);
            asm.lw(A2, 4, S0);
            asm.lw(rd, 0x44, S0);
            asm.align(4);
            for _ in 0..47 {
                asm.addi(ZERO, ZERO, 0);
            }
        }
        asm.stay();
    });
    assert_eq!(machine.register(A2 as u8), 1 << 29);
    let passed = machine.register(A1 as u8) - machine.register(A0 as u8);
    assert_eq!(passed, 10); // 50 instructions, five a tick
}

#[test]
fn an_output_can_be_read_back() {
    let machine = ran(|asm| {
        asm.poke(0x6000_4024, 1 << 8);
        asm.poke(0x6000_4008, 1 << 8);
        asm.peek(A0, 0x6000_403C);
        asm.stay();
    });
    assert_eq!(machine.register(A0 as u8), 1 << 8 | 1 << 9, "pin 9 is pulled up");
    assert!(machine.unmodelled().is_empty());
}

#[test]
fn a_register_that_is_not_modelled_keeps_its_value_and_is_listed_once() {
    let machine = ran(|asm| {
        asm.poke(0x6001_3010, 0x1234);
        asm.peek(A0, 0x6001_3010);
        asm.peek(A1, 0x6001_3010);
        asm.peek(A2, 0x6000_89C8);
        asm.stay();
    });
    assert_eq!(machine.register(A0 as u8), 0x1234);
    assert_eq!(machine.register(A2 as u8), 0);
    let [first, second] = machine.unmodelled() else {
        panic!("two registers: {:?}", machine.unmodelled())
    };
    assert_eq!((first.address, first.pc), (0x6001_3010, 0x4200_0010));
    assert_eq!((first.first, first.reads, first.writes), (Access::Write, 2, 1));
    assert_eq!((second.address, second.first), (0x6000_89C8, Access::Read));
}

#[test]
fn a_byte_store_to_a_register_keeps_the_other_bytes() {
    let machine = ran(|asm| {
        asm.poke(0x6000_8050, 0x1122_3344);
        asm.li(S0, 0x6000_8050);
        asm.s_type(0, ZERO, 1, S0);
        asm.lw(A0, 0, S0);
        asm.i_type(0x03, 4, A1, S0, 3); // lbu
        asm.stay();
    });
    assert_eq!(machine.register(A0 as u8), 0x1122_0044);
    assert_eq!(machine.register(A1 as u8), 0x11);
}

#[test]
fn random_numbers_come_from_the_seed() {
    use ramscope_engine::{Machine, Options};
    let image = crate::program::image(|asm| {
        asm.peek(A0, 0x6002_60B0);
        asm.peek(A1, 0x6002_60B0);
        asm.stay();
    });
    let of = |seed| {
        let mut machine = Machine::esp32c3(&image, &Options { seed });
        let _ = machine.run(micros(1));
        [A0, A1].map(|n| machine.register(n as u8))
    };
    assert_eq!(of(1), of(1));
    assert_ne!(of(1), of(2));
    assert_ne!(of(1)[0], of(1)[1]);
}

#[test]
fn a_store_to_the_watched_word_returns_right_after_it() {
    let mut machine = machine(|asm| {
        asm.li(S0, DATA);
        asm.sw(ZERO, 4, S0);
        asm.sw(S0, 8, S0);
        asm.addi(A0, ZERO, 1);
        asm.stay();
    });
    machine.watch_word(Some(DATA + 8));
    let stop = Stop::Watched { address: DATA + 8, value: DATA };
    assert_eq!(machine.run(micros(1)), stop);
    assert_eq!(machine.instructions(), 4);
    assert_eq!(machine.register(A0 as u8), 0);
    assert_eq!(machine.run(micros(1)), Stop::Reached);
    machine.watch_word(None);
    assert_eq!(machine.run(micros(2)), Stop::Reached);
}

#[test]
fn a_run_stops_at_the_instruction_that_changes_a_watched_pin() {
    const GPIO: u32 = 0x6000_4000;
    let mut machine = machine(|asm| {
        asm.li(S0, GPIO);
        asm.addi(T0, ZERO, 1 << 4);
        asm.sw(T0, 0x08, S0); // high, but no output yet
        asm.sw(T0, 0x24, S0);
        asm.addi(T0, ZERO, 1 << 5);
        asm.sw(T0, 0x24, S0);
        asm.stay();
    });
    machine.watch_pins(1 << 4);
    let before = machine.clone();
    assert_eq!(machine.run(micros(100)), Stop::Pins);
    assert_eq!(
        (machine.pin(4), machine.pin_output(4), machine.pin_output(5)),
        (true, Some(true), None)
    );
    assert_eq!(machine.instructions(), before.instructions() + 5); // li takes two
    assert_eq!(machine.run(micros(100)), Stop::Reached);
    assert_eq!(machine.pin_output(5), Some(false));
}
