//! From what the model says to the report's fields.

use ramscope_model::{
    BudgetResult, BudgetState, Device, Failure, Figure, HostFacts, ImageFacts, InjectedFault,
    Judged, JudgedFinding, MachineFacts, Module, Pin, Run, Shape, Stack, StepResult, Timer, Unit,
};
use ramscope_wire::{BlockState, ModulePhase, UnitId};

use super::chains::{ChainForm, DeepestForm};
use super::form::{
    AreaForm, BudgetForm, DeviceForm, FailureForm, FaultForm, FigureForm, FindingForm, HeapForm,
    HolderForm, HostForm, HostStepForm, ImageForm, LayoutForm, LossesForm, MachineForm, MapRunForm,
    ModuleForm, ModulePhaseForm, PhaseForm, PinForm, ResetForm, SkipForm, StackForm, StepForm,
    TimerForm, UnitForm,
};
use crate::held::{Origin, at_peak, origin};
use crate::measure::Phase;

impl<'a> ImageForm<'a> {
    pub(super) fn of(image: &'a ImageFacts) -> Self {
        Self { name: &image.name, hash: &image.hash }
    }
}

impl<'a> MachineForm<'a> {
    pub(super) fn of(machine: &'a MachineFacts) -> Self {
        Self {
            name: &machine.name,
            clock_hz: machine.clock_hz,
            time_model: &machine.time_model,
            instructions: machine.instructions,
        }
    }
}

impl<'a> DeviceForm<'a> {
    /// Nothing, if the device never said hello.
    pub(super) fn of(judged: &'a Judged) -> Option<Self> {
        let device = judged.feed.device();
        let hello = device.hello()?;
        let resets = device.resets().iter();
        Some(Self {
            name: &hello.name,
            board: format!("{:?}", hello.board).to_lowercase(),
            build_id: format!("{:016x}", hello.build_id),
            telemetry_version: hello.version,
            telemetry_level: format!("{:?}", hello.level).to_lowercase(),
            telemetry_records: judged.feed.records(),
            resets: resets
                .map(|reset| ResetForm { at_ps: reset.at.as_picos(), reason: &reset.reason })
                .collect(),
        })
    }
}

impl<'a> FailureForm<'a> {
    pub(super) fn of(failure: &'a Failure) -> Self {
        Self {
            line: failure.line,
            subject: &failure.subject,
            expected: &failure.expected,
            observed: &failure.observed,
            at_ps: failure.at.map(|at| at.as_picos()),
        }
    }
}

impl<'a> BudgetForm<'a> {
    pub(super) fn of(judged: &Judged, result: &'a BudgetResult) -> Self {
        let (reason, names_seen) = match &result.state {
            BudgetState::Skipped { reason } | BudgetState::Inconclusive { reason } => {
                (Some(reason.as_str()), None)
            }
            BudgetState::NoSuchSubject { seen } => (None, Some(seen.as_slice())),
            BudgetState::Met | BudgetState::Exceeded => (None, None),
        };
        Self {
            id: result.id.as_str(),
            line: result.line,
            subject: format!("{}:{}", result.kind, result.name),
            metric: result.metric.to_string(),
            bound: result.bound_name(),
            limit: result.limit,
            observed: result.observed,
            headroom: result.headroom(),
            capacity: result.capacity,
            at_ps: result.at.map(|at| at.as_picos()),
            state: result.state.name(),
            reason,
            names_seen,
            expected_to_fail: result.expected_to_fail,
            allocated_by: chains(judged, result),
        }
    }
}

fn chains(judged: &Judged, result: &BudgetResult) -> Option<Vec<ChainForm>> {
    let Origin::Known(chains) = origin(judged, result)? else { return None };
    Some(chains.into_iter().map(|held| ChainForm::of(judged, held)).collect())
}

impl<'a> FindingForm<'a> {
    pub(super) fn of(finding: &'a JudgedFinding) -> Self {
        Self {
            id: finding.kind.id(),
            unit: finding.unit.as_deref(),
            at_ps: finding.at.as_picos(),
            sentence: &finding.sentence,
            standing: finding.standing.name(),
        }
    }
}

impl<'a> StepForm<'a> {
    pub(super) fn of(step: &'a StepResult) -> Self {
        Self {
            index: step.index,
            label: &step.label,
            line: step.line,
            outcome: step.outcome.name(),
            began_ps: step.began.map(|at| at.as_picos()),
            ended_ps: step.ended.map(|at| at.as_picos()),
            detail: &step.detail,
        }
    }
}

