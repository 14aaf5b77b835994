//! Events within streams: one JSON object a line.
//!
//! They are few, people like to read them, and a later version may add fields; none of that holds
//! for the bytes that the device itself sends.

use ramscope_time::Instant;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::stream::Stream;

/// Something that is recorded as a line of its stream.
pub trait Event: Serialize + DeserializeOwned {
    /// The stream it belongs to.
    const STREAM: Stream;

    /// The line, with its end.
    fn encode(&self) -> Vec<u8> {
        let mut line = serde_json::to_vec(self).expect("events hold no maps with odd keys");
        line.push(b'\n');
        line
    }

    /// The events of some lines.
    fn decode(lines: &[u8]) -> impl Iterator<Item = Result<Self, EventError>> {
        lines
            .split(|&byte| byte == b'\n')
            .filter(|line| !line.is_empty())
            .map(|line| serde_json::from_slice(line).map_err(|error| EventError::new(line, &error)))
    }
}

/// An event and when it was recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timed<E> {
    /// When.
    pub instant: Instant,
    /// What.
    pub event: E,
}

/// A line that is no event of its stream: of a later version, or damaged.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an event that this version knows ({reason}): {line}")]
pub struct EventError {
    /// The line.
    pub line: String,
    /// What is wrong with it.
    pub reason: String,
}

impl EventError {
    fn new(line: &[u8], error: &serde_json::Error) -> Self {
        Self { line: String::from_utf8_lossy(line).into_owned(), reason: error.to_string() }
    }
}

/// Something happened to a step of the scenario.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepEvent {
    /// Which step, counted from 0.
    pub index: u32,
    /// What happened.
    pub kind: StepEventKind,
    /// When.
    #[serde(with = "picos")]
    pub instant: Instant,
    /// What a person wants to know about it: the text that matched, the reason of a skip.
    #[serde(default)]
    pub detail: String,
}

/// What happened to a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StepEventKind {
    /// It began.
    Started,
    /// It is done.
    Finished,
    /// Its time ran out.
    TimedOut,
    /// It did not hold.
    Failed,
    /// The target cannot do it.
    Skipped,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HowEnded {
    /// All steps were done.
    StepsDone,
    /// A time-out of the scenario.
    TimedOut {
        /// The step that was waiting, if one was.
        step: Option<u32>,
    },
    /// A step did not hold, so those after it were not begun.
    StepFailed {
        /// Which.
        step: u32,
    },
    /// The device said what the scenario forbids.
    ForbiddenText {
        /// The place in the scenario's list.
        entry: u32,
    },
    /// The machine could not go on.
    Fatal(String),
    /// A person stopped it.
    Interrupted,
    /// Nothing could ever happen again, and steps were still waiting.
    Deadlocked,
    /// The host's watchdog stopped it.
    HostWatchdog,
    /// The backend failed.
    Error(String),
}

/// Something that was done to the device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stimulus {
    /// Bytes sent to UART0.
    Serial(Vec<u8>),
    /// A word written to the device's memory.
    WriteWord {
        /// Where.
        address: u32,
        /// What.
        value: u32,
    },
    /// An interrupt raised.
    Interrupt {
        /// Its source, as the chip numbers it.
        source: u32,
    },
    /// A pin driven.
    Pin {
        /// Its name.
        name: String,
        /// Its level.
        high: bool,
    },
    /// A control of a part set.
    Control {
        /// The part.
        part: String,
        /// The control.
        control: String,
        /// The value, as the scenario spells it.
        value: String,
    },
    /// A command given to the firmware: a record of the telemetry's format.
    Command(Vec<u32>),
    /// A fault that the scenario asks for begins.
    FaultBegins {
        /// Its place in the scenario's list.
        fault: u32,
    },
    /// It ends.
    FaultEnds {
        /// Its place in the scenario's list.
        fault: u32,
        /// What it did, where somebody has counted.
        #[serde(default)]
        detail: String,
    },
    /// The device reset from outside.
    Reset,
}

