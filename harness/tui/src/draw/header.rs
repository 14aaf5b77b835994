//! The two lines at the top: what runs, how time goes, what the times mean, what telemetry came.

use ramscope_model::grouped;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::app::{App, Pace};
use crate::draw::pieces::seconds;
use crate::palette::Palette;
use crate::scene::{MachineState, Recording, Scene};

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, scene: &Scene<'_>, app: &App) {
    let [first, second] = [area.y, area.y + 1].map(|y| Rect::new(area.x, y, area.width, 1));
    both_sides(frame, first, program(scene, app), time(scene, app));
    let mut telemetry = telemetry(scene, app.palette);
    telemetry.extend(recording(scene, app.palette));
    let room = usize::from(area.width).saturating_sub(telemetry.width() + 2);
    let model = Line::styled(clock_model(scene, room), app.palette.quiet());
    both_sides(frame, second, telemetry, model);
}

/// One line with a text at each end; the left one wins where both do not fit.
fn both_sides(frame: &mut Frame<'_>, area: Rect, left: Line<'_>, right: Line<'_>) {
    let inner = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
    frame.render_widget(right.right_aligned(), inner);
    frame.render_widget(left, inner);
}

fn program(scene: &Scene<'_>, app: &App) -> Line<'static> {
    let palette = app.palette;
    let mut line = Line::from(Span::styled("ramscope  ", palette.quiet()));
    let (name, state) = match scene.device.programs().last() {
        Some(program) => match program.ended {
            None => (program.name.clone(), ""),
            Some((_, true)) => (program.name.clone(), " (ended)"),
            Some((_, false)) => (program.name.clone(), " (failed)"),
        },
        None => (app.title.clone(), ""),
    };
    line.push_span(Span::styled(name, palette.heading()));
    line.push_span(format!("{state} on {}", scene.target.name));
    match scene.device.resets().len() {
        0 => {}
        1 => line.push_span(Span::styled(", reset once", palette.doubt())),
        n => line.push_span(Span::styled(format!(", reset {n} times"), palette.doubt())),
    }
    line
}

fn time(scene: &Scene<'_>, app: &App) -> Line<'static> {
    let palette = app.palette;
    let mut line = Line::from(Span::styled(seconds(scene.now), palette.heading()));
    if app.pace != Pace::Still {
        line.push_span(format!(" at {}", speed(app)));
    }
    let state = match (scene.machine, app.pace) {
        (MachineState::Stopped(_), _) => Some(Span::styled("STOPPED", palette.bad())),
        (_, Pace::Paused) => Some(Span::styled("PAUSED", palette.doubt())),
        (MachineState::WaitsForInput, _) => Some(Span::styled("waits for input", palette.doubt())),
        (MachineState::Able, Pace::Running) => Some(Span::styled("running", palette.good())),
        (MachineState::Able, Pace::Still) => None,
    };
    if let Some(state) = state {
        line.push_span("  ");
        line.push_span(state);
    }
    line
}

/// The chosen speed, and the one that was reached where they differ by more than a little.
fn speed(app: &App) -> String {
    let Some(reached) = app.reached else {
        return app.speed.to_string();
    };
    let reached = match reached {
        10.0.. => format!("{reached:.0}x"),
        _ => format!("{reached:.1}x"),
    };
    match app.speed.factor() {
        None => format!("max ({reached})"),
        Some(factor) if app.reached.is_some_and(|reached| reached < 0.9 * factor) => {
            format!("{} (reaches {reached})", app.speed)
        }
        Some(_) => app.speed.to_string(),
    }
}

fn telemetry(scene: &Scene<'_>, palette: Palette) -> Line<'static> {
    let losses = scene.device.losses();
    if let Some(version) = scene.device.refused_version() {
        let text = format!("telemetry version {version} is not known here");
        return Line::styled(text, palette.bad());
    }
    if scene.records == 0 && !losses.any() {
        return Line::from("no telemetry yet");
    }
    let mut line = Line::from(format!("telemetry {} records", grouped(scene.records)));
    match losses.records_lost() {
        0 => line.push_span(", none lost"),
        lost => line.push_span(Span::styled(format!(", {} LOST", grouped(lost)), palette.doubt())),
    }
    if losses.damaged_bytes > 0 {
        let text = format!(", {} B DAMAGED", grouped(losses.damaged_bytes));
        line.push_span(Span::styled(text, palette.doubt()));
    }
    line
}

/// That not everything is recorded, where somebody may think so.
fn recording(scene: &Scene<'_>, palette: Palette) -> Option<Span<'static>> {
    match scene.recording {
        Recording::Off | Recording::On => None,
        Recording::Full(at) => {
            let text = format!(", NOT RECORDED since {}", seconds(at));
            Some(Span::styled(text, palette.doubt()))
        }
    }
}

/// What the machine's times mean, as much of it as there is room for.
fn clock_model(scene: &Scene<'_>, room: usize) -> String {
    let model = &scene.target.time_model;
    let clock = scene
        .target
        .clock_hz
        .map_or_else(String::new, |hz| format!(" at {} MHz", f64::from(hz) / 1e6));
    let (first, rest) = model.split_at(model.find(',').unwrap_or(model.len()));
    let whole = format!("{first}{clock}{rest}");
    match whole.chars().count() <= room {
        true => whole,
        false => format!("{first}{clock}"),
    }
}
