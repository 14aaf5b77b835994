//! The built-in machine as a session.
//!
//! The machine is exact to one instruction and knows nothing of telemetry or scenarios. This module
//! adds what a run needs: the telemetry ring is read, stacks are watched, and the device pauses right
//! after the byte that completes a match. The machine does not stop at serial bytes; so where a pause
//! is possible the session goes in strides, and when a stride went too far, it takes the copy of the
//! device from before the stride and runs it again up to that byte.
//!
//! Invariants:
//! 1. What the device does depends on the calls of [`Session::send_serial`] and the instants at
//!    which they are made, never on how a stretch of time was cut into calls of
//!    [`Session::advance`].
//! 2. All state that a stride changes is in [`Device`], so taking back a stride forgets nothing.

mod blocks;
mod calls;
mod commands;
pub(crate) mod debugged;
mod deepest;
mod owners;
mod pins;
mod points;
mod ring;
mod stacks;
mod steering;

use ramscope_capture::{Event, HowEnded, ObserverEvent, Stream};
use ramscope_engine::{Image, Machine, Options, Stop, UartByte};
use ramscope_scenario::{PinPlace, Schedule, Value};
use ramscope_time::{Instant, Span};

use self::blocks::{BlockWatch, WithBlocks};
use self::commands::CommandRing;
use self::debugged::Beside;
use self::pins::Surroundings;
use self::points::PointWatch;
pub use self::points::UnitPoints;
use self::ring::TelemetryRing;
use self::stacks::{StackWatch, WithCalls};
use self::steering::Steering;
use crate::circuit::{Circuit, Terminal};
use crate::gdb::units::Units;
use crate::picture::Picture;
use crate::session::{
    BackendError, Capabilities, Capability, End, Output, PauseAt, Progress, Session, TargetFacts,
};

/// Device time that a stride takes where a pause is possible: long enough that copying the device
/// does not show, short enough that running it again does not either.
pub(crate) const STRIDE: Span = Span::from_millis(10);

/// What the engine's times mean; every report says so.
const TIME_MODEL: &str = "one instruction = one CPU cycle, no cache, no wait states";

/// How to power a machine on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EngineOptions {
    /// The seed of everything random.
    pub seed: u64,
    /// Whether to watch each store for stacks that overflow unseen.
    pub exact_stacks: bool,
    /// What to follow besides, on stacks that are watched.
    pub follow: Follow,
}

/// What is followed beside the device: more costs more host time, and changes nothing else.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Follow {
    /// Nothing.
    #[default]
    Nothing,
    /// Who has called whom when each stack is deepest.
    Calls,
    /// That, and which calls led to each block of the heap.
    Blocks,
}

impl Default for EngineOptions {
    /// Seed 1, stacks watched, nothing followed.
    fn default() -> Self {
        Self { seed: 1, exact_stacks: true, follow: Follow::Nothing }
    }
}

/// A built-in machine that runs.
#[derive(Clone)]
pub struct EngineSession {
    device: Device,
    /// Where the image keeps its units.
    units: Units,
}

impl EngineSession {
    /// What it can do with firmware that has a telemetry ring and announces its stacks, in a circuit.
    pub const CAPABILITIES: Capabilities = Capabilities::of(&[
        Capability::Serial,
        Capability::DeviceClock,
        Capability::Pause,
        Capability::Ring,
        Capability::ExactStacks,
        Capability::Windows,
        Capability::Pins,
        Capability::Schedule,
        Capability::Clone,
        Capability::ReadMemory,
    ]);

    /// Powers a machine on.
    #[must_use]
    pub fn new(image: &Image, options: &EngineOptions) -> Self {
        let mut machine = Machine::new(image, &Options { seed: options.seed });
        let ring = TelemetryRing::of(image);
        machine.watch_word(ring.as_ref().map(TelemetryRing::write_offset_address));
        let commands = CommandRing::of(image);
        let stacks = options.exact_stacks.then(|| StackWatch::of(image, options.follow)).flatten();
        let follows_blocks = options.follow == Follow::Blocks;
        let blocks = follows_blocks.then(|| BlockWatch::of(image)).flatten();
        Self {
            units: Units::of(image),
            device: Device {
                resets_told: machine.resets().len(),
                machine,
                ring,
                commands,
                stacks,
                blocks,
                surroundings: None,
                steering: Steering::default(),
                points: None,
                at_records: AtRecords::GoOn,
                serial: Vec::new(),
                events: Vec::new(),
            },
        }
    }

