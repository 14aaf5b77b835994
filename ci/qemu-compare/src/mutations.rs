//! Bugs seeded into the engine: the comparison must find each.

use crate::compare::{Reference, first_difference, show};
use crate::machines::{MachineError, Nobody, run_engine};
use crate::outcome::read;
use crate::qemu::Qemu;
use ramscope_engine::Mutation;

/// Seeds one bug after the other and looks for the first program that shows it, shrunk; whether all
/// were found.
pub(crate) fn find_all(references: &[Reference], qemu: &Qemu) -> Result<bool, MachineError> {
    let mut missed = Vec::new();
    for mutation in Mutation::ALL {
        if find(mutation, references, qemu)? {
            continue;
        }
        println!("{mutation:?}: not found");
        missed.push(mutation);
    }
    let count = Mutation::ALL.len();
    println!("{} of {count} seeded bugs were found", count - missed.len());
    Ok(missed.is_empty())
}

fn find(mutation: Mutation, references: &[Reference], qemu: &Qemu) -> Result<bool, MachineError> {
    for reference in references {
        let batch = &reference.batch;
        let engine = read(&run_engine(batch, &mut Nobody, |machine| machine.mutate(mutation))?);
        if let Some(n) = first_difference(reference, &engine) {
            print!("{mutation:?}: ");
            show(reference, n, &engine, qemu, &|machine| machine.mutate(mutation))?;
            return Ok(true);
        }
    }
    Ok(false)
}
