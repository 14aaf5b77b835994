//! Name patterns: `*` stands for any characters, `?` for exactly one. Nothing else is special.

/// Whether all of `name` matches `pattern`.
///
/// Takes time proportional to the product of the lengths at worst.
///
/// # Examples
/// ```
/// use ramscope_scenario::glob_matches;
/// assert!(glob_matches("worker#?", "worker#2"));
/// assert!(!glob_matches("worker", "worker#2"));
/// ```
#[must_use]
pub fn glob_matches(pattern: &str, name: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let name: Vec<char> = name.chars().collect();
    let (mut at_pattern, mut at_name) = (0, 0);
    // Where to go on if the last star has to take one character more.
    let mut retry: Option<(usize, usize)> = None;
    while at_name < name.len() {
        match pattern.get(at_pattern) {
            Some('*') => {
                retry = Some((at_pattern + 1, at_name));
                at_pattern += 1;
            }
            Some(&wanted) if wanted == '?' || wanted == name[at_name] => {
                at_pattern += 1;
                at_name += 1;
            }
            _ => match retry {
                Some((after_star, taken)) => {
                    retry = Some((after_star, taken + 1));
                    at_pattern = after_star;
                    at_name = taken + 1;
                }
                None => return false,
            },
        }
    }
    pattern[at_pattern..].iter().all(|&rest| rest == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_takes_any_stretch_and_a_question_mark_one_character() {
        for (pattern, name, expected) in [
            ("", "", true),
            ("", "a", false),
            ("*", "", true),
            ("*", "net", true),
            ("?", "", false),
            ("n?t", "net", true),
            ("n?t", "nt", false),
            ("*a*b", "xaybzb", true),
            ("*a*b", "xaybz", false),
            ("worker#?", "worker#2", true),
            ("[ab]", "a", false),
            ("ö*", "öl", true),
        ] {
            assert_eq!(glob_matches(pattern, name), expected, "{pattern} on {name}");
        }
    }
}
