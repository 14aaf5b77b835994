//! The real image runs the same however its run is cut and whoever watches.

use crate::device::image;
use ramscope_engine::{CpuView, Flow, Machine, Observer, Options, Stop, UartByte};
use ramscope_time::{Instant, Span};

/// Lines to type, each at an instant.
type Script = &'static [(u64, &'static str)];

/// What a run left.
#[derive(PartialEq, Eq)]
struct Left {
    hash: u64,
    instructions: u64,
    uart: Vec<UartByte>,
}

/// Runs `script` and then to `end_millis`, with `advance` for each stretch.
fn run(script: Script, end_millis: u64, mut advance: impl FnMut(&mut Machine, Instant)) -> Left {
    let mut machine = Machine::esp32c3(image(), &Options { seed: 7 });
    for (millis, line) in script {
        advance(&mut machine, Instant::ZERO + Span::from_millis(*millis));
        machine.receive_uart0(format!("{line}\n").as_bytes());
    }
    advance(&mut machine, Instant::ZERO + Span::from_millis(end_millis));
    let uart = machine.take_uart0();
    Left { hash: machine.state_hash(), instructions: machine.instructions(), uart }
}

fn at_once(machine: &mut Machine, until: Instant) {
    assert_eq!(machine.run(until), Stop::Reached);
}

/// Watches everything.
#[derive(Default)]
struct Everything {
    facts: u64,
}

impl Everything {
    fn note(&mut self) -> Flow {
        self.facts += 1;
        Flow::Continue
    }
}

impl Observer for Everything {
    const STORES: bool = true;
    const CALLS: bool = true;
    const TRAPS: bool = true;
    const CSR_WRITES: bool = true;
    const INTERRUPT_MASK: bool = true;
    const RETIRES: bool = true;

    fn store(&mut self, _: &CpuView<'_>, _: u32, _: u8, _: u32) -> Flow {
        self.note()
    }
    fn call(&mut self, _: &CpuView<'_>, _: u32, _: u32) -> Flow {
        self.note()
    }
    fn ret(&mut self, _: &CpuView<'_>, _: u32) -> Flow {
        self.note()
    }
    fn trap(&mut self, _: &CpuView<'_>, _: u32, _: u32) -> Flow {
        self.note()
    }
    fn trap_return(&mut self, _: &CpuView<'_>, _: u32) -> Flow {
        self.note()
    }
    fn csr_write(&mut self, _: &CpuView<'_>, _: u16, _: u32) -> Flow {
        self.note()
    }
    fn interrupt_mask(&mut self, _: &CpuView<'_>, _: bool) -> Flow {
        self.note()
    }
    fn retire(&mut self, _: &CpuView<'_>, _: u32) -> Flow {
        self.note()
    }
}

fn check(script: Script, end_millis: u64) {
    let whole = run(script, end_millis, at_once);
    let text: Vec<u8> = whole.uart.iter().map(|sent| sent.byte).collect();
    println!("{}", String::from_utf8_lossy(&text));
    assert!(whole.uart.len() > 100);
    assert!(whole == run(script, end_millis, at_once), "the same run twice");
    for seed in [1, 2, 3] {
        let mut random: u64 = seed;
        let sliced = run(script, end_millis, |machine, until| {
            while machine.now() < until {
                random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(seed);
                // From single instructions up to 16 ms.
                let picos = (random >> 20) % (1 << (13 + random % 22));
                let next = (machine.now() + Span::from_picos(picos + 1)).min(until);
                assert_eq!(machine.run(next), Stop::Reached);
            }
        });
        assert!(whole == sliced, "slices of seed {seed}");
    }
    let mut observer = Everything::default();
    let observed = run(script, end_millis, |machine, until| {
        assert_eq!(machine.run_observed(until, &mut observer), Stop::Reached);
    });
    assert!(observer.facts > whole.instructions);
    assert!(whole == observed, "with an observer");
}

#[test]
fn the_demo_is_exact() {
    check(&[(50, "run demo seconds=1"), (1_200, "mem"), (1_203, "threads")], 2_000);
}

#[test]
fn a_panic_a_fault_and_an_overflow_are_exact() {
    check(&[(50, "run uncaught"), (900, "run fault"), (1_000, "run overflow")], 1_200);
}

#[test]
fn frames_and_a_reset_are_exact() {
    check(&[(50, "telemetry frames"), (60, "run shared"), (1_500, "reset")], 2_000);
}

#[test]
fn a_clone_goes_on_as_the_machine_itself() {
    let mut machine = Machine::esp32c3(image(), &Options::default());
    at_once(&mut machine, Instant::ZERO + Span::from_millis(50));
    machine.receive_uart0(b"run counting\n");
    at_once(&mut machine, Instant::ZERO + Span::from_millis(1_033));
    let mut other = machine.clone();
    for one in [&mut machine, &mut other] {
        at_once(one, Instant::ZERO + Span::from_millis(4_000));
    }
    assert_eq!(machine.state_hash(), other.state_hash());
    assert!(machine.take_uart0() == other.take_uart0());
}

#[test]
fn the_image_touches_no_register_that_is_not_modelled() {
    let mut machine = Machine::esp32c3(image(), &Options::default());
    at_once(&mut machine, Instant::ZERO + Span::from_millis(50));
    machine.receive_uart0(b"run uncaught\n");
    at_once(&mut machine, Instant::ZERO + Span::from_millis(500));
    assert_eq!(machine.unmodelled(), []);
}
