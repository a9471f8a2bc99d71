//! Attempts to write a chunk: each one behind a savepoint, in one mode after the other.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use tokio_postgres::{Client, Statement};
use tracing::debug;

use super::{Applier, save};
use crate::target::survey;
use crate::target::survey::splits;
use crate::target::table::Plan;
use crate::write::chunk;
use crate::write::mode::{Attempt, Next, WriteMode, next};
use crate::write::planning::{AS_ESTIMATED, BY_INDEX};
use crate::write::table::{ChunkTable, Part, TargetTable};
use crate::{Change, Error, Result};

/// Chunks written in order after folding had met a collision.
const PATIENCE: u32 = 16;

impl Applier {
    /// Writes what has been gathered.
    pub(super) async fn write(&mut self, client: &Client) -> Result<()> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let changes = std::mem::take(&mut self.buffer);
        self.bytes = 0;
        // boxed: a body that is not is compiled anew in each crate that waits for it
        let writing: BoxFuture<'_, _> = Box::pin(self.write_chunk(client, &changes));
        let written = writing.await;
        self.buffer = changes;
        self.buffer.clear();
        written
    }

    /// Writes a chunk without the tables that fail, where these are isolated.
    async fn write_chunk(&mut self, client: &Client, changes: &[Change]) -> Result<()> {
        let mut parts = chunk::parts(changes);
        loop {
            parts.retain(|part| !self.failed.has(&part.table));
            if parts.is_empty() {
                return Ok(());
            }
            for part in &parts {
                if let Some(TargetTable { plan, net_changes: Some(net_changes), .. }) =
                    self.tables.get_mut(&part.table)
                {
                    net_changes.create(client, plan).await?;
                }
            }
            save(client, &format!("savepoint londiste_rs_chunk; {BY_INDEX}")).await?;
            match self.write_tables(client, changes, &parts).await {
                Ok(()) => {
                    return save(client, &format!("release savepoint londiste_rs_chunk; {AS_ESTIMATED}"))
                        .await;
                }
                Err(error) => {
                    let failed = parts.iter().map(|part| &part.table).find(|table| {
                        error.table().is_some_and(|of| splits(of).eq(splits(self.dest_of(table))))
                    });
                    let isolated = failed.filter(|_| self.options.isolate && error.is_of_its_table());
                    let Some(failed) = isolated.map(Arc::clone) else { return Err(error) };
                    self.failed.take(&failed, error);
                    self.catalog_entries.clear();
                    save(client, "rollback to savepoint londiste_rs_chunk").await?;
                }
            }
        }
    }

    /// Writes tables of a chunk in the first mode that works.
    async fn write_tables(&mut self, client: &Client, changes: &[Change], parts: &[Part]) -> Result<()> {
        let (bypass, on_conflict) = (self.options.bypass_triggers, self.options.on_conflict);
        let mut attempt = Attempt { mode: WriteMode::Folded, bypass, on_conflict };
        let mut anew = false;
        loop {
            let mut tables = self.take_tables(client, changes, parts).await?;
            let written = chunk::write(client, &mut tables, changes, &attempt).await;
            let Err(error) = written else {
                tables.into_iter().for_each(|table| self.written(table));
                return Ok(());
            };
            let next = match next(&error, &attempt) {
                // what was gathered is known by its table alone
                Next::Anew if anew || tables.iter().any(|table| table.target.net_changes.is_some()) => {
                    Next::GiveUp
                }
                next => next,
            };
            // a collision on the way is likely to be met again; a value that does not fit is not
            if attempt.mode == WriteMode::Folded
                && matches!(next, Next::Mode(WriteMode::InOrder(_)))
                && error.code().is_some_and(|code| code.code().starts_with("23"))
            {
                tables.iter_mut().for_each(|table| table.target.ordered_for = PATIENCE);
            }
            if next != Next::Anew {
                for ChunkTable { part, target, .. } in tables {
                    self.tables.insert(part.table, target);
                }
            }
            match next {
                Next::GiveUp => return Err(error),
                Next::Anew => anew = true,
                Next::Mode(mode) => attempt.mode = mode,
            }
            debug!(%error, ?next, "chunk is written again");
            self.catalog_entries.clear();
            save(client, &format!("rollback to savepoint londiste_rs_chunk; {BY_INDEX}")).await?;
        }
    }

    pub(super) async fn look_at(
        &mut self,
        client: &Client,
        survey: &Statement,
        tables: &[Arc<str>],
    ) -> Result<()> {
        let dest: Vec<&str> = tables.iter().map(|table| self.dest_of(table)).collect();
        let entries = survey::run(client, survey, &dest).await?;
        for (table, entry) in tables.iter().zip(entries) {
            entry.and_then(|entry| self.catalog_entries.insert(Arc::clone(table), entry));
        }
        Ok(())
    }

    /// Puts a table back whose part of a chunk is written.
    fn written(&mut self, table: ChunkTable) {
        let ChunkTable { part: Part { table, .. }, target, counts, conflicts } = table;
        self.applied.tables.entry(Arc::clone(&table)).or_default().add(&counts);
        if conflicts.count > 0 {
            self.applied.conflicts.entry(Arc::clone(&table)).or_default().append(conflicts);
        }
        self.tables.insert(table, target);
    }

    /// Takes the tables of a chunk out, made or made anew where the target's table is not what it was.
    pub(super) async fn take_tables(
        &mut self,
        client: &Client,
        changes: &[Change],
        parts: &[Part],
    ) -> Result<Vec<ChunkTable>> {
        if !parts.iter().all(|part| self.catalog_entries.contains_key(&part.table)) {
            let statement = match &self.survey {
                Some(statement) => statement.clone(),
                None => self.survey.insert(survey::prepare(client).await?).clone(),
            };
            let tables: Vec<Arc<str>> = parts.iter().map(|part| Arc::clone(&part.table)).collect();
            self.look_at(client, &statement, &tables).await?;
        }
        let mut known = Vec::with_capacity(parts.len());
        let mut unknown = Vec::new();
        for part in parts {
            let event_id = part.positions.first().map(|at| changes[*at].event_id).unwrap_or_default();
            let dest = self.dest_of(&part.table).to_owned();
            let entry = self.catalog_entries.get(&part.table).cloned();
            let entry = entry.ok_or_else(|| Error::TableMissing { table: dest.clone(), event_id })?;
            let table = self.tables.remove(&part.table).filter(|table| {
                let was = &table.plan.catalog_entry;
                was.oid == entry.oid && was.fingerprint == entry.fingerprint
            });
            known.push(table.map(|mut table| {
                table.plan.catalog_entry = entry.clone();
                table.trim();
                table
            }));
            if known.last().is_some_and(Option::is_none) {
                unknown.push((dest, entry));
            }
        }
        let mut read =
            if unknown.is_empty() { Vec::new() } else { Plan::load(client, unknown).await? }.into_iter();
        let mut tables = Vec::with_capacity(parts.len());
        for (part, table) in parts.iter().zip(known) {
            let missing = || {
                let event_id = part.positions.first().map(|at| changes[*at].event_id).unwrap_or_default();
                Error::TableMissing { table: self.dest_of(&part.table).to_owned(), event_id }
            };
            let mut target = match table {
                Some(table) => table,
                None => TargetTable::new(read.next().flatten().ok_or_else(missing)?),
            };
            target.plan.source = self.sources.get(&part.table).map(Arc::clone);
            target.plan.missing_columns = self.options.missing_columns;
            tables.push(ChunkTable::new(part.clone(), target));
        }
        Ok(tables)
    }
}
