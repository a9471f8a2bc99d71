//! Settings of a connect string with everything that stands behind it: service, environment.

use std::collections::HashMap;
use std::str::FromStr;

use crate::environment::Environment;
use crate::{ConnectString, Error, Result, keyword, service};

/// The value of every keyword that has one. What was written counts more than the service, the service more than the
/// environment.
pub(crate) struct Settings {
    values: HashMap<String, String>,
    pub(crate) environment: Environment,
}

impl Settings {
    pub(crate) fn new(written: &ConnectString, environment: Environment) -> Result<Self> {
        let mut values: HashMap<String, String> =
            written.pairs().map(|(k, v)| (k.to_owned(), v.to_owned())).collect();
        let wanted = |key: &str, variable: &str| match written.get(key) {
            Some(value) => Some(value.to_owned()),
            None => environment.get(variable).map(str::to_owned),
        };
        if let Some(name) = wanted("service", "PGSERVICE").filter(|name| !name.is_empty()) {
            let file = wanted("servicefile", "PGSERVICEFILE").filter(|file| !file.is_empty());
            for (key, value) in service::read(&name, file.as_deref(), &environment)? {
                values.entry(key).or_insert(value);
            }
        }
        for word in keyword::KEYWORDS {
            if let Some(value) = word.env.and_then(|variable| environment.get(variable)) {
                values.entry(word.name.to_owned()).or_insert_with(|| value.to_owned());
            }
        }
        for (key, value) in &values {
            keyword::check(key, value)?;
        }
        Ok(Self { values, environment })
    }

    /// The value of a keyword; an empty one counts as none.
    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        self.values.get(key).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// The value of a keyword that is a number.
    pub(crate) fn number<T: FromStr>(&self, key: &str) -> Result<Option<T>> {
        self.get(key)
            .map(|value| {
                value.trim().parse().map_err(|_| {
                    Error::ConnectString(format!("the value of {key} is not a number in the possible range"))
                })
            })
            .transpose()
    }

    /// The value of a keyword that is 0 or 1.
    pub(crate) fn flag(&self, key: &str, default: bool) -> Result<bool> {
        Ok(self.number::<i64>(key)?.map_or(default, |number| number != 0))
    }

    /// The value of a keyword that is one of a few words; the first is the default.
    pub(crate) fn choice<T: Copy>(&self, key: &str, possible: &[(&str, T)]) -> Result<T> {
        let value = self.get(key).unwrap_or(possible[0].0);
        possible.iter().find(|(word, _)| *word == value).map(|(_, meaning)| *meaning).ok_or_else(|| {
            let words: Vec<_> = possible.iter().map(|(word, _)| *word).collect();
            Error::ConnectString(format!(
                "the value of {key} is not possible (possible: {})",
                words.join(", ")
            ))
        })
    }
}
