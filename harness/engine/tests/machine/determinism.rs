//! A run is a function of image, inputs and seed: however it is cut, watched or cloned.

use crate::asm::reg::*;
use crate::asm::{Asm, csr};
use crate::interrupts::{route, use_vectors, vectors};
use crate::program::{DATA, IRAM, image, machine, micros};
use ramscope_engine::{CpuView, Flow, Machine, Observer, Options, Stop, UartByte};
use ramscope_time::{Instant, Span};

const SYSTIMER: u32 = 0x6002_3000;
const UART0: u32 = 0x6000_0000;

/// A busy program: a periodic timer interrupt prints, UART input is echoed, code in RAM changes,
/// the clock changes, the core waits, a guard fires.
fn busy(asm: &mut Asm) {
    asm.csrrci(ZERO, csr::MSTATUS, 8);
    asm.watchdogs_off();
    use_vectors(asm);
    route(asm, 37, 4, 1);
    route(asm, 21, 5, 2);
    asm.poke(SYSTIMER + 0x34, 1 << 30 | 333);
    asm.poke(SYSTIMER, 0x4700_0000);
    asm.poke(SYSTIMER + 0x64, 1);
    asm.poke(UART0 + 0x24, 1 | 1 << 9);
    asm.poke(UART0 + 0x0C, 1);
    asm.write_csr(csr::TDATA2, (DATA + 0x800) | 0x1F);
    asm.write_csr(csr::TDATA1, 2 << 28 | 1 << 7 | 1 << 6 | 2);
    asm.poke(IRAM + 0x404, 0x0000_8067);
    asm.li(S0, 0x0010_0513);
    asm.csrrsi(ZERO, csr::MSTATUS, 8);
    asm.label("again");
    asm.write_csr(csr::TCONTROL, 8);
    asm.poke(IRAM + 0x400, 0x0010_0513);
    asm.li(T0, IRAM + 0x400);
    asm.jalr(RA, T0, 0);
    asm.add(S0, S0, A0);
    asm.li(T0, DATA + 0x804);
    asm.sw(S0, 0, T0);
    asm.i_type(0x13, 7, T0, S0, 1);
    asm.li(T1, 0x600C_0008);
    asm.sw(T0, 0, T1);
    asm.i_type(0x13, 7, T0, S0, 7);
    asm.bne(T0, ZERO, "again");
    asm.wfi();
    asm.j("again");
    for (line, clear) in [(4, SYSTIMER + 0x6C), (5, UART0 + 0x10)] {
        asm.label(&format!("line {line}"));
        asm.csrrw(T0, csr::MSCRATCH, T0);
        asm.li(A4, clear);
        asm.addi(A5, ZERO, 1);
        asm.li(A3, UART0);
        asm.lw(A2, 0, A3);
        asm.addi(A2, A2, 1);
        asm.sw(A2, 0, A3);
        asm.sw(A5, 0, A4);
        asm.csrrw(T0, csr::MSCRATCH, T0);
        asm.mret();
    }
    asm.label("line 0");
    asm.addi(S1, S1, 1);
    asm.csrr(A5, csr::MEPC);
    asm.addi(A5, A5, 4);
    asm.csrrw(ZERO, csr::MEPC, A5);
    asm.mret();
    vectors(asm, &[0, 4, 5]);
}

const END: u64 = 3_000;

fn fresh(seed: u64) -> Machine {
    let mut machine = Machine::esp32c3(&image(busy), &Options { seed });
    machine.receive_uart0(b"hello");
    machine.raise_after(12_345, 37);
    machine
}

type Outcome = (u64, u64, Vec<UartByte>, Instant);

fn outcome(mut machine: Machine, mut sent: Vec<UartByte>) -> Outcome {
    sent.extend(machine.take_uart0());
    (machine.state_hash(), machine.instructions(), sent, machine.now())
}

fn uncut(seed: u64) -> Outcome {
    let mut machine = fresh(seed);
    assert_eq!(machine.run(micros(END)), Stop::Reached);
    outcome(machine, Vec::new())
}

#[test]
fn the_busy_program_is_busy() {
    let mut machine = fresh(1);
    let _ = machine.run(micros(END));
    assert!(machine.register(S1 as u8) > 1_000, "guard faults");
    assert!(machine.take_uart0().len() > 25);
    assert!(machine.cycles() > machine.instructions(), "waits");
    assert_eq!(machine.resets().len(), 1);
}

#[test]
fn cutting_a_run_anywhere_changes_nothing() {
    let expected = uncut(1);
    for cuts_seed in 0..20 {
        let mut random = 0x9E37_79B9_7F4A_7C15_u64.wrapping_mul(cuts_seed + 1);
        let mut machine = fresh(1);
        let mut sent = Vec::new();
        let mut at = Instant::ZERO;
        while at < micros(END) {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            at = (at + Span::from_picos(random % (100_000 << (cuts_seed % 12)))).min(micros(END));
            assert_eq!(machine.run(at), Stop::Reached);
            if random & 1 << 40 != 0 {
                sent.extend(machine.take_uart0());
            }
            if random & 0x1FF << 41 == 0 {
                let _ = (machine.state_hash(), machine.read_word(UART0 + 0x1C));
            }
            if random & 0x1FF << 50 == 0 {
                machine = machine.clone();
            }
        }
        assert!(outcome(machine, sent) == expected, "cuts {cuts_seed}");
    }
}

struct Everything(u64);

impl Observer for Everything {
    const STORES: bool = true;
    const CALLS: bool = true;
    const TRAPS: bool = true;
    const CSR_WRITES: bool = true;
    const INTERRUPT_MASK: bool = true;
    const RETIRES: bool = true;

    /// Stops at every 97th store.
    fn store(&mut self, _: &CpuView<'_>, _: u32, _: u8, _: u32) -> Flow {
        self.0 += 1;
        if self.0.is_multiple_of(97) { Flow::Stop } else { Flow::Continue }
    }
}

#[test]
fn an_observer_changes_nothing() {
    let mut machine = fresh(1);
    let mut observer = Everything(0);
    while machine.run_observed(micros(END), &mut observer) == Stop::Observer {}
    assert!(observer.0 > 1_000);
    assert!(outcome(machine, Vec::new()) == uncut(1));
}

#[test]
fn a_watch_changes_nothing() {
    let mut machine = fresh(1);
    machine.watch_word(Some(IRAM + 0x400));
    let mut hits = 0;
    while machine.run(micros(END)) != Stop::Reached {
        hits += 1;
    }
    assert!(hits > 1_000);
    assert!(outcome(machine, Vec::new()) == uncut(1));
}

/// This value is the same in debug and release builds and on every host.
#[test]
fn the_hash_of_a_run_is_fixed() {
    let (hash, instructions, ..) = uncut(1);
    assert_eq!((hash, instructions), (12_659_966_150_316_830_657, 37_030));
}

#[test]
fn the_seed_matters() {
    assert_ne!(uncut(1).0, uncut(2).0);
}

#[test]
fn run_stops_at_the_first_boundary_that_is_not_before_until() {
    let mut machine = machine(|asm| asm.stay());
    let _ = machine.run(Instant::from_picos(12_501));
    assert_eq!(machine.instructions(), 2);
    let _ = machine.run(Instant::from_picos(25_000));
    assert_eq!(machine.instructions(), 2);
    let _ = machine.run(Instant::from_picos(25_001));
    assert_eq!(machine.instructions(), 3);
}
