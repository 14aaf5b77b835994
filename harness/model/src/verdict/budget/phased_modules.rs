//! The figures of a module in a phase.
//!
//! What a module has, and had at most, the device samples in each window as it does of every owner of memory.
//! What an import takes is told once: it belongs to the phase in which the module was first heard of, and
//! no other phase has a figure of it.

use ramscope_scenario::Metric;
use ramscope_wire::{OwnerKind, UnitId};

use crate::device::{Module, OwnedFigures, Window};
use crate::verdict::budget::figure::{self, Figure};
use crate::verdict::budget::phase_figures::{Phased, end_of, window_losses};

impl Phased<'_> {
    /// Whether a module was there at some time of the phase.
    pub(super) fn has_module(&self, module: &Module) -> bool {
        self.windows().any(|window| {
            let began_before = window.closed.is_none_or(|end| module.since < end.at);
            let ended_later = module.end.is_none_or(|(at, _)| at > window.from);
            module.boot == window.boot && began_before && ended_later
        })
    }

    /// The figure of a module.
    pub(super) fn of_module(&self, module: &Module, metric: Metric, losses_at_end: u64) -> Figure {
        match metric {
            Metric::Resident | Metric::ImportPeak if self.began(module) => {
                figure::of_module(module, metric, losses_at_end)
            }
            Metric::Resident | Metric::ImportPeak => {
                Figure::NotGiven("it was not imported in this phase".to_owned())
            }
            Metric::HeapUsed => self
                .last_window()
                .map_or_else(nothing, |window| self.owned(module, window, |owned| owned.current)),
            Metric::HeapPeak => {
                let peaks = self.windows().map(|it| self.owned(module, it, |owned| owned.peak));
                peaks.reduce(greater).unwrap_or_else(nothing)
            }
            _ => Figure::NotGiven(format!("the device does not tell {metric} of it in phases")),
        }
    }

    fn began(&self, module: &Module) -> bool {
        self.windows().any(|window| {
            let before_end = window.closed.is_none_or(|end| module.since <= end.at);
            module.boot == window.boot && window.from <= module.since && before_end
        })
    }

    fn windows(&self) -> impl Iterator<Item = &Window> {
        self.occurrences.iter().flat_map(|occurrence| occurrence.windows)
    }

    fn last_window(&self) -> Option<&Window> {
        self.windows().last()
    }

    /// What the last sample of a window says; one without a sample had nothing, unless that was lost.
    fn owned(&self, module: &Module, window: &Window, value: fn(OwnedFigures) -> u32) -> Figure {
        let losses = window_losses(window, self.device);
        let figures = window.owners.get(&(OwnerKind::Module, UnitId(module.id.0)));
        Figure::Known {
            value: figures.and_then(|figures| figures.get()).map_or(0, value).into(),
            capacity: None,
            at: Some(end_of(window, self.device)),
            is_final: figures.map_or(losses == 0, |figures| figures.losses_seen >= losses),
        }
    }
}

fn nothing() -> Figure {
    Figure::Unknown("no sample of it arrived".to_owned())
}

/// The greater of two figures, which is final only if both are.
fn greater(one: Figure, other: Figure) -> Figure {
    match (one, other) {
        (
            Figure::Known { value: a, at: at_a, is_final: final_a, capacity },
            Figure::Known { value: b, at: at_b, is_final: final_b, .. },
        ) => Figure::Known {
            value: a.max(b),
            capacity,
            at: if b > a { at_b } else { at_a },
            is_final: final_a && final_b,
        },
        (one, _) => one,
    }
}
