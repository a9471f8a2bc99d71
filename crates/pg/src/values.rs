//! Values of settings as people write them in ini files. Each function suits `#[serde(deserialize_with)]`;
//! its error says what was expected, never what was found (it may be a secret).

use std::fmt::Display;
use std::str::FromStr;
use std::time::Duration;

use serde::de::{Deserialize, Deserializer, Error};

/// Seconds, fractions allowed.
///
/// # Errors
/// Not a number, negative, or beyond what a clock can wait for.
pub fn seconds<'de, D: Deserializer<'de>>(input: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(input)?;
    text.trim()
        .parse::<f64>()
        .ok()
        .filter(|seconds| *seconds <= 1e9)
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .ok_or_else(|| D::Error::custom("expected a number of seconds, such as 5 or 0.5"))
}

/// Seconds, a whole one at least.
///
/// # Errors
/// As [`seconds`], or less than one.
pub fn seconds_from_one<'de, D: Deserializer<'de>>(input: D) -> Result<Duration, D::Error> {
    let time = seconds(input).ok().filter(|time| *time >= Duration::from_secs(1));
    time.ok_or_else(|| D::Error::custom("expected a number of seconds, 1 or more"))
}

/// Like [`seconds`]; where the key is absent, `None`.
///
/// # Errors
/// As [`seconds`].
pub fn optional_seconds<'de, D: Deserializer<'de>>(input: D) -> Result<Option<Duration>, D::Error> {
    seconds(input).map(Some)
}

/// Yes or no.
///
/// # Errors
/// Neither of the words that Python's configparser knows.
pub fn flag<'de, D: Deserializer<'de>>(input: D) -> Result<bool, D::Error> {
    match String::deserialize(input)?.trim().to_lowercase().as_str() {
        "1" | "yes" | "true" | "on" => Ok(true),
        "0" | "no" | "false" | "off" => Ok(false),
        _ => Err(D::Error::custom("expected 1 or 0 (yes/no, true/false, on/off)")),
    }
}

/// A whole number from 1 up.
///
/// # Errors
/// Not a whole number, or below 1.
pub fn count<'de, D: Deserializer<'de>>(input: D) -> Result<usize, D::Error> {
    let text = String::deserialize(input)?;
    let number = text.trim().parse::<usize>().ok().filter(|number| *number >= 1);
    number.ok_or_else(|| D::Error::custom("expected a whole number, 1 or more"))
}

/// A whole number from 0 up; where the key is absent, `None`.
///
/// # Errors
/// Not a whole number.
pub fn optional_number<'de, D: Deserializer<'de>>(input: D) -> Result<Option<u64>, D::Error> {
    let text = String::deserialize(input)?;
    let number = text.trim().parse().ok();
    number.map(Some).ok_or_else(|| D::Error::custom("expected a whole number, 0 or more"))
}

/// A number of bytes, with a unit of PostgreSQL's or none.
///
/// # Errors
/// Another unit, a fraction, or more than a machine can count.
pub fn bytes<'de, D: Deserializer<'de>>(input: D) -> Result<u64, D::Error> {
    let text = String::deserialize(input)?;
    bytes_of(&text).ok_or_else(|| D::Error::custom("expected bytes, as 500kB, 20MB or 0"))
}

/// The same of a text; `None` where it is none.
pub fn bytes_of(text: &str) -> Option<u64> {
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let factor = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "kb" => 1 << 10,
        "mb" => 1 << 20,
        "gb" => 1 << 30,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(factor)
}

/// Names separated by commas; spaces and line breaks around them do not count.
///
/// # Errors
/// Never for a text.
pub fn list<'de, D: Deserializer<'de>>(input: D) -> Result<Vec<String>, D::Error> {
    let text = String::deserialize(input)?;
    Ok(text.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect())
}

/// Whatever its type reads from a text, such as a connect string.
///
/// # Errors
/// What the type says.
pub fn parsed<'de, D, T>(input: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err: Display>,
{
    String::deserialize(input)?.parse().map_err(D::Error::custom)
}

/// Like [`parsed`]; an empty text is no value.
///
/// # Errors
/// What the type says.
pub fn optional_parsed<'de, D, T>(input: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err: Display>,
{
    let text = String::deserialize(input)?;
    if text.trim().is_empty() {
        return Ok(None);
    }
    text.parse().map(Some).map_err(D::Error::custom)
}

/// A name, which is not empty.
///
/// # Errors
/// It is.
pub fn name<'de, D: Deserializer<'de>>(input: D) -> Result<String, D::Error> {
    let text = String::deserialize(input)?;
    if text.trim().is_empty() { Err(D::Error::custom("expected a name")) } else { Ok(text) }
}

/// A text; an empty one is no value.
///
/// # Errors
/// Never for a text.
pub fn optional_text<'de, D: Deserializer<'de>>(input: D) -> Result<Option<String>, D::Error> {
    Ok(Some(String::deserialize(input)?).filter(|text| !text.trim().is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_bytes_have_units() {
        assert_eq!(bytes_of("0"), Some(0));
        assert_eq!(bytes_of("1000"), Some(1000));
        assert_eq!(bytes_of(" 20 MB "), Some(20 << 20));
        assert_eq!(bytes_of("3gb"), Some(3 << 30));
        for text in ["", "MB", "20MiB", "-1", "1.5MB", "99999999999GB"] {
            assert_eq!(bytes_of(text), None, "{text}");
        }
    }
}
