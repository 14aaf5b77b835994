//! Plays a script that the host put into memory: types into the console, and keeps a log.
//!
//! QEMU in a process of its own cannot be told to pause at a byte, and input from the host arrives at
//! unrepeatable instants. So the steps of a scenario lie in memory behind the board's RAM
//! (`ramscope_wire::script`), and this module carries them out in the device's own time: it sees each
//! byte on its way to the UART, shares the clock's interrupt with the kernel, and hands typed bytes to
//! the console as the UART's handler does. What was sent, and the records of the telemetry ring, go
//! into a log behind the script, with their instants. The work is the device's own and costs device
//! time: that is the price of runs that repeat.
//!
//! A machine without a script never gets past [`is_on`].
//!
//! Invariants:
//! 1. [`PLAYER`] is written by `init`, before interrupts are on, and by nobody else.
//! 2. Page, script and log are memory of this module's own, and are touched with interrupts masked.
//! 3. A reset ends the machine: the host starts it again with the same memory, in a process whose
//!    clock begins at zero. So a run repeats across resets too.
#![expect(unsafe_code, reason = "memory that the host prepares")]

use crate::registers::finisher;
use crate::{clock, guard};
use core::cell::Cell;
use core::ptr::NonNull;
use ramscope_kernel::console;
use ramscope_kernel::port::Port;
use ramscope_kernel::wire::script::{
    Course, Locator, LogKind, NO_LIMIT, Page, Played, Player, Script,
};

/// The exit code of a machine that wants to start again.
const START_AGAIN: u16 = 75;
/// The exit code of a machine whose log is full.
const LOG_IS_FULL: u16 = 74;
/// What the UART takes in before somebody has to look.
const FIFO_BYTES: usize = 16;

/// Where words of the RTT control block of the telemetry ring are: SEGGER's published layout.
mod ring {
    const CHANNEL: usize = 16 + 2 * 4 + 24;
    pub(super) const BUFFER: usize = CHANNEL + 4;
    pub(super) const BYTES: usize = CHANNEL + 8;
    pub(super) const WRITE: usize = CHANNEL + 12;
    pub(super) const READ: usize = CHANNEL + 16;
}

#[unsafe(no_mangle)]
#[unsafe(link_section = ".noinit.script")]
static mut RAMSCOPE_SCRIPT: Locator = Locator::nowhere();

unsafe extern "C" {
    static _ram_end: u8;
}

/// A player at work.
#[derive(Clone, Copy)]
struct Playing {
    page: NonNull<Page>,
    /// The address of the RTT control block.
    ring: usize,
}

struct Shared {
    playing: Cell<Option<Playing>>,
    /// When the kernel wants its interrupt, in mtime.
    kernel_alarm: Cell<Option<u64>>,
}

// SAFETY: touched with interrupts masked only.
unsafe impl Sync for Shared {}

static PLAYER: Shared = Shared { playing: Cell::new(None), kernel_alarm: Cell::new(None) };

/// Whether there is a script.
#[inline(always)]
pub(crate) fn is_on() -> bool {
    PLAYER.playing.get().is_some()
}

/// Looks for a script; `ring` is where the telemetry's control block is.
///
/// # Context
/// Start-up, interrupts masked, before anything is sent.
pub(crate) fn init(ring: usize) {
    let locator = &raw const RAMSCOPE_SCRIPT;
    // SAFETY: volatile because the image says it is nowhere; nobody writes it but the host.
    let locator = unsafe { locator.read_volatile() };
    let Some(address) = locator.address() else { return };
    let Some(page) = NonNull::new(address as usize as *mut Page) else { return };
    // SAFETY: the locator says that the host has prepared a page there.
    if !unsafe { page.as_ref() }.is_known() {
        return;
    }
    guard::take_away(&raw const _ram_end as usize, address as usize);
    PLAYER.playing.set(Some(Playing { page, ring }));
    masked(|playing| playing.settle());
}

