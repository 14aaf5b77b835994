//! The telemetry ring: raw records in RAM behind a standard SEGGER RTT control block.
//!
//! A reader (the built-in engine, a debug probe, QEMU's shared memory) finds the control block by
//! its id string or its symbol and reads while the device runs. The hot path is a handful of
//! stores: no checksum, no encoding, no loop but the one over the words of the record.
//!
//! Invariants:
//! 1. `write_offset` moves once per record, after its last word: a reader never sees half a record.
//! 2. A record for which there is no room is dropped whole and counted; its sequence number is used
//!    up, so the reader sees the gap too. The kernel never waits for the reader.
//! 3. Only code with interrupts masked writes; only the reader moves `read_offset`.
//!
//! Source of the layout: the published description of SEGGER's RTT control block.
#![expect(
    unsafe_code,
    reason = "shares memory with a reader outside of the program"
)]

use core::cell::UnsafeCell;
use core::ptr::NonNull;
use ramscope_wire::{HEADER_WORDS, Payload, WordSink, header};

/// Words in the telemetry ring. A power of two.
pub const RING_WORDS: usize = 2048;
const _: () = assert!(RING_WORDS.is_power_of_two());

/// One RTT channel: a ring and its offsets, in bytes.
#[repr(C)]
pub struct Channel {
    name: *const u8,
    buffer: *mut u8,
    size: u32,
    write_offset: u32,
    read_offset: u32,
    flags: u32,
}

const NO_CHANNEL: Channel = Channel {
    name: core::ptr::null(),
    buffer: core::ptr::null_mut(),
    size: 0,
    write_offset: 0,
    read_offset: 0,
    flags: 0,
};

/// The control block that a reader looks for. Channel 0 is the console, channel 1 the telemetry.
#[repr(C)]
pub struct ControlBlock {
    id: [u8; 16],
    up_channels: u32,
    down_channels: u32,
    up: [Channel; 2],
    down: [Channel; 1],
}

/// The memory that the telemetry needs: one per kernel instance, in a `static` on a chip.
#[repr(C)]
pub struct Memory {
    block: UnsafeCell<ControlBlock>,
    ring: UnsafeCell<[u32; RING_WORDS]>,
}

// SAFETY: invariant 3; the reader is outside of the program.
unsafe impl Sync for Memory {}

impl Memory {
    /// Memory that no reader takes for a control block yet.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            block: UnsafeCell::new(ControlBlock {
                id: [0; 16],
                up_channels: 0,
                down_channels: 0,
                up: [NO_CHANNEL; 2],
                down: [NO_CHANNEL; 1],
            }),
            ring: UnsafeCell::new([0; RING_WORDS]),
        }
    }
}

impl Default for Memory {
    fn default() -> Self {
        Self::new()
    }
}

/// The writing end of the ring.
pub(crate) struct Ring {
    memory: Option<NonNull<Memory>>,
    /// The position of the next word.
    write: u32,
    seq: u16,
    last_stamp: u32,
    pub(crate) dropped: u32,
}

impl Ring {
    pub(crate) const fn absent() -> Self {
        Self {
            memory: None,
            write: 0,
            seq: 0,
            last_stamp: 0,
            dropped: 0,
        }
    }

    /// Makes `memory` a ring that readers find.
    pub(crate) fn open(memory: &'static Memory, stamp: u32) -> Self {
        let block = memory.block.get();
        // SAFETY: nothing else writes the block before the id is complete.
        unsafe {
            (*block).up_channels = 2;
            (*block).down_channels = 1;
            (*block).up[0].name = c"console".as_ptr().cast();
            (*block).up[1] = Channel {
                name: c"telemetry".as_ptr().cast(),
                buffer: memory.ring.get().cast(),
                size: (RING_WORDS * 4) as u32,
                ..NO_CHANNEL
            };
        }
        // The id is written last and back to front, so that no reader finds half a block.
        for (index, byte) in b"SEGGER RTT\0\0\0\0\0\0".iter().enumerate().rev() {
            // SAFETY: as above; volatile so that the order is kept.
            unsafe { (&raw mut (*block).id[index]).write_volatile(*byte) };
        }
        Self {
            memory: Some(NonNull::from(memory)),
            write: 0,
            seq: 0,
            last_stamp: stamp,
            dropped: 0,
        }
    }

    /// Writes a record, or drops it whole. Answers the ticks since the last record written.
    ///
    /// # Context
    /// Interrupts masked.
    #[inline]
    pub(crate) fn push(&mut self, record: &impl Payload, stamp: u32) -> Option<u32> {
        let memory = self.memory?;
        let seq = self.seq;
        self.seq = seq.wrapping_add(1);
        let payload_words = record.payload_words();
        // SAFETY: the memory is static.
        let block = unsafe { memory.as_ref() }.block.get();
        // SAFETY: the reader may move the offset at any time: volatile.
        let read = unsafe { (&raw const (*block).up[1].read_offset).read_volatile() } / 4;
        let used = self.write.wrapping_sub(read) & (RING_WORDS as u32 - 1);
        if used as usize + HEADER_WORDS + payload_words >= RING_WORDS {
            self.dropped = self.dropped.wrapping_add(1);
            return None;
        }
        let dt = stamp.wrapping_sub(self.last_stamp);
        self.last_stamp = stamp;
        // SAFETY: as above.
        let ring = unsafe { memory.as_ref() }.ring.get().cast();
        let mut cursor = Cursor {
            ring,
            at: self.write,
        };
        cursor.push(header(record.kind(), payload_words, seq));
        cursor.push(dt);
        record.write_payload(&mut cursor);
        self.write = cursor.at;
        // SAFETY: invariant 1: the record is complete.
        unsafe { (&raw mut (*block).up[1].write_offset).write_volatile(self.write * 4) };
        Some(dt)
    }
}

struct Cursor {
    ring: *mut u32,
    at: u32,
}

impl WordSink for Cursor {
    #[inline(always)]
    fn push(&mut self, word: u32) {
        // SAFETY: `at` is always below RING_WORDS, and `Ring::push` made sure that there is room.
        unsafe { self.ring.add(self.at as usize).write_volatile(word) };
        self.at = (self.at + 1) & (RING_WORDS as u32 - 1);
    }
}
