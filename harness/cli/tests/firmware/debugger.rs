//! The real image under a debugger: where it stops, what it shows, and that going back is exact.

mod client;

use std::sync::Arc;
use std::thread;

use ramscope_backend::{
    End, EngineOptions, EngineSession, GdbListener, GdbSession, NeverPause, Output, Session,
};
use ramscope_engine::Image;
use ramscope_time::{Instant, Span};

use self::client::Client;
use crate::device::{image, virt_image};

/// The kernel's own number among a debugger's threads.
const KERNEL: &str = "p01.7fffffff";
const PC: usize = 32;
const SP: usize = 2;

fn session() -> EngineSession {
    EngineSession::new(image(), &EngineOptions::default())
}

fn symbol(name: &str) -> u32 {
    symbol_of(image(), name)
}

fn symbol_of(image: &Image, name: &str) -> u32 {
    image.symbol(name).unwrap()
}

/// Starts the demo after 20 ms and runs it up to `until`, in pieces as a scenario does.
fn drive(session: &mut dyn Session, until: Instant) -> (Vec<Output>, End) {
    let mut output = Vec::new();
    let mut typed = false;
    while session.now() < until {
        if !typed && session.now() >= Instant::ZERO + Span::from_millis(20) {
            session.send_serial(b"run demo seconds=1\n").unwrap();
            typed = true;
        }
        let next = until.min(session.now() + Span::from_millis(10));
        let progress = session.advance(next, &mut NeverPause).unwrap();
        output.extend(progress.output);
        if let End::Ended(_) = progress.end {
            return (output, progress.end);
        }
    }
    output.extend(session.finish().unwrap().output);
    (output, End::Reached)
}

/// Lets `look` look into a run of the demo of a second and a half, then lets it go; answers what
/// the run gave, and its instructions.
fn debugged(look: impl FnOnce(&mut Client)) -> (Vec<Output>, End, Option<u64>) {
    debugged_on(image(), look)
}

/// The same on the machine of an image.
fn debugged_on(
    image: &'static Image,
    look: impl FnOnce(&mut Client),
) -> (Vec<Output>, End, Option<u64>) {
    let listener = GdbListener::bind(0).unwrap();
    let port = listener.port();
    let device = thread::spawn(move || {
        let session = EngineSession::new(image, &EngineOptions::default());
        let mut session = GdbSession::new(session, image, listener, &Arc::default()).unwrap();
        let (output, end) = drive(&mut session, end_of_demo());
        (output, end, session.facts().instructions)
    });
    let mut client = Client::connect(port);
    look(&mut client);
    drop(client);
    device.join().unwrap()
}

fn end_of_demo() -> Instant {
    Instant::ZERO + Span::from_millis(1_500)
}

/// Runs to the moment at which the scheduler has chosen the demo's last thread.
fn run_into_the_demo(client: &mut Client) {
    run_into_the_demo_on(image(), client);
}

fn run_into_the_demo_on(image: &Image, client: &mut Client) {
    let here = symbol_of(image, "ramscope_load");
    client.order(&format!("Z0,{here:x},2"));
    for _ in 0..200 {
        assert!(client.ask("vCont;c:p1.-1").contains("swbreak"));
        if client.threads().len() >= 6 {
            break;
        }
    }
    client.order(&format!("z0,{here:x},2"));
    assert_eq!(client.registers("p1.0")[PC], here, "before the instruction");
}

#[test]
fn threads_have_names_registers_and_stacks() {
    let _ = debugged(|client| {
        assert_eq!(client.threads(), [KERNEL], "before the first instruction");
        assert_eq!(client.registers("p1.0")[PC], image().entry());
        run_into_the_demo(client);
        let threads = client.threads();
        let names: Vec<String> = threads.iter().map(|thread| client.name(thread)).collect();
        for name in ["kernel", "main", "console", "sampler", "worker", "logger"] {
            assert!(names.contains(&name.to_owned()), "no {name} in {names:?}");
        }
        for (thread, name) in threads.iter().zip(&names) {
            let registers = client.registers(thread);
            assert!((0x3FC8_0000..0x3FCE_0000).contains(&registers[SP]), "{name}: {registers:x?}");
            assert!((0x4200_0000..0x4280_0000).contains(&registers[PC]), "{name}: {registers:x?}");
        }
        let told = client.monitor("threads");
        assert_eq!(told.matches("B of its stack").count(), names.len(), "{told}");
        assert!(client.monitor("info").contains("160000000 Hz"));
    });
}

#[test]
fn the_other_machine_has_threads_breakpoints_and_a_way_back_too() {
    let (_, undisturbed, instructions) = debugged_on(virt_image(), |_| {});
    let looked = debugged_on(virt_image(), |client| {
        assert_eq!(client.registers("p1.0")[PC], virt_image().entry());
        run_into_the_demo_on(virt_image(), client);
        let names: Vec<String> =
            client.threads().iter().map(|thread| client.name(thread)).collect();
        for name in ["kernel", "main", "console", "sampler", "worker", "logger"] {
            assert!(names.contains(&name.to_owned()), "no {name} in {names:?}");
        }
        let before = client.registers("p1.0");
        step(client);
        client.order("Hcp1.0");
        assert!(client.ask("bs").starts_with("T05"));
        assert_eq!(client.registers("p1.0"), before);
    });
    assert_eq!((looked.1, looked.2), (undisturbed, instructions), "looking changes nothing");
}

