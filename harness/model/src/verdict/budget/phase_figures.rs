//! The figures of a phase, put together from those of its windows.
//!
//! A peak is the greatest of the windows' peaks; what is held at the end is what the last window's
//! last sample says; what is counted since boot is a difference. Each is final only if nothing was
//! lost between the sample and the end of its window, or of its unit.

use ramscope_scenario::Metric;
use ramscope_time::Instant;

use crate::device::{
    Device, Figures, HeapFigures, InterruptFigures, LatenessFigures, OwnedFigures, Timer, Unit,
    UnitFigures, Window, basis_points,
};
use crate::verdict::budget::figure::{Figure, picos};
use crate::verdict::budget::owner::OwnersOf;
use crate::verdict::budget::phase::Occurrence;

/// What a phase is about: its times, and the device that they are on.
#[derive(Clone, Copy)]
pub(super) struct Phased<'a> {
    pub(super) occurrences: &'a [Occurrence<'a>],
    pub(super) device: &'a Device,
}

/// A value at the end of some stretch, and whether nothing that was lost could have changed it.
#[derive(Clone, Copy)]
struct Reading {
    value: u64,
    at: Instant,
    is_final: bool,
}

/// A figure that could not be put together.
type Missing = Figure;

impl<'a> Phased<'a> {
    /// Whether a unit, which stands at this place among all units, was there at some time of the
    /// phase. One that sampled itself in a window was, also where the window's instant is not known
    /// well enough to say so.
    pub(super) fn has(&self, unit: &Unit, place: usize) -> bool {
        let was_in = |window: &Window| window.units.contains_key(&place) || lived_in(unit, window);
        self.occurrences.iter().any(|occurrence| occurrence.windows.iter().any(was_in))
    }

    /// Whether a timer, which stands at this place among all timers, was there at some time of the phase. Its
    /// end is not told: one of which nothing comes any more is gone, if nothing was lost since.
    pub(super) fn has_timer(&self, timer: &Timer, place: usize) -> bool {
        let was_in = |window: &Window| {
            let began_before = window.closed.is_none_or(|end| timer.first_seen < end.at);
            let told_later = timer.sampled_at.is_none_or(|at| at > window.from)
                || timer.losses_seen < window_losses(window, self.device);
            let may_have_lived = timer.boot == window.boot && began_before && told_later;
            window.timers.contains_key(&place) || may_have_lived
        };
        self.occurrences.iter().any(|occurrence| occurrence.windows.iter().any(was_in))
    }

    /// The figure of a unit, which stands at this place among all units.
    pub(super) fn of_unit(&self, unit: &Unit, place: usize, metric: Metric) -> Figure {
        let whole = match metric {
            Metric::StackPeak | Metric::StackMargin => self.stack(unit, place, metric),
            Metric::HeapPeak => self.heap_peak(unit, place),
            Metric::HeapUsed => self.held(unit, place, self.last()).map(known),
            Metric::Leak => self.leak(|window| self.held(unit, place, window)),
            Metric::Switches | Metric::CpuShare | Metric::Instructions => {
                self.processor(unit, place, metric)
            }
            _ => Err(not_told(metric)),
        };
        whole.unwrap_or_else(|missing| missing)
    }

    /// The figure of the heap.
    pub(super) fn of_heap(&self, metric: Metric) -> Figure {
        let of = |window: &Window, value: fn(HeapFigures) -> u64| {
            reading(&window.heap, window_losses(window, self.device), "the heap", |last| {
                value(last)
            })
        };
        let at_end = |value| of(self.last(), value).map(known);
        let whole = match metric {
            Metric::Used => at_end(|heap| heap.used.into()),
            Metric::Free => at_end(|heap| heap.total.saturating_sub(heap.used).into()),
            Metric::LargestFree => at_end(|heap| heap.largest_free.into()),
            Metric::Leak => self.leak(|window| of(window, |heap| heap.used.into())),
            Metric::CollectPause | Metric::CollectFreed => return self.collections(metric),
            Metric::Peak => self.greatest(|window| {
                let at = window.heap.get().map(|heap| heap.peak_at);
                let peak = of(window, |heap| heap.peak.into())?;
                Ok(Some(Reading { at: at.unwrap_or(peak.at), ..peak }))
            }),
            _ => Err(not_told(metric)),
        };
        let capacity = self.last().heap.get().map(|heap| heap.total.into());
        with_capacity(whole.unwrap_or_else(|missing| missing), capacity)
    }

