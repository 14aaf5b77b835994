//! Modules: that they come, in which phases, what keeps them, and that they go.

use ramscope_time::Instant;
use ramscope_wire::{
    ModuleEnd, ModuleId, ModuleNew, ModulePhase, ModulePhaseKind, ModulePin, ModuleRefused,
    ModuleSample, ModuleState, ObjectId, PinKind, UnitId,
};

use crate::device::module::{Module, Pin};
use crate::device::{Device, What};
use crate::finding::Detail;

impl Device {
    /// The module of this boot; it is made up if it has never been heard of.
    fn module_mut(&mut self, at: Instant, id: ModuleId) -> Option<&mut Module> {
        let boot = self.boot.index;
        let losses = self.losses.serial();
        let known = self.modules.iter().rposition(|it| it.boot == boot && it.id == id);
        let place = match known {
            Some(place) => place,
            None if self.modules.len() == Self::LIST_MAX => {
                self.forgotten += 1;
                return None;
            }
            None => {
                self.modules.push(Module::unannounced(boot, id, at));
                self.modules.len() - 1
            }
        };
        let module = &mut self.modules[place];
        module.losses_seen = losses;
        Some(module)
    }

    pub(super) fn announce_module(&mut self, at: Instant, new: &ModuleNew<'_>) {
        if let Some(module) = self.module_mut(at, new.module) {
            module.announce(new);
        }
    }

    pub(super) fn end_module_phase(&mut self, at: Instant, phase: &ModulePhase) {
        let Some(module) = self.module_mut(at, phase.module) else { return };
        if module.phases.len() < Module::PARTS_MAX {
            module.phases.push(*phase);
        }
        if phase.phase == ModulePhaseKind::Initialise && phase.ok {
            module.state = ModuleState::Loaded;
            let name = module.name.clone();
            self.log.push(at, What::ModuleLoaded { name, bytes: phase.held });
        }
    }

    pub(super) fn sample_module(&mut self, at: Instant, sample: &ModuleSample) {
        let Some(module) = self.module_mut(at, sample.module) else { return };
        module.state = sample.state;
        if sample.state != ModuleState::Loading {
            module.resident_most = module.resident_most.max(sample.current);
        }
        module.last = Some(*sample);
    }

    pub(super) fn note_pin(&mut self, at: Instant, pin: &ModulePin) {
        let holder = match pin.kind {
            PinKind::Table => "the table of modules".to_owned(),
            PinKind::Name if pin.holder == 0 => "console".to_owned(),
            PinKind::Importer => {
                let boot = self.boot.index;
                let known =
                    self.modules.iter().rfind(|it| it.boot == boot && it.id.0 == pin.holder);
                known.map_or_else(|| format!("module {}", pin.holder), |known| known.name.clone())
            }
            PinKind::Callback => {
                let object = ObjectId(pin.holder);
                let known = self.timers.iter().rfind(|timer| timer.object == object);
                known.map_or_else(|| format!("timer {object}"), |timer| timer.name.clone())
            }
            _ => self.name_of(UnitId(pin.holder)),
        };
        let Some(module) = self.module_mut(at, pin.module) else { return };
        // What is told at another instant is the answer to another question.
        module.pins.retain(|other| other.at == at);
        if module.pins.len() < Module::PARTS_MAX {
            module.pins.push(Pin { kind: pin.kind, holder, bytes: pin.bytes, at });
        }
    }

    pub(super) fn end_module(&mut self, at: Instant, end: &ModuleEnd) {
        let Some(module) = self.module_mut(at, end.module) else { return };
        module.end = Some((at, *end));
        module.pins.clear();
        let name = module.name.clone();
        self.log.push(at, What::ModuleGone { name: name.clone(), bytes: end.freed });
        if end.leftover > 0 {
            let (bytes, blocks) = (end.leftover, end.leftover_blocks);
            self.find(at, None, Detail::ModuleLeftover { module: name, bytes, blocks });
        }
    }

    pub(super) fn refuse_module(&mut self, at: Instant, refused: &ModuleRefused<'_>) {
        if refused.module != ModuleId(0)
            && let Some(module) = self.module_mut(at, refused.module)
        {
            refused.name.clone_into(&mut module.name);
        }
        let detail = Detail::ModuleRefused {
            module: refused.name.to_owned(),
            phase: refused.phase,
            why: refused.message.to_owned(),
        };
        self.find(at, None, detail);
    }
}
