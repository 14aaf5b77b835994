//! ELF tests in the convention of riscv-tests: a program that says through `tohost` how it ended.
//!
//! The convention is that of Berkeley's host-target interface (HTIF), which Spike and QEMU's
//! `spike` machine have too. The program stores 64 bits at the symbol `tohost`: device, command and
//! payload. An odd payload for device 0 ends it, and what is left of it without the lowest bit is
//! the number of the test that failed, or 0. An even one is the address of a system call; device 1
//! is a console. The host answers through `fromhost` and clears `tohost`.
//!
//! A suite is made for many machines, so a test may well need what this one lacks. That is said of
//! a test that ended inside the handler of an illegal instruction, and only if that instruction
//! belongs to an extension that an RV32IMC machine with user mode cannot have ([`lacks`]): a defect
//! of ours can make a good instruction illegal, but cannot make it look like one of those.
//!
//! Invariants:
//! 1. A program of 32 bits stores 64 bits in two parts, so a command counts when both have been
//!    stored, or [`HALVES_APART_MAX`] cycles after the lower one: old programs store no upper one.
//! 2. Whatever a program asks for costs the host a bounded amount of memory.

mod lacks;
mod traps;

pub use traps::UnhandledTrap;

use crate::image::{Chip, Image, ImageError};
use crate::machine::{Machine, Options, Stop};
use crate::memory::VIRT_RAM_RANGE;
use crate::virt::CPU_PERIOD_PS;
use ramscope_time::{Instant, Span};
use std::ops::Range;
use traps::Traps;

/// Cycles after which a lower half without an upper one is a whole command.
const HALVES_APART_MAX: u64 = 64;
/// What a program may say on its console.
const CONSOLE_BYTES_MAX: usize = 1 << 20;
/// Number of the system call `write`, the only one that is carried out.
const SYSTEM_CALL_WRITE: u32 = 64;
/// What every other system call returns: minus ENOSYS.
const NO_SUCH_CALL: u32 = 38_u32.wrapping_neg();

/// A program that says through `tohost` how it ended.
#[derive(Clone, Debug)]
pub struct TestElf {
    image: Image,
    tohost: u32,
    fromhost: Option<u32>,
    signature: Option<Range<u32>>,
}

/// Why bytes are not a test that the virt machine can run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotATest {
    /// It is not an ELF file.
    #[error("not an ELF file")]
    NotElf,
    /// It has 64 bits.
    #[error("it is for RV64")]
    Rv64,
    /// It is for another processor.
    #[error("it is for {found}")]
    OtherProcessor {
        /// The processor's name.
        found: String,
    },
    /// It is an image for another machine.
    #[error("it is not linked for the virt machine: its entry is {entry:#010x}")]
    Elsewhere {
        /// Where it starts.
        entry: u32,
    },
    /// It does not follow the convention.
    #[error("it has no symbol tohost in RAM")]
    NoTohost,
    /// It cannot be loaded.
    #[error(transparent)]
    Image(ImageError),
}

/// How a test ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TestVerdict {
    /// It says that all is well.
    Passed,
    /// It says which of its tests failed.
    Failed {
        /// The number, as the program counts.
        number: u32,
    },
    /// It said nothing in its time.
    TimedOut {
        /// Where it was.
        pc: u32,
    },
    /// It waits for an interrupt, and nothing can raise one.
    Waits {
        /// Behind the `wfi`.
        pc: u32,
    },
    /// A trap had no handler.
    Trapped(UnhandledTrap),
    /// An instruction is not for this machine.
    Lacks {
        /// What has it.
        extension: &'static str,
        /// The trap that it ended with.
        trap: UnhandledTrap,
    },
}

/// What became of a test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestRun {
    /// How it ended.
    pub verdict: TestVerdict,
    /// The number that it ended with, whatever became of that: 0 means that all is well.
    pub number: Option<u32>,
    /// The trap in whose handler it ended, if it did.
    pub trap: Option<UnhandledTrap>,
    /// Instructions that it took.
    pub instructions: u64,
    /// What it wrote to the console of the host, and to the UART.
    pub console: Vec<u8>,
    /// The words between the symbols `begin_signature` and `end_signature`.
    pub signature: Option<Vec<u32>>,
}

impl TestElf {
    /// Reads an ELF file.
    ///
    /// # Errors
    /// If it is none, follows another convention, or cannot run on this machine.
    pub fn read(bytes: &[u8]) -> Result<TestElf, NotATest> {
        let image = Image::from_elf(bytes).map_err(|error| match error {
            ImageError::NotElf => NotATest::NotElf,
            ImageError::Not32Bit => NotATest::Rv64,
            ImageError::WrongMachine { found } => NotATest::OtherProcessor { found },
            error => NotATest::Image(error),
        })?;
        if image.chip() != Chip::Virt {
            return Err(NotATest::Elsewhere { entry: image.entry() });
        }
        let in_ram = |name| {
            let address = image.symbol(name)?;
            let fits = VIRT_RAM_RANGE.contains(&address.saturating_add(7));
            (VIRT_RAM_RANGE.contains(&address) && fits && address.is_multiple_of(4))
                .then_some(address)
        };
        let tohost = in_ram("tohost").ok_or(NotATest::NoTohost)?;
        let fromhost = in_ram("fromhost");
        let ends = image.symbol("begin_signature").zip(image.symbol("end_signature"));
        let signature = ends.map(|(first, end)| first..end);
        Ok(TestElf { image, tohost, fromhost, signature })
    }

    /// Runs it on a virt machine that has just been powered on, for at most `cycles_max`: its
    /// instructions, and the time in which it waits.
    #[must_use]
    pub fn run(&self, cycles_max: u64) -> TestRun {
        let machine = Machine::virt(&self.image, &Options::default());
        let end = Instant::ZERO + Span::from_picos(cycles_max.saturating_mul(CPU_PERIOD_PS));
        Session { test: self, machine, traps: Traps::default(), console: Vec::new(), end }.run()
    }
}

