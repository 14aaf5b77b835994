//! The 16550 as the console.

use crate::player;
use crate::registers::uart;

/// One interrupt for each received byte, and one whenever the transmitter is empty and is wanted.
pub(crate) fn init() {
    uart::FIFO_CONTROL.write(uart::FIFO_ON);
    uart::ENABLE.write(uart::ENABLE_RECEIVED);
}

fn has_room() -> bool {
    uart::LINE_STATUS.read() & uart::STATUS_ROOM != 0
}

/// Puts as many bytes into the FIFO as fit; answers how many. It fits when it is empty.
pub(crate) fn transmit(bytes: &[u8]) -> usize {
    if !has_room() {
        return 0;
    }
    let count = bytes.len().min(uart::FIFO_BYTES);
    for byte in &bytes[..count] {
        uart::DATA.write(*byte);
    }
    if player::is_on() {
        player::sent(&bytes[..count]);
    }
    count
}

/// Asks for the interrupt that says there is room.
pub(crate) fn want_transmit(on: bool) {
    let sent = if on { uart::ENABLE_SENT } else { 0 };
    uart::ENABLE.write(uart::ENABLE_RECEIVED | sent);
}

/// Sends everything by polling.
pub(crate) fn transmit_now(mut bytes: &[u8]) {
    while !bytes.is_empty() {
        bytes = &bytes[transmit(bytes)..];
    }
}

/// Waits until the last byte has left the FIFO.
pub(crate) fn drain() {
    while !has_room() {}
}

/// Takes what has been received; answers how many bytes were written to `into`.
pub(crate) fn receive(into: &mut [u8]) -> usize {
    let mut count = 0;
    while count < into.len() && uart::LINE_STATUS.read() & uart::STATUS_RECEIVED != 0 {
        into[count] = uart::DATA.read();
        count += 1;
    }
    count
}

/// Whether bytes have been received, and whether the transmitter has room and that is wanted.
pub(crate) fn due() -> (bool, bool) {
    let status = uart::LINE_STATUS.read();
    let is_wanted = uart::ENABLE.read() & uart::ENABLE_SENT != 0;
    (status & uart::STATUS_RECEIVED != 0, is_wanted && status & uart::STATUS_ROOM != 0)
}