    /// Puts parts around the machine, which has just been powered on.
    #[must_use]
    pub fn in_circuit(mut self, circuit: Circuit) -> Self {
        let surroundings = Surroundings::around(&mut self.device.machine, circuit);
        self.device.surroundings = Some(surroundings);
        self.device.update_pins();
        self
    }

    /// Ends slices as a schedule says from now on.
    #[must_use]
    pub fn along(mut self, schedule: &Schedule) -> Self {
        self.device.steering =
            Steering::along(schedule, &mut self.device.machine, self.units.clone());
        self
    }

    /// Who has called whom when each stack was deepest so far, if that is followed.
    #[must_use]
    pub fn deepest(&self) -> Vec<ObserverEvent> {
        self.device.stacks.as_ref().map_or_else(Vec::new, StackWatch::deepest)
    }

    /// Which calls held the heap when most of it was in use so far, if that is followed.
    #[must_use]
    pub fn held_at_peak(&self) -> Vec<ObserverEvent> {
        let blocks = self.device.blocks.iter();
        blocks.flat_map(|blocks| blocks.at_peak(&self.device.machine)).collect()
    }

    /// The machine, to look at.
    #[must_use]
    pub fn machine(&self) -> &Machine {
        &self.device.machine
    }

    /// One stride. Serial bytes left over by the last one come first.
    fn stride(&mut self, until: Instant, pause: &mut dyn PauseAt) -> Stride {
        let before = pause.may_pause().then(|| self.device.clone());
        let end = self.device.run(until);
        let bytes: Vec<u8> = self.device.serial.iter().map(|byte| byte.byte).collect();
        let (Some(taken), Some(before)) = (pause.feed(&bytes), before) else {
            return Stride { end, serial_taken: bytes.len() };
        };
        let paused_at = match taken {
            0 => before.machine.now(),
            n => self.device.serial[n - 1].at,
        };
        if paused_at < self.device.machine.now() {
            self.device = before;
            // Whatever ended the stride came after the match, or it ends the next one again.
            let _ = self.device.run(paused_at);
        }
        Stride { end: End::Paused, serial_taken: taken }
    }
}

/// How far a stride came.
struct Stride {
    end: End,
    /// How many of the device's serial bytes may be told; the others come after a pause.
    serial_taken: usize,
}

impl Session for EngineSession {
    fn capabilities(&self) -> Capabilities {
        let mut lacking = Vec::new();
        lacking.extend(self.device.ring.is_none().then_some(Capability::Ring));
        lacking.extend(self.device.commands.is_none().then_some(Capability::Windows));
        lacking.extend(self.device.commands.is_none().then_some(Capability::Schedule));
        lacking.extend(self.device.stacks.is_none().then_some(Capability::ExactStacks));
        lacking.extend(self.device.surroundings.is_none().then_some(Capability::Pins));
        Self::CAPABILITIES.without(&lacking)
    }

    fn facts(&self) -> TargetFacts {
        TargetFacts {
            name: format!("engine {}", self.device.machine.chip()),
            time_model: TIME_MODEL.to_owned(),
            clock_hz: Some(self.device.machine.cpu_hz()),
            instructions: Some(self.device.machine.instructions()),
        }
    }

    fn calls(&self) -> Vec<ObserverEvent> {
        calls::calls(&self.device.machine, &self.units)
    }

    fn held(&self) -> Vec<ObserverEvent> {
        let blocks = self.device.blocks.iter();
        blocks.flat_map(|blocks| blocks.held(&self.device.machine)).collect()
    }

    fn now(&self) -> Instant {
        self.device.machine.now()
    }

    fn advance(
        &mut self,
        until: Instant,
        pause: &mut dyn PauseAt,
    ) -> Result<Progress, BackendError> {
        let mut output = Vec::new();
        self.device.at_records = match pause.pauses_at_records() {
            true => AtRecords::Pause,
            false => AtRecords::GoOn,
        };
        loop {
            let stride_end = match pause.may_pause() {
                true => until.min(self.now() + STRIDE),
                false => until,
            };
            let Stride { end, serial_taken } = self.stride(stride_end, pause);
            self.device.tell(serial_taken, &mut output);
            let over = self.now() >= until || !matches!(end, End::Reached | End::Stuck);
            if over {
                return Ok(Progress { output, end });
            }
        }
    }

    fn send_serial(&mut self, bytes: &[u8]) -> Result<(), BackendError> {
        self.device.machine.receive_uart0(bytes);
        Ok(())
    }

    fn command(&mut self, words: &[u32]) -> Result<(), BackendError> {
        let Device { machine, commands, .. } = &mut self.device;
        let commands = commands.as_mut().ok_or(BackendError::NoCommands)?;
        commands.send(machine, words);
        Ok(())
    }

