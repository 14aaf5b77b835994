//! The 16550 UART, as QEMU has it: what is sent is gone when the storing instruction is complete.
//!
//! Received bytes come at 115,200 baud, whatever the divisor says, and **wait for room**: QEMU's
//! serial port asks its character device to hold back, so nothing is ever lost. Modem lines, line
//! errors and loop-back are not modelled. Registers: PC16550D data sheet, section "Registers".

use super::CPU_PERIOD_PS;
use crate::machine::UartByte;
use ramscope_time::{Instant, Span};
use std::collections::VecDeque;

/// One start bit, eight data bits, one stop bit at 115,200 baud, rounded to a picosecond.
const BYTE_TIME: Span = Span::from_picos(86_805_556);
/// A FIFO that holds something is announced after this much silence.
const TIMEOUT: Span = Span::from_picos(4 * 86_805_556);
const FIFO_BYTES: usize = 16;

const IER_RECEIVED: u8 = 1;
const IER_SENT: u8 = 2;
const LCR_DIVISOR: u8 = 0x80;
const LSR_READY: u8 = 0x01;
const LSR_SENT: u8 = 0x60; // both the holding register and the shifter are empty
const FCR_ENABLE: u8 = 0x01;
const FCR_CLEAR_RECEIVED: u8 = 0x02;
const IIR_NONE: u8 = 1;
const IIR_SENT: u8 = 2;
const IIR_RECEIVED: u8 = 4;
const IIR_TIMEOUT: u8 = 0x0C;
const IIR_FIFO: u8 = 0xC0;
/// Carrier, data set ready and clear to send.
const MSR: u8 = 0xB0;

#[derive(Clone, Debug)]
pub(crate) struct Uart16550 {
    enable: u8,
    fifo_control: u8,
    line_control: u8,
    modem_control: u8,
    scratch: u8,
    divisor: [u8; 2],
    received: VecDeque<u8>,
    /// The holding register became empty, and nobody has been told.
    sent_pending: bool,
    timeout_pending: bool,
    timeout_at: Instant,
    /// Bytes that are still on their way.
    coming: VecDeque<u8>,
    /// When the first of them is there; `MAX` while it waits for room.
    arrives_at: Instant,
    sent: Vec<UartByte>,
}

impl std::hash::Hash for Uart16550 {
    /// What the firmware's future depends on: not what was sent.
    fn hash<H: std::hash::Hasher>(&self, hasher: &mut H) {
        (self.enable, self.fifo_control, self.line_control).hash(hasher);
        (self.modem_control, self.scratch, self.divisor).hash(hasher);
        (&self.received, self.sent_pending, self.timeout_pending, self.timeout_at).hash(hasher);
        (&self.coming, self.arrives_at).hash(hasher);
    }
}

impl Uart16550 {
    pub(super) fn new() -> Self {
        Self {
            enable: 0,
            fifo_control: 0,
            line_control: 0,
            modem_control: 8,
            scratch: 0,
            divisor: [12, 0],
            received: VecDeque::new(),
            sent_pending: false,
            timeout_pending: false,
            timeout_at: Instant::MAX,
            coming: VecDeque::new(),
            arrives_at: Instant::MAX,
            sent: Vec::new(),
        }
    }

    /// Resets the registers; bytes on their way still come, and what was sent was sent.
    pub(super) fn reset(&mut self, now: Instant) {
        let (coming, sent) = (std::mem::take(&mut self.coming), std::mem::take(&mut self.sent));
        *self = Self { coming, sent, ..Self::new() };
        self.expect_next(now);
    }

    /// The bytes that were sent since the last call.
    pub(crate) fn take_sent(&mut self) -> Vec<UartByte> {
        std::mem::take(&mut self.sent)
    }

    /// Lets bytes arrive from `now` on, behind those that are still on their way.
    pub(crate) fn receive(&mut self, bytes: &[u8], now: Instant) {
        self.sync(now);
        let was_quiet = self.coming.is_empty();
        self.coming.extend(bytes);
        if was_quiet {
            self.expect_next(now);
        }
    }

    /// Whether bytes are still on their way.
    pub(crate) fn is_hearing(&self) -> bool {
        !self.coming.is_empty()
    }

    fn fifo_is_on(&self) -> bool {
        self.fifo_control & FCR_ENABLE != 0
    }

    fn has_room(&self) -> bool {
        self.received.len() < if self.fifo_is_on() { FIFO_BYTES } else { 1 }
    }

    fn expect_next(&mut self, now: Instant) {
        let expected = !self.coming.is_empty() && self.has_room();
        self.arrives_at = if expected { now + BYTE_TIME } else { Instant::MAX };
    }

    pub(super) fn next_event(&self) -> Instant {
        self.arrives_at.min(self.timeout_at)
    }

    pub(super) fn sync(&mut self, now: Instant) {
        loop {
            let at = self.next_event();
            if at == Instant::MAX || at > now {
                return;
            }
            if at == self.arrives_at {
                let byte = self.coming.pop_front().expect("a byte was expected");
                self.received.push_back(byte);
                self.timeout_at = if self.fifo_is_on() { at + TIMEOUT } else { Instant::MAX };
                self.expect_next(at);
            } else {
                self.timeout_pending = true;
                self.timeout_at = Instant::MAX;
            }
        }
    }

