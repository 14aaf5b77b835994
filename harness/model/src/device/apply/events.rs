//! What happened: to units, to locks, to programs.

use ramscope_time::Instant;
use ramscope_wire::{
    Fault, HeapRefusal, LockEvent, LockOp, ObjectId, Overflow, Panic, Program, ProgramPhase,
    SiteId, UnitId,
};

use crate::device::apply::push_bounded;
use crate::device::{Device, ProgramRun, What};
use crate::finding::Detail;

impl Device {
    pub(super) fn note_panic(&mut self, at: Instant, panic: &Panic<'_>) {
        let detail = Detail::Panic {
            file: panic.file.to_owned(),
            line: panic.line,
            message: panic.message.to_owned(),
        };
        self.find(at, Some(panic.unit), detail);
    }

    pub(super) fn note_overflow(&mut self, at: Instant, overflow: &Overflow) {
        let stack_bytes = match overflow.in_handler {
            true => self.interrupts.stack.bytes,
            false => self.unit(overflow.unit).map_or(0, |unit| unit.stack.bytes),
        };
        let detail = Detail::Overflow {
            how: overflow.how,
            in_handler: overflow.in_handler,
            pc: overflow.pc,
            address: overflow.address,
            by_bytes: overflow.by_bytes,
            stack_bytes,
            wrote_into: None,
        };
        let losses_seen = self.losses.serial();
        if !overflow.in_handler
            && let Some(unit) = self.unit_mut(at, overflow.unit)
        {
            unit.stack.overflow(at, overflow.by_bytes);
            unit.stack.losses_seen = losses_seen;
            if let Some((&unit, window)) =
                self.by_id.get(&overflow.unit).zip(self.windows.last_mut())
                && stack_bytes > 0
                && overflow.by_bytes > 0
            {
                window.overflow(unit, at, losses_seen, stack_bytes, overflow.by_bytes);
            }
        }
        self.find(at, Some(overflow.unit), detail);
    }

    pub(super) fn note_refusal(&mut self, at: Instant, refusal: &HeapRefusal) {
        let owner = (refusal.owner_kind, refusal.owner);
        let victim = (refusal.victim_kind, refusal.victim);
        let detail = Detail::PointerRefused {
            why: refusal.why,
            address: refusal.address,
            bytes: refusal.bytes,
            owner: refusal.owner_known.then(|| self.owner_name(owner)),
            place: self.place_name(refusal.site),
            victim: refusal.victim_known.then(|| self.owner_name(victim)),
            victim_place: self.place_name(refusal.victim_site),
        };
        self.find(at, Some(refusal.unit), detail);
    }

    pub(super) fn note_fault(&mut self, at: Instant, fault: &Fault) {
        let detail = Detail::Fault {
            cause: fault.cause,
            pc: fault.pc,
            ra: fault.ra,
            address: fault.address,
            place: self.place_of(fault.address),
        };
        self.find(at, Some(fault.unit), detail);
    }

    pub(super) fn note_lock(&mut self, at: Instant, event: &LockEvent) {
        let Some(object) = self.object_mut(event.lock) else {
            return;
        };
        object.apply(at, event);
        match event.op {
            LockOp::Poisoned => {
                let lock = object.name.clone();
                self.find(at, Some(event.unit), Detail::LockPoisoned { lock });
            }
            LockOp::Leaked => self.note_leak(at, (event.lock, event.unit), event.site, true),
            _ => {}
        }
    }

    /// A thread ended in order and had not given back an object.
    pub(super) fn note_leak(
        &mut self,
        at: Instant,
        (object, unit): (ObjectId, UnitId),
        site: SiteId,
        poisoned: bool,
    ) {
        let Some(object) = self.object_mut(object) else { return };
        let (kind, object) = (object.kind.to_string(), object.name.clone());
        let place = self.place_name(site);
        self.find(at, Some(unit), Detail::LockLeaked { kind, object, place, poisoned });
    }

    pub(super) fn note_program(&mut self, at: Instant, program: &Program<'_>) {
        let name = program.name.to_owned();
        match program.phase {
            ProgramPhase::Started => {
                let run = ProgramRun { name: name.clone(), started: at, ended: None };
                push_bounded(&mut self.programs, run, &mut self.forgotten);
                self.log.push(at, What::ProgramStarted { name });
            }
            ProgramPhase::Ended => {
                let ok = program.ok;
                let open = self.programs.iter_mut().rev();
                if let Some(run) =
                    open.filter(|run| run.ended.is_none()).find(|run| run.name == program.name)
                {
                    run.ended = Some((at, ok));
                }
                self.log.push(at, What::ProgramEnded { name, ok });
            }
            ProgramPhase::Unknown(_) => {}
        }
    }
}
