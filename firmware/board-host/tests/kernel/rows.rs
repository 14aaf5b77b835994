//! Rows of the conformance list that are programs of their own: what several threads do to one thing.
//!
//! MicroPython's containers are atomic by its global lock; here the same is said with a `Mutex`, and each
//! thread gives way in the middle of what it does, so that every mix of turns happens.

use crate::check::{check, device};
use crate::locks::small;
use ramscope_kernel::mem::Arc;
use ramscope_kernel::thread::{self, End};
use ramscope_kernel::{Error, Mutex, Shared, Span, console, interrupts, println};
use std::collections::{BTreeMap, BTreeSet};

const NAMES: [&str; 4] = ["t0", "t1", "t2", "t3"];

/// Runs `work` in four threads on one value; answers the value.
fn four_on<T: Send + 'static>(
    value: T,
    work: fn(u32, &Mutex<T>) -> Result<(), Error>,
) -> Result<Arc<Mutex<T>>, Error> {
    let shared = Arc::new(Mutex::named("shared", value))?;
    let handles = [0, 1, 2, 3].map(|index| {
        let theirs = shared.clone();
        small(NAMES[index as usize]).spawn(move || work(index, &theirs))
    });
    for handle in handles {
        assert_eq!(handle?.join()?, End::Returned);
    }
    Ok(shared)
}

#[test]
fn t01_nested_masked_sections_exclude_each_other() {
    static COUNT: Shared<u32> = Shared::of("count", 0);
    check(
        |_| {
            let add = || {
                for _ in 0..1000 {
                    interrupts::masked(|| {
                        let before = COUNT.get();
                        interrupts::masked(|| ());
                        COUNT.set(before + 1);
                    });
                    thread::yield_now();
                }
            };
            let threads = [small("a").spawn(add)?, small("b").spawn(add)?];
            threads.into_iter().try_for_each(|thread| thread.join().map(drop))?;
            println!("{}", COUNT.get());
            Ok(())
        },
        &["2000"],
    );
}

#[test]
fn t02_four_threads_extend_one_byte_array_and_nothing_is_lost() {
    check(
        |_| {
            let bytes = four_on(Vec::new(), |index, bytes| {
                let mut length = 0;
                for round in 0..50 {
                    let mut bytes = bytes.lock()?;
                    assert!(bytes.len() >= length, "it never shrinks");
                    length = bytes.len();
                    bytes.push(index as u8);
                    if round % 10 == 0 {
                        bytes.extend([index as u8; 4]);
                    }
                    drop(bytes);
                    thread::yield_now();
                }
                Ok(())
            })?;
            let bytes = bytes.lock()?;
            println!("{:?}", [0, 1, 2, 3].map(|it| bytes.iter().filter(|b| **b == it).count()));
            Ok(())
        },
        &["[70, 70, 70, 70]"],
    );
}

