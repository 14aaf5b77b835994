//! Events to a tree, on an explicit stack, so that no depth of nesting can overflow ours.

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, StrInput, Tag};
use std::collections::HashMap;

use super::keys_seen::KeysSeen;
use super::{DEPTH_MAX, Kind, Node, NodeId, Place, Tree, YamlError, core_schema, syntax};
use crate::rule::Rule;
use crate::value::Value;

/// How many nodes a file may have.
const NODES_MAX: usize = 1 << 20;

/// Why a reading failed; with the parser's own complaint, if it was that.
pub(super) struct Refused {
    pub(super) errors: Vec<YamlError>,
    pub(super) syntax: Option<ScanError>,
}

/// Builds the tree from events, on an explicit stack.
#[derive(Default)]
pub(super) struct Builder<'text> {
    lines: Vec<&'text str>,
    nodes: Vec<Node>,
    /// The open collections, innermost last.
    open: Vec<Open>,
    anchors: HashMap<usize, NodeId>,
    root: Option<NodeId>,
    documents: usize,
    errors: Vec<YamlError>,
}

/// A collection whose end has not come yet.
struct Open {
    id: NodeId,
    /// The anchor that its content must not refer to.
    anchor: usize,
    children: Vec<NodeId>,
    keys: KeysSeen,
    is_map: bool,
    form: Form,
}

/// How a collection is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Brackets,
    /// By indentation, its keys or dashes in this column from 0.
    Block(usize),
    /// A list by indentation whose first item is not in the line of its dash.
    DashElsewhere,
}

impl<'text> Builder<'text> {
    /// Reads `text`; the errors are all that could be found.
    pub(super) fn run(text: &'text str) -> Result<Tree, Refused> {
        let mut builder = Self { lines: text.lines().collect(), ..Self::default() };
        let mut parser: Parser<'_, StrInput<'_>> = Parser::new_from_str(text);
        let mut syntax = None;
        while let Some(event) = parser.next_event() {
            let taken = match event {
                Ok((event, span)) => builder.take(event, Place::of(span)),
                Err(error) => {
                    let explained = syntax::explain(&error, text);
                    syntax = Some(error);
                    Err(explained)
                }
            };
            if let Err(error) = taken {
                builder.errors.push(error);
                break;
            }
        }
        if !builder.errors.is_empty() {
            return Err(Refused { errors: builder.errors, syntax });
        }
        let root = match builder.root {
            Some(root) => root,
            None => builder.add(Place::START, Kind::Scalar(Value::Null, None)),
        };
        Ok(Tree { nodes: builder.nodes, root })
    }

    fn take(&mut self, event: Event<'_>, place: Place) -> Result<(), YamlError> {
        match event {
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => Ok(()),
            Event::DocumentStart(_) => self.start_document(place),
            Event::Alias(anchor) => self.alias(anchor, place),
            Event::Scalar(text, style, anchor, tag) => {
                let plain = style == ScalarStyle::Plain;
                if plain {
                    syntax::refuse_indicator(&text, place)?;
                }
                let value = core_schema::resolve(&text, plain, tag.as_deref().map(tag_name));
                let source = (!matches!(value, Value::Text(_))).then(|| Box::from(&*text));
                let id = self.add(place, Kind::Scalar(value, source));
                self.nodes[id.0].escapes = style == ScalarStyle::DoubleQuoted;
                self.define(anchor, id);
                self.attach(id)
            }
            Event::SequenceStart(anchor, _) => self.open(anchor, place, Kind::List(Vec::new())),
            Event::MappingStart(anchor, _) => self.open(anchor, place, Kind::Map(Vec::new())),
            Event::SequenceEnd | Event::MappingEnd => self.close(place),
        }
    }

    /// Refuses brackets around a line that stands no further right than the block around them; our
    /// parser looks only at where texts begin. Comments may stand anywhere.
    fn refuse_outdented(&self, brackets: &Open, last: Place) -> Result<(), YamlError> {
        let block = self.open.iter().rev().find_map(|open| match open.form {
            Form::Block(column) => Some(column),
            Form::Brackets | Form::DashElsewhere => None,
        });
        let Some(block) = block.filter(|_| brackets.form == Form::Brackets) else {
            return Ok(());
        };
        let outermost = self.open.last().is_none_or(|open| open.form != Form::Brackets);
        for number in self.nodes[brackets.id.0].place.line..last.line {
            let line = usize::try_from(number).ok().and_then(|index| self.lines.get(index));
            let line = line.copied().unwrap_or_default();
            let content = line.trim_start_matches(' ');
            let column = line.len() - content.len();
            // The outermost bracket may close in the column of its block.
            let closes = outermost && column == block && content.starts_with([']', '}']);
            let counts = !content.trim().is_empty() && !content.starts_with('#') && !closes;
            if column <= block && counts {
                let message = "this line goes on inside of brackets and must stand further right \
                               than the line that they belong to";
                let place = Place::at(number as usize + 1, column);
                return Err(YamlError { rule: Rule::YamlSyntax, place, message: message.into() });
            }
        }
        Ok(())
    }

