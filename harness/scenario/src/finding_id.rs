//! The ids of findings, as scenarios name them.
//!
//! What a finding is and when it is noticed is the model's business; a scenario only names one, and a name
//! that no finding has would allow, deny or expect nothing, silently. So the names are here, and the
//! model holds them against its own.

/// Every id. Its first part is what went wrong, the second how it was noticed.
pub const FINDING_IDS: &[&str] = &[
    "overflow.guard",
    "overflow.switch",
    "overflow.trap",
    "overflow.kernel-call",
    "overflow.handler",
    "overflow.unseen",
    "panic",
    "fault",
    "heap.double-free",
    "heap.bad-pointer",
    "heap.overrun",
    "unit.failed",
    "unit.refused",
    "reset.unexpected",
    "lock.poisoned",
    "lock.leaked",
    "lock.deadlock",
    "lock.suspicion",
    "race.shared",
    "callback.dropped",
    "callback.waits",
    "timer.late",
    "module.leftover",
    "module.refused",
    "collect.unreachable",
    "collect.kept",
    "telemetry.lost",
    "telemetry.damaged",
    "deadlock",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_words_of_small_letters_with_a_dot_between_two_of_them() {
        for id in FINDING_IDS {
            let is_word = |word: &str| {
                !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b == b'-')
            };
            assert!(id.split('.').count() <= 2 && id.split('.').all(is_word), "{id}");
        }
    }
}
