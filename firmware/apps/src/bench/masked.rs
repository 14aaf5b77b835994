//! Scenes for the longest stretch with interrupts masked, or the kernel held: as many threads as there are slots for, and
//! 32 of them wait for the object that one operation then touches; what is no object (the clock, the
//! processor) all of them wait for.

use super::{EQUAL, HIGHER, LOWER, Row, pause, settle};
use core::array::from_fn;
use core::sync::atomic::{AtomicU32, Ordering};
use ramscope_kernel::mem::Box;
use ramscope_kernel::sched::THREADS_MAX;
use ramscope_kernel::sync::{
    Barrier, Clearing, Condition, Flags, Queue, RwLock, Semaphore, Wanted,
};
use ramscope_kernel::thread::{Builder, JoinHandle};
use ramscope_kernel::timer::{Config, HARDWARE_TIMERS, TIMERS_MAX, Timer};
use ramscope_kernel::{Error, Instant, Lock, Mutex, Span, handler, println, thread};

/// All slots but those of the idle context, main, the console, the callbacks, and one for the scene.
const CROWD: usize = THREADS_MAX - 5;
/// Those of them that wait for an object; the others sleep.
const WAITERS: usize = 32;
const TIMERS: usize = TIMERS_MAX - HARDWARE_TIMERS;
const FAR: Span = Span::from_seconds(60);

static SEMAPHORE: Semaphore = Semaphore::named("crowd permits", 0, u32::MAX);
static LOCK: Lock = Lock::named("crowd lock");
static MUTEX: Mutex<u32> = Mutex::named("crowd mutex", 0);
static FLAGS: Flags = Flags::named("crowd flags");
static QUEUE: Queue<u32, 1> = Queue::named("crowd queue");
static CLOSING: Queue<u32, 1> = Queue::named("closing");
static CONDITION: Condition = Condition::named("crowd condition");
static BARRIER: Barrier = Barrier::named("crowd barrier", WAITERS as u8 + 1);
static SHARED: RwLock<u32> = RwLock::named("crowd rwlock", 0);
static BROKEN: Lock = Lock::named("broken lock");
static CHAIN: [Mutex<()>; WAITERS + 1] = [const { Mutex::named("chain", ()) }; WAITERS + 1];
static GATE: Semaphore = Semaphore::named("gate", 0, 1);
static STOP: AtomicU32 = AtomicU32::new(0);

/// One operation among a crowd: what each of the crowd does, by its number, and what is measured.
struct Scene {
    row: Row,
    what: &'static str,
    /// How many of the crowd do it; the others sleep.
    waiters: usize,
    priority: fn(usize) -> u8,
    crowd: fn(usize) -> Result<(), Error>,
    act: fn() -> Result<(), Error>,
    /// What lets the crowd go that still waits; it is asked to exit besides.
    end: fn(),
}

impl Scene {
    const fn new(id: &[u8; 4], what: &'static str) -> Self {
        Self {
            row: Row::of(id),
            what,
            waiters: WAITERS,
            priority: |_| EQUAL,
            crowd: |_| thread::sleep(FAR),
            act: || Ok(()),
            end: || (),
        }
    }

    fn play(&self) -> Result<(), Error> {
        let mut crowd: [Option<JoinHandle>; CROWD] = [const { None }; CROWD];
        let asleep: fn(usize) -> Result<(), Error> = |_| thread::sleep(FAR);
        for (index, place) in crowd.iter_mut().enumerate() {
            let work = if index < self.waiters { self.crowd } else { asleep };
            let builder = Builder::new("waiter").stack_bytes(1024).priority((self.priority)(index));
            *place = Some(builder.spawn(move || work(index))?);
        }
        thread::sleep(Span::from_millis(5))?;
        self.row.begin();
        let acted = (self.act)();
        pause();
        acted?;
        (self.end)();
        for waiter in crowd.iter().flatten() {
            waiter.request_exit();
        }
        for waiter in crowd.into_iter().flatten() {
            waiter.join()?;
        }
        let id = self.row.0.to_le_bytes();
        let id = core::str::from_utf8(&id).expect("an id has letters only").trim_end();
        println!("bench: {id} masked: {}, {CROWD} others", self.what);
        settle()
    }
}

