//! Ini files as the older tools read them.
//!
//! `key = value` or `key: value`; lines that start with `#` or `;` are comments; a line indented deeper
//! than its key continues the value; everything else in a value is kept as it stands, quotes, backslashes and `#`
//! included. In `[londiste]`, `%(key)s` stands for another key's value (or `config_dir`, `config_file`,
//! `host_name`, `service_name`) and `%%` for a percent sign; `[pgqd]` never had references. In file names `~`
//! is the home directory, and a relative name counts from the directory the command is given in.

mod effective;
mod failure_policy;
mod interpolate;
mod interval;
mod keys;
mod lines;
mod londiste;
mod passwords;
mod pgqd;
mod reading;
mod typed;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

use crate::Error;
use crate::path::resolve;
use keys::Meaning;

pub use crate::ini::failure_policy::{FailurePolicy, Listen, OnFailure};
pub use effective::Entry;
pub use interval::interval;
pub(crate) use keys::reload;
pub use keys::{Key, Reload, keys, known_keys};
pub use londiste::LondisteSettings;
pub use pgqd::{PgqdSettings, SyslogSettings};

/// Where keys before the first section header end up.
const HEADLESS: &str = "\0";
/// Its keys hold for every section that does not set them.
const DEFAULTS: &str = "default";

type Pairs = BTreeMap<String, String>;

/// An ini file as it was read, with the overrides of the command line.
#[derive(Clone)]
pub struct Ini {
    file: PathBuf,
    sections: BTreeMap<String, Pairs>,
    lines: BTreeMap<lines::Place, Vec<usize>>,
    /// By section: `PGQD__…` and `LONDISTE__…`.
    environment: BTreeMap<&'static str, Pairs>,
    overrides: Pairs,
}

impl Ini {
    /// Reads `file`. A variable `LONDISTE__KEY` (`PGQD__KEY`) of the environment replaces the value in the file, each of `overrides`
    /// (`--set key=value`) replaces both.
    ///
    /// # Errors
    /// The file cannot be read, or is not in ini format.
    pub fn load(file: &Path, overrides: &[(String, String)]) -> Result<Ini, Error> {
        Self::load_in(file, overrides, None)
    }

    /// The same with these variables instead of the process's own.
    fn load_in(
        file: &Path,
        overrides: &[(String, String)],
        variables: Option<&[(&str, &str)]>,
    ) -> Result<Ini, Error> {
        let text = std::fs::read_to_string(file)
            .map_err(|source| Error::IniUnreadable { file: file.into(), source })?;
        let sections = parse(&text).map_err(|reason| Error::IniSyntax { file: file.into(), reason })?;
        let overrides =
            overrides.iter().map(|(key, value)| (key.trim().to_lowercase(), value.clone())).collect();
        let environment =
            ["pgqd", "londiste"].map(|section| (section, variables_of(section, variables))).into();
        Ok(Ini { file: file.into(), sections, lines: lines::of(&text), environment, overrides })
    }

