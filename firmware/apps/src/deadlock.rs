//! Two threads take two locks in opposite order. With `kind=lock` both stand still for ever, and the
//! kernel says who waits for whom; with `kind=mutex` the one that closes the circle gets an error,
//! gives back what it has, and tries again.

use ramscope_kernel::{Arguments, Error, Lock, Mutex, Span, println, thread};

static LEFT_LOCK: Lock = Lock::named("left");
static RIGHT_LOCK: Lock = Lock::named("right");
static LEFT: Mutex<u32> = Mutex::named("left", 0);
static RIGHT: Mutex<u32> = Mutex::named("right", 0);

/// Long enough for the other one to take its first lock.
const MEANWHILE: Span = Span::from_millis(5);

fn take_both(first: &'static Lock, then: &'static Lock) -> Result<(), Error> {
    let _first = first.hold()?;
    thread::sleep(MEANWHILE)?;
    let _then = then.hold()?;
    println!("{} has both", thread::current_name());
    Ok(())
}

fn take_both_or_retreat(
    first: &'static Mutex<u32>,
    then: &'static Mutex<u32>,
) -> Result<(), Error> {
    loop {
        let mut one = first.lock()?;
        thread::sleep(MEANWHILE)?;
        match then.lock() {
            Ok(mut other) => {
                (*one, *other) = (*one + 1, *other + 1);
                println!("{} has both", thread::current_name());
                return Ok(());
            }
            Err(Error::Deadlock) => {
                println!("{} would close a circle, and retreats", thread::current_name());
                drop(one);
                thread::sleep(MEANWHILE)?;
            }
            Err(error) => return Err(error),
        }
    }
}

pub(crate) fn run(arguments: Arguments<'_>) -> Result<(), Error> {
    let builder = |name| thread::Builder::new(name).stack_bytes(2048);
    let (one, other) = match arguments.text("kind") {
        Some("mutex") => (
            builder("one").spawn(|| take_both_or_retreat(&LEFT, &RIGHT))?,
            builder("other").spawn(|| take_both_or_retreat(&RIGHT, &LEFT))?,
        ),
        _ => (
            builder("one").spawn(|| take_both(&LEFT_LOCK, &RIGHT_LOCK))?,
            builder("other").spawn(|| take_both(&RIGHT_LOCK, &LEFT_LOCK))?,
        ),
    };
    println!("deadlock: one {:?}", one.join()?);
    println!("deadlock: other {:?}", other.join()?);
    Ok(())
}
