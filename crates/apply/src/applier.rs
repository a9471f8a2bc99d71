//! The face of this crate towards consumer and copier: changes go in, rows are written in their transaction.

use std::collections::HashMap;
use std::sync::Arc;

use tokio_postgres::{Client, Statement};
use tracing::debug;

use crate::applied::{Applied, TableCounts};
use crate::conflict::Conflicts;
use crate::options::Options;
use crate::target::survey;
use crate::target::survey::{CatalogEntry, splits};
use crate::target::table::Plan;
use crate::write::chunk::WriteMode;
use crate::write::failed_tables::{FailedTables, Failure};
use crate::write::net_changes::NetChanges;
use crate::write::refusal::Next;
use crate::write::truncate::truncate;
use crate::write::{chunk, deferred_checks, refusal};
use crate::{Change, Error, Op, Result, Source};

/// Writes changes into the target, over one connection: plans and prepared statements live as long as the connection does. A new
/// connection needs a new applier.
#[derive(Debug)]
pub struct Applier {
    options: Options,
    /// Destination tables by source table, where the names differ.
    dest: HashMap<String, String>,
    plans: HashMap<Arc<str>, Plan>,
    /// What the source says about tables whose events have columns that the target lacks.
    sources: HashMap<Arc<str>, Arc<Source>>,
    /// What the catalog said in this transaction.
    catalog_entries: HashMap<Arc<str>, CatalogEntry>,
    survey: Option<Statement>,
    buffer: Vec<Change>,
    bytes: usize,
    applied: Applied,
    failed: FailedTables,
}

/// How many times its size a chunk may grow to while rows change their keys.
const PATIENT_CHUNKS: usize = 4;
/// Chunks written in order after folding had met a collision.
const PATIENCE: u32 = 16;

impl Applier {
    /// An applier that knows no table yet.
    pub fn new(options: Options) -> Applier {
        Applier {
            options,
            dest: HashMap::new(),
            plans: HashMap::new(),
            sources: HashMap::new(),
            catalog_entries: HashMap::new(),
            survey: None,
            buffer: Vec::new(),
            bytes: 0,
            applied: Applied::default(),
            failed: FailedTables::default(),
        }
    }

    /// Says where the changes of a source table go; to the table of the same name unless told. Both are `schema.table`.
    pub fn set_dest(&mut self, source_table: &str, dest_table: &str) {
        if self.dest_of(source_table) == dest_table {
            return;
        }
        self.forget(source_table);
        self.dest.insert(source_table.to_owned(), dest_table.to_owned());
    }

    fn dest_of<'a>(&'a self, source_table: &'a str) -> &'a str {
        self.dest.get(source_table).map_or(source_table, String::as_str)
    }

    /// Takes in what the source says about a table, named as there, after [`Error::SourceUnknown`].
    pub fn learn(&mut self, source_table: &str, source: Source) {
        self.sources.insert(Arc::from(source_table), Arc::new(source));
    }

    /// The tables that it has learned about, with the columns that were asked for.
    pub fn learned(&self) -> impl Iterator<Item = (&str, &[String])> {
        self.sources.iter().map(|(table, source)| (&**table, source.asked()))
    }

    /// Takes in a change; writes what has been gathered when it is enough for a chunk, or when the change is a truncation.
    /// `client` is in the caller's transaction, best begun by [`begin`](crate::begin).
    ///
    /// # Errors
    /// Those of writing. The transaction has to be rolled back then, and [`reset`](Self::reset) to be called; likewise when the future
    /// is dropped.
    pub async fn push(&mut self, client: &Client, change: Change) -> Result<()> {
        if self.failed.has(&change.table) {
            return Ok(());
        }
        if matches!(change.op, Op::Truncate | Op::TruncatePartition(_)) {
            self.write(client).await?;
            self.settle_net_changes(client).await?;
            if self.options.isolate {
                save(client, "savepoint londiste_rs_truncate").await?;
            }
            match self.truncate(client, &change).await {
                Err(error) if self.options.isolate && error.is_of_its_table() => {
                    self.failed.take(&change.table, error);
                    return save(client, "rollback to savepoint londiste_rs_truncate").await;
                }
                done => done?,
            }
            let counts = self.applied.tables.entry(change.table).or_default();
            counts.add(&TableCounts { changes: 1, truncated: 1, ..TableCounts::default() });
            return Ok(());
        }
        self.bytes += change.size();
        self.buffer.push(change);
        let full = self.buffer.len() >= self.options.chunk_changes || self.bytes >= self.options.chunk_bytes;
        if full && !self.between_moves() {
            self.write(client).await?;
        }
        Ok(())
    }

