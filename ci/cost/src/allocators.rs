//! Rows H: our heap beside those of others, in one program on the engine's virt machine.
//!
//! The program (`ci/cost/allocators`) stores a row's letters before each call of an allocator and zero
//! after it, so a stretch between two stores is one operation, its call and return included; what only
//! it knows (failures, the largest block, how many blocks fit) it prints.

mod table;

use crate::failure::Failure;
use crate::run::id_of;
use ramscope_engine::{CpuView, Flow, Image, Machine, Observer, Options};
use ramscope_time::{Instant, Span};
use std::collections::BTreeMap;

pub(crate) use table::{problems, table};

/// The word that tells which operation is under way.
const MARK: &str = "RAMSCOPE_BENCH";
/// How long the program may take, in time of its device.
const AT_MOST: Span = Span::from_seconds(60);
/// How its lines begin, and the last of them.
const PREFIX: &str = "allocators: ";
const ENDED: &str = "ended";

/// What the operations of a row took.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Operations {
    count: u64,
    instructions: u64,
    max: u64,
}

impl Operations {
    fn average(self) -> f64 {
        self.instructions as f64 / self.count.max(1) as f64
    }
}

/// What is known of one allocator: its name, and its figures by their ids.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Subject {
    pub(crate) name: String,
    pub(crate) figures: BTreeMap<String, f64>,
}

/// Runs the program; its allocators in their order, ours first.
pub(crate) fn measure(elf: &[u8]) -> Result<Vec<Subject>, Failure> {
    let image = Image::from_elf(elf)?;
    let mark = image.symbol(MARK).ok_or(Failure::NoSymbol(MARK))?;
    let mut watch = Watch { mark, row: 0, began: 0, rows: BTreeMap::new() };
    let mut machine = Machine::new(&image, &Options::default());
    let _ = machine.run_observed(Instant::ZERO + AT_MOST, &mut watch);
    let text: Vec<u8> = machine.take_uart0().iter().map(|sent| sent.byte).collect();
    let text = String::from_utf8_lossy(&text);
    let mut subjects = Vec::new();
    for line in text.lines() {
        let said = line.strip_prefix(PREFIX).ok_or_else(|| Failure::Line(line.to_owned()))?;
        if said == ENDED {
            for (number, subject) in subjects.iter_mut().enumerate() {
                add_rows(subject, &watch.rows, number);
            }
            add_accounts(&mut subjects);
            return Ok(subjects);
        }
        hear(said, &mut subjects).ok_or_else(|| Failure::Line(line.to_owned()))?;
    }
    Err(Failure::Silent { wanted: ENDED.to_owned(), said: text.into_owned() })
}

/// Takes a line of the program in.
fn hear(said: &str, subjects: &mut Vec<Subject>) -> Option<()> {
    let words: Vec<&str> = said.split(' ').collect();
    let number = |word: &str| word.parse::<f64>().ok();
    let (id, value) = match words[..] {
        [ref name @ .., bytes, "B", "control"] => {
            subjects.push(Subject { name: name.join(" "), figures: BTreeMap::new() });
            ("control".to_owned(), number(bytes)?)
        }
        ["trace", trace, failed, "of", _, "failed,", "largest", largest, "B", "of", room, "B"] => {
            let share = 100.0 * number(largest)? / number(room)?;
            subjects.last_mut()?.figures.insert(format!("{trace}.largest"), share);
            (format!("{trace}.failed"), number(failed)?)
        }
        [count, "blocks", "of", bytes, "B"] => (format!("fit.{bytes}"), number(count)?),
        _ => return None,
    };
    subjects.last_mut()?.figures.insert(id, value);
    Some(())
}

/// Rows are spelt `0Aa`: the allocator's number, the trace, and whether it took or gave.
fn add_rows(subject: &mut Subject, rows: &BTreeMap<u32, Operations>, number: usize) {
    for (&word, operations) in rows {
        let id = id_of(word);
        let Some(rest) = id.strip_prefix(&number.to_string()) else { continue };
        let (trace, operation) = rest.split_at(1);
        let trace = match trace {
            "s" => "16",
            "m" => "64",
            "l" => "128",
            other => other,
        };
        let operation = if operation == "a" { "alloc" } else { "free" };
        let figures = &mut subject.figures;
        figures.insert(format!("{trace}.{operation}"), operations.average());
        // Where each round does the same there is nothing to be the longest.
        if operations.max as f64 > operations.average() {
            figures.insert(format!("{trace}.{operation}.max"), operations.max as f64);
        }
    }
}

/// What the accounts of owners cost in trace A: ours with them less ours without.
fn add_accounts(subjects: &mut [Subject]) {
    let [with, without, ..] = subjects else { return };
    for operation in ["alloc", "free"] {
        let of = |subject: &Subject| subject.figures.get(&format!("A.{operation}")).copied();
        if let (Some(with_them), Some(without)) = (of(with), of(without)) {
            with.figures.insert(format!("accounts.{operation}"), with_them - without);
        }
    }
}

/// The observer of the program's stores.
struct Watch {
    mark: u32,
    row: u32,
    began: u64,
    rows: BTreeMap<u32, Operations>,
}

impl Observer for Watch {
    const STORES: bool = true;

    fn store(&mut self, cpu: &CpuView<'_>, address: u32, _: u8, value: u32) -> Flow {
        if address == self.mark {
            let now = cpu.instructions();
            if self.row != 0 {
                // The store itself belongs to nobody.
                let took = now - self.began - 1;
                let row = self.rows.entry(self.row).or_default();
                row.count += 1;
                row.instructions += took;
                row.max = row.max.max(took);
            }
            (self.row, self.began) = (value, now);
        }
        Flow::Continue
    }
}
