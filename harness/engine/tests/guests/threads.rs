//! esp-rtos: time slices, and the guard of a thread's stack.

use crate::run::{image, lines_until, machine, millis};
use ramscope_engine::{CpuView, Flow, Machine, Observer, Stop};

const TDATA2: u16 = 0x7A2;
const TCONTROL: u16 = 0x7A5;
const MEPC: u16 = 0x341;
const BREAKPOINT: u32 = 3;
/// Pins that choose what the guest does, by being low.
const MAIN_OVERFLOWS: u8 = 4;
const THREAD_SETS_MTE: u8 = 5;

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
    assert_eq!((texts[0], texts[8]), ("threads", "below the stack"));
}

/// Runs to the first exception, which is the guard's, at the very store to the guarded word.
fn check_guard_fires(pin: u8, guard: impl FnOnce(&Machine) -> u32) {
    let mut machine = machine("threads");
    machine.drive_pin(pin, Some(false));
    let mut exceptions = Exceptions { first: None };
    assert_eq!(machine.run_observed(millis(200), &mut exceptions), Stop::Observer);
    assert_eq!(exceptions.first, Some(BREAKPOINT));
    let store = machine.csr(MEPC).unwrap();
    assert_eq!(store_address(&machine, store), guard(&machine), "the store at {store:#x}");

    let lines = lines_until(&mut machine, millis(250));
    let sentence = format!("Detected a write to a stack guard value at {store:#x}");
    assert!(lines.iter().any(|line| line.text.contains(&sentence)), "{lines:#?}");
}

/// The guard that esp-hal and esp-rtos set outside of handlers, in a program as it comes.
#[test]
fn the_guard_of_the_main_stack_fires_at_the_exact_store() {
    let guard = image("threads").symbol("__stack_chk_guard").unwrap();
    check_guard_fires(MAIN_OVERFLOWS, |_| guard);
}

/// esp-rtos sets MTE alone, in a handler, and the handler's `mret` puts MPTE in its place (the guest
/// says from where that is known): so the program as it comes notices nothing.
#[test]
fn the_guard_of_a_thread_is_dead_after_the_handler_that_sets_it() {
    let mut machine = machine("threads");
    let mut exceptions = Exceptions { first: None };
    let _ = machine.run_observed(millis(200), &mut exceptions);
    assert_eq!(exceptions.first, None);
    let text: String = machine.take_uart0().iter().map(|sent| char::from(sent.byte)).collect();
    assert!(text.ends_with("below the stack\nnobody noticed\ndone\n"), "{text}");
    assert_eq!(machine.csr(TCONTROL), Some(0));
}

#[test]
fn the_guard_of_a_thread_that_sets_mte_fires_at_the_exact_store() {
    check_guard_fires(THREAD_SETS_MTE, |machine| machine.csr(TDATA2).unwrap() & !3);
}
