//! The account of a sweep for people.

use ramscope_model::{counted, grouped};

use super::account::{Account, Broken, Swept};
use crate::columns::table_text;

const COLUMNS: [&str; 6] = ["program", "allocations", "tried", "places", "broken", "scenario"];

/// All of it; what broke stands last, each with the command that repeats it.
pub(crate) fn text(account: &Account) -> String {
    let rows: Vec<_> = account.swept.iter().map(row).collect();
    let mut text = table_text(COLUMNS, &rows);
    for (run, reason) in &account.left_out {
        text += &format!("left out: {run}: {reason}\n");
    }
    text += "\n";
    for swept in &account.swept {
        for broken in &swept.broken {
            text += &told(swept, broken);
        }
    }
    text + &summary(account) + "\n"
}

fn row(swept: &Swept) -> [String; 6] {
    let total = match swept.total {
        Some(total) => grouped(total.into()),
        None => "more".to_owned(),
    };
    let broken = match swept.broken.len() {
        0 => "-".to_owned(),
        some => grouped(some as u64),
    };
    let (tried, places) = (grouped(swept.tried as u64), grouped(swept.places as u64));
    [swept.program.clone(), total, tried, places, broken, swept.run.clone()]
}

fn told(swept: &Swept, broken: &Broken) -> String {
    let Broken { nth, refused, sentence, again } = broken;
    format!(
        "{}: without allocation {nth} ({}):\n  {sentence}\n  {again}\n\n",
        swept.program,
        refused.sentence()
    )
}

fn summary(account: &Account) -> String {
    let programs = counted(account.swept.len() as u64, "program");
    let places = counted(account.places() as u64, "place");
    let tried = account.tried();
    let verdict = match account.broken() {
        0 => "nothing breaks, leaks or hangs".to_owned(),
        some => format!("{} of them break something", grouped(some as u64)),
    };
    let covered = match account.total() {
        _ if account.interrupted => {
            format!("interrupted after {} of {programs}", counted(tried, "allocation"))
        }
        Some(total) if total == tried => {
            format!("every allocation of {programs} failed once, {}", grouped(tried))
        }
        Some(total) => format!(
            "{} of the {} allocations of {programs} failed once, at {places}; --every tries all",
            grouped(tried),
            grouped(total)
        ),
        None => format!("{} of {programs}, not all", counted(tried, "allocation")),
    };
    format!("{covered}: {verdict}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sweep::judge::Refused;

    fn swept(tried: usize, total: Option<u32>, broken: Vec<Broken>) -> Account {
        let (run, program) = ("a scenario".to_owned(), "blocks kept=1".to_owned());
        let swept = Swept { run, program, tried, total, places: 2, broken };
        Account { swept: vec![swept], ..Account::default() }
    }

    #[test]
    fn what_broke_is_told_with_owner_size_site_and_the_command() {
        let refused =
            Refused { unit: "worker".to_owned(), bytes: 256, place: "src/blocks.rs:41".to_owned() };
        let sentence = "leak: 152 B more than without the failure".to_owned();
        let again = "ramscope run a.yaml --fail-allocation 3".to_owned();
        let text = text(&swept(4, Some(4), vec![Broken { nth: 3, refused, sentence, again }]));
        assert!(text.contains("without allocation 3 (256 bytes for worker at src/blocks.rs:41):"));
        assert!(text.contains("  leak: 152 B"), "{text}");
        assert!(text.contains("\n  ramscope run a.yaml --fail-allocation 3\n"), "{text}");
        assert!(text.contains("1 of them break something"), "{text}");
    }

    #[test]
    fn every_is_said_only_if_every_one_was_tried() {
        assert!(text(&swept(4, Some(4), vec![])).contains("every allocation of 1 program"));
        assert!(text(&swept(4, Some(9), vec![])).contains("4 of the 9 allocations"));
        assert!(text(&swept(4, None, vec![])).contains("not all"));
    }
}
