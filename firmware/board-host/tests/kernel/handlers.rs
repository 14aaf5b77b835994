//! What a handler tells to many.

use crate::check::{check, lines};
use crate::locks::{MILLISECOND, small};
use ramscope_kernel::sync::{Clearing, Condition, Flags, Queue, Wanted};
use ramscope_kernel::thread::{self, JoinHandle};
use ramscope_kernel::{Error, Mutex, handler, println};

/// Starts `count` threads that print their number when `wait` is over.
fn crowd(count: u32, wait: fn() -> Result<(), Error>) -> Result<Vec<JoinHandle>, Error> {
    let one = |number| small("one").spawn(move || println!("{number} {:?}", wait()));
    let handles = (0..count).map(one).collect::<Result<Vec<_>, Error>>()?;
    thread::sleep(MILLISECOND)?;
    Ok(handles)
}

fn join_all(handles: Vec<JoinHandle>) -> Result<(), Error> {
    handles.into_iter().try_for_each(|handle| handle.join().map(drop))
}

#[test]
fn what_a_handler_tells_to_many_reaches_all_in_their_order() {
    static MANY: Flags = Flags::named("many");
    static CLOSES: Queue<u32, 1> = Queue::named("closes");
    static CHANGED: Condition = Condition::named("changed");
    static STATE: Mutex<u32> = Mutex::named("state", 0);
    let in_order = |what: &str| (0..6).map(|number| format!("{number} {what}")).collect::<Vec<_>>();
    let printed = lines(|_| {
        let waiters = crowd(6, || MANY.wait(Wanted::Any(1), Clearing::Keep).map(drop))?;
        handler::raise(|| MANY.set(1));
        join_all(waiters)?;
        let waiters = crowd(6, || CLOSES.receive().map(drop))?;
        handler::raise(|| CLOSES.close());
        join_all(waiters)?;
        let waiters = crowd(6, || CHANGED.wait(STATE.lock()?).map(drop))?;
        handler::raise(|| CHANGED.notify_all());
        join_all(waiters)
    });
    assert_eq!(printed[..6], in_order("Ok(())"));
    assert_eq!(printed[6..12], in_order("Err(Closed)"));
    assert_eq!(printed[12..], in_order("Ok(())"));
}

#[test]
fn flags_that_a_handler_sets_and_waiters_clear_reach_as_many_as_before() {
    static TURN: Flags = Flags::named("turn");
    check(
        |_| {
            let waiters = crowd(3, || TURN.wait(Wanted::Any(1), Clearing::Clear).map(drop))?;
            handler::raise(|| TURN.set(1));
            thread::sleep(MILLISECOND)?;
            println!("{} is left", TURN.get());
            handler::raise(|| TURN.set(1));
            thread::sleep(MILLISECOND)?;
            waiters.iter().for_each(|waiter| waiter.request_exit());
            join_all(waiters)
        },
        &["0 Ok(())", "0 is left", "1 Ok(())", "2 Err(Exit(Exit { _private: () }))"],
    );
}
