//! The serial line between scenario and device, with the noise and the loss that faults put on it.
//!
//! What happens to a byte depends on the seed, the direction and how many bytes went that way
//! before it, and on nothing else. So it does not matter how a session cuts the stream into pieces,
//! or that it shows bytes to the matcher before it tells them: they meet the same fate again. What
//! the recording holds is what arrived on either side.

use ramscope_capture::Stream;
use ramscope_scenario::{Direction, UartFault};
use ramscope_time::Instant;

use crate::session::{BackendError, Output, PauseAt, Progress, Session};

/// A rate of one.
const MILLION: u64 = 1_000_000;

/// A session behind a line that can be disturbed.
pub(super) struct Line<'a> {
    pub(super) session: &'a mut dyn Session,
    seed: u64,
    /// Disturbances that last at present, by the place of their fault.
    faults: Vec<(u32, UartFault)>,
    to_device: Way,
    /// As it is told, and as it is shown to whoever waits for bytes.
    from_device: Way,
    shown: Way,
}

/// How far one direction came, and what it lost on the way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Way {
    bytes: u64,
    damaged: u64,
    lost: u64,
}

impl<'a> Line<'a> {
    pub(super) fn new(session: &'a mut dyn Session, seed: u64) -> Self {
        let nothing = Way::default();
        Self {
            session,
            seed,
            faults: Vec::new(),
            to_device: nothing,
            from_device: nothing,
            shown: nothing,
        }
    }

    /// A disturbance begins.
    pub(super) fn disturb(&mut self, place: u32, fault: UartFault) {
        self.faults.push((place, fault));
    }

    /// It ends; what was disturbed so far, all disturbances together.
    pub(super) fn calm(&mut self, place: u32) -> String {
        self.faults.retain(|(other, _)| *other != place);
        let (to, from) = (self.to_device, self.from_device);
        format!(
            "of {} bytes to the device {} were damaged and {} lost, of {} bytes from it {} and {}",
            to.bytes, to.damaged, to.lost, from.bytes, from.damaged, from.lost
        )
    }

    pub(super) fn now(&self) -> Instant {
        self.session.now()
    }

    /// Sends bytes; gives back what of them arrives.
    pub(super) fn send(&mut self, bytes: &[u8]) -> Result<Vec<u8>, BackendError> {
        let fates = Fates { seed: self.seed, direction: Direction::Receive, faults: &self.faults };
        let arriving = fates.of_all(&mut self.to_device, bytes);
        self.session.send_serial(&arriving)?;
        Ok(arriving)
    }

    /// As [`Session::advance`]; the bytes of UART0 are those that arrive here.
    pub(super) fn advance(
        &mut self,
        until: Instant,
        pause: &mut dyn PauseAt,
    ) -> Result<Progress, BackendError> {
        let fates = Fates { seed: self.seed, direction: Direction::Transmit, faults: &self.faults };
        let mut heard = Heard { pause, fates, way: &mut self.shown };
        let mut progress = self.session.advance(until, &mut heard)?;
        let undisturbed = self.faults.is_empty();
        for output in progress.output.iter_mut().filter(|output| output.stream == Stream::Uart0) {
            match undisturbed {
                true => self.from_device.bytes += output.bytes.len() as u64,
                false => disturb_output(fates, &mut self.from_device, output),
            }
        }
        Ok(progress)
    }
}

fn disturb_output(fates: Fates<'_>, way: &mut Way, output: &mut Output) {
    output.bytes = fates.of_all(way, &output.bytes);
}

/// What becomes of bytes in one direction.
#[derive(Clone, Copy)]
struct Fates<'a> {
    seed: u64,
    direction: Direction,
    faults: &'a [(u32, UartFault)],
}

impl Fates<'_> {
    /// What arrives of these bytes.
    fn of_all(self, way: &mut Way, bytes: &[u8]) -> Vec<u8> {
        bytes.iter().filter_map(|&byte| self.of(way, byte)).collect()
    }

    /// What arrives of the next byte.
    fn of(self, way: &mut Way, byte: u8) -> Option<u8> {
        let index = way.bytes;
        way.bytes += 1;
        let mut arriving = byte;
        for (place, fault) in self.faults {
            if ![Direction::Both, self.direction].contains(&fault.direction) {
                continue;
            }
            let chance = self.chance(*place, index);
            if chance % MILLION < u64::from(fault.loss_ppm) {
                way.lost += 1;
                return None;
            }
            let other = mixed(chance);
            if other % MILLION < u64::from(fault.noise_ppm) {
                arriving ^= 1 << (other >> 61);
            }
        }
        way.damaged += u64::from(arriving != byte);
        Some(arriving)
    }

    fn chance(self, place: u32, index: u64) -> u64 {
        let direction = u64::from(self.direction == Direction::Receive);
        mixed(mixed(self.seed ^ direction << 63 ^ u64::from(place) << 32).wrapping_add(index))
    }
}

