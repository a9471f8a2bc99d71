//! Estimate of a migration: how long copy and comparison take, how fast event tables grow, which connections are
//! needed, how long the switch lasts. By a sample of the source: some rows are read, and changes are counted meanwhile.

use std::pin::pin;
use std::time::Duration;

use futures_util::StreamExt;
use pg::Session;
use tokio::time::{Instant, sleep};

use crate::checks::connections;
use crate::error::Result;
use crate::session::connect;
use crate::{Config, catalog};

/// What is to be expected, by a sample.
#[derive(Debug, Clone, PartialEq)]
pub struct Estimate {
    /// How long the sample took.
    pub sampled: Duration,
    /// Bytes of the source's tables, by their pages in the catalogs.
    pub bytes: f64,
    /// Bytes a second that one connection has read; `None`: there was nothing to read.
    pub read_rate: Option<f64>,
    /// Reading all tables at that rate.
    pub copy: Option<Duration>,
    /// Reading and hashing all rows once.
    pub comparison: Option<Duration>,
    /// Rows written a second.
    pub changes: f64,
    /// Bytes by which event tables grow in an hour.
    pub growth: f64,
    /// Connections to each side.
    pub connections: usize,
    /// Free connections of source and target, by the narrowest limit.
    pub free: [Option<i64>; 2],
    /// How long writes stand still at the switch: a tick, its replay, and the longest transaction that writes now.
    pub outage: Duration,
}

/// An event's own bytes, beside the text of its row: row header, ids, type, names, index entry.
const EVENT: u32 = 120;
/// Rows that are hashed to know the pace of a comparison.
const HASHED: u32 = 20_000;
/// Tables that are read from, the largest first.
const READ: usize = 3;
/// The last tick and its replay, where replication is current.
const LAST_TICK: Duration = Duration::from_secs(2);

const BYTES: &str = "\
select coalesce(sum((greatest(rel.relpages, 0) + coalesce(greatest(t.relpages, 0), 0))::float8
       * current_setting('block_size')::int), 0)
  from rel left join pg_class t on t.oid = rel.reltoastrelid where rel.relkind = 'r'";

const LARGEST: &str = "\
select name from rel where relkind = 'r' and has_table_privilege(oid, 'select')
   and has_schema_privilege(relnamespace, 'usage') order by relpages desc, name limit 3";

/// Rows written since ever, and the bytes that their events would have.
fn written() -> String {
    format!(
        "select coalesce(sum(w.n), 0), coalesce(sum(w.n * (w.width + {EVENT})), 0) from (
           select (s.n_tup_ins + s.n_tup_upd + s.n_tup_del)::float8 as n,
                  case when rel.reltuples > 0
                       then least(rel.relpages * current_setting('block_size')::float8 / rel.reltuples, 1e6)
                       else 100 end as width
             from rel join pg_stat_all_tables s on s.relid = rel.oid where rel.relkind = 'r') w"
    )
}

const LONGEST: &str = "\
select coalesce(max(extract(epoch from clock_timestamp() - xact_start)), 0) from pg_stat_activity
 where backend_xid is not null and datname = current_database() and pid <> pg_backend_pid()";

/// Takes a sample of the source, for about as long as it is told.
///
/// # Errors
/// A side cannot be asked, in words.
pub async fn estimate(config: &Config, sample: Duration) -> Result<Estimate, String> {
    let at = config.source.as_ref().map_err(Clone::clone)?;
    let source = connect(at, config.application).await?;
    let target = connect(&config.target, config.application).await?;
    let taken = Box::pin(taken(&source, &target, config, sample)).await;
    taken.map_err(|error| error.to_string())
}

async fn taken(source: &Session, target: &Session, config: &Config, sample: Duration) -> Result<Estimate> {
    let bytes = numbers(source, BYTES).await?.first().copied().unwrap_or_default();
    let tables: Vec<String> = catalog::rows(source, LARGEST).await?.into_iter().flatten().collect();
    let before = numbers(source, &written()).await?;
    let began = Instant::now();
    let read_rate = read(source, &tables, sample / 2).await?;
    let hash_rate = hashed(source, &tables).await?;
    sleep(sample.saturating_sub(began.elapsed())).await;
    let after = numbers(source, &written()).await?;
    let sampled = began.elapsed();
    let a_second = |at: usize| {
        let of = |numbers: &[f64]| numbers.get(at).copied().unwrap_or_default();
        (of(&after) - of(&before)).max(0.0) / sampled.as_secs_f64().max(0.001)
    };
    let lasts = |rate: Option<f64>| rate.map(|rate| seconds(bytes / rate));
    let longest = numbers(source, LONGEST).await?.first().copied().unwrap_or_default();
    Ok(Estimate {
        sampled,
        bytes,
        read_rate,
        copy: lasts(read_rate),
        comparison: lasts(hash_rate),
        changes: a_second(0),
        growth: a_second(1) * 3600.0,
        connections: connections::needed(config),
        free: [connections::least_free(source).await?, connections::least_free(target).await?],
        outage: LAST_TICK + seconds(longest),
    })
}

fn seconds(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or_default()
}

/// The numbers of a query with one row.
async fn numbers(session: &Session, sql: &str) -> Result<Vec<f64>> {
    let row = catalog::rows(session, sql).await?.into_iter().next().unwrap_or_default();
    Ok(row.iter().map(|field| field.parse().unwrap_or_default()).collect())
}

/// Bytes a second of COPY, which the server breaks off when the time is over.
async fn read(source: &Session, tables: &[String], at_most: Duration) -> Result<Option<f64>> {
    let (mut bytes, mut spent) = (0, Duration::ZERO);
    for table in tables.iter().take(READ) {
        let left = at_most.saturating_sub(spent).as_millis();
        if left == 0 {
            break;
        }
        let begin = format!("begin read only; set local statement_timeout = {left}");
        source.batch_execute(&begin).await.map_err(pg::Error::from)?;
        let began = Instant::now();
        if let Ok(rows) = source.copy_out(&format!("copy (select * from only {table}) to stdout")).await {
            let mut rows = pin!(rows);
            // an error is the end of the time, or a table that is locked: what has come counts
            while let Some(Ok(part)) = rows.next().await {
                bytes += part.len();
            }
        }
        spent += began.elapsed();
        source.batch_execute("rollback").await.map_err(pg::Error::from)?;
    }
    Ok((bytes > 0).then(|| bytes as f64 / spent.as_secs_f64().max(0.000_001)))
}

/// Bytes a second of a comparison's hashes, by some rows of the largest table that can be read.
async fn hashed(source: &Session, tables: &[String]) -> Result<Option<f64>> {
    for table in tables {
        let sql = format!(
            "select coalesce(sum(octet_length(r::text)), 0), sum(hashtextextended(r::text, 0)) from (
               select * from only {table} limit {HASHED}) r"
        );
        let began = Instant::now();
        let Ok(rows) = catalog::rows(source, &sql).await else { continue };
        let bytes = rows.first().and_then(|row| row.first()?.parse::<f64>().ok()).unwrap_or_default();
        if bytes > 0.0 {
            return Ok(Some(bytes / began.elapsed().as_secs_f64().max(0.000_001)));
        }
    }
    Ok(None)
}
