//! Sessions with programs made by hand.

mod forks;
mod pins;
mod program;

use ramscope_capture::Event;

use self::program::{A0, If, Program, S0, S1, SP, T0, T1, T2, ZERO};
use super::*;
use crate::session::NeverPause;

const UART_FIFO: u32 = 0x6000_0000;
/// The control block, and the ring that the test programs put behind it.
const BLOCK: u32 = 0x3FC9_0000;
const RING: u32 = 0x3FC9_0100;
const RING_BYTES: u32 = 64;

/// The instants at which somebody looks.
type Looks = fn(Instant) -> Instant;

fn once(_: Instant) -> Instant {
    Instant::MAX
}

fn often(now: Instant) -> Instant {
    now + Span::from_nanos(137_321)
}

struct Seen {
    session: EngineSession,
    output: Vec<Output>,
}

impl Seen {
    fn bytes(&self, stream: Stream) -> Vec<u8> {
        let of_stream = self.output.iter().filter(|output| output.stream == stream);
        of_stream.flat_map(|output| output.bytes.clone()).collect()
    }

    fn events(&self) -> Vec<ObserverEvent> {
        let lines = self.bytes(Stream::Observer);
        ObserverEvent::decode(&lines).map(Result::unwrap).collect()
    }
}

fn power_on(program: Program) -> EngineSession {
    EngineSession::new(&program.image(), &EngineOptions::default())
}

fn run(mut session: EngineSession, until: Instant, looks: Looks) -> Seen {
    let mut output = Vec::new();
    while session.now() < until {
        let next = looks(session.now()).min(until);
        let progress = session.advance(next, &mut NeverPause).unwrap();
        output.extend(progress.output);
    }
    Seen { session, output }
}

fn millis(millis: u64) -> Instant {
    Instant::ZERO + Span::from_millis(millis)
}

/// Sets up a control block, the id last and back to front.
fn open_ring(program: &mut Program) {
    program.symbol("_SEGGER_RTT", BLOCK);
    for (offset, value) in [(16, 2), (52, RING), (56, RING_BYTES), (60, 0), (64, 0)] {
        program.store(value, BLOCK + offset);
    }
    for (index, word) in b"SEGGER RTT\0\0\0\0\0\0".chunks(4).enumerate().rev() {
        let word = u32::from_le_bytes(word.try_into().unwrap());
        program.store(word, BLOCK + 4 * index as u32);
    }
}

/// Writes records `{count, dropped}` for ever, as fast as it can, and drops those that do not fit:
/// so every record says what the reader did before.
fn busy_writer() -> Program {
    let (count, dropped, write) = (S0, S1, A0);
    let mut program = Program::default();
    open_ring(&mut program);
    for register in [count, dropped, write] {
        program.li(register, 0);
    }
    let again = program.here();
    program.addi(count, count, 1);
    program.li(T1, BLOCK);
    program.lw(T0, T1, 64);
    program.sub(T0, write, T0);
    program.andi(T0, T0, RING_BYTES as i32 - 1);
    program.addi(T2, ZERO, RING_BYTES as i32 - 8);
    let fits = program.branch_later(If::Less, T0, T2);
    program.addi(dropped, dropped, 1);
    program.jump(again);
    fits(&mut program);
    program.li(T0, RING);
    program.add(T0, T0, write);
    program.sw(count, T0, 0);
    program.sw(dropped, T0, 4);
    program.addi(write, write, 8);
    program.andi(write, write, RING_BYTES as i32 - 1);
    program.sw(write, T1, 60);
    program.jump(again);
    program
}

#[test]
fn no_record_is_missed_or_doubled_around_the_rings_end() {
    let seen = run(power_on(busy_writer()), millis(1), once);
    let bytes = seen.bytes(Stream::Ring);
    let words: Vec<u32> =
        bytes.chunks(4).map(|word| u32::from_le_bytes(word.try_into().unwrap())).collect();
    assert!(words.len() > 1_000, "{}", words.len());
    for (index, record) in words.chunks(2).enumerate() {
        assert_eq!(record, [index as u32 + 1, 0]);
    }
}

#[test]
fn looking_often_changes_nothing_in_the_device() {
    let [seldom, often] = [once as Looks, often].map(|looks| {
        let seen = run(power_on(busy_writer()), millis(3), looks);
        let hash = seen.session.machine().state_hash();
        (seen.bytes(Stream::Ring), hash)
    });
    assert!(seldom.0 == often.0, "the records differ");
    assert_eq!(seldom.1, often.1);
}

/// Sends a text over and over, with a pause after each byte so that none is lost.
fn chatterbox(text: &str) -> Program {
    let mut program = Program::default();
    let again = program.here();
    for byte in text.bytes() {
        program.store(byte.into(), UART_FIFO);
        program.spin(8_000);
    }
    program.jump(again);
    program
}

/// Pauses after so many more bytes.
struct After(usize);

impl PauseAt for After {
    fn may_pause(&self) -> bool {
        true
    }

    fn feed(&mut self, bytes: &[u8]) -> Option<usize> {
        let pauses = (1..=bytes.len()).contains(&self.0);
        let taken = self.0;
        self.0 = self.0.saturating_sub(bytes.len());
        pauses.then_some(taken)
    }
}

