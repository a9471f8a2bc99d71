//! Rows range by range, each range under a short snapshot of its own and committed with its record. See docs/architecture.md for why the ranges
//! add up to one consistent table.

use std::time::{Duration, Instant};

use pg::{QualifiedName, Table};
use pgq::table::TableInfo;
use pgq::{batch, fail_point, node, replay};
use tracing::info;

use crate::columns::Copying;
use crate::connections::Sides;
use crate::error::During;
use crate::gate::living;
use crate::ranges::{self, Pace, Range};
use crate::run::{self, FILES, Run, Step};
use crate::staging::{Drained, Staging};
use crate::{Copier, Error, Result, indexes, plan};

/// A copy in chunks.
pub(crate) struct Chunked<'a> {
    pub(crate) info: &'a TableInfo,
    pub(crate) run: &'a Run,
    pub(crate) source: &'a Table,
    pub(crate) copying: &'a Copying,
}

/// Why the copy has to start over.
pub(crate) type Reason = &'static str;

const REWRITTEN: Reason = "the table on the source was rewritten or emptied";

/// Empties the target, puts its indexes away, makes the staging table and the record. False where a unique index has to stay on the target:
/// a row that is copied twice on its way from page to page would not pass it.
pub(crate) async fn begin(
    copier: &Copier,
    sides: &mut Sides,
    info: &TableInfo,
    (source, target): (&Table, &Table),
    copying: &Copying,
    first_tick: i64,
) -> Result<bool> {
    let queue = copier.config.queue_name.as_str();
    let bypass_triggers = replay::may_bypass_triggers(&*sides.target).await?;
    let sizes = indexes::sizes(&sides.provider, &source.name).await?;
    let (reading, first_snapshot, source_files) =
        look(&mut sides.provider, source, &source.name.to_string()).await?;
    reading.commit().await.during("ending a snapshot")?;
    let writing = sides.target.transaction().await.during("beginning the copy")?;
    let into: &pg::Client = writing.client();
    replay::enter(into, bypass_triggers).await?;
    if !run::is_wanted(into, queue, &info.name).await? {
        return Ok(true);
    }
    if indexes::put_away(into, queue, info, &target.name, &sizes).await?.unique_stays {
        return Ok(false);
    }
    into.batch_execute(&format!("truncate only {}", target.name))
        .await
        .during(format!("emptying {}", target.name))?;
    let run = Run {
        attempt: 1,
        step: Step::Rows,
        provider_node: sides.provider_node.clone(),
        first_tick,
        first_snapshot,
        source_files,
        layout: run::layout(source, target, copying),
        staging: Some(format!("copy_{}", target.oid)),
        why_whole: None,
    };
    run.insert(into, queue, info).await?;
    let name = run.staging.as_deref().unwrap_or_default();
    Staging::new(name, copying, source, &target.name, &run)?.create(into).await?;
    node::register_consumer(&writing, queue, &copier.consumer, &sides.provider_node, first_tick).await?;
    fail_point::reached("chunks-before-begin");
    writing.commit().await.during("beginning the copy")?;
    fail_point::reached("chunks-begun");
    Ok(true)
}

/// Begins a snapshot of the provider; answers what it sees, and the files that hold the rows. The lock comes before the snapshot: no rewrite of
/// `lock` is under way then, and none begins until the snapshot ends.
async fn look<'a>(
    provider: &'a mut pg::Client,
    source: &Table,
    lock: &str,
) -> Result<(tokio_postgres::Transaction<'a>, String, String)> {
    let what = || format!("taking a snapshot of {}", source.name);
    let reading = provider
        .build_transaction()
        .isolation_level(tokio_postgres::IsolationLevel::RepeatableRead)
        .read_only(true)
        .start()
        .await
        .during(what())?;
    reading.batch_execute(&format!("lock table {lock} in access share mode")).await.during(what())?;
    let sql = format!("select txid_current_snapshot()::text, ({FILES})");
    let row = reading.query_one(&sql, &[&source.oid]).await.during(what())?;
    Ok((reading, row.get(0), row.get(1)))
}

