//! Loaded modules: what each phase of an import took, what it has now, and what keeps it.

use ramscope_time::Instant;
use ramscope_wire::{
    ModuleEnd, ModuleId, ModuleNew, ModulePhase, ModulePhaseKind, ModuleSample, ModuleState,
    PinKind,
};

/// A module. Importing a name again after its end is another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Module {
    /// The boot, counted by us from 0.
    pub boot: u32,
    /// Its number within the boot.
    pub id: ModuleId,
    /// Its name; `module 7` until the device has told it.
    pub name: String,
    /// Its version, if it was told.
    pub version: Option<(u16, u16, u16)>,
    /// Where it lies, if it was told.
    pub place: Option<ModulePlace>,
    /// When it was first heard of.
    pub since: Instant,
    /// What it does.
    pub state: ModuleState,
    /// The phases of its import and its end, in order.
    pub phases: Vec<ModulePhase>,
    /// What it has; `None` while no sample has come.
    pub last: Option<ModuleSample>,
    /// The most that a sample said it has, since it was imported.
    pub resident_most: u32,
    /// What kept it when somebody unloaded it last.
    pub pins: Vec<Pin>,
    /// How it ended, and when.
    pub end: Option<(Instant, ModuleEnd)>,
    /// [`Losses::serial`](crate::Losses::serial) at the last record of it.
    pub losses_seen: u64,
}

/// Where a module lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ModulePlace {
    /// Where its instructions are fetched.
    pub code_base: u32,
    /// Bytes of instructions.
    pub code_bytes: u32,
    /// Where its constants and variables begin.
    pub data_base: u32,
    /// Bytes of them.
    pub data_bytes: u32,
    /// The checksum of its file.
    pub checksum: u32,
}

/// A reason for which a module stays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pin {
    /// What it is.
    pub kind: PinKind,
    /// Who: a unit, a module, a timer.
    pub holder: String,
    /// Bytes that the holder has.
    pub bytes: u32,
    /// When it was told.
    pub at: Instant,
}

impl Module {
    /// A module has at most so many phases and pins here: more is no import.
    pub(crate) const PARTS_MAX: usize = 64;

    pub(crate) fn unannounced(boot: u32, id: ModuleId, at: Instant) -> Self {
        Self {
            boot,
            id,
            name: format!("module {id}"),
            version: None,
            place: None,
            since: at,
            state: ModuleState::Loading,
            phases: Vec::new(),
            last: None,
            resident_most: 0,
            pins: Vec::new(),
            end: None,
            losses_seen: 0,
        }
    }

    pub(crate) fn announce(&mut self, new: &ModuleNew<'_>) {
        new.name.clone_into(&mut self.name);
        self.version = Some((new.major, new.minor, new.patch));
        self.place = Some(ModulePlace {
            code_base: new.code_base,
            code_bytes: new.code_bytes,
            data_base: new.data_base,
            data_bytes: new.data_bytes,
            checksum: new.checksum,
        });
    }

    /// Bytes of the heap that it has, or had when it was last told of.
    #[must_use]
    pub fn resident(&self) -> u32 {
        match (&self.end, &self.last) {
            (Some(_), _) => 0,
            (None, Some(last)) => last.current,
            (None, None) => self.phases.last().map_or(0, |phase| phase.held),
        }
    }

    /// The most that it had while it was imported.
    #[must_use]
    pub fn import_peak(&self) -> u32 {
        let of_phases = self.phases.iter().map(|phase| phase.peak).max().unwrap_or(0);
        of_phases.max(self.last.map_or(0, |last| last.import_peak))
    }

    /// The most that it had once it was imported.
    #[must_use]
    pub fn settled(&self) -> u32 {
        let begun = self.phases.iter().find(|phase| phase.phase == ModulePhaseKind::Initialise);
        let begun = begun.map_or(0, |phase| phase.held);
        begun.max(self.resident_most)
    }

    /// Whether each phase of its import was told.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        let kinds = [
            ModulePhaseKind::Find,
            ModulePhaseKind::Read,
            ModulePhaseKind::Parse,
            ModulePhaseKind::Link,
            ModulePhaseKind::Initialise,
        ];
        kinds.iter().all(|kind| self.phases.iter().any(|phase| phase.phase == *kind))
    }

    /// The most that it ever had.
    #[must_use]
    pub fn peak(&self) -> u32 {
        self.import_peak().max(self.last.map_or(0, |last| last.peak_boot))
    }

    /// Its version as people write it; empty if it is not known.
    #[must_use]
    pub fn version_text(&self) -> String {
        self.version
            .map(|(major, minor, patch)| format!("{major}.{minor}.{patch}"))
            .unwrap_or_default()
    }
}

impl ModulePlace {
    /// Whether an instruction at this address is the module's.
    #[must_use]
    pub const fn has_code(&self, pc: u32) -> bool {
        pc.wrapping_sub(self.code_base) < self.code_bytes
    }
}
