//! Record of a copy that is under way: `londiste_rs.copy_run`.

use tokio_postgres::GenericClient;

use crate::error::Answer;

/// How far the rows have come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Chunks are being copied.
    Rows,
    /// All rows are there.
    Indexes,
}

impl Step {
    /// Its word in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Step::Rows => "rows",
            Step::Indexes => "indexes",
        }
    }
}

/// A copy under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CopyRecord {
    /// Which attempt this is: only the newest one may commit.
    pub attempt: i32,
    /// How far the rows have come.
    pub step: Step,
    /// The node that the rows come from.
    pub provider_node: String,
    /// Where the copy's consumer was subscribed.
    pub first_tick: i64,
    /// Events that this snapshot sees are in the rows.
    pub first_snapshot: String,
    /// The files that held the source's rows at the first snapshot.
    pub source_files: String,
    /// What is copied.
    pub layout: String,
    /// The table in `londiste_rs` that keeps what was changed since, for copies in chunks.
    pub staging: Option<String>,
    /// Why a large table is copied under one snapshot.
    pub why_whole: Option<String>,
}

impl CopyRecord {
    /// Records a new copy, which has no chunks yet, in the caller's transaction, which has written the target's table.
    pub async fn insert<C: GenericClient>(
        &self,
        client: &C,
        queue: &str,
        table: &str,
        dest_table: &str,
    ) -> Answer<()> {
        let sql = "with before as (delete from londiste_rs.copy_chunk where queue_name = $1 and table_name = $2) \
                   insert into londiste_rs.copy_run \
                          (queue_name, table_name, dest_table, step, provider_node, first_tick, \
                          first_snapshot, source_files, layout, staging, why_whole, target_file, target_files) \
                   values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, \
                           coalesce(pg_relation_filenode(londiste_rs.find_relation($3)), 0), \
                           londiste_rs.copy_files(londiste_rs.find_relation($3)))";
        client
            .execute(
                sql,
                &[
                    &queue,
                    &table,
                    &dest_table,
                    &self.step.as_str(),
                    &self.provider_node,
                    &self.first_tick,
                    &self.first_snapshot,
                    &self.source_files,
                    &self.layout,
                    &self.staging,
                    &self.why_whole,
                ],
            )
            .await?;
        Ok(())
    }
}

/// Takes a copy over from an earlier attempt; `None` where there is none.
pub async fn take_over<C: GenericClient>(client: &C, queue: &str, table: &str) -> Answer<Option<CopyRecord>> {
    let sql = "select londiste_rs.copy_take_over($1, $2)";
    let attempt: Option<i32> = client.query_one(sql, &[&queue, &table]).await?.get(0);
    let Some(attempt) = attempt else { return Ok(None) };
    let sql = "select step, provider_node, first_tick, first_snapshot, source_files, layout, staging, why_whole \
                 from londiste_rs.copy_run where queue_name = $1 and table_name = $2";
    let row = client.query_opt(sql, &[&queue, &table]).await?;
    Ok(row.map(|row| CopyRecord {
        attempt,
        step: if row.get::<_, &str>(0) == Step::Rows.as_str() { Step::Rows } else { Step::Indexes },
        provider_node: row.get(1),
        first_tick: row.get(2),
        first_snapshot: row.get(3),
        source_files: row.get(4),
        layout: row.get(5),
        staging: row.get(6),
        why_whole: row.get(7),
    }))
}

/// Whether the attempt is still the newest one, until the caller's transaction ends.
pub async fn holds<C: GenericClient>(client: &C, queue: &str, table: &str, attempt: i32) -> Answer<bool> {
    let sql = "select londiste_rs.copy_holds($1, $2, $3)";
    Ok(client.query_one(sql, &[&queue, &table, &attempt]).await?.get(0))
}

/// Records that all rows are there.
pub async fn set_rows_copied<C: GenericClient>(client: &C, queue: &str, table: &str) -> Answer<()> {
    let sql = "update londiste_rs.copy_run set step = $3 where queue_name = $1 and table_name = $2";
    client.execute(sql, &[&queue, &table, &Step::Indexes.as_str()]).await?;
    Ok(())
}

/// Forgets a copy, with its chunks and what it has staged.
pub async fn forget<C: GenericClient>(client: &C, queue: &str, table: &str) -> Answer<()> {
    client.query_one("select londiste_rs.copy_forget($1, $2)", &[&queue, &table]).await?;
    Ok(())
}

/// Those of the tables whose copies have begun, or are parked.
pub async fn begun<C: GenericClient>(client: &C, queue: &str, tables: &[&str]) -> Answer<Vec<String>> {
    let sql = "select table_name from londiste_rs.copy_run where queue_name = $1 and table_name = any ($2) \
               union all \
               select table_name from londiste_rs.table_error \
                where queue_name = $1 and table_name = any ($2) and parked";
    Ok(client.query(sql, &[&queue, &tables]).await?.iter().map(|row| row.get(0)).collect())
}

/// State of a copy that waits for its turn.
#[derive(Clone, Debug)]
pub struct Waiting {
    /// The number that the caller has given it.
    pub number: i64,
    /// The table's `merge_state`.
    pub state: Option<String>,
    /// It has a record here.
    pub begun: bool,
}

/// The states of the tables of copies that wait, by their numbers.
pub async fn waiting<C: GenericClient>(
    client: &C,
    queue: &str,
    numbers: &[i64],
    tables: &[String],
) -> Answer<Vec<Waiting>> {
    let sql = "select w.number, t.merge_state, r.table_name is not null \
                 from unnest($2::int8[], $3::text[]) w (number, table_name) \
                 left join londiste.table_info t on t.queue_name = $1 and t.table_name = w.table_name and t.local \
                 left join londiste_rs.copy_run r on r.queue_name = $1 and r.table_name = w.table_name";
    let found = client.query(sql, &[&queue, &numbers, &tables]).await?;
    let waiting =
        |row: &tokio_postgres::Row| Waiting { number: row.get(0), state: row.get(1), begun: row.get(2) };
    Ok(found.iter().map(waiting).collect())
}