    fn hold_pin(&mut self, pin: &PinPlace, level: Option<bool>) -> Result<(), BackendError> {
        let Device { machine, surroundings, .. } = &mut self.device;
        let is_held = match (surroundings, pin) {
            (Some(surroundings), pin) => surroundings.hold(machine, pin, level),
            (None, PinPlace::Gpio(pin)) => pins::hold(machine, *pin, level),
            (None, PinPlace::Part { .. }) => false,
        };
        self.device.update_pins();
        is_held.then_some(()).ok_or_else(|| BackendError::NoPins { asked: pin.to_string() })
    }

    fn read_pin(&mut self, pin: &Terminal) -> Result<bool, BackendError> {
        let Device { machine, surroundings, .. } = &mut self.device;
        match surroundings {
            Some(surroundings) => Ok(surroundings.read(machine, pin)),
            None => Err(BackendError::NoPins { asked: pin.to_string() }),
        }
    }

    fn set_control(
        &mut self,
        part: &str,
        control: &str,
        value: &Value,
    ) -> Result<(), BackendError> {
        let surroundings = self.device.surroundings.as_mut();
        let moved = surroundings.is_some_and(|surroundings| surroundings.turn(part, value));
        self.device.update_pins();
        let asked = || format!("{control} of {part} as {value}");
        moved.then_some(()).ok_or_else(|| BackendError::NoPins { asked: asked() })
    }

    fn read_screen(&mut self, part: &str) -> Result<Picture, BackendError> {
        let surroundings = self.device.surroundings.as_ref();
        let picture = surroundings.and_then(|surroundings| surroundings.picture(part));
        picture.ok_or_else(|| BackendError::NoPins { asked: format!("the screen of {part}") })
    }

    fn screens(&self) -> Vec<String> {
        self.device.surroundings.as_ref().map(Surroundings::screens).unwrap_or_default()
    }

    fn finish(&mut self) -> Result<Progress, BackendError> {
        let mut output = Vec::new();
        let device = &mut self.device;
        for access in device.machine.unmodelled() {
            device.events.push((
                device.machine.now(),
                ObserverEvent::Unmodelled { address: access.address, pc: access.pc },
            ));
        }
        let now = device.machine.now();
        let deepest = device.stacks.iter().flat_map(StackWatch::deepest);
        device.events.extend(deepest.map(|chain| (now, chain)));
        let blocks = device.blocks.iter();
        let at_peak = blocks.flat_map(|blocks| blocks.at_peak(&device.machine));
        device.events.extend(at_peak.map(|held| (now, held)));
        device.tell(device.serial.len(), &mut output);
        Ok(Progress { output, end: End::Reached })
    }
}

/// What a device does after a record of telemetry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum AtRecords {
    GoOn,
    Pause,
}

/// The machine and everything that goes along with it.
#[derive(Clone)]
struct Device {
    machine: Machine,
    ring: Option<TelemetryRing>,
    commands: Option<CommandRing>,
    stacks: Option<StackWatch>,
    /// Which calls led to each block, if somebody wants to know.
    blocks: Option<BlockWatch>,
    /// What stands around the chip, if anything does.
    surroundings: Option<Surroundings>,
    /// Where slices are to end.
    steering: Steering,
    /// Where they could, if somebody wants to know.
    points: Option<PointWatch>,
    /// How many of the machine's resets have become events.
    resets_told: usize,
    /// What to do after a record of telemetry.
    at_records: AtRecords,
    /// Serial bytes that have not been told yet.
    serial: Vec<UartByte>,
    /// Events that have not been told yet.
    events: Vec<(Instant, ObserverEvent)>,
}

impl Device {
    /// Runs, serving the ring after each record.
    fn run(&mut self, until: Instant) -> End {
        loop {
            // A part with time may have something to say before.
            let now = self.machine.now();
            let due = self.surroundings.as_ref().and_then(|around| around.due(now));
            let until_here = due.map_or(until, |due| due.min(until));
            let stop = match (&mut self.stacks, &mut self.points) {
                (Some(stacks), Some(observer)) => {
                    self.machine.run_observed(until_here, &mut Beside { stacks, observer })
                }
                (Some(stacks), None) => match &mut self.blocks {
                    Some(blocks) => {
                        self.machine.run_observed(until_here, &mut WithBlocks { stacks, blocks })
                    }
                    None if stacks.follows_calls() => {
                        self.machine.run_observed(until_here, &mut WithCalls(stacks))
                    }
                    None => self.machine.run_observed(until_here, stacks),
                },
                (None, Some(points)) => self.machine.run_observed(until_here, points),
                (None, None) => self.machine.run(until_here),
            };
            // Firmware that waits for nothing but the part is not stuck.
            let in_time = matches!(stop, Stop::Reached | Stop::Deadlocked);
            if in_time && due.is_some_and(|due| due <= self.machine.now()) {
                self.update_pins();
                if self.machine.now() < until {
                    continue;
                }
            }
            if let Some(end) = self.after(stop) {
                return end;
            }
        }
    }

