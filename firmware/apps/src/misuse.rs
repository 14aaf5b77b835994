//! Pointers that the heap refuses: freed twice, of somebody else, into the middle of a block, and a block that
//! was written beyond its end. The heap stays whole but in the last case, and each is told with the
//! names of whom it is about.
#![expect(unsafe_code, reason = "gives the heap pointers that it must refuse")]

use core::alloc::Layout;
use core::ptr::NonNull;
use ramscope_kernel::mem::{self, block};
use ramscope_kernel::thread::Builder;
use ramscope_kernel::{Arguments, Error, Span, println, thread};

const BLOCK: Layout = Layout::new::<[u64; 8]>();
/// So large that no hole between other blocks takes it: the next one that is allocated lies behind it.
const LARGE: Layout = Layout::new::<[u64; 1024]>();

pub(crate) fn run(arguments: Arguments<'_>) -> Result<(), Error> {
    let before = mem::used_bytes();
    match arguments.text("how").unwrap_or("twice") {
        "twice" => twice()?,
        "foreign" => foreign(),
        "inside" => inside()?,
        "overrun" => overrun()?,
        how => println!("misuse: how={how} is none of twice, foreign, inside, overrun"),
    }
    // The console's thread says what it found.
    thread::sleep(Span::from_millis(5))?;
    println!("misuse: {} B more in use than before", mem::used_bytes() - before);
    Ok(())
}

fn twice() -> Result<(), Error> {
    let pointer = block::allocate(BLOCK)?;
    // SAFETY: nobody uses it.
    unsafe { block::free(pointer) };
    // SAFETY: none: the block is the heap's, which refuses it.
    unsafe { block::free(pointer) };
    Ok(())
}

fn foreign() {
    let mut local = 0_u64;
    // SAFETY: none: the pointer is none of the heap, which refuses it.
    unsafe { block::free(NonNull::from(&mut local).cast()) };
}

fn inside() -> Result<(), Error> {
    let pointer = block::allocate(BLOCK)?;
    // SAFETY: within the block.
    let inner = unsafe { pointer.add(16) };
    // SAFETY: none: the pointer is no start of a block, and the heap refuses it.
    unsafe { block::free(inner) };
    thread::sleep(Span::from_millis(5))?;
    // SAFETY: nobody uses it.
    unsafe { block::free(pointer) };
    Ok(())
}

/// `main` writes beyond its block, into one of `neighbour`, which finds out.
fn overrun() -> Result<(), Error> {
    let neighbour = Builder::new("neighbour").stack_bytes(2048).spawn(|| {
        thread::sleep(Span::from_millis(2))?;
        let own = block::allocate(LARGE)?;
        thread::sleep(Span::from_millis(2))?;
        // SAFETY: nobody uses it.
        unsafe { block::free(own) };
        Ok::<(), Error>(())
    })?;
    let pointer = block::allocate(LARGE)?;
    thread::sleep(Span::from_millis(3))?;
    // SAFETY: the end of the block.
    let end = unsafe { pointer.add(LARGE.size()) }.cast::<u32>();
    // SAFETY: none: the word belongs to the heap, and to the block of `neighbour`.
    unsafe { end.write(0x2121_2121) };
    neighbour.join().map(drop)
}