/// A test that runs.
struct Session<'a> {
    test: &'a TestElf,
    machine: Machine,
    traps: Traps,
    console: Vec<u8>,
    end: Instant,
}

impl Session<'_> {
    fn run(mut self) -> TestRun {
        let verdict = self.verdict();
        let number = match verdict {
            TestVerdict::Passed => Some(0),
            TestVerdict::Failed { number } => Some(number),
            _ => None,
        };
        let trap = self.traps.unanswered();
        let lacks = trap.and_then(|trap| Some((lacks::extension(trap.instruction()?)?, trap)));
        let verdict = match (verdict, lacks) {
            (TestVerdict::Passed, _) | (_, None) => verdict,
            (_, Some((extension, trap))) => TestVerdict::Lacks { extension, trap },
        };
        self.console.extend(self.machine.take_uart0().iter().map(|sent| sent.byte));
        let signature = self.test.signature.clone().and_then(|range| self.words(range));
        let (instructions, console) = (self.machine.instructions(), self.console);
        TestRun { verdict, number, trap, instructions, console, signature }
    }

    fn verdict(&mut self) -> TestVerdict {
        loop {
            self.machine.watch_word(Some(self.test.tohost));
            match self.machine.run_observed(self.end, &mut self.traps) {
                Stop::Watched { value, .. } => {
                    let upper = self.upper_half();
                    if let Some(number) = self.obey(value, upper) {
                        return if number == 0 {
                            TestVerdict::Passed
                        } else {
                            TestVerdict::Failed { number }
                        };
                    }
                }
                Stop::Finished { code: 0 } => return TestVerdict::Passed,
                Stop::Finished { code } => return TestVerdict::Failed { number: code },
                Stop::Reached => return TestVerdict::TimedOut { pc: self.machine.pc() },
                Stop::Deadlocked => return TestVerdict::Waits { pc: self.machine.pc() },
                Stop::Fatal(_) => {
                    let trap = self.traps.unanswered().expect("a lockup is made of exceptions");
                    return TestVerdict::Trapped(trap);
                }
                Stop::Observer | Stop::Pins | Stop::Instruction => {} // nobody asks for them
            }
        }
    }

    /// The upper half of a command whose lower half has just been stored.
    fn upper_half(&mut self) -> u32 {
        let address = self.test.tohost + 4;
        if let Some(before) = self.word(address).filter(|upper| *upper != 0) {
            return before;
        }
        self.machine.watch_word(Some(address));
        let wait = Span::from_picos(HALVES_APART_MAX * CPU_PERIOD_PS);
        let until = self.end.min(self.machine.now() + wait);
        match self.machine.run_observed(until, &mut self.traps) {
            Stop::Watched { value, .. } => value,
            _ => 0, // whatever it was, it will show again
        }
    }

    /// Does what a command asks for; the number of the failed test if it is the last.
    fn obey(&mut self, lower: u32, upper: u32) -> Option<u32> {
        let (device, command) = (upper >> 24, upper >> 16 & 0xFF);
        match (device, command) {
            (0, 0) if lower & 1 == 1 => return Some(lower >> 1),
            (0, 0) if lower != 0 => {
                self.system_call(lower);
                self.answer(1, 0);
            }
            (1, 1) => {
                self.say(&[lower as u8]);
                self.answer(0x100 | lower & 0xFF, upper);
            }
            (0, 0) => {} // the program has cleared it
            _ => self.answer(0, 0),
        }
        None
    }

    /// Clears `tohost`, and leaves an answer in `fromhost`.
    fn answer(&mut self, lower: u32, upper: u32) {
        self.put(self.test.tohost, 0);
        self.put(self.test.tohost + 4, 0);
        if let Some(fromhost) = self.test.fromhost {
            self.put(fromhost + 4, upper);
            self.put(fromhost, lower);
        }
    }

    /// Eight double words: number, three arguments; the result goes to where the number was.
    fn system_call(&mut self, at: u32) {
        let argument = |n: u32| self.word(at.wrapping_add(8 * n)).unwrap_or(0);
        let (number, address, length) = (argument(0), argument(2), argument(3));
        let result = if number == SYSTEM_CALL_WRITE {
            let length = length.min(CONSOLE_BYTES_MAX as u32);
            let mut text = vec![0; length as usize];
            let told = self.machine.read_bytes(address, &mut text).is_ok();
            self.say(if told { &text } else { &[] });
            length
        } else {
            NO_SUCH_CALL
        };
        self.put(at, result);
        self.put(at.wrapping_add(4), if result == NO_SUCH_CALL { u32::MAX } else { 0 });
    }

    fn say(&mut self, text: &[u8]) {
        let room = CONSOLE_BYTES_MAX - self.console.len();
        self.console.extend(&text[..text.len().min(room)]);
    }

    fn word(&self, address: u32) -> Option<u32> {
        self.machine.read_word(address).ok()
    }

    /// Writes a word of RAM; what a program names elsewhere is left alone.
    fn put(&mut self, address: u32, value: u32) {
        if VIRT_RAM_RANGE.contains(&address) {
            let written = self.machine.write_word(address, value);
            debug_assert!(written.is_ok(), "it is RAM");
        }
    }

    fn words(&self, range: Range<u32>) -> Option<Vec<u32>> {
        let inside = range.start <= range.end
            && VIRT_RAM_RANGE.contains(&range.start)
            && range.end <= VIRT_RAM_RANGE.end;
        let words = range.step_by(4).map(|address| self.word(address));
        if inside { words.collect() } else { None }
    }
}
