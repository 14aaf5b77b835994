//! Guards that their threads keep when they end: nobody can give back any more what they have.
//!
//! `what=mutex` is taken and forgotten while main waits for it; `what=reader` is read, and `what=writer`
//! written, by a thread that is over when main asks. All three are told with where they were taken; the
//! mutex and the written lock are poisoned, and main repairs them.

use ramscope_kernel::mem::Arc;
use ramscope_kernel::sync::RwLock;
use ramscope_kernel::{Arguments, Error, Mutex, Span, println, thread};

fn small() -> thread::Builder {
    thread::Builder::new("keeper").stack_bytes(2048)
}

fn mutex() -> Result<(), Error> {
    let total = Arc::new(Mutex::named("total", 0))?;
    let theirs = total.clone();
    let keeper = small().spawn(move || {
        core::mem::forget(theirs.lock()?);
        thread::sleep(Span::from_millis(5))
    })?;
    thread::sleep(Span::from_millis(1))?;
    println!("kept: main got {:?}", total.lock().map(drop));
    keeper.join()?;
    total.clear_poison();
    println!("kept: main got {:?}", total.lock().map(drop));
    Ok(())
}

fn lock(writes: Writes) -> Result<(), Error> {
    let table = Arc::new(RwLock::named("table", 0))?;
    let theirs = table.clone();
    let keeper = small().spawn(move || match writes {
        Writes::Yes => theirs.write().map(core::mem::forget),
        Writes::No => theirs.read().map(core::mem::forget),
    })?;
    keeper.join()?;
    println!("kept: main got {:?}", table.write().map(drop));
    table.clear_poison();
    println!("kept: main got {:?}", table.write().map(drop));
    Ok(())
}

#[derive(Clone, Copy)]
enum Writes {
    Yes,
    No,
}

pub(crate) fn run(arguments: Arguments<'_>) -> Result<(), Error> {
    match arguments.text("what") {
        Some("reader") => lock(Writes::No),
        Some("writer") => lock(Writes::Yes),
        _ => mutex(),
    }
}
