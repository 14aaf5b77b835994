//! The figures that budgets bound, out of the model.

use ramscope_scenario::Metric;
use ramscope_time::Instant;

use crate::device::{Cpu, Device, Heap, HeapLayout, Holding, Interrupts, Module, Stack};

/// A figure of one subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Figure {
    /// It is known.
    Known {
        value: u64,
        capacity: Option<u64>,
        /// When the value was first told, for peaks.
        at: Option<Instant>,
        /// Whether nothing that was lost could have changed it.
        is_final: bool,
    },
    /// The target does not tell it.
    NotGiven(String),
    /// It would have been told, but did not arrive.
    Unknown(String),
}

/// How a figure can change while a run goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trend {
    /// It only grows.
    Rises,
    /// It only shrinks.
    Falls,
    /// It does both.
    Moves,
}

pub(super) const fn trend(metric: Metric) -> Trend {
    match metric {
        Metric::StackPeak
        | Metric::HeapPeak
        | Metric::Peak
        | Metric::Switches
        | Metric::Lateness
        | Metric::CollectPause
        | Metric::CollectFreed
        | Metric::Fragmentation
        | Metric::Instructions
        | Metric::Resident
        | Metric::ImportPeak => Trend::Rises,
        Metric::StackMargin => Trend::Falls,
        Metric::HeapUsed
        | Metric::Used
        | Metric::Free
        | Metric::LargestFree
        | Metric::CpuShare
        | Metric::Leak
        | Metric::LeakBlocks => Trend::Moves,
    }
}

/// `losses_at_end` is the count of losses when the subject ended, or now.
pub(super) fn of_stack(stack: &Stack, metric: Metric, losses_at_end: u64) -> Figure {
    if stack.sampled_at.is_none() {
        return match stack.bytes {
            0 => Figure::NotGiven("it has no stack of its own".to_owned()),
            _ => Figure::Unknown("no sample of its stack arrived".to_owned()),
        };
    }
    Figure::Known {
        value: match metric {
            Metric::StackMargin => stack.margin().into(),
            _ => stack.peak.into(),
        },
        capacity: Some(stack.bytes.into()),
        at: Some(stack.peak_at),
        is_final: stack.losses_seen >= losses_at_end,
    }
}

pub(super) fn of_holding(holding: &Holding, metric: Metric, losses_at_end: u64) -> Figure {
    let Some(sampled_at) = holding.sampled_at else {
        return Figure::Unknown("no sample of its share of the heap arrived".to_owned());
    };
    let (value, at) = match metric {
        Metric::HeapUsed => (holding.current, sampled_at),
        _ => (holding.peak, holding.peak_at),
    };
    Figure::Known {
        value: value.into(),
        capacity: None,
        at: Some(at),
        is_final: holding.losses_seen >= losses_at_end,
    }
}

pub(super) fn of_module(module: &Module, metric: Metric, losses_at_end: u64) -> Figure {
    let (value, at) = match metric {
        Metric::Resident => (module.settled(), module.since),
        Metric::ImportPeak => (module.import_peak(), module.since),
        Metric::HeapUsed => (module.resident(), module.end.map_or(module.since, |(at, _)| at)),
        Metric::HeapPeak => (module.peak(), module.since),
        _ => return Figure::NotGiven(format!("the device does not tell {metric} of it")),
    };
    Figure::Known {
        value: value.into(),
        capacity: None,
        at: Some(at),
        // What an import takes is told once, so nothing may be missing of it.
        is_final: module.losses_seen >= losses_at_end && module.is_whole(),
    }
}

pub(super) fn of_cpu(cpu: &Cpu, metric: Metric, losses_at_end: u64) -> Figure {
    let Some(sampled_at) = cpu.sampled_at else {
        return Figure::Unknown("no sample of its processor time arrived".to_owned());
    };
    Figure::Known {
        value: match metric {
            Metric::Switches => cpu.switches.into(),
            // Where a cycle is an instruction, and only there this metric is not skipped.
            Metric::Instructions => cpu.ticks,
            _ => cpu.share.into(),
        },
        capacity: None,
        at: Some(sampled_at),
        is_final: cpu.losses_seen >= losses_at_end,
    }
}

pub(super) fn of_handlers(handlers: &Interrupts, metric: Metric, losses_at_end: u64) -> Figure {
    let Some((at, times)) = handlers.times else {
        return Figure::NotGiven("the device does not tell how long handlers take".to_owned());
    };
    Figure::Known {
        value: match metric {
            Metric::Instructions => times.ticks,
            _ => handlers.share.into(),
        },
        capacity: None,
        at: Some(at),
        is_final: handlers.times_losses_seen >= losses_at_end,
    }
}

/// How late something was at worst, in picoseconds.
pub(super) fn of_lateness(
    lateness: Option<(u32, Instant)>,
    is_final: bool,
    missing: &str,
) -> Figure {
    let Some((worst_ns, at)) = lateness else {
        return Figure::Unknown(missing.to_owned());
    };
    Figure::Known { value: picos(worst_ns), capacity: None, at: Some(at), is_final }
}

/// What collections did. A device that made none has kept nobody waiting, and has given nothing back.
pub(super) fn of_collections(device: &Device, metric: Metric, losses_at_end: u64) -> Figure {
    let collections = device.collections();
    let Some((at, sample)) = collections.last else {
        let is_final = losses_at_end == 0;
        return Figure::Known { value: 0, capacity: None, at: None, is_final };
    };
    let (value, at) = match metric {
        Metric::CollectFreed => (sample.freed_boot.into(), at),
        _ => (picos(sample.pause_boot_ns), collections.worst_at),
    };
    let is_final = collections.losses_seen >= losses_at_end;
    Figure::Known { value, capacity: None, at: Some(at), is_final }
}

/// Nanoseconds as the budgets count them.
pub(super) fn picos(nanos: u32) -> u64 {
    u64::from(nanos) * 1_000
}

/// The worst that any sample said. A shape is sampled when the heap has changed, so a stretch that was
/// worse and over before the next sample is not known of.
pub(super) fn of_fragmentation(layout: &HeapLayout, losses_at_end: u64) -> Figure {
    let (Some(worst), Some(last)) = (layout.worst(), layout.shape()) else {
        return Figure::NotGiven("the device does not tell how its heap is divided".to_owned());
    };
    Figure::Known {
        value: worst.fragmentation().into(),
        capacity: None,
        at: Some(worst.at),
        is_final: last.losses_seen >= losses_at_end,
    }
}

pub(super) fn of_heap(heap: &Heap, metric: Metric, losses_at_end: u64) -> Figure {
    let Some(sampled_at) = heap.sampled_at else {
        return Figure::Unknown("no sample of the heap arrived".to_owned());
    };
    let (value, at) = match metric {
        Metric::Used => (heap.used, sampled_at),
        Metric::Free => (heap.free, sampled_at),
        Metric::LargestFree => (heap.largest_free, sampled_at),
        _ => (heap.peak, heap.peak_at),
    };
    Figure::Known {
        value: value.into(),
        capacity: Some(heap.total_max.into()),
        at: Some(at),
        is_final: heap.losses_seen >= losses_at_end,
    }
}
