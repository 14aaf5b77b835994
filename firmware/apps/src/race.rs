//! A lost update: two threads read, add and write back, and nothing orders them. With `lock=on` a
//! lock does, and every update is there at the end.

use core::hint::black_box;
use ramscope_kernel::{Arguments, Error, Lock, Shared, println, thread};

static COUNT: Shared<u32> = Shared::of("count", 0);
static LOCK: Lock = Lock::named("count lock");
/// How often each of the two adds.
const TIMES: u32 = 50_000;

fn add_one() {
    let before = COUNT.get();
    COUNT.set(black_box(before) + 1);
}

fn adder(times: u32, locked: Locked) -> Result<(), Error> {
    for _ in 0..times {
        let _held = match locked {
            Locked::Yes => Some(LOCK.hold()?),
            Locked::No => None,
        };
        add_one();
    }
    Ok(())
}

#[derive(Clone, Copy)]
enum Locked {
    Yes,
    No,
}

pub(crate) fn run(arguments: Arguments<'_>) -> Result<(), Error> {
    let times = arguments.number("times", TIMES);
    let locked = if arguments.text("lock") == Some("on") { Locked::Yes } else { Locked::No };
    COUNT.set(0);
    let adders = ["left", "right"].map(|name| {
        let builder = thread::Builder::new(name).stack_bytes(1536);
        builder.spawn(move || adder(times, locked))
    });
    for adder in adders {
        adder?.join()?;
    }
    let (found, made) = (COUNT.get(), 2 * times);
    println!("race: {found} of {made} updates are left, {} were lost", made - found);
    Ok(())
}
