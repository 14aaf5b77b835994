//! Who waits for what at the end of the run.

use ramscope_model::{Device, Object, Waiter};
use ramscope_wire::ObjectKind;

use super::heading;
use crate::figures::seconds;
use crate::style::{Style, clean};

/// Objects that are listed.
const OBJECTS_MAX: usize = 12;
/// Waiters of one object that are listed.
const WAITERS_MAX: usize = 4;

/// Every object that units still wait for: who has it, and who waits since when, in their order.
pub(super) fn waits(device: &Device, style: Style) -> String {
    let waited_for: Vec<&Object> =
        device.objects().filter(|object| !object.waiters.is_empty()).collect();
    if waited_for.is_empty() {
        return String::new();
    }
    let mut text = heading("waits at the end", style);
    for object in waited_for.iter().take(OBJECTS_MAX) {
        text.push_str(&format!(" {}\n", line(device, object)));
    }
    if waited_for.len() > OBJECTS_MAX {
        text.push_str(&format!(" and {} more objects\n", waited_for.len() - OBJECTS_MAX));
    }
    text
}

fn line(device: &Device, object: &Object) -> String {
    let holder = match (object.holder, object.kind, object.value) {
        (Some(holder), ..) => format!(", held by {}", clean(&device.name_of(holder))),
        (None, ObjectKind::Semaphore | ObjectKind::Queue | ObjectKind::Event, Some(value)) => {
            format!(", which has {value}")
        }
        _ => String::new(),
    };
    let mut waiters: Vec<String> =
        object.waiters.iter().take(WAITERS_MAX).map(|waiter| waiting(device, waiter)).collect();
    if object.waiters.len() > WAITERS_MAX {
        waiters.push(format!("{} more", object.waiters.len() - WAITERS_MAX));
    }
    let name = clean(&object.name);
    format!("{} {name}{holder}: {}", object.kind, waiters.join(", "))
}

fn waiting(device: &Device, waiter: &Waiter) -> String {
    let place = device
        .site(waiter.site)
        .map_or_else(String::new, |place| format!(" at {}:{}", clean(&place.file), place.line));
    let name = clean(&device.name_of(waiter.unit));
    format!("{name} since {}{place}", seconds(waiter.since))
}
