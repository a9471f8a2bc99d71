//! Records of comparisons on the leaf: `londiste_rs.comparison`, its keys and its rows.

use std::collections::{HashMap, HashSet};
use std::time::SystemTime;

use tokio_postgres::{GenericClient, Row};

use crate::Result;
use crate::call::{Parameters, message, row, rows};
use crate::position::Mark;
pub use crate::verdict::{Ending, Verdict};

/// Rows that are kept of each table that differs.
pub const KEPT_ROWS: i64 = 1000;

/// What is known of a table's comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comparison {
    /// The table, as the queue names it.
    pub table: String,
    /// What is compared, and how.
    pub definition: String,
    /// When it began.
    pub began: SystemTime,
    /// The first tick that rows were compared at.
    pub since: Option<(i64, Mark)>,
    /// Rows up to this key are done.
    pub done_up_to: Option<String>,
    /// All rows were read; keys may be left.
    pub read_all: bool,
    /// The tick of the last pair of snapshots, and its time.
    pub at: Option<(i64, SystemTime)>,
    /// Rows compared.
    pub rows: i64,
    /// Rows that the source's statistics promise.
    pub expected: Option<i64>,
    /// Rows that differ.
    pub differing: i64,
    /// When it came to its end.
    pub finished: Option<SystemTime>,
    /// How it came to its end.
    pub verdict: Option<Verdict>,
    /// Why it could not be told, or what was left out.
    pub reason: Option<String>,
    /// How the one before it has ended, as long as this one has not.
    pub earlier: Option<Ending>,
}

impl Comparison {
    /// What is known of the table: how this comparison has ended, or what it has found until now, or how the one before
    /// it has ended. So a table that differs does so until the comparison that finds it equal has come to its end.
    pub fn known(&self) -> Option<Ending> {
        let (differing, finished) = (self.differing, self.finished);
        match self.verdict {
            Some(verdict) => Some(Ending { verdict, differing, finished }),
            None => {
                let found =
                    (differing > 0).then_some(Ending { verdict: Verdict::Differs, differing, finished });
                self.earlier.filter(|earlier| earlier.differing >= differing).or(found)
            }
        }
    }

    fn from_row(row: &Row) -> Comparison {
        let snapshot: Option<String> = row.get("since_snapshot");
        let time: Option<SystemTime> = row.get("since_time");
        let mark = time.zip(snapshot).map(|(time, snapshot)| Mark { time, snapshot });
        Comparison {
            table: row.get("table_name"),
            definition: row.get("definition"),
            began: row.get("began"),
            since: row.get::<_, Option<i64>>("since_tick").zip(mark),
            done_up_to: row.get("done_up_to"),
            read_all: row.get("read_all"),
            at: row.get::<_, Option<i64>>("at_tick").zip(row.get("at_time")),
            rows: row.get("rows_compared"),
            expected: row.get("rows_expected"),
            differing: row.get("differing"),
            finished: row.get("finished"),
            verdict: row.get::<_, Option<&str>>("verdict").map(Verdict::parse),
            reason: row.get("reason"),
            earlier: row.get::<_, Option<&str>>("earlier_verdict").map(|verdict| Ending {
                verdict: Verdict::parse(verdict),
                differing: row.get("earlier_differing"),
                finished: row.get("earlier_finished"),
            }),
        }
    }
}

/// A row that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DifferingRow {
    /// Its key, as a JSON array of texts; of a table without key the whole row as text.
    pub key: String,
    /// `differs`, `missing on target` or `missing on source`.
    pub kind: String,
    /// The columns that differ.
    pub columns: Vec<String>,
}

/// Whether the connected node keeps comparisons: it is ours, and not too old.
pub async fn is_known<C: GenericClient>(client: &C) -> Result<bool> {
    let sql = "select to_regclass('londiste_rs.comparison') is not null";
    Ok(row(client, "londiste_rs.comparison", sql, &[]).await?.get(0))
}

/// All comparisons of a queue on the connected node.
pub async fn list<C: GenericClient>(client: &C, queue: &str) -> Result<Vec<Comparison>> {
    let sql = "select * from londiste_rs.comparison where queue_name = $1 order by table_name";
    let found = rows(client, "londiste_rs.comparison", sql, &[&queue]).await?;
    Ok(found.iter().map(Comparison::from_row).collect())
}

