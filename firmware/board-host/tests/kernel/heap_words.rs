//! The heap's public face: limits, hand-overs, growing buffers, marks, maps and refused pointers.
#![expect(
    unsafe_code,
    reason = "frees what must not be freed, and writes where nothing may be written"
)]

use crate::check::{check, device, lines};
use core::alloc::{GlobalAlloc, Layout};
use core::ptr::NonNull;
use ramscope_kernel::mem::{self, Arc, Box, Buffer, KernelHeap, Picture, Recipient, block};
use ramscope_kernel::thread::{self, Builder, End};
use ramscope_kernel::{Error, println};

fn small(name: &'static str) -> Builder {
    Builder::new(name).stack_bytes(1024)
}

fn layout(bytes: usize) -> Layout {
    Layout::from_size_align(bytes, 8).expect("a small size")
}

#[test]
fn m10_a_locked_heap_refuses_until_it_is_unlocked_as_often() {
    check(
        |_| {
            let mut list = Buffer::with_capacity(16)?;
            list.extend(b"0123")?;
            mem::heap_lock();
            mem::heap_lock();
            assert!(matches!(Box::new(1), Err(Error::HeapLocked)));
            assert_eq!(list.extend(&[0; 64]), Err(Error::HeapLocked));
            println!("{}", Error::HeapLocked);
            println!("{} {} {}", mem::heap_unlock(), mem::heap_unlock(), mem::heap_unlock());
            list.extend(&[0; 64])?;
            assert_eq!((&list[..4], list.len()), (&b"0123"[..], 68));
            Ok(())
        },
        &["memory allocation failed, heap is locked", "1 0 0"],
    );
}

#[test]
fn m11_heap_locked_tells_the_depth() {
    check(
        |_| {
            mem::heap_lock();
            println!("{}", mem::heap_locked());
            mem::heap_unlock();
            println!("{}", mem::heap_locked());
            Ok(())
        },
        &["1", "0"],
    );
}

#[test]
fn t18_a_heap_that_main_has_locked_is_open_to_other_threads() {
    check(
        |_| {
            let other = small("other").spawn(|| {
                thread::sleep(ramscope_kernel::Span::from_millis(1))?;
                println!("other: {}", Box::new([0; 64]).is_ok());
                Ok::<(), Error>(())
            })?;
            mem::heap_lock();
            println!("main: {}", Box::new(1).is_ok());
            assert_eq!(other.join()?, End::Returned);
            println!("main: {}", Box::new(1).is_ok());
            mem::heap_unlock();
            Ok(())
        },
        &["main: false", "other: true", "main: false"],
    );
}

#[test]
fn a_program_that_ends_with_a_locked_heap_leaves_it_open() {
    fn body(_: ramscope_kernel::Arguments<'_>) -> Result<(), Error> {
        println!("{}", Box::new(1).is_ok());
        mem::heap_lock();
        Ok(())
    }
    let text = device(body, &["run test", "run test"], 10).text;
    assert_eq!(text.matches("\ntrue\n").count(), 2, "{text}");
}

#[test]
fn m17_nothing_is_allocated_to_answer_an_error() {
    check(
        |_| {
            mem::heap_lock();
            let before = mem::totals();
            let refused = Box::new(1).map(drop).unwrap_err();
            println!("{refused}");
            assert_eq!(mem::totals(), before);
            mem::heap_unlock();
            Ok(())
        },
        &["memory allocation failed, heap is locked"],
    );
}

#[test]
fn m12_calls_loops_and_numbers_do_not_allocate() {
    check(
        |_| {
            mem::heap_lock();
            let sum: u64 = (0..100_u64).map(|number| number * 3).sum();
            println!("{sum}");
            mem::heap_unlock();
            Ok(())
        },
        &["14850"],
    );
}

#[test]
fn m13_writing_within_the_capacity_allocates_nothing() {
    check(
        |_| {
            let mut buffer = Buffer::with_capacity(100)?;
            mem::heap_lock();
            buffer.extend(&[7; 100])?;
            mem::heap_unlock();
            assert_eq!(buffer.len(), 100);
            Ok(())
        },
        &[],
    );
}

