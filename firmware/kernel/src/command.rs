//! Commands from the host: taken when a handler ends, carried out at once.
//!
//! Whoever measures wants to say "from here on" at one instant of device time: nothing may run
//! between the last figures of one stretch and the first of the next. And a fault must be armed
//! before the program makes its next call. A thread could promise neither, because others are more
//! urgent or hold the console. So commands are taken where every interrupt ends anyway: the
//! interrupted unit is complete in its context, no section of the kernel is under way, and nothing
//! else runs until the last command is done. A host that can raise an interrupt writes the command,
//! rings the [`Doorbell`], and knows the instant.
//!
//! They come from the down-channel of the telemetry's control block, from frames between what
//! somebody types, and from the console's own words; all of them as the records of
//! `firmware/wire/SPEC.md`, "Commands".
//!
//! Invariants:
//! 1. Commands are carried out in handler context only, at its end, one after the other.
//! 2. Each one that is taken is answered with a `CommandDone`.
//! 3. What a command puts on the handlers' stack is painted over before the handler ends, so that
//!    measuring does not raise what it measures.
//! 4. A window that opens holds the kernel for as long as scanning and painting all stacks
//!    takes. It is the one stretch that grows with the stacks' bytes; it happens at a phase's ends only,
//!    where a thread that did the same would have stopped everything less urgent for as long.
//! 5. A schedule that commands steer is one that the clock could have made: see `steering`.

mod fault;
mod input;
mod steering;

use crate::kernel::{self, Kernel};
use crate::mem::tell::{self, When};
use crate::port::{self, Context};
use crate::rtt::TakenWords;
use crate::{sample, window};
pub(crate) use fault::Fault;
use input::Input;
use ramscope_wire as wire;
pub use steering::{end_slice, equals};
use wire::{
    COMMAND_WORDS_MAX, Command, CommandOutcome, HEADER_WORDS, Header, Level, Payload, WordSink,
};

/// Commands that one interrupt serves; more wait for the next one, whatever it is.
const SERVED_MAX: usize = 8;
/// Words of commands that came by other ways than the ring and wait for the end of the handler: a
/// batch of input can end one frame and hold a short one.
const WAITING_WORDS: usize = 2 * COMMAND_WORDS_MAX;

/// What a host stores where, so that the device takes an interrupt at once and with it what is in
/// the ring of commands. A board places it under the symbol `RAMSCOPE_DOORBELL`.
#[repr(C)]
pub struct Doorbell {
    address: u32,
    value: u32,
}

impl Doorbell {
    /// The software interrupt that is raised by storing `value` to `address`.
    #[must_use]
    pub const fn new(address: u32, value: u32) -> Self {
        Self { address, value }
    }
}

/// What commands need to be taken and remembered.
pub(crate) struct Commands {
    /// Frames between what somebody types.
    input: Input,
    /// The allocation that is to fail.
    pub(crate) fault: Fault,
    waiting: Waiting,
}

/// Commands that came by other ways than the ring, until the handler ends.
struct Waiting {
    words: [u32; WAITING_WORDS],
    count: usize,
}

impl Commands {
    pub(crate) const fn new() -> Self {
        let waiting = Waiting { words: [0; WAITING_WORDS], count: 0 };
        Self { input: Input::new(), fault: Fault::NONE, waiting }
    }

    /// Takes a byte that the console received, and gives it to `text` if it is no part of a frame.
    /// A frame for which there is no room is dropped whole; the host misses its answer.
    pub(crate) fn received(&mut self, byte: u8, text: &mut impl FnMut(u8)) {
        if let Some(records) = self.input.feed(byte, text)
            && self.waiting.count + records.len() / 4 <= WAITING_WORDS
        {
            let (words, _) = records.as_chunks::<4>();
            words.iter().for_each(|word| self.waiting.push(u32::from_le_bytes(*word)));
        }
    }
}

