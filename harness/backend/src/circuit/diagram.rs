//! A `diagram.json` as a list of parts and wires, with no opinion on what the parts are.
//!
//! Format: Wokwi documentation, "diagram.json File Format". Whatever is only there to be drawn
//! (places, colours, routes) is not read.

use core::fmt;

use serde_json::Value;

/// A diagram as its file has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Diagram {
    pub(super) parts: Vec<PartText>,
    pub(super) wires: Vec<(Terminal, Terminal)>,
}

/// A part as its file has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PartText {
    pub(super) id: String,
    pub(super) kind: String,
    /// Attributes, numbers and booleans as their text.
    pub(super) attributes: Vec<(String, String)>,
}

/// A pin of a part: `led1:A`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Terminal {
    /// The part's id.
    pub part: String,
    /// The pin's name.
    pub pin: String,
}

/// Why a text is no diagram.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DiagramError {
    /// It is not JSON.
    #[error("it is not JSON: {0}")]
    NotJson(String),
    /// It is JSON of another kind.
    #[error("{place} should be {expected}")]
    Shape {
        /// Where: `parts[2].id`.
        place: String,
        /// What should stand there.
        expected: &'static str,
    },
    /// Two parts have the same id.
    #[error("two parts have the id `{0}`")]
    DuplicateId(String),
}

impl PartText {
    /// The value of an attribute, if it has one.
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }
}

impl Terminal {
    /// Reads `led1:A`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (part, pin) = text.split_once(':')?;
        Some(Self { part: part.to_owned(), pin: pin.to_owned() })
    }
}

/// `led1:A`.
impl fmt::Display for Terminal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.part, self.pin)
    }
}

impl Diagram {
    /// Reads the text of a `diagram.json`.
    pub(super) fn read(text: &str) -> Result<Self, DiagramError> {
        let root: Value =
            serde_json::from_str(text).map_err(|error| DiagramError::NotJson(error.to_string()))?;
        let parts = list(&root, "parts")?.iter().enumerate().map(|(n, part)| read_part(n, part));
        let parts = parts.collect::<Result<Vec<_>, _>>()?;
        let mut ids: Vec<&str> = parts.iter().map(|part| part.id.as_str()).collect();
        ids.sort_unstable();
        if let Some(twice) = ids.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(DiagramError::DuplicateId(twice[0].to_owned()));
        }
        let wires = list(&root, "connections")?.iter().enumerate();
        let wires = wires.map(|(n, wire)| read_wire(n, wire)).collect::<Result<_, _>>()?;
        Ok(Self { parts, wires })
    }
}

fn list<'a>(root: &'a Value, key: &str) -> Result<&'a [Value], DiagramError> {
    match root.get(key) {
        Some(Value::Array(items)) => Ok(items),
        _ => Err(shape(key.to_owned(), "a list")),
    }
}

fn read_part(n: usize, part: &Value) -> Result<PartText, DiagramError> {
    let text = |key: &str| {
        let value = part.get(key).and_then(Value::as_str);
        value.map(str::to_owned).ok_or_else(|| shape(format!("parts[{n}].{key}"), "a string"))
    };
    let attributes = match part.get("attrs") {
        Some(Value::Object(entries)) => entries.iter().filter_map(read_attribute).collect(),
        None => Vec::new(),
        Some(_) => return Err(shape(format!("parts[{n}].attrs"), "an object")),
    };
    Ok(PartText { id: text("id")?, kind: text("type")?, attributes })
}

fn read_attribute((name, value): (&String, &Value)) -> Option<(String, String)> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Bool(flag) => flag.to_string(),
        _ => return None,
    };
    Some((name.clone(), text))
}

fn read_wire(n: usize, wire: &Value) -> Result<(Terminal, Terminal), DiagramError> {
    let end = |index: usize| {
        let text = wire.get(index).and_then(Value::as_str);
        let terminal = text.and_then(Terminal::parse);
        let place = format!("connections[{n}][{index}]");
        terminal.ok_or_else(|| shape(place, "a part and a pin, as in \"led1:A\""))
    };
    Ok((end(0)?, end(1)?))
}

fn shape(place: String, expected: &'static str) -> DiagramError {
    DiagramError::Shape { place, expected }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        Diagram::read(text).unwrap_err().to_string()
    }

    #[test]
    fn parts_and_wires_are_read_and_what_is_drawn_is_not() {
        let diagram = Diagram::read(
            r#"{"version": 1, "parts": [{"type": "wokwi-resistor", "id": "r1", "top": 3.5,
                "attrs": {"value": "220", "flip": true, "turns": 2, "odd": []}}],
                "connections": [["r1:1", "esp:GND.1", "black", ["v0"]], ["r1:2", "esp:8"]]}"#,
        );
        let diagram = diagram.unwrap();
        let part = &diagram.parts[0];
        assert_eq!((part.id.as_str(), part.kind.as_str()), ("r1", "wokwi-resistor"));
        assert_eq!((part.attribute("value"), part.attribute("turns")), (Some("220"), Some("2")));
        assert_eq!(part.attribute("odd"), None);
        let wires: Vec<_> = diagram.wires.iter().map(|(a, b)| format!("{a} {b}")).collect();
        assert_eq!(wires, ["r1:1 esp:GND.1", "r1:2 esp:8"]);
    }

    #[test]
    fn what_is_wrong_is_named_with_its_place() {
        assert!(error("{").starts_with("it is not JSON: "));
        assert_eq!(error("[]"), "parts should be a list");
        let parts = |parts: &str| format!(r#"{{"parts": [{parts}], "connections": []}}"#);
        assert_eq!(error(&parts(r#"{"type": "t"}"#)), "parts[0].id should be a string");
        let twice = r#"{"type": "t", "id": "a"}, {"type": "t", "id": "a"}"#;
        assert_eq!(error(&parts(twice)), "two parts have the id `a`");
        assert_eq!(
            error(r#"{"parts": [], "connections": [["a:1", "b"]]}"#),
            "connections[0][1] should be a part and a pin, as in \"led1:A\""
        );
    }
}
