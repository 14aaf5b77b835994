//! QEMU without QEMU: the player and the driver held against each other, and programs that misbehave.

mod impostor;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use ramscope_capture::Recorder;
use ramscope_scenario::{PlanOptions, parse, plan};
use ramscope_wire::script::{Course, LogKind, Played, Player, Script};

use super::*;
use crate::drive::{NoWitness, Reaction, drive};

fn run_of(steps: &str, settings: &str) -> Run {
    let text = format!("name: t\nversion: 1\nsteps: {steps}\nramscope: {settings}\n");
    let parsed = parse("t.yaml", &text);
    let scenario = parsed.scenario.unwrap_or_else(|| panic!("{:?}", parsed.problems));
    plan(&[scenario], &PlanOptions::default()).runs.remove(0)
}

fn entry(log: &mut Vec<u8>, kind: LogKind, tick: u64, words: &[u32]) {
    let head = kind.head(words.len() as u32, tick);
    log.extend(head.iter().chain(words).flat_map(|word| word.to_le_bytes()));
}

/// What a device that sends these bytes at these ticks leaves behind: the UART's bytes and the log.
fn play(run: &Run, sent: &[(u64, &[u8])]) -> (Vec<u8>, Vec<u8>, Course) {
    let bytes = script::of(run);
    let script = Script::new(&bytes);
    let (mut player, mut uart, mut log) = (Player::default(), Vec::new(), Vec::new());
    let mut over_at = 0;
    let typing = |log: &mut Vec<u8>, Played::Typed { step, tick }| {
        entry(log, LogKind::Typed, tick, &[step]);
    };
    for &(tick, text) in sent {
        player.run_to(script, tick, &mut |played| typing(&mut log, played));
        over_at = tick;
        if player.course(script) != Course::Running {
            break;
        }
        entry(&mut log, LogKind::Sent, tick, &[text.len() as u32]);
        uart.extend(text);
        for &byte in text {
            player.sent(script, tick, byte, &mut |played| typing(&mut log, played));
        }
    }
    while player.course(script) == Course::Running {
        let next = player.due(script) + 1;
        player.run_to(script, next, &mut |played| typing(&mut log, played));
        while player.take_typed(script, next).is_some() {}
        over_at = next;
    }
    entry(&mut log, LogKind::Over, over_at, &[0]);
    (uart, log, player.course(script))
}

/// How the driver judges what the player did.
fn replayed(run: &Run, uart: &[u8], log: &[u8]) -> HowEnded {
    let mut recording = Recording::default();
    let _ = recording.add(uart, log).unwrap();
    let mut session =
        QemuSession { replay: recording.finish(None), time_model: time_model(machine::ICOUNT) };
    let mut nobody = |_: &Recorder, _| Reaction::Continue;
    drive(run, &mut session, &mut Recorder::new(), &Watchdog::asleep(), &mut nobody, &mut NoWitness)
}

fn check(steps: &str, settings: &str, sent: &[(u64, &[u8])], expected: &HowEnded) {
    let run = run_of(steps, settings);
    let (uart, log, _) = play(&run, sent);
    assert_eq!(replayed(&run, &uart, &log), *expected, "{steps}");
}

#[test]
fn a_run_that_was_played_to_its_end_is_one_that_is_done() {
    let steps = "[{wait-serial: ready}, {write-serial: go}, {delay: 2ms}, {wait-serial: done}]";
    let sent: [(u64, &[u8]); 3] = [(700, b"rea"), (900, b"dy\nmore"), (30_000, b"done\n")];
    check(steps, "{}", &sent, &HowEnded::StepsDone);
}

#[test]
fn a_wait_in_vain_is_a_time_out_of_the_same_step() {
    let steps = "[{delay: 1ms}, {wait-serial: never}]";
    let expected = HowEnded::TimedOut { step: Some(1) };
    check(steps, "{timeout: 40ms}", &[(500, b"nev"), (11_000, b"never-")], &HowEnded::StepsDone);
    check(steps, "{timeout: 40ms}", &[(500, b"nev"), (400_001, b"never")], &expected);
    check(steps, "{timeouts: {default: 5ms}}", &[(70_000, b"never")], &expected);
}

/// Numbers that look random, the same each time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (self.0 >> 33) % sides
    }

    fn text(&mut self, longest: u64) -> String {
        (0..1 + self.roll(longest)).map(|_| if self.roll(2) == 0 { 'a' } else { 'b' }).collect()
    }

    fn step(&mut self) -> String {
        match self.roll(3) {
            0 => format!("{{delay: {}ms}}", self.roll(4)),
            1 => format!("{{wait-serial: {}}}", self.text(4)),
            _ => format!("{{write-serial: {}}}", self.text(3)),
        }
    }
}

#[test]
fn player_and_driver_agree_on_every_step_of_every_run() {
    let (mut done, mut timed_out) = (0, 0);
    for seed in 0..3_000 {
        let mut dice = Dice(seed);
        let steps: Vec<String> = (0..dice.roll(7)).map(|_| dice.step()).collect();
        let steps = format!("[{}]", steps.join(", "));
        let rule = if dice.roll(2) == 0 { "wokwi" } else { "cursor" };
        let settings = format!("{{match: {rule}, timeout: 30ms, timeouts: {{default: 9ms}}}}");
        let run = run_of(&steps, &settings);
        let mut tick = 0;
        let texts: Vec<(u64, String)> = (0..dice.roll(40))
            .map(|_| {
                // Often at the very instant of something else: a millisecond is 10,000 ticks.
                tick += [0, 1, 5_000, 10_000][dice.roll(4) as usize];
                (tick, dice.text(5))
            })
            .collect();
        let sent: Vec<(u64, &[u8])> = texts.iter().map(|(t, text)| (*t, text.as_bytes())).collect();
        let (uart, log, course) = play(&run, &sent);
        let ended = replayed(&run, &uart, &log);
        let agreed = match course {
            Course::Done => ended == HowEnded::StepsDone,
            _ => matches!(ended, HowEnded::TimedOut { .. }),
        };
        assert!(agreed, "seed {seed}: {steps} {settings} {sent:?}: {course:?}, {ended:?}");
        done += u32::from(course == Course::Done);
        timed_out += u32::from(course == Course::TimedOut);
    }
    assert!(done > 300 && timed_out > 300, "{done} done, {timed_out} timed out");
}

#[test]
fn a_player_that_did_something_else_is_found_out() {
    let run = run_of("[{wait-serial: a}, {write-serial: x}]", "{}");
    let (uart, log, _) = play(&run, &[(70, b"a")]);
    let other = run_of("[{delay: 5ms}, {write-serial: x}]", "{}");
    let HowEnded::Error(reason) = replayed(&other, &uart, &log) else { panic!("no error") };
    assert!(reason.contains("the image typed at"), "{reason}");
}

#[test]
fn a_uart_file_that_is_too_short_is_an_error_and_no_shorter_run() {
    let run = run_of("[{wait-serial: ready}]", "{}");
    let (uart, log, _) = play(&run, &[(70, b"ready")]);
    let error = Recording::default().add(&uart[..3], &log).unwrap_err();
    assert!(error.to_string().contains("its UART file ends after 3 bytes"), "{error}");
}

#[test]
fn a_log_that_is_cut_is_damaged_wherever_it_is_cut() {
    let run = run_of("[{wait-serial: ready}, {write-serial: x}]", "{}");
    let (uart, log, _) = play(&run, &[(70, b"ready")]);
    for length in (0..log.len()).filter(|length| length % 16 != 0) {
        assert!(Recording::default().add(&uart, &log[..length]).is_err(), "{length}");
    }
}
