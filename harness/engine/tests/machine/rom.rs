//! Functions of the ROM: what they do, what they cost, and what happens meanwhile.

use crate::asm::reg::*;
use crate::asm::{Asm, csr};
use crate::program::{DATA, IRAM, machine, micros, ran, text};
use ramscope_engine::{CpuView, Fatal, Flow, Machine, Observer, Stop};
use ramscope_time::{Instant, Span};

const MEMSET: u32 = 0x4000_0354;
const MEMCPY: u32 = 0x4000_0358;
const MEMMOVE: u32 = 0x4000_035C;
const MEMCMP: u32 = 0x4000_0360;
const DELAY_US: u32 = 0x4000_0050;
const SEND: u32 = 0x4000_0068;
const UDIVDI3: u32 = 0x4000_08AC;

/// Calls a function with constant arguments; uses `s0`.
pub(crate) fn call(asm: &mut Asm, function: u32, arguments: &[u32]) {
    for (register, value) in (A0..).zip(arguments) {
        asm.li(register, *value);
    }
    asm.li(S0, function);
    asm.jalr(RA, S0, 0);
}

fn bytes(machine: &Machine, address: u32) -> [u8; 8] {
    let mut bytes = [0; 8];
    machine.read_bytes(address, &mut bytes).unwrap();
    bytes
}

fn check_move(function: u32, to: u32, from: u32, count: u32, expected: &[u8; 8]) {
    let machine = ran(|asm| {
        asm.poke(DATA, 0x0403_0201);
        asm.poke(DATA + 4, 0x0807_0605);
        call(asm, function, &[DATA + to, DATA + from, count]);
        asm.stay();
    });
    assert_eq!(bytes(&machine, DATA), *expected, "{to} {from} {count}");
    assert_eq!(machine.register(A0 as u8), DATA + to, "the target is the result");
}

#[test]
fn memory_is_copied_whatever_the_overlap() {
    check_move(MEMMOVE, 1, 0, 7, &[1, 1, 2, 3, 4, 5, 6, 7]);
    check_move(MEMMOVE, 0, 1, 7, &[2, 3, 4, 5, 6, 7, 8, 8]);
    check_move(MEMMOVE, 4, 0, 4, &[1, 2, 3, 4, 1, 2, 3, 4]);
    check_move(MEMCPY, 0, 4, 3, &[5, 6, 7, 4, 5, 6, 7, 8]);
    check_move(MEMCPY, 5, 1, 0, &[1, 2, 3, 4, 5, 6, 7, 8]);
}

#[test]
fn memory_is_filled_and_compared() {
    let machine = ran(|asm| {
        call(asm, MEMSET, &[DATA, 0x1AB, 8]);
        call(asm, MEMSET, &[DATA + 1, 0xCD, 6]);
        call(asm, MEMCMP, &[DATA, DATA + 1, 5]);
        asm.addi(S1, A0, 0);
        call(asm, MEMCMP, &[DATA + 1, DATA + 2, 5]);
        asm.stay();
    });
    assert_eq!(bytes(&machine, DATA), [0xAB, 0xCD, 0xCD, 0xCD, 0xCD, 0xCD, 0xCD, 0xAB]);
    assert_eq!(machine.register(S1 as u8) as i32, 0xAB - 0xCD);
    assert_eq!(machine.register(A0 as u8), 0);
}

#[test]
fn sixty_four_bits_are_divided_in_pairs_of_registers() {
    let machine = ran(|asm| {
        call(asm, UDIVDI3, &[7, 100, 10, 0]);
        asm.stay();
    });
    assert_eq!([A0, A1].map(|n| machine.register(n as u8)), [0, 10]);
}

#[test]
fn a_call_costs_what_the_model_says() {
    let machine = ran(|asm| {
        asm.csrr(S1, csr::MPCCR);
        call(asm, MEMSET, &[DATA, 0, 64]); // nine instructions, sixteen words
        asm.csrr(A1, csr::MPCCR);
        asm.stay();
    });
    let cost = machine.register(A1 as u8) - machine.register(S1 as u8);
    assert_eq!(cost, 10 + 16 + 16 * 4);
}

