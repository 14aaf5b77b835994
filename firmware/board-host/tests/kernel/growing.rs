//! What grows by the kernel's own calls: lists of words over a buffer, and rings, which do not.

use crate::check::check;
use ramscope_kernel::Error;
use ramscope_kernel::mem::{self, Buffer};

#[test]
fn m20_a_list_that_cannot_grow_is_as_it_was() {
    check(
        |_| {
            // As `alloc` would make a list of words over the kernel's heap: by growing one block.
            let mut list = Buffer::new();
            (0..8_u32).try_for_each(|word| list.extend(&word.to_le_bytes()))?;
            list.shrink();
            let before: Vec<u8> = list.to_vec();
            let own = [0_u8; 4096];
            for way in 0..4 {
                mem::heap_lock();
                let refused = match way {
                    // `list[:]`, a longer slice, `extend` of another and of itself.
                    0 => Buffer::with_capacity(list.len()).map(drop),
                    1 => list.reserve(4096),
                    2 => list.extend(&own),
                    _ => (0..9).try_for_each(|_| list.extend(&before)),
                };
                mem::heap_unlock();
                assert_eq!(refused, Err(Error::HeapLocked), "way {way}");
                list.truncate(before.len());
                assert_eq!(*list, *before);
            }
            list.extend(&own)?;
            assert_eq!((&list[..32], list.len()), (&*before, 32 + 4096));
            Ok(())
        },
        &[],
    );
}

#[test]
fn m31_the_largest_ring_is_made_and_one_byte_more_is_not() {
    check(
        |_| {
            use mem::{RING_BYTES_MAX, Ring};
            let mut ring = Ring::with_capacity(RING_BYTES_MAX)?;
            assert_eq!((ring.capacity(), ring.any()), (65_534, 0));
            let kept = vec![3; 70_000];
            assert_eq!(ring.write(&kept), RING_BYTES_MAX);
            drop(ring);
            assert_eq!(Ring::with_capacity(RING_BYTES_MAX + 1).err(), Some(Error::Invalid));
            mem::heap_lock();
            assert_eq!(Ring::with_capacity(8).err(), Some(Error::HeapLocked));
            mem::heap_unlock();
            Ok(())
        },
        &[],
    );
}
