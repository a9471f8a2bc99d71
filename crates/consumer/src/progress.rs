//! Progress of a large batch: in the log, in the worker's report, and for `status` in the name of the session.

use std::time::{Duration, SystemTime};

use parts::report::InHand;
use pg::Session;
use pgq::{Batch, Purpose, session_name};
use tokio::time::Instant;
use tracing::info;

use crate::error::During;
use crate::{Result, Worker};

/// How often progress is told, the first time after as long.
const PERIOD: Duration = Duration::from_secs(10);

/// Counts the events of a batch.
pub(crate) struct Progress<'a> {
    worker: &'a Worker,
    batch: &'a Batch,
    events: u64,
    /// About the number of the first event.
    first: Option<i64>,
    /// Number of the last one.
    last: i64,
    began: Instant,
    told: Instant,
    since: SystemTime,
}

impl<'a> Progress<'a> {
    pub(crate) fn of(worker: &'a Worker, batch: &'a Batch) -> Progress<'a> {
        let now = Instant::now();
        let since = SystemTime::now();
        Progress { worker, batch, events: 0, first: None, last: 0, began: now, told: now, since }
    }

    /// Takes in some more events, up to number `last`. True when it is time to [`tell`](Self::tell) how many there are.
    pub(crate) fn count(&mut self, events: u64, last: i64) -> bool {
        self.events += events;
        let (events, about, since) = (self.events, self.about(last), self.since);
        self.worker.report.tell(|facts| facts.in_hand = Some(InHand { events, about, since }));
        self.worker.report.behind();
        self.last = last;
        self.told.elapsed() >= PERIOD
    }

    /// Tells how many events there are: in the log, and in the name of the target's session.
    pub(crate) async fn tell(&mut self, target: &Session) -> Result<()> {
        self.told = Instant::now();
        let (events, about) = (self.events, self.about(self.last));
        let (job, queue) = (&self.worker.config.job_name, &self.worker.config.queue_name);
        let tick = self.batch.tick;
        let seconds = self.began.elapsed().as_secs();
        info!(job, queue, tick, events, about, seconds, "batch in progress");
        // until the transaction ends; other sessions see it at once
        let name = self.worker.session_name(Purpose::Batch(session_name::Batch { events, about }));
        let sql = "select set_config('application_name', $1, true)";
        target.query_one(sql, &[&name]).await.during("telling the progress of a batch")?;
        Ok(())
    }

    /// How many events the batch has, if they go on as densely as so far: nobody has counted them, and a large
    /// transaction's have come long before the tick at the batch's beginning.
    fn about(&mut self, last: i64) -> i64 {
        let events = i64::try_from(self.events).unwrap_or(i64::MAX);
        let first = *self.first.get_or_insert(last.saturating_sub(events - 1));
        let (come, all) = (last - first + 1, self.batch.last_event.max(last) - first + 1);
        (events as f64 * all as f64 / come.max(1) as f64) as i64
    }
}
