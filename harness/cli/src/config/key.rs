//! The settings that exist: one name each, the same on the command line, in files and (in capitals,
//! after `RAMSCOPE_`) in the environment.

use std::path::Path;

use super::shortened;

/// A setting that exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    pub(crate) name: &'static str,
    pub(crate) form: Form,
    /// What holds if nobody says anything, in words.
    pub(crate) default: &'static str,
}

/// What a setting takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// A text or a number.
    Text,
    /// A path.
    Path,
    /// Yes or no.
    Flag,
    /// Several texts or numbers.
    Texts,
    /// Several paths, or patterns of paths.
    Paths,
    /// Several `KIND=FILE`.
    Reports,
}

impl Form {
    pub(crate) const fn is_list(self) -> bool {
        matches!(self, Self::Texts | Self::Paths | Self::Reports)
    }

    /// The value, with a path in it relative to this folder.
    pub(crate) fn rooted(self, text: String, folder: &Path) -> String {
        let root = |path: &str| shortened(&folder.join(path)).to_string_lossy().into_owned();
        match (self, text.split_once('=')) {
            (Self::Path | Self::Paths, _) => root(&text),
            (Self::Reports, Some((kind, path))) => format!("{kind}={}", root(path)),
            _ => text,
        }
    }
}

const fn key(name: &'static str, form: Form, default: &'static str) -> Key {
    Key { name, form, default }
}

/// Every key, in the order of documentation.
pub(crate) const KEYS: &[Key] = &[
    key("scenarios", Form::Paths, "scenarios"),
    key("elf", Form::Path, "the workspace's own image"),
    key("build", Form::Text, "none: the image is there"),
    key("symbols", Form::Path, "those of the image"),
    key("diagram", Form::Path, "diagram.json beside wokwi.toml"),
    key("target", Form::Texts, "what each scenario says"),
    key("seed", Form::Texts, "what each scenario says"),
    key("repeat", Form::Text, "what each scenario says"),
    key("filter", Form::Texts, "all scenarios"),
    key("tag", Form::Texts, "all scenarios"),
    key("shard", Form::Text, "1/1"),
    key("jobs", Form::Text, "1"),
    key("retries", Form::Text, "0"),
    key("fail-fast", Form::Flag, "false"),
    key("timeout", Form::Text, "what each scenario says"),
    key("timeout-exit-code", Form::Text, "42"),
    key("host-limit", Form::Text, "120"),
    key("expect-text", Form::Texts, "none"),
    key("fail-text", Form::Texts, "none"),
    key("captures", Form::Path, "target/ramscope/runs"),
    key("keep", Form::Text, "all; of repetitions, those that do not pass"),
    key("serial-log-file", Form::Path, "none"),
    key("vcd-file", Form::Path, "none"),
    key("format", Form::Text, "text"),
    key("report", Form::Reports, "none"),
    key("quiet", Form::Flag, "false"),
    key("verbose", Form::Flag, "false"),
];

impl Key {
    /// The key of a name.
    pub(crate) fn of(name: &str) -> Option<&'static Self> {
        KEYS.iter().find(|key| key.name == name)
    }
}