    /// The file as it was named.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// Whether the file has this section.
    pub fn has_section(&self, section: &str) -> bool {
        self.sections.contains_key(section)
    }

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
    /// No section `[londiste]`, needed keys missing, or keys with values that they cannot have: all of them in one error.
    pub fn londiste(&self) -> Result<LondisteSettings, Error> {
        let mut reading = self.reading("londiste")?;
        let settings = reading.part::<LondisteSettings>();
        let parts = (reading.part::<consumer::Config>(), reading.part::<copier::Config>());
        reading.end(settings.filter(|_| parts.0.is_some() && parts.1.is_some()))
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
            effective::Origin::Default => self.file.display().to_string(),
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

    fn refused(&self, section: &str, problems: Vec<String>) -> Error {
        Error::Values { file: self.file.clone(), section: section.into(), problems }
    }

    /// The same for a section that is there.
    fn existing(&self, section: &str) -> Result<Pairs, Error> {
        if self.has_section(section) {
            return Ok(self.raw(section));
        }
        let found: Vec<String> = self.sections.keys().map(|name| format!("[{name}]")).collect();
        let found = if found.is_empty() { "no section at all".to_owned() } else { found.join(", ") };
        Err(Error::NoSection { file: self.file.clone(), section: section.into(), found })
    }

    /// What the file and the command line say, untouched.
    fn raw(&self, section: &str) -> Pairs {
        let mut raw = self.sections.get(DEFAULTS).cloned().unwrap_or_default();
        raw.extend(self.sections.get(section).cloned().unwrap_or_default());
        raw.extend(self.environment(section));
        raw.extend(self.overrides.clone());
        raw
    }

    fn environment(&self, section: &str) -> Pairs {
        self.environment.get(section).cloned().unwrap_or_default()
    }

    /// One line about a key: where it stands, its value unless that may be secret, and what is wrong.
    fn failure_log(&self, section: &str, key: &str, value: Option<&String>, text: &str) -> String {
        let place = match self.origin(section, key) {
            effective::Origin::File(Some(line)) => format!("line {line}, "),
            effective::Origin::Default | effective::Origin::File(None) => String::new(),
            origin => format!("{}, ", self.told(&origin)),
        };
        match (keys::meaning(section, key), value) {
            (Some(Meaning::Secret), _) | (_, None) => format!("{place}{key}: {text}"),
            (_, Some(value)) => format!("{place}{key} = {value}: {text}"),
        }
    }

    /// What references may name.
    fn names(&self, section: &str, raw: &Pairs) -> Result<Pairs, Error> {
        let file = std::path::absolute(&self.file)
            .map_err(|source| Error::IniUnreadable { file: self.file.clone(), source })?;
        let directory = file.parent().map(Path::to_path_buf).unwrap_or_default();
        let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
        let mut names = Pairs::from([
            ("config_dir".into(), directory.to_string_lossy().into_owned()),
            ("config_file".into(), file.to_string_lossy().into_owned()),
            ("host_name".into(), host),
            ("service_name".into(), section.into()),
            ("job_name".into(), self.stem()),
        ]);
        names.extend(raw.clone());
        Ok(names)
    }

    /// The job's name when the file does not say: its own name without `.ini`.
    fn stem(&self) -> String {
        let name = self.file.file_name().unwrap_or_default().to_string_lossy();
        name.strip_suffix(".ini").unwrap_or(&name).to_owned()
    }
}

impl std::fmt::Debug for Ini {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ini").field("file", &self.file).finish_non_exhaustive()
    }
}

/// A value with its references replaced, in the section that has them.
fn read(section: &str, value: &str, names: &Pairs) -> Result<String, String> {
    match section {
        "pgqd" => Ok(value.to_owned()),
        _ => interpolate::interpolate(value, names),
    }
}

/// The variables that stand for keys of `section`.
fn variables_of(section: &str, variables: Option<&[(&str, &str)]>) -> Pairs {
    let given = variables.map(|all| all.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect());
    let environment =
        config::Environment::with_prefix(&section.to_uppercase()).prefix_separator("__").source(given);
    let found = config::Source::collect(&environment).unwrap_or_default();
    found.into_iter().filter_map(|(key, value)| Some((key, value.into_string().ok()?))).collect()
}

#[cfg(test)]
mod tests;

fn parse(text: &str) -> Result<BTreeMap<String, Pairs>, String> {
    let mut format = configparser::ini::Ini::new();
    format.set_default_section(HEADLESS);
    format.set_comment_symbols(&['#', ';']);
    format.set_multiline(true);
    let mut options = format.defaults();
    options.delimiters = vec!['=', ':'];
    options.enable_inline_comments = false;
    format.load_defaults(options);
    let parsed = format.read(text.trim_start_matches('\u{feff}').to_owned())?;
    let mut sections = BTreeMap::new();
    for (name, pairs) in parsed {
        if name == HEADLESS {
            let keys: Vec<String> = pairs.into_keys().collect();
            return Err(format!("{} stands before the first [section]", keys.join(", ")));
        }
        let pairs = pairs.into_iter().map(|(key, value)| {
            let value = value.ok_or_else(|| format!("[{name}]: {key} has no value; write {key} = value"))?;
            Ok((key, value))
        });
        sections.insert(name.clone(), pairs.collect::<Result<Pairs, String>>()?);
    }
    Ok(sections)
}