    /// The cause that IIR shows.
    fn cause(&self) -> u8 {
        let receives = self.enable & IER_RECEIVED != 0;
        if receives && self.timeout_pending {
            IIR_TIMEOUT
        } else if receives && self.has_enough() {
            IIR_RECEIVED
        } else if self.enable & IER_SENT != 0 && self.sent_pending {
            IIR_SENT
        } else {
            IIR_NONE
        }
    }

    /// Whether as much was received as the FIFO waits for.
    fn has_enough(&self) -> bool {
        let trigger = match self.fifo_control >> 6 {
            _ if !self.fifo_is_on() => 1,
            0 => 1,
            1 => 4,
            2 => 8,
            _ => 14,
        };
        self.received.len() >= trigger
    }

    pub(super) fn interrupt(&self) -> bool {
        self.cause() != IIR_NONE
    }

    fn shows_divisor(&self) -> bool {
        self.line_control & LCR_DIVISOR != 0
    }

    pub(super) fn peek(&self, offset: u32) -> u8 {
        match offset {
            0 | 1 if self.shows_divisor() => self.divisor[offset as usize],
            0 => self.received.front().copied().unwrap_or(0),
            1 => self.enable,
            2 => self.cause() | if self.fifo_is_on() { IIR_FIFO } else { 0 },
            3 => self.line_control,
            4 => self.modem_control,
            5 => LSR_SENT | if self.received.is_empty() { 0 } else { LSR_READY },
            6 => MSR,
            7 => self.scratch,
            _ => 0,
        }
    }

    pub(super) fn read(&mut self, offset: u32, now: Instant) -> u8 {
        let value = self.peek(offset);
        match offset {
            0 if !self.shows_divisor() => {
                let had_room = self.has_room();
                self.received.pop_front();
                self.timeout_pending = false;
                let more = self.fifo_is_on() && !self.received.is_empty();
                self.timeout_at = if more { now + TIMEOUT } else { Instant::MAX };
                if !had_room {
                    self.expect_next(now);
                }
            }
            2 if value & 0xF == IIR_SENT => self.sent_pending = false,
            _ => {}
        }
        value
    }

    pub(super) fn write(&mut self, offset: u32, value: u8, now: Instant) {
        match offset {
            0 | 1 if self.shows_divisor() => self.divisor[offset as usize] = value,
            0 => {
                let at = now + Span::from_picos(CPU_PERIOD_PS);
                self.sent.push(UartByte { at, byte: value });
                self.sent_pending = true;
            }
            1 => {
                if (self.enable ^ value) & IER_SENT != 0 {
                    self.sent_pending = value & IER_SENT != 0;
                }
                self.enable = value & 0xF;
            }
            2 => self.control_fifo(value, now),
            3 => self.line_control = value,
            4 => self.modem_control = value & 0x1F,
            7 => self.scratch = value,
            _ => {}
        }
    }

    fn control_fifo(&mut self, value: u8, now: Instant) {
        let switched = (self.fifo_control ^ value) & FCR_ENABLE != 0;
        self.fifo_control = value & 0xC9;
        if switched || value & FCR_CLEAR_RECEIVED != 0 {
            self.received.clear();
            self.timeout_pending = false;
            self.timeout_at = Instant::MAX;
            if self.arrives_at == Instant::MAX {
                self.expect_next(now);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(micros: u64) -> Instant {
        Instant::ZERO + Span::from_micros(micros)
    }

    #[test]
    fn a_full_fifo_holds_the_sender_back() {
        let mut uart = Uart16550::new();
        uart.write(2, FCR_ENABLE, at(0));
        uart.receive(&[7; 40], at(0));
        uart.sync(at(1_000_000));
        assert_eq!((uart.received.len(), uart.coming.len()), (16, 24));
        assert_eq!(uart.read(0, at(1_000_000)), 7);
        uart.sync(at(1_000_100));
        assert_eq!((uart.received.len(), uart.coming.len()), (16, 23));
    }

    #[test]
    fn the_interrupts_are_shown_in_their_order() {
        let mut uart = Uart16550::new();
        uart.write(1, IER_SENT | IER_RECEIVED, at(0));
        assert_eq!(uart.peek(2), IIR_SENT);
        uart.receive(b"x", at(0));
        uart.sync(at(100));
        assert_eq!(uart.read(2, at(100)), IIR_RECEIVED);
        assert_eq!(uart.read(0, at(100)), b'x');
        assert_eq!(uart.read(2, at(100)), IIR_SENT);
        assert_eq!(uart.read(2, at(100)), IIR_NONE);
    }

    #[test]
    fn silence_announces_a_fifo_that_is_not_full_enough() {
        let mut uart = Uart16550::new();
        uart.write(2, FCR_ENABLE | 0xC0, at(0));
        uart.write(1, IER_RECEIVED, at(0));
        uart.receive(b"ab", at(0));
        uart.sync(at(300));
        assert!(!uart.interrupt());
        uart.sync(at(600));
        assert_eq!(uart.peek(2), IIR_TIMEOUT | IIR_FIFO);
    }
}
