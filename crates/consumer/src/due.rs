//! Due: what is done once in a period.

use std::time::Duration;

use tokio::time::Instant;

/// Something to be done once in a period.
pub(crate) struct Due {
    last: Option<Instant>,
}

impl Due {
    pub(crate) fn now() -> Due {
        Due { last: None }
    }

    /// Whether it is due, and if so, taken as done.
    pub(crate) fn comes(&mut self, period: Duration) -> bool {
        let due = self.last.is_none_or(|last| last.elapsed() >= period);
        if due {
            self.last = Some(Instant::now());
        }
        due
    }

    /// Makes it due at the next question.
    pub(crate) fn hasten(&mut self) {
        self.last = None;
    }
}