/// The finaliser of SplitMix64.
fn mixed(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// Shows whoever waits the bytes that arrive, and translates back how many were taken.
struct Heard<'a> {
    pause: &'a mut dyn PauseAt,
    fates: Fates<'a>,
    way: &'a mut Way,
}

impl PauseAt for Heard<'_> {
    fn may_pause(&self) -> bool {
        self.pause.may_pause()
    }

    fn pauses_at_records(&self) -> bool {
        self.pause.pauses_at_records()
    }

    fn feed(&mut self, bytes: &[u8]) -> Option<usize> {
        if self.fates.faults.is_empty() {
            let taken = self.pause.feed(bytes);
            self.way.bytes += taken.unwrap_or(bytes.len()) as u64;
            return taken;
        }
        let before = *self.way;
        // How many bytes were sent by the time at which each arriving one does.
        let mut arriving = Vec::new();
        let mut sent_by = Vec::new();
        for (index, &byte) in bytes.iter().enumerate() {
            if let Some(byte) = self.fates.of(self.way, byte) {
                arriving.push(byte);
                sent_by.push(index + 1);
            }
        }
        let taken = self.pause.feed(&arriving)?;
        let sent = taken.checked_sub(1).map_or(0, |last| sent_by[last]);
        *self.way = before;
        for &byte in &bytes[..sent] {
            let _ = self.fates.of(self.way, byte);
        }
        Some(sent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes all up to the first of these bytes.
    struct UpTo(u8);

    impl PauseAt for UpTo {
        fn may_pause(&self) -> bool {
            true
        }

        fn feed(&mut self, bytes: &[u8]) -> Option<usize> {
            bytes.iter().position(|&byte| byte == self.0).map(|at| at + 1)
        }
    }

    fn fates(faults: &[(u32, UartFault)]) -> Fates<'_> {
        Fates { seed: 7, direction: Direction::Transmit, faults }
    }

    const fn fault(noise_ppm: u32, loss_ppm: u32) -> UartFault {
        UartFault { noise_ppm, loss_ppm, direction: Direction::Both }
    }

    #[test]
    fn about_as_many_bytes_are_lost_and_damaged_as_asked_for() {
        let faults = [(0, fault(100_000, 50_000))];
        let mut way = Way::default();
        let arrived = fates(&faults).of_all(&mut way, &[b'x'; 10_000]);
        assert_eq!(arrived.len() as u64, 10_000 - way.lost);
        assert!((400..600).contains(&way.lost), "{way:?}");
        assert!((850..1_050).contains(&way.damaged), "{way:?}");
    }

    #[test]
    fn the_fate_of_a_byte_does_not_depend_on_the_pieces() {
        let faults = [(0, fault(200_000, 200_000)), (1, fault(10_000, 0))];
        let bytes: Vec<u8> = (0..=255).collect();
        let whole = fates(&faults).of_all(&mut Way::default(), &bytes);
        let mut way = Way::default();
        let pieces: Vec<u8> =
            bytes.chunks(7).flat_map(|piece| fates(&faults).of_all(&mut way, piece)).collect();
        assert_eq!(pieces, whole);
    }

    #[test]
    fn what_is_taken_counts_the_bytes_that_were_lost_before_it() {
        let faults = [(0, fault(0, 500_000))];
        let bytes = b"aaaaaaaaaaaaaaaaaaaaaaaaaab".repeat(8);
        let mut way = Way::default();
        let mut heard = Heard { pause: &mut UpTo(b'b'), fates: fates(&faults), way: &mut way };
        let taken = heard.feed(&bytes).expect("one of eight arrives");
        assert_eq!(bytes[taken - 1], b'b');
        assert_eq!(way.bytes, taken as u64);
        let arrived = fates(&faults).of_all(&mut Way::default(), &bytes[..taken]);
        assert_eq!(arrived.iter().position(|&byte| byte == b'b'), Some(arrived.len() - 1));
    }
}
