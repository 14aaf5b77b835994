use super::*;

const SLICE: u32 = 10;

/// A scheduler with threads of these priorities, the best of which runs.
fn scheduler(priorities: &[u8]) -> (Scheduler, Vec<Slot>) {
    let mut scheduler = Scheduler::new(SLICE);
    let slots = priorities.iter().map(|p| scheduler.add(*p, Kin::Program).unwrap()).collect();
    let _ = scheduler.decide(0);
    check(&scheduler);
    (scheduler, slots)
}

impl Scheduler {
    /// When it must be asked again: the earliest deadline, or the end of a slice. Stamps are ticks here.
    pub(super) fn alarm(&self, now: u32) -> Option<u64> {
        let slice = self.slice.counts.then(|| u64::from(now + self.slice_left(now)));
        [self.deadline(), slice].into_iter().flatten().min()
    }
}

/// Invariants 1 to 3 and 5 of the module.
fn check(scheduler: &Scheduler) {
    let mut linked = [0; THREADS_MAX];
    for priority in 0..PRIORITIES {
        let mut at = scheduler.ready.queue(priority as u8).first();
        assert_eq!(at.is_some(), scheduler.ready.has(priority as u8));
        while let Some(slot) = at {
            linked[slot.index()] += 1;
            assert_eq!(scheduler.state(slot), State::Ready);
            at = scheduler.behind(slot);
        }
    }
    for (index, entry) in scheduler.entries.iter().enumerate().skip(1) {
        assert_eq!(linked[index], usize::from(entry.state == State::Ready), "slot {index}");
        if entry.deadline_position != NONE {
            assert!(matches!(entry.state, State::Blocked(_)));
        }
    }
    assert_eq!(scheduler.state(scheduler.running), State::Running);
    assert!(
        scheduler.ready.is_empty()
            || scheduler.ready.best() <= scheduler.priority(scheduler.running())
    );
}

#[test]
fn the_most_urgent_thread_runs() {
    let (scheduler, slots) = scheduler(&[3, 9, 5]);
    assert_eq!(scheduler.running(), slots[1]);
}

#[test]
fn equal_threads_take_turns_in_order() {
    let (mut scheduler, slots) = scheduler(&[5, 5, 5]);
    let mut order = vec![scheduler.running()];
    for _ in 0..5 {
        let _ = scheduler.give_way(0);
        check(&scheduler);
        order.push(scheduler.running());
    }
    let expected = [slots[0], slots[1], slots[2], slots[0], slots[1], slots[2]];
    assert_eq!(order, expected);
}

#[test]
fn a_preempted_thread_keeps_its_turn() {
    let (mut scheduler, slots) = scheduler(&[5, 5, 9]);
    assert_eq!(scheduler.running(), slots[2]);
    scheduler.block_running(Why::Sleep, None, Some(100));
    assert_eq!(scheduler.decide(0), Next::Switch(slots[0]));
    scheduler.wake(slots[2], None, Wake::TimedOut);
    assert_eq!(scheduler.decide(1), Next::Switch(slots[2]));
    scheduler.block_running(Why::Sleep, None, Some(200));
    assert_eq!(scheduler.decide(2), Next::Switch(slots[0]), "not slots[1]: 0 was preempted");
    check(&scheduler);
}

#[test]
fn who_is_woken_before_it_left_the_processor_stays_on_it() {
    let (mut scheduler, slots) = scheduler(&[9, 5]);
    scheduler.block_running(Why::Sleep, None, Some(100));
    scheduler.wake(slots[0], None, Wake::TimedOut);
    assert_eq!(scheduler.decide_quickly(1), Some(Next::Stay));
    check(&scheduler);
}

#[test]
fn a_preemption_does_not_prolong_a_slice() {
    let (mut scheduler, slots) = scheduler(&[5, 5, 9]);
    let urgent = slots[2];
    let mut ran = [0_u32; 2];
    for now in 0..1_000 {
        // The urgent one wakes every third tick and sleeps at once again.
        if scheduler.running() == urgent {
            scheduler.block_running(Why::Sleep, None, None);
        } else if now % 3 == 0 {
            scheduler.wake(urgent, None, Wake::Granted);
        }
        let _ = scheduler.decide(now as u32);
        check(&scheduler);
        if let Some(busy) = slots[..2].iter().position(|slot| *slot == scheduler.running()) {
            ran[busy] += 1;
        }
    }
    assert!(ran[0].abs_diff(ran[1]) <= 20, "{ran:?}");
}

#[test]
fn a_slice_ends_only_for_an_equal_peer() {
    let (mut alone, _) = scheduler(&[5]);
    assert_eq!(alone.alarm(0), None, "nobody waits: tickless");
    assert_eq!(alone.decide(1_000), Next::Stay);
    let (mut pair, slots) = scheduler(&[5, 5]);
    assert_eq!(pair.alarm(0), Some(u64::from(SLICE)));
    assert_eq!(pair.decide(SLICE - 1), Next::Stay);
    assert_eq!(pair.decide(SLICE), Next::Switch(slots[1]));
    assert_eq!(pair.alarm(SLICE), Some(u64::from(2 * SLICE)));
}

#[test]
fn waiters_wake_first_in_first_out() {
    let (mut scheduler, slots) = scheduler(&[5, 5, 5, 5]);
    let mut queue = WaitQueue::new();
    for _ in 0..3 {
        scheduler.block_running(Why::Lock, Some((&mut queue, 1)), None);
        let _ = scheduler.decide(0);
    }
    check(&scheduler);
    let woken: Vec<_> =
        core::iter::from_fn(|| scheduler.wake_first(&mut queue, Wake::Granted)).collect();
    assert_eq!(woken, slots[..3]);
    check(&scheduler);
}

