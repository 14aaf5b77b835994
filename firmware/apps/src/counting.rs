//! Two threads counting (seed 002, "Creating a Simple Thread"): a thread counts to five, main to
//! three, one number a second each; main stays until the other has finished.

use ramscope_kernel::{Arguments, Error, Span, println, thread};

const SECOND: Span = Span::from_seconds(1);

fn thread_function() -> Result<(), Error> {
    for i in 0..5 {
        println!("Thread is running: {i}");
        thread::sleep(SECOND)?;
    }
    Ok(())
}

pub(crate) fn run(_: Arguments<'_>) -> Result<(), Error> {
    let counter = thread::Builder::new("counter").stack_bytes(2048).spawn(thread_function)?;
    for i in 0..3 {
        println!("Main thread is running: {i}");
        thread::sleep(SECOND)?;
    }
    let end = counter.join()?;
    println!("counter: {end:?}");
    Ok(())
}
