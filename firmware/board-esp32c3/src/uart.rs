//! UART0 as the console: 115200 8N1, as the ROM leaves it.

use crate::registers::uart;

/// The transmitter asks for more when fewer bytes than this wait in its FIFO.
const TX_LOW: u32 = 16;

/// One interrupt for each received byte, and one whenever the transmitter runs low and is wanted.
pub(crate) fn init() {
    uart::CONF1.write(1 | TX_LOW << 9);
    uart::INT_CLR.write(u32::MAX);
    uart::INT_ENA.write(uart::INT_RX_FULL);
}

fn waiting() -> u32 {
    uart::STATUS.read() >> 16 & 0x3FF
}

/// Puts as many bytes into the FIFO as fit; answers how many.
pub(crate) fn transmit(bytes: &[u8]) -> usize {
    let room = uart::FIFO_BYTES.saturating_sub(waiting()) as usize;
    let count = bytes.len().min(room);
    for byte in &bytes[..count] {
        uart::FIFO.write(u32::from(*byte));
    }
    count
}

/// Asks for the interrupt that says there is room.
pub(crate) fn want_transmit(on: bool) {
    if on {
        uart::INT_ENA.set(uart::INT_TX_EMPTY);
    } else {
        uart::INT_ENA.clear(uart::INT_TX_EMPTY);
    }
}

/// Sends everything by polling.
pub(crate) fn transmit_now(mut bytes: &[u8]) {
    while !bytes.is_empty() {
        bytes = &bytes[transmit(bytes)..];
    }
}

/// Waits until the last byte has left the FIFO.
pub(crate) fn drain() {
    while waiting() > 0 {}
}

/// Takes what has been received; answers how many bytes were written to `into`.
pub(crate) fn receive(into: &mut [u8]) -> usize {
    let count = (uart::STATUS.read() & 0x3FF) as usize;
    let count = count.min(into.len());
    for byte in &mut into[..count] {
        *byte = uart::FIFO.read() as u8;
    }
    count
}

/// Whether bytes have been received, and whether the transmitter has room.
pub(crate) fn due() -> (bool, bool) {
    let due = uart::INT_ST.read();
    (due & uart::INT_RX_FULL != 0, due & uart::INT_TX_EMPTY != 0)
}

/// Says that what [`due`] named has been served.
pub(crate) fn acknowledge() {
    uart::INT_CLR.write(uart::INT_RX_FULL | uart::INT_TX_EMPTY);
}
