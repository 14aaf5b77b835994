//! Timers: that they exist, what becomes of their ticks, and callbacks that wait for the displaced.

use ramscope_time::Instant;
use ramscope_wire::{CallbackWait, ClockLateness, ObjectId, TimerNew, TimerSample};

use crate::device::timer::Timer;
use crate::device::{Device, LatenessFigures};
use crate::finding::Detail;

impl Device {
    pub(super) fn announce_timer(&mut self, at: Instant, new: &TimerNew<'_>) {
        let boot = self.boot.index;
        let name = self.free_timer_name(new);
        let Some(place) = self.timer_place(at, new.timer) else { return };
        let timer = &mut self.timers[place];
        timer.announce(new);
        timer.name = name;
        timer.base_name = new.name.to_owned();
        debug_assert_eq!(timer.boot, boot, "timers are found within their boot");
    }

    /// The name of a timer, with a number if an earlier one of this boot has it.
    fn free_timer_name(&self, new: &TimerNew<'_>) -> String {
        let boot = self.boot.index;
        let namesakes = self.timers.iter().filter(|timer| {
            timer.boot == boot && timer.base_name == new.name && timer.object < new.timer
        });
        match namesakes.count() {
            0 => new.name.to_owned(),
            earlier => format!("{}#{}", new.name, earlier + 1),
        }
    }

    /// The place of a timer of this boot; it is made up if it has never been heard of.
    fn timer_place(&mut self, at: Instant, object: ObjectId) -> Option<usize> {
        let boot = self.boot.index;
        let known = self.timers.iter().rposition(|it| it.boot == boot && it.object == object);
        if known.is_some() {
            return known;
        }
        if self.timers.len() == Self::LIST_MAX {
            self.forgotten += 1;
            return None;
        }
        self.timers.push(Timer::unannounced(boot, object, at));
        Some(self.timers.len() - 1)
    }

    pub(super) fn sample_timer(&mut self, at: Instant, sample: &TimerSample) {
        let losses_seen = self.losses.serial();
        let Some(place) = self.timer_place(at, sample.timer) else { return };
        let timer = &mut self.timers[place];
        let before = timer.last.map_or((0, 0), |last| (last.dropped, last.late));
        timer.sample(at, losses_seen, sample);
        let name = timer.name.clone();
        if let Some(window) = self.window_of(at, sample.window) {
            let worst = LatenessFigures::new(sample.worst_window_ns, at);
            window.sample_timer(place, at, losses_seen, worst);
        }
        if sample.dropped > before.0 {
            self.note_ticks(
                at,
                Detail::TicksDropped { timer: name.clone(), ticks: sample.dropped },
            );
        }
        if sample.late > before.1 {
            self.note_ticks(at, Detail::TicksLate { timer: name, ticks: sample.late });
        }
    }

    /// Notes ticks of a timer that were not delivered. Of each timer and kind there is one finding in
    /// a boot, whose count grows.
    fn note_ticks(&mut self, at: Instant, detail: Detail) {
        let boot_from = self.boot.from;
        let of_this_boot = self.findings.iter_mut().rev().take_while(|it| it.at >= boot_from);
        for finding in of_this_boot {
            match (&mut finding.detail, &detail) {
                (
                    Detail::TicksDropped { timer, ticks },
                    Detail::TicksDropped { timer: of, ticks: now },
                )
                | (
                    Detail::TicksLate { timer, ticks },
                    Detail::TicksLate { timer: of, ticks: now },
                ) if timer == of => {
                    *ticks = *now;
                    return;
                }
                _ => {}
            }
        }
        self.find(at, None, detail);
    }

    pub(super) fn sample_clock(&mut self, at: Instant, sample: &ClockLateness) {
        let losses = self.losses.serial();
        if let Some(window) = self.window_of(at, sample.window) {
            window.sample_clock(at, losses, LatenessFigures::new(sample.worst_window_ns, at));
        }
        let worst = LatenessFigures::new(sample.worst_ns, at);
        self.interrupts.clock.take_worst(at, losses, worst);
    }

    pub(super) fn note_callback_wait(&mut self, at: Instant, wait: &CallbackWait) {
        let object = self.object(wait.object);
        let kind = object.map_or_else(|| "object".to_owned(), |object| object.kind.to_string());
        let detail = Detail::CallbackWaits {
            kind,
            object: self.name_of_object(wait.object),
            place: self.place_in_words(wait.site),
            displaced: self.name_of(wait.displaced),
            displaced_place: self.place_in_words(wait.displaced_site),
        };
        self.find(at, Some(wait.unit), detail);
    }
}
