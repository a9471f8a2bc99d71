//! Applying a batch: its changes and the position in one transaction of the target.

use std::collections::HashMap;

use apply::{Applied, Applier, Decoded, Decoder};
use futures_util::TryStreamExt;
use pg::Session;
use pgq::table::{self, MergeState, TableInfo};
use pgq::{Batch, Snapshot, batch, node, replay};
use tracing::{debug, info, warn};

use crate::error::During;
use crate::{Result, Worker, control};

/// Writes batches into the target; keeps the plans of its tables between them.
pub(crate) struct Replay<'a> {
    worker: &'a Worker,
    decoder: Decoder,
    applier: Applier,
    bypass_triggers: bool,
}

/// What is to be done with a table's changes.
enum Part {
    /// All of them are applied.
    Whole,
    /// Those that the copy has not seen are applied.
    Unseen(Snapshot),
    /// None: its copy does it, or it is not replicated here.
    Nothing,
}

impl<'a> Replay<'a> {
    pub(crate) async fn start(worker: &'a Worker, target: &Session) -> Result<Replay<'a>> {
        apply::pin_session(target).await?;
        let bypass_triggers = replay::may_bypass_triggers(&**target).await?;
        let applier = Applier::new(apply::Options { bypass_triggers, ..apply::Options::default() });
        Ok(Replay { worker, decoder: Decoder::new(), applier, bypass_triggers })
    }

    /// Applies a batch. After a failure nothing of it is left behind.
    pub(crate) async fn apply(
        &mut self,
        provider: &Session,
        target: &Session,
        batch: &Batch,
        tables: Vec<TableInfo>,
    ) -> Result<()> {
        apply::begin(target).await?;
        let written = self.write(provider, target, batch, &tables).await;
        match written {
            Ok(changes) => {
                target.batch_execute("commit").await.during("committing the batch")?;
                let (job, queue) = (&self.worker.config.job_name, &self.worker.config.queue_name);
                debug!(job, queue, tick = batch.tick, changes, "batch applied");
                Ok(())
            }
            Err(error) => {
                self.applier.reset();
                // where even this fails the connection is lost, and the server rolls back
                let _ = target.batch_execute("rollback").await;
                Err(error)
            }
        }
    }

    async fn write(
        &mut self,
        provider: &Session,
        target: &Session,
        batch: &Batch,
        tables: &[TableInfo],
    ) -> Result<u64> {
        let (queue, consumer) = (self.worker.config.queue_name.as_str(), self.worker.config.consumer());
        replay::enter(&**target, self.bypass_triggers).await?;
        let mut parts = self.parts(tables);
        self.decoder.refresh_shapes(provider).await?;
        let mut events = batch::events(&**provider, batch, None).await?;
        let mut changes = 0;
        while let Some(event) = events.try_next().await? {
            match self.decoder.decode(&event)? {
                Decoded::Change(change) => {
                    let wanted = match parts.get(&*change.table) {
                        Some(Part::Whole) => true,
                        Some(Part::Unseen(snapshot)) => !snapshot.contains(change.txid),
                        Some(Part::Nothing) | None => false,
                    };
                    if wanted {
                        self.applier.push(target, change).await?;
                    }
                }
                Decoded::Control(control) => {
                    changes += count(&self.applier.flush(target).await?);
                    if let Some(table) = control::perform(self.worker, target, control).await? {
                        parts.remove(&table);
                        self.applier.forget(&table);
                    }
                }
                Decoded::Unknown => {
                    debug!(queue, event = event.id, kind = event.kind, "event of an unknown type is skipped");
                }
            }
        }
        drop(events);
        changes += count(&self.applier.flush(target).await?);
        self.forget_snapshots(provider, target, batch, tables).await?;
        node::set_completed(&**target, queue, consumer, batch.tick).await?;
        Ok(changes)
    }

    fn parts(&mut self, tables: &[TableInfo]) -> HashMap<String, Part> {
        let mut parts = HashMap::new();
        for table in tables {
            let part = match (table.local && table.state == MergeState::Ok, &table.snapshot) {
                (false, _) => Part::Nothing,
                (true, None) => Part::Whole,
                (true, Some(snapshot)) => match snapshot.parse() {
                    Ok(snapshot) => Part::Unseen(snapshot),
                    Err(error) => {
                        warn!(table = table.name, "custom_snapshot is ignored: {error}");
                        Part::Whole
                    }
                },
            };
            self.applier.set_dest(&table.name, table.dest());
            parts.insert(table.name.clone(), part);
        }
        parts
    }

    /// A copy's snapshot has served once the next batch cannot hold anything that it saw.
    async fn forget_snapshots(
        &self,
        provider: &Session,
        target: &Session,
        batch: &Batch,
        tables: &[TableInfo],
    ) -> Result<()> {
        let queue = self.worker.config.queue_name.as_str();
        let with_snapshot = tables.iter().filter(|t| t.local && t.state == MergeState::Ok && t.snapshot.is_some());
        let mut now: Option<Snapshot> = None;
        for table in with_snapshot {
            if now.is_none() {
                let text = batch::tick_snapshot(&**provider, queue, batch.tick).await?;
                now = text.and_then(|text| text.parse().ok());
            }
            let seen = table.snapshot.as_deref().and_then(|text| text.parse::<Snapshot>().ok());
            if let (Some(now), Some(seen)) = (&now, seen)
                && seen.is_behind(now)
            {
                table::set_state(&**target, queue, &table.name, MergeState::Ok, None).await?;
                info!(queue, table = table.name, "all that the copy saw lies behind: its snapshot is forgotten");
            }
        }
        Ok(())
    }
}

fn count(applied: &Applied) -> u64 {
    applied.tables.values().map(|table| table.changes).sum()
}
