//! Runs the program `bench` and brings what was counted together with what it said.

use crate::failure::Failure;
use crate::size;
use crate::watch::{Stretch, Tally, Watch};
use ramscope_engine::{Image, Machine, Observer, Options};
use ramscope_time::Span;
use std::collections::BTreeMap;

/// The word that tells which row is measured.
const MARK: &str = "RAMSCOPE_BENCH";
/// The row of empty rounds.
const BASE: &str = "base";
/// How often the console is looked at, and for how long at most.
const STEP: Span = Span::from_millis(20);
const STEPS_MAX: u32 = 3_000;
/// A slice: 10 ms at 160 MHz.
const SLICE_INSTRUCTIONS: u64 = 1_600_000;

/// Everything that was measured, by the ids of rows.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Measured {
    pub(crate) costs: BTreeMap<String, Cost>,
    pub(crate) masked: BTreeMap<String, Masked>,
    /// Bytes.
    pub(crate) memory: BTreeMap<String, f64>,
}

/// What an operation cost.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Cost {
    /// Instructions for one operation.
    pub(crate) each: f64,
    /// Traps while the row was measured.
    pub(crate) traps: u64,
    /// How many of them may be ends of slices: an alarm that stands for an earlier one is not moved.
    pub(crate) slices: u64,
}

/// The longest stretches of a scene, masked and held.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Masked {
    pub(crate) what: String,
    /// None if interrupts were never masked.
    pub(crate) longest: Option<Stretch>,
    pub(crate) longest_held: Option<Stretch>,
}

/// Powers the machine on twice: costs without telemetry, stretches with the usual level of it.
pub(crate) fn measure(elf: &[u8]) -> Result<Measured, Failure> {
    let image = Image::from_elf(elf)?;
    let mark = image.symbol(MARK).ok_or(Failure::NoSymbol(MARK))?;
    let (lines, rows) = play(&image, mark, "trace off\nrun bench\n")?;
    let costs = costs(&lines, &rows)?;
    let (lines, rows) = play(&image, mark, "run bench part=masked\n")?;
    let masked = stretches(&lines, &rows);
    let (lines, _) = play(&image, mark, "trace off\nrun bench part=memory\n")?;
    let mut memory = sizes(&lines)?;
    memory.extend(size::of_image(elf));
    Ok(Measured { costs, masked, memory })
}

/// Runs the costs under another observer, which is made from the word's address.
pub(crate) fn profile<O: Observer>(elf: &[u8], observer: impl Fn(u32) -> O) -> Result<O, Failure> {
    let image = Image::from_elf(elf)?;
    let mark = image.symbol(MARK).ok_or(Failure::NoSymbol(MARK))?;
    let mut observer = observer(mark);
    listen(&image, "trace off\nrun bench\n", &mut observer)?;
    Ok(observer)
}

/// What `bench` stores for a row.
pub(crate) fn word_of(id: &str) -> u32 {
    let mut letters = [b' '; 4];
    for (place, letter) in letters.iter_mut().zip(id.bytes()) {
        *place = letter;
    }
    u32::from_le_bytes(letters)
}

type Rows = BTreeMap<String, Tally>;

/// Types `commands` after power-on; the lines of `bench`, and what its rows added up to.
fn play(image: &Image, mark: u32, commands: &str) -> Result<(Vec<String>, Rows), Failure> {
    let mut watch = Watch::of(mark);
    let text = listen(image, commands, &mut watch)?;
    let lines = text.lines().filter_map(|line| line.strip_prefix("bench: "));
    let lines = lines.map(str::to_owned).collect();
    let rows = watch.rows.into_iter().map(|(word, tally)| (id_of(word), tally)).collect();
    Ok((lines, rows))
}

/// Types `commands` after power-on, and waits for the end of `bench`; the text until then.
fn listen(image: &Image, commands: &str, observer: &mut impl Observer) -> Result<String, Failure> {
    let mut machine = Machine::new(image, &Options::default());
    let mut text = Vec::new();
    wait_for(": ready", &mut machine, observer, &mut text)?;
    machine.receive_uart0(commands.as_bytes());
    wait_for("bench: ended", &mut machine, observer, &mut text)?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}

