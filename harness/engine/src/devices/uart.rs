//! UART: two FIFOs of 128 bytes, a baud rate, and the interrupts that drivers use.
//!
//! Nothing ticks. A byte on its way has the instant at which it will be complete, and
//! [`Uart::sync`] moves everything that is complete by then; the state at an instant is therefore
//! the same however often somebody looked before.
//!
//! Modelled: 5 to 8 data bits, parity (as one more bit time), stop bits, clock source and dividers,
//! FIFO resets, thresholds, receive time-out, and the interrupts listed in [`interrupt`]. The
//! threshold interrupts hold as long as their condition does: clearing them then has no effect.
//! The line is set up for 115200 8N1, as the ROM leaves UART0. No flow control, no loopback, no
//! RS485, no auto-baud. The receiver hears a byte at the rate that was set when it was sent.
//!
//! Registers: technical reference manual, chapter "UART Controller".

use crate::clock::{APB_PERIOD_PS, RC_FAST_PERIOD_PS, XTAL_PERIOD_PS};
use crate::machine::{UartByte, UartLosses};
use ramscope_time::{Instant, Span};
use std::collections::VecDeque;
use std::hash::{Hash, Hasher};

/// Bytes each FIFO holds.
pub(crate) const FIFO_BYTES: usize = 128;

/// Bits of the interrupt registers.
pub(crate) mod interrupt {
    pub(crate) const RXFIFO_FULL: u32 = 1 << 0;
    pub(crate) const TXFIFO_EMPTY: u32 = 1 << 1;
    pub(crate) const RXFIFO_OVF: u32 = 1 << 4;
    pub(crate) const RXFIFO_TOUT: u32 = 1 << 8;
    pub(crate) const TX_DONE: u32 = 1 << 14;
}
use interrupt::{RXFIFO_FULL, RXFIFO_OVF, RXFIFO_TOUT, TX_DONE, TXFIFO_EMPTY};

const FIFO: u32 = 0x00;
const INT_RAW: u32 = 0x04;
const INT_ST: u32 = 0x08;
const INT_ENA: u32 = 0x0C;
const INT_CLR: u32 = 0x10;
const CLKDIV: u32 = 0x14;
const STATUS: u32 = 0x1C;
const CONF0: u32 = 0x20;
const CONF1: u32 = 0x24;
const MEM_CONF: u32 = 0x60;
const FSM_STATUS: u32 = 0x6C;
const CLK_CONF: u32 = 0x78;
const DATE: u32 = 0x7C;
const ID: u32 = 0x80;

const INTERRUPTS: u32 = 0x000F_FFFF;
const RXFIFO_RST: u32 = 1 << 17;
const TXFIFO_RST: u32 = 1 << 18;
const RX_TOUT_EN: u32 = 1 << 21;
/// Idle lines: TXD, RTS, DTR, RXD, CTS high.
const STATUS_IDLE: u32 = 0xE000_C000;
const ID_UPDATE: u32 = 1 << 31;

/// 40 MHz divided by 347 3/16: 115,211 baud.
const CLKDIV_115200: u32 = 3 << 20 | 347;
/// Clock on, source the 40 MHz crystal, divider one.
const CLK_CONF_XTAL: u32 = 0x0370_0000;

/// A byte in flight and when it will be complete.
#[derive(Clone, Copy, Debug, Hash)]
struct InFlight {
    byte: u8,
    complete: Instant,
}

/// One UART.
#[derive(Clone, Debug)]
pub(crate) struct Uart {
    int_raw: u32,
    int_ena: u32,
    clkdiv: u32,
    conf0: u32,
    conf1: u32,
    mem_conf: u32,
    clk_conf: u32,
    id: u32,
    tx_fifo: VecDeque<u8>,
    tx: Option<InFlight>,
    rx_fifo: VecDeque<u8>,
    rx_line: VecDeque<InFlight>,
    /// When the receive time-out strikes, if it is counting.
    rx_timeout: Option<Instant>,
    losses: UartLosses,
    /// Bytes sent and not yet taken by the host: no part of the device's state.
    sent: Vec<UartByte>,
}

impl Hash for Uart {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.int_raw, self.int_ena, self.clkdiv, self.conf0, self.conf1).hash(state);
        (self.mem_conf, self.clk_conf, self.id).hash(state);
        (&self.tx_fifo, self.tx, &self.rx_fifo, &self.rx_line).hash(state);
        (self.rx_timeout, self.losses.received, self.losses.sent).hash(state);
    }
}

