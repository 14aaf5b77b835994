//! Semaphores, queues, flags, conditions, barriers, cells that are made once, reader-writer locks and
//! emitters.

use crate::check::{check, check_both_ways, lines};
use crate::locks::{MILLISECOND, small};
use core::cell::Cell;
use ramscope_kernel::mem::Arc;
use ramscope_kernel::sync::{
    Arrival, Barrier, Clearing, Condition, Emitter, Flags, Once, Queue, RwLock, Semaphore, Wakeup,
    Wanted,
};
use ramscope_kernel::thread;
use ramscope_kernel::{Error, Instant, Mutex, Span, handler, println};

const SOON: Span = Span::from_millis(5);

#[test]
fn a_semaphore_counts_to_its_bound_and_no_further() {
    check_both_ways(
        |_| {
            let permits = Semaphore::named("tested", 1, 2);
            println!("{} {}", permits.try_acquire(), permits.try_acquire());
            println!("{:?} {:?} {:?}", permits.release(), permits.release(), permits.release());
            println!("{} {:?}", permits.permits(), permits.acquire());
            Ok(())
        },
        &["true false", "Ok(()) Ok(()) Err(Full)", "2 Ok(())"],
    );
}

#[test]
fn permits_go_to_who_waited_longest_and_a_time_out_gives_its_turn_up() {
    check_both_ways(
        |_| {
            let permits = Arc::new(Semaphore::named("tested", 0, 9))?;
            let waits = |name, span: Option<Span>| {
                let theirs = permits.clone();
                small(name).spawn(move || {
                    let result = match span {
                        Some(span) => theirs.acquire_for(span),
                        None => theirs.acquire(),
                    };
                    println!("{} {result:?}", thread::current_name());
                })
            };
            let threads = [waits("a", None)?, waits("b", Some(SOON))?, waits("c", None)?];
            thread::sleep(Span::from_millis(10))?;
            for _ in 0..3 {
                permits.release()?;
            }
            println!("{}", permits.permits());
            threads.into_iter().try_for_each(|thread| thread.join().map(drop))
        },
        &["b Err(TimedOut)", "1", "a Ok(())", "c Ok(())"],
    );
}

#[test]
fn a_handler_releases_and_never_waits() {
    static PERMITS: Semaphore = Semaphore::named("tested", 0, 9);
    check(
        |_| {
            handler::raise(|| {
                let _ = PERMITS.release();
                assert!(PERMITS.acquire_for(MILLISECOND) == Err(Error::InHandler));
            });
            println!("{:?}", PERMITS.acquire());
            Ok(())
        },
        &["Ok(())"],
    );
}

#[test]
fn values_come_out_in_order_by_value_and_a_full_queue_waits() {
    check_both_ways(
        |_| {
            let queue: Arc<Queue<u32, 2>> = Arc::new(Queue::named("tested"))?;
            let theirs = queue.clone();
            let producer = small("producer").spawn(move || {
                for value in 0..5 {
                    theirs.send(value)?;
                    println!("sent {value}");
                }
                theirs.close();
                Ok::<(), Error>(())
            })?;
            thread::sleep(MILLISECOND)?;
            println!("{:?}", queue.try_send(9).map_err(Error::from));
            while let Ok(value) = queue.receive() {
                println!("received {value}");
                thread::yield_now();
            }
            println!("{:?} {:?}", queue.receive(), queue.try_receive());
            println!("{:?}", producer.join()?);
            Ok(())
        },
        &[
            "sent 0",
            "sent 1",
            "Err(Full)",
            "received 0",
            "sent 2",
            "received 1",
            "sent 3",
            "received 2",
            "sent 4",
            "received 3",
            "received 4",
            "Err(Closed) Err(Closed)",
            "Returned",
        ],
    );
}