#[test]
fn t03_four_threads_change_disjoint_keys_of_one_map() {
    check(
        |_| {
            let map = BTreeMap::from([("a", 1), ("b", 2), ("c", 3), ("d", 4)]);
            let map = four_on(map, |index, map| {
                let key = NAMES[index as usize];
                for round in 0..50 {
                    map.lock()?.insert(key, round);
                    thread::yield_now();
                    assert_eq!(map.lock()?.get(key), Some(&round));
                    thread::yield_now();
                    assert_eq!(map.lock()?.remove(key), Some(round));
                }
                Ok(())
            })?;
            println!("{:?}", *map.lock()?);
            Ok(())
        },
        &[r#"{"a": 1, "b": 2, "c": 3, "d": 4}"#],
    );
}

#[test]
fn t04_four_threads_set_different_fields_of_one_instance() {
    check(
        |_| {
            let fields = four_on([0_u32; 4], |index, fields| {
                for round in 0..=50 {
                    fields.lock()?[index as usize] = round * 10 + index;
                    thread::yield_now();
                    assert_eq!(fields.lock()?[index as usize], round * 10 + index);
                }
                Ok(())
            })?;
            println!("{:?}", *fields.lock()?);
            Ok(())
        },
        &["[500, 501, 502, 503]"],
    );
}

#[test]
fn t05_four_threads_append_to_and_remove_from_one_list() {
    check(
        |_| {
            let list = four_on(Vec::new(), |index, list| {
                for round in 0..20 {
                    list.lock()?.extend([index, index + 10]);
                    thread::yield_now();
                    let mut list = list.lock()?;
                    let at = list.iter().position(|it| *it == index).expect("its own is there");
                    list.remove(at);
                    assert!(list.len() > round as usize);
                }
                Ok(())
            })?;
            let mut list = list.lock()?;
            list.sort_unstable();
            list.dedup();
            println!("{:?}", *list);
            Ok(())
        },
        &["[10, 11, 12, 13]"],
    );
}

#[test]
fn t06_four_threads_add_and_remove_disjoint_members_of_one_set() {
    check(
        |_| {
            let set = four_on(BTreeSet::from([100, 200]), |index, set| {
                for round in 0..50 {
                    let member = index * 20 + round % 20;
                    set.lock()?.insert(member);
                    thread::yield_now();
                    assert!(set.lock()?.remove(&member));
                }
                Ok(())
            })?;
            println!("{:?}", *set.lock()?);
            Ok(())
        },
        &["{100, 200}"],
    );
}

/// XTEA (R. Needham, D. Wheeler, 1997), both ways: enough work to be interrupted in.
fn xtea(block: [u32; 2], key: [u32; 4], decrypts: Way) -> [u32; 2] {
    const DELTA: u32 = 0x9e37_79b9;
    let [mut a, mut b] = block;
    let mut sum = if decrypts == Way::Back { DELTA.wrapping_mul(32) } else { 0 };
    let mix =
        |x: u32, sum: u32, k: u32| ((x << 4) ^ (x >> 5)).wrapping_add(x) ^ sum.wrapping_add(k);
    for _ in 0..32 {
        match decrypts {
            Way::There => {
                a = a.wrapping_add(mix(b, sum, key[(sum & 3) as usize]));
                sum = sum.wrapping_add(DELTA);
                b = b.wrapping_add(mix(a, sum, key[(sum >> 11 & 3) as usize]));
            }
            Way::Back => {
                b = b.wrapping_sub(mix(a, sum, key[(sum >> 11 & 3) as usize]));
                sum = sum.wrapping_sub(DELTA);
                a = a.wrapping_sub(mix(b, sum, key[(sum & 3) as usize]));
            }
        }
    }
    [a, b]
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    There,
    Back,
}

#[test]
fn t07_encryption_in_several_threads_gives_the_right_bytes() {
    check(
        |_| {
            let right = four_on(0_u32, |index, right| {
                let key = [index, 2, 3, 4];
                for round in 0..100 {
                    let plain = [round, index];
                    let secret = xtea(plain, key, Way::There);
                    thread::yield_now();
                    let same = secret != plain && xtea(secret, key, Way::Back) == plain;
                    *right.lock()? += u32::from(same);
                }
                Ok(())
            })?;
            println!("{}", *right.lock()?);
            Ok(())
        },
        &["400"],
    );
}

#[test]
fn t13_errors_are_raised_and_caught_inside_of_four_threads() {
    check(
        |_| {
            let caught = four_on(0_u32, |_, caught| {
                let fails = || -> Result<(), Error> { Err(Error::Invalid) };
                if fails() == Err(Error::Invalid) {
                    *caught.lock()? += 1;
                }
                Ok(())
            })?;
            println!("{}", *caught.lock()?);
            Ok(())
        },
        &["4"],
    );
}

#[test]
fn t16_an_exit_that_is_returned_as_an_error_ends_threads_silently() {
    check(
        |_| {
            let leaves = || -> Result<(), Error> {
                thread::yield_now();
                Err(thread::exit().into())
            };
            let threads = [small("a").spawn(leaves)?, small("b").spawn(leaves)?];
            for thread in threads {
                println!("{:?}", thread.join()?);
            }
            Ok(())
        },
        &["Exited", "Exited"],
    );
}

#[test]
fn t26_several_threads_iterate_one_immutable_tuple() {
    check(
        |_| {
            static TUPLE: [u32; 5] = [1, 2, 3, 4, 5];
            let sums = four_on(Vec::new(), |_, sums| {
                let mut sum = 0;
                for value in &TUPLE {
                    sum += value;
                    thread::yield_now();
                }
                sums.lock()?.push(sum);
                Ok(())
            })?;
            println!("{:?}", *sums.lock()?);
            Ok(())
        },
        &["[15, 15, 15, 15]"],
    );
}

#[test]
fn t27_two_threads_update_different_slots_of_one_list() {
    static SLOTS: [Shared<u32>; 2] = [Shared::of("ten", 0), Shared::of("twenty", 0)];
    check(
        |_| {
            let counts = |slot: &'static Shared<u32>, times: u32| {
                move || {
                    for _ in 0..times {
                        slot.set(slot.get() + 1);
                        thread::yield_now();
                    }
                }
            };
            let a = small("a").spawn(counts(&SLOTS[0], 10))?;
            let b = small("b").spawn(counts(&SLOTS[1], 20))?;
            a.join()?;
            b.join()?;
            println!("{} {}", SLOTS[0].get(), SLOTS[1].get());
            Ok(())
        },
        &["10 20"],
    );
}

#[test]
fn x09_no_switch_point_loses_an_update_inside_of_a_critical_section() {
    check(
        |_| {
            // At each of the first points in turn both threads give way, and nowhere else.
            for point in 0..40 {
                let count = Arc::new(Mutex::named("count", 0_u32))?;
                let handles = ["a", "b"].map(|name| {
                    let theirs = count.clone();
                    small(name).spawn(move || {
                        let mut passed = 0;
                        let mut may_switch = || {
                            if passed == point {
                                thread::yield_now();
                            }
                            passed += 1;
                        };
                        for _ in 0..10 {
                            may_switch();
                            let mut count = theirs.lock()?;
                            may_switch();
                            let before = *count;
                            may_switch();
                            *count = before + 1;
                            may_switch();
                        }
                        Ok::<(), Error>(())
                    })
                });
                for handle in handles {
                    assert_eq!(handle?.join()?, End::Returned);
                }
                assert_eq!(*count.lock()?, 20, "switched at point {point}");
            }
            thread::sleep(Span::ZERO)
        },
        &[],
    );
}

/// Both ask all the time; each key is given to exactly one of them.
#[test]
fn t33_two_threads_that_poll_the_console_do_not_disturb_each_other() {
    let run = device(
        |_| {
            let taken = Arc::new(Mutex::named("taken", Vec::new()))?;
            let pollers = ["a", "b"].map(|name| {
                let theirs = taken.clone();
                small(name).spawn(move || {
                    for _ in 0..100 {
                        theirs.lock()?.extend(console::take_key());
                        thread::sleep(Span::from_millis(1))?;
                    }
                    Ok::<(), Error>(())
                })
            });
            for poller in pollers {
                assert_eq!(poller?.join()?, End::Returned);
            }
            println!("{}", taken.lock()?.iter().collect::<String>());
            Ok(())
        },
        &["run test", "key a", "key b", "key c", "key d"],
        60,
    );
    assert!(run.text.contains("\nabcd\n"), "{}", run.text);
    assert!(run.text.contains("test: ended\n"), "{}", run.text);
}
