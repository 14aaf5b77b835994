//! The telemetry ring: raw records in RAM behind a standard SEGGER RTT control block; and, the other
//! way, the ring of commands from the host.
//!
//! A reader (the built-in engine, a debug probe, QEMU's shared memory) finds the control block by
//! its id string or its symbol and reads while the device runs. The hot path is a handful of
//! stores: no checksum, no encoding, no loop but the one over the words of the record.
//!
//! Everything shared with the reader is an atomic that is only loaded and stored: RV32IMC has no
//! read-modify-write, and none is needed, because each word has one writer.
//!
//! Invariants:
//! 1. `write_offset` moves once per record, after its last word: a reader never sees half a record.
//! 2. A record for which there is no room is dropped whole and counted; its sequence number is used
//!    up, so the reader sees the gap too. The kernel never waits for the reader.
//! 3. Only who holds the kernel writes; only the reader moves `read_offset`. While the UART
//!    drain is the reader, the channel is empty for everybody else: its size is 0.
//! 4. Of the ring of commands the host moves `write_offset`, after the last word of a command, and
//!    the device `read_offset`. Nothing that the host writes there is trusted.
//!
//! Source of the layout: the published description of SEGGER's RTT control block.

mod protocol;

use core::sync::atomic::{AtomicPtr, AtomicU8, AtomicU32, Ordering, compiler_fence};
use protocol::Place;
use ramscope_wire::{COMMAND_WORDS_MAX, HEADER_WORDS, Header, Payload, WordSink, header};

/// Words in the telemetry ring. A power of two.
pub const RING_WORDS: usize = 2048;
const _: () = assert!(RING_WORDS.is_power_of_two());

const RING_BYTES: u32 = (RING_WORDS * 4) as u32;

/// Words in the ring of commands. A power of two, and room for the longest command.
const COMMAND_RING_WORDS: usize = 32;
const _: () = assert!(COMMAND_RING_WORDS.is_power_of_two());
const _: () = assert!(COMMAND_RING_WORDS > COMMAND_WORDS_MAX);

/// One RTT channel: a ring and its offsets, in bytes.
#[repr(C)]
struct Channel {
    name: AtomicPtr<u8>,
    buffer: AtomicPtr<u8>,
    size: AtomicU32,
    write_offset: AtomicU32,
    read_offset: AtomicU32,
    /// 0: a record without room is skipped.
    flags: AtomicU32,
}

impl Channel {
    const fn empty() -> Self {
        Self {
            name: AtomicPtr::new(core::ptr::null_mut()),
            buffer: AtomicPtr::new(core::ptr::null_mut()),
            size: AtomicU32::new(0),
            write_offset: AtomicU32::new(0),
            read_offset: AtomicU32::new(0),
            flags: AtomicU32::new(0),
        }
    }
}

/// The control block that a reader looks for. Up-channel 0 is the console, 1 the telemetry;
/// down-channel 1 takes commands.
#[repr(C)]
struct ControlBlock {
    id: [AtomicU8; 16],
    up_channels: AtomicU32,
    down_channels: AtomicU32,
    up: [Channel; 2],
    down: [Channel; 2],
}

/// The memory that the telemetry needs: one per kernel instance, in a `static` on a chip.
#[repr(C)]
pub struct Memory {
    block: ControlBlock,
    ring: [AtomicU32; RING_WORDS],
    commands: [AtomicU32; COMMAND_RING_WORDS],
}

impl Memory {
    /// Memory that no reader takes for a control block yet.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            block: ControlBlock {
                id: [const { AtomicU8::new(0) }; 16],
                up_channels: AtomicU32::new(0),
                down_channels: AtomicU32::new(0),
                up: [const { Channel::empty() }; 2],
                down: [const { Channel::empty() }; 2],
            },
            ring: [const { AtomicU32::new(0) }; RING_WORDS],
            commands: [const { AtomicU32::new(0) }; COMMAND_RING_WORDS],
        }
    }

    fn telemetry(&self) -> &Channel {
        &self.block.up[1]
    }

    fn command_channel(&self) -> &Channel {
        &self.block.down[1]
    }
}

impl Default for Memory {
    fn default() -> Self {
        Self::new()
    }
}

