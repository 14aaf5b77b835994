//! What nobody can use any more, and what a collection makes of it: each `how` leaves something behind on
//! purpose, collects, and says what came back.

use core::hint::black_box;
use core::sync::atomic::{AtomicUsize, Ordering};
use ramscope_kernel::collect::Collected;
use ramscope_kernel::mem::{self, Arc, Box};
use ramscope_kernel::sync::Semaphore;
use ramscope_kernel::thread::JoinHandle;
use ramscope_kernel::{Arguments, Error, Mutex, Span, collect, println, thread};

/// What a thread leaves behind that is torn down.
type Legacy = Box<[u32; 64]>;

const STACK_BYTES: usize = 1024;
/// Long enough for everybody to wait, end, or be torn down, and for that to be said.
const MEANWHILE: Span = Span::from_millis(20);

/// Through which a thread gives away what it owns, before it is torn down.
static GIVEN: Mutex<Option<Legacy>> = Mutex::named("given", None);
/// Says that something was given.
static THERE: Semaphore = Semaphore::named("there", 0, 1);
/// Lets a thread go on that keeps what another one owned.
static LET_GO: Semaphore = Semaphore::named("let go", 0, 1);
/// A number that happens to be an address.
static NUMBER: AtomicUsize = AtomicUsize::new(0);

fn builder(name: &'static str) -> thread::Builder {
    thread::Builder::new(name).stack_bytes(STACK_BYTES)
}

/// Writes over what earlier calls have left below the caller's frame: the frames of later ones have
/// holes, through which a collection would see it.
#[inline(never)]
fn scrub() {
    black_box([0_u32; 192]);
}

/// Collects, and says what that gave back.
fn collected() -> Result<Collected, Error> {
    scrub();
    told(collect()?)
}

#[inline(never)]
fn told(it: Collected) -> Result<Collected, Error> {
    println!(
        "garbage: {} units told to end, {} blocks and {} owners came back, {} blocks stay",
        it.units, it.blocks, it.owners, it.kept_blocks
    );
    Ok(it)
}

/// Waits for what only it itself could give.
#[inline(never)]
fn wait_alone() -> Result<(), Error> {
    let gone = Arc::new(Semaphore::named("gone", 0, 1))?;
    let result = gone.acquire();
    println!("garbage: {} got {:?}", thread::current_name(), result);
    result
}

/// A thread that waits for an object which nobody else knows, and has no handle.
fn leaked_thread() -> Result<(), Error> {
    builder("leaked").spawn(wait_alone).map(drop)?;
    thread::sleep(MEANWHILE)?;
    collected()?;
    thread::sleep(MEANWHILE)
}

/// Takes the one lock, then the other one.
fn take_both(first: &Semaphore, second: &Semaphore) -> Result<(), Error> {
    first.acquire()?;
    thread::sleep(Span::from_millis(5))?;
    let result = second.acquire();
    println!("garbage: {} got {:?}", thread::current_name(), result);
    if result.is_ok() {
        second.release()?;
    }
    first.release()
}

/// Two threads that wait for each other's permits, which nobody else knows.
fn circle() -> Result<(), Error> {
    start_circle()?;
    thread::sleep(MEANWHILE)?;
    collected()?;
    thread::sleep(MEANWHILE)
}

#[inline(never)]
fn start_circle() -> Result<(), Error> {
    let left = Arc::new(Semaphore::named("left", 1, 1))?;
    let right = Arc::new(Semaphore::named("right", 1, 1))?;
    let (one, other) = ((left.clone(), right.clone()), (right, left));
    builder("one").spawn(move || take_both(&one.0, &one.1)).map(drop)?;
    builder("other").spawn(move || take_both(&other.0, &other.1)).map(drop)
}

/// A thread that waits for what main can give: it is not told to end, however often main collects.
fn waiting_thread() -> Result<(), Error> {
    let wanted = Arc::new(Semaphore::named("wanted", 0, 1))?;
    let its = wanted.clone();
    let waiter = builder("waiter").spawn(move || its.acquire())?;
    thread::sleep(MEANWHILE)?;
    for _ in 0..3 {
        collected()?;
    }
    wanted.release()?;
    println!("garbage: waiter {:?}", waiter.join()?);
    Ok(())
}

#[inline(never)]
fn give() -> Result<(), Error> {
    let legacy = Box::new([7; 64])?;
    *GIVEN.lock()? = Some(legacy);
    Ok(())
}

/// Takes what was given, if something was.
fn take() -> Result<Option<Legacy>, Error> {
    Ok(GIVEN.lock()?.take())
}

/// Gives a block away and does something that ends it.
fn give_and_fault() {
    let _ = give();
    fault();
}

