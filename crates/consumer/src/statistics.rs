//! Statistics in the log, now and then: the worker lives, and what it did.

use std::time::{Duration, SystemTime};

use pgq::Batch;
use tokio::time::Instant;
use tracing::info;

use crate::Config;
use crate::replay::Done;

/// What was applied since the last line.
pub(crate) struct Statistics {
    since: Instant,
    batches: u64,
    changes: u64,
    bytes: u64,
    conflicts: u64,
    last: Option<(i64, SystemTime)>,
}

impl Statistics {
    pub(crate) fn start() -> Statistics {
        Statistics { since: Instant::now(), batches: 0, changes: 0, bytes: 0, conflicts: 0, last: None }
    }

    pub(crate) fn count(&mut self, batch: &Batch, done: &Done) {
        self.batches += 1;
        self.changes += done.changes;
        self.bytes += done.bytes;
        self.conflicts += done.conflicts();
        self.last = Some((batch.tick, batch.mark.time));
    }

    pub(crate) fn log_when_due(&mut self, config: &Config) {
        if self.since.elapsed() < config.keepalive_stats() {
            return;
        }
        let seconds = self.since.elapsed().as_secs();
        // by this machine's clock: a provider whose clock is ahead shows no lag
        let lag = |time: SystemTime| time.elapsed().unwrap_or(Duration::ZERO).as_secs();
        let (tick, lag) = self.last.map_or((None, None), |(tick, time)| (Some(tick), Some(lag(time))));
        let (job, queue) = (&config.job_name, &config.queue_name);
        info!(
            job,
            queue,
            seconds,
            batches = self.batches,
            changes = self.changes,
            bytes = self.bytes,
            conflicts = self.conflicts,
            tick,
            lag,
            "statistics"
        );
        *self = Statistics { last: self.last, ..Statistics::start() };
    }
}