#[test]
fn nobody_takes_a_value_that_is_promised_to_a_waiter() {
    check_both_ways(
        |_| {
            let queue: Arc<Queue<u32, 1>> = Arc::new(Queue::named("tested"))?;
            let theirs = queue.clone();
            let waiter = small("waiter").spawn(move || {
                println!("waiter {:?}", theirs.receive());
            })?;
            thread::sleep(MILLISECOND)?;
            queue.send(1)?;
            // The waiter has not run yet, and the value is its own: it is not in the queue any more.
            println!("main {:?} of {}", queue.try_receive(), queue.len());
            waiter.join().map(drop)
        },
        &["main Err(Empty) of 0", "waiter Ok(1)"],
    );
}

#[test]
fn many_producers_and_consumers_lose_nothing() {
    check_both_ways(
        |_| {
            let queue: Arc<Queue<u32, 3>> = Arc::new(Queue::named("tested"))?;
            let total = Arc::new(Mutex::named("total", (0_u32, 0_u32)))?;
            let producers = ["p0", "p1", "p2"].map(|name| {
                let theirs = queue.clone();
                small(name).spawn(move || {
                    for value in 1..=100 {
                        theirs.send(value)?;
                    }
                    Ok::<(), Error>(())
                })
            });
            let consumers = ["c0", "c1"].map(|name| {
                let (theirs, total) = (queue.clone(), total.clone());
                small(name).spawn(move || {
                    while let Ok(value) = theirs.receive() {
                        let mut total = total.lock()?;
                        *total = (total.0 + 1, total.1 + value);
                    }
                    Ok::<(), Error>(())
                })
            });
            for producer in producers {
                producer?.join()?;
            }
            queue.close();
            for consumer in consumers {
                consumer?.join()?;
            }
            println!("{:?}", *total.lock()?);
            Ok(())
        },
        &["(300, 15150)"],
    );
}

#[test]
fn a_value_that_cannot_be_sent_comes_back_and_what_is_left_is_dropped() {
    check_both_ways(
        |_| {
            let counted = Arc::new(0_u8)?;
            let queue: Queue<Arc<u8>, 2> = Queue::named("tested");
            queue.try_send(counted.clone()).map_err(Error::from)?;
            queue.try_send(counted.clone()).map_err(Error::from)?;
            let refused = queue.send_for(counted.clone(), MILLISECOND);
            println!("{:?}", refused.as_ref().map_err(|refused| refused.error));
            let before = ramscope_kernel::mem::used_bytes();
            drop(refused);
            drop(queue);
            drop(counted);
            println!("{}", ramscope_kernel::mem::used_bytes() < before);
            Ok(())
        },
        &["Err(TimedOut)", "true"],
    );
}

#[test]
fn flags_wake_who_waits_for_any_or_all_of_them() {
    check_both_ways(
        |_| {
            let flags = Arc::new(Flags::named("tested"))?;
            let waits = |name, wanted| {
                let theirs = flags.clone();
                small(name).spawn(move || {
                    let result = theirs.wait(wanted, Clearing::Keep);
                    println!("{} {result:?}", thread::current_name());
                })
            };
            let any = waits("any", Wanted::Any(0b110))?;
            let all = waits("all", Wanted::All(0b110))?;
            thread::sleep(MILLISECOND)?;
            flags.set(0b011);
            thread::sleep(MILLISECOND)?;
            println!("set the rest");
            flags.set(0b100);
            any.join()?;
            all.join()?;
            println!("{:#b}", flags.get());
            Ok(())
        },
        &["any Ok(2)", "set the rest", "all Ok(6)", "0b111"],
    );
}

#[test]
fn who_clears_takes_the_flag_from_those_behind() {
    check_both_ways(
        |_| {
            let flags = Arc::new(Flags::named("tested"))?;
            let handles = ["first", "second"].map(|name| {
                let theirs = flags.clone();
                small(name).spawn(move || {
                    let result = theirs.wait_for(Wanted::Any(1), Clearing::Clear, SOON);
                    println!("{} {result:?}", thread::current_name());
                })
            });
            thread::sleep(MILLISECOND)?;
            flags.set(1);
            println!("{}", flags.get());
            handles.into_iter().try_for_each(|handle| handle?.join().map(drop))
        },
        &["0", "first Ok(1)", "second Err(TimedOut)"],
    );
}