/// The same for those who only tell how they stand: without the definitions, which are as long as the tables are wide.
pub async fn standing<C: GenericClient>(client: &C, queue: &str) -> Result<Vec<Comparison>> {
    let sql = "select table_name, '' as definition, began, since_tick, since_time, \
                      '' as since_snapshot, done_up_to, read_all, \
                      at_tick, at_time, rows_compared, rows_expected, differing, finished, verdict, reason, \
                      earlier_verdict, earlier_differing, earlier_finished \
                 from londiste_rs.comparison where queue_name = $1 order by table_name";
    let found = rows(client, "londiste_rs.comparison", sql, &[&queue]).await?;
    Ok(found.iter().map(Comparison::from_row).collect())
}

/// A table whose comparison begins.
#[derive(Clone, Debug)]
pub struct Beginning {
    /// The table, as the queue names it.
    pub table: String,
    /// What is compared, and how.
    pub definition: String,
    /// Rows that the source's statistics promise.
    pub expected: i64,
}

/// Begins the comparison of tables, in their order, or goes on with those that have not come to their end and are of
/// the same definition.
pub async fn begin<C: GenericClient>(
    client: &C,
    queue: &str,
    tables: &[Beginning],
) -> Result<Vec<Comparison>> {
    let sql = "select * from londiste_rs.begin_comparisons($1, $2, $3, $4)";
    let names: Vec<&str> = tables.iter().map(|begin| begin.table.as_str()).collect();
    let definitions: Vec<&str> = tables.iter().map(|begin| begin.definition.as_str()).collect();
    let expected: Vec<i64> = tables.iter().map(|begin| begin.expected).collect();
    let parameters: Parameters<'_> = &[&queue, &names, &definitions, &expected];
    let found = rows(client, "londiste_rs.begin_comparisons", sql, parameters).await?;
    Ok(found.iter().map(Comparison::from_row).collect())
}

/// A table of which all rows are read, and are equal.
#[derive(Clone, Debug)]
pub struct Equal {
    /// The table, as the queue names it.
    pub table: String,
    /// Rows that were compared besides.
    pub rows: i64,
    /// What was left out.
    pub reason: Option<String>,
}

/// Ends comparisons that a pair of snapshots, at a tick, has brought to their end. Answers which tables were still to
/// be compared: the others were copied again, or left replication.
pub async fn found_equal<C: GenericClient>(
    client: &C,
    queue: &str,
    (tick, mark): (i64, &Mark),
    tables: &[Equal],
) -> Result<HashSet<String>> {
    let sql = "with settled as ( \
               delete from londiste_rs.comparison_key k where k.queue_name = $1 and k.table_name = any ($5)) \
               update londiste_rs.comparison c \
                  set since_tick = coalesce(c.since_tick, $2), since_time = coalesce(c.since_time, $3), \
                      since_snapshot = coalesce(c.since_snapshot, $4), at_tick = $2, at_time = $3, read_all = true, \
                      rows_compared = c.rows_compared + e.found, finished = now(), verdict = 'equal', \
                      reason = londiste_rs.storable(e.why) \
                 from rows from (pg_catalog.unnest($5::text[]), pg_catalog.unnest($6::int8[]), \
                                 pg_catalog.unnest($7::bytea[])) e (name, found, why) \
                where c.queue_name = $1 and c.table_name = e.name and c.finished is null returning c.table_name";
    let names: Vec<&str> = tables.iter().map(|equal| equal.table.as_str()).collect();
    let found: Vec<i64> = tables.iter().map(|equal| equal.rows).collect();
    let reasons: Vec<Option<Vec<u8>>> =
        tables.iter().map(|equal| equal.reason.as_deref().map(message)).collect();
    let parameters: Parameters<'_> = &[&queue, &tick, &mark.time, &mark.snapshot, &names, &found, &reasons];
    let kept = rows(client, "londiste_rs.comparison", sql, parameters).await?;
    Ok(kept.iter().map(|row| row.get(0)).collect())
}

/// What a pair of snapshots adds to a table's comparison.
#[derive(Clone, Debug, Default)]
pub struct Progress {
    /// The new value of [`Comparison::done_up_to`].
    pub done_up_to: Option<String>,
    /// All rows are read.
    pub read_all: bool,
    /// Rows that were compared besides.
    pub rows: i64,
    /// Keys that are to be compared later.
    pub keys: Vec<String>,
    /// Keys of an earlier pair that are compared now.
    pub settled: Vec<String>,
    /// Rows that differ besides.
    pub differing: i64,
    /// The first of them.
    pub rows_kept: Vec<DifferingRow>,
}

