//! Examples of rules, as pieces of a scenario file.

/// Something that breaks a rule and what to write instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Example {
    /// What the two are pieces of.
    pub snippet: Snippet,
    /// What breaks the rule.
    pub wrong: &'static str,
    /// What breaks none.
    pub right: &'static str,
}

/// Which piece of a scenario file an example is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Snippet {
    /// The whole file.
    File,
    /// Some items of `steps`, with commas between them.
    Step,
    /// What stands under `ramscope`, in a scenario with the steps `a` and `b`.
    Ours,
}

impl Example {
    /// A whole file with the wrong piece in it.
    #[must_use]
    pub fn wrong_file(&self) -> String {
        self.snippet.file(self.wrong)
    }

    /// A whole file with the right piece in it.
    #[must_use]
    pub fn right_file(&self) -> String {
        self.snippet.file(self.right)
    }
}

impl Snippet {
    fn file(self, piece: &str) -> String {
        match self {
            Self::File => format!("{piece}\n"),
            Self::Step => format!("name: t\nversion: 1\nsteps: [{piece}]\n"),
            Self::Ours => {
                let settings = match piece.starts_with('{') {
                    true => piece.to_owned(),
                    false => format!("{{{piece}}}"),
                };
                format!(
                    "name: t\nversion: 1\nsteps: [{{name: a, delay: 1s}}, {{name: b, delay: 1s}}]\n\
                     ramscope: {settings}\n"
                )
            }
        }
    }
}
