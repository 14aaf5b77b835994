//! Figures of memory as reports for programs, baselines and other tools name them: by the id that a budget
//! on the figure would have.

use ramscope_wire::{UnitId, UnitKind};
use std::collections::BTreeMap;

use crate::device::Device;

/// The name of the phase that is the whole run.
const RUN: &str = "run";

/// A figure of memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Figure {
    /// `run/thread:net/stack-peak`.
    pub id: String,
    /// In bytes.
    pub bytes: u32,
}

/// The worst of units that share a name.
#[derive(Clone, Copy, Default)]
struct Worst {
    stack_peak: Option<u32>,
    stack_margin: Option<u32>,
    heap_peak: Option<u32>,
}

/// The figures of a run: the heap's, the handlers', and those of units by kind and name.
#[must_use]
pub fn figures(device: &Device) -> Vec<Figure> {
    let mut figures = Vec::new();
    let mut add = |subject: &str, metric: &str, bytes: Option<u32>| {
        if let Some(bytes) = bytes {
            figures.push(Figure { id: format!("{RUN}/{subject}/{metric}"), bytes });
        }
    };
    let heap = device.heap();
    let sampled = heap.sampled_at.is_some();
    add("heap:main", "peak", sampled.then_some(heap.peak));
    add("heap:main", "used", sampled.then_some(heap.used));
    add("heap:main", "largest-free", sampled.then_some(heap.largest_free));
    let handlers = &device.interrupts().stack;
    let sampled = handlers.sampled_at.is_some();
    add("interrupt:interrupts", "stack-peak", sampled.then_some(handlers.peak));
    for ((kind, name), worst) in by_name(device) {
        let subject = format!("{kind}:{name}");
        add(&subject, "stack-peak", worst.stack_peak);
        add(&subject, "stack-margin", worst.stack_margin);
        add(&subject, "heap-peak", worst.heap_peak);
    }
    figures
}

/// Units that share kind and name, as a budget on the name means them.
fn by_name(device: &Device) -> BTreeMap<(&'static str, &str), Worst> {
    let mut all: BTreeMap<_, Worst> = BTreeMap::new();
    for unit in device.units().iter().filter(|unit| unit.key.id != UnitId::KERNEL) {
        let kind = match unit.kind {
            UnitKind::Thread | UnitKind::Callbacks => "thread",
            UnitKind::Task => "task",
            UnitKind::Tasklet => "tasklet",
            UnitKind::Kernel | UnitKind::Unknown(_) => continue,
        };
        let worst = all.entry((kind, unit.base_name())).or_default();
        if unit.stack.sampled_at.is_some() {
            worst.stack_peak = worst.stack_peak.max(Some(unit.stack.peak));
            let margin = unit.stack.margin();
            worst.stack_margin = Some(worst.stack_margin.map_or(margin, |least| least.min(margin)));
        }
        if unit.heap.sampled_at.is_some() {
            worst.heap_peak = worst.heap_peak.max(Some(unit.heap.peak));
        }
    }
    all
}
