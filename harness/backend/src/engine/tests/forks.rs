//! Forks with programs made by hand: what they tell, and where slices of a program could end.

use ramscope_capture::{Capture, HowEnded, Recorder};
use ramscope_scenario::{PlanOptions, Run, Schedule, parse, plan};

use super::*;
use crate::drive::{NoWitness, Reaction, drive};
use crate::explore::Survey;
use crate::firmware::Firmware;
use crate::launch::offers;
use crate::watchdog::Watchdog;

/// Where the program says which unit runs.
const CURRENT: u32 = 0x3FC9_1000;
/// A unit that is neither main nor the kernel.
const WORKER: u32 = 7;

/// A program that talks for ever, as a unit that did not exist at the beginning.
fn talking_unit() -> Program {
    let mut program = Program::default();
    program.symbol("RAMSCOPE_CURRENT", CURRENT);
    program.store(WORKER, CURRENT);
    let again = program.here();
    for byte in *b"abc\n" {
        program.store(byte.into(), UART_FIFO);
        program.spin(8_000);
    }
    program.jump(again);
    program
}

fn firmware() -> Firmware {
    Firmware {
        path: "by-hand.elf".into(),
        elf: Vec::new(),
        hash: String::new(),
        image: talking_unit().image(),
        programs: None,
    }
}

fn run_of(steps: &str) -> Run {
    let parsed = parse(
        "forks.yaml",
        &format!("name: forks\nversion: 1\nsteps:\n{steps}ramscope: {{settle: 1ms}}\n"),
    );
    let scenario = parsed.scenario.unwrap_or_else(|| panic!("{:?}", parsed.problems));
    let options = PlanOptions { offers: offers(None, None), ..PlanOptions::default() };
    plan(&[scenario], &options).runs.remove(0)
}

fn carry_out(run: &Run, session: &mut dyn Session) -> Capture {
    let mut recorder = Recorder::new();
    let mut nobody = |_: &Recorder, _| Reaction::Continue;
    let watchdog = Watchdog::asleep();
    let ended = drive(run, session, &mut recorder, &watchdog, &mut nobody, &mut NoWitness);
    assert_eq!(ended, HowEnded::StepsDone);
    recorder.finish()
}

const STEPS: &str = "- wait-serial: \"c\"\n- delay: 1ms\n- write-serial: \"x\"\n- delay: 3ms\n\
                     - wait-serial: \"b\"\n- write-serial: \"y\"\n- delay: 1ms\n";

#[test]
fn a_fork_tells_byte_for_byte_what_a_run_from_power_on_does() {
    let (run, firmware) = (run_of(STEPS), firmware());
    let from_power_on = carry_out(&run, &mut power_on(talking_unit()));
    let mut survey = Survey::launch(&run, &firmware, None);
    assert_eq!(carry_out(&run, &mut survey), from_power_on);
    let ground = survey.into_ground().expect("the scenario sends something");
    for _ in 0..2 {
        let mut fork = ground.fork(&Schedule::default());
        assert_eq!(carry_out(&run, &mut fork), from_power_on);
    }
}

#[test]
fn slices_could_end_at_each_instruction_of_a_unit_behind_the_fork() {
    let (run, firmware) = (run_of(STEPS), firmware());
    let mut survey = Survey::launch(&run, &firmware, None);
    let _ = carry_out(&run, &mut survey);
    let instructions = survey.facts().instructions.expect("the engine counts them");
    let ground = survey.into_ground().expect("the scenario sends something");
    // Interrupts stay on from power-on, so it is one stretch, up to the last instruction.
    let [(&WORKER, points)] = ground.points().iter().collect::<Vec<_>>()[..] else {
        panic!("{:?}", ground.points())
    };
    let UnitPoints { ref stretches, interruptible } = *points;
    let [(from, to)] = stretches[..] else { panic!("{stretches:?}") };
    assert_eq!((to, interruptible), (instructions, to - from));
    assert!(from > 80_000, "the first stimulus comes a millisecond after a word: {from}");
}

#[test]
fn without_a_stimulus_runs_fork_at_power_on() {
    let (run, firmware) = (run_of("- wait-serial: \"c\"\n"), firmware());
    let from_power_on = carry_out(&run, &mut power_on(talking_unit()));
    let mut survey = Survey::launch(&run, &firmware, None);
    assert_eq!(carry_out(&run, &mut survey), from_power_on);
    let instructions = survey.facts().instructions.expect("the engine counts them");
    let ground = survey.into_ground().expect("the program says which unit runs");
    assert_eq!(carry_out(&run, &mut ground.fork(&Schedule::default())), from_power_on);
    let worker = &ground.points()[&WORKER];
    assert!(worker.interruptible > 0 && worker.interruptible < instructions);
    assert_eq!(worker.stretches.last().unwrap().1, instructions);
}
