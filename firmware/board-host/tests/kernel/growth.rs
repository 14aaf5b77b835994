//! The heap takes an area of the reserve when it is full, and gives it back when it is empty.

use crate::check::check;
use ramscope_kernel::mem::{self, Box, Buffer};
use ramscope_kernel::thread::Builder;
use ramscope_kernel::{Error, collect, println};

/// MicroPython's identity, and what the heap consists of.
fn total() -> u32 {
    let info = mem::mem_info().expect("nobody else changes the heap");
    assert_eq!(info.used + info.free, info.total);
    assert_eq!(mem::mem_alloc() + (mem::mem_free() - mem::max_new_split()), info.total);
    info.total
}

/// As much as does not make the heap grow.
fn fill() -> Result<Vec<Buffer>, Error> {
    let mut kept = Vec::new();
    while mem::totals().largest_free >= 4096 {
        kept.push(Buffer::with_capacity(4096)?);
    }
    Ok(kept)
}

#[test]
fn x43_a_full_heap_takes_an_area_and_a_collection_gives_it_back_when_it_is_empty() {
    check(
        |_| {
            let (before, split) = (total(), mem::max_new_split());
            assert_eq!((split, mem::growth().taken), (64 * 1024, 0), "the whole reserve");
            let kept = fill()?;
            assert_eq!((total(), mem::max_new_split()), (before, split), "nobody needed more yet");
            let further = Box::new([1_u8; 4096])?;
            let grown = total();
            assert!(grown > before + split - 256 && grown < before + split);
            assert_eq!((mem::max_new_split(), mem::growth().taken), (0, 1));
            assert_eq!(mem::growth().bytes, split);
            drop(kept);
            collect::collect()?;
            assert_eq!(total(), grown, "a block of it is used");
            drop(further);
            assert_eq!(total(), grown, "only a collection gives areas back");
            collect::collect()?;
            assert_eq!((total(), mem::max_new_split()), (before, split));
            assert_eq!((mem::growth().taken, mem::growth().given_back), (1, 1));
            Ok(())
        },
        &[],
    );
}

#[test]
fn x43_what_fits_no_area_with_its_tables_is_refused_and_takes_none() {
    check(
        |_| {
            let kept = fill()?;
            let before = mem::totals();
            let refused = Buffer::with_capacity(63 * 1024);
            assert!(matches!(refused, Err(Error::Missing(_))), "its tables have no room");
            assert_eq!((mem::totals(), mem::growth().taken), (before, 0));
            assert!(Buffer::with_capacity(61 * 1024).is_ok());
            assert_eq!(mem::growth().taken, 1);
            drop(kept);
            Ok(())
        },
        &[],
    );
}

#[test]
fn a_threads_stack_and_a_growing_buffer_make_the_heap_grow_too() {
    check(
        |_| {
            let mut kept = fill()?;
            let handle = Builder::new("large").stack_bytes(8192).spawn(|| println!("large"))?;
            handle.join()?;
            assert_eq!(mem::growth().taken, 1);
            collect::collect()?;
            assert_eq!(mem::growth().given_back, 1);
            kept.last_mut().expect("the heap was not empty").reserve(8192)?;
            assert_eq!(mem::growth().taken, 2);
            Ok(())
        },
        &["large"],
    );
}

#[test]
fn an_empty_area_that_is_too_small_makes_room_for_a_larger_one() {
    check(
        |_| {
            let kept = fill()?;
            drop(Box::new([1_u8; 4096])?);
            // The area is the whole reserve already: a request that it cannot serve takes nothing.
            assert!(Buffer::with_capacity(70 * 1024).is_err());
            let growth = mem::growth();
            assert_eq!((growth.taken, growth.given_back, growth.max_new_split), (1, 1, 64 * 1024));
            drop(kept);
            Ok(())
        },
        &[],
    );
}

#[test]
fn m33_the_areas_are_told_one_by_one() {
    check(
        |_| {
            // More than the first area has left: the heap grows.
            let filled = Buffer::with_capacity(200 * 1024)?;
            let further = Buffer::with_capacity(60 * 1024)?;
            drop((filled, further));
            let shape = mem::shape().expect("nothing else runs");
            assert_eq!(shape.areas().len(), 2);
            for area in shape.areas() {
                assert!(area.free <= area.bytes && area.largest_free <= area.free);
                assert_eq!(area.used + area.free, area.bytes);
            }
            assert!(shape.fragmented() < 128, "what lies before the first stack");
            Ok(())
        },
        &[],
    );
}

#[test]
fn an_allocation_that_no_longer_fits_the_first_area_comes_from_the_second() {
    check(
        |_| {
            let used = |shape: ramscope_kernel::heap::Shape, at: usize| {
                shape.areas().get(at).map_or(0, |it| it.used)
            };
            let areas = || mem::shape().map(|shape| [0, 1].map(|at| used(shape, at)));
            let before = areas().expect("nothing else runs");
            let large = Buffer::with_capacity(200 * 1024)?;
            let second = Buffer::with_capacity(60 * 1024)?;
            let now = areas().expect("nothing else runs");
            assert!(now[0] > before[0] + 200_000 && now[1] > before[1] + 61_000, "{now:?}");
            drop((large, second));
            assert_eq!(areas(), Some(before));
            Ok(())
        },
        &[],
    );
}
