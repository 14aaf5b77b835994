//! What the kernel's operations cost: the loops that `cargo xtask cost` counts the instructions of.
//!
//! The problem: a device cannot count its own instructions exactly without paying for it. So a loop
//! only says where it begins and ends, by a store of its row's id to [`RAMSCOPE_BENCH`]; whoever
//! watches the machine's stores counts what executes between. A figure is the row's instructions less
//! those of as many empty rounds, by operations. The lines on the console say how many there were.
//!
//! Invariants:
//! 1. Nothing is printed while a row is measured, and the transmitter is idle before the next.
//! 2. A row whose operations did not all do their work panics: `bench: ended` means that they did.
//! 3. Every unit that takes part in a row counts its rounds, and none is more than one ahead.
#![expect(unsafe_code, reason = "a name that the harness finds in the image")]

mod garbage;
mod interrupts;
mod masked;
mod memory;
mod objects;
mod threads;

use core::hint::black_box;
use core::sync::atomic::{AtomicU32, Ordering};
use ramscope_kernel::sched::PRIORITY_DEFAULT;
use ramscope_kernel::thread::{Builder, End, JoinHandle};
use ramscope_kernel::{Arguments, Error, Span, println, thread};

/// The row that is measured now, by the letters of its id; 0 for none.
#[used]
#[unsafe(no_mangle)]
static RAMSCOPE_BENCH: AtomicU32 = AtomicU32::new(0);

/// How often each row does its operation, after [`WARM_UP`] rounds that do not count.
const ROUNDS: u32 = 1_000;
const WARM_UP: u32 = 10;
/// Empty rounds for dozens of ticks of a millisecond.
const SPINS: u32 = 2_000_000;
/// Most other units that take part in a row.
const PARTNERS_MAX: usize = 4;

/// The main thread's own priority, and that of partners which take turns with it.
const EQUAL: u8 = PRIORITY_DEFAULT;
const HIGHER: u8 = PRIORITY_DEFAULT + 2;
const LOWER: u8 = PRIORITY_DEFAULT - 4;

/// The rounds of main, then those of its partners.
static COUNTS: [AtomicU32; 1 + PARTNERS_MAX] = [const { AtomicU32::new(0) }; 1 + PARTNERS_MAX];

/// One line of the table: an id of up to four letters.
#[derive(Clone, Copy)]
struct Row(u32);

/// An empty round, which every other round contains.
const BASE: Row = Row::of(b"base");

impl Row {
    const fn of(id: &[u8; 4]) -> Self {
        Self(u32::from_le_bytes(*id))
    }

    /// What executes from here on counts for this row, and for no other.
    #[inline(always)]
    fn begin(self) {
        RAMSCOPE_BENCH.store(self.0, Ordering::Relaxed);
    }

    /// Says how many operations it had, and how many rounds of loops were around them.
    fn say(self, operations: u32, rounds: u32) -> Result<(), Error> {
        let id = self.0.to_le_bytes();
        let id = core::str::from_utf8(&id).expect("an id has letters only").trim_end();
        println!("bench: {id} {operations} operations, {rounds} rounds");
        settle()
    }
}

/// What executes from here on counts for no row.
#[inline(always)]
fn pause() {
    RAMSCOPE_BENCH.store(0, Ordering::Relaxed);
}

/// Waits until the console has sent everything and all others wait again.
fn settle() -> Result<(), Error> {
    thread::sleep(Span::from_millis(20))
}

/// Does `work` so often; `counter` has how often it did what it should.
#[inline(always)]
fn repeat(times: u32, counter: &AtomicU32, mut work: impl FnMut() -> bool) {
    for _ in 0..times {
        let done = u32::from(work());
        let count = counter.load(Ordering::Relaxed).wrapping_add(done);
        counter.store(count, Ordering::Relaxed);
    }
}

/// Measures main's `work` and that of the `partners` that run along; a round has so many `operations`.
#[inline(always)]
fn measure(
    row: Row,
    operations: u32,
    partners: &Partners,
    mut work: impl FnMut() -> bool,
) -> Result<(), Error> {
    COUNTS[0].store(0, Ordering::Relaxed);
    repeat(WARM_UP, &COUNTS[0], &mut work);
    row.begin();
    repeat(ROUNDS, &COUNTS[0], &mut work);
    pause();
    let [main, others @ ..] = &COUNTS;
    let main = main.load(Ordering::Relaxed);
    assert!(main == WARM_UP + ROUNDS, "a round of main failed");
    for other in &others[..partners.count()] {
        assert!(other.load(Ordering::Relaxed).abs_diff(main) <= 1, "a partner is out of step");
    }
    row.say(ROUNDS * operations, ROUNDS * (1 + partners.count() as u32))
}

/// The other units of a row.
struct Partners([Option<JoinHandle>; PARTNERS_MAX]);

impl Partners {
    const NONE: Partners = Partners([const { None }; PARTNERS_MAX]);

    /// Starts so many that do `work` as often as main does its own.
    fn start(
        count: usize,
        priority: u8,
        work: impl FnMut() -> bool + Copy + Send + 'static,
    ) -> Result<Self, Error> {
        let mut partners = Self::NONE;
        for (place, counter) in partners.0.iter_mut().zip(&COUNTS[1..]).take(count) {
            counter.store(0, Ordering::Relaxed);
            let body = move || repeat(WARM_UP + ROUNDS, counter, work);
            let builder = Builder::new("partner").stack_bytes(1536).priority(priority);
            *place = Some(builder.spawn(body)?);
        }
        // One that is more urgent has reached its first wait before main goes on here.
        Ok(partners)
    }

    /// The first one, of a row that has one.
    fn first(&self) -> &JoinHandle {
        self.0[0].as_ref().expect("the row has a partner")
    }

    fn count(&self) -> usize {
        self.0.iter().flatten().count()
    }

    fn join(self) -> Result<(), Error> {
        self.0.into_iter().flatten().try_for_each(join)
    }
}

/// Waits for the end of a unit, which has to be a good one.
fn join(handle: JoinHandle) -> Result<(), Error> {
    let end = handle.join()?;
    assert!(end == End::Returned, "a unit ended otherwise than by returning");
    Ok(())
}

/// So many empty rounds: never inlined, so that all rows that use it have the same ones.
#[inline(never)]
fn spin(rounds: u32) {
    repeat(rounds, &COUNTS[0], || {
        black_box(());
        true
    });
}

/// As many as the longest row has, so that what is around the loop does not show.
fn base() -> Result<(), Error> {
    BASE.begin();
    spin(SPINS);
    pause();
    BASE.say(SPINS, SPINS)
}

pub(crate) fn run(arguments: Arguments<'_>) -> Result<(), Error> {
    settle()?;
    match arguments.text("part") {
        Some("masked") => return masked::all(),
        Some("memory") => return memory::all(),
        Some("garbage") => return garbage::all(),
        _ => {}
    }
    base()?;
    threads::all()?;
    objects::all()?;
    interrupts::all()?;
    garbage::all()
}