#[test]
fn urgent_waiters_that_wait_again_do_not_keep_a_setter_for_ever() {
    check_both_ways(
        |_| {
            let flags = Arc::new(Flags::named("tested"))?;
            let handles = ["a", "b", "c"].map(|name| {
                let theirs = flags.clone();
                small(name).priority(10).spawn(move || {
                    for _ in 0..2 {
                        theirs.wait(Wanted::Any(1), Clearing::Clear)?;
                        println!("{}", thread::current_name());
                    }
                    Ok::<(), Error>(())
                })
            });
            for _ in 0..6 {
                flags.set(1);
            }
            println!("set six times");
            handles.into_iter().try_for_each(|handle| handle?.join().map(drop))
        },
        &["a", "b", "c", "a", "b", "c", "set six times"],
    );
}

#[test]
fn a_condition_loses_no_notification_between_unlock_and_wait() {
    check_both_ways(
        |_| {
            let state = Arc::new((Mutex::named("state", 0_u32), Condition::named("changed")))?;
            let theirs = state.clone();
            let waiter = small("waiter").spawn(move || {
                let (value, changed) = &*theirs;
                let mut guard = value.lock()?;
                while *guard < 3 {
                    guard = changed.wait(guard)?;
                }
                println!("waiter sees {}", *guard);
                Ok::<(), Error>(())
            })?;
            thread::sleep(MILLISECOND)?;
            for _ in 0..3 {
                *state.0.lock()? += 1;
                state.1.notify_one();
                thread::yield_now();
            }
            waiter.join().map(drop)
        },
        &["waiter sees 3"],
    );
}

#[test]
fn notify_all_wakes_who_waits_now_in_order_and_a_time_out_owns_the_mutex() {
    check_both_ways(
        |_| {
            let state = Arc::new((Mutex::named("state", ()), Condition::named("changed")))?;
            let handles = ["a", "b", "c"].map(|name| {
                let theirs = state.clone();
                small(name).spawn(move || {
                    drop(theirs.1.wait(theirs.0.lock()?)?);
                    println!("{}", thread::current_name());
                    Ok::<(), Error>(())
                })
            });
            thread::sleep(MILLISECOND)?;
            let (guard, wakeup) = state.1.wait_for(state.0.lock()?, MILLISECOND)?;
            println!("{wakeup:?} {}", wakeup == Wakeup::TimedOut && state.0.is_locked());
            drop(guard);
            state.1.notify_all();
            for handle in handles {
                handle?.join()?;
            }
            println!("{}", state.1.notify_one());
            Ok(())
        },
        &["TimedOut true", "a", "b", "c", "false"],
    );
}

#[test]
fn a_barrier_lets_all_go_when_the_last_has_come_round_after_round() {
    check_both_ways(
        |_| {
            let barrier = Arc::new(Barrier::named("tested", 3))?;
            let handles = ["a", "b", "c"].map(|name| {
                let theirs = barrier.clone();
                small(name).spawn(move || {
                    for round in 0..2 {
                        let arrival = theirs.wait()?;
                        if arrival == Arrival::Last {
                            println!("{} came last in round {round}", thread::current_name());
                        }
                    }
                    Ok::<(), Error>(())
                })
            });
            handles.into_iter().try_for_each(|handle| handle?.join().map(drop))
        },
        &["c came last in round 0", "b came last in round 1"],
    );
}

#[test]
fn who_gives_up_at_a_barrier_has_not_come() {
    check_both_ways(
        |_| {
            let barrier = Arc::new(Barrier::named("tested", 2))?;
            println!("{:?}", barrier.wait_for(MILLISECOND));
            let theirs = barrier.clone();
            let other = small("other").spawn(move || theirs.wait().map(drop))?;
            thread::sleep(MILLISECOND)?;
            println!("{:?} {:?}", barrier.wait(), other.join()?);
            Ok(())
        },
        &["Err(TimedOut)", "Ok(Last) Returned"],
    );
}

