//! One QEMU: its command line, its files, its process.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::thread;
use std::time::Duration;

use ramscope_scenario::{Run, TargetKind, Value};

use super::flash::Flash;
use super::folder::Folder;
use super::memory::{self, Memory};
use super::tool::Qemu;
use crate::watchdog::{Stopping, Watchdog};

/// How long to sleep between two looks at a process that runs: from short to long, because most runs
/// are over at once.
const FIRST_POLL: Duration = Duration::from_micros(500);
const LAST_POLL: Duration = Duration::from_millis(8);
/// How much of what it said on stderr a message quotes.
const SAID_BYTES_MAX: usize = 600;
/// 2^3 ns an instruction, unless the scenario says otherwise.
pub(super) const ICOUNT: u64 = 3;

/// A machine that can be started, again after each reset.
#[derive(Debug)]
pub(super) struct Machine {
    command: Command,
    folder: Folder,
    ram: File,
}

/// Why a process is no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stopped {
    /// It ended.
    Ended(ExitStatus),
    /// It was killed.
    Killed(Stopping),
}

impl Machine {
    /// A machine with this flash and memory.
    pub(super) fn new(qemu: &Qemu, flash: &Flash, memory: &Memory, run: &Run) -> io::Result<Self> {
        let folder = Folder::new()?;
        let mut command = Command::new(qemu.program());
        command.current_dir(folder.path()).args(arguments(run));
        for (index, (address, bytes)) in flash.segments.iter().enumerate() {
            let name = format!("segment{index}");
            fs::write(folder.path().join(&name), bytes)?;
            let device = format!("loader,file={name},addr={address:#x},force-raw=on");
            command.args(["-device", &device]);
        }
        command.args(["-device", &format!("loader,addr={:#x},cpu-num=0", flash.entry)]);
        let mut options = OpenOptions::new();
        let mut ram =
            options.read(true).write(true).create_new(true).open(folder.path().join("ram"))?;
        memory.write(&mut ram)?;
        Ok(Self { command, folder, ram })
    }

    /// Starts it and waits until it has ended, or until `watchdog` says that it has to.
    pub(super) fn boot(&mut self, watchdog: &Watchdog) -> io::Result<Stopped> {
        let path = |name| self.folder.path().join(name);
        let said = File::create(path("stderr"))?;
        // A file of the last boot would be taken for one of this.
        let _ = fs::remove_file(path("uart"));
        self.command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(said);
        apart(&mut self.command);
        self.folder.adopt(self.command.spawn()?);
        let mut poll = FIRST_POLL;
        loop {
            if let Some(status) = self.folder.poll()? {
                return Ok(Stopped::Ended(status));
            }
            if let Some(stopping) = watchdog.stopping() {
                self.folder.kill()?;
                return Ok(Stopped::Killed(stopping));
            }
            thread::sleep(poll);
            poll = (poll * 2).min(LAST_POLL);
        }
    }

    /// What it wrote to the UART since it was started last.
    pub(super) fn uart(&self) -> io::Result<Vec<u8>> {
        match fs::read(self.folder.path().join("uart")) {
            // It did not get so far as to open it.
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            read => read,
        }
    }

    /// Its memory.
    pub(super) fn ram(&mut self) -> &mut File {
        &mut self.ram
    }

    /// What it said on stderr since it was started last, as one line of bounded length.
    pub(super) fn said(&self) -> String {
        said(&self.folder.path().join("stderr"))
    }
}

/// Puts the process into a group of its own: Ctrl-C is for us, and we decide what becomes of it.
fn apart(command: &mut Command) {
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(command, 0);
    #[cfg(not(unix))]
    let _ = command;
}

fn said(path: &Path) -> String {
    let bytes = fs::read(path).unwrap_or_default();
    let cut = bytes.len().saturating_sub(SAID_BYTES_MAX);
    let text = String::from_utf8_lossy(&bytes[cut..]);
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    lines.join("; ").chars().map(|c| if c.is_control() { '?' } else { c }).collect()
}

/// The deterministic line. Files are named relative to the folder, so no path has to be quoted.
fn arguments(run: &Run) -> Vec<String> {
    let ram = format!("memory-backend-file,id=ram,size={},mem-path=ram,share=on", memory::BYTES);
    let fixed = [
        "-nodefaults",
        "-no-user-config",
        // An in-process reset does not repeat.
        "-no-reboot",
        "-M",
        "virt,usb=off,graphics=off,memory-backend=ram",
        "-bios",
        "none",
        "-display",
        "none",
        "-cpu",
        "rv32,a=off,f=off,d=off,s=off,h=off,mmu=off",
        "-smp",
        "1",
        "-rtc",
        "clock=vm,base=2020-01-01",
        "-chardev",
        "file,id=ser,path=uart",
        "-serial",
        "chardev:ser",
    ];
    let mut arguments: Vec<String> = fixed.map(String::from).to_vec();
    let icount = format!("shift={},sleep=off", icount(run));
    let more = [
        ("-m", format!("{}M", memory::BYTES >> 20)),
        ("-object", ram),
        ("-icount", icount),
        ("-seed", run.seed.to_string()),
    ];
    arguments.extend(more.into_iter().flat_map(|(name, value)| [name.to_owned(), value]));
    arguments
}

/// The scenario's option, which has been checked when it was read.
pub(super) fn icount(run: &Run) -> u64 {
    let targets = &run.scenario.settings.targets;
    let ours = targets.iter().find(|target| target.kind == TargetKind::QemuVirt);
    match ours.map(|target| target.options.get("icount")) {
        Some(Value::Number(shift)) => *shift as u64,
        _ => ICOUNT,
    }
}
