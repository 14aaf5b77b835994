//! Stack overflows, one of each kind. Every one but the last ends only its thread, and main says
//! so; the last happens in a handler and resets the device.

use core::hint::black_box;
use ramscope_kernel::{Arguments, Error, Span, callback, handler, interrupts, println, thread};

/// The stack of the thread that overflows it.
const STACK_BYTES: usize = 1536;

/// Steps into the guard: each call takes a little more.
#[inline(never)]
fn recurse(depth: u32) -> u32 {
    let frame = black_box([depth; 16]);
    if depth == 0 { frame[0] } else { recurse(depth - 1) + frame[15] }
}

/// Steps over the guard with one large frame, whose far end it never writes, and calls the kernel
/// while it is deep.
#[inline(never)]
fn deep_and_yield() {
    let frame = large_frame();
    thread::yield_now();
    black_box(&frame);
}

/// Steps over the guard, writes below it and returns before the kernel can see anything.
#[inline(never)]
fn deep_and_return() {
    let mut frame = large_frame();
    frame[0] = core::mem::MaybeUninit::new(0x5A);
    black_box(&mut frame);
}

#[inline(always)]
fn large_frame() -> [core::mem::MaybeUninit<u8>; 2048] {
    [const { core::mem::MaybeUninit::uninit() }; 2048]
}

/// Panics where too little stack is left to say so.
#[inline(never)]
fn deep_and_panic(depth: u32) -> u32 {
    let frame = black_box([depth; 16]);
    assert!(thread::stack_used_bytes() < 1_100, "with little stack left");
    deep_and_panic(depth + 1) + frame[15]
}

/// Less than the frame of an interrupt, more than one call of [`wait_deep`].
const ALMOST_NOTHING_BYTES: usize = 96;

/// Goes down to where the frame of an interrupt does not fit any more, and waits for one there,
/// without a call to the kernel.
#[inline(never)]
fn wait_deep(end: usize) {
    let place = 0_u32;
    let left = (black_box(&raw const place) as usize).saturating_sub(end);
    if left > ALMOST_NOTHING_BYTES {
        wait_deep(end);
    } else {
        // About a second; the next samples are due within a tenth of one.
        for turn in 0..40_000_000_u32 {
            black_box(turn);
        }
    }
    black_box(&place);
}

fn deep_at_an_interrupt() {
    let place = 0_u32;
    let here = &raw const place as usize;
    let left = STACK_BYTES.saturating_sub(thread::stack_used_bytes());
    wait_deep(here.saturating_sub(left));
}

fn masked() {
    interrupts::masked(|| black_box(recurse(10_000)));
}

fn in_handler() {
    black_box(recurse(10_000));
}

fn start(name: &'static str, body: fn()) -> Result<(), Error> {
    println!("overflow: {name} begins");
    let deep = thread::Builder::new("deep").stack_bytes(STACK_BYTES).spawn(move || {
        // The neighbours' stacks lie close by: let them settle first.
        let slept = thread::sleep(Span::from_millis(10));
        body();
        slept
    })?;
    let end = deep.join()?;
    println!("overflow: deep {end:?}, main goes on");
    Ok(())
}

/// The unit of the callbacks overflows its stack, is made anew, and later ones run.
fn in_callback() -> Result<(), Error> {
    println!("overflow: callback begins");
    callback::schedule(
        |_| {
            black_box(recurse(10_000));
        },
        0,
    )?;
    thread::sleep(Span::from_millis(10))?;
    callback::schedule(|_| println!("overflow: another callback runs"), 0)?;
    thread::sleep(Span::from_millis(10))?;
    println!("overflow: {} callback failed, main goes on", callback::counts().failed);
    Ok(())
}

pub(crate) fn run(arguments: Arguments<'_>) -> Result<(), Error> {
    match arguments.text("how").unwrap_or("recursion") {
        "recursion" => start("recursion", || {
            black_box(recurse(10_000));
        }),
        "yield" => start("yield", deep_and_yield),
        "return" => start("return", deep_and_return),
        "panic" => start("panic", || {
            black_box(deep_and_panic(0));
        }),
        "trap" => start("trap", deep_at_an_interrupt),
        "masked" => start("masked", masked),
        "callback" => in_callback(),
        "handler" => {
            println!("overflow: handler begins");
            handler::raise(in_handler);
            thread::sleep(Span::from_millis(10))
        }
        other => {
            println!(
                "overflow: how={other}? recursion, yield, return, trap, masked, panic, callback, handler"
            );
            Ok(())
        }
    }
}
