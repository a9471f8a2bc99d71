//! Failure log that says a repeated failure now and then.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

const FIRST_REMINDER: Duration = Duration::from_secs(60);
const RAREST_REMINDER: Duration = Duration::from_secs(3600);
/// More different errors than this in one spell: the oldest reminders are forgotten.
const REMEMBERED: usize = 16;

/// A spell of failures: each error is logged when it first appears, then at intervals that double, and one line
/// tells the end.
#[derive(Debug, Default)]
pub(super) struct FailureLog {
    since: Option<Instant>,
    failures: u32,
    reminders: BTreeMap<String, (Instant, Duration)>,
}

impl FailureLog {
    /// A failure with this text; the next try comes after `pause`.
    pub(super) fn about(&mut self, text: &str, pause: Duration) {
        let now = Instant::now();
        let since = *self.since.get_or_insert(now);
        self.failures += 1;
        match self.reminders.get_mut(text) {
            None => {
                tracing::error!("{text}; next try in {:.1} s", pause.as_secs_f64());
                if self.reminders.len() >= REMEMBERED {
                    self.reminders.clear();
                }
                self.reminders.insert(text.to_owned(), (now + FIRST_REMINDER, FIRST_REMINDER));
            }
            Some((due, interval)) if now >= *due => {
                tracing::error!("still failing, {} times in {:.0?}: {text}", self.failures, now - since);
                *interval = (*interval * 2).min(RAREST_REMINDER);
                *due = now + *interval;
            }
            Some(_) => tracing::debug!("failed again: {text}; next try in {:.1} s", pause.as_secs_f64()),
        }
    }

    /// The part runs as it should.
    pub(super) fn well_again(&mut self) {
        if let Some(since) = self.since {
            tracing::info!("well again after {} failures in {:.0?}", self.failures, since.elapsed());
        }
        *self = FailureLog::default();
    }
}
