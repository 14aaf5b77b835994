//! Other schedules: what a plain run does not show.

use crate::check::{Body, NAME};
use crate::locks::small;
use ramscope_board_host::{Exploration, explore};
use ramscope_kernel::mem::Arc;
use ramscope_kernel::{Arguments, Error, Lock, Program, Shared, println};

fn programs(run: Body) -> &'static [Program] {
    Box::leak(Box::new([Program { name: NAME, summary: "under test", run }]))
}

/// Two threads read, add and write back, once each.
fn add(locked: bool) -> Result<(), Error> {
    let count = Arc::new(Shared::named("count", 0_u32))?;
    let lock = Arc::new(Lock::new())?;
    let adders = ["left", "right"].map(|name| {
        let (count, lock) = (count.clone(), lock.clone());
        small(name).spawn(move || {
            let _held = if locked { Some(lock.hold()?) } else { None };
            count.set(count.get() + 1);
            Ok::<(), Error>(())
        })
    });
    for adder in adders {
        adder?.join()?;
    }
    println!("{} of 2 are left", count.get());
    Ok(())
}

fn loses(_: Arguments<'_>) -> Result<(), Error> {
    add(false)
}

fn keeps(_: Arguments<'_>) -> Result<(), Error> {
    add(true)
}

fn exploration(body: Body) -> Exploration {
    let is_lost = |run: &ramscope_board_host::Run| !run.text.contains("2 of 2 are left");
    Exploration::new(programs(body), &["run test"]).failing_if(is_lost)
}

#[test]
fn a_lost_update_is_found_by_seed_and_shrunk_to_one_switch() {
    let exploration = exploration(loses);
    let explored = exploration.seeds(1..=60);
    let failing = explored.expect_failure();
    let [made] = &failing.made[..] else { panic!("{explored}") };
    assert_eq!((made.from, made.to), ("left", "right"), "{explored}");
    let place = made.place.as_deref().unwrap_or_default();
    assert!(place.contains("schedules") && place.contains(".rs:"), "{explored}");
    // The same schedule loses it again, and the same in the words that a person pastes.
    let again = failing.schedule.to_string().parse().unwrap();
    assert!(exploration.along(&again).text.contains("1 of 2 are left"));
}

#[test]
fn nearly_all_that_seeds_draw_differ_and_the_same_seeds_draw_the_same() {
    let explored = exploration(keeps).seeds(1..=60);
    explored.expect_no_failure();
    assert!(explored.points > 0 && explored.distinct > 30, "{explored}");
    assert_eq!(explored.to_string(), exploration(keeps).seeds(1..=60).to_string());
}

#[test]
fn with_a_lock_every_schedule_of_one_switch_keeps_the_update() {
    let explored = exploration(keeps).every(1, 20_000);
    explored.expect_no_failure();
    assert!(explored.is_complete(1), "{explored}");
    assert!(!exploration(keeps).every(1, 10).is_complete(1));
}

/// Two locks in opposite order, each for a moment: a plain run ends.
fn opposite(_: Arguments<'_>) -> Result<(), Error> {
    let locks = [Arc::new(Lock::named("one"))?, Arc::new(Lock::named("two"))?];
    let take = |name, first: usize, then: usize| {
        let (first, then) = (locks[first].clone(), locks[then].clone());
        small(name).spawn(move || {
            first.acquire()?;
            then.acquire()?;
            then.release()?;
            first.release()
        })
    };
    let (a, b) = (take("a", 0, 1)?, take("b", 1, 0)?);
    a.join()?;
    b.join().map(drop)
}

#[test]
fn two_locks_in_opposite_order_stop_in_a_schedule_that_is_found() {
    let explored = Exploration::new(programs(opposite), &["run test"]).every(1, 1_000);
    let failing = explored.expect_failure();
    assert_eq!(failing.made.len(), 1, "{explored}");
    assert!(failing.run.text.contains("suspicion: 2 threads wait in a circle"), "{explored}");
    assert!(failing.run.text.contains("deadlock: nothing is left"), "{explored}");
}

#[test]
fn a_thread_that_panics_is_not_left_in_the_middle_of_that() {
    fn panics(_: Arguments<'_>) -> Result<(), Error> {
        let threads = ["a", "b"].map(|name| {
            small(name).spawn(move || -> Result<(), Error> {
                println!("{name} is about to");
                panic!("as {name} said")
            })
        });
        for thread in threads {
            let _ = thread?.join()?;
        }
        Ok(())
    }
    let explored = explore(programs(panics), &["run test"], 40);
    explored.expect_no_failure();
}