impl Waiting {
    /// Takes the first record.
    fn take(&mut self, into: &mut [u32; COMMAND_WORDS_MAX]) -> TakenWords {
        let waiting = &self.words[..self.count];
        let Some(first) = waiting.first() else { return TakenWords::Nothing };
        let words = HEADER_WORDS + Header::from_word(*first).payload_words;
        let (Some(record), Some(into)) = (waiting.get(..words), into.get_mut(..words)) else {
            self.count = 0;
            return TakenWords::Damaged;
        };
        into.copy_from_slice(record);
        self.words.copy_within(words..self.count, 0);
        self.count -= words;
        TakenWords::Whole(words)
    }
}

impl WordSink for Waiting {
    fn push(&mut self, word: u32) {
        if let Some(place) = self.words.get_mut(self.count) {
            *place = word;
            self.count += 1;
        }
    }
}

/// Has a command carried out that the console was told: at the end of the next handler, which is
/// raised.
///
/// # Context
/// Thread.
pub(crate) fn give(command: &impl Payload) {
    kernel::with(|kernel| wire::write_record(command, 0, 0, &mut kernel.commands.waiting));
    // If another call is raised already, the handler comes anyway.
    let _ = kernel::with(|_| port::raise(|| {}));
}

/// Whether [`serve`] has anything to do.
#[inline(always)]
pub(crate) fn is_due(kernel: &Kernel) -> bool {
    kernel.commands.waiting.count > 0 || kernel.ring.has_commands()
}

/// Carries out what waits.
///
/// # Context
/// Handler, when everything else of it is done; `interrupted` is complete.
#[cold]
#[inline(never)]
pub(crate) fn serve(interrupted: Context) {
    sample::note_interrupt_peak();
    kernel::with(|kernel| {
        kernel.current().context = interrupted;
        kernel.book_running();
    });
    for _ in 0..SERVED_MAX {
        if !serve_one() {
            break;
        }
    }
    window::repaint_interrupts();
}

/// Takes and carries out one command; `false` if there is none.
#[inline(never)]
fn serve_one() -> bool {
    let mut words = [0; COMMAND_WORDS_MAX];
    let taken = kernel::with(|kernel| match kernel.commands.waiting.take(&mut words) {
        TakenWords::Nothing => kernel.ring.take_command(&mut words),
        taken => taken,
    });
    let (header, outcome) = match taken {
        TakenWords::Nothing => return false,
        TakenWords::Damaged => (Header::from_word(0), CommandOutcome::Malformed),
        TakenWords::Whole(count) => (Header::from_word(words[0]), carry_out(&words[..count])),
    };
    let done = wire::CommandDone { command: header.kind, outcome, number: header.seq };
    kernel::with(|kernel| kernel.record(Level::Samples, &done));
    true
}

fn carry_out(record: &[u32]) -> CommandOutcome {
    let mut bytes = [0; 4 * COMMAND_WORDS_MAX];
    let payload = &record[HEADER_WORDS..];
    let (places, _) = bytes.as_chunks_mut::<4>();
    for (place, word) in places.iter_mut().zip(payload) {
        *place = word.to_le_bytes();
    }
    let kind = Header::from_word(record[0]).kind;
    match Command::read(kind, &bytes[..4 * payload.len()]) {
        Some(Command::OpenWindow(open)) => window::open(open.window),
        Some(Command::SendSamples(send)) => {
            if send.introduce {
                sample::introduce();
            }
            sample::all();
            tell::layout(When::Now);
        }
        Some(Command::FailAllocation(fail)) => {
            kernel::with(|kernel| {
                kernel.commands.fault = Fault::of(&fail);
                kernel.attend();
            });
        }
        Some(Command::FailByChance(chance)) => {
            kernel::with(|kernel| {
                kernel.commands.fault = Fault::by_chance(&chance);
                kernel.attend();
            });
        }
        Some(Command::Steer(steer)) => steering::carry_out(&steer),
        None if is_known(kind) => return CommandOutcome::Malformed,
        None => return CommandOutcome::NotKnown,
    }
    CommandOutcome::Done
}

fn is_known(kind: u8) -> bool {
    let known = [
        wire::OpenWindow::KIND,
        wire::SendSamples::KIND,
        wire::FailAllocation::KIND,
        wire::FailByChance::KIND,
        wire::Steer::KIND,
    ];
    known.contains(&kind)
}
