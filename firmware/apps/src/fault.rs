//! Illegal accesses: each ends only its thread. Main starts one thread a kind and goes on.

use ramscope_kernel::{Arguments, Error, println, thread};

/// An address in the ESP32-C3's map where nothing is (technical reference manual, "System and
/// Memory", address mapping).
const NOWHERE: usize = 0x2000_0000;

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

pub(crate) fn run(_: Arguments<'_>) -> Result<(), Error> {
    for (name, body) in [("load", load as fn()), ("store", store), ("jump", jump)] {
        let end = thread::Builder::new(name).stack_bytes(1024).spawn(body)?.join()?;
        println!("fault: {name} {end:?}, main goes on");
    }
    Ok(())
}
