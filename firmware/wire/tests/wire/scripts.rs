//! Playing scripts: what a step is, whose a byte is, and that looking often changes nothing.

use proptest::prelude::*;
use ramscope_wire::script::{
    Action, Course, LogItem, LogReader, NO_LIMIT, Played, Player, Script, ScriptWriter, UNLIMITED,
    WaitRule,
};

/// A script of steps without limits of their own.
fn script(rule: WaitRule, limit: u64, actions: &[Action<'_>]) -> Vec<u8> {
    let mut writer = ScriptWriter::new(rule, limit);
    actions.iter().for_each(|action| writer.step(action, NO_LIMIT));
    writer.finish()
}

/// A player, and what it has told.
struct Device<'a> {
    script: Script<'a>,
    player: Player,
    told: Vec<(u32, u64)>,
    received: Vec<(u64, u8)>,
}

impl<'a> Device<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        let script = Script::new(bytes);
        Self { script, player: Player::default(), told: Vec::new(), received: Vec::new() }
    }

    fn run_to(&mut self, now: u64) {
        let told = &mut self.told;
        let mut tell = |Played::Typed { step, tick }| told.push((step, tick));
        self.player.run_to(self.script, now, &mut tell);
        while let Some(byte) = self.player.take_typed(self.script, now) {
            self.received.push((now, byte));
        }
    }

    fn send(&mut self, now: u64, text: &str) {
        let told = &mut self.told;
        let mut tell = |Played::Typed { step, tick }| told.push((step, tick));
        for byte in text.bytes() {
            self.player.sent(self.script, now, byte, &mut tell);
        }
    }

    /// Runs to each instant at which the player itself wants to be called.
    fn run_by_alarm(&mut self, until: u64) {
        while self.player.course(self.script) == Course::Running {
            let next = self.player.due(self.script).saturating_add(1);
            if next > until {
                return;
            }
            self.run_to(next);
        }
    }

    fn course(&self) -> Course {
        self.player.course(self.script)
    }

    fn typed(&self) -> String {
        self.received.iter().map(|&(_, byte)| char::from(byte)).collect()
    }
}

#[test]
fn input_is_typed_at_the_instant_of_the_byte_that_completes_the_wait() {
    let bytes = script(
        WaitRule::AfterBegin,
        NO_LIMIT,
        &[Action::Wait(b"ready"), Action::Type(b"go\n"), Action::Wait(b"done")],
    );
    let mut device = Device::new(&bytes);
    device.run_to(0);
    device.send(70, "rea");
    device.send(90, "dy\n");
    assert_eq!(device.told, [(1, 90)]);
    device.run_by_alarm(100_000);
    assert_eq!(device.typed(), "go\n");
    assert!(device.received[0].0 > 90 + 800, "a byte takes its time");
    device.send(100_000, "done");
    assert_eq!(device.course(), Course::Done);
}

#[test]
fn a_delay_begins_and_ends_exactly_however_late_anybody_looks() {
    let actions = [Action::Wait(b"a"), Action::Delay(100), Action::Type(b"x"), Action::Delay(7)];
    let bytes = script(WaitRule::AfterBegin, NO_LIMIT, &actions);
    let mut device = Device::new(&bytes);
    device.send(50, "a");
    device.run_to(5_000);
    assert_eq!(device.told, [(2, 150)]);
    assert_eq!(device.course(), Course::Done);
}

#[test]
fn a_byte_at_the_very_end_of_a_delay_belongs_to_the_delay() {
    let actions = [Action::Delay(100), Action::Wait(b"a")];
    let bytes = script(WaitRule::AfterBegin, NO_LIMIT, &actions);
    let mut device = Device::new(&bytes);
    device.send(100, "a");
    assert_eq!(device.course(), Course::Running);
    device.send(101, "a");
    assert_eq!(device.course(), Course::Done);
}

#[test]
fn bytes_before_a_wait_count_only_after_the_last_match() {
    let actions = [Action::Wait(b"a"), Action::Delay(100), Action::Wait(b"bc"), Action::Wait(b"d")];
    let check = |rule, expected| {
        let bytes = script(rule, NO_LIMIT, &actions);
        let mut device = Device::new(&bytes);
        device.send(0, "ab");
        device.send(10, "cd");
        device.run_to(1_000);
        assert_eq!(device.course(), expected, "{rule:?}");
    };
    check(WaitRule::AfterBegin, Course::Running);
    check(WaitRule::AfterMatch, Course::Done);
}

#[test]
fn a_pattern_that_overlaps_itself_is_found() {
    let bytes = script(WaitRule::AfterBegin, NO_LIMIT, &[Action::Wait(b"aabaaa")]);
    let mut device = Device::new(&bytes);
    device.send(1, "aabaabaaa");
    assert_eq!(device.course(), Course::Done);
}

