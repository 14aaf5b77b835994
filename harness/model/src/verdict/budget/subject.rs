//! Who a budget is about.

use ramscope_scenario::{Metric, Subject, SubjectKind};
use ramscope_wire::{UnitId, UnitKind};
use std::collections::BTreeSet;

use crate::device::{Device, Ending, Interrupts, Module, Timer, Unit};
use crate::verdict::budget::figure::{self, Figure};
use crate::verdict::budget::owner::OwnersOf;
use crate::verdict::budget::phase_figures::Phased;

/// The name of the one heap.
const HEAP_NAME: &str = "main";
/// The name of the interrupt handlers, which share a stack.
const INTERRUPTS_NAME: &str = "interrupts";

/// What a budget's subject means on a device.
pub(super) enum Found<'a> {
    /// At least one.
    Some(Vec<FoundSubject<'a>>),
    /// None; these are there.
    Nobody { seen: Vec<String> },
}

/// One subject.
pub(super) struct FoundSubject<'a> {
    pub(super) name: String,
    /// The name that it shares with its likes.
    pub(super) base_name: String,
    of: Of<'a>,
    /// The count of losses when it ended, or now.
    losses_at_end: u64,
}

enum Of<'a> {
    /// A unit, and its place among all of them.
    Unit(&'a Unit, usize),
    Heap(&'a Device),
    Interrupts(&'a Interrupts),
    /// A timer, and its place among all of them.
    Timer(&'a Timer, usize),
    Module(&'a Module),
    /// All owners of memory of one name.
    Owner(OwnersOf<'a>),
}

/// Those of a phase, if there is one.
pub(super) fn find_subjects<'a>(
    subject: &Subject,
    device: &'a Device,
    phase: Option<Phased<'_>>,
) -> Found<'a> {
    match subject.kind {
        SubjectKind::Thread | SubjectKind::Task | SubjectKind::Tasklet => {
            units(subject, device, phase)
        }
        SubjectKind::Heap => single(subject, device, HEAP_NAME, Of::Heap(device)),
        SubjectKind::Interrupt => {
            let handlers = Of::Interrupts(device.interrupts());
            single(subject, device, INTERRUPTS_NAME, handlers)
        }
        SubjectKind::Timer => timers(subject, device, phase),
        SubjectKind::Module => modules(subject, device, phase),
        SubjectKind::Owner => owners(subject, device),
    }
}

fn single<'a>(subject: &Subject, device: &Device, name: &str, of: Of<'a>) -> Found<'a> {
    if !subject.includes(subject.kind, name) {
        return Found::Nobody { seen: vec![name.to_owned()] };
    }
    Found::Some(vec![FoundSubject {
        name: name.to_owned(),
        base_name: name.to_owned(),
        of,
        losses_at_end: device.losses().serial(),
    }])
}

/// The units that a pattern means: those whose own name it matches, `worker#2`, and all that bear a
/// name that it matches, so that a budget on `worker` is one on each of them.
fn units<'a>(subject: &Subject, device: &'a Device, phase: Option<Phased<'_>>) -> Found<'a> {
    let there = || {
        device.units().iter().enumerate().filter(|&(place, unit)| {
            kind_of(unit) == Some(subject.kind) && phase.is_none_or(|phase| phase.has(unit, place))
        })
    };
    let found: Vec<_> = there()
        .filter(|(_, unit)| {
            [unit.name.as_str(), unit.base_name()]
                .iter()
                .any(|name| subject.includes(subject.kind, name))
        })
        .map(|(place, unit)| FoundSubject {
            name: name_in_run(unit),
            base_name: unit.base_name().to_owned(),
            of: Of::Unit(unit, place),
            losses_at_end: losses_at_end(unit, device),
        })
        .collect();
    if !found.is_empty() {
        return Found::Some(found);
    }
    let seen: BTreeSet<&str> = there().map(|(_, unit)| unit.base_name()).collect();
    Found::Nobody { seen: seen.into_iter().map(str::to_owned).collect() }
}

/// The timers that a pattern means: by their own name, `blink#2`, or by the one that they share.
fn timers<'a>(subject: &Subject, device: &'a Device, phase: Option<Phased<'_>>) -> Found<'a> {
    let means = |timer: &Timer| {
        [&timer.name, &timer.base_name].iter().any(|name| subject.includes(subject.kind, name))
    };
    let all = || {
        let timers = device.timers().iter().enumerate();
        timers.filter(|&(place, timer)| phase.is_none_or(|phase| phase.has_timer(timer, place)))
    };
    let found: Vec<_> = all()
        .filter(|(_, timer)| means(timer))
        .map(|(place, timer)| FoundSubject {
            name: match timer.boot {
                0 => timer.name.clone(),
                boot => format!("{} (boot {boot})", timer.name),
            },
            base_name: timer.base_name.clone(),
            of: Of::Timer(timer, place),
            losses_at_end: device.losses().serial(),
        })
        .collect();
    if !found.is_empty() {
        return Found::Some(found);
    }
    let seen: BTreeSet<&str> = all().map(|(_, timer)| timer.base_name.as_str()).collect();
    Found::Nobody { seen: seen.into_iter().map(str::to_owned).collect() }
}

/// The modules that a pattern means. The second one of a name is `bot#2`.
fn modules<'a>(subject: &Subject, device: &'a Device, phase: Option<Phased<'_>>) -> Found<'a> {
    let all = device.modules();
    let is_there = |place: usize| phase.is_none_or(|phase| phase.has_module(&all[place]));
    let found: Vec<_> = (0..all.len())
        .filter(|&place| subject.includes(subject.kind, &all[place].name) && is_there(place))
        .map(|place| FoundSubject {
            name: match all[..place].iter().filter(|it| it.name == all[place].name).count() {
                0 => all[place].name.clone(),
                earlier => format!("{}#{}", all[place].name, earlier + 1),
            },
            base_name: all[place].name.clone(),
            of: Of::Module(&all[place]),
            losses_at_end: device.losses().serial(),
        })
        .collect();
    if !found.is_empty() {
        return Found::Some(found);
    }
    let there = (0..all.len()).filter(|&place| is_there(place));
    let seen: BTreeSet<&str> = there.map(|place| all[place].name.as_str()).collect();
    Found::Nobody { seen: seen.into_iter().map(str::to_owned).collect() }
}

/// The owners of memory that a pattern means, those of one name as one.
fn owners<'a>(subject: &Subject, device: &'a Device) -> Found<'a> {
    let (found, others): (Vec<_>, Vec<_>) = OwnersOf::all(device)
        .into_iter()
        .partition(|owner| subject.includes(subject.kind, &owner.name));
    if found.is_empty() {
        return Found::Nobody { seen: others.into_iter().map(|owner| owner.name).collect() };
    }
    let subject_of = |owner: OwnersOf<'a>| FoundSubject {
        name: owner.name.clone(),
        base_name: owner.name.clone(),
        of: Of::Owner(owner),
        losses_at_end: device.losses().serial(),
    };
    Found::Some(found.into_iter().map(subject_of).collect())
}

