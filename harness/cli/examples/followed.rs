//! What following costs: the same run on the built-in machine, with nothing, with calls, and with blocks of the
//! heap followed, in turn. Prints medians and the ratio to nothing;
//! `cargo run --release -p ramscope-cli --example followed`.

use std::path::Path;
use std::time::{Duration, Instant};

use ramscope_backend::{EngineOptions, EngineSession, Firmware, Follow, NeverPause, Session};
use ramscope_cli::image::{self, Board};
use ramscope_cli::workspace::Workspace;
use ramscope_time::Instant as DeviceInstant;
use ramscope_time::Span;

const ROUNDS: usize = 9;
const FOLLOWS: [(Follow, &str); 3] =
    [(Follow::Nothing, "nothing"), (Follow::Calls, "calls"), (Follow::Blocks, "calls and blocks")];
/// What is typed, and how long the device then runs: the demo is mostly idle, the others are busy.
const RUNS: [(&str, Span); 3] = [
    ("run demo seconds=60", Span::from_seconds(61)),
    ("run coop", Span::from_seconds(5)),
    ("run blocks", Span::from_seconds(5)),
];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let workspace = Workspace::containing(Path::new("."))?;
    let built = image::build(&workspace, Board::Esp32c3, &mut |notice| eprintln!("{notice}"))?;
    let firmware = Firmware::read(&built.elf)?;
    for (line, span) in RUNS {
        let mut times = FOLLOWS.map(|_| Vec::new());
        let mut instructions = 0;
        for _ in 0..ROUNDS {
            for (index, (follow, _)) in FOLLOWS.into_iter().enumerate() {
                let began = Instant::now();
                instructions = carry_out(&firmware, follow, line, span)?;
                times[index].push(began.elapsed());
            }
        }
        println!("{line}: {instructions} instructions, medians of {ROUNDS}");
        let medians = times.map(median);
        for ((_, name), median) in FOLLOWS.into_iter().zip(medians) {
            let ratio = median.as_secs_f64() / medians[0].as_secs_f64();
            println!("  {name:<17} {median:>9.2?}  {ratio:.3}");
        }
    }
    Ok(())
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

fn carry_out(
    firmware: &Firmware,
    follow: Follow,
    line: &str,
    span: Span,
) -> Result<u64, Box<dyn std::error::Error>> {
    let options = EngineOptions { follow, ..EngineOptions::default() };
    let mut session = EngineSession::new(&firmware.image, &options);
    let ready = DeviceInstant::ZERO + Span::from_millis(50);
    let _ = session.advance(ready, &mut NeverPause)?;
    session.send_serial(format!("{line}\n").as_bytes())?;
    let _ = session.advance(ready + span, &mut NeverPause)?;
    let _ = session.finish()?;
    Ok(session.facts().instructions.unwrap_or(0))
}
