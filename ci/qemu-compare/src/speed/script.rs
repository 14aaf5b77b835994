//! What a guest is asked to do, and when on the engine's clock it has done it.
//!
//! A run is a function of its inputs, so the instants are looked for once, in small steps, and then
//! a timed run goes there in one. Each timed run must execute what the first did.

use ramscope_engine::{Image, Machine, Options, Stop};
use ramscope_time::{Instant, Span};
use std::fmt;

/// What the console of our firmware says when it listens.
const READY: &str = "ready";
/// A guest that has not done it by then never will.
const DEVICE_TIME_MAX: Span = Span::from_seconds(30);
const STEP: Span = Span::from_micros(20);

/// What a guest is asked to do.
#[derive(Clone, Debug)]
pub(super) struct Script {
    /// A line for its console, given when it is ready.
    line: Option<String>,
    end: End,
}

#[derive(Clone, Debug)]
enum End {
    Finished,
    FirstByte,
    Said(String),
}

impl Script {
    /// It runs until it ends the machine.
    pub(super) fn to_the_end() -> Self {
        Self { line: None, end: End::Finished }
    }

    /// It runs until it has said anything.
    pub(super) fn first_byte() -> Self {
        Self { line: None, end: End::FirstByte }
    }

    /// It runs one of our programs until the console says `end`.
    pub(super) fn program(command: &str, end: &str) -> Self {
        Self { line: Some(format!("run {command}\n")), end: End::Said(end.to_owned()) }
    }

    /// Its console gets a line, and says it again.
    pub(super) fn command(line: &str) -> Self {
        Self { line: Some(format!("{line}\n")), end: End::Said(line.to_owned()) }
    }

    /// What the UART says at the end; nothing if the machine ends itself.
    pub(super) fn until(&self) -> &str {
        match &self.end {
            End::Finished => "",
            End::FirstByte => "ramscope",
            End::Said(text) => text,
        }
    }

    /// The line for a machine that cannot wait to be ready: what comes first may get lost.
    pub(super) fn input_at_once(&self) -> Vec<u8> {
        self.line.as_ref().map_or(Vec::new(), |line| format!("\n\n{line}").into_bytes())
    }
}

impl fmt::Display for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.line.as_deref().map_or("to its end", str::trim_end))
    }
}

/// A script with its instants.
#[derive(Debug)]
pub(super) struct Plan {
    line: Option<(Instant, String)>,
    end: Instant,
    pub(super) instructions: u64,
    pub(super) cycles: u64,
}

impl Plan {
    /// Runs an image once and looks when it is ready and when it has done what it was asked.
    pub(super) fn find(image: &Image, script: &Script) -> Result<Plan, String> {
        let mut machine = Machine::new(image, &Options::default());
        let mut line = None;
        if let Some(text) = &script.line {
            run_until_said(&mut machine, READY)?;
            machine.receive_uart0(text.as_bytes());
            line = Some((machine.now(), text.clone()));
        }
        match &script.end {
            End::Finished => match machine.run(Instant::ZERO + DEVICE_TIME_MAX) {
                Stop::Finished { code: 0 } => {}
                stop => return Err(format!("the guest did not end well: {stop:?}")),
            },
            End::FirstByte => run_until_said(&mut machine, "")?,
            End::Said(text) => run_until_said(&mut machine, text)?,
        }
        let (instructions, cycles) = (machine.instructions(), machine.cycles());
        Ok(Plan { line, end: machine.now(), instructions, cycles })
    }

    /// A machine that has done it.
    pub(super) fn machine(&self, image: &Image) -> Machine {
        let mut machine = Machine::new(image, &Options::default());
        if let Some((ready, line)) = &self.line {
            let _ = machine.run(*ready);
            machine.receive_uart0(line.as_bytes());
        }
        let _ = machine.run(self.end);
        machine
    }

    /// Does it once more.
    pub(super) fn run(&self, image: &Image) -> Result<(), String> {
        let executed = self.machine(image).instructions();
        match executed == self.instructions {
            true => Ok(()),
            false => Err(format!("{executed} instructions, but {} before", self.instructions)),
        }
    }
}

/// Runs until the UART has said `text`, or anything if that is empty.
fn run_until_said(machine: &mut Machine, text: &str) -> Result<(), String> {
    let (mut said, last) = (Vec::new(), machine.now() + DEVICE_TIME_MAX);
    while machine.now() < last {
        let _ = machine.run(machine.now() + STEP);
        said.extend(machine.take_uart0().iter().map(|sent| sent.byte));
        if !said.is_empty() && String::from_utf8_lossy(&said).contains(text) {
            return Ok(());
        }
    }
    Err(format!("the guest did not say {text:?}, but: {}", String::from_utf8_lossy(&said)))
}
