//! A heap that grows: blocks until it is full and takes an area from the board's reserve, then all of them
//! given back, and a collection gives the area back, too. Total is used and free, whatever the heap has.

use ramscope_kernel::mem::{self, Buffer};
use ramscope_kernel::{Arguments, Error, Span, collect, println, thread};

const BLOCKS_MAX: usize = 24;

pub(crate) fn run(arguments: Arguments<'_>) -> Result<(), Error> {
    let bytes = arguments.number("bytes", 24 * 1024) as usize;
    let mut blocks: [Buffer; BLOCKS_MAX] = [const { Buffer::new() }; BLOCKS_MAX];
    describe("at first");
    let mut count = 0;
    while mem::growth().taken == 0 && count < BLOCKS_MAX {
        match Buffer::with_capacity(bytes) {
            Ok(block) => blocks[count] = block,
            Err(error) => {
                println!("growth: {error}");
                break;
            }
        }
        count += 1;
    }
    println!("growth: block {count} of {bytes} B needed a further area");
    describe("grown");
    // For as long as somebody may want to look.
    thread::sleep(Span::from_millis(300))?;
    drop(blocks);
    describe("given back, not collected");
    collect::collect()?;
    describe("collected");
    let growth = mem::growth();
    println!("growth: areas taken: {}, given back: {}", growth.taken, growth.given_back);
    Ok(())
}

fn describe(when: &str) {
    let Some(info) = mem::mem_info() else { return println!("growth: the heap changes too fast") };
    let identity = if info.used + info.free == info.total { "is" } else { "is NOT" };
    println!(
        "growth: {when}: total {} {identity} used {} + free {}, max new split {}",
        info.total, info.used, info.free, info.max_new_split
    );
}
