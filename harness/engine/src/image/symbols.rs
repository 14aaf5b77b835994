//! The symbols of an ELF file.
//!
//! A debug build has thousands, and a run asks for a dozen. So their names stand one behind the other as they
//! were read, and a question goes through them: that costs microseconds, and a map of them as many
//! allocations as there are names.

/// Names and values, in the order of the file.
#[derive(Debug, Default)]
pub(super) struct Symbols {
    names: Vec<u8>,
    /// Where each name ends, and its value.
    ends: Vec<(u32, u32)>,
}

impl Symbols {
    /// Adds one.
    pub(super) fn add(&mut self, name: &[u8], value: u32) {
        self.names.extend_from_slice(name);
        // A file of 32-bit offsets has no more names than that.
        self.ends.push((self.names.len() as u32, value));
    }

    /// The value of the first one of this name.
    pub(super) fn value(&self, name: &str) -> Option<u32> {
        self.find(|other| other == name.as_bytes())
    }

    /// The value of the first one whose name begins so.
    pub(super) fn value_beginning(&self, beginning: &str) -> Option<u32> {
        self.find(|name| name.starts_with(beginning.as_bytes()))
    }

    fn find(&self, is_it: impl Fn(&[u8]) -> bool) -> Option<u32> {
        let mut start = 0;
        for (end, value) in &self.ends {
            let end = *end as usize;
            if is_it(&self.names[start..end]) {
                return Some(*value);
            }
            start = end;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_a_name_counts_and_parts_of_names_do_not() {
        let mut symbols = Symbols::default();
        for (name, value) in [("main", 1), ("mainly", 2), ("main", 3), ("y", 4)] {
            symbols.add(name.as_bytes(), value);
        }
        assert_eq!((symbols.value("main"), symbols.value("mainly")), (Some(1), Some(2)));
        assert_eq!(
            (symbols.value("y"), symbols.value("ma"), symbols.value("")),
            (Some(4), None, None)
        );
        assert_eq!(
            (symbols.value_beginning("mainl"), symbols.value_beginning("x")),
            (Some(2), None)
        );
    }
}
