//! What is kept on the target of a copy that is under way: `londiste_rs.copy_run`.

use pg::{Client, Table};
use pgq::table::TableInfo;

use crate::Result;
use crate::chunked::source_files::Files;
use crate::error::During;
use crate::rows::columns::Copying;

/// How far the rows have come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// Chunks are being copied.
    Rows,
    /// All rows are there.
    Indexes,
}

/// A copy under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CopyRecord {
    /// Which attempt this is: only the newest one may commit.
    pub(crate) attempt: i32,
    pub(crate) step: Step,
    pub(crate) provider_node: String,
    /// Where the copy's consumer was subscribed.
    pub(crate) first_tick: i64,
    /// Events that this snapshot sees are in the rows.
    pub(crate) first_snapshot: String,
    /// The files that held the source's rows at the first snapshot.
    pub(crate) source_files: String,
    /// What is copied.
    pub(crate) layout: String,
    /// The table in `londiste_rs` that keeps what was changed since, for copies in chunks.
    pub(crate) staging: Option<String>,
    /// Why a large table is copied under one snapshot.
    pub(crate) why_whole: Option<String>,
}

impl CopyRecord {
    /// Keeps a new run, in the caller's transaction, which has written the target's table.
    pub(crate) async fn insert(&self, client: &Client, queue: &str, info: &TableInfo) -> Result<()> {
        let step = match self.step {
            Step::Rows => "rows",
            Step::Indexes => "indexes",
        };
        let sql = "insert into londiste_rs.copy_run (queue_name, table_name, dest_table, step, provider_node, first_tick, \
                          first_snapshot, source_files, layout, staging, why_whole, target_file, target_files) \
                   values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, \
                           coalesce(pg_relation_filenode(londiste_rs.find_relation($3)), 0), \
                           londiste_rs.copy_files(londiste_rs.find_relation($3)))";
        client
            .execute(
                sql,
                &[
                    &queue,
                    &info.name,
                    &info.dest(),
                    &step,
                    &self.provider_node,
                    &self.first_tick,
                    &self.first_snapshot,
                    &self.source_files,
                    &self.layout,
                    &self.staging,
                    &self.why_whole,
                ],
            )
            .await
            .during("keeping how far the copy is")?;
        Ok(())
    }
}

/// Takes a run over from an earlier attempt; `None` where there is none.
pub(crate) async fn take_over(client: &Client, queue: &str, table: &str) -> Result<Option<CopyRecord>> {
    let what = "reading how far the copy is";
    let sql = "select londiste_rs.copy_take_over($1, $2)";
    let attempt: Option<i32> = client.query_one(sql, &[&queue, &table]).await.during(what)?.get(0);
    let Some(attempt) = attempt else { return Ok(None) };
    let sql = "select step, provider_node, first_tick, first_snapshot, source_files, layout, staging, why_whole \
                 from londiste_rs.copy_run where queue_name = $1 and table_name = $2";
    let row = client.query_opt(sql, &[&queue, &table]).await.during(what)?;
    Ok(row.map(|row| CopyRecord {
        attempt,
        step: if row.get::<_, &str>(0) == "rows" { Step::Rows } else { Step::Indexes },
        provider_node: row.get(1),
        first_tick: row.get(2),
        first_snapshot: row.get(3),
        source_files: row.get(4),
        layout: row.get(5),
        staging: row.get(6),
        why_whole: row.get(7),
    }))
}

/// The files of the source that the chunks of a run are of.
pub(crate) async fn files(client: &Client, queue: &str, table: &str, run: &CopyRecord) -> Result<Files> {
    let sql = "select distinct relation, file from londiste_rs.copy_chunk \
                where queue_name = $1 and table_name = $2 and file is not null";
    let rows = client.query(sql, &[&queue, &table]).await.during("reading the chunks")?;
    Ok(Files::new(&run.source_files, rows.iter().map(|row| (row.get(0), row.get(1)))))
}

/// Forgets a run, with its chunks and what it has staged.
pub(crate) async fn forget(client: &Client, queue: &str, table: &str) -> Result<()> {
    let sql = "select londiste_rs.copy_forget($1, $2)";
    client.query_one(sql, &[&queue, &table]).await.during("forgetting an earlier copy")?;
    Ok(())
}

/// Whether the table is still to be copied, until the end of the transaction: who removes it, or asks for it again, waits for that end. To be
/// asked before anything of the target is dropped.
pub(crate) async fn is_wanted(client: &Client, queue: &str, table: &str) -> Result<bool> {
    Ok(!wanted(client, queue, &[table]).await?.is_empty())
}

/// Those of several tables that are still to be copied, likewise.
pub(crate) async fn wanted(client: &Client, queue: &str, tables: &[&str]) -> Result<Vec<String>> {
    let sql = "select table_name from londiste.table_info \
                where queue_name = $1 and table_name = any ($2) and local and merge_state = 'in-copy' \
                order by nr for no key update";
    let rows =
        client.query(sql, &[&queue, &tables]).await.during("looking whether the copy is still wanted")?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// Whether the attempt is still the one that counts, until the caller's transaction ends.
pub(crate) async fn holds(client: &Client, queue: &str, table: &str, attempt: i32) -> Result<bool> {
    let sql = "select londiste_rs.copy_holds($1, $2, $3)";
    Ok(client
        .query_one(sql, &[&queue, &table, &attempt])
        .await
        .during("looking whether the copy goes on")?
        .get(0))
}

/// A transaction of the source that reads under one snapshot, and what that sees.
pub(crate) async fn snapshot(provider: &mut Client) -> Result<(tokio_postgres::Transaction<'_>, String)> {
    let reading = provider
        .build_transaction()
        .isolation_level(tokio_postgres::IsolationLevel::RepeatableRead)
        .read_only(true)
        .start()
        .await
        .during("beginning the copy's snapshot")?;
    let seen = reading.query_one("select txid_current_snapshot()::text", &[]).await;
    let seen = seen.during("taking the copy's snapshot")?.get(0);
    Ok((reading, seen))
}

/// The columns that are copied, with their types on both sides and the key: a copy whose chunks differ in it would be none.
pub(crate) fn layout(source: &Table, target: &Table, copying: &Copying) -> String {
    let kind = |table: &Table, name: &String| {
        table
            .columns
            .iter()
            .find(|column| column.name == *name)
            .map_or("", |column| &column.formatted)
            .to_owned()
    };
    let columns: Vec<_> = copying
        .columns
        .iter()
        .map(|name| format!("{name:?} {} {}", kind(source, name), kind(target, name)))
        .collect();
    format!("{} key {:?} binary {}", columns.join(", "), source.key, copying.binary)
}
