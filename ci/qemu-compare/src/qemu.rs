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

    /// Runs an image that is given as bytes. `name` tells images apart that run at once.
    pub(crate) fn run(
        &self,
        setup: Setup,
        elf: &[u8],
        name: &str,
        time_max: Duration,
    ) -> Result<Ended, QemuError> {
        let image = self.folder.join(format!("{name}.elf"));
        std::fs::write(&image, elf).map_err(failed("the image cannot be written"))?;
        self.run_file(setup, &image, name, time_max)
    }

    /// Runs an image that is in a file.
    pub(crate) fn run_file(
        &self,
        setup: Setup,
        image: &Path,
        name: &str,
        time_max: Duration,
    ) -> Result<Ended, QemuError> {
        let (uart, said) =
            (self.folder.join(format!("{name}.uart")), self.folder.join(format!("{name}.said")));
        std::fs::write(&uart, []).map_err(failed("the file of the UART cannot be written"))?;
        let errors = File::create(&said).map_err(failed("QEMU's errors cannot be written"))?;
        let deadline = Instant::now() + time_max;
        let child = Command::new(&self.program)
            .args(arguments(setup, image, &uart))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(errors)
            .spawn()
            .map_err(failed(NOT_STARTED))?;
        let code = wait(child, deadline)?;
        Ok(Ended {
            code,
            uart: std::fs::read(&uart).map_err(failed("the file of the UART cannot be read"))?,
            complaint: std::fs::read_to_string(&said).unwrap_or_default(),
        })
    }
}

const NOT_STARTED: &str = "QEMU does not start (apt-get install qemu-system-misc)";

/// The exit code; none if it had to be killed.
fn wait(mut child: Child, deadline: Instant) -> Result<Option<i32>, QemuError> {
    const POLL_MIN: Duration = Duration::from_micros(200);
    const POLL_MAX: Duration = Duration::from_millis(2);
    let mut poll = POLL_MIN;
    loop {
        if let Some(status) = child.try_wait().map_err(failed("QEMU is lost"))? {
            return Ok(status.code());
        }
        if Instant::now() >= deadline {
            child.kill().map_err(failed("QEMU cannot be stopped"))?;
            child.wait().map_err(failed("QEMU is lost"))?;
            return Ok(None);
        }
        std::thread::sleep(poll);
        poll = POLL_MAX.min(poll + poll / 64);
    }
}

fn arguments(setup: Setup, image: &Path, uart: &Path) -> Vec<OsString> {
    let mut list: Vec<OsString> = Vec::new();
    let mut put = |words: &[&str]| list.extend(words.iter().map(OsString::from));
    put(&["-nodefaults", "-no-user-config", "-display", "none", "-bios", "none"]);
    put(&["-smp", "1", "-m", "400K", "-cpu", CPU, "-seed", "1"]);
    if setup != Setup::VirtFree {
        put(&["-icount", "shift=3,sleep=off", "-rtc", "clock=vm,base=2020-01-01"]);
    }
    put(&["-serial", "chardev:ser", "-chardev"]);
    list.push(format!("file,id=ser,path={}", uart.display()).into());
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
