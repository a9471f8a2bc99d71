//! Definitions of one server's tables: a look at all of them is left out while the server has counted no change.

use std::time::Duration;

use pg::Session;
use pgq::definitions;
use tokio::time::Instant;

use crate::Result;

/// A look comes now and then all the same, since a session may keep its counts for long.
const LONGEST: Duration = Duration::from_secs(60);
/// The same where what is looked for harms nobody.
pub(crate) const SELDOM: Duration = Duration::from_secs(180);

/// What is known of one server.
#[derive(Debug)]
pub(crate) struct Definitions {
    /// A look comes after so long in any case.
    longest: Duration,
    /// What is counted; `None` before the first question.
    relations: Option<Option<Vec<u32>>>,
    /// The counts that the look under way began with.
    begun: Option<i64>,
    /// The counts that the last look began with, and when it was over.
    looked: Option<(i64, Instant)>,
}

impl Default for Definitions {
    fn default() -> Definitions {
        Definitions::within(LONGEST)
    }
}

impl Definitions {
    /// A look comes after `longest` in any case.
    pub(crate) fn within(longest: Duration) -> Definitions {
        Definitions { longest, relations: None, begun: None, looked: None }
    }

    /// Whether they are those of the last look. If not, a look begins.
    ///
    /// # Errors
    /// The connection is lost.
    pub(crate) async fn hold(&mut self, session: &Session) -> Result<bool> {
        let relations = match self.relations.take() {
            Some(relations) => relations,
            None => definitions::counted(&**session).await?,
        };
        let Some(relations) = self.relations.insert(relations) else { return Ok(false) };
        let written = definitions::written(session, relations).await?;
        if self.looked.is_some_and(|(seen, at)| seen == written && at.elapsed() < self.longest) {
            return Ok(true);
        }
        self.begun = Some(written);
        // a schema may come meanwhile
        self.relations = None;
        Ok(false)
    }

    /// The look is over.
    pub(crate) fn looked(&mut self) {
        if let Some(written) = self.begun.take() {
            self.looked = Some((written, Instant::now()));
        }
    }
}