#[test]
fn a_queue_whose_last_one_gives_up_is_empty_also_after_others_were_woken() {
    let (mut scheduler, slots) = scheduler(&[5, 5, 5]);
    let mut queue = WaitQueue::new();
    for _ in 0..2 {
        scheduler.block_running(Why::Lock, Some((&mut queue, 1)), None);
        let _ = scheduler.decide(0);
    }
    assert_eq!(scheduler.wake_first(&mut queue, Wake::Granted), Some(slots[0]));
    scheduler.wake(slots[1], Some(&mut queue), Wake::TimedOut);
    assert_eq!(queue.first(), None);
    scheduler.block_running(Why::Lock, Some((&mut queue, 1)), None);
    assert_eq!(queue.first(), Some(slots[2]), "nobody else is in it");
}

#[test]
fn a_wait_that_times_out_leaves_no_trace_in_its_queue() {
    let (mut scheduler, slots) = scheduler(&[5, 5]);
    let mut queue = WaitQueue::new();
    for round in 0..1_000 {
        let slot = scheduler.running();
        scheduler.block_running(Why::Lock, Some((&mut queue, 1)), Some(round + 5));
        let _ = scheduler.decide(round as u32);
        assert_eq!(scheduler.expired(round + 4), None);
        let expired = scheduler.expired(round + 5).unwrap();
        assert_eq!(expired, slot);
        scheduler.wake(expired, Some(&mut queue), Wake::TimedOut);
        assert_eq!(scheduler.wake_of(slot), Wake::TimedOut);
        assert!(queue.first().is_none());
        check(&scheduler);
    }
    assert_eq!(scheduler.slots().count(), 1 + slots.len());
}

#[test]
fn equal_deadlines_expire_in_the_order_they_were_set() {
    let (mut scheduler, slots) = scheduler(&[5; 8]);
    for _ in &slots {
        scheduler.block_running(Why::Sleep, None, Some(50));
        let _ = scheduler.decide(0);
    }
    let mut order = Vec::new();
    while let Some(slot) = scheduler.expired(50) {
        scheduler.wake(slot, None, Wake::TimedOut);
        order.push(slot);
    }
    assert_eq!(order, slots);
}

#[test]
fn nothing_ready_means_idle() {
    let (mut scheduler, _) = scheduler(&[5]);
    scheduler.block_running(Why::Sleep, None, Some(50));
    assert_eq!(scheduler.decide(0), Next::Switch(Slot::IDLE));
    assert_eq!(scheduler.alarm(0), Some(50));
    assert_eq!(scheduler.decide(10), Next::Stay);
}

#[test]
fn the_table_says_when_it_is_full_and_slots_come_back() {
    let mut scheduler = Scheduler::new(SLICE);
    while scheduler.add(5, Kin::Program).is_some() {}
    assert_eq!(scheduler.slots().count(), THREADS_MAX);
    let _ = scheduler.decide(0);
    let ended = scheduler.running();
    scheduler.end_running();
    let _ = scheduler.decide(0);
    assert_eq!(scheduler.add(5, Kin::Program), None, "an ended slot still answers how it ended");
    scheduler.free(ended);
    assert_eq!(scheduler.add(5, Kin::Program), Some(ended));
    check(&scheduler);
}

#[test]
fn random_operations_keep_the_invariants() {
    let mut random = 0x1234_5678_u32;
    let mut draw = move |bound: u32| {
        random ^= random << 13;
        random ^= random >> 17;
        random ^= random << 5;
        random % bound
    };
    let (mut scheduler, _) = scheduler(&[1, 2, 3, 3, 3, 7, 7, 15]);
    let mut queue = WaitQueue::new();
    for now in 0..50_000 {
        match draw(5) {
            0 if scheduler.running() != Slot::IDLE => {
                let deadline = (draw(2) == 0).then(|| now + u64::from(draw(30)));
                scheduler.block_running(Why::Lock, Some((&mut queue, 1)), deadline);
            }
            1 if scheduler.running() != Slot::IDLE => {
                scheduler.block_running(Why::Sleep, None, Some(now + u64::from(draw(30))));
            }
            2 => {
                let _ = scheduler.wake_first(&mut queue, Wake::Granted);
            }
            3 => {
                let _ = scheduler.give_way(now as u32);
            }
            _ => {}
        }
        while let Some(slot) = scheduler.expired(now) {
            let queue = scheduler.queue_of(slot).map(|_| &mut queue);
            scheduler.wake(slot, queue, Wake::TimedOut);
        }
        let _ = scheduler.decide(now as u32);
        check(&scheduler);
    }
}

#[test]
fn a_steered_slot_has_the_next_turn_and_whom_it_displaced_the_last() {
    let (mut scheduler, slots) = scheduler(&[5, 5, 5, 5, 3]);
    let equals: Vec<_> = scheduler.equals().collect();
    assert_eq!(equals, slots[1..4]);
    scheduler.steer(slots[2]);
    check(&scheduler);
    assert_eq!(scheduler.decide(1), Next::Switch(slots[2]));
    check(&scheduler);
    let equals: Vec<_> = scheduler.equals().collect();
    assert_eq!(equals, [slots[1], slots[3], slots[0]]);
}

#[test]
fn nobody_has_the_turn_of_a_slot_without_equals() {
    let (mut scheduler, slots) = scheduler(&[9, 5, 5]);
    assert_eq!(scheduler.equals().count(), 0);
    scheduler.block_running(Why::Sleep, None, Some(10));
    let _ = scheduler.decide(0);
    assert_eq!(scheduler.equals().collect::<Vec<_>>(), [slots[2]]);
    scheduler.wake(slots[0], None, Wake::Granted);
    assert_eq!(scheduler.equals().count(), 0, "a more urgent one is about to run");
}
