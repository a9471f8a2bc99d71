//! Origin of a key's value, and lines that tell it.

use super::file::{DEFAULTS, Ini};
use super::keys::{self, Meaning};

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Origin {
    /// Nobody has set it.
    Default,
    /// A line of the file, where it is known.
    File(Option<usize>),
    /// A variable of the environment.
    Environment(String),
    /// `--set`.
    CommandLine,
}

impl Ini {
    /// Where the value of `key` comes from.
    pub(crate) fn origin(&self, section: &str, key: &str) -> Origin {
        let aliases = keys::known_keys(section)
            .filter(|other| matches!(keys::meaning(section, other), Some(Meaning::Alias(of)) if of == key))
            .map(str::to_owned);
        let names: Vec<String> = std::iter::once(key.to_owned()).chain(aliases).collect();
        let named = |has: &dyn Fn(&str) -> bool| names.iter().find(|name| has(name)).cloned();
        if named(&|name| self.overrides.contains_key(name)).is_some() {
            return Origin::CommandLine;
        }
        if let Some(name) = named(&|name| self.environment(section).contains_key(name)) {
            return Origin::Environment(format!("{}__{}", section.to_uppercase(), name.to_uppercase()));
        }
        for of in [section, DEFAULTS] {
            let here = |name: &str| self.sections.get(of).is_some_and(|pairs| pairs.contains_key(name));
            if let Some(name) = named(&here) {
                return Origin::File(
                    self.lines.get(&(of.to_owned(), name)).and_then(|lines| lines.last().copied()),
                );
            }
        }
        Origin::Default
    }

    /// An origin for people.
    pub(crate) fn told(&self, origin: &Origin) -> String {
        match origin {
            Origin::Default => "default".into(),
            Origin::File(Some(line)) => format!("{}:{line}", self.file.display()),
            Origin::File(None) => self.file.display().to_string(),
            Origin::Environment(name) => format!("environment {name}"),
            Origin::CommandLine => "--set".into(),
        }
    }

    /// One line about a key: where it stands, its value unless that may be secret, and what is wrong.
    pub(super) fn failure_log(&self, section: &str, key: &str, value: Option<&String>, text: &str) -> String {
        let place = match self.origin(section, key) {
            Origin::File(Some(line)) => format!("line {line}, "),
            Origin::Default | Origin::File(None) => String::new(),
            origin => format!("{}, ", self.told(&origin)),
        };
        match (keys::meaning(section, key), value) {
            (Some(Meaning::Secret), _) | (_, None) => format!("{place}{key}: {text}"),
            (_, Some(value)) => format!("{place}{key} = {value}: {text}"),
        }
    }
}
