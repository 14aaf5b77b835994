//! `ramscope tui`: a program on the built-in machine, live on a screen or as one picture.
//!
//! ```text
//! key --App::update--> Command --live--> Watched (session, recording, feed) --Scene--> the screen
//! ```

mod live;
mod tape;
mod watched;

use std::path::{Path, PathBuf};

use clap::Args;
use ramscope_backend::Firmware;
use ramscope_scenario::nearest;
use ramscope_time::{Instant, Span};
use ramscope_tui::{App, Pace, Palette, Recording, ScreenSize};

use crate::diagram;
use crate::evidence::as_argument;
use crate::failure::Failure;
use crate::store::{self, Store};
use crate::terminal::Terminal;
use crate::verb::build::build_image;
use tape::Tape;
use watched::{Watched, WatchedOptions};

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

    /// The parts around the chip [default: the diagram.json of the project or workspace around here].
    #[arg(long, visible_alias = "diagram-file", value_name = "FILE")]
    diagram: Option<PathBuf>,

    /// Where the recording goes on quitting; it begins anew when the machine is restarted.
    /// [default: target/ramscope/runs/tui-PROGRAM.ramscope, with --once nowhere]
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,

    /// Record nothing.
    #[arg(long, conflicts_with = "record")]
    no_record: bool,

    /// Print the screen once as text, in place of showing it live.
    #[arg(long)]
    once: bool,

    /// With --once: the device time at which the screen is taken.
    #[arg(long, requires = "once", default_value = "5s", value_name = "TIME", value_parser = device_time)]
    at: Span,

    /// With --once: what the displays around the chip show, over the screen.
    #[arg(long, requires = "once")]
    display: bool,

    /// With --once: columns and rows.
    #[arg(long, requires = "once", default_value_t = ScreenSize::DEFAULT, value_name = "WxH")]
    size: ScreenSize,
}

/// Shows a program live, or prints one picture of it.
pub(crate) fn tui(options: &TuiOptions, terminal: &Terminal) -> Result<(), Failure> {
    if !options.once {
        // Before a build that would have been for nothing.
        live::require_terminal()?;
    }
    let firmware = match &options.elf {
        Some(elf) => Firmware::read(elf)?,
        None => Firmware::read(&build_image(options.once, terminal)?.elf)?,
    };
    let circuit = match firmware.has_pins() {
        true => diagram::circuit(options.diagram.as_deref(), &[PathBuf::from(".")])?,
        false => None,
    };
    let first_line = first_line(options.program.as_deref(), firmware.programs.as_deref())?;
    let title = name_of(&firmware);
    let program = first_line.as_deref().and_then(program_of).unwrap_or(&title).to_owned();
    let path = recording_path(options, &program)?;
    let recording = if path.is_some() { Recording::On } else { Recording::Off };
    let mut watched = Watched::new(WatchedOptions { firmware, circuit, first_line, recording });
    let mut app = App::new(title, palette(terminal));
    let shown = match options.once {
        true => print_picture(&mut watched, &mut app, options),
        false => live::live(&mut watched, &mut app),
    };
    // Whatever became of the screen, what was recorded is worth keeping.
    let kept = path.map_or(Ok(()), |path| keep(watched, &program, &path));
    shown.and(kept)
}

fn palette(terminal: &Terminal) -> Palette {
    match terminal.stdout_color {
        true => Palette::COLOR,
        false => Palette::PLAIN,
    }
}

fn print_picture(
    watched: &mut Watched,
    app: &mut App,
    options: &TuiOptions,
) -> Result<(), Failure> {
    watched.run_to(Instant::ZERO + options.at)?;
    app.pace = Pace::Still;
    if options.display {
        // Text has no colour, so shades have to do.
        app.palette = Palette::PLAIN;
        app.show_displays();
        watched.look_at_displays()?;
    }
    print!("{}", ramscope_tui::text(&watched.scene(), app, options.size));
    Ok(())
}

/// Where the recording goes, if anybody wants one. A picture leaves none unless it is asked for.
fn recording_path(options: &TuiOptions, program: &str) -> Result<Option<PathBuf>, Failure> {
    match &options.record {
        Some(path) => {
            store::prepare(path)?;
            Ok(Some(path.clone()))
        }
        None if options.no_record || options.once => Ok(None),
        None => Ok(Some(Store::open(None)?.path(&format!("tui-{program}")))),
    }
}

/// Writes the recording and says where it is.
fn keep(watched: Watched, program: &str, path: &Path) -> Result<(), Failure> {
    let up_to = match watched.recording() {
        Recording::Full(at) => {
            format!(" up to {at}, where its {} MiB were full", Tape::MEBIBYTES_MAX)
        }
        Recording::On | Recording::Off => String::new(),
    };
    if let Some(capture) = watched.finish(program, path)? {
        store::write(path, &capture)?;
        let path = as_argument(path);
        eprintln!("recorded in {path}{up_to}; `ramscope replay` and `ramscope show` read it");
    }
    Ok(())
}

/// The program that a line starts.
fn program_of(line: &str) -> Option<&str> {
    line.strip_prefix("run ")?.split_whitespace().next()
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
