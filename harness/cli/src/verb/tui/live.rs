//! The loop that owns the terminal and the machine: draw, listen, let the device run.
//!
//! Device time that is due is collected from the host time that has passed, and paid in whole steps of
//! the machine. If the machine is slower than the speed that a person chose, what could not be paid
//! is forgotten, and the screen says which speed was reached.
//!
//! Invariants:
//! 1. The host's clock is read here, and only to pace: it decides *when* the device runs on, never
//!    *what* it does. The device runs in whole steps of [`Watched::STEP`], and what is typed arrives
//!    between two steps, so the same lines typed at the same instants give the same device, at any
//!    speed.
//! 2. The terminal is given back however the screen ends: quit, error or panic.

use std::io::IsTerminal;
use std::time::{Duration, Instant as HostInstant};

use ramscope_time::{Instant, Span};
use ramscope_tui::{App, Command, Pace, Speed, draw, sight};
use ratatui::DefaultTerminal;
use ratatui::crossterm::event;
use ratatui::layout::Size;

use super::watched::Watched;
use crate::failure::Failure;

/// Host time between two drawings.
const FRAME: Duration = Duration::from_millis(33);
/// Host time that the device may take between two drawings, so that keys stay quick.
const RUN_MAX: Duration = Duration::from_millis(25);
/// Host time over which the reached speed is measured.
const MEASURE: Duration = Duration::from_millis(500);
/// What `.` lets the device run for: the time between two samples.
const SAMPLE: Span = Span::from_millis(100);

/// Says whether there is a terminal that the live screen could be shown on.
///
/// # Errors
/// If there is none.
pub(crate) fn require_terminal() -> Result<(), Failure> {
    match std::io::stdout().is_terminal() && std::io::stdin().is_terminal() {
        true => Ok(()),
        false => Err(Failure::NoTerminal),
    }
}

/// Shows the screen until somebody leaves it.
///
/// # Errors
/// If there is no terminal, or it fails, or the machine does.
pub(crate) fn live(watched: &mut Watched, app: &mut App) -> Result<(), Failure> {
    require_terminal()?;
    // It also sees to it that a panic gives the terminal back before it prints anything.
    let terminal = ratatui::try_init().map_err(Failure::Screen)?;
    let result = watch(terminal, watched, app);
    let restored = ratatui::try_restore().map_err(Failure::Screen);
    result.and(restored)
}

fn watch(
    mut terminal: DefaultTerminal,
    watched: &mut Watched,
    app: &mut App,
) -> Result<(), Failure> {
    let mut pacing = Pacing::new(watched.now());
    loop {
        let frame_end = HostInstant::now() + FRAME;
        pacing.run(watched, app)?;
        if app.shows_calls() {
            watched.look_at_calls();
        }
        if app.shows_displays() {
            watched.look_at_displays()?;
        }
        terminal.draw(|frame| draw(frame, &watched.scene(), app)).map_err(Failure::Screen)?;
        let size = terminal.size().map_err(Failure::Screen)?;
        let mut left = frame_end.saturating_duration_since(HostInstant::now());
        while event::poll(left).map_err(Failure::Screen)? {
            let event = event::read().map_err(Failure::Screen)?;
            if obey(&event, size, watched, app)? == Next::Leave {
                return Ok(());
            }
            // Draw soon after a key, but take all keys that are there already.
            left = Duration::ZERO;
        }
    }
}

#[derive(PartialEq, Eq)]
enum Next {
    GoOn,
    Leave,
}

fn obey(
    event: &event::Event,
    size: Size,
    watched: &mut Watched,
    app: &mut App,
) -> Result<Next, Failure> {
    let sight = sight(size, &watched.scene(), app);
    match app.update(event, &sight) {
        Some(Command::Quit) => return Ok(Next::Leave),
        Some(Command::Restart) => watched.restart(),
        Some(Command::Step) => watched.run_to(watched.now() + SAMPLE)?,
        Some(Command::Type(line)) => watched.type_line(&line)?,
        None => {}
    }
    Ok(Next::GoOn)
}

/// Turns host time into steps of the device.
struct Pacing {
    /// Up to when host time has been taken into account.
    seen: HostInstant,
    /// Device time that is due and not yet run.
    due: Span,
    measured_from: (HostInstant, Instant),
}

impl Pacing {
    fn new(device: Instant) -> Self {
        let now = HostInstant::now();
        Self { seen: now, due: Span::ZERO, measured_from: (now, device) }
    }

    /// Lets the device run for what is due, within [`RUN_MAX`] of host time.
    fn run(&mut self, watched: &mut Watched, app: &mut App) -> Result<(), Failure> {
        let now = HostInstant::now();
        let passed = now - std::mem::replace(&mut self.seen, now);
        if app.pace != Pace::Running || watched.has_stopped() {
            self.due = Span::ZERO;
            self.measured_from = (now, watched.now());
            return Ok(());
        }
        self.due = due(self.due, passed, app.speed);
        while self.due >= Watched::STEP {
            watched.step()?;
            self.due = Span::from_picos(self.due.as_picos() - Watched::STEP.as_picos());
            if now.elapsed() >= RUN_MAX {
                self.due = Span::ZERO;
            }
        }
        self.measure(watched.now(), app);
        Ok(())
    }

    fn measure(&mut self, device: Instant, app: &mut App) {
        let (host_from, device_from) = self.measured_from;
        let host = host_from.elapsed();
        // A restart sends device time back.
        if host >= MEASURE || device < device_from {
            let reached = device.since(device_from).as_seconds() / host.as_secs_f64();
            app.reached = (device >= device_from).then_some(reached);
            self.measured_from = (HostInstant::now(), device);
        }
    }
}

/// The device time that is due once `passed` has passed; without a bound it is never all paid.
fn due(before: Span, passed: Duration, speed: Speed) -> Span {
    match speed.device_time_in(passed) {
        Some(more) => before + more,
        None => Span::from_picos(u64::MAX),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_a_step_add_up() {
        let frame = Duration::from_millis(33);
        let due_after = (0..10).fold(Span::ZERO, |span, _| due(span, frame, Speed::REAL_TIME));
        assert_eq!(due_after, Span::from_millis(330));
    }

    #[test]
    fn without_a_bound_more_is_due_than_can_be_paid() {
        let due = due(Span::ZERO, Duration::ZERO, Speed::MAX);
        assert!(due > Span::from_seconds(1_000_000));
    }
}
