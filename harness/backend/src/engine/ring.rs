//! Reading the telemetry ring of a machine.
//!
//! The device writes records into a ring behind an RTT control block and drops them when it is
//! full; the reader makes room by moving the read offset. So the instants at which it is moved are
//! visible to the device, and must not depend on when somebody looks.
//!
//! The machine stops after each store to the write offset, which completes a record. The reader
//! copies the record out at once, so that neither a reset nor a start-up that clears memory can
//! take it away, and gives room back whenever the ring is at least half full.
//!
//! Invariants:
//! 1. The read offset is written only right after a store of the firmware to the write offset, as a
//!    function of both offsets.
//! 2. Memory is not taken for a control block before its id is complete; and after a reset not
//!    before the firmware has written to it again.

use ramscope_capture::Stream;
use ramscope_engine::{Image, Machine};
use ramscope_wire::Header;

use crate::session::Output;

/// What a control block begins with (SEGGER's published layout).
const ID: [u8; 16] = *b"SEGGER RTT\0\0\0\0\0\0";
/// The telemetry is up-channel 1. Before the channels stand the id and two counts, and a channel is
/// six words: name, buffer, size, write offset, read offset, flags.
const CHANNEL: u32 = 16 + 2 * 4 + 24;
const UP_COUNT: u32 = 16;
const BUFFER: u32 = CHANNEL + 4;
const SIZE: u32 = CHANNEL + 8;
const WRITE_OFFSET: u32 = CHANNEL + 12;
const READ_OFFSET: u32 = CHANNEL + 16;

/// No ring is larger than this; a larger one is a sign that memory is damaged.
const RING_BYTES_MAX: u32 = 256 << 10;

/// The reading end of the telemetry ring.
#[derive(Clone, Debug)]
pub(super) struct TelemetryRing {
    /// The address of the control block.
    block: u32,
    /// Up to where records were copied out; `None` until the firmware has set up the ring.
    copied: Option<u32>,
    /// The read offset as the device knows it.
    given_back: u32,
    /// Records that were not taken yet.
    records: Vec<Output>,
    /// Whether the next record begins an output of its own.
    cut: bool,
    /// The kind of the record that was copied last.
    last_kind: Option<u8>,
}

/// Where the ring's bytes are.
#[derive(Clone, Copy)]
struct Buffer {
    base: u32,
    bytes: u32,
}

impl TelemetryRing {
    /// The ring of an image that has one.
    pub(super) fn of(image: &Image) -> Option<Self> {
        Some(Self {
            block: image.symbol("_SEGGER_RTT")?,
            copied: None,
            given_back: 0,
            records: Vec::new(),
            cut: true,
            last_kind: None,
        })
    }

    /// The word to watch.
    pub(super) fn write_offset_address(&self) -> u32 {
        self.block + WRITE_OFFSET
    }

    /// The kind of the record that was completed last.
    pub(super) const fn last_kind(&self) -> Option<u8> {
        self.last_kind
    }

    /// The firmware stored `write_offset`: takes the records up to there.
    pub(super) fn record_written(&mut self, machine: &mut Machine, write_offset: u32) {
        let Some(buffer) = self.buffer(machine, write_offset) else {
            self.copied = None;
            return;
        };
        if self.copied.is_none() {
            self.given_back = 0;
        }
        let copied = self.copied.unwrap_or(0);
        self.copy(machine, buffer, copied, write_offset);
        self.copied = Some(write_offset);
        let fill = write_offset.wrapping_sub(self.given_back) & (buffer.bytes - 1);
        if fill >= buffer.bytes / 2 {
            // The control block has just been read, so it is memory that can be written.
            let _ = machine.write_word(self.block + READ_OFFSET, write_offset);
            self.given_back = write_offset;
        }
    }

    /// The device was reset: nothing is known of its memory until it writes a record again.
    /// Records of two boots never share an output.
    pub(super) fn device_reset(&mut self) {
        self.copied = None;
        self.cut = true;
    }

    /// The records since the last call.
    pub(super) fn take_records(&mut self) -> Vec<Output> {
        self.cut = true;
        std::mem::take(&mut self.records)
    }

    /// The buffer, if the control block is whole and makes sense.
    fn buffer(&self, machine: &Machine, write_offset: u32) -> Option<Buffer> {
        let mut id = [0; ID.len()];
        machine.read_bytes(self.block, &mut id).ok()?;
        let word = |offset| machine.read_word(self.block + offset).ok();
        let buffer = Buffer { base: word(BUFFER)?, bytes: word(SIZE)? };
        let makes_sense = id == ID
            && word(UP_COUNT)? >= 2
            && buffer.bytes.is_power_of_two()
            && (8..=RING_BYTES_MAX).contains(&buffer.bytes)
            && write_offset < buffer.bytes
            && write_offset.is_multiple_of(4);
        makes_sense.then_some(buffer)
    }

    /// Copies the bytes between two offsets, around the end of the buffer if need be.
    fn copy(&mut self, machine: &Machine, buffer: Buffer, from: u32, to: u32) {
        let (first, second) = match from <= to {
            true => (from..to, 0..0),
            false => (from..buffer.bytes, 0..to),
        };
        let mut bytes = Vec::new();
        for range in [first, second] {
            let start = bytes.len();
            bytes.resize(start + range.len(), 0);
            let read = machine.read_bytes(buffer.base + range.start, &mut bytes[start..]);
            if read.is_err() {
                return; // the buffer is not in memory: the records are lost, and missed by number
            }
        }
        if bytes.is_empty() {
            return;
        }
        self.last_kind =
            bytes.first_chunk().map(|word| Header::from_word(u32::from_le_bytes(*word)).kind);
        let instant = machine.now();
        match self.records.last_mut() {
            Some(last) if !self.cut => {
                last.bytes.extend(bytes);
                last.instant = instant;
            }
            _ => self.records.push(Output { stream: Stream::Ring, instant, bytes }),
        }
        self.cut = false;
    }
}
