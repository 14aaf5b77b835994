//! What a capture's host part says: under which plan, on what, and with which words a run is to be
//! judged and reported.
//!
//! It holds everything that a verdict and a report need and the device part cannot know, so that a
//! replay needs nothing else: neither the scenario file nor the image. What is only known after the
//! run, as how many instructions it took, stands in the closing; a capture that was cut has none, and
//! is judged without.

use ramscope_capture::{Capture, HostPart};
use ramscope_scenario::Run;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

use crate::symbols::SymbolTable;

/// The host part of a capture.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HostFacts {
    /// The version of this form; [`HostFacts::SCHEMA`].
    pub schema: u32,
    /// The tool that recorded: `ramscope 0.1.0`.
    pub tool: String,
    /// The run, resolved.
    pub run: Run,
    /// What it ran on.
    pub machine: MachineFacts,
    /// What ran.
    pub image: ImageFacts,
    /// The one command that replays it.
    pub replay: String,
    /// Names for the addresses in its findings.
    #[serde(default)]
    pub symbols: SymbolTable,
    /// What the host's clock said; nothing is judged by it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<HostTimes>,
    /// Why earlier attempts at this run came to nothing, where the target failed and the run was
    /// tried again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earlier_attempts: Vec<String>,
    /// The folder with everything about the failure, if it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bundle: Option<String>,
}

/// The host's clock during a run. Whole numbers, so that a replay gives the same text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostTimes {
    /// When the run began, in milliseconds since 1970 (UTC).
    pub started_unix_ms: u64,
    /// How long it took, in microseconds.
    pub took_us: u64,
    /// For each step by its index: microseconds from the beginning of the run to when the host
    /// saw the last thing happen to it.
    #[serde(default)]
    pub steps_us: BTreeMap<u32, u64>,
}

/// What the host learned of a run at its end: it takes the place of what the host part says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Closing {
    /// What it ran on, as it stood at the end.
    pub machine: MachineFacts,
    /// Names for the addresses in its findings.
    #[serde(default)]
    pub symbols: SymbolTable,
    /// What the host's clock said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<HostTimes>,
    /// The folder with everything about the failure, if it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bundle: Option<String>,
}

/// What a target says about itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MachineFacts {
    /// What it is, as reports show it: `engine esp32c3`.
    pub name: String,
    /// The clock at the end of the run, in hertz.
    #[serde(default)]
    pub clock_hz: Option<u32>,
    /// What its times mean: `one instruction = one cycle, no cache, no wait states`.
    #[serde(default)]
    pub time_model: String,
    /// Instructions executed, where they are counted.
    #[serde(default)]
    pub instructions: Option<u64>,
}

/// The firmware that ran.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageFacts {
    /// Its name, not a path of any machine.
    pub name: String,
    /// A hash of its bytes, as text.
    #[serde(default)]
    pub hash: String,
}

/// Why a host part cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// The capture has none.
    #[error("the capture holds no plan: it was cut, or not recorded by ramscope")]
    Missing,
    /// It is of another version, or damaged.
    #[error("the capture's plan cannot be read")]
    Unreadable(#[source] serde_json::Error),
    /// It is of a later version.
    #[error("the capture's plan has version {0}, and this ramscope reads {known}", known = HostFacts::SCHEMA)]
    OtherSchema(u32),
}

impl HostFacts {
    /// The version of the form that is written and read.
    pub const SCHEMA: u32 = 1;

    /// The host part that says this.
    #[must_use]
    pub fn to_host_part(&self) -> HostPart {
        HostPart {
            json: serde_json::to_string(self).expect("host facts hold no maps with odd keys"),
        }
    }

    /// What a capture says about itself.
    ///
    /// # Errors
    /// If it does not, or in another version, or its words are damaged.
    pub fn of(capture: &Capture) -> Result<Self, HostError> {
        let facts = Self::from_host_part(capture.host.as_ref())?;
        match &capture.closing {
            Some(HostPart { json }) => {
                Ok(facts.closed_by(serde_json::from_str(json).map_err(HostError::Unreadable)?))
            }
            None => Ok(facts),
        }
    }

    /// These facts, with what was learned at the end.
    #[must_use]
    pub fn closed_by(self, closing: Closing) -> Self {
        let Closing { machine, symbols, times, bundle } = closing;
        Self { machine, symbols, times, bundle, ..self }
    }

    /// Reads a host part.
    ///
    /// # Errors
    /// If there is none, or it is of another version, or damaged.
    pub fn from_host_part(host: Option<&HostPart>) -> Result<Self, HostError> {
        let json = &host.ok_or(HostError::Missing)?.json;
        let Schema { schema } = serde_json::from_str(json).map_err(HostError::Unreadable)?;
        if schema != Self::SCHEMA {
            return Err(HostError::OtherSchema(schema));
        }
        serde_json::from_str(json).map_err(HostError::Unreadable)
    }
}

impl Closing {
    /// The closing of a capture that says this.
    #[must_use]
    pub fn to_host_part(&self) -> HostPart {
        HostPart {
            json: serde_json::to_string(self).expect("a closing holds no maps with odd keys"),
        }
    }
}

/// The one field that every version has.
#[derive(Deserialize)]
struct Schema {
    schema: u32,
}
