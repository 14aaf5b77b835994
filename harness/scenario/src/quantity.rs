//! How scenarios write times, sizes, shares and whole numbers.

use ramscope_time::Span;

/// Why a text is no time, in the distinction that wokwi-cli makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TimeError {
    /// It begins like a number.
    MissingUnits,
    /// It does not.
    Invalid,
}

/// Reads a time by wokwi-cli's grammar: `^(\d+(\.\d*)?)\s*(ns|us|ms|s)$|^0(\.?0*)$`, whatever the
/// case, after trimming. Rounded to whole picoseconds; times past the end of time are that end.
pub(crate) fn parse_time(text: &str) -> Result<Span, TimeError> {
    let text = js_trim(text);
    let fail = || {
        if begins_with_number(text) { TimeError::MissingUnits } else { TimeError::Invalid }
    };
    if is_zero_without_unit(text) {
        return Ok(Span::ZERO);
    }
    let number_end = text.find(|c: char| !c.is_ascii_digit() && c != '.').ok_or_else(fail)?;
    let (number, unit) = text.split_at(number_end);
    let picos_per_unit = match js_trim(unit).to_ascii_lowercase().as_str() {
        "ns" => 1e3,
        "us" => 1e6,
        "ms" => 1e9,
        "s" => 1e12,
        _ => return Err(fail()),
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() || fraction.contains('.') {
        return Err(fail());
    }
    let number: f64 = number.parse().map_err(|_| fail())?;
    // The cast saturates.
    Ok(Span::from_picos((number * picos_per_unit).round() as u64))
}

/// `^0(\.?0*)$`.
fn is_zero_without_unit(text: &str) -> bool {
    let Some(rest) = text.strip_prefix('0') else {
        return false;
    };
    let zeros = rest.strip_prefix('.').unwrap_or(rest);
    zeros.bytes().all(|byte| byte == b'0')
}

/// Whether JavaScript's `parseFloat` finds a number at the beginning of a trimmed text.
fn begins_with_number(text: &str) -> bool {
    let text = text.strip_prefix(['-', '+']).unwrap_or(text);
    let digits = text.strip_prefix('.').unwrap_or(text);
    digits.starts_with(|c: char| c.is_ascii_digit()) || text.starts_with("Infinity")
}

/// `text` as JavaScript trims it: a byte-order mark is white space, a next-line character is not.
pub(crate) fn js_trim(text: &str) -> &str {
    text.trim_matches(|c: char| c == '\u{feff}' || (c.is_whitespace() && c != '\u{85}'))
}

/// Reads a size in bytes: `512`, `512B`, `4KiB`, `4 KiB`, `1MiB`.
pub(crate) fn parse_size(text: &str) -> Result<u64, String> {
    let text = text.trim();
    let digits_end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, unit) = text.split_at(digits_end);
    if digits.is_empty() {
        return Err(format!("`{text}` is no size; sizes look like 512, 512B or 4KiB"));
    }
    let bytes_per_unit: u64 = match unit.trim() {
        "" | "B" => 1,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        other => {
            return Err(format!("`{other}` is no unit of size; there are B, KiB and MiB"));
        }
    };
    let count: Option<u64> = digits.parse().ok();
    count
        .and_then(|count| count.checked_mul(bytes_per_unit))
        .ok_or_else(|| format!("`{text}` is more bytes than 64 bits can count"))
}

/// Reads a share of processor time as hundredths of a per cent: `25%`, `12.5 %`.
pub(crate) fn parse_share(text: &str) -> Result<u64, String> {
    let wrong = || format!("`{text}` is no share; shares look like 25% or 12.5%");
    let number = text.trim().strip_suffix('%').ok_or_else(wrong)?.trim_end();
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    if fraction.len() > 2 || !(all_digits(whole) && all_digits(fraction)) {
        return Err(wrong());
    }
    let whole: u64 = whole.parse().map_err(|_| wrong())?;
    let hundredths: u64 = format!("{fraction:0<2}").parse().map_err(|_| wrong())?;
    match whole.checked_mul(100).and_then(|points| points.checked_add(hundredths)) {
        Some(points) if points <= 10_000 => Ok(points),
        _ => Err(format!("`{text}` is more than the whole")),
    }
}

