//! From the chunks of a capture to a device, a console and the course of the scenario.
//!
//! The same [`Feed`] serves a screen that watches a run and a verdict that judges a recording: it is
//! given chunks as they come, in any pieces, and never fails. It has two difficulties to deal with.
//!
//! *Time.* Records carry ticks since boot, everything else device instants since power-on. The
//! first boot begins at power-on; a later one begins where an observer saw the reset, or else at
//! the instant that fits the first hello. No record is later than the chunk that brought it, and
//! none is earlier than the one before.
//!
//! *Trust.* What the decoders could not read is counted as lost or damaged; a hello of another
//! version ends the reading of its stream.
//!
//! Invariants:
//! 1. The same chunks give the same result, however their bytes are cut into pieces, except that
//!    an instant of a record is bounded by the chunk that completed it.
//! 2. No input panics, and memory is bounded as that of its parts is.

use ramscope_capture::{
    Capture, Event, HowEnded, ObserverEvent, StepEvent, Stimulus, Stream, Timed,
};
use ramscope_scenario::glob_matches;
use ramscope_time::{Instant, Span};
use ramscope_wire::{
    Alloc, AllocationFailed, Command, CpuSample, Fault, FramedDecoder, FramedItem, HEADER_WORDS,
    Header, HeapArea, HeapMark, HeapRefusal, Hello, Item, LockEvent, Object as ObjectRecord,
    Overflow, OwnerSample, Panic, Program, RawDecoder, Record, Region, Site, SiteId, StackSample,
    Suspension, Switch, Timeline, UnitEnd, UnitId, UnitNew, UnitState, WindowId,
};

use crate::console::Console;
use crate::device::{Certainty, Device, PeakChain, UnitKey, Unmodelled, UnseenOverflow, owner_of};
use crate::finding::Finding;

/// Takes what a run produces and keeps what it means.
#[derive(Clone, Debug, Default)]
pub struct Feed {
    device: Device,
    console: Console,
    course: Course,
    ring: RawDecoder,
    ring_clock: Clock,
    uart: FramedDecoder,
    uart_clock: Clock,
    records: u64,
    counted: Option<Counted>,
}

/// How the scenario went.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Course {
    /// What happened to its steps, in order.
    pub steps: Vec<StepEvent>,
    /// What was done to the device, in order; the first ones only, if there are very many.
    pub stimuli: Vec<Timed<Stimulus>>,
    /// The windows that the device was told to open, in order.
    pub windows: Vec<AskedWindow>,
    /// How the run ended; `None` while it runs, or if the capture was cut.
    pub ended: Option<HowEnded>,
    /// The instant of the last chunk.
    pub last_at: Instant,
    /// Lines of the event streams that this version cannot read.
    pub unreadable: u64,
}

/// A window that the device was told to open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AskedWindow {
    /// When it was told.
    pub at: Instant,
    /// Its number.
    pub id: WindowId,
    /// How many entries of [`Course::steps`] were there by then.
    pub steps_before: usize,
}

/// Records that somebody waits for.
#[derive(Clone, Debug)]
struct Counted {
    kind: String,
    name: Option<String>,
    count: u64,
}

impl Counted {
    fn take(&mut self, item: &Item<'_>, device: &Device) {
        let Item::Record { record, .. } = item else { return };
        let fits = |pattern: &String| {
            subject_of(record, device).is_some_and(|name| glob_matches(pattern, &name))
        };
        if record.kind_name() == self.kind && self.name.as_ref().is_none_or(fits) {
            self.count += 1;
        }
    }
}

