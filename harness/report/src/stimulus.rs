//! What was done to a device, in words.

use ramscope_capture::Stimulus;
use ramscope_wire::{Command, HEADER_WORDS, Header, Steer, UnitId};

/// Something that was done to the device: `sent "run demo\n"`, `told to open window 1000`.
#[must_use]
pub fn what_was_done(stimulus: &Stimulus) -> String {
    match stimulus {
        Stimulus::Serial(bytes) => format!("sent `{}`", String::from_utf8_lossy(bytes).trim_end()),
        Stimulus::Pin { name, high } => {
            format!("pin {name} driven {}", if *high { "high" } else { "low" })
        }
        Stimulus::Control { part, control, value } => format!("{control} of {part} set to {value}"),
        Stimulus::Command(words) => format!("told to {}", what_was_told(words)),
        Stimulus::FaultBegins { fault } => format!("fault {fault} begins"),
        Stimulus::FaultEnds { fault, detail } if detail.is_empty() => {
            format!("fault {fault} ends")
        }
        Stimulus::FaultEnds { fault, detail } => format!("fault {fault} ends: {detail}"),
        Stimulus::Interrupt { source } => format!("interrupt {source} raised"),
        Stimulus::WriteWord { address, value } => {
            format!("word {value:#010x} written to {address:#010x}")
        }
        Stimulus::Reset => "reset from outside".to_owned(),
    }
}

/// The command that a record's words hold.
fn what_was_told(words: &[u32]) -> String {
    let unknown = || "do what this version does not know".to_owned();
    let Some((header, payload)) = words.split_at_checked(HEADER_WORDS) else { return unknown() };
    let Some(header) = header.first().map(|word| Header::from_word(*word)) else {
        return unknown();
    };
    let payload: Vec<u8> = payload.iter().flat_map(|word| word.to_le_bytes()).collect();
    match Command::read(header.kind, &payload) {
        Some(Command::OpenWindow(asked)) => format!("open window {}", asked.window.0),
        Some(Command::SendSamples(_)) => "send its samples".to_owned(),
        Some(Command::FailAllocation(fault)) => {
            let unit = if fault.unit.is_empty() { "anybody" } else { fault.unit };
            format!("fail allocation {} of {unit} of at least {} B", fault.nth, fault.bytes_min)
        }
        Some(Command::FailByChance(fault)) => {
            let unit = if fault.unit.is_empty() { "anybody" } else { fault.unit };
            format!(
                "fail {} of a million allocations of {unit} of at least {} B, drawn from {}",
                fault.ppm, fault.bytes_min, fault.seed
            )
        }
        Some(Command::Steer(Steer { unit: UnitId::KERNEL, rank })) => {
            format!("end the slice, with the unit at place {rank} next")
        }
        Some(Command::Steer(Steer { unit, .. })) => format!("end the slice, with unit {unit} next"),
        None => unknown(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_told_in_words() {
        let window = 0x68 | 1 << 8 | 1 << 16;
        let told = what_was_done(&Stimulus::Command(vec![window, 0, 1000]));
        assert_eq!(told, "told to open window 1000");
        let unknown = what_was_done(&Stimulus::Command(vec![0xFF, 0]));
        assert_eq!(unknown, "told to do what this version does not know");
        assert_eq!(what_was_done(&Stimulus::Command(vec![])), unknown);
    }
}
