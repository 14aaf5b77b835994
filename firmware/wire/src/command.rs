//! Commands: what the host asks of the device, in the form in which the device speaks.
//!
//! A command is a record like any other, only that it travels the other way: words in the
//! down-channel of the RTT control block, or a frame on the UART between what a person types. The
//! device has neither the room nor the time for the decoders of this crate, which survive any
//! damage; it has a checksum where damage is possible, and refuses what it does not know.
//!
//! The device takes commands at the end of an interrupt handler, so a host that wrote one and raised
//! an interrupt knows the instant; and it answers each with a
//! [`CommandDone`](crate::CommandDone).

use crate::crc::crc32;
use crate::frame::{CRC_BYTES, SEQ_BYTES};
use crate::payload::HEADER_WORDS;
use crate::record::{FailAllocation, FailByChance, OpenWindow, SendSamples, Steer};

/// The words of the longest command, header included.
pub const COMMAND_WORDS_MAX: usize = HEADER_WORDS + FailByChance::WORDS_MAX;

/// The bytes of the longest frame that holds one command, without its `00 FF` and its last zero.
pub const COMMAND_FRAME_BYTES_MAX: usize = 1 + SEQ_BYTES + 4 * COMMAND_WORDS_MAX + CRC_BYTES;

/// What the host can ask of the device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command<'a> {
    /// Close the window that is open and open another.
    OpenWindow(OpenWindow),
    /// Send all samples.
    SendSamples(SendSamples),
    /// Let an allocation fail.
    FailAllocation(FailAllocation<'a>),
    /// Let allocations fail by chance.
    FailByChance(FailByChance<'a>),
    /// Let an equal of the unit that runs go on in its place.
    Steer(Steer),
}

impl<'a> Command<'a> {
    /// Kinds that are kept for commands, known or not.
    pub const KINDS: core::ops::RangeInclusive<u8> = 0x68..=0x6F;

    /// The command that a payload of this kind holds; `None` if the kind is none of a command, or
    /// the payload none of the kind.
    #[must_use]
    pub fn read(kind: u8, payload: &'a [u8]) -> Option<Self> {
        match kind {
            OpenWindow::KIND => OpenWindow::read(payload).map(Self::OpenWindow),
            SendSamples::KIND => SendSamples::read(payload).map(Self::SendSamples),
            FailAllocation::KIND => FailAllocation::read(payload).map(Self::FailAllocation),
            FailByChance::KIND => FailByChance::read(payload).map(Self::FailByChance),
            Steer::KIND => Steer::read(payload).map(Self::Steer),
            _ => None,
        }
    }
}

/// Reads the frame whose bytes between `00 FF` and the last `00` are given, undoing its encoding in
/// place, and gives the records' bytes; `None` if it is not valid. Its number is not looked at: the
/// host may join at any time.
#[must_use]
pub fn read_command_frame(encoded: &mut [u8]) -> Option<&[u8]> {
    let length = uncobs_in_place(encoded)?;
    let (checked, crc) = encoded.get(..length)?.split_last_chunk::<CRC_BYTES>()?;
    let records = checked.get(SEQ_BYTES..)?;
    let holds = crc32(checked.iter().copied()) == u32::from_le_bytes(*crc);
    (holds && records.len() % 4 == 0).then_some(records)
}

/// Undoes COBS where it stands: the data are never longer than their encoding.
fn uncobs_in_place(bytes: &mut [u8]) -> Option<usize> {
    let (mut read, mut written) = (0, 0);
    while let Some(&code) = bytes.get(read) {
        let run = usize::from(code).checked_sub(1)?;
        if bytes.len() - read - 1 < run {
            return None;
        }
        bytes.copy_within(read + 1..read + 1 + run, written);
        read += 1 + run;
        written += run;
        if read < bytes.len() {
            // A run of 254 stands for no zero byte, and no frame of a command is that long.
            if code == u8::MAX {
                return None;
            }
            bytes[written] = 0;
            written += 1;
        }
    }
    Some(written)
}

#[cfg(all(test, feature = "std"))]
mod tests {
    use std::vec::Vec;

    use super::*;
    use crate::id::WindowId;
    use crate::payload::{Payload, write_record};
    use crate::{FrameWriter, NAME_BYTES_MAX};

    fn framed(command: &impl Payload) -> Vec<u8> {
        let mut words = Vec::new();
        write_record(command, 7, 0, &mut words);
        let frame: Vec<u8> = FrameWriter::new().frame(&words).collect();
        frame[2..frame.len() - 1].to_vec()
    }

    #[test]
    fn a_framed_command_is_read_in_the_room_that_it_has() {
        let unit = core::str::from_utf8(&[b'u'; NAME_BYTES_MAX]).unwrap();
        let longest = FailByChance { ppm: 3, seed: 1, bytes_min: 0, unit };
        let mut bytes = framed(&longest);
        assert!(bytes.len() <= COMMAND_FRAME_BYTES_MAX);
        let records = read_command_frame(&mut bytes).unwrap();
        assert_eq!(records.len(), 4 * COMMAND_WORDS_MAX);
        let payload = &records[4 * HEADER_WORDS..];
        let read = Command::read(FailByChance::KIND, payload);
        assert_eq!(read, Some(Command::FailByChance(longest)));
    }

    #[test]
    fn a_frame_with_any_bit_flipped_is_refused() {
        let whole = framed(&OpenWindow { window: WindowId(3000) });
        for bit in 0..whole.len() * 8 {
            let mut bytes = whole.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(read_command_frame(&mut bytes), None, "bit {bit}");
        }
        assert_eq!(read_command_frame(&mut []), None);
    }
}