/// The name of what a record is about, if it is about something that has one.
fn subject_of(record: &Record<'_>, device: &Device) -> Option<String> {
    let object = |id| device.object(id).map(|object| object.name.clone());
    let unit = |id| Some(device.name_of(id));
    match *record {
        Record::Hello(Hello { name, .. })
        | Record::Region(Region { name, .. })
        | Record::Object(ObjectRecord { name, .. })
        | Record::HeapArea(HeapArea { name, .. })
        | Record::HeapMark(HeapMark { name, .. })
        | Record::Program(Program { name, .. }) => Some(name.to_owned()),
        Record::Site(Site { file, .. }) => Some(file.to_owned()),
        Record::UnitNew(UnitNew { unit: id, .. })
        | Record::UnitState(UnitState { unit: id, .. })
        | Record::Suspension(Suspension { unit: id, .. })
        | Record::UnitEnd(UnitEnd { unit: id, .. })
        | Record::Switch(Switch { to: id, .. })
        | Record::StackSample(StackSample { unit: id, .. })
        | Record::OwnerSample(OwnerSample { unit: id, .. })
        | Record::CpuSample(CpuSample { unit: id, .. })
        | Record::Panic(Panic { unit: id, .. })
        | Record::Overflow(Overflow { unit: id, .. })
        | Record::Fault(Fault { unit: id, .. })
        | Record::AllocationFailed(AllocationFailed { unit: id, .. })
        | Record::HeapRefusal(HeapRefusal { unit: id, .. })
        | Record::Alloc(Alloc { owner: id, .. }) => unit(id),
        Record::LockEvent(LockEvent { lock, .. }) => object(lock),
        _ => None,
    }
}

/// Turns a stream's ticks into instants.
#[derive(Clone, Copy, Debug, Default)]
struct Clock {
    timeline: Timeline,
    /// The instant of tick zero.
    boot: Instant,
    last: Instant,
    /// Whether a hello of a version that we do not know has ended the reading.
    refused: bool,
    /// Whether sequence numbers went back, and no hello has said yet whether that is another boot.
    rejoined: bool,
}

impl Feed {
    /// A feed that has seen nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The feed of a whole capture.
    #[must_use]
    pub fn of(capture: &Capture) -> Self {
        let mut feed = Self::new();
        for chunk in &capture.device {
            feed.push(chunk.stream, chunk.instant, &chunk.bytes);
        }
        feed.finish();
        feed
    }

    /// Takes bytes of a stream. Chunks come in the order in which they were recorded; an
    /// event may come in pieces only if a chunk ends with a line.
    pub fn push(&mut self, stream: Stream, at: Instant, bytes: &[u8]) {
        self.course.last_at = self.course.last_at.max(at);
        match stream {
            Stream::Ring => self.push_ring(at, bytes),
            Stream::Uart0 => self.push_uart(at, bytes),
            Stream::Observer => self.push_observer(at, bytes),
            Stream::Steps => self.push_steps(bytes),
            Stream::End => self.push_end(bytes),
            Stream::Stimulus => self.push_stimuli(at, bytes),
            Stream::Other(_) => {}
        }
        self.device.advance(at);
    }

    /// Says that nothing more comes, so that bytes held back are decided.
    pub fn finish(&mut self) {
        let at = self.course.last_at;
        self.ring.finish();
        self.read_ring(at);
        self.uart.finish();
        self.read_uart(at);
        for clock in [&mut self.ring_clock, &mut self.uart_clock] {
            clock.tell_rejoining(&mut self.device, at);
        }
        self.device.settle_traced();
    }

    /// The addresses of instructions that its findings need names for.
    #[must_use]
    pub fn code_addresses(&self) -> Vec<u32> {
        let findings = self.device.findings().iter();
        let deepest = self.device.deepest_calls().iter().flat_map(|calls| &calls.frames);
        let calls = self.device.calls().iter();
        let held = self.device.held_chains().iter().flat_map(|chain| &chain.callers);
        let peak = self.device.peak_chains().iter().flat_map(|chain| &chain.callers);
        findings
            .flat_map(Finding::code_addresses)
            .chain(calls.flat_map(|calls| [&[calls.pc], calls.callers.as_slice()].concat()))
            .chain(deepest.map(|frame| frame.pc))
            .chain(held.chain(peak).copied())
            .collect()
    }

    /// The device as far as it is known.
    #[must_use]
    pub const fn device(&self) -> &Device {
        &self.device
    }

