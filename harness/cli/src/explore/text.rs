//! The account of an exploration for people.

use ramscope_model::{Outcome, Symbol, counted, grouped};

use super::account::{Account, Ended, Found, Method, Proof, Shown};
use crate::columns::table_text;

/// Digits of a device hash that are shown, as in the table of runs.
const HASH_DIGITS: usize = 12;

/// What is told of each switch.
pub(super) const COLUMNS: [&str; 4] = ["after", "from", "to", "interrupted before"];

/// All of it; the last line is the command that shows the smallest failing schedule again.
pub(crate) fn text(account: &Account) -> String {
    let mut text = format!("{}: {}\n\n", account.run, title(account.method));
    for (label, words) in facts(account) {
        text += &format!("  {label:<10}{words}\n");
    }
    text += "\n";
    match &account.found {
        Some(found) => text += &found_text(account.method, found),
        None => text += &format!("{}\n", nothing_found(account)),
    }
    text
}

pub(super) fn title(method: Method) -> String {
    match method {
        Method::Drawn { switches: 1, .. } => "schedules with one switch, drawn by seed".to_owned(),
        Method::Drawn { switches, .. } => {
            format!("schedules with up to {switches} switches, drawn by seed")
        }
        Method::Enumerated => "every schedule with one switch".to_owned(),
    }
}

pub(super) fn facts(account: &Account) -> Vec<(&'static str, String)> {
    let Account { trials, wanted, distinct, .. } = account;
    let tried = match account.ended {
        Ended::Done => counted(*trials, "run"),
        Ended::Interrupted => {
            format!("{} of {}, then interrupted", counted(*trials, "run"), grouped(*wanted))
        }
    };
    let idle = match account.unswitched {
        0 => String::new(),
        n => format!("; in {} nobody else was ready", grouped(n)),
    };
    let by_clock = ("tried", "the clock's own schedule only".to_owned());
    if account.found.as_ref().is_some_and(|found| found.number.is_none()) {
        return vec![by_clock];
    }
    if account.points == 0 {
        return vec![by_clock, ("covered", covered(account))];
    }
    vec![
        ("tried", format!("{tried}, {}{idle}", counted(*distinct, "distinct schedule"))),
        ("covered", covered(account)),
        ("outcome", outcomes(account)),
        ("failures", failures(account)),
    ]
}

/// At which instructions, and that the others were left out for a reason.
fn covered(account: &Account) -> String {
    let Account { points, interruptible, units, range, .. } = account;
    let Some((from, to)) = range else {
        return format!(
            "nothing: at none of {} was another thread of the same priority ready",
            counted(*interruptible, "instruction")
        );
    };
    let of = match points == interruptible {
        true => counted(*points, "instruction"),
        false => format!("{} of {}", grouped(*points), counted(*interruptible, "instruction")),
    };
    format!(
        "{of}, those at which an equal is ready: {}, from {} to {} since power-on",
        units.join(", "),
        grouped(*from),
        grouped(*to)
    )
}

fn outcomes(account: &Account) -> String {
    let failed = account.count_of(Outcome::Fail) + account.count_of(Outcome::TimedOut);
    let passed = account.count_of(Outcome::Pass);
    let mut words = format!("{} failed, {} passed", grouped(failed), grouped(passed));
    match account.trials - failed - passed {
        0 => {}
        n => words += &format!(", {} without a verdict", grouped(n)),
    }
    words
}

fn failures(account: &Account) -> String {
    let kinds = account.failures.iter().map(|(what, count)| format!("{} {what}", grouped(*count)));
    match account.failures.is_empty() {
        true => "none".to_owned(),
        false => kinds.collect::<Vec<_>>().join("; "),
    }
}

/// What the schedule is that was found, in a sentence without an end.
pub(super) fn heading(method: Method, found: &Found) -> String {
    let origin = match (method, found.number) {
        (_, None) => {
            "It fails without any other switch, so there is nothing to explore yet".to_owned()
        }
        (Method::Drawn { .. }, Some(seed)) => {
            format!("The smallest failing schedule (seed {seed})")
        }
        (Method::Enumerated, Some(_)) => {
            "The first failing schedule of all with one switch".to_owned()
        }
    };
    let shrunk = match (found.drawn, found.switches.len()) {
        (drawn, left) if drawn > left => {
            let trials = counted(found.trials, "trial");
            format!(", shrunk from {drawn} switches to {left} in {trials}")
        }
        _ => String::new(),
    };
    format!("{origin}{shrunk}")
}

