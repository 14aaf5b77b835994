//! When the bytes of a log were sent, as far as the telemetry among them tells.

use ramscope_time::{Instant, Span};
use ramscope_wire::{FramedDecoder, FramedItem, Hello, Item, Record, Timeline};

/// Instants by offset.
#[derive(Clone, Debug, Default)]
pub(super) struct Instants {
    /// Where each stretch of one instant ends, in order.
    pieces: Vec<(usize, Instant)>,
    /// Records that arrived whole.
    pub(super) records: u64,
    /// Whether the log ends before a frame does.
    pub(super) ends_in_frame: bool,
}

/// Device time so far.
#[derive(Clone, Copy, Debug, Default)]
struct Clock {
    timeline: Timeline,
    boot: Instant,
    now: Instant,
    /// Number and time of the last hello, to know another boot by.
    last_hello: Option<(u32, u64)>,
}

impl Instants {
    /// Reads the frames of a log.
    pub(super) fn of(log: &[u8]) -> Self {
        let mut decoder = FramedDecoder::new();
        let mut clock = Clock::default();
        let mut instants = Self::default();
        for (offset, byte) in log.iter().enumerate() {
            decoder.feed(std::slice::from_ref(byte));
            let before = clock.now;
            instants.take(&mut decoder, &mut clock);
            if clock.now > before {
                // The frame that told the time ends here; what came before is older.
                let text_end = instants.frame_start(log, offset);
                instants.end_piece(text_end, before);
                instants.end_piece(offset + 1, clock.now);
            }
        }
        let last_zero = log.iter().rposition(|&byte| byte == 0);
        instants.ends_in_frame = last_zero.is_some_and(|at| log.get(at + 1) == Some(&MARKER));
        instants.end_piece(log.len(), clock.now);
        instants
    }

    fn take(&mut self, decoder: &mut FramedDecoder, clock: &mut Clock) {
        while let Some(item) = decoder.next() {
            match item {
                FramedItem::Text(_) => {}
                FramedItem::FramesLost { .. } => clock.timeline.note_damage(),
                FramedItem::Item(item) => {
                    self.records += u64::from(matches!(item, Item::Record { .. }));
                    clock.advance(&item);
                }
            }
        }
    }

    /// Where the frame begins that ends at an offset, not before the last piece.
    fn frame_start(&self, log: &[u8], end: usize) -> usize {
        let from = self.pieces.last().map_or(0, |piece| piece.0);
        let inside = log.get(from..end).unwrap_or_default();
        inside.iter().rposition(|&byte| byte == 0).map_or(from, |at| from + at)
    }

    fn end_piece(&mut self, end: usize, instant: Instant) {
        let start = self.pieces.last().map_or(0, |piece| piece.0);
        if end > start {
            self.pieces.push((end, instant));
        }
    }

    /// The instant of what comes at an offset: that of the byte before it.
    pub(super) fn at(&self, offset: usize) -> Instant {
        let index = self.pieces.partition_point(|&(end, _)| end < offset);
        let piece = self.pieces.get(index).or(self.pieces.last());
        piece.map_or(Instant::ZERO, |&(_, instant)| instant)
    }

    /// The stretches of one instant within a range: where each ends.
    pub(super) fn pieces_in(
        &self,
        range: &std::ops::Range<usize>,
    ) -> impl Iterator<Item = (usize, Instant)> {
        let first = self.pieces.partition_point(|&(end, _)| end <= range.start);
        let (start, end) = (range.start, range.end);
        let mut done = start;
        self.pieces[first..].iter().map_while(move |&(piece_end, instant)| {
            if done >= end {
                return None;
            }
            done = piece_end.min(end);
            Some((done, instant))
        })
    }
}

/// The byte after the zero that begins a frame.
const MARKER: u8 = 0xff;

impl Clock {
    fn advance(&mut self, item: &Item<'_>) {
        if let Item::Record { record: Record::Hello(hello), .. } = item {
            self.hear(hello);
        }
        let ticks = self.timeline.advance(item);
        if let Some(hz) = self.timeline.hz().filter(|_| self.timeline.is_exact()) {
            self.now = self.now.max(self.boot + Span::from_ticks(ticks, hz.max(1)));
        }
    }

    /// Another boot begins where the last one was heard of last.
    fn hear(&mut self, hello: &Hello<'_>) {
        let is_another =
            self.last_hello.is_some_and(|(boot, ticks)| boot != hello.boot || ticks > hello.ticks);
        if is_another {
            self.timeline = Timeline::new();
            self.boot = self.now;
        }
        self.last_hello = Some((hello.boot, hello.ticks));
    }
}
