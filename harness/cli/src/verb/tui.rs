//! `ramscope tui`.

use std::path::PathBuf;

use clap::Args;
use ramscope_backend::Firmware;
use ramscope_scenario::nearest;
use ramscope_time::{Instant, Span};
use ramscope_tui::{App, Pace, Palette, ScreenSize, TuiError, Watched, WatchedOptions};

use crate::failure::Failure;
use crate::terminal::Terminal;
use crate::verb::build::build_image;

/// What is watched if nobody asks for anything else.
const DEMO: &str = "demo";
/// Somebody who watches does not want it to end after a scenario's time.
const DEMO_ARGUMENTS: &str = "seconds=3600";

/// Options of `ramscope tui`.
#[derive(Debug, Args)]
pub(crate) struct TuiOptions {
    /// Watch this image in place of the workspace's own.
    #[arg(long, value_name = "FILE")]
    elf: Option<PathBuf>,

    /// The program to run, with its arguments if it takes some [default: demo].
    #[arg(long, value_name = "PROGRAM")]
    program: Option<String>,

    /// Print the screen once as text, in place of showing it live.
    #[arg(long)]
    once: bool,

    /// With --once: the device time at which the screen is taken.
    #[arg(long, requires = "once", default_value = "5s", value_name = "TIME", value_parser = device_time)]
    at: Span,

    /// With --once: columns and rows.
    #[arg(long, requires = "once", default_value_t = ScreenSize::DEFAULT, value_name = "WxH")]
    size: ScreenSize,
}

/// Shows a program live, or prints one picture of it.
pub(crate) fn tui(options: &TuiOptions, terminal: &Terminal) -> Result<(), Failure> {
    if !options.once {
        // Before a build that would have been for nothing.
        ramscope_tui::require_terminal()?;
    }
    let firmware = match &options.elf {
        Some(elf) => Firmware::read(elf)?,
        None => Firmware::read(&build_image(options.once, terminal)?.elf)?,
    };
    let first_line = first_line(options.program.as_deref(), firmware.programs.as_deref())?;
    let palette = match terminal.stdout_color {
        true => Palette::COLOR,
        false => Palette::PLAIN,
    };
    let mut app = App::new(name_of(&firmware), palette);
    let mut watched = Watched::new(WatchedOptions { firmware, first_line });
    if options.once {
        watched.run_to(Instant::ZERO + options.at)?;
        app.pace = Pace::Still;
        print!("{}", ramscope_tui::text(&watched.scene(), &app, options.size));
        return Ok(());
    }
    Ok(ramscope_tui::live(&mut watched, &mut app)?)
}

/// What the screen calls an image that has not said which program runs.
fn name_of(firmware: &Firmware) -> String {
    let name = firmware.path.file_name().unwrap_or(firmware.path.as_os_str());
    name.to_string_lossy().into_owned()
}

/// The line to type once the device is up: none for an image that knows no programs, unless
/// somebody asked for one.
fn first_line(asked: Option<&str>, programs: Option<&[String]>) -> Result<Option<String>, Failure> {
    let has =
        |name: &str| programs.is_some_and(|programs| programs.iter().any(|known| known == name));
    let Some(asked) = asked else {
        return Ok(has(DEMO).then(|| format!("run {DEMO} {DEMO_ARGUMENTS}")));
    };
    let name = asked.split_whitespace().next().unwrap_or_default();
    if programs.is_some() && !has(name) {
        return Err(Failure::NoProgram {
            name: name.to_owned(),
            hint: hint(name, programs.unwrap_or_default()),
        });
    }
    Ok(Some(match asked == DEMO {
        true => format!("run {DEMO} {DEMO_ARGUMENTS}"),
        false => format!("run {asked}"),
    }))
}

fn hint(name: &str, programs: &[String]) -> String {
    match nearest(name, programs.iter().map(String::as_str)) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => format!("it has {}", programs.join(", ")),
    }
}

/// `5s`, `250ms`, `2.5 s`.
fn device_time(text: &str) -> Result<Span, String> {
    let expected = || "a time is written 5s or 250ms".to_owned();
    let text = text.trim();
    let (number, picos) = match text.strip_suffix("ms") {
        Some(number) => (number, 1e9),
        None => (text.strip_suffix('s').ok_or_else(expected)?, 1e12),
    };
    let value: f64 = number.trim().parse().map_err(|_| expected())?;
    match value.is_finite() && value >= 0.0 {
        true => Ok(Span::from_picos((value * picos) as u64)),
        false => Err(expected()),
    }
}

impl From<TuiError> for Failure {
    fn from(error: TuiError) -> Self {
        match error {
            TuiError::Machine(error) => Self::Backend(error),
            other => Self::Tui(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn programs() -> Vec<String> {
        ["counting", "demo"].map(String::from).to_vec()
    }

    #[test]
    fn the_demo_lasts_an_hour_unless_somebody_says_how_long() {
        for (asked, line) in [
            (None, "run demo seconds=3600"),
            (Some("demo"), "run demo seconds=3600"),
            (Some("demo seconds=5"), "run demo seconds=5"),
            (Some("counting"), "run counting"),
        ] {
            let typed = first_line(asked, Some(&programs())).unwrap();
            assert_eq!(typed.as_deref(), Some(line));
        }
    }

    #[test]
    fn an_image_that_lists_no_programs_is_left_alone() {
        assert_eq!(first_line(None, None).unwrap(), None);
        assert_eq!(first_line(Some("x"), None).unwrap().as_deref(), Some("run x"));
    }

    #[test]
    fn a_program_that_does_not_exist_has_a_neighbour() {
        let failure = first_line(Some("demmo"), Some(&programs())).unwrap_err();
        let sentence = "the image has no program `demmo`: did you mean `demo`?";
        assert_eq!(failure.sentence(), sentence);
    }

    #[test]
    fn a_time_has_a_unit() {
        assert_eq!(device_time("250ms"), Ok(Span::from_millis(250)));
        assert_eq!(device_time("2.5 s"), Ok(Span::from_millis(2_500)));
        for text in ["", "5", "s", "-1s", "infs", "nans", "5 min"] {
            assert!(device_time(text).is_err(), "{text}");
        }
    }
}
