//! Ini files as the older tools read them.
//!
//! `key = value` or `key: value`; lines that start with `#` or `;` are comments; a line indented deeper
//! than its key continues the value; everything else in a value is kept as it stands, quotes, backslashes and `#`
//! included. In `[londiste]`, `%(key)s` stands for another key's value (or `config_dir`, `config_file`,
//! `host_name`, `service_name`) and `%%` for a percent sign; `[pgqd]` never had references. In file names `~`
//! is the home directory, and a relative name counts from the directory the command is given in.

mod effective;
mod failure_policy;
mod file;
mod interpolate;
mod interval;
mod keys;
mod lines;
mod londiste;
mod origin;
mod passwords;
mod pgqd;
mod reading;
mod typed;

use std::path::PathBuf;

use serde::de::DeserializeOwned;

use crate::Error;
use crate::path::resolve;
use file::read;
use keys::Meaning;
use origin::Origin;

pub use crate::ini::failure_policy::{FailurePolicy, Listen, OnFailure};
pub use effective::Entry;
pub use file::Ini;
pub use interval::{interval, interval_or_none};
pub(crate) use keys::reload;
pub use keys::{Key, Reload, keys, known_keys};
pub use londiste::LondisteSettings;
pub use pgqd::PgqdSettings;

impl Ini {
    /// The settings of a ticker.
    ///
    /// # Errors
    /// No section `[pgqd]`, or keys with values that they cannot have: all of them in one error.
    pub fn pgqd(&self) -> Result<PgqdSettings, Error> {
        let mut reading = self.reading("pgqd")?;
        let (process, ticker) = (reading.part::<pgqd::Process>(), reading.part::<ticker::Config>());
        reading.end(process.zip(ticker).map(|(process, ticker)| process.with(ticker)))
    }

    /// The settings of a node, of which the worker's part and the copies' can be read too.
    ///
    /// # Errors
    /// No section `[londiste]`, needed keys missing, or keys with values that they cannot have: all of them in one
    /// error.
    pub fn londiste(&self) -> Result<LondisteSettings, Error> {
        let mut reading = self.reading("londiste")?;
        let settings = reading.part::<LondisteSettings>();
        let parts = (reading.part::<consumer::Config>(), reading.part::<copier::Config>());
        reading.end(settings.filter(|_| parts.0.is_some() && parts.1.is_some()))
    }

    /// The settings of the ticker that stands in for a `pgqd` at a node's database: the defaults of `[pgqd]`.
    ///
    /// # Errors
    /// Never, as long as the defaults can be read.
    pub(crate) fn stand_in(
        &self,
        db: pg::ConnectString,
        limits: pg::Limits,
    ) -> Result<ticker::Config, Error> {
        let config = typed::read::<ticker::Config>(&keys::defaults("pgqd").collect());
        match config {
            Ok(config) => Ok(ticker::Config { base_connstr: db, limits, ..config }),
            Err(problems) => {
                Err(self.refused("pgqd", problems.into_iter().map(|problem| problem.text).collect()))
            }
        }
    }

    /// The pidfile of `section`, whatever the other keys say.
    ///
    /// # Errors
    /// No such section, or no such key in it.
    pub fn pidfile(&self, section: &str) -> Result<PathBuf, Error> {
        let why = "-d, -s, -k and -r need it";
        let raw = self.existing(section)?;
        let needed = || Error::KeyNeeded { file: self.file.clone(), key: "pidfile", why };
        let value = raw.get("pidfile").filter(|value| !value.trim().is_empty()).ok_or_else(needed)?;
        let names = self.names(section, &raw)?;
        // credentials that only the process itself is given, for example, are nothing to steer it by
        let resolved = read(section, value, &names).and_then(|name| resolve(&name));
        resolved.map_err(|text| {
            self.refused(section, vec![self.failure_log(section, "pidfile", Some(value), &text)])
        })
    }

    /// A section as any settings struct whose fields are named like keys; `job_name` and
    /// `consumer_name` are always there, unknown keys are left out.
    ///
    /// # Errors
    /// The section is not there, needed keys are missing, or values do not fit: all of them in one error.
    pub fn section<T: DeserializeOwned>(&self, section: &str) -> Result<T, Error> {
        let mut reading = self.reading(section)?;
        let settings = reading.part();
        reading.end(settings)
    }

    /// One line for each key that does nothing: unknown ones with the nearest known key, and those
    /// that have no meaning here with the reason.
    pub fn warnings(&self, section: &str) -> Vec<String> {
        let environment = self.environment.get(section).into_iter().flatten();
        let here = self.sections.get(section).into_iter().flatten().chain(environment).chain(&self.overrides);
        let mut lines: Vec<String> = here.filter_map(|(key, _)| self.warning(section, key)).collect();
        lines.dedup();
        lines.extend(self.repeated(section));
        lines.extend(self.exposed(section));
        lines
    }

    /// One line for each key that stands several times in the section.
    fn repeated(&self, section: &str) -> impl Iterator<Item = String> {
        let here = self.lines.iter().filter(move |((of, _), lines)| of == section && lines.len() > 1);
        here.map(|((_, key), lines)| {
            let lines: Vec<_> = lines.iter().map(ToString::to_string).collect();
            format!(
                "{}: {key} stands in lines {}; the last one counts",
                self.file.display(),
                lines.join(", ")
            )
        })
    }

    fn warning(&self, section: &str, key: &str) -> Option<String> {
        let file = match self.origin(section, key) {
            // one that only --set names
            Origin::Default => self.file.display().to_string(),
            origin => self.told(&origin),
        };
        match keys::meaning(section, key) {
            Some(Meaning::Idle(why)) => Some(format!("{file}: {key} has no effect: {why}")),
            Some(Meaning::Alias(target)) if self.raw(section).contains_key(target) => {
                Some(format!("{file}: {key} has no effect: {target} is set too"))
            }
            Some(_) => None,
            // Other values may refer to a key of the user's own invention.
            None if self.refers_to(section, key) => None,
            None => Some(match keys::nearest(section, key) {
                Some(nearest) => format!("{file}: unknown key {key} in [{section}]; did you mean {nearest}?"),
                None => format!("{file}: unknown key {key} in [{section}]"),
            }),
        }
    }

    fn refers_to(&self, section: &str, key: &str) -> bool {
        let reference = format!("%({key})s");
        section == "londiste"
            && self.raw(section).values().any(|value| value.to_lowercase().contains(&reference))
    }
}

#[cfg(test)]
mod tests;
