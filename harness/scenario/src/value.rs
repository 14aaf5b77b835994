//! A value as a scenario wrote it, with the text form that JavaScript gives it.
//!
//! wokwi-cli passes most parameters on unchecked, so what a file says reaches the wire as whatever
//! YAML made of it. Keeping the value, not our reading of it, is what makes the two agree. `Display`
//! is ECMAScript's `String(value)` (ECMA-262, 7.1.17 ToString and 6.1.6.1.20 Number::toString).

use core::fmt;
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

impl Value {
    /// Whether JavaScript takes it for true.
    #[must_use]
    pub fn is_truthy(&self) -> bool {
        match self {
            Self::Missing | Self::Null => false,
            Self::Bool(value) => *value,
            Self::Number(number) => *number != 0.0 && !number.is_nan(),
            Self::Text(text) => !text.is_empty(),
            Self::List(_) | Self::Map(_) => true,
        }
    }

    /// Whether it is absent or null, so that JavaScript's `??` looks further.
    #[must_use]
    pub const fn is_nullish(&self) -> bool {
        matches!(self, Self::Missing | Self::Null)
    }

    /// The value of `key`, if this is a map that has it; [`Value::Missing`] otherwise.
    #[must_use]
    pub fn get(&self, key: &str) -> &Self {
        const MISSING: &Value = &Value::Missing;
        match self {
            Self::Map(entries) => {
                entries.iter().find(|(name, _)| name == key).map_or(MISSING, |(_, value)| value)
            }
            _ => MISSING,
        }
    }

    /// What a person calls a value of this type: `a number`, `nothing`.
    #[must_use]
    pub const fn type_phrase(&self) -> &'static str {
        match self {
            Self::Missing | Self::Null => "nothing",
            Self::Bool(_) => "a boolean",
            Self::Number(_) => "a number",
            Self::Text(_) => "a string",
            Self::List(_) => "a list",
            Self::Map(_) => "a map",
        }
    }
}

/// JavaScript's `String(value)`.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("undefined"),
            Self::Null => f.write_str("null"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Number(number) => f.write_str(&number_text(*number)),
            Self::Text(text) => f.write_str(text),
            Self::List(items) => write_joined(items, f),
            Self::Map(_) => f.write_str("[object Object]"),
        }
    }
}

/// `Array.prototype.join`: commas, and nothing at all for null.
fn write_joined(items: &[Value], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            f.write_str(",")?;
        }
        if !item.is_nullish() {
            write!(f, "{item}")?;
        }
    }
    Ok(())
}

/// The shortest decimal that reads back as `number`, laid out as ECMAScript does.
fn number_text(number: f64) -> String {
    if number.is_nan() {
        return "NaN".into();
    }
    if number.is_infinite() {
        return if number > 0.0 { "Infinity" } else { "-Infinity" }.into();
    }
    if number == 0.0 {
        return "0".into();
    }
    let sign = if number < 0.0 { "-" } else { "" };
    let scientific = format!("{:e}", number.abs());
    let (mantissa, exponent) = scientific.split_once('e').expect("`{:e}` always writes an e");
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    let point: i32 = exponent.parse::<i32>().expect("`{:e}` writes a small exponent") + 1;
    format!("{sign}{}", place_point(&digits, point))
}

/// Writes `0.digits` times ten to the power of `point`.
fn place_point(digits: &str, point: i32) -> String {
    let count = i32::try_from(digits.len()).expect("at most 17 digits");
    match point {
        1..=21 if count <= point => {
            format!("{digits}{}", "0".repeat((point - count).unsigned_abs() as usize))
        }
        1..=21 => {
            let (whole, fraction) = digits.split_at(point.unsigned_abs() as usize);
            format!("{whole}.{fraction}")
        }
        -5..=0 => format!("0.{}{digits}", "0".repeat(point.unsigned_abs() as usize)),
        _ => {
            let (first, rest) = digits.split_at(1);
            let dot = if rest.is_empty() { "" } else { "." };
            format!("{first}{dot}{rest}e{:+}", point - 1)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_as_javascript_writes_them() {
        for (number, expected) in [
            (1.0, "1"),
            (-0.0, "0"),
            (0.1, "0.1"),
            (-2.5, "-2.5"),
            (1e21, "1e+21"),
            (1e20, "100000000000000000000"),
            (123_456_789_012.25, "123456789012.25"),
            (1e-6, "0.000001"),
            (1.5e-7, "1.5e-7"),
            (f64::NAN, "NaN"),
            (f64::NEG_INFINITY, "-Infinity"),
            (f64::MAX, "1.7976931348623157e+308"),
            (5e-324, "5e-324"),
        ] {
            assert_eq!(Value::Number(number).to_string(), expected);
        }
    }

    #[test]
    fn lists_are_joined_and_maps_are_objects() {
        let list = Value::List(vec![
            Value::Text("a".into()),
            Value::Null,
            Value::List(vec![Value::Bool(true), Value::Number(2.0)]),
            Value::Map(Vec::new()),
        ]);
        assert_eq!(list.to_string(), "a,,true,2,[object Object]");
    }

    #[test]
    fn truth_is_javascripts() {
        assert!(!Value::Number(f64::NAN).is_truthy());
        assert!(!Value::Text(String::new()).is_truthy());
        assert!(Value::List(Vec::new()).is_truthy());
    }
}