impl Place for Memory {
    const WORDS: u32 = RING_WORDS as u32;

    #[inline(always)]
    fn read(&self) -> u32 {
        self.telemetry().read_offset.load(Ordering::Relaxed) / 4
    }

    #[inline(always)]
    fn put(&self, at: u32, word: u32) {
        self.ring[at as usize & (RING_WORDS - 1)].store(word, Ordering::Relaxed);
    }

    #[inline(always)]
    fn publish(&self, write: u32) {
        // Invariant 1: the record is complete. One processor writes, and whoever reads its memory sees
        // its stores in their order, so the compiler's order is all that is needed.
        compiler_fence(Ordering::Release);
        self.telemetry().write_offset.store(write * 4, Ordering::Relaxed);
    }
}

/// The writing end of the ring.
pub(crate) struct Ring {
    memory: Option<&'static Memory>,
    /// The position of the next word.
    write: u32,
    seq: u16,
    last_stamp: u32,
    pub(crate) dropped: u32,
    /// The drain's reading position, while the drain is the reader.
    drained: Option<u32>,
    /// The position of the next word of a command.
    command: u32,
}

/// What [`Ring::take_command`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TakenWords {
    /// Nothing waits.
    Nothing,
    /// A record of so many words, header included.
    Whole(usize),
    /// Something that is no command; it was thrown away with all that followed it.
    Damaged,
}

impl Ring {
    pub(crate) const fn absent() -> Self {
        Self {
            memory: None,
            write: 0,
            seq: 0,
            last_stamp: 0,
            dropped: 0,
            drained: None,
            command: 0,
        }
    }

    /// Makes `memory` a ring that readers find.
    pub(crate) fn open(memory: &'static Memory, stamp: u32) -> Self {
        let block = &memory.block;
        block.up_channels.store(2, Ordering::Relaxed);
        block.down_channels.store(2, Ordering::Relaxed);
        block.up[0].name.store(c"console".as_ptr().cast_mut().cast(), Ordering::Relaxed);
        let channel = memory.telemetry();
        channel.name.store(c"telemetry".as_ptr().cast_mut().cast(), Ordering::Relaxed);
        let ring = memory.ring.as_ptr().cast_mut().cast();
        channel.buffer.store(ring, Ordering::Relaxed);
        channel.write_offset.store(0, Ordering::Relaxed);
        channel.read_offset.store(0, Ordering::Relaxed);
        channel.size.store(RING_BYTES, Ordering::Relaxed);
        let channel = memory.command_channel();
        channel.name.store(c"commands".as_ptr().cast_mut().cast(), Ordering::Relaxed);
        let ring = memory.commands.as_ptr().cast_mut().cast();
        channel.buffer.store(ring, Ordering::Relaxed);
        channel.write_offset.store(0, Ordering::Relaxed);
        channel.read_offset.store(0, Ordering::Relaxed);
        channel.size.store((COMMAND_RING_WORDS * 4) as u32, Ordering::Relaxed);
        // The id is written last and back to front, so that no reader finds half a block.
        for (place, byte) in block.id.iter().zip(b"SEGGER RTT\0\0\0\0\0\0").rev() {
            compiler_fence(Ordering::Release);
            place.store(*byte, Ordering::Relaxed);
        }
        Self { memory: Some(memory), last_stamp: stamp, ..Self::absent() }
    }

    /// Writes a record, or drops it whole; says whether it was written.
    ///
    /// # Context
    /// The kernel is held.
    #[inline]
    pub(crate) fn push(&mut self, record: &impl Payload, stamp: u32) -> bool {
        let Some(memory) = self.memory else {
            return false;
        };
        let seq = self.seq;
        self.seq = seq.wrapping_add(1);
        let payload_words = record.payload_words();
        let read = self.drained.unwrap_or_else(|| memory.read());
        let dt = stamp.wrapping_sub(self.last_stamp);
        let words = HEADER_WORDS + payload_words;
        let end = protocol::put(memory, (read, self.write), words, |cursor| {
            cursor.push(header(record.kind(), payload_words, seq));
            cursor.push(dt);
            record.write_payload(cursor);
        });
        let Some(end) = end else {
            self.dropped = self.dropped.wrapping_add(1);
            return false;
        };
        self.last_stamp = stamp;
        self.write = end;
        if self.drained.is_none() {
            memory.publish(end);
        }
        true
    }