/// Reads how much of something goes wrong, in millionths: `0.1%`, `5 %`.
pub(crate) fn parse_rate(text: &str) -> Result<u32, String> {
    let wrong = || format!("`{text}` is no rate; rates look like 1% or 0.01%");
    let number = text.trim().strip_suffix('%').ok_or_else(wrong)?.trim_end();
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    if fraction.len() > 4 || !(all_digits(whole) && all_digits(fraction)) {
        return Err(wrong());
    }
    let ppm: Option<u32> = format!("{whole}{fraction:0<4}").parse().ok();
    ppm.filter(|ppm| *ppm <= 1_000_000).ok_or_else(|| format!("`{text}` is more than the whole"))
}

/// Reads a whole number, exactly: `7`, `0x1F`, `0o17`.
pub(crate) fn parse_whole(source: &str) -> Option<u64> {
    if let Some(digits) = source.strip_prefix("0x") {
        return u64::from_str_radix(digits, 16).ok();
    }
    if let Some(digits) = source.strip_prefix("0o") {
        return u64::from_str_radix(digits, 8).ok();
    }
    all_digits(source).then(|| source.parse().ok()).flatten()
}

fn all_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_follow_wokwis_grammar() {
        for (text, picos) in [
            ("500ms", 500_000_000_000),
            ("1.ms", 1_000_000_000),
            ("1.5 S", 1_500_000_000_000),
            ("0.1ns", 100),
            ("  2 us  ", 2_000_000),
            ("0", 0),
            ("0.", 0),
            ("0.00", 0),
            ("000", 0),
            ("\u{feff}1s", 1_000_000_000_000),
            ("99999999999999999999999s", u64::MAX),
        ] {
            assert_eq!(parse_time(text).map(Span::as_picos), Ok(picos), "{text}");
        }
    }

    #[test]
    fn what_is_no_time_is_told_apart_as_wokwi_does() {
        for text in
            ["500", ".5s", "-1ms", "1e3ms", "1m", "1..2s", "0.5", "+1s", "Infinityms", "0.0.0"]
        {
            assert_eq!(parse_time(text), Err(TimeError::MissingUnits), "{text}");
        }
        for text in ["", "ms", "soon", "\u{85}1s", ".ms", "-"] {
            assert_eq!(parse_time(text), Err(TimeError::Invalid), "{text}");
        }
    }

    #[test]
    fn sizes_count_bytes() {
        assert_eq!(parse_size("512"), Ok(512));
        assert_eq!(parse_size("4 KiB"), Ok(4096));
        assert_eq!(parse_size("3B"), Ok(3));
        for wrong in
            ["", "KiB", "4kB", "-1", "1.5KiB", "99999999999999999999", "99999999999999999MiB"]
        {
            assert!(parse_size(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn rates_count_millionths() {
        assert_eq!(parse_rate("0.1%"), Ok(1000));
        assert_eq!(parse_rate("100 %"), Ok(1_000_000));
        assert_eq!(parse_rate("0.0001%"), Ok(1));
        for wrong in ["1", "0.00001%", "100.1%", "%", "-1%", "99999999999%"] {
            assert!(parse_rate(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn shares_count_hundredths_of_a_per_cent() {
        assert_eq!(parse_share("25%"), Ok(2500));
        assert_eq!(parse_share("12.5 %"), Ok(1250));
        assert_eq!(parse_share("0.05%"), Ok(5));
        for wrong in ["25", "%", "100.01%", "-1%", "1.234%", "99999999999999999999%"] {
            assert!(parse_share(wrong).is_err(), "{wrong}");
        }
    }
}
