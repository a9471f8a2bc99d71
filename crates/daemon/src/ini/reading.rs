//! Section on its way into settings: whatever is wrong on that way is collected, and told at once.

use serde::de::DeserializeOwned;

use super::file::{Ini, Pairs, read};
use super::keys::{self, Meaning};
use super::origin::Origin;
use super::typed::{self, Problem};
use super::{interval, passwords};
use crate::Error;

/// A section's keys and values as they stand after references, paths and defaults, and what is wrong so far.
pub(super) struct Reading<'a> {
    ini: &'a Ini,
    section: &'a str,
    /// Without the keys that have been refused.
    pub(super) values: Pairs,
    problems: Vec<Problem>,
}

impl Ini {
    /// Begins to read a section.
    ///
    /// # Errors
    /// There is none of this name, or the file's own place is not to be found.
    pub(super) fn reading<'a>(&'a self, section: &'a str) -> Result<Reading<'a>, Error> {
        let mut raw = self.existing(section)?;
        for key in raw.keys().cloned().collect::<Vec<_>>() {
            if let Some(Meaning::Alias(target)) = keys::meaning(section, &key)
                && let Some(value) = raw.remove(&key)
            {
                raw.entry(target.into()).or_insert(value);
            }
        }
        let names = self.names(section, &raw)?;
        let mut reading = Reading { ini: self, section, values: Pairs::new(), problems: Vec::new() };
        for (key, value) in &raw {
            let meaning = match keys::meaning(section, key) {
                None | Some(Meaning::Idle(_)) => continue,
                Some(meaning) => meaning,
            };
            let read = read(section, value, &names);
            let read = match meaning {
                Meaning::Path | Meaning::Optional | Meaning::Interval if value.trim().is_empty() => continue,
                Meaning::Interval => {
                    read.and_then(|text| interval::seconds(&text)).map(|seconds| seconds.to_string())
                }
                Meaning::Path => read.and_then(|name| {
                    Ok(self.path(section, &name)?.into_os_string().to_string_lossy().into_owned())
                }),
                _ => read,
            };
            match read {
                Ok(read) => _ = reading.values.insert(key.clone(), read),
                Err(text) => reading.refuse(Problem { key: Some(key.clone()), text }),
            }
        }
        for (key, text) in passwords::fill(section, &mut reading.values) {
            reading.refuse(Problem { key: Some(key.to_owned()), text });
        }
        let job = reading.values.entry("job_name".into()).or_insert_with(|| self.stem()).clone();
        if section == "londiste" {
            reading.values.entry("consumer_name".into()).or_insert(job);
        }
        Ok(reading)
    }

    /// The section's keys and values as strings: for comparing two readings of a file.
    ///
    /// # Errors
    /// As [`Ini::section`], without the types.
    pub(crate) fn values(&self, section: &str) -> Result<Pairs, Error> {
        let mut reading = self.reading(section)?;
        let values = std::mem::take(&mut reading.values);
        reading.end(Some(values))
    }
}

impl Reading<'_> {
    /// Parts of a section read some keys alike, and one that was refused is missing later on: the first word on a key
    /// counts.
    fn refuse(&mut self, problem: Problem) {
        if !self.problems.iter().any(|known| known.key.is_some() && known.key == problem.key) {
            self.values.retain(|key, _| problem.key.as_ref() != Some(key));
            self.problems.push(problem);
        }
    }

    /// The settings of one part; `None` where something is wrong with them.
    pub(super) fn part<T: DeserializeOwned>(&mut self) -> Option<T> {
        let mut values = self.values.clone();
        for (key, default) in keys::defaults(self.section) {
            values.entry(key).or_insert(default);
        }
        match typed::read(&values) {
            Ok(settings) => Some(settings),
            Err(problems) => {
                problems.into_iter().for_each(|problem| self.refuse(problem));
                None
            }
        }
    }

    /// The settings, if nothing is wrong; else all problems in the order of the file's lines.
    pub(super) fn end<T>(self, settings: Option<T>) -> Result<T, Error> {
        let Reading { ini, section, values: _, problems } = self;
        match settings {
            Some(settings) if problems.is_empty() => return Ok(settings),
            _ => {}
        }
        let raw = ini.raw(section);
        let mut told: Vec<_> = problems
            .iter()
            .map(|problem| match &problem.key {
                Some(key) => {
                    let line = match ini.origin(section, key) {
                        Origin::File(line) => line,
                        _ => None,
                    };
                    (line, ini.failure_log(section, key, raw.get(key), &problem.text))
                }
                None => (None, problem.text.clone()),
            })
            .collect();
        told.sort_by_key(|(line, _)| line.unwrap_or(usize::MAX));
        let told = told.into_iter().map(|(_, text)| text);
        // a misspelled key may be why another one is missing
        Err(ini.refused(section, told.chain(ini.warnings(section)).collect()))
    }
}
