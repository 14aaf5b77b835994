//! What stands behind the sign: a text that may be asked to be something else.

/// A value as it was written, quotes taken away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Value<'a>(&'a str);

impl<'a> Value<'a> {
    /// Reads what stands behind the sign of a pair.
    #[must_use]
    pub fn read(text: &'a str) -> Self {
        let text = text.trim();
        Self(unquoted(text).unwrap_or(text))
    }

    /// The text.
    #[must_use]
    pub const fn text(self) -> &'a str {
        self.0
    }

    /// A whole number: decimal, or with `0x` or `0b` before it; `_` between digits does not count.
    #[must_use]
    pub fn integer(self) -> Option<i64> {
        let (negative, digits) = match self.0.strip_prefix('-') {
            Some(digits) => (true, digits),
            None => (false, self.0.strip_prefix('+').unwrap_or(self.0)),
        };
        let (radix, digits) = match digits.split_at_checked(2) {
            Some(("0x" | "0X", digits)) => (16, digits),
            Some(("0b" | "0B", digits)) => (2, digits),
            _ => (10, digits),
        };
        let number = magnitude(digits, radix)?;
        // The least number has no positive counterpart, so the sign comes first.
        if negative { 0_i64.checked_sub_unsigned(number) } else { i64::try_from(number).ok() }
    }

    /// A number with at most three digits behind its point, in thousandths: `-1.5` is -1500.
    #[must_use]
    pub fn thousandths(self) -> Option<i64> {
        let (whole, fraction) = self.0.split_once('.').unwrap_or((self.0, "0"));
        let negative = whole.starts_with('-');
        let is_short = (1..=3).contains(&fraction.len());
        let digits = if is_short { magnitude(fraction, 10)? } else { return None };
        let scale = 10_u64.pow(3 - fraction.len() as u32);
        let whole = Value(whole).integer()?.checked_mul(1000)?;
        let fraction = digits * scale;
        if fraction > 999 {
            return None;
        }
        if negative {
            whole.checked_sub_unsigned(fraction)
        } else {
            whole.checked_add_unsigned(fraction)
        }
    }

    /// `yes`, `on`, `true` and `1`, or their opposites, in capitals or small letters.
    #[must_use]
    pub fn switch(self) -> Option<bool> {
        let is_one_of =
            |words: [&str; 4]| words.iter().any(|word| self.0.eq_ignore_ascii_case(word));
        if is_one_of(["yes", "on", "true", "1"]) {
            Some(true)
        } else if is_one_of(["no", "off", "false", "0"]) {
            Some(false)
        } else {
            None
        }
    }

    /// The parts between commas, without the space around them; an empty value has none.
    pub fn list(self) -> impl Iterator<Item = Value<'a>> {
        let parts = if self.0.is_empty() { None } else { Some(self.0.split(',')) };
        parts.into_iter().flatten().map(Value::read)
    }
}

/// What stands inside of a pair of quotes.
pub(crate) fn unquoted(text: &str) -> Option<&str> {
    text.strip_prefix('"').and_then(|text| text.strip_suffix('"'))
}

fn magnitude(digits: &str, radix: u32) -> Option<u64> {
    let is_ragged = digits.starts_with('_') || digits.ends_with('_') || digits.contains("__");
    if digits.is_empty() || is_ragged {
        return None;
    }
    let digits = digits.chars().filter(|c| *c != '_');
    digits.into_iter().try_fold(0_u64, |sum, digit| {
        let digit = digit.to_digit(radix)?;
        sum.checked_mul(u64::from(radix))?.checked_add(u64::from(digit))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_outermost_quotes_are_taken_away_once() {
        for (text, expected) in [
            (" plain ", "plain"),
            ("\" kept \"", " kept "),
            ("\"\"", ""),
            ("\"\"twice\"\"", "\"twice\""),
            ("\"", "\""),
            ("say \"hi\"", "say \"hi\""),
        ] {
            assert_eq!(Value::read(text).text(), expected);
        }
    }

    #[test]
    fn integers_are_read_to_their_bounds_and_not_beyond() {
        for (text, expected) in [
            ("0", Some(0)),
            ("-42", Some(-42)),
            ("+7", Some(7)),
            ("0x3FC8_0000", Some(0x3FC8_0000)),
            ("0b101", Some(5)),
            ("-9223372036854775808", Some(i64::MIN)),
            ("9223372036854775807", Some(i64::MAX)),
            ("9223372036854775808", None),
            ("99999999999999999999999", None),
            ("", None),
            ("-", None),
            ("0x", None),
            ("_1", None),
            ("1__0", None),
            ("12a", None),
            ("1 2", None),
            ("--1", None),
            ("ä", None),
        ] {
            assert_eq!(Value::read(text).integer(), expected, "{text}");
        }
    }

    #[test]
    fn thousandths_keep_their_sign_below_one() {
        for (text, expected) in [
            ("1.5", Some(1500)),
            ("-0.25", Some(-250)),
            ("20", Some(20_000)),
            ("0.125", Some(125)),
            ("0.1255", None),
            ("1.", None),
            ("1.-5", None),
            ("9223372036854775807", None),
        ] {
            assert_eq!(Value::read(text).thousandths(), expected, "{text}");
        }
    }

    #[test]
    fn switches_have_four_words_a_side() {
        assert_eq!(Value::read("Yes").switch(), Some(true));
        assert_eq!(Value::read("OFF").switch(), Some(false));
        assert_eq!(Value::read("2").switch(), None);
    }

    #[test]
    fn a_list_is_what_stands_between_commas() {
        let parts: Vec<&str> = Value::read("1, 2 ,\" 3\",").list().map(Value::text).collect();
        assert_eq!(parts, ["1", "2", " 3", ""]);
        assert_eq!(Value::read("").list().count(), 0);
    }
}
