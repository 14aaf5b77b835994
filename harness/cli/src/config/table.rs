//! Settings in a table of a TOML file: `ramscope.toml` itself, or a part of `Cargo.toml`.
//!
//! ```toml
//! scenarios = ["scenarios", "more/*.yaml"]
//! elf = "target/riscv32imc-unknown-none-elf/release/app"
//! build = "cargo build --release"
//! jobs = 4
//!
//! [profile.ci]
//! retries = 2
//!
//! [profile.nightly]
//! inherits = "ci"
//! seed = "1-100"
//! ```
//!
//! Keys of the table itself are the defaults that every profile inherits.

use std::path::Path;

use ramscope_scenario::nearest;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Form, KEYS, Key, Settings, Source};
use crate::failure::Failure;

/// The table of profiles.
const PROFILE: &str = "profile";
/// The profile that one builds on.
const INHERITS: &str = "inherits";
/// A chain of profiles longer than this is a circle.
const PROFILES_MAX: usize = 16;

type Entry<'a> = Spanned<DeValue<'a>>;

/// A file that is read into settings.
pub(super) struct File<'a> {
    pub(super) path: &'a Path,
    pub(super) text: &'a str,
}

impl File<'_> {
    /// The line of a byte offset.
    pub(super) fn line(&self, offset: usize) -> usize {
        self.text.as_bytes().iter().take(offset).filter(|&&byte| byte == b'\n').count() + 1
    }

    pub(super) fn error(&self, offset: usize, reason: String) -> Failure {
        let place = format!("{}:{}", super::shortened(self.path).display(), self.line(offset));
        Failure::Setting { place, reason }
    }

    pub(super) fn parse(&self) -> Result<Spanned<DeTable<'_>>, Failure> {
        DeTable::parse(self.text).map_err(|error| {
            self.error(error.span().map_or(0, |span| span.start), error.message().to_owned())
        })
    }

    /// Takes a table: its own settings, then those of the profile that was asked for.
    pub(super) fn take(
        &self,
        table: &DeTable<'_>,
        profile: Option<&str>,
        settings: &mut Settings,
    ) -> Result<(), Failure> {
        self.take_settings(table, None, settings)?;
        let profiles = match table.get(PROFILE) {
            None => None,
            Some(value) => Some(value.get_ref().as_table().ok_or_else(|| {
                self.error(value.span().start, "`profile` is a table of profiles".to_owned())
            })?),
        };
        for (name, table) in self.chain(profiles, profile)?.into_iter().rev() {
            self.take_settings(table, Some(&name), settings)?;
        }
        Ok(())
    }

    /// A profile and those that it builds on, itself first.
    fn chain<'t>(
        &self,
        profiles: Option<&'t DeTable<'t>>,
        asked: Option<&str>,
    ) -> Result<Vec<(String, &'t DeTable<'t>)>, Failure> {
        let mut chain = Vec::new();
        let mut next = asked.map(|name| (name.to_owned(), 0));
        while let Some((name, offset)) = next.take() {
            let known = profiles.into_iter().flat_map(|table| table.iter());
            let known: Vec<_> = known.map(|(name, _)| name.get_ref().as_ref()).collect();
            let found = profiles.and_then(|profiles| profiles.get(name.as_str()));
            let table = found
                .and_then(|profile| profile.get_ref().as_table())
                .ok_or_else(|| self.error(offset, no_profile(&name, &known)))?;
            if chain.len() == PROFILES_MAX {
                return Err(self.error(offset, format!("profile `{name}` inherits from itself")));
            }
            if let Some(inherits) = table.get(INHERITS) {
                let offset = inherits.span().start;
                let parent = inherits
                    .get_ref()
                    .as_str()
                    .ok_or_else(|| self.error(offset, "`inherits` names one profile".to_owned()))?;
                next = Some((parent.to_owned(), offset));
            }
            chain.push((name, table));
        }
        Ok(chain)
    }

    fn take_settings(
        &self,
        table: &DeTable<'_>,
        profile: Option<&str>,
        settings: &mut Settings,
    ) -> Result<(), Failure> {
        for (name, value) in table {
            let offset = name.span().start;
            let name = name.get_ref().as_ref();
            let is_structure = match profile {
                None => name == PROFILE,
                Some(_) => name == INHERITS,
            };
            if is_structure {
                continue;
            }
            let key = Key::of(name).ok_or_else(|| self.error(offset, unknown(name)))?;
            let values = self.values(key, value)?;
            let source = Source::File {
                path: self.path.to_owned(),
                line: self.line(offset),
                profile: profile.map(str::to_owned),
            };
            settings.set(key, values, source);
        }
        Ok(())
    }

    fn values(&self, key: &Key, value: &Entry<'_>) -> Result<Vec<String>, Failure> {
        let one = |value: &Entry<'_>| {
            let text = scalar(key.form, value.get_ref());
            text.ok_or_else(|| self.error(value.span().start, expected(key)))
        };
        let texts = match value.get_ref() {
            DeValue::Array(values) if key.form.is_list() => {
                values.iter().map(one).collect::<Result<Vec<_>, _>>()?
            }
            _ => vec![one(value)?],
        };
        let folder = self.path.parent().unwrap_or(Path::new(""));
        Ok(texts.into_iter().map(|text| key.form.rooted(text, folder)).collect())
    }
}

fn scalar(form: Form, value: &DeValue<'_>) -> Option<String> {
    match (form, value) {
        (Form::Flag, DeValue::Boolean(value)) => Some(value.to_string()),
        (Form::Flag, _) => None,
        (Form::Text | Form::Texts, DeValue::Integer(number)) => Some(number.as_str().to_owned()),
        (_, DeValue::String(text)) => Some(text.as_ref().to_owned()),
        _ => None,
    }
}

fn expected(key: &Key) -> String {
    let form = match key.form {
        Form::Flag => "true or false",
        Form::Text => "a text or a number",
        Form::Texts => "a text or a number, or a list of them",
        Form::Path => "a path in quotes",
        Form::Paths => "a path in quotes, or a list of them",
        Form::Reports => "a report as \"junit=FILE\", or a list of them",
    };
    format!("`{}` takes {form}", key.name)
}

fn unknown(name: &str) -> String {
    match nearest(name, KEYS.iter().map(|key| key.name)) {
        Some(meant) => format!("there is no setting `{name}`: did you mean `{meant}`?"),
        None => format!("there is no setting `{name}`; `ramscope config` lists all"),
    }
}

fn no_profile(name: &str, known: &[&str]) -> String {
    match known {
        [] => format!("there is no profile `{name}`, nor any other"),
        known => format!("there is no profile `{name}`; there are {}", known.join(", ")),
    }
}
