//! `key=value` form of connect strings (libpq documentation, "Keyword/Value Connection Strings").

use std::iter::Peekable;
use std::str::CharIndices;

use crate::{Error, Result, keyword};

/// Keywords and values in order, as written. Messages hold neither a value nor an unknown keyword: it may be part of a
/// password.
pub(crate) fn parse(text: &str) -> Result<Vec<(String, String)>> {
    let mut pairs: Vec<(String, String)> = Vec::new();
    let mut rest = text.char_indices().peekable();
    loop {
        skip_space(&mut rest);
        let Some(&(start, _)) = rest.peek() else { return Ok(pairs) };
        let mut key = String::new();
        while let Some((_, c)) = rest.next_if(|(_, c)| *c != '=' && !c.is_ascii_whitespace()) {
            key.push(c);
        }
        skip_space(&mut rest);
        if rest.next_if(|(_, c)| *c == '=').is_none() {
            return Err(missing_equals(start, &key, pairs.last()));
        }
        if key.is_empty() {
            return Err(Error::ConnectString(format!("keyword missing before \"=\" at character {start}")));
        }
        skip_space(&mut rest);
        let value = value(&mut rest, &key)?;
        pairs.push((key, value));
    }
}

fn missing_equals(at: usize, word: &str, before: Option<&(String, String)>) -> Error {
    Error::ConnectString(match before {
        None if keyword::is_known(word) => format!("\"=\" missing after \"{word}\""),
        None => {
            format!("\"=\" missing after the word at character {at} (expected key=value … or postgresql://…)")
        }
        Some((key, _)) if !keyword::is_known(key) => format!(
            "\"=\" missing after the word at character {at} (a value with spaces must be quoted: password='…')"
        ),
        Some((key, _)) => format!(
            "\"=\" missing after the word at character {at}, \
             behind {key}= (a value with spaces must be quoted: {key}='…')"
        ),
    })
}

fn skip_space(rest: &mut Peekable<CharIndices<'_>>) {
    while rest.next_if(|(_, c)| c.is_ascii_whitespace()).is_some() {}
}

fn value(rest: &mut Peekable<CharIndices<'_>>, key: &str) -> Result<String> {
    let quoted = rest.next_if(|(_, c)| *c == '\'').is_some();
    let mut value = String::new();
    loop {
        match rest.peek().map(|(_, c)| *c) {
            None if quoted => {
                let of = if keyword::is_known(key) { key } else { "an unknown keyword" };
                return Err(Error::ConnectString(format!("closing quote missing in the value of {of}")));
            }
            None => return Ok(value),
            Some('\'') if quoted => {
                rest.next();
                return Ok(value);
            }
            Some(c) if !quoted && c.is_ascii_whitespace() => return Ok(value),
            Some('\\') => {
                rest.next();
                value.extend(rest.next().map(|(_, c)| c));
            }
            Some(c) => {
                rest.next();
                value.push(c);
            }
        }
    }
}

/// A value as it may stand after `key=`.
pub(crate) fn quoted(value: &str) -> String {
    let plain = |c: char| !c.is_ascii_whitespace() && c != '\'' && c != '\\';
    if !value.is_empty() && value.chars().all(plain) {
        return value.to_owned();
    }
    format!("'{}'", value.replace('\\', "\\\\").replace('\'', "\\'"))
}
