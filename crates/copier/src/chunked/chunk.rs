//! Rows range by range, each range under a short snapshot of its own and committed with its record. See
//! docs/architecture.md for why the ranges add up to one consistent table.

use parts::fail_point;
use pg::{QualifiedName, Table};
use pgq::copy::read_tick;
use pgq::copy::record::{CopyRecord, Step};
use pgq::copy::source::FILES;
use pgq::table::TableInfo;
use pgq::{identity, node, replay};
use tokio::time::Instant;

use crate::chunked::page_range::Range;
use crate::chunked::source_files::Files;
use crate::chunked::staging::Staging;
use crate::error::During;
use crate::indexes::drop_and_restore;
use crate::indexes::partition_tree::Tree;
use crate::outcome::{EXCHANGED, End, Going};
use crate::rows::columns::Copying;
use crate::schedule::connections::Sides;
use crate::states::copy_record;
use crate::{Copier, Error, Result};

/// A copy in chunks.
pub(crate) struct Chunked<'a> {
    pub(crate) info: &'a TableInfo,
    pub(crate) run: &'a CopyRecord,
    pub(crate) source: &'a Table,
    pub(crate) copying: &'a Copying,
    pub(crate) files: &'a Files,
}

/// Empties the target, puts its indexes away, makes the staging table and the record. False where a unique index has to
/// stay on the target:
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
    let sizes = drop_and_restore::sizes(&sides.provider, &source.name).await?;
    let Look { reading, snapshot: first_snapshot, files: source_files, relation } =
        look(&mut sides.provider, source, "", &source.name).await?;
    reading.commit().await.during("ending a snapshot")?;
    if relation != source.oid.to_string()
        || copy_record::are_strangers(&sides.provider, &sides.target, queue, &[(&info.name, source.oid)])
            .await?
    {
        return Ok(true);
    }
    let writing = sides.target.transaction().await.during("beginning the copy")?;
    let into: &pg::Client = writing.client();
    replay::enter(into, bypass_triggers).await?;
    if !copy_record::is_wanted(into, queue, &info.name).await? {
        return Ok(true);
    }
    let tree = Tree::read(into, target).await?;
    if drop_and_restore::put_away(into, queue, info, (&target.name, &tree), &sizes).await?.unique_stays {
        return Ok(false);
    }
    into.batch_execute(&format!("truncate {}{}", target.only(), target.name))
        .await
        .during(format!("emptying {}", target.name))?;
    let run = CopyRecord {
        attempt: 1,
        step: Step::Rows,
        provider_node: sides.provider_node.clone(),
        first_tick,
        first_snapshot,
        source_files,
        layout: copy_record::layout(source, target, copying),
        staging: Some(format!("copy_{}", target.oid)),
        why_whole: None,
    };
    identity::adopt_here(into, queue, &[&info.name]).await?;
    read_tick::forget(into, queue, &[&info.name]).await?;
    copy_record::insert(into, queue, info, &run).await?;
    let name = run.staging.as_deref().unwrap_or_default();
    Staging::new(name, copying, source, target, &run)?.create(into).await?;
    node::register_consumer(&writing, queue, &copier.consumer, &sides.provider_node, first_tick).await?;
    fail_point::reached("chunks-before-begin");
    writing.commit().await.during("beginning the copy")?;
    fail_point::reached("chunks-begun");
    Ok(true)
}

/// A snapshot of the provider.
pub(crate) struct Look<'a> {
    pub(crate) reading: tokio_postgres::Transaction<'a>,
    /// What it sees.
    pub(crate) snapshot: String,
    /// The files that hold the rows of the table that has the source's name now.
    pub(crate) files: String,
    /// The object id of the locked relation, as text.
    pub(crate) relation: String,
}