/// Runs `work` on the player, if there is one, with interrupts masked.
fn masked<T>(work: impl FnOnce(&mut Playing) -> T) -> Option<T> {
    let were_on = crate::port::Virt::mask();
    let done = PLAYER.playing.get().map(|mut playing| work(&mut playing));
    crate::port::Virt::unmask(were_on);
    done
}

/// The kernel wants its interrupt when mtime is this.
pub(crate) fn kernel_alarm(mtime: Option<u64>) {
    PLAYER.kernel_alarm.set(mtime);
    masked(|playing| playing.set_alarm());
}

/// These bytes went to the UART just now.
#[inline(never)]
pub(crate) fn sent(bytes: &[u8]) {
    masked(|playing| {
        let now = playing.now();
        playing.log(LogKind::Sent, now, [bytes.len() as u32]);
        let script = playing.script();
        let mut tell = playing.taking_down();
        for byte in bytes {
            playing.player().sent(script, now, *byte, &mut tell);
        }
        playing.settle();
    });
}

/// The records that the kernel has written go into the log, and their place is free again.
#[cold]
#[inline(never)]
pub(crate) fn take_records() {
    masked(Playing::take_records);
}

/// The clock's interrupt came; answers whether the kernel wanted it.
///
/// # Safety
/// Between `enter` and `leave` of the trap handler.
pub(crate) unsafe fn clock() -> bool {
    let typed = masked(|playing| {
        playing.settle();
        playing.typed()
    });
    if let Some((bytes, count)) = typed
        && count > 0
    {
        // SAFETY: as promised by the caller.
        unsafe { console::received(&bytes[..count]) };
    }
    let is_kernels = PLAYER.kernel_alarm.get().is_some_and(|at| at <= clock::mtime());
    if is_kernels {
        PLAYER.kernel_alarm.set(None);
    }
    masked(|playing| playing.set_alarm());
    is_kernels
}

/// The device resets: what the log needs is written, and the machine ends.
pub(crate) fn reset() {
    masked(|playing| {
        playing.take_records();
        let now = playing.now();
        playing.log(LogKind::Reset, now, []);
        // SAFETY: invariant 2.
        unsafe { (*playing.page.as_ptr()).ticks_before = now };
        end(finisher::failure(START_AGAIN));
    });
}

fn end(how: u32) -> ! {
    finisher::FINISHER.write(how);
    loop {
        crate::port::Virt::idle();
    }
}

impl Playing {
    /// The player's state.
    fn player(&mut self) -> &mut Player {
        // SAFETY: a field of the page, no reference yet.
        let player = unsafe { &raw mut (*self.page.as_ptr()).player };
        // SAFETY: invariant 2; `self` is borrowed, and the log touches other words of the page.
        unsafe { &mut *player }
    }

    /// What takes down what the player does.
    fn taking_down(&self) -> impl FnMut(Played) + use<> {
        let mut log = *self;
        move |Played::Typed { step, tick }| log.log(LogKind::Typed, tick, [step])
    }