impl Uart {
    pub(crate) fn new() -> Self {
        Self {
            int_raw: TXFIFO_EMPTY,
            int_ena: 0,
            clkdiv: CLKDIV_115200,
            conf0: 0x1000_001C,
            conf1: 0x0000_C060,
            mem_conf: 0x000A_0012,
            clk_conf: CLK_CONF_XTAL,
            id: 0x4000_0500,
            tx_fifo: VecDeque::new(),
            tx: None,
            rx_fifo: VecDeque::new(),
            rx_line: VecDeque::new(),
            rx_timeout: None,
            losses: UartLosses::default(),
            sent: Vec::new(),
        }
    }

    /// A reset of the core: the FIFOs empty, the byte in the shift register is cut off; what is on
    /// the wire to us keeps coming, and what the host has not taken yet stays.
    pub(crate) fn reset(&mut self, now: Instant) {
        self.sync(now);
        let fresh = Self {
            rx_line: std::mem::take(&mut self.rx_line),
            losses: self.losses,
            sent: std::mem::take(&mut self.sent),
            ..Self::new()
        };
        *self = fresh;
    }

    /// Brings the state up to `now`.
    pub(crate) fn sync(&mut self, now: Instant) {
        self.sync_transmitter(now);
        self.sync_receiver(now);
        self.update_levels();
    }

    fn sync_transmitter(&mut self, now: Instant) {
        while let Some(InFlight { byte, complete }) = self.tx.filter(|tx| tx.complete <= now) {
            self.sent.push(UartByte { at: complete, byte });
            self.tx = None;
            match self.tx_fifo.pop_front() {
                Some(next) => self.start_sending(next, complete),
                None => self.int_raw |= TX_DONE,
            }
        }
    }

    fn sync_receiver(&mut self, now: Instant) {
        loop {
            let arrival = self.rx_line.front().map(|rx| rx.complete);
            if let Some(timeout) = self.rx_timeout
                && timeout <= now
                && arrival.is_none_or(|arrival| timeout < arrival)
            {
                self.int_raw |= RXFIFO_TOUT;
                self.rx_timeout = None;
            }
            match self.rx_line.front() {
                Some(&rx) if rx.complete <= now => {
                    self.rx_line.pop_front();
                    self.hear(rx);
                }
                _ => return,
            }
        }
    }

    fn hear(&mut self, rx: InFlight) {
        if self.rx_fifo.len() < FIFO_BYTES {
            self.rx_fifo.push_back(rx.byte);
        } else {
            self.losses.received += 1;
            self.int_raw |= RXFIFO_OVF;
        }
        self.restart_timeout(rx.complete);
    }

    fn restart_timeout(&mut self, from: Instant) {
        let bits = u64::from(self.mem_conf >> 16 & 0x3FF);
        let counting = self.conf1 & RX_TOUT_EN != 0 && !self.rx_fifo.is_empty();
        self.rx_timeout = counting.then(|| from + self.span_of_half_bits(2 * bits));
    }

    fn start_sending(&mut self, byte: u8, at: Instant) {
        self.tx = Some(InFlight { byte, complete: at + self.byte_time() });
    }

    /// Interrupts that hold as long as their condition does.
    fn update_levels(&mut self) {
        let full = (self.conf1 & 0x1FF).max(1) as usize;
        let empty = (self.conf1 >> 9 & 0x1FF) as usize;
        if self.rx_fifo.len() >= full {
            self.int_raw |= RXFIFO_FULL;
        }
        if self.tx_fifo.len() < empty {
            self.int_raw |= TXFIFO_EMPTY;
        }
    }

    /// How long `count` halves of a bit take, in exact arithmetic, rounded down once.
    fn span_of_half_bits(&self, count: u64) -> Span {
        let source = match self.clk_conf >> 20 & 3 {
            1 => APB_PERIOD_PS,
            2 => RC_FAST_PERIOD_PS,
            _ => XTAL_PERIOD_PS,
        };
        let divider = u64::from(self.clk_conf >> 12 & 0xFF) + 1;
        let sixteenths = u64::from(16 * (self.clkdiv & 0xFFF) + (self.clkdiv >> 20 & 0xF)).max(1);
        Span::from_picos(source * divider * sixteenths * count / 32)
    }

    /// Start bit, data bits, parity and stop bits.
    fn byte_time(&self) -> Span {
        let data = 5 + u64::from(self.conf0 >> 2 & 3);
        let parity = u64::from(self.conf0 >> 1 & 1);
        let stop_halves = match self.conf0 >> 4 & 3 {
            2 => 3,
            3 => 4,
            _ => 2,
        };
        self.span_of_half_bits(2 * (1 + data + parity) + stop_halves)
    }