#[test]
fn m18_a_buffer_that_cannot_grow_is_as_it_was() {
    check(
        |_| {
            let mut buffer = Buffer::new();
            buffer.extend(b"kept")?;
            for way in 0..3 {
                mem::heap_lock();
                let refused = match way {
                    0 => buffer.reserve(1000),
                    1 => buffer.extend(&[0; 1000]),
                    _ => (0..1000).try_for_each(|_| buffer.push(1)),
                };
                mem::heap_unlock();
                assert_eq!(refused, Err(Error::HeapLocked));
                buffer.truncate(4);
                assert_eq!(&*buffer, b"kept");
            }
            assert!(matches!(buffer.reserve(10 << 20), Err(Error::Missing(_))));
            assert_eq!(&*buffer, b"kept");
            Ok(())
        },
        &[],
    );
}

#[test]
fn m01_the_threshold_reads_back_rounded_down_and_allocating_goes_on() {
    check(
        |_| {
            println!("{}", mem::threshold());
            for bytes in [1, 100, 0, -5] {
                mem::set_threshold(bytes);
                println!("{}", mem::threshold());
            }
            mem::set_threshold(1);
            assert!(Box::new([0; 100]).is_ok());
            mem::set_threshold(-1);
            assert!(mem::mem_free() > 0 && mem::mem_alloc() > 0);
            Ok(())
        },
        &["-1", "0", "96", "0", "-1"],
    );
}

#[test]
fn x47_a_collection_comes_before_the_allocation_after_so_many_blocks() {
    check(
        |_| {
            // 64 bytes are four blocks, and so is each box of 50 bytes with its header.
            mem::set_threshold(64 * 3);
            let mut kept = Vec::new();
            for count in 0..7 {
                println!("{count} {}", mem::threshold_struck());
                kept.push(Box::new([0_u8; 50])?);
            }
            mem::set_threshold(0);
            drop((Box::new(1)?, Box::new(2)?));
            println!("{}", mem::threshold_struck());
            mem::set_threshold(-1);
            drop(Box::new(3)?);
            println!("{}", mem::threshold_struck());
            Ok(())
        },
        &["0 0", "1 0", "2 0", "3 0", "4 1", "5 1", "6 1", "2", "0"],
    );
}

#[test]
fn x40_what_is_used_and_what_is_free_are_the_total_after_each_operation() {
    check(
        |_| {
            let total = mem::totals().total;
            let holds = || {
                mem::mem_alloc() + (mem::mem_free() - mem::max_new_split()) == total
                    && mem::mem_info().is_some_and(|info| info.used + info.free == total)
            };
            let mut kept = Vec::new();
            for step in 0..200_usize {
                match step * 7 % 5 {
                    0 | 1 => kept.push(Buffer::with_capacity(step * 13 % 700)?),
                    2 => kept.truncate(kept.len() / 2),
                    3 => kept.last_mut().map_or(Ok(()), |last| last.extend(&[1; 90]))?,
                    _ => kept.last_mut().map_or((), Buffer::shrink),
                }
                assert!(holds(), "step {step}");
            }
            Ok(())
        },
        &[],
    );
}

#[test]
fn a_growing_buffer_stays_where_it_is_and_moves_only_where_it_must() {
    check(
        |_| {
            let mut buffer = Buffer::new();
            for byte in 0..2000_u32 {
                buffer.push(byte as u8)?;
            }
            assert!(buffer.iter().enumerate().all(|(at, byte)| *byte == at as u8));
            let before = (buffer.as_ptr(), mem::totals().used_blocks);
            buffer.reserve(4000)?;
            assert_eq!((buffer.as_ptr(), mem::totals().used_blocks), before);
            let fence = Box::new([0_u8; 1000])?;
            buffer.reserve(9000)?;
            assert_ne!(buffer.as_ptr(), before.0);
            drop(fence);
            buffer.shrink();
            assert!(buffer.capacity() < 2064, "{}", buffer.capacity());
            Ok(())
        },
        &[],
    );
}