#[test]
fn a_guard_in_the_way_of_memset_fires_at_the_exact_store() {
    let machine = ran(|asm| {
        asm.traps_to("trap");
        asm.write_csr(csr::TDATA2, (DATA + 0x80) | 0x1F);
        asm.write_csr(csr::TDATA1, 1 << 7 | 1 << 6 | 2);
        asm.write_csr(csr::TCONTROL, 8);
        call(asm, MEMSET, &[DATA, 0xEE, 0x100]);
        asm.label("trap");
        asm.csrr(A3, csr::MCAUSE);
        asm.csrr(A4, csr::MEPC);
        asm.stay();
    });
    assert_eq!(machine.register(A3 as u8), 3);
    assert_eq!(machine.register(A4 as u8), MEMSET + 2, "inside of memset");
    assert_eq!(machine.read_word(DATA + 0x7C), Ok(0xEEEE_EEEE));
    assert_ne!(machine.read_word(DATA + 0x80), Ok(0xEEEE_EEEE));
}

#[test]
fn memcpy_over_code_is_seen() {
    let machine = ran(|asm| {
        asm.poke(DATA, 0x0010_0513); // addi a0, zero, 1
        asm.poke(DATA + 4, 0x0000_8067); // ret
        asm.poke(DATA + 0x100, 0x0020_0513);
        call(asm, IRAM, &[]);
        asm.addi(S1, A0, 0);
        call(asm, MEMCPY, &[DATA, DATA + 0x100, 4]);
        call(asm, IRAM, &[]);
        asm.stay();
    });
    assert_eq!([S1, A0].map(|n| machine.register(n as u8)), [1, 2]);
}

/// Delays 50 us, and counts software interrupts in `s1`.
fn delay(asm: &mut Asm) {
    use crate::interrupts::{route, use_vectors, vectors};
    asm.watchdogs_off();
    use_vectors(asm);
    route(asm, 50, 5, 1);
    asm.csrrsi(ZERO, csr::MSTATUS, 8);
    asm.csrr(A4, csr::MPCCR);
    call(asm, DELAY_US, &[50]);
    asm.csrr(A5, csr::MPCCR);
    asm.stay();
    asm.label("line 5");
    asm.addi(S1, S1, 1);
    asm.csrr(A3, csr::MPCCR);
    asm.csrrw(A2, csr::MSCRATCH, T1);
    asm.poke(0x600C_0028, 0);
    asm.csrr(T1, csr::MSCRATCH);
    asm.mret();
    vectors(asm, &[5]);
}

#[test]
fn a_delay_lasts_by_the_cycle_counter_and_lets_interrupts_in() {
    let mut machine = machine(delay);
    machine.raise_after(1_000, 50);
    assert_eq!(machine.run(micros(200)), Stop::Reached);
    let passed = machine.register(A5 as u8) - machine.register(A4 as u8);
    assert_eq!(machine.register(S1 as u8), 1);
    assert_eq!(machine.register(A3 as u8), 1_002, "at the very cycle");
    // six instructions, the call, and 4,000 cycles of 80 MHz
    assert_eq!(passed, 6 + 16 + 4_000);
}

#[test]
fn cutting_a_call_anywhere_changes_nothing() {
    let program = |asm: &mut Asm| {
        asm.watchdogs_off();
        asm.label("again");
        call(asm, MEMSET, &[DATA + 1, 0x55, 333]);
        call(asm, MEMMOVE, &[DATA + 3, DATA, 301]);
        call(asm, SEND, &[0x41]);
        call(asm, 0x4000_0628, &[0, DATA, 99]); // crc32_le
        asm.poke(DATA + 0x400, A0);
        call(asm, 0x4000_0614, &[DATA + 0x500]); // MD5Init
        call(asm, 0x4000_0618, &[DATA + 0x500, DATA, 150]); // MD5Update
        call(asm, 0x4000_012C, &[0x2_0000, DATA, 256]); // esp_rom_spiflash_write
        call(asm, DELAY_US, &[3]);
        asm.j("again");
    };
    let mut whole = machine(program);
    let _ = whole.run(micros(20_000));
    let mut cut = machine(program);
    let mut at = Instant::ZERO;
    while at < micros(20_000) {
        at = (at + Span::from_picos(777_777)).min(micros(20_000));
        let _ = cut.run(at);
    }
    assert_eq!(whole.state_hash(), cut.state_hash());
    assert_eq!(text(&mut whole), text(&mut cut));
}

