//! The heap as the samples describe it, and who owns how much of it.

use ramscope_time::Instant;
use ramscope_wire::{HeapSample, OwnerKind, UnitId};

use crate::device::unit::Holding;
use crate::series::Series;

/// The device's heap. Figures are of the current boot but for the peak, which is of all boots.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Heap {
    /// All of it.
    pub total: u32,
    /// The most that the blocks have covered: a heap may grow and shrink.
    pub total_max: u32,
    /// In use.
    pub used: u32,
    /// Not in use.
    pub free: u32,
    /// The most in use at once.
    pub peak: u32,
    /// When that peak was first told.
    pub peak_at: Instant,
    /// The largest free block.
    pub largest_free: u32,
    /// The smallest that the largest free block has been in any sample.
    pub largest_free_min: u32,
    /// Free blocks, a count.
    pub free_blocks: u32,
    /// Used blocks, a count.
    pub used_blocks: u32,
    /// In use by nobody, because something might still point there.
    pub quarantined: u32,
    /// When the last sample came; `None` if none did.
    pub sampled_at: Option<Instant>,
    /// [`Losses::serial`](crate::Losses::serial) at the last sample.
    pub losses_seen: u64,
    /// Bytes in use over time.
    pub used_series: Series,
    /// The peak since boot over time.
    pub peak_series: Series,
    /// The largest free block over time.
    pub largest_free_series: Series,
}

/// What an owner that is not a unit holds: the kernel, permanent blocks, timers, modules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// What it is.
    pub kind: OwnerKind,
    /// Its number, if owners of its kind have one.
    pub unit: UnitId,
    /// What it holds.
    pub heap: Holding,
}

impl Heap {
    pub(crate) fn sample(&mut self, at: Instant, sample: &HeapSample) {
        let peak = sample.peak_boot.max(sample.used);
        if peak > self.peak || self.sampled_at.is_none() {
            self.peak = peak;
            self.peak_at = at;
        }
        self.largest_free_min = match self.sampled_at {
            None => sample.largest_free,
            Some(_) => self.largest_free_min.min(sample.largest_free),
        };
        self.total = sample.total;
        self.total_max = self.total_max.max(sample.total).max(sample.peak_boot);
        self.used = sample.used;
        self.free = sample.free;
        self.largest_free = sample.largest_free;
        self.free_blocks = sample.free_blocks;
        self.used_blocks = sample.used_blocks;
        self.quarantined = sample.quarantined;
        self.sampled_at = Some(at);
        self.used_series.push(at, sample.used);
        self.peak_series.push(at, peak);
        self.largest_free_series.push(at, sample.largest_free);
    }
}
