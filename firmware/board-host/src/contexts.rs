//! Contexts as coroutines: symmetric switches on top of asymmetric ones.
//!
//! The kernel says "go on with that one"; a coroutine can only suspend to whoever resumed it. So
//! a driver resumes one coroutine after the other, and a switch is: name the next, suspend.
//!
//! Invariants:
//! 1. A coroutine is out of its place in the table exactly while it runs.
//! 2. An abandoned coroutine is reset, not unwound: on a chip nothing would be unwound either.

use corosensei::{Coroutine, CoroutineResult, Yielder};
use ramscope_kernel::port::Context;
use std::cell::{Cell, RefCell};

type Unit = Coroutine<(), (), ()>;

/// What the running coroutine asks the driver to do.
enum Request<S> {
    Resume(Context),
    AbandonAndResume(Context),
    Stop(S),
}

pub(crate) struct Contexts<S> {
    units: RefCell<Vec<Option<Unit>>>,
    yielders: RefCell<Vec<*const Yielder<(), ()>>>,
    current: Cell<Context>,
    request: Cell<Option<Request<S>>>,
}

impl<S> Contexts<S> {
    pub(crate) fn new() -> Self {
        Self {
            units: RefCell::new(Vec::new()),
            yielders: RefCell::new(Vec::new()),
            current: Cell::new(0),
            request: Cell::new(None),
        }
    }

    /// The context that runs.
    pub(crate) fn current(&self) -> Context {
        self.current.get()
    }

    /// A context that calls `entry` when it is first resumed.
    pub(crate) fn prepare(&'static self, entry: impl FnOnce() + 'static) -> Context {
        self.add(entry)
    }

    fn add(&'static self, entry: impl FnOnce() + 'static) -> Context {
        let context = self.yielders.borrow().len();
        let unit = Coroutine::new(move |yielder: &Yielder<(), ()>, ()| {
            self.yielders.borrow_mut()[context] = yielder;
            entry();
        });
        self.units.borrow_mut().push(Some(unit));
        self.yielders.borrow_mut().push(std::ptr::null());
        context
    }

    /// Goes on with `load`; returns when somebody goes on with the caller.
    pub(crate) fn switch(&self, load: Context) {
        self.ask(Request::Resume(load));
    }

    /// Goes on with `load`, for ever.
    pub(crate) fn abandon_for(&self, load: Context) -> ! {
        self.ask(Request::AbandonAndResume(load));
        unreachable!("the driver has reset this coroutine")
    }

    /// Ends the drive.
    pub(crate) fn stop(&self, why: S) {
        self.ask(Request::Stop(why));
    }

    fn ask(&self, request: Request<S>) {
        self.request.set(Some(request));
        let yielder = self.yielders.borrow()[self.current.get()];
        // SAFETY: the yielder of the running coroutine, which lives as long as that does.
        unsafe { (*yielder).suspend(()) };
    }

    /// Runs `boot` and everything that it switches to, until somebody asks to stop.
    pub(crate) fn drive(&'static self, boot: impl FnOnce() -> S + 'static) -> S {
        self.current.set(self.add(move || {
            let why = boot();
            self.request.set(Some(Request::Stop(why)));
        }));
        loop {
            let context = self.current.get();
            let taken = self.units.borrow_mut()[context].take();
            let mut unit = taken.expect("whoever is resumed is not running");
            let result = unit.resume(());
            let request = self.request.take().expect("a coroutine says why it suspends");
            match request {
                Request::Resume(next) => self.current.set(next),
                Request::AbandonAndResume(next) => {
                    self.current.set(next);
                    reset(unit);
                    continue;
                }
                Request::Stop(why) => {
                    reset(unit);
                    self.units.borrow_mut().drain(..).flatten().for_each(reset);
                    return why;
                }
            }
            debug_assert!(matches!(result, CoroutineResult::Yield(())));
            self.units.borrow_mut()[context] = Some(unit);
        }
    }
}

/// Gives a coroutine's stack back without running anything on it.
fn reset(mut unit: Unit) {
    if unit.started() && !unit.done() {
        // SAFETY: nothing refers to the frames on that stack: its unit has ended or will never
        // run again, and what it borrowed of others is never used through it.
        unsafe { unit.force_reset() };
    }
}