#[expect(unsafe_code, reason = "does what it must not, to be torn down")]
fn fault() {
    // SAFETY: none: the access faults, and the kernel ends the thread before it has an effect.
    unsafe { (0x1800_0000 as *const u32).read_volatile() };
}

/// Keeps what it is given on its own stack until it may let go.
fn keep() -> Result<(), Error> {
    THERE.acquire()?;
    let legacy = take()?;
    LET_GO.acquire()?;
    println!("garbage: keeper reads {:?}", black_box(&legacy).as_ref().map(|legacy| legacy[63]));
    Ok(())
}

/// A block of a thread that is torn down stays as long as another one's stack points to it.
fn kept_by_a_stack() -> Result<(), Error> {
    let keeper = builder("keeper").spawn(keep)?;
    let given = builder("giver").spawn(give_and_fault).and_then(JoinHandle::join);
    if let Err(error) = given {
        // Nobody gives it anything, so it would wait for ever.
        keeper.request_exit();
        return keeper.join().and(Err(error));
    }
    THERE.release()?;
    thread::sleep(MEANWHILE)?;
    collected()?;
    LET_GO.release()?;
    keeper.join()?;
    collected().map(drop)
}

/// A number keeps a block, because it looks like a pointer.
fn kept_by_a_number() -> Result<(), Error> {
    builder("giver").spawn(give_and_fault)?.join()?;
    take_number()?;
    thread::sleep(MEANWHILE)?;
    collected()?;
    black_box(&NUMBER).store(0, Ordering::Relaxed);
    collected().map(drop)
}

#[inline(never)]
fn take_number() -> Result<(), Error> {
    if let Some(legacy) = take()? {
        // In its middle: where a pointer points does not matter.
        let address = core::ptr::from_ref(&legacy[32]).addr();
        black_box(&NUMBER).store(address, Ordering::Relaxed);
    }
    Ok(())
}

/// More threads are torn down than there are entries for owners; collections in between give them
/// back.
fn crowd(times: u32) -> Result<(), Error> {
    for round in 0..times {
        builder("victim").spawn(fault)?.join()?;
        if round % 20 == 19 {
            thread::sleep(MEANWHILE)?;
            collect()?;
        }
    }
    thread::sleep(MEANWHILE)?;
    collect().map(drop)
}

/// As much as an allocation needs is in quarantine: it collects by itself.
fn exhausted() -> Result<(), Error> {
    let mut torn_down = 0;
    // Not all owners: those are another shortage.
    while torn_down < 40 {
        match thread::Builder::new("hog").stack_bytes(16 * 1024).spawn(fault) {
            Ok(hog) => hog.join().map(drop)?,
            Err(error) => {
                println!("garbage: {error}");
                break;
            }
        }
        torn_down += 1;
    }
    println!("garbage: {torn_down} threads of 16 KiB");
    thread::sleep(MEANWHILE)?;
    collected().map(drop)
}

/// Worked on by all threads while each of them collects.
fn check_data(seed: u32, rounds: u32) -> Result<(), Error> {
    for round in 0..rounds {
        let mut data: Box<[u32; 32]> = Box::new([0; 32])?;
        for (index, word) in data.iter_mut().enumerate() {
            *word = seed.wrapping_mul(round).wrapping_add(index as u32);
        }
        collect()?;
        let intact = |(index, word): (usize, &u32)| {
            *word == seed.wrapping_mul(round).wrapping_add(index as u32)
        };
        assert!(data.iter().enumerate().all(intact), "data of thread {seed} is intact");
        thread::yield_now();
    }
    Ok(())
}

/// Four threads and main collect all the time, and nothing that any of them uses is lost.
fn all_collect() -> Result<(), Error> {
    let mut threads = [const { None }; 4];
    for (seed, place) in threads.iter_mut().enumerate() {
        let body = move || check_data(seed as u32 + 1, 20);
        *place = Some(thread::Builder::new("collector").stack_bytes(2048).spawn(body)?);
    }
    check_data(99, 20)?;
    for thread in threads.into_iter().flatten() {
        println!("garbage: collector {:?}", thread.join()?);
    }
    Ok(())
}

pub(crate) fn run(arguments: Arguments<'_>) -> Result<(), Error> {
    let before = mem::used_bytes();
    match arguments.text("how") {
        None | Some("thread") => leaked_thread()?,
        Some("circle") => circle()?,
        Some("waiting") => waiting_thread()?,
        Some("stack") => kept_by_a_stack()?,
        Some("number") => kept_by_a_number()?,
        Some("crowd") => crowd(arguments.number("times", 100))?,
        Some("exhausted") => exhausted()?,
        Some("all") => all_collect()?,
        Some(_) => println!("garbage: no such thing"),
    }
    thread::sleep(MEANWHILE)?;
    println!("garbage: {} bytes more than before", mem::used_bytes().wrapping_sub(before) as i32);
    Ok(())
}
