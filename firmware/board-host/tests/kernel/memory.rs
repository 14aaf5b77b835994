//! Memory: boxes, shared values, and the identity "sum by owner = used = total - free".

use crate::check::{Body, check, device};
use ramscope_kernel::mem::{self, Arc, Box};
use ramscope_kernel::thread::{self, Builder, End};
use ramscope_kernel::{Error, Shortage, Span, println};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

const MILLISECOND: Span = Span::from_millis(1);

/// A small thread.
fn small(name: &'static str) -> Builder {
    Builder::new(name).stack_bytes(1024)
}

/// One owner's row of the `mem` command.
#[derive(Debug, PartialEq)]
struct Row {
    title: String,
    bytes: u32,
    blocks: u32,
    is_quarantined: bool,
}

/// What the `mem` command printed.
#[derive(Debug)]
struct Table {
    total: u32,
    used: u32,
    free: u32,
    used_blocks: u32,
    rows: Vec<Row>,
}

impl Table {
    /// Every table in `text`.
    fn all(text: &str) -> Vec<Table> {
        text.split("\nheap: ").skip(1).map(Table::parse).collect()
    }

    fn parse(text: &str) -> Table {
        let (summary, rest) = text.split_once('\n').expect("a line");
        let numbers: Vec<u32> =
            summary.split([' ', ',']).filter_map(|word| word.parse().ok()).collect();
        let [total, used, free, _peak, _largest, used_blocks] = numbers[..] else {
            panic!("not six figures: {summary}");
        };
        let rows = rest.lines().skip(1).map_while(Row::parse).collect();
        Table { total, used, free, used_blocks, rows }
    }

    fn row(&self, title: &str) -> &Row {
        let found = self.rows.iter().find(|row| row.title == title);
        found.unwrap_or_else(|| panic!("no owner `{title}` in {self:#?}"))
    }

    fn check_identity(&self) {
        let by_owner: u32 = self.rows.iter().map(|row| row.bytes).sum();
        let blocks: u32 = self.rows.iter().map(|row| row.blocks).sum();
        assert_eq!(by_owner, self.used, "{self:#?}");
        assert_eq!(self.used, self.total - self.free, "{self:#?}");
        assert_eq!(blocks, self.used_blocks, "{self:#?}");
    }
}

impl Row {
    /// `KIND [NAME] UNIT NOW PEAK BLOCKS [quarantined]`
    fn parse(line: &str) -> Option<Row> {
        let (line, is_quarantined) = match line.strip_suffix("quarantined") {
            Some(line) => (line, true),
            None => (line, false),
        };
        let words: Vec<&str> = line.split_whitespace().collect();
        let [title @ .., _unit, now, _peak, blocks] = &words[..] else { return None };
        let (bytes, blocks) = (now.parse().ok()?, blocks.parse().ok()?);
        Some(Row { title: title.join(" "), bytes, blocks, is_quarantined })
    }
}

/// Runs `body` and types `mem` each 10 ms from its start on; each table must add up.
fn tables<const COUNT: usize>(body: Body) -> [Table; COUNT] {
    let commands: Vec<&str> = ["run test"].into_iter().chain([const { "mem" }; COUNT]).collect();
    let tables = Table::all(&device(body, &commands, 60).text);
    tables.iter().for_each(Table::check_identity);
    tables.try_into().expect("a table for each command")
}

#[test]
fn a_box_takes_its_bytes_and_gives_them_back() {
    check(
        |_| {
            let before = mem::totals();
            let kept = Box::new([7_u8; 1000])?;
            let during = mem::totals();
            assert!((1000..=1032).contains(&(during.used - before.used)));
            assert_eq!(during.used_blocks, before.used_blocks + 1);
            assert_eq!(during.used + during.free, during.total);
            assert!(during.peak_used >= during.used);
            assert_eq!((mem::used_bytes(), mem::free_bytes()), (during.used, during.free));
            assert!(kept.iter().all(|byte| *byte == 7));
            drop(kept);
            let after = mem::totals();
            assert_eq!((after.used, after.free), (before.used, before.free));
            assert_eq!(
                (after.used_blocks, after.largest_free),
                (before.used_blocks, before.largest_free)
            );
            Ok(())
        },
        &[],
    );
}