    /// Whether the interrupt output is high.
    pub(crate) fn interrupt(&self) -> bool {
        self.int_raw & self.int_ena != 0
    }

    /// The next instant at which the interrupt output could rise by itself.
    pub(crate) fn next_event(&self) -> Instant {
        let awaited = self.int_ena & !self.int_raw;
        let sent =
            self.tx.filter(|_| awaited & (TXFIFO_EMPTY | TX_DONE) != 0).map(|tx| tx.complete);
        let arrival = self
            .rx_line
            .front()
            .filter(|_| awaited & (RXFIFO_FULL | RXFIFO_OVF | RXFIFO_TOUT) != 0)
            .map(|rx| rx.complete);
        let timeout = self.rx_timeout.filter(|_| awaited & RXFIFO_TOUT != 0);
        let events = [sent, arrival, timeout];
        events.into_iter().flatten().min().unwrap_or(Instant::MAX)
    }

    /// What a register shows, without side effects; `None` if it is not modelled.
    pub(crate) fn peek(&self, offset: u32) -> Option<u32> {
        Some(match offset {
            FIFO => u32::from(self.rx_fifo.front().copied().unwrap_or(0)),
            INT_RAW => self.int_raw,
            INT_ST => self.int_raw & self.int_ena,
            INT_ENA => self.int_ena,
            INT_CLR => 0,
            CLKDIV => self.clkdiv,
            STATUS => STATUS_IDLE | (self.tx_fifo.len() as u32) << 16 | self.rx_fifo.len() as u32,
            CONF0 => self.conf0,
            CONF1 => self.conf1,
            MEM_CONF => self.mem_conf,
            FSM_STATUS => u32::from(self.tx.is_some()) << 4,
            CLK_CONF => self.clk_conf,
            DATE => 0x2006_2400,
            ID => self.id,
            _ => return None,
        })
    }

    /// Reads a register at `now`.
    pub(crate) fn read(&mut self, offset: u32, now: Instant) -> Option<u32> {
        self.sync(now);
        let value = self.peek(offset)?;
        if offset == FIFO && self.rx_fifo.pop_front().is_some() && self.rx_fifo.is_empty() {
            self.rx_timeout = None;
        }
        Some(value)
    }

    /// Writes a register at `now`; `false` if it is not modelled.
    pub(crate) fn write(&mut self, offset: u32, value: u32, now: Instant) -> bool {
        self.sync(now);
        match offset {
            FIFO => self.send(value as u8, now),
            INT_RAW | INT_ST | STATUS | FSM_STATUS | DATE => {}
            INT_ENA => self.int_ena = value & INTERRUPTS,
            INT_CLR => self.int_raw &= !value,
            CLKDIV => self.clkdiv = value & 0x00F0_0FFF,
            CONF0 => self.write_conf0(value),
            CONF1 => {
                self.conf1 = value & 0x003F_FFFF;
                self.restart_timeout(now);
            }
            MEM_CONF => self.mem_conf = value & 0x0FFF_FFFE,
            CLK_CONF => self.clk_conf = value & 0x03FF_FFFF,
            ID => self.id = value & !ID_UPDATE,
            _ => return false,
        }
        self.update_levels();
        true
    }

    fn write_conf0(&mut self, value: u32) {
        self.conf0 = value;
        if value & RXFIFO_RST != 0 {
            self.rx_fifo.clear();
            self.rx_timeout = None;
        }
        if value & TXFIFO_RST != 0 {
            self.tx_fifo.clear();
        }
    }

    fn send(&mut self, byte: u8, now: Instant) {
        if self.tx.is_none() {
            self.start_sending(byte, now);
        } else if self.tx_fifo.len() < FIFO_BYTES {
            self.tx_fifo.push_back(byte);
        } else {
            self.losses.sent += 1;
        }
    }

    /// Puts bytes on the line to the receiver, behind those that are still on their way.
    pub(crate) fn receive(&mut self, bytes: &[u8], now: Instant) {
        self.sync(now);
        let mut line_free = self.rx_line.back().map_or(now, |rx| rx.complete);
        for &byte in bytes {
            line_free += self.byte_time();
            self.rx_line.push_back(InFlight { byte, complete: line_free });
        }
    }

    /// Whether bytes are still on their way to the receiver.
    pub(crate) fn is_hearing(&self) -> bool {
        !self.rx_line.is_empty()
    }

