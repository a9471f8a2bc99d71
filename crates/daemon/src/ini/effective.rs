//! Effective values, and where they come from.

use std::fmt;

use super::file::Ini;
use super::keys::{self, Meaning};
use super::origin::Origin;
use crate::Error;

/// A key with the value that is in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The key.
    pub key: &'static str,
    /// Its value, without secrets; `None` where it has none.
    pub value: Option<String>,
    /// Where that comes from: file and line, variable, `--set`, `default`.
    pub origin: String,
}

impl Ini {
    /// Every key that means something in `section`, in the order of the documentation. A value that cannot be used
    /// stands as it was written.
    ///
    /// # Errors
    /// No such section.
    pub fn effective(&self, section: &str) -> Result<Vec<Entry>, Error> {
        let values = self.reading(section)?.values;
        let raw = self.raw(section);
        let mut entries = Vec::new();
        for key in keys::known_keys(section) {
            let Some(meaning) = keys::meaning(section, key) else { continue };
            if matches!(meaning, Meaning::Alias(_) | Meaning::Idle(_)) {
                continue;
            }
            let written = values.get(key).or_else(|| raw.get(key)).cloned();
            let value = written.or_else(|| keys::default(section, key).map(str::to_owned));
            let shown = value.map(|value| match meaning {
                Meaning::Secret => hidden(&value),
                _ => value.replace('\n', "\n    "),
            });
            let origin = match self.origin(section, key) {
                Origin::Default if shown.is_none() => "not set".to_owned(),
                Origin::Default if values.contains_key(key) && keys::default(section, key).is_none() => {
                    "default: the file's name".to_owned()
                }
                origin => self.told(&origin),
            };
            entries.push(Entry { key, value: shown, origin });
        }
        Ok(entries)
    }
}

/// A connect string without its password.
fn hidden(value: &str) -> String {
    value.parse::<pg::ConnectString>().map_or_else(|_| "(hidden)".into(), |read| read.to_string())
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pair = format!("{} = {}", self.key, self.value.as_deref().unwrap_or_default());
        write!(f, "{pair:<60} # {}", self.origin)
    }
}
