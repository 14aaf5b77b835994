//! A value as a scenario wrote it, with the text form that JavaScript gives it.
//!
//! wokwi-cli passes most parameters on unchecked, so what a file says reaches the wire as whatever
//! YAML made of it. Keeping the value, not our reading of it, is what makes the two agree.

use serde::{Deserialize, Serialize};

/// A value of the YAML 1.2 core schema, or the absence of one.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum Value {
    /// The key is not there; JavaScript's `undefined`.
    #[default]
    Missing,
    /// `null`, `~` or nothing after the colon.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// Any number; JavaScript has only one kind.
    Number(#[serde(with = "crate::serial_form::number")] f64),
    /// A string.
    Text(String),
    /// A sequence.
    List(Vec<Value>),
    /// A map; keys are text, as in a JavaScript object, in the order of the file.
    Map(Vec<(String, Value)>),
}
