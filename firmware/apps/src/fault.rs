//! Illegal accesses: each ends only its thread. Main starts one thread a kind and goes on.

use ramscope_kernel::callback;
use ramscope_kernel::mem::Box;
use ramscope_kernel::timer::{Config, Timer};
use ramscope_kernel::{Arguments, Error, Span, println, thread};

/// An address where nothing is on any board (ESP32-C3 technical reference manual, "System and
/// Memory", address mapping; QEMU, `hw/riscv/virt.c`).
const NOWHERE: usize = 0x1800_0000;

#[expect(unsafe_code, reason = "does what it must not, to show what happens")]
fn load() {
    // SAFETY: none: the access faults, and the kernel ends the thread before it has an effect.
    unsafe { (NOWHERE as *const u32).read_volatile() };
}

#[expect(unsafe_code, reason = "does what it must not, to show what happens")]
fn store() {
    // SAFETY: none, as above.
    unsafe { (NOWHERE as *mut u32).write_volatile(1) };
}

#[expect(unsafe_code, reason = "does what it must not, to show what happens")]
fn jump() {
    // SAFETY: none, as above.
    let nowhere: fn() = unsafe { core::mem::transmute(NOWHERE) };
    nowhere();
}

/// Writes over a block that it has given back, as a dangling pointer does, so that the heap itself
/// stumbles: nothing can be ended alone then, and the device resets.
#[expect(unsafe_code, reason = "does what it must not, to show what happens")]
fn break_kernel() -> Result<(), Error> {
    let kept = [Box::new([0_u32; 64])?, Box::new([0_u32; 64])?];
    let [first, second] = kept;
    let dangling = core::ptr::from_ref(&*first).cast::<u32>().cast_mut();
    drop(first);
    for word in 0..4 {
        let place = dangling.wrapping_add(word);
        // SAFETY: none: the block is the heap's again, and its links are there.
        unsafe { place.write_volatile(NOWHERE as u32 + 8) };
    }
    println!("fault: the heap is damaged");
    // The last lines leave before the heap is asked again.
    thread::sleep(Span::from_millis(20))?;
    drop(second);
    Box::new([0_u32; 60]).map(drop)
}

/// A callback that faults: its timer stops, the unit of the callbacks is made anew, and later ones run.
fn in_callback() -> Result<(), Error> {
    let timer = Timer::named("broken")?;
    timer.init(Config::periodic().period(10).callback(|_| load()))?;
    thread::sleep(Span::from_millis(50))?;
    println!("fault: {} of it, armed: {}", timer.counts().delivered, timer.is_armed());
    callback::schedule(|_| println!("fault: another callback runs"), 0)?;
    thread::sleep(Span::from_millis(10))?;
    println!("fault: {} callback failed, main goes on", callback::counts().failed);
    Ok(())
}

pub(crate) fn run(arguments: Arguments<'_>) -> Result<(), Error> {
    match arguments.text("how") {
        Some("kernel") => return break_kernel(),
        Some("callback") => return in_callback(),
        _ => {}
    }
    for (name, body) in [("load", load as fn()), ("store", store), ("jump", jump)] {
        let end = thread::Builder::new(name).stack_bytes(1024).spawn(body)?.join()?;
        println!("fault: {name} {end:?}, main goes on");
    }
    Ok(())
}
