//! What is followed beside the device agrees with what the device says of itself.

use ramscope_backend::{EngineOptions, EngineSession, Follow, NeverPause, Session};
use ramscope_model::{Device, Feed};
use ramscope_time::{Instant, Span};
use ramscope_wire::OwnerKind;

use crate::device::image;

/// A device that was typed to, with everything followed to its end.
fn followed(line: &str, span: Span) -> Feed {
    let options = EngineOptions { follow: Follow::Blocks, ..EngineOptions::default() };
    let mut session = EngineSession::new(image(), &options);
    let mut feed = Feed::new();
    let mut run_to = |session: &mut EngineSession, until: Instant| {
        let progress = session.advance(until, &mut NeverPause).unwrap();
        for output in progress.output {
            feed.push(output.stream, output.instant, &output.bytes);
        }
    };
    run_to(&mut session, Instant::ZERO + Span::from_millis(100));
    session.send_serial(format!("{line}\n").as_bytes()).unwrap();
    run_to(&mut session, Instant::ZERO + span);
    for output in session.finish().unwrap().output {
        feed.push(output.stream, output.instant, &output.bytes);
    }
    feed
}

fn held_by(device: &Device, name: &str) -> u64 {
    let of_name = device.peak_chains().iter().filter(|chain| {
        let (kind, unit) = chain.owner.expect("the image says who owns blocks");
        kind == OwnerKind::Thread && device.name_of(unit) == name
    });
    of_name.map(|chain| chain.bytes).sum()
}

#[test]
fn what_is_held_at_the_peak_adds_up_to_the_kernels_own_peak() {
    let feed = followed("run demo seconds=5", Span::from_seconds(6));
    let device = feed.device();
    let sum: u64 = device.peak_chains().iter().map(|chain| chain.bytes).sum();
    assert_eq!(sum, u64::from(device.heap().peak));
    // Its stack was allocated by main, and is its own nevertheless.
    assert!(held_by(device, "worker") > 3_072);
}

#[test]
fn the_functions_of_a_stack_add_up_to_its_high_water() {
    let feed = followed("run demo seconds=5", Span::from_seconds(6));
    let device = feed.device();
    let worker = device.units().iter().find(|unit| unit.name == "worker").unwrap();
    let calls = device.deepest_calls().iter().find(|calls| calls.unit == worker.key).unwrap();
    assert!(calls.frames.len() > 3);
    // The last frame may end with words that nobody has written.
    let unwritten = calls.bytes().unwrap() - worker.stack.peak;
    assert!(unwritten < 32, "{unwritten}");
}