    async fn truncate(&mut self, client: &Client, change: &Change) -> Result<()> {
        let table = std::slice::from_ref(&change.table);
        let mut plans = self.plans(client, std::slice::from_ref(change), table, &[vec![0]]).await?;
        let Some(plan) = plans.pop() else { return Ok(()) };
        let truncated = truncate(client, &plan, change).await;
        self.plans.insert(Arc::clone(&change.table), plan);
        truncated
    }

    /// The last change may be one of several that exchange keys and have to be written together.
    fn between_moves(&self) -> bool {
        self.bytes < PATIENT_CHUNKS * self.options.chunk_bytes
            && self.buffer.last().is_some_and(Change::moves)
    }

    /// Writes what has been gathered: before the commit, and before anything that has to come after the changes. Returns what was done
    /// since the last flush.
    ///
    /// # Errors
    /// As [`push`](Self::push).
    pub async fn flush(&mut self, client: &Client) -> Result<Applied> {
        self.write(client).await?;
        self.settle_net_changes(client).await?;
        // a flush may end the transaction, and others may change the tables before the next one begins
        self.catalog_entries.clear();
        Ok(std::mem::take(&mut self.applied))
    }

    /// From now on gathers the table's changes on the target and writes them at each flush: slower, and whatever the order in which its rows
    /// take values of unique columns from each other. To be called between transactions, after an error that
    /// [is a collision](Error::is_collision). False where it cannot be done, or is being done.
    ///
    /// # Errors
    /// [`Error::Server`].
    pub async fn gather(&mut self, client: &Client, source_table: &str) -> Result<bool> {
        let bypass = self.options.bypass_triggers;
        let Some(plan) = self.plans.get_mut(source_table).filter(|plan| plan.net_changes.is_none()) else {
            return Ok(false);
        };
        plan.net_changes = NetChanges::of(client, plan, bypass).await?;
        Ok(plan.net_changes.is_some())
    }

    /// Writes all tables as they come again.
    pub fn gather_no_more(&mut self) {
        self.plans.values_mut().for_each(|plan| plan.net_changes = None);
    }

    /// Writes what has been gathered of single tables.
    async fn settle_net_changes(&mut self, client: &Client) -> Result<()> {
        let (bypass, on_conflict) = (self.options.bypass_triggers, self.options.on_conflict);
        for (table, plan) in &mut self.plans {
            let Some(mut net_changes) = plan.net_changes.take_if(|_| !self.failed.has(table)) else {
                continue;
            };
            save(client, "savepoint londiste_rs_spool").await?;
            let mut conflicts = Conflicts::default();
            let settled = net_changes.settle(client, plan, bypass, on_conflict, &mut conflicts).await;
            plan.net_changes = Some(net_changes);
            match settled {
                Err(error) if self.options.isolate && error.is_of_its_table() => {
                    self.failed.take(table, error);
                    save(client, "rollback to savepoint londiste_rs_spool").await?;
                }
                settled => {
                    let counts = settled?;
                    save(client, "release savepoint londiste_rs_spool").await?;
                    if counts != TableCounts::default() {
                        self.applied.tables.entry(Arc::clone(table)).or_default().add(&counts);
                    }
                    if conflicts.count > 0 {
                        self.applied.conflicts.entry(Arc::clone(table)).or_default().append(conflicts);
                    }
                }
            }
        }
        Ok(())
    }

    /// Counts a table as failed whose change could not even be decoded.
    pub fn isolate(&mut self, table: &Arc<str>, error: Error) {
        self.failed.take(table, error);
    }

