//! What is told of modules: records, and the console's table.

use crate::kernel::{self, Kernel};
use crate::println;
use crate::report::Message;
use core::fmt;
use ramscope_wire as wire;
use wire::{Level, ModuleId, ModulePhaseKind as Phase, ModuleState, PinKind, WindowId};

use super::pins::{self, Pin, Pins};
use super::reason::NotImported;
use super::release::Unloaded;
use super::table::Serial;

/// Says that a module is there, and where.
pub(super) fn announce(kernel: &mut Kernel, serial: Serial) {
    let Some(entry) = kernel.modules.get(serial) else { return };
    let data = entry.block.map_or(0, |block| block.addr().get() as u32);
    let record = wire::ModuleNew {
        module: ModuleId(serial.0),
        code_base: entry.code as u32,
        code_bytes: entry.code_bytes,
        data_base: if data == 0 { 0 } else { data + entry.code_bytes },
        data_bytes: entry.block_bytes - entry.code_bytes,
        checksum: entry.checksum,
        major: entry.version.major,
        minor: entry.version.minor,
        patch: entry.version.patch,
        name: entry.name,
    };
    kernel.record(Level::Samples, &record);
}

/// Says what a module has.
pub(super) fn sample(kernel: &mut Kernel, serial: Serial) {
    let count = pins::of(kernel, serial).count();
    let Some(totals) = kernel.module_totals(serial) else { return };
    let Some(entry) = kernel.modules.get(serial) else { return };
    let record = wire::ModuleSample {
        module: ModuleId(serial.0),
        state: state(entry.state, count),
        pins: count as u8,
        current: totals.current,
        import_peak: entry.import_peak,
        peak_boot: totals.peak,
        peak_window: totals.peak_window,
        window: WindowId(kernel.window),
    };
    kernel.record(Level::Samples, &record);
}

/// What an entry's state is, given how many pins it has.
const fn state(state: ModuleState, pins: usize) -> ModuleState {
    match state {
        ModuleState::Held if pins == 0 => ModuleState::Free,
        state => state,
    }
}

/// Each module, in turn.
fn each(mut tell: impl FnMut(&mut Kernel, Serial)) {
    let mut at = None;
    while let Some(next) = kernel::with(|kernel| {
        let (place, serial) = kernel.modules.next(at).map(|(at, entry)| (at, entry.serial))?;
        tell(kernel, serial);
        Some(place)
    }) {
        at = Some(next);
    }
}

/// Says what every module has.
pub(crate) fn samples() {
    each(sample);
}

/// Says which modules there are.
pub(crate) fn introduce() {
    each(announce);
}

/// Says what keeps a module.
pub(super) fn pins(kernel: &mut Kernel, serial: Serial, pins: &Pins) {
    for pin in pins.iter() {
        let Pin { kind, holder, bytes, .. } = *pin;
        let record = wire::ModulePin { module: ModuleId(serial.0), kind, holder, bytes };
        kernel.record(Level::Samples, &record);
    }
}

/// Says why a module is not imported.
pub(super) fn refuse(
    kernel: &mut Kernel,
    serial: Serial,
    phase: Phase,
    name: &str,
    message: &Message,
) {
    let message = message.as_str();
    let record = wire::ModuleRefused { module: ModuleId(serial.0), phase, name, message };
    kernel.record(Level::Samples, &record);
}

/// Says why a module is not imported that got no entry.
#[inline(never)]
pub(super) fn refuse_unknown(refused: &NotImported) {
    let message = Message::from_fmt(format_args!("{}", refused.reason));
    let name = refused.module.as_str();
    kernel::with(|kernel| refuse(kernel, Serial(0), Phase::Find, name, &message));
}

/// One row of the console's table, copied out of the kernel.
struct Row {
    name: &'static str,
    version: ramscope_module_abi::Version,
    state: ModuleState,
    bytes: u32,
    import_peak: u32,
    pins: Pins,
}

