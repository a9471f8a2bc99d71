//! Metrics in the text format of OpenMetrics. Names and labels: docs/monitoring.md. They are made anew from the parts'
//! reports for each scrape, so that what has gone away is not shown any more.

use std::fmt;
use std::sync::atomic::AtomicU64;
use std::time::SystemTime;

use pgq::drift::Subject;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

use crate::status::{JobStatus, Jobs, PartNow};
use crate::supervise::State;

pub(super) const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

type Labels = Vec<(&'static str, String)>;
type Gauges = Family<Labels, Gauge<f64, AtomicU64>>;
type Counters = Family<Labels, Counter>;

/// All families by what they are about.
#[derive(Default)]
struct Families {
    build: Gauges,
    part_up: Gauges,
    part_failures: Counters,
    part_progress: Gauges,
    lag: Gauges,
    batches: Counters,
    changes: Counters,
    bytes: Counters,
    conflicts: Counters,
    batch_duration: Gauges,
    tables: Gauges,
    paused: Gauges,
    standby: Gauges,
    ticker: Gauges,
    copy_bytes: Gauges,
    copy_expected: Gauges,
    copy_waits: Gauges,
    copy_limit: Gauges,
    source_latency: Gauges,
    compared: Gauges,
    differing: Gauges,
    compared_at: Gauges,
    drift: Gauges,
    ticker_calls: Counters,
    ticks: Counters,
    tick_age: Gauges,
    new_events: Gauges,
    event_rate: Gauges,
    queue_bytes: Gauges,
    consumer_lag: Gauges,
    consumer_pending: Gauges,
    oldest: Gauges,
}

pub(super) fn text(jobs: &Jobs) -> Result<String, fmt::Error> {
    let families = Families::default();
    set(&families.build, vec![("version", env!("CARGO_PKG_VERSION").to_owned())], 1.0);
    for job in jobs.now(None) {
        for part in &job.parts {
            families.part(&job, part);
        }
    }
    let mut text = String::new();
    encode(&mut text, &families.registered())?;
    Ok(text)
}

impl Families {
    fn registered(self) -> Registry {
        let mut all = Registry::default();
        let mut gauge = |name: &str, help: &str, family: Gauges| all.register(name, help, family);
        gauge("londiste_build_info", "Version of the process", self.build);
        gauge("londiste_part_up", "1: the part runs; 0: it failed and waits", self.part_up);
        gauge(
            "londiste_part_last_progress_timestamp_seconds",
            "When the part last did a piece of work, or found none",
            self.part_progress,
        );
        gauge("londiste_lag_seconds", "How far the node is behind; 0 where nothing waits", self.lag);
        gauge("londiste_last_batch_duration_seconds", "How long the last batch took", self.batch_duration);
        gauge("londiste_tables", "Tables of the node by state", self.tables);
        gauge("londiste_paused", "1: the worker waits, by the command pause", self.paused);
        gauge("londiste_standby", "1: another process does the work, and this part stands by", self.standby);
        gauge("londiste_root_ticker", "1: who makes the ticks of the root's database", self.ticker);
        gauge("londiste_copy_bytes", "Bytes that a running copy has received", self.copy_bytes);
        gauge("londiste_copy_expected_bytes", "Bytes that a running copy expects", self.copy_expected);
        gauge("londiste_copy_waiting", "1: the copy waits for its window, or for resume", self.copy_waits);
        gauge(
            "londiste_copy_limit_bytes_per_second",
            "What all copies of the node together may read now",
            self.copy_limit,
        );
        gauge(
            "londiste_source_latency_seconds",
            "How long the source took to answer a tiny query",
            self.source_latency,
        );
        gauge("londiste_compared_tables", "Tables by how their last comparison has ended", self.compared);
        gauge("londiste_differing_rows", "Rows that differ, by the last comparisons", self.differing);
        gauge(
            "londiste_oldest_comparison_timestamp_seconds",
            "When the oldest of the tables' last comparisons came to its end",
            self.compared_at,
        );
        gauge(
            "londiste_drift",
            "Definitions that differ, and what of the root nobody replicates",
            self.drift,
        );
        gauge("pgqd_last_tick_age_seconds", "Age of the queue's last tick", self.tick_age);
        gauge("pgqd_queue_new_events", "Events since the queue's last tick", self.new_events);
        gauge("pgqd_queue_events_per_second", "Events of late", self.event_rate);
        gauge("pgqd_queue_bytes", "Size of the queue's event tables with indexes", self.queue_bytes);
        gauge("pgqd_consumer_lag_seconds", "How far a consumer is behind", self.consumer_lag);
        gauge("pgqd_consumer_pending_events", "Events that wait for a consumer", self.consumer_pending);
        gauge(
            "pgqd_oldest_transaction_seconds",
            "Age of the oldest transaction that the ticker's role may see",
            self.oldest,
        );
        let mut counter = |name: &str, help: &str, family: Counters| all.register(name, help, family);
        counter("londiste_part_failures", "Failures of the part", self.part_failures);
        counter("londiste_batches", "Batches applied", self.batches);
        counter("londiste_changes", "Changes applied", self.changes);
        counter("londiste_bytes", "Bytes of the values of the changes applied", self.bytes);
        counter("londiste_conflicts", "Changes that met other rows than the source had", self.conflicts);
        counter("pgqd_ticker_calls", "Calls of pgq.ticker()", self.ticker_calls);
        counter("pgqd_ticks", "Ticks that those calls made", self.ticks);
        process(&mut all);
        all
    }

    fn part(&self, job: &JobStatus, part: &PartNow) {
        let (status, facts) = (&part.status, &part.facts);
        let of_job = || vec![("job", job.name.clone())];
        let with = |more: &[(&'static str, &str)]| {
            let mut labels = of_job();
            labels.extend(more.iter().map(|(name, value)| (*name, (*value).to_owned())));
            labels
        };
        let named = with(&[("part", &status.name)]);
        let up = status.state == State::Running && status.last_error.is_none();
        set(&self.part_up, named.clone(), f64::from(u8::from(up)));
        count(&self.part_failures, named.clone(), status.failures_in_all);
        let progress = facts.last_progress.and_then(|t| t.duration_since(SystemTime::UNIX_EPOCH).ok());
        if let Some(progress) = progress {
            set(&self.part_progress, named, progress.as_secs_f64());
        }
        if part.is_main() {
            let stands_by = f64::from(u8::from(facts.standby.is_some()));
            set(&self.standby, with(&[("part", &status.name)]), stands_by);
        }
        if let Some(node) = &facts.node {
            if let Some(by) = facts.ticker {
                let labels = with(&[("queue", &node.queue), ("node", &node.name), ("by", by.as_str())]);
                set(&self.ticker, labels, 1.0);
            }
            let labels = with(&[("queue", &node.queue), ("node", &node.name), ("type", &node.kind)]);
            set(&self.paused, labels.clone(), f64::from(u8::from(facts.paused)));
            count(&self.batches, labels.clone(), facts.batches);
            count(&self.changes, labels.clone(), facts.changes);
            count(&self.bytes, labels.clone(), facts.bytes);
            count(&self.conflicts, labels.clone(), facts.conflicts);
            if let Some(lag) = facts.lag() {
                set(&self.lag, labels.clone(), lag.as_secs_f64());
            }
            if let Some(batch) = &facts.batch {
                set(&self.batch_duration, labels, batch.took.as_secs_f64());
            }
            for (state, number) in &facts.tables {
                let labels = with(&[("queue", &node.queue), ("node", &node.name), ("state", state)]);
                set(&self.tables, labels, *number as f64);
            }
        }
        if let Some(copy) = &facts.copy {
            let table = status.name.strip_prefix("copy ").unwrap_or(&status.name);
            set(&self.copy_bytes, with(&[("table", table)]), copy.bytes as f64);
            if let Some(expected) = copy.expected_bytes {
                set(&self.copy_expected, with(&[("table", table)]), expected as f64);
            }
            set(&self.copy_waits, with(&[("table", table)]), f64::from(u8::from(copy.waits)));
            if let Some(limit) = copy.limit {
                set(&self.copy_limit, of_job(), limit as f64);
            }
            if let Some(latency) = copy.source_latency {
                set(&self.source_latency, of_job(), latency.as_secs_f64());
            }
        }
        if let Some(comparison) = &facts.comparison {
            let verdicts = [
                ("equal", comparison.equal),
                ("differs", comparison.differ),
                ("unverified", comparison.unverified),
            ];
            for (verdict, tables) in verdicts {
                set(&self.compared, with(&[("verdict", verdict)]), tables as f64);
            }
            set(&self.differing, of_job(), comparison.differing as f64);
            let oldest = comparison.oldest.and_then(|time| time.duration_since(SystemTime::UNIX_EPOCH).ok());
            if let Some(oldest) = oldest {
                set(&self.compared_at, of_job(), oldest.as_secs_f64());
            }
        }
        if let Some(drift) = &facts.drift {
            let definitions = |stops| {
                drift.of(Subject::Definition).filter(|kept| kept.finding.stops == stops).count() as f64
            };
            set(&self.drift, with(&[("subject", "stops")]), definitions(true));
            set(&self.drift, with(&[("subject", "differs")]), definitions(false));
            let unreplicated = drift.of(Subject::Unreplicated).count() as f64;
            set(&self.drift, with(&[("subject", "unreplicated")]), unreplicated);
        }
        let database = ["database ", "ticker "].iter().find_map(|kind| status.name.strip_prefix(kind));
        let Some(database) = database else { return };
        count(&self.ticker_calls, with(&[("database", database)]), facts.tick_calls);
        count(&self.ticks, with(&[("database", database)]), facts.ticks);
        let Some(observed) = &facts.observed else { return };
        if let Some(age) = observed.oldest_transaction {
            set(&self.oldest, with(&[("database", database)]), age);
        }
        for (queue, facts) in &observed.queues {
            let labels = with(&[("database", database), ("queue", queue)]);
            set(&self.tick_age, labels.clone(), facts.tick_age);
            set(&self.new_events, labels.clone(), facts.new_events as f64);
            set(&self.event_rate, labels.clone(), facts.events_per_second);
            set(&self.queue_bytes, labels, facts.bytes as f64);
            for (consumer, (lag, pending)) in &facts.consumers {
                let labels = with(&[("database", database), ("queue", queue), ("consumer", consumer)]);
                set(&self.consumer_lag, labels.clone(), *lag);
                set(&self.consumer_pending, labels, *pending as f64);
            }
        }
    }
}

fn set(family: &Gauges, labels: Labels, value: f64) {
    family.get_or_create(&labels).set(value);
}

fn count(family: &Counters, labels: Labels, value: u64) {
    family.get_or_create(&labels).inc_by(value);
}

/// What the operating system tells of this process, under the names that all programs use.
fn process(all: &mut Registry) {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let number = |key: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(key))?;
        line.trim().trim_end_matches(" kB").parse::<f64>().ok()
    };
    let mut gauge = |name: &str, help: &str, unit: Option<Unit>, value: Option<f64>| {
        let Some(value) = value else { return };
        let gauge = Gauge::<f64, AtomicU64>::default();
        gauge.set(value);
        match unit {
            Some(unit) => all.register_with_unit(name, help, unit, gauge),
            None => all.register(name, help, gauge),
        }
    };
    let resident = number("VmRSS:").map(|kilobytes| kilobytes * 1024.0);
    gauge("process_resident_memory", "Resident memory", Some(Unit::Bytes), resident);
    gauge("process_threads", "Threads", None, number("Threads:"));
    let files = std::fs::read_dir("/proc/self/fd").map(|files| files.count() as f64).ok();
    gauge("process_open_fds", "Open file descriptors", None, files);
}