impl<'a> PhaseForm<'a> {
    pub(super) fn of(phase: &Phase<'a>) -> Self {
        Self {
            name: phase.name,
            began_ps: phase.began.map(|at| at.as_picos()),
            ended_ps: phase.ended.map(|at| at.as_picos()),
            heap_used_sampled_max_bytes: phase.heap_used_max,
            largest_free_sampled_min_bytes: phase.largest_free_min,
        }
    }
}

impl<'a> SkipForm<'a> {
    /// The steps and budgets of a run that its target cannot do.
    pub(super) fn of_run(judged: &'a Judged) -> Vec<Self> {
        let run = &judged.facts.run;
        let steps = run.skipped_steps.iter().map(|skip| Self {
            what: match run.scenario.steps.get(skip.step) {
                Some(step) => step.label().into(),
                None => format!("step {}", skip.step).into(),
            },
            reason: &skip.reason,
        });
        let budgets = run
            .skipped_budgets
            .iter()
            .map(|skip| Self { what: skip.id.as_str().into(), reason: &skip.reason });
        steps.chain(budgets).collect()
    }
}

impl<'a> UnitForm<'a> {
    pub(super) fn of(judged: &Judged, unit: &'a Unit) -> Self {
        let mut calls = judged.feed.device().deepest_calls().iter();
        let deepest = calls.find(|calls| calls.unit == unit.key);
        let sampled = unit.cpu.sampled_at.is_some();
        Self {
            boot: unit.key.boot,
            id: unit.key.id.0,
            name: &unit.name,
            kind: unit.kind.to_string(),
            state: unit.state.to_string(),
            end: unit.end.map(|end| end.how.to_string()),
            stack: StackForm::of(&unit.stack),
            heap_bytes: unit.heap.sampled_at.map(|_| unit.heap.current),
            heap_peak_bytes: unit.heap.sampled_at.map(|_| unit.heap.peak),
            cpu_share: sampled.then_some(unit.cpu.share),
            switches: sampled.then_some(unit.cpu.switches),
            deepest: deepest.map(|calls| DeepestForm::of(&judged.facts.symbols, calls)),
        }
    }
}

impl<'a> FaultForm<'a> {
    pub(super) fn of(fault: &'a InjectedFault) -> Self {
        Self {
            line: fault.line,
            what: &fault.what,
            began_ps: fault.began.map(|at| at.as_picos()),
            ended_ps: fault.ended.map(|at| at.as_picos()),
            effect: &fault.effect,
        }
    }
}

impl<'a> TimerForm<'a> {
    pub(super) fn of(timer: &'a Timer, device: &Device) -> Self {
        let last = timer.last;
        let heap = device.timer_heap(timer);
        Self {
            boot: timer.boot,
            name: &timer.name,
            id: timer.id,
            mode: timer.mode.to_string(),
            period_ps: timer.period.as_picos(),
            fired: last.map(|last| last.fired),
            delivered: last.map(|last| last.delivered),
            coalesced: last.map(|last| last.coalesced),
            dropped: last.map(|last| last.dropped),
            late: last.map(|last| last.late),
            lateness_worst_ps: last.map(|last| u64::from(last.worst_ns) * 1_000),
            heap_used: heap.map(|heap| heap.current),
            heap_peak: heap.map(|heap| heap.peak),
        }
    }
}

impl<'a> ModuleForm<'a> {
    pub(super) fn of(module: &'a Module) -> Self {
        let end = module.end.map(|(_, end)| end);
        Self {
            boot: module.boot,
            name: &module.name,
            version: module.version_text(),
            state: module.state.to_string(),
            code_base: module.place.map(|place| place.code_base),
            phases: module.phases.iter().map(ModulePhaseForm::of).collect(),
            import_peak_bytes: module.import_peak(),
            resident_bytes: module.settled(),
            now_bytes: module.resident(),
            pins: module.pins.iter().map(PinForm::of).collect(),
            ended_ps: module.end.map(|(at, _)| at.as_picos()),
            freed_bytes: end.map(|end| end.freed),
            leftover_bytes: end.map(|end| end.leftover),
        }
    }
}

impl ModulePhaseForm {
    fn of(phase: &ModulePhase) -> Self {
        Self {
            phase: phase.phase.to_string(),
            ok: phase.ok,
            taken_bytes: phase.taken,
            given_back_bytes: phase.given_back,
            held_bytes: phase.held,
            peak_bytes: phase.peak,
        }
    }
}