    /// What collections did; nothing in windows in which the device said nothing of any.
    fn collections(&self, metric: Metric) -> Figure {
        let mut freed = 0;
        let figure = self.greatest(|window| {
            let losses = window_losses(window, self.device);
            let Some(figures) = window.collections.get() else {
                let (at, is_final) = (end_of(window, self.device), losses == 0);
                return Ok(Some(Reading { value: 0, at, is_final }));
            };
            let pause =
                reading(&window.collections, losses, "collections", |last| picos(last.pause_ns))?;
            Ok(Some(Reading { at: figures.pause_at, ..pause }))
        });
        let windows = self.occurrences.iter().flat_map(|occurrence| occurrence.windows);
        for figures in windows.filter_map(|window| window.collections.get()) {
            freed += u64::from(figures.freed);
        }
        match figure.unwrap_or_else(|missing| missing) {
            Figure::Known { capacity, at, is_final, .. } if metric == Metric::CollectFreed => {
                Figure::Known { value: freed, capacity, at, is_final }
            }
            other => other,
        }
    }

    /// The figure of all owners of one name.
    pub(super) fn of_owner(&self, owner: &OwnersOf<'_>, metric: Metric) -> Figure {
        let sum = |window: &Window, value: fn(OwnedFigures) -> u64| {
            let losses = window_losses(window, self.device);
            let figures = owner.keys().filter_map(|key| window.owners.get(key));
            let start = Reading {
                value: 0,
                at: end_of(window, self.device),
                // Who has no sample in the window had nothing when it closed, unless that was lost.
                is_final: losses == 0,
            };
            let sum = figures.fold(start, |sum, figures| Reading {
                value: sum.value + figures.get().map_or(0, value),
                at: sum.at,
                is_final: sum.is_final || figures.losses_seen >= losses,
            });
            Ok(sum)
        };
        let bytes = |window: &Window| sum(window, |owned| owned.current.into());
        let blocks = |window: &Window| sum(window, |owned| owned.blocks.into());
        let whole = match metric {
            Metric::HeapUsed => bytes(self.last()).map(known),
            Metric::Leak => self.leak(bytes),
            Metric::LeakBlocks => self.leak(blocks),
            Metric::HeapPeak => self.greatest(|window| {
                let figures = owner.keys().filter_map(|key| window.owners.get(key));
                let peak =
                    figures.filter_map(|figures| figures.get()).map(|owned| owned.peak).max();
                let held = bytes(window)?;
                Ok(peak.map(|peak| Reading { value: peak.into(), ..held }))
            }),
            _ => Err(not_told(metric)),
        };
        whole.unwrap_or_else(|missing| missing)
    }

    /// The figure of the interrupt handlers.
    pub(super) fn of_interrupts(&self, metric: Metric) -> Figure {
        let stack = |value: fn(InterruptFigures) -> u64| {
            self.greatest(|window| {
                let losses = window_losses(window, self.device);
                let at = window.interrupts.get().map(|stack| stack.peak_at);
                let peak = reading(&window.interrupts, losses, "the interrupt stack", value)?;
                Ok(Some(Reading { at: at.unwrap_or(peak.at), ..peak }))
            })
        };
        let bytes = self.last().interrupts.get().map_or(0, |stack| stack.bytes);
        let whole = match metric {
            Metric::StackPeak => stack(|stack| stack.peak.into()),
            Metric::StackMargin => stack(|stack| stack.peak.into()).map(|peak| margin(peak, bytes)),
            Metric::CpuShare | Metric::Instructions => self.handlers(metric),
            Metric::Lateness => {
                return self.lateness("the clock's lateness", |window| window.clock);
            }
            _ => Err(not_told(metric)),
        };
        with_capacity(whole.unwrap_or_else(|missing| missing), Some(bytes.into()))
    }

