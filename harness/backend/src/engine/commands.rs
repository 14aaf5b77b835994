//! Commands to the firmware: words in the down-channel of its control block, and an interrupt.
//!
//! The firmware takes them when the interrupt that is raised here ends, so a command that is sent
//! while the machine stands still is carried out before anything else runs. Where it cannot listen
//! yet, because it boots, a command waits for the first record after that; where its ring is full,
//! for the next one.
//!
//! Invariants:
//! 1. The ring is written only while the machine stands still at an instant that the scenario
//!    determines, or right after a store of the firmware to the write offset of its telemetry.
//! 2. Memory is not taken for a control block before its firmware has written a record since the
//!    last reset.

use std::collections::VecDeque;

use ramscope_engine::{Image, Machine};

/// What a control block begins with (SEGGER's published layout).
const ID: [u8; 16] = *b"SEGGER RTT\0\0\0\0\0\0";
/// Up-channels, then down-channels, follow the two counts, six words each.
const UP_COUNT: u32 = 16;
const DOWN_COUNT: u32 = 20;
const CHANNELS: u32 = 24;
const CHANNEL_BYTES: u32 = 24;
/// Commands go down channel 1.
const COMMANDS: u32 = 1;
// Words of a channel.
const BUFFER: u32 = 4;
const SIZE: u32 = 8;
const WRITE_OFFSET: u32 = 12;
const READ_OFFSET: u32 = 16;

/// No ring of commands is larger than this; a larger one is a sign that memory is damaged.
const RING_BYTES_MAX: u32 = 4 << 10;

/// The writing end of the ring of commands.
#[derive(Clone, Debug)]
pub(super) struct CommandRing {
    /// The address of the control block.
    block: u32,
    /// Where the image says how to raise the interrupt.
    doorbell: u32,
    /// Whether the firmware has written a record since the last reset.
    is_heard: bool,
    waiting: VecDeque<Vec<u32>>,
}

/// Where the ring is and how far it is filled.
struct Ring {
    channel: u32,
    buffer: u32,
    bytes: u32,
    write: u32,
    read: u32,
}

impl CommandRing {
    /// The ring of an image that takes commands.
    pub(super) fn of(image: &Image) -> Option<Self> {
        Some(Self {
            block: image.symbol("_SEGGER_RTT")?,
            doorbell: image.symbol("RAMSCOPE_DOORBELL")?,
            is_heard: false,
            waiting: VecDeque::new(),
        })
    }

    /// Sends a command, now or as soon as the firmware can take it.
    pub(super) fn send(&mut self, machine: &mut Machine, words: &[u32]) {
        self.waiting.push_back(words.to_vec());
        self.flush(machine);
    }

    /// The firmware has written a record: whatever waits can be tried again.
    pub(super) fn record_written(&mut self, machine: &mut Machine) {
        self.is_heard = true;
        self.flush(machine);
    }

    /// The device was reset. What it has not taken by then is lost with its memory; what waits here
    /// still waits.
    pub(super) fn device_reset(&mut self) {
        self.is_heard = false;
    }

    fn flush(&mut self, machine: &mut Machine) {
        if !self.is_heard {
            return;
        }
        let mut rings = false;
        while let Some(words) = self.waiting.front()
            && let Some(ring) = self.ring(machine)
            && ring.put(machine, words)
        {
            self.waiting.pop_front();
            rings = true;
        }
        if rings {
            self.ring_bell(machine);
        }
    }

    /// Raises the interrupt that the image names.
    fn ring_bell(&self, machine: &mut Machine) {
        let address = machine.read_word(self.doorbell);
        let value = machine.read_word(self.doorbell + 4);
        if let (Ok(address), Ok(value)) = (address, value) {
            // An image that names no register takes its commands with the next interrupt.
            let _ = machine.write_word(address, value);
        }
    }

    /// The ring, if the control block is whole and makes sense.
    fn ring(&self, machine: &Machine) -> Option<Ring> {
        let mut id = [0; ID.len()];
        machine.read_bytes(self.block, &mut id).ok()?;
        let word = |address| machine.read_word(address).ok();
        let ups = word(self.block + UP_COUNT)?;
        let downs = word(self.block + DOWN_COUNT)?;
        if id != ID || !(1..=16).contains(&ups) || downs <= COMMANDS {
            return None;
        }
        let channel = self.block + CHANNELS + (ups + COMMANDS) * CHANNEL_BYTES;
        let ring = Ring {
            channel,
            buffer: word(channel + BUFFER)?,
            bytes: word(channel + SIZE)?,
            write: word(channel + WRITE_OFFSET)?,
            read: word(channel + READ_OFFSET)?,
        };
        let makes_sense = ring.bytes.is_power_of_two()
            && (8..=RING_BYTES_MAX).contains(&ring.bytes)
            && [ring.write, ring.read].iter().all(|at| *at < ring.bytes && at.is_multiple_of(4));
        makes_sense.then_some(ring)
    }
}

impl Ring {
    /// Writes a whole command, or nothing if there is no room.
    fn put(&self, machine: &mut Machine, words: &[u32]) -> bool {
        let used = self.write.wrapping_sub(self.read) & (self.bytes - 1);
        if used as usize + 4 * words.len() >= self.bytes as usize {
            return false;
        }
        let mut at = self.write;
        for &word in words {
            if machine.write_word(self.buffer + at, word).is_err() {
                return false;
            }
            at = (at + 4) & (self.bytes - 1);
        }
        machine.write_word(self.channel + WRITE_OFFSET, at).is_ok()
    }
}
