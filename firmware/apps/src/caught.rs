//! An exception caught inside its thread (seed 002, "Handle exceptions in threads"): the thread's
//! work fails half-way, the thread handles the error itself and ends in order.

use core::fmt;
use ramscope_kernel::{Arguments, Error, Span, println, thread};

/// What can go wrong in the work: its own mistake, or what the kernel answers.
enum WorkError {
    SensorSilent { reading: u32 },
    Kernel(Error),
}

impl From<Error> for WorkError {
    fn from(error: Error) -> Self {
        WorkError::Kernel(error)
    }
}

impl fmt::Display for WorkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            WorkError::SensorSilent { reading } => write!(f, "sensor silent at reading {reading}"),
            WorkError::Kernel(error) => write!(f, "{error}"),
        }
    }
}

fn read_sensor(reading: u32) -> Result<(), WorkError> {
    if reading == 3 {
        return Err(WorkError::SensorSilent { reading });
    }
    println!("Thread is running: {reading}");
    thread::sleep(Span::from_millis(100))?;
    Ok(())
}

fn thread_function() -> Result<(), Error> {
    match (0..5).try_for_each(read_sensor) {
        // A request to end is not an error of the work: it goes on up.
        Err(WorkError::Kernel(error)) => Err(error),
        Err(error) => {
            println!("Exception in thread: {error}");
            Ok(())
        }
        Ok(()) => Ok(()),
    }
}

pub(crate) fn run(_: Arguments<'_>) -> Result<(), Error> {
    let worker = thread::Builder::new("worker").stack_bytes(2048).spawn(thread_function)?;
    let end = worker.join()?;
    println!("worker: {end:?}");
    Ok(())
}
