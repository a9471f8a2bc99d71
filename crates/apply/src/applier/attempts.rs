//! Attempts to write a chunk: each one behind a savepoint, in one mode after the other.

use std::sync::Arc;

use tokio_postgres::{Client, Statement};
use tracing::debug;

use super::{Applier, save};
use crate::target::survey;
use crate::target::survey::splits;
use crate::target::table::Plan;
use crate::write::chunk;
use crate::write::mode::{Attempt, Next, WriteMode, next};
use crate::write::planning::{AS_ESTIMATED, BY_INDEX};
use crate::write::request::Request;
use crate::write::table::{ChunkTable, Part, Share, TargetTable};
use crate::{Change, Error, Result};

/// Chunks written in order after folding had met a collision.
const PATIENCE: u32 = 16;

/// Parts of a chunk whose first attempt has failed, behind the savepoint of a chunk.
pub(super) struct Failed {
    pub(super) parts: Vec<Part>,
    pub(super) error: Error,
}

impl Applier {
    fn first_attempt(&self) -> Attempt {
        let (bypass, on_conflict) = (self.options.bypass_triggers, self.options.on_conflict);
        Attempt { mode: WriteMode::Folded, bypass, on_conflict }
    }

    /// The tables that changes are of, and their places among them.
    fn parts(&self, changes: &[Change]) -> Vec<Part> {
        let mut parts = chunk::parts(changes);
        parts.retain(|part| !self.failed.has(&part.table));
        parts
    }

    /// What has to be sent to write the changes as a chunk; `None` where the server has to be asked first, or the
    /// changes cannot be written as they are: [`write_chunk`](Self::write_chunk) does.
    pub(super) fn plan(&mut self, changes: &[Change]) -> Option<(Vec<Part>, Vec<Request>)> {
        let parts = self.parts(changes);
        let mut tables = self.take_known(&parts)?;
        let requests = chunk::plan(&mut tables, changes, &self.first_attempt());
        self.put_back(tables);
        Some((parts, requests.ok()?))
    }

    /// Writes a chunk without the tables that fail, where these are isolated, and waits until it is written.
    pub(super) async fn write_chunk(
        &mut self,
        client: &Client,
        changes: &[Change],
        mut failed: Option<Failed>,
    ) -> Result<()> {
        loop {
            let (parts, error) = match failed.take() {
                Some(Failed { parts, error }) => (parts, Some(error)),
                None => (self.parts(changes), None),
            };
            if parts.is_empty() {
                return Ok(());
            }
            if error.is_none() {
                for part in &parts {
                    if let Some(TargetTable { plan, net_changes: Some(net_changes), .. }) =
                        self.tables.get_mut(&part.table)
                    {
                        net_changes.create(client, plan).await?;
                    }
                }
                save(client, &format!("savepoint londiste_rs_chunk; {BY_INDEX}")).await?;
            }
            match self.write_tables(client, changes, &parts, error).await {
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

    /// Writes tables of a chunk in the first mode that works; `failed`: the first one has been tried.
    async fn write_tables(
        &mut self,
        client: &Client,
        changes: &[Change],
        parts: &[Part],
        mut failed: Option<Error>,
    ) -> Result<()> {
        let mut attempt = self.first_attempt();
        let mut anew = false;
        loop {
            let error = match failed.take() {
                Some(error) => error,
                None => match self.attempt(client, changes, parts, &attempt).await {
                    Ok(shares) => {
                        shares.into_iter().for_each(|share| self.written(share));
                        return Ok(());
                    }
                    Err(error) => error,
                },
            };
            let mut tables = parts.iter().map(|part| &part.table);
            let gathered = |table: &Arc<str>| self.tables.get(table).is_some_and(|t| t.net_changes.is_some());
            let next = match next(&error, &attempt) {
                // what was gathered is known by its table alone
                Next::Anew if anew || tables.any(gathered) => Next::GiveUp,
                next => next,
            };
            // a collision on the way is likely to be met again; a value that does not fit is not
            let collides = attempt.mode == WriteMode::Folded
                && matches!(next, Next::Mode(WriteMode::InOrder(_)))
                && error.code().is_some_and(|code| code.code().starts_with("23"));
            for part in parts {
                if next == Next::Anew {
                    self.tables.remove(&part.table);
                } else if collides && let Some(table) = self.tables.get_mut(&part.table) {
                    table.ordered_for = PATIENCE;
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

    async fn attempt(
        &mut self,
        client: &Client,
        changes: &[Change],
        parts: &[Part],
        attempt: &Attempt,
    ) -> Result<Vec<Share>> {
        let mut tables = self.take_tables(client, changes, parts).await?;
        let written = chunk::write(client, &mut tables, changes, attempt).await;
        let shares = self.put_back(tables);
        written.map(|()| shares)
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

    /// Counts what has become of a table's share in a chunk.
    pub(super) fn written(&mut self, share: Share) {
        let Share { part: Part { table, .. }, counts, conflicts, .. } = share;
        if conflicts.count > 0 {
            self.applied.conflicts.entry(Arc::clone(&table)).or_default().append(conflicts);
        }
        self.applied.tables.entry(table).or_default().add(&counts);
    }

    /// Puts the tables of a chunk back; what is left are their shares in it.
    pub(super) fn put_back(&mut self, tables: Vec<ChunkTable>) -> Vec<Share> {
        let put_back = |ChunkTable { target, share }| {
            self.tables.insert(Arc::clone(&share.part.table), target);
            share
        };
        tables.into_iter().map(put_back).collect()
    }

    /// Takes the tables of a chunk out, if all of them are known and have been looked at in this transaction, and none
    /// is gathered on the target.
    pub(super) fn take_known(&mut self, parts: &[Part]) -> Option<Vec<ChunkTable>> {
        let is_known = |part: &Part| {
            let table = self.tables.get(&part.table).filter(|table| table.net_changes.is_none());
            table.zip(self.catalog_entries.get(&part.table)).is_some_and(|(table, entry)| table.fits(entry))
        };
        if !parts.iter().all(is_known) {
            return None;
        }
        parts
            .iter()
            .map(|part| self.take_table(&part.table).map(|table| self.of_chunk(part, table)))
            .collect()
    }

    /// Takes a table out that is what the catalog says.
    fn take_table(&mut self, table: &Arc<str>) -> Option<TargetTable> {
        let entry = self.catalog_entries.get(table)?;
        let mut target = self.tables.remove(table).filter(|target| target.fits(entry))?;
        target.plan.catalog_entry = entry.clone();
        target.trim();
        Some(target)
    }

    fn of_chunk(&self, part: &Part, mut target: TargetTable) -> ChunkTable {
        target.plan.source = self.sources.get(&part.table).map(Arc::clone);
        target.plan.missing_columns = self.options.missing_columns;
        ChunkTable::new(part.clone(), target, self.options.bypass_triggers)
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
            known.push(self.take_table(&part.table));
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
            let target = match table {
                Some(table) => table,
                None => TargetTable::new(read.next().flatten().ok_or_else(missing)?),
            };
            tables.push(self.of_chunk(part, target));
        }
        Ok(tables)
    }
}