    /// The figure of a timer, which stands at this place among all timers.
    pub(super) fn of_timer(&self, place: usize, metric: Metric) -> Figure {
        match metric {
            Metric::Lateness => {
                self.lateness("it", |window| window.timers.get(&place).copied().unwrap_or_default())
            }
            _ => not_told(metric),
        }
    }

    /// The worst lateness of all windows in which anything was told of it.
    fn lateness(&self, of: &str, figures: impl Fn(&Window) -> Figures<LatenessFigures>) -> Figure {
        let worst = self.greatest(|window| {
            let figures = figures(window);
            let Some(lateness) = figures.get() else { return Ok(None) };
            let losses = window_losses(window, self.device);
            let worst = reading(&figures, losses, of, |it| picos(it.worst_ns))?;
            Ok(Some(Reading { at: lateness.worst_at, ..worst }))
        });
        worst.unwrap_or_else(|missing| missing)
    }

    /// Whether a sample that is not there may have been lost.
    fn lost(&self) -> bool {
        self.device.losses().any()
    }

    /// The last window of the last time.
    fn last(&self) -> &'a Window {
        last_of(self.occurrences.last().expect("a phase that has figures was carried out"))
    }

    /// The greatest reading of all windows; those without one do not count.
    fn greatest(
        &self,
        of: impl Fn(&'a Window) -> Result<Option<Reading>, Missing>,
    ) -> Result<Figure, Missing> {
        let mut greatest: Option<Reading> = None;
        for window in self.occurrences.iter().flat_map(|occurrence| occurrence.windows) {
            let Some(reading) = of(window)? else { continue };
            let is_final = reading.is_final && greatest.is_none_or(|before| before.is_final);
            let greater = match greatest {
                Some(before) if before.value >= reading.value => before,
                _ => reading,
            };
            greatest = Some(Reading { is_final, ..greater });
        }
        greatest.map(known).ok_or_else(|| Figure::Unknown("no sample of it arrived".to_owned()))
    }

    fn stack(&self, unit: &Unit, place: usize, metric: Metric) -> Result<Figure, Missing> {
        if unit.stack.bytes == 0 {
            return Err(Figure::NotGiven("it has no stack of its own".to_owned()));
        }
        let peak = self.greatest(|window| {
            let figures = self.figures(unit, place, window)?;
            let figures = figures.filter(|figures| figures.stack.last.is_some() || self.lost());
            let Some(figures) = figures else { return Ok(None) };
            let losses = unit_losses(unit, window, self.device);
            let at = figures.stack.get().map(|stack| stack.peak_at);
            let peak = reading(&figures.stack, losses, "its stack", |stack| stack.peak.into())?;
            Ok(Some(Reading { at: at.unwrap_or(peak.at), ..peak }))
        })?;
        let bytes = unit.stack.bytes;
        let figure = if metric == Metric::StackMargin { margin(peak, bytes) } else { peak };
        Ok(with_capacity(figure, Some(bytes.into())))
    }

    fn heap_peak(&self, unit: &Unit, place: usize) -> Result<Figure, Missing> {
        self.greatest(|window| {
            let figures = self.figures(unit, place, window)?;
            let figures = figures.filter(|figures| figures.heap.last.is_some() || self.lost());
            let Some(figures) = figures else { return Ok(None) };
            let losses = unit_losses(unit, window, self.device);
            let at = figures.heap.get().map(|heap| heap.peak_at);
            let peak = reading(&figures.heap, losses, SHARE, |heap| heap.peak.into())?;
            Ok(Some(Reading { at: at.unwrap_or(peak.at), ..peak }))
        })
    }

    /// What a unit held when a window ended: nothing where it was not there.
    fn held(&self, unit: &Unit, place: usize, window: &Window) -> Result<Reading, Missing> {
        let end = window.closed.map_or(self.device.now(), |end| end.at);
        if unit.first_seen > end {
            return Ok(Reading { value: 0, at: end, is_final: true });
        }
        if let Some(ended) = unit.end.filter(|ended| ended.at <= end) {
            return Ok(Reading {
                value: ended.quarantined_bytes.into(),
                at: ended.at,
                is_final: true,
            });
        }
        let losses = unit_losses(unit, window, self.device);
        let figures = window.units.get(&place);
        let heap = figures.map(|figures| figures.heap).unwrap_or_default();
        reading(&heap, losses, SHARE, |heap| heap.current.into())
    }

    /// What remains at the end beyond what was there at the beginning; if the phase was carried out
    /// again, beyond what remained after its first time.
    fn leak(
        &self,
        held: impl Fn(&'a Window) -> Result<Reading, Missing>,
    ) -> Result<Figure, Missing> {
        let first = self.occurrences.first().expect("a phase that has figures was carried out");
        let start = match (self.occurrences.len(), first.before) {
            (1, Some(before)) => held(before)?,
            (1, None) => {
                let reason = "the phase begins with the run: nothing is there to compare with";
                return Err(Figure::NotGiven(reason.to_owned()));
            }
            _ => held(last_of(first))?,
        };
        let end = held(self.last())?;
        Ok(known(Reading {
            value: end.value.saturating_sub(start.value),
            at: end.at,
            is_final: start.is_final && end.is_final,
        }))
    }

    /// From when to when an allocation counts as a leak, if its block stays.
    pub(super) fn leak_span(&self) -> (Instant, Instant) {
        let first = self.occurrences.first().expect("a phase that has figures was carried out");
        let from = match self.occurrences.len() {
            1 => first.windows[0].from,
            _ => end_of(last_of(first), self.device),
        };
        (from, end_of(self.last(), self.device))
    }

    /// Switches, instructions, or the share of the processor: sums over the times of the phase.
    fn processor(&self, unit: &Unit, place: usize, metric: Metric) -> Result<Figure, Missing> {
        let of = |window: Option<&Window>| match window {
            Some(window) => self.processor_at(unit, place, window, metric),
            None => Ok(Reading { value: 0, at: Instant::ZERO, is_final: true }),
        };
        self.sum(metric, of)
    }

    /// The same of the handlers.
    fn handlers(&self, metric: Metric) -> Result<Figure, Missing> {
        let of = |window: Option<&Window>| match window {
            Some(window) => {
                let losses = window_losses(window, self.device);
                reading(&window.interrupt_times, losses, "the handlers' time", |times| times.ticks)
            }
            None => Ok(Reading { value: 0, at: Instant::ZERO, is_final: true }),
        };
        self.sum(metric, of)
    }

    /// The sum of differences between the end of each time and its beginning.
    fn sum(
        &self,
        metric: Metric,
        of: impl Fn(Option<&Window>) -> Result<Reading, Missing>,
    ) -> Result<Figure, Missing> {
        let mut sum = Reading { value: 0, at: Instant::ZERO, is_final: true };
        let mut picos = 0;
        for occurrence in self.occurrences {
            let last = last_of(occurrence);
            let boot = last.boot;
            let before = occurrence.before.filter(|before| before.boot == boot);
            let (start, end) = (of(before)?, of(Some(last))?);
            sum.value += end.value.saturating_sub(start.value);
            sum.is_final &= start.is_final && end.is_final;
            sum.at = end.at;
            picos += end_of(last, self.device).since(occurrence.windows[0].from).as_picos();
        }
        if metric == Metric::CpuShare {
            let hz = self.device.hello().map_or(1, |hello| hello.timestamp_hz);
            let ticks = u128::from(picos) * u128::from(hz) / 1_000_000_000_000;
            let share = basis_points(sum.value, u64::try_from(ticks).unwrap_or(u64::MAX));
            sum.value = share.into();
        }
        Ok(known(sum))
    }

    /// What the kernel had counted for a unit when a window ended.
    fn processor_at(
        &self,
        unit: &Unit,
        place: usize,
        window: &Window,
        metric: Metric,
    ) -> Result<Reading, Missing> {
        let end = end_of(window, self.device);
        if unit.first_seen > end {
            return Ok(Reading { value: 0, at: end, is_final: true });
        }
        // A unit that ended before has the count of the last window that it was in.
        let windows = self.device.windows().iter().rev();
        let mut past = windows.skip_while(|other| !std::ptr::eq(*other, window));
        let cpu = match unit.end.filter(|ended| ended.at <= window.from) {
            Some(_) => past.find_map(|window| window.units.get(&place)),
            None => window.units.get(&place),
        };
        let cpu = cpu.map(|figures| figures.cpu).unwrap_or_default();
        let losses = unit_losses(unit, window, self.device);
        reading(&cpu, losses, "its processor time", |cpu| match metric {
            Metric::Switches => cpu.switches.into(),
            _ => cpu.ticks,
        })
    }

    /// What is known of a unit in a window; `None` if it was not there.
    fn figures(
        &self,
        unit: &Unit,
        place: usize,
        window: &'a Window,
    ) -> Result<Option<&'a UnitFigures>, Missing> {
        match window.units.get(&place) {
            Some(figures) => Ok(Some(figures)),
            None if !lived_in(unit, window) => Ok(None),
            // The window that is open closes with a sample of each unit. If nothing was lost, the
            // unit had said its last before it, and only its end was told in here.
            None if !self.lost() && window.closed.is_some() => Ok(None),
            None => Err(Figure::Unknown("no sample of it arrived in a part of the phase".into())),
        }
    }
}

