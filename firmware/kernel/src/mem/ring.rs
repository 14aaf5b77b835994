//! A ring of bytes: what one side puts in, the other takes out, in order and without copying the rest.
//!
//! The contract is that of MicroPython's `RingIO`: a ring is made for so many bytes, or over memory that the
//! caller has, and never grows. What does not fit is not taken, what is not there is not given, and both
//! sides are told how much it was. Over the caller's memory it needs no heap at all, so a handler may use it.
//!
//! It is a stream, too, for whoever runs futures: [`Ring::poll_read`] and [`Ring::poll_write`] keep the waker of
//! one reader and one writer, and the other side's next call wakes it. Any executor will do.
//!
//! Invariants:
//! 1. `from` is below the length of the memory and `any` at most that length: the bytes that are in it are
//!    the `any` from `from` on, and go on at the memory's start behind its end.
//! 2. A waker of a reader is kept only while the ring is empty, one of a writer only while it is full.

use super::Buffer;
use crate::error::Error;
use core::task::{Context, Poll, Waker};

/// The largest ring that is made for a number of bytes.
pub const RING_BYTES_MAX: usize = 65_534;
/// The largest memory of a caller that a ring takes: MicroPython's own is one byte larger than what it holds.
pub const RING_MEMORY_MAX: usize = 65_535;

/// A ring of bytes.
#[derive(Debug)]
pub struct Ring<'a> {
    memory: Memory<'a>,
    from: usize,
    any: usize,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

#[derive(Debug)]
enum Memory<'a> {
    Own(Buffer),
    Callers(&'a mut [u8]),
}

impl Memory<'_> {
    fn bytes(&mut self) -> &mut [u8] {
        match self {
            Self::Own(buffer) => buffer,
            Self::Callers(bytes) => bytes,
        }
    }
}

impl Ring<'static> {
    /// A ring that holds so many bytes.
    ///
    /// # Context
    /// Thread. Allocates.
    ///
    /// # Errors
    /// [`Error::Invalid`] for none, or more than [`RING_BYTES_MAX`]; as
    /// [`Buffer::with_capacity`].
    #[track_caller]
    pub fn with_capacity(bytes: usize) -> Result<Self, Error> {
        if !(1..=RING_BYTES_MAX).contains(&bytes) {
            return Err(Error::Invalid);
        }
        let mut buffer = Buffer::with_capacity(bytes)?;
        for _ in 0..bytes {
            buffer.push(0)?;
        }
        Ok(Self::of(Memory::Own(buffer)))
    }
}

impl<'a> Ring<'a> {
    /// A ring over memory of the caller's, all of which it uses.
    ///
    /// # Context
    /// Any.
    ///
    /// # Errors
    /// [`Error::Invalid`] for none, or more than [`RING_MEMORY_MAX`] bytes.
    pub fn over(memory: &'a mut [u8]) -> Result<Self, Error> {
        if !(1..=RING_MEMORY_MAX).contains(&memory.len()) {
            return Err(Error::Invalid);
        }
        Ok(Self::of(Memory::Callers(memory)))
    }

    const fn of(memory: Memory<'a>) -> Self {
        Self { memory, from: 0, any: 0, reader: None, writer: None }
    }

    /// How many bytes can be read.
    #[must_use]
    pub const fn any(&self) -> usize {
        self.any
    }

    /// How many bytes it holds at most.
    #[must_use]
    pub fn capacity(&self) -> usize {
        match &self.memory {
            Memory::Own(buffer) => buffer.len(),
            Memory::Callers(bytes) => bytes.len(),
        }
    }

    /// Puts bytes in as far as there is room; says how many that were.
    ///
    /// # Context
    /// Any. Copies each byte once.
    pub fn write(&mut self, bytes: &[u8]) -> usize {
        let (from, any) = (self.from, self.any);
        let memory = self.memory.bytes();
        let fits = bytes.len().min(memory.len() - any);
        let to = (from + any) % memory.len();
        let first = fits.min(memory.len() - to);
        memory[to..to + first].copy_from_slice(&bytes[..first]);
        memory[..fits - first].copy_from_slice(&bytes[first..fits]);
        self.any += fits;
        if fits > 0 {
            wake(&mut self.reader);
        }
        fits
    }

    /// Takes bytes out as far as there are any; says how many that were.
    ///
    /// # Context
    /// Any. Copies each byte once.
    pub fn read(&mut self, into: &mut [u8]) -> usize {
        let (from, any) = (self.from, self.any);
        let memory = self.memory.bytes();
        let count = into.len().min(any);
        let first = count.min(memory.len() - from);
        into[..first].copy_from_slice(&memory[from..from + first]);
        into[first..count].copy_from_slice(&memory[..count - first]);
        self.from = (from + count) % memory.len();
        self.any -= count;
        if count > 0 {
            wake(&mut self.writer);
        }
        count
    }

    /// Takes bytes out up to and with the first end of a line, or as far as there are any.
    ///
    /// # Context
    /// Any.
    pub fn read_line(&mut self, into: &mut [u8]) -> usize {
        let (from, any) = (self.from, self.any);
        let memory = self.memory.bytes();
        let line = (0..any).find(|at| memory[(from + at) % memory.len()] == b'\n');
        let wanted = line.map_or(into.len(), |at| into.len().min(at + 1));
        self.read(&mut into[..wanted])
    }