/// Keeps what a pair of snapshots has brought, in the transaction in hand. False where the comparison is gone: the
/// table was copied again, or left replication.
pub async fn keep<C: GenericClient>(
    client: &C,
    queue: &str,
    table: &str,
    (tick, mark): (i64, &Mark),
    progress: &Progress,
) -> Result<bool> {
    let sql = "update londiste_rs.comparison c \
                  set since_tick = coalesce(c.since_tick, $3), since_time = coalesce(c.since_time, $4), \
                      since_snapshot = coalesce(c.since_snapshot, $5), \
                      at_tick = $3, at_time = $4, done_up_to = coalesce($6, c.done_up_to), \
                      read_all = c.read_all or $7, \
                      rows_compared = c.rows_compared + $8, differing = c.differing + $9 \
                where c.queue_name = $1 and c.table_name = $2 and c.finished is null returning 1";
    let (key, snapshot) = (progress.done_up_to.as_deref(), mark.snapshot.as_str());
    let parameters: Parameters<'_> = &[
        &queue,
        &table,
        &tick,
        &mark.time,
        &snapshot,
        &key,
        &progress.read_all,
        &progress.rows,
        &progress.differing,
    ];
    if rows(client, "londiste_rs.comparison", sql, parameters).await?.is_empty() {
        return Ok(false);
    }
    let sql = "delete from londiste_rs.comparison_key where queue_name = $1 and table_name = $2 and row_key = any ($3)";
    rows(client, "londiste_rs.comparison_key", sql, &[&queue, &table, &progress.settled]).await?;
    let sql = "insert into londiste_rs.comparison_key (queue_name, table_name, row_key) \
               select $1, $2, k from unnest($3) k";
    rows(client, "londiste_rs.comparison_key", sql, &[&queue, &table, &progress.keys]).await?;
    for kept in &progress.rows_kept {
        let sql = "insert into londiste_rs.comparison_row (queue_name, table_name, row_key, kind, columns) \
                   select $1, $2, $3, $4, $5 where (select count(*) from londiste_rs.comparison_row \
                                                     where queue_name = $1 and table_name = $2) < $6";
        let parameters: Parameters<'_> = &[&queue, &table, &kept.key, &kept.kind, &kept.columns, &KEPT_ROWS];
        rows(client, "londiste_rs.comparison_row", sql, parameters).await?;
    }
    Ok(true)
}

/// Keeps which keys of tables are to be compared, where all others are known to be equal at a tick.
pub async fn keep_keys<C: GenericClient>(
    client: &C,
    queue: &str,
    (tick, mark): (i64, &Mark),
    tables: &[(String, Vec<String>)],
) -> Result<()> {
    let sql = "with kept as ( \
               update londiste_rs.comparison c \
                  set since_tick = $2, since_time = $3, since_snapshot = $4, at_tick = $2, at_time = $3, \
                      read_all = true \
                where c.queue_name = $1 and c.table_name = any ($5) and c.finished is null returning c.table_name) \
               insert into londiste_rs.comparison_key (queue_name, table_name, row_key) \
               select $1, k.name, k.row_key \
                 from rows from (pg_catalog.unnest($6::text[]), pg_catalog.unnest($7::text[])) k (name, row_key) \
                 join kept on kept.table_name = k.name";
    let names: Vec<&str> = tables.iter().map(|(table, _)| table.as_str()).collect();
    let of_keys = || tables.iter().flat_map(|(table, keys)| keys.iter().map(move |key| (table, key)));
    let (of, keys): (Vec<&str>, Vec<&str>) =
        of_keys().map(|(table, key)| (table.as_str(), key.as_str())).unzip();
    let parameters: Parameters<'_> = &[&queue, &tick, &mark.time, &mark.snapshot, &names, &of, &keys];
    rows(client, "londiste_rs.comparison_key", sql, parameters).await?;
    Ok(())
}

/// Keys of tables that are still to be compared, for those that have `limit` at most.
pub async fn few_keys<C: GenericClient>(
    client: &C,
    queue: &str,
    tables: &[String],
    limit: i64,
) -> Result<HashMap<String, Vec<String>>> {
    let sql = "select t.name, coalesce(\
                   pg_catalog.array_agg(distinct k.row_key) filter (where k.row_key is not null), '{}') \
                 from pg_catalog.unnest($2) t (name) \
                 left join londiste_rs.comparison_key k on k.queue_name = $1 and k.table_name = t.name \
                group by 1 having pg_catalog.count(k.row_key) <= $3";
    let found = rows(client, "londiste_rs.comparison_key", sql, &[&queue, &tables, &limit]).await?;
    Ok(found.iter().map(|row| (row.get(0), row.get(1))).collect())
}