/// Copies all chunks that are still missing, then reconciles. `Some` with the reason where the copy has to start over; `None` also where the
/// table is not to be copied any more.
pub(crate) async fn copy(
    copier: &Copier,
    sides: &mut Sides,
    chunked: &Chunked<'_>,
    staging: &mut Staging,
) -> Result<Option<Reason>> {
    let (job, queue) = (copier.config.job_name.as_str(), copier.config.queue_name.as_str());
    let info = chunked.info;
    let facts = plan::facts(&sides.provider, queue, &info.name, chunked.source).await?;
    let mut pace = pace(&copier.config, facts.bytes, facts.pages);
    let mut done = Done::read(sides, queue, info).await?;
    copier.progress.expect(&info.name, facts.bytes);
    copier.progress.resume(&info.name, done.rows, done.bytes);
    if !done.ranges.is_empty() {
        info!(
            job,
            queue,
            table = info.name,
            chunks = done.ranges.len(),
            rows = done.rows,
            bytes = done.bytes,
            "the copy goes on behind what is there"
        );
    }
    let mut drained = Instant::now();
    loop {
        let heaps = heaps(sides, chunked.source).await?;
        let next = heaps.iter().find_map(|heap| {
            ranges::next(&done.of(&heap.relation), heap.pages, pace.pages()).map(|range| (heap, range))
        });
        let Some((heap, range)) = next else { break };
        living(&copier.report, copier.gate.open()).await;
        let began = Instant::now();
        match chunk(copier, sides, chunked, heap, range).await? {
            Chunk::Copied(copied) => {
                done.add(&heap.relation, range, &copied);
                pace.learn(range.end.unwrap_or(heap.pages) - range.first, began.elapsed());
            }
            Chunk::Held => {}
            Chunk::Left => return Ok(None),
            Chunk::StartOver(reason) => return Ok(Some(reason)),
        }
        if drained.elapsed() >= DRAIN {
            if let Drained::StartOver(reason) = staging.drain(copier, sides, info, chunked.run, None).await? {
                return Ok(Some(reason));
            }
            drained = Instant::now();
        }
    }
    copier.progress.reconciling(&info.name);
    let began = Instant::now();
    // a tick made now sees all that the chunks have seen
    let tick = batch::tick_now(&*sides.provider, queue).await?;
    let last = batch::last_tick(&*sides.provider, queue).await?.unwrap_or_default();
    let until = tick.unwrap_or(last + 1);
    if let Drained::StartOver(reason) = staging.drain(copier, sides, info, chunked.run, Some(until)).await? {
        return Ok(Some(reason));
    }
    let lock = chunked.source.name.to_string();
    let (reading, _, files) = look(&mut sides.provider, chunked.source, &lock).await?;
    if files != chunked.run.source_files {
        return Ok(Some(REWRITTEN));
    }
    reading.commit().await.during("ending a snapshot")?;
    let bypass_triggers = replay::may_bypass_triggers(&*sides.target).await?;
    let writing = sides.target.transaction().await.during("reconciling the chunks")?;
    let into: &pg::Client = writing.client();
    replay::enter(into, bypass_triggers).await?;
    let touched = staging.reconcile(into).await?;
    if !run::holds(into, queue, &info.name, chunked.run.attempt).await? {
        return Ok(None);
    }
    let sql = "update londiste_rs.copy_run set step = 'indexes' where queue_name = $1 and table_name = $2";
    into.execute(sql, &[&queue, &info.name]).await.during("reconciling the chunks")?;
    fail_point::reached("reconcile-before-commit");
    writing.commit().await.during("reconciling the chunks")?;
    fail_point::reached("reconcile-after-commit");
    info!(
        job,
        queue,
        table = info.name,
        chunks = done.ranges.len(),
        rows = done.rows,
        bytes = done.bytes,
        binary = chunked.copying.binary,
        touched,
        reconcile_seconds = began.elapsed().as_secs_f64(),
        "table is copied"
    );
    Ok(None)
}

/// How often events are drained between chunks.
const DRAIN: Duration = Duration::from_secs(5);

fn pace(config: &crate::Config, bytes: i64, pages: i64) -> Pace {
    match config.copy_chunk_pages {
        0 => {
            let page = (bytes / pages.max(1)).max(1);
            Pace::new(plan::ONE_CHUNK / page, Some(config.chunk_goal()))
        }
        pages => Pace::new(pages, None),
    }
}

/// A relation that holds rows.
struct Heap {
    /// Its object id on the source, as text.
    relation: String,
    name: QualifiedName,
    pages: i64,
}

async fn heaps(sides: &Sides, source: &Table) -> Result<Vec<Heap>> {
    let sql = "select r.relid::text, n.nspname::text, c.relname::text, \
                      pg_catalog.pg_relation_size(r.relid) / pg_catalog.current_setting('block_size')::int8 \
                 from londiste_rs.row_relations($1) r join pg_catalog.pg_class c on c.oid = r.relid \
                 join pg_catalog.pg_namespace n on n.oid = c.relnamespace order by r.relid";
    let rows = sides.provider.query(sql, &[&source.oid]).await.during("looking at the source's pages")?;
    Ok(rows
        .iter()
        .map(|row| Heap {
            relation: row.get(0),
            name: QualifiedName { schema: row.get(1), name: row.get(2) },
            pages: row.get::<_, Option<i64>>(3).unwrap_or_default(),
        })
        .collect())
}