    /// As [`read`](Self::read), for a future: pending while there is nothing to read, and woken by the next
    /// [`write`](Self::write). One reader at a time: a later one takes an earlier one's place.
    ///
    /// # Context
    /// Any that the waker may be cloned in.
    pub fn poll_read(&mut self, context: &mut Context<'_>, into: &mut [u8]) -> Poll<usize> {
        if self.any == 0 && !into.is_empty() {
            keep(&mut self.reader, context);
            return Poll::Pending;
        }
        Poll::Ready(self.read(into))
    }

    /// As [`write`](Self::write), for a future: pending while there is no room at all, and woken by the next
    /// [`read`](Self::read). One writer at a time.
    ///
    /// # Context
    /// Any that the waker may be cloned in.
    pub fn poll_write(&mut self, context: &mut Context<'_>, bytes: &[u8]) -> Poll<usize> {
        if self.any == self.capacity() && !bytes.is_empty() {
            keep(&mut self.writer, context);
            return Poll::Pending;
        }
        Poll::Ready(self.write(bytes))
    }
}

/// Keeps the waker of who waits; the one that it has already is not cloned again.
fn keep(place: &mut Option<Waker>, context: &Context<'_>) {
    match place {
        Some(kept) => kept.clone_from(context.waker()),
        None => *place = Some(context.waker().clone()),
    }
}

fn wake(place: &mut Option<Waker>) {
    if let Some(waker) = place.take() {
        waker.wake();
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;
    use core::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::Arc;
    use std::task::Wake;

    #[test]
    fn m29_a_ring_gives_what_was_put_in_and_takes_no_more_than_fits() {
        let mut memory = [0; 16];
        let mut ring = Ring::over(&mut memory).unwrap();
        let mut into = [0; 32];
        assert_eq!((ring.any(), ring.read(&mut into), ring.capacity()), (0, 0, 16));
        assert_eq!(ring.write(b"\x00"), 1);
        assert_eq!((ring.any(), ring.read(&mut into[..1]), into[0]), (1, 1, 0));
        for round in 0..20_u8 {
            assert_eq!(ring.write(b"hello\nworld\n"), 12, "round {round}");
            assert_eq!(ring.write(b"overrun"), 4, "what does not fit is not taken");
            assert_eq!((ring.write(b"!"), ring.any()), (0, 16));
            assert_eq!((ring.read_line(&mut into), &into[..6]), (6, &b"hello\n"[..]));
            assert_eq!((ring.read(&mut into[..3]), &into[..3]), (3, &b"wor"[..]));
            assert_eq!((ring.read_line(&mut into), &into[..3]), (3, &b"ld\n"[..]));
            assert_eq!(
                (ring.read_line(&mut into), &into[..4]),
                (4, &b"over"[..]),
                "no end of line"
            );
            assert_eq!((ring.any(), ring.read_line(&mut into)), (0, 0));
        }
        assert!(matches!(Ring::over(&mut []), Err(Error::Invalid)));
        assert!(matches!(Ring::with_capacity(0), Err(Error::Invalid)));
    }

    struct Woken(AtomicUsize);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn m30_futures_read_and_write_a_ring_and_are_woken_by_the_other_side() {
        let (reads, writes) = [(); 2].map(|()| Arc::new(Woken(AtomicUsize::new(0)))).into();
        let (reader, writer) = (Waker::from(Arc::clone(&reads)), Waker::from(Arc::clone(&writes)));
        let (mut reader, mut writer) = (Context::from_waker(&reader), Context::from_waker(&writer));
        let woken = || (reads.0.load(Ordering::Relaxed), writes.0.load(Ordering::Relaxed));
        let (mut memory, mut into) = ([0; 4], [0; 8]);
        let mut ring = Ring::over(&mut memory).unwrap();

        assert_eq!(ring.poll_read(&mut reader, &mut into), Poll::Pending, "nothing is there");
        assert_eq!(ring.poll_read(&mut reader, &mut []), Poll::Ready(0), "nothing is wanted");
        assert_eq!((ring.write(b""), woken()), (0, (0, 0)), "nothing came");
        assert_eq!(ring.poll_write(&mut writer, b"hello"), Poll::Ready(4));
        assert_eq!(woken(), (1, 0), "the reader is told, once");
        assert_eq!(ring.poll_write(&mut writer, b"o"), Poll::Pending, "no room");
        assert_eq!(ring.poll_read(&mut reader, &mut into[..1]), Poll::Ready(1));
        assert_eq!((woken(), into[0]), ((1, 1), b'h'), "the writer is told");
        assert_eq!(ring.poll_write(&mut writer, b"o"), Poll::Ready(1));
        assert_eq!(ring.poll_read(&mut reader, &mut into), Poll::Ready(4));
        assert_eq!((woken(), &into[..4]), ((1, 1), &b"ello"[..]), "nobody waited meanwhile");
    }

    #[test]
    fn m31_the_largest_memory_is_taken_and_one_byte_more_is_not() {
        let mut memory = std::vec![0; RING_MEMORY_MAX + 1];
        assert!(matches!(Ring::over(&mut memory), Err(Error::Invalid)));
        let mut ring = Ring::over(&mut memory[..RING_MEMORY_MAX]).unwrap();
        assert_eq!(ring.write(&std::vec![7; 70_000]), RING_MEMORY_MAX);
        assert!(matches!(Ring::with_capacity(RING_BYTES_MAX + 1), Err(Error::Invalid)));
    }
}
