//! Rows T1 to T5: switches, and the life of a thread.

use super::{EQUAL, HIGHER, LOWER, Partners, ROUNDS, Row, join, measure, pause};
use ramscope_kernel::thread::{Builder, JoinHandle};
use ramscope_kernel::{Error, Span, thread};

const CREATE: Row = Row::of(b"T5.1");
const REAP: Row = Row::of(b"T5.2");
const LIFE: Row = Row::of(b"T5.3");
/// Threads that are there at the same time.
const BATCH: usize = 20;

fn give_way() -> bool {
    thread::yield_now();
    true
}

pub(super) fn all() -> Result<(), Error> {
    measure(Row::of(b"T1  "), 1, &Partners::NONE, give_way)?;
    in_turns(Row::of(b"T2  "), 1)?;
    in_turns(Row::of(b"T3  "), 4)?;
    resume()?;
    create_and_reap()?;
    measure(LIFE, 1, &Partners::NONE, || {
        let child = Builder::new("child").stack_bytes(512).priority(HIGHER).spawn(|| ());
        child.and_then(join).is_ok()
    })
}

/// Equal threads that do nothing but give way. Each of them is one switch a round.
fn in_turns(row: Row, partners: usize) -> Result<(), Error> {
    let others = Partners::start(partners, EQUAL, give_way)?;
    measure(row, 1 + partners as u32, &others, give_way)?;
    others.join()
}

/// A more urgent one is resumed, and suspends itself.
fn resume() -> Result<(), Error> {
    let higher = Partners::start(1, HIGHER, || thread::suspend().is_ok())?;
    let target = higher.first().thread_ref();
    measure(Row::of(b"T4  "), 1, &higher, || target.resume() == Ok(true))?;
    higher.join()
}

/// Threads that do not run before they are waited for; then their handles.
fn create_and_reap() -> Result<(), Error> {
    for _ in 0..ROUNDS as usize / BATCH {
        let mut children: [Option<JoinHandle>; BATCH] = [const { None }; BATCH];
        CREATE.begin();
        for place in &mut children {
            let child = Builder::new("child").stack_bytes(512).priority(LOWER).spawn(|| ());
            *place = Some(child?);
        }
        pause();
        thread::sleep(Span::from_millis(2))?;
        REAP.begin();
        for child in children.into_iter().flatten() {
            join(child)?;
        }
        pause();
    }
    CREATE.say(ROUNDS, ROUNDS)?;
    REAP.say(ROUNDS, ROUNDS)
}
