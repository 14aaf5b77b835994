//! Samples: absolute values, each of which stands alone.

use ramscope_time::Instant;
use ramscope_wire::{
    CpuSample, InterruptSample, OwnerKind, OwnerSample, StackSample, UnitId, UnitKind, WindowId,
};

use crate::device::boot::ticks_in;
use crate::device::unit::Elapsed;
use crate::device::{Device, Owner, Window};

impl Device {
    pub(super) fn sample_stack(&mut self, at: Instant, sample: &StackSample) {
        let losses_seen = self.losses.serial();
        if let Some(unit) = self.unit_mut(at, sample.unit) {
            let used = if unit.is_over() { 0 } else { sample.used_now };
            let stack = &mut unit.stack;
            stack.sample(at, sample.stack_bytes, used, sample.peak_boot);
            stack.losses_seen = losses_seen;
        }
        if let Some((unit, window)) = self.unit_in_window(at, sample.unit, sample.window) {
            window.sample_stack(unit, at, losses_seen, sample);
        }
    }

    /// The place of a unit among all units, and the open window if the sample names that.
    fn unit_in_window(
        &mut self,
        at: Instant,
        unit: UnitId,
        window: WindowId,
    ) -> Option<(usize, &mut Window)> {
        let index = *self.by_id.get(&unit)?;
        Some((index, self.window_of(at, window)?))
    }

    pub(super) fn sample_owner(&mut self, at: Instant, sample: &OwnerSample) {
        let (current, peak, blocks) = (sample.current, sample.peak_boot, sample.blocks);
        let is_unit =
            matches!(sample.kind, OwnerKind::Thread | OwnerKind::Task | OwnerKind::Tasklet);
        let losses_seen = self.losses.serial();
        if let Some(window) = self.window_of(at, sample.window) {
            window.sample_owned(at, losses_seen, sample);
        }
        if is_unit {
            if let Some(unit) = self.unit_mut(at, sample.unit) {
                unit.heap.sample(at, current, peak, blocks);
                unit.heap.losses_seen = losses_seen;
            }
            if let Some((unit, window)) = self.unit_in_window(at, sample.unit, sample.window) {
                window.sample_owner(unit, at, losses_seen, sample);
            }
            return;
        }
        let key = (sample.kind, sample.unit);
        if self.owners.len() == Self::LIST_MAX && !self.owners.contains_key(&key) {
            self.forgotten += 1;
            return;
        }
        let owner = self.owners.entry(key).or_insert_with(|| Owner {
            kind: sample.kind,
            unit: sample.unit,
            heap: Default::default(),
        });
        owner.heap.sample(at, current, peak, blocks);
        owner.heap.losses_seen = losses_seen;
    }

    pub(super) fn sample_cpu(&mut self, at: Instant, sample: &CpuSample) {
        let from = self.boot.from;
        let hz = self.hello.as_ref().map_or(0, |hello| hello.timestamp_hz);
        let ticks_since = |since: Instant| ticks_in(at.since(since), hz);
        let boot_ticks = ticks_since(from);
        let losses_seen = self.losses.serial();
        if let Some(unit) = self.unit_mut(at, sample.unit) {
            let elapsed = Elapsed {
                since_boot: boot_ticks,
                since_sample: ticks_since(unit.cpu.sampled_at.unwrap_or(from)),
            };
            unit.cpu.sample(at, sample.switches, sample.ticks, elapsed);
            unit.cpu.losses_seen = losses_seen;
            if sample.unit == UnitId::KERNEL && !unit.announced {
                unit.kind = UnitKind::Kernel;
                unit.name = "kernel".to_owned();
            }
        }
        if let Some((unit, window)) = self.unit_in_window(at, sample.unit, sample.window) {
            window.sample_cpu(unit, at, losses_seen, sample);
        }
    }

    pub(super) fn sample_interrupts(&mut self, at: Instant, sample: &InterruptSample) {
        let stack = &mut self.interrupts.stack;
        stack.sample(at, sample.stack_bytes, 0, sample.peak_boot);
        stack.losses_seen = self.losses.serial();
        self.interrupts.entries = sample.entries;
        self.interrupts.entries_series.push(at, sample.entries);
        let losses_seen = self.losses.serial();
        if let Some(window) = self.window_of(at, sample.window) {
            window.sample_interrupts(at, losses_seen, sample);
        }
    }
}
