//! esp-rtos: time slices, and the guard of a thread's stack.

use crate::run::{lines_until, machine, millis};
use ramscope_engine::{CpuView, Flow, Machine, Observer, Stop};

const TDATA2: u16 = 0x7A2;
const MEPC: u16 = 0x341;
const BREAKPOINT: u32 = 3;

/// Stops at the first exception.
struct Exceptions {
    first: Option<u32>,
}

impl Observer for Exceptions {
    const TRAPS: bool = true;

    fn trap(&mut self, _: &CpuView<'_>, cause: u32, _: u32) -> Flow {
        if cause >> 31 != 0 {
            return Flow::Continue;
        }
        self.first = Some(cause);
        Flow::Stop
    }
}

/// The address that the store at `pc` goes to.
fn store_address(machine: &Machine, pc: u32) -> u32 {
    let mut bytes = [0; 4];
    machine.read_bytes(pc, &mut bytes).unwrap();
    let word = u32::from_le_bytes(bytes);
    let bits = |high: u32, low: u32| word >> low & ((1 << (high - low + 1)) - 1);
    let (base, offset) = match (word & 3, bits(15, 13)) {
        (3, _) => {
            assert_eq!(word & 0x7F, 0x23, "a store: {word:#x}");
            (bits(19, 15), ((word as i32 >> 25) << 5) as u32 | bits(11, 7))
        }
        (2, 6) => (2, bits(8, 7) << 6 | bits(12, 9) << 2),
        (0, 6) => (8 + bits(9, 7), bits(5, 5) << 6 | bits(12, 10) << 3 | bits(6, 6) << 2),
        _ => panic!("not a store: {word:#x}"),
    };
    machine.register(base as u8).wrapping_add(offset)
}

#[test]
fn threads_of_equal_priority_share_the_processor_in_slices_of_ten_milliseconds() {
    let mut machine = machine("threads");
    let lines = lines_until(&mut machine, millis(200));
    let texts: Vec<_> = lines.iter().map(|line| line.text.as_str()).collect();
    let slices = texts[1..8].iter().map(|text| {
        let figure = text.strip_prefix("slice of ").and_then(|text| text.strip_suffix(" us"));
        figure.unwrap_or_else(|| panic!("{text:?}")).parse::<u32>().unwrap()
    });
    assert!(slices.clone().all(|us| (10_000..10_050).contains(&us)), "{texts:#?}");
    assert_eq!((texts[0], texts[8]), ("threads", "overflow"));
}

#[test]
fn the_guard_of_a_stack_fires_at_the_exact_store() {
    let mut machine = machine("threads");
    let mut exceptions = Exceptions { first: None };
    assert_eq!(machine.run_observed(millis(200), &mut exceptions), Stop::Observer);
    assert_eq!(exceptions.first, Some(BREAKPOINT));
    let guard = machine.csr(TDATA2).unwrap() & !3;
    let store = machine.csr(MEPC).unwrap();
    assert_eq!(store_address(&machine, store), guard, "the store at {store:#x}");

    let lines = lines_until(&mut machine, millis(250));
    let sentence = format!("Detected a write to a stack guard value at {store:#x}");
    assert!(lines.iter().any(|line| line.text.contains(&sentence)), "{lines:#?}");
}
