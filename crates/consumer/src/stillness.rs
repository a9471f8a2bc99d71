//! Stillness: while nothing is committed on a server, a look at it finds what the last one found. A migration that is
//! ready waits for days; both servers are to have little of it.

use std::time::Duration;

use pg::Session;
use pgq::stillness::{self, Seen};
use tokio::time::Instant;

use crate::Result;

/// Whatever is looked at has been looked at within this time: the longest period of a worker's frequent looks.
const ALL: Duration = Duration::from_secs(6);
/// A look comes now and then all the same: there are things that depend on the time alone.
const LONGEST: Duration = Duration::from_secs(60);

/// So many waits between two steps are one while nothing happens. Ticks and commands wake a worker.
pub(crate) const STILL: u32 = 2;

/// What is known of one server.
#[derive(Debug, Default)]
pub(crate) struct Stillness {
    /// What the last question saw, and since when they all do.
    asked: Option<(Seen, Instant)>,
    /// The last look since then, which found nothing to do.
    looked: Option<Instant>,
    /// Everything was looked at since then.
    has_seen_all: bool,
}

impl Stillness {
    /// To be asked before each look: whether it may be left out.
    ///
    /// # Errors
    /// The connection is lost.
    pub(crate) async fn holds(&mut self, session: &Session) -> Result<bool> {
        let seen = stillness::look(session).await?;
        if self.asked.as_ref().is_none_or(|(before, _)| *before != seen) {
            *self = Stillness { asked: Some((seen, Instant::now())), ..Stillness::default() };
        }
        let next = if self.has_seen_all { LONGEST } else { ALL };
        Ok(self.looked.is_some_and(|looked| looked.elapsed() < next))
    }

    /// The look that followed the last question found nothing to do, and nothing that time alone would change.
    pub(crate) fn found_nothing(&mut self) {
        if let Some((_, since)) = &self.asked {
            self.has_seen_all = since.elapsed() >= ALL;
            self.looked = Some(Instant::now());
        }
    }

    /// There was something to do.
    pub(crate) fn found(&mut self) {
        *self = Stillness::default();
    }
}
