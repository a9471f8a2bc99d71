//! Status for people.

use std::fmt::Write as _;
use std::time::{Duration, SystemTime};

use parts::report::Facts;
use pgq::drift::{Drift, Finding, Kept, Subject};
pub(crate) use pgq::outlook::period;

use super::migration::Migration;
use super::now::{JobStatus, PartNow};
use crate::stage;

pub(super) fn process(age: Duration, jobs: &[JobStatus], migrations: &[Migration]) -> String {
    let mut text = format!(
        "process {}, londiste-rs {}, up {}\n",
        std::process::id(),
        env!("CARGO_PKG_VERSION"),
        period(age)
    );
    for Migration { queue, stage, commands } in migrations {
        let lines = stage::lines(stage, commands);
        let lines = if migrations.len() > 1 {
            format!("queue {queue}\n{}", lines.join("\n"))
        } else {
            lines.join("\n")
        };
        // nothing can go wrong when a string is written to
        _ = writeln!(text, "{lines}");
    }
    for job in jobs {
        // nothing can go wrong when a string is written to
        _ = writeln!(text, "\n{} ([{}] of {})", job.name, job.section, job.file.display());
        for part in &job.parts {
            let since = period(part.status.since.elapsed().unwrap_or_default());
            let state = format!("{} {since}", part.status.state.as_str());
            let words = words(&part.facts);
            _ = writeln!(text, "  {:<28} {state:<16} {}", part.status.name, words.join(", "));
            for line in part.facts.drift.iter().flat_map(drift_lines) {
                _ = writeln!(text, "    {line}");
            }
            if let Some(error) = &part.status.last_error {
                _ = writeln!(text, "    ERR: {error} ({} failures in a row)", part.status.failures);
            }
        }
    }
    text
}

/// All jobs on one line, as `systemctl status` shows it.
pub(super) fn line(jobs: &[JobStatus]) -> String {
    let told = jobs.iter().map(|job| {
        let mut words: Vec<String> = Vec::new();
        let copies = job.parts.iter().filter(|part| part.facts.copy.is_some()).count();
        if let Some(failing) = job.parts.iter().find_map(failure) {
            words.push(failing);
        }
        for part in job.parts.iter().filter(|part| part.facts.copy.is_none()) {
            if let Some(batch) = &part.facts.batch {
                words.push(format!(
                    "tick {}, lag {}",
                    batch.tick,
                    period(part.facts.lag().unwrap_or_default())
                ));
            }
            if part.facts.paused {
                words.push("paused".into());
            }
            if part.facts.standby.is_some() {
                words.push(if job.stands_by() {
                    "standby".into()
                } else {
                    format!("{}: standby", part.status.name)
                });
            }
        }
        if copies > 0 {
            words.push(format!("{copies} copies"));
        }
        if words.is_empty() {
            words.push(if job.is_ready() { "running".into() } else { "starting".into() });
        }
        format!("{}: {}", job.name, words.join(", "))
    });
    told.collect::<Vec<_>>().join("; ").replace('\n', " ")
}

fn failure(part: &PartNow) -> Option<String> {
    part.status.last_error.as_ref().map(|error| format!("{} fails: {error}", part.status.name))
}

/// What differs in definitions, a line each.
fn drift_lines(drift: &Drift) -> Vec<String> {
    let line = |kept: &Kept| {
        let Finding { table, what, statement, stops } = &kept.finding;
        let stops = if *stops { ", stops replication" } else { "" };
        let statement = statement.replace('\n', " ");
        let since = period(age(kept.since));
        format!("DRIFT{stops} (since {since}) {table}: {what}; to mend it on the target: {statement}")
    };
    drift.of(Subject::Definition).map(line).collect()
}

fn words(facts: &Facts) -> Vec<String> {
    let mut words = Vec::new();
    if let Some(node) = &facts.node {
        let from = match node.kind.as_str() {
            "root" => String::new(),
            _ => format!(" from {}", node.provider.as_deref().unwrap_or("?")),
        };
        words.push(format!("{} {} of queue {}{from}", node.kind, node.name, node.queue));
    }
    if let Some(holder) = &facts.standby {
        let works = if holder.is_empty() { "another process" } else { holder };
        words.push(format!("STANDBY: the work is done by {works}"));
    }
    if let Some(ticker) = facts.ticker {
        words.push(format!("ticks by {}", ticker.as_str()));
    }
    if facts.paused {
        words.push("PAUSED".to_owned());
    }
    if let Some(batch) = &facts.batch {
        words.push(format!("tick {}, lag {}", batch.tick, period(facts.lag().unwrap_or_default())));
    }
    if facts.batches > 0 {
        let of = if facts.bytes > 0 { format!(" of {}", size(facts.bytes)) } else { String::new() };
        words.push(format!("{} batches, {} changes{of}", facts.batches, facts.changes));
    }
    if let Some(batch) = &facts.in_hand {
        let since = period(age(batch.since));
        words.push(format!("batch in hand: {} of about {} events, since {since}", batch.events, batch.about));
    }
    if facts.conflicts > 0 {
        words.push(format!("{} conflicts", facts.conflicts));
    }
    if !facts.tables.is_empty() {
        let states = facts.tables.iter().map(|(state, number)| format!("{number} {state}"));
        words.push(format!("tables: {}", states.collect::<Vec<_>>().join(" ")));
    }
    if facts.tick_calls > 0 {
        let last = facts.last_progress.map(age).unwrap_or_default();
        words.push(format!(
            "{} ticks in {} calls, the last {} ago",
            facts.ticks,
            facts.tick_calls,
            period(last)
        ));
    }
    if let Some(copy) = &facts.copy {
        let of = copy.expected_bytes.map(|all| format!(" of about {}", size(all))).unwrap_or_default();
        words.push(format!("{}, {}{of}", copy.phase, size(copy.bytes)));
    }
    if let Some(comparison) = &facts.comparison {
        let compared = comparison.words();
        words.push(if compared.is_empty() { "nothing is compared yet".to_owned() } else { compared });
        words.extend(comparison.oldest.map(|oldest| format!("the oldest {} ago", period(age(oldest)))));
    }
    words.extend(facts.slowed.clone());
    words.extend(facts.drift.as_ref().map(Drift::words));
    words
}

fn age(time: SystemTime) -> Duration {
    time.elapsed().unwrap_or_default()
}

/// Two or more significant digits.
pub(crate) fn size(bytes: u64) -> String {
    match bytes {
        0..10_000 => format!("{bytes} bytes"),
        10_000..10_000_000 => format!("{} kB", bytes / 1000),
        10_000_000..10_000_000_000 => format!("{} MB", bytes / 1_000_000),
        _ => format!("{} GB", bytes / 1_000_000_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_periods_are_short() {
        let shown = [5, 65, 3700, 200_000].map(|seconds| period(Duration::from_secs(seconds)));
        assert_eq!(shown, ["5 s", "1 min", "1 h 1 min", "2 d"]);
        assert_eq!([17, 20_000, 30_000_000].map(size), ["17 bytes", "20 kB", "30 MB"]);
    }
}