    /// What it printed.
    #[must_use]
    pub const fn console(&self) -> &Console {
        &self.console
    }

    /// Telemetry records that arrived whole, of known kinds and others.
    #[must_use]
    pub const fn records(&self) -> u64 {
        self.records
    }

    /// Counts records of a kind from now on, by its [`Record::kind_name`]; only those about something
    /// whose name matches, if a pattern is given.
    pub(crate) fn count_records(&mut self, kind: &str, name: Option<&str>) {
        self.counted =
            Some(Counted { kind: kind.to_owned(), name: name.map(str::to_owned), count: 0 });
    }

    /// How many were counted.
    pub(crate) fn records_counted(&self) -> u64 {
        self.counted.as_ref().map_or(0, |counted| counted.count)
    }

    /// How the scenario goes.
    #[must_use]
    pub const fn course(&self) -> &Course {
        &self.course
    }

    fn push_ring(&mut self, at: Instant, bytes: &[u8]) {
        self.ring.feed(bytes);
        self.read_ring(at);
    }

    fn read_ring(&mut self, at: Instant) {
        while let Some(item) = self.ring.next() {
            self.records += u64::from(is_record(&item));
            take_item(&mut self.device, &mut self.ring_clock, at, &item);
            if let Some(counted) = &mut self.counted {
                counted.take(&item, &self.device);
            }
        }
    }

    /// The ring begins anew with the device: what is incomplete will never be completed, and
    /// sequence numbers begin at any number.
    fn restart_ring(&mut self, at: Instant) {
        self.ring.finish();
        self.read_ring(at);
        self.ring = RawDecoder::new();
        self.ring_clock.rejoined = false;
    }

    fn push_uart(&mut self, at: Instant, bytes: &[u8]) {
        self.uart.feed(bytes);
        self.read_uart(at);
    }

    fn read_uart(&mut self, at: Instant) {
        while let Some(item) = self.uart.next() {
            match item {
                FramedItem::Text(text) => self.console.push(at, text),
                FramedItem::FramesLost { .. } => self.uart_clock.timeline.note_damage(),
                FramedItem::Item(item) => {
                    self.records += u64::from(is_record(&item));
                    take_item(&mut self.device, &mut self.uart_clock, at, &item);
                    if let Some(counted) = &mut self.counted {
                        counted.take(&item, &self.device);
                    }
                }
            }
        }
    }

    fn push_observer(&mut self, at: Instant, bytes: &[u8]) {
        for event in ObserverEvent::decode(bytes) {
            match event {
                Ok(event) => self.observe(at, event),
                Err(_) => self.course.unreadable += 1,
            }
        }
    }

    fn observe(&mut self, at: Instant, event: ObserverEvent) {
        match event {
            ObserverEvent::OverflowUnseen { unit, pc, limit, address, instant, .. } => {
                let overflow = UnseenOverflow { unit, pc, limit, address };
                self.device.unseen_overflow(instant.min(at), overflow);
            }
            ObserverEvent::Switches { from, gaps, units } => {
                self.device.observe_switches(from.min(at), &gaps, &units);
            }
            ObserverEvent::Deepest { unit, sp, pc, callers, sps } => {
                self.device.observe_deepest(unit, (pc, sp), (&callers, &sps));
            }
            ObserverEvent::Held { unit, site, callers, owner, blocks } => {
                self.device.observe_held((unit, site), callers, owner, &blocks);
            }
            ObserverEvent::HeldAtPeak { at: peak, unit, site, callers, owner, bytes, blocks } => {
                self.device.observe_peak(PeakChain {
                    at: peak,
                    unit: UnitKey { boot: self.device.boot().index, id: UnitId(unit) },
                    owner: owner.map(owner_of),
                    site: SiteId(site),
                    callers,
                    certainty: Certainty::Exact,
                    bytes,
                    blocks,
                });
            }
            ObserverEvent::Calls { unit, pc, callers } => {
                self.device.observe_calls(unit, pc, callers);
            }
            ObserverEvent::Unmodelled { address, pc } => {
                self.device.unmodelled_access(Unmodelled { address, pc });
            }
            ObserverEvent::Reset { reason } => {
                self.restart_ring(at);
                self.device.reset(at, &reason);
                self.ring_clock.reboot(at);
                self.uart_clock.reboot(at);
            }
            // What the wires of a circuit do is no state of the device, nor is where it was steered.
            ObserverEvent::Levels { .. }
            | ObserverEvent::Screen { .. }
            | ObserverEvent::Steered { .. } => {}
            ObserverEvent::Note(note) => self.device.observer_note(note),
        }
    }