#[test]
fn a_step_is_given_up_at_its_limit_or_the_scripts() {
    let check = |script_limit, step_limit, gives_up_after| {
        let mut writer = ScriptWriter::new(WaitRule::AfterBegin, script_limit);
        writer.step(&Action::Delay(10), NO_LIMIT);
        writer.step(&Action::Wait(b"never"), step_limit);
        let bytes = writer.finish();
        let mut device = Device::new(&bytes);
        device.run_to(gives_up_after);
        assert_eq!(device.course(), Course::Running);
        assert_eq!(device.player.due(device.script), gives_up_after);
        device.run_to(gives_up_after + 1);
        assert_eq!((device.course(), device.player.step()), (Course::TimedOut, 1));
    };
    check(1_000, NO_LIMIT, 1_000);
    check(1_000, 50, 60);
    check(NO_LIMIT, 50, 60);
}

#[test]
fn an_unlimited_step_outlives_the_script() {
    let mut writer = ScriptWriter::new(WaitRule::AfterBegin, 10);
    writer.step(&Action::Delay(100), UNLIMITED);
    let bytes = writer.finish();
    let mut device = Device::new(&bytes);
    device.run_to(100);
    assert_eq!(device.course(), Course::Running);
    device.run_to(101);
    assert_eq!(device.course(), Course::Done);
}

#[test]
fn input_behind_input_waits_its_turn() {
    let actions =
        [Action::Type(b"ab"), Action::Type(b""), Action::Type(b"cd"), Action::Delay(9_000)];
    let bytes = script(WaitRule::AfterBegin, NO_LIMIT, &actions);
    let mut device = Device::new(&bytes);
    device.run_to(0);
    device.run_by_alarm(NO_LIMIT);
    assert_eq!(device.typed(), "abcd");
    let gaps = device.received.windows(2).map(|pair| pair[1].0 - pair[0].0);
    assert!(gaps.into_iter().all(|gap| gap == 868));
}

fn rule() -> impl Strategy<Value = WaitRule> {
    prop_oneof![Just(WaitRule::AfterBegin), Just(WaitRule::AfterMatch)]
}

fn text() -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(b'a'..=b'b', 0..4)
}

#[derive(Clone, Debug)]
enum Step {
    Wait(Vec<u8>),
    Delay(u64),
    Type(Vec<u8>),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        text().prop_map(Step::Wait),
        (0..20_u64).prop_map(Step::Delay),
        text().prop_map(Step::Type),
    ]
}

fn written(rule: WaitRule, steps: &[Step]) -> Vec<u8> {
    let actions: Vec<Action<'_>> = steps
        .iter()
        .map(|step| match step {
            Step::Wait(bytes) => Action::Wait(bytes),
            Step::Delay(ticks) => Action::Delay(*ticks),
            Step::Type(bytes) => Action::Type(bytes),
        })
        .collect();
    script(rule, 500, &actions)
}

proptest! {
    #[test]
    fn looking_often_changes_nothing(
        rule in rule(),
        steps in proptest::collection::vec(step(), 0..8),
        sent in proptest::collection::vec((0..6_u64, b'a'..=b'b'), 0..60),
    ) {
        let bytes = written(rule, &steps);
        let (mut seldom, mut often) = (Device::new(&bytes), Device::new(&bytes));
        let mut now = 0;
        for (gap, byte) in sent {
            for tick in now..=now + gap {
                often.run_to(tick);
            }
            now += gap;
            let byte = char::from(byte).to_string();
            seldom.send(now, &byte);
            often.send(now, &byte);
        }
        for tick in now..now + 600 {
            often.run_to(tick);
        }
        seldom.run_to(now + 600);
        prop_assert_eq!(&seldom.told, &often.told);
        prop_assert_eq!(seldom.course(), often.course());
        prop_assert_eq!(seldom.player.step(), often.player.step());
    }

    #[test]
    fn no_bytes_make_a_player_or_a_reader_panic(
        bytes in proptest::collection::vec(any::<u8>(), 0..200),
        sent in proptest::collection::vec(any::<u8>(), 0..40),
    ) {
        let mut device = Device::new(&bytes);
        device.run_to(1_000_000);
        for byte in sent {
            device.player.sent(device.script, 2_000_000, byte, &mut |_| {});
        }
        device.run_to(u64::MAX);
        let items = LogReader::new(&bytes).take(100);
        let damaged = items.filter(|entry| entry.item == LogItem::Damaged).count();
        prop_assert!(damaged <= 1);
    }
}
