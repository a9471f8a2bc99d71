//! Writing of a transaction: changes are gathered and planned while the target works on the chunk before.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use tokio_postgres::Client;

use super::flight::{Flight, Landed};
use super::{Applier, save};
use crate::applied::{Applied, TableCounts};
use crate::{Change, Error, Op, Result};

/// Takes in the changes of one transaction. While a chunk is on its way, nothing else may be asked of the target: not
/// before [`settle`](Self::settle) or [`flush`](Self::flush).
#[derive(Debug)]
pub struct Writing<'a> {
    applier: &'a mut Applier,
    client: &'a Client,
    flight: Option<Flight<'a>>,
}

impl Applier {
    /// Begins to take in the changes of a transaction that `client` is in, best begun by [`begin`](crate::begin).
    pub fn writing<'a>(&'a mut self, client: &'a Client) -> Writing<'a> {
        Writing { applier: self, client, flight: None }
    }
}

impl Writing<'_> {
    /// Takes in a change; begins to write what has been gathered when it is enough for a chunk, and writes it when the
    /// change is a truncation.
    ///
    /// # Errors
    /// Those of writing, also of changes that were pushed before. The transaction has to be rolled back then, and
    /// [`Applier::reset`] to be called; likewise when the future is dropped.
    pub async fn push(&mut self, change: Change) -> Result<()> {
        let applier = &mut *self.applier;
        if applier.failed.has(&change.table) {
            return Ok(());
        }
        if matches!(change.op, Op::Truncate | Op::TruncatePartition(_)) {
            return self.truncate(change).await;
        }
        applier.gathered.push(change);
        if applier.gathered.is_chunk(&applier.options) {
            self.write().await?;
        }
        Ok(())
    }

    async fn truncate(&mut self, change: Change) -> Result<()> {
        self.write().await?;
        self.settle().await?;
        let (applier, client) = (&mut *self.applier, self.client);
        applier.settle_net_changes(client).await?;
        if applier.failed.has(&change.table) {
            return Ok(());
        }
        if applier.options.isolate {
            save(client, "savepoint londiste_rs_truncate").await?;
        }
        let truncating: BoxFuture<'_, _> = Box::pin(applier.truncate(client, &change));
        match truncating.await {
            Err(error) if applier.options.isolate && error.is_of_its_table() => {
                applier.failed.take(&change.table, error);
                return save(client, "rollback to savepoint londiste_rs_truncate").await;
            }
            done => done?,
        }
        let counts = applier.applied.tables.entry(change.table).or_default();
        counts.add(&TableCounts { changes: 1, truncated: 1, ..TableCounts::default() });
        Ok(())
    }

    /// Begins to write what has been gathered.
    async fn write(&mut self) -> Result<()> {
        let changes = self.applier.gathered.take();
        if changes.is_empty() {
            return Ok(());
        }
        // boxed: a body that is not is compiled anew in each crate that waits for it
        let writing: BoxFuture<'_, _> = Box::pin(self.write_chunk(changes));
        writing.await
    }

    async fn write_chunk(&mut self, mut changes: Vec<Change>) -> Result<()> {
        // the target is still at work on the chunk before
        let planned = self.applier.plan(&changes);
        let landed = self.land().await?;
        let (applier, client) = (&mut *self.applier, self.client);
        let planned = planned.filter(|_| landed != Landed::Otherwise);
        match planned.and_then(|(parts, requests)| applier.take_known(&parts).zip(Some(requests))) {
            Some((tables, requests)) => {
                self.flight = Flight::start(applier, client, landed, tables, requests, changes).await?;
            }
            None => {
                landed.end(client).await?;
                applier.write_chunk(client, &changes, None).await?;
                changes.clear();
                applier.gathered.reuse(changes);
            }
        }
        Ok(())
    }

    /// Waits for the chunk that is on its way.
    async fn land(&mut self) -> Result<Landed> {
        let Some(flight) = self.flight.take() else { return Ok(Landed::Nothing) };
        let (landed, buffer) = flight.land(self.applier, self.client).await?;
        self.applier.gathered.reuse(buffer);
        Ok(landed)
    }

    /// Waits until nothing is on its way any more.
    ///
    /// # Errors
    /// As [`push`](Self::push).
    pub async fn settle(&mut self) -> Result<()> {
        self.land().await?.end(self.client).await
    }

    /// Writes what has been gathered, before anything that has to come after the changes. Returns what was done since
    /// the last flush.
    ///
    /// # Errors
    /// As [`push`](Self::push).
    pub async fn flush(&mut self) -> Result<Applied> {
        self.write().await?;
        self.settle().await?;
        self.applier.settle_net_changes(self.client).await?;
        // a flush may end the transaction, and others may change the tables before the next one begins
        self.applier.catalog_entries.clear();
        self.applier.gathered.begin();
        Ok(std::mem::take(&mut self.applier.applied))
    }

    /// Writes what has been gathered, before the commit. Returns what was done since the last flush.
    ///
    /// # Errors
    /// As [`push`](Self::push).
    pub async fn finish(mut self) -> Result<Applied> {
        self.flush().await
    }

    /// Counts a table as failed whose change could not even be decoded.
    pub fn isolate(&mut self, table: &Arc<str>, error: Error) {
        self.applier.failed.take(table, error);
    }

    /// As [`Applier::forget`]; to be called behind a flush.
    pub fn forget(&mut self, source_table: &str) {
        self.applier.forget(source_table);
    }
}
