//! The YAML 1.2 core schema (YAML 1.2.2, chapter 10.3), as the npm package `yaml` implements it:
//! what an unquoted scalar means.

use crate::value::Value;

/// The type that a tag asks for, of those that the core schema knows.
const CORE_TAG: &str = "tag:yaml.org,2002:";

/// What a scalar means, given its text, whether it is unquoted, and its tag.
pub(super) fn resolve(text: &str, plain: bool, tag: Option<String>) -> Value {
    match tag {
        None if plain => resolve_plain(text),
        None => Value::Text(text.into()),
        Some(tag) => resolve_tagged(text, &tag),
    }
}

/// A tag selects a type if the text fits it; any other tag, or text, makes a string.
fn resolve_tagged(text: &str, tag: &str) -> Value {
    let value = resolve_plain(text);
    let fits = match (tag.strip_prefix(CORE_TAG), &value) {
        (Some("null"), Value::Null) | (Some("bool"), Value::Bool(_)) => true,
        (Some("int"), Value::Number(_)) => integer(text).is_some(),
        (Some("float"), Value::Number(_)) => integer(text).is_none(),
        _ => false,
    };
    if fits { value } else { Value::Text(text.into()) }
}

fn resolve_plain(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        _ => integer(text)
            .or_else(|| float(text))
            .map_or_else(|| Value::Text(text.into()), Value::Number),
    }
}

/// `[-+]?[0-9]+`, `0o[0-7]+`, `0x[0-9a-fA-F]+`.
fn integer(text: &str) -> Option<f64> {
    if let Some(digits) = text.strip_prefix("0o") {
        return in_radix(digits, 8);
    }
    if let Some(digits) = text.strip_prefix("0x") {
        return in_radix(digits, 16);
    }
    let digits = unsigned(text);
    all_digits(digits).then(|| decimal(text))
}

/// The number that these digits write; rounded as JavaScript does, at the end.
fn in_radix(digits: &str, radix: u32) -> Option<f64> {
    if digits.is_empty() || !digits.chars().all(|digit| digit.is_digit(radix)) {
        return None;
    }
    let inexact = |digits: &str| {
        digits
            .chars()
            .filter_map(|digit| digit.to_digit(radix))
            .fold(0.0, |number, digit| number * f64::from(radix) + f64::from(digit))
    };
    Some(u128::from_str_radix(digits, radix).map_or_else(|_| inexact(digits), |exact| exact as f64))
}

/// `.inf` and `.nan` in three spellings, `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`.
fn float(text: &str) -> Option<f64> {
    match text {
        ".nan" | ".NaN" | ".NAN" => return Some(f64::NAN),
        "-.inf" | "-.Inf" | "-.INF" => return Some(f64::NEG_INFINITY),
        _ => {}
    }
    let number = unsigned(text);
    if matches!(number, ".inf" | ".Inf" | ".INF") {
        return Some(f64::INFINITY);
    }
    let (mantissa, exponent) = match number.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (number, None),
    };
    let mantissa_fits = match mantissa.split_once('.') {
        Some(("", fraction)) => all_digits(fraction),
        Some((whole, fraction)) => {
            all_digits(whole) && (fraction.is_empty() || all_digits(fraction))
        }
        None => all_digits(mantissa),
    };
    let exponent_fits = exponent.is_none_or(|exponent| all_digits(unsigned(exponent)));
    (mantissa_fits && exponent_fits).then(|| decimal(text))
}

/// `text` without one sign.
fn unsigned(text: &str) -> &str {
    text.strip_prefix(['-', '+']).unwrap_or(text)
}

fn all_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn decimal(text: &str) -> f64 {
    text.parse().expect("the grammar above is within Rust's")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_scalars_mean_what_the_core_schema_says() {
        for (text, expected) in [
            ("yes", Value::Text("yes".into())),
            ("TRUE", Value::Bool(true)),
            ("tRue", Value::Text("tRue".into())),
            ("", Value::Null),
            ("~", Value::Null),
            ("010", Value::Number(10.0)),
            ("0o17", Value::Number(15.0)),
            ("0x1F", Value::Number(31.0)),
            ("-0x1", Value::Text("-0x1".into())),
            ("1_000", Value::Text("1_000".into())),
            ("0b11", Value::Text("0b11".into())),
            ("1e3", Value::Number(1000.0)),
            ("+.5e-1", Value::Number(0.05)),
            ("1.", Value::Number(1.0)),
            (".", Value::Text(".".into())),
            ("+.inf", Value::Number(f64::INFINITY)),
            ("+.nan", Value::Text("+.nan".into())),
            ("1.5ms", Value::Text("1.5ms".into())),
        ] {
            assert_eq!(resolve(text, true, None), expected, "{text}");
            assert_eq!(resolve(text, false, None), Value::Text(text.into()), "{text} in quotes");
        }
    }

    #[test]
    fn a_tag_selects_a_type_only_if_the_text_fits() {
        let tagged = |tag: &str, text: &str| resolve(text, true, Some(format!("{CORE_TAG}{tag}")));
        assert_eq!(tagged("str", "5"), Value::Text("5".into()));
        assert_eq!(tagged("int", "5"), Value::Number(5.0));
        assert_eq!(tagged("float", "5"), Value::Text("5".into()));
        assert_eq!(tagged("null", ""), Value::Null);
        assert_eq!(resolve("5", true, Some("!mine".into())), Value::Text("5".into()));
    }
}