impl<'a> PinForm<'a> {
    fn of(pin: &'a Pin) -> Self {
        Self { kind: pin.kind.to_string(), holder: &pin.holder, bytes: pin.bytes }
    }
}

impl StackForm {
    /// Nothing, if the stack was never sampled.
    pub(super) fn of(stack: &Stack) -> Option<Self> {
        stack.sampled_at?;
        Some(Self {
            bytes: stack.bytes,
            peak_bytes: stack.peak,
            margin_bytes: stack.margin(),
            peak_at_ps: stack.peak_at.as_picos(),
        })
    }
}

impl HeapForm {
    /// Nothing, if the heap was never sampled.
    pub(super) fn of(judged: &Judged) -> Option<Self> {
        let device = judged.feed.device();
        let heap = device.heap();
        heap.sampled_at?;
        let at_peak = at_peak(device).map(|(_, chains)| {
            chains.into_iter().map(|held| ChainForm::of(judged, held)).collect()
        });
        let owners = device.owners().map(|owner| HolderForm {
            kind: owner.kind.to_string(),
            number: (owner.unit != UnitId::KERNEL).then_some(owner.unit.0),
            bytes: owner.heap.current,
            peak_bytes: owner.heap.peak,
        });
        Some(Self {
            total_bytes: heap.total,
            used_bytes: heap.used,
            peak_bytes: heap.peak,
            peak_at_ps: heap.peak_at.as_picos(),
            largest_free_bytes: heap.largest_free,
            largest_free_least_bytes: heap.largest_free_min,
            quarantined_bytes: heap.quarantined,
            other_owners: owners.collect(),
            layout: LayoutForm::of(device),
            held_at_peak: at_peak,
        })
    }
}

impl LayoutForm {
    fn of(device: &Device) -> Option<Self> {
        let layout = device.heap_layout();
        let shape = layout.shape()?;
        let areas = layout.areas().iter().map(|area| AreaForm {
            name: area.name.clone(),
            base: area.base,
            bytes: area.bytes,
            used_bytes: area.used,
            largest_free_bytes: area.largest_free,
        });
        let runs = layout.map().map_or(&[][..], |map| &map.runs);
        Some(Self {
            fragmented_bytes: shape.fragmented,
            fragmentation_basis_points: shape.fragmentation(),
            fragmentation_worst_basis_points: layout.worst().map_or(0, Shape::fragmentation),
            max_new_split_bytes: shape.max_new_split,
            free_blocks_by_size: shape.free_by_size.to_vec(),
            areas: areas.collect(),
            map: runs.iter().map(|run| MapRunForm::of(device, run)).collect(),
        })
    }
}

impl MapRunForm {
    fn of(device: &Device, run: &Run) -> Self {
        let is_free = run.state == BlockState::Free;
        Self {
            start: run.start,
            bytes: run.bytes,
            blocks: run.blocks,
            state: run.state.to_string(),
            owner: if is_free { String::new() } else { device.owner_name(run.owner) },
            site: device.place_name(run.site),
        }
    }
}

impl FigureForm {
    pub(super) fn of(figure: Figure) -> Self {
        Self { id: figure.id, bytes: figure.bytes }
    }
}

impl LossesForm {
    pub(super) fn of(judged: &Judged) -> Self {
        let device = judged.feed.device();
        let losses = device.losses();
        Self {
            records: losses.records_lost(),
            dropped_by_device: losses.dropped,
            damaged_bytes: losses.damaged_bytes,
            forgotten_facts: device.forgotten(),
            console_lines_dropped: judged.feed.console().dropped(),
        }
    }
}

impl<'a> HostForm<'a> {
    /// Nothing, if nothing was recorded.
    pub(super) fn of(facts: &'a HostFacts) -> Option<Self> {
        let times = facts.times.as_ref();
        if times.is_none() && facts.earlier_attempts.is_empty() {
            return None;
        }
        let steps = times.map(|times| &times.steps_us).into_iter().flatten();
        Some(Self {
            started_unix_ms: times.map(|times| times.started_unix_ms),
            took_us: times.map(|times| times.took_us),
            steps: steps
                .map(|(&index, &over_after_us)| HostStepForm { index, over_after_us })
                .collect(),
            earlier_attempts: &facts.earlier_attempts,
        })
    }
}