/// After a reset the same names come again; which boot is meant is part of what is shown.
fn name_in_run(unit: &Unit) -> String {
    match unit.key.boot {
        0 => unit.name.clone(),
        boot => format!("{} (boot {boot})", unit.name),
    }
}

fn losses_at_end(unit: &Unit, device: &Device) -> u64 {
    match unit.end {
        Some(end) => end.losses_seen,
        None => device.losses().serial(),
    }
}

/// The kind of subject that a unit is. The kernel is none; callbacks run in a thread.
fn kind_of(unit: &Unit) -> Option<SubjectKind> {
    if unit.key.id == UnitId::KERNEL {
        return None;
    }
    match unit.kind {
        UnitKind::Thread | UnitKind::Callbacks => Some(SubjectKind::Thread),
        UnitKind::Task => Some(SubjectKind::Task),
        UnitKind::Tasklet => Some(SubjectKind::Tasklet),
        UnitKind::Kernel | UnitKind::Unknown(_) => None,
    }
}

pub(super) const fn is_unit_kind(kind: SubjectKind) -> bool {
    matches!(kind, SubjectKind::Thread | SubjectKind::Task | SubjectKind::Tasklet)
}

/// How many units there were of which the device's announcement never arrived. Ids are serial, so
/// a gap is a unit; but only lost records explain one.
pub(super) fn units_never_told(device: &Device) -> u64 {
    if !device.losses().any() && device.forgotten() == 0 {
        return 0;
    }
    let is_unit = |unit: &&Unit| unit.key.id != UnitId::KERNEL;
    let units = device.units().iter().filter(is_unit);
    let unannounced = units.clone().filter(|unit| !unit.announced).count() as u64;
    let in_boot = units.filter(|unit| unit.key.boot == device.boot().index);
    let (count, highest) =
        in_boot.fold((0_u64, 0), |(count, highest), unit| (count + 1, highest.max(unit.key.id.0)));
    let gaps = u64::from(highest).saturating_sub(count);
    unannounced + gaps + device.forgotten()
}