#[test]
fn the_global_allocator_grows_in_place_and_honours_a_page() {
    check(
        |_| {
            let used = mem::used_bytes();
            // SAFETY: of a size that is not zero.
            let first = unsafe { KernelHeap.alloc(layout(64)) };
            // SAFETY: just allocated.
            unsafe { first.write_bytes(0x5A, 64) };
            // SAFETY: allocated with that layout.
            let grown = unsafe { KernelHeap.realloc(first, layout(64), 4000) };
            assert_eq!(grown, first, "nothing is behind it");
            // SAFETY: 4000 bytes long, and 64 of them are written.
            let kept = unsafe { core::slice::from_raw_parts(grown, 64) };
            assert!(kept.iter().all(|byte| *byte == 0x5A));
            // SAFETY: allocated with that layout.
            unsafe { KernelHeap.dealloc(grown, layout(4000)) };
            let page = Layout::from_size_align(100, 4096).expect("a small size");
            // SAFETY: of a size that is not zero.
            let page_start = unsafe { KernelHeap.alloc(page) };
            assert!(page_start.addr().is_multiple_of(4096) && !page_start.is_null());
            // SAFETY: allocated with that layout.
            unsafe { KernelHeap.dealloc(page_start, page) };
            // SAFETY: of a size that is not zero.
            assert!(unsafe { KernelHeap.alloc(layout(8 << 20)) }.is_null());
            assert_eq!(mem::used_bytes(), used);
            Ok(())
        },
        &[],
    );
}

/// What a row of `mem` says of a thread: bytes and blocks.
fn row(text: &str, title: &str) -> (u32, u32) {
    let row = text.lines().rfind(|line| line.starts_with(title)).expect(title);
    let words: Vec<u32> = row.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    (words[1], words[3])
}

#[test]
fn arguments_of_a_thread_are_its_own_from_its_start_on() {
    let text = device(
        |_| {
            let (moved, shared, kept) =
                (Box::new([1_u8; 1000])?, Arc::new([2_u8; 2000])?, Box::new(3)?);
            let other = shared.clone();
            let thread = small("heir").spawn(move || {
                thread::sleep(ramscope_kernel::Span::from_millis(100))?;
                assert_eq!(moved[0] + other[0], 3);
                Ok::<(), Error>(())
            })?;
            thread::sleep(ramscope_kernel::Span::from_millis(50))?;
            thread.join()?;
            drop((shared, kept));
            Ok(())
        },
        &["run test", "mem"],
        10,
    )
    .text;
    let (bytes, blocks) = row(&text, "thread    heir");
    assert_eq!(blocks, 2, "its stack and the box");
    assert!((1000 + 1024..2400).contains(&bytes), "{bytes}");
}

#[test]
fn a_box_can_be_given_away_and_kept_for_ever() {
    check(
        |_| {
            let permanent = || mem::totals().used;
            let waiter =
                small("waiter").spawn(|| thread::sleep(ramscope_kernel::Span::from_millis(10)))?;
            let given = Box::new([0_u8; 100])?;
            given.give_to(Recipient::Thread(&waiter))?;
            given.give_to(Recipient::Me)?;
            let used = permanent();
            let kept: &'static mut [u8; 100] = given.leak();
            kept[99] = 1;
            assert_eq!(permanent(), used);
            waiter.join()?;
            Ok(())
        },
        &[],
    );
    fn keep(_: ramscope_kernel::Arguments<'_>) -> Result<(), Error> {
        Box::new([0_u8; 100])?.leak()[0] = 1;
        Ok(())
    }
    let text = device(keep, &["run test", "mem"], 5).text;
    assert_eq!(row(&text, "permanent"), (112, 1));
}

