//! Rows for people, and their sums.

use super::judge::{Kind, Row};

/// The table, without files that are no tests, and the sums.
pub(super) fn table(rows: &[Row]) -> String {
    let shown = || rows.iter().filter(|row| row.kind != Kind::Skipped);
    let width = |text: fn(&Row) -> usize| shown().map(text).max().unwrap_or(0);
    let name_width = width(|row| row.name.len()).max(4);
    let kind_width = width(|row| row.kind.name().len());
    let mut text = String::new();
    for row in shown() {
        let count = row.instructions.map_or(String::new(), |n| n.to_string());
        let line = format!(
            "  {:<name_width$}  {:<kind_width$}  {count:>10}  {}",
            row.name,
            row.kind.name(),
            row.detail
        );
        text += line.trim_end();
        text += "\n";
    }
    text + &sums(rows)
}

fn sums(rows: &[Row]) -> String {
    let of = |kind| rows.iter().filter(|row| row.kind == kind).count();
    let sums: Vec<String> = Kind::ALL
        .into_iter()
        .filter(|&kind| of(kind) > 0)
        .map(|kind| format!("{} {}", of(kind), kind.many()))
        .collect();
    let mut text = match rows.len() {
        0 => "no files\n".to_owned(),
        1 => format!("1 file: {}\n", sums.join(", ")),
        count => format!("{count} files: {}\n", sums.join(", ")),
    };
    let compared = rows.iter().filter(|row| row.compared).count();
    let disagree = rows.iter().filter(|row| row.disagrees).count();
    if disagree > 0 {
        text += &format!("QEMU disagrees on {disagree} of {compared}\n");
    } else if compared > 0 {
        text += &format!("QEMU agrees on all {compared} that both can run\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(name: &str, kind: Kind, detail: &str, instructions: Option<u64>) -> Row {
        Row {
            name: name.into(),
            kind,
            detail: detail.into(),
            instructions,
            compared: instructions.is_some(),
            disagrees: false,
        }
    }

    #[test]
    fn columns_stand_below_each_other_and_sums_follow() {
        let rows = [
            row("add", Kind::Passed, "", Some(412)),
            row("branches", Kind::Failed, "test 3", Some(12)),
            row("long", Kind::Elsewhere, "it is for RV64", None),
            row("README", Kind::Skipped, "", None),
        ];
        let expected = "  add       pass                         412
  branches  FAIL                          12  test 3
  long      not for this machine              it is for RV64
4 files: 1 passed, 1 failed, 1 not for this machine, 1 skipped: not an ELF file
QEMU agrees on all 2 that both can run
";
        assert_eq!(table(&rows), expected);
    }

    #[test]
    fn an_empty_folder_says_so() {
        assert_eq!(table(&[]), "no files\n");
    }
}
