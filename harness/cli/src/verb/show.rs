//! `ramscope show`.

use std::io::{self, Write};

use ramscope_capture::{Capture, Event, HowEnded, ObserverEvent, StepEvent, Stimulus, Stream};
use ramscope_model::{HostFacts, counted};
use ramscope_report::what_was_done;

use crate::args::ShowOptions;
use crate::columns::table_text;
use crate::failure::Failure;
use crate::output::print_text;
use crate::store;
use crate::vcd::vcd;
use crate::verb::replay::judge_file;

/// Prints what a capture holds: facts, streams, and the events of the run in the order of time.
pub(crate) fn show(options: &ShowOptions) -> Result<(), Failure> {
    if !options.reports.reports.is_empty() {
        options.reports.prepare()?;
        return options.reports.write(&[judge_file(&options.capture)?.into()]);
    }
    let capture = store::read(&options.capture)?;
    if options.console {
        print_console(&capture);
        return Ok(());
    }
    if options.vcd {
        let reason = || "the capture holds nothing of a logic analyzer".to_owned();
        let vcd = vcd(&capture).ok_or_else(|| Failure::NothingToRun { reason: reason() })?;
        // Whoever closed the other end of a pipe has seen enough.
        let _ = io::stdout().lock().write_all(vcd.as_bytes());
        return Ok(());
    }
    let parts = [facts_text(&capture), streams_text(&capture), events_text(&capture)];
    print_text(&parts.join("\n"));
    Ok(())
}

/// The serial bytes as they came.
fn print_console(capture: &Capture) {
    let mut stdout = io::stdout().lock();
    for chunk in capture.stream(Stream::Uart0) {
        // Whoever closed the other end of a pipe has seen enough.
        let _ = stdout.write_all(&chunk.bytes);
    }
}

fn facts_text(capture: &Capture) -> String {
    let mut lines = match HostFacts::of(capture) {
        Ok(facts) => vec![
            format!("run       {}", facts.run),
            format!("scenario  {}", facts.run.scenario.path),
            format!("tool      {}", facts.tool),
            format!("image     {} {}", facts.image.name, facts.image.hash),
            format!("machine   {}; {}", facts.machine.name, facts.machine.time_model),
        ],
        Err(error) => vec![format!("run       unknown: {error}")],
    };
    lines.push(format!("hash      {}", capture.device_hash()));
    lines.extend(capture.damage.as_ref().map(|damage| format!("damage    {damage}")));
    lines.join("\n") + "\n"
}

fn streams_text(capture: &Capture) -> String {
    let mut rows: Vec<(Stream, usize, usize)> = Vec::new();
    for chunk in &capture.device {
        match rows.iter_mut().find(|(stream, ..)| *stream == chunk.stream) {
            Some((_, chunks, bytes)) => {
                *chunks += 1;
                *bytes += chunk.bytes.len();
            }
            None => rows.push((chunk.stream, 1, chunk.bytes.len())),
        }
    }
    rows.sort();
    let rows: Vec<_> = rows
        .into_iter()
        .map(|(stream, chunks, bytes)| {
            [format!("{stream:?}").to_lowercase(), chunks.to_string(), bytes.to_string()]
        })
        .collect();
    table_text(["stream", "chunks", "bytes"], &rows)
}

fn events_text(capture: &Capture) -> String {
    let mut text = String::new();
    for chunk in &capture.device {
        let lines: Vec<String> = match chunk.stream {
            Stream::Steps => lines::<StepEvent>(&chunk.bytes, |step| {
                format!("step {} {:?} {}", step.index, step.kind, step.detail)
            }),
            Stream::Stimulus => lines::<Stimulus>(&chunk.bytes, what_was_done),
            Stream::Observer => lines::<ObserverEvent>(&chunk.bytes, |event| match event {
                ObserverEvent::Switches { units, .. } => {
                    format!("observed {} of the processor", counted(units.len() as u64, "change"))
                }
                event => format!("observed {event:?}"),
            }),
            Stream::End => lines::<HowEnded>(&chunk.bytes, |ended| format!("ended {ended:?}")),
            Stream::Uart0 | Stream::Ring | Stream::Other(_) => continue,
        };
        for line in lines {
            text.push_str(&format!("{:>12}  {line}\n", chunk.instant.to_string()));
        }
    }
    text
}

fn lines<E: Event>(bytes: &[u8], line: impl Fn(&E) -> String) -> Vec<String> {
    let events = E::decode(bytes).map(|event| match event {
        Ok(event) => line(&event),
        Err(error) => error.to_string(),
    });
    events.collect()
}
