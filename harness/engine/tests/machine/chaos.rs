//! Programs that make no sense: nothing they do may panic the machine or make it inexact.

use crate::asm::Asm;
use crate::asm::reg::*;
use crate::program::{image, micros};
use ramscope_engine::{Image, Machine, Options, Stop};
use ramscope_time::{Instant, Span};

/// Xorshift; any seed but zero.
struct Random(u64);

impl Random {
    fn draw(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, end: u64) -> u64 {
        (self.draw() >> 16) % end
    }

    /// All kinds of magnitudes.
    fn word(&mut self) -> u32 {
        let shift = self.below(32);
        (self.draw() >> 32) as u32 >> shift
    }
}

/// Runs in one go and in pieces; both must end the same.
fn check(image: &Image, random: &mut Random, what: &str) {
    let until = micros(2_000);
    let mut whole = Machine::esp32c3(image, &Options::default());
    let stop = whole.run(until);
    let mut cut = Machine::esp32c3(image, &Options::default());
    let mut at = Instant::ZERO;
    while at < until {
        at = (at + Span::from_picos(random.below(200_000_000))).min(until);
        if let Stop::Fatal(fatal) = cut.run(at) {
            assert_eq!(stop, Stop::Fatal(fatal), "{what}");
            return;
        }
    }
    assert!(!matches!(stop, Stop::Fatal(_)), "{what}");
    assert_eq!(whole.state_hash(), cut.state_hash(), "{what}");
    assert_eq!(whole.resets(), cut.resets(), "{what}");
    assert!(whole.take_uart0() == cut.take_uart0(), "{what}");
}

const BLOCKS: [u32; 9] = [
    0x6000_0000,
    0x6001_0000,
    0x6000_4000,
    0x6000_8000,
    0x6001_F000,
    0x6002_0000,
    0x6002_3000,
    0x600C_0000,
    0x600C_2000,
];

/// Waits for an alarm within 60 microseconds, whatever the registers were set to before.
fn nap(asm: &mut Asm, random: &mut Random) {
    asm.poke(0x600C_2000 + 4 * 37, 9);
    asm.poke(0x600C_2114 + 4 * 9, 15);
    asm.poke(0x600C_2104, 1 << 9);
    asm.poke(0x600C_2108, 0);
    asm.poke(0x6002_3000, 0x4700_0000);
    asm.poke(0x6002_3034, 0);
    asm.poke(0x6002_3034, 1 << 30 | (1 + random.below(1_000) as u32));
    asm.poke(0x6002_3064, 1);
    asm.wfi();
}

fn touch_registers(asm: &mut Asm, random: &mut Random) {
    asm.traps_to("handler");
    if random.below(4) != 0 {
        asm.watchdogs_off();
    }
    // keys, so that the watchdogs can be set to anything
    asm.poke(0x6000_80A8, 0x50D8_3AA1);
    asm.poke(0x6000_80B0, 0x8F1D_312A);
    asm.label("again");
    for _ in 0..60 {
        let block = BLOCKS[random.below(BLOCKS.len() as u64) as usize];
        let register = block + 4 * random.below(0x50) as u32;
        match random.below(8) {
            0..3 => asm.peek(A0, register),
            3 => nap(asm, random),
            _ if register != 0x6000_8000 => asm.poke(register, random.word()),
            _ => {}
        }
    }
    asm.j("again");
    asm.align(4);
    asm.label("handler");
    for source in 0..4 {
        asm.poke(0x600C_0028 + 4 * source, 0);
    }
    asm.poke(0x6002_306C, 7);
    asm.poke(0x6000_000C, 0);
    asm.mret();
}

#[test]
fn no_use_of_registers_panics_or_depends_on_where_a_run_is_cut() {
    for seed in 1..=150 {
        let mut random = Random(seed * 0x9E37_79B9);
        let image = image(|asm| touch_registers(asm, &mut random));
        check(&image, &mut random, &format!("seed {seed}"));
    }
}

#[test]
fn no_instruction_panics_or_depends_on_where_a_run_is_cut() {
    for seed in 1..=150 {
        let mut random = Random(seed * 0x9E37_79B9);
        let image = image(|asm| {
            asm.traps_to("handler");
            for n in 1..32 {
                let address = 0x3FC8_0000 + 0x1000 * n;
                asm.li(n, if n % 3 == 0 { 0x4200_0000 + 64 * n } else { address });
            }
            for _ in 0..300 {
                let opcode =
                    [0x03, 0x13, 0x23, 0x33, 0x63, 0x73, 0x0F, 0x17][random.below(8) as usize];
                let word = match random.below(3) {
                    0 => random.draw() as u32,
                    _ => random.draw() as u32 & !0x7F | opcode,
                };
                asm.word(word);
            }
            asm.stay();
            asm.align(4);
            asm.label("handler");
            asm.csrrw(T0, 0x340, T0);
            asm.csrr(T0, 0x341);
            asm.addi(T0, T0, 2);
            asm.csrrw(ZERO, 0x341, T0);
            asm.csrrw(T0, 0x340, T0);
            asm.mret();
        });
        check(&image, &mut random, &format!("seed {seed}"));
    }
}
