//! A thread digs in a module until its stack is used up: what happens there ends the thread, and neither
//! the module nor the program.

use ramscope_kernel::module;
use ramscope_kernel::thread::Builder;
use ramscope_kernel::{Arguments, Error, println};

/// A stack for a dozen calls.
const STACK_BYTES: usize = 2048;

pub(crate) fn run(arguments: Arguments<'_>) -> Result<(), Error> {
    let hello = module::import("hello")?;
    let dug = dig(arguments.number("depth", 1_000) as usize);
    drop(hello);
    // Also where there was no memory for the digger.
    match module::unload("hello") {
        Some(module::Unloaded::Gone(released)) => {
            println!("dig: hello is gone, {} B", released.bytes);
        }
        Some(module::Unloaded::Held { pins, .. }) => println!("dig: {} pins", pins.count()),
        None => println!("dig: hello is not there"),
    }
    dug
}

fn dig(depth: usize) -> Result<(), Error> {
    let digger = Builder::new("digger").stack_bytes(STACK_BYTES).spawn(move || {
        // A name of its own: it goes with the thread, also if that is torn down.
        let hello = module::import("hello")?;
        let deep = hello.call_numbers("dig", [depth, 0, 0, 0])?;
        println!("digger: {deep} calls deep");
        Ok::<(), Error>(())
    })?;
    println!("dig: digger {:?}", digger.join()?);
    Ok(())
}
