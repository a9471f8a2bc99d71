//! Applier, the face of this crate towards consumer and copier: changes go in, rows are written in their transaction.

mod attempts;
mod flight;
mod gathered;
pub(crate) mod writing;

use std::collections::HashMap;
use std::sync::Arc;

use futures_util::future::{BoxFuture, join3};
use tokio_postgres::{Client, Statement};

use gathered::Gathered;

use crate::applied::{Applied, TableCounts};
use crate::conflict::Conflicts;
use crate::options::Options;
use crate::target::survey::CatalogEntry;
use crate::write::deferred_checks;
use crate::write::failed_tables::{FailedTables, Failure};
use crate::write::net_changes::NetChanges;
use crate::write::planning::{AS_ESTIMATED, BY_INDEX};
use crate::write::table::{ChunkTable, Part, TargetTable};
use crate::write::truncate::truncate;
use crate::{Change, Error, Result, Source};

/// Writes changes into the target, over one connection: plans and prepared statements live as long as the connection
/// does. A new connection needs a new applier.
///
/// ```no_run
/// use apply::{Applier, Change, Options};
///
/// # async fn batch(target: pg::Session, changes: Vec<Change>) -> Result<(), Box<dyn std::error::Error>> {
/// apply::pin_session(&target).await?;
/// let mut applier = Applier::new(Options::default());
/// target.batch_execute("begin").await?;
/// let mut writing = applier.writing(&target);
/// for change in changes {
///     writing.push(change).await?;
/// }
/// let applied = writing.finish().await?;
/// applier.check_deferred(&target).await?;
/// // the position goes into the same transaction
/// target.batch_execute("commit").await?;
/// # drop(applied);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Applier {
    options: Options,
    /// Destination tables by source table, where the names differ.
    dest: HashMap<String, String>,
    tables: HashMap<Arc<str>, TargetTable>,
    /// What the source says about tables whose events have columns that the target lacks.
    sources: HashMap<Arc<str>, Arc<Source>>,
    /// What the catalog said in this transaction.
    catalog_entries: HashMap<Arc<str>, CatalogEntry>,
    survey: Option<Statement>,
    gathered: Gathered,
    applied: Applied,
    failed: FailedTables,
}

impl Applier {
    /// An applier that knows no table yet.
    pub fn new(options: Options) -> Applier {
        Applier {
            options,
            dest: HashMap::new(),
            tables: HashMap::new(),
            sources: HashMap::new(),
            catalog_entries: HashMap::new(),
            survey: None,
            gathered: Gathered::default(),
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

    async fn truncate(&mut self, client: &Client, change: &Change) -> Result<()> {
        let part = Part { table: Arc::clone(&change.table), positions: vec![0] };
        for ChunkTable { target, share } in
            self.take_tables(client, std::slice::from_ref(change), &[part]).await?
        {
            let truncated = truncate(client, &target.plan, change).await;
            self.tables.insert(share.part.table, target);
            truncated?;
        }
        Ok(())
    }

    /// Looks at the target's catalog while the changes of these tables are still on their way, in the transaction that
    /// they will be written in. Others are looked at when they come.
    ///
    /// # Errors
    /// [`Error::Server`].
    pub async fn look_ahead(&mut self, client: &Client, tables: &[Arc<str>]) -> Result<()> {
        match self.survey.clone() {
            Some(survey) if !tables.is_empty() => {
                // sent together; what else comes in the transaction is planned as usual
                let (by_index, as_estimated) =
                    (client.batch_execute(BY_INDEX), client.batch_execute(AS_ESTIMATED));
                let look = self.look_at(client, &survey, tables);
                let (set, looked, reset) = join3(by_index, look, as_estimated).await;
                set.and(reset).map_err(Error::server("setting how statements are planned"))?;
                looked
            }
            _ => Ok(()),
        }
    }

    /// From now on gathers the table's changes on the target and writes them at each flush: slower, and whatever the
    /// order in which its rows take values of unique columns from each other. To be called between transactions, after
    /// an error that [is a collision](Error::is_collision). False where it cannot be done, or is being done.
    ///
    /// # Errors
    /// [`Error::Server`].
    pub async fn gather(&mut self, client: &Client, source_table: &str) -> Result<bool> {
        let bypass = self.options.bypass_triggers;
        let known = self.tables.get_mut(source_table);
        let Some(table) = known.filter(|table| table.net_changes.is_none()) else { return Ok(false) };
        table.net_changes = NetChanges::of(client, &table.plan, bypass).await?;
        Ok(table.net_changes.is_some())
    }

    /// Writes all tables as they come again.
    pub fn gather_no_more(&mut self) {
        self.tables.values_mut().for_each(|table| table.net_changes = None);
    }

    /// Writes what has been gathered of single tables.
    async fn settle_net_changes(&mut self, client: &Client) -> Result<()> {
        if self.tables.values().all(|table| table.net_changes.is_none()) {
            return Ok(());
        }
        let settling: BoxFuture<'_, _> = Box::pin(self.settle_gathered(client));
        settling.await
    }

    async fn settle_gathered(&mut self, client: &Client) -> Result<()> {
        let (bypass, on_conflict) = (self.options.bypass_triggers, self.options.on_conflict);
        for (table, TargetTable { plan, net_changes, .. }) in &mut self.tables {
            let Some(net_changes) = net_changes.as_mut().filter(|_| !self.failed.has(table)) else {
                continue;
            };
            save(client, "savepoint londiste_rs_spool").await?;
            let mut conflicts = Conflicts::default();
            let settled = net_changes.settle(client, plan, bypass, on_conflict, &mut conflicts).await;
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

    /// The tables that have failed since the transaction began, by a cause of their own.
    pub fn failures(&mut self) -> Vec<Failure> {
        self.failed.failures()
    }

    /// Checks the deferred constraints of each known table, and counts those as failed that fail: at the commit itself,
    /// not every check tells its table. To be called
    /// behind the last flush.
    ///
    /// # Errors
    /// As [`Writing::push`](crate::Writing::push).
    pub async fn check_deferred(&mut self, client: &Client) -> Result<()> {
        for (table, target) in &self.tables {
            save(client, "savepoint londiste_rs_check").await?;
            match deferred_checks::check(client, &target.plan).await {
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
        self.tables.clear();
        self.catalog_entries.clear();
        self.survey = None;
    }

    /// Forgets what has been gathered: the transaction was rolled back.
    pub fn reset(&mut self) {
        self.failed.clear();
        self.tables.values_mut().filter_map(|table| table.net_changes.as_mut()).for_each(NetChanges::forget);
        self.gathered.forget();
        self.catalog_entries.clear();
        self.applied = Applied::default();
    }

    /// Forgets what is known of a table's structure. It is noticed anyway when the target's table changes between
    /// transactions.
    pub fn forget(&mut self, source_table: &str) {
        self.tables.remove(source_table);
        self.sources.remove(source_table);
        self.catalog_entries.remove(source_table);
    }
}

/// Sets a savepoint, or goes back to one.
async fn save(client: &Client, sql: &str) -> Result<()> {
    client.batch_execute(sql).await.map_err(Error::server("setting a savepoint on the target"))
}