    fn push_steps(&mut self, bytes: &[u8]) {
        for event in StepEvent::decode(bytes) {
            match event {
                Ok(event) => self.course.steps.push(event),
                Err(_) => self.course.unreadable += 1,
            }
        }
    }

    fn push_stimuli(&mut self, at: Instant, bytes: &[u8]) {
        // What a later version does to a device changes nothing that is judged.
        for event in Stimulus::decode(bytes).flatten() {
            if let Stimulus::Command(words) = &event
                && let Some(id) = window_asked(words)
            {
                let steps_before = self.course.steps.len();
                self.course.windows.push(AskedWindow { at, id, steps_before });
            }
            if self.course.stimuli.len() < Device::LIST_MAX {
                self.course.stimuli.push(Timed { instant: at, event });
            }
        }
    }

    fn push_end(&mut self, bytes: &[u8]) {
        for event in HowEnded::decode(bytes) {
            match event {
                Ok(ended) => self.course.ended = Some(ended),
                Err(_) => self.course.unreadable += 1,
            }
        }
    }
}

/// The number of the window, if a command asks for one.
fn window_asked(words: &[u32]) -> Option<WindowId> {
    let (header, payload) = words.split_at_checked(HEADER_WORDS)?;
    let bytes: Vec<u8> = payload.iter().flat_map(|word| word.to_le_bytes()).collect();
    match Command::read(Header::from_word(*header.first()?).kind, &bytes)? {
        Command::OpenWindow(open) => Some(open.window),
        _ => None,
    }
}

/// Whether a decoder's item is a record, and not a note about one.
const fn is_record(item: &Item<'_>) -> bool {
    matches!(item, Item::Record { .. } | Item::Unknown { .. } | Item::OtherVersion { .. })
}

fn take_item(device: &mut Device, clock: &mut Clock, at: Instant, item: &Item<'_>) {
    if clock.refused {
        return;
    }
    if let Item::Record { record: Record::Hello(hello), .. } = item
        && device.is_another_boot(hello)
    {
        let since_boot = Span::from_ticks(hello.ticks, hello.timestamp_hz.max(1));
        clock.reboot((at - since_boot).max(clock.last));
    }
    let instant = clock.advance(at, item);
    match *item {
        Item::Record { ref record, .. } => device.apply(instant, record),
        Item::Unknown { .. } => {}
        Item::OtherVersion { version, .. } => {
            clock.refused = true;
            device.refuse_version(version);
        }
        Item::Lost { records } => device.lose_records(instant, records.into()),
        Item::Damaged { bytes } => device.damage(instant, bytes),
        Item::Rejoined => clock.rejoined = true,
    }
}

impl Clock {
    /// The instant of an item that came with a chunk of the instant `at`.
    fn advance(&mut self, at: Instant, item: &Item<'_>) -> Instant {
        let ticks = self.timeline.advance(item);
        let instant = match self.timeline.hz() {
            Some(hz) if self.timeline.is_exact() => self.boot + Span::from_ticks(ticks, hz.max(1)),
            _ => at,
        };
        self.last = instant.min(at).max(self.last);
        self.last
    }

    /// Sequence numbers went back within a boot: records are missing, nobody knows how many.
    fn tell_rejoining(&mut self, device: &mut Device, at: Instant) {
        if std::mem::take(&mut self.rejoined) {
            device.lose_records(at, 1);
        }
    }

    fn reboot(&mut self, at: Instant) {
        self.timeline = Timeline::new();
        self.boot = at;
    }
}
