//! Windows: that they open, and which of them a sample is about.

use ramscope_time::Instant;
use ramscope_wire::{InterruptTimes, WindowId, WindowOpened};

use crate::device::boot::ticks_in;
use crate::device::window::{Window, WindowEnd};
use crate::device::{Device, What, basis_points};

impl Device {
    pub(super) fn open_window(&mut self, at: Instant, opened: &WindowOpened) {
        self.log.push(at, What::WindowOpened(opened.window));
        self.enter_window(at, opened.window);
    }

    /// Another window is open from `at` on.
    pub(super) fn enter_window(&mut self, at: Instant, id: WindowId) {
        self.window = id;
        let end = WindowEnd { at, losses_seen: self.losses.serial() };
        let boot = self.boot.index;
        if let Some(last) = self.windows.last_mut() {
            if last.closed.is_none() && (last.boot, last.id) == (boot, id) {
                return;
            }
            last.closed.get_or_insert(end);
        }
        if self.windows.len() < Self::LIST_MAX {
            self.windows.push(Window::new(boot, id, at));
        } else {
            self.forgotten = self.forgotten.saturating_add(1);
        }
    }

    /// The window that a sample of now names; `None` if there is no room for it, or it is over.
    pub(super) fn window_of(&mut self, at: Instant, id: WindowId) -> Option<&mut Window> {
        let is_news = id > self.window || self.windows.is_empty();
        if is_news {
            self.enter_window(at, id);
        }
        let open = self.windows.last_mut()?;
        (open.closed.is_none() && open.id == id && open.boot == self.boot.index).then_some(open)
    }

    pub(super) fn sample_interrupt_times(&mut self, at: Instant, sample: &InterruptTimes) {
        let losses = self.losses.serial();
        if let Some(window) = self.window_of(at, sample.window) {
            window.sample_times(at, losses, sample);
        }
        let hz = self.hello.as_ref().map_or(0, |hello| hello.timestamp_hz);
        let since_boot = ticks_in(at.since(self.boot.from), hz);
        self.interrupts.share = basis_points(sample.ticks, since_boot);
        self.interrupts.times = Some((at, *sample));
        self.interrupts.times_losses_seen = losses;
    }
}
