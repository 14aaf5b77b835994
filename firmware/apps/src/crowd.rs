//! Too many threads: starts sleepers until one is refused, says which resource was missing and what
//! pends, and ends in order. `stack=N` gives each N bytes: large ones run out of memory first, small
//! ones of slots.

use ramscope_kernel::sched::THREADS_MAX;
use ramscope_kernel::thread::{Builder, JoinHandle};
use ramscope_kernel::{Arguments, Error, Span, mem, println, thread};

pub(crate) fn run(arguments: Arguments<'_>) -> Result<(), Error> {
    let stack = arguments.number("stack", 1024) as usize;
    let before = mem::used_bytes();
    let mut crowd: [Option<JoinHandle>; THREADS_MAX] = [const { None }; THREADS_MAX];
    for (started, place) in crowd.iter_mut().enumerate() {
        let sleeper = Builder::new("sleeper").stack_bytes(stack);
        match sleeper.spawn(|| thread::sleep(Span::from_seconds(60))) {
            Ok(handle) => *place = Some(handle),
            Err(error) => {
                println!("crowd: {started} started, then {error}");
                break;
            }
        }
    }
    for handle in crowd.iter().flatten() {
        handle.request_exit();
    }
    for handle in crowd.into_iter().flatten() {
        handle.join()?;
    }
    println!("crowd: {} B more in use than before", mem::used_bytes() - before);
    Ok(())
}
