//! Running an image on both machines.

use crate::batch::Batch;
use crate::coverage::Executed;
use crate::layout::PROGRAMS;
use crate::qemu::{Job, Qemu, QemuError, Setup};
use ramscope_engine::{CpuView, Flow, Image, Machine, Observer, Options};
use ramscope_time::{Instant, Span};
use std::time::Duration;

/// Why an image could not be run.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MachineError {
    #[error("the engine does not take the image: {0}")]
    Image(#[from] ramscope_engine::ImageError),
    #[error(transparent)]
    Qemu(#[from] QemuError),
}

/// A longer run has gone astray: device time of the engine for each program, which takes a tenth of
/// it, and host time for QEMU.
const DEVICE_TIME_MAX: Span = Span::from_millis(2);
pub(crate) const HOST_TIME_MAX: Duration = Duration::from_secs(20);

/// Counts the instructions that are executed.
pub(crate) struct Counts<'a> {
    batch: &'a Batch,
    pub(crate) executed: Executed,
}

impl<'a> Counts<'a> {
    pub(crate) fn new(batch: &'a Batch) -> Self {
        Self { batch, executed: Executed::default() }
    }
}

impl Observer for Counts<'_> {
    const RETIRES: bool = true;

    fn retire(&mut self, _: &CpuView<'_>, pc: u32) -> Flow {
        let half = pc.wrapping_sub(PROGRAMS) as usize / 2;
        if let Some(Some(known)) = self.batch.known.get(half) {
            self.executed.count(*known);
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
    let picos = DEVICE_TIME_MAX.as_picos() * batch.programs.len() as u64;
    let _ = machine.run_observed(Instant::ZERO + Span::from_picos(picos), observer);
    Ok(machine.take_uart0().iter().map(|sent| sent.byte).collect())
}

/// What QEMU's virt machine writes to its UART. It is killed when its time is over.
pub(crate) fn run_qemu(
    qemu: &Qemu,
    batch: &Batch,
    time_max: Duration,
) -> Result<Vec<u8>, MachineError> {
    let image = qemu.store(&batch.elf, "batch")?;
    let setup = Setup::VirtCounting;
    let job = Job { setup, image: &image, name: "batch", input: &[], until: &[], time_max };
    Ok(qemu.run(&job)?.uart)
}
