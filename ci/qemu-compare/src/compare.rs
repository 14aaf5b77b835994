//! The comparison: batch by batch, until something differs or all is done.

use crate::batch::{Batch, fitting};
use crate::coverage::Coverage;
use crate::generate;
use crate::machines::{Counts, HOST_TIME_MAX, MachineError, Nobody, run_engine, run_qemu};
use crate::outcome::{Outcome, differences, kind, read};
use crate::program::Program;
use crate::qemu::{self, Qemu};
use crate::shrink::{Trial, shrink};
use ramscope_engine::Machine;

/// Programs that are made at once.
const MADE_AT_ONCE: u64 = 400;

/// What a run depends on.
pub(crate) struct Settings {
    pub(crate) count: u64,
    pub(crate) seed: u64,
    pub(crate) at_least: Option<u64>,
    pub(crate) qemu: String,
    pub(crate) mutations: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self { count: 2_000, seed: 1, at_least: None, qemu: qemu::PROGRAM.into(), mutations: false }
    }
}

/// Programs in one image, and what QEMU made of them.
pub(crate) struct Reference {
    pub(crate) batch: Batch,
    /// The number of the first in the whole run.
    pub(crate) first: u64,
    pub(crate) outcomes: Vec<Outcome>,
}

/// All programs of a run, in images. The last of each image locks memory protection.
fn batches(settings: &Settings) -> impl Iterator<Item = (u64, Batch)> + '_ {
    let mut next = 0;
    std::iter::from_fn(move || {
        if next >= settings.count {
            return None;
        }
        let end = (next + MADE_AT_ONCE).min(settings.count);
        let programs: Vec<Program> = (next..end)
            .map(|index| generate::program(settings.seed, index, index + 1 == end))
            .collect();
        let count = fitting(&programs);
        let first = next;
        next += count as u64;
        Some((first, Batch::new(programs[..count].to_vec())))
    })
}

/// Compares, and prints what came out; whether all is well.
pub(crate) fn compare(settings: &Settings) -> Result<bool, MachineError> {
    let qemu = Qemu::new(&settings.qemu, "compare")?;
    if settings.mutations {
        return find_mutations(settings, &qemu);
    }
    let mut coverage = Coverage::default();
    for (first, batch) in batches(settings) {
        let mut counts = Counts::new(&batch);
        let engine = read(&run_engine(&batch, &mut counts, |_| {})?);
        coverage.add(&counts.executed, &engine);
        let reference =
            Reference { first, outcomes: read(&run_qemu(&qemu, &batch, HOST_TIME_MAX)?), batch };
        if let Some(n) = first_difference(&reference, &engine) {
            show(&reference, n, &engine, &qemu, &|_| {})?;
            return Ok(false);
        }
    }
    print!("{}", coverage.table());
    let at_least = settings.at_least.unwrap_or(settings.count / 200);
    let seldom = coverage.too_seldom(at_least);
    if !seldom.is_empty() {
        println!("occurred less than {at_least} times: {}", seldom.join(", "));
        return Ok(false);
    }
    println!(
        "{} programs of seed {} agree; everything occurred at least {at_least} times",
        settings.count, settings.seed
    );
    Ok(true)
}

/// The first program of a batch that differs, or that neither machine ended.
pub(crate) fn first_difference(reference: &Reference, engine: &[Outcome]) -> Option<usize> {
    (0..reference.batch.programs.len()).find(|&n| {
        let (engine, qemu) = (engine.get(n), reference.outcomes.get(n));
        qemu.is_none() || !differences(engine, qemu).is_empty()
    })
}

/// Prints a difference and the shortest program that shows it.
pub(crate) fn show(
    reference: &Reference,
    n: usize,
    engine: &[Outcome],
    qemu: &Qemu,
    prepare: &dyn Fn(&mut Machine),
) -> Result<(), MachineError> {
    let place = &reference.batch.places[n];
    println!("program {} at {:#x}..{:#x}:", reference.first + n as u64, place.start, place.end);
    let lines = differences(engine.get(n), reference.outcomes.get(n));
    lines.iter().for_each(|line| println!("  {line}"));
    let program = reference.batch.programs[n].clone();
    let shortest = shrink(program, &Trial { qemu, prepare, kind: kind(&lines) })?;
    println!("the shortest program that shows it:\n{}", shortest.listing());
    let batch = Batch::new(vec![shortest]);
    let engine = read(&run_engine(&batch, &mut Nobody, prepare)?);
    let told = read(&run_qemu(qemu, &batch, HOST_TIME_MAX)?);
    println!("at {:#x}:", batch.places[0].start);
    for line in differences(engine.first(), told.first()) {
        println!("  {line}");
    }
    Ok(())
}

#[cfg(not(feature = "mutations"))]
fn find_mutations(_: &Settings, _: &Qemu) -> Result<bool, MachineError> {
    println!("built without the feature `mutations`");
    Ok(false)
}

#[cfg(feature = "mutations")]
fn find_mutations(settings: &Settings, qemu: &Qemu) -> Result<bool, MachineError> {
    let mut references = Vec::new();
    for (first, batch) in batches(settings) {
        references.push(Reference {
            first,
            outcomes: read(&run_qemu(qemu, &batch, HOST_TIME_MAX)?),
            batch,
        });
    }
    crate::mutations::find_all(&references, qemu)
}
