//! YAML text to a tree in which every node knows its place.
//!
//! wokwi-cli reads YAML 1.2 with the core schema: no merge keys, no `yes`, no octal by a leading
//! zero, duplicate keys and second documents refused. Parsers that fill types stop at the first
//! mismatch and know a schema of their own, so this one takes events and builds a plain tree.
//!
//! Where npm's `yaml` goes on and this does not, on purpose: an alias inside its own anchor (a value
//! that contains itself), a byte-order mark inside a text, a carriage return alone. What it
//! resolves and this leaves a text: `!!binary`, `!!timestamp` and a `%YAML 1.1` directive's older schema.
//!
//! Invariants:
//! 1. The tree has no cycles: an alias inside its own anchor is a problem, not a node.
//! 2. Children have greater or smaller indices, never a path deeper than [`DEPTH_MAX`]
//!    collections (aliases not counted), and a tree has a bounded number of nodes. Aliases can still
//!    describe more than memory holds, so whoever unfolds them counts ([`Tree::value`]).

mod builder;
mod core_schema;
mod keys_seen;
mod mend;
mod syntax;

use saphyr_parser::Span;
use std::collections::HashMap;

use crate::rule::Rule;
use crate::value::Value;
use builder::{Builder, Refused};
use mend::Mended;

/// How deep collections may nest.
const DEPTH_MAX: usize = 64;
/// How many nodes of a collection that is a key are spelt out.
const KEY_NODES_MAX: usize = 64;
/// How many keys of a map are compared one by one.
const COMPARED_MAX: usize = 16;
/// How many nodes one value may unfold to.
const VALUE_NODES_MAX: usize = 1 << 16;

/// A place in the text: line and column, both from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Place {
    pub(crate) line: u32,
    pub(crate) column: u32,
    /// How many characters of the line stand there; 0 if that is not known, or goes over its end.
    pub(crate) length: u32,
}

/// A node of a [`Tree`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct NodeId(usize);

/// A document, as an arena.
#[derive(Debug)]
pub(crate) struct Tree {
    nodes: Vec<Node>,
    root: NodeId,
}

#[derive(Debug)]
struct Node {
    place: Place,
    kind: Kind,
    /// Whether backslashes in it were escapes: it stood in double quotes.
    escapes: bool,
}

/// What a node is; scalars are already resolved to null, boolean, number or text.
#[derive(Debug)]
enum Kind {
    /// The value, and the text it was written as unless it is that text.
    Scalar(Value, Option<Box<str>>),
    List(Vec<NodeId>),
    Map(Vec<(NodeId, NodeId)>),
    Alias(NodeId),
}

/// A node seen through its aliases.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Shape<'tree> {
    Scalar(&'tree Value),
    List(&'tree [NodeId]),
    Map,
}

/// An entry of a map, its key as JavaScript would spell it.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) key_place: Place,
    pub(crate) value: NodeId,
}

/// Why a text has no tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct YamlError {
    pub(crate) rule: Rule,
    pub(crate) place: Place,
    pub(crate) message: String,
}

/// A value unfolds to more than a scenario can mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooLarge;

impl Default for Place {
    fn default() -> Self {
        Self::START
    }
}

impl Place {
    /// The first character.
    pub(crate) const START: Self = Self { line: 1, column: 1, length: 0 };

    fn of(span: Span) -> Self {
        let place = Self::at(span.start.line(), span.start.col());
        let length = match span.start.line() == span.end.line() {
            true => span.end.col().saturating_sub(span.start.col()),
            false => 0,
        };
        Self { length: u32::try_from(length).unwrap_or(0), ..place }
    }

    /// From the parser's line from 1 and column from 0.
    pub(crate) fn at(line: usize, column_from_zero: usize) -> Self {
        let clamp = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        Self {
            line: clamp(line.max(1)),
            column: clamp(column_from_zero.saturating_add(1)),
            length: 0,
        }
    }
}

