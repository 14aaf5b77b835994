//! Sites: places in the source, as small numbers.
//!
//! `#[track_caller]` hands a call's location to the kernel for nothing but a pointer, a [`Place`].
//! The first time something is recorded of a place it gets a number; records carry the number, and
//! the sampler sends number, file and line outside of every critical section.

use crate::kernel::{self, Kernel};
use crate::sample::each_used;
use core::panic::Location;
use ramscope_wire::{Level, Site, SiteId};

/// Locations that can be told apart; later ones are site 0, "unknown".
const SITES_MAX: usize = 64;
/// Places that a look-up tries, so that it is bounded.
const PROBES_MAX: usize = 8;

pub(crate) struct Sites {
    table: [Option<&'static Location<'static>>; SITES_MAX],
    sent: [bool; SITES_MAX],
    /// Whether there may be one that was not sent.
    any_unsent: bool,
}

impl Sites {
    pub(crate) const fn new() -> Self {
        Self { table: [None; SITES_MAX], sent: [false; SITES_MAX], any_unsent: false }
    }

    fn number(&mut self, location: &'static Location<'static>) -> SiteId {
        let start = (core::ptr::from_ref(location) as usize >> 3) % SITES_MAX;
        for probe in 0..PROBES_MAX {
            let index = (start + probe) % SITES_MAX;
            match self.table[index] {
                Some(known) if core::ptr::eq(known, location) => return SiteId(index as u16 + 1),
                Some(_) => {}
                None => {
                    self.table[index] = Some(location);
                    self.any_unsent = true;
                    return SiteId(index as u16 + 1);
                }
            }
        }
        SiteId::NONE
    }
}

/// A place in the source as calls carry it: a pointer. It gets a number when something is recorded.
#[derive(Clone, Copy)]
pub(crate) struct Place(Option<&'static Location<'static>>);

impl Place {
    /// No place: what happens has nothing in the program to point at.
    pub(crate) const NONE: Place = Place(None);

    /// Its number.
    pub(crate) fn id(self, kernel: &mut Kernel) -> SiteId {
        self.0.map_or(SiteId::NONE, |location| kernel.sites.number(location))
    }
}

/// The caller's place.
#[track_caller]
#[inline(always)]
pub(crate) const fn place() -> Place {
    Place(Some(Location::caller()))
}

/// The number of the caller's location.
///
/// # Context
/// Thread.
#[track_caller]
pub(crate) fn here() -> SiteId {
    let location = Location::caller();
    kernel::with(|kernel| kernel.sites.number(location))
}

/// The location that a number stands for.
pub(crate) fn location(id: SiteId) -> Option<&'static Location<'static>> {
    let index = usize::from(id.0).checked_sub(1)?;
    kernel::with(|kernel| kernel.sites.table[index])
}

/// Sends the sites that were not sent yet, or all of them.
pub(crate) fn send(again: bool) {
    // One that comes while they are sent counts for the next time.
    let any_unsent = kernel::with(|kernel| core::mem::take(&mut kernel.sites.any_unsent));
    if !any_unsent && !again {
        return;
    }
    let is_wanted = |kernel: &Kernel, index: usize| {
        kernel.sites.table[index].is_some() && (again || !kernel.sites.sent[index])
    };
    each_used(SITES_MAX, is_wanted, |index| {
        kernel::with(|kernel| {
            let Some(location) = kernel.sites.table[index] else {
                return;
            };
            kernel.sites.sent[index] = true;
            let id = SiteId(index as u16 + 1);
            kernel.record(
                Level::Samples,
                &Site { id, line: location.line(), file: tail(location.file()) },
            );
        });
    });
}

/// The end of a path, as much of it as a record takes.
pub(crate) fn tail(path: &str) -> &str {
    let mut start = path.len().saturating_sub(ramscope_wire::NAME_BYTES_MAX);
    while !path.is_char_boundary(start) {
        start += 1;
    }
    &path[start..]
}