    /// What there is to do after a stop of the machine; `None`: it goes on.
    fn after(&mut self, stop: Stop) -> Option<End> {
        self.notice_resets();
        let end = match stop {
            Stop::Watched { value, .. } => {
                if let Some(ring) = &mut self.ring {
                    ring.record_written(&mut self.machine, value);
                }
                let kind = self.ring.as_ref().and_then(TelemetryRing::last_kind);
                self.events.extend(self.steering.record_written(&self.machine, kind));
                if let Some(commands) = &mut self.commands {
                    commands.record_written(&mut self.machine);
                }
                match self.at_records {
                    AtRecords::GoOn => return None,
                    AtRecords::Pause => End::Paused,
                }
            }
            Stop::Pins => {
                if let Some(surroundings) = &mut self.surroundings {
                    surroundings.pin_changed(&mut self.machine, &mut self.events);
                }
                return None;
            }
            Stop::Observer => return None,
            Stop::Instruction => {
                self.steering.due(&mut self.machine, self.commands.as_mut());
                return None;
            }
            Stop::Reached => End::Reached,
            Stop::Deadlocked => End::Stuck,
            Stop::Fatal(fatal) => End::Ended(HowEnded::Fatal(fatal.to_string())),
            Stop::Finished { code } => {
                End::Ended(HowEnded::Fatal(format!("it ended itself with exit code {code}")))
            }
        };
        self.serial.extend(self.machine.take_uart0());
        Some(end)
    }

    /// Lets the circuit answer the chip's pins.
    fn update_pins(&mut self) {
        if let Some(surroundings) = &mut self.surroundings {
            surroundings.update(&mut self.machine, &mut self.events);
        }
    }

    /// Tells of resets since the last look. The memory of before is not to be trusted after one.
    fn notice_resets(&mut self) {
        for reset in &self.machine.resets()[self.resets_told..] {
            if let Some(ring) = &mut self.ring {
                ring.device_reset();
            }
            if let Some(commands) = &mut self.commands {
                commands.device_reset();
            }
            self.steering.device_reset();
            if let Some(blocks) = &mut self.blocks {
                blocks.device_reset();
            }
            if let Some(stacks) = &mut self.stacks {
                self.events.extend(stacks.take_switches());
                stacks.device_reset(reset.at);
            }
            let reason = kebab_case(&format!("{:?}", reset.reason));
            self.events.push((reset.at, ObserverEvent::Reset { reason }));
        }
        self.resets_told = self.machine.resets().len();
        if let Some(stacks) = &mut self.stacks {
            self.events.extend(stacks.take_findings());
        }
    }

    /// Moves what has been seen to `output`: the first `serial_taken` serial bytes and all else.
    fn tell(&mut self, serial_taken: usize, output: &mut Vec<Output>) {
        let told_before = output.len();
        output.extend(lines(self.serial.drain(..serial_taken)));
        if let Some(ring) = &mut self.ring {
            output.extend(ring.take_records());
        }
        if let Some(stacks) = &mut self.stacks {
            self.events.extend(stacks.take_switches());
        }
        output.extend(self.events.drain(..).map(|(instant, event)| Output {
            stream: Stream::Observer,
            instant,
            bytes: event.encode(),
        }));
        output.extend(self.steering.take_told());
        output[told_before..].sort_by_key(|output| output.instant);
    }
}

/// `RtcWatchdogCore` as scenarios and reports spell it: `rtc-watchdog-core`.
fn kebab_case(name: &str) -> String {
    let mut words = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !words.is_empty() {
            words.push('-');
        }
        words.extend(letter.to_lowercase());
    }
    words
}

/// Serial bytes, cut after each end of a line.
pub(crate) fn lines(bytes: impl Iterator<Item = UartByte>) -> Vec<Output> {
    let mut lines: Vec<Output> = Vec::new();
    for UartByte { at, byte } in bytes {
        match lines.last_mut() {
            Some(line) if !line.bytes.ends_with(b"\n") => {
                line.bytes.push(byte);
                line.instant = at;
            }
            _ => lines.push(Output { stream: Stream::Uart0, instant: at, bytes: vec![byte] }),
        }
    }
    lines
}

#[cfg(test)]
mod tests;
