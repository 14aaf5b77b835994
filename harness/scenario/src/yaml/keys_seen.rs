//! The keys of a map so far, to notice the second of a kind.

use std::collections::{HashMap, hash_map};

use crate::value::Value;

/// How many keys are compared one by one; most maps have fewer, and a table for each of them would
/// cost more than all else about them.
const COMPARED_MAX: usize = 16;

/// Two keys are the same if their values are, whatever their spelling.
#[derive(PartialEq, Eq, Hash)]
enum Identity {
    Null,
    Bool(bool),
    Number(u64),
    Text(Box<str>),
}

/// Scalar keys with the lines on which they stand.
#[derive(Default)]
pub(super) struct KeysSeen {
    /// While there are few.
    few: Vec<(Identity, u32)>,
    /// Once there are many; then `few` is empty.
    many: HashMap<Identity, u32>,
}

impl KeysSeen {
    /// Adds a key. The line of the first of its kind, if it is not the first.
    pub(super) fn add(&mut self, key: &Value, line: u32) -> Option<u32> {
        let identity = Identity::of(key)?;
        if !self.many.is_empty() {
            return self.add_to_many(identity, line);
        }
        if let Some((_, first)) = self.few.iter().find(|(seen, _)| *seen == identity) {
            return Some(*first);
        }
        self.few.push((identity, line));
        if self.few.len() > COMPARED_MAX {
            self.many.extend(self.few.drain(..));
        }
        None
    }

    fn add_to_many(&mut self, identity: Identity, line: u32) -> Option<u32> {
        match self.many.entry(identity) {
            hash_map::Entry::Vacant(first) => {
                first.insert(line);
                None
            }
            hash_map::Entry::Occupied(first) => Some(*first.get()),
        }
    }
}

impl Identity {
    /// Collections are keys too, but nobody compares them.
    fn of(value: &Value) -> Option<Self> {
        Some(match value {
            Value::Null => Self::Null,
            Value::Bool(value) => Self::Bool(*value),
            Value::Number(number) if number.is_nan() => return None,
            // Adding zero makes -0 equal to 0.
            Value::Number(number) => Self::Number((number + 0.0).to_bits()),
            Value::Text(text) => Self::Text(text.as_str().into()),
            Value::Missing | Value::List(_) | Value::Map(_) => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_of_a_kind_is_noticed_among_few_and_many() {
        let mut keys = KeysSeen::default();
        for number in 0..40 {
            assert_eq!(keys.add(&Value::Text(format!("k{number}")), number), None);
            assert_eq!(keys.add(&Value::Text("k0".into()), 99), Some(0));
        }
        assert_eq!(keys.add(&Value::Text("k39".into()), 99), Some(39));
    }

    #[test]
    fn a_key_is_its_value_not_its_spelling() {
        let mut keys = KeysSeen::default();
        assert_eq!(keys.add(&Value::Number(0.0), 1), None);
        assert_eq!(keys.add(&Value::Number(-0.0), 2), Some(1));
        assert_eq!(keys.add(&Value::Text("0".into()), 3), None);
        assert_eq!(keys.add(&Value::Number(f64::NAN), 4), None);
        assert_eq!(keys.add(&Value::Number(f64::NAN), 5), None);
    }
}
