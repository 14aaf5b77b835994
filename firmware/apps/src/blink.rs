//! Blink (seed 000, "Threads _thread"): a thread that prints and sleeps a second, for ever. Here
//! main asks it to end after some blinks, because a scenario must end too.

use ramscope_kernel::{Arguments, Error, Span, println, thread};

fn blink() -> Result<(), Error> {
    loop {
        println!("Blink");
        thread::sleep(Span::from_seconds(1))?;
    }
}

pub(crate) fn run(arguments: Arguments<'_>) -> Result<(), Error> {
    let times = arguments.number("times", 3);
    let blinker = thread::Builder::new("blink").stack_bytes(2048).spawn(blink)?;
    thread::sleep(Span::from_millis(u64::from(times) * 1_000 - 500))?;
    blinker.request_exit();
    let end = blinker.join()?;
    println!("blink: {end:?}");
    Ok(())
}
