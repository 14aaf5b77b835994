//! Running an image on both machines.

use crate::batch::Batch;
use crate::layout::PROGRAMS;
use ramscope_engine::{CpuView, Flow, Image, Machine, Observer, Options};
use ramscope_time::{Instant, Span};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

/// Why an image could not be run.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MachineError {
    #[error("the engine does not take the image: {0}")]
    Image(#[from] ramscope_engine::ImageError),
    #[error("{what}: {source}")]
    Io {
        what: &'static str,
        #[source]
        source: std::io::Error,
    },
}

/// A longer run has gone astray: device time for the engine, host time for QEMU.
const DEVICE_TIME_MAX: Span = Span::from_seconds(2);
const HOST_TIME_MAX: Duration = Duration::from_secs(20);
const POLL: Duration = Duration::from_millis(2);

/// Counts the instructions that are executed.
pub(crate) struct Counts<'a> {
    batch: &'a Batch,
    pub(crate) executed: Vec<u64>,
}

impl<'a> Counts<'a> {
    pub(crate) fn new(batch: &'a Batch) -> Self {
        Self { batch, executed: vec![0; crate::opcode::OPCODES.len()] }
    }
}

impl Observer for Counts<'_> {
    const RETIRES: bool = true;

    fn retire(&mut self, _: &CpuView<'_>, pc: u32) -> Flow {
        let half = pc.wrapping_sub(PROGRAMS) as usize / 2;
        if let Some(Some(opcode)) = self.batch.opcodes.get(half) {
            self.executed[*opcode] += 1;
        }
        Flow::Continue
    }
}

/// Watches nothing.
pub(crate) use ramscope_engine::Nobody;

/// What the engine's virt machine writes to its UART.
pub(crate) fn run_engine<O: Observer>(
    batch: &Batch,
    observer: &mut O,
    prepare: impl FnOnce(&mut Machine),
) -> Result<Vec<u8>, MachineError> {
    let image = Image::from_elf(&batch.elf)?;
    let mut machine = Machine::virt(&image, &Options::default());
    prepare(&mut machine);
    // However it ended: what it has told is compared.
    let _ = machine.run_observed(Instant::ZERO + DEVICE_TIME_MAX, observer);
    Ok(machine.take_uart0().iter().map(|sent| sent.byte).collect())
}

/// A QEMU that runs images, each in a process of its own.
pub(crate) struct Qemu {
    program: String,
    folder: PathBuf,
}

impl Qemu {
    pub(crate) fn new(program: String) -> Result<Self, MachineError> {
        let folder = std::env::temp_dir().join(format!("qemu-compare-{}", std::process::id()));
        std::fs::create_dir_all(&folder)
            .map_err(|source| MachineError::Io { what: "no folder for QEMU's files", source })?;
        Ok(Self { program, folder })
    }

    /// What QEMU's virt machine writes to its UART. It is killed when its time is over.
    pub(crate) fn run(&self, batch: &Batch) -> Result<Vec<u8>, MachineError> {
        self.run_for(batch, HOST_TIME_MAX)
    }

    /// The same, with less time.
    pub(crate) fn run_for(
        &self,
        batch: &Batch,
        time_max: Duration,
    ) -> Result<Vec<u8>, MachineError> {
        let io = |what| move |source| MachineError::Io { what, source };
        let (image, uart) = (self.folder.join("image.elf"), self.folder.join("uart"));
        std::fs::write(&image, &batch.elf).map_err(io("the image cannot be written"))?;
        std::fs::write(&uart, []).map_err(io("the file of the UART cannot be written"))?;
        let mut child = Command::new(&self.program)
            .args(["-nodefaults", "-no-user-config", "-display", "none", "-bios", "none"])
            .args(["-M", "virt,usb=off,graphics=off", "-smp", "1", "-m", "400K"])
            .args(["-cpu", CPU, "-icount", "shift=3,sleep=off"])
            .args(["-rtc", "clock=vm,base=2020-01-01", "-seed", "1"])
            .arg("-device")
            .arg(format!("loader,file={},cpu-num=0", image.display()))
            .arg("-chardev")
            .arg(format!("file,id=ser,path={}", uart.display()))
            .args(["-serial", "chardev:ser"])
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(io("QEMU does not start (apt-get install qemu-system-misc)"))?;
        let started = std::time::Instant::now();
        while child.try_wait().map_err(io("QEMU is lost"))?.is_none() {
            if started.elapsed() > time_max {
                child.kill().map_err(io("QEMU cannot be stopped"))?;
                child.wait().map_err(io("QEMU is lost"))?;
                break;
            }
            std::thread::sleep(POLL);
        }
        std::fs::read(&uart).map_err(io("the file of the UART cannot be read"))
    }
}

/// RV32IMC with user mode and nothing else: QEMU's generic core has bit manipulation by default.
const CPU: &str = "rv32,a=off,f=off,d=off,s=off,h=off,mmu=off,zba=off,zbb=off,zbc=off,zbs=off";

impl Drop for Qemu {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder); // a file in /tmp is not worth a failure
    }
}