    /// The tables that have failed since the transaction began, by a cause of their own.
    pub fn failures(&mut self) -> Vec<Failure> {
        self.failed.failures()
    }

    /// Checks the deferred constraints of each known table, and counts those as failed that fail: at the commit itself, not
    /// every check tells its table. To be called
    /// behind the last flush.
    ///
    /// # Errors
    /// As [`push`](Self::push).
    pub async fn check_deferred(&mut self, client: &Client) -> Result<()> {
        for (table, plan) in &self.plans {
            save(client, "savepoint londiste_rs_check").await?;
            match deferred_checks::check(client, plan).await {
                Err(error) if self.options.isolate && error.is_of_its_table() => {
                    self.failed.take(table, error);
                    save(client, "rollback to savepoint londiste_rs_check").await?;
                }
                checked => checked?,
            }
        }
        Ok(())
    }

    /// Forgets what is known of all tables' structure, and all prepared statements.
    pub fn forget_all(&mut self) {
        self.plans.clear();
        self.catalog_entries.clear();
        self.survey = None;
    }

    /// Forgets what has been gathered: the transaction was rolled back.
    pub fn reset(&mut self) {
        self.failed.clear();
        self.plans.values_mut().filter_map(|plan| plan.net_changes.as_mut()).for_each(NetChanges::forget);
        self.buffer.clear();
        self.bytes = 0;
        self.catalog_entries.clear();
        self.applied = Applied::default();
    }

    /// Forgets what is known of a table's structure. It is noticed anyway when the target's table changes between transactions.
    pub fn forget(&mut self, source_table: &str) {
        self.plans.remove(source_table);
        self.sources.remove(source_table);
        self.catalog_entries.remove(source_table);
    }

