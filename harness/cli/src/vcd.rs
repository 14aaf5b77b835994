//! What logic analyzers saw, as a Value Change Dump (IEEE 1364, clause 18): the format that wave
//! viewers read. It is a function of the capture alone.

use std::fmt::Write;

use ramscope_capture::{Capture, ObserverEvent};
use ramscope_time::Instant;

const CHANNELS: u8 = 8;

/// A look of an analyzer.
struct Look<'a> {
    at: Instant,
    /// Which analyzer, in the order of first looks.
    analyzer: usize,
    levels: u8,
    before: Option<u8>,
    part: &'a str,
}

/// The dump of all analyzers; `None` if there was none.
pub(crate) fn vcd(capture: &Capture) -> Option<String> {
    let seen: Vec<_> = capture.events::<ObserverEvent>().filter_map(Result::ok).collect();
    let levels = seen.iter().filter_map(|seen| match &seen.event {
        ObserverEvent::Levels { part, levels } => Some((seen.instant, part.as_str(), *levels)),
        _ => None,
    });
    let mut analyzers: Vec<(&str, u8)> = Vec::new();
    let looks: Vec<Look<'_>> = levels
        .map(|(at, part, levels)| {
            let known = analyzers.iter().position(|(id, _)| *id == part);
            let before = known.map(|index| std::mem::replace(&mut analyzers[index].1, levels));
            let analyzer = known.unwrap_or_else(|| {
                analyzers.push((part, levels));
                analyzers.len() - 1
            });
            Look { at, analyzer, levels, before, part }
        })
        .collect();
    if looks.is_empty() {
        return None;
    }
    let mut text = String::from("$version ramscope $end\n$timescale 1 ps $end\n");
    looks.iter().filter(|look| look.before.is_none()).for_each(|look| declare(&mut text, look));
    text.push_str("$enddefinitions $end\n");
    let mut last = None;
    for look in &looks {
        if last.replace(look.at) != Some(look.at) {
            add(&mut text, format_args!("#{}\n", look.at.as_picos()));
        }
        change(&mut text, look);
    }
    let end = capture.device.iter().map(|chunk| chunk.instant).max();
    if let Some(end) = end.filter(|end| Some(*end) > last) {
        add(&mut text, format_args!("#{}\n", end.as_picos()));
    }
    Some(text)
}

fn declare(text: &mut String, look: &Look<'_>) {
    // A name in a dump ends at the first blank.
    let name: String = look.part.chars().map(|c| if c.is_whitespace() { '_' } else { c }).collect();
    add(text, format_args!("$scope module {name} $end\n"));
    for channel in 0..CHANNELS {
        let code = code(look.analyzer, channel);
        add(text, format_args!("$var wire 1 {code} D{channel} $end\n"));
    }
    text.push_str("$upscope $end\n");
}

/// The channels that are not as before.
fn change(text: &mut String, look: &Look<'_>) {
    let changed = look.before.map_or(u8::MAX, |before| before ^ look.levels);
    for channel in (0..CHANNELS).filter(|channel| changed >> channel & 1 != 0) {
        let level = look.levels >> channel & 1;
        add(text, format_args!("{level}{}\n", code(look.analyzer, channel)));
    }
}

/// A name for a channel that is short and unique.
fn code(analyzer: usize, channel: u8) -> String {
    let letter = char::from(b'!' + channel);
    match analyzer {
        0 => letter.to_string(),
        n => format!("{letter}{n}"),
    }
}

fn add(text: &mut String, line: std::fmt::Arguments<'_>) {
    text.write_fmt(line).expect("a String takes everything");
}

#[cfg(test)]
mod tests {
    use super::*;
    use ramscope_capture::Recorder;

    fn capture(looks: &[(u64, &str, u8)]) -> Capture {
        let mut recorder = Recorder::new();
        for &(picos, part, levels) in looks {
            let event = ObserverEvent::Levels { part: part.to_owned(), levels };
            recorder.event(Instant::from_picos(picos), &event);
        }
        recorder.event(Instant::from_picos(9_000), &ObserverEvent::Note("the end".into()));
        recorder.finish()
    }

    #[test]
    fn only_what_changes_is_dumped() {
        let text = vcd(&capture(&[(0, "la", 0b01), (6_250, "la", 0b10)])).unwrap();
        let (head, body) = text.split_once("$enddefinitions $end\n").unwrap();
        assert!(head.contains("$scope module la $end\n$var wire 1 ! D0 $end\n"), "{head}");
        let first = "#0\n1!\n0\"\n0#\n0$\n0%\n0&\n0'\n0(\n";
        assert_eq!(body, format!("{first}#6250\n0!\n1\"\n#9000\n"));
    }

    #[test]
    fn each_analyzer_has_channels_of_its_own() {
        let text = vcd(&capture(&[(0, "a", 0), (0, "the other", 0), (5, "the other", 1)])).unwrap();
        assert!(text.contains("$scope module the_other $end\n$var wire 1 !1 D0 $end\n"), "{text}");
        assert!(text.ends_with("#5\n1!1\n#9000\n"), "{text}");
    }

    #[test]
    fn without_an_analyzer_there_is_no_dump() {
        assert_eq!(vcd(&capture(&[])), None);
    }
}