#[test]
fn x41_a_double_free_names_who_had_the_block() {
    let text = device(
        |_| {
            let pointer = block::allocate(layout(100))?;
            // SAFETY: nobody uses it.
            unsafe { block::free(pointer) };
            // SAFETY: none: that it is refused is what is tested.
            unsafe { block::free(pointer) };
            thread::sleep(ramscope_kernel::Span::from_millis(1))
        },
        &["run test"],
        5,
    )
    .text;
    let line = text.lines().find(|line| line.starts_with("heap: ")).expect("a report");
    assert!(line.starts_with("heap: `main` freed 0x"), "{line}");
    assert!(line.contains(" twice: of `main`, allocated at "), "{line}");
    assert!(line.contains("heap_words.rs:"), "{line}");
}

#[test]
fn an_overrun_is_told_with_writer_and_victim() {
    let text = device(
        |_| {
            let (first, second) = (block::allocate(layout(64))?, block::allocate(layout(64))?);
            // SAFETY: the end of the block.
            let end = unsafe { first.add(64) }.cast::<u32>();
            // SAFETY: none: writing beyond the end is what is tested.
            unsafe { end.write(0xEEEE_EEEE) };
            // SAFETY: nobody uses it.
            unsafe { block::free(second) };
            thread::sleep(ramscope_kernel::Span::from_millis(1))
        },
        &["run test"],
        5,
    )
    .text;
    let line = text.lines().find(|line| line.starts_with("heap: ")).expect("a report");
    assert!(line.starts_with("heap: a block of 72 B of `main`, allocated at "), "{line}");
    assert!(line.contains("was written beyond its end, into one of `main`"), "{line}");
}

#[test]
fn a_foreign_pointer_and_one_into_a_block_are_refused_and_told() {
    let text = device(
        |_| {
            let mut local = 0_u64;
            // SAFETY: none: that it is refused is what is tested.
            unsafe { block::free(NonNull::from(&mut local).cast()) };
            let kept = block::allocate(layout(100))?;
            // SAFETY: the block has so many bytes.
            let inner = unsafe { kept.add(16) };
            // SAFETY: as above.
            unsafe { block::free(inner) };
            thread::sleep(ramscope_kernel::Span::from_millis(1))
        },
        &["run test"],
        5,
    )
    .text;
    assert!(text.contains("which is not the heap's\n"), "{text}");
    assert!(text.contains(", inside of a block of 112 B of `main`, allocated at "), "{text}");
}

#[test]
fn x49_a_pointer_into_a_block_finds_its_block_and_is_no_way_to_free_it() {
    let printed = lines(|_| {
        let kept = Box::new([0_u64; 32])?;
        let used = mem::used_bytes();
        let inner = NonNull::from(&kept[7]).cast::<u8>();
        // SAFETY: none: that it is refused is what is tested.
        unsafe { block::free(inner) };
        assert_eq!((mem::used_bytes(), block::payload_of(inner)), (used, 0));
        thread::sleep(ramscope_kernel::Span::from_millis(1))
    });
    let [line] = &printed[..] else { panic!("one line: {printed:?}") };
    assert!(line.contains(", inside of a block of 264 B of `main`, allocated at "), "{line}");
}

#[test]
fn x45_totals_by_owner_are_what_is_used() {
    let text = device(
        |_| {
            let keep = |_| {
                small("holder").spawn(|| {
                    let kept = Box::new([0_u8; 300])?;
                    thread::sleep(ramscope_kernel::Span::from_millis(30))?;
                    drop(kept);
                    Ok::<(), Error>(())
                })
            };
            let holders: Vec<_> = (0..5).map(keep).collect::<Result<_, _>>()?;
            for holder in holders {
                holder.join()?;
            }
            Ok(())
        },
        &["run test", "mem", "mem", "mem", "mem"],
        5,
    )
    .text;
    for table in text.split("\nheap: ").skip(1) {
        let used = table.split("used ").nth(1).and_then(|rest| rest.split(' ').next());
        let rows = table.lines().skip(2).take_while(|row| !row.starts_with("fragmented"));
        let numbers = |row: &str| -> Option<u32> {
            row.split_whitespace().filter_map(|word| word.parse().ok()).nth(1)
        };
        let sum: u32 = rows.filter_map(numbers).sum();
        assert_eq!(used, Some(sum.to_string().as_str()), "{table}");
    }
}