    async fn write(&mut self, client: &Client) -> Result<()> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let changes = std::mem::take(&mut self.buffer);
        self.bytes = 0;
        let written = self.write_chunk(client, &changes).await;
        self.buffer = changes;
        self.buffer.clear();
        written
    }

    async fn write_chunk(&mut self, client: &Client, changes: &[Change]) -> Result<()> {
        let (mut tables, mut positions) = chunk::tables(changes);
        loop {
            let at: Vec<usize> = (0..tables.len()).filter(|at| self.failed.has(&tables[*at])).collect();
            for at in at.into_iter().rev() {
                tables.remove(at);
                positions.remove(at);
            }
            if tables.is_empty() {
                return Ok(());
            }
            for table in &tables {
                if let Some(plan) = self.plans.get_mut(table)
                    && let Some(mut net_changes) = plan.net_changes.take()
                {
                    let created = net_changes.create(client, plan).await;
                    plan.net_changes = Some(net_changes);
                    created?;
                }
            }
            save(client, "savepoint londiste_rs_chunk").await?;
            match self.write_tables(client, changes, &tables, &positions).await {
                Ok(()) => return save(client, "release savepoint londiste_rs_chunk").await,
                Err(error) => {
                    let failed = tables.iter().filter(|table| {
                        error.table().is_some_and(|of| splits(of).eq(splits(self.dest_of(table))))
                    });
                    let failed: Vec<Arc<str>> = failed.cloned().collect();
                    let Some(first) =
                        failed.first().filter(|_| self.options.isolate && error.is_of_its_table())
                    else {
                        return Err(error);
                    };
                    self.failed.take(first, error);
                    self.catalog_entries.clear();
                    save(client, "rollback to savepoint londiste_rs_chunk").await?;
                }
            }
        }
    }

    async fn write_tables(
        &mut self,
        client: &Client,
        changes: &[Change],
        tables: &[Arc<str>],
        positions: &[Vec<usize>],
    ) -> Result<()> {
        let (bypass, on_conflict) = (self.options.bypass_triggers, self.options.on_conflict);
        let mut mode = WriteMode { bypass, on_conflict, ..WriteMode::default() };
        let mut anew = false;
        loop {
            let mut plans = self.plans(client, changes, tables, positions).await?;
            let mut counts = vec![TableCounts::default(); tables.len()];
            let mut conflicts = vec![Conflicts::default(); tables.len()];
            let written =
                chunk::write(client, &mut plans, changes, positions, &mode, &mut counts, &mut conflicts)
                    .await;
            let next = match &written {
                Ok(()) => None,
                Err(error) => Some(match refusal::next(error, &mode) {
                    // what was gathered is known by its plan alone
                    Next::Anew if anew || plans.iter().any(|plan| plan.net_changes.is_some()) => Next::GiveUp,
                    next => next,
                }),
            };
            if let (Some(Next::InOrder), Err(error)) = (next, &written) {
                // a collision on the way is likely to be met again; a value that does not fit is not
                if error.code().is_some_and(|code| code.code().starts_with("23")) {
                    plans.iter_mut().for_each(|plan| plan.ordered_for = PATIENCE);
                }
            }
            for (table, plan) in tables.iter().zip(plans) {
                if next != Some(Next::Anew) {
                    self.plans.insert(Arc::clone(table), plan);
                }
            }
            match (next, written) {
                (None, _) => {
                    for ((table, counts), conflicts) in tables.iter().zip(&counts).zip(conflicts) {
                        self.applied.tables.entry(Arc::clone(table)).or_default().add(counts);
                        if conflicts.count > 0 {
                            self.applied.conflicts.entry(Arc::clone(table)).or_default().append(conflicts);
                        }
                    }
                    return Ok(());
                }
                (Some(Next::GiveUp), written) => return written,
                (Some(next), written) => {
                    debug!(
                        error = written.err().map(tracing::field::display),
                        ?next,
                        "chunk is written again"
                    );
                    mode.in_order |= next != Next::Anew;
                    mode.careful |= next == Next::Careful;
                    mode.single |= next == Next::Single;
                    mode.apart = next == Next::Apart || (mode.apart && next != Next::Careful);
                    anew |= next == Next::Anew;
                    self.catalog_entries.clear();
                    save(client, "rollback to savepoint londiste_rs_chunk").await?;
                }
            }
        }
    }

    /// Takes the plans of a chunk's tables out, made or made anew where the target's table is not what it was.
    async fn plans(
        &mut self,
        client: &Client,
        changes: &[Change],
        tables: &[Arc<str>],
        positions: &[Vec<usize>],
    ) -> Result<Vec<Plan>> {
        if !tables.iter().all(|table| self.catalog_entries.contains_key(table)) {
            let statement = match &self.survey {
                Some(statement) => statement.clone(),
                None => self.survey.insert(survey::prepare(client).await?).clone(),
            };
            let dest: Vec<&str> = tables.iter().map(|table| self.dest_of(table)).collect();
            let catalog_entries = survey::run(client, &statement, &dest).await?;
            for (table, catalog_entry) in tables.iter().zip(catalog_entries) {
                catalog_entry
                    .and_then(|catalog_entry| self.catalog_entries.insert(Arc::clone(table), catalog_entry));
            }
        }
        let mut plans = Vec::with_capacity(tables.len());
        for (table, positions) in tables.iter().zip(positions) {
            let event_id = positions.first().map(|at| changes[*at].event_id).unwrap_or_default();
            let dest = self.dest_of(table).to_owned();
            let catalog_entry = self.catalog_entries.get(table).cloned();
            let catalog_entry =
                catalog_entry.ok_or_else(|| Error::TableMissing { table: dest.clone(), event_id })?;
            let known = self.plans.remove(table);
            let known = known.filter(|p| {
                p.catalog_entry.oid == catalog_entry.oid
                    && p.catalog_entry.fingerprint == catalog_entry.fingerprint
            });
            let mut plan = match known {
                Some(mut plan) => {
                    plan.catalog_entry = catalog_entry;
                    plan.trim();
                    plan
                }
                None => Plan::load(client, &dest, catalog_entry, event_id).await?,
            };
            plan.source = self.sources.get(table).map(Arc::clone);
            plan.missing_columns = self.options.missing_columns;
            plans.push(plan);
        }
        Ok(plans)
    }
}

async fn save(client: &Client, sql: &str) -> Result<()> {
    client.batch_execute(sql).await.map_err(Error::server("setting a savepoint on the target"))
}
