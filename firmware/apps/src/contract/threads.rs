//! Threads: row X07.

use super::same;
use core::hint::black_box;
use ramscope_kernel::Error;
use ramscope_kernel::thread::{self, Builder};

/// What a thread asks for, and what its deepest call takes.
const REQUESTED: usize = 2048;
const DEEP: usize = 600;

#[inline(never)]
fn deep() -> u8 {
    black_box([7_u8; DEEP])[DEEP - 1]
}

pub(super) fn x07() -> Result<(), Error> {
    let thread =
        Builder::new("measured").stack_bytes(REQUESTED).spawn(|| -> Result<(), Error> {
            let before = thread::stack();
            black_box(deep());
            let after = thread::stack();
            same("requested", after.requested as usize, REQUESTED)?;
            same("granted is at least that", after.granted as usize >= REQUESTED, true)?;
            // On the host stacks are not the kernel's, and nobody measures them.
            let is_measured = after.high_water > 0;
            let grew = after.high_water >= before.high_water.max(DEEP as u32);
            same("the high water is the deepest", grew || !is_measured, true)?;
            let fits = after.high_water <= after.granted && after.margin < after.granted;
            same("high water and margin are within what was granted", fits, true)
        })?;
    same("how it ended", thread.join()?, thread::End::Returned)
}