#[test]
fn an_allocation_that_does_not_fit_says_what_was_missing_and_takes_nothing() {
    const BYTES: usize = 100 * 1024;
    check(
        |_| {
            let mut kept = Vec::new();
            let refused = loop {
                let before = mem::totals();
                match Box::new([0_u8; BYTES]) {
                    Ok(piece) => kept.push(piece),
                    Err(error) => {
                        assert_eq!(mem::totals(), before);
                        break error;
                    }
                }
            };
            let Error::Missing(Shortage::Heap { wanted_bytes, largest_free_bytes }) = refused
            else {
                panic!("{refused}");
            };
            assert_eq!(wanted_bytes as usize, BYTES);
            assert_eq!(largest_free_bytes, mem::totals().largest_free);
            assert!((largest_free_bytes as usize) < BYTES);
            kept.pop();
            println!("{}", Box::new([0_u8; BYTES]).is_ok());
            Ok(())
        },
        &["true"],
    );
}

#[test]
fn the_largest_free_block_can_really_be_had() {
    check(
        |_| {
            const BYTES: usize = 1024;
            let mut kept = Vec::new();
            while mem::totals().largest_free as usize >= BYTES {
                kept.push(Box::new([0_u8; BYTES])?);
            }
            // Nothing is free in one piece: it comes from a further area, and only from there.
            let totals = mem::totals();
            drop(Box::new([0_u8; BYTES])?);
            assert!(mem::totals().total > totals.total);
            while mem::totals().largest_free as usize >= BYTES {
                kept.push(Box::new([0_u8; BYTES])?);
            }
            println!("{}", Box::new([0_u8; BYTES]).is_err());
            Ok(())
        },
        &["true"],
    );
}

/// Counts how often it is dropped.
struct Dropped(&'static AtomicU32);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.fetch_add(1, Relaxed);
    }
}

#[test]
fn a_shared_value_is_dropped_once_with_its_last_owner() {
    static DROPS: AtomicU32 = AtomicU32::new(0);
    check(
        |_| {
            let before = mem::totals();
            let shared = Arc::new(Dropped(&DROPS))?;
            let theirs = shared.clone();
            let other = small("other").spawn(move || {
                thread::sleep(Span::from_millis(10))?;
                drop(theirs);
                println!("other: {}", DROPS.load(Relaxed));
                Ok::<(), Error>(())
            })?;
            drop(shared);
            println!("main: {}", DROPS.load(Relaxed));
            other.join()?;
            assert_eq!(mem::totals().used, before.used);
            Ok(())
        },
        &["main: 0", "other: 1"],
    );
}

#[test]
fn a_thread_that_ends_gives_back_every_byte() {
    check(
        |_| {
            let before = mem::totals();
            let handle = small("user").spawn(|| {
                let mut kept = Vec::new();
                for size in 0..50 {
                    kept.push(Box::new([size; 100])?);
                }
                let held = Arc::new([0_u32; 64])?;
                thread::sleep(MILLISECOND)?;
                drop(held);
                Err::<(), _>(Error::Closed)
            })?;
            assert_eq!(handle.join()?, End::Failed(4));
            let after = mem::totals();
            assert_eq!((after.used, after.free_blocks), (before.used, before.free_blocks));
            assert!(after.peak_used > before.used + 50 * 100);
            Ok(())
        },
        &[],
    );
}

#[test]
fn every_byte_is_booked_on_who_asked_for_it() {
    let [before, during, after] = tables(|_| {
        thread::sleep(Span::from_millis(15))?;
        let kept = Box::new([0_u8; 5000])?;
        let user = Builder::new("user").stack_bytes(2048).spawn(|| {
            let _kept = [Box::new([0_u8; 700])?, Box::new([0_u8; 700])?];
            thread::sleep(Span::from_millis(10))
        })?;
        user.join()?;
        drop(kept);
        Ok(())
    });
    let main_takes = during.row("thread main").bytes - before.row("thread main").bytes;
    assert!((5000..5032).contains(&main_takes), "{main_takes}");
    let user = during.row("thread user");
    assert_eq!(user.blocks, 3);
    assert!((2048 + 1400..2048 + 1400 + 300).contains(&user.bytes), "{user:?}");
    assert!(!after.rows.iter().any(|row| row.title.contains("user")), "{after:?}");
    assert_eq!(after.used, before.used);
}

