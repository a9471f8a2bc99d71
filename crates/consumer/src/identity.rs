//! Replicated tables that are others now, on this node or on the root: held until they are copied again.

use std::collections::BTreeMap;
use std::time::Duration;

use pg::Session;
use pgq::identity;
use pgq::table::{MergeState, TableInfo};

use crate::definitions::Watched;
use crate::due::Due;
use crate::{Result, Worker};

/// How often both sides are looked at: two queries of the catalogs on each.
const LOOK: Duration = Duration::from_secs(5);

/// The tables that are others now, and what to do about each.
pub(crate) struct Others<'a> {
    worker: &'a Worker,
    due: Due,
    troubles: BTreeMap<String, String>,
    here: Watched,
    there: Watched,
}

impl<'a> Others<'a> {
    pub(crate) fn new(worker: &'a Worker) -> Others<'a> {
        Others {
            worker,
            due: Due::now(),
            troubles: BTreeMap::new(),
            here: Watched::default(),
            there: Watched::default(),
        }
    }

    /// Compares both sides with what is remembered, from time to time. As long as a table is held its mark is read
    /// each time: a new copy may have taken it away.
    pub(crate) async fn look(&mut self, provider: &Session, target: &Session) -> Result<()> {
        let queue = self.worker.config.queue_name.as_str();
        let due = self.due.comes(LOOK);
        let mut looks = false;
        if due {
            let (here, there) = tokio::join!(self.here.hold(target), self.there.hold(provider));
            looks = !here? || !there? || !self.troubles.is_empty();
        }
        if looks {
            identity::compare_here(&**target, queue).await?;
            identity::compare_at_provider(&**provider, &**target, queue, None, true).await?;
            self.here.looked();
            self.there.looked();
        }
        if looks || !self.troubles.is_empty() {
            self.troubles = identity::others(&**target, queue).await?.into_iter().collect();
        }
        Ok(())
    }

    /// Takes the tables of both sides as they are now, before their copies read and fill them.
    pub(crate) async fn begin(
        &mut self,
        provider: &Session,
        target: &Session,
        tables: &[&str],
    ) -> Result<()> {
        let queue = self.worker.config.queue_name.as_str();
        identity::compare_here(&**target, queue).await?;
        identity::compare_at_provider(&**provider, &**target, queue, Some(tables), true).await?;
        self.troubles = identity::others(&**target, queue).await?.into_iter().collect();
        Ok(())
    }

    /// Compares this node's tables at once: a batch has met one that was exchanged since the last look.
    pub(crate) async fn compare_now(&mut self, target: &Session) -> Result<()> {
        let queue = self.worker.config.queue_name.as_str();
        identity::compare_here(&**target, queue).await?;
        self.troubles = identity::others(&**target, queue).await?.into_iter().collect();
        Ok(())
    }

    /// Whether all tables are what they were.
    pub(crate) fn none(&self) -> bool {
        self.troubles.is_empty()
    }

    /// Why the worker does not go on with a table that it applies.
    pub(crate) fn reason(&self, table: &TableInfo) -> Option<&str> {
        self.troubles.get(&table.name).map(String::as_str)
    }

    /// The tables whose copies do not go on, and why. One that is being handed over is held when it is `ok`.
    pub(crate) fn in_copies(&self, tables: &[TableInfo]) -> BTreeMap<String, String> {
        let at_work = |table: &&TableInfo| {
            table.local && matches!(table.state, MergeState::InCopy | MergeState::CatchingUp)
        };
        let troubled = |table: &TableInfo| Some((table.name.clone(), self.reason(table)?.to_owned()));
        tables.iter().filter(at_work).filter_map(troubled).collect()
    }
}
