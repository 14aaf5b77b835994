//! A device with the real image: typed to, run, and listened to.

use ramscope_backend::{End, EngineOptions, EngineSession, NeverPause, Session};
use ramscope_capture::Stream;
use ramscope_cli::image;
use ramscope_cli::workspace::Workspace;
use ramscope_engine::Image;
use ramscope_time::{Instant, Span};
use ramscope_wire::{
    FailAllocation, FramedDecoder, FramedItem, Item, RawDecoder, Record, Stamp, StreamSplitter,
    WordSink, write_record,
};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// How long the device runs between two looks at its text.
const STRIDE: Span = Span::from_millis(20);

/// The workspace that these tests belong to.
pub(crate) fn workspace() -> Workspace {
    Workspace::containing(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap()
}

/// The image, built once.
pub(crate) fn image() -> &'static Image {
    static IMAGE: OnceLock<Image> = OnceLock::new();
    IMAGE.get_or_init(|| {
        let elf: PathBuf =
            image::build(&workspace(), image::Board::Esp32c3, &mut |_| {}).unwrap().elf;
        Image::from_elf(&std::fs::read(elf).unwrap()).unwrap()
    })
}

/// The image of the other machine, built once.
pub(crate) fn virt_image() -> &'static Image {
    static IMAGE: OnceLock<Image> = OnceLock::new();
    IMAGE.get_or_init(|| {
        let built = image::build(&workspace(), image::Board::Virt, &mut |_| {}).unwrap();
        Image::from_elf(&std::fs::read(built.elf).unwrap()).unwrap()
    })
}

/// A machine that runs, and what came out of it.
pub(crate) struct Device {
    session: EngineSession,
    uart: Vec<u8>,
    ring: Vec<u8>,
    typed_at: usize,
}

/// What UART0 sent.
pub(crate) struct Split {
    /// The text between the frames.
    pub(crate) text: String,
    /// Records in frames.
    pub(crate) records: u64,
    /// Records that their numbers miss.
    pub(crate) lost: u64,
    /// Records that the device says it dropped.
    pub(crate) dropped: u32,
}

impl Device {
    /// A device that says that it is ready.
    pub(crate) fn ready() -> Self {
        let options = EngineOptions { exact_stacks: false, ..EngineOptions::default() };
        let session = EngineSession::new(image(), &options);
        let mut device = Self { session, uart: Vec::new(), ring: Vec::new(), typed_at: 0 };
        device.wait_for("ready\n", Span::from_seconds(1));
        device
    }

    /// Types a line.
    pub(crate) fn type_line(&mut self, line: &str) {
        self.type_bytes(&format!("{line}\n"));
    }

    /// Types what need not be a whole line.
    pub(crate) fn type_bytes(&mut self, text: &str) {
        self.typed_at = self.uart.len();
        self.session.send_serial(text.as_bytes()).unwrap();
    }

    /// Runs until `text` came after the last line that was typed, and a moment longer, so that what
    /// belongs to it is there too.
    pub(crate) fn wait_for(&mut self, text: &str, at_most: Span) {
        let limit = self.session.now() + at_most;
        while !String::from_utf8_lossy(&self.uart[self.typed_at..]).contains(text) {
            assert!(self.session.now() < limit, "no `{text}` in:\n{}", self.text());
            self.run_for(STRIDE);
        }
        self.run_for(STRIDE);
    }

    /// Types a line and waits for a text.
    pub(crate) fn ask(&mut self, line: &str, until: &str) {
        self.type_line(line);
        self.wait_for(until, Span::from_seconds(100));
    }

    /// Asks that the `nth` allocation of a unit of this name fail; 0 takes it back.
    pub(crate) fn fail_allocation(&mut self, nth: u32, unit: &str) {
        struct Words(Vec<u32>);
        impl WordSink for Words {
            fn push(&mut self, word: u32) {
                self.0.push(word);
            }
        }
        let mut words = Words(Vec::new());
        let command = FailAllocation { nth, bytes_min: 0, unit };
        write_record(&command, 0, 0, &mut words);
        self.session.command(&words.0).unwrap();
    }

    pub(crate) fn run_for(&mut self, span: Span) {
        let until = self.session.now() + span;
        let progress = self.session.advance(until, &mut NeverPause).unwrap();
        // With the trace off nothing is armed while everybody waits for input.
        assert!(matches!(progress.end, End::Reached | End::Stuck), "{:?}", progress.end);
        for output in progress.output {
            match output.stream {
                Stream::Uart0 => self.uart.extend(output.bytes),
                Stream::Ring => self.ring.extend(output.bytes),
                _ => {}
            }
        }
    }

    pub(crate) fn now(&self) -> Instant {
        self.session.now()
    }

    /// What stands on UART0: text, and frames, none of which may be damaged or missing.
    pub(crate) fn split(&self) -> Split {
        let mut decoder = FramedDecoder::new();
        // Not finished: the last frame may still be on its way.
        decoder.feed(&self.uart);
        let (mut text, mut dropped) = (Vec::new(), 0);
        while let Some(item) = decoder.next() {
            match item {
                FramedItem::Text(bytes) => text.extend_from_slice(bytes),
                FramedItem::Item(Item::Record { record: Record::Losses(losses), .. }) => {
                    dropped = losses.dropped;
                }
                FramedItem::Item(Item::Record { .. } | Item::Lost { .. }) => {}
                other => panic!("{other:?}"),
            }
        }
        let counts = decoder.split_counts();
        assert_eq!((counts.frames_lost, counts.false_starts), (0, 0));
        Split {
            text: String::from_utf8(text).expect("frames are split out"),
            records: decoder.counts().records,
            lost: decoder.counts().lost,
            dropped,
        }
    }

    /// All text, frames split out.
    pub(crate) fn text(&self) -> String {
        self.split().text
    }

    /// Frames that were sent and frames that their numbers miss.
    pub(crate) fn frame_counts(&self) -> (u64, u64) {
        let mut splitter = StreamSplitter::new();
        splitter.feed(&self.uart);
        while splitter.next().is_some() {}
        (splitter.counts().frames, splitter.counts().frames_lost)
    }

    /// Shows every record of the ring to `see`; none may be lost or damaged.
    pub(crate) fn each_record(&self, mut see: impl FnMut(Stamp, Record<'_>)) {
        let mut decoder = RawDecoder::new();
        decoder.feed(&self.ring);
        decoder.finish();
        while let Some(item) = decoder.next() {
            match item {
                Item::Record { stamp, record } => see(stamp, record),
                other => panic!("{other:?}"),
            }
        }
        assert!(decoder.counts().records > 10);
    }
}