impl Tree {
    /// Reads one document. The errors are all that could be found: a broken text yields
    /// one, duplicate keys one each.
    pub(crate) fn read(text: &str) -> Result<Self, Vec<YamlError>> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        if let Some(error) = syntax::lone_carriage_return(text) {
            return Err(vec![error]);
        }
        let mut mended = Mended::new(text);
        loop {
            match Builder::run(mended.text()) {
                Ok(mut tree) => {
                    for node in &mut tree.nodes {
                        node.place = mended.original(node.place);
                    }
                    return Ok(tree);
                }
                Err(Refused { syntax: Some(error), .. }) if mended.mend(&error) => {}
                Err(mut refused) => {
                    for error in &mut refused.errors {
                        error.place = mended.original(error.place);
                    }
                    return Err(refused.errors);
                }
            }
        }
    }

    /// The document's top node.
    pub(crate) const fn root(&self) -> NodeId {
        self.root
    }

    /// Where the node, or the alias in its place, stands.
    pub(crate) fn place(&self, id: NodeId) -> Place {
        self.nodes[id.0].place
    }

    /// What the node is.
    pub(crate) fn shape(&self, id: NodeId) -> Shape<'_> {
        match &self.target(id).kind {
            Kind::Scalar(value, _) => Shape::Scalar(value),
            Kind::List(items) => Shape::List(items),
            Kind::Map(_) => Shape::Map,
            Kind::Alias(_) => unreachable!("an alias's target is never an alias"),
        }
    }

    /// The scalar's value, if it is one.
    pub(crate) fn scalar(&self, id: NodeId) -> Option<&Value> {
        match self.shape(id) {
            Shape::Scalar(value) => Some(value),
            _ => None,
        }
    }

    /// How a scalar was written; for a string, the string itself.
    pub(crate) fn source(&self, id: NodeId) -> Option<&str> {
        match &self.target(id).kind {
            Kind::Scalar(Value::Text(text), _) => Some(text),
            Kind::Scalar(_, source) => source.as_deref(),
            _ => None,
        }
    }

    /// Whether backslashes in a scalar were escapes when it was read.
    pub(crate) fn had_escapes(&self, id: NodeId) -> bool {
        self.target(id).escapes
    }

    /// What a person calls a node of this type.
    pub(crate) fn type_phrase(&self, id: NodeId) -> &'static str {
        match self.shape(id) {
            Shape::Scalar(value) => value.type_phrase(),
            Shape::List(_) => "a list",
            Shape::Map => "a map",
        }
    }

    /// The entries of a map in the order of a JavaScript object: small whole numbers first. A key
    /// spelled like an earlier one replaces that one's value. Nothing for a node that is no map.
    pub(crate) fn entries(&self, id: NodeId) -> Vec<Entry> {
        let Kind::Map(pairs) = &self.target(id).kind else {
            return Vec::new();
        };
        let mut entries: Vec<Entry> = Vec::with_capacity(pairs.len());
        // Keys differ, but two that do can be spelt alike: `1` and `"1"`. Long maps need a table.
        let mut by_key: HashMap<String, usize> = HashMap::new();
        for &(key, value) in pairs {
            let entry = Entry { key: self.key_text(key), key_place: self.place(key), value };
            let earlier = match pairs.len() {
                0..=COMPARED_MAX => entries.iter().position(|earlier| earlier.key == entry.key),
                _ => by_key.insert(entry.key.clone(), entries.len()),
            };
            match earlier {
                Some(earlier) => {
                    by_key.insert(entry.key.clone(), earlier);
                    entries[earlier] = entry;
                }
                None => entries.push(entry),
            }
        }
        entries.sort_by_key(|entry| array_index(&entry.key).map_or((1, 0), |index| (0, index)));
        entries
    }

    /// The whole value below a node.
    pub(crate) fn value(&self, id: NodeId) -> Result<Value, TooLarge> {
        self.unfold(id, DEPTH_MAX, &mut { VALUE_NODES_MAX })
    }

    /// Both limits matter: a chain of aliases can be as deep as the file is long.
    fn unfold(&self, id: NodeId, depth: usize, nodes: &mut usize) -> Result<Value, TooLarge> {
        *nodes = nodes.checked_sub(1).ok_or(TooLarge)?;
        let below =
            |id, nodes: &mut usize| self.unfold(id, depth.checked_sub(1).ok_or(TooLarge)?, nodes);
        Ok(match &self.target(id).kind {
            Kind::Scalar(value, _) => value.clone(),
            Kind::List(items) => {
                let items = items.iter().map(|&item| below(item, nodes));
                Value::List(items.collect::<Result<_, _>>()?)
            }
            Kind::Map(_) => {
                let entries = self.entries(id).into_iter();
                let entries = entries.map(|entry| Ok((entry.key, below(entry.value, nodes)?)));
                Value::Map(entries.collect::<Result<_, _>>()?)
            }
            Kind::Alias(_) => unreachable!("an alias's target is never an alias"),
        })
    }

    fn target(&self, id: NodeId) -> &Node {
        match self.nodes[id.0].kind {
            Kind::Alias(target) => &self.nodes[target.0],
            _ => &self.nodes[id.0],
        }
    }

    /// A key as JavaScript's property name.
    fn key_text(&self, key: NodeId) -> String {
        match self.shape(key) {
            Shape::Scalar(Value::Null) => String::new(),
            Shape::Scalar(value) => value.to_string(),
            _ => self.flow_text(key, &mut { KEY_NODES_MAX }),
        }
    }

    /// A collection in the form of a flow collection, which is how npm's `yaml` spells one that is a
    /// key: `[ a, b ]`, `{ a: b }`.
    fn flow_text(&self, id: NodeId, nodes: &mut usize) -> String {
        let Some(left) = nodes.checked_sub(1) else { return "...".into() };
        *nodes = left;
        let joined = |texts: Vec<String>, open: char, close: char| match texts.is_empty() {
            true => format!("{open}{close}"),
            false => format!("{open} {} {close}", texts.join(", ")),
        };
        match &self.target(id).kind {
            Kind::List(items) => {
                let items = items.iter().map(|&item| self.flow_text(item, nodes)).collect();
                joined(items, '[', ']')
            }
            Kind::Map(pairs) => {
                let pairs = pairs.iter().map(|&(key, value)| {
                    let key = self.flow_text(key, nodes);
                    format!("{key}: {}", self.flow_text(value, nodes))
                });
                joined(pairs.collect(), '{', '}')
            }
            _ => self.source(id).unwrap_or_default().to_owned(),
        }
    }
}

/// The number that a key spells in the one way that makes it an array index in JavaScript.
fn array_index(key: &str) -> Option<u32> {
    let index: u32 = key.parse().ok()?;
    (index < u32::MAX && (key == "0" || !key.starts_with(['0', '+']))).then_some(index)
}