/// Something that an observer of the machine saw and the device may not know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ObserverEvent {
    /// A store below a stack's limit that no guard caught.
    OverflowUnseen {
        /// Whose stack it is.
        unit: u32,
        /// The instruction.
        pc: u32,
        /// The stack pointer.
        sp: u32,
        /// The lowest address that the stack may use.
        limit: u32,
        /// Where the store went.
        address: u32,
        /// When.
        #[serde(with = "picos")]
        instant: Instant,
    },
    /// The processor went from unit to unit, as the machine sees it.
    Switches {
        /// When the first of them got it.
        #[serde(with = "picos")]
        from: Instant,
        /// Picoseconds from each switch to the next; one fewer than there are units.
        gaps: Vec<u64>,
        /// The units that got it, in order.
        units: Vec<u32>,
    },
    /// A slice was ended from outside.
    Steered {
        /// After how many instructions that was asked for.
        after: u64,
        /// The instruction before which the unit was interrupted: with interrupts off a while later.
        pc: u32,
    },
    /// Where a unit stood when the run ended.
    Calls {
        /// Which unit.
        unit: u32,
        /// The instruction that it would go on with.
        pc: u32,
        /// Instructions on the way to it that call, innermost first. They are what the words on
        /// its stack look like, so some may be over long ago.
        callers: Vec<u32>,
    },
    /// Who called whom when a unit's stack was deepest.
    Deepest {
        /// Which unit.
        unit: u32,
        /// The stack pointer then.
        sp: u32,
        /// The instruction that stored there.
        pc: u32,
        /// The calls on the way to it, innermost first, as the machine saw them; where an interrupt struck, the
        /// instruction before which it did.
        callers: Vec<u32>,
        /// The stack pointer at each of them.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        sps: Vec<u32>,
    },
    /// Blocks of the heap that were in use when the run ended, all of one chain of calls.
    Held {
        /// The unit that allocated them.
        unit: u32,
        /// The site that it did so at, as telemetry numbers it.
        site: u16,
        /// The calls that led to the allocation, innermost first, as the machine saw them; none if it was
        /// made in a handler of interrupts.
        callers: Vec<u32>,
        /// Who has them now, where that can be read.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        owner: Option<HeldBy>,
        /// The blocks, in the order of their addresses.
        blocks: Vec<HeldBlock>,
    },
    /// What was in use of the heap when most was, all of one chain of calls and one owner.
    HeldAtPeak {
        /// When that was.
        #[serde(with = "picos")]
        at: Instant,
        /// The unit that allocated it.
        unit: u32,
        /// The site that it did so at, as telemetry numbers it.
        site: u16,
        /// The calls that led to the allocation, as for [`Held`](Self::Held).
        callers: Vec<u32>,
        /// Who had it then, where that can be read.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        owner: Option<HeldBy>,
        /// Bytes of its blocks, with their headers.
        bytes: u64,
        /// How many blocks.
        blocks: u32,
    },
    /// An access to a register that the machine does not model, told once a register.
    Unmodelled {
        /// Its address.
        address: u32,
        /// The instruction of the first access.
        pc: u32,
    },
    /// The device was reset.
    Reset {
        /// Why, as the machine says it.
        reason: String,
    },
    /// A logic analyzer saw a channel change, or looks for the first time.
    Levels {
        /// The analyzer, by its id in the diagram.
        part: String,
        /// Its channels, one bit each, D0 lowest.
        levels: u8,
    },
    /// What a screen showed when a step looked at it.
    Screen {
        /// The part, by its id in the diagram.
        part: String,
        /// A PNG file.
        png: Vec<u8>,
    },
    /// Anything else worth a line.
    Note(String),
}

/// An owner of blocks of the heap, in the numbers of telemetry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct HeldBy {
    /// What it is.
    pub kind: u8,
    /// Its number within the boot.
    pub unit: u32,
}

/// A block of the heap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldBlock {
    /// When it was allocated.
    #[serde(with = "picos")]
    pub at: Instant,
    /// The address of its header.
    pub address: u32,
    /// Its size, with its header.
    pub bytes: u32,
}

impl Event for StepEvent {
    const STREAM: Stream = Stream::Steps;
}

impl Event for HowEnded {
    const STREAM: Stream = Stream::End;
}

impl Event for Stimulus {
    const STREAM: Stream = Stream::Stimulus;
}

impl Event for ObserverEvent {
    const STREAM: Stream = Stream::Observer;
}

/// Instants as whole picoseconds.
mod picos {
    use ramscope_time::Instant;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(instant: &Instant, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_u64(instant.as_picos())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Instant, D::Error> {
        u64::deserialize(from).map(Instant::from_picos)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check<E: Event + PartialEq + core::fmt::Debug>(event: &E, line: &str) {
        let bytes = event.encode();
        assert_eq!(String::from_utf8_lossy(&bytes), format!("{line}\n"));
        assert_eq!(E::decode(&bytes).next().unwrap().as_ref(), Ok(event));
    }

    #[test]
    fn each_event_is_a_line_and_comes_back() {
        check(
            &StepEvent {
                index: 3,
                kind: StepEventKind::TimedOut,
                instant: Instant::from_picos(6_250),
                detail: "5 s".into(),
            },
            r#"{"index":3,"kind":"timed-out","instant":6250,"detail":"5 s"}"#,
        );
        check(&HowEnded::TimedOut { step: Some(2) }, r#"{"timed-out":{"step":2}}"#);
        check(&HowEnded::StepFailed { step: 2 }, r#"{"step-failed":{"step":2}}"#);
        check(&HowEnded::StepsDone, r#""steps-done""#);
        check(&HowEnded::Fatal("pc at 0".into()), r#"{"fatal":"pc at 0"}"#);
        check(&Stimulus::Serial(b"a\n".to_vec()), r#"{"serial":[97,10]}"#);
        check(&ObserverEvent::Note("two\nlines".into()), r#"{"note":"two\nlines"}"#);
    }

    #[test]
    fn a_line_of_a_later_version_is_named_and_the_others_are_kept() {
        let events: Vec<_> = HowEnded::decode(b"{\"evaporated\":1}\n\"interrupted\"\n").collect();
        assert!(events[0].as_ref().unwrap_err().to_string().contains("evaporated"));
        assert_eq!(events[1], Ok(HowEnded::Interrupted));
    }
}
