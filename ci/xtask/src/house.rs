//! Files are short, finished and where they belong: the rules of the house that no lint knows.

use std::fs;

use crate::failure::Failure;
use crate::workspace::Workspace;

/// Above this many lines a file says at its head why it is long.
const LINES_MAX: usize = 600;
/// How it says so.
const REASON: &str = "// long: ";

/// What stands only in code that is not finished. In pieces, because this file is checked too.
const UNFINISHED: [&str; 3] =
    [concat!("to", "do!("), concat!("unimple", "mented!("), concat!("FIX", "ME")];

/// Checks every Rust file that is committed or about to be.
pub(crate) fn check(workspace: &Workspace) -> Result<String, Failure> {
    let names = workspace.files(&["*.rs"])?;
    let mut problems = Vec::new();
    for name in &names {
        let path = workspace.root.join(name);
        let text = fs::read_to_string(&path).map_err(|e| workspace.file_failure(&path, e))?;
        problems.extend(problems_in(name, &text));
    }
    Failure::unless_empty(problems)?;
    match names.len() {
        0 => Err(Failure::Nothing("git lists no Rust file")),
        count => Ok(format!("{count} Rust files keep the rules of the house")),
    }
}

fn problems_in(name: &str, text: &str) -> Vec<String> {
    let mut problems = Vec::new();
    if name == "mod.rs" || name.ends_with("/mod.rs") {
        problems.push(format!("{name}: a module `foo` is foo.rs, not foo/mod.rs"));
    }
    let lines = text.lines().count();
    if lines > LINES_MAX && !says_why_it_is_long(text) {
        problems.push(format!(
            "{name}: {lines} lines are more than {LINES_MAX}; split it, or say why not in a \
             comment at its head, `{REASON}REASON`"
        ));
    }
    for (index, line) in text.lines().enumerate() {
        let unfinished = UNFINISHED.iter().filter(|word| line.contains(**word));
        problems.extend(unfinished.map(|word| {
            let word = word.trim_end_matches('(');
            format!("{name}:{}: {word} stands in committed code", index + 1)
        }));
    }
    problems
}

/// Whether a reason stands among the comments before the first item.
fn says_why_it_is_long(text: &str) -> bool {
    let head = text.lines().map(str::trim);
    let mut head = head.take_while(|line| line.is_empty() || line.starts_with("//"));
    head.any(|line| line.strip_prefix(REASON).is_some_and(|reason| !reason.trim().is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, text: &str, problems: usize) {
        let found = problems_in(name, text);
        assert_eq!(found.len(), problems, "{found:?}");
    }

    fn lines(count: usize) -> String {
        "const A: u8 = 0;\n".repeat(count)
    }

    #[test]
    fn a_file_may_be_as_long_as_the_limit() {
        check("a.rs", &lines(LINES_MAX), 0);
        check("a.rs", &lines(LINES_MAX + 1), 1);
    }

    #[test]
    fn a_long_file_passes_with_a_reason_at_its_head() {
        let long = lines(LINES_MAX + 1);
        check("a.rs", &format!("//! Doc.\n\n// long: a table\n{long}"), 0);
        check("a.rs", &format!("//! Doc.\n// long:  \n{long}"), 1);
        check("a.rs", &format!("{long}// long: too late\n"), 1);
    }

    #[test]
    fn unfinished_code_is_named_with_its_line() {
        for word in UNFINISHED {
            let found = problems_in("a.rs", &format!("fn a() {{\n    {word}\n}}\n"));
            assert!(found[0].starts_with("a.rs:2: "), "{found:?}");
        }
        check("a.rs", "fn todo() {}\n", 0);
    }

    #[test]
    fn a_module_has_the_name_of_its_file() {
        check("src/foo/mod.rs", "", 1);
        check("src/mod.rs", "", 1);
        check("src/foo_mod.rs", "", 0);
    }
}