/// Does it once for each waiter.
fn for_each(mut act: impl FnMut() -> Result<(), Error>) -> Result<(), Error> {
    (0..WAITERS).try_for_each(|_| act())
}

/// Priorities from low to high and round again.
fn mixed(index: usize) -> u8 {
    1 + (index % 7) as u8
}

const SCENES: &[Scene] = &[
    Scene {
        waiters: CROWD,
        crowd: |_| {
            while STOP.load(Ordering::Relaxed) == 0 {
                thread::yield_now();
            }
            Ok(())
        },
        act: || {
            (0..10).for_each(|_| thread::yield_now());
            Ok(())
        },
        end: || STOP.store(1, Ordering::Relaxed),
        ..Scene::new(b"I1  ", "yield among ready threads")
    },
    Scene {
        crowd: |_| SEMAPHORE.acquire(),
        act: || for_each(|| SEMAPHORE.release()),
        ..Scene::new(b"I2  ", "semaphore, acquire and release")
    },
    Scene {
        crowd: |_| LOCK.acquire().and_then(|()| LOCK.release()),
        act: || for_each(|| LOCK.acquire().and_then(|()| LOCK.release())),
        ..Scene::new(b"I3  ", "lock, acquire and release")
    },
    Scene {
        priority: mixed,
        crowd: |_| {
            let guard = MUTEX.lock()?;
            thread::yield_now();
            drop(guard);
            Ok(())
        },
        act: || {
            let guard = MUTEX.lock()?;
            thread::sleep(Span::from_millis(2))?;
            drop(guard);
            thread::sleep(Span::from_millis(20))
        },
        ..Scene::new(b"I4  ", "mutex of mixed priorities")
    },
    Scene {
        priority: |_| LOWER,
        crowd: |index| {
            let _mine = CHAIN[index].lock()?;
            thread::sleep(Span::from_millis(2))?;
            if index == WAITERS - 1 {
                return GATE.acquire();
            }
            CHAIN[index + 1].lock().map(drop)
        },
        act: || {
            // The last of the chain waits for the gate; the first is asked for in vain, then again.
            assert!(CHAIN[0].lock_for(Span::from_millis(1)).is_err(), "the chain is complete");
            let open = Builder::new("opens").stack_bytes(1024).priority(1);
            let opens = open.spawn(|| GATE.release())?;
            drop(CHAIN[0].lock()?);
            opens.join().map(drop)
        },
        ..Scene::new(b"I5  ", "mutexes in a chain of waits")
    },
    Scene {
        crowd: |_| FLAGS.wait(Wanted::Any(1), Clearing::Keep).map(drop),
        act: || {
            FLAGS.set(1);
            Ok(())
        },
        end: || FLAGS.clear(1),
        ..Scene::new(b"I6  ", "flags that all wait for")
    },
    Scene {
        crowd: |_| QUEUE.receive().map(drop),
        act: || for_each(|| QUEUE.send(1).map_err(|refused| refused.error)),
        ..Scene::new(b"I7  ", "queue, send and receive")
    },
    Scene {
        crowd: |_| CLOSING.receive().map(drop),
        act: || {
            CLOSING.close();
            Ok(())
        },
        ..Scene::new(b"I8  ", "queue that is closed")
    },
    Scene {
        crowd: |_| {
            let guard = MUTEX.lock()?;
            CONDITION.wait(guard).map(drop)
        },
        act: || {
            CONDITION.notify_all();
            thread::sleep(Span::from_millis(5))
        },
        ..Scene::new(b"I9  ", "condition that all wait for")
    },
    Scene {
        crowd: |_| BARRIER.wait().map(drop),
        act: || BARRIER.wait().map(drop),
        ..Scene::new(b"I10 ", "barrier, the last to come")
    },
    Scene {
        crowd: |_| SHARED.read().map(drop),
        act: || {
            let guard = SHARED.write()?;
            thread::sleep(Span::from_millis(2))?;
            drop(guard);
            thread::sleep(Span::from_millis(5))
        },
        ..Scene::new(b"I11 ", "reader-writer lock")
    },
    Scene {
        waiters: CROWD,
        priority: |_| HIGHER,
        crowd: |_| {
            let millisecond = Span::from_millis(1).ticks();
            let at = (Instant::now().ticks() / millisecond + 10) * millisecond;
            thread::sleep(Span::from_micros((at - Instant::now().ticks()) / 16))
        },
        act: || thread::sleep(Span::from_millis(20)),
        ..Scene::new(b"I12 ", "sleepers that wake together")
    },
    Scene {
        act: || {
            (0..10).try_for_each(|_| {
                let child = Builder::new("child").stack_bytes(1024).priority(HIGHER);
                child.spawn(|| ())?.join().map(drop)
            })
        },
        ..Scene::new(b"I13 ", "thread that comes and ends")
    },
    Scene {
        act: || {
            for _ in 0..20 {
                let small = Box::new([0_u8; 24])?;
                let large = Box::new([0_u8; 700])?;
                drop(small);
                drop(Box::new([0_u8; 90])?);
                drop(large);
            }
            Ok(())
        },
        ..Scene::new(b"I14 ", "heap, take and give back")
    },
    Scene {
        act: || {
            println!("bench: a line on the console, {} others", CROWD);
            thread::sleep(Span::from_millis(10))
        },
        ..Scene::new(b"I15 ", "a line on the console")
    },
    Scene {
        crowd: |_| BROKEN.acquire(),
        act: || BROKEN.release(),
        // Each of them ends holding it, until the last one has.
        end: || while BROKEN.release().is_ok() {},
        ..Scene::new(b"I16 ", "lock that is handed over")
    },
    Scene {
        crowd: |_| FLAGS.wait(Wanted::Any(2), Clearing::Keep).map(drop),
        act: || {
            assert!(handler::raise(|| FLAGS.set(2)), "no other request is under way");
            thread::sleep(Span::from_millis(5))
        },
        end: || FLAGS.clear(2),
        ..Scene::new(b"I17 ", "flags set in a handler")
    },
    Scene {
        act: || {
            let timers: [Result<Timer, Error>; TIMERS] = from_fn(|_| Timer::named("together"));
            let start = Instant::now() + Span::from_millis(10);
            for timer in timers.iter().flatten() {
                timer.init(Config::one_shot().period(10).callback(|_| ()))?;
                timer.start_from(start);
            }
            thread::sleep(Span::from_millis(40))
        },
        ..Scene::new(b"I20 ", "timers that expire together")
    },
    Scene {
        act: || thread::sleep(Span::from_millis(1_200)),
        ..Scene::new(b"I18 ", "samples and introductions")
    },
];

/// Plays all scenes, and the end of a thread that takes a held lock with it.
pub(super) fn all() -> Result<(), Error> {
    SCENES.iter().try_for_each(Scene::play)?;
    TEAR_DOWN.play()
}

/// A thread panics that holds what all others wait for.
const TEAR_DOWN: Scene = Scene {
    crowd: |index| {
        if index == 0 {
            BROKEN.acquire()?;
            GATE.acquire()?;
            panic!("as the scene wants it");
        }
        BROKEN.acquire()
    },
    act: || {
        GATE.release()?;
        thread::sleep(Span::from_millis(20))
    },
    end: || BROKEN.clear_poison(),
    ..Scene::new(b"I19 ", "tear-down of a holder")
};
