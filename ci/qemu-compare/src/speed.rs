//! The command: how fast the engine is, beside QEMU on the same image in the same minute.
//!
//! A figure of time alone says more about the host than about the engine, so wherever QEMU can do
//! the same it does, in turn with the engine, and the ratio is printed. Both start from nothing each
//! time; the engine has its image decoded unless a line says otherwise. Nothing is asserted but that
//! each run executes what the first one did: the figures are for people, the aims stand beside them.

mod figures;
mod script;

use crate::qemu::{self, Job, Qemu, Setup};
use figures::{Aim, Times, line, rate};
use ramscope_engine::Image;
use ramscope_time::Span;
use script::{Plan, Script};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

const USAGE: &str = "\
usage: cargo xtask speed [--repeat N]

Builds the images, runs them on the engine and on QEMU in turn (default 5 times each), and prints
medians, spreads, the ratio, and the aim beside each figure.
";

/// No run takes this long.
const TIME_MAX: Duration = Duration::from_secs(60);

/// What is timed.
struct Settings {
    repeat: usize,
    /// Where `work` and `idle` are.
    guests: PathBuf,
    /// Where the images of our firmware are.
    images: PathBuf,
}

/// Why nothing could be timed.
#[derive(Debug, thiserror::Error)]
enum SpeedError {
    #[error(transparent)]
    Qemu(#[from] qemu::QemuError),
    #[error("{}: {source}", path.display())]
    File {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("{}: {source}", path.display())]
    Image {
        path: PathBuf,
        #[source]
        source: ramscope_engine::ImageError,
    },
    #[error("{0}")]
    Unlike(String),
}

/// An image in a file.
struct Guest {
    name: String,
    path: PathBuf,
    bytes: Vec<u8>,
    image: Image,
}

impl Guest {
    fn read(path: PathBuf) -> Result<Self, SpeedError> {
        let bytes = std::fs::read(&path)
            .map_err(|source| SpeedError::File { path: path.clone(), source })?;
        let image = Image::from_elf(&bytes)
            .map_err(|source| SpeedError::Image { path: path.clone(), source })?;
        let name = path.file_name().unwrap_or_default().display().to_string();
        Ok(Self { name, path, bytes, image })
    }
}

/// Reads the arguments, times, and prints.
pub(crate) fn main(arguments: impl Iterator<Item = String>) -> ExitCode {
    let Some(settings) = read_arguments(arguments) else {
        eprint!("{USAGE}");
        return ExitCode::from(2);
    };
    match measure(&settings) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("speed: {error}");
            ExitCode::from(if matches!(error, SpeedError::Qemu(_)) { 3 } else { 1 })
        }
    }
}

fn read_arguments(mut arguments: impl Iterator<Item = String>) -> Option<Settings> {
    let (mut repeat, mut guests, mut images) = (5, None, None);
    while let Some(argument) = arguments.next() {
        let value = arguments.next()?;
        match argument.as_str() {
            "--repeat" => repeat = value.parse().ok().filter(|n| *n > 0)?,
            "--guests" => guests = Some(PathBuf::from(value)),
            "--images" => images = Some(PathBuf::from(value)),
            _ => return None,
        }
    }
    Some(Settings { repeat, guests: guests?, images: images? })
}

fn measure(settings: &Settings) -> Result<(), SpeedError> {
    let qemu = Qemu::new(qemu::PROGRAM, "speed")?;
    println!("{}; {}", figures::host(), qemu.version()?);
    println!("medians of {}, fastest and slowest behind them", settings.repeat);
    let guest = |name: &str| Guest::read(settings.guests.join(name));
    let image = |name: &str| Guest::read(settings.images.join(name));
    let (work, idle) = (guest("work")?, guest("idle")?);
    let (virt, chip) = (image("virt.elf")?, image("esp32c3.elf")?);
    let bench = Bench { repeat: settings.repeat, qemu: &qemu };

    println!("\nbusy, from power-on to its end");
    bench.compare(&work, Script::to_the_end(), Some(Aim::Rate(100)))?;
    bench.compare(&virt, Script::program("slices", "slices: ended"), None)?;
    println!("\nfrom nothing to the first byte on the UART");
    bench.first_byte(&chip)?;
    bench.first_byte(&virt)?;
    bench.first_byte_of_qemu(&virt)?;
    println!("\na second in which almost nothing happens");
    bench.steady_second(&chip, &Script::command("trace off"))?;
    bench.steady_second(&chip, &Script::command("trace samples"))?;
    bench.steady_second(&chip, &Script::program("demo seconds=60", "logger:"))?;
    bench.compare(&idle, Script::to_the_end(), Some(Aim::Millis(0.3)))?;
    bench.compare(&virt, Script::program("demo seconds=1", "demo: ended"), None)?;
    println!("\ncopies");
    bench.copies(&chip)?;
    Ok(())
}

/// What times, and how often.
struct Bench<'a> {
    repeat: usize,
    qemu: &'a Qemu,
}

/// How QEMU is set up, and how a line calls that. Free running is only fair to what never waits.
const SETUPS: [(Setup, &str); 2] =
    [(Setup::VirtCounting, "QEMU, counting instructions"), (Setup::VirtFree, "QEMU")];

