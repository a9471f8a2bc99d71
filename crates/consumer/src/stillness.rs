//! Stillness: while nothing is committed on a server, a look at it finds what the last one found. A migration that is
//! ready waits for days; both servers are to have little of it.

use std::time::Duration;

use pg::Session;
use pgq::stillness::{self, Seen};
use tokio::time::Instant;

use crate::Result;

/// A look that comes so long after the one before looks at everything: the longest period of a worker's frequent looks.
const ALL: Duration = Duration::from_secs(6);
/// A look comes now and then all the same: there are things that depend on the time alone.
const LONGEST: Duration = Duration::from_secs(60);

/// Between two questions whether anything has happened, while nothing does. Ticks and commands wake a worker; a session
/// that asks nothing for longer would be taken for one that stands still.
pub(crate) const STILL: Duration = Duration::from_secs(4);
/// How often it is looked whether the provider is still, where its ticks are announced: at first, and when nothing has
/// happened for a while.
pub(crate) const PROVIDER: Duration = Duration::from_secs(5);
pub(crate) const QUIET_PROVIDER: Duration = Duration::from_secs(10);

/// What is known of one server.
#[derive(Debug, Default)]
pub(crate) struct Stillness {
    /// The last look found nothing to do.
    is_calm: bool,
    /// What the last question saw.
    asked: Option<Seen>,
    /// When the last look ended.
    looked: Option<Instant>,
    /// When to look again, if nothing happens.
    next: Option<Instant>,
}

impl Stillness {
    /// Whether the next look may be left out. Nothing is asked where the last one found something to do.
    ///
    /// # Errors
    /// The connection is lost.
    pub(crate) async fn holds(&mut self, session: &Session) -> Result<bool> {
        if !self.is_calm {
            return Ok(false);
        }
        let seen = stillness::look(session).await?;
        if self.asked.as_ref() != Some(&seen) {
            self.asked = Some(seen);
            self.next = None;
        }
        Ok(self.next.is_some_and(|next| Instant::now() < next))
    }

    /// Whether the next look at everything is far away.
    pub(crate) fn rests(&self) -> bool {
        self.next.is_some_and(|next| next > Instant::now() + ALL)
    }

    /// A look is over. `is_calm`: it found nothing to do, and nothing that time alone would change.
    pub(crate) fn looked(&mut self, is_calm: bool) {
        let now = Instant::now();
        let before = self.looked.replace(now);
        if !is_calm {
            (self.is_calm, self.asked, self.next) = (false, None, None);
            return;
        }
        self.is_calm = true;
        let whole = before.is_none_or(|before| now - before >= ALL);
        // where nothing was asked before the look, something may have happened in its course
        self.next = self.asked.as_ref().map(|_| now + if whole { LONGEST } else { ALL });
    }

    /// The look has left something out that may be told a little later.
    pub(crate) fn again_within(&mut self, time: Duration) {
        let soon = Instant::now() + time;
        self.next = self.next.map(|next| next.min(soon));
    }
}
