//! Timers: the rows C01 to C06 and X10 to X14, and what else is promised of them.

use crate::check::{check, device, lines};
use crate::locks::MILLISECOND;
use ramscope_kernel::compat::{self, Strictness};
use ramscope_kernel::mem::{self, Arc, Box};
use ramscope_kernel::thread;
use ramscope_kernel::timer::{Config, Counts, HARDWARE_TIMERS, TIMERS_MAX, Timer};
use ramscope_kernel::{Error, Instant, Mutex, Shortage, Span, println};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// An id that makes a virtual timer.
const VIRTUAL: i32 = -1;

/// Of a timer with a callback, nothing is lost.
fn assert_adds_up(counts: Counts, waits: u32) {
    let Counts { fired, delivered, coalesced, dropped, late, .. } = counts;
    assert_eq!(fired, delivered + coalesced + dropped + late + waits, "{counts:?}");
}

fn create(id: i32) -> Result<(), Error> {
    let timer = Timer::new(id)?;
    timer.deinit();
    timer.init(Config::periodic().freq(1))?;
    timer.deinit();
    timer.deinit();
    for _ in 0..256 {
        timer.init(Config::periodic().freq(1))?;
    }
    println!("{}", timer.is_armed());
    timer.deinit();
    println!("{}", timer.is_armed());
    Ok(())
}

fn two(one: i32, other: i32) -> Result<(), Error> {
    let pair = || -> Result<(Timer, Timer), Error> {
        let pair = (Timer::new(one)?, Timer::new(other)?);
        pair.0.init(Config::periodic().freq(1))?;
        pair.1.init(Config::periodic().freq(1))?;
        Ok(pair)
    };
    let (first, second) = pair()?;
    println!("{}", first == second);
    first.deinit();
    println!("{} {}", first.is_armed(), second.is_armed());
    second.deinit();
    let (first, second) = pair()?;
    second.deinit();
    println!("{} {}", first.is_armed(), second.is_armed());
    first.deinit();
    Ok(())
}

#[test]
fn c01_virtual_timers_come_and_go() {
    check(|_| create(VIRTUAL), &["true", "false"]);
    check(|_| two(VIRTUAL, VIRTUAL), &["false", "false true", "true false"]);
}

#[test]
fn c02_a_timer_with_an_id_comes_and_goes() {
    check(|_| create(0), &["true", "false"]);
}

#[test]
fn c03_two_ids_are_two_timers() {
    check(|_| two(0, 1), &["false", "false true", "true false"]);
}

/// The callbacks after sleeps of 0, 10, 20, 40 and 20 ms.
fn count_calls(id: i32, config: Config) -> Result<(), Error> {
    let calls = Arc::new(AtomicU32::new(0))?;
    let theirs = calls.clone();
    let timer = Timer::new(id)?;
    timer.init(config.callback(move |_| -> Result<(), Error> {
        // A callback may allocate.
        let one = Box::new(1)?;
        theirs.fetch_add(*one, Relaxed);
        Ok(())
    }))?;
    let mut seen = [0; 5];
    for (seen, millis) in seen.iter_mut().zip([0, 10, 20, 40, 20]) {
        thread::sleep(Span::from_millis(millis))?;
        *seen = calls.load(Relaxed);
    }
    println!("{seen:?}");
    assert_adds_up(timer.counts(), 0);
    timer.deinit();
    Ok(())
}

fn count_all(id: i32) -> Result<(), Error> {
    for config in [Config::one_shot(), Config::periodic()] {
        count_calls(id, config.freq(50))?;
        count_calls(id, config.freq(25.0))?;
        count_calls(id, config.period(20))?;
        count_calls(id, config.period(40))?;
        count_calls(id, config.period(200).tick_hz(10_000))?;
    }
    Ok(())
}

const COUNTS: [&str; 10] = [
    "[0, 0, 1, 1, 1]",
    "[0, 0, 0, 1, 1]",
    "[0, 0, 1, 1, 1]",
    "[0, 0, 0, 1, 1]",
    "[0, 0, 1, 1, 1]",
    "[0, 0, 1, 3, 4]",
    "[0, 0, 0, 1, 2]",
    "[0, 0, 1, 3, 4]",
    "[0, 0, 0, 1, 2]",
    "[0, 0, 1, 3, 4]",
];

#[test]
fn c04_a_virtual_timer_calls_as_often_as_its_period_has_passed() {
    check(|_| count_all(VIRTUAL), &COUNTS);
}

#[test]
fn c06_a_timer_with_an_id_calls_as_often_as_its_period_has_passed() {
    check(|_| count_all(0), &COUNTS);
}

