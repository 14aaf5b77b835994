//! "Did you mean": the known name that is most like a mistyped one.

/// Names longer than this are not worth comparing.
const NAME_CHARS_MAX: usize = 64;

/// The candidate with the fewest edits from `name`, if it is near enough to be what was meant.
/// Of equally near ones the first counts.
#[must_use]
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let name = folded(name);
    if name.len() > NAME_CHARS_MAX {
        return None;
    }
    let edits_max = name.len().div_ceil(3);
    candidates
        .into_iter()
        .map(|candidate| (edits(&name, &folded(candidate)), candidate))
        .filter(|(edits, candidate)| *edits <= edits_max && *edits < candidate.chars().count())
        .min_by_key(|(edits, _)| *edits)
        .map(|(_, candidate)| candidate)
}

/// Characters without case, and with the separators that people confuse made equal.
fn folded(name: &str) -> Vec<char> {
    let fold = |character: char| {
        if character == '_' { '-' } else { character.to_ascii_lowercase() }
    };
    name.chars().take(NAME_CHARS_MAX + 1).map(fold).collect()
}

/// The least number of characters added, dropped, changed or swapped with their neighbour.
fn edits(from: &[char], to: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=to.len()).collect();
    for (row, a) in from.iter().enumerate() {
        let mut current = vec![row + 1];
        for (column, b) in to.iter().enumerate() {
            let changed = above[column] + usize::from(a != b);
            let mut least = changed.min(above[column + 1] + 1).min(current[column] + 1);
            if row > 0 && column > 0 && *a == to[column - 1] && from[row - 1] == *b {
                least = least.min(before[column - 1] + 1);
            }
            current.push(least);
        }
        before = std::mem::replace(&mut above, current);
    }
    above[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, expected: Option<&str>) {
        let known = ["stack-peak", "heap-peak", "seeds", "settle", "thread", "task"];
        assert_eq!(nearest(name, known), expected, "{name}");
    }

    #[test]
    fn a_slip_of_the_finger_is_recognised() {
        check("stack_peak", Some("stack-peak"));
        check("Heap-peak", Some("heap-peak"));
        check("sedes", Some("seeds"));
        check("thraed", Some("thread"));
    }

    #[test]
    fn a_different_word_is_not() {
        check("colour", None);
        check("x", None);
        check("", None);
        check(&"seeds".repeat(100), None);
    }
}
