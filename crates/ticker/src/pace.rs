//! Pace of a ticker: how long it may rest before it looks again.

use std::time::Duration;

use tokio::time::Instant;

/// The shortest rest, while events come all the time.
const SHORTEST: Duration = Duration::from_millis(12);
/// Looks in the time that passes between two ticks.
const LOOKS: u32 = 10;

/// Looks ten times in the time that passes between ticks: often while events come, once a `ticker_period` when the
/// queues are quiet. Nothing tells of the first event after a quiet time, since capture notifies nobody: the server is
/// asked to wait for it, or it waits for up to that period.
#[derive(Debug)]
pub(crate) struct Pace {
    longest: Duration,
    last: Instant,
    gap: Duration,
}

impl Pace {
    pub(crate) fn new(longest: Duration) -> Pace {
        Pace { longest, last: Instant::now(), gap: longest * LOOKS }
    }

    /// There was a tick now.
    pub(crate) fn ticked(&mut self) {
        self.gap = self.last.elapsed();
        self.last = Instant::now();
    }

    /// The rest until the next look.
    pub(crate) fn rest(&self) -> Duration {
        (self.gap.max(self.last.elapsed()) / LOOKS).clamp(SHORTEST.min(self.longest), self.longest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::advance;

    const LONGEST: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn a_busy_queue_is_looked_at_often() {
        let mut pace = Pace::new(LONGEST);
        assert_eq!(pace.rest(), LONGEST);
        let mut rests = Vec::new();
        for _ in 0..4 {
            rests.push(pace.rest());
            advance(pace.rest()).await;
            pace.ticked();
        }
        assert_eq!(rests[1..], [Duration::from_millis(100), SHORTEST, SHORTEST]);
    }

    #[tokio::test(start_paused = true)]
    async fn it_calms_down_when_nothing_comes() {
        let mut pace = Pace::new(LONGEST);
        advance(SHORTEST).await;
        pace.ticked();
        assert_eq!(pace.rest(), SHORTEST);
        advance(Duration::from_secs(3)).await;
        assert_eq!(pace.rest(), Duration::from_millis(300));
        advance(Duration::from_secs(60)).await;
        assert_eq!(pace.rest(), LONGEST);
        // the one tick of an idle queue wakes nobody up
        pace.ticked();
        assert_eq!(pace.rest(), LONGEST);
    }

    #[tokio::test(start_paused = true)]
    async fn a_period_shorter_than_the_shortest_rest_is_kept() {
        let mut pace = Pace::new(Duration::from_millis(5));
        advance(Duration::from_millis(5)).await;
        pace.ticked();
        assert_eq!(pace.rest(), Duration::from_millis(5));
    }
}
