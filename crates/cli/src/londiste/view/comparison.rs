//! Comparison as people read it: what is said while it goes on, and how it has ended.

use std::fs::File;
use std::io::Write;
use std::time::{Duration, Instant, SystemTime};

use compare::{Difference, Observer, Outcome};
use pgq::comparison::{Comparison, Verdict};
use serde_json::{Map, Value, json};

use crate::terminal::Terminal;

/// How often it says how far it is.
const SPEAK: Duration = Duration::from_secs(10);
/// Longer values are cut for people.
const SHOWN: usize = 60;

/// What is said while it goes on.
pub(crate) struct Voice {
    terminal: Terminal,
    /// Nothing is said: the answer is JSON.
    pub(crate) json: bool,
    /// Values are shown.
    pub(crate) values: bool,
    /// Every difference is written here too.
    pub(crate) report: Option<File>,
    /// Why the file could not be written.
    pub(crate) lost: Option<std::io::Error>,
    spoken: Instant,
}

impl Voice {
    pub(crate) fn new(terminal: Terminal) -> Voice {
        Voice { terminal, json: false, values: true, report: None, lost: None, spoken: Instant::now() }
    }

    fn say(&self, text: &str) {
        if !self.json {
            self.terminal.say(text);
        }
    }
}

impl Observer for Voice {
    fn waits(&mut self, why: &str) {
        self.terminal.warn(why);
    }

    fn is_at(&mut self, table: &str, rows: i64, expected: i64) {
        if self.spoken.elapsed() > SPEAK {
            self.spoken = Instant::now();
            self.say(&format!("{table}: {rows} of about {expected} rows compared"));
        }
    }

    fn differs(&mut self, table: &str, key: &str, difference: &Difference) {
        let kind = difference.kind.as_str();
        let columns: Vec<String> = difference
            .columns
            .iter()
            .map(|(name, there, here)| {
                if self.values {
                    format!(
                        "{name} on source {}, on target {}",
                        shown(there.as_deref()),
                        shown(here.as_deref())
                    )
                } else {
                    name.clone()
                }
            })
            .collect();
        let columns = if columns.is_empty() { String::new() } else { format!(": {}", columns.join("; ")) };
        self.say(&format!("  {kind}  {table} {}{columns}", cut(key, 4 * SHOWN)));
        if let Some(file) = &mut self.report {
            let values: Map<String, Value> = difference
                .columns
                .iter()
                .map(|(name, there, here)| {
                    (name.clone(), if self.values { json!([there, here]) } else { Value::Null })
                })
                .collect();
            let line = json!({ "table": table, "key": difference.key, "kind": kind, "columns": values });
            if let Err(error) = writeln!(file, "{line}") {
                self.lost.get_or_insert(error);
            }
        }
    }

    fn ended(&mut self, outcome: &Outcome) {
        self.say(&line(outcome));
    }
}

fn shown(value: Option<&str>) -> String {
    value.map_or_else(|| "NULL".to_owned(), |value| format!("'{}'", cut(value, SHOWN)))
}

fn cut(text: &str, length: usize) -> String {
    if text.chars().count() <= length {
        return text.to_owned();
    }
    format!("{}…", text.chars().take(length).collect::<String>())
}

fn line(outcome: &Outcome) -> String {
    let at = outcome.at.map(|(tick, time)| format!(" at tick {tick}, {}", clock(time))).unwrap_or_default();
    let remarks =
        if outcome.remarks.is_empty() { String::new() } else { format!(" ({})", outcome.remarks.join("; ")) };
    let (table, rows) = (&outcome.table, outcome.rows);
    match outcome.verdict {
        Verdict::Equal => format!("{table}: {rows} rows, equal{at}{remarks}"),
        Verdict::Differs => format!("{table}: {rows} rows, {} DIFFER{at}{remarks}", outcome.differing),
        Verdict::Unverified => format!("{table}: COULD NOT BE COMPARED{remarks}"),
    }
}

/// Time of day, in the zone of this machine.
pub(crate) fn clock(time: SystemTime) -> String {
    jiff::Timestamp::try_from(time).map_or_else(
        |_| String::new(),
        |time| time.to_zoned(jiff::tz::TimeZone::system()).strftime("%Y-%m-%d %H:%M:%S").to_string(),
    )
}

/// How far a comparison is, or how it has ended.
pub(crate) fn state(comparison: &Comparison) -> String {
    let Comparison { table, rows, differing, .. } = comparison;
    let reason = comparison.reason.as_ref().map(|reason| format!(" ({reason})")).unwrap_or_default();
    let when = comparison.finished.map(clock).unwrap_or_default();
    match comparison.verdict {
        None => {
            let expected = comparison.expected.unwrap_or_default().max(*rows);
            let share = if expected == 0 { 100 } else { rows * 100 / expected };
            let since = clock(comparison.began);
            let earlier = comparison.earlier.filter(|earlier| earlier.differing > 0);
            let earlier = earlier.map(|earlier| format!("; {} DIFFERED the last time", earlier.differing));
            let earlier = earlier.unwrap_or_default();
            format!(
                "{table}: {rows} of about {expected} rows ({share} %) since {since}, \
                 {differing} differ so far; not at its end: compare goes on there{earlier}"
            )
        }
        Some(Verdict::Equal) => format!("{table}: {rows} rows, equal, {when}{reason}"),
        Some(Verdict::Differs) => format!("{table}: {rows} rows, {differing} DIFFER, {when}{reason}"),
        Some(Verdict::Unverified) => format!("{table}: COULD NOT BE COMPARED, {when}{reason}"),
    }
}