/// Writes the console's table of modules.
#[inline(never)]
pub(crate) fn write_table() {
    println!("module               version  state      bytes    peak  pins");
    let mut at = None;
    while let Some((next, row)) = kernel::with(|kernel| {
        let (place, serial) = kernel.modules.next(at).map(|(at, entry)| (at, entry.serial))?;
        Some((place, row(kernel, serial)?))
    }) {
        at = Some(next);
        println!("{row}");
    }
}

#[inline(never)]
fn row(kernel: &mut Kernel, serial: Serial) -> Option<Row> {
    let pins = pins::of(kernel, serial);
    let bytes = kernel.module_bytes(serial);
    let entry = kernel.modules.get(serial)?;
    Some(Row {
        name: entry.name,
        version: entry.version,
        state: state(entry.state, pins.count()),
        bytes,
        import_peak: entry.import_peak,
        pins,
    })
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, version, state, bytes, import_peak, pins } = self;
        let (major, minor, patch) = (version.major, version.minor, version.patch);
        write!(
            f,
            "{name:<20} {major:>3}.{minor}.{patch}  {state:<8} {bytes:>7} {import_peak:>7}  "
        )?;
        for (index, pin) in pins.iter().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            write!(f, "{comma}{}", Short(pin))?;
        }
        if pins.is_empty() { f.write_str("none") } else { Ok(()) }
    }
}

/// A pin in a word or two.
struct Short<'a>(&'a Pin);

impl fmt::Display for Short<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.kind {
            PinKind::Table => f.write_str("table"),
            kind => write!(f, "{kind} {}", self.0.name),
        }
    }
}

/// Writes what an import took.
#[inline(never)]
pub(crate) fn write_imported(name: &str) {
    let row = kernel::with(|kernel| {
        let serial = kernel.modules.listed(name)?.serial;
        row(kernel, serial)
    });
    if let Some(Row { version, bytes, import_peak, .. }) = row {
        println!("{name} {version}: imported, {bytes} B, {import_peak} B on the way");
    }
}

/// Writes what is left of a module whose name the console has dropped.
#[inline(never)]
pub(crate) fn write_forgotten(name: &str) {
    let row = kernel::with(|kernel| {
        let serial = kernel.modules.find(|entry| entry.name == name)?.serial;
        row(kernel, serial)
    });
    match row {
        Some(Row { state: ModuleState::Free, bytes, .. }) => {
            println!("{name}: nothing keeps it, the next collection frees its {bytes} B");
        }
        Some(Row { pins, bytes, .. }) => {
            let keep = Keep(pins.count());
            println!("{name}: the name is gone, but {keep} its {bytes} B");
        }
        None => {}
    }
}

/// Writes what became of a module that was unloaded.
#[inline(never)]
pub(crate) fn write_unloaded(name: &str, unloaded: &Unloaded) {
    match unloaded {
        Unloaded::Gone(released) => {
            println!("{name}: unloaded, {} B came back", released.bytes);
            if released.leftover_bytes > 0 {
                let (bytes, blocks) = (released.leftover_bytes, released.leftover_blocks);
                println!("{name}: {bytes} B of them it had left behind, in {blocks} blocks");
            }
        }
        Unloaded::Held { pins, bytes } => {
            let keep = Keep(pins.count());
            println!("{name}: out of the table, but {keep} its {bytes} B:");
            for pin in pins.iter() {
                println!("  {:<9} {:<16} {:>6} B", Padded(pin.kind), pin.name, pin.bytes);
            }
        }
    }
}

/// So many pins keep something.
struct Keep(usize);

impl fmt::Display for Keep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            1 => f.write_str("1 pin keeps"),
            count => write!(f, "{count} pins keep"),
        }
    }
}

/// A kind of pin, in a column.
struct Padded(PinKind);

impl fmt::Display for Padded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}