/// Begins a snapshot of the provider. The lock comes before the snapshot: no rewrite of `lock` is under way then, nor
/// an exchange of it for another table, and none begins until the snapshot ends.
pub(crate) async fn look<'a>(
    provider: &'a mut pg::Client,
    source: &Table,
    only: &str,
    lock: &QualifiedName,
) -> Result<Look<'a>> {
    let what = || format!("taking a snapshot of {}", source.name);
    let reading = provider
        .build_transaction()
        .isolation_level(tokio_postgres::IsolationLevel::RepeatableRead)
        .read_only(true)
        .start()
        .await
        .during(what())?;
    reading.batch_execute(&format!("lock table {only}{lock} in access share mode")).await.during(what())?;
    let sql = format!("select txid_current_snapshot()::text, {FILES}, $2::text::regclass::oid::text");
    let (source, lock) = (source.name.to_string(), lock.to_string());
    let row = reading.query_one(&sql, &[&source, &lock]).await.during(what())?;
    Ok(Look { reading, snapshot: row.get(0), files: row.get(1), relation: row.get(2) })
}

/// A range of pages of a relation that holds rows.
#[derive(Debug, Clone)]
pub(crate) struct PageShare {
    /// The relation's object id on the source, as text.
    pub(crate) relation: String,
    pub(crate) name: QualifiedName,
    pub(crate) range: Range,
    /// How many there are now.
    pub(crate) pages: i64,
}

/// What became of a chunk.
pub(crate) enum Chunk {
    Copied(pg::Copied),
    /// Copying was held, or slowed down, for too long to keep the snapshot: the chunk is to be copied again. So many
    /// bytes had come.
    GivenUp(u64),
}

/// Copies one chunk and commits it with its record.
pub(crate) async fn copy(
    copier: &Copier,
    sides: &mut Sides,
    chunked: &Chunked<'_>,
    share: &PageShare,
    deadline: Option<Instant>,
) -> Going<Chunk> {
    let (queue, info) = (copier.config.queue_name.as_str(), chunked.info);
    let (name, range) = (&share.name, share.range);
    let what = || match range.end {
        Some(end) => format!("copying pages {} to {} of {name}", range.first, end - 1),
        None => format!("copying pages {} to the last of {name}", range.first),
    };
    let began = Instant::now();
    let bypass_triggers = replay::may_bypass_triggers(&*sides.target).await?;
    let cancel = sides.provider.cancel_token();
    let Look { reading, snapshot, files, relation } =
        look(&mut sides.provider, chunked.source, "only ", name).await?;
    if relation != share.relation {
        return Err(EXCHANGED);
    }
    chunked.files.check(reading.client(), &files).await?;
    let writing = sides.target.transaction().await.during(what())?;
    let (from, into): (&pg::Client, &pg::Client) = (reading.client(), writing.client());
    replay::enter(into, bypass_triggers).await?;
    let out = chunked.copying.copy_out_of(name, range.first, range.end);
    let mut valve = copier.valve(Some(copier.config.chunk_goal()), deadline);
    let copied =
        pg::pipe(from, &out, into, &chunked.copying.copy_in(false), &mut valve).await.during(what())?;
    let Some(copied) = copied else {
        cancel.cancel_query().await.during(what())?;
        copier.progress.undo(&info.name, valve.passed);
        return Ok(Chunk::GivenUp(valve.passed));
    };
    if !copy_record::holds(into, queue, &info.name, chunked.run.attempt).await? {
        return Err(End::Left);
    }
    let number = |n: u64| i64::try_from(n).map_err(|_| Error::TooLarge { table: info.name.clone() });
    let seconds = began.elapsed().as_secs_f64();
    let record = pgq::copy::chunk::Copied {
        relation: &share.relation,
        first_page: range.first,
        end_page: range.end,
        snapshot: &snapshot,
        rows: number(copied.rows)?,
        bytes: number(copied.bytes)?,
        seconds,
        file: chunked.files.of(&share.relation),
    };
    pgq::copy::chunk::insert(into, queue, &info.name, &record).await.during(what())?;
    reading.commit().await.during(what())?;
    copy_record::keep_tick(&sides.provider, into, queue, &[&info.name], &sides.provider_node).await?;
    pg::secure(&sides.provider).await.during(what())?;
    fail_point::reached("chunk-before-commit");
    writing.commit().await.during(what())?;
    fail_point::reached("chunk-after-commit");
    copier.progress.rows(&info.name, copied.rows);
    copier.report.progress();
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
