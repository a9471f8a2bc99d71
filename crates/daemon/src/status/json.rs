//! Status for machines. Times are seconds since 1970, durations seconds; a value that is not known is null.

use std::time::SystemTime;

use pgq::drift::{Finding, Kept, Subject};
use serde_json::{Value, json};

use super::migration::Migration;
use super::now::{JobStatus, PartNow};
use crate::stage;

pub(super) fn process(since: SystemTime, jobs: &[JobStatus], migrations: &[Migration]) -> Value {
    let migration = |one: &Migration| stage::object(&one.queue, &one.stage, &one.commands);
    json!({
        "pid": std::process::id(),
        "version": env!("CARGO_PKG_VERSION"),
        "since": epoch(since),
        "migrations": migrations.iter().map(migration).collect::<Vec<_>>(),
        "jobs": jobs.iter().map(job).collect::<Vec<_>>(),
    })
}

fn job(job: &JobStatus) -> Value {
    json!({
        "job": job.name,
        "section": job.section,
        "file": job.file,
        "ready": job.is_ready(),
        "standby": job.stands_by(),
        "failing": job.fails(),
        "parts": job.parts.iter().map(part).collect::<Vec<_>>(),
    })
}

fn part(part: &PartNow) -> Value {
    let (status, facts) = (&part.status, &part.facts);
    let mut value = json!({
        "part": status.name,
        "state": status.state.as_str(),
        "since": epoch(status.since),
        "failures": status.failures,
        "last_error": status.last_error,
        "last_progress": facts.last_progress.map(epoch),
    });
    let mut add = |key: &str, more: Value| {
        value[key] = more;
    };
    if let Some(holder) = &facts.standby {
        add("standby", json!({ "holder": holder }));
    }
    if let Some(ticker) = facts.ticker {
        add("ticker", json!(ticker.as_str()));
    }
    if let Some(node) = &facts.node {
        add("queue", json!(node.queue));
        add("node", json!(node.name));
        add("node_type", json!(node.kind));
        add("provider", json!(node.provider));
        add("paused", json!(facts.paused));
        add("tables", json!(facts.tables));
    }
    if facts.node.is_some() || facts.batches > 0 {
        add("batches", json!(facts.batches));
        add("changes", json!(facts.changes));
        add("bytes", json!(facts.bytes));
        add("conflicts", json!(facts.conflicts));
    }
    if let Some(lag) = facts.lag() {
        add("lag", json!(lag.as_secs_f64()));
    }
    if let Some(batch) = &facts.batch {
        add(
            "batch",
            json!({
                "tick": batch.tick,
                "tick_time": epoch(batch.tick_time),
                "changes": batch.changes,
                "seconds": batch.took.as_secs_f64(),
            }),
        );
    }
    if let Some(batch) = &facts.in_hand {
        add(
            "batch_in_hand",
            json!({ "events": batch.events, "about": batch.about, "since": epoch(batch.since) }),
        );
    }
    if facts.tick_calls > 0 {
        add("ticker_calls", json!(facts.tick_calls));
        add("ticks", json!(facts.ticks));
    }
    if let Some(copy) = &facts.copy {
        add(
            "copy",
            json!({
                "phase": copy.phase,
                "bytes": copy.bytes,
                "expected_bytes": copy.expected_bytes,
                "waits": copy.waits,
                "limit_bytes_per_second": copy.limit,
                "source_latency": copy.source_latency.map(|latency| latency.as_secs_f64()),
            }),
        );
    }
    if let Some(comparison) = &facts.comparison {
        let running = comparison.running.as_ref().map(|running| {
            json!({
                "table": running.table,
                "rows": running.rows,
                "expected_rows": running.expected,
                "seconds_to_go": running.to_go.map(|time| time.as_secs()),
            })
        });
        add(
            "comparison",
            json!({
                "equal": comparison.equal,
                "differ": comparison.differ,
                "unverified": comparison.unverified,
                "differing_rows": comparison.differing,
                "oldest": comparison.oldest.and_then(epoch),
                "running": running,
            }),
        );
    }
    if let Some(slowed) = &facts.slowed {
        add("slowed", json!(slowed));
    }
    if let Some(drift) = &facts.drift {
        let kept = |subject| drift.of(subject).map(finding).collect::<Vec<_>>();
        add(
            "drift",
            json!({
                "definitions": kept(Subject::Definition),
                "unreplicated": kept(Subject::Unreplicated),
                "failed": drift.failed,
            }),
        );
    }
    value
}

fn finding(kept: &Kept) -> Value {
    let Finding { table, what, statement, stops } = &kept.finding;
    json!({
        "table": table,
        "what": what,
        "statement": statement,
        "stops": stops,
        "since": epoch(kept.since),
    })
}

fn epoch(time: SystemTime) -> Option<f64> {
    time.duration_since(SystemTime::UNIX_EPOCH).ok().map(|since| since.as_secs_f64())
}