#[test]
fn m07_mem_info_has_micropythons_lines_and_its_map() {
    let text = device(|_| Ok(()), &["mem info", "mem info 1"], 20).text;
    let is_info =
        |line: &&str| line.starts_with("GC: total: ") && line.contains(", max new split: ");
    assert_eq!(text.lines().filter(is_info).count(), 2, "{text}");
    let blocks = " No. of 1-blocks: ";
    assert!(text.lines().any(|line| line.starts_with(blocks) && line.contains(", max free sz: ")));
    assert!(text.lines().any(|line| line.starts_with("stack: ") && line.contains(" out of ")));
    assert_eq!(text.matches("GC memory layout; from 0x").count(), 1, "an area each: {text}");
    assert!(text.lines().any(|line| line.starts_with("00000000: ") && line.contains("h===")));
    assert!(text.lines().any(|line| line.ends_with(" lines all free)")), "{text}");
}

#[test]
fn m08_what_is_used_and_its_peak_grow_when_something_is_allocated() {
    check(
        |_| {
            let before = mem::totals();
            let kept = Box::new([0_u8; 5000])?;
            let now = mem::totals();
            assert!(
                now.used > before.used && now.peak_used >= now.used && now.total == before.total
            );
            drop(kept);
            assert!(mem::totals().peak_used >= now.used);
            Ok(())
        },
        &[],
    );
}

#[test]
fn m09_the_stack_in_use_is_a_number() {
    check(
        |_| {
            let info = mem::mem_info().expect("nothing else runs");
            assert!(info.stack_used <= info.stack_bytes);
            Ok(())
        },
        &[],
    );
}

#[test]
fn x46_a_mark_shows_what_was_left_behind_by_owner_and_place() {
    let printed = lines(|_| {
        mem::mark("before").expect("a mark");
        let first = Box::new([0_u8; 100])?;
        let second = Box::new([0_u8; 100])?;
        mem::write_diff("before")?;
        drop(first);
        core::mem::forget(second);
        mem::write_diff("before")?;
        let leaker = small("leaker").spawn(|| Box::new([0_u8; 40]).map(core::mem::forget))?;
        leaker.join()?;
        mem::write_diff("before")?;
        assert!(mem::forget("before") && !mem::forget("before"));
        assert_eq!(mem::diff("before", |_| {}), Err(Error::Empty));
        Ok(())
    });
    let said = |place: usize, start: &str| {
        assert!(printed[place].trim_start().starts_with(start), "{place}: {printed:#?}");
    };
    said(1, "+112      +1  thread main (unit 1), allocated at ");
    said(2, "+112      +1  thread main (unit 1), allocated at ");
    said(3, "+224      +2  in all");
    said(5, "+112      +1  thread main");
    said(6, "+112      +1  in all");
    said(8, "+56      +1  thread leaker (unit 3), allocated at ");
    said(10, "+168      +2  in all");
}

#[test]
fn the_map_shows_whose_each_stretch_is() {
    fn body(_: ramscope_kernel::Arguments<'_>) -> Result<(), Error> {
        let kept = Buffer::with_capacity(40 * 512)?;
        mem::write_map(Picture::Owners { letter_bytes: 512 });
        mem::write_legend(512);
        drop(kept);
        Ok(())
    }
    let printed = lines(body);
    let letters = printed.iter().find(|line| line.starts_with("00000000: ")).expect("a line");
    assert!(letters.contains(&"A".repeat(39)), "main is the first owner: {letters}");
    assert!(printed.iter().any(|line| line.starts_with("A thread    main")), "{printed:#?}");
    assert!(printed.iter().any(|line| line.contains("one letter is 512 B")), "{printed:#?}");
}
