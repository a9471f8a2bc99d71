//! Intervals as PostgreSQL reads them: `1 hour`, `1h 30 min`, `2 days 03:00:00`, `PT1H30M`; a number alone is seconds.

use std::time::Duration;

const DAY: f64 = 86_400.0;

/// An interval that stands on a command line.
///
/// # Errors
/// As `seconds`, and where it is nothing at all.
pub fn interval(text: &str) -> Result<Duration, String> {
    let interval = Duration::from_secs_f64(seconds(text)?);
    if interval.is_zero() { Err("expected a time, such as 6h".to_owned()) } else { Ok(interval) }
}

/// The same, or none at all.
///
/// # Errors
/// As [`interval`].
pub fn interval_or_none(text: &str) -> Result<Duration, String> {
    seconds(text).map(Duration::from_secs_f64)
}

/// Seconds of an interval. A month is 30 days, a year 365.25, as in `extract(epoch from interval)`.
///
/// # Errors
/// What was expected: the text is no interval, or a negative one.
pub(super) fn seconds(text: &str) -> Result<f64, String> {
    let words = text.trim().trim_start_matches('@').trim();
    let read = match words.strip_prefix(['P', 'p']) {
        Some(iso) => of_iso(iso),
        None => of_words(words),
    };
    read.filter(|seconds| seconds.is_finite() && (0.0..=1e9).contains(seconds)).ok_or_else(|| {
        "expected a number of seconds, or an interval as in PostgreSQL, such as 1 hour or 00:05:00".to_owned()
    })
}

/// Numbers with units, and times of day.
fn of_words(text: &str) -> Option<f64> {
    let mut rest = text;
    let mut sum = None;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !(c.is_ascii_digit() || ".:+".contains(c))).unwrap_or(rest.len());
        let (number, behind) = rest.split_at(end);
        let behind = behind.trim_start();
        let seconds = if number.contains(':') {
            rest = behind;
            clock(number)?
        } else {
            let end = behind.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(behind.len());
            let (unit, behind) = behind.split_at(end);
            // only the last number may be without a unit
            if unit.is_empty() && !behind.is_empty() {
                return None;
            }
            rest = behind.trim_start();
            number.parse::<f64>().ok()? * unit_seconds(unit)?
        };
        sum = Some(sum.unwrap_or(0.0) + seconds);
    }
    sum
}

/// `hours:minutes` or `hours:minutes:seconds`.
fn clock(text: &str) -> Option<f64> {
    let parts: Vec<f64> = text.split(':').map(str::parse).collect::<Result<_, _>>().ok()?;
    match parts.as_slice() {
        [hours, minutes] => Some(hours * 3600.0 + minutes * 60.0),
        [hours, minutes, seconds] => Some(hours * 3600.0 + minutes * 60.0 + seconds),
        _ => None,
    }
}

/// ISO 8601, behind its `P`: `1DT2H`.
fn of_iso(text: &str) -> Option<f64> {
    let (mut sum, mut of_time, mut number) = (None, false, String::new());
    for letter in text.chars() {
        match letter.to_ascii_uppercase() {
            'T' if !of_time && number.is_empty() => of_time = true,
            digit if digit.is_ascii_digit() || digit == '.' => number.push(digit),
            unit => {
                let each = match (unit, of_time) {
                    ('Y', false) => 365.25 * DAY,
                    ('M', false) => 30.0 * DAY,
                    ('W', false) => 7.0 * DAY,
                    ('D', false) => DAY,
                    ('H', true) => 3600.0,
                    ('M', true) => 60.0,
                    ('S', true) => 1.0,
                    _ => return None,
                };
                sum = Some(sum.unwrap_or(0.0) + number.parse::<f64>().ok()? * each);
                number.clear();
            }
        }
    }
    sum.filter(|_| number.is_empty())
}

fn unit_seconds(unit: &str) -> Option<f64> {
    Some(match unit.to_ascii_lowercase().as_str() {
        "us" | "usec" | "usecs" | "microsecond" | "microseconds" => 1e-6,
        "ms" | "msec" | "msecs" | "millisecond" | "milliseconds" => 1e-3,
        "" | "s" | "sec" | "secs" | "second" | "seconds" => 1.0,
        "m" | "min" | "mins" | "minute" | "minutes" => 60.0,
        "h" | "hr" | "hrs" | "hour" | "hours" => 3600.0,
        "d" | "day" | "days" => DAY,
        "w" | "week" | "weeks" => 7.0 * DAY,
        "mon" | "mons" | "month" | "months" => 30.0 * DAY,
        "y" | "yr" | "yrs" | "year" | "years" => 365.25 * DAY,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_postgresql() {
        for (text, expected) in [
            ("5", 5.0),
            ("0.5", 0.5),
            ("1 hour", 3600.0),
            ("1h30m", 5400.0),
            ("@ 2 days 03:00", 2.0 * DAY + 10_800.0),
            ("00:05:00.5", 300.5),
            ("250 ms", 0.25),
            ("P1DT2H", DAY + 7200.0),
            ("1 mon", 30.0 * DAY),
        ] {
            let read = seconds(text).unwrap();
            assert!((read - expected).abs() < 1e-9, "{text}: {read}");
        }
        for text in ["", "soon", "-5", "1 fortnight", "1 2", "P", "P1", "1:2:3:4"] {
            assert!(seconds(text).is_err(), "{text}");
        }
    }
}