    /// The bytes that were complete by the last [`sync`](Self::sync), once.
    pub(crate) fn take_sent(&mut self) -> Vec<UartByte> {
        std::mem::take(&mut self.sent)
    }

    pub(crate) fn losses(&self) -> UartLosses {
        self.losses
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BYTE_PS: u64 = 86_796_875;

    fn at(bytes: u64) -> Instant {
        Instant::from_picos(bytes * BYTE_PS)
    }

    #[test]
    fn bytes_leave_one_byte_time_apart() {
        let mut uart = Uart::new();
        for byte in b"abc" {
            assert!(uart.write(FIFO, u32::from(*byte), Instant::ZERO));
        }
        uart.sync(at(2));
        let sent = uart.take_sent();
        assert_eq!(sent.len(), 2);
        assert_eq!((sent[0].byte, sent[0].at), (b'a', at(1)));
        assert_eq!((sent[1].byte, sent[1].at), (b'b', at(2)));
        uart.sync(at(3));
        assert_eq!(uart.take_sent()[0].byte, b'c');
        assert_ne!(uart.int_raw & TX_DONE, 0);
    }

    #[test]
    fn how_often_one_looks_does_not_matter() {
        let run = |looks: u64| {
            let mut uart = Uart::new();
            uart.write(CONF1, 0x0020_0000 | 0x60 << 9 | 0x10, Instant::ZERO);
            uart.write(FIFO, 1, Instant::ZERO);
            uart.write(FIFO, 2, Instant::ZERO);
            uart.receive(&[7; 20], Instant::ZERO);
            for look in 1..=looks {
                uart.sync(Instant::from_picos(30 * BYTE_PS * look / looks));
            }
            let mut hasher = crate::hash::StateHasher::new();
            uart.hash(&mut hasher);
            (hasher.finish(), uart.take_sent())
        };
        assert_eq!(run(1), run(977));
    }

    #[test]
    fn a_full_receive_fifo_loses_and_counts() {
        let mut uart = Uart::new();
        uart.receive(&[1; 130], Instant::ZERO);
        uart.sync(at(130));
        assert_eq!(uart.losses().received, 2);
        assert_ne!(uart.int_raw & RXFIFO_OVF, 0);
        assert_eq!(uart.peek(STATUS).unwrap() & 0x3FF, 128);
    }

    #[test]
    fn a_full_transmit_fifo_loses_and_counts() {
        let mut uart = Uart::new();
        for byte in 0..131 {
            uart.write(FIFO, byte, Instant::ZERO);
        }
        assert_eq!(uart.losses().sent, 2);
        assert_eq!(uart.peek(STATUS).unwrap() >> 16 & 0x3FF, 128);
    }

    #[test]
    fn a_threshold_interrupt_holds_while_its_condition_does() {
        let mut uart = Uart::new();
        uart.write(CONF1, 2, Instant::ZERO);
        uart.write(INT_ENA, RXFIFO_FULL, Instant::ZERO);
        uart.receive(&[1, 2], Instant::ZERO);
        uart.sync(at(1));
        assert!(!uart.interrupt());
        assert_eq!(uart.next_event(), at(2));
        uart.sync(at(2));
        uart.write(INT_CLR, RXFIFO_FULL, at(2));
        assert!(uart.interrupt());
        assert_eq!(uart.read(FIFO, at(2)), Some(1));
        uart.write(INT_CLR, RXFIFO_FULL, at(2));
        assert!(!uart.interrupt());
    }

    #[test]
    fn silence_after_a_byte_is_a_time_out() {
        let mut uart = Uart::new();
        uart.write(CONF1, RX_TOUT_EN | 0x60, Instant::ZERO);
        uart.write(INT_ENA, RXFIFO_TOUT, Instant::ZERO);
        uart.receive(&[9], Instant::ZERO);
        uart.sync(at(1));
        assert!(!uart.interrupt());
        assert_eq!(uart.next_event(), at(2)); // ten bit times
        uart.sync(at(2));
        assert!(uart.interrupt());
    }

    #[test]
    fn the_divider_sets_the_rate() {
        let mut uart = Uart::new();
        uart.write(CLK_CONF, 0x0350_0000, Instant::ZERO); // the 80 MHz bus
        uart.write(CLKDIV, 80, Instant::ZERO); // one megabaud
        uart.write(FIFO, 0, Instant::ZERO);
        assert_eq!(uart.tx.unwrap().complete, Instant::from_picos(10_000_000));
    }
}