/// One callback holds the queue up while ten other timers fire: eight wait, two find no place.
#[test]
fn x10_overflow_of_the_queue_is_counted_by_each_timer() {
    check(
        |_| {
            let slow = Timer::named("slow")?;
            slow.init(
                Config::one_shot().period(1).callback(|_| thread::sleep(Span::from_millis(50))),
            )?;
            let calls = Arc::new(AtomicU32::new(0))?;
            let mut timers = Vec::new();
            for _ in 0..10 {
                let theirs = calls.clone();
                let timer = Timer::named("quick")?;
                timer.init(Config::one_shot().period(10).callback(move |_| {
                    theirs.fetch_add(1, Relaxed);
                }))?;
                timers.push(timer);
            }
            thread::sleep(Span::from_millis(100))?;
            for timer in &timers {
                assert_adds_up(timer.counts(), 0);
            }
            let dropped: u32 = timers.iter().map(|timer| timer.counts().dropped).sum();
            println!("{} {dropped} {}", calls.load(Relaxed), timers[9].counts().dropped);
            let counts = ramscope_kernel::callback::counts();
            println!("{} {} {}", counts.dropped, counts.waiting_peak, counts.refused);
            Ok(())
        },
        &["8 2 1", "2 8 0"],
    );
}

#[test]
fn x11_a_tick_that_waits_when_its_timer_is_stopped_is_late_and_never_delivered() {
    check(
        |_| {
            let slow = Timer::named("slow")?;
            slow.init(
                Config::one_shot().period(1).callback(|_| thread::sleep(Span::from_millis(50))),
            )?;
            let timer = Timer::named("stopped")?;
            timer.init(Config::periodic().period(10).callback(|_| println!("called")))?;
            thread::sleep(Span::from_millis(35))?;
            timer.deinit();
            thread::sleep(Span::from_millis(100))?;
            let Counts { fired, delivered, coalesced, late, .. } = timer.counts();
            println!("{fired} {delivered} {coalesced} {late}");
            assert_adds_up(timer.counts(), 0);
            Ok(())
        },
        &["3 0 2 1"],
    );
}

#[test]
fn x12_a_period_that_is_changed_while_armed_begins_anew() {
    check(
        |_| {
            let timer = Timer::new(0)?;
            let config = Config::periodic().callback(|timer| println!("at {}", timer.value()));
            timer.init(Config::periodic().period(50).callback(|_| println!("never")))?;
            thread::sleep(Span::from_millis(30))?;
            timer.init(config.period(20))?;
            thread::sleep(Span::from_millis(45))?;
            timer.deinit();
            println!("{}", timer.counts().fired);
            Ok(())
        },
        &["at 20", "at 40", "2"],
    );
}

#[test]
fn x13_timers_with_the_same_instant_fire_in_the_order_of_their_ids() {
    check(
        |_| {
            let first = Timer::named("first virtual")?;
            let second = Timer::named("second virtual")?;
            let timers = [second, first, Timer::new(1)?, Timer::new(0)?];
            let names = ["second virtual", "first virtual", "id 1", "id 0"];
            for (timer, name) in timers.iter().zip(names) {
                timer.init(Config::periodic().period(10).callback(move |_| println!("{name}")))?;
            }
            let start = Instant::now();
            timers.iter().for_each(|timer| timer.start_from(start));
            thread::sleep(Span::from_millis(15))?;
            Ok(())
        },
        &["id 0", "id 1", "first virtual", "second virtual"],
    );
}

/// 2^32 ticks of the clock pass after 268.4 s, 2^32 microseconds after 71.6 minutes.
#[test]
fn x14_nothing_happens_when_32_bits_of_ticks_wrap() {
    let program = |_: ramscope_kernel::Arguments<'_>| {
        let timer = Timer::new(0)?;
        let calls = Arc::new(AtomicU32::new(0))?;
        let theirs = calls.clone();
        timer.init(Config::periodic().freq(3).callback(move |_| {
            theirs.fetch_add(1, Relaxed);
        }))?;
        for minutes in [4, 1, 66, 1] {
            thread::sleep(Span::from_seconds(minutes * 60))?;
            let on_time = timer.counts().worst_ns < 1_000_000;
            println!("{} {} {on_time}", timer.value() / 60_000, calls.load(Relaxed));
        }
        timer.deinit();
        Ok(())
    };
    let text = device(program, &["run test"], 80 * 60).text;
    let expected = "4 720 true\n5 900 true\n71 12780 true\n72 12960 true\ntest: ended\n";
    assert!(text.ends_with(expected), "{text}");
}

