//! Modules in rows: what each phase of an import took and gave back, what the module has, what keeps
//! it. Text, Markdown and HTML show the same rows.

use ramscope_model::{Device, Module, bytes, counted, grouped};
use ramscope_wire::{ModulePhaseKind, ModuleState};

/// A program may import in a loop; these many rows are shown, and the rest is counted.
const ROWS_MAX: usize = 16;
/// What stands above the columns. From the third to the last but one they are figures.
pub(crate) const HEADINGS: [&str; 10] = [
    "module",
    "version",
    "find",
    "read",
    "parse",
    "link",
    "initialise",
    "import peak",
    "has",
    "what keeps it, or what came back",
];

/// Whether a column is one of figures.
pub(crate) const fn is_figure(column: usize) -> bool {
    column >= 2 && column + 1 < HEADINGS.len()
}

/// A row for each module, the first ones of many.
pub(crate) fn rows(device: &Device) -> Vec<[String; HEADINGS.len()]> {
    device.modules().iter().take(ROWS_MAX).map(row).collect()
}

/// How many modules have no row, in words; nothing if there are none.
pub(crate) fn others(device: &Device) -> Option<String> {
    let more = device.modules().len().checked_sub(ROWS_MAX).filter(|more| *more > 0)?;
    Some(format!("and {}", counted(more as u64, "other module")))
}

fn row(module: &Module) -> [String; HEADINGS.len()] {
    let name = match module.boot {
        0 => module.name.clone(),
        boot => format!("{} (boot {boot})", module.name),
    };
    [
        name,
        module.version_text(),
        phase(module, ModulePhaseKind::Find),
        phase(module, ModulePhaseKind::Read),
        phase(module, ModulePhaseKind::Parse),
        phase(module, ModulePhaseKind::Link),
        phase(module, ModulePhaseKind::Initialise),
        bytes(module.import_peak().into()),
        bytes(module.resident().into()),
        fate(module),
    ]
}

/// What a phase took, and what it gave back: `+7,048 -9,824`.
fn phase(module: &Module, kind: ModulePhaseKind) -> String {
    let Some(phase) = module.phases.iter().find(|phase| phase.phase == kind) else {
        return "-".to_owned();
    };
    let mut parts = Vec::new();
    if phase.taken > 0 {
        parts.push(format!("+{}", grouped(phase.taken.into())));
    }
    if phase.given_back > 0 {
        parts.push(format!("-{}", grouped(phase.given_back.into())));
    }
    if !phase.ok {
        parts.push("FAILED".to_owned());
    }
    if parts.is_empty() { "0".to_owned() } else { parts.join(" ") }
}

fn fate(module: &Module) -> String {
    if let Some((_, end)) = module.end {
        let left = match end.leftover {
            0 => String::new(),
            left => format!(", {} of them left behind", bytes(left.into())),
        };
        return format!("{} came back{left}", bytes(end.freed.into()));
    }
    let pins: Vec<String> = module
        .pins
        .iter()
        .map(|pin| match pin.bytes {
            0 => format!("{} of {}", pin.kind, pin.holder),
            has => format!("{} {} ({})", pin.kind, pin.holder, bytes(has.into())),
        })
        .collect();
    match (module.state, pins.is_empty(), module.last) {
        (ModuleState::Free, ..) => "nothing: the next collection frees it".to_owned(),
        (ModuleState::Held, false, _) => pins.join(", "),
        (state, _, Some(last)) => format!("{state}, {}", counted(last.pins.into(), "pin")),
        (state, ..) => state.to_string(),
    }
}