#[test]
fn the_device_pauses_right_after_the_byte() {
    let straight = run(power_on(chatterbox("hello\n")), millis(40), once);
    let mut session = power_on(chatterbox("hello\n"));
    let progress = session.advance(millis(40), &mut After(14)).unwrap();
    assert_eq!(progress.end, End::Paused);
    let said: Vec<u8> = progress.output.iter().flat_map(|output| output.bytes.clone()).collect();
    assert_eq!(said, b"hello\nhello\nhe");
    let last = progress.output.last().unwrap();
    assert!(session.now() >= last.instant);
    assert!(session.now().since(last.instant) < Span::from_nanos(1_000), "{}", session.now());

    let rest = run(session, millis(40), often);
    let all = [said, rest.bytes(Stream::Uart0)].concat();
    assert!(all == straight.bytes(Stream::Uart0));
    let hash = |seen: &Seen| seen.session.machine().state_hash();
    assert_eq!(hash(&rest), hash(&straight));
}

#[test]
fn a_line_is_an_output_of_its_own_with_the_instant_of_its_end() {
    let seen = run(power_on(chatterbox("ab\n")), millis(10), once);
    let lines: Vec<_> = seen.output.iter().take(2).collect();
    assert!(lines.iter().all(|line| line.bytes == b"ab\n"));
    assert!(lines[0].instant < lines[1].instant);
}

const CURRENT: u32 = 0x3FCA_0000;
const STACK_LOW: u32 = 0x3FCA_1000;
const STACK_BYTES: u32 = 0x100;
const HANDLERS_LOW: u32 = 0x3FCA_0800;
const HANDLERS_HIGH: u32 = 0x3FCA_0A00;

/// A program that announces unit 7's stack, then runs on it.
fn on_a_stack() -> Program {
    let mut program = Program::default();
    program.symbol("RAMSCOPE_CURRENT", CURRENT);
    program.symbol("_ramscope_interrupt_stack_low", HANDLERS_LOW);
    program.symbol("_ramscope_interrupt_stack_high", HANDLERS_HIGH);
    program.li(SP, HANDLERS_LOW - 0x100);
    for (offset, value) in [(0, 7), (4, STACK_LOW), (8, STACK_BYTES)] {
        program.store(value, CURRENT + offset);
    }
    // The old stack is still in use for a moment.
    program.sw(T0, SP, 4);
    program.li(SP, STACK_LOW + STACK_BYTES);
    program.sw(T0, SP, -4);
    program
}

fn overflows(program: Program) -> Vec<(u32, u32)> {
    let events = run(power_on(program), millis(1), once).events();
    let overflows = events.into_iter().filter_map(|event| match event {
        ObserverEvent::OverflowUnseen { unit, address, .. } => Some((unit, address)),
        _ => None,
    });
    overflows.collect()
}

#[test]
fn a_store_below_the_stack_is_named_once_a_unit() {
    let mut program = on_a_stack();
    program.li(SP, STACK_LOW - 0x400);
    program.sw(T0, SP, 12);
    program.sw(T0, SP, 16);
    assert_eq!(overflows(program), [(7, STACK_LOW - 0x400 + 12)]);
}

#[test]
fn watching_changes_nothing_in_the_device() {
    let [watched, unwatched] = [true, false].map(|exact_stacks| {
        let mut program = on_a_stack();
        program.li(SP, STACK_LOW - 0x400);
        program.sw(T0, SP, 12);
        let options = EngineOptions { exact_stacks, ..EngineOptions::default() };
        let seen = run(EngineSession::new(&program.image(), &options), millis(1), once);
        (seen.output.len(), seen.session.machine().state_hash())
    });
    // Who has the processor, and the store.
    assert_eq!((watched.0, unwatched.0), (2, 0));
    assert_eq!(watched.1, unwatched.1);
}

#[test]
fn a_switch_that_is_half_done_is_no_overflow() {
    assert_eq!(overflows(on_a_stack()), []);
}

#[test]
fn a_large_frame_that_stores_only_inside_is_no_overflow() {
    let mut program = on_a_stack();
    program.li(SP, STACK_LOW - 0x400);
    program.sw(T0, SP, 0x400);
    assert_eq!(overflows(program), []);
}

#[test]
fn a_handler_that_overflows_its_own_stack_is_not_blamed_on_the_unit() {
    let mut program = on_a_stack();
    program.li(SP, HANDLERS_HIGH);
    program.sw(T0, SP, -4);
    program.li(SP, HANDLERS_LOW - 0x20);
    program.sw(T0, SP, 0);
    assert_eq!(overflows(program), []);
}

/// Writes a record, waits a little and resets the chip, at every boot.
fn resetter() -> Program {
    const RTC_OPTIONS0: u32 = 0x6000_8000;
    let mut program = Program::default();
    open_ring(&mut program);
    program.store(0x1234_5678, RING);
    program.store(4, BLOCK + 60);
    program.spin(40_000);
    program.store(1 << 31, RTC_OPTIONS0);
    program
}

#[test]
fn the_records_of_each_boot_stand_apart_with_the_reset_between() {
    let seen = run(power_on(resetter()), millis(5), once);
    let streams: Vec<_> = seen.output.iter().map(|output| output.stream).collect();
    assert_eq!(streams[..3], [Stream::Ring, Stream::Observer, Stream::Ring]);
    assert_eq!(seen.output[2].bytes, 0x1234_5678_u32.to_le_bytes());
    let reason = "software-core".to_owned();
    assert_eq!(seen.events()[0], ObserverEvent::Reset { reason });
}

#[test]
fn a_session_can_do_what_its_firmware_lends_itself_to() {
    assert!(power_on(busy_writer()).capabilities().has(Capability::Ring));
    assert!(!power_on(busy_writer()).capabilities().has(Capability::ExactStacks));
    assert!(power_on(on_a_stack()).capabilities().has(Capability::ExactStacks));
}
