//! Connect strings as users write them.

use std::fmt;
use std::str::FromStr;

use crate::{Error, Limits, Result, conninfo, keyword, uri};

/// The keywords and values of a connect string, in the order the user wrote them, and the time limits of the sessions
/// that it leads to. What is not in it (environment, service, password file, defaults) is looked up when a session is
/// made.
#[derive(Clone, Default)]
pub struct ConnectString {
    pairs: Vec<(String, String)>,
    limits: Limits,
}

/// The same words, whatever the limits.
impl PartialEq for ConnectString {
    fn eq(&self, other: &Self) -> bool {
        self.pairs == other.pairs
    }
}

impl Eq for ConnectString {}

impl ConnectString {
    /// The value of a keyword, if it was written.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.pairs.iter().find(|(k, _)| k == key).map(|(_, v)| v.as_str())
    }

    /// A copy in which `key` has `value`. A keyword nobody knows is reported by `Session::connect`.
    #[must_use]
    pub fn with(&self, key: &str, value: &str) -> Self {
        let mut changed = self.clone();
        changed.set(key, value);
        changed
    }

    /// A copy without `key`.
    #[must_use]
    pub fn without(&self, key: &str) -> Self {
        let pairs = self.pairs.iter().filter(|(k, _)| k != key).cloned().collect();
        Self { pairs, limits: self.limits }
    }

    /// A copy whose sessions have these limits, in place of the usual ones.
    #[must_use]
    pub fn within(&self, limits: Limits) -> Self {
        Self { pairs: self.pairs.clone(), limits }
    }

    /// The time limits of its sessions.
    pub fn limits(&self) -> Limits {
        self.limits
    }

    /// A copy with everything that `extra` says put over it.
    #[must_use]
    pub fn merged(&self, extra: &Self) -> Self {
        let mut changed = self.clone();
        for (key, value) in &extra.pairs {
            changed.set(key, value);
        }
        changed
    }

    /// The `key=value` form, **with secrets**: what `pgq_node.node_location` stores. Values are quoted where they must
    /// be.
    pub fn to_conninfo(&self) -> String {
        self.written(|_, value| conninfo::quoted(value))
    }

    pub(crate) fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.pairs.iter().map(|(k, v)| (k.as_str(), v.as_str()))
    }

    fn set(&mut self, key: &str, value: &str) {
        match self.pairs.iter_mut().find(|(k, _)| k == key) {
            Some((_, old)) => value.clone_into(old),
            None => self.pairs.push((key.to_owned(), value.to_owned())),
        }
    }

    fn written(&self, show: impl Fn(&str, &str) -> String) -> String {
        let words: Vec<_> = self.pairs.iter().map(|(k, v)| format!("{k}={}", show(k, v))).collect();
        words.join(" ")
    }
}

impl FromStr for ConnectString {
    type Err = Error;

    /// Reads both forms of libpq: `key=value …` and `postgresql://…`.
    fn from_str(text: &str) -> Result<Self> {
        let after_scheme = uri::after_scheme(text.trim());
        let pairs = match after_scheme {
            Some(rest) => uri::parse(rest)?,
            None => conninfo::parse(text)?,
        };
        let mut read = Self::default();
        for (at, (key, value)) in pairs.iter().enumerate() {
            keyword::check(key, value).map_err(|refused| match after_scheme {
                None if !keyword::is_known(key) => unknown(&pairs[..at], key, refused),
                _ => refused,
            })?;
            read.set(key, value);
        }
        Ok(read)
    }
}

/// A keyword of the `key=value` form that nobody knows. It is shown where it cannot be the rest of a password with a
/// space in it.
fn unknown(before: &[(String, String)], key: &str, refused: Error) -> Error {
    let secret = before.iter().find(|(known, _)| keyword::is_secret(known));
    match (secret, refused) {
        (Some((secret, _)), _) => Error::ConnectString(format!(
            "unknown or unsupported keyword after {secret}= (a value with spaces must be quoted: {secret}='…')"
        )),
        (None, Error::ConnectString(text)) if key.chars().all(|c| c.is_ascii_lowercase() || c == '_') => {
            Error::ConnectString(text.replacen("unknown keyword", &format!("unknown keyword \"{key}\""), 1))
        }
        (None, refused) => refused,
    }
}

impl fmt::Display for ConnectString {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written(|key, value| match keyword::is_secret(key) {
            true => "***".to_owned(),
            false => conninfo::quoted(value),
        }))
    }
}

impl fmt::Debug for ConnectString {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ConnectString({self})")
    }
}

#[cfg(test)]
#[path = "connstr_tests.rs"]
mod tests;
