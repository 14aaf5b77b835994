//! QEMU: started for one image, waited for, and killed when its time is over.
//!
//! SIGKILL, because QEMU under full load may be deaf to anything milder.

use std::ffi::OsString;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// What is started where nothing else is said.
pub(crate) const PROGRAM: &str = "qemu-system-riscv32";
/// RV32IMC with user mode and nothing else: QEMU's generic core has bit manipulation by default.
const CPU: &str = "rv32,a=off,f=off,d=off,s=off,h=off,mmu=off,zba=off,zbb=off,zbc=off,zbs=off";

/// Why QEMU told nothing.
#[derive(Debug, thiserror::Error)]
#[error("{what}: {source}")]
pub(crate) struct QemuError {
    what: &'static str,
    #[source]
    source: std::io::Error,
}

fn failed(what: &'static str) -> impl FnOnce(std::io::Error) -> QemuError {
    move |source| QemuError { what, source }
}

/// How a machine of QEMU is set up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Setup {
    /// The virt machine; virtual time is the number of instructions.
    VirtCounting,
    /// The virt machine; virtual time is that of the host.
    VirtFree,
    /// Spike's machine, which follows the convention of `tohost`.
    Spike,
}

/// What QEMU is asked to do.
pub(crate) struct Job<'a> {
    pub(crate) setup: Setup,
    pub(crate) image: &'a Path,
    /// Tells jobs apart that run at once.
    pub(crate) name: &'a str,
    /// What arrives at the UART as soon as it is there.
    pub(crate) input: &'a [u8],
    /// QEMU is killed when the UART has said this; if it is empty, QEMU ends by itself.
    pub(crate) until: &'a [u8],
    pub(crate) time_max: Duration,
}

impl Job<'_> {
    fn has_said_enough(&self, uart: &Path) -> bool {
        let said = || std::fs::read(uart).unwrap_or_default();
        !self.until.is_empty() && contains(&said(), self.until)
    }
}

/// Whether bytes stand somewhere among others.
pub(crate) fn contains(all: &[u8], some: &[u8]) -> bool {
    all.windows(some.len().max(1)).any(|window| window == some)
}

/// How a process of QEMU ended.
#[derive(Debug)]
pub(crate) struct Ended {
    /// Its exit code; none if it was killed.
    pub(crate) code: Option<i32>,
    /// What the machine wrote to its UART.
    pub(crate) uart: Vec<u8>,
    /// What QEMU complained about.
    pub(crate) complaint: String,
}

/// A QEMU that runs images, each in a process of its own.
pub(crate) struct Qemu {
    program: String,
    folder: PathBuf,
}

impl Qemu {
    /// A QEMU with a folder for its files, `name` in it.
    pub(crate) fn new(program: &str, name: &str) -> Result<Self, QemuError> {
        let folder = std::env::temp_dir().join(format!("qemu-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).map_err(failed("no folder for QEMU's files"))?;
        Ok(Self { program: program.to_owned(), folder })
    }

    /// The first line of what it says about itself.
    pub(crate) fn version(&self) -> Result<String, QemuError> {
        let output = Command::new(&self.program).arg("--version").output();
        let output = output.map_err(failed(NOT_STARTED))?;
        let text = String::from_utf8_lossy(&output.stdout);
        Ok(text.lines().next().unwrap_or("QEMU").to_owned())
    }

    /// Puts an image to where QEMU can read it.
    pub(crate) fn store(&self, elf: &[u8], name: &str) -> Result<PathBuf, QemuError> {
        let image = self.folder.join(format!("{name}.elf"));
        std::fs::write(&image, elf).map_err(failed("the image cannot be written"))?;
        Ok(image)
    }

    /// Runs an image to its end.
    pub(crate) fn run(&self, job: &Job<'_>) -> Result<Ended, QemuError> {
        let file = |kind| self.folder.join(format!("{}.{kind}", job.name));
        let (uart, input, said) = (file("uart"), file("input"), file("said"));
        let output = File::create(&uart).map_err(failed("the UART's file cannot be written"))?;
        std::fs::write(&input, job.input).map_err(failed("the input cannot be written"))?;
        let input = File::open(&input).map_err(failed("the input cannot be read"))?;
        let errors = File::create(&said).map_err(failed("QEMU's errors cannot be written"))?;
        let deadline = Instant::now() + job.time_max;
        let child = Command::new(&self.program)
            .args(arguments(job, &uart))
            .stdin(if job.input.is_empty() { Stdio::null() } else { input.into() })
            .stdout(if job.input.is_empty() { Stdio::null() } else { output.into() })
            .stderr(errors)
            .spawn()
            .map_err(failed(NOT_STARTED))?;
        let code = wait(child, deadline, || job.has_said_enough(&uart))?;
        Ok(Ended {
            code,
            uart: std::fs::read(&uart).map_err(failed("the file of the UART cannot be read"))?,
            complaint: std::fs::read_to_string(&said).unwrap_or_default(),
        })
    }
}

const NOT_STARTED: &str = "QEMU does not start (apt-get install qemu-system-misc)";

/// The exit code; none if it had to be killed, or had said enough.
fn wait(
    mut child: Child,
    deadline: Instant,
    is_enough: impl Fn() -> bool,
) -> Result<Option<i32>, QemuError> {
    const POLL_MIN: Duration = Duration::from_micros(200);
    const POLL_MAX: Duration = Duration::from_millis(2);
    let mut poll = POLL_MIN;
    loop {
        if let Some(status) = child.try_wait().map_err(failed("QEMU is lost"))? {
            return Ok(status.code());
        }
        if Instant::now() >= deadline || is_enough() {
            child.kill().map_err(failed("QEMU cannot be stopped"))?;
            child.wait().map_err(failed("QEMU is lost"))?;
            return Ok(None);
        }
        std::thread::sleep(poll);
        poll = POLL_MAX.min(poll + poll / 64);
    }
}

fn arguments(job: &Job<'_>, uart: &Path) -> Vec<OsString> {
    let Job { setup, image, .. } = *job;
    let mut list: Vec<OsString> = Vec::new();
    let mut put = |words: &[&str]| list.extend(words.iter().map(OsString::from));
    put(&["-nodefaults", "-no-user-config", "-display", "none", "-bios", "none"]);
    put(&["-smp", "1", "-m", "400K", "-cpu", CPU, "-seed", "1"]);
    if setup != Setup::VirtFree {
        put(&["-icount", "shift=3,sleep=off", "-rtc", "clock=vm,base=2020-01-01"]);
    }
    put(&["-serial", "chardev:ser", "-chardev"]);
    list.push(match job.input {
        [] => format!("file,id=ser,path={}", uart.display()).into(),
        _ => "stdio,id=ser,signal=off".into(), // a file of version 7.2 takes no input
    });
    let words: [OsString; 4] = match setup {
        Setup::Spike => ["-M".into(), "spike".into(), "-kernel".into(), image.into()],
        _ => [
            "-M".into(),
            "virt,usb=off,graphics=off".into(),
            "-device".into(),
            format!("loader,file={},cpu-num=0", image.display()).into(),
        ],
    };
    list.extend(words);
    list
}

impl Drop for Qemu {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder); // a file in /tmp is not worth a failure
    }
}