/// What heap figures of a unit are figures of.
const SHARE: &str = "its share of the heap";

fn last_of<'a>(occurrence: &Occurrence<'a>) -> &'a Window {
    occurrence.windows.last().expect("an occurrence has a window at least")
}

pub(super) fn end_of(window: &Window, device: &Device) -> Instant {
    window.closed.map_or(device.now(), |end| end.at)
}

/// Whether a unit was there while a window was open.
fn lived_in(unit: &Unit, window: &Window) -> bool {
    let began_before = window.closed.is_none_or(|end| unit.first_seen < end.at);
    unit.key.boot == window.boot && began_before && unit.end.is_none_or(|end| end.at > window.from)
}

pub(super) fn window_losses(window: &Window, device: &Device) -> u64 {
    window.closed.map_or(device.losses().serial(), |end| end.losses_seen)
}

/// The losses by which a unit's last sample in a window is judged: those at its own end, if that
/// was earlier.
fn unit_losses(unit: &Unit, window: &Window, device: &Device) -> u64 {
    let of_window = window_losses(window, device);
    unit.end.map_or(of_window, |end| end.losses_seen.min(of_window))
}

fn reading<T: Copy>(
    figures: &Figures<T>,
    losses: u64,
    of: &str,
    value: impl Fn(T) -> u64,
) -> Result<Reading, Missing> {
    let (at, last) =
        figures.last.ok_or_else(|| Figure::Unknown(format!("no sample of {of} arrived")))?;
    Ok(Reading { value: value(last), at, is_final: figures.losses_seen >= losses })
}

fn known(reading: Reading) -> Figure {
    let Reading { value, at, is_final } = reading;
    Figure::Known { value, capacity: None, at: Some(at), is_final }
}

fn with_capacity(figure: Figure, of: Option<u64>) -> Figure {
    match figure {
        Figure::Known { value, at, is_final, .. } => {
            Figure::Known { value, capacity: of, at, is_final }
        }
        other => other,
    }
}

fn margin(peak: Figure, bytes: u32) -> Figure {
    match peak {
        Figure::Known { value, capacity, at, is_final } => {
            Figure::Known { value: u64::from(bytes).saturating_sub(value), capacity, at, is_final }
        }
        other => other,
    }
}

fn not_told(metric: Metric) -> Figure {
    Figure::NotGiven(format!("the device does not tell {metric} of it"))
}
