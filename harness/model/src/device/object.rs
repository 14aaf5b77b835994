//! Locks, timers, queues and the units that wait for them.

use ramscope_time::Instant;
use ramscope_wire::{
    LockEvent, LockOp, ObjectEvent, ObjectId, ObjectKind, ObjectOp, SiteId, UnitId,
};

/// Something that units wait for. It holds what the events told; with lost events it can be wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    /// Its number within the boot.
    pub id: ObjectId,
    /// Its name; `object 5` until the device has told it.
    pub name: String,
    /// What it is.
    pub kind: ObjectKind,
    /// The unit that made it.
    pub owner: UnitId,
    /// The unit that holds it, if it is a lock that is held.
    pub holder: Option<UnitId>,
    /// The units that wait, in the order in which they came.
    pub waiters: Vec<Waiter>,
    /// Whether the holder was torn down.
    pub poisoned: bool,
    /// How often it was taken.
    pub acquisitions: u64,
    /// How often a unit had to wait for it.
    pub contentions: u64,
    /// How often a unit gave up.
    pub timeouts: u64,
    /// What it has, if it is no lock: permits, values, flags.
    pub value: Option<u32>,
}

/// A unit that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiter {
    /// The unit.
    pub unit: UnitId,
    /// Since when.
    pub since: Instant,
    /// Where in the source.
    pub site: SiteId,
}

impl Object {
    /// The most waiters that are listed; a damaged stream could invent more.
    pub const WAITERS_MAX: usize = 256;

    pub(crate) fn unannounced(id: ObjectId) -> Self {
        Self {
            id,
            name: format!("object {id}"),
            kind: ObjectKind::Lock,
            owner: UnitId::KERNEL,
            holder: None,
            waiters: Vec::new(),
            poisoned: false,
            acquisitions: 0,
            contentions: 0,
            timeouts: 0,
            value: None,
        }
    }

    /// Something happened to an object that is no lock.
    pub(crate) fn apply_event(&mut self, at: Instant, event: &ObjectEvent) {
        match event.op {
            ObjectOp::Waiting => self.wait(at, event.unit, event.site),
            ObjectOp::Granted => {
                self.acquisitions += 1;
                self.forget_waiter(event.unit);
                return;
            }
            ObjectOp::TimedOut => {
                self.timeouts += 1;
                self.forget_waiter(event.unit);
                return;
            }
            ObjectOp::Left => return self.forget_waiter(event.unit),
            ObjectOp::Leaked => return,
            ObjectOp::Taken => self.acquisitions += 1,
            ObjectOp::Given | ObjectOp::Unknown(_) => {}
        }
        self.value = Some(event.value);
    }

    pub(crate) fn apply(&mut self, at: Instant, event: &LockEvent) {
        match event.op {
            LockOp::Acquired => self.take(event.unit),
            LockOp::Waiting => self.wait(at, event.unit, event.site),
            LockOp::TimedOut => {
                self.timeouts += 1;
                self.forget_waiter(event.unit);
            }
            LockOp::Released => self.holder = None,
            LockOp::Poisoned | LockOp::Leaked => {
                self.poisoned = true;
                self.holder = None;
            }
            LockOp::HandedOver => self.hand_over(event.unit),
            LockOp::Unknown(_) => {}
        }
    }

    fn take(&mut self, unit: UnitId) {
        self.holder = Some(unit);
        self.acquisitions += 1;
        self.forget_waiter(unit);
    }

    fn wait(&mut self, at: Instant, unit: UnitId, site: SiteId) {
        self.contentions += 1;
        self.forget_waiter(unit);
        if self.waiters.len() < Self::WAITERS_MAX {
            self.waiters.push(Waiter { unit, since: at, site });
        }
    }

    /// The event may name the giver or the receiver: the one that waits is the receiver.
    fn hand_over(&mut self, unit: UnitId) {
        let waits = self.waiters.iter().any(|waiter| waiter.unit == unit);
        let first = self.waiters.first().map(|waiter| waiter.unit);
        match first {
            Some(first) if !waits => self.take(first),
            _ => self.take(unit),
        }
    }

    /// Takes a unit that is over from the queue.
    pub(crate) fn forget_waiter(&mut self, unit: UnitId) {
        self.waiters.retain(|waiter| waiter.unit != unit);
    }
}