#[derive(Default)]
struct Facts {
    stores: u32,
    calls: Vec<u32>,
    returns: Vec<u32>,
}

impl Observer for Facts {
    const STORES: bool = true;
    const CALLS: bool = true;

    fn store(&mut self, _: &CpuView<'_>, address: u32, _: u8, _: u32) -> Flow {
        self.stores += u32::from(address >= DATA);
        Flow::Continue
    }

    fn call(&mut self, _: &CpuView<'_>, target: u32, _: u32) -> Flow {
        self.calls.push(target);
        Flow::Continue
    }

    fn ret(&mut self, _: &CpuView<'_>, target: u32) -> Flow {
        self.returns.push(target);
        Flow::Continue
    }
}

#[test]
fn an_observer_sees_the_stores_and_the_return_of_a_call() {
    let mut machine = machine(|asm| {
        call(asm, MEMSET, &[DATA, 0, 10]);
        asm.stay();
    });
    let mut facts = Facts::default();
    let _ = machine.run_observed(micros(10), &mut facts);
    assert_eq!(facts.stores, 4, "two words, two bytes");
    assert_eq!(facts.calls, [MEMSET]);
    assert_eq!(facts.returns, [0x4200_0000 + 9 * 4]);
}

#[test]
fn the_console_waits_for_room() {
    let mut machine = machine(|asm| {
        asm.watchdogs_off();
        asm.li(S1, 300);
        asm.label("next");
        call(asm, SEND, &[0x41]);
        asm.addi(S1, S1, -1);
        asm.bne(S1, ZERO, "next");
        call(asm, 0x4000_0080, &[0]);
        asm.csrr(A5, csr::MPCCR);
        asm.stay();
    });
    let _ = machine.run(micros(50_000));
    assert_eq!(text(&mut machine).len(), 300);
    assert_eq!(machine.uart0_losses().sent, 0);
    let cycles = u64::from(machine.register(A5 as u8));
    assert!(cycles * 12_500 > 300 * 86_796_875, "flushing waits for the last stop bit");
}

#[test]
fn a_software_reset_comes_from_rom_too() {
    let mut machine = machine(|asm| {
        asm.peek(S1, 0x6000_8038);
        asm.i_type(0x13, 7, S1, S1, 0x3F);
        asm.addi(T0, ZERO, 3);
        asm.beq(S1, T0, "end");
        call(asm, 0x4000_0090, &[]);
        asm.label("end");
        call(asm, 0x4000_0018, &[0]);
        asm.stay();
    });
    let _ = machine.run(micros(10));
    assert_eq!(machine.resets().len(), 2);
    assert_eq!(machine.register(A0 as u8), 3);
}

#[test]
fn the_rom_waits_for_a_byte_of_the_console() {
    let mut machine = machine(|asm| {
        asm.watchdogs_off();
        call(asm, 0x4000_0074, &[]); // uart_rx_one_char_block
        asm.addi(S1, A0, 0);
        asm.stay();
    });
    let _ = machine.run(micros(1_000));
    assert_ne!(machine.register(S1 as u8), 0x5A);
    machine.receive_uart0(b"Z");
    let _ = machine.run(micros(2_000));
    assert_eq!(machine.register(S1 as u8), 0x5A);
}

/// Text at an address, with a zero behind it.
fn poke_text(asm: &mut Asm, address: u32, text: &str) {
    let mut bytes = text.as_bytes().to_vec();
    bytes.push(0);
    bytes.resize(bytes.len().next_multiple_of(4), 0xEE);
    for (n, word) in (0..).zip(bytes.chunks_exact(4)) {
        asm.poke(address + 4 * n, u32::from_le_bytes(word.try_into().unwrap()));
    }
}