impl FoundSubject<'_> {
    /// Its figure in a phase.
    pub(super) fn figure_in(&self, phase: Phased<'_>, metric: Metric) -> Figure {
        match self.of {
            Of::Unit(unit, place) => phase.of_unit(unit, place, metric),
            Of::Heap(..) => phase.of_heap(metric),
            Of::Owner(ref owner) => phase.of_owner(owner, metric),
            Of::Interrupts(_) => phase.of_interrupts(metric),
            Of::Timer(_, place) => phase.of_timer(place, metric),
            Of::Module(module) => phase.of_module(module, metric, self.losses_at_end),
        }
    }

    /// Its figure in the whole run.
    pub(super) fn figure(&self, metric: Metric) -> Figure {
        match (&self.of, metric) {
            (_, Metric::Leak | Metric::LeakBlocks) => {
                Figure::NotGiven("a leak is measured between the ends of a phase".to_owned())
            }
            (Of::Unit(unit, _), metric) if was_cut_off(unit, metric) => {
                Figure::NotGiven("the device was reset before it told".to_owned())
            }
            (Of::Unit(unit, _), Metric::StackPeak | Metric::StackMargin) => {
                figure::of_stack(&unit.stack, metric, self.losses_at_end)
            }
            (Of::Unit(unit, _), Metric::HeapPeak | Metric::HeapUsed) => {
                figure::of_holding(&unit.heap, metric, self.losses_at_end)
            }
            (Of::Unit(unit, _), Metric::Switches | Metric::CpuShare | Metric::Instructions) => {
                figure::of_cpu(&unit.cpu, metric, self.losses_at_end)
            }
            (
                Of::Heap(device),
                Metric::Used | Metric::Peak | Metric::Free | Metric::LargestFree,
            ) => figure::of_heap(device.heap(), metric, self.losses_at_end),
            (Of::Heap(device), Metric::Fragmentation) => {
                figure::of_fragmentation(device.heap_layout(), self.losses_at_end)
            }
            (Of::Heap(device), Metric::CollectPause | Metric::CollectFreed) => {
                figure::of_collections(device, metric, self.losses_at_end)
            }
            (Of::Owner(owner), metric) => owner.figure(metric, self.losses_at_end),
            (Of::Interrupts(handlers), Metric::StackPeak | Metric::StackMargin) => {
                interrupt_stack(handlers, metric, self.losses_at_end)
            }
            (Of::Interrupts(handlers), Metric::CpuShare | Metric::Instructions) => {
                figure::of_handlers(handlers, metric, self.losses_at_end)
            }
            (Of::Interrupts(handlers), Metric::Lateness) => figure::of_lateness(
                handlers.clock.get().map(|clock| (clock.worst_ns, clock.worst_at)),
                handlers.clock.losses_seen >= self.losses_at_end,
                "no sample of the clock's lateness arrived",
            ),
            (Of::Timer(timer, _), Metric::Lateness) => figure::of_lateness(
                timer.last.map(|last| (last.worst_ns, timer.worst_at)),
                timer.losses_seen >= self.losses_at_end,
                "no sample of it arrived",
            ),
            (Of::Module(module), metric) => figure::of_module(module, metric, self.losses_at_end),
            (_, metric) => Figure::NotGiven(format!("the device does not tell {metric} of it")),
        }
    }
}

/// Whether the device was reset under a unit before the first sample of it. A reset that nobody
/// expected fails the run anyway; after one that was expected nobody can tell.
fn was_cut_off(unit: &Unit, metric: Metric) -> bool {
    let sampled_at = match metric {
        Metric::StackPeak | Metric::StackMargin => unit.stack.sampled_at,
        Metric::HeapPeak | Metric::HeapUsed => unit.heap.sampled_at,
        _ => unit.cpu.sampled_at,
    };
    let by_reset = unit.end.is_some_and(|end| end.how == Ending::Reset);
    by_reset && sampled_at.is_none()
}

fn interrupt_stack(handlers: &Interrupts, metric: Metric, losses_at_end: u64) -> Figure {
    match handlers.stack.sampled_at {
        None => Figure::Unknown("no sample of the interrupt stack arrived".to_owned()),
        Some(_) => figure::of_stack(&handlers.stack, metric, losses_at_end),
    }
}