/// The chunks that are there.
struct Done {
    ranges: Vec<(String, Range)>,
    rows: u64,
    bytes: u64,
}

impl Done {
    async fn read(sides: &Sides, queue: &str, info: &TableInfo) -> Result<Done> {
        let sql = "select relation, first_page, end_page, rows, bytes from londiste_rs.copy_chunk \
                    where queue_name = $1 and table_name = $2";
        let rows = sides.target.query(sql, &[&queue, &info.name]).await.during("reading the chunks")?;
        let sum = |at: usize| rows.iter().map(|row| row.get::<_, i64>(at)).sum::<i64>().unsigned_abs();
        let range = |row: &tokio_postgres::Row| (row.get(0), Range { first: row.get(1), end: row.get(2) });
        Ok(Done { ranges: rows.iter().map(range).collect(), rows: sum(3), bytes: sum(4) })
    }

    fn of(&self, relation: &str) -> Vec<Range> {
        self.ranges.iter().filter(|(of, _)| of == relation).map(|(_, range)| *range).collect()
    }

    fn add(&mut self, relation: &str, range: Range, copied: &pg::Copied) {
        self.ranges.push((relation.to_owned(), range));
        self.rows += copied.rows;
        self.bytes += copied.bytes;
    }
}

enum Chunk {
    Copied(pg::Copied),
    /// Copying was held for too long to keep the snapshot: the chunk is to be copied again.
    Held,
    /// The table is not to be copied any more, or not by this attempt.
    Left,
    StartOver(Reason),
}

/// Copies one chunk and commits it with its record.
async fn chunk(
    copier: &Copier,
    sides: &mut Sides,
    chunked: &Chunked<'_>,
    heap: &Heap,
    range: Range,
) -> Result<Chunk> {
    let (queue, info) = (copier.config.queue_name.as_str(), chunked.info);
    let what = || match range.end {
        Some(end) => format!("copying pages {} to {} of {}", range.first, end - 1, heap.name),
        None => format!("copying pages {} to the last of {}", range.first, heap.name),
    };
    let began = Instant::now();
    let bypass_triggers = replay::may_bypass_triggers(&*sides.target).await?;
    let cancel = sides.provider.cancel_token();
    let lock = format!("only {}", heap.name);
    let (reading, snapshot, files) = look(&mut sides.provider, chunked.source, &lock).await?;
    if files != chunked.run.source_files {
        return Ok(Chunk::StartOver(REWRITTEN));
    }
    let writing = sides.target.transaction().await.during(what())?;
    let (from, into): (&pg::Client, &pg::Client) = (reading.client(), writing.client());
    replay::enter(into, bypass_triggers).await?;
    let out = chunked.copying.copy_out_of(&heap.name, range.first, range.end);
    let mut valve = copier.valve(Some(copier.config.chunk_goal()));
    let copied =
        pg::pipe(from, &out, into, &chunked.copying.copy_in(false), &mut valve).await.during(what())?;
    let Some(copied) = copied else {
        cancel.cancel_query().await.during(what())?;
        copier.progress.undo(&info.name, valve.passed);
        return Ok(Chunk::Held);
    };
    if !run::holds(into, queue, &info.name, chunked.run.attempt).await? {
        return Ok(Chunk::Left);
    }
    let number = |n: u64| i64::try_from(n).map_err(|_| Error::TooLarge { table: info.name.clone() });
    let sql = "insert into londiste_rs.copy_chunk \
                      (queue_name, table_name, relation, first_page, end_page, snapshot, rows, bytes, seconds) \
               values ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    let seconds = began.elapsed().as_secs_f64();
    into.execute(
        sql,
        &[
            &queue,
            &info.name,
            &heap.relation,
            &range.first,
            &range.end,
            &snapshot,
            &number(copied.rows)?,
            &number(copied.bytes)?,
            &seconds,
        ],
    )
    .await
    .during(what())?;
    reading.commit().await.during(what())?;
    fail_point::reached("chunk-before-commit");
    writing.commit().await.during(what())?;
    fail_point::reached("chunk-after-commit");
    copier.progress.rows(&info.name, copied.rows);
    tracing::debug!(
        queue,
        table = info.name,
        first_page = range.first,
        end_page = range.end,
        rows = copied.rows,
        bytes = copied.bytes,
        seconds,
        "chunk is copied"
    );
    Ok(Chunk::Copied(copied))
}