/// One step of the thread that runs.
fn step(client: &mut Client) {
    let running = client.threads().remove(0);
    assert!(client.ask(&format!("vCont;s:{running};c:p1.-1")).starts_with("T05"));
}

#[test]
fn stepping_back_undoes_each_step() {
    let _ = debugged(|client| {
        // From power-on, and in a thread that has just begun.
        for _ in 0..2 {
            let mut seen = vec![client.registers("p1.0")];
            for _ in 0..40 {
                step(client);
                seen.push(client.registers("p1.0"));
            }
            assert_eq!(client.registers("p1.0"), seen.pop().unwrap());
            while let Some(expected) = seen.pop() {
                client.order("Hcp1.0");
                assert!(client.ask("bs").starts_with("T05"));
                assert_eq!(client.registers("p1.0"), expected, "after {} steps", seen.len());
            }
            run_into_the_demo(client);
            (0..6).for_each(|_| step(client));
        }
    });
}

#[test]
fn watches_stop_forwards_after_and_backwards_before_the_access() {
    let _ = debugged(|client| {
        run_into_the_demo(client);
        let word = symbol("RAMSCOPE_CURRENT");
        client.order(&format!("Z2,{word:x},4"));
        let watched = format!("watch:{word:x};");
        let mut values = vec![client.word(word)];
        for _ in 0..5 {
            assert!(client.ask("vCont;c:p1.-1").contains(&watched));
            values.push(client.word(word));
        }
        for expected in values[..5].iter().rev() {
            assert!(client.ask("bc").contains(&watched));
            assert_eq!(client.word(word), *expected);
        }
        client.order(&format!("z2,{word:x},4"));
        // Kernel calls read the low end of the running stack, the second word.
        let low = word + 4;
        client.order(&format!("Z3,{low:x},4"));
        assert!(client.ask("vCont;c:p1.-1").contains(&format!("rwatch:{low:x};")));
        client.order(&format!("z3,{low:x},4"));
        let begin = client.ask("bc");
        assert!(begin.contains("replaylog:begin"), "{begin}");
        assert_eq!(client.registers("p1.0")[PC], image().entry());
    });
}

#[test]
fn the_past_happens_again_as_it_did_with_its_input() {
    let _ = debugged(|client| {
        run_into_the_demo(client);
        let (registers, moment) = (client.registers("p1.0"), client.monitor("info"));
        // On, so that what follows is not the present.
        (0..20).for_each(|_| step(client));
        assert!(client.ask("bc").contains("replaylog:begin"));
        run_into_the_demo(client);
        assert_eq!(client.registers("p1.0"), registers);
        let again = client.monitor("info");
        assert!(again.starts_with(moment.trim_end()) && again.contains("the present"), "{again}");
    });
}

#[test]
fn looking_changes_nothing_of_the_run() {
    let mut alone = session();
    let (expected, _) = drive(&mut alone, end_of_demo());
    let (output, end, instructions) = debugged(|client| {
        run_into_the_demo(client);
        for _ in 0..3 {
            assert!(client.ask("bs").starts_with("T05"));
        }
        assert!(client.ask("vCont;s:p1.1").starts_with("T05"));
        // Through what was past, and on to the end.
        assert_eq!(client.ask("vCont;c:p1.-1"), "W00");
    });
    assert_eq!(end, End::Reached);
    assert_eq!(instructions, alone.facts().instructions);
    assert!(output == expected, "the same bytes at the same instants");
}

#[test]
fn only_the_present_can_be_changed() {
    let _ = debugged(|client| {
        run_into_the_demo(client);
        let word = symbol("RAMSCOPE_CURRENT") + 12; // reserved
        let before = client.word(word);
        client.order(&format!("M{word:x},2:abcd"));
        let changed = client.word(word);
        assert_eq!(changed, before & 0xFFFF_0000 | 0xCDAB);
        client.order("P1c=78563412"); // t3, which nobody relies on here
        assert!(client.ask("vCont;s:p1.1;c:p1.-1").starts_with("T05"));
        assert_eq!(client.registers("p1.0")[28], 0x1234_5678);
        assert!(client.ask("bs").starts_with("T05"));
        assert!(client.ask("bs").starts_with("T05"));
        assert_eq!(client.word(word), before, "before the change");
        assert!(client.ask(&format!("M{word:x},2:0000")).starts_with('E'), "it has happened");
        assert!(client.ask("M42000100,1:00").starts_with('E'), "flash");
    });
}

#[test]
fn a_running_device_can_be_interrupted_and_killed() {
    let (_, end, _) = debugged(|client| {
        client.send_and_interrupt("vCont;c:p1.-1");
        assert!(client.answer().starts_with("T02"));
        client.order("vKill;1");
    });
    assert!(matches!(end, End::Ended(_)), "{end:?}");
}

#[test]
fn a_run_goes_on_without_a_debugger_that_leaves() {
    let (_, end, _) = debugged(|client| client.order("D;1"));
    assert_eq!(end, End::Reached);
}