    /// Words that may be written before records are dropped.
    pub(crate) fn room_words(&self) -> u32 {
        let Some(memory) = self.memory else { return 0 };
        let read = self.drained.unwrap_or_else(|| memory.read());
        // One word stays free, so that a full ring is not an empty one.
        RING_WORDS as u32 - 1 - (self.write.wrapping_sub(read) & (RING_WORDS as u32 - 1))
    }

    /// Makes the UART drain the reader, or gives the ring back to readers of the memory. Records
    /// that nobody has read by then are lost; the gap in the sequence numbers shows it.
    ///
    /// # Context
    /// The kernel is held.
    pub(crate) fn drain_here(&mut self, on: bool) {
        let Some(memory) = self.memory else { return };
        let channel = memory.telemetry();
        // A reader that looks meanwhile finds an empty channel.
        channel.size.store(0, Ordering::Relaxed);
        compiler_fence(Ordering::Release);
        channel.read_offset.store(self.write * 4, Ordering::Relaxed);
        channel.write_offset.store(self.write * 4, Ordering::Relaxed);
        compiler_fence(Ordering::Release);
        channel.size.store(if on { 0 } else { RING_BYTES }, Ordering::Relaxed);
        self.drained = on.then_some(self.write);
    }

    /// Takes the oldest record, header and all, while the drain is the reader. Answers its words;
    /// `None` if there is none, or none that fits.
    ///
    /// # Context
    /// The kernel is held.
    pub(crate) fn take(&mut self, into: &mut [u32]) -> Option<usize> {
        let at = self.drained.filter(|at| *at != self.write)?;
        let ring = &self.memory?.ring;
        let word =
            |index: usize| ring[(at as usize + index) & (RING_WORDS - 1)].load(Ordering::Relaxed);
        let words = HEADER_WORDS + Header::from_word(word(0)).payload_words;
        for (index, place) in into.get_mut(..words)?.iter_mut().enumerate() {
            *place = word(index);
        }
        self.drained = Some((at + words as u32) & (RING_WORDS as u32 - 1));
        Some(words)
    }
}

/// The other way: commands from the host.
impl Ring {
    /// Whether the host has written something.
    #[inline(always)]
    pub(crate) fn has_commands(&self) -> bool {
        self.memory.is_some_and(|memory| {
            memory.command_channel().write_offset.load(Ordering::Relaxed) != self.command * 4
        })
    }

    /// Takes the oldest command, header and all.
    ///
    /// # Context
    /// The kernel is held.
    pub(crate) fn take_command(&mut self, into: &mut [u32; COMMAND_WORDS_MAX]) -> TakenWords {
        let Some(memory) = self.memory else { return TakenWords::Nothing };
        let channel = memory.command_channel();
        let offset = channel.write_offset.load(Ordering::Relaxed);
        compiler_fence(Ordering::Acquire);
        let end = (offset / 4) & (COMMAND_RING_WORDS as u32 - 1);
        let there = (end.wrapping_sub(self.command) & (COMMAND_RING_WORDS as u32 - 1)) as usize;
        if offset == self.command * 4 {
            return TakenWords::Nothing;
        }
        let word = |index: usize| {
            let at = (self.command as usize + index) & (COMMAND_RING_WORDS - 1);
            memory.commands[at].load(Ordering::Relaxed)
        };
        let words = HEADER_WORDS + Header::from_word(word(0)).payload_words;
        let taken = match into.get_mut(..words) {
            Some(into) if words <= there => {
                into.iter_mut().enumerate().for_each(|(index, place)| *place = word(index));
                self.command = (self.command + words as u32) & (COMMAND_RING_WORDS as u32 - 1);
                TakenWords::Whole(words)
            }
            _ => {
                self.command = end;
                // An offset that no host may write must not come up again.
                channel.write_offset.store(end * 4, Ordering::Relaxed);
                TakenWords::Damaged
            }
        };
        channel.read_offset.store(self.command * 4, Ordering::Relaxed);
        taken
    }
}
