//! How fast the machine executes: `cargo run --release -p ramscope-engine --example speed`.
//!
//! The program calls a function for each number and mixes a table in RAM with the results: loads,
//! stores, calls, branches and arithmetic, roughly as compiled firmware has them.

use ramscope_engine::{CpuView, Flow, Image, Machine, Observer, Options};
use ramscope_time::{Instant, Span};

/// Hand-assembled; the comments are the source.
const PROGRAM: &[u32] = &[
    0xAEDB_041D,
    0xAEDB_041D, // the direct-boot magic
    0x6000_8437, // lui s0, 0x60008       watchdogs off
    0x50D8_42B7, // lui t0, 0x50d84
    0xAA12_8293, // addi t0, t0, -1375
    0x0A54_2423, // sw t0, 0xa8(s0)
    0x0804_2823, // sw zero, 0x90(s0)
    0x8F1D_32B7, // lui t0, 0x8f1d3
    0x12A2_8293, // addi t0, t0, 0x12a
    0x0A54_2823, // sw t0, 0xb0(s0)
    0x8000_02B7, // lui t0, 0x80000
    0x0A54_2623, // sw t0, 0xac(s0)
    0x6001_F437, // lui s0, 0x6001f
    0x0404_2423, // sw zero, 0x48(s0)
    0x3FC8_04B7, // lui s1, 0x3fc80       data
    0x0000_0913, // li s2, 0
    // again:
    0x0FF9_7293, // andi t0, s2, 255
    0x0022_9293, // slli t0, t0, 2
    0x0092_82B3, // add t0, t0, s1
    0x0002_A503, // lw a0, 0(t0)
    0x0140_00EF, // jal ra, mix
    0x00A2_A023, // sw a0, 0(t0)
    0x0019_0913, // addi s2, s2, 1
    0xFE00_02E3, // beq zero, zero, again
    0x0000_0013, // nop
    // mix:
    0x0125_4533, // xor a0, a0, s2
    0x0055_1593, // slli a1, a0, 5
    0x00B5_0533, // add a0, a0, a1
    0x0075_5593, // srli a1, a0, 7
    0x00B5_4533, // xor a0, a0, a1
    0x0005_5463, // bge a0, zero, +8
    0x40A0_0533, // neg a0, a0
    0x0000_8067, // ret
];

struct Stores(u64);

impl Observer for Stores {
    const STORES: bool = true;
    const CALLS: bool = true;
    fn store(&mut self, _: &CpuView<'_>, _: u32, _: u8, _: u32) -> Flow {
        self.0 += 1;
        Flow::Continue
    }
    fn call(&mut self, _: &CpuView<'_>, _: u32, _: u32) -> Flow {
        self.0 += 1;
        Flow::Continue
    }
}

fn main() {
    let flash: Vec<u8> = PROGRAM.iter().flat_map(|word| word.to_le_bytes()).collect();
    let image = Image::from_flash(&flash).expect("the program is a direct-boot image");
    let seconds = 3;
    let until = Instant::ZERO + Span::from_seconds(seconds);
    let show = |name: &str, run: &mut dyn FnMut(&mut Machine)| {
        let mut machine = Machine::esp32c3(&image, &Options::default());
        let start = std::time::Instant::now();
        run(&mut machine);
        let took = start.elapsed().as_secs_f64();
        let rate = machine.instructions() as f64 / took / 1e6;
        assert_eq!(machine.resets().len(), 1, "the watchdogs are off");
        println!("{name:<24} {rate:>7.0} million instructions a second");
    };
    show("no observer", &mut |machine| {
        let _ = machine.run(until);
    });
    show("stores and calls", &mut |machine| {
        let _ = machine.run_observed(until, &mut Stores(0));
    });
    let start = std::time::Instant::now();
    let machine = Machine::esp32c3(&image, &Options::default());
    println!("{:<24} {:>7.0?}", "power-on", start.elapsed());
    let start = std::time::Instant::now();
    let copy = machine.clone();
    println!("{:<24} {:>7.0?}", "clone", start.elapsed());
    show_copies("copies, code in flash", &copy);
    show_copies("copies, code in RAM", &in_ram());
    let start = std::time::Instant::now();
    let hash = copy.state_hash();
    println!("{:<24} {:>7.0?} ({hash:#x})", "state hash", start.elapsed());
}

/// A machine whose flash holds the program up to its loop, and whose RAM holds the loop.
fn in_ram() -> Machine {
    const LOOP: usize = 16;
    const RAM: u32 = 0x4038_1000;
    let jump = [0x4038_12B7, 0x0002_8067]; // lui t0, 0x40381; jr t0
    let words = PROGRAM[..LOOP].iter().chain(&jump);
    let flash: Vec<u8> = words.flat_map(|word| word.to_le_bytes()).collect();
    let image = Image::from_flash(&flash).expect("the program is a direct-boot image");
    let mut machine = Machine::esp32c3(&image, &Options::default());
    for (address, word) in (RAM..).step_by(4).zip(&PROGRAM[LOOP..]) {
        machine.write_word(address, *word).expect("it is RAM");
    }
    machine
}

/// Copies a machine in its middle, again and again, and lets each copy run 1,000 instructions.
fn show_copies(name: &str, machine: &Machine) {
    const COPIES: u32 = 10_000;
    let mut original = machine.clone();
    let _ = original.run(Instant::ZERO + Span::from_millis(10));
    let until = original.now() + Span::from_picos(1_000 * 12_500);
    let start = std::time::Instant::now();
    for _ in 0..COPIES {
        let mut copy = original.clone();
        let _ = copy.run(until);
        assert_eq!(copy.instructions() - original.instructions(), 1_000);
    }
    let rate = f64::from(COPIES) / start.elapsed().as_secs_f64();
    println!("{name:<24} {rate:>7.0} a second, each running 1,000 instructions");
}
