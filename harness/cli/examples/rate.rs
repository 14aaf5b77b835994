//! How many runs a second: a scenario of one second, most of it idle, launched, recorded, modelled and
//! judged a thousand times. Prints the rate; `cargo run --release -p ramscope-cli --example rate`.

use std::path::Path;
use std::time::{Duration, Instant};

use ramscope_backend::{Firmware, Follow, NoWitness, Reaction, Watchdog, drive, launch, offers};
use ramscope_capture::Recorder;
use ramscope_cli::image::{self, Board};
use ramscope_cli::workspace::Workspace;
use ramscope_model::{Feed, HostFacts, ImageFacts, MachineFacts, Outcome, SymbolTable, judge_fed};
use ramscope_scenario::{PlanOptions, Run, parse, plan};

const RUNS: u64 = 1_000;
/// What the runs are to take at most, on one core.
const AIM: Duration = Duration::from_secs(2);

const SCENARIO: &str = "name: idle second\nversion: 1\nsteps:\n- wait-serial: \"ready\"\n- delay: 800ms\n\
                        ramscope:\n  budgets:\n  - {thread: main, stack-peak: 4KiB}\n";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let workspace = Workspace::containing(Path::new("."))?;
    let built = image::build(&workspace, Board::Esp32c3, &mut |notice| eprintln!("{notice}"))?;
    let firmware = Firmware::read(&built.elf)?;
    let scenario = parse("rate.yaml", SCENARIO).scenario.ok_or("the scenario has errors")?;
    let options = PlanOptions {
        offers: offers(None, Some(&firmware)),
        seeds: Some((1..=RUNS).collect()),
        ..PlanOptions::default()
    };
    let runs = plan(&[scenario], &options).runs;
    let began = Instant::now();
    let mut instructions = 0;
    let mut bytes = 0;
    for run in &runs {
        let (executed, written) = carry_out(run, &firmware)?;
        instructions += executed;
        bytes += written;
    }
    let took = began.elapsed();
    let rate = runs.len() as f64 / took.as_secs_f64();
    println!("{} runs of a device second in {took:.2?}: {rate:.0} runs a second", runs.len());
    println!(
        "  {} instructions and {} bytes of capture a run; the aim is {AIM:.0?} on an idle core",
        instructions / RUNS,
        bytes / RUNS
    );
    Ok(())
}

/// One run, as `ramscope run` does it; gives its instructions and the size of its capture.
fn carry_out(run: &Run, firmware: &Firmware) -> Result<(u64, u64), Box<dyn std::error::Error>> {
    let watchdog = Watchdog::asleep();
    let mut session = launch(run, firmware, None, Follow::Nothing, &watchdog)?;
    let mut recorder = Recorder::new();
    let facts = HostFacts {
        schema: HostFacts::SCHEMA,
        tool: "rate".to_owned(),
        run: run.clone(),
        machine: MachineFacts::default(),
        image: ImageFacts::default(),
        replay: String::new(),
        symbols: SymbolTable::default(),
        times: None,
        earlier_attempts: Vec::new(),
        bundle: None,
    };
    recorder.host(facts.to_host_part());
    let mut look = |_: &Recorder, _| Reaction::Continue;
    drive(run, session.as_mut(), &mut recorder, &watchdog, &mut look, &mut NoWitness);
    let capture = recorder.finish();
    let mut file = Vec::new();
    capture.write(&mut file)?;
    let judged = judge_fed(&capture, facts, Feed::of(&capture));
    match judged.verdict.outcome {
        Outcome::Pass => Ok((session.facts().instructions.unwrap_or(0), file.len() as u64)),
        _ => Err(judged.verdict.sentence.into()),
    }
}
