//! Parking: a table that fails by itself leaves the batch that it fails in, and all that follow, until somebody has
//! looked at it.
//!
//! It becomes `catching-up` with the consumer of its copy standing before that batch, which the stock worker knows as
//! well and leaves alone; nobody works on it while it is marked in `londiste_rs.table_error`. Its foreign keys go into
//! `londiste.pending_fkeys` as they do for a copy, since it will be behind the tables at their other ends.

use std::collections::BTreeMap;

use parts::fail_point;
use pg::Session;
use pgq::table::{self, Parking, TableInfo};
use pgq::{Batch, batch, foreign_key, node};
use tracing::{info, warn};

use crate::error::During;
use crate::{Error, Result, Worker};

/// The tables that a batch is applied without.
pub(crate) struct Parkings<'a> {
    worker: &'a Worker,
    batch: &'a Batch,
    tables: BTreeMap<String, Cause>,
}

/// Why a table is parked.
struct Cause {
    dest: String,
    error: String,
    code: Option<String>,
    event: Option<i64>,
    prepared: bool,
}

impl<'a> Parkings<'a> {
    pub(crate) fn of(worker: &'a Worker, batch: &'a Batch) -> Parkings<'a> {
        Parkings { worker, batch, tables: BTreeMap::new() }
    }

    /// Whether the batch is applied without this table.
    pub(crate) fn has(&self, table: &str) -> bool {
        self.tables.contains_key(table)
    }

    /// Whether the batch is applied as a whole.
    pub(crate) fn is_empty(&self) -> bool {
        self.tables.is_empty()
    }

    /// Takes in the tables that have failed, for causes of their own or for others that do not pass; false when the
    /// failure is not that of certain tables, or of ones that were left out already.
    pub(crate) async fn add(
        &mut self,
        target: &Session,
        tables: &[TableInfo],
        error: &Error,
    ) -> Result<bool> {
        let mut found = false;
        match error {
            Error::Tables(failures) => {
                for failure in failures {
                    let of = tables.iter().find(|table| table.local && *table.name == *failure.table);
                    found |= of.is_some_and(|table| self.take(table, &failure.error));
                }
            }
            Error::Apply(error) if error.is_of_its_table() || error.is_passing() => {
                let names = table::with_ancestors(&**target, error.table().unwrap_or_default()).await;
                let names = names.during("looking for the table that has failed")?;
                for table in
                    tables.iter().filter(|table| table.local && names.iter().any(|n| n == table.dest()))
                {
                    found |= self.take(table, error);
                }
            }
            _ => {}
        }
        Ok(found)
    }

    /// Takes in a table that is not worked on for a reason that no event has told.
    pub(crate) fn refuse(&mut self, table: &TableInfo, code: &str, error: String) {
        let code = Some(code.to_owned());
        let cause = Cause { dest: table.dest().to_owned(), error, code, event: None, prepared: false };
        self.tables.entry(table.name.clone()).or_insert(cause);
    }

    fn take(&mut self, table: &TableInfo, error: &apply::Error) -> bool {
        let cause = Cause {
            dest: table.dest().to_owned(),
            error: error.to_string(),
            code: error.code().map(|code| code.code().to_owned()),
            event: error.event_id(),
            prepared: false,
        };
        let new = !self.has(&table.name);
        if new {
            self.tables.insert(table.name.clone(), cause);
        }
        new
    }

    /// What has to be there before the target's transaction commits: the consumers at the provider, and no foreign keys
    /// between the parked tables and the others.
    pub(crate) async fn prepare(&mut self, provider: &Session, target: &Session) -> Result<()> {
        let queue = self.worker.config.queue_name.as_str();
        for (name, cause) in self.tables.iter_mut().filter(|(_, cause)| !cause.prepared) {
            cause.prepared = true;
            let consumer = self.worker.config.copy_consumer(name);
            batch::register(&**provider, queue, &consumer, Some(self.batch.previous_tick)).await?;
            let dropped = foreign_key::drop(&**target, &cause.dest).await;
            dropped.during("dropping the foreign keys of a parked table")?;
        }
        Ok(())
    }

    /// Parks the tables, in the transaction of the batch.
    pub(crate) async fn write(&self, target: &Session) -> Result<()> {
        if self.is_empty() {
            return Ok(());
        }
        let (config, client) = (&self.worker.config, &**target);
        let queue = config.queue_name.as_str();
        let provider = node::require(client, queue).await?.provider.unwrap_or_default();
        for (name, cause) in &self.tables {
            if !table::fall_back(client, queue, name).await.during("parking a table")? {
                continue;
            }
            let consumer = config.copy_consumer(name);
            let tick = self.batch.previous_tick;
            node::unregister_consumer(client, queue, &consumer).await?;
            node::register_consumer(client, queue, &consumer, &provider, tick).await?;
            let Cause { error, code, event, .. } = cause;
            let parking = Parking { error, code: code.as_deref(), event: *event, tick: Some(tick) };
            table::park(client, queue, name, &parking).await?;
        }
        fail_point::reached("parking-written");
        Ok(())
    }

    /// Says what has been parked.
    pub(crate) fn tell(&self) {
        let (job, queue) = (&self.worker.config.job_name, &self.worker.config.queue_name);
        for (table, cause) in &self.tables {
            let (event, tick) = (cause.event, self.batch.previous_tick);
            warn!(
                job,
                queue,
                table,
                event,
                tick,
                "table is parked, the others go on: {}; when that is mended: resume-table, or resync",
                cause.error
            );
        }
        if !self.is_empty() {
            self.worker.bell.ring();
            self.worker.noticed.ring();
        }
    }

    /// Ends the subscriptions again: the batch has not been applied. What cannot be ended now is at the worker's next
    /// start.
    pub(crate) async fn withdraw(&self, provider: &Session) {
        let (job, queue) = (&self.worker.config.job_name, &self.worker.config.queue_name);
        for (name, _) in self.tables.iter().filter(|(_, cause)| cause.prepared) {
            let consumer = self.worker.config.copy_consumer(name);
            if let Err(error) = batch::unregister(&**provider, queue, &consumer).await {
                info!(job, queue, consumer, "subscription is left to the next start: {error}");
            }
        }
    }
}
