//! Ini file as it was read, with the overrides of the environment and of the command line.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::{interpolate, lines};
use crate::Error;

/// Where keys before the first section header end up.
const HEADLESS: &str = "\0";
/// Its keys hold for every section that does not set them.
pub(super) const DEFAULTS: &str = "default";

pub(super) type Pairs = BTreeMap<String, String>;

/// An ini file as it was read, with the overrides of the command line.
#[derive(Clone)]
pub struct Ini {
    pub(super) file: PathBuf,
    pub(super) sections: BTreeMap<String, Pairs>,
    pub(super) lines: BTreeMap<lines::Place, Vec<usize>>,
    /// By section: `PGQD__…` and `LONDISTE__…`.
    pub(super) environment: BTreeMap<&'static str, Pairs>,
    pub(super) overrides: Pairs,
}

impl Ini {
    /// Reads `file`. A variable `LONDISTE__KEY` (`PGQD__KEY`) of the environment replaces the value in the file, each
    /// of `overrides` (`--set key=value`) replaces both.
    ///
    /// # Errors
    /// The file cannot be read, or is not in ini format.
    pub fn load(file: &Path, overrides: &[(String, String)]) -> Result<Ini, Error> {
        Self::load_in(file, overrides, None)
    }

    /// The same with these variables instead of the process's own.
    pub(super) fn load_in(
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

    pub(super) fn refused(&self, section: &str, problems: Vec<String>) -> Error {
        Error::Values { file: self.file.clone(), section: section.into(), problems }
    }

    /// The same for a section that is there.
    pub(super) fn existing(&self, section: &str) -> Result<Pairs, Error> {
        if self.has_section(section) {
            return Ok(self.raw(section));
        }
        let found: Vec<String> = self.sections.keys().map(|name| format!("[{name}]")).collect();
        let found = if found.is_empty() { "no section at all".to_owned() } else { found.join(", ") };
        Err(Error::NoSection { file: self.file.clone(), section: section.into(), found })
    }

    /// What the file says, untouched.
    pub(super) fn written(&self, section: &str) -> Pairs {
        let mut written = self.sections.get(DEFAULTS).cloned().unwrap_or_default();
        written.extend(self.sections.get(section).cloned().unwrap_or_default());
        written
    }

    /// What the file, the environment and the command line say, untouched.
    pub(super) fn raw(&self, section: &str) -> Pairs {
        let mut raw = self.written(section);
        raw.extend(self.environment(section));
        raw.extend(self.overrides.clone());
        raw
    }

    pub(super) fn environment(&self, section: &str) -> Pairs {
        self.environment.get(section).cloned().unwrap_or_default()
    }

    /// What references may name.
    pub(super) fn names(&self, section: &str, raw: &Pairs) -> Result<Pairs, Error> {
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
    pub(super) fn stem(&self) -> String {
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
pub(super) fn read(section: &str, value: &str, names: &Pairs) -> Result<String, String> {
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