#[test]
fn the_rom_prints_numbers_in_text() {
    const PRINTF: u32 = 0x4000_0040;
    let mut machine = machine(|asm| {
        asm.watchdogs_off();
        poke_text(asm, DATA, "%d|%5s|%-4x|%c|%#010lx%%|%hhd|%lld|%u\n");
        poke_text(asm, DATA + 0x40, "two");
        asm.li(SP, DATA + 0x1000);
        // A pair does not begin in a7, so it is on the stack.
        asm.poke(DATA + 0x1000, 5_u32.wrapping_neg());
        asm.poke(DATA + 0x1004, u32::MAX);
        asm.poke(DATA + 0x1008, 7);
        asm.addi(16, ZERO, 0x17B); // a6
        let arguments = [DATA, 1_u32.wrapping_neg(), DATA + 0x40, 0xAB, 0x41, 0xBEEF];
        call(asm, PRINTF, &arguments);
        asm.stay();
    });
    let _ = machine.run(micros(20_000));
    let expected = "-1|  two|ab  |A|0x0000beef%|123|-5|7\r\n";
    assert_eq!(text(&mut machine), expected);
    assert_eq!(machine.register(A0 as u8) as usize, expected.len() - 1);
}

#[test]
fn strings_are_measured_copied_joined_and_searched() {
    let check = |function: u32, arguments: &[u32], result: u32, at: u32, text: &str| {
        let machine = ran(|asm| {
            poke_text(asm, DATA, "ramscope");
            poke_text(asm, DATA + 0x20, "Scope");
            call(asm, function, arguments);
            asm.stay();
        });
        assert_eq!(machine.register(A0 as u8), result, "{function:#x}");
        let mut found = vec![0; text.len()];
        machine.read_bytes(at, &mut found).unwrap();
        assert_eq!(String::from_utf8(found).unwrap(), text, "{function:#x}");
    };
    check(0x4000_0374, &[DATA], 8, DATA, "ramscope\0"); // strlen
    check(0x4000_0364, &[DATA, DATA + 0x20], DATA, DATA, "Scope\0pe\0"); // strcpy
    check(0x4000_0368, &[DATA, DATA + 0x20, 3], DATA, DATA, "Scoscope\0"); // strncpy
    check(0x4000_0368, &[DATA, DATA + 0x20, 7], DATA, DATA, "Scope\0\0e\0");
    check(0x4000_03F0, &[DATA, DATA + 0x20, 4], 5, DATA, "Sco\0cope\0"); // strlcpy
    check(0x4000_03D8, &[DATA, DATA + 0x20], DATA, DATA, "ramscopeScope\0"); // strcat
    check(0x4000_03E0, &[DATA, 0x73], DATA + 3, DATA, "ramscope\0"); // strchr
    check(0x4000_03E0, &[DATA, 0x78], 0, DATA, "ramscope\0");
    check(0x4000_03C8, &[DATA, 0x6F, 5], 0, DATA, "ramscope\0"); // memchr
    check(0x4000_03C8, &[DATA, 0x6F, 6], DATA + 5, DATA, "ramscope\0");
    check(0x4000_0378, &[DATA, DATA + 0x21], DATA + 4, DATA, "ramscope\0"); // strstr
    check(0x4000_0378, &[DATA, DATA + 0x20], 0, DATA, "ramscope\0");
    check(0x4000_03D0, &[DATA + 3, DATA + 0x20], 0, DATA, "ramscope\0"); // strcasecmp
    check(0x4000_037C, &[DATA + 1, 2], DATA + 1, DATA, "r\0\0scope\0"); // bzero
}

#[test]
fn a_function_that_is_missing_is_named() {
    let stop = |address| {
        let mut machine = machine(|asm| call(asm, address, &[]));
        machine.run(micros(10))
    };
    let caller = 0x4200_000C;
    let missing = Fatal::RomFunction { name: "ets_install_putc1", address: 0x4000_0044, caller };
    assert_eq!(stop(0x4000_0044), Stop::Fatal(missing));
    assert_eq!(
        missing.to_string(),
        "called the ROM function ets_install_putc1 at 0x40000044, which the built-in machine does not have (it would return to 0x4200000c)"
    );
    let nowhere = Fatal::RomAddress { address: 0x4003_0000, caller };
    assert_eq!(stop(0x4003_0000), Stop::Fatal(nowhere));
}