#[test]
fn what_outlives_its_maker_stays_booked_on_the_maker() {
    let [alive, given_back] = tables(|_| {
        let slot = std::sync::Arc::new(std::sync::Mutex::new(None));
        let theirs = slot.clone();
        let maker = small("maker").spawn(move || {
            *theirs.lock().unwrap() = Some(Arc::new([0_u8; 4000])?);
            Ok::<(), Error>(())
        })?;
        let id = maker.id();
        maker.join()?;
        assert_eq!(id, 3);
        thread::sleep(Span::from_millis(15))?;
        drop(slot.lock().unwrap().take());
        Ok(())
    });
    let dead: Vec<_> =
        alive.rows.iter().filter(|row| row.bytes >= 4000 && row.blocks == 1).collect();
    assert_eq!(dead.len(), 1, "{alive:#?}");
    assert!(!dead[0].is_quarantined);
    assert_eq!(given_back.used, alive.used - dead[0].bytes);
    assert_eq!(given_back.rows.len(), alive.rows.len() - 1);
}

#[test]
fn a_panic_quarantines_what_the_thread_had_and_still_everything_adds_up() {
    let [before, after, later] = tables(|_| {
        thread::sleep(Span::from_millis(15))?;
        let careless = small("careless").spawn(|| -> Result<(), Error> {
            let _kept = [Box::new([0_u8; 900])?, Box::new([0_u8; 900])?];
            thread::sleep(MILLISECOND)?;
            panic!("with two boxes");
        })?;
        assert_eq!(careless.join()?, End::Panicked);
        thread::sleep(Span::from_millis(10))
    });
    let quarantined: Vec<_> = after.rows.iter().filter(|row| row.is_quarantined).collect();
    assert_eq!(quarantined.len(), 1, "{after:#?}");
    assert_eq!(quarantined[0].blocks, 3);
    assert!(quarantined[0].bytes >= 1024 + 2 * 900, "{after:#?}");
    assert_eq!(after.used, before.used + quarantined[0].bytes);
    assert_eq!(later.used, after.used);
}

#[test]
fn others_can_drop_what_a_torn_down_thread_made_and_it_stays_counted() {
    let [made, dropped] = tables(|_| {
        let slot = std::sync::Arc::new(std::sync::Mutex::new(None));
        let theirs = slot.clone();
        let careless = small("careless").spawn(move || -> Result<(), Error> {
            *theirs.lock().unwrap() = Some(Box::new([0_u8; 4000])?);
            panic!("after handing a box out");
        })?;
        careless.join()?;
        thread::sleep(Span::from_millis(15))?;
        drop(slot.lock().unwrap().take());
        Ok(())
    });
    assert_eq!(made.used, dropped.used);
    assert!(dropped.rows.iter().any(|row| row.is_quarantined && row.bytes > 5000));
}

#[test]
fn t09_ten_threads_that_allocate_at_random_leave_nothing_and_hurt_nobody() {
    check(
        |_| {
            let before = mem::totals();
            let mut handles = Vec::new();
            for seed in 0..10_u32 {
                handles.push(small("user").spawn(move || {
                    let mut kept: Vec<(u32, Box<[u32; 24]>)> = Vec::new();
                    let mut small_ones: Vec<Box<u32>> = Vec::new();
                    let mut random = seed;
                    for round in 0..1000 {
                        random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                        if random >> 31 == 0 && kept.len() < 20 {
                            kept.push((round, Box::new([round ^ seed; 24])?));
                            small_ones.push(Box::new(seed)?);
                        } else if !kept.is_empty() {
                            let (made, words) =
                                kept.swap_remove((random >> 8) as usize % kept.len());
                            assert!(words.iter().all(|word| *word == made ^ seed));
                            small_ones.truncate(kept.len());
                        }
                        assert!(small_ones.iter().all(|one| **one == seed));
                        thread::yield_now();
                    }
                    Ok::<(), Error>(())
                })?);
            }
            for handle in handles {
                assert_eq!(handle.join()?, End::Returned);
            }
            assert_eq!(mem::totals().used, before.used);
            assert_eq!(mem::totals().free_blocks, before.free_blocks);
            assert_eq!(mem::totals().largest_free, before.largest_free);
            Ok(())
        },
        &[],
    );
}
