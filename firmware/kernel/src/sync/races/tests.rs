use super::*;

const A: Slot = Slot(1);
const B: Slot = Slot(2);
const C: Slot = Slot(3);
const LOCK: QueueName = 100;

/// A cell and the clocks, used by hand.
struct Bench {
    table: Table,
    uses: Uses,
}

impl Bench {
    fn new() -> Self {
        Self { table: Table::new(), uses: Uses::NONE }
    }

    fn uses(&mut self, slot: Slot, access: Access) -> Option<Slot> {
        let clock = self.table.slots[slot.index()].0[slot.index()];
        let unit = UnitId(slot.index() as u32);
        let now = Use { unit, slot, clock, site: SiteId::NONE, access };
        self.uses.note(&self.table, now).map(|other| other.slot)
    }
}

#[test]
fn two_writes_without_anything_between_are_a_race() {
    let mut bench = Bench::new();
    assert_eq!(bench.uses(A, Access::Write), None);
    assert_eq!(bench.uses(B, Access::Write), Some(A));
}

#[test]
fn a_read_races_with_a_write_and_not_with_a_read() {
    let mut bench = Bench::new();
    assert_eq!(bench.uses(A, Access::Read), None);
    assert_eq!(bench.uses(B, Access::Read), None);
    assert_eq!(bench.uses(C, Access::Write), Some(A));
}

#[test]
fn a_lock_puts_its_sections_in_order() {
    let mut bench = Bench::new();
    for slot in [A, B, A, C] {
        bench.table.acquire(slot, LOCK);
        assert_eq!(bench.uses(slot, Access::Read), None);
        assert_eq!(bench.uses(slot, Access::Write), None);
        bench.table.release(slot, LOCK);
    }
}

#[test]
fn another_lock_does_not() {
    let mut bench = Bench::new();
    bench.table.acquire(A, LOCK);
    bench.uses(A, Access::Write);
    bench.table.release(A, LOCK);
    bench.table.acquire(B, LOCK + 1);
    assert_eq!(bench.uses(B, Access::Write), Some(A));
}

#[test]
fn what_follows_a_release_is_not_covered_by_it() {
    let mut bench = Bench::new();
    bench.table.release(A, LOCK);
    bench.uses(A, Access::Write);
    bench.table.acquire(B, LOCK);
    assert_eq!(bench.uses(B, Access::Read), Some(A));
}

#[test]
fn a_hand_over_reaches_through_a_third_unit() {
    let mut bench = Bench::new();
    bench.uses(A, Access::Write);
    bench.table.hand(A, B);
    bench.table.hand(B, C);
    assert_eq!(bench.uses(C, Access::Write), None);
}

#[test]
fn a_slot_that_serves_a_second_unit_does_not_know_what_the_first_knew() {
    let mut bench = Bench::new();
    bench.uses(A, Access::Write);
    bench.table.hand(A, B);
    bench.table.renew(B);
    assert_eq!(bench.uses(B, Access::Write), Some(A));
}

#[test]
fn more_objects_than_places_raise_no_false_alarm() {
    let mut bench = Bench::new();
    bench.uses(A, Access::Write);
    bench.table.release(A, LOCK);
    for other in 0..2 * OBJECTS_MAX {
        bench.table.release(C, LOCK + 1 + other);
    }
    bench.table.acquire(B, LOCK);
    assert_eq!(bench.uses(B, Access::Write), None);
}

#[test]
fn a_counter_that_is_full_raises_no_false_alarm() {
    let mut bench = Bench::new();
    bench.uses(B, Access::Write);
    for _ in 0..70_000 {
        bench.table.release(A, LOCK);
    }
    assert_eq!(bench.uses(A, Access::Write), None);
}

#[test]
fn of_many_readers_some_are_remembered() {
    let mut bench = Bench::new();
    for index in 1..20 {
        assert_eq!(bench.uses(Slot(index), Access::Read), None);
    }
    assert!(bench.uses(Slot(25), Access::Write).is_some());
}

/// Numbers that look random, by Marsaglia's xorshift.
struct Dice(u32);

impl Dice {
    fn below(&mut self, bound: u32) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0 % bound
    }
}

/// One random step of four units with three locks, hand-overs and one cell; what a use found.
fn step(bench: &mut Bench, [what, slot, other]: [u32; 3]) -> Option<Slot> {
    let (slot, other) = (Slot(slot as u8 + 1), other);
    match what {
        0 | 1 => bench.table.acquire(slot, LOCK + other as usize % 3),
        2 | 3 => bench.table.release(slot, LOCK + other as usize % 3),
        4 => bench.table.hand(slot, Slot(other as u8 + 1)),
        5 => return bench.uses(slot, Access::Read),
        _ => return bench.uses(slot, Access::Write),
    }
    None
}

#[test]
fn clocks_that_start_with_the_first_use_say_what_clocks_from_power_on_say() {
    let mut races = 0;
    for seed in 1..=300 {
        let mut dice = Dice(0x9E37_79B9_u32.wrapping_mul(seed));
        let first_use = dice.below(40);
        let (mut from_power_on, mut from_first_use) = (Bench::new(), Bench::new());
        for at in 0..80 {
            let what = if at < first_use { dice.below(5) } else { dice.below(7) };
            let step_now = [what, dice.below(4), dice.below(4)];
            let found = step(&mut from_power_on, step_now);
            if at >= first_use {
                assert_eq!(step(&mut from_first_use, step_now), found, "seed {seed}, step {at}");
            }
            races += u32::from(found.is_some());
        }
    }
    assert!(races > 100, "there was something to compare: {races}");
}