impl Bench<'_> {
    /// The same image to the same end on both, in turn.
    fn compare(&self, guest: &Guest, script: Script, aim: Option<Aim>) -> Result<(), SpeedError> {
        let plan = Plan::find(&guest.image, &script).map_err(SpeedError::Unlike)?;
        let waits = plan.instructions * 2 < plan.cycles;
        let setups = if waits { &SETUPS[..1] } else { &SETUPS };
        let mut engine = Times::default();
        let mut others = vec![Times::default(); setups.len()];
        for _ in 0..self.repeat {
            engine.add(|| plan.run(&guest.image)).map_err(SpeedError::Unlike)?;
            for ((setup, _), times) in setups.iter().zip(&mut others) {
                times.add(|| self.run_qemu(guest, *setup, &script))?;
            }
        }
        println!("  {}: {script}, {} instructions", guest.name, plan.instructions);
        let speed = |times: &Times| if waits { String::new() } else { rate(&plan, times) };
        let verdict = aim.map_or(String::new(), |aim| aim.judge(&plan, &engine));
        line("engine", &engine, &format!("{}{verdict}", speed(&engine)));
        for ((_, name), times) in setups.iter().zip(&others) {
            let ratio = times.median() / engine.median();
            line(name, times, &format!("{}engine: {ratio:.2} times as fast", speed(times)));
        }
        Ok(())
    }

    fn run_qemu(&self, guest: &Guest, setup: Setup, script: &Script) -> Result<(), SpeedError> {
        let ended = self.qemu.run(&Job {
            setup,
            image: &guest.path,
            name: "guest",
            input: &script.input_at_once(),
            until: script.until().as_bytes(),
            time_max: TIME_MAX,
        })?;
        if qemu::contains(&ended.uart, script.until().as_bytes()) || ended.code == Some(0) {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&ended.uart).into_owned();
        Err(SpeedError::Unlike(format!("{} did not end on QEMU: {said}", guest.name)))
    }

    /// With the image decoded, and from the bytes of the file.
    fn first_byte(&self, guest: &Guest) -> Result<(), SpeedError> {
        let plan = Plan::find(&guest.image, &Script::first_byte()).map_err(SpeedError::Unlike)?;
        let (mut warm, mut cold) = (Times::default(), Times::default());
        for _ in 0..self.repeat * 5 {
            warm.add(|| plan.run(&guest.image)).map_err(SpeedError::Unlike)?;
            cold.add(|| {
                let image = Image::from_elf(&guest.bytes).expect("it has been read before");
                plan.run(&image)
            })
            .map_err(SpeedError::Unlike)?;
        }
        let aim = Aim::Millis(2.0);
        println!("  {}: {} instructions", guest.name, plan.instructions);
        line("engine", &warm, &aim.judge(&plan, &warm));
        line("engine, file not yet read", &cold, &aim.judge(&plan, &cold));
        Ok(())
    }

    fn first_byte_of_qemu(&self, guest: &Guest) -> Result<(), SpeedError> {
        let mut times = Times::default();
        for _ in 0..self.repeat {
            times.add(|| self.run_qemu(guest, Setup::VirtCounting, &Script::first_byte()))?;
        }
        line("QEMU", &times, "");
        Ok(())
    }

    /// A second of what goes on for ever, once it has settled.
    fn steady_second(&self, guest: &Guest, script: &Script) -> Result<(), SpeedError> {
        const SECONDS: u64 = 10;
        let plan = Plan::find(&guest.image, script).map_err(SpeedError::Unlike)?;
        let mut times = Times::default();
        let mut instructions = 0;
        for _ in 0..self.repeat {
            let mut machine = plan.machine(&guest.image);
            let _ = machine.run(machine.now() + Span::from_seconds(2));
            let (before, end) =
                (machine.instructions(), machine.now() + Span::from_seconds(SECONDS));
            times.add_share(SECONDS as u32, || {
                let _ = machine.run(end);
            });
            instructions = (machine.instructions() - before) / SECONDS;
        }
        println!("  {}: {script}, {instructions} instructions a second", guest.name);
        line("engine", &times, &Aim::Millis(0.3).judge(&plan, &times));
        Ok(())
    }

    /// A machine in the middle of a program is copied, and each copy goes on a little.
    fn copies(&self, guest: &Guest) -> Result<(), SpeedError> {
        const COPIES: u32 = 2_000;
        const INSTRUCTIONS: u64 = 1_000;
        let script = Script::program("slices", "> run slices");
        let plan = Plan::find(&guest.image, &script).map_err(SpeedError::Unlike)?;
        let mut original = plan.machine(&guest.image);
        let _ = original.run(original.now() + Span::from_millis(50));
        let cycle = Span::from_ticks(1, original.cpu_hz());
        let end = original.now() + Span::from_picos(cycle.as_picos() * INSTRUCTIONS);
        let mut times = Times::default();
        for _ in 0..self.repeat {
            times.add_share(COPIES, || {
                for _ in 0..COPIES {
                    let _ = original.clone().run(end);
                }
            });
        }
        let mut copy = original.clone();
        let _ = copy.run(end);
        let executed = copy.instructions() - original.instructions();
        println!("  {}: a copy, and {executed} instructions of it", guest.name);
        line("engine", &times, &Aim::EachSecond(10_000).judge(&plan, &times));
        Ok(())
    }
}
