//! `program` and `args`, and the check that the steps start it.

use crate::read::problems::Draft;
use crate::read::reader::{Fields, Reader};
use crate::rule::Rule;
use crate::scenario::{Command, Step};
use crate::settings::Program;
use crate::yaml::{Entry, NodeId};

impl Reader<'_> {
    pub(super) fn program(&mut self, fields: &Fields, steps: &[Step]) -> Option<Program> {
        let args = fields.entry("args");
        let Some(entry) = fields.entry("program") else {
            if let Some(args) = args {
                let message = "`args` belong to a `program`, and there is none".into();
                self.error(Rule::InvalidSetting, args.key_place, message);
            }
            return None;
        };
        let name = self.console_word(entry.value, "program");
        let args = args.map_or(Some(Vec::new()), |entry| self.args(entry.value));
        let program = Program { name: name?, args: args? };
        self.check_started(&program, entry, steps);
        Some(program)
    }

    fn args(&mut self, node: NodeId) -> Option<Vec<(String, String)>> {
        let entries = self.any_map(node, "args")?;
        let mut args = Some(Vec::new());
        for entry in entries {
            let is_word = |text: &str| !text.is_empty() && !text.contains(char::is_whitespace);
            if !is_word(&entry.key) || entry.key.contains('=') {
                let message = format!("`{}` cannot name an argument", entry.key);
                self.error(Rule::InvalidSetting, entry.key_place, message);
                args = None;
                continue;
            }
            match (self.console_word(entry.value, &entry.key), &mut args) {
                (Some(value), Some(args)) => args.push((entry.key, value)),
                _ => args = None,
            }
        }
        args
    }

    /// One word of a console line; numbers and booleans stand for how they are written.
    fn console_word(&mut self, node: NodeId, name: &str) -> Option<String> {
        let value = self.tree.scalar(node).filter(|value| !value.is_nullish());
        let source = self.tree.source(node).filter(|_| value.is_some());
        match source.filter(|text| !text.is_empty() && !text.contains(char::is_whitespace)) {
            Some(word) => Some(word.to_owned()),
            None => {
                let message = format!("`{name}` is one word of a console line, without blanks");
                self.error(Rule::InvalidSetting, self.tree.place(node), message);
                None
            }
        }
    }

    /// Only what the steps type is typed in wokwi-cli, so they have to start the program.
    fn check_started(&mut self, program: &Program, entry: &Entry, steps: &[Step]) {
        // A step that cannot be read may be the one.
        if self.names.is_none_or(|names| names.count() != steps.len()) {
            return;
        }
        let lines: Vec<String> = steps.iter().flat_map(lines_sent).collect();
        if lines.iter().any(|line| program.is_started_by(line)) {
            return;
        }
        let is_run = |line: &&String| line.split_whitespace().next() == Some("run");
        let message = match lines.iter().find(is_run) {
            Some(other) => format!("no step sends `{program}`; one sends `{}`", other.trim()),
            None => format!("no step sends `{program}`, so nothing would start on Wokwi"),
        };
        let draft = Draft::error(Rule::ProgramNotStarted, entry.key_place, message);
        self.push(draft.fix(format!("- write-serial: \"{program}\\n\"")));
    }
}

/// The lines that a step sends to the console.
fn lines_sent(step: &Step) -> Vec<String> {
    match &step.command {
        Command::WriteSerial(bytes) => {
            String::from_utf8_lossy(bytes).lines().map(String::from).collect()
        }
        _ => Vec::new(),
    }
}