#[test]
fn a_timer_does_not_drift_however_slow_its_callback_is() {
    check(
        |_| {
            let start = Instant::now();
            let timer = Timer::new(1)?;
            timer.init(Config::periodic().period(100).callback(move |timer| {
                let late = (Instant::now() - start).as_millis() % 100;
                println!("{} {late}", timer.counts().delivered);
                thread::sleep(Span::from_millis(30))
            }))?;
            thread::sleep(Span::from_millis(350))?;
            timer.deinit();
            Ok(())
        },
        &["1 0", "2 0", "3 0"],
    );
}

#[test]
fn ticks_that_pass_while_a_callback_runs_become_one() {
    check(
        |_| {
            let timer = Timer::named("busy")?;
            timer.init(
                Config::periodic().period(10).callback(|_| thread::sleep(Span::from_millis(35))),
            )?;
            thread::sleep(Span::from_millis(108))?;
            timer.stop();
            thread::sleep(Span::from_millis(50))?;
            let Counts { fired, delivered, coalesced, late, worst_ns, .. } = timer.counts();
            println!("{fired} {delivered} {coalesced} {late}, {} ms", worst_ns / 1_000_000);
            assert_adds_up(timer.counts(), 0);
            Ok(())
        },
        // Called at 10, 45 and 80; the tick of 50 waits longest, and that of 90 for ever.
        &["10 3 6 1, 30 ms"],
    );
}

#[test]
fn deinit_in_the_callback_itself_ends_it_and_gives_everything_back() {
    check(
        |_| {
            let warm = Timer::named("warm")?;
            warm.init(Config::one_shot().period(1).callback(|_| ()))?;
            thread::sleep(Span::from_millis(5))?;
            drop(warm);
            let before = mem::used_bytes();
            let kept = Arc::new([7_u8; 200])?;
            let timer = Timer::named("once")?;
            timer.init(Config::periodic().period(10).callback(move |timer| {
                timer.deinit();
                timer.deinit();
                println!("{}", kept[0]);
            }))?;
            thread::sleep(Span::from_millis(50))?;
            println!("{} {}", timer.counts().fired, timer.is_armed());
            drop(timer);
            println!("{}", mem::used_bytes() == before);
            Ok(())
        },
        &["7", "1 false", "true"],
    );
}

#[test]
fn init_in_the_callback_itself_sets_up_another_one() {
    check(
        |_| {
            let timer = Timer::named("twice")?;
            timer.init(Config::one_shot().period(10).callback(|timer| {
                println!("first");
                timer.init(Config::one_shot().period(10).callback(|_| println!("second")))
            }))?;
            thread::sleep(Span::from_millis(50))?;
            println!("{}", timer.counts().delivered);
            Ok(())
        },
        &["first", "second", "2"],
    );
}

#[test]
fn an_armed_timer_needs_no_handle_and_goes_when_it_is_done() {
    check(
        |_| {
            Timer::named("alone")?
                .init(Config::one_shot().period(10).callback(|_| println!("called")))?;
            let before = mem::used_bytes();
            thread::sleep(Span::from_millis(50))?;
            println!("{}", mem::used_bytes() < before);
            Timer::named("silent")?.init(Config::one_shot().period(10))?;
            let before = mem::used_bytes();
            thread::sleep(Span::from_millis(500))?;
            println!("{}", mem::used_bytes() < before);
            Ok(())
        },
        &["called", "true", "true"],
    );
}

#[test]
fn the_same_id_is_the_same_timer_and_others_do_not_exist() {
    check(
        |_| {
            let (one, again) = (Timer::new(1)?, Timer::new(1)?);
            println!("{} {:?} {:?}", one == again, one.id(), one.clone() == again);
            println!("{:?}", Timer::new(HARDWARE_TIMERS as i32).map(drop));
            let (a, b) = (Timer::new(-1)?, Timer::new(-1)?);
            println!("{} {:?}", a == b, a.id());
            compat::set(Strictness::MicroPython);
            println!("{:?} {:?}", Timer::new(3)?.id(), Timer::new(-1)?.id());
            println!("{}", Timer::new(3)? == one);
            Ok(())
        },
        &["true Some(1) true", "Err(Invalid)", "false None", "Some(1) Some(1)", "true"],
    );
}

#[test]
fn a_period_that_is_too_short_leaves_the_timer_as_it_was() {
    check(
        |_| {
            let timer = Timer::new(0)?;
            timer.init(Config::periodic().period(10))?;
            println!("{:?}", timer.init(Config::periodic().period(0)));
            println!("{:?}", timer.init(Config::periodic().period(19).tick_hz(1_000_000)));
            println!("{:?}", timer.init(Config::periodic().freq(0)));
            println!("{}", timer.is_armed());
            timer.init(Config::periodic().period(20).tick_hz(1_000_000))?;
            timer.deinit();
            Ok(())
        },
        &["Err(TooShort)", "Err(TooShort)", "Err(Invalid)", "true"],
    );
}

