//! `ramscope show`.

use std::io::{self, Write};

use ramscope_capture::{Capture, Event, HowEnded, ObserverEvent, StepEvent, Stimulus, Stream};
use ramscope_model::HostFacts;

use crate::args::ShowOptions;
use crate::columns::print_table;
use crate::failure::Failure;
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
    print_facts(&capture);
    println!();
    print_streams(&capture);
    println!();
    print_events(&capture);
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

fn print_facts(capture: &Capture) {
    match HostFacts::of(capture) {
        Ok(facts) => {
            println!("run       {}", facts.run);
            println!("scenario  {}", facts.run.scenario.path);
            println!("tool      {}", facts.tool);
            println!("image     {} {}", facts.image.name, facts.image.hash);
            println!("machine   {}; {}", facts.machine.name, facts.machine.time_model);
        }
        Err(error) => println!("run       unknown: {error}"),
    }
    println!("hash      {}", capture.device_hash());
    if let Some(damage) = &capture.damage {
        println!("damage    {damage}");
    }
}

fn print_streams(capture: &Capture) {
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
    print_table(["stream", "chunks", "bytes"], &rows);
}

fn print_events(capture: &Capture) {
    for chunk in &capture.device {
        let lines: Vec<String> = match chunk.stream {
            Stream::Steps => lines::<StepEvent>(&chunk.bytes, |step| {
                format!("step {} {:?} {}", step.index, step.kind, step.detail)
            }),
            Stream::Stimulus => lines::<Stimulus>(&chunk.bytes, |stimulus| match stimulus {
                Stimulus::Serial(bytes) => {
                    format!("sent {:?}", String::from_utf8_lossy(bytes))
                }
                other => format!("stimulus {other:?}"),
            }),
            Stream::Observer => {
                lines::<ObserverEvent>(&chunk.bytes, |event| format!("observed {event:?}"))
            }
            Stream::End => lines::<HowEnded>(&chunk.bytes, |ended| format!("ended {ended:?}")),
            Stream::Uart0 | Stream::Ring | Stream::Other(_) => continue,
        };
        for line in lines {
            println!("{:>12}  {line}", chunk.instant);
        }
    }
}

fn lines<E: Event>(bytes: &[u8], line: impl Fn(&E) -> String) -> Vec<String> {
    let events = E::decode(bytes).map(|event| match event {
        Ok(event) => line(&event),
        Err(error) => error.to_string(),
    });
    events.collect()
}