fn wait_for(
    wanted: &str,
    machine: &mut Machine,
    observer: &mut impl Observer,
    text: &mut Vec<u8>,
) -> Result<(), Failure> {
    let mut until = machine.now();
    for _ in 0..STEPS_MAX {
        until += STEP;
        let _ = machine.run_observed(until, observer);
        text.extend(machine.take_uart0().iter().map(|sent| sent.byte));
        let said = String::from_utf8_lossy(text);
        if said.contains(wanted) {
            return Ok(());
        }
        if said.contains("main has ended") {
            break;
        }
    }
    let said = String::from_utf8_lossy(text);
    let from = said.char_indices().rev().nth(1_500).map_or(0, |(at, _)| at);
    Err(Failure::Silent { wanted: wanted.to_owned(), said: said[from..].to_owned() })
}

/// The letters of an id, as `bench` stores them.
pub(crate) fn id_of(word: u32) -> String {
    String::from_utf8_lossy(&word.to_le_bytes()).trim_end().to_owned()
}

/// Lines `ID N operations, M rounds`: instructions less those of M empty rounds, by N.
fn costs(lines: &[String], rows: &Rows) -> Result<BTreeMap<String, Cost>, Failure> {
    let mut counted = BTreeMap::new();
    for line in lines {
        let unread = || Failure::Line(line.clone());
        let words: Vec<&str> = line.split_whitespace().collect();
        let [id, operations, "operations,", rounds, "rounds"] = words[..] else {
            continue;
        };
        let number = |word: &str| word.parse::<f64>().map_err(|_| unread());
        let tally = rows.get(id).ok_or_else(unread)?;
        counted.insert(id.to_owned(), (tally, number(operations)?, number(rounds)?));
    }
    let Some((base, _, rounds)) = counted.remove(BASE) else {
        return Err(Failure::Line(format!("there is none for {BASE}")));
    };
    let empty = base.instructions as f64 / rounds;
    let cost = |(tally, operations, rounds): (&Tally, f64, f64)| Cost {
        each: (tally.instructions as f64 - rounds * empty) / operations,
        traps: tally.traps,
        slices: tally.instructions.div_ceil(SLICE_INSTRUCTIONS),
    };
    Ok(counted.into_iter().map(|(id, row)| (id, cost(row))).collect())
}

/// Lines `ID takes N B`.
fn sizes(lines: &[String]) -> Result<BTreeMap<String, f64>, Failure> {
    let mut sizes = BTreeMap::new();
    for line in lines {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [id, "takes", bytes, "B"] = words[..] else { continue };
        let bytes = bytes.parse().map_err(|_| Failure::Line(line.clone()))?;
        sizes.insert(id.to_owned(), bytes);
    }
    Ok(sizes)
}

/// Lines `ID masked: WHAT`.
fn stretches(lines: &[String], rows: &Rows) -> BTreeMap<String, Masked> {
    let lines = lines.iter().filter_map(|line| line.split_once(" masked: "));
    lines
        .map(|(id, what)| {
            let tally = rows.get(id);
            let longest = tally.and_then(|tally| tally.longest);
            let longest_held = tally.and_then(|tally| tally.longest_held);
            (id.to_owned(), Masked { what: what.to_owned(), longest, longest_held })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operation_costs_its_row_less_empty_rounds() {
        let tally = |instructions| Tally { instructions, ..Tally::default() };
        let rows: Rows = [("base".into(), tally(5_000)), ("T2".into(), tally(210_000))].into();
        let lines = ["base 1000 operations, 1000 rounds", "T2 2000 operations, 2000 rounds"];
        let costs = costs(&lines.map(str::to_owned), &rows).unwrap();
        assert_eq!(costs["T2"], Cost { each: 100.0, traps: 0, slices: 1 });
        assert_eq!(costs.len(), 1);
    }

    #[test]
    fn a_row_that_nothing_was_counted_for_is_a_failure() {
        let lines = ["T1 1 operations, 1 rounds".to_owned()];
        assert!(costs(&lines, &Rows::new()).is_err());
    }

    #[test]
    fn a_line_tells_what_something_takes() {
        let lines = ["M1.1 takes 304 B", "M1.2 is what it is", "T1 1 operations, 1 rounds"];
        let sizes = sizes(&lines.map(str::to_owned)).unwrap();
        assert_eq!(sizes, [("M1.1".to_owned(), 304.0)].into());
    }

    #[test]
    fn the_stored_word_spells_the_id() {
        for id in ["T6.1", "L1"] {
            assert_eq!(id_of(word_of(id)), id);
        }
        assert_eq!(word_of("L1"), u32::from_le_bytes(*b"L1  "));
    }
}