    fn script(&self) -> Script<'static> {
        // SAFETY: invariant 2; the host wrote it.
        let bytes = unsafe { (*self.page.as_ptr()).script_bytes };
        let bytes = bytes.min(Page::SCRIPT_BYTES_MAX) as usize;
        // SAFETY: the script is behind the page's head.
        let script = unsafe { self.page.byte_add(Page::SCRIPT_AT as usize) };
        // SAFETY: invariant 2, and nobody writes to a script that is played.
        Script::new(unsafe { core::slice::from_raw_parts(script.cast().as_ptr(), bytes) })
    }

    /// Ticks before the last reset.
    fn ticks_before(&self) -> u64 {
        // SAFETY: invariant 2.
        unsafe { (*self.page.as_ptr()).ticks_before }
    }

    /// Ticks since power-on, resets included.
    fn now(&self) -> u64 {
        self.ticks_before() + clock::mtime()
    }

    /// Lets the player do what is due, ends the machine if that was all, and sets the alarm.
    fn settle(&mut self) {
        let (script, now) = (self.script(), self.now());
        let mut tell = self.taking_down();
        self.player().run_to(script, now, &mut tell);
        let (word, how) = match self.player().course(script) {
            Course::Running => return self.set_alarm(),
            Course::Done => (0, finisher::PASS),
            Course::TimedOut => (1, finisher::failure(1)),
        };
        self.take_records();
        self.log(LogKind::Over, now, [word]);
        end(how);
    }

    /// The clock's interrupt comes for whoever wants it first.
    fn set_alarm(&mut self) {
        let script = self.script();
        let due = self.player().due(script);
        // What is due at a tick is done after it.
        let due = (due != NO_LIMIT).then(|| due.saturating_sub(self.ticks_before()) + 1);
        let kernels = PLAYER.kernel_alarm.get();
        clock::strike(kernels.into_iter().chain(due).min());
    }

    /// The bytes that have been typed by now, as many as the UART takes in.
    fn typed(&mut self) -> ([u8; FIFO_BYTES], usize) {
        let (script, now) = (self.script(), self.now());
        let player = self.player();
        let mut bytes = [0; FIFO_BYTES];
        let mut count = 0;
        while count < FIFO_BYTES
            && let Some(byte) = player.take_typed(script, now)
        {
            bytes[count] = byte;
            count += 1;
        }
        if count == FIFO_BYTES {
            player.hold_up(now);
        }
        (bytes, count)
    }

    fn ring_word(&self, offset: usize) -> *mut u32 {
        (self.ring + offset) as *mut u32
    }

    fn take_records(&mut self) {
        // SAFETY: words of the control block, of which the kernel writes all but one.
        let [write, read, bytes, buffer] = [ring::WRITE, ring::READ, ring::BYTES, ring::BUFFER]
            .map(|offset| unsafe { self.ring_word(offset).read_volatile() });
        if bytes == 0 || write == read {
            return;
        }
        let words = (write.wrapping_sub(read) & (bytes - 1)) / 4;
        // An instant not before that of the records: they count finer than mtime.
        let now = self.now() + 1;
        let mut place = self.room(LogKind::Ring, now, words);
        let mut at = read;
        while at != write {
            let word = (buffer + at) as usize as *const u32;
            // SAFETY: `at` is a word of the ring, complete since `write` is behind it.
            let word = unsafe { word.read_volatile() };
            // SAFETY: `room` answered room for all of them.
            unsafe { place.write(word) };
            // SAFETY: as above.
            place = unsafe { place.add(1) };
            at = (at + 4) & (bytes - 1);
        }
        // SAFETY: the one word of the control block that is its reader's.
        unsafe { self.ring_word(ring::READ).write_volatile(write) };
    }

    fn log<const N: usize>(&mut self, kind: LogKind, tick: u64, words: [u32; N]) {
        let place = self.room(kind, tick, N as u32);
        // SAFETY: `room` answered room for them.
        unsafe { place.cast::<[u32; N]>().write(words) };
    }

    /// Begins an entry of so many words; where they go. A log that is full ends the machine.
    fn room(&mut self, kind: LogKind, tick: u64, words: u32) -> NonNull<u32> {
        let page = self.page.as_ptr();
        // SAFETY: invariant 2, here and below; words that the player's state is not among.
        let at = unsafe { (*page).log_bytes };
        // SAFETY: as above.
        let room = unsafe { (*page).log_bytes_max };
        let end = at + 4 * (LogKind::HEAD_WORDS as u32 + words);
        if end > room {
            // SAFETY: as above.
            unsafe { (*page).log_is_full = 1 };
            self::end(finisher::failure(LOG_IS_FULL));
        }
        // SAFETY: as above.
        unsafe { (*page).log_bytes = end };
        // SAFETY: the entry is within the log.
        let entry = unsafe { self.page.byte_add((Page::LOG_AT + at) as usize) };
        let head = kind.head(words, tick);
        // SAFETY: as above.
        unsafe { entry.cast::<[u32; LogKind::HEAD_WORDS]>().write(head) };
        // SAFETY: as above.
        unsafe { entry.cast::<u32>().add(LogKind::HEAD_WORDS) }
    }
}