#[test]
fn one_more_timer_than_there_are_says_what_is_missing() {
    check(
        |_| {
            let virtual_ones = TIMERS_MAX - HARDWARE_TIMERS;
            let timers: Vec<_> =
                (0..virtual_ones).map(|_| Timer::new(VIRTUAL)).collect::<Result<_, _>>()?;
            let used = mem::used_bytes();
            let refused = Timer::new(VIRTUAL).map(drop);
            println!("{}", refused == Err(Error::Missing(Shortage::Timers)));
            println!("{}", mem::used_bytes() == used);
            println!("{:?}", Timer::new(0).map(drop));
            drop(timers);
            println!("{}", Timer::new(VIRTUAL).is_ok());
            Ok(())
        },
        &["true", "true", "Ok(())", "true"],
    );
}

/// All of them at one instant: one expiry an interrupt, and every tick is accounted for.
#[test]
fn as_many_timers_as_there_can_be_at_once_lose_nothing_silently() {
    let lines = lines(|_| {
        let mut timers = vec![Timer::new(0)?, Timer::new(1)?];
        for _ in HARDWARE_TIMERS..TIMERS_MAX {
            timers.push(Timer::new(VIRTUAL)?);
        }
        for timer in &timers {
            timer.init(Config::periodic().period(5).callback(|_| ()))?;
        }
        thread::sleep(Span::from_seconds(1))?;
        let mut sum = 0;
        for timer in &timers {
            timer.stop();
            assert_adds_up(timer.counts(), 0);
            sum += timer.counts().fired;
        }
        println!("{}", sum / TIMERS_MAX as u32);
        Ok(())
    });
    assert_eq!(lines, ["199"]);
}

#[test]
fn the_console_shows_timers_and_what_became_of_their_ticks() {
    let text = device(
        |_| {
            let timer = Timer::named("shown")?;
            timer.init(Config::periodic().period(100).callback(|_| ()))?;
            thread::sleep(Span::from_millis(1_050))?;
            timer.stop();
            thread::sleep(MILLISECOND)?;
            core::mem::forget(timer);
            Ok(())
        },
        &["timers", "run test"],
        5,
    )
    .text;
    assert!(text.contains("none: 2 with an id and 64 more can be had"), "{text}");
    let text = device(
        |_| {
            let timer = Timer::named("shown")?;
            timer.init(Config::periodic().period(2).callback(|_| ()))?;
            thread::sleep(Span::from_millis(35))?;
            timer.stop();
            Ok(())
        },
        &["run test", "timers"],
        5,
    )
    .text;
    let row = "shown         - periodic       2.0 ms        ";
    assert!(text.contains(row), "{text}");
    assert!(text.contains("callbacks: 0 of 8 wait, at most 1 did\n"), "{text}");
}

#[test]
fn what_a_callback_keeps_is_the_timers_and_goes_back_to_it() {
    let printed = lines(|_| {
        let kept: Arc<Mutex<Option<Box<[u8; 200]>>>> = Arc::new(Mutex::new(None))?;
        let theirs = kept.clone();
        let (hoards, idles) = (Timer::named("hoards")?, Timer::named("idles")?);
        hoards.init(Config::one_shot().period(1).callback(move |_: &Timer| {
            let _brief = Box::new([0_u8; 600])?;
            *theirs.lock()? = Some(Box::new([0_u8; 200])?);
            Ok::<(), Error>(())
        }))?;
        idles.init(Config::one_shot().period(1).callback(|_: &Timer| ()))?;
        thread::sleep(Span::from_millis(2))?;
        let held = |timer: &Timer| timer.held().expect("it has an account");
        let (hoarded, idle) = (held(&hoards), held(&idles));
        println!("{}", (200..600).contains(&hoarded.current) && hoarded.peak >= 800);
        println!("{}", idle.peak < 200);
        *kept.lock()? = None;
        println!("{}", held(&hoards).current < 200);
        Ok(())
    });
    assert_eq!(printed, ["true", "true", "true"]);
}

#[test]
fn when_accounts_run_out_timers_share_one_and_threads_still_find_theirs() {
    let printed = lines(|_| {
        let mut timers = mem::Box::new([const { None }; 40])?;
        for place in timers.iter_mut() {
            *place = Some(Timer::named("many")?);
        }
        let has_account =
            |timer: &&Option<Timer>| timer.as_ref().is_some_and(|it| it.held().is_some());
        println!("{}", timers.iter().filter(has_account).count());
        timers[0] = None;
        println!("{}", Timer::named("late")?.held().is_some());
        thread::spawn("worker", || ())?.join().map(drop)
    });
    assert_eq!(printed, ["32", "true"]);
}