#[test]
fn a_value_is_made_once_and_by_the_next_if_that_fails() {
    check_both_ways(
        |_| {
            let cell: Arc<Once<u32>> = Arc::new(Once::named("tested"))?;
            let handles = [("fails", None), ("makes", Some(7)), ("finds", Some(8))].map(
                |(name, value): (&'static str, Option<u32>)| {
                    let theirs = cell.clone();
                    small(name).spawn(move || {
                        let result = theirs.get_or_init(|| {
                            thread::sleep(MILLISECOND)?;
                            value.ok_or(Error::Closed)
                        });
                        println!("{} {result:?}", thread::current_name());
                    })
                },
            );
            for handle in handles {
                handle?.join()?;
            }
            println!("{:?}", cell.get());
            Ok(())
        },
        &["fails Err(Closed)", "makes Ok(7)", "finds Ok(7)", "Some(7)"],
    );
}

#[test]
fn a_value_that_needs_itself_is_a_deadlock() {
    static CELL: Once<u32> = Once::named("tested");
    check(
        |_| {
            println!("{:?}", CELL.get_or_init(|| CELL.get_or_init(|| Ok(1)).copied()));
            Ok(())
        },
        &["Err(Deadlock)"],
    );
}

#[test]
fn readers_share_writers_do_not_and_nobody_passes_a_waiting_writer() {
    check_both_ways(
        |_| {
            let lock = Arc::new(RwLock::named("tested", 0_u32))?;
            let first = lock.read()?;
            println!("{}", lock.try_read()?.is_some());
            println!("{}", lock.try_write()?.is_some());
            let (for_writer, for_reader) = (lock.clone(), lock.clone());
            let writer = small("writer").spawn(move || {
                *for_writer.write()? += 1;
                println!("written");
                Ok::<(), Error>(())
            })?;
            thread::sleep(MILLISECOND)?;
            println!("{}", lock.try_read()?.is_some());
            let reader = small("reader").spawn(move || {
                println!("read {}", *for_reader.read()?);
                Ok::<(), Error>(())
            })?;
            thread::sleep(MILLISECOND)?;
            drop(first);
            writer.join()?;
            reader.join().map(drop)
        },
        &["true", "false", "false", "written", "read 1"],
    );
}

#[test]
fn a_writer_that_gives_up_lets_the_readers_behind_it_in() {
    check_both_ways(
        |_| {
            let lock = Arc::new(RwLock::named("tested", 0_u32))?;
            let _first = lock.read()?;
            let (for_writer, for_reader) = (lock.clone(), lock.clone());
            let writer = small("writer").spawn(move || {
                println!("writer {:?}", for_writer.write_for(SOON).map(drop));
            })?;
            let reader = small("reader").spawn(move || {
                println!("reader {:?}", for_reader.read().map(drop));
            })?;
            reader.join()?;
            writer.join().map(drop)
        },
        &["writer Err(TimedOut)", "reader Ok(())"],
    );
}

#[test]
fn a_reader_that_dies_is_forgotten_and_a_writer_that_dies_poisons() {
    let printed = lines(|_| {
        let lock = Arc::new(RwLock::named("tested", 0_u32))?;
        let theirs = lock.clone();
        let reader = small("reader").spawn(move || -> Result<(), Error> {
            let _guard = theirs.read()?;
            thread::sleep(SOON)?;
            panic!("as a reader");
        })?;
        thread::sleep(MILLISECOND)?;
        println!("main {:?}", lock.write().map(drop));
        reader.join()?;
        let theirs = lock.clone();
        let writer = small("writer").spawn(move || -> Result<(), Error> {
            let _guard = theirs.write()?;
            thread::sleep(SOON)?;
            panic!("as a writer");
        })?;
        thread::sleep(MILLISECOND)?;
        println!("main {:?}", lock.read().map(drop));
        writer.join()?;
        lock.clear_poison();
        println!("main {:?}", lock.read().map(drop));
        Ok(())
    });
    let told: Vec<_> = printed.iter().filter(|line| line.starts_with("main ")).collect();
    assert_eq!(told, ["main Ok(())", "main Err(Poisoned)", "main Ok(())"]);
}

