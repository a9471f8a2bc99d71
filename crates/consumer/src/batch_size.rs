//! Size of a batch of several ticks, in events: smaller after one that was interrupted, so that less is done again.

use pg::Session;
use pgq::batch;
use tracing::info;

use crate::{Result, Worker};

/// Enough to make a batch's fixed costs vanish, little enough to be read within a second where rows are not large.
const MOST: i32 = 100_000;
/// What an interrupted batch is divided by.
const SHRINK: i64 = 4;

/// Events at most, where a batch is several ticks.
pub(crate) struct BatchSize(i32);

impl BatchSize {
    /// The most; or, where an earlier attempt has left a batch unfinished that was not applied, a part of that one,
    /// which is given back.
    pub(crate) async fn after(worker: &Worker, provider: &Session, completed: i64) -> Result<BatchSize> {
        let (queue, consumer) = (worker.config.queue_name.as_str(), worker.config.consumer());
        let unfinished = batch::unfinished(&**provider, queue, consumer).await?;
        let Some(unfinished) = unfinished.filter(|batch| batch.divisible && batch.previous_tick == completed)
        else {
            return Ok(BatchSize(MOST));
        };
        batch::register(&**provider, queue, consumer, Some(completed)).await?;
        let events = i32::try_from(unfinished.events / SHRINK).unwrap_or(MOST).clamp(1, MOST);
        info!(
            job = worker.config.job_name,
            queue,
            tick = completed,
            "an unfinished batch of {} events is begun anew with {events} at most",
            unfinished.events
        );
        Ok(BatchSize(events))
    }

    pub(crate) fn events(&self) -> i32 {
        self.0
    }

    /// A batch was applied.
    pub(crate) fn grow(&mut self) {
        self.0 = self.0.saturating_mul(2).min(MOST);
    }
}
