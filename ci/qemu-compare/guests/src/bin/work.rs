//! Work as compiled firmware has it: lists, matrices, a state machine over text, division, and a
//! checksum over all of it. The kinds are those of CoreMark; the code is our own.
#![no_std]
#![no_main]

use core::hint::black_box;
use speed_guests::{finish, say, say_hex};

const ROUNDS: u32 = 6_000;
const NODES: usize = 128;
const SIDE: usize = 16;
const TEXT: &[u8] = b"5012,0x1fC,-17,+3.25e2,abc,,1e9,0755,--4,6.02E+23,9z,0xff,42,.5,7.,end,";

struct List {
    value: [u16; NODES],
    next: [u16; NODES],
    head: usize,
}

/// The end of a list.
const NONE: u16 = u16::MAX;

impl List {
    fn new() -> Self {
        let mut list = List { value: [0; NODES], next: [NONE; NODES], head: 0 };
        for n in 0..NODES {
            list.value[n] = (n * 37 % NODES) as u16;
            list.next[n] = if n + 1 < NODES { (n + 1) as u16 } else { NONE };
        }
        list
    }

    fn reverse(&mut self) {
        let (mut done, mut at) = (NONE, self.head as u16);
        while at != NONE {
            let next = self.next[usize::from(at)];
            self.next[usize::from(at)] = done;
            done = at;
            at = next;
        }
        self.head = usize::from(done);
    }

    /// How many steps it takes to a value.
    fn find(&self, value: u16) -> u32 {
        let (mut at, mut steps) = (self.head as u16, 0);
        while at != NONE && self.value[usize::from(at)] != value {
            at = self.next[usize::from(at)];
            steps += 1;
        }
        steps
    }
}

type Matrix = [[i32; SIDE]; SIDE];

fn multiply(a: &Matrix, b: &Matrix, product: &mut Matrix) {
    for (row, line) in a.iter().zip(product.iter_mut()) {
        for (column, cell) in line.iter_mut().enumerate() {
            let terms = row.iter().zip(b).map(|(x, other)| x.wrapping_mul(other[column]));
            *cell = terms.fold(0_i32, i32::wrapping_add) >> 3;
        }
    }
}

#[derive(Clone, Copy)]
enum State {
    Start,
    Integer,
    Fraction,
    Exponent,
    Hex,
    Wrong,
}

/// Counts fields by the state that they end in.
fn scan(text: &[u8], counts: &mut [u32; 6]) {
    let mut state = State::Start;
    for &byte in text {
        state = match (state, byte) {
            (_, b',') => {
                counts[state as usize] += 1;
                State::Start
            }
            (State::Start, b'+' | b'-') => State::Integer,
            (State::Start | State::Integer, b'0'..=b'9') => State::Integer,
            (State::Start | State::Integer, b'.') => State::Fraction,
            (State::Integer, b'x') => State::Hex,
            (State::Fraction, b'0'..=b'9') => State::Fraction,
            (State::Integer | State::Fraction, b'e' | b'E') => State::Exponent,
            (State::Exponent, b'0'..=b'9' | b'+' | b'-') => State::Exponent,
            (State::Hex, b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F') => State::Hex,
            _ => State::Wrong,
        };
    }
}

/// The decimal digits of a number, added up.
fn digits(mut number: u32) -> u32 {
    let mut sum = 0;
    while number > 0 {
        sum += number % 10;
        number /= 10;
    }
    sum
}

fn crc16(mut crc: u16, word: u32) -> u16 {
    for byte in word.to_le_bytes() {
        crc ^= u16::from(byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { crc >> 1 ^ 0xA001 } else { crc >> 1 };
        }
    }
    crc
}

#[unsafe(no_mangle)]
extern "C" fn guest() -> ! {
    say("work\n");
    let mut list = List::new();
    let (mut a, mut b, mut product) = ([[0; SIDE]; SIDE], [[0; SIDE]; SIDE], [[0; SIDE]; SIDE]);
    for row in 0..SIDE {
        for column in 0..SIDE {
            a[row][column] = (row * 7 + column) as i32 - 50;
            b[row][column] = (column * 5) as i32 - row as i32;
        }
    }
    let (mut crc, mut counts) = (0, [0; 6]);
    for round in 0..ROUNDS {
        list.reverse();
        let steps = list.find((round % NODES as u32) as u16);
        multiply(black_box(&a), &b, &mut product);
        core::mem::swap(&mut a, &mut product);
        scan(black_box(TEXT), &mut counts);
        crc = crc16(crc, steps);
        crc = crc16(crc, a[round as usize % SIDE][3] as u32);
        crc = crc16(crc, digits(round.wrapping_mul(0x9E37_79B9)) + counts[1]);
    }
    say_hex(u32::from(crc));
    finish()
}
