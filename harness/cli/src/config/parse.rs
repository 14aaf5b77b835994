//! Reading single values.

use clap::ValueEnum;
use ramscope_scenario::TargetKind;
use ramscope_time::Span;

use crate::args::Format;

/// One part of a plan that several machines share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shard {
    /// Which, from 0.
    pub(crate) index: u64,
    /// Of how many.
    pub(crate) count: u64,
}

/// How much device time a run may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TimeLimit {
    /// So much.
    At(Span),
    /// Any, as wokwi-cli's `--timeout 0` says.
    Never,
}

/// The most seeds that a range can name.
const SEEDS_MAX: u64 = 1_000_000;

/// Any text.
pub(super) fn text(text: &str) -> Result<String, String> {
    Ok(text.to_owned())
}

/// `true` or `false`.
pub(super) fn flag(text: &str) -> Result<bool, String> {
    match text {
        "true" | "1" | "yes" => Ok(true),
        "false" | "0" | "no" => Ok(false),
        other => Err(format!("true or false is expected, not `{other}`")),
    }
}

/// A whole number.
pub(super) fn number(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| format!("a whole number is expected, not `{text}`"))
}

/// A whole number from 1 on.
pub(super) fn count(text: &str) -> Result<u32, String> {
    match text.parse() {
        Ok(0) => Err("at least 1 is expected".to_owned()),
        Ok(count) => Ok(count),
        Err(_) => Err(format!("a whole number is expected, not `{text}`")),
    }
}

/// An exit code.
pub(super) fn exit_code(text: &str) -> Result<u8, String> {
    text.parse().map_err(|_| format!("an exit code is a number from 0 to 255, not `{text}`"))
}

/// Milliseconds of device time, or a time with its unit.
pub(super) fn time_limit(text: &str) -> Result<TimeLimit, String> {
    let expected = || format!("milliseconds of device time are expected, or 5s, not `{text}`");
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let number: u64 = digits.trim().parse().map_err(|_| expected())?;
    let millis = match &text[digits.len()..] {
        "" | "ms" => Some(number),
        "s" => number.checked_mul(1_000),
        _ => None,
    };
    match millis.ok_or_else(expected)? {
        0 => Ok(TimeLimit::Never),
        millis if millis > u64::MAX / 1_000_000_000 => Err("so long does no run last".to_owned()),
        millis => Ok(TimeLimit::At(Span::from_millis(millis))),
    }
}

/// `2/4`: the second of four.
pub(super) fn shard(text: &str) -> Result<Shard, String> {
    let parts = text.split_once('/').and_then(|(index, count)| {
        Some((index.trim().parse::<u64>().ok()?, count.trim().parse::<u64>().ok()?))
    });
    match parts {
        Some((index, count)) if index >= 1 && index <= count => {
            Ok(Shard { index: index - 1, count })
        }
        _ => Err(format!("a shard is written 1/4 to 4/4, not `{text}`")),
    }
}

/// `7`, `1,5,9`, `1-100` and `1..=100`: all from the first to the last, `1..100`: without the last.
pub(super) fn seeds(text: &str) -> Result<Vec<u64>, String> {
    let mut seeds = Vec::new();
    for part in text.split(',').map(str::trim) {
        seeds.extend(seed_range(part)?);
    }
    Ok(seeds)
}

fn seed_range(text: &str) -> Result<std::ops::Range<u64>, String> {
    let (first, last, beyond) =
        match ["..=", "..", "-"].iter().find_map(|dots| text.split_once(dots)) {
            None => (text, text, 1),
            Some((first, last)) => {
                (first, last, u64::from(!text.contains("..") || text.contains("..=")))
            }
        };
    let (first, last) = (number(first.trim())?, number(last.trim())?);
    let end = last.saturating_add(beyond);
    match end.checked_sub(first) {
        None | Some(0) => Err(format!("`{text}` holds no seed")),
        Some(count) if count > SEEDS_MAX => {
            Err(format!("`{text}` holds {count} seeds, and {SEEDS_MAX} are the most"))
        }
        Some(_) => Ok(first..end),
    }
}

/// A target's name, or `all` machines that need no board, account or service.
pub(super) fn targets(text: &str) -> Result<Vec<TargetKind>, String> {
    if text == "all" {
        return Ok(ramscope_backend::MACHINES.to_vec());
    }
    TargetKind::from_name(text).map(|target| vec![target]).ok_or_else(|| {
        let known = TargetKind::ALL.map(TargetKind::name).join(", ");
        format!("there is no target `{text}`; the targets are {known}, and all")
    })
}

/// The form of a report.
pub(super) fn format(text: &str) -> Result<Format, String> {
    Format::from_str(text, false).map_err(|_| {
        let known: Vec<_> = Format::value_variants()
            .iter()
            .filter_map(|format| Some(format.to_possible_value()?.get_name().to_owned()))
            .collect();
        format!("there is no form `{text}`; the forms are {}", known.join(", "))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_are_numbers_lists_and_ranges() {
        assert_eq!(seeds("7"), Ok(vec![7]));
        assert_eq!(seeds("1, 5,9"), Ok(vec![1, 5, 9]));
        assert_eq!(seeds("1-3"), Ok(vec![1, 2, 3]));
        assert_eq!(seeds("1..=3"), Ok(vec![1, 2, 3]));
        assert_eq!(seeds("1..3,8"), Ok(vec![1, 2, 8]));
        for text in ["", "x", "3-1", "5..5", "1-", "0-18446744073709551615", "1-2000000"] {
            assert!(seeds(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_shard_is_one_of_several() {
        assert_eq!(shard("1/4"), Ok(Shard { index: 0, count: 4 }));
        for text in ["0/4", "5/4", "1", "1/", "/4", "1/0", "-1/4"] {
            assert!(shard(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_time_limit_is_milliseconds_as_in_wokwi_cli() {
        assert_eq!(time_limit("1500"), Ok(TimeLimit::At(Span::from_millis(1_500))));
        assert_eq!(time_limit("5s"), Ok(TimeLimit::At(Span::from_seconds(5))));
        assert_eq!(time_limit("0"), Ok(TimeLimit::Never));
        for text in ["", "s", "1m", "-1", "99999999999999999"] {
            assert!(time_limit(text).is_err(), "{text}");
        }
    }
}
