//! Replay of a batch for tables that are caught up: the changes that the copy's snapshot did not see.

use apply::{Applier, Decoded, Decoder};
use futures_util::TryStreamExt;
use parts::fail_point;
use pgq::copy::read_tick;
use pgq::reading::Selection;
use pgq::{Batch, Snapshot, conflict, identity, node, position, replay, skipped};
use tokio::time::Instant;
use tracing::debug;

use crate::chunked::staging::Position;
use crate::error::During;
use crate::schedule::connections::Sides;
use crate::states::group_state::Tables;
use crate::{Copier, Error, Result};

/// Applies the tables' events of the copy's batches.
pub(crate) struct Replay<'a> {
    copier: &'a Copier,
    decoder: Decoder,
    applier: Applier,
    bypass_triggers: bool,
}

impl<'a> Replay<'a> {
    pub(crate) async fn start(copier: &'a Copier, sides: &Sides) -> Result<Replay<'a>> {
        let bypass_triggers = replay::may_bypass_triggers(&*sides.target).await?;
        let on_conflict = copier.config.on_conflict;
        let missing_columns = copier.config.missing_columns;
        let options =
            apply::Options { bypass_triggers, on_conflict, missing_columns, ..apply::Options::default() };
        Ok(Replay { copier, decoder: Decoder::new(), applier: Applier::new(options), bypass_triggers })
    }

    /// Whether the target has the batch already: it was committed there, and not finished at the provider.
    pub(crate) async fn is_applied(&self, sides: &Sides, batch: &Batch) -> Result<bool> {
        let (queue, consumer) = (self.copier.config.queue_name.as_str(), self.copier.consumer.as_str());
        match Position::of(&sides.target, queue, consumer, batch).await? {
            Position::Next => Ok(false),
            Position::Applied => Ok(true),
            Position::Lost(completed) => Err(Error::LostPosition {
                consumer: consumer.to_owned(),
                table: self.copier.table.clone(),
                completed,
                previous: batch.previous_tick,
                tick: batch.tick,
            }),
        }
    }

    pub(crate) async fn apply(&mut self, sides: &Sides, tables: &Tables, batch: &Batch) -> Result<()> {
        let mut attempt = self.attempt(sides, tables, batch).await;
        while let Err(Error::Apply(apply::Error::SourceUnknown { table, columns, .. })) = &attempt {
            self.ask(sides, tables, table, columns.clone()).await?;
            attempt = self.attempt(sides, tables, batch).await;
        }
        match attempt {
            Err(Error::Apply(error)) if error.is_collision() => {
                let mut any = false;
                for name in tables.names() {
                    any |= self.applier.gather(&sides.target, name).await?;
                }
                if !any {
                    return Err(error.into());
                }
                let again = self.attempt(sides, tables, batch).await;
                self.applier.gather_no_more();
                again
            }
            done => done,
        }
    }

    /// Asks the provider about columns that the target's table `dest` lacks.
    async fn ask(&mut self, sides: &Sides, tables: &Tables, dest: &str, columns: Vec<String>) -> Result<()> {
        let mut skipped = skipped::list(&*sides.target, &self.copier.config.queue_name).await?;
        let plain = |name: &str| pg::QualifiedName::from_plain(name).plain();
        for info in tables.all().filter(|info| plain(info.dest()) == plain(dest)) {
            let skipped = skipped.remove(&info.name).unwrap_or_default();
            let source = apply::Source::ask(&sides.provider, &info.name, columns.clone(), skipped).await?;
            self.applier.learn(&info.name, source);
        }
        Ok(())
    }

    async fn attempt(&mut self, sides: &Sides, tables: &Tables, batch: &Batch) -> Result<()> {
        let target: &pg::Client = &sides.target;
        apply::begin(target, self.copier.config.limits).await?;
        match self.write(sides, tables, batch).await {
            Ok(()) => {
                fail_point::reached("catch-up-before-commit");
                pg::commit(target).await.during("committing the batch")
            }
            Err(error) => {
                self.applier.reset();
                // where even this fails the connection is lost, and the server rolls back
                let _ = target.batch_execute("rollback").await;
                Err(error)
            }
        }
    }

    async fn write(&mut self, sides: &Sides, tables: &Tables, batch: &Batch) -> Result<()> {
        let (queue, target): (_, &pg::Client) = (self.copier.config.queue_name.as_str(), &sides.target);
        let began = Instant::now();
        let seen: Option<Snapshot> = tables.first.snapshot.as_deref().and_then(|text| text.parse().ok());
        let standing = node::count_at(target, queue, &tables.consumers(), batch.previous_tick).await?;
        if standing != tables.consumers.len() {
            return Err(Error::Parted { table: tables.first.name.clone(), tick: batch.previous_tick });
        }
        tables.all().for_each(|info| self.applier.set_dest(&info.name, info.dest()));
        replay::enter(target, self.bypass_triggers).await?;
        self.decoder.refresh_shapes(&*sides.provider).await?;
        let mut bytes = 0;
        let mut events = batch.events(&*sides.provider, Selection::Tables(&tables.names())).await?;
        let mut writing = self.applier.writing(target);
        while let Some(event) = events.try_next().await? {
            if seen.as_ref().is_some_and(|seen| seen.contains(event.txid)) {
                continue;
            }
            if let Decoded::Change(change) = self.decoder.decode(&event)? {
                bytes += change.text_bytes();
                writing.push(change).await?;
            }
        }
        drop(events);
        let applied = writing.finish().await?;
        let exchanged = identity::exchanged_here(target, queue, &tables.names()).await?;
        if let Some(table) = exchanged.into_iter().next() {
            return Err(Error::Exchanged { table });
        }
        for (table, found) in &applied.conflicts {
            let Some(last) = &found.last else { continue };
            let count = i64::try_from(found.count).unwrap_or(i64::MAX);
            let last = conflict::Last { op: last.op, key: &last.key, event: last.event_id };
            conflict::count(target, queue, table, count, &last).await?;
        }
        let changes: u64 = applied.tables.values().map(|table| table.changes).sum();
        self.copier.report.applied(batch, changes, bytes, began.elapsed());
        let (table, together) = (&tables.first.name, tables.consumers.len());
        debug!(queue, table, together, tick = batch.tick, changes, "batch applied by the copy");
        let provider: &pg::Client = &sides.provider;
        if let Some((table, tick)) =
            read_tick::check(target, provider, queue, &tables.names(), batch.tick).await?
        {
            return Err(Error::SourceSetBack { table, tick });
        }
        position::complete_all(target, queue, &tables.consumers(), batch.tick, &batch.mark).await?;
        Ok(())
    }
}
