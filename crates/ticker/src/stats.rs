//! Statistics of a ticker.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::{Error, Ticker};

/// Counted over all databases since the last line.
#[derive(Debug, Default)]
pub(crate) struct Stats {
    ticks: AtomicU64,
    maint: AtomicU64,
    retry: AtomicU64,
}

impl Stats {
    /// One call of the ticker function.
    pub(crate) fn ticked(&self) {
        self.ticks.fetch_add(1, Relaxed);
    }

    /// One round of upkeep.
    pub(crate) fn maintained(&self) {
        self.maint.fetch_add(1, Relaxed);
    }

    /// So many events went back into their queues.
    pub(crate) fn retried(&self, events: u64) {
        self.retry.fetch_add(events, Relaxed);
    }

    fn take(&self) -> String {
        let [ticks, maint, retry] =
            [&self.ticks, &self.maint, &self.retry].map(|count| count.swap(0, Relaxed));
        format!("{{ticks: {ticks}, maint: {maint}, retry: {retry}}}")
    }
}

impl Ticker {
    /// Logs a line of statistics each `stats_period`, until stopped.
    ///
    /// # Errors
    /// Never.
    pub async fn report(&self, stop: CancellationToken) -> Result<(), Error> {
        let mut due = interval(self.config.stats_period);
        due.set_missed_tick_behavior(MissedTickBehavior::Delay);
        due.reset();
        while stop.run_until_cancelled(due.tick()).await.is_some() {
            tracing::info!("{}", self.stats.take());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_counts_since_the_last_one() {
        let stats = Stats::default();
        stats.ticked();
        stats.ticked();
        stats.retried(7);
        assert_eq!(stats.take(), "{ticks: 2, maint: 0, retry: 7}");
        assert_eq!(stats.take(), "{ticks: 0, maint: 0, retry: 0}");
    }
}
