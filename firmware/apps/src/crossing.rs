//! A callback that wants the lock which the thread has that it displaces. On MicroPython the callback
//! runs on that thread's own stack, and the board stands still for good; here it waits in its own unit,
//! the thread goes on, and the crossing is reported with both places.

use ramscope_kernel::callback;
use ramscope_kernel::{Arguments, Error, Lock, Span, println, thread};

static BUS: Lock = Lock::named("bus");

fn read_bus(_: usize) {
    if BUS.acquire().is_ok() {
        println!("crossing: the callback has the bus");
        // It is held, so that is no error.
        let _ = BUS.release();
    }
}

pub(crate) fn run(_: Arguments<'_>) -> Result<(), Error> {
    BUS.acquire()?;
    callback::schedule(read_bus, 0)?;
    println!("crossing: main goes on");
    BUS.release()?;
    thread::sleep(Span::from_millis(5))?;
    Ok(())
}