/// Keys of a table that are still to be compared, `limit` at most.
pub async fn keys<C: GenericClient>(client: &C, queue: &str, table: &str, limit: i64) -> Result<Vec<String>> {
    let sql = "select distinct row_key from londiste_rs.comparison_key \
                where queue_name = $1 and table_name = $2 limit $3";
    let found = rows(client, "londiste_rs.comparison_key", sql, &[&queue, &table, &limit]).await?;
    Ok(found.iter().map(|row| row.get(0)).collect())
}

/// Rows of a table that differ, as far as they are kept.
pub async fn differing_rows<C: GenericClient>(
    client: &C,
    queue: &str,
    table: &str,
) -> Result<Vec<DifferingRow>> {
    let sql = "select row_key, kind, coalesce(columns, '{}') from londiste_rs.comparison_row \
                where queue_name = $1 and table_name = $2 order by row_key";
    let found = rows(client, "londiste_rs.comparison_row", sql, &[&queue, &table]).await?;
    Ok(found
        .iter()
        .map(|row| DifferingRow { key: row.get(0), kind: row.get(1), columns: row.get(2) })
        .collect())
}

/// Rows of a table are the same again: they are taken off the list.
pub async fn repaired<C: GenericClient>(client: &C, queue: &str, table: &str, keys: &[String]) -> Result<()> {
    let sql = "delete from londiste_rs.comparison_row where queue_name = $1 and table_name = $2 and row_key = any ($3)";
    rows(client, "londiste_rs.comparison_row", sql, &[&queue, &table, &keys]).await?;
    Ok(())
}

/// Ends a table's comparison.
pub async fn finish<C: GenericClient>(
    client: &C,
    queue: &str,
    table: &str,
    verdict: Verdict,
    reason: Option<&str>,
) -> Result<()> {
    let sql = "update londiste_rs.comparison set finished = now(), verdict = $3, reason = londiste_rs.storable($4) \
                where queue_name = $1 and table_name = $2";
    let (word, reason) = (verdict.as_str(), reason.map(message));
    rows(client, "londiste_rs.comparison", sql, &[&queue, &table, &word, &reason]).await?;
    Ok(())
}

/// Lets comparisons that have not come to their end begin anew the next time.
pub async fn start_over<C: GenericClient>(client: &C, queue: &str, tables: &[String]) -> Result<()> {
    let sql = "select londiste_rs.forget_comparison($1, t) from unnest($2) t";
    rows(client, "londiste_rs.forget_comparison", sql, &[&queue, &tables]).await?;
    Ok(())
}

/// Takes the right to compare a queue's tables, until the session ends. False where another session has it.
pub async fn take_turn<C: GenericClient>(client: &C, queue: &str) -> Result<bool> {
    let sql = "select pg_try_advisory_lock(hashtextextended('londiste_rs.comparison ' || $1, 0))";
    Ok(row(client, "pg_try_advisory_lock", sql, &[&queue]).await?.get(0))
}

/// Lets the comparison of a queue that is at work come to an end soon.
pub async fn ask_to_stop<C: GenericClient>(client: &C, queue: &str) -> Result<()> {
    let sql = "insert into londiste_rs.comparison_stop (queue_name) values ($1) on conflict do nothing";
    rows(client, "londiste_rs.comparison_stop", sql, &[&queue]).await?;
    Ok(())
}

/// Whether the comparison is to come to an end; asked by itself.
pub async fn is_to_stop<C: GenericClient>(client: &C, queue: &str) -> Result<bool> {
    let sql = "select exists (select from londiste_rs.comparison_stop where queue_name = $1)";
    Ok(row(client, "londiste_rs.comparison_stop", sql, &[&queue]).await?.get(0))
}

/// Nobody has to stop any more.
pub async fn forget_stop<C: GenericClient>(client: &C, queue: &str) -> Result<()> {
    let sql = "delete from londiste_rs.comparison_stop where queue_name = $1";
    rows(client, "londiste_rs.comparison_stop", sql, &[&queue]).await?;
    Ok(())
}