fn found_text(method: Method, found: &Found) -> String {
    let mut text = format!("{}:\n\n", heading(method, found));
    if !found.switches.is_empty() {
        let rows: Vec<_> = found.switches.iter().map(row).collect();
        let table = table_text(COLUMNS, &rows);
        table.lines().for_each(|line| text += &format!("  {line}\n"));
        text += "\n";
    }
    let (proof, sentence) = (&found.proof, &found.sentence);
    text += &format!("  {sentence}\n");
    text += &format!("  {}\n\n{}\n", proven(proof), proof.again);
    text
}

/// That it failed again.
pub(super) fn proven(proof: &Proof) -> String {
    let hash = &proof.hash[..HASH_DIGITS.min(proof.hash.len())];
    format!("It failed again from power-on: {}, device hash {hash}", proof.capture)
}

/// A switch, and where in the source: the line itself, and where that was inlined from another file.
pub(super) fn row(switch: &Shown) -> [String; 4] {
    let mut places: Vec<String> = switch.source.iter().map(place).collect();
    let file = |symbol: &Symbol| symbol.place.as_ref().map(|place| place.0.clone());
    let innermost = switch.source.first().and_then(file);
    let other = switch.source.iter().position(|symbol| file(symbol) != innermost);
    let place = match (other, places.len()) {
        (_, 0) => format!("0x{:08x}", switch.pc),
        (Some(other), _) => format!("{}, in {}", places[0], places[other]),
        (None, _) => places.swap_remove(0),
    };
    [grouped(switch.after), switch.from.clone(), switch.to.clone(), place]
}

fn place(symbol: &Symbol) -> String {
    match &symbol.place {
        None => format!("`{}`", symbol.function),
        Some((file, line)) => format!("`{}` ({file}:{line})", symbol.function),
    }
}

pub(super) fn nothing_found(account: &Account) -> String {
    if account.points == 0 {
        return "There is no other schedule: whenever a thread of the program can be interrupted, no other \
                of its\npriority is ready. The clock's own passed."
            .to_owned();
    }
    match (account.is_complete(), account.ended) {
        (true, _) => {
            "Complete for one switch: whichever of these instructions a slice ends before, and \
                      whoever of\nthe ready units of the same priority goes on, nothing fails. Two \
                      switches may still fail."
                .to_owned()
        }
        (false, Ended::Done) => {
            "None of these failed. That is no proof: others were not tried. More \
                                 seeds try more,\nand `--depth 1` tries all that have one switch."
                .to_owned()
        }
        (false, Ended::Interrupted) => "None of those that were tried failed.".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn account(method: Method, ended: Ended, outcomes: &[(Outcome, u64)]) -> Account {
        let outcomes: BTreeMap<Outcome, u64> = outcomes.iter().copied().collect();
        Account {
            run: "a run".to_owned(),
            path: "a.yaml".to_owned(),
            method,
            ended,
            wanted: 40,
            trials: outcomes.values().sum(),
            distinct: 12,
            unswitched: 3,
            points: 40,
            interruptible: 900,
            range: Some((1_000, 1_999)),
            units: vec!["main".to_owned(), "left".to_owned()],
            outcomes,
            failures: BTreeMap::new(),
            found: None,
        }
    }

    fn check(method: Method, ended: Ended, outcomes: &[(Outcome, u64)], last: &str) {
        let text = text(&account(method, ended, outcomes));
        let said = text.rsplit("\n\n").next().unwrap();
        assert!(said.starts_with(last), "{text}");
        assert_eq!(text.contains("Complete"), last.starts_with("Complete"), "{text}");
    }

    #[test]
    fn complete_is_said_only_if_every_schedule_of_one_switch_came_to_a_verdict() {
        let drawn = Method::Drawn { seeds: 40, switches: 1 };
        let passed = [(Outcome::Pass, 40)];
        check(Method::Enumerated, Ended::Done, &passed, "Complete for one switch");
        check(Method::Enumerated, Ended::Interrupted, &[(Outcome::Pass, 39)], "None of those");
        let doubtful = [(Outcome::Pass, 39), (Outcome::Inconclusive, 1)];
        check(Method::Enumerated, Ended::Done, &doubtful, "None of these failed. That is no proof");
        check(drawn, Ended::Done, &passed, "None of these failed. That is no proof");
    }

    #[test]
    fn what_was_covered_is_said_in_full() {
        let account = account(Method::Enumerated, Ended::Interrupted, &[(Outcome::Pass, 39)]);
        let text = text(&account);
        for line in [
            "a run: every schedule with one switch",
            "  tried     39 runs of 40, then interrupted, 12 distinct schedules; in 3 nobody else was ready",
            "  covered   40 of 900 instructions, those at which an equal is ready: main, left, from 1,000 to 1,999 since power-on",
            "  outcome   0 failed, 39 passed",
            "  failures  none",
        ] {
            assert!(text.lines().any(|said| said == line), "{line}\n{text}");
        }
    }
}