#[test]
fn subscribers_are_called_in_order_and_may_unsubscribe_inside() {
    check_both_ways(
        |_| {
            let emitter: Emitter<'_, u32, 3> = Emitter::named("tested");
            let second = Watch(Cell::new(None));
            let first = |event: &u32| println!("first {event}");
            let once = |event: &u32| {
                println!("once {event}");
                if let Some(subscription) = second.get() {
                    println!("{}", emitter.unsubscribe(subscription));
                }
            };
            emitter.subscribe(&first)?;
            second.set(emitter.subscribe(&once)?);
            let third = emitter.subscribe(&first)?;
            println!("{:?}", emitter.subscribe(&first).map(drop));
            println!("{}", emitter.emit(&1));
            println!("{} {}", emitter.unsubscribe(third), emitter.unsubscribe(third));
            println!("{}", emitter.emit(&2));
            Ok(())
        },
        &["Err(Full)", "first 1", "once 1", "true", "first 1", "3", "true false", "first 2", "1"],
    );
}

/// A cell that this one thread uses, inside of a callback that must be `Sync`.
struct Watch(Cell<Option<ramscope_kernel::sync::Subscription>>);

impl Watch {
    fn get(&self) -> Option<ramscope_kernel::sync::Subscription> {
        self.0.get()
    }

    fn set(&self, subscription: ramscope_kernel::sync::Subscription) {
        self.0.set(Some(subscription));
    }
}

#[expect(unsafe_code, reason = "one thread uses it")]
// SAFETY: as above.
unsafe impl Sync for Watch {}

#[test]
fn who_waits_for_an_event_gets_the_next_one() {
    static EMITTER: Emitter<'static, u32, 1> = Emitter::named("tested");
    check(
        |_| {
            let waiter = small("waiter").spawn(|| println!("waiter {:?}", EMITTER.wait()))?;
            println!("{:?}", EMITTER.wait_for(MILLISECOND));
            EMITTER.emit(&1);
            waiter.join().map(drop)
        },
        &["Err(TimedOut)", "waiter Ok(1)"],
    );
}

#[test]
fn every_kind_of_wait_is_broken_off_by_a_request_to_exit() {
    fn waits(kind: usize) -> Result<(), Error> {
        static NEVER: Semaphore = Semaphore::named("never", 0, 1);
        static EMPTY: Queue<u32, 1> = Queue::named("empty");
        static CLEAR: Flags = Flags::named("clear");
        static FAR: Barrier = Barrier::named("far", 9);
        static SILENT: Emitter<'static, u32, 1> = Emitter::named("silent");
        static STATE: Mutex<()> = Mutex::named("state", ());
        static QUIET: Condition = Condition::named("quiet");
        match kind {
            0 => NEVER.acquire(),
            1 => EMPTY.receive().map(drop),
            2 => CLEAR.wait(Wanted::Any(1), Clearing::Keep).map(drop),
            3 => FAR.wait().map(drop),
            4 => SILENT.wait().map(drop),
            _ => QUIET.wait(STATE.lock()?).map(drop),
        }
    }
    check(
        |_| {
            for kind in 0..6 {
                let start = Instant::now();
                let waiter = small("waiter").spawn(move || waits(kind))?;
                thread::sleep(MILLISECOND)?;
                waiter.request_exit();
                println!("{:?}", waiter.join()?);
                assert!(Instant::now() - start < SOON);
            }
            Ok(())
        },
        &["Exited"; 6],
    );
}