    fn start_document(&mut self, place: Place) -> Result<(), YamlError> {
        self.documents += 1;
        if self.documents == 1 {
            return Ok(());
        }
        Err(YamlError {
            rule: Rule::MultipleDocuments,
            place,
            message: "a second YAML document begins here; a scenario file holds one".into(),
        })
    }

    fn alias(&mut self, anchor: usize, place: Place) -> Result<(), YamlError> {
        let inside_itself = self.open.iter().any(|open| open.anchor == anchor);
        match self.anchors.get(&anchor) {
            Some(&target) if !inside_itself => {
                let id = self.add(place, Kind::Alias(target));
                self.attach(id)
            }
            _ => Err(YamlError {
                rule: Rule::YamlTooLarge,
                place,
                message: "this alias stands inside what it stands for".into(),
            }),
        }
    }

    fn open(&mut self, anchor: usize, place: Place, kind: Kind) -> Result<(), YamlError> {
        if self.open.len() >= DEPTH_MAX {
            return Err(YamlError {
                rule: Rule::YamlTooLarge,
                place,
                message: format!("lists and maps are nested more than {DEPTH_MAX} deep"),
            });
        }
        let index = usize::try_from(place.line).map_or(0, |line| line - 1);
        let column = usize::try_from(place.column).map_or(0, |column| column - 1);
        let is_map = matches!(kind, Kind::Map(_));
        let opens = if is_map { syntax::Opens::Map } else { syntax::Opens::List };
        let line = self.lines.get(index).copied().unwrap_or_default();
        syntax::refuse_tab_before(line, place, opens)?;
        // The parser gives brackets a length, and the beginning of a block none.
        let form = match (place.length, is_map) {
            (1.., _) => Form::Brackets,
            (0, true) => Form::Block(column),
            (0, false) => match syntax::own_dash(line, column) {
                Some(dash) => Form::Block(dash),
                None => Form::DashElsewhere,
            },
        };
        let id = self.add(place, kind);
        self.define(anchor, id);
        self.open.push(Open {
            form,
            id,
            anchor,
            children: Vec::new(),
            keys: KeysSeen::default(),
            is_map,
        });
        Ok(())
    }

    fn close(&mut self, end: Place) -> Result<(), YamlError> {
        let open = self.open.pop().expect("the parser balances starts and ends");
        self.refuse_outdented(&open, end)?;
        self.nodes[open.id.0].kind = if open.is_map {
            Kind::Map(open.children.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect())
        } else {
            Kind::List(open.children)
        };
        self.attach(open.id)
    }

    fn add(&mut self, place: Place, kind: Kind) -> NodeId {
        self.nodes.push(Node { place, kind, escapes: false });
        NodeId(self.nodes.len() - 1)
    }

    /// Anchor 0 is the parser's way to say that there is none.
    fn define(&mut self, anchor: usize, id: NodeId) {
        if anchor != 0 {
            self.anchors.insert(anchor, id);
        }
    }

    /// Puts a finished node into the innermost open collection, or makes it the root.
    fn attach(&mut self, id: NodeId) -> Result<(), YamlError> {
        if self.nodes.len() > NODES_MAX {
            return Err(YamlError {
                rule: Rule::YamlTooLarge,
                place: self.nodes[id.0].place,
                message: format!("the file has more than {NODES_MAX} values"),
            });
        }
        let Some(open) = self.open.last_mut() else {
            self.root.get_or_insert(id);
            return Ok(());
        };
        let is_key = open.is_map && open.children.len().is_multiple_of(2);
        open.children.push(id);
        let Node { place, kind: Kind::Scalar(value, _), .. } = &self.nodes[id.0] else {
            return Ok(());
        };
        if is_key && let Some(first) = open.keys.add(value, place.line) {
            self.errors.push(YamlError {
                rule: Rule::DuplicateKey,
                place: *place,
                message: format!("the key `{value}` stands in line {first} already"),
            });
        }
        Ok(())
    }
}

/// The tag's full name: `tag:yaml.org,2002:str`, `!mine`.
fn tag_name(tag: &Tag) -> String {
    format!("{}{}", tag.handle, tag.suffix)
}
